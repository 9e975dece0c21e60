"""The next step of one connection: every rule as a row, then any order of events against a model."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from autod.supervisor.machine import due, step, want
from autod.supervisor.states import (
    EFFECTS,
    Act,
    Actual,
    Began,
    Cause,
    Changed,
    Effect,
    Event,
    Finished,
    Heard,
    Keep,
    Mended,
    PlutoFound,
    PlutoLost,
    Poke,
    Policy,
    Record,
    Resume,
    Seen,
    State,
    Suspend,
    TakenDown,
    backoff,
)

POLICY = Policy(jitter=0.0, backoff_min=2.0, backoff_max=64.0, refuse_after=1, refused_retry=3600.0)
BY_HAND = "somebody took it down at pluto itself; `autod --service --down` is what the supervisor heeds"
NEW = Record(name="a")


def after(*events: Event | float, policy: Policy = POLICY, record: Record = NEW) -> tuple[Record, float]:
    """The record after `events`; a number lets that many seconds pass."""
    now = 1000.0
    for event in events:
        if isinstance(event, float):
            now += event
        else:
            record = step(record, event, now, policy)
    return record, now


def seen(actual: Actual, negotiating: bool | None = False) -> Seen:
    return Seen(actual, asked=math.inf, negotiating=negotiating)


def failed(cause: Cause, act: Act = Act.UP) -> tuple[Event, ...]:
    return seen(Actual.LOADED), Began(act), Finished(act, cause)


LOADED = seen(Actual.LOADED)
UP = (LOADED, Began(Act.UP), Finished(Act.UP))
keep = {k: replace(POLICY, keep=k) for k in Keep}

ROWS: list[tuple[str, tuple[Event | float, ...], Policy, State, Act | None]] = [
    ("nothing known", (), POLICY, State.ABSENT, Act.LOOK),
    ("not in pluto", (seen(Actual.ABSENT),), POLICY, State.ABSENT, Act.ADD),
    ("being added", (seen(Actual.ABSENT), Began(Act.ADD)), POLICY, State.ABSENT, None),
    (
        "added, not looked at",
        (seen(Actual.ABSENT), Began(Act.ADD), Finished(Act.ADD)),
        POLICY,
        State.LOADED,
        Act.LOOK,
    ),
    ("loaded", (LOADED,), POLICY, State.LOADED, Act.UP),
    (
        "loaded, looked at long ago",
        (Seen(Actual.LOADED, 1000.0, False), 60.0),
        POLICY,
        State.LOADED,
        Act.LOOK,
    ),
    ("initiated", (LOADED, Began(Act.UP)), POLICY, State.STARTING, None),
    ("up", UP, POLICY, State.UP, None),
    ("up by the peer's hand", (seen(Actual.UP),), POLICY, State.UP, None),
    ("pluto is at it", (seen(Actual.LOADED, True),), POLICY, State.STARTING, None),
    (
        "pluto is at it, looked at long ago",
        (Seen(Actual.LOADED, 1000.0, True), 60.0),
        POLICY,
        State.STARTING,
        Act.LOOK,
    ),
    ("pluto stuck", (seen(Actual.LOADED, True), 301.0), POLICY, State.STARTING, Act.DOWN),
    ("pluto stopped trying", (seen(Actual.LOADED, True), LOADED), POLICY, State.LOADED, Act.UP),
    ("already negotiating", failed(Cause.NEGOTIATING), POLICY, State.STARTING, None),
    ("silent peer", failed(Cause.PEER_SILENT), POLICY, State.WAITING, None),
    ("silent peer, later", (*failed(Cause.PEER_SILENT), 2.0), POLICY, State.WAITING, Act.LOOK),
    ("silent peer, looked", (*failed(Cause.PEER_SILENT), 2.0, LOADED), POLICY, State.WAITING, Act.UP),
    (
        "silent peer, pluto revives",
        (*failed(Cause.PEER_SILENT), seen(Actual.LOADED, True)),
        POLICY,
        State.STARTING,
        None,
    ),
    ("deadline", failed(Cause.DEADLINE), POLICY, State.WAITING, None),
    ("not listening", failed(Cause.NOT_LISTENING), POLICY, State.WAITING, None),
    ("bad secret", failed(Cause.AUTHENTICATION), POLICY, State.REFUSED, None),
    ("bad secret, much later", (*failed(Cause.AUTHENTICATION), 600.0, LOADED), POLICY, State.REFUSED, None),
    (
        "bad secret, an hour later",
        (*failed(Cause.AUTHENTICATION), 3600.0, LOADED),
        POLICY,
        State.REFUSED,
        Act.UP,
    ),
    ("bad secret, mended", (*failed(Cause.AUTHENTICATION), Mended(), LOADED), POLICY, State.LOADED, Act.UP),
    ("bad secret, pluto revives", (*failed(Cause.AUTHENTICATION), seen(Actual.UP)), POLICY, State.UP, None),
    ("no address", failed(Cause.NOT_ORIENTED), POLICY, State.REFUSED, None),
    ("no proposal", failed(Cause.NO_PROPOSAL), POLICY, State.REFUSED, None),
    ("child rejected", failed(Cause.CHILD_REJECTED), POLICY, State.REFUSED, None),
    ("deleted in pluto", failed(Cause.UNKNOWN), POLICY, State.WAITING, None),
    ("deleted in pluto, later", (*failed(Cause.UNKNOWN), 2.0), POLICY, State.WAITING, Act.ADD),
    (
        "refused as configuration",
        (seen(Actual.ABSENT), Began(Act.ADD), Finished(Act.ADD, Cause.CONFIGURATION)),
        POLICY,
        State.REFUSED,
        None,
    ),
    ("lost", (*UP, LOADED), POLICY, State.WAITING, None),
    ("lost, then due", (*UP, LOADED, 2.0, LOADED), POLICY, State.WAITING, Act.UP),
    ("pluto gone", (*UP, PlutoLost()), POLICY, State.ABSENT, Act.LOOK),
    ("pluto back", (*UP, PlutoLost(), PlutoFound(), LOADED), POLICY, State.LOADED, Act.UP),
    ("suspended", (*UP, Suspend()), POLICY, State.SUSPENDED, None),
    ("suspended and lost", (*UP, Suspend(), LOADED), POLICY, State.SUSPENDED, None),
    ("taken down by hand", (*UP, Suspend(down=True)), POLICY, State.SUSPENDED, Act.DOWN),
    (
        "was taken down",
        (*UP, Suspend(down=True), Began(Act.DOWN), Finished(Act.DOWN)),
        POLICY,
        State.SUSPENDED,
        None,
    ),
    (
        "resumed",
        (*UP, Suspend(down=True), Began(Act.DOWN), Finished(Act.DOWN), Resume(), LOADED),
        POLICY,
        State.LOADED,
        Act.UP,
    ),
    ("poked while waiting", (*failed(Cause.PEER_SILENT), Poke(), LOADED), POLICY, State.LOADED, Act.UP),
    ("changed", (*UP, Changed()), POLICY, State.UP, Act.REPLACE),
    ("changed while absent", (seen(Actual.ABSENT), Changed()), POLICY, State.ABSENT, Act.ADD),
    (
        "replaced",
        (*UP, Changed(), Began(Act.REPLACE), Finished(Act.REPLACE), LOADED),
        POLICY,
        State.LOADED,
        Act.UP,
    ),
    ("left the configuration, up", UP, keep[Keep.GONE], State.UP, Act.DELETE),
    (
        "left the configuration, deleted",
        (*UP, Began(Act.DELETE), Finished(Act.DELETE)),
        keep[Keep.GONE],
        State.ABSENT,
        None,
    ),
    ("to be down, up", (seen(Actual.UP),), keep[Keep.DOWN], State.UP, Act.DOWN),
    ("to be down, revived", (seen(Actual.LOADED, True),), keep[Keep.DOWN], State.STARTING, Act.DOWN),
    ("to be down, absent", (seen(Actual.ABSENT),), keep[Keep.DOWN], State.ABSENT, None),
    ("to be loaded, absent", (seen(Actual.ABSENT),), keep[Keep.LOADED], State.ABSENT, Act.ADD),
    ("to be loaded, up", (seen(Actual.UP),), keep[Keep.LOADED], State.UP, None),
    ("to be routed, loaded", (LOADED,), keep[Keep.ROUTED], State.LOADED, Act.ROUTE),
    (
        "to be routed, routed",
        (LOADED, Began(Act.ROUTE), Finished(Act.ROUTE)),
        keep[Keep.ROUTED],
        State.ROUTED,
        None,
    ),
    (
        "to be routed, refused",
        (LOADED, Began(Act.ROUTE), Finished(Act.ROUTE, Cause.NOT_ORIENTED)),
        keep[Keep.ROUTED],
        State.REFUSED,
        None,
    ),
]


@pytest.mark.parametrize(
    ("events", "policy", "state", "act"), [r[1:] for r in ROWS], ids=[r[0] for r in ROWS]
)
def test_each_situation_has_its_state_and_its_next_act(
    events: tuple[Event | float, ...], policy: Policy, state: State, act: Act | None
) -> None:
    record, now = after(*events, policy=policy)
    assert (record.state, want(record, now, policy)) == (state, act)


def test_every_cause_has_an_effect() -> None:
    assert set(EFFECTS) == set(Cause)


def test_backoff_doubles_to_its_bound_and_spreads_by_name() -> None:
    assert [backoff("a", n, POLICY) for n in range(8)] == [0, 2, 4, 8, 16, 32, 64, 64]
    assert backoff("a", 10**6, POLICY) == 64
    jittered = replace(POLICY, jitter=0.5)
    waits = {backoff(f"c{i}", 6, jittered) for i in range(100)}
    assert len(waits) == 100
    assert min(waits) >= 32
    assert max(waits) <= 64
    assert backoff("a", 3, jittered) == backoff("a", 3, jittered)
    assert 0 < backoff("caf\udce9", 3, jittered) <= 8
    assert backoff("a", 3, jittered) != backoff("a", 3, replace(jittered, salt="another gateway"))


def test_failures_in_a_row_lengthen_the_wait_and_success_forgets_them() -> None:
    record, now = after(*failed(Cause.PEER_SILENT), 2.0, *failed(Cause.PEER_SILENT))
    assert (record.failures, record.next_try) == (2, now + 4)
    record, _ = after(2.0, *UP, record=record)
    assert (record.failures, record.next_try, record.cause) == (0, None, None)


def test_a_flapping_connection_is_held_and_says_so() -> None:
    policy = replace(POLICY, flap_count=3, flap_window=100.0, flap_hold=50.0)
    record, now = after(*UP, LOADED, 5.0, *UP, LOADED, 5.0, *UP, policy=policy)
    assert not record.flapping
    record = step(record, LOADED, now, policy)
    assert (record.state, record.cause, record.flapping) == (State.WAITING, Cause.FLAPPING, True)
    assert record.next_try == now + 50.0
    assert "3 times within 100 s" in record.detail
    later = step(record, seen(Actual.UP), now + 40.0, policy)
    assert (later.state, later.flapping) == (State.UP, True)
    assert not step(later, seen(Actual.UP), now + 101.0, policy).flapping


def test_a_restart_of_pluto_is_no_flap() -> None:
    policy = replace(POLICY, flap_count=2)
    record, _ = after(*UP, PlutoLost(), PlutoFound(), *UP, PlutoLost(), PlutoFound(), *UP, policy=policy)
    assert record.losses == ()
    assert record.state is State.UP


def test_an_answer_to_a_question_asked_before_our_own_up_ended_takes_nothing_down() -> None:
    record, now = after(*UP)
    stale = Seen(Actual.LOADED, asked=now - 0.1, negotiating=False)
    assert step(record, stale, now + 1, POLICY) == record
    assert step(record, Seen(Actual.LOADED, asked=now + 0.1), now + 1, POLICY).state is State.WAITING


def test_a_request_that_kills_pluto_again_and_again_is_held_back() -> None:
    dies = (LOADED, Began(Act.UP), PlutoLost(), PlutoFound())
    record, now = after(*dies, LOADED)
    assert want(record, now, POLICY) is Act.UP
    record, now = after(*dies, *dies, LOADED)
    assert (record.state, want(record, now, POLICY), record.next_try) == (State.WAITING, None, now + 4)
    record, now = after(*dies, *dies, 4.0, *UP)
    assert record.crashes == 0


def test_pluto_has_a_head_start_where_it_starts_connections_itself() -> None:
    """An Up of ours while pluto's own start is on its way would make a second Child SA."""
    policy = replace(POLICY, head_start=5.0)
    record, now = after(PlutoFound(), 0.1, LOADED, policy=policy)
    assert (record.state, want(record, now, policy), due(record, now, policy)) == (
        State.LOADED,
        None,
        now + 4.9,
    )
    early, _ = after(PlutoFound(), 0.1, Seen(Actual.LOADED, 1000.1, False), policy=policy)
    assert want(early, now + 5, policy) is Act.LOOK, (
        "what was seen before says nothing about these five seconds"
    )
    assert want(step(record, seen(Actual.LOADED), now + 5, policy), now + 5, policy) is Act.UP
    assert step(record, seen(Actual.LOADED, True), now + 1, policy).state is State.STARTING
    assert step(record, seen(Actual.UP), now + 1, policy).state is State.UP
    added, now = after(seen(Actual.ABSENT), Began(Act.ADD), Finished(Act.ADD), 0.1, LOADED, policy=policy)
    assert want(added, now, policy) is Act.UP, "it starts nothing that is loaded by its name"
    poked = step(record, Poke(), now, policy)
    assert want(step(poked, LOADED, now, policy), now, policy) is Act.UP


