"""Each recorded exchange has the outcome that it had, and the same one on every release."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import pytest

from autod.judging.judge import Judge
from autod.outcomes import Outcome, Result
from autod.protocol.exchange import Ending
from autod.recognise import recognise
from tests.helpers.transcripts import RELEASES, Case, cases


@dataclass(frozen=True)
class Expected:
    """What a case comes to: on every release, but for those in `but`, each with the reason beside it."""

    operation: str
    name: str | None
    result: Result
    asynchronous: bool = False
    notification: str | None = None
    retryable: bool | None = None
    but: dict[str, Result] = field(default_factory=dict)


def up(name: str, result: Result = Result.UP, **more: object) -> Expected:
    return Expected("up", name, result, **more)  # type: ignore[arg-type]


def begun(name: str, result: Result = Result.ACCEPTED, **more: object) -> Expected:
    return Expected("up", name, result, asynchronous=True, **more)  # type: ignore[arg-type]


# 4.10 and 4.15 stay to the end of an asynchronous up, if the IKE SA is there
STAYS = {"4.10": Result.UP, "4.15": Result.UP}
# 3.27 neither answers nor closes while a Child SA of the connection is negotiated, or behind one that was refused
HANGS = {"3.27": Result.DEADLINE}
SILENT = {"result": Result.PEER_SILENT, "retryable": True}
LOST = {"result": Result.DELETED_BY_OTHER, "retryable": True}
AUTH = {"result": Result.AUTHENTICATION_FAILED, "notification": "AUTHENTICATION_FAILED", "retryable": False}
IKE = {"result": Result.NO_PROPOSAL, "notification": "NO_PROPOSAL_CHOSEN", "retryable": False}
ESP = {"result": Result.CHILD_REJECTED, "notification": "NO_PROPOSAL_CHOSEN", "retryable": False}
TS = {"result": Result.CHILD_REJECTED, "notification": "TS_UNACCEPTABLE", "retryable": False}
BUSY = {"result": Result.ALREADY_NEGOTIATING, "retryable": True}

CASES: dict[str, Expected] = {
    "sync up, success (IKE+child)": up("t01"),
    "sync up, already up": up("t01"),
    "sync up, second child on the same IKE SA": up("t02"),
    "whack --name t01 --initiate": up("t01"),
    "whack --name t03 --initiate": up("t03"),
    "half-closed (SHUT_WR) sync up t34": up("t34"),
    "sync up alias of 3 conns": up("grp"),
    "sync up cca0 (own IKE SA)": up("cca0"),
    "sync up ccb0 (own IKE SA)": up("ccb0"),
    "sync up defv (no IKE version keyword at all: the default of this release)": up("defv"),
    "sync up v1ok (IKEv1 main mode PSK)": up("v1ok"),
    "sync up v1ok again (already up)": up("v1ok"),
    "sync up v1ok2, same peer (Quick Mode on the existing ISAKMP SA)": up("v1ok2"),
    "sync up v1ag (IKEv1 aggressive mode)": up("v1ag"),
    **{f"5 concurrent children on existing IKE: t1{n}": up(f"t1{n}") for n in range(1, 6)},
    **{f"5 concurrent sync ups, no IKE SA yet (shared ids): q{n}": up(f"q{n}") for n in range(1, 6)},
    **{f"5 concurrent sync ups, no IKE SA yet (shared ids): t2{n}": up(f"t2{n}") for n in range(1, 6)},
    "A: concurrent sync up t10": up("t10"),
    # B came first there
    "A: concurrent sync up t10, IKE SA exists": up("t10", but={"5.3.2": Result.ALREADY_NEGOTIATING}),
    "A: sync up t16, IKE SA exists": up("t16"),
    "B: sync up cca1, good, same IKE SA, 1s later": up("cca1", but=HANGS),
    "--asynchronous up on existing IKE": begun("t04", but=STAYS),
    "whack --name t05 --asynchronous --initiate": begun("t05", but=STAYS),
    "--asynchronous up alias of 3 conns, all up already": begun("grp", but=STAYS),
    "--asynchronous up v1ok2 on the existing ISAKMP SA": begun("v1ok2"),
    "--asynchronous up, new IKE SA": begun("asn"),
    "--asynchronous up badpsk": begun("badpsk"),
    "async up badpsk": begun("badpsk"),
    "--asynchronous up of silent5 (first still pending)": begun("silent5"),
    "async up": begun("silent5"),
    "--asynchronous up unknown": begun("nosuch", Result.UNKNOWN, retryable=False),
    "whack --name nosuch --asynchronous --initiate": begun("nosuch", Result.UNKNOWN),
    "sync up unknown": up("nosuch", Result.UNKNOWN, retryable=False),
    "whack --name nosuch --initiate": up("nosuch", Result.UNKNOWN),
    # these three were not loaded on the two releases where they were asked for
    "sync --initiate v1sil": up("v1sil", Result.UNKNOWN),
    "sync up IKEv1 ok": up("v1ok", Result.UNKNOWN),
    "sync up IKEv1 again": up("v1ok", Result.UNKNOWN),
    "sync up t34 while not listening": up("t34", Result.NOT_LISTENING, retryable=True),
    "sync up badpsk (bad PSK)": up("badpsk", **AUTH),
    "sync up badid (unknown peer id)": up("badid", **AUTH),
    "sync --initiate badpsk": up("badpsk", **AUTH),
    "sync --initiate badid": up("badid", **AUTH),
    "whack --name badpsk --initiate": up("badpsk", **AUTH),
    "whack --name badid --initiate": up("badid", **AUTH),
    # IKEv1 has no way to say so: the third message stays unanswered
    "sync up v1bad (IKEv1, bad PSK, retransmit-timeout=10s)": up(
        "v1bad", Result.AUTHENTICATION_FAILED, retryable=True
    ),
    "sync up tsun (TS_UNACCEPTABLE in IKE_AUTH)": up("tsun", **TS),
    "sync --initiate tsun": up("tsun", **TS),
    "whack --name tsun --initiate": up("tsun", **TS),
    "sync up espbad (NO_PROPOSAL_CHOSEN for the child, in IKE_AUTH)": up("espbad", **ESP),
    "sync --initiate espbad": up("espbad", **ESP),
    "whack --name espbad --initiate": up("espbad", **ESP),
    "A: sync up ccatsun (TS_UNACCEPTABLE in CREATE_CHILD_SA on the IKE SA of cca0, retransmit-timeout=10s)": up(
        "ccatsun", **TS
    ),
    "sync up ccbesp (no ESP proposal in common, CREATE_CHILD_SA on the IKE SA of ccb0, retransmit-timeout=10s)": up(
        "ccbesp", **ESP
    ),
    # the peer took it after all; on 5.2 our own kernel had a policy of badpsk in the way
    "sync --initiate noprop": up("noprop", but={"5.2": Result.CHILD_REJECTED}),
    "whack --name noprop --initiate": up("noprop"),
    # on 5.3.2 and 5.4 the peer does not answer main mode to its end, which looks like a wrong secret
    "sync up v1esp (IKEv1, no ESP proposal in common, retransmit-timeout=10s)": up(
        "v1esp",
        Result.CHILD_REJECTED,
        retryable=True,
        but={"5.3.2": Result.AUTHENTICATION_FAILED, "5.4": Result.AUTHENTICATION_FAILED},
    ),
    "sync up noconn (peer has no matching connection for this address pair and version, retransmit-timeout=10s)": up(
        "noconn", **IKE
    ),
    "sync up ikebad (no IKE proposal in common, retransmit-timeout=10s)": up("ikebad", **IKE),
    "sync --initiate noport": up("noport", **IKE),
    "sync up silent1 (silent peer, default retransmit-timeout)": up("silent1", **SILENT),
    "sync up silk1 (silent peer, retransmit-timeout=10s keyingtries=1)": up("silk1", **SILENT),
    "sync up silt10 (silent peer, retransmit-timeout=10s)": up("silt10", **SILENT),
    "sync up noarp (no host at this address, retransmit-timeout=10s)": up("noarp", **SILENT),
    "sync up v1t10 (IKEv1, silent peer, retransmit-timeout=10s)": up("v1t10", **SILENT),
    **{
        f"sync --initiate {name}": up(name, **SILENT)
        for name in ("silent1", "silk1", "silk2", "silt10", "noarp")
    },
    "whack --name silent9 --initiate": up("silent9", **SILENT),
    "B: concurrent sync up t10": up("t10", **BUSY),
    "B: concurrent sync up t10, IKE SA exists": up("t10", **BUSY, but={**HANGS, "5.3.2": Result.UP}),
    # 3.32 may negotiate one Child SA more
    "B: sync up t16, 0.12 s after A": up("t16", **BUSY, but={**HANGS, "3.32": Result.UP}),
    "B: second sync up of silent4 1s later": up("silent4", **BUSY),
    "B: second sync up of silent4 1s later (first still pending)": up("silent4", **BUSY),
    "A: first of two sync ups of silent4; down after 4s": up("silent4", **LOST),
    "A: first of two sync ups of silent4; down after 6s": up("silent4", **LOST),
    "A: sila (shared unreachable IKE); delete sila after 3s, silb deleted after 6 s": up("sila", **LOST),
    "A: sila (shared unreachable IKE); delete sila after 4s, silb deleted after 8 s": up("sila", **LOST),
    # 3.27 does not say that it waits
    "B: silb, pending on the IKE of sila": up("silb", **LOST, but={"3.27": Result.ALREADY_NEGOTIATING}),
    "A: sync up silent2; other client deletes it after 1.5s": up("silent2", **LOST),
    "A: sync up silent3; other client --down after 1.5s": up("silent3", **LOST),
    "A: sync up silent3; other client --terminate after 1.5s": up("silent3", **LOST),
    "A: sync up silent5, then --asynchronous up 1s later; down after 3s": up("silent5", **LOST),
    "A: sync up silent5, then --asynchronous up 1s later; down after 4s": up("silent5", **LOST),
    "A: sync up silent7; --shutdown after 1.5s": up("silent7", **LOST),
    **{
        f"--{verb} {of}{name}": Expected("down", name, Result.DOWN)
        for verb in ("down", "terminate")
        for of in ("of ", "")
        for name in ("defv", "v1ag", "v1ok", "v1ok2", "silent4", "silent5")
    },
    "down": Expected("down", "silent4", Result.DOWN),
    "other client: --down": Expected("down", "silent3", Result.DOWN),
    "other client: --down silent3": Expected("down", "silent3", Result.DOWN),
    "other client: --terminate": Expected("down", "silent3", Result.DOWN),
    "other client: --terminate silent3": Expected("down", "silent3", Result.DOWN),
    "delete sila": Expected("delete", "sila", Result.DELETED),
    "delete silb": Expected("delete", "silb", Result.DELETED),
    "other client: --delete": Expected("delete", "silent2", Result.DELETED),
    "other client: --delete silent2": Expected("delete", "silent2", Result.DELETED),
    "--shutdown": Expected("shutdown", None, Result.DONE),
    "whack --briefstatus while several SAs negotiate": Expected("briefstatus", None, Result.DONE),
    "whack --showstates while several SAs negotiate": Expected("showstates", None, Result.DONE),
    "whack --status (state and total lines only) while several SAs negotiate": Expected(
        "status", None, Result.DONE
    ),
}


CAUSES = (
    ("up unknown|v1sil|IKEv1 ok|IKEv1 again|nosuch", "unknown_name"),
    ("not listening", "not_listening"),
    ("badpsk|badid|v1bad", "authentication"),
    ("ikebad|noconn|noport", "ike_proposal"),
    ("espbad|ccbesp", "child_proposal"),
    ("tsun", "traffic_selectors"),
    ("noprop", "kernel"),
    # 5.3.2 and 5.4 guess so, as the peer fell silent before Quick Mode
    ("v1esp", "child_refused authentication"),
    # what the network said does not reach 3.27
    ("noarp", "unreachable peer_silent"),
    ("v1t10", "ikev1_unanswered"),
    (r"^A: .*(sil|silent)\w*.*(down|delete|shutdown|terminate)", "taken_down"),
    # 3.27 does not say that it waits
    ("^B: silb", "ike_sa_gone negotiating"),
    # 3.27 holds the stream open
    ("^[AB]: .*(t10|t16|cca1|silent4)|already|still pending", "negotiating deadline"),
    ("silent|silk|silt", "peer_silent"),
)
"""Words in the title of what failed, the first that fit, and the causes that are right."""


def judged(case: Case, expected: Expected) -> Outcome:
    """The judge's outcome of a recorded exchange."""
    judge = Judge(expected.operation, expected.name, asynchronous=expected.asynchronous)
    for line in case.lines:
        judge.see(recognise(line.reply, time=1000.0 + line.at))
    return judge.end(Ending.EOF if case.closed else Ending.DEADLINE)


