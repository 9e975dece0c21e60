"""The argument parser: what `ipsec auto` took, and what autod adds.

Imports argparse and the tables and nothing else: `autod --help` is to cost no event loop. Sub-words (`autod
doctor`, ...) have parsers of their own, built by the module of the word, which offers

    configure(parser: argparse.ArgumentParser) -> None
    run(options: argparse.Namespace) -> int

and imports nothing that costs time at its top. A word's `options` are completed by `complete()` like those of
the operations: ctlsocket, config and release have their values from the environment.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from typing import TYPE_CHECKING, NoReturn

from autod.operations import BY_NAME, ROWS, Takes, find

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["WORDS", "Parser", "build_full_parser", "build_parser", "build_word_parser", "complete", "parse"]

WORDS: dict[str, tuple[str, str]] = {
    "learn": ("autod.cli.learn", "learn the messages of an installed release that autod does not know"),
    "doctor": ("autod.cli.doctor", "say what was found, and what is wrong"),
    "decode": ("autod.cli.decode", "show a captured message as a tree"),
    "top": ("autod.cli.top", "a live table of the connections"),
    "watch": ("autod.cli.watch", "events of a running supervisor, as they happen"),
    "history": (
        "autod.cli.history",
        "when connections were down, and how long, as the supervisor remembers it",
    ),
    "supervise": ("autod.cli.supervise", "keep connections up"),
}
"""Sub-word -> module, one line of help."""

USAGE = """autod [OPTION ...] --OPERATION [NAME ...]
       autod {{{words}}} [OPTION ...]"""

DESCRIPTION = """Talk to pluto, the IKE daemon of Libreswan: everything `ipsec auto` did, for one connection
or for thousands, on every release from 3.27 to 5.4."""

EPILOG = """words:
{words}
  `autod WORD --help` says more.

NAME is a connection, an alias, a pattern (`branch-*`) or @FILE (a name a line).

exit status: 0 what was asked is so; 1 it failed without a code, or not for all of several names; 2 usage;
3 configuration; 20 to 99 pluto's own code, where it refused one connection; 33 no pluto; 124 deadline."""


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one sentence and a pointer, as the full usage is longer than a screen."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; `{self.prog} --help` lists the options\n")


def seconds(text: str) -> float:
    """A time: seconds, or a number with s, m or h."""
    factor = {"s": 1.0, "m": 60.0, "h": 3600.0}.get(text[-1:])
    try:
        value = float(text[:-1]) * factor if factor else float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no time: give seconds, or a number with s, m or h")
    return value


def count(text: str) -> int:
    """A whole number, 0 or more."""
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number")
    return int(text)


def percent(text: str) -> int:
    """A share: 0 to 100."""
    if count(text) > 100:
        raise argparse.ArgumentTypeError(f"{text!r} is more than 100 percent")
    return int(text)


def positive(text: str) -> int:
    """A whole number, 1 or more."""
    if not count(text):
        raise argparse.ArgumentTypeError("must be 1 or more")
    return int(text)


def build_parser() -> argparse.ArgumentParser:
    """The parser of the operations. Names and options may stand in any order (parse() sees to that)."""
    parser = Parser(
        prog="autod",
        usage=USAGE.format(words=",".join(WORDS)),
        description=DESCRIPTION,
        epilog=EPILOG.format(words="\n".join(f"  {word:<22}{help}" for word, (_, help) in WORDS.items())),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        argument_default=None,
    )
    _add_operations(parser)
    _add_ipsec_auto_options(parser)
    _add_target_options(parser)
    _add_output_options(parser)
    _add_many_options(parser)
    parser.add_argument("names", nargs="*", metavar="NAME", help="connection, alias, pattern, or @FILE")
    return parser


def _add_operations(parser: argparse.ArgumentParser) -> None:
    groups: dict[str, argparse._ArgumentGroup] = {}
    for row in ROWS:
        if not row.flag:
            continue
        group = groups.get(row.group)
        if group is None:
            group = groups[row.group] = parser.add_argument_group(row.group)
        group.add_argument(row.flag, dest="operations", action="append_const", const=row.name, help=row.help)


