"""One outcome follows from the events of an exchange and from its end: the rules, one by one."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autod.causes import ADVICE, Cause
from autod.events import Dropped, to_json
from autod.judging.judge import Judge
from autod.outcomes import OK, Outcome, Result, gather, with_usual_cause
from autod.protocol.exchange import Ending
from autod.protocol.replies import Prompt, Reply
from autod.recognise import recognise
from tests.helpers.transcripts import RELEASES, received

BEGUN = '181 "a" #1: initiating IKEv2 connection'
IKE_UP = (
    "003 \"a\" #1: initiator established IKE SA; authenticated peer using authby=secret and ID_FQDN '@east'"
)
UP = (
    '004 "a" #2: initiator established Child SA using #1; IPsec tunnel [10.0.0.1/32===10.0.1.1/32] '
    "{ESP=>0x0a <0x0b xfrm=AES_GCM_16_256 DPD=passive}"
)
AGAIN = '010 "a" #1: STATE_V2_PARENT_I1: retransmission; will wait 0.5 seconds for response'
IGNORED = (
    '003 "a" #1: dropping unexpected IKE_SA_INIT message containing NO_PROPOSAL_CHOSEN notification; '
    "message payloads: N; missing payloads: SA,KE,Ni"
)
SILENT = (
    '031 "a" #1: STATE_V2_PARENT_I1: 60 second timeout exceeded after 7 retransmits.  No response (or no '
    "acceptable response) to our first IKEv2 message"
)
REVIVED = '002 "a" #1: connection is supposed to remain up; revival attempt 1 scheduled in 0 seconds'
REFUSED = '003 "a" #2: IKE_AUTH response rejected Child SA with TS_UNACCEPTABLE'
OURS = '002 "a" #1: IKE SA established but initiator rejected Child SA response'


def judge(*lines: str, operation: str = "up", name: str | None = "a", **more: object) -> Judge:
    """A judge that has seen these lines, a second apart."""
    seen = Judge(operation, name, **more)  # type: ignore[arg-type]
    for number, line in enumerate(lines):
        seen.see(recognise(Reply(int(line[:3]), line[4:]), time=100.0 + number))
    return seen


def outcome(*lines: str, ending: Ending = Ending.EOF, **more: object) -> Outcome:
    """The outcome of these lines, ended like this."""
    return judge(*lines, **more).end(ending)  # type: ignore[arg-type]


def test_up_needs_the_connections_own_child_sa() -> None:
    """Neither a code, nor the IKE SA, nor another connection's Child SA is success."""
    assert outcome(BEGUN, IKE_UP, UP).result is Result.UP
    assert not outcome(BEGUN, IKE_UP).ok
    assert not outcome(BEGUN, UP.replace('"a"', '"b"')).ok
    assert not outcome(BEGUN, '004 "a" #1: something of code four').ok
    assert not outcome().ok


def test_up_carries_what_was_learnt() -> None:
    """Serial numbers, times, the telling lines, and nothing that would mislead."""
    seen = outcome(BEGUN, AGAIN, AGAIN, IKE_UP, UP)
    assert (seen.ike_sa, seen.child_sa, seen.retransmissions) == (1, 2, 2)
    assert (seen.started, seen.ended) == (100.0, 104.0)
    assert (seen.code, seen.left_behind, seen.retryable, seen.exit_status) == (None, None, False, 0)
    assert seen.sentence == '"a" is up: Child SA #2 on IKE SA #1'
    assert seen.lines == (UP[4:],)


def test_an_outcome_ends_with_the_stream() -> None:
    """`at` is when the stream ended, and began if nothing came."""
    seen = judge(BEGUN).end(Ending.EOF, at=160.0)
    assert (seen.started, seen.ended) == (100.0, 160.0)
    seen = judge(started=90.0).end(Ending.EOF, at=95.0)
    assert (seen.started, seen.ended) == (90.0, 95.0)
    assert judge().end(Ending.EOF).ended is None


