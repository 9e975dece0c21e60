"""One exchange without a socket: how it ended, and what is due."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.pretty import pretty_repr

from autod.protocol.codes import CODES_3_27
from autod.protocol.errors import BadString
from autod.protocol.exchange import Answers, Ending, Exchange

EOF = b""
RESET = None

ENDINGS = [
    # what came, taken, gone, how it ended
    ([b"002 one\n", EOF], True, False, Ending.EOF),
    ([EOF], True, False, Ending.EOF),
    ([EOF], False, False, Ending.RESET),
    ([b"036 no\n", EOF], False, False, Ending.EOF),
    ([b"036 n", EOF], False, False, Ending.EOF),
    ([b"002 one\n", RESET], True, False, Ending.EOF),
    ([b"002 one\n002 tw", RESET], True, False, Ending.RESET),
    ([b"002 on", RESET], True, False, Ending.RESET),
    ([RESET], True, False, Ending.RESET),
    ([b"002 one\n", EOF], True, True, Ending.GONE),
    ([b"002 one\n", RESET], True, True, Ending.GONE),
    ([EOF], True, True, Ending.GONE),
]


@pytest.mark.parametrize(("came", "taken", "gone", "ending"), ENDINGS)
def test_how_an_exchange_ended(came: list[bytes | None], taken: bool, gone: bool, ending: Ending) -> None:
    exchange = Exchange(CODES_3_27, taken=taken)
    for part in came:
        assert not exchange.over
        if part is RESET:
            exchange.broken()
        else:
            exchange.receive(part)
    assert exchange.over
    assert exchange.ending(gone=gone) is ending


@given(
    lines=st.lists(st.binary(max_size=30).filter(lambda line: b"\n" not in line), max_size=6),
    rest=st.binary(max_size=10).filter(lambda line: b"\n" not in line),
    cuts=st.lists(st.integers(0, 200), max_size=6),
    lazy=st.booleans(),
)
def test_wherever_the_stream_is_cut_the_replies_are_the_same(
    lines: list[bytes], rest: bytes, cuts: list[int], lazy: bool
) -> None:
    """Also where nobody asks for them before the end."""
    stream = b"".join(line + b"\n" for line in lines) + rest
    whole = Exchange(CODES_3_27)
    whole.receive(stream)
    whole.receive(b"")
    cut = Exchange(CODES_3_27)
    replies = []
    edges = [0, *sorted(min(one, len(stream)) for one in cuts), len(stream)]
    for start, end in pairwise(edges):
        if stream[start:end]:
            cut.receive(stream[start:end])
        if not lazy:
            replies += cut.replies()
    cut.receive(b"")
    replies += cut.replies()
    assert replies == whole.replies()
    assert cut.ending(gone=False) is whole.ending(gone=False)
    assert cut.heard == whole.heard == bool(stream)


def test_each_prompt_gets_its_answer_and_one_without_an_answer_closes_our_way() -> None:
    exchange = Exchange(CODES_3_27, answers=Answers(user="bob"))
    exchange.receive(b'041 "x" #1: Username:\n040 "x" #1: Password:\n')
    exchange.replies()
    assert exchange.due == [b"bob\0", None]


def test_without_answers_nothing_is_due() -> None:
    exchange = Exchange(CODES_3_27)
    exchange.receive(b"041 Username:\n")
    exchange.replies()
    assert exchange.due == []


@pytest.mark.parametrize("answer", ["a\0b", "a\nb", "x" * 128, "\u00fc" * 64])
def test_an_answer_that_pluto_would_cut_is_refused(answer: str) -> None:
    """It reads 128 bytes, with the NUL."""
    for told in ({"secret": answer}, {"user": answer}):
        with pytest.raises(BadString):
            Answers(**told)
    Answers(user="x" * 127, secret="\u00fc" * 63 + "x")


def test_answers_are_shown_by_no_way_of_showing() -> None:
    answers = Answers("me", "known-to-nobody")
    assert (repr(answers), pretty_repr(answers)) == ("Answers()", "Answers()")
