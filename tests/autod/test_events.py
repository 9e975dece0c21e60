"""Lines become typed events: prefix, fields, JSON and log, for any text whatever."""

from __future__ import annotations

import functools
import json
import operator
import re
import time as clock
from typing import Any

import msgspec
import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from autod import events, log
from autod.events import (
    AliasExpanded,
    AlreadyNegotiating,
    BothEndsHere,
    ChildEstablished,
    ChildRejected,
    Deleted,
    Deleting,
    Event,
    Fatal,
    IkeEstablished,
    IkeRejected,
    InitiateFailed,
    Initiating,
    Loaded,
    LoadFailed,
    Log,
    Negotiated,
    NetworkError,
    NotListening,
    NotOriented,
    Prompted,
    Queued,
    RefusalCode,
    Refused,
    Rekeyed,
    Retransmission,
    RetransmitTimeout,
    RetryScheduled,
    RouteRefused,
    Sent,
    Traffic,
    Unknown,
    Warned,
    Xauth,
    kind,
    to_json,
)
from autod.outcomes import OK, Outcome, Result
from autod.protocol.replies import Prompt, Reply
from autod.recognise import COMMON, parse, recognise
from autod.recognise.known import ROWS as OTHERS

ROWS = (*COMMON, *OTHERS)
KINDS = [value for value in vars(events).values() if isinstance(value, type) and issubclass(value, Event)]