def test_no_start_of_our_own_while_pluto_is_at_it_whatever_the_time() -> None:
    policy = replace(POLICY, patience=0.0)
    record, now = after(*failed(Cause.PEER_SILENT), seen(Actual.LOADED, True), policy=policy)
    assert all(want(record, now + later, policy) in (None, Act.LOOK) for later in range(0, 10_000, 7))


def test_refused_for_good_where_the_policy_says_so() -> None:
    policy = replace(POLICY, refused_retry=0.0)
    record, now = after(*failed(Cause.AUTHENTICATION), policy=policy)
    assert due(record, now, policy) is None
    assert want(record, now + 10**9, policy) is None
    assert want(step(record, Mended(), now, policy), now, policy) is Act.LOOK


def test_the_word_of_a_peer_is_final_only_when_it_is_repeated() -> None:
    policy = replace(POLICY, refuse_after=3)
    states = []
    record, now = NEW, 0.0
    for _ in range(3):
        for event in failed(Cause.CHILD_REJECTED):
            record = step(record, event, now := now + 100, policy)
        states.append(record.state)
    assert states == [State.WAITING, State.WAITING, State.REFUSED]
    guess = Finished(Act.UP, Cause.AUTHENTICATION, "it seems", passing=True)
    for _ in range(5):
        record, now = after(1000.0, LOADED, Began(Act.UP), guess, policy=policy)
        assert record.state is State.WAITING
    own, _ = after(*failed(Cause.NOT_ORIENTED), policy=policy)
    assert own.state is State.REFUSED


