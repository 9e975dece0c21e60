"""Connections that were written alike are planned once: each plan is what it would be alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autod.config.reader import load_text
from autod.protocol.connection import Planner
from autod.protocol.connection.addresses import Address, address
from autod.protocol.connection.forms import Forms
from autod.protocol.connection.lookup import Interface, Nothing
from autod.protocol.connection.message import Message, Plan
from autod.protocol.releases import find
from tests.helpers.configurations import BY_SLOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hypothesis.strategies import DrawFn

    from autod.config import Configuration
    from autod.protocol.connection.given import Given
    from autod.protocol.connection.lookup import Lookup

RELEASES = ["3.27", "3.32", "4.1", "4.3", "4.6", "4.10", "4.15", "5.0", "5.1", "5.2", "5.3.2", "5.4"]
PLAIN = {
    "": [f"192.0.2.{number}" for number in range(1, 9)],
    "id": [f"@peer-{number}.example" for number in range(1, 9)],
    "subnet": [f"10.{number}.0.0/24" for number in range(1, 9)],
    "sourceip": [f"10.{number}.0.1" for number in range(1, 9)],
}


class Machine(Nothing):
    """Answers depend on what is asked."""

    def gateway(self, version: int) -> Address | None:
        return Address(4, b"\xc0\0\2\xfe")

    def source(self, to: Address | None, version: int) -> Address | None:
        if to is None or to.packed[-1] < 4:
            return None
        return Address(to.version, bytes(reversed(to.packed)))

    def interface(self, name: str, version: int) -> Interface | None:
        return Interface(Address(4, name.encode().ljust(4, b"\1")[:4]), None)

    def resolve(self, name: str, version: int) -> Address | None:
        return Address(4, name.encode().ljust(4, b"\1")[:4])


@st.composite
def alike(draw: DrawFn) -> str:
    """Sections with the same keywords. Some values are of one section, the others are the same in all of them."""
    keywords = draw(
        st.lists(
            st.sampled_from(
                [*(f"{side}{slot}" for side in ("left", "right") for slot in PLAIN)] * 2
                + ["authby", "auto", "type", "leftprotoport", "leftnexthop", "leftrsasigkey", "leftsubnets"]
            ),
            unique=True,
            max_size=9,
        )
    )
    lines = {keyword: draw(st.sampled_from(values_of(keyword))) for keyword in ["left", "right", *keywords]}
    sections = []
    for name in draw(
        st.lists(st.sampled_from(["a", "b1", "c-2", "d.e", "%auto", "f/g"]), unique=True, min_size=4)
    ):
        for keyword in keywords:
            if draw(st.booleans()):
                lines[keyword] = draw(st.sampled_from(values_of(keyword)))
        sections.append(f"conn {name}\n" + "".join(f'\t{key}="{value}"\n' for key, value in lines.items()))
    return "".join(sections)


def values_of(keyword: str) -> list[str]:
    slot = keyword.removeprefix("left").removeprefix("right")
    return PLAIN.get(slot, []) * 4 + [value for value in BY_SLOT.get(slot, ["tunnel"]) if '"' not in value]


def planned_together(configuration: Configuration) -> list[Plan]:
    planner = Planner(configuration.rules, Machine())
    return [planner.plan(one.name, one.layers, failed=one.failed) for one in configuration.connections]


def planned_alone(configuration: Configuration) -> list[Plan]:
    return [
        Planner(configuration.rules, Machine()).plan(one.name, one.layers, failed=one.failed)
        for one in configuration.connections
    ]


@settings(max_examples=60)
@given(text=alike(), release=st.sampled_from(RELEASES))
def test_a_plan_does_not_depend_on_what_was_planned_before(text: str, release: str) -> None:
    configuration = load_text(text, find(release, seccomp=True))
    assert planned_together(configuration) == planned_alone(configuration)


ODD = {
    "right": ["0.0.0.0", "255.255.255.255", "01.2.3.4", "192.0.2.256", "127.1", "%any", "2001:db8::1"],
    "leftid": ["@", "@@a", "@#00", "@[x]", "a,, b=c", "%fromcert", "192.0.2.99"],
    "rightsubnet": [
        "0.0.0.0/0",
        "0.0.0.0/8",
        "10.1.2.3/24",
        "10.1.0.0/255.255.0.0",
        "10.1/16",
        "10.0.0.0/33",
    ],
    "leftsourceip": ["0.0.0.0", "10.1", "2001:db8::1", "192.0.2.99"],
}


@pytest.mark.parametrize("release", RELEASES)
def test_values_that_look_plain_and_mean_something_else_are_worked_out(release: str) -> None:
    """0.0.0.0, bits of a host, a mask: rules tell them from other values of their kind."""
    plain = {"left": "192.0.2.99", "right": "192.0.2.1", "leftid": "@a", "rightsubnet": "10.3.0.0/24"}
    sections = []
    for slot, odd in ODD.items():
        usual = PLAIN[slot.removeprefix("left").removeprefix("right")][:4]
        sections += [{**plain, slot: value} for value in (*usual, *odd)]
    text = "".join(
        f"conn c{at}\n" + "".join(f'\t{key}="{value}"\n' for key, value in section.items())
        for at, section in enumerate(sections)
    )
    configuration = load_text(text, find(release, seccomp=True))
    assert len(configuration.connections) == len(sections)
    assert planned_together(configuration) == planned_alone(configuration)


def test_what_a_rule_makes_of_a_value_may_be_anything() -> None:
    text = "".join(f"conn c{at}\n\tleft=192.0.2.{at}\n\tleftid=@{'x' * at}\n" for at in range(1, 9))
    made = []

    def make(name: str, given: Mapping[str, Given], lookup: Lookup) -> Plan:
        made.append(name)
        members = {"name": name, "left.port": len(str(given["leftid"].text))}
        return Plan(name, ((Message("add", name, members),),), names=(name,))

    forms = Forms()
    plans = [
        forms.plan(one.name, one.settings, Nothing(), make)
        for one in load_text(text, find("4.10", seccomp=True)).connections
    ]
    assert [plan.groups[0][0].members["left.port"] for plan in plans] == list(range(2, 10))
    assert [name for name in made if name.startswith("c")] == [plan.name for plan in plans]


def test_what_the_system_says_of_a_value_is_asked_for_each_connection() -> None:
    """Also where it said nothing of the first ones."""
    text = "".join(f"conn c{at}\n\tleft=192.0.2.{at}\n" for at in range(1, 9))

    def make(name: str, given: Mapping[str, Given], lookup: Lookup) -> Plan:
        source = lookup.source(address(given["left"].text or "", 4), 4)
        members = {"name": name, **({} if source is None else {"left.host_addr": source.packed})}
        return Plan(name, ((Message("add", name, members),),), names=(name,))

    forms = Forms()
    plans = [
        forms.plan(one.name, one.settings, Machine(), make)
        for one in load_text(text, find("4.10", seccomp=True)).connections
    ]
    assert [plan.groups[0][0].members.get("left.host_addr") for plan in plans] == [
        None if at < 4 else bytes([at, 2, 0, 192]) for at in range(1, 9)
    ]


@pytest.mark.parametrize("release", ["3.27", "4.10", "5.2"])
def test_the_rules_are_asked_for_a_form_and_not_for_each_connection(
    release: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "".join(
        f"conn c{at}\n\tleft=%defaultroute\n\tright=192.0.2.{at}\n\tleftid=@l{at}\n\trightsubnet=10.0.{at}.0/24\n"
        for at in range(1, 60)
    )
    configuration = load_text(text, find(release, seccomp=True))
    planner = Planner(configuration.rules, Machine())
    made = []
    make = planner._making.plan  # how often it works is what this is about

    class Counted:
        works_out = True
        draft = planner._making.draft

        def plan(self, name: str, *more: object, **kept: object) -> Plan:
            made.append(name)
            return make(name, *more, **kept)  # type: ignore[arg-type]

    monkeypatch.setattr(planner, "_making", Counted())
    plans = [planner.plan(one.name, one.layers) for one in configuration.connections]
    assert len(made) == 3
    assert plans == planned_alone(configuration)