# text -> kind and the fields that matter; those without a recorded line are known from the sources of the release
PHRASES: list[tuple[str, type[Event], dict[str, Any]]] = [
    # told in the name of the Child SA, or of the IKE SA that it is on
    ('"a" #5: initiating Child SA using IKE SA #3', Initiating, {"sa": "child", "ike_sa": 3, "child_sa": 5}),
    (
        '"a" #7: initiating rekey to replace Child SA #5 using IKE SA #3',
        Initiating,
        {"sa": "child", "replaces": 5, "ike_sa": 3, "child_sa": 7},
    ),
    (
        '"a" #2: STATE_V2_CREATE_I: sent IPsec Child req wait response',
        Sent,
        {"message": "CREATE_CHILD_SA", "child_sa": 2},
    ),
    (
        '"a" #2: STATE_QUICK_I1: retransmission; will wait 0.5 seconds for response',
        Retransmission,
        {"wait": 0.5, "child_sa": 2},
    ),
    (
        '"a" #1: STATE_MAIN_I1: retransmission; will wait 4 seconds for response',
        Retransmission,
        {"wait": 4.0, "ike_sa": 1},
    ),
    (
        '"a" #1: retransmitting new Child SA request; will wait 1 second for response',
        Retransmission,
        {"wait": 1.0, "ike_sa": 1},
    ),
    (
        '"a" #1: STATE_V2_PARENT_I1: 60 second timeout exceeded after 7 retransmits.  No response (or no acceptable '
        "response) to our first IKEv2 message",
        RetransmitTimeout,
        {"after": 60.0, "retransmits": 7, "exchange": "IKE_SA_INIT", "suspected": None, "ike_sa": 1},
    ),
    (
        '"a" #2: STATE_QUICK_I1: 10 second timeout exceeded after 5 retransmits.  No acceptable response to our first '
        "Quick Mode message: perhaps peer likes no proposal",
        RetransmitTimeout,
        {"exchange": "QUICK_MODE", "suspected": "proposal", "child_sa": 2},
    ),
    (
        '"b": queue Child SA; waiting on IKE SA "a" #73 negotiating with 192.0.2.96',
        Queued,
        {"connection": "b", "owner": "a", "ike_sa": 73, "peer": "192.0.2.96"},
    ),
    (
        '"b": queue Child SA; waiting on IKE SA "a"[2] 192.0.2.7 #73 negotiating with 192.0.2.7',
        Queued,
        {"owner": "a", "ike_sa": 73},
    ),
    (
        '"b": queuing pending IPsec SA negotiating with 192.0.2.96 IKE SA #73 "a"',
        Queued,
        {"owner": "a", "ike_sa": 73, "peer": "192.0.2.96"},
    ),
    (
        '"a": connection already has the pending Child SA negotiation #47 using IKE SA #8',
        AlreadyNegotiating,
        {"child_sa": 47, "ike_sa": 8},
    ),
    (
        '"a" #1: connection is supposed to remain up; revival attempt 2 scheduled in 5 seconds',
        RetryScheduled,
        {"attempt": 2, "delay": 5.0},
    ),
    ('"a" #1: starting keying attempt 2 of at most 3, but releasing whack', RetryScheduled, {"attempt": 2}),
    (
        "\"a\" #1: initiator established IKE SA; authenticated peer certificate 'CN=east' and RSASSA-PSS with SHA2_512 "
        "signature issued by 'CN=ca'",
        IkeEstablished,
        {"peer_id": "CN=east", "ike_sa": 1},
    ),
    (
        "\"a\" #1: initiator established IKE SA; authenticated using RSA with SHA2_512 and peer certificate 'CN=east'",
        IkeEstablished,
        {"peer_id": "CN=east"},
    ),
    (
        '"a" #2: initiator established Child SA using #1; IPsec transport [192.0.2.1/32===192.0.2.2/32] '
        "{ESPinUDP/ESN=>0x0a <0x0b xfrm=AES_CBC_128-HMAC_SHA1_96 NATD=192.0.2.2:4500 DPD=active username=bob}",
        ChildEstablished,
        {
            "mode": "transport",
            "spi_out": "0x0a",
            "spi_in": "0x0b",
            "local": "192.0.2.1/32",
            "remote": "192.0.2.2/32",
            "protocol": "ESP",
            "algorithms": "AES_CBC_128-HMAC_SHA1_96",
            "dpd": "active",
            "username": "bob",
            "ike_sa": 1,
            "child_sa": 2,
        },
    ),
    (
        '"a" #2: initiator established Child SA using #1; IPsec tunnel [10.0.0.0-10.0.0.255:0-65535 0] -> '
        "[10.0.1.0-10.0.1.9:0-65535 0] {AH=>0x0a <0x0b xfrm=HMAC_SHA1_96 DPD=passive}",
        ChildEstablished,
        {"local": "10.0.0.0/24", "remote": "10.0.1.0-10.0.1.9", "protocol": "AH"},
    ),
    (
        '"a" #2: initiator established Child SA using #1; IPsec tunnel [10.0.0.1-10.0.0.1:80-80 6] -> '
        "[10.0.1.1-10.0.1.1:0-65535 6] {ESP=>0x0a <0x0b xfrm=AES_GCM_16_256-NONE DPD=passive}",
        ChildEstablished,
        {"local": "10.0.0.1-10.0.0.1:80-80 6", "remote": "10.0.1.1-10.0.1.1:0-65535 6"},
    ),
    (
        '"a" #2: initiator established Child SA using #1; something new',
        ChildEstablished,
        {"child_sa": 2, "ike_sa": 1},
    ),
    (
        '"a" #7: initiator rekeyed Child SA #5 using #3; IPsec tunnel [x===y] {}',
        Rekeyed,
        {"sa": "child", "replaced": 5, "ike_sa": 3},
    ),
    ('"a" #7: initiator rekeyed IKE SA #5 {cipher=AES}', Rekeyed, {"sa": "ike", "replaced": 5, "ike_sa": 7}),
    (
        '"a" #2: established Child SA using #1; IPsec tunnel [10.0.0.1-10.0.0.1:0-65535 0] -> '
        "[10.0.1.1-10.0.1.1:0-65535 0] {ESP=>0x0a <0x0b xfrm=AES_GCM_16_256-NONE DPD=passive}",
        ChildEstablished,
        {"ike_sa": 1, "child_sa": 2, "local": "10.0.0.1/32"},
    ),
    (
        '"a" #2: established Child SA; IPsec tunnel [10.0.0.1-10.0.0.1:0-65535 0] -> '
        "[10.0.1.1-10.0.1.1:0-65535 0] {ESP=>0x0a <0x0b xfrm=AES_GCM_16_256-NONE DPD=passive}",
        ChildEstablished,
        {"ike_sa": None, "child_sa": 2, "remote": "10.0.1.1/32"},
    ),
    (
        '"a" #2: negotiated new IPsec SA [10.0.0.1-10.0.0.1:0-65535 0] -> [10.0.1.1-10.0.1.1:0-65535 0]',
        Negotiated,
        {"local": "10.0.0.1/32", "child_sa": 2},
    ),
    (
        "\"a\" #1: authenticated using authby=secret and peer ID_FQDN '@east'",
        IkeEstablished,
        {"authby": "secret", "peer_id": "@east", "peer_id_type": "FQDN", "ike_sa": 1},
    ),
    ('"a" #7: rekeyed IKE SA #5 {cipher=AES}', Rekeyed, {"sa": "ike", "replaced": 5}),
    (
        '"b": starting keying attempt 2 of an unlimited number for IKE SA, but releasing whack for pending x',
        RetryScheduled,
        {"connection": "b", "attempt": 2},
    ),
    (
        '"b": Authentication failed for IKE SA, but releasing whack for pending IPSEC SA',
        IkeRejected,
        {"notification": "AUTHENTICATION_FAILED", "ignored": False},
    ),
    ('"b": fatal error for IKE SA, but releasing whack for pending IPsec SA', Fatal, {"state": None}),
    (
        '"a" #1: IKE SA authentication request rejected by peer: unrecognized response',
        IkeRejected,
        {"notification": None, "exchange": "IKE_AUTH"},
    ),
    (
        '"a" #1: ignoring informational payload NO_PROPOSAL_CHOSEN, msgid=00000000, length=12',
        IkeRejected,
        {"notification": "NO_PROPOSAL_CHOSEN", "ignored": True, "ike_sa": 1},
    ),
    (
        '"a" #1: ignoring informational payload R_U_THERE, msgid=00000000, length=12',
        events.Remark,
        {"topic": "message"},
    ),
    (
        '"a" #1: dropping negotiation as superseded by established IKE SA #9',
        AlreadyNegotiating,
        {"ike_sa": 9},
    ),
    (
        '"a" #1: IKE SA authentication request rejected by peer: AUTHENTICATION_FAILED',
        IkeRejected,
        {"notification": "AUTHENTICATION_FAILED", "exchange": "IKE_AUTH", "ignored": False},
    ),
    (
        "\"a\" #1: authentication failed: no certificate matched RSA with SHA1 and 'CN=east'",
        IkeRejected,
        {"notification": "AUTHENTICATION_FAILED", "ignored": False},
    ),
    (
        '"a" #1: STATE_PARENT_I1: received unauthenticated v2N_NO_PROPOSAL_CHOSEN - ignored',
        IkeRejected,
        {"notification": "NO_PROPOSAL_CHOSEN", "exchange": "IKE_SA_INIT", "ignored": True},
    ),
    (
        '"a" #1: ignoring IKE_SA_INIT response containing NO_PROPOSAL_CHOSEN notification (Message ID 0)',
        IkeRejected,
        {"notification": "NO_PROPOSAL_CHOSEN", "exchange": "IKE_SA_INIT", "ignored": True},
    ),
    (
        '"a" #2: dropping unexpected ISAKMP_v2_CREATE_CHILD_SA message containing v2N_TS_UNACCEPTABLE notification',
        ChildRejected,
        {"notification": "TS_UNACCEPTABLE", "exchange": "CREATE_CHILD_SA", "ignored": True, "child_sa": 2},
    ),
    (
        '"a" #2: IKE_AUTH response rejected Child SA with TS_UNACCEPTABLE',
        ChildRejected,
        {"notification": "TS_UNACCEPTABLE"},
    ),
    (
        '"a" #1: IKE SA established but initiator rejected Child SA response',
        ChildRejected,
        {"notification": None},
    ),
    ('"a" #2: CHILD SA failed: TEMPORARY_FAILURE', ChildRejected, {"notification": "TEMPORARY_FAILURE"}),
    ('"a" #1: encountered fatal error in state IKE_AUTH_I', Fatal, {"state": "IKE_AUTH_I", "ike_sa": 1}),
    ('"a" #1: encountered fatal error in state STATE_V2_NEW_CHILD_I1', Fatal, {"child_sa": 1}),
    (
        '"a": cannot initiate connection without knowing peer IP address (kind=CK_TEMPLATE narrowing=no)',
        InitiateFailed,
        {"connection": "a"},
    ),
    (
        '"a": we cannot identify ourselves with either end of this connection.  192.0.2.1 or 192.0.2.2 are not usable',
        NotOriented,
        {"connection": "a"},
    ),
    ("we cannot identify ourselves with either end of this connection", NotOriented, {"connection": None}),
    ('"a": cannot route template policy of RSASIG+ENCRYPT', RouteRefused, {}),
    ("could not route", RouteRefused, {"reason": "could not route"}),
    ('"a": cannot unroute: route busy', RouteRefused, {"reason": "cannot unroute: route busy"}),
    ("connection does not have Child SA", Refused, {}),
    ('"x" #1: XAUTH: Successfully Authenticated', Xauth, {"ok": True}),
    ('"x" #1: no Username entered, aborted', Xauth, {"ok": False}),
    (
        '"a" #4: ESP traffic information: in=84B out=12KB',
        Traffic,
        {"in_bytes": 84, "out_bytes": 12288, "child_sa": 4},
    ),
    ('"a" #4: ESP traffic information: in=0B out=3MB XAUTHuser=bob', Traffic, {"out_bytes": 3 << 20}),
    (
        '"a": initiating delete of connection\'s IKE SA #44 (and Child SA #45)',
        Deleting,
        {"sa": "ike", "ike_sa": 44, "child_sa": 45},
    ),
    (
        '"b": initiating delete of connection\'s Child SA #9 using IKE SA "a" #7',
        Deleting,
        {"sa": "child", "ike_sa": 7, "child_sa": 9},
    ),
    (
        '"b": initiating delete of "a" #3 which has connection\'s Child SA #5',
        Deleting,
        {"sa": "ike", "ike_sa": 3, "child_sa": 5, "connection": "b"},
    ),
    (
        '"a" #5: deleting state (STATE_V2_ESTABLISHED_CHILD_SA) aged 3.551477s and sending notification',
        Deleted,
        {"sa": "child", "child_sa": 5, "age": 3.551477, "state": "STATE_V2_ESTABLISHED_CHILD_SA"},
    ),
    ('"a" #5: deleting IKE SA (sent IKE_SA_INIT request)', Deleted, {"sa": "ike", "ike_sa": 5, "age": None}),
    (
        '"a" #5: deleting IKE SA but connection is supposed to remain up; schedule EVENT_REVIVE_CONNS',
        RetryScheduled,
        {},
    ),
    ("initiating all conns with alias='grp'", AliasExpanded, {"alias": "grp", "action": "initiate"}),
    ('terminated 2 connections from aliased connection "ali"', AliasExpanded, {"alias": "ali", "count": 2}),
    ("initiating 3 connections", AliasExpanded, {"alias": None, "count": 3}),
    ('added IKEv2 connection "a b"', Loaded, {"connection": "a b", "version": 2}),
    ('added connection description "a b"', Loaded, {"connection": "a b", "oriented": None}),
    ('"a": added IKEv2 connection', Loaded, {"connection": "a", "oriented": None, "version": 2}),
    ('"a": added unoriented IKEv1 connection (neither end)', Loaded, {"oriented": False, "version": 1}),
    ('"a": added oriented IKEv2 connection', Loaded, {"oriented": True, "version": 2}),
    ('"a": added passthrough connection', Loaded, {"version": None}),
    ('"a": two interfaces match "a" (lo 127.0.0.1, lo 192.0.2.1)', BothEndsHere, {"connection": "a"}),
    ('two interfaces match "a" (lo, lo)', BothEndsHere, {"connection": "a"}),
    (
        '"a": connection matches both left lo 192.0.2.1 and right lo 127.0.0.1',
        BothEndsHere,
        {"connection": "a"},
    ),
    ('"a": failed to add connection: right= is not set', LoadFailed, {"reason": "right= is not set"}),
    (
        'Failed to add connection "a": ike string error: no such thing',
        LoadFailed,
        {"connection": "a", "reason": "ike string error: no such thing"},
    ),
    ('no connection or alias named "a"\'', Unknown, {"name": "a"}),
    ("no connection or alias 'a'", Unknown, {"name": "a"}),
    ('no such connection or aliased connection named "a"', Unknown, {"name": "a"}),
    ("no state #99999 to delete", Unknown, {"name": "99999", "what": "state"}),
    ("need --listen before --initiate", NotListening, {}),
    (
        '"a" #2: ERROR: asynchronous network error report on w0 (192.0.2.1:500), complainant 192.0.2.1: No route '
        "to host [errno 113, origin ICMP type 3 code 1 (not authenticated)]",
        NetworkError,
        {"complainant": "192.0.2.1", "reason": "No route to host"},
    ),
    (
        'ERROR: "a" #20: kernel: xfrm XFRM_MSG_DELPOLICY delete response for flow (out): No such file or directory',
        Warned,
        {"connection": "a"},
    ),
    ('"/etc/ipsec.secrets" line 1: WARNING: ignored unrecognized keyword: not', Warned, {"connection": None}),
    ('"a": 10.0.0.0/24===192.0.2.1...192.0.2.2; unrouted; eroute owner: #0', Log, {"connection": "a"}),
    ('"a" #1: something that no release said yet', Log, {"connection": "a", "sa": 1, "ike_sa": None}),
    ("#2: \"a\", type=ESP, add_time=0, inBytes=0, outBytes=0, id='@east'", Log, {"connection": None}),
]


