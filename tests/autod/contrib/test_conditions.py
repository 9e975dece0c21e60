"""What the Ansible modules make of pluto's state and of a comparison: tables, without Ansible and without a pluto."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from types import ModuleType

UTILS = Path(__file__).parents[3] / "contrib" / "ansible" / "plugins" / "module_utils"


def utility(name: str) -> ModuleType:
    """A module of the collection, which only Ansible finds by its name."""
    spec = importlib.util.spec_from_file_location(name, UTILS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


conditions = utility("conditions")
comparison = utility("comparison")


def loaded(name: str, *aliases: str, kind: str = "permanent", routing: str = "unrouted") -> dict[str, Any]:
    return {"name": name, "instance": None, "aliases": list(aliases), "kind": kind, "routing": routing}


def child(name: str, ike_sa: int = 1, phase: str = "established") -> dict[str, Any]:
    return {"connection": name, "ike_sa": ike_sa, "phase": phase}


STATE = conditions.State(
    {
        "connections": [
            loaded("b-1", "bs", routing="tunnel"),
            loaded("b-2", "bs", routing="ondemand"),
            loaded("b-3"),
            loaded("b-4"),
            loaded("owner"),
            loaded("b-road", kind="template"),
            {**loaded("b-road", kind="instance"), "instance": "1"},
        ],
        "ike_sas": [
            {"serial": 1, "connection": "b-1"},
            {"serial": 3, "connection": "b-3"},
            {"serial": 5, "connection": "owner"},
        ],
        "child_sas": [child("b-1"), child("b-4", 4, "negotiating"), child("b-2", 5)],
        "pending": [],
    }
)


@pytest.mark.parametrize(
    ("words", "wish", "expected"),
    [
        (["b-1"], "up", {}),
        (["b-*"], "up", {"b-3": "negotiating", "b-4": "negotiating"}),
        (["b-road"], "up", {"b-road": "down"}),
        (["bs"], "up", {}),
        (["nosuch"], "up", {"nosuch": "not loaded"}),
        (["x-*"], "up", {}),
        (["b-*"], "down", {"b-1": "up", "b-2": "up", "b-3": "negotiating", "b-4": "negotiating"}),
        (["nosuch"], "down", {}),
        (["owner"], "down", {}),  # its IKE SA carries a tunnel of b-2, and is kept for that
        (["bs"], "routed", {}),
        (["b-3"], "routed", {"b-3": "not routed"}),
        (["bs", "b-3"], "unrouted", {"b-1": "routed", "b-2": "routed"}),
        (["b-[12]", "nosuch"], "absent", {"b-1": "loaded", "b-2": "loaded"}),
    ],
)
def test_what_is_left_to_do(words: list[str], wish: str, expected: dict[str, str]) -> None:
    assert conditions.unsatisfied(STATE, words, wish) == expected


def test_a_fulfilled_wish_leaves_nothing_to_do() -> None:
    for wish, after in conditions.AFTER.items():
        assert after in conditions.SATISFIED[wish], wish


def test_both_sides_of_a_comparison() -> None:
    """What is new stands on one side, what differs on both with its settings, what goes on the other."""
    detail = {"setting": "leftsubnet", "configured": "10.2.0.0/16", "loaded": "10.1.0.0/16", "place": None}
    different = {"connection": "b", "names": ["b"], "details": [detail], "elements": ["b"], "surplus": []}
    event = {
        "missing": [{"connection": "a", "names": ["a"]}],
        "different": [different],
        "extra": ["c"],
        "foreign": [],
        "refused": [],
        "doubtful": [],
        "uncompared": [],
    }
    found = comparison.Comparison(event)
    assert found.wanting == ["a", "b"]
    assert not found.settled
    before, after = found.sides(["a", "b", "c"])
    assert before == ["conn b", "    leftsubnet=10.1.0.0/16", "conn c"]
    assert after == ["conn a", "conn b", "    leftsubnet=10.2.0.0/16"]
