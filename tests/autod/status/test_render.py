"""The table and the JSON document of a status."""

from __future__ import annotations

import msgspec
import pytest

from autod.status import ChildSa, ConnectionState, IkeSa, Pending, State, parse
from autod.status.render import age_text, narrow, size_text, state_text, table
from autod.values import to_json
from tests.helpers.transcripts import cases


def recorded(title: str, *files: str, release: str = "5.4") -> State:
    return parse(
        line.reply
        for file in files
        for line in next(one for one in cases(release, file) if title in one.title).lines
    )


def test_the_table_of_established_connections() -> None:
    up = recorded("t01,t02,t03 up", "status", "trafficstatus")
    lines = list(table(up, now=1795439358 + 3600 * 3 + 61))
    assert lines[0].split() == ["CONNECTION", "STATE", "LOCAL", "REMOTE", "SINCE", "IN", "OUT", "REKEY"]
    first = next(line for line in lines if line.startswith("t01 "))
    assert first.split() == [
        *("t01", "up", "192.1.2.45", "10.1.1.1/32", "192.1.2.23", "10.2.1.1/32"),
        *("3h01m", "0B", "0B", "7h48m"),
    ]
    assert next(line for line in lines if line.startswith("t04 ")).split()[1] == "down"
    assert lines[-1] == "7 loaded, 3 up"
    assert all(line == line.rstrip() for line in lines)


def test_the_table_of_nothing() -> None:
    assert list(table(State()))[1:] == ["0 loaded, 0 up"]


@pytest.mark.parametrize(
    ("connection", "word"),
    [
        (ConnectionState("a", established_child_sa=4), "up"),
        (ConnectionState("a", routing="tunnel"), "up"),
        (ConnectionState("a", routing="ondemand", negotiating_ike_sa=3), "negotiating"),
        (ConnectionState("a", routing="negotiating"), "negotiating"),
        (ConnectionState("a", oriented=False, routing="unrouted"), "unoriented"),
        (ConnectionState("a", kind="template"), "template"),
        (ConnectionState("a", kind="group", oriented=True), "group"),
        (ConnectionState("a", routing="ondemand"), "ondemand"),
        (ConnectionState("a", routing="failure"), "failure"),
        (ConnectionState("a"), "down"),
    ],
)
def test_one_word_for_a_connection(connection: ConnectionState, word: str) -> None:
    assert state_text(connection) == word


def test_what_is_negotiated_shows_before_pluto_says_so_of_the_connection() -> None:
    state = State(connections=(ConnectionState("a"),), ike_sas=(IkeSa(3, "a", phase="half_open"),))
    assert list(table(state))[1].split()[:2] == ["a", "negotiating"]


def test_narrow_keeps_the_ike_sa_that_a_connection_shares() -> None:
    up = recorded("t01,t02,t03 up", "status")
    only = narrow(up, ["t02"])
    assert [one.name for one in only.connections] == ["t02"]
    assert [one.connection for one in only.child_sas] == ["t02"]
    assert [one.connection for one in only.ike_sas] == ["t01"]
    assert only.totals == up.totals
    assert narrow(up, []) is up


def test_narrow_knows_aliases_and_instances() -> None:
    loaded = recorded("state: loaded, nothing routed", "status")
    assert {one.name for one in narrow(loaded, ["ali"]).connections} == {"xa", "xb"}
    both = State(
        connections=(ConnectionState("road"), ConnectionState("road", instance="1")),
        child_sas=(ChildSa(5, "road", instance="1"),),
        ike_sas=(IkeSa(4, "road", instance="1"),),
        pending=(Pending(4), Pending(9)),
    )
    assert [one.label for one in narrow(both, ["road[1]"]).connections] == ["road[1]"]
    assert narrow(both, ["road[1]"]).pending == (Pending(4),)
    assert len(narrow(both, ["road"]).connections) == 2


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (None, "-"),
        (0, "0B"),
        (999, "999B"),
        (1000, "1.0K"),
        (1536, "1.5K"),
        (5 << 30, "5.0G"),
        (1 << 70, "1024.0E"),
    ],
)
def test_sizes_for_people(count: int | None, text: str) -> None:
    assert size_text(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "-"),
        (0, "0s"),
        (59.9, "59s"),
        (249, "4m09s"),
        (11100, "3h05m"),
        (1062000, "12d07h"),
        (-61, "-1m01s"),
    ],
)
def test_durations_for_people(seconds: float | None, text: str) -> None:
    assert age_text(seconds) == text


def test_the_json_document_has_its_version_first_and_every_key() -> None:
    document = to_json(recorded("t01,t02,t03 up", "status"))
    assert document.startswith(b'{"schema":1,"release":"5.4"')
    plain = msgspec.json.decode(document)
    assert set(plain["child_sas"][0]) == set(ChildSa.__struct_fields__)
    assert set(plain["connections"][0]) == set(ConnectionState.__struct_fields__)
