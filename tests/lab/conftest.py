"""Runs the tests of this folder on a kernel with ESP, all in one boot, where this machine's kernel has none.

The boot is begun before all other tests and goes on beside them. A pytest inside the lab runs them and writes its
reports, as they come, to a file; here each test is replaced by its reports from inside. A test without a report has
failed: it never counts as skipped. A machine with ESP runs them itself, and so do tests marked `outside`, which boot
a system of their own (uml.system).
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.lab import roots, uml
from tests.lab.gateways import RELEASES, Lab, tunnels
from tests.lab.supervised import CONNECTIONS, SCENARIOS, Ahead

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

INSIDE = "LAB_INSIDE" in os.environ
HERE = Path(__file__).parent

# Everything is slower inside: starting a Python takes 0.7 s, a shell 50 ms.
TIMEOUT_INSIDE = 300
TIMEOUT_BOOT = float(os.environ.get("AUTOD_LAB_TIMEOUT", "1800"))


class Run:
    """One boot of the lab that runs these tests; their reports can be read while it goes on."""

    def __init__(self, config: pytest.Config, tests: list[str]) -> None:
        self._config = config
        self._reports: dict[str, list[pytest.TestReport]] = {}
        self._read = 0
        options = ["-p", "no:cacheprovider", "-q", "--color=no", f"--capture={config.getoption('capture')}"]
        job = [sys.executable, "-m", "pytest", *options, "-o", f"timeout={TIMEOUT_INSIDE}"]
        self._context = uml.booted(
            ["sh", "-c", '"$@" "@$LAB_JOB/tests"', "sh", *job],
            timeout=TIMEOUT_BOOT,
            files={"tests": "\n".join(tests)},
        )
        self.boot = self._context.__enter__()

    def reports(self, test: str) -> list[pytest.TestReport]:
        """The reports of a test (setup, call, teardown), once it is through or the boot is over."""
        while True:
            running = self.boot.running
            self._read_on()
            found = self._reports.get(test, [])
            if any(report.when == "teardown" for report in found) or not running:
                return found
            time.sleep(0.1)

    def close(self) -> None:
        self._context.__exit__(None, None, None)

    def _read_on(self) -> None:
        path = self.boot.folder / "reports"
        if not path.exists():
            return
        with path.open("rb") as file:
            file.seek(self._read)
            whole, newline, _ = file.read().rpartition(b"\n")
        self._read += len(whole) + len(newline)
        for line in whole.splitlines():
            data = json.loads(line)
            report = self._config.hook.pytest_report_from_serializable(config=self._config, data=data)
            self._reports.setdefault(report.nodeid, []).append(report)


RUN = pytest.StashKey[Run]()
AHEAD = pytest.StashKey[Ahead]()


def _goes_inside(item: pytest.Item) -> bool:
    return (
        not INSIDE
        and HERE in item.path.parents
        and item.get_closest_marker("outside") is None
        and not roots.has_esp()
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Last, so that the lab, on a processor of its own, is through with most of them when they are asked for.
    items.sort(key=lambda item: HERE in item.path.parents)
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.lab)
            if _goes_inside(item):
                # The limit of each test holds inside; out here the first one waits for the boot.
                item.add_marker(pytest.mark.timeout(0), append=False)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Boot the lab first: it runs beside all other tests; and the supervised system once the lab is through."""
    if session.config.option.collectonly or session.testsfailed:
        return
    inside = [item.nodeid for item in session.items if _goes_inside(item)]
    run = None
    if inside:
        roots.build()
        run = session.stash[RUN] = Run(session.config, inside)
    if all(any(f"[{one}]" in item.nodeid for item in session.items) for one in SCENARIOS):
        roots.build()
        session.config.stash[AHEAD] = Ahead(
            SCENARIOS, CONNECTIONS, after=lambda: run is None or not run.boot.running
        )


def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    if not _goes_inside(item):
        return None
    run = item.session.stash[RUN]
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    reports = run.reports(item.nodeid)
    if not any(report.when == "teardown" for report in reports):
        said = f"the lab ended before this test did; its console:\n{run.boot.console[-5000:]}"
        reports = [*reports, pytest.TestReport(item.nodeid, item.location, {}, "failed", said, "call")]
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


class Reporter:
    """Inside the lab: writes every report to the file that the pytest outside reads."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        data = self._config.hook.pytest_report_to_serializable(config=self._config, report=report)
        with open(Path(os.environ["LAB_JOB"]) / "reports", "a") as file:
            file.write(json.dumps(data) + "\n")


def pytest_sessionstart(session: pytest.Session) -> None:
    if INSIDE:
        session.config.pluginmanager.register(Reporter(session.config))


def pytest_sessionfinish(session: pytest.Session) -> None:
    run = session.stash.get(RUN, None)
    if run is not None:
        run.close()


@pytest.fixture(scope="session", autouse=True)
def built() -> None:
    """The root folders are there."""
    if not INSIDE:
        roots.build()


@pytest.fixture(scope="session")
def supervised(pytestconfig: pytest.Config) -> Callable[[], str] | None:
    """The console of the boot with all SCENARIOS that goes on beside other tests; None where there is none."""
    ahead = pytestconfig.stash.get(AHEAD, None)
    return None if ahead is None else ahead.result


@pytest.fixture(params=RELEASES)
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """Fresh west and east with ESP between them, once with each release; nothing is loaded."""
    with tunnels(request.param) as made:
        yield made


@pytest.fixture(scope="module", params=RELEASES)
def shared_lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """West and east for all tests of a module, once with each release: undo what the next must not see."""
    with tunnels(request.param) as made:
        yield made