@pytest.mark.parametrize(
    ("lines", "result", "code", "retryable"),
    [
        ((BEGUN, AGAIN, SILENT, REVIVED), Result.PEER_SILENT, 31, True),
        ((BEGUN, IGNORED, AGAIN, IGNORED, SILENT, REVIVED), Result.NO_PROPOSAL, 31, False),
        ((BEGUN, IKE_UP, REFUSED), Result.CHILD_REJECTED, None, False),
        ((BEGUN, IKE_UP, REFUSED.replace("TS_UN", "X_UN")), Result.CHILD_REJECTED, None, True),
        ((BEGUN, IKE_UP), Result.CHILD_REJECTED, None, True),
        (('036 "a" #1: encountered fatal error in state STATE_V2_PARENT_I1',), Result.FAILED, 36, True),
        (
            ('036 "a" #1: encountered fatal error in state STATE_V2_NEW_CHILD_I1',),
            Result.CHILD_REJECTED,
            36,
            True,
        ),
        (("024 need --listen before --initiate",), Result.NOT_LISTENING, 24, True),
        (('021 no connection named "a"',), Result.UNKNOWN, 21, False),
        (
            (
                '033 "a": we cannot identify ourselves with either end of this connection.  1 or 2 are not usable',
            ),
            Result.NOT_ORIENTED,
            33,
            False,
        ),
        (
            ('029 "a": cannot initiate connection without knowing peer IP address (kind=x)',),
            Result.REFUSED,
            29,
            False,
        ),
        (
            ("002 \"a\" #1: authentication failed: no PSK found for '@e'",),
            Result.AUTHENTICATION_FAILED,
            None,
            False,
        ),
        (('002 "a" #1: IKE SA authentication request rejected by peer: X',), Result.REJECTED, None, False),
        (
            (BEGUN, '002 "a" #1: deleting IKE SA (sent IKE_SA_INIT request)'),
            Result.DELETED_BY_OTHER,
            None,
            True,
        ),
        (('002 "a" #5: initiating Child SA using IKE SA #3',), Result.UNDECIDED, None, True),
        ((), Result.ALREADY_NEGOTIATING, None, True),
    ],
)
def test_each_way_to_fail_has_its_result(
    lines: tuple[str, ...], result: Result, code: int | None, retryable: bool
) -> None:
    """Result, pluto's code, whether it may pass, and an exit status that is not zero."""
    seen = outcome(*lines)
    assert (seen.result, seen.code, seen.retryable) == (result, code, retryable)
    assert not seen.ok
    assert seen.exit_status == (code or 1)
    assert seen.sentence.startswith('"a"')


def test_a_code_of_its_own_line_counts_before_or_after_its_text() -> None:
    """5.4 sends the text and the code of a refusal apart."""
    seen = outcome('000 no connection or alias named "a"', "021 ")
    assert (seen.result, seen.code, seen.exit_status) == (Result.UNKNOWN, 21, 21)
    seen = outcome(BEGUN, "051 ", "000" + SILENT[3:])
    assert (seen.result, seen.code, seen.exit_status) == (Result.PEER_SILENT, 51, 51)


def test_a_prompts_code_is_no_refusal() -> None:
    """040 and 041 are prompts up to 4.15."""
    seen = Judge("up", "a")
    seen.see(recognise(Prompt(41, '"a" #1: a prompt for Username:'), time=1.0))
    assert seen.end(Ending.EOF).code is None


@pytest.mark.parametrize(
    ("ending", "result", "status"),
    [
        (Ending.GONE, Result.PLUTO_GONE, 33),
        (Ending.DEADLINE, Result.DEADLINE, 124),
        (Ending.RESET, Result.UNDECIDED, 1),
        (Ending.CANCELLED, Result.CANCELLED, 1),
    ],
)
def test_an_end_that_pluto_did_not_mean(ending: Ending, result: Result, status: int) -> None:
    """What broke off has the result of how it did, for every operation; a Child SA that is up stays up."""
    for operation in ("up", "down", "add", "delete", "route", "listen", "rekey-ike"):
        seen = outcome(ending=ending, operation=operation)
        assert (seen.result, seen.exit_status, seen.retryable) == (result, status, True)
    assert outcome(BEGUN, AGAIN, ending=ending).result is result
    assert outcome(BEGUN, UP, ending=ending).result is Result.UP


def test_what_the_deadline_leaves_behind_is_said() -> None:
    """Giving up cancels nothing in pluto."""
    assert "goes on" in (outcome(BEGUN, AGAIN, ending=Ending.DEADLINE).left_behind or "")
    assert "goes on" in (outcome(BEGUN, ending=Ending.CANCELLED).left_behind or "")
    assert "tries again" in (outcome(BEGUN, SILENT, REVIVED).left_behind or "")
    assert outcome(BEGUN, UP).left_behind is None