@pytest.mark.parametrize(("text", "expected", "fields"), PHRASES)
def test_phrase_is_its_event(text: str, expected: type[Event], fields: dict[str, Any]) -> None:
    """A line means its event, with these fields, under any code."""
    for code in (None, 0, 2, 4, 36):
        event = recognise(Reply(code, text), time=1.5)
        assert type(event) is expected
        assert {name: getattr(event, name) for name in fields} == fields
        assert (event.code, event.text, event.time) == (code, text, 1.5)


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ('"a" #12: body', ("a", None, 12, None, "body")),
        ('"a": body', ("a", None, None, None, "body")),
        ('"a"[1] 192.0.2.7 #2: body', ("a", "[1] 192.0.2.7", 2, None, "body")),
        ('"a"[1] 2001:db8::7 #2: body', ("a", "[1] 2001:db8::7", 2, None, "body")),
        ('"a/2x1"[3][1] 192.0.2.7: body', ("a/2x1", "[3][1] 192.0.2.7", None, None, "body")),
        (
            '"oe"[2] 192.0.2.1/32=== ...192.0.2.7===0.0.0.0/0 #4: body',
            ("oe", "[2] 192.0.2.1/32=== ...192.0.2.7===0.0.0.0/0", 4, None, "body"),
        ),
        ('"a" #1: STATE_MAIN_I1: body: more', ("a", None, 1, "STATE_MAIN_I1", "body: more")),
        ('"a" #1: IKE_SA_INIT_I: body', ("a", None, 1, "IKE_SA_INIT_I", "body")),
        ('"a" #1: WARNING: body', ("a", None, 1, None, "WARNING: body")),
        ('"na"me" #1: body', ('na"me', None, 1, None, "body")),
        ('"[x]" #1: body', ("[x]", None, 1, None, "body")),
        ('"a', (None, None, None, None, '"a')),
        ("no quotes: here", (None, None, None, None, "no quotes: here")),
        ("", (None, None, None, None, "")),
    ],
)
def test_prefix_is_taken_apart(text: str, parsed: tuple[object, ...]) -> None:
    """Name, instance, serial number and state come off the front of a line."""
    assert tuple(parse(text)) == parsed


