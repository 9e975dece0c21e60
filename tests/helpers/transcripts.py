"""Reads tests/data/transcripts.tar.xz: what running plutos of nine releases answered.

A file is `RELEASE/OPERATION.txt`. It holds cases, each begun by `## title`; a line that was received is

       0.0031  181 "t01" #8: sent IKE_SA_INIT request to 192.0.2.23:500

with the seconds since the request, and a case ends with `<EOF>` or, where pluto had not closed when the recorder
stopped, `<TIMEOUT(still open)>`. Under `## whack ARGUMENTS -> exit code N` stands what that release's whack
printed instead, without times, and without codes on 5.2. Remarks of the recorder are left out.
"""

from __future__ import annotations

import re
import tarfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from autod.protocol.replies import Prompt, Reply

__all__ = ["RELEASES", "Case", "Received", "cases", "files", "received", "reply"]

ARCHIVE = Path(__file__).parents[1] / "data" / "transcripts.tar.xz"
RELEASES = ("3.27", "3.32", "4.3", "4.10", "4.15", "5.0", "5.2", "5.3.2", "5.4")
_LINE = re.compile(r" +(?P<at>\d+\.\d{4})  (?P<line>.*)", re.DOTALL)
_PRINTED = re.compile(r"## whack (?P<arguments>.*) -> exit code (?P<status>\d+) after [\d.]+s; stdout:")
_TITLE = re.compile(
    r"##+ *(?:\[t=(?P<at>[\d.]+)\])? *(?P<title>.*?)(?: ?\(whack (?:exit code (?P<status>-?\d+)|killed by.*)\))?$"
)


@dataclass(frozen=True, slots=True)
class Received:
    """One line as it came: seconds since the request, code and text."""

    at: float
    reply: Reply


@dataclass(frozen=True, slots=True)
class Case:
    """One recorded exchange. `closed`: pluto ended it; `status`: what that release's own whack exited with."""

    release: str
    file: str
    title: str
    lines: tuple[Received, ...]
    closed: bool
    status: int | None


def reply(release: str, line: str) -> Reply:
    """The reply that the decoder of `release` makes of `line`."""
    code: int | None = None
    if re.match(r"\d{3} ", line):
        code, line = int(line[:3]), line[4:]
    prompts = {10: True, 11: False} if release.startswith("5") else {40: True, 41: False}
    if code in prompts:
        return Prompt(code, line, secret=prompts[code])
    return Reply(code, line)


@cache
def _files() -> dict[tuple[str, str], str]:
    texts = {}
    with tarfile.open(ARCHIVE) as archive:
        for member in archive:
            name = Path(member.name)
            content = archive.extractfile(member)
            if content is not None and name.suffix == ".txt":
                texts[name.parent.name, name.stem] = content.read().decode("utf-8", "surrogateescape")
    return texts


@cache
def cases(release: str, file: str) -> tuple[Case, ...]:
    """The exchanges of one file, in its order. Titles are stripped of times and exit codes."""
    found: list[Case] = []
    lines: list[Received] = []
    title, status, printed = "", None, False
    for text in _files()[release, file].split("\n"):
        output = _PRINTED.match(text)
        if output is not None:
            title, status, printed, lines = f"whack {output['arguments']}", int(output["status"]), True, []
            continue
        if printed:
            if text.startswith("    "):
                lines.append(Received(0.0, reply(release, text[4:])))
                continue
            found.append(Case(release, file, title, tuple(lines), True, status))
            printed, lines = False, []
        heading = _TITLE.match(text) if text.startswith("##") else None
        if heading is not None:
            title, lines = heading["title"], []
            status = int(heading["status"]) if heading["status"] is not None else None
            continue
        match = _LINE.match(text)
        if match is None:
            continue
        if match["line"] == "<EOF>" or match["line"].startswith("<TIMEOUT"):
            closed = match["line"] == "<EOF>"
            found.append(Case(release, file, title, tuple(lines), closed, status))
            lines = []
        elif not match["line"].startswith((">>>", "<")):
            lines.append(Received(float(match["at"]), reply(release, match["line"])))
    return tuple(found)


def files(release: str) -> tuple[str, ...]:
    """The operations that were recorded of `release`."""
    return tuple(sorted(file for where, file in _files() if where == release))


def received(release: str) -> tuple[tuple[str, Received], ...]:
    """All lines of `release`, each with the name of its file."""
    return tuple(
        (file, line) for file in files(release) for case in cases(release, file) for line in case.lines
    )
