"""A table of measurements, and whether what must hold does. Knows nothing of what was measured."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Table", "render"]


@dataclass
class Table:
    """`rows` are cells as text; `held` are (what must hold, what was measured, whether it does)."""

    key: str
    title: str
    about: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)
    held: list[tuple[str, str, bool]] = field(default_factory=list)

    def add(self, *cells: object) -> None:
        self.rows.append(tuple(str(cell) for cell in cells))

    def must(self, what: str, measured: str, holds: bool) -> None:
        self.held.append((what, measured, holds))


def render(table: Table) -> str:
    """The table as Markdown."""
    lines = [f"## {table.title}", "", table.about, ""]
    lines.append("| " + " | ".join(table.columns) + " |")
    lines.append("|" + "|".join("---" if not at else "--:" for at in range(len(table.columns))) + "|")
    lines += ["| " + " | ".join(row) + " |" for row in table.rows]
    if table.held:
        lines += ["", "| must hold | measured | |", "|---|---|---|"]
        lines += [
            f"| {what} | {measured} | {'yes' if holds else '**no**'} |"
            for what, measured, holds in table.held
        ]
    return "\n".join([*lines, ""])
