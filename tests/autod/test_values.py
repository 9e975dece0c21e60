"""What is written as JSON is read back as the same value, whatever it holds; and values can be members of sets."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autod import bulk, events, outcomes, status
from autod.bulk import events as run_events
from autod.errors import DecodeError
from autod.events import Event
from autod.values import to_json

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXT,
    int: st.integers(-(2**53), 2**53),
    float: st.floats(allow_nan=False, allow_infinity=False),
}


def below(kind: type[Any]) -> list[type[Any]]:
    return [one for child in kind.__subclasses__() for one in (child, *below(child))]


@cache
def values_of(hint: Any) -> st.SearchStrategy[Any]:
    """Any value that a field of this type may have."""
    if hint in PLAIN:
        return PLAIN[hint]
    if hint is Event:
        return st.one_of(*map(structs_of, below(Event)))
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return st.deferred(lambda: structs_of(hint))
    inner = get_args(hint)
    if get_origin(hint) is tuple and inner[1:] == (...,):
        return st.lists(values_of(inner[0]), max_size=2).map(tuple)
    if get_origin(hint) is tuple:
        return st.tuples(*map(values_of, inner))
    if get_origin(hint) in (dict, Mapping):
        return st.dictionaries(values_of(inner[0]), values_of(inner[1]), max_size=2)
    if get_origin(hint) is not None and not isinstance(get_origin(hint), type):
        return st.from_type(hint)
    if inner:
        return st.one_of(*map(values_of, inner))
    return st.from_type(hint)


@cache
def structs_of(kind: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    hints = get_type_hints(kind)
    return st.fixed_dictionaries({name: values_of(hints[name]) for name in kind.__struct_fields__}).map(
        lambda fields: kind(**fields)
    )


@pytest.mark.parametrize("kind", below(Event), ids=lambda kind: kind.__name__)
@given(data=st.data())
@settings(max_examples=15)
def test_an_event_is_read_back_and_can_be_a_member_of_a_set(kind: type[Event], data: st.DataObject) -> None:
    event = data.draw(structs_of(kind))
    back = events.from_json(to_json(event))
    assert (type(back), back) == (kind, event)
    assert {event, copy.deepcopy(event), back} == {event}


@given(structs_of(outcomes.Outcome))
@settings(max_examples=30)
def test_an_outcome_is_read_back(outcome: outcomes.Outcome) -> None:
    back = outcomes.from_json(to_json(outcome).decode())
    assert back == outcome
    assert {outcome, back} == {outcome}


@given(structs_of(bulk.BulkResult))
@settings(max_examples=30)
def test_the_result_of_a_run_is_read_back(result: bulk.BulkResult) -> None:
    assert bulk.from_json(to_json(result)) == result


@given(structs_of(status.State))
@settings(max_examples=30)
def test_a_state_is_read_back(state: status.State) -> None:
    assert status.from_json(to_json(state)) == state


@pytest.mark.parametrize("kind", [*below(run_events.Happening), bulk.Summary], ids=lambda kind: kind.__name__)
@given(data=st.data())
@settings(max_examples=5)
def test_what_a_run_tells_can_be_a_member_of_a_set(kind: type[msgspec.Struct], data: st.DataObject) -> None:
    value = data.draw(structs_of(kind))
    assert {value, copy.deepcopy(value)} == {value}


def test_a_line_of_a_run_is_read_as_the_event_in_it() -> None:
    """The keys of the run are beside the event's own."""
    event = events.Unknown(time=1.0, connection="a", name="a", text="no")
    assert (
        events.from_json(bulk.render(run_events.Said(sequence=3, time=1.0, connection="a", said=event)))
        == event
    )


@pytest.mark.parametrize("read", [events.from_json, outcomes.from_json, bulk.from_json, status.from_json])
@pytest.mark.parametrize("data", ["", "{", "[]", b"\xff", '{"event":"none_of_ours","time":"now"}'])
def test_anything_else_is_an_error_of_the_tree(read: Any, data: bytes | str) -> None:
    with pytest.raises(DecodeError, match="not the JSON of"):
        read(data)


@given(structs_of(status.State), st.sampled_from(["\ud800", "\udcff"]))
@settings(max_examples=10)
def test_a_name_that_is_not_utf8_can_be_written_in_every_document(state: status.State, name: str) -> None:
    connection = status.ConnectionState(name)
    state = msgspec.structs.replace(state, connections=(connection,))
    assert status.from_json(to_json(state)).connections[0].name == "\ufffd"
