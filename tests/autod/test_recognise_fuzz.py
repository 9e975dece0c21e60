"""recognise() and status.parse() never raise: lines are made from what their own patterns admit.

AUTOD_FUZZ=500 takes 500 times as many examples (about ten minutes), for running by hand.
"""

from __future__ import annotations

import json
import os
import re
from functools import cache
from types import ModuleType
from typing import Any

import msgspec
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from autod.events import Event, Log, to_json
from autod.protocol.replies import Prompt, Reply
from autod.protocol.states import NAMES
from autod.recognise import COMMON, recognise
from autod.recognise.known import ROWS as OTHERS
from autod.status import State, daemon, ends, established, lines, parse, sas

TIMES = int(os.environ.get("AUTOD_FUZZ", "1"))

STATES = tuple(
    f"{prefix}{name}"
    for name in NAMES
    for prefix in (("", "STATE_", "STATE_V2_") if name.isupper() else ("",))
)

NUMBERS = st.sampled_from(("0", "7", "7.7.7", "...", "٣", "9" * 18, "9" * 19, "9" * 5000, "-1", "1e9", ""))


@cache
def admitted(pattern: str) -> st.SearchStrategy[str]:
    """Texts that a pattern admits."""
    return st.from_regex(re.compile(rf"\A(?:{pattern})", re.DOTALL | re.ASCII))


@st.composite
def prefixes(draw: st.DrawFn) -> str:
    """What may stand before a phrase."""
    name = draw(st.sampled_from(("a", "a/1x2", 'a"b', "", "ä b", "\udcff")))
    instance = draw(st.sampled_from(("", "[1]", "[1][2] 192.0.2.7", "[3] 10.0.0.0/8===192.0.2.1")))
    serial = draw(st.sampled_from(("", " #1", " #" + "9" * 18, " #" + "9" * 30)))
    state = draw(
        st.sampled_from(("", *(f"{state}: " for state in STATES), "STATE_UNDEFINED: ", "WHAT_EVER: "))
    )
    error = draw(st.sampled_from(("", "ERROR: ")))
    return draw(st.sampled_from(("", f'{error}"{name}"{instance}{serial}: {state}')))


def check(event: Event, text: str) -> None:
    """It carries the line, every field is of its type, and it renders."""
    assert event.text == text
    msgspec.convert(msgspec.to_builtins(event), type(event), strict=True)
    assert json.loads(to_json(event))


@settings(max_examples=300 * TIMES, suppress_health_check=list(HealthCheck), deadline=None)
@given(data=st.data())
def test_what_a_phrase_admits_its_event_takes(data: st.DataObject) -> None:
    """The pattern's own language, after any prefix and in any state, with other numbers put in."""
    row = data.draw(st.sampled_from((*COMMON, *OTHERS)))
    body = data.draw(admitted(row.pattern)) + data.draw(st.sampled_from(("", " and more", "\n")))
    if data.draw(st.booleans()):
        body = re.sub(r"\d[\d.]*", lambda _: data.draw(NUMBERS), body, count=1)
    text = data.draw(prefixes()) + body
    check(recognise(Reply(data.draw(st.sampled_from((None, 0, 3, 21, 999))), text), time=0.0), text)


@settings(max_examples=150 * TIMES, suppress_health_check=list(HealthCheck), deadline=None)
@given(data=st.data())
def test_a_phrase_is_found_by_its_first_word(data: st.DataObject) -> None:
    """What a pattern admits, and begins with one of its row's words, is some event and no Log.

    Rows without words are tried for what does not look like a status line: test_recognise_phrases has their phrases.
    """
    row = data.draw(st.sampled_from([row for row in (*COMMON, *OTHERS) if row.words]))
    if row.within is not None or "0" in row.words:
        text = f'"a" #1: {row.within or "STATE_MAIN"}_I1: ' + data.draw(admitted(row.pattern))
        text = text.replace("STATE_STATE", "STATE").replace(f": {row.within}", f": STATE_{row.within}")
    elif '"' in row.words:
        text = data.draw(admitted(row.pattern))
    else:
        body = data.draw(admitted(row.pattern))
        assume(body.partition(" ")[0] in row.words)
        text = f'"a" #1: {body}'
    if len(text) < 8000 and not re.search(r"[\d.]{16}", text):
        assert not isinstance(recognise(Reply(0, text), time=0.0), Log), text