NAMES = st.text(st.characters(codec="utf-8", exclude_characters='"\n\0'), min_size=1)
BODIES = st.text(st.characters(codec="utf-8", exclude_characters="\n\0"))


@given(
    name=NAMES, serial=st.none() | st.integers(1, 2**40), body=BODIES, instance=st.none() | st.integers(1, 99)
)
def test_any_name_comes_back_from_its_prefix(
    name: str, serial: int | None, body: str, instance: int | None
) -> None:
    """What pluto writes in front of a line is read back, for any name that holds no quote."""
    inner = f"[{instance}] 192.0.2.7" if instance is not None else None
    number = f" #{serial}" if serial is not None else ""
    line = parse(f'"{name}"{inner or ""}{number}: {body}')
    assert (line.connection, line.instance, line.serial) == (name, inner, serial)
    assert body.endswith(line.body)


@given(
    text=st.text() | st.from_regex(r'"a"( #\d+)?: (sent|initiating|deleting|queue|ESP|IKE) .*'),
    code=st.none() | st.integers(0, 999),
    prompt=st.booleans(),
)
def test_no_text_makes_it_raise(text: str, code: int | None, prompt: bool) -> None:
    """Any text is some event, which carries it and can be rendered."""
    reply = Prompt(code, text, secret=True) if prompt else Reply(code, text)
    event = recognise(reply, time=0.0)
    assert event.text == text
    assert json.loads(to_json(event))["event"] == kind(event)


