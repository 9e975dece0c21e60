"""The examples of docs/library.md, run one after the other on a real pluto."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

from tests.real.plutos import connection, gateway

DOCUMENT = Path(__file__).parents[2] / "docs" / "library.md"


def examples() -> list[tuple[int, str]]:
    """Each block of Python, with the number of its first line."""
    text = DOCUMENT.read_text()
    return [
        (text[: block.start(1)].count("\n"), block[1])
        for block in re.finditer(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    ]


async def test_every_example_of_the_document_does_what_it_says() -> None:
    """They share their names, as they would in one program; each says itself what has to be true."""
    with gateway(label="library") as pluto:
        pluto.conf.write_text(f"config setup\n\n{connection('a', auto='add')}\n{connection('b', auto='add')}")
        names: dict[str, object] = {"path": str(pluto.socket), "ipsec_conf": str(pluto.conf)}
        blocks = examples()
        assert len(blocks) >= 7
        for line, block in blocks:
            code = compile("\n" * line + block, str(DOCUMENT), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            done = eval(code, names)
            if inspect.iscoroutine(done):
                await done
        assert names["names"] == ["a", "b"]
        assert '"a":' in pluto.whack("--status").stdout
