"""The parts of docs/ that are made from the code: `python -m tests.generators.docs` writes them; tests compare them."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from autod.asking.emulation import availability
from autod.operations import ROWS, Row
from autod.protocol import releases
from autod.protocol.families.family import Family
from tests.generators import architecture, cli_docs
from tests.helpers.phrases import REASONS, phrases

DOCS = Path(__file__).parents[2] / "docs"
START = "<!-- made by python -m tests.generators.docs -->\n"
END = "<!-- end -->\n"
PACKING = {
    (False, False): "all strings, in order",
    (True, False): "lengths in slots",
    (True, True): "lengths and tuples",
}


def _packing(family: Family) -> str:
    exact = ", exact length" if family.packing.exact else ""
    return PACKING[family.packing.lengths, family.packing.tuples] + exact


def families() -> str:
    """A row for each family of releases with one layout."""
    rows = ["| releases | magic | head | packing | socket |", "|---|---|---|---|---|"]
    for family in releases.FAMILIES:
        first, last = family.releases[0], family.releases[-1]
        rows.append(
            f"| {first if first == last else f'{first} to {last}'} "
            f"| {family.magic or 'cksum of the version'} | {family.layout.head} bytes "
            f"| {_packing(family)} "
            f"| {'SOCK_SEQPACKET' if family.seqpacket else 'SOCK_STREAM'} |"
        )
    return "\n".join(rows) + "\n"


def operations() -> str:
    """A row for each operation: where it is native, where emulated and how, where refused and why."""
    rows = ["| operation | native | emulated | refused |", "|---|---|---|---|"]
    for row in ROWS:
        if row.steps and not row.command:
            continue
        found = [(text, availability(row, releases.find(text))) for text in releases.ALL]
        cells: dict[str, list[str]] = {"native": [], "emulated": [], "refused": []}
        for answer, group in groupby(found, key=lambda pair: pair[1]):
            texts = [text for text, _ in group]
            span = texts[0] if len(texts) == 1 else f"{texts[0]} to {texts[-1]}"
            cells[answer.kind].append(f"{span}: {answer.how}" if answer.how else span)
        rows.append(f"| {_called(row)} | " + " | ".join("; ".join(cells[kind]) for kind in cells) + " |")
    return "\n".join(rows) + "\n"


def _called(row: Row) -> str:
    """Its flag, and those of others that are nothing else."""
    others = [other.flag for other in ROWS if other.steps == (row.name,) and other.flag]
    return ", ".join((row.flag or row.name, *others))


def logs() -> str:
    """A row for each reason why a line stays a log, with the first words of such lines."""
    rows = ["| why | first words, releases |", "|---|---|"]
    for reason, why in REASONS.items():
        told = [
            f"`{one.words}` {one.releases}" for one in phrases() if (one.kind, one.detail) == ("log", reason)
        ]
        rows.append(f"| {why} | {', '.join(told)} |")
    return "\n".join(rows) + "\n"


PARTS = {
    "events.md": {"logs": logs},
    "architecture.md": {"picture": architecture.picture},
    "releases.md": {"families": families, "operations": operations},
    "cli.md": {"operations": cli_docs.operations, "options": cli_docs.options, "words": cli_docs.words},
}


def rendered(name: str) -> str:
    """A page of docs/ with its made parts made anew."""
    text = (DOCS / name).read_text()
    for part, make in PARTS[name].items():
        start = START.replace("-->", f"{part} -->")
        before, found, rest = text.partition(start)
        assert found, f"docs/{name} has no place for {part}"
        _, end, after = rest.partition(END)
        assert end
        text = before + start + "\n" + make() + "\n" + END + after
    return text


if __name__ == "__main__":
    for page in PARTS:
        (DOCS / page).write_text(rendered(page))
