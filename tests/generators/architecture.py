"""The picture of docs/architecture.md, made from the imports and the layers; see tests/generators/docs.py."""

from __future__ import annotations

import ast
import tomllib
from collections import defaultdict
from pathlib import Path

import grimp

__all__ = ["picture"]

ROOT = Path(__file__).parents[2]


def layers() -> list[list[str]]:
    """The rooms, the uppermost first; those of one layer know nothing of each other."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        contracts = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    (found,) = (one["layers"] for one in contracts if one.get("containers") == ["autod"])
    return [[room.strip() for room in layer.split("|")] for layer in found]


def imports() -> dict[str, set[str]]:
    """room -> the rooms that it imports."""
    graph = grimp.build_graph("autod", cache_dir=None)
    found: dict[str, set[str]] = defaultdict(set)
    for module in graph.modules:
        _, *inside = module.split(".")
        for imported in graph.find_modules_directly_imported_by(module):
            _, *other = imported.split(".")
            if inside and other and inside[0] != other[0]:
                found[inside[0]].add(other[0])
    return found


def owns(room: str) -> str:
    """The first sentence of its docstring."""
    path = ROOT / "autod" / room
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    text = ast.get_docstring(ast.parse(file.read_text())) or ""
    return text.partition("\n\n")[0].replace("\n", " ").rstrip(".").replace("|", "\\|")


def picture() -> str:
    """A row a room, from the top of the house to its ground."""
    known = imports()
    rows = ["| room | what it is | what it imports |", "|---|---|---|"]
    for layer in layers():
        for room in layer:
            path = ROOT / "autod" / room
            name = f"{room}/" if path.is_dir() else f"{room}.py"
            below = [other for others in layers() for other in others if other in known[room]]
            rows.append(f"| **{name}** | {owns(room)} | {', '.join(below) or 'nothing of autod'} |")
    return "\n".join(rows) + "\n"
