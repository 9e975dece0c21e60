"""Each danger that a request can be to a pluto: what is looked at, and what is not sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from autod.asking.asks import Send
from autod.asking.guards import GUARDS, guards_of, look_before, look_for_all, may_load, with_ikev1_sa
from autod.asking.request import Request
from autod.errors import ConnectionLost, PlutoGone
from autod.operations import ROWS, of_command
from autod.outcomes import Result
from autod.protocol import commands as c
from autod.protocol.exchange import Ending
from autod.protocol.releases import ALL, find
from autod.protocol.replies import ReplyDecoder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autod.asking.asks import Course
    from autod.outcomes import Outcome
    from autod.protocol.releases import Release


T = TypeVar("T")


@dataclass
class Scripted:
    """What a course asks. `answers`: command -> lines, or an ending that comes without one."""

    release: Release
    answers: dict[c.Command, Sequence[str] | Ending]
    path: str = "/run/pluto/pluto.ctl"
    detected: Any = None
    asked: list[c.Command] = field(default_factory=list)

    def message(self, command: c.Command) -> bytes:
        return b"x"

    def now(self) -> float:
        return 0.0

    def said(self, command: c.Command) -> Sequence[str] | Ending:
        return self.answers[command]

    def look(self, request: Request) -> Outcome | None:
        """Drive the guards of the request."""
        return self.drive(look_before(self, request, 10.0))

    def drive(self, course: Course[T]) -> T:
        """Answer what it asks."""
        try:
            ask = next(course)
            while True:
                assert isinstance(ask, Send)
                assert ask.command is not None
                self.asked.append(ask.command)
                said = self.said(ask.command)
                if isinstance(said, Ending):
                    ask = course.send(said)
                    continue
                decoder = ReplyDecoder(self.release.codes)
                ask.on_replies(decoder.feed("".join(f"{line}\n" for line in said).encode()))
                ask = course.send(Ending.EOF)
        except StopIteration as done:
            found: T = done.value
            return found


def request(command: c.Command, *, force: bool = False) -> Request:
    return Request(
        of_command(type(command).__name__).name, command, getattr(command, "name", None), 10.0, force=force
    )


def traffic(*names: str) -> list[str]:
    return [
        f"006 #{number}: \"{name}\", type=ESP, add_time=1, inBytes=0, outBytes=0, id='@e'"
        for number, name in enumerate(names, 2)
    ]


def listed(
    name: str,
    *,
    there: str = "192.1.2.77",
    oriented: bool = True,
    alias: str = "",
    made_from: int | None = None,
    serial: int = 1,
) -> list[str]:
    """One connection in a status of 4.10."""
    from_template = "" if made_from is None else f", instantiated from: ${made_from}"
    lines = [
        f"000 {name}: 192.1.2.45...{there}; unrouted; eroute owner: #0",
        f"000 {name}:     {'oriented' if oriented else 'unoriented'}; my_ip=unset; their_ip=unset; my_updown=x;",
        f"000 {name}:   newest IKE SA: #0; newest IPsec SA: #0; conn serial: ${serial}{from_template};",
    ]
    return [*lines, f"000 {name}:   aliases: {alias}"] if alias else lines


# Which are looked for -----------------------------------------------------------------------------------


CERTAINLY = {"fetching": True}


@pytest.mark.parametrize("version", ALL)
def test_each_release_has_the_dangers_that_it_was_seen_to_have(version: str) -> None:
    release = find(version)
    before_4, before_5 = release.version < (4,), release.version < (5,)
    named = request(c.Initiate("a", remote_host="192.0.2.1"))

    def guarded(asked: Request, release: Release = release) -> list[str]:
        return [name for name, guard in GUARDS.items() if guard in guards_of(asked, release)]

    assert guarded(request(c.Unroute("a"))) == ["up"]
    assert guarded(named) == (["adrift"] if before_5 else [])
    assert guarded(request(c.Initiate("a"))) == []
    assert guarded(request(c.Route("a"))) == ([] if before_5 else ["unresolved"])
    instances = ["instances"] if (4, 6) <= release.version < (5,) else []
    fetching = ["fetching"] if release.version >= (5, 3) else []
    for known in (None, False, True):
        built = release.built(fetching=known)
        rest = [] if known else fetching
        assert guarded(request(c.RereadAll()), built) == sorted(instances + rest, reverse=True)
        assert guarded(request(c.FetchCrls()), built) == rest
    assert guarded(request(c.RereadCerts())) == instances
    assert guarded(request(c.RefreshDdns())) == (["loaded"] if release.version >= (5, 4) else [])
    narrowed = ["narrowed"] if (5, 2) <= release.version < (5, 4) else []
    assert guarded(request(c.Delete("a"))) == narrowed
    for harmless in (c.Status(), c.Terminate("a"), c.RereadSecrets(), c.Listen()):
        assert guarded(request(harmless)) == []
    assert not before_4 or before_5


def test_every_guard_is_named_by_a_row_and_every_name_is_a_guard() -> None:
    assert {name for row in ROWS for name in row.guards} == set(GUARDS)


# Unrouting what is up -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "harm"),
    [
        ("3.32", "pluto does not unroute what is up"),
        ("4.0", "would kill pluto"),
        ("4.10", "would kill pluto"),
        ("4.15", "would kill pluto"),
        ("5.0", "every connection that shares it"),
        ("5.2", "every connection that shares it"),
    ],
)
def test_what_is_up_is_not_unrouted(version: str, harm: str) -> None:
    pluto = Scripted(find(version, labeled=True), {c.TrafficStatus("a"): traffic("a")})
    outcome = pluto.look(request(c.Unroute("a")))
    assert outcome is not None
    assert (outcome.result, outcome.ok) == (Result.REFUSED, False)
    assert harm in outcome.sentence
    assert outcome.sentence.startswith('"a": unroute was not sent: it is up')
    assert pluto.asked == [c.TrafficStatus("a")]


def test_what_is_down_is_unrouted() -> None:
    pluto = Scripted(find("4.10"), {c.TrafficStatus("a"): []})
    assert pluto.look(request(c.Unroute("a"))) is None
    assert pluto.asked == [c.TrafficStatus("a")]


@pytest.mark.parametrize(("up", "refused"), [(["nets/1x2"], True), (["other"], False), ([], False)])
def test_a_name_that_stands_for_others_is_not_unrouted_while_one_is_up(up: list[str], refused: bool) -> None:
    """Up to 4.15 --trafficstatus knows no alias of what is down."""
    pluto = Scripted(
        find("4.10"),
        {
            c.TrafficStatus("nets"): ['021 no such connection or aliased connection named "nets"'],
            c.Status(): [
                *listed('"nets/1x1"', alias="nets"),
                *listed('"nets/1x2"', alias="nets"),
                *listed('"other"'),
            ],
            c.TrafficStatus(): traffic(*up),
        },
    )
    outcome = pluto.look(request(c.Unroute("nets")))
    assert (outcome is not None) is refused
    assert outcome is None or "nets/1x2, which it stands for, is up" in outcome.sentence


def test_what_pluto_does_not_know_is_left_to_pluto() -> None:
    pluto = Scripted(
        find("4.10"),
        {
            c.TrafficStatus("no"): ['021 no such connection or aliased connection named "no"'],
            c.Status(): listed('"a"'),
        },
    )
    assert pluto.look(request(c.Unroute("no"))) is None
    assert pluto.asked == [c.TrafficStatus("no"), c.Status()]


def test_with_force_it_is_taken_down_first_and_looked_at_again() -> None:
    pluto = Scripted(find("4.10"), {c.TrafficStatus("a"): traffic("a"), c.Terminate("a"): []})
    outcome = pluto.look(request(c.Unroute("a"), force=True))
    assert outcome is not None
    assert outcome.result is Result.REFUSED
    assert pluto.asked == [c.TrafficStatus("a"), c.Terminate("a"), c.TrafficStatus("a")]


@pytest.mark.parametrize(
    ("ending", "result"), [(Ending.DEADLINE, Result.NOT_SENT), (Ending.UNSENT, Result.NOT_SENT)]
)
def test_where_nobody_can_look_nothing_is_sent(ending: Ending, result: Result) -> None:
    pluto = Scripted(find("4.10"), {c.TrafficStatus("a"): ending})
    outcome = pluto.look(request(c.Unroute("a")))
    assert outcome is not None
    assert outcome.result is result


@pytest.mark.parametrize("ending", [Ending.GONE, Ending.RESET])
def test_a_look_that_was_cut_off_is_no_permission(ending: Ending) -> None:
    pluto = Scripted(find("4.10"), {c.TrafficStatus("a"): ending})
    with pytest.raises((ConnectionLost, PlutoGone)):
        pluto.look(request(c.Unroute("a")))


# A named peer -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "refused"),
    [
        (listed('"T"', there="%any", oriented=False), True),
        (listed('"T"', there="%any"), False),
        (listed('"T"', oriented=False), False),
        (listed('"other"', there="%any", oriented=False), False),
        ([*listed('"one"'), *listed('"two"', there="%any", oriented=False, alias="T")], True),
        ([*listed('"T"'), *listed('"two"', there="%any", oriented=False, alias="T")], False),
        ([], False),
    ],
)
@pytest.mark.parametrize("version", ["3.32", "4.3", "4.15"])
def test_a_template_that_is_not_oriented_is_not_initiated_to_a_named_peer(
    version: str, lines: list[str], refused: bool
) -> None:
    pluto = Scripted(find(version, labeled=True), {c.Status(): lines})
    outcome = pluto.look(request(c.Initiate("T", remote_host="192.0.2.1")))
    assert (outcome is not None) is refused
    if outcome is not None:
        assert outcome.result is Result.REFUSED
        assert "is an address of this host" in outcome.sentence
    assert pluto.look(request(c.Initiate("T"))) is None
    assert pluto.asked == [c.Status()]


# A peer without an address ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("there", "refused"),
    [("%dns<no.such.name>", True), ("192.1.2.77", False), ("%any", False), ("%opportunistic", False)],
)
@pytest.mark.parametrize("version", ["5.0", "5.2", "5.4"])
def test_a_peer_whose_name_was_not_resolved_is_not_routed_to(version: str, there: str, refused: bool) -> None:
    lines = [
        f'000 "h": 192.1.2.45...{there}; unrouted; my_ip=unset; their_ip=unset;',
        f'000 "h":   host: oriented; local: 192.1.2.45; remote: {there};',
    ]
    pluto = Scripted(find(version, seccomp=False), {c.ConnectionStatus("h"): lines})
    outcome = pluto.look(request(c.Route("h")))
    assert (outcome is not None) is refused
    if outcome is not None:
        assert outcome.result is Result.REFUSED
        assert "the address of its peer no.such.name is not known" in outcome.sentence


# IKEv1 with narrowing= ----------------------------------------------------------------------------------


def of_policy(name: str, policy: str) -> list[str]:
    """One connection in the --connectionstatus of 5.2."""
    return [
        f'"{name}": 192.1.2.45[@w]...192.1.2.60[@e]; unrouted; my_ip=unset; their_ip=unset;',
        f'"{name}":   policy: {policy}+PSK+ENCRYPT+TUNNEL+PFS+UP+IKE_FRAG_ALLOW+ESN_NO+ESN_YES;',
    ]


class Narrowed(Scripted):
    """Which IKE SAs are there changes as they are deleted: `turns` of --showstates."""

    def __init__(self, version: str, policy: str, turns: list[list[str]], name: str = "n") -> None:
        release = find(version, seccomp=False)
        super().__init__(release, {c.ConnectionStatus("n"): of_policy(name, policy)})
        self.turns = [self.states(numbers) for numbers in turns]

    @staticmethod
    def states(lines: list[str]) -> list[str]:
        return [
            f'#{number}: "{name}":500 STATE_MAIN_I1 (sent Main Mode request); RETRANSMIT in 0s; idle;'
            for number, name in (line.split() for line in lines)
        ]

    def said(self, command: c.Command) -> Sequence[str] | Ending:
        if isinstance(command, c.DeleteState):
            return []
        return self.turns.pop(0) if isinstance(command, c.ShowStates) else self.answers[command]


NARROW = "IKEv1+IKEV2_ALLOW_NARROWING"


@pytest.mark.parametrize("version", ["5.2", "5.3", "5.3.2"])
@pytest.mark.parametrize("name", ["n", "n/1x1"])
def test_the_ikev1_sa_of_one_with_narrowing_is_deleted_before_it(version: str, name: str) -> None:
    pluto = Narrowed(version, NARROW, [[f"7 {name}", "8 other"], ["8 other"]], name)
    assert pluto.look(request(c.Delete("n"))) is None
    assert pluto.asked == [c.ConnectionStatus("n"), c.ShowStates(), c.DeleteState(7), c.ShowStates()]


@pytest.mark.parametrize(("version", "names"), [("5.1", set()), ("5.2", {"n", "other"}), ("5.4", set())])
def test_each_connection_with_an_ikev1_sa_is_looked_at_before_it_is_loaded(
    version: str, names: set[str]
) -> None:
    """Also one that has no narrowing= in the configuration any more; on other releases nothing is asked."""
    pluto = Narrowed(version, NARROW, [["7 n/1x2", "8 other"]])
    assert pluto.drive(with_ikev1_sa(pluto, 10.0)) == names
    assert pluto.asked == ([c.ShowStates()] if names else [])


def test_one_with_narrowing_whose_ikev1_sa_comes_back_is_not_deleted() -> None:
    pluto = Narrowed("5.2", NARROW, [["7 n"], ["9 n"]])
    outcome = pluto.look(request(c.Delete("n")))
    assert outcome is not None
    assert outcome.result is Result.REFUSED
    assert "SA #9 comes back" in outcome.sentence
    assert "would kill pluto" in outcome.sentence


@pytest.mark.parametrize("policy", ["IKEv1", "IKEv2+IKEV2_ALLOW_NARROWING"])
def test_without_narrowing_or_with_ikev2_nothing_more_is_looked_at(policy: str) -> None:
    pluto = Narrowed("5.2", policy, [])
    assert pluto.look(request(c.Delete("n"))) is None
    assert pluto.asked == [c.ConnectionStatus("n")]


@pytest.mark.parametrize(
    ("version", "state", "cleared"),
    [
        ("5.2", None, True),
        ("5.2", "ESTABLISHED_IKE_SA (established IKE SA)", True),
        ("5.3.2", "STATE_MAIN_I1 (sent Main Mode request)", False),
        ("5.2", "STATE_AGGR_I1 (sent AI1)", False),
    ],
)
def test_where_no_ikev1_sa_is_there_one_look_does_for_all(
    version: str, state: str | None, cleared: bool
) -> None:
    lines = [] if state is None else [f'#3: "x":500 {state}; idle;']
    pluto = Scripted(find(version, seccomp=False), {c.ShowStates(): lines})
    asked = pluto.drive(look_for_all(pluto, request(c.Delete("")), 10.0))
    assert (guards_of(asked, pluto.release) == []) is cleared
    assert pluto.asked == [c.ShowStates()]


def test_where_nothing_is_dangerous_there_is_nothing_to_look_at() -> None:
    pluto = Scripted(find("4.10"), {})
    asked = request(c.Delete(""))
    assert pluto.drive(look_for_all(pluto, asked, 10.0)) is asked


def test_an_addition_is_looked_at_as_the_deletion_that_it_begins_with() -> None:
    pluto = Narrowed("5.3.2", NARROW, [["7 n"], []])
    assert pluto.drive(may_load(pluto, "n", 10.0)) is None
    assert c.DeleteState(7) in pluto.asked


# Certificates -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("known", "said"), [(False, "built with neither"), (None, "nothing tells whether")])
@pytest.mark.parametrize("command", [c.RereadAll(), c.FetchCrls()])
@pytest.mark.parametrize("version", ["5.3", "5.3.1", "5.3.2", "5.4"])
def test_nothing_is_fetched_by_a_pluto_that_cannot(
    version: str, command: c.Command, known: bool | None, said: str
) -> None:
    pluto = Scripted(find(version).built(fetching=known, seccomp=False), {})
    outcome = pluto.look(request(command))
    assert outcome is not None
    assert outcome.result is Result.REFUSED
    assert said in outcome.sentence
    assert pluto.asked == []


@pytest.mark.parametrize(
    ("lines", "refused"),
    [
        (listed('"T"', there="%any"), False),
        ([*listed('"T"', there="%any"), *listed('"T"[1]', made_from=1, serial=2)], True),
        (listed('"private#10.0.0.0/8"', there="%opportunistic", made_from=7), True),
        (listed('"plain#1"'), False),
        ([], False),
    ],
)
@pytest.mark.parametrize("command", [c.RereadAll(), c.RereadCerts()])
def test_certificates_are_not_read_again_with_an_instance(
    command: c.Command, lines: list[str], refused: bool
) -> None:
    """Scripted by the serials, as a plain name may hold # too."""
    pluto = Scripted(find("4.10"), {c.Status(): lines})
    outcome = pluto.look(request(command))
    assert (outcome is not None) is refused
    assert outcome is None or "would kill pluto" in outcome.sentence


# Names --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("lines", "done"), [([], True), (['000 #1 "a"\t192.1.2.45 <==> 192.1.2.77'], False)])
def test_with_nothing_loaded_there_is_no_name_to_look_up(lines: list[str], done: bool) -> None:
    pluto = Scripted(find("5.4", seccomp=False), {c.BriefConnectionStatus(): lines})
    outcome = pluto.look(request(c.RefreshDdns()))
    assert (outcome is not None) is done
    assert outcome is None or (outcome.result, outcome.ok) == (Result.DONE, True)