def test_a_refusal_that_was_seen_says_more_than_the_deadline() -> None:
    """The peer's word stands, also where pluto does not act on it (5.2 keeps the stream open for ever)."""
    assert outcome(BEGUN, IKE_UP, OURS, ending=Ending.DEADLINE).result is Result.CHILD_REJECTED
    assert outcome(BEGUN, IGNORED, AGAIN, ending=Ending.DEADLINE).result is Result.NO_PROPOSAL


REFUSED = (
    '002 "a" #1: ERROR: asynchronous network error report on eth0 (192.0.2.1:500), complainant 192.0.2.2: '
    "Connection refused [errno 111, origin ICMP type 3 code 3 (not authenticated)]"
)
UNANSWERED = '010 "a" #1: STATE_V2_PARENT_I2: retransmission; will wait 0.5 seconds for response'


@pytest.mark.parametrize(
    ("lines", "cause", "part"),
    [
        ((BEGUN,), Cause.DEADLINE, "ask for the status, or wait longer"),
        ((BEGUN, AGAIN), Cause.PEER_SILENT, "so far the peer does not answer"),
        ((BEGUN, REFUSED, AGAIN), Cause.PORT_CLOSED, "nobody listens"),
        ((BEGUN, UNANSWERED), Cause.AUTH_UNANSWERED, "so far"),
    ],
)
def test_at_the_deadline_what_was_seen_so_far_is_the_cause(
    lines: tuple[str, ...], cause: Cause, part: str
) -> None:
    """A deadline shorter than pluto's own patience is usual; without it pluto would say the same a minute later."""
    seen = outcome(*lines, ending=Ending.DEADLINE)
    assert (seen.result, seen.cause, seen.exit_status, seen.retryable) == (Result.DEADLINE, cause, 124, True)
    assert "the deadline passed" in seen.sentence
    assert part in seen.sentence


def test_a_rejection_without_a_notification_does_not_hide_the_one_before() -> None:
    """5.2 gives the reason on one line and the fact on the next."""
    seen = outcome(
        BEGUN, IKE_UP, '002 "a" #2: CHILD SA failed: TEMPORARY_FAILURE', OURS, ending=Ending.DEADLINE
    )
    assert (seen.result, seen.notification, seen.retryable) == (
        Result.CHILD_REJECTED,
        "TEMPORARY_FAILURE",
        True,
    )


def test_decided_is_known_before_the_stream_ends() -> None:
    """As soon as nothing can change it, and not before."""
    assert judge(BEGUN, AGAIN, IKE_UP).decided is None
    assert judge(BEGUN, IGNORED, AGAIN).decided is None
    assert judge().decided is None
    for lines in (
        (BEGUN, UP),
        (BEGUN, IKE_UP, OURS),
        (BEGUN, SILENT),
        ("024 need --listen before --initiate",),
    ):
        seen = judge(*lines)
        decided = seen.decided
        assert decided is not None
        assert decided == seen.end(Ending.EOF)
    assert judge("024 need --listen before --route", operation="route").decided is not None
    assert judge(operation="route").decided is None


def test_lines_of_other_connections_do_not_count() -> None:
    """3.27 puts another connection's errors into a stream; they are no evidence."""
    stray = (
        SILENT.replace('"a" #1', '"b" #9'),
        REFUSED.replace('"a"', '"b"'),
        '036 "b" #9: encountered fatal error in state STATE_MAIN_I1',
        '002 "b" #9: deleting IKE SA (ESTABLISHED_IKE_SA)',
    )
    seen = outcome(BEGUN, *stray, IKE_UP, UP)
    assert seen.result is Result.UP
    assert seen.lines == (UP[4:],)
    assert outcome(*stray).result is Result.ALREADY_NEGOTIATING


def test_the_owner_of_the_ike_sa_speaks_for_the_child_on_it() -> None:
    """A Child SA's request is retransmitted, and given up, in the name of the connection that owns the IKE SA."""
    child = '002 "a" #5: initiating Child SA using IKE SA #3'
    again = '010 "b" #3: ESTABLISHED_IKE_SA: retransmission; will wait 0.5 seconds for response'
    gave_up = '051 "b" #3: ESTABLISHED_IKE_SA: 60 second timeout exceeded after 7 retransmits.  No response'
    assert outcome(child, again, again, ending=Ending.DEADLINE).retransmissions == 2
    assert outcome(child, again, gave_up).result is Result.PEER_SILENT
    assert outcome(child, gave_up.replace("#3", "#4")).result is Result.UNDECIDED


