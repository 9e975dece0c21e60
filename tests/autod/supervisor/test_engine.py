"""All connections together, in simulated time: limits, fairness, restarts, changes and an hour of faults."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace

import pytest

from autod.supervisor.admission import Admission, Limits
from autod.supervisor.engine import Engine
from autod.supervisor.states import Act, Cause, Keep, Policy, State
from autod.supervisor.table import Moved, Snapshot, Traffic, Tried, Wanted
from tests.fakes.simulated_pluto import Peer, World


def world(count: int, *, policy: Policy | None = None, limits: Limits | None = None, seed: int = 0) -> World:
    engine = Engine(limits or Limits(), 0.0)
    names = [f"c{i}" for i in range(count)]
    wanted = [Wanted(name=n, peer=n, definition="as it was", policy=policy or Policy()) for n in names]
    engine.adopt(wanted, 0.0)
    return World(engine, names, seed=seed)


def test_all_come_up_and_none_is_tried_twice() -> None:
    w = world(100)
    w.start_pluto()
    w.run(10)
    assert w.states() == {State.UP: 100}
    assert len(w.begun) == 100
    w.run(600)
    assert len(w.begun) == 100


def test_what_the_last_try_said_holds_while_pluto_goes_on_by_itself() -> None:
    """A redirect is told with its reason, also after an Up that found it under negotiation."""
    engine = Engine(Limits(), 0.0)
    engine.adopt([Wanted(name="a")], 0.0)
    engine.pluto_found(0.0)
    entry, now = engine.table["a"], 0.1
    for reason, detail in (("redirected", "sent elsewhere"), ("negotiating", "is negotiated already")):
        loaded = Snapshot(asked=now, up={}, present={"a": False}, listening=True, negotiating=frozenset())
        engine.observe(loaded, now)
        (up,) = engine.plan(now + 1).starts
        engine.finish("a", up.ticket, now + 2, Cause.NEGOTIATING, detail, reason=reason)
        assert entry.record.detail == "sent elsewhere"
        assert entry.advised[:2] == ("sent elsewhere", "redirected")
        now += 1000


def test_nothing_is_planned_without_a_pluto() -> None:
    w = world(50)
    w.run(3600)
    assert w.begun == []
    assert w.engine.plan(w.now).wake is None


def test_connections_that_pluto_lacks_are_added_once_it_listens() -> None:
    w = world(50)
    w.start_pluto(loaded=False)
    w.run(30)
    assert w.states() == {State.UP: 50}


def test_a_pluto_that_is_still_being_loaded_is_not_loaded_a_second_time() -> None:
    engine = Engine(Limits(), 0.0)
    engine.adopt([Wanted(name="a")], 0.0)
    engine.pluto_found(0.0)
    engine.observe(Snapshot(asked=0.1, up={}, present={}, negotiating=frozenset(), listening=False), 0.1)
    waiting = engine.plan(1.0)
    assert (waiting.starts, waiting.look, waiting.look_all) == ((), True, True)
    engine.observe(
        Snapshot(asked=2.0, up={}, present={"a": False}, listening=True, negotiating=frozenset()), 2.0
    )
    assert [s.act for s in engine.plan(2.1).starts] == [Act.UP]
    deaf = Engine(Limits(), 0.0)
    deaf.adopt([Wanted(name="a")], 0.0)
    deaf.pluto_found(0.0)
    deaf.observe(Snapshot(asked=0.1, up={}, present={}, negotiating=frozenset(), listening=False), 0.1)
    assert deaf.plan(1.0).wake == Engine.SETTLE
    assert [s.act for s in deaf.plan(Engine.SETTLE).starts] == [Act.ADD]


def test_what_was_loaded_one_by_one_is_looked_at_as_a_whole_once() -> None:
    """pluto tells the peer of a connection in its whole status alone."""
    engine = Engine(Limits(), 0.0)
    engine.adopt([Wanted(name="a")], 0.0)
    engine.pluto_found(0.0)
    engine.observe(Snapshot(asked=0.1, up={}, present={}, negotiating=frozenset(), listening=True), 0.1)
    (add,) = engine.plan(1.0).starts
    engine.finish("a", add.ticket, 1.1, None)
    first = engine.plan(1.2)
    assert (first.starts, first.look, first.look_all) == ((), True, True)
    engine.observe(
        Snapshot(asked=1.3, up={}, present={"a": False}, negotiating=frozenset(), peers={"a": "192.0.2.1"}),
        1.3,
    )
    assert engine.table["a"].peer == "192.0.2.1"
    (up,) = engine.plan(1.4).starts
    engine.finish("a", up.ticket, 2.0, Cause.PEER_SILENT)
    wake = engine.plan(2.1).wake
    assert wake is not None
    again = engine.plan(wake)
    assert (again.look, again.look_all) == (True, False)


@pytest.mark.thorough
def test_silent_peers_do_not_delay_the_good_ones() -> None:
    """Of 1,000, 300 are silent: the 700 are up within a minute, in flight and a minute's tries within limits."""
    limits = Limits(in_flight=64, per_minute=3000)
    w = world(1000, limits=limits, seed=1)
    for name in w.random.sample(w.names, 300):
        w.peers[name].cause = Cause.PEER_SILENT
    w.start_pluto()
    w.run(60)
    good = [n for n in w.names if w.peers[n].cause is None]
    assert all(n in w.up for n in good)
    assert w.most_in_flight == 64
    w.run(1800)
    most = max(i - bisect_left(w.begun, t - 60.0) + 1 for i, t in enumerate(w.begun))
    assert most <= 3000 + 64
    assert w.most_in_flight == 64
    assert len(w.up) == 700
    # One of the good ones drops while the 300 are being retried: it is back within back-off and a few seconds.
    w.drop(good[0])
    w.run(w.poll + Policy().backoff_min + 15)
    assert good[0] in w.up


