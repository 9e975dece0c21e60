"""The page about a run, or about the runs of many hosts: one file, no network, no framework.

Owns: what the page is told, and how a run is kept until then (`Report`). The page itself, with its drawing, is
report.html beside this file. Names, causes and sentences come from outside and are never trusted: they travel as JSON
that cannot end its script element, and the page puts them on the screen as text, never as markup.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from autod.bulk.result import BulkResult, Phase, ResultState, percentile
from autod.values import read_json, to_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from autod.bulk.result import Attempt, ConnectionResult

__all__ = ["Report", "put", "read", "render", "render_fleet", "style", "write"]

_PLACE = "/*run*/null"
_SURROGATES = re.compile("[\ud800-\udfff]")
_PHASES = tuple(Phase)
_INDEX = {phase.value: index for index, phase in enumerate(_PHASES)}


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A run on one host. Without a `result` there was none, and `error` says why: the host was not reached.

    `facts` are its release and its command line.
    """

    host: str
    facts: tuple[str, ...] = ()
    result: BulkResult | None = None
    error: str = ""


def read(data: bytes) -> list[Report]:
    """The reports that `write` kept as JSON: one object, or a list of them. Raises DecodeError."""
    reports = read_json(
        data, msgspec.json.Decoder(Report | list[Report]), "a run, as --report FILE.json writes it"
    )
    return reports if isinstance(reports, list) else [reports]


def render(report: Report) -> str:
    """The page about one run, ASCII only."""
    if report.result is None:
        return render_fleet([report])
    return _page({**_run(report.result), "facts": [report.host, *report.facts]})


def render_fleet(reports: Sequence[Report]) -> str:
    """The page about the runs of several hosts, by host, ASCII only. Their clocks are taken to agree."""
    return _page(_fleet(reports))


def _page(data: object) -> str:
    template = resources.files("autod.bulk").joinpath("report.html").read_text(encoding="utf-8")
    return template.replace(_PLACE, _embed(data), 1)


def style() -> str:
    """The style of the page, for other pages that look alike."""
    template = resources.files("autod.bulk").joinpath("report.html").read_text(encoding="utf-8")
    return template.partition("<style>")[2].partition("</style>")[0]


def write(report: Report, path: str) -> None:
    """Write the page to `path`, or JSON for `read` where its name ends so, whole or not at all. Raises OSError."""
    put(to_json(report) + b"\n" if path.endswith(".json") else render(report).encode("ascii"), path)


def put(data: bytes, path: str) -> None:
    """Write a file whole or not at all. Raises OSError."""
    target = Path(path)
    if target.exists() and not target.is_file():  # /dev/stdout and its like cannot be replaced
        target.write_bytes(data)
        return
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o666 & ~mask)
        Path(name).replace(target)
    except BaseException as problem:
        Path(name).unlink(missing_ok=True)
        if isinstance(problem, OSError):
            raise OSError(problem.errno, problem.strerror, path) from problem
        raise


def _embed(value: object) -> str:
    """JSON that no HTML parser can mistake for markup: neither </script> nor <!-- can stand in it."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _run(result: BulkResult) -> dict[str, object]:
    summary = result.summary
    return {
        "operation": summary.operation,
        "started": summary.started,
        "seconds": round(summary.seconds, 4),
        "median": summary.median,
        "p95": summary.p95,
        "retransmissions": summary.retransmissions,
        "restarts": summary.restarts,
        "interrupted": summary.interrupted,
        "limits": [[round(at, 4), limit] for at, limit in summary.limits],
        "phases": [phase.value for phase in _PHASES],
        "rows": [_row(row) for row in result.results.values()],
    }


def _fleet(reports: Sequence[Report]) -> dict[str, object]:
    """As of one run, with `hosts`: each row names its own by its number, and times count from the first run."""
    runs = [report.result for report in reports if report.result is not None]
    started = min((run.summary.started for run in runs), default=0.0)
    times = sorted(_seconds(row for run in runs for row in run.results.values()))
    operations = {run.summary.operation for run in runs}
    rows = [
        [*_row(row, report.result.summary.started - started), number]
        for number, report in enumerate(reports)
        if report.result is not None
        for row in report.result.results.values()
    ]
    return {
        "operation": operations.pop() if len(operations) == 1 else "report",
        "started": started,
        "seconds": max((run.summary.started - started + run.summary.seconds for run in runs), default=0.0),
        "median": percentile(times, 0.5),
        "p95": percentile(times, 0.95),
        "retransmissions": sum(run.summary.retransmissions for run in runs),
        "restarts": sum(run.summary.restarts for run in runs),
        "interrupted": any(run.summary.interrupted for run in runs),
        "limits": [],
        "phases": [phase.value for phase in _PHASES],
        "rows": rows,
        "facts": [],
        "hosts": [
            {
                "name": _text(report.host),
                "facts": list(map(_text, report.facts)),
                "error": _text(report.error),
            }
            for report in reports
        ],
    }


def _seconds(rows: Iterable[ConnectionResult]) -> list[float]:
    return [row.seconds for row in rows if row.state is ResultState.DONE and row.seconds is not None]


def _row(result: ConnectionResult, late: float = 0.0) -> list[object]:
    """[connection, state, cause, sentence, peer, attempts], whose run began `late` seconds after the first."""
    return [
        _text(result.connection),
        result.state.value,
        result.cause,
        _text(result.sentence),
        _text(result.peer or ""),
        [_attempt(attempt, late) for attempt in result.attempts],
    ]


def _text(text: str) -> str:
    """Bytes that are not UTF-8 stand as lone surrogates in text, which is more than a browser can show."""
    return _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", text)


def _attempt(attempt: Attempt, late: float) -> list[object]:
    """[admitted, ended, cause, retransmissions, [[phase, when], ...]]"""
    return [
        round(attempt.admitted + late, 4),
        round(attempt.ended + late, 4),
        attempt.cause,
        attempt.retransmissions,
        [[_INDEX[phase], round(at + late, 4)] for phase, at in attempt.phases if phase in _INDEX],
    ]