def test_one_that_waits_shares_the_fate_of_the_ike_sa() -> None:
    """A queued Child SA is told in few words, or in none, how the IKE SA did that it waited for."""
    queued = '000 "a": queue Child SA; waiting on IKE SA "b" #3 negotiating with 192.0.2.96'
    retried = '000 "a": starting keying attempt 2 of an unlimited number for IKE SA, but releasing whack for pending x'
    refused = '000 "a": Authentication failed for IKE SA, but releasing whack for pending IPSEC SA'
    assert outcome(queued, retried).result is Result.PEER_SILENT
    assert outcome(queued, refused).result is Result.AUTHENTICATION_FAILED
    assert outcome(queued).result is Result.DELETED_BY_OTHER
    assert outcome(queued).needs_state


def test_an_ikev1_refusal_counts_by_what_was_negotiated() -> None:
    """NO_PROPOSAL_CHOSEN comes unauthenticated; it is the Child SA's, once there is an IKE SA."""
    told = '002 "a" #1: ignoring informational payload NO_PROPOSAL_CHOSEN, msgid=00000000, length=12'
    main = '031 "a" #1: STATE_MAIN_I1: 60 second timeout exceeded after 7 retransmits.  No response'
    quick = '031 "a" #2: STATE_QUICK_I1: 9 second timeout exceeded after 7 retransmits.  perhaps peer likes no proposal'
    ike = '004 "a" #1: IKE SA established {auth=PRESHARED_KEY cipher=AES_CBC_256 integ=HMAC_SHA1 group=MODP2048}'
    assert outcome(told, main).result is Result.NO_PROPOSAL
    assert outcome(ike, told, quick).result is Result.CHILD_REJECTED
    assert outcome(ike, told, quick).notification == "NO_PROPOSAL_CHOSEN"


def test_an_alias_is_up_when_all_its_members_are() -> None:
    """The members come from the lines, or from the caller."""
    b_up = UP.replace('"a" #2', '"b" #4')
    begun = (BEGUN, BEGUN.replace('"a" #1', '"b" #3'))
    old, new = "000 initiating all conns with alias='grp'", '000 initiating all connections with alias "grp"'
    count = "002 initiating 2 connections"
    for lines in ((old, *begun, UP, b_up), (new, *begun, count, UP, b_up)):
        seen = outcome(*lines, name="grp")
        assert (seen.result, seen.ok, len(seen.members)) == (Result.UP, True, 2)
        assert [member.connection for member in seen.members] == ["a", "b"]
    seen = outcome(old, *begun, UP, name="grp")
    assert (seen.ok, seen.exit_status, [member.ok for member in seen.members]) == (False, 1, [True, False])
    seen = outcome(new, BEGUN, count, UP, name="grp")
    assert not seen.ok, "the second member was never seen"
    seen = outcome(BEGUN, UP, name="grp", members=("a", "b"))
    assert (seen.ok, len(seen.members)) == (False, 2)
    assert outcome(BEGUN, UP, b_up, name="grp", members=("a", "b")).ok


def test_an_alias_is_decided_when_all_its_members_are() -> None:
    """If their number is told, or they are. One that stands for nothing is not."""
    b_begun, b_up = BEGUN.replace('"a" #1', '"b" #3'), UP.replace('"a" #2', '"b" #4')
    new = ('000 initiating all connections with alias "grp"', BEGUN, b_begun, "002 initiating 2 connections")
    assert judge(*new, UP, name="grp").decided is None
    seen = judge(*new, UP, b_up, name="grp")
    assert seen.decided == seen.end(Ending.EOF)
    assert judge(BEGUN, UP, name="grp", members=("a", "b")).decided is None
    assert judge(BEGUN, UP, b_begun, b_up, name="grp", members=("a", "b")).decided is not None
    told_later = judge(name="grp")
    told_later.know(())
    assert told_later.decided is None


def test_an_alias_of_one_has_its_own_name() -> None:
    seen = outcome("000 initiating all conns with alias='grp'", BEGUN, UP, name="grp")
    assert (seen.connection, seen.result) == ("grp", Result.UP)


