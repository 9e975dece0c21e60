"""Makes protocol/shapes.json: `python -m tests.generators.shapes` writes it, the tests compare it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from autod.protocol import releases
from autod.protocol.shapes import written

__all__ = ["FILE", "text"]

FILE = Path(__file__).parent.parent.parent / "protocol" / "shapes.json"


def text() -> str:
    """The file: a line for each family."""
    rows = (
        f'"{module}":{msgspec.json.encode(written(releases._family(module))).decode()}'
        for module in releases._MODULES
    )
    return "{" + ",\n".join(rows) + "}\n"


if __name__ == "__main__":
    FILE.write_text(text())