@pytest.mark.thorough
def test_without_silent_peers_the_same_connections_are_hardly_faster() -> None:
    """The delay that 300 silent peers cause the last of 700 good ones is under half a minute."""
    times = []
    for silent in (0, 300):
        w = world(700 + silent, seed=2)
        for name in w.random.sample(w.names, silent):
            w.peers[name].cause = Cause.PEER_SILENT
        w.start_pluto()
        w.run(120)
        assert len(w.up) == 700
        times.append(max(w.up_at.values()))
    assert times[1] - times[0] < 30


def test_a_restart_of_pluto_brings_everything_back() -> None:
    w = world(200)
    w.start_pluto()
    w.run(20)
    w.kill_pluto()
    w.run(5)
    assert w.states() == {State.ABSENT: 200}
    w.start_pluto()
    w.run(20)
    assert w.states() == {State.UP: 200}
    assert w.most_in_flight <= 64
    assert all(not e.record.losses for e in w.engine.table.values())


def test_a_refused_connection_rests_until_something_is_mended() -> None:
    w = world(3, policy=Policy(refused_retry=0.0, refuse_after=2))
    w.peers["c1"].cause = Cause.AUTHENTICATION
    w.start_pluto()
    w.run(3600)
    assert w.engine.table["c1"].record.state is State.REFUSED
    assert w.engine.table["c1"].failed == {Cause.AUTHENTICATION: 2}
    w.peers["c1"].cause = None
    w.engine.mended(w.now, "secrets were read again")
    w.run(5)
    assert w.states() == {State.UP: 3}


def test_a_new_configuration_touches_only_what_changed() -> None:
    w = world(4)
    w.start_pluto()
    w.run(10)
    list(w.engine.reports())
    new = [
        Wanted(name="c0", peer="c0"),
        Wanted(name="c1", peer="c1", definition="another proposal"),
        Wanted(name="new", peer="new"),
    ]
    w.peers["new"] = Peer()
    synced = w.engine.adopt(new, w.now)
    assert (synced.added, synced.changed, set(synced.removed), synced.same) == (
        ("new",),
        ("c1",),
        {"c2", "c3"},
        1,
    )
    w.run(10)
    assert {n: e.record.state for n, e in w.engine.table.items()} == dict.fromkeys(
        ["c0", "c1", "new"], State.UP
    )
    assert w.present == {"c0", "c1", "new"}
    acts = [(r.name, r.act) for _, r in w.tried if r.name != "c0"][-6:]
    assert set(acts) >= {("c1", Act.REPLACE), ("c1", Act.UP), ("new", Act.ADD), ("c2", Act.DELETE)}
    assert [r.act for _, r in w.tried if r.name == "c0"] == [Act.UP]


