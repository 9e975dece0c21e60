"""Varlink's framing: any cut of any bytes, bounds, and calls that are none."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autod.service.framing import BadMessage, Call, Reply, Splitter, TooLong, decode_call, encode

texts = st.binary(max_size=40).map(lambda b: b.replace(b"\0", b"x"))


@given(st.lists(texts), st.lists(st.integers(0, 30)))
def test_messages_come_out_as_they_went_in_however_they_are_cut(
    messages: list[bytes], cuts: list[int]
) -> None:
    stream = b"".join(m + b"\0" for m in messages)
    splitter = Splitter(64)
    found, at = [], 0
    for size in cuts:
        found += splitter.feed(stream[at : at + size])
        at += size
    found += splitter.feed(stream[at:])
    assert found == messages
    assert splitter.pending == 0


@given(st.integers(0, 200), st.integers(1, 50))
def test_a_message_is_taken_up_to_the_bound_and_not_beyond(length: int, step: int) -> None:
    splitter = Splitter(100)
    data = b"x" * length + b"\0"
    taken = []
    try:
        for at in range(0, len(data), step):
            taken += splitter.feed(data[at : at + step])
    except TooLong:
        assert length > 100
    else:
        assert length <= 100
        assert taken == [b"x" * length]


def test_an_endless_message_is_refused_before_it_is_held() -> None:
    splitter = Splitter(10)
    with pytest.raises(TooLong):
        splitter.feed(b"x" * 11)


BAD = [
    b"",
    b"{}",
    b"[]",
    b"{",
    b"null",
    b'{"method":1}',
    b'{"method":""}',
    b'{"method":"a.B","parameters":[]}',
    b'{"method":"a.B","more":1}',
    b"\xff",
    b"[" * 100_000,
    b'{"method":"a.B","parameters":{"x":' + b"[" * 5000,
]


@pytest.mark.parametrize("message", BAD, ids=range(len(BAD)))
def test_what_is_no_call_is_refused(message: bytes) -> None:
    with pytest.raises(BadMessage):
        decode_call(message)


@given(st.binary())
def test_any_bytes_are_a_call_or_refused(message: bytes) -> None:
    try:
        call = decode_call(message)
    except BadMessage:
        return
    assert call.method


@given(
    st.text(min_size=1),
    st.dictionaries(st.text(), st.integers(-(2**53), 2**53)),
    st.booleans(),
    st.booleans(),
)
def test_a_call_reads_as_it_was_written(
    method: str, parameters: dict[str, int], more: bool, oneway: bool
) -> None:
    text = json.dumps({"method": method, "parameters": parameters, "more": more, "oneway": oneway})
    assert decode_call(text.encode()) == Call(method, parameters, more, oneway)


def test_a_call_may_say_more_than_is_known_and_less_than_all() -> None:
    assert decode_call(b'{"method":"a.B","new":1}') == Call("a.B")


def test_replies_leave_out_what_says_nothing() -> None:
    assert encode(Reply(parameters={"a": 1})) == b'{"parameters":{"a":1}}\0'
    assert json.loads(encode(Reply(error="a.E", parameters={}))[:-1]) == {"error": "a.E", "parameters": {}}
    assert json.loads(encode(Reply(parameters={}, continues=True))[:-1]) == {
        "parameters": {},
        "continues": True,
    }
