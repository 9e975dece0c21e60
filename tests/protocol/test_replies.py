"""Reply bytes, cut anywhere, to replies and prompts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autod.protocol.codes import CODES_3_27, CODES_5_0, CODES_5_3
from autod.protocol.replies import MAX_LINE, Prompt, Reply, ReplyCodes, ReplyDecoder

ERAS = (CODES_3_27, CODES_5_0, CODES_5_3)


def read(data: bytes, codes: ReplyCodes = CODES_3_27, *cuts: int) -> list[Reply]:
    decoder = ReplyDecoder(codes)
    replies: list[Reply] = []
    for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
        replies += decoder.feed(data[start:end])
    return replies + decoder.close()


CASES = [
    (b"", []),
    (b'002 "t01" #1: hello\n', [Reply(2, '"t01" #1: hello')]),
    (b"021 \n", [Reply(21, "")]),
    (b"config.setup.ike.ddos_threshold=25000\n", [Reply(None, "config.setup.ike.ddos_threshold=25000")]),
    (b"\n000 x\n", [Reply(None, ""), Reply(0, "x")]),
    (b"000 \n", [Reply(0, "")]),
    (b"0000 x\n", [Reply(None, "0000 x")]),
    (b"12", [Reply(None, "12")]),
    (b"002 cut off", [Reply(2, "cut off")]),
    (b"002 caf\xc3\xa9 \xff\n", [Reply(2, "café \udcff")]),
    (b"002 a\r\n", [Reply(2, "a\r")]),
]


@pytest.mark.parametrize(("data", "replies"), CASES)
def test_lines(data: bytes, replies: list[Reply]) -> None:
    """Codes, lines without one, codes without a text, a last line without its newline."""
    assert read(data) == replies


@pytest.mark.parametrize(
    ("codes", "line", "secret"),
    [
        (CODES_3_27, b'040 "xau" #1: xau prompt for Password:\n', True),
        (CODES_3_27, b'041 "xau" #1: xau prompt for Username:\n', False),
        (CODES_5_0, b'010 "xau" #1: prompt for Password:\n', True),
        (CODES_5_3, b'011 "xau" #1: prompt for Username:\n', False),
    ],
)
def test_prompts_of_each_era(codes: ReplyCodes, line: bytes, secret: bool) -> None:
    """The same numbers are something else in another era."""
    (prompt,) = read(line, codes)
    assert isinstance(prompt, Prompt)
    assert prompt.secret is secret
    other = CODES_5_0 if codes is CODES_3_27 else CODES_3_27
    (plain,) = read(line, other)
    assert not isinstance(plain, Prompt)


@given(
    data=st.binary(max_size=3000),
    codes=st.sampled_from(ERAS),
    cuts=st.lists(st.integers(0, 3000), max_size=12),
)
def test_where_it_is_cut_does_not_matter(data: bytes, codes: ReplyCodes, cuts: list[int]) -> None:
    """Any bytes, cut anywhere, give the same replies, and all the bytes are in them."""
    places = sorted(min(cut, len(data)) for cut in cuts)
    whole = read(data, codes)
    assert read(data, codes, *places) == whole
    assert len(whole) == data.count(b"\n") + (not data.endswith(b"\n") and bool(data))


def test_a_line_is_bounded() -> None:
    """A line that never ends is cut at MAX_LINE, said so, and the next line is whole."""
    decoder = ReplyDecoder(CODES_3_27)
    for _ in range(40):
        assert decoder.feed(b"x" * 60000) == []
        assert len(decoder._rest) <= MAX_LINE
    long, after = decoder.feed(b"tail\n002 next\n")
    assert long.cut
    assert len(long.text) == MAX_LINE
    assert after == Reply(2, "next")


@given(
    lines=st.lists(st.lists(st.sampled_from([b"000 ", b"a", b"b", b"ab", b" "])).map(b"".join)),
    cuts=st.lists(st.integers(0, 60), max_size=4),
)
def test_only_the_lines_that_are_wanted_are_read(lines: list[bytes], cuts: list[int]) -> None:
    data = b"".join(line + b"\n" for line in lines)
    decoder = ReplyDecoder(CODES_3_27, b"ab")
    places = sorted(min(cut, len(data)) for cut in cuts)
    found = [
        reply
        for start, end in zip([0, *places], [*places, len(data)], strict=True)
        for reply in decoder.feed(data[start:end])
    ]
    assert found == read(b"".join(line + b"\n" for line in lines if b"ab" in line))
    assert decoder.close() == []
