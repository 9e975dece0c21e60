"""A name and its members, out of a state."""

from __future__ import annotations

from typing import Any

import pytest

from autod.status import ConnectionState
from autod.status.members import Members


def one(name: str, *aliases: str, **fields: Any) -> ConnectionState:
    return ConnectionState(name, aliases=aliases, **fields)


NETS = [one(f"nets/{pair}", "nets") for pair in ("1x1", "1x2", "2x1", "2x2")]
GROUP = [
    one("private", kind="group", serial=7),
    one("private#10.0.0.0/8", kind="template", serial=8, template_serial=7),
    one("private#10.9.0.0/16", kind="template", serial=9, template_serial=7),
]
TEMPLATE = [
    one("road", kind="template", serial=1),
    one("road", kind="instance", instance="1", serial=2, template_serial=1),
]
ALL = [
    *NETS,
    *GROUP,
    *TEMPLATE,
    one("a", "three"),
    one("b", "three", "two"),
    one("c", "three", "two"),
    one("x#1/2x2y"),
]


@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("nets", ("nets/1x1", "nets/1x2", "nets/2x1", "nets/2x2")),
        ("nets/1x2", ("nets/1x2",)),
        ("three", ("a", "b", "c")),
        ("two", ("b", "c")),
        ("a", ("a",)),
        ("private", ("private#10.0.0.0/8", "private#10.9.0.0/16")),
        ("private#10.0.0.0/8", ("private#10.0.0.0/8",)),
        ("road", ("road",)),
        ("x#1/2x2y", ("x#1/2x2y",)),
        ("x#1", ()),
        ("x", ()),
        ("nosuch", ()),
    ],
)
def test_a_name_stands_for_its_members(name: str, members: tuple[str, ...]) -> None:
    known = Members(ALL)
    assert known.of(name) == members
    assert (name in known) is bool(members)


@pytest.mark.parametrize(
    ("name", "up", "counts"),
    [
        ("nets", {"nets/1x1", "nets/1x2", "nets/2x1", "nets/2x2"}, True),
        ("nets", {"nets/1x1", "nets/1x2", "nets/2x1"}, False),
        ("nets", {"net/1x1", "nets2/1x1"}, False),
        ("nets/1x1", {"nets/1x1"}, True),
        ("three", {"a", "b", "c"}, True),
        ("three", {"a", "c"}, False),
        ("private", {"private#10.9.0.0/16"}, True),
        ("private", {"road"}, False),
        ("road", {"road"}, True),
        ("road", {"a"}, False),
        ("nosuch", {"a"}, False),
        ("nosuch", {"nosuch"}, True),
        ("nosuch", set(), False),
    ],
)
def test_it_counts_as_one_that_is_up_or_not(name: str, up: set[str], counts: bool) -> None:
    known = Members(ALL)
    assert known.is_up(name, up) is counts
    assert (name in known.up(up)) is counts


def test_a_connection_comes_before_an_alias_of_the_same_name() -> None:
    known = Members([one("b", "a"), one("a"), one("c", "a")])
    assert known.of("a") == ("a",)
    assert not known.is_up("a", {"b", "c"})


def test_pairs_without_an_alias_go_by_their_name() -> None:
    known = Members([one("nets/1x1"), one("nets/1x2"), one("site/a")])
    assert known.of("nets") == ("nets/1x1", "nets/1x2")
    assert known.of("site") == ()


def test_a_pair_with_an_alias_of_its_own_does_not_go_by_its_name() -> None:
    assert Members([one("nets/1x1", "al")]).of("nets") == ()


def test_instances_whose_template_is_not_there_have_its_name() -> None:
    known = Members([one("road", kind="instance", instance="1")])
    assert (known.of("road"), known.kind("road")) == (("road",), "template")


def test_only_what_was_made_of_a_group_is_its_member() -> None:
    """A template has its own serial, and instances that name it."""
    known = Members(
        [
            one("road", kind="template", serial=1),
            one("other", kind="template", serial=2, template_serial=1),
            one("private", kind="group"),
            one("private#1", kind="template", serial=9, template_serial=4),
        ]
    )
    assert (known.of("road"), known.of("private")) == (("road",), ("private",))


def test_a_group_without_a_list_is_itself() -> None:
    known = Members(GROUP[:1])
    assert known.of("private") == ("private",)
    assert not known.is_up("private", {"private#10.0.0.0/8"})


def test_without_serials_a_network_of_a_group_goes_by_its_policy_and_name() -> None:
    """3.27 and 3.32."""
    known = Members(
        [one("private", kind="group"), one("private#10.0.0.0/8", policy=("GROUPINSTANCE",)), one("private#1")]
    )
    assert known.of("private") == ("private#10.0.0.0/8",)


def test_what_was_loaded_is_known_before_the_next_look() -> None:
    known = Members(NETS[:1])
    known.learn({"nets": ["nets/1x1", "nets/1x2"], "plain": ["plain"], "al": ["a", "b"]})
    assert known.of("nets") == ("nets/1x1", "nets/1x2")
    assert (known.of("plain"), known.of("al"), known.of("a")) == (("plain",), ("a", "b"), ("a",))
    assert Members.given({"al": ["a", "b"]}).shared == {"al": {"a": None, "b": None}}


def test_what_was_made_from_a_template_that_is_not_a_group_is_not_its_member() -> None:
    known = Members([*TEMPLATE, one("made", kind="permanent", serial=12, template_serial=1)])
    assert known.shared == {}
    assert known.of("road") == ("road",)