@settings(max_examples=100)
@given(data=st.data())
def test_what_a_row_takes_begins_as_the_row_says(data: st.DataObject) -> None:
    """Rows are told apart by that, before their patterns are tried."""
    row = data.draw(st.sampled_from(ROWS))
    body = data.draw(st.from_regex(re.compile(row.pattern, re.DOTALL | re.ASCII)))
    if re.match(row.pattern, body, re.DOTALL | re.ASCII):
        assert body.startswith(row.starts)


@pytest.mark.sampled(30)
@pytest.mark.parametrize("row", range(len(ROWS)))
def test_hostile_lines_cost_no_more_than_their_length(row: int) -> None:
    """No phrase's pattern takes more than its time on a long line that begins like it and never ends."""
    word = next(iter(ROWS[row].words), ROWS[row].starts[0].partition(" ")[0])
    starts = [f'"a" #1: {word} ', f'"a" #1: {ROWS[row].pattern} ']
    begun = clock.process_time()
    for start in starts:
        for filler in (
            "a ",
            '" ',
            '"a" #1',
            ": ",
            "[",
            "[1] ",
            " SA ",
            " using IKE SA ",
            "waiting on ",
            "{ESP=>0x1 <0x2 ",
        ):
            recognise(Reply(2, (start + filler * 4096)[:8192]), time=0.0)
    assert clock.process_time() - begun < 2