def _add_ipsec_auto_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("options of `ipsec auto`")
    group.add_argument(
        "--showonly",
        action="store_true",
        help="print the commands `ipsec auto` of 4.10 would run; contact nobody",
    )
    group.add_argument("--show", action="store_true", help=argparse.SUPPRESS)
    group.add_argument("--asynchronous", action="store_true", help="return once pluto has taken the request")
    group.add_argument(
        "--config", metavar="FILE", help="ipsec.conf (default: IPSEC_CONF, or /etc/ipsec.conf)"
    )
    group.add_argument("--verbose", action="store_true", help="every line of pluto's, with its code")
    group.add_argument("--utc", action="store_true", help="times of lists in UTC")
    group.add_argument(
        "--ctlsocket",
        metavar="PATH",
        help="control socket (default: pluto.ctl in IPSEC_RUNDIR, or in /run/pluto)",
    )
    group.add_argument(
        "--remote-host", metavar="ADDRESS", help="peer to initiate to, for a connection that leaves it open"
    )
    group.add_argument("--version", action="store_true", help="print autod's version")
    group.add_argument("--complete", action="store_true", help=argparse.SUPPRESS)


def _add_target_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("which pluto, and what it may do")
    group.add_argument(
        "--release", metavar="R", help="pluto's release, where it cannot be found out (5.2, 4.10, ...)"
    )
    group.add_argument(
        "--seccomp",
        choices=("yes", "no"),
        help="whether pluto was built with USE_SECCOMP (numbers of 5.3 and 5.4 depend on it)",
    )
    group.add_argument("--force", action="store_true", help="do what was refused for its cost")
    group.add_argument("--xauthname", metavar="NAME", help="user name for XAUTH")
    group.add_argument(
        "--xauthpass-file",
        metavar="FILE",
        help="file with the XAUTH password on its first line (- reads standard input)",
    )
    group.add_argument("--via-addconn", action="store_true", help="load through the release's own addconn")
    group.add_argument(
        "--service",
        action="store_true",
        help="ask the running supervisor instead of pluto: --up, --down, --wait, --status, --sync; needs no root",
    )
    group.add_argument(
        "--api",
        metavar="PATH",
        default="/run/autod/autod.sock",
        help="the supervisor's socket, for --service",
    )


def _add_output_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("output")
    group.add_argument("--json", action="store_true", help="a JSON object a line: events, then outcomes")
    group.add_argument(
        "--format", choices=("text", "table"), default="text", help="of a status: pluto's text, or a table"
    )
    group.add_argument("--report", metavar="FILE", help="write a page (HTML, self-contained) about the run")


def _add_many_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("many connections")
    group.add_argument("--all", action="store_true", help="every connection with auto= other than ignore")
    group.add_argument(
        "--limit", type=positive, metavar="N", help="in flight at once (default: found while running)"
    )
    group.add_argument(
        "--timeout", type=seconds, metavar="S", help="for each connection; 90, 90s, 5m and 1h are times"
    )
    group.add_argument("--deadline", type=seconds, metavar="S", help="for the whole")
    group.add_argument("--retries", type=count, metavar="N", help="try again what may pass, with a back-off")
    group.add_argument(
        "--on-failure",
        choices=("leave", "down"),
        help="what to do with a connection that failed: pluto goes on trying, or down",
    )
    group.add_argument(
        "--if-down",
        action=argparse.BooleanOptionalAction,
        help="leave alone what is up (default with several names)",
    )
    group.add_argument(
        "--dry-run", action="store_true", help="with --sync: say what would be done, and what it would cost"
    )
    group.add_argument(
        "--prune",
        action="append",
        metavar="NAME",
        help="with --sync: delete this connection too (or those of a pattern), whoever loaded it",
    )
    group.add_argument(
        "--remove-at-most",
        type=percent,
        metavar="PERCENT",
        help="with --sync: how much of what the file loaded may be deleted at once without --force (20)",
    )


def build_word_parser(word: str) -> argparse.ArgumentParser:
    """The parser of a sub-word. Imports the word's module."""
    module, help = WORDS[word]
    parser = Parser(prog=f"autod {word}", description=help, allow_abbrev=False)
    _configure_word(module, parser)
    return parser


def build_full_parser() -> argparse.ArgumentParser:
    """Operations and sub-words in one, for completion and documents; parse() does not use it.

    Actions have the attribute `complete` that shtab reads: a shell function by shell (contrib/completion).
    """
    parser = build_parser()
    for action in parser._actions:
        if action.dest == "names":
            action.complete = dict.fromkeys(("bash", "zsh"), "_autod_names")  # type: ignore[attr-defined]
        elif action.metavar in ("FILE", "PATH", "PROGRAM"):
            action.complete = {"bash": "_shtab_compgen_files", "zsh": "_files"}  # type: ignore[attr-defined]
    words = parser.add_subparsers(metavar="WORD", title="words", parser_class=Parser)
    for word, (module, help) in WORDS.items():
        _configure_word(module, words.add_parser(word, help=help, description=help, allow_abbrev=False))
    return parser