def test_a_connection_that_is_still_defined_is_let_go_not_deleted() -> None:
    w = world(2)
    w.start_pluto()
    w.run(10)
    synced = w.engine.adopt([Wanted(name="c0", peer="c0")], w.now, defined=frozenset({"c0", "c1"}))
    assert synced.released == ("c1",)
    w.run(60)
    assert w.up == {"c0", "c1"}
    assert set(w.engine.table) == {"c0"}


def test_an_order_to_go_down_overtakes_a_running_up() -> None:
    w = world(1)
    w.peers["c0"].cause = Cause.PEER_SILENT
    w.start_pluto()
    w.run(2)
    assert w.engine.table["c0"].record.state is State.STARTING
    w.engine.suspend("c0", w.now, down=True)
    w.run(1)
    record = w.engine.table["c0"].record
    assert (record.state, record.acting, record.take_down) == (State.SUSPENDED, None, False)
    w.run(3600)
    assert len(w.begun) == 1


def test_every_change_of_state_is_reported_in_order() -> None:
    w = world(1)
    w.start_pluto()
    engine = w.engine
    engine.observe(Snapshot(asked=0.05, up={}, present={"c0": False}, negotiating=frozenset()), 0.06)
    (start,) = engine.plan(0.1).starts
    engine.finish("c0", start.ticket, 0.4)
    told = list(engine.reports())
    assert [(r.before, r.after) for r in told if isinstance(r, Moved)] == [
        (State.ABSENT, State.LOADED),
        (State.LOADED, State.STARTING),
        (State.STARTING, State.UP),
    ]
    (tried,) = [r for r in told if isinstance(r, Tried)]
    assert tried.seconds == pytest.approx(0.3)


def test_a_result_that_comes_after_its_pluto_died_is_ignored() -> None:
    w = world(1)
    w.start_pluto()
    engine = w.engine
    engine.observe(Snapshot(asked=0.05, up={}, present={"c0": False}, negotiating=frozenset()), 0.06)
    (start,) = engine.plan(0.1).starts
    engine.pluto_lost(0.2)
    engine.pluto_found(0.3)
    engine.finish("c0", start.ticket, 0.4)
    assert engine.table["c0"].record.state is State.ABSENT
    assert engine.admission.in_flight == 0


@pytest.mark.sampled(1)
@pytest.mark.parametrize("seed", range(4))
def test_an_hour_of_random_faults(seed: int) -> None:
    """Never over the limit, never two acts for one; a good one nobody disturbs is up within back-off and deadline."""
    limits = Limits(in_flight=16, per_minute=1200)
    policy = Policy(backoff_max=60.0, flap_count=0, patience=120.0, refused_retry=300.0, salt=str(seed))
    w = world(120, policy=policy, limits=limits, seed=seed)
    calm = dict.fromkeys(w.names, 0.0)
    bound = policy.backoff_max + policy.deadline + w.poll + policy.patience
    for minute in range(240):
        fault = w.random.choice(
            ["kill", "start", "peer", "mend", "drop", "stop", "revive", "forget", "nothing"]
        )
        some = w.random.sample(w.names, 5)
        if fault == "kill" and w.random.random() < 0.4:
            w.kill_pluto()
        elif fault == "peer":
            for name in some:
                w.peers[name].cause = w.random.choice(
                    [Cause.PEER_SILENT, Cause.AUTHENTICATION, Cause.DEADLINE]
                )
        elif fault == "mend":
            for name in w.names[:: 1 + minute % 3]:
                if w.peers[name].cause is not None:
                    w.peers[name].cause, calm[name] = None, w.now
            w.engine.mended(w.now, "mended")
        elif fault == "drop":
            for name in some:
                w.drop(name)
        elif fault == "stop":
            w.stopped_until = w.now + 5.0
        elif fault == "revive" and w.pluto:
            w.reviving = {n for n in some if n in w.present and n not in w.up and n not in w.running}
        elif fault == "forget":
            for name in some:
                w.present.discard(name)
                w.up.discard(name)
        if not w.pluto and w.random.random() < 0.7:
            w.start_pluto(loaded=bool(minute % 2))
            calm = dict.fromkeys(w.names, w.now)
        if fault in ("drop", "forget", "revive"):
            calm |= dict.fromkeys(some, w.now)
        if fault == "kill" or not w.pluto:
            calm = dict.fromkeys(w.names, w.now)
        w.run(15.0)
        w.check(limits.in_flight)
        late = [
            n
            for n in w.names
            if w.pluto and w.peers[n].cause is None and w.now - calm[n] > bound and n not in w.up
        ]
        assert not late, (w.now, [w.engine.table[n].record for n in late])
    for name in w.names:
        w.peers[name].cause = None
    if not w.pluto:
        w.start_pluto()
    w.engine.mended(w.now, "all is well")
    w.run(bound)
    assert w.states() == {State.UP: 120}
    most = max((i - bisect_left(w.begun, t - 60.0) + 1 for i, t in enumerate(w.begun)), default=0)
    assert most <= 1200 + 16


