"""The fixture `fake_pluto` for pytest: put `pytest_plugins = ["autod.testing.plugin"]` into conftest.py.

    def test_something(fake_pluto):
        fake_pluto.load("branch-1")

It has the newest release that autod covers. For another release, or several plutos, make `FakePluto` yourself.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from autod.protocol.releases import ALL
from autod.testing.pluto import FakePluto

__all__ = ["fake_pluto"]


@pytest.fixture
def fake_pluto() -> Iterator[FakePluto]:
    """A scripted pluto that runs, without connections."""
    with FakePluto(ALL[-1]) as pluto:
        yield pluto