def test_an_alias_is_not_made_of_those_who_stray_in() -> None:
    """The owner of the IKE SA retransmits in its own name, and is no member for it."""
    again = '010 "z" #3: STATE_V2_ESTABLISHED_IKE_SA: retransmission; will wait 0.5 seconds for response'
    seen = outcome("000 initiating all conns with alias='grp'", BEGUN, again, UP, name="grp")
    assert seen.ok
    assert seen.members == ()


def test_an_alias_that_is_none_is_unknown() -> None:
    """Up to 4.15 pluto says that it initiates the alias before it finds that there is none."""
    seen = outcome("000 initiating all conns with alias='a'", '021 no connection named "a"')
    assert (seen.result, seen.exit_status) == (Result.UNKNOWN, 21)
    assert seen == judge("000 initiating all conns with alias='a'", '021 no connection named "a"').decided


def test_subnets_of_one_connection_count_as_members() -> None:
    """leftsubnets= makes "a/1x1" and "a/1x2" of "a"; both must come up."""
    first, second = (UP.replace('"a" #2', f'"a/1x{n}" #{n}') for n in (1, 2))
    begun = '002 "a/1x2" #2: initiating Child SA using IKE SA #1'
    assert outcome(first, begun, second).ok
    assert not outcome(first, begun).ok


def test_asynchronous_asks_for_a_beginning_only() -> None:
    """Accepted, where pluto has it in hand; a refusal is one all the same."""
    assert outcome(BEGUN, asynchronous=True).result is Result.ACCEPTED
    assert outcome(asynchronous=True).result is Result.ACCEPTED
    pending = '002 "a": connection already has the pending Child SA negotiation #7 using IKE SA #8'
    assert outcome(pending, asynchronous=True).result is Result.ACCEPTED
    assert outcome(pending).result is Result.ALREADY_NEGOTIATING
    assert outcome(BEGUN, UP, asynchronous=True).result is Result.UP
    assert outcome('021 no connection named "a"', asynchronous=True).result is Result.UNKNOWN
    assert outcome("024 need --listen before --initiate", asynchronous=True).result is Result.NOT_LISTENING


def test_what_is_not_told_is_settled_by_the_state() -> None:
    """An outcome that needs the state becomes up, or stays what it was, for certain."""
    unsure = outcome()
    assert unsure.needs_state
    up = unsure.settled(True, ike_sa=8, child_sa=9)
    assert (up.result, up.ok, up.needs_state, up.ike_sa, up.child_sa, up.exit_status) == (
        Result.UP,
        True,
        False,
        8,
        9,
        0,
    )
    down = unsure.settled(False)
    assert (down.result, down.ok, down.needs_state) == (Result.ALREADY_NEGOTIATING, False, False)


def test_deleting_what_is_absent_is_done_and_taking_it_down_is_not() -> None:
    """Delete asks for absence; down asks for a connection that is down."""
    for unknown in ('021 no connection or alias named "a"\'', '000 no connection or alias named "a"'):
        assert outcome(unknown, "021 ", operation="delete").ok
        assert outcome(unknown, "021 ", operation="delete").exit_status == 0
        assert outcome(unknown, "021 ", operation="down").result is Result.UNKNOWN


def test_down_without_a_word_needs_the_state() -> None:
    """4.x passes over an unknown name in silence, 5.x over a connection that is down."""
    assert outcome(operation="down").needs_state
    assert not outcome('002 "a": terminating SAs using this connection', operation="down").needs_state


def test_loading_is_believed_when_pluto_says_so() -> None:
    """A refusal has its reason in the sentence; silence is no success."""
    assert outcome('002 "a": added IKEv2 connection', operation="add").result is Result.LOADED
    assert outcome('002 added connection description "a"', operation="add").result is Result.LOADED
    seen = outcome('056 "a": failed to add connection: right= is not set', operation="add")
    assert (seen.result, seen.exit_status) == (Result.LOAD_FAILED, 56)
    assert "right= is not set" in seen.sentence
    assert outcome(operation="add").result is Result.UNDECIDED
    reason = "023 address family inconsistency in this/that connection"
    last = '036 Failed to load connection "a": attempt to load incomplete connection'
    seen = outcome(reason, last, operation="add")
    assert (seen.result, seen.code) == (Result.LOAD_FAILED, 36)
    assert "address family" in seen.sentence


