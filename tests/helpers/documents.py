"""The commands that README.md and the pages in docs/ tell people to type. Knows nothing of how they are run."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["PROGRAMS", "Command", "commands"]

ROOT = Path(__file__).resolve().parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
PROGRAMS = (
    "autod", "ipsec", "systemctl", "varlinkctl", "journalctl", "curl", "ln", "mkdir", "dpkg-divert", "ssh", "./dev",
    "python", "podman", "IPSEC_EXECDIR=/tmp/programs",
)  # fmt: skip
"""What a line in a block begins with, if it is one to type."""


@dataclass(frozen=True)
class Command:
    """A line to type: where it stands, as it is written, and its words."""

    page: str
    line: str
    words: tuple[str, ...]


def commands() -> Iterator[Command]:
    """Each line of an indented block, or of one of sh, which is a command; without what is said beside it."""
    for page in PAGES:
        for line in _lines(page.read_text()):
            typed = re.sub(r"\s+# .*", "", line.removeprefix("$ ")).strip()
            words = typed.split(maxsplit=1)
            if words and words[0] in PROGRAMS and not re.search(r"\[|\.\.\.|WORD", typed):
                yield Command(page.name, typed, tuple(shlex.split(typed)))


def _lines(text: str) -> Iterator[str]:
    inside: str | None = None
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            inside = line.strip().removeprefix("```") if inside is None else None
            continue
        if inside == "sh" or (inside is None and line.startswith("    ")):
            yield line.strip()
