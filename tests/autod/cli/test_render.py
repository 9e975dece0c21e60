"""What a person sees of pluto's lines, on the releases whose codes tell and on those whose do not."""

from __future__ import annotations

import json
import re

import pytest

from autod import events
from autod.bulk.result import Summary
from autod.cli.many import summary_line
from autod.cli.render import event_line, failure_lines, json_line, outcome_line, reply_line
from autod.outcomes import Outcome, Result
from autod.protocol.codes import CODES_3_27, CODES_5_0, CODES_5_3
from autod.protocol.replies import Reply
from autod.recognise import recognise
from tests.helpers.transcripts import RELEASES, received

LOG_4_10 = Reply(2, '"a" #1: initiating Child SA using IKE SA #8')
LOG_5_4 = Reply(0, '"a": added oriented IKEv2 connection')


def shown(reply: Reply, codes: object, *, verbose: bool = False) -> str | None:
    """The line for a person."""
    return event_line(recognise(reply, time=1.0), codes, verbose=verbose)  # type: ignore[arg-type]


def test_up_to_4_15_the_code_says_what_is_left_out() -> None:
    """002 is a log line, whatever it says; everything else is shown without its code."""
    assert shown(LOG_4_10, CODES_3_27) is None
    assert (
        shown(Reply(181, '"a" #1: initiating IKEv2 connection'), CODES_3_27)
        == '"a" #1: initiating IKEv2 connection'
    )
    assert shown(Reply(3, "something serious"), CODES_3_27) == "something serious"
    assert shown(Reply(0, "a comment"), CODES_3_27) == "a comment"


@pytest.mark.parametrize("codes", [CODES_5_0, CODES_5_3], ids=["5.0", "5.3"])
def test_later_the_kind_of_event_says_it(codes: object) -> None:
    """The code is the same for all of them."""
    assert shown(LOG_5_4, codes) is None
    assert shown(Reply(0, "some remark of pluto's"), codes) is None
    for text in (
        '"a" #1: initiating IKEv2 connection to 192.1.2.23 using UDP',
        '"a" #1: IKE SA authentication request rejected by peer: AUTHENTICATION_FAILED',
        '"a" #2: initiator established Child SA using #1; IPsec tunnel [10.1.1.1/32===10.2.1.1/32] {ESP=>0x1 <0x2}',
        'no connection or alias named "x"',
    ):
        assert shown(Reply(0, text), codes) == text


def test_verbose_leaves_nothing_out_and_shows_the_codes() -> None:
    """Also the code that 5.4 sends alone, and the line that 3.27 sends without one."""
    assert shown(LOG_4_10, CODES_3_27, verbose=True) == f"002 {LOG_4_10.text}"
    assert shown(Reply(21, ""), CODES_5_3, verbose=True) == "021 "
    assert shown(Reply(None, "total.ipsec=0"), CODES_3_27, verbose=True) == "total.ipsec=0"


def test_a_code_alone_is_no_line_for_people() -> None:
    """5.4 sends `021 ` behind the words."""
    assert shown(Reply(21, ""), CODES_5_3) is None


def test_what_was_dropped_is_told() -> None:
    """To people as to programs."""
    event = events.Dropped(time=1.0, count=7)
    assert "7 lines" in (event_line(event, CODES_5_3, verbose=False) or "")
    assert json.loads(json_line(event))["count"] == 7


def test_a_line_of_a_list_is_always_shown() -> None:
    """It is what was asked for."""
    assert reply_line(Reply(2, "List of Public Keys:"), verbose=False) == "List of Public Keys:"
    assert reply_line(Reply(2, "List of Public Keys:"), verbose=True) == "002 List of Public Keys:"


def outcome(**changes: object) -> Outcome:
    """A failed up."""
    values: dict[str, object] = {
        "operation": "up",
        "connection": "a",
        "result": Result.PEER_SILENT,
        "ok": False,
        "sentence": '"a": the peer does not answer',
    }
    return Outcome(**(values | changes))  # type: ignore[arg-type]


def test_an_outcome_says_what_pluto_goes_on_doing() -> None:
    """One line."""
    assert outcome_line(outcome()) == '"a": the peer does not answer'
    line = outcome_line(outcome(left_behind="pluto tries again by itself"))
    assert line == '"a": the peer does not answer; pluto tries again by itself'


def test_bytes_that_are_no_utf_8_do_not_break_json() -> None:
    """They stand as U+FFFD there."""
    event = events.Log(time=1.0, text="caf\udce9")
    assert json.loads(json_line(event))["text"] == "caf�"


def test_every_recorded_line_is_rendered() -> None:
    """Nine releases: a line or None for people, and one line of JSON, for each."""
    texts = {one.reply for release in RELEASES for _, one in received(release)}
    for reply in texts:
        event = recognise(reply, time=1.0)
        line = event_line(event, CODES_3_27, verbose=False)
        assert line is None or "\n" not in line
        assert "\n" not in json_line(event)
    assert len(texts) > 1000


def test_the_summary_of_a_run_has_what_failed_by_cause() -> None:
    """With the names, as far as they fit on a line."""
    summary = Summary(
        sequence=9,
        time=1.0,
        operation="up",
        started=0.0,
        seconds=12.34,
        total=20,
        done=6,
        already=1,
        taken=0,
        failed={"peer_silent": tuple(f"c{n}" for n in range(12)), "unknown": ("x",)},
        unknown=(),
        not_started=(),
        median=0.5,
        p95=1.25,
        attempts=20,
        retransmissions=3,
        limits=(),
        restarts=0,
        interrupted=False,
    )
    line = summary_line(summary)
    assert line.startswith("7 of 20 up (1 of them already), 12 peer silent (c0, c1, ")
    assert (
        "c9 and 2 more), 1 unknown (x); 12.3 s, median 0.50 s, 95 % within 1.25 s, 3 retransmissions" in line
    )


def test_what_failed_alike_is_said_once() -> None:
    """Few keep a sentence each; of many the sentence stands once, and their names below, no wider than asked."""
    failed = [(f"branch-{at}", f'"branch-{at}": the peer is silent; look at it') for at in range(1, 41)]
    failed += [("odd", '"odd" was not loaded: no right=')]
    head, names, odd = failure_lines(failed, 60)
    assert head == "40 failed alike: the peer is silent; look at it"
    assert re.split(r",\s+", names.strip()) == [f"branch-{at}" for at in range(1, 41)]
    assert max(len(line) for line in names.splitlines()) < 60
    assert odd == '"odd" was not loaded: no right='
    assert list(failure_lines(failed[:3], 60)) == [sentence for _, sentence in failed[:3]]
