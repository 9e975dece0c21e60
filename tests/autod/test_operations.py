"""That the rows of operations name what there is, and that every command has its row."""

from __future__ import annotations

import subprocess
import sys

import pytest

from autod import events
from autod.cli.parser import build_parser
from autod.operations import BY_NAME, ROWS, Row, Takes, find, of_command, steps_of
from autod.outcomes import OK, Result
from autod.protocol import commands as c

BASES = {"Command", "Named"}


def test_every_command_has_one_row() -> None:
    """What a caller may ask is an operation."""
    kinds = {
        name
        for name in c.__all__
        if name not in BASES
        and isinstance(getattr(c, name), type)
        and issubclass(getattr(c, name), c.Command)
    }
    commands = [row.command for row in ROWS if row.command]
    assert sorted(commands) == sorted(kinds)


def test_every_name_is_there_once() -> None:
    """A row is found by its name, and by its command."""
    assert len(BY_NAME) == len(ROWS)
    for row in ROWS:
        assert find(row.name) is row
        if row.command:
            assert of_command(row.command) is row


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_names_what_there_is(row: Row) -> None:
    """Events, results, options and steps: all by the names that they have."""
    for event in (*row.shown_by, *row.told_by):
        assert issubclass(getattr(events, event), events.Event)
    assert Result(row.result) in OK
    options = {action.dest for action in build_parser()._actions}
    assert row.options - {"wait"} <= options, "wait is an operation and an option"
    assert not row.service or {"service", "api"} <= row.options & row.service
    assert row.service <= options
    assert bool(row.group) == bool(row.help)
    for step in steps_of(row.name):
        assert step.command or step.instead
    if row.substitute is not None:
        assert hasattr(c, row.substitute.command)
        assert row.substitute.how


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_is_about_names_as_its_command_is(row: Row) -> None:
    """A command that wants a name has a row that takes one, and a run takes names."""
    if row.command and row.group:
        fields = getattr(c, row.command).__struct_fields__
        assert bool({"name", "serial"} & set(fields)) == (row.takes != Takes.NOTHING) or row.name == "status"
    if row.is_run:
        assert row.takes == Takes.NAMES


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("up", ["up"]),
        ("start", ["add", "up"]),
        ("replace", ["delete", "add"]),
        ("ondemand", ["add", "route"]),
        ("rotatecert", ["add"]),
        ("purgeocsp", ["listall", "purgeocsp"]),
        ("rereadgroups", ["ready"]),
    ],
)
def test_what_an_operation_is_made_of(name: str, steps: list[str]) -> None:
    """The steps, in order."""
    assert [step.name for step in steps_of(name)] == steps


def test_the_rows_cost_no_library() -> None:
    """`autod --help` reads them, and loads neither trio nor msgspec nor construct."""
    program = (
        "import sys, autod.operations\n"
        "print(*sorted({'trio', 'msgspec', 'construct', 'dataclasses'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