def test_the_wait_is_over_exactly_when_due_says() -> None:
    record, now = after(*failed(Cause.PEER_SILENT))
    at = due(record, now, POLICY)
    assert at is not None
    assert want(record, at - 0.001, POLICY) is None
    assert want(record, at, POLICY) is not None


def test_an_end_of_an_act_that_is_not_running_changes_nothing() -> None:
    record, now = after(*UP)
    for act in Act:
        assert step(record, Finished(act, Cause.PEER_SILENT), now, POLICY) == record


acts = st.sampled_from(sorted(Act, key=lambda a: a.value))
causes = st.none() | st.sampled_from(sorted(Cause, key=lambda c: c.value))
actuals = st.sampled_from(sorted(Actual, key=lambda a: a.value))
events = st.one_of(
    st.builds(Seen, actuals, st.floats(0, 2000), st.none() | st.booleans()),
    st.builds(Began, acts),
    st.just(Heard()),
    st.builds(Finished, acts, causes),
    st.sampled_from(
        [PlutoLost(), PlutoFound(), Mended(), Changed(), Suspend(), Suspend(True), Resume(), Poke()]
    ),
)


@given(st.lists(st.tuples(events, st.floats(0, 500))), st.sampled_from(sorted(Keep, key=lambda k: k.value)))
def test_any_events_in_any_order_leave_a_record_that_makes_sense(
    story: list[tuple[Event, float]], how: Keep
) -> None:
    """Nothing raises, the label fits, `since` is when it was entered, and due lies ahead."""
    policy, record, now = keep[how], NEW, 0.0
    for event, pause in story:
        before, now = record, now + pause
        record = step(record, event, now, policy)
        assert (record.since == now) or (record.state is before.state)
        assert len(record.losses) <= policy.flap_count
        act = want(record, now, policy)
        if record.acting is not None:
            assert act is None
        if act is Act.UP:
            assert how is Keep.UP
            assert record.actual in (Actual.LOADED, Actual.ROUTED)
            assert not record.negotiating
            assert not record.suspended
        at = due(record, now, policy)
        assert at is None or at > now