def test_an_sa_in_any_state_may_go() -> None:
    """A state that does not tell which SA it is of leaves that open."""
    for state in (
        *STATES,
        "STATE_UNDEFINED",
        "UNDEFINED",
        "STATE_INFO",
        "STATE_IKESA_DEL",
        "V2_UNSECURED_R",
        "",
    ):
        for text in (
            f'"a" #1: deleting state ({state}) and NOT sending notification',
            f'"a" #1: deleting state ({state}) aged 0.5s and sending notification',
            f'"a" #1: {state}: retransmission; will wait 7.7.7 seconds for response',
            f'"a" #1: {state}: retransmission; will wait 0.5 seconds for response',
            f'"a" #1: {state}: 60 second timeout exceeded after 7 retransmits.',
            f'"a" #1: encountered fatal error in state {state}',
        ):
            check(recognise(Reply(2, text), time=0.0), text)


@settings(max_examples=100 * TIMES, suppress_health_check=list(HealthCheck), deadline=None)
@given(
    st.one_of(st.text(), prefixes()),
    st.binary(),
    st.booleans(),
)
def test_no_bytes_make_recognise_raise(prefix: str, data: bytes, prompt: bool) -> None:
    """Whatever comes after whatever prefix."""
    text = prefix + data.decode("utf-8", "surrogateescape")
    check(recognise(Prompt(40, text, secret=True) if prompt else Reply(2, text), time=0.0), text)


def patterns_of(*modules: ModuleType) -> list[re.Pattern[str]]:
    """The patterns that modules hold."""
    found: list[re.Pattern[str]] = []
    for module in modules:
        for value in vars(module).values():
            values: Any = value if isinstance(value, tuple | list) else (value,)
            found += [one for one in values if isinstance(one, re.Pattern) and isinstance(one.pattern, str)]
    return sorted(set(found), key=lambda one: one.pattern)


STATUS = patterns_of(sas, lines, daemon, ends)


@settings(max_examples=200 * TIMES, suppress_health_check=list(HealthCheck), deadline=None)
@given(data=st.data())
def test_what_status_admits_its_model_takes(data: st.DataObject) -> None:
    """Lines from the parser's own patterns, alone and behind a connection's name, with other numbers put in."""
    text = data.draw(st.from_regex(data.draw(st.sampled_from(STATUS))))
    if data.draw(st.booleans()):
        text = re.sub(r"\d+", lambda _: data.draw(NUMBERS), text, count=2)
    before = data.draw(
        st.sampled_from(("", '"a": ', '"a":   ', '"a"[1] 192.0.2.1:   ', '#3: "a":500 ', '#3: "a" ', "  "))
    )
    found = parse([Reply(0, before + text), Reply(0, text)])
    assert msgspec.json.decode(
        msgspec.json.encode(msgspec.to_builtins(found)).decode("utf-8", "replace").encode(), type=State
    )
    established([Reply(0, before + text)])


def test_status_takes_every_state() -> None:
    """In brackets with its story up to 5.3.2, alone on 5.4."""
    for state in STATES:
        for shown in (f"{state} (whatever)", state) if state.isupper() else (state,):
            found = parse([Reply(0, f'#3: "a":500 {shown}; EVENT_RETRANSMIT in 1s; idle;')])
            assert len(found.ike_sas) + len(found.child_sas) == 1
            assert all(sa.phase != "unknown" for sa in (*found.ike_sas, *found.child_sas)), shown
