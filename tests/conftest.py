"""What holds for all tests: their markers, and how many examples Hypothesis takes.

A test is `unit`, `real` or `lab` by its folder, so that the markers are true. Hypothesis looks at no clock, as an
example that takes long says something of the machine; it takes the same examples each time where CI runs, and a few
in the profile `quick` (`./dev test unit`).
"""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Generator

settings.register_profile("autod", deadline=None)
settings.register_profile("autod-ci", deadline=None, derandomize=True)
settings.register_profile("quick", deadline=None, max_examples=20)
settings.load_profile("autod-ci" if os.environ.get("CI") else "autod")

HERE = Path(__file__).parent
MARKERS = {"autod": "unit", "protocol": "unit", "real": "real", "lab": "lab"}

ERAS = frozenset({"3.27", "4.3", "4.10", "5.2", "5.4"})
"""A release of each era: what `./dev test unit` tries of a test that runs for many."""

MANY = 8
"""From so many releases on, a test is run for a release of each era only."""

_VERSION = re.compile(r"\d\.\d+(?:\.\d+)?")


def pytest_configure() -> None:
    """Take Ctrl-C as a terminal sends it: a shell starts what runs in its background with SIGINT ignored, and what the
    tests start would ignore it, too."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    """Heed signals again after each test: a command that was ended in this process heeds none, and what later tests
    start would not either."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        return (yield)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark each test by its folder."""
    if HERE in item.path.parents:
        marker = MARKERS.get(item.path.relative_to(HERE).parts[0])
        if marker is not None:
            item.add_marker(marker)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Name `thorough` what `./dev test unit` leaves out of tests with many parameters.

    Of a test that runs for many releases these are all but a release of each era; of one that is `sampled`, all but
    as many parameters as its marker says, as far from one another as they can be.
    """
    by_function: dict[str, dict[pytest.Item, frozenset[str]]] = {}
    sampled: dict[str, list[pytest.Item]] = {}
    for item in items:
        if item.get_closest_marker("sampled") is not None:
            sampled.setdefault(item.nodeid.partition("[")[0], []).append(item)
            continue
        releases = _releases(item)
        if releases:
            by_function.setdefault(item.nodeid.partition("[")[0], {})[item] = releases
    for tests in by_function.values():
        if len(set(tests.values())) >= MANY:
            for item, releases in tests.items():
                if not releases & ERAS:
                    item.add_marker("thorough")
    for siblings in sampled.values():
        marker = siblings[0].get_closest_marker("sampled")
        assert marker is not None
        step = len(siblings) / min(marker.args[0], len(siblings))
        chosen = {int(number * step) for number in range(marker.args[0])}
        for number, item in enumerate(siblings):
            if number not in chosen:
                item.add_marker("thorough")


def _releases(item: pytest.Item) -> frozenset[str]:
    """The releases that a test is about, by its first parameter that names some: a version, or a family's versions."""
    parameters = getattr(item, "callspec", None)
    for value in parameters.params.values() if parameters else ():
        named = frozenset(getattr(value, "releases", (str(value),)))
        if all(_VERSION.fullmatch(release) for release in named):
            return named
    return frozenset()
