"""Fixtures for tests against this machine's own pluto; tests/real/plutos.py says what a Pluto offers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.real.plutos import Pluto, gateway, gateways

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def pluto() -> Iterator[Pluto]:
    """A fresh pluto that listens on 192.1.2.45, with nothing loaded."""
    with gateway() as started:
        yield started


@pytest.fixture(scope="module")
def shared_pluto() -> Iterator[Pluto]:
    """One pluto for all tests of a module: name connections so that they do not meet."""
    with gateway(label="shared") as started:
        yield started


@pytest.fixture
def two_gateways() -> Iterator[tuple[Pluto, Pluto]]:
    """Fresh west and east on one wire, with nothing loaded."""
    with gateways() as pair:
        yield pair