class World(RuleBasedStateMachine):
    """One connection, a peer that is good, silent or wrong, a pluto that comes and goes; a fake clock."""

    @initialize(start=st.booleans())
    def begin(self, start: bool) -> None:
        self.now = 0.0
        self.policy = replace(POLICY, refused_retry=0.0)
        self.record = NEW
        self.pluto = start
        self.peer: Cause | None = None
        self.has = Actual.ABSENT
        self.reviving = False
        self.running: Act | None = None
        self.ups = 0
        if start:
            self.feed(PlutoFound())

    def feed(self, event: Event) -> None:
        self.record = step(self.record, event, self.now, self.policy)

    @rule(seconds=st.floats(0.1, 400.0))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(to=st.sampled_from([None, Cause.PEER_SILENT, Cause.AUTHENTICATION]))
    def the_peer_changes(self, to: Cause | None) -> None:
        self.peer = to
        self.feed(Mended())

    @rule()
    def pluto_dies(self) -> None:
        if self.pluto:
            self.pluto, self.has, self.reviving, self.running = False, Actual.ABSENT, False, None
            self.feed(PlutoLost())

    @rule(loaded=st.booleans())
    def pluto_comes(self, loaded: bool) -> None:
        if not self.pluto:
            self.pluto = True
            self.has = Actual.LOADED if loaded else Actual.ABSENT
            self.feed(PlutoFound())

    @rule()
    def the_tunnel_drops(self) -> None:
        if self.has is Actual.UP:
            self.has = Actual.LOADED

    @rule(on=st.booleans())
    def pluto_revives(self, on: bool) -> None:
        if self.pluto and self.has is Actual.LOADED and self.running is None:
            self.reviving = on

    @rule(event=st.sampled_from([Suspend(), Suspend(True), Resume(), Changed()]))
    def an_operator_speaks(self, event: Event) -> None:
        self.feed(event)

    @rule()
    def the_poll_comes_round(self) -> None:
        if self.pluto:
            self.now += 0.01
            self.feed(Seen(self.has, self.now, self.reviving))

    @rule()
    def what_is_wanted_is_begun(self) -> None:
        act = want(self.record, self.now, self.policy) if self.pluto else None
        if act is Act.LOOK:
            self.the_poll_comes_round()
        elif act is not None:
            assert self.running is None, "two acts for one connection"
            assert not (act is Act.UP and self.reviving and self.record.negotiating)
            self.running = act
            self.feed(Began(act))

    @rule()
    def what_runs_ends(self) -> None:
        act, self.running = self.running, None
        if act is None:
            return
        self.now += 0.1
        cause: Cause | None = None
        if act is Act.UP:
            cause = Cause.UNKNOWN if self.has is Actual.ABSENT else self.peer
            if cause is None:
                self.has, self.reviving = Actual.UP, False
        elif act in (Act.ADD, Act.REPLACE, Act.DOWN):
            self.has = Actual.ABSENT if act is Act.DOWN and self.has is Actual.ABSENT else Actual.LOADED
            self.reviving = False
        elif act is Act.DELETE:
            self.has = Actual.ABSENT
        self.feed(Finished(act, cause))

    @invariant()
    def what_runs_is_known(self) -> None:
        assert self.record.acting is self.running

    @invariant()
    def no_start_against_an_order(self) -> None:
        act = want(self.record, self.now, self.policy)
        if self.record.state in (State.SUSPENDED, State.UP):
            assert act is not Act.UP
        if self.record.state is State.REFUSED:
            assert act is None
        if EFFECTS.get(self.record.cause or Cause.LOST) is Effect.RETRY and self.record.next_try is not None:
            assert act is not Act.UP or self.record.next_try <= self.now

    def teardown(self) -> None:
        """Whatever happened before: with a good peer and nobody against it, it comes up in time."""
        if not hasattr(self, "now"):
            return
        self.peer = None
        self.pluto_comes(True)
        self.feed(Resume())
        self.reviving = False
        limit = self.now + self.policy.backoff_max + self.policy.flap_hold + self.policy.deadline
        while not (self.has is Actual.UP and self.record.state is State.UP and not self.record.stale):
            assert self.now < limit, self.record
            self.what_runs_ends()
            self.the_poll_comes_round()
            self.what_is_wanted_is_begun()
            self.now += 0.5


TestWorld = World.TestCase
TestWorld.settings = settings(max_examples=2 * settings().max_examples, stateful_step_count=60)


