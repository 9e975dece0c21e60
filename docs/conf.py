"""How Sphinx makes the site: `./dev docs`. The pages are Markdown (MyST); the reference is made from docstrings.

Warnings are errors, so a page that no contents list, a link that leads nowhere and a docstring that cannot be read stop
the build.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import autod

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "autod"
author = "the authors of autod"
version = release = autod.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["examples", "man"]
suppress_warnings = ["misc.highlighting_failure", "ref.python"]  # outputs; a name that three clients have
html_theme = "furo"
html_title = f"autod {release}"
html_copy_source = False
toc_object_entries = False  # with them a build takes three times as long
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
autodoc_default_options = {
    "members": True,
    "show-inheritance": True,
    "undoc-members": True,
    "inherited-members": "Struct, BaseException, Enum, StrEnum, IntEnum, int, str, tuple, Generic, ABC",
}


def setup(app: Sphinx) -> None:
    """Docstrings here are plain text, so they are made into what Sphinx reads."""
    app.connect("autodoc-process-docstring", _as_restructured_text)


_TERM = re.compile(r"\S.*\S {2,}\S")
_CODE = re.compile(r"``?([^`\n]+?) *``?")


def _as_restructured_text(
    app: Sphinx, what: str, name: str, value: Any, options: Any, lines: list[str]
) -> None:
    """What is indented, or stands in columns, is shown as it is; what stands in backticks is code."""
    shown: list[str] = []
    before_was_literal = False
    for paragraph in "\n".join(lines).split("\n\n"):
        rows = paragraph.split("\n")
        columns = len(rows) > 1 and _TERM.match(rows[0]) is not None
        literal = columns or all(row.startswith("    ") for row in rows if row)
        if literal and paragraph:
            shown += ([] if before_was_literal else ["::", ""]) + ["    " + row for row in rows]
        else:
            for number, row in enumerate(rows):
                starts_list = (
                    row.startswith("* ") and number and not rows[number - 1].startswith(("* ", "  "))
                )
                shown += [""] if starts_list else []
                bullet, text = (row[:2], row[2:]) if row.startswith("* ") else ("", row)
                shown.append(bullet + _inline(text))
        shown.append("")
        before_was_literal = literal
    lines[:] = shown


def _inline(text: str) -> str:
    pieces = _CODE.split(text)
    return "".join(
        f"``{piece}``" if number % 2 else re.sub(r"([*_|\\])", r"\\\1", piece)
        for number, piece in enumerate(pieces)
    )
