"""Makes contrib/completion from the parsers: `python -m tests.generators.completion` does it.

For each shell a script of its own, over the same table: what may stand behind a word or an operation, and what an
option wants. Names of connections come from `autod --complete` while somebody types.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from autod.cli.parser import WORDS, build_parser, build_word_parser
from autod.operations import ROWS, Takes
from autod.protocol import debugging
from autod.protocol.releases import ALL, find

if TYPE_CHECKING:
    from collections.abc import Iterable

FOLDER = Path(__file__).parents[2] / "contrib" / "completion"
TEMPLATES = Path(__file__).parent / "shells"

NAMES, FILES, ANYTHING = "names", "files", "anything"
_KINDS = {"FILE": FILES, "PATH": FILES, "PROGRAM": FILES, "FOLDER": FILES}
_OPERANDS = {
    "explain": NAMES,
    "watch": NAMES,
    "history": NAMES,
    "top": NAMES,
    "decode": FILES,
    "report": FILES,
}


class Option(NamedTuple):
    """How it is written, its help, and its value: names, files, anything, or the words that it may be."""

    written: tuple[str, ...]
    help: str
    value: str = ""
    repeated: bool = False


class Context(NamedTuple):
    """What stands behind one of `called`: these options, and operands of this kind ("" where it takes none)."""

    called: tuple[str, ...]
    help: str
    options: tuple[Option, ...]
    operands: str

    @property
    def name(self) -> str:
        """The word that stands for it without dashes."""
        return self.called[0].removeprefix("--")

    @property
    def words(self) -> tuple[str, ...]:
        """Those of `called` that a line may begin with."""
        return tuple(called for called in self.called if not called.startswith("--"))


def contexts() -> list[Context]:
    """Each word, then each operation."""
    found = [
        Context(
            (word,), entry.help, tuple(_options(build_word_parser(word)).values()), _OPERANDS.get(word, "")
        )
        for word, entry in WORDS.items()
    ]
    options = _options(build_parser())
    for row in ROWS:
        if row.flag:
            honoured = row.options | row.service | {"help"}
            mine = tuple(option for name, option in options.items() if name in honoured)
            called = (*row.flags, row.name, *row.aliases)
            found.append(Context(called, row.help, mine, _operands(row.takes, row.name)))
    return found


def unsettled() -> tuple[Option, ...]:
    """What may stand where no operation does yet: each of them, and every option."""
    operations = (Option(row.flags, row.help) for row in ROWS if row.flag)
    return (*operations, *_options(build_parser()).values())


def _options(parser: argparse.ArgumentParser) -> dict[str, Option]:
    """By the name that the parser has for each, without the operations."""
    return {
        action.dest: Option(
            tuple(action.option_strings),
            action.help or "",
            _value(action),
            isinstance(action, argparse._AppendAction),
        )
        for action in parser._actions
        if action.option_strings and action.help != argparse.SUPPRESS and action.dest != "operations"
    }


def _value(action: argparse.Action) -> str:
    if action.choices:
        return " ".join(map(str, action.choices))
    if action.nargs == 0:
        return ""
    if action.dest == "release":
        return " ".join(reversed(ALL))
    return NAMES if action.dest == "prune" else _KINDS.get(str(action.metavar), ANYTHING)


def _operands(takes: str, name: str) -> str:
    if name == "debug":
        return " ".join(debugging.words(find(ALL[-1])))
    return {Takes.NAMES: NAMES, Takes.OPTIONAL: NAMES, Takes.ONE: ANYTHING}.get(takes, "")


def _alike(known: list[Context]) -> list[str]:
    """A line of a `case` for all contexts with the same options and operands; bash and zsh read it alike."""
    groups: dict[tuple[str, str], list[str]] = {}
    for one in known:
        groups.setdefault((_spelled(one.options), one.operands), []).extend(one.called)
    return [
        f'    {"|".join(called)}) options="{options}" operands="{operands}" ;;'
        for (options, operands), called in groups.items()
    ]


def _spelled(options: tuple[Option, ...]) -> str:
    return " ".join(written for option in options for written in option.written)


def _by_name(known: list[Context]) -> tuple[dict[str, Option], dict[str, Option]]:
    """Each option as it is written; and as `WORD,OPTION` where that of a word differs from another's."""
    usual = {written: option for option in unsettled() for written in option.written}
    other = {}
    for one in known:
        for option in one.options:
            for written in option.written:
                if usual.setdefault(written, option) != option:
                    other[f"{one.name},{written}"] = option
    return usual, other