# Whole records: every field that an event moves, and none besides ------------------------------------------

FULL = Record(
    name="a",
    actual=Actual.LOADED,
    state=State.WAITING,
    since=900.0,
    negotiating_since=5.0,
    looked=990.0,
    settled=980.0,
    next_try=1010.0,
    failures=3,
    cause=Cause.PEER_SILENT,
    detail="nobody answered",
    losses=(700.0, 995.0),
)


@pytest.mark.parametrize(
    ("event", "before", "changes"),
    [
        (Began(Act.UP), {}, {"acting": Act.UP, "acting_since": 1000.0, "next_try": None}),
        (
            Began(Act.UP),
            {"refused": True, "heard": True},
            {"acting": Act.UP, "acting_since": 1000.0, "next_try": None},
        ),
        (
            Began(Act.ROUTE),
            {"refused": True},
            {"acting": Act.ROUTE, "acting_since": 1000.0, "next_try": None},
        ),
        (Began(Act.DOWN), {"refused": True}, {"acting": Act.DOWN, "acting_since": 1000.0, "refused": True}),
        (Heard(), {"acting": Act.UP}, {"acting": Act.UP, "heard": True}),
        (Heard(), {"acting": Act.ADD}, {"acting": Act.ADD}),
        (
            Seen(Actual.UP, 1000.0),
            {"crashes": 2, "negotiating": True, "refused": True},
            {
                "actual": Actual.UP,
                "next_try": None,
                "failures": 0,
                "cause": None,
                "detail": "",
                "looked": None,
            },
        ),
        (Seen(Actual.LOADED, 980.0, True), {}, {}),
        (
            Seen(Actual.LOADED, 980.5, True),
            {},
            {"negotiating": True, "negotiating_since": 1000.0, "looked": 980.5},
        ),
        (
            Seen(Actual.LOADED, 995.0, True),
            {"negotiating": True},
            {"negotiating": True, "negotiating_since": 5.0, "looked": 995.0},
        ),
        (
            Seen(Actual.ROUTED, 995.0, False),
            {"negotiating": True},
            {"actual": Actual.ROUTED, "looked": 995.0},
        ),
        (Seen(Actual.ROUTED, 995.0, None), {}, {"actual": Actual.ROUTED}),
        (Seen(Actual.ABSENT, 995.0), {"acting": Act.UP}, {"acting": Act.UP, "actual": Actual.ABSENT}),
        (Seen(Actual.ROUTED, 995.0), {"acting": Act.UP}, {"acting": Act.UP}),
        (
            Seen(Actual.ROUTED, 995.0),
            {"acting": Act.ADD, "acting_since": 995.0},
            {"acting": Act.ADD, "acting_since": 995.0},
        ),
        (
            Seen(Actual.ROUTED, 995.5),
            {"acting": Act.ADD, "acting_since": 995.0},
            {"acting": Act.ADD, "acting_since": 995.0, "actual": Actual.ROUTED},
        ),
        (
            Seen(Actual.LOADED, 995.0),
            {"actual": Actual.UP, "cause": None, "next_try": None},
            {
                "losses": (700.0, 995.0, 1000.0),
                "cause": Cause.LOST,
                "detail": "the tunnel went down",
                "next_try": 1002.0,
                "looked": None,
            },
        ),
        (
            PlutoLost(),
            {"acting": Act.ADD, "heard": True, "negotiating": True, "refused": True, "stale": True},
            {
                "actual": Actual.UNKNOWN,
                "looked": None,
                "settled": 1000.0,
                "next_try": None,
                "failures": 0,
                "cause": Cause.PLUTO_GONE,
                "detail": "pluto is not running",
                "crashes": 1,
            },
        ),
        (
            PlutoFound(),
            {"crashes": 1},
            {
                "actual": Actual.UNKNOWN,
                "looked": None,
                "settled": 1000.0,
                "next_try": None,
                "failures": 0,
                "cause": None,
                "detail": "",
                "crashes": 1,
            },
        ),
        (
            PlutoFound(),
            {"crashes": 2},
            {
                "actual": Actual.UNKNOWN,
                "looked": None,
                "settled": 1000.0,
                "next_try": 1004.0,
                "failures": 0,
                "cause": Cause.PLUTO_GONE,
                "detail": "",
                "crashes": 2,
            },
        ),
        (TakenDown(), {}, {}),
        (TakenDown(), {"cause": Cause.LOST, "acting": Act.UP}, {"cause": Cause.LOST, "acting": Act.UP}),
        (
            TakenDown(),
            {"cause": Cause.LOST},
            {"cause": Cause.TAKEN_DOWN, "losses": (700.0,), "detail": BY_HAND},
        ),
        (
            TakenDown(),
            {"cause": Cause.FLAPPING, "flapping": True},
            {"cause": Cause.TAKEN_DOWN, "losses": (700.0,), "detail": BY_HAND, "next_try": 1002.0},
        ),
        (
            Mended("a secret"),
            {"refused": True},
            {"next_try": None, "failures": 0, "detail": "a secret", "looked": None},
        ),
        (
            Mended(),
            {"actual": Actual.UP},
            {"actual": Actual.UP, "next_try": None, "failures": 0, "cause": None, "looked": None},
        ),
        (
            Changed(),
            {},
            {
                "next_try": None,
                "failures": 0,
                "detail": "the configuration changed",
                "looked": None,
                "stale": True,
            },
        ),
        (Suspend(), {}, {"suspended": True}),
        (Suspend(down=True), {}, {"suspended": True, "take_down": True, "next_try": None}),
        (Suspend(), {"take_down": True}, {"suspended": True, "take_down": True}),
        (
            Resume(),
            {"suspended": True, "take_down": True},
            {"next_try": None, "failures": 0, "looked": None},
        ),
        (
            Poke(),
            {"suspended": True, "take_down": True, "flapping": True},
            {"next_try": None, "failures": 0, "looked": None, "losses": ()},
        ),
        (Finished(Act.UP), {"acting": Act.ADD}, {"acting": Act.ADD}),
        (
            Finished(Act.UP, Cause.PEER_SILENT, "x"),
            {"acting": Act.UP, "heard": True, "negotiating": True},
            {
                "settled": 1000.0,
                "failures": 4,
                "next_try": 1016.0,
                "detail": "x",
                "looked": None,
            },
        ),
        (
            Finished(Act.UP, Cause.AUTHENTICATION, "x"),
            {"acting": Act.UP},
            {
                "settled": 1000.0,
                "failures": 4,
                "refused": True,
                "next_try": 4600.0,
                "cause": Cause.AUTHENTICATION,
                "detail": "x",
                "looked": None,
            },
        ),
        (
            Finished(Act.UP, Cause.AUTHENTICATION, "x", passing=True),
            {"acting": Act.UP},
            {
                "settled": 1000.0,
                "failures": 4,
                "next_try": 1016.0,
                "cause": Cause.AUTHENTICATION,
                "detail": "x",
                "looked": None,
            },
        ),
        (
            Finished(Act.UP, Cause.UNKNOWN, "x"),
            {"acting": Act.UP},
            {
                "settled": 1000.0,
                "failures": 4,
                "next_try": 1016.0,
                "actual": Actual.ABSENT,
                "cause": Cause.UNKNOWN,
                "detail": "x",
                "looked": None,
            },
        ),
        (
            Finished(Act.DOWN, Cause.UNKNOWN, "x"),
            {"acting": Act.DOWN, "negotiating": True, "take_down": True, "stale": True},
            {"settled": 1000.0, "actual": Actual.ABSENT},
        ),
        (
            Finished(Act.UP, Cause.NEGOTIATING),
            {"acting": Act.UP},
            {
                "settled": 1000.0,
                "negotiating": True,
                "negotiating_since": 1000.0,
                "looked": 1000.0,
                "cause": Cause.NEGOTIATING,
            },
        ),
        (
            Finished(Act.UP, Cause.PLUTO_GONE),
            {"acting": Act.UP, "negotiating": True},
            {
                "settled": 1000.0,
                "actual": Actual.UNKNOWN,
                "crashes": 1,
                "cause": Cause.PLUTO_GONE,
            },
        ),
        (
            Finished(Act.DOWN, Cause.REFUSED, "x"),
            {"acting": Act.DOWN},
            {
                "settled": 1000.0,
                "failures": 4,
                "next_try": 1016.0,
                "cause": Cause.REFUSED,
                "detail": "x",
                "looked": None,
            },
        ),
        (
            Finished(Act.ADD, Cause.CONFIGURATION, "x"),
            {"acting": Act.ADD},
            {
                "settled": 1000.0,
                "failures": 4,
                "refused": True,
                "next_try": 4600.0,
                "cause": Cause.CONFIGURATION,
                "detail": "x",
                "looked": None,
            },
        ),
        (
            Finished(Act.ADD),
            {"acting": Act.ADD, "negotiating": True, "stale": True, "refused": True},
            {"settled": 1000.0, "failures": 0, "next_try": None, "cause": None, "detail": "", "looked": None},
        ),
        (
            Finished(Act.ROUTE),
            {"acting": Act.ROUTE, "refused": True},
            {
                "settled": 1000.0,
                "failures": 0,
                "next_try": None,
                "cause": None,
                "detail": "",
                "actual": Actual.ROUTED,
            },
        ),
        (
            Finished(Act.DOWN),
            {"acting": Act.DOWN, "negotiating": True, "take_down": True, "actual": Actual.UP},
            {"settled": 1000.0, "next_try": None, "cause": None, "detail": "", "looked": None},
        ),
        (
            Finished(Act.DELETE),
            {"acting": Act.DELETE, "negotiating": True, "stale": True},
            {"settled": 1000.0, "next_try": None, "cause": None, "detail": "", "actual": Actual.ABSENT},
        ),
    ],
)
def test_an_event_moves_these_fields_and_no_others(
    event: Event, before: dict[str, Any], changes: dict[str, Any]
) -> None:
    """`changes` are against FULL: what `before` set and the event left is named again."""
    found = step(replace(FULL, **before), event, 1000.0, POLICY)
    expected = replace(FULL, **changes)
    assert replace(found, state=expected.state, since=expected.since) == expected


