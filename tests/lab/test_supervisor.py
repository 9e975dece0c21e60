"""The supervisor under the real systemd and the real pluto 5.2: the scenarios of supervised_gateway, in two boots."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.lab.supervised import CONNECTIONS, SCENARIOS, booted

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.outside, pytest.mark.timeout(6000)]


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
