"""What holds for all tests: their markers, and how many examples Hypothesis takes.

A test is `unit`, `real` or `lab` by its folder, so that the markers are true. Hypothesis looks at no clock, as an
example that takes long says something of the machine; it takes the same examples each time where CI runs, and a few
in the profile `quick` (`./dev test unit`).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import settings

if TYPE_CHECKING:
    import pytest

settings.register_profile("autod", deadline=None)
settings.register_profile("autod-ci", deadline=None, derandomize=True)
settings.register_profile("quick", deadline=None, max_examples=20)
settings.load_profile("autod-ci" if os.environ.get("CI") else "autod")

HERE = Path(__file__).parent
MARKERS = {"autod": "unit", "protocol": "unit", "real": "real", "lab": "lab"}


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark each test by its folder."""
    if HERE in item.path.parents:
        marker = MARKERS.get(item.path.relative_to(HERE).parts[0])
        if marker is not None:
            item.add_marker(marker)