@pytest.mark.parametrize(
    ("record", "policy", "expected"),
    [
        ({"next_try": None}, {}, None),
        ({"next_try": 1000.0}, {}, None),
        ({"next_try": 1000.5}, {}, 1000.5),
        ({"negotiating": True, "negotiating_since": 900.0, "next_try": None, "looked": None}, {}, 1200.0),
        ({"negotiating": True, "negotiating_since": 900.0, "next_try": None, "looked": 995.0}, {}, 1005.0),
        ({"negotiating": True, "negotiating_since": 900.0, "next_try": 1003.0, "looked": 995.0}, {}, 1003.0),
        ({"negotiating": True, "next_try": None, "looked": 995.0}, {"patience": 0.0}, 1005.0),
        (
            {"negotiating": True, "negotiating_since": 998.0, "next_try": None, "looked": None},
            {"patience": -1.0},
            None,
        ),
        ({"negotiating": False, "negotiating_since": 900.0, "next_try": None, "looked": 995.0}, {}, None),
        ({"negotiating": True, "next_try": None, "looked": 995.0}, {"keep": Keep.ROUTED}, None),
    ],
)
def test_when_time_alone_changes_what_is_wanted(
    record: dict[str, Any], policy: dict[str, Any], expected: float | None
) -> None:
    assert due(replace(FULL, **record), 1000.0, replace(POLICY, **policy)) == expected


