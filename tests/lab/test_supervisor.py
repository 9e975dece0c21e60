"""The supervisor under the real systemd and the real pluto 5.2: the scenarios of supervised_gateway, in two boots."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from autod.service.history import changes
from autod.service.store import Reader
from tests.lab import uml
from tests.lab.roots import TRIXIE_PYTHON
from tests.lab.supervised import CONNECTIONS, SCENARIOS, booted

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.outside, pytest.mark.timeout(3000)]


def said(console: str, scenario: str) -> str:
    """What the console tells about a failed scenario, and how it ended."""
    told = console.split(f"FAILED {scenario} after")[1:]
    return "\n...\n".join([*(one[:3000] for one in told), console[-3000:]])


def show(console: str) -> None:
    """What was measured."""
    lines = console.splitlines()
    print("\n".join(line for line in lines if line.startswith(("==", "PASSED", "FAILED"))))


def test_silent_peers_do_not_delay_the_good_ones() -> None:
    """AUTOD_LAB_MANY says how many connections (300); three of ten have a silent peer."""
    console = booted(("silent",), int(os.environ.get("AUTOD_LAB_MANY", "300")))
    show(console)
    assert "PASSED silent in" in console, said(console, "silent")


def test_what_was_told_is_in_the_history_after_the_power_failed() -> None:
    script = f"AUTOD_LAB_CONNECTIONS=5 {TRIXIE_PYTHON} -m tests.lab.supervised_gateway boot power"
    with uml.system(script, timeout=400) as boot:
        boot.wait()
        told = {tuple(line.split()) for line in (boot.folder / "told").read_text().splitlines()}
        with Reader.open(str(boot.folder / "history" / "history.db")) as reader:
            kept = {
                (change.connection, f"{change.time:.3f}", change.after)
                for change in changes(reader, 0, 1e10, [], 10**6)
            }
    assert len(told) > 10, boot.console[-3000:]
    assert told <= kept, sorted(told - kept)
    print(f"== {len(told)} changes told until the power failed, all kept")


@pytest.fixture(scope="module")
def console(supervised: Callable[[], str] | None) -> str:
    """The boot that goes on beside other tests, or one of our own."""
    found = booted(SCENARIOS, CONNECTIONS) if supervised is None else supervised()
    show(found)
    return found


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_under_systemd(console: str, scenario: str) -> None:
    """What the scenario asserts holds; supervised_gateway.py says what that is."""
    assert f"PASSED {scenario} in" in console, said(console, scenario)
