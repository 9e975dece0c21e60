"""The examples of a page of docs/, run as a program would run them."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

__all__ = ["DOCS", "run_examples"]

DOCS = Path(__file__).parents[2] / "docs"


async def run_examples(page: str, names: dict[str, object]) -> int:
    """Run each block of Python of the page, one after the other, with shared names; gives how many there were.

    A fault is reported with the page's own line.
    """
    text = (DOCS / page).read_text()
    blocks = list(re.finditer(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))
    for block in blocks:
        line = text[: block.start(1)].count("\n")
        code = compile("\n" * line + block[1], str(DOCS / page), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        done = eval(code, names)
        if inspect.iscoroutine(done):
            await done
    return len(blocks)
