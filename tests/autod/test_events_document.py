"""docs/events.md tells every event, every key and every result, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from autod import events
from autod.causes import ADVICE, Cause
from autod.events import Event
from autod.outcomes import OK, Outcome, Result

DOCUMENT = (Path(__file__).parents[2] / "docs" / "events.md").read_text()
COMMON = Event.__struct_fields__


def rows(after: str, columns: int) -> list[list[str]]:
    """The rows of the first table of so many columns behind a heading."""
    text = DOCUMENT.split(after, 1)[1]
    found = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) == columns:
            found.append(cells)
        elif found:
            break
    return found[2:]


def test_every_event_and_its_keys_are_documented() -> None:
    """The table of events is the list of classes."""
    documented = {
        name: [key.strip() for key in keys.split(",") if key] for name, keys, _ in rows("## Events\n", 3)
    }
    defined = {
        str(value.__struct_config__.tag): [key for key in value.__struct_fields__ if key not in COMMON]
        for value in vars(events).values()
        if isinstance(value, type) and issubclass(value, Event) and value is not Event
    }
    assert documented == defined


def test_the_common_keys_are_documented() -> None:
    """The table of common keys is that of the base class, with the tag."""
    assert [key for key, _ in rows("## Every event has", 2)] == ["event", *COMMON]


def test_the_outcomes_keys_and_results_are_documented() -> None:
    """The tables of keys and results are those of the value."""
    keys = [key.strip() for cell, _ in rows("## The outcome", 2) for key in cell.split(",")]
    assert set(keys) == set(Outcome.__struct_fields__)
    results = rows("## The outcome", 4)
    assert [name for name, *_ in results] == [result.value for result in Result]
    assert {name for name, ok, *_ in results if ok == "yes"} == {result.value for result in OK}


def test_the_causes_are_documented() -> None:
    """The table of causes is that of the values."""
    documented = {cause: rest for cause, *rest in rows("## Causes", 6)}
    assert documented == {
        cause.value: [
            ADVICE[cause].result,
            ADVICE[cause].place,
            "yes" if ADVICE[cause].again else "no",
            ADVICE[cause].what,
            ADVICE[cause].advice,
        ]
        for cause in Cause
    }