def test_routed_and_loaded_and_down_are_kept_too() -> None:
    engine = Engine(Limits(), 0.0)
    how = {"r": Keep.ROUTED, "l": Keep.LOADED, "d": Keep.DOWN}
    engine.adopt([Wanted(name=n, policy=replace(Policy(), keep=k)) for n, k in how.items()], 0.0)
    w = World(engine, list(how))
    w.start_pluto(loaded=False)
    w.run(30)
    assert {n: engine.table[n].record.state for n in how} == {
        "r": State.ROUTED,
        "l": State.LOADED,
        "d": State.ABSENT,
    }
    w.present.add("d")
    w.up.add("d")
    w.run(30)
    assert "d" not in w.up
    assert engine.table["d"].record.state is State.LOADED


def test_peers_take_turns_in_the_queue() -> None:
    gate = Admission(Limits(in_flight=4, per_minute=6000), 0.0)
    for i in range(4):
        gate.ask(f"a{i}", "a", 0)
    for peer in "bcd":
        gate.ask(f"{peer}0", peer, 0)
    assert gate.admit(0.0) == ["a0", "b0", "c0", "d0"]


def test_those_that_failed_less_often_go_first() -> None:
    gate = Admission(Limits(in_flight=1, per_minute=6000), 0.0)
    gate.ask("often", "x", 7)
    gate.ask("never", "y", 0)
    assert gate.admit(0.0) == ["never"]


def test_a_try_that_its_peer_answered_does_not_give_way() -> None:
    gate = Admission(Limits(in_flight=2, per_minute=6000), 0.0)
    for name in "abc":
        gate.ask(name, name, 0)
    assert gate.admit(0.0) == ["a", "b"]
    gate.heard("a")
    assert gate.giving_way(1.0) == []
    assert gate.wake(1.0) == gate.grace
    assert gate.giving_way(gate.grace) == ["b"]
    assert gate.giving_way(gate.grace) == []
    gate.leave("b", gate.grace, up=False)
    assert gate.admit(gate.grace) == ["c"]


def test_the_grace_follows_what_an_up_takes_here() -> None:
    gate = Admission(Limits(), 0.0)
    assert gate.grace == 5.0
    gate.ask("slow", "x", 0)
    gate.admit(0.0)
    assert gate.leave("slow", 8.0, up=True) == 8.0
    assert gate.grace == 24.0


def test_an_empty_bucket_says_when_it_will_hold_again() -> None:
    gate = Admission(Limits(in_flight=2, per_minute=60), 0.0)
    for name in "abcd":
        gate.ask(name, name, 0)
    assert len(gate.admit(0.0)) == 2
    gate.leave("a", 0.0, up=True)
    gate.leave("b", 0.0, up=True)
    assert gate.admit(0.0) == []
    assert gate.wake(0.0) == 1.0
    assert len(gate.admit(1.0)) == 1


def test_what_pluto_kept_up_before_this_life_counts_as_brought_up() -> None:
    """So that a --down by hand is seen as that after a restart of autod too."""
    engine = Engine(Limits(), 0.0)
    engine.adopt([Wanted(name="a"), Wanted(name="b")], 0.0)
    engine.pluto_found(0.0)
    up = {name: Traffic() for name in "ab"}
    present = dict.fromkeys("ab", False)
    engine.observe(
        Snapshot(asked=0.1, up=up, present=present, negotiating=frozenset(), kept=frozenset("a")), 0.1
    )
    assert [engine.table[name].initiated for name in "ab"] == [True, False]
    engine.pluto_lost(1.0)
    assert not engine.table["a"].initiated
