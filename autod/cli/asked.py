"""From arguments to a request: one operation, its names and its options, or a word and its options.

Owns: the forms in which an operation can be written (`--up NAME`, `up NAME` as `ipsec` of 5.x has it, `NAME up` as
`ipsec auto` had it), and which arguments are mistakes. An option that the operation does not honour is a mistake (its
row in autod.operations lists those that it honours): if it had no effect, nobody would see the slip.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NoReturn

from autod.cli.parser import API, WORDS, Parser, build_parser, build_word_parser
from autod.operations import ROWS, Takes, find

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from autod.operations import Row

__all__ = ["complete", "parse"]

_VERBS = {name: row for row in ROWS if row.group or row.old for name in (row.name, *row.aliases)}
"""The words with which `autod WORD [NAME ...]` may begin."""

_NO_OPTIONS = frozenset({"named", "names", "operations", "help", "version", "complete", "show"})
"""What the parser has besides the options of operations."""


_AUTO = frozenset({"asynchronous", "config", "ctlsocket", "remote_host", "utc", "verbose"})
"""Options that `ipsec auto` took with every operation. So --showonly takes them too."""


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The options and names of `arguments`. `options.module` is a sub-word's module; if it is None,
    `options.operation` is the operation.

    `options.names` are the words before `--`, `options.literal` those behind it, where @FILE has no meaning. Raises
    SystemExit: 0 after --help, 2 after a mistake.
    """
    if arguments and arguments[0] in WORDS:
        of_word = build_word_parser(arguments[0])
        options, unknown = of_word.parse_known_args(arguments[1:])
        if unknown:
            _unknown(of_word, unknown, of_word)
        options.literal = list(arguments[list(arguments).index("--") + 1 :]) if "--" in arguments else []
        return complete(of_word, options)
    head, tail = list(arguments), []
    if "--" in head:
        at = head.index("--")
        head, tail = head[:at], head[at + 1 :]
    parser = build_parser(head)
    parser.usage = parser.prog  # nobody is shown it, and argparse would make one of all options
    options, unknown = parser.parse_known_intermixed_args(head)
    options.module, options.literal = None, tail
    if options.help:
        _help(parser, options)
    _check_word(parser, options)
    if unknown:
        _unknown(parser, unknown, build_parser())
    options.names += options.named or []  # as whack has it: --name NAME --initiate
    del options.named
    spellings = _given(parser, options)
    _settle_operation(parser, options)
    if options.operation not in ("version", "complete"):
        row = find(options.operation)
        _check_names(parser, options, row)
        _check_options(parser, options, row, spellings)
    del options.help
    return complete(parser, options)


def _help(parser: Parser, options: argparse.Namespace) -> NoReturn:
    """The help of the operation that stands beside --help, or of everything."""
    from autod.cli.help import of_all, of_operation

    operations = [
        *(options.operations or []),
        *(_VERBS[name].name for name in options.names if name in _VERBS),
    ]
    print(of_operation(parser, find(operations[0])) if operations else of_all(parser), end="")
    parser.exit(0)


def _unknown(parser: Parser, unknown: Sequence[str], known: Parser) -> NoReturn:
    """A mistake, with the option of `known` that resembles it."""
    options = [word for word in unknown if word.startswith("-")]
    all_options = [option for action in known._actions for option in action.option_strings]
    close = parser.suggest(options[0].partition("=")[0], all_options) if options else ""
    parser.error(f"unrecognized arguments: {' '.join(unknown)}{close}")


def _check_word(parser: Parser, options: argparse.Namespace) -> None:
    """A mistake if a word follows options: each word has its own parser, so it must stand first."""
    if options.operations or options.version or options.complete:
        return
    word = options.names[0] if options.names else None
    if word in WORDS and not any(name in _VERBS for name in options.names[1:]):
        parser.error(f"put the word first, then its options: autod {word} [OPTION ...]")


def _given(parser: Parser, options: argparse.Namespace) -> dict[str, str]:
    """The options on the command line: the parser's name of each, and its spelling."""
    return {
        action.dest: action.option_strings[0]
        for action in parser._actions
        if action.option_strings
        and action.dest not in _NO_OPTIONS
        and getattr(options, action.dest) != action.default
    }