def _configure_word(module: str, parser: argparse.ArgumentParser) -> None:
    importlib.import_module(module).configure(parser)
    parser.set_defaults(module=module)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """What was asked. `options.module` is a sub-word's module, or `options.operation` says which operation.

    Raises SystemExit as argparse does: 0 after --help, 2 on a mistake.
    """
    if arguments and arguments[0] in WORDS:
        return complete(build_word_parser(arguments[0]).parse_args(arguments[1:]))
    parser = build_parser()
    head, tail = list(arguments), []
    if "--" in head:
        at = head.index("--")
        head, tail = head[:at], head[at + 1 :]
    options, unknown = parser.parse_known_intermixed_args(head)
    options.names += tail
    options.module = None
    _check_word(parser, options)
    if unknown:
        parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    _settle_operation(parser, options)
    _check_together(parser, options)
    return complete(options)


def _check_word(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """A word after options is told where it belongs: its options are its own parser's."""
    if options.operations or options.version or options.complete:
        return
    word = options.names[0] if options.names else None
    if word in WORDS and not any(_is_old_verb(name) for name in options.names[1:]):
        parser.error(f"put the word first, then its options: autod {word} [OPTION ...]")


def _settle_operation(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    asked: list[str] = options.operations or []
    del options.operations
    names: list[str] = options.names
    options.old_form = options.wait = False
    if options.version or options.complete:
        options.operation = "version" if options.version else "complete"
        return
    if not asked:
        if len(names) == 2 and _is_old_verb(names[1]):
            asked, options.names, options.old_form = [names[1]], names[:1], True
        elif len(names) == 1 and _is_old_word(names[0]):
            asked, options.names, options.old_form = [names[0]], [], True
        else:
            parser.error("no operation was given, such as --up NAME or --status")
    if len(asked) > 1 and "wait" in asked:
        # Beside another operation it is an option of that one.
        asked, options.wait = [name for name in asked if name != "wait"], True
    if len(asked) > 1:
        parser.error(f"one operation at a time, not --{asked[0]} and --{asked[1]}")
    options.operation = asked[0]
    _check_names(parser, options)


def _is_old_verb(word: str) -> bool:
    """Whether `autod NAME WORD` is the old form of an operation on connections."""
    row = BY_NAME.get(word)
    return row is not None and row.old and row.takes == Takes.NAMES


def _is_old_word(word: str) -> bool:
    """Whether `autod WORD` is the old form of an operation that needs no name."""
    row = BY_NAME.get(word)
    return row is not None and row.old and row.takes != Takes.NAMES


def _check_names(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    operation, names = options.operation, options.names
    takes = find(operation).takes
    if takes == Takes.NAMES and not names and not options.all:
        parser.error(f"--{operation} wants the name of a connection")
    if takes == Takes.NOTHING and (names or options.all):
        parser.error(f"--{operation} takes no name")
    if names and options.all:
        parser.error("give names or --all, not both")
    if "" in names:
        parser.error("an empty name is no connection")


def _check_together(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Options that make sense only with some operation, so that a slip is not silently without effect."""
    initiates = options.operation in ("up", "start")
    for name, given in (
        ("--xauthname", options.xauthname is not None),
        ("--xauthpass-file", options.xauthpass_file is not None),
    ):
        if given and not initiates:
            parser.error(f"{name} belongs to --up and --start")
    if options.dry_run and options.operation != "sync":
        parser.error("--dry-run belongs to --sync")
    if options.wait and options.operation not in ("up", "start"):
        parser.error("--wait stands alone, or with --up and --start")
    if options.service and options.operation not in ("up", "down", "wait", "status", "sync"):
        parser.error("--service belongs to --up, --down, --wait, --status and --sync")
    if options.format == "table" and "format" not in find(options.operation).options:
        parser.error("--format table belongs to --status and the other requests for a state")


def complete(options: argparse.Namespace) -> argparse.Namespace:
    """Fill in what the environment says, and undo the locale: names are the bytes of UTF-8, whatever the
    locale is.

    IPSEC_RUNDIR and IPSEC_CONF are what `ipsec auto` knew. `options.config` stays None if neither the option
    nor the environment names a file: the release's own default is meant.
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
    return options


def _utf8(text: str) -> str:
    return os.fsencode(text).decode("utf-8", "surrogateescape")
