"""What the client makes of a command that is asked as such, against a scripted pluto."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from autod.client import open_pluto
from autod.outcomes import Result
from autod.protocol import commands as c
from tests.fakes.fakepluto import answers, fake_pluto

if TYPE_CHECKING:
    from pathlib import Path

INITIATED = b'002 "a" #1: initiating IKEv2 connection\n'


@pytest.mark.parametrize(
    ("command", "operation"),
    [
        (c.Initiate("a"), "up"),
        (c.RekeyIke("a"), "rekey-ike"),
        (c.RekeyChild("a"), "rekey-child"),
    ],
    ids=str,
)
async def test_the_end_of_the_stream_is_no_success_where_something_has_to_be_seen(
    tmp_path: Path, command: c.Command, operation: str
) -> None:
    """Whether the command comes from a method or from the caller."""
    path = tmp_path / "pluto.ctl"
    async with fake_pluto(path, answers(INITIATED)), open_pluto(path, "4.10") as pluto:
        outcome = await pluto.ask(command)
    assert (outcome.operation, outcome.ok) == (operation, False)


async def test_an_operation_on_pluto_has_one_name_everywhere(tmp_path: Path) -> None:
    """That of its command, in the words of `ipsec auto`."""
    path = tmp_path / "pluto.ctl"
    async with fake_pluto(path, answers(b"")), open_pluto(path, "4.10") as pluto:
        outcome = await pluto.reread_secrets()
    assert (outcome.operation, outcome.result) == ("rereadsecrets", Result.DONE)
    assert outcome.sentence == "rereadsecrets: done"