def _valued(options: Iterable[Option]) -> list[str]:
    """What is followed by a value."""
    return sorted({written for option in options if option.value for written in option.written})


def bash() -> str:
    """A table in two functions, and what reads it."""
    known = contexts()
    usual, other = _by_name(known)
    wants = [
        f'    {name}) wants="{option.value}" ;;'
        for name, option in other.items()
        if option.value != usual[name.partition(",")[2]].value
    ]
    for value in sorted({option.value for option in usual.values() if option.value}):
        options = "|".join(f"*,{written}" for written, option in usual.items() if option.value == value)
        wants.append(f'    {options}) wants="{value}" ;;')
    return _filled(
        "bash",
        BEHIND="\n".join(_alike(known)),
        WANTS="\n".join(wants),
        ALL=_spelled(unsettled()),
        WORDS=" ".join(word for one in known for word in one.words),
    )


def zsh() -> str:
    """The same table, and what _arguments wants to know of each option."""
    known = contexts()
    usual, other = _by_name(known)
    specs = [
        f"  {name} {_quoted_zsh(_spec(name.rpartition(',')[2], option))}"
        for name, option in (*usual.items(), *other.items())
    ]
    words = [f"  {_quoted_zsh(f'{word}:{one.help}')}" for one in known for word in one.words]
    return _filled(
        "zsh",
        BEHIND="\n".join(_alike(known)),
        SPECS="\n".join(specs),
        ALL=_spelled(unsettled()),
        VALUED="|".join(_valued(option for one in known for option in one.options)),
        WORDS="\n".join(words),
    )


def _spec(written: str, option: Option) -> str:
    help = option.help.replace("[", "\\[").replace("]", "\\]")
    before = "*" if option.repeated else f"({' '.join(option.written)})"
    return f"{before}{written}{'=' if option.value else ''}[{help}]{_wanted_zsh(option.value)}"


def _wanted_zsh(kind: str) -> str:
    actions = {
        "": "",
        NAMES: ":connection:_autod_names",
        FILES: ":file:_files",
        ANYTHING: ":value: ",
    }
    return actions.get(kind, f":value:({kind})")


def _quoted_zsh(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def fish() -> str:
    """A line for each option and where it may stand, the words, and the names of connections."""
    known = contexts()
    lines = []
    for one in known:
        lines += [
            f"complete -c autod -n '__autod_behind \"\"' -a {word} -d {_quoted_fish(one.help)}"
            for word in one.words
        ]
    places: dict[Option, list[str]] = {option: [""] for option in unsettled()}
    for one in known:
        for option in one.options:
            places.setdefault(option, []).append(one.name)
    for option, names in places.items():
        lines.append(f"complete -c autod {_where(names)} {_option_fish(option)}")
    for kind, offered in ((NAMES, "-a '(__autod_names)'"), (FILES, "-F")):
        lines.append(
            f"complete -c autod {_where([one.name for one in known if one.operands == kind])} {offered}"
        )
    for one in known:
        if " " in one.operands:
            lines.append(f"complete -c autod {_where([one.name])} -a '{one.operands}'")
    return _filled(
        "fish",
        CALLED="\n".join(
            f"        case {' '.join(one.called)}\n            echo {one.name}" for one in known
        ),
        VALUED=" ".join(_valued(option for one in known for option in one.options)),
        LINES="\n".join(lines),
    )


def _where(names: list[str]) -> str:
    return "-n '__autod_behind " + " ".join(name or '""' for name in names) + "'"


def _option_fish(option: Option) -> str:
    parts = [
        f"-l {written[2:]}" if written.startswith("--") else f"-s {written[1:]}" for written in option.written
    ]
    offered = {"": [], NAMES: ["-x -a '(__autod_names)'"], FILES: ["-r -F"], ANYTHING: ["-x"]}
    parts += offered.get(option.value, [f"-x -a '{option.value}'"])
    return " ".join((*parts, "-d", _quoted_fish(option.help)))


def _quoted_fish(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _filled(shell: str, **parts: str) -> str:
    text = (TEMPLATES / f"autod.{shell}").read_text()
    for name, part in parts.items():
        text = text.replace(f"@{name}@", part)
    return text


MADE = {"autod.bash": bash, "_autod": zsh, "autod.fish": fish}


if __name__ == "__main__":
    for file, make in MADE.items():
        (FOLDER / file).write_text(make())
