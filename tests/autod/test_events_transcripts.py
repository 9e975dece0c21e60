"""Every line that nine releases said is recognised, or is a Log on purpose."""

from __future__ import annotations

import re
from collections import Counter

import msgspec
import pytest

from autod.events import (
    ChildEstablished,
    Event,
    IkeEstablished,
    Initiating,
    Log,
    PeerIdentified,
    Sent,
    kind,
    to_json,
)
from autod.recognise import COMMON, parse, recognise, rows_for
from autod.recognise.known import ROWS as OTHERS
from autod.recognise.table import Row
from tests.helpers.transcripts import RELEASES, Case, cases, received

STATUS_FILES = ("status", "globalstatus", "connectionstatus", "listevents")

# kind                      3.27 3.32  4.3 4.10 4.15  5.0  5.2 5.3.2 5.4
COUNTS = """
alias_expanded              7    8    8   10    8    8    6    8    8
already_negotiating         0    0    0    1    2    2    1    2    2
answered                    0    0    0    0    0   12   15   14   26
child_established          33   35   35   33   39   34   28   34   34
child_rejected              4    4    4    4    4    4    6    4    4
deleted                    23   25   30   17   23   33   30   37   38
deleting                    0    0    0    0    1    0    4    8    6
fatal                       0    2    2    6    2    2    7    2    2
fault                       0    0    0    2    0    0    2    0    0
ike_established            11   11   12   17   13   13   20   14   14
ike_rejected               14   14   14   12   14   14   12   14   14
initiating                 38   37   37   61   67   68   62   67   67
kept                        3    3    3    2    3    3    0    5    3
listening                   8    8    8    5    8    8    5    8    7
load_failed                 6    7    6    4    4    4    4    5    5
loaded                     17   17   17    4   16   16    4   16   16
negotiated                 28   31   31    0    0    0    0    0    0
network_error               0    6    6    8    6    6    8    6    6
not_listening               3    3    3    2    3    3    2    3    3
peer_identified            12   12   12    5    3    3    6    2    2
prompted                    0    0    0    9    0    0   10    0    0
queued                      0    5    5    1    5    5    6    6    6
refusal_code                0    0    0    0    0    0    0    7   33
refused                     0    0    0    2    0    0    2    0    0
rekeyed                     0    0    2    0    2    2    0    2    2
remark                    122   27   27   39   29   23   35   23   22
retransmission             73   63   64   67   63   62   66   63   61
retransmit_timeout         11    9    9    7    9    9    7    9    9
retry_scheduled            14   12   13   11   11   17   20   16   18
route_refused               1    1    1    0    0    0    0    0    0
routed                      0    0    0    0    0    3    2    3    3
secrets_loaded             14   14   14   11   14   14   11   14   13
sent                       77   77   78   83   83   81   90   85   83
shutting_down               2    2    0    0    0    0    2    2    2
terminating                30   29   29   19   29   16    7    9    8
traffic                    12   13   13    7   13   15    9   16   16
unknown                     8    7    7   10    7   16   16   16   16
updown                      0    0   78    4    0    0   16    0    0
warned                     24   26   26   23   28   28   34   32   30
xauth                       0    0    0    5    0    0    6    0    0
"""

TELLING = re.compile(
    r"establish|reject|fail|timeout|retransmi|delet|initiat|refus|denied|cannot|unable|error|no connection"
    r"|not found|terminat|revival|retry|keying|\badded\b|listening|waiting",
    re.IGNORECASE,
)
"""Words of which a line that is a mere Log must give account below."""

ON_PURPOSE = {
    r"initiate$": "3.27 says it twice; the line before is the event",
    r"constructed local (?:IKE|ESP/AH) proposals for": "3.27: what will be proposed, not what happened",
    r"state transition '.*' failed$": "4.10, 4.15: after the line that says why",
    r"(?:un)?route-client output: ": "what the updown script printed",
    r"received delete request for .* but corresponding state not found": "nothing was there",
    r"(?:IKE|ISAKMP) SA is shared - only terminating": "a remark on what is not taken down",
    r"note: .* will remain up": "a remark on what is not taken down",
    r"XAUTH client - possibly awaiting CFG_set": "a state on the way",
    r"#\d+: \"": "a line of a status reply, which autod.status reads",
}


def events(release: str) -> list[tuple[str, Event]]:
    """All events of a release, each with the file its line is in."""
    return [(file, recognise(line.reply, time=line.at)) for file, line in received(release)]


@pytest.mark.parametrize("release", RELEASES)
def test_as_many_events_of_each_kind_as_were_counted(release: str) -> None:
    """The golden count of each kind of event but Log, by release."""
    column = RELEASES.index(release) + 1
    golden = {row.split()[0]: int(row.split()[column]) for row in COUNTS.strip().splitlines()}
    counted = Counter(kind(event) for _, event in events(release) if not isinstance(event, Log))
    assert dict(counted) == {name: count for name, count in golden.items() if count}


@pytest.mark.parametrize("release", RELEASES)
def test_a_line_with_a_telling_word_is_a_log_only_on_purpose(release: str) -> None:
    """No line about success or failure falls to Log, unless the reason is listed."""
    reasons = re.compile("|".join(ON_PURPOSE))
    for file, event in events(release):
        if isinstance(event, Log) and file not in STATUS_FILES and TELLING.search(event.text):
            body = re.sub(r'^(?:ERROR: )?"[^"]+"(?: #\d+)?: ', "", event.text)
            assert reasons.match(body), event.text