@pytest.mark.parametrize("release", RELEASES)
def test_every_case_has_its_outcome(release: str) -> None:
    """Every titled case of a release comes to what it came to."""
    wrong = []
    for case in cases(release, "up-lifecycle"):
        expected = CASES[case.title]
        outcome = judged(case, expected)
        result = expected.but.get(case.release, expected.result)
        met = outcome.result is result
        if result is expected.result:
            met = met and expected.notification in (None, outcome.notification)
            met = met and expected.retryable in (None, outcome.retryable)
        if not met:
            wrong.append(f"{case.title}: {outcome.sentence}")
    assert not wrong


@pytest.mark.parametrize("release", RELEASES)
def test_exit_status_is_zero_only_where_it_came_to_what_was_asked(release: str) -> None:
    """Zero means that it is so; else it is pluto's own code, or one of ours."""
    wrong = []
    for case in cases(release, "up-lifecycle"):
        outcome = judged(case, CASES[case.title])
        codes = {line.reply.code for line in case.lines} - {None}
        refused = case.status and codes and not outcome.ok and outcome.result is not Result.DEADLINE
        if (outcome.exit_status == 0) is not outcome.ok or (refused and outcome.exit_status != case.status):
            wrong.append(f"{case.title}: {outcome.exit_status}, not {case.status}")
    assert not wrong


def test_every_failure_has_its_cause() -> None:
    """Each exchange that failed, of all releases; the figures of each are printed."""
    wrong = []
    for release in RELEASES:
        failed = [(case, judged(case, CASES[case.title])) for case in cases(release, "up-lifecycle")]
        failed = [(case, outcome) for case, outcome in failed if not outcome.ok]
        before = len(wrong)
        for case, outcome in failed:
            causes = next((causes for words, causes in CAUSES if re.search(words, case.title)), "")
            if outcome.cause not in causes.split():
                wrong.append(f"{release}, {case.title}: {outcome.cause}, not {causes}")
        print(f"{release}: {len(failed) - (len(wrong) - before)} of {len(failed)} causes are right")
    assert not wrong


def test_every_case_of_the_table_was_recorded() -> None:
    """The table holds no case that no release has."""
    recorded = {case.title for release in RELEASES for case in cases(release, "up-lifecycle")}
    table = {title for title in CASES if not title.startswith(("--down", "--terminate"))}
    assert table <= recorded