def test_the_first_refusal_has_the_reason() -> None:
    """4.10 says why, and then once more that it is so."""
    why = '029 "a": cannot initiate connection (serial $2) without knowing peer IP address (kind=CK_TEMPLATE)'
    seen = outcome(why, '036 "a": failed to initiate connection')
    assert (seen.result, seen.code) == (Result.REFUSED, 36)
    assert "without knowing peer IP address" in seen.sentence
    here = '022 "a": we cannot identify ourselves with either end of this connection.  Neither is usable'
    seen = outcome(here, '036 "a": failed to initiate connection')
    assert (seen.result, seen.exit_status) == (Result.NOT_ORIENTED, 36)
    seen = outcome(
        '025 "a": cannot route template policy of PSK', '025 "a": could not route', operation="route"
    )
    assert (seen.result, seen.exit_status) == (Result.REFUSED, 25)
    assert "template policy" in seen.sentence


def test_shutdown_is_done_when_pluto_is_gone() -> None:
    """What is a failure for all else was asked for here."""
    assert outcome(operation="shutdown", name=None, ending=Ending.GONE).ok
    assert outcome(operation="shutdown", name=None).ok


def test_an_unknown_operation_is_done_unless_refused() -> None:
    """Lists, rereads and the like end without a word; a code tells of a refusal."""
    assert outcome("002 forgetting secrets", operation="rereadsecrets", name=None).result is Result.DONE
    seen = outcome("056 FIPS says no", operation="whatever", name=None)
    assert (seen.result, seen.exit_status) == (Result.REFUSED, 56)


def test_dropped_events_are_counted() -> None:
    """Our own buffer's losses show in the outcome."""
    seen = judge(BEGUN)
    seen.see(Dropped(time=101.0, count=7))
    assert seen.end(Ending.EOF).dropped == 7


def test_gather_names_what_failed() -> None:
    """Ok if all are; one sentence with the names that are not; retryable if all of those are."""
    good, bad = outcome(BEGUN, UP), outcome(BEGUN, SILENT)
    both = gather("up", "all", (good, bad))
    assert (both.ok, both.exit_status, both.result) == (False, 1, Result.PEER_SILENT)
    assert "1 of 2" in both.sentence
    assert both.retryable
    assert gather("up", "all", (good, good)).result is Result.UP
    mixed = gather("up", "all", (bad, outcome('021 no connection named "a"')))
    assert (mixed.result, mixed.retryable) == (Result.FAILED, False)


def test_an_outcome_renders_like_an_event() -> None:
    """One JSON object with the tag `outcome` and stable keys."""
    rendered = json.loads(to_json(outcome(BEGUN, SILENT)))
    assert rendered["event"] == "outcome"
    assert (rendered["operation"], rendered["connection"], rendered["result"], rendered["ok"]) == (
        "up",
        "a",
        "peer_silent",
        False,
    )


LINES = [line.reply for release in RELEASES for _, line in received(release)]


@given(
    st.lists(st.sampled_from(LINES), max_size=12),
    st.sampled_from(["up", "down", "add", "delete", "route", "unroute", "rekey-ike", "shutdown", "list"]),
    st.sampled_from([None, "t01", "grp", "badpsk"]),
    st.sampled_from(Ending),
    st.booleans(),
)
def test_any_stream_has_an_outcome(
    replies: list[Reply], operation: str, name: str | None, ending: Ending, asynchronous: bool
) -> None:
    """Lines of any releases in any order come to one outcome with a sentence, and what is decided stays so."""
    seen = Judge(operation, name, asynchronous=asynchronous)
    for number, reply in enumerate(replies):
        seen.see(recognise(reply, time=float(number)))
        if operation == "up" and seen.decided is not None and seen.decided.result is Result.UP:
            assert any("established" in other.text for other in replies[: number + 1])
    ended = seen.end(ending)
    assert ended.sentence
    assert (ended.exit_status == 0) is ended.ok
    assert json.loads(to_json(ended))["result"] == ended.result.value


@pytest.mark.parametrize("result", list(Result))
def test_what_is_not_plutos_has_the_usual_cause(result: Result) -> None:
    """What failed has one that comes to this result, and who found it; what is so has none."""
    one = with_usual_cause(
        Outcome(operation="up", connection="a", result=result, ok=result in OK, sentence="")
    )
    if one.ok:
        assert (one.cause, one.found_by, one.advice) == (None, None, None)
    else:
        assert one.cause is not None
        assert ADVICE[one.cause].result == result
        assert one.found_by is not None
        assert one.advice == ADVICE[one.cause].advice
