"""The page about a run: one file, no network, no framework.

Owns: what the page is told. The page itself, with its drawing, is report.html beside this file. Names,
causes and sentences come from outside and are never trusted: they travel as JSON that cannot end its script
element, and the page puts them on the screen as text, never as markup.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from autod.bulk.result import Phase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autod.bulk.result import Attempt, BulkResult, ConnectionResult

__all__ = ["render", "style", "write"]

_PLACE = "/*run*/null"
_SURROGATES = re.compile("[\ud800-\udfff]")
_PHASES = tuple(Phase)
_INDEX = {phase.value: index for index, phase in enumerate(_PHASES)}


def render(result: BulkResult, facts: Sequence[str] = ()) -> str:
    """The page, ASCII only. `facts` stand under its heading: host, release, command line."""
    template = resources.files("autod.bulk").joinpath("report.html").read_text(encoding="utf-8")
    return template.replace(_PLACE, _embed({**_run(result), "facts": list(facts)}), 1)


def style() -> str:
    """The style of the page, for other pages that look alike."""
    template = resources.files("autod.bulk").joinpath("report.html").read_text(encoding="utf-8")
    return template.partition("<style>")[2].partition("</style>")[0]


def write(result: BulkResult, path: str, facts: Sequence[str] = ()) -> None:
    """Write the page (see render) to `path`, whole or not at all. Raises OSError."""
    target = Path(path)
    if target.exists() and not target.is_file():  # /dev/stdout and its like cannot be replaced
        target.write_text(render(result, facts), encoding="ascii")
        return
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(render(result, facts))
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o666 & ~mask)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
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


def _row(result: ConnectionResult) -> list[object]:
    """[connection, state, cause, sentence, peer, attempts]"""
    return [
        _text(result.connection),
        result.state.value,
        result.cause,
        _text(result.sentence),
        _text(result.peer or ""),
        [_attempt(attempt) for attempt in result.attempts],
    ]


def _text(text: str) -> str:
    """Bytes that are no UTF-8 stand as lone surrogates in text, which is more than a browser can show."""
    return _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", text)


def _attempt(attempt: Attempt) -> list[object]:
    """[admitted, ended, cause, retransmissions, [[phase, when], ...]]"""
    return [
        round(attempt.admitted, 4),
        round(attempt.ended, 4),
        attempt.cause,
        attempt.retransmissions,
        [[_INDEX[phase], round(at, 4)] for phase, at in attempt.phases if phase in _INDEX],
    ]