def test_a_longer_line_than_any_of_plutos_is_a_log() -> None:
    """What is longer than pluto can write is not searched."""
    event = recognise(Reply(2, '"a" #1: sent IKE_SA_INIT request' + " " * 9000), time=0.0)
    assert isinstance(event, Log)


def test_a_code_without_text_is_a_refusal_code_and_an_empty_line_is_not() -> None:
    """5.4 sends `021 ` and `056 ` alone; `000 ` and `002 ` are blank lines of a listing."""
    assert isinstance(recognise(Reply(21, ""), time=0.0), RefusalCode)
    assert isinstance(recognise(Reply(56, ""), time=0.0), RefusalCode)
    for code in (None, 0, 2, 4, 40, 181):
        assert isinstance(recognise(Reply(code, ""), time=0.0), Log)


@pytest.mark.parametrize("text", ['"x" #1: x prompt for Password:', '"x" #1: prompt for Password:'])
def test_a_prompt_says_what_it_asks_for(text: str) -> None:
    """A prompt is told by the decoder, which knows the release's codes."""
    event = recognise(Prompt(40, text, secret=True), time=0.0)
    assert isinstance(event, Prompted)
    assert (event.what, event.secret, event.connection, event.ike_sa) == ("Password", True, "x", 1)


def test_events_render_with_stable_keys_and_come_back() -> None:
    """Each kind has its own tag, the common keys come first, and JSON decodes to the same value."""
    anything = msgspec.json.Decoder(functools.reduce(operator.or_, KINDS))
    tags = set()
    for text, _, _ in PHRASES:
        event = recognise(Reply(2, text), time=1.5)
        rendered = json.loads(to_json(event))
        assert list(rendered)[:8] == [
            "event",
            "time",
            "connection",
            "instance",
            "ike_sa",
            "child_sa",
            "code",
            "text",
        ]
        assert anything.decode(to_json(event)) == event
        tags.add(rendered["event"])
    assert len({kind_of.__struct_config__.tag for kind_of in KINDS}) == len(KINDS)
    assert "child_established" in tags


