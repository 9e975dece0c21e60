"""docs/bulk.md tells every state, every event and every key of a run, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from autod.bulk import OPERATIONS, ResultState, Summary
from autod.bulk import events as e
from autod.bulk.events import Happening

DOCUMENT = (Path(__file__).parents[3] / "docs" / "bulk.md").read_text()


def table(heading: str) -> dict[str, str]:
    """First cell -> last cell of the table behind a heading."""
    section = DOCUMENT.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in section.splitlines()
        if line[:1] == "|"
    ]
    return {row[0]: row[-1] for row in rows[2:]}


def test_every_state_is_documented() -> None:
    """In the table of results."""
    assert set(table("Results")) == {state.value for state in ResultState}


def test_every_event_and_its_keys_are_documented() -> None:
    """In the table of events; an outcome's own keys are those of docs/events.md."""
    common = set(Happening.__struct_fields__)
    kinds = [kind for kind in vars(e).values() if isinstance(kind, type) and issubclass(kind, Happening)]
    defined = {
        str(kind.__struct_config__.tag): {key for key in kind.__struct_fields__ if key not in common}
        for kind in (*kinds, Summary)
        if kind not in (Happening, e.Said)
    }
    documented = {
        name: {key for key in re.split(r", (?:and )?", keys) if key} for name, keys in table("Events").items()
    }
    documented["outcome"] = documented["outcome"] - {"those of an outcome"} | {"outcome"}
    assert documented == defined


def test_every_operation_is_documented() -> None:
    """In the order of the table."""
    (line,) = (line for line in DOCUMENT.splitlines() if line.startswith("Operations: "))
    assert line.removeprefix("Operations: ").split(". ")[0].split(", ") == list(_IN_ORDER)
    assert set(_IN_ORDER) == set(OPERATIONS)


_IN_ORDER = ("up", "down", "start", "ondemand", "route", "unroute", "delete", "replace", "add", "rotatecert")