@pytest.mark.parametrize(
    ("record", "policy", "wanted"),
    [
        ({"actual": Actual.UNKNOWN}, {}, Act.LOOK),
        ({"acting": Act.UP, "actual": Actual.UNKNOWN}, {}, None),
        ({}, {}, None),
        ({"next_try": 1000.0, "looked": 1000.0}, {}, Act.UP),
        ({"next_try": 1000.0, "looked": 999.0}, {}, Act.LOOK),
        ({"next_try": None, "looked": 990.5}, {}, Act.UP),
        ({"next_try": None, "looked": 990.0}, {}, Act.LOOK),
        ({"next_try": None, "looked": None}, {}, Act.LOOK),
        ({"next_try": None, "refused": True, "looked": 999.0}, {}, None),
        ({"next_try": None, "negotiating": True, "negotiating_since": 700.5, "looked": 999.0}, {}, None),
        ({"next_try": None, "negotiating": True, "negotiating_since": 700.0, "looked": 999.0}, {}, Act.DOWN),
        (
            {"next_try": None, "negotiating": True, "negotiating_since": 700.0, "looked": 999.0},
            {"patience": 0.0},
            None,
        ),
        ({"suspended": True}, {}, None),
        ({"suspended": True, "take_down": True, "next_try": None}, {}, Act.DOWN),
        ({"suspended": True, "take_down": True}, {}, None),
        ({"suspended": True, "take_down": True, "actual": Actual.ABSENT, "next_try": None}, {}, None),
        ({"next_try": None}, {"keep": Keep.GONE}, Act.DELETE),
        ({}, {"keep": Keep.GONE}, None),
        ({"next_try": None, "actual": Actual.ABSENT}, {"keep": Keep.GONE}, None),
        ({"next_try": None, "actual": Actual.ABSENT}, {"keep": Keep.DOWN}, None),
        ({"next_try": None, "actual": Actual.ABSENT}, {"keep": Keep.LOADED}, Act.ADD),
        ({"next_try": None, "stale": True}, {}, Act.REPLACE),
        ({"stale": True}, {}, None),
        ({"next_try": None}, {"keep": Keep.DOWN}, None),
        ({"next_try": None, "negotiating": True}, {"keep": Keep.DOWN}, Act.DOWN),
        ({"next_try": None, "actual": Actual.UP}, {"keep": Keep.DOWN}, Act.DOWN),
        ({"next_try": None}, {"keep": Keep.ROUTED}, Act.ROUTE),
        ({"next_try": None, "negotiating": True}, {"keep": Keep.ROUTED}, None),
        ({"next_try": None, "actual": Actual.ROUTED}, {"keep": Keep.ROUTED}, None),
        ({"next_try": None, "actual": Actual.UP}, {}, None),
        ({"next_try": None}, {"keep": Keep.LOADED}, None),
    ],
)
def test_what_is_wanted_of_a_record(
    record: dict[str, Any], policy: dict[str, Any], wanted: Act | None
) -> None:
    assert want(replace(FULL, **record), 1000.0, replace(POLICY, **policy)) == wanted


@pytest.mark.parametrize(
    ("count", "losses", "flapping", "left"),
    [
        (3, (500.0, 900.0), True, (500.0, 900.0, 1000.0)),
        (3, (400.0, 900.0), False, (900.0, 1000.0)),
        (3, (900.0,), False, (900.0, 1000.0)),
        (1, (900.0,), True, (1000.0,)),
        (0, (900.0, 950.0), False, (1000.0,)),
        (2, (900.0, 950.0), True, (950.0, 1000.0)),
    ],
)
def test_losses_within_the_window_make_it_flap(
    count: int, losses: tuple[float, ...], flapping: bool, left: tuple[float, ...]
) -> None:
    policy = replace(POLICY, flap_count=count, flap_window=600.0, flap_hold=77.0)
    found = step(replace(FULL, actual=Actual.UP, losses=losses), Seen(Actual.LOADED, 999.0), 1000.0, policy)
    assert (found.flapping, found.losses) == (flapping, left)
    assert found.next_try == (1077.0 if flapping else 1002.0)
    assert found.cause is (Cause.FLAPPING if flapping else Cause.LOST)


@pytest.mark.parametrize(("last", "flaps"), [(400.0, False), (401.0, True)])
def test_one_that_flapped_is_well_when_it_is_up_and_its_losses_are_old(last: float, flaps: bool) -> None:
    record = replace(FULL, flapping=True, losses=(300.0, last))
    assert step(record, Seen(Actual.UP, 999.0), 1000.0, replace(POLICY, flap_window=600.0)).flapping is flaps