def test_bytes_that_are_no_utf8_render_as_replacement() -> None:
    """JSON has no lone surrogates; the event keeps them."""
    event = recognise(Reply(2, '"\udcff" #1: sent IKE_SA_INIT request'), time=0.0)
    assert event.connection == "\udcff"
    assert json.loads(to_json(event))["connection"] == "\ufffd"


def test_log_writes_the_keys_of_the_json_bound_to_the_exchange() -> None:
    """structlog gets the kind as event and the same fields, on top of operation, connection and release."""
    with structlog.testing.capture_logs() as captured:
        bound = log.logger("up", connection="a", release="5.4")
        log.write(bound, recognise(Reply(0, '"a" #2: CHILD SA failed: TEMPORARY_FAILURE'), time=1.5))
        log.write(bound, recognise(Reply(21, ""), time=1.5))
        log.write(bound, recognise(Reply(0, "whatever"), time=1.5))
        log.write(bound, Outcome(operation="up", connection="a", result="up", ok=True, sentence="s"))  # type: ignore[arg-type]
    first, second, third, last = captured
    assert first["event"] == "child_rejected"
    assert first["log_level"] == "warning"
    assert (first["operation"], first["release"], first["connection"]) == ("up", "5.4", "a")
    assert (first["notification"], first["child_sa"], first["time"]) == ("TEMPORARY_FAILURE", 2, 1.5)
    assert (second["event"], second["connection"]) == ("refusal_code", "a")
    assert (third["event"], third["log_level"]) == ("log", "debug")
    assert (last["event"], last["log_level"]) == ("outcome", "info")


@pytest.mark.parametrize("kind_of", [one for one in KINDS if one is not Event], ids=lambda one: one.__name__)
def test_every_event_states_its_traits(kind_of: type[Event]) -> None:
    """No kind inherits them by accident; a refusal is one of the results, and what tells how far an up is has a
    phase or a wait."""
    assert "traits" in vars(kind_of)
    assert kind_of.traits.refusal is None or Result(kind_of.traits.refusal) not in OK
    tells_phase = "phase" in vars(kind_of)
    assert kind_of.traits.progress == (tells_phase or kind_of is Retransmission)


def test_a_row_is_all_that_an_event_needs_beside_its_class() -> None:
    """Every kind of event has a row, save for those that are not made from a line's text."""
    rowless = {events.Event, events.Complaint, events.Dropped, Log, Prompted, RefusalCode}
    assert {row.kind for row in ROWS} == set(KINDS) - rowless


def test_log_takes_whatever_is_tagged_as_an_event() -> None:
    """A logger of the caller's is bound; values that have no level of their own are info."""

    class Happened(msgspec.Struct, tag_field="event", tag="happened"):
        count: int

    with structlog.testing.capture_logs() as captured:
        bound = log.logger("up", release="5.4", log=structlog.get_logger("mine").bind(site="a"))
        log.write(bound, Happened(3), sequence=7)
    assert captured == [
        {
            "event": "happened",
            "log_level": "info",
            "count": 3,
            "sequence": 7,
            "site": "a",
            "operation": "up",
            "connection": None,
            "release": "5.4",
        }
    ]