def _settle_operation(parser: Parser, options: argparse.Namespace) -> None:
    operations: list[str] = options.operations or []
    del options.operations
    options.old_form = options.wait = False
    if options.version or options.complete:
        options.operation = "version" if options.version else "complete"
        return
    if not operations:
        operations = [_from_words(parser, options)]
    if len(operations) > 1 and "wait" in operations:
        # Beside another operation it is an option of that one.
        operations, options.wait = [name for name in operations if name != "wait"], True
    if len(operations) > 1:
        parser.error(f"one operation at a time, not --{operations[0]} and --{operations[1]}")
    options.operation = operations[0]


def _from_words(parser: Parser, options: argparse.Namespace) -> str:
    """The operation of `VERB [NAME ...]`, or of the old form `NAME VERB`; the other words are its names."""
    names: list[str] = options.names
    first = names[0] if names else ""
    if first in _VERBS:
        options.names = names[1:]
        return _VERBS[first].name
    if len(names) == 2 and names[1] in _VERBS:
        row = _VERBS[names[1]]
        if row.old and row.takes == Takes.NAMES:
            options.names, options.old_form = names[:1], True
            return row.name
    close = parser.suggest(first, [*_VERBS, *WORDS]) if first else ""
    return parser.error(f"no operation was given, such as --up NAME or --status{close}")


def _check_names(parser: Parser, options: argparse.Namespace, row: Row) -> None:
    names = [*options.names, *options.literal]
    if row.takes == Takes.NAMES and not names and not options.all:
        parser.error(f"{row.flag} wants the name of a connection")
    if row.takes == Takes.ONE and len(names) != 1:
        parser.error(f"{row.flag} wants one {row.wants}")
    if row.takes == Takes.NOTHING and (names or options.all):
        parser.error(f"{row.flag or row.name} takes no name")
    if names and options.all:
        parser.error("give names or --all, not both")
    if "" in names:
        parser.error("an empty name is not a connection")


def _check_options(parser: Parser, options: argparse.Namespace, row: Row, spellings: dict[str, str]) -> None:
    """A mistake if the operation does not honour an option of the command line."""
    if options.wait:
        spellings = {**spellings, "wait": "--wait"}
    if options.service and not row.service:
        parser.error(_belongs("--service", [other for other in ROWS if other.service]))
    honoured = row.service if options.service else row.options
    if options.showonly and "showonly" in honoured:
        honoured |= _AUTO
    for option, written in spellings.items():
        if option not in honoured:
            others = [other for other in ROWS if other.flag and option in _honoured(other, options)]
            beside = " with --service" if options.service else ""
            parser.error(
                f"{row.flag or row.name}{beside} does not take {written}: {_belongs(written, others)}"
            )


def _honoured(row: Row, options: argparse.Namespace) -> frozenset[str]:
    return row.service if options.service else row.options


def _belongs(option: str, rows: Sequence[Row]) -> str:
    flags = [row.flag for row in rows]
    if not flags:
        return f"{option} does not go with --service"
    return (
        f"{option} belongs to {', '.join(flags[:-1])} and {flags[-1]}"
        if flags[1:]
        else f"{option} belongs to {flags[0]}"
    )


def complete(parser: argparse.ArgumentParser, options: argparse.Namespace) -> argparse.Namespace:
    """Fill in the values of the environment, and undo the locale: names are UTF-8 in every locale.

    IPSEC_RUNDIR and IPSEC_CONF are the variables of `ipsec auto`. `options.config` stays None if neither the option
    nor the environment names a file: None stands for the release's own default.
    """
    values = vars(options)
    if sys.getfilesystemencoding().lower() not in ("utf-8", "utf8"):
        for key, value in values.items():
            if isinstance(value, str):
                values[key] = _utf8(value)
            elif isinstance(value, list):
                values[key] = [_utf8(item) if isinstance(item, str) else item for item in value]
    if "ctlsocket" in values and options.ctlsocket is None:
        options.ctlsocket = f"{os.environ.get('IPSEC_RUNDIR') or '/run/pluto'}/pluto.ctl"
    if "config" in values:
        options.config_given = options.config is not None
        if options.config is None:
            options.config = os.environ.get("IPSEC_CONF") or None
    if "seccomp" in values:
        options.seccomp = {"yes": True, "no": False, None: None}[options.seccomp]
    if values.get("labeled") is not None:
        if options.release is None:
            parser.error("--labeled says how the release of --release was built: give both")
        from autod.protocol.releases import LABELED, UNLABELED

        options.release += LABELED if options.labeled == "yes" else UNLABELED
    if "api" in values and options.api is None:
        options.api = API
    if "format" in values and options.format is None:
        options.format = "text"
    return options


def _utf8(text: str) -> str:
    return os.fsencode(text).decode("utf-8", "surrogateescape")