@pytest.mark.parametrize("release", RELEASES)
def test_status_replies_are_logs_and_cost_no_pattern(release: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Status lines of connections come by the hundred thousand: none may get as far as a phrase's pattern."""
    tried: list[str] = []

    def count(self: Row, line: object, text: str, *rest: object) -> None:
        tried.append(text)

    monkeypatch.setattr(Row, "event", count)
    lines = [line.reply for file, line in received(release) if file in ("status", "globalstatus")]
    assert len(lines) > 1000
    assert all(isinstance(recognise(reply, time=0.0), Log) for reply in lines)
    assert not [text for text in tried if text.startswith(('"', "#"))]


def test_every_row_names_the_releases_that_said_it() -> None:
    """`seen` is the first and the last release whose lines show the row; a row that none shows has its sources."""
    said: dict[int, list[str]] = {}
    for release in RELEASES:
        for _, received_line in received(release):
            text = received_line.reply.text
            line = parse(text)
            for row in rows_for(line, text) if text else ():
                if row.event(line, text, None, 0.0) is not None:
                    said.setdefault(id(row), []).append(release)
                    break
    for row in (*COMMON, *OTHERS):
        by = said.get(id(row), [])
        span = "" if not by else by[0] if by[0] == by[-1] else f"{by[0]}-{by[-1]}"
        assert row.seen == span, row.pattern
        assert row.seen or row.sources, row.pattern


@pytest.mark.parametrize("release", RELEASES)
def test_text_and_code_are_unchanged(release: str) -> None:
    """An event carries pluto's line as it came, and every field is of its declared type."""
    for _, line in received(release):
        event = recognise(line.reply, time=line.at)
        assert (event.text, event.code, event.time) == (line.reply.text, line.reply.code, line.at)
        assert msgspec.json.decode(to_json(event), type=type(event)) == event


def of_case(release: str, title: str) -> list[Event]:
    """The events of one recorded exchange, without Logs."""
    found = [case for case in cases(release, "up-lifecycle") if case.title == title]
    assert len(found) == 1
    return [
        event for line in found[0].lines if not isinstance(event := recognise(line.reply, time=line.at), Log)
    ]


def one(events: list[Event], kind: type[Event]) -> Event:
    """The only event of a kind."""
    (event,) = (event for event in events if type(event) is kind)
    return event


@pytest.mark.parametrize("release", RELEASES)
def test_an_up_is_told_alike_on_every_release(release: str) -> None:
    """The same IKEv2 negotiation gives the same typed events from 3.27 to 5.4, whatever the words and codes."""
    seen = of_case(release, "sync up, success (IKE+child)")
    assert {event.connection for event in seen} == {"t01"}
    initiating = one(seen, Initiating)
    assert isinstance(initiating, Initiating)
    assert (initiating.sa, initiating.version) == ("ike", 2)
    assert [event.message for event in seen if isinstance(event, Sent)] == ["IKE_SA_INIT", "IKE_AUTH"]
    ike = one(seen, IkeEstablished)
    assert isinstance(ike, IkeEstablished)
    identified = next((event for event in seen if isinstance(event, PeerIdentified)), ike)
    assert (ike.authby, identified.peer_id, identified.peer_id_type) == ("secret", "@east", "FQDN")
    child = one(seen, ChildEstablished)
    assert isinstance(child, ChildEstablished)
    assert child.child_sa is not None
    assert initiating.ike_sa is not None
    assert child.child_sa > initiating.ike_sa
    assert (child.mode, child.protocol, child.algorithms) == ("tunnel", "ESP", "AES_GCM_16_256")
    assert child.dpd == "passive"
    selectors = next(event for event in seen if getattr(event, "local", None))
    assert (getattr(selectors, "local"), getattr(selectors, "remote")) == ("10.1.1.1/32", "10.2.1.1/32")  # noqa: B009


V1 = tuple(release for release in RELEASES if release not in ("4.10", "5.2"))


@pytest.mark.parametrize("release", V1)
def test_an_ikev1_up_is_told_alike_on_every_release(release: str) -> None:
    """Main mode, then quick mode: the ISAKMP SA is an IKE SA, and only the IPsec SA is the Child SA."""
    seen = of_case(release, "sync up v1ok (IKEv1 main mode PSK)")
    starts = [event for event in seen if isinstance(event, Initiating)]
    assert [(event.sa, event.version, event.mode) for event in starts] == [
        ("ike", 1, "main"),
        ("child", 1, "quick"),
    ]
    assert [event.message for event in seen if isinstance(event, Sent)] == ["MAIN_MODE"] * 3 + ["QUICK_MODE"]
    ike, child = one(seen, IkeEstablished), one(seen, ChildEstablished)
    assert isinstance(ike, IkeEstablished)
    assert isinstance(child, ChildEstablished)
    assert ike.algorithms == {"cipher": "AES_CBC_256", "integ": "HMAC_SHA2_256", "group": "MODP2048"}
    assert ike.ike_sa == starts[1].ike_sa
    assert child.child_sa == starts[1].child_sa
    assert child.algorithms == "AES_CBC_128-HMAC_SHA1_96"


def kinds_of(case: Case) -> list[str]:
    """The kinds of the events of a case."""
    return [kind(recognise(line.reply, time=line.at)) for line in case.lines]


@pytest.mark.parametrize("release", RELEASES)
def test_no_tunnel_is_reported_where_none_came_up(release: str) -> None:
    """A Child SA is reported for no peer that was silent or refused us, whatever code pluto sends."""
    words = ("badpsk", "badid", "tsun", "espbad", "silent", "noconn", "ikebad", "v1bad", "v1esp", "unknown")
    for case in cases(release, "up-lifecycle"):
        if any(word in case.title for word in words):
            assert "child_established" not in kinds_of(case), case.title