@pytest.mark.parametrize(
    ("fails", "after", "retry", "refused", "at"),
    [
        (0, 3, 900.0, False, 1002.0),
        (1, 3, 900.0, False, 1004.0),
        (2, 3, 900.0, True, 1900.0),
        (2, 3, 0.0, True, None),
        (0, 1, 900.0, True, 1900.0),
    ],
)
def test_a_peer_that_says_no_so_often_is_believed(
    fails: int, after: int, retry: float, refused: bool, at: float | None
) -> None:
    policy = replace(POLICY, refuse_after=after, refused_retry=retry)
    record = replace(FULL, acting=Act.UP, failures=fails)
    found = step(record, Finished(Act.UP, Cause.REJECTED), 1000.0, policy)
    assert (found.refused, found.next_try) == (refused, at)


def test_an_up_that_an_operator_ended_waits_for_nothing() -> None:
    record = replace(FULL, acting=Act.UP, suspended=True, take_down=True)
    assert step(record, Finished(Act.UP, Cause.GAVE_WAY), 1000.0, POLICY).next_try is None
    record = replace(FULL, acting=Act.DOWN, suspended=True)
    assert step(record, Finished(Act.DOWN, Cause.FAILED), 1000.0, POLICY).next_try == 1016.0


def test_a_head_start_is_only_for_what_is_kept_up() -> None:
    policy = replace(POLICY, head_start=5.0)
    found = step(FULL, PlutoFound(), 1000.0, policy)
    assert (found.next_try, found.detail) == (1005.0, "pluto starts it by itself")
    assert step(FULL, PlutoFound(), 1000.0, replace(policy, keep=Keep.ROUTED)).next_try is None
    added = step(replace(FULL, acting=Act.ADD), Finished(Act.ADD), 1000.0, policy)
    assert added.next_try is None, "it starts nothing that is loaded by its name"


@pytest.mark.parametrize(
    ("record", "state"),
    [
        ({"suspended": True, "actual": Actual.UP}, State.SUSPENDED),
        ({"actual": Actual.UP, "acting": Act.UP}, State.UP),
        ({"acting": Act.UP, "refused": True}, State.STARTING),
        ({"negotiating": True, "refused": True}, State.STARTING),
        ({"acting": Act.ADD, "refused": True}, State.REFUSED),
        ({"actual": Actual.ROUTED}, State.WAITING),
        ({"actual": Actual.ROUTED, "cause": None}, State.ROUTED),
        ({"actual": Actual.ROUTED, "next_try": None}, State.ROUTED),
        ({"cause": None}, State.LOADED),
        ({"actual": Actual.ABSENT, "cause": None}, State.ABSENT),
        ({"actual": Actual.UNKNOWN, "next_try": None}, State.ABSENT),
    ],
)
def test_what_a_record_is_called(record: dict[str, Any], state: State) -> None:
    """The time since when is that of the change."""
    before = replace(FULL, **record)
    found = step(before, Heard(), 1000.0, POLICY)
    assert found.state is state
    assert found.since == (900.0 if state is FULL.state else 1000.0)


def test_what_is_mended_while_a_try_runs_is_tried_again_at_once() -> None:
    """Its failure says nothing about what is now; once, and not for ever."""
    record, now = after(
        LOADED, Began(Act.UP), Mended("an address came"), Finished(Act.UP, Cause.NOT_ORIENTED)
    )
    assert not record.refused
    assert want(step(record, LOADED, now + 0.1, POLICY), now + 0.1, POLICY) is Act.UP
    again, now = after(
        LOADED,
        Began(Act.UP),
        Mended(),
        Finished(Act.UP, Cause.NOT_ORIENTED),
        LOADED,
        *failed(Cause.NOT_ORIENTED)[-2:],
    )
    assert want(again, now, POLICY) is None


def test_what_pluto_looked_up_is_loaded_again_once_the_tunnel_is_down() -> None:
    """A default route that changed takes no tunnel down."""
    record, now = after(*UP, Changed(later=True))
    assert want(record, now, POLICY) is None
    down, now = after(*UP, Changed(later=True), LOADED, 3.0)
    assert want(down, now, POLICY) is Act.REPLACE
    replaced, now = after(
        *UP, Changed(later=True), LOADED, 3.0, Began(Act.REPLACE), Finished(Act.REPLACE), 0.1, LOADED
    )
    assert want(replaced, now, POLICY) is Act.UP
    loaded, now = after(LOADED, Changed(later=True))
    assert want(loaded, now, POLICY) is Act.REPLACE


def test_a_try_that_comes_up_by_an_old_address_is_left_alone() -> None:
    """A record that changes takes no tunnel down, also if pluto was about to bring it up."""
    trying = (LOADED, Began(Act.UP), Changed(later=True, detail="gw.example has another address"))
    record, now = after(*trying, Finished(Act.UP))
    assert (record.state, want(record, now, POLICY)) == (State.UP, None)
    failed_try, now = after(*trying, Finished(Act.UP, Cause.PEER_SILENT))
    assert want(failed_try, now, POLICY) is Act.REPLACE


@pytest.mark.parametrize("losses", [0, POLICY.flap_count - 1])
def test_what_goes_by_an_old_address_is_loaded_again_as_soon_as_it_is_lost(losses: int) -> None:
    """pluto would revive it by that address. That it flapped by the old one says nothing about the other."""
    flaps: tuple[Event | float, ...] = (*UP, LOADED, 1.0) * losses
    lost, now = after(*flaps, *UP, Changed(later=True), LOADED)
    assert (lost.state, lost.cause) == (State.WAITING, Cause.LOST)
    assert want(lost, now, POLICY) is Act.REPLACE
