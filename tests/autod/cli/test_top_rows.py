"""The live table without a terminal: rows, rates, failures, sorting, filtering, keys."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autod.cli.top.rows import (
    KEYS,
    SORTS,
    Options,
    Picture,
    Row,
    Trouble,
    advance,
    arrange,
    counts,
    forget,
    press,
)
from autod.status import ChildSa, ConnectionState, IkeSa, Pending, State
from autod.status.model import End

LOADED = (
    ConnectionState("a", routing="unrouted", oriented=True, remote=End(address="192.0.2.1")),
    ConnectionState("b", routing="ondemand", oriented=True, remote=End(address="192.0.2.2")),
    ConnectionState("lost", routing="unrouted", oriented=False),
    ConnectionState("road", kind="template", remote=End(host="%any")),
)


def child(serial: int, name: str = "a", incoming: int = 0, outgoing: int = 0, **fields: object) -> ChildSa:
    values = {"phase": "established", "bytes_kind": "exact", "ike_sa": 1, **fields}
    return ChildSa(serial, name, bytes_in=incoming, bytes_out=outgoing, **values)  # type: ignore[arg-type]


def ike(serial: int, phase: str, name: str = "a") -> IkeSa:
    return IkeSa(serial, name, phase=phase, peer_id="@peer")  # type: ignore[arg-type]


def row(picture: Picture, label: str) -> Row:
    (found,) = (one for one in picture.rows if one.label == label)
    return found


def pictures(*states: State, every: float = 2.0) -> list[Picture]:
    made: list[Picture] = []
    for number, state in enumerate(states):
        made.append(advance(made[-1] if made else None, state, LOADED, at=1000 + number * every))
    return made


def test_what_is_loaded_has_a_row_before_it_has_an_sa() -> None:
    (first,) = pictures(State())
    assert {one.label: one.state for one in first.rows} == {
        "a": "down",
        "b": "ondemand",
        "lost": "unoriented",
        "road": "template",
    }
    assert row(first, "a").peer == "192.0.2.1"
    assert row(first, "road").peer == "%any"
    assert {one.since for one in first.rows} == {None}
    assert counts(first.rows) == {"down": 1, "ondemand": 1, "unoriented": 1, "template": 1}


def test_since_when_it_is_up_comes_from_pluto_at_the_first_look() -> None:
    (first,) = pictures(State(child_sas=(child(4, add_time=700), child(5, add_time=900))))
    assert (row(first, "a").state, row(first, "a").since, row(first, "a").children) == ("up", 700, 2)


def test_rates_are_bytes_a_second_between_two_looks() -> None:
    first, second = pictures(
        State(child_sas=(child(4, incoming=1000, outgoing=500),)),
        State(child_sas=(child(4, incoming=5000, outgoing=500),)),
    )
    assert (row(first, "a").rate_in, row(first, "a").rate_out) == (None, None)
    assert (row(second, "a").rate_in, row(second, "a").rate_out) == (2000, 0)
    assert (row(second, "a").bytes_in, second.interval) == (5000, 2.0)


def test_a_rekeyed_child_counts_from_zero_and_the_row_stays_up_since_the_first() -> None:
    _, second = pictures(
        State(child_sas=(child(4, incoming=9000, add_time=700),)),
        State(child_sas=(child(8, incoming=600, add_time=1001),)),
    )
    assert row(second, "a").rate_in == 300
    assert row(second, "a").since == 700


def test_a_counter_of_32_bits_that_wraps_is_no_drop() -> None:
    _, second = pictures(
        State(child_sas=(child(4, incoming=2**32 - 100),)), State(child_sas=(child(4, incoming=300),))
    )
    assert row(second, "a").rate_in == 200


def test_rounded_counters_give_no_rate() -> None:
    rounded = child(4, incoming=1024, bytes_kind="rounded")
    assert row(pictures(State(child_sas=(rounded,)), State(child_sas=(rounded,)))[-1], "a").rate_in is None


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (State(ike_sas=(ike(1, "half_open"),)), "negotiating"),
        (State(ike_sas=(ike(1, "authenticating"),)), "negotiating"),
        (State(ike_sas=(ike(1, "established"),), child_sas=(child(2, phase="negotiating"),)), "negotiating"),
        (State(pending=(Pending(1, "a"),)), "negotiating"),
        (State(ike_sas=(ike(1, "established"),)), "ike_only"),
        (State(ike_sas=(ike(1, "established"),), child_sas=(child(2, "b"),)), "down"),
        (State(ike_sas=(ike(1, "established"),), child_sas=(child(2),)), "up"),
    ],
)
def test_states_of_a_row(state: State, word: str) -> None:
    assert row(pictures(state)[0], "a").state == word


@pytest.mark.parametrize(
    ("before", "after", "trouble"),
    [
        (State(child_sas=(child(4),)), State(), "went down"),
        (State(ike_sas=(ike(1, "half_open"),)), State(), "IKE_SA_INIT failed, or no answer"),
        (
            State(ike_sas=(ike(1, "half_open"),)),
            State(ike_sas=(ike(2, "half_open"),)),
            "IKE_SA_INIT failed, or no answer",
        ),
        (State(ike_sas=(ike(1, "authenticating"),)), State(), "IKE_AUTH failed"),
        (State(child_sas=(child(2, phase="negotiating"),)), State(), "Child SA failed"),
        (
            State(ike_sas=(ike(1, "authenticating"),)),
            State(ike_sas=(ike(1, "established"),)),
            "IKE SA without a Child SA",
        ),
    ],
)
def test_what_went_wrong_between_two_looks(before: State, after: State, trouble: str) -> None:
    assert row(pictures(before, after)[-1], "a").trouble == Trouble(trouble, 1002)


@pytest.mark.parametrize(
    "states",
    [
        (State(ike_sas=(ike(1, "half_open"),)), State(ike_sas=(ike(1, "authenticating"),))),
        (State(ike_sas=(ike(1, "authenticating"),)), State(child_sas=(child(2),))),
        (State(child_sas=(child(4),)), State(child_sas=(child(9),))),
        (State(), State()),
    ],
)
def test_what_goes_well_is_no_failure(states: tuple[State, ...]) -> None:
    assert row(pictures(*states)[-1], "a").trouble is None


def test_the_last_failure_stays_when_it_is_up_again() -> None:
    last = pictures(State(child_sas=(child(4),)), State(), State(child_sas=(child(9),)))[-1]
    assert (row(last, "a").state, row(last, "a").since) == ("up", 1004)
    assert row(last, "a").trouble == Trouble("went down", 1002)


def test_instances_come_and_go_with_their_sas() -> None:
    first, second = pictures(
        State(child_sas=(child(4, "road", instance="1", peer_address="198.51.100.7"),)), State()
    )
    assert (row(first, "road[1]").state, row(first, "road[1]").name) == ("up", "road")
    assert row(first, "road[1]").peer == "198.51.100.7"
    assert row(first, "road").state == "template"
    assert [one.label for one in second.rows if one.name == "road"] == ["road"]


def test_what_was_loaded_since_shows_when_it_has_an_sa_and_is_forgotten_when_unloaded() -> None:
    _, second = pictures(State(child_sas=(child(4, "new"),)), State())
    assert row(second, "new").state == "down"
    assert "new" not in {one.label for one in forget(second, LOADED).rows}
    assert "a" in {one.label for one in forget(second, LOADED).rows}


def test_the_json_document_holds_the_rows_and_none_of_the_memory() -> None:
    plain = msgspec.json.decode(pictures(State(child_sas=(child(4),)))[0].to_json())
    assert set(plain) == {"schema", "time", "interval", "rows"}
    assert set(plain["rows"][0]) == set(Row.__struct_fields__)


ROWS = (
    Row("a", "a", "192.0.2.1", "up", 300, 10, 20, 5, 5),
    Row("B", "B", "192.0.2.2", "down", 200, trouble=Trouble("went down", 900)),
    Row("c[1]", "c", "east.example", "up", 100, 30, 5, 1, 1, trouble=Trouble("went down", 800)),
    Row("d", "d", None, "template"),
)


@pytest.mark.parametrize(
    ("options", "labels"),
    [
        (Options(), ["a", "B", "c[1]", "d"]),
        (Options(sort="in", descending=True), ["c[1]", "a", "B", "d"]),
        (Options(sort="rate", descending=True), ["a", "c[1]", "B", "d"]),
        (Options(sort="failure", descending=True), ["B", "c[1]", "a", "d"]),
        (Options(sort="since"), ["d", "c[1]", "B", "a"]),
        (Options(only="up"), ["a", "c[1]"]),
        (Options(only="not_up"), ["B"]),
        (Options(only="trouble"), ["B", "c[1]"]),
        (Options(pattern="b"), ["B"]),
        (Options(pattern="192.0.2.*"), ["a", "B"]),
        (Options(pattern="EAST"), ["c[1]"]),
        (Options(pattern="nothing"), []),
    ],
)
def test_sorting_and_filtering(options: Options, labels: list[str]) -> None:
    assert [one.label for one in arrange(ROWS, options)] == labels


def test_numbers_in_names_count_as_numbers() -> None:
    rows = [Row(label, label) for label in ("b10", "b9", "b010a", "b1", "B2")]
    assert [row.label for row in arrange(rows, Options())] == ["b1", "B2", "b9", "b10", "b010a"]


def pressed(*keys: str) -> Options:
    options = Options()
    for key in keys:
        options = press(options, key)
    return options


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (("i",), Options(sort="in", descending=True)),
        (("i", "i"), Options(sort="in")),
        (("n",), Options(descending=True)),
        (("u",), Options(only="up")),
        (("x", "a"), Options()),
        (("/", "q", "R", "enter"), Options(pattern="qR")),
        (("/", "q", "x", "backspace"), Options(pattern="q", typing=True)),
        (("/", "q", "escape"), Options()),
        (("down", "down", "up"), Options(offset=1)),
        (("page_down", "home"), Options()),
        (("up",), Options()),
        ((" ",), Options(paused=True)),
        ((" ", " "), Options()),
        (("R",), Options(reload=True)),
        (("q",), Options(quit=True)),
        (("z", "enter", "ü"), Options()),
    ],
)
def test_keys(keys: tuple[str, ...], expected: Options) -> None:
    assert pressed(*keys) == expected


def test_every_sort_key_is_named_at_the_foot() -> None:
    foot = " ".join(KEYS)
    for key, (name, _, _) in SORTS.items():
        assert f"{key} {name}" in foot


@given(
    st.lists(
        st.sampled_from([*"nsptiorfaudx/ Rq.é", "enter", "escape", "backspace", "up", "down", "page_down"])
    )
)
def test_any_keys_give_options_that_sort(keys: list[str]) -> None:
    assert set(arrange(ROWS, pressed(*keys))) <= set(ROWS)
