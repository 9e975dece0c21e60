"""The options of the command line for argparse: those of `ipsec auto`, and those that autod adds.

Owns: the options, their values and their help. Must not know: which operation honours which option
(autod.operations), which request the arguments make (autod.cli.asked).

Imports argparse and the rows and nothing else, so that `autod --help` loads no event loop. Each sub-word
(`autod doctor`, ...) has a parser of its own. Its module has

    configure(parser: argparse.ArgumentParser) -> None
    run(options: argparse.Namespace) -> int

and imports nothing at its top that loads slowly.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from autod.operations import ROWS

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "API",
    "WORDS",
    "Parser",
    "build_parser",
    "build_word_parser",
    "seconds",
]

API = "/run/autod/autod.sock"
"""The supervisor's socket, unless its settings say otherwise."""


class Word(NamedTuple):
    """A sub-word: the module that has its options and runs it, a line of help, and example arguments."""

    module: str
    help: str
    example: str


WORDS: dict[str, Word] = {
    "learn": Word(
        "autod.cli.learn",
        "learn the messages of an installed release that autod does not know",
        "--whack /usr/libexec/ipsec/whack",
    ),
    "doctor": Word(
        "autod.cli.doctor", "say whether all is in place to talk to pluto, and what is wrong", "--verbose"
    ),
    "explain": Word("autod.cli.explain", "say why a connection is not up, and what to do", "branch-17 --try"),
    "decode": Word("autod.cli.decode", "show a captured message as a tree", "--release 4.10 message.bin"),
    "report": Word(
        "autod.cli.report", "make one page about the runs of many hosts", "*.json --output fleet.html"
    ),
    "top": Word("autod.cli.top", "a live table of the connections", "--only not_up 'branch-*'"),
    "watch": Word(
        "autod.cli.watch", "events of a running supervisor, as they happen", "--until-up --timeout 3m"
    ),
    "history": Word(
        "autod.cli.history",
        "when connections were down, and how long, as the supervisor remembers it",
        "--since 7d --by-peer",
    ),
    "supervise": Word("autod.cli.supervise", "keep connections up", "--check"),
}


class Mistake(SystemExit):
    """The command line cannot be understood; `sentence` says why, and was printed."""

    def __init__(self, sentence: str) -> None:
        super().__init__(2)
        self.sentence = sentence


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one sentence and a pointer, as the full usage is longer than a screen."""

    def error(self, message: str) -> NoReturn:
        from autod.cli.output import say  # what is right needs none of it

        say(f"{self.prog}: {message}; `{self.prog} --help` lists the options", file=sys.stderr)
        raise Mistake(message)

    def suggest(self, word: str, candidates: Iterable[str]) -> str:
        """`; did you mean ...?` if a candidate is spelled much like `word`, else an empty string."""
        from difflib import get_close_matches

        close = get_close_matches(word, list(candidates), n=1, cutoff=0.65)
        return f"; did you mean {close[0]}?" if close else ""


def seconds(text: str) -> float:
    """A time: seconds, or a number with s, m or h."""
    factor = {"s": 1.0, "m": 60.0, "h": 3600.0}.get(text[-1:])
    try:
        value = float(text[:-1]) * factor if factor else float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a time: give seconds, or a number with s, m or h")
    return value


def count(text: str) -> int:
    """A whole number, 0 or more."""
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
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


def build_parser(words: Iterable[str] | None = None) -> Parser:
    """The parser of the operations. Names and options may stand in any order (see asked.parse).

    `words` are the arguments to parse: the parser then has only the operations among them, as each takes time to add.
    """
    parser = Parser(
        prog="autod",
        allow_abbrev=False,
        argument_default=None,
        add_help=False,
        # argparse makes a formatter for each argument. Without a width it would load shutil to find it out.
        formatter_class=partial(argparse.HelpFormatter, width=79),
    )
    _add_operations(parser, None if words is None else {word.partition("=")[0] for word in words})
    _add_ipsec_auto_options(parser)
    _add_target_options(parser)
    _add_output_options(parser)
    _add_many_options(parser)
    parser.add_argument("--name", dest="named", action="append", metavar="NAME", help=argparse.SUPPRESS)
    parser.add_argument("names", nargs="*", metavar="NAME", help="connection, alias, pattern, or @FILE")
    return parser


def _add_operations(parser: argparse.ArgumentParser, words: set[str] | None) -> None:
    groups: dict[str, argparse._ArgumentGroup] = {}
    parser.set_defaults(operations=None)
    for row in ROWS:
        if not row.flag or not (words is None or words.intersection(row.flags)):
            continue
        group = groups.get(row.group)
        if group is None:
            group = groups[row.group] = parser.add_argument_group(row.group)
        group.add_argument(
            *row.flags, dest="operations", action="append_const", const=row.name, help=row.help
        )


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
    group.add_argument(
        "-h",
        "--help",
        action="store_true",
        help="say what there is, or all of the operation or word beside it",
    )
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
    group.add_argument(
        "--labeled",
        choices=("yes", "no"),
        help="with --release: whether pluto was built with labeled IPsec (messages of 3.27 to 4.1 depend on it)",
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
        help="ask the running supervisor instead of pluto; needs no root",
    )
    group.add_argument(
        "--api",
        metavar="PATH",
        help=f"the supervisor's socket, for --service (default: {API})",
    )


def _add_output_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("output")
    group.add_argument("--json", action="store_true", help="a JSON object a line: events, then outcomes")
    group.add_argument(
        "--format", choices=("text", "table"), help="of a status: pluto's text (the default), or a table"
    )
    group.add_argument(
        "--quiet",
        action="store_true",
        help="say nothing of what succeeds (default for several names, where standard output is not a terminal)",
    )
    group.add_argument(
        "--report",
        metavar="FILE",
        help="write a page (HTML, self-contained) about the run, or FILE.json for autod report; - is standard output",
    )


def _add_many_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("many connections")
    group.add_argument("--all", action="store_true", help="every connection with auto= other than ignore")
    group.add_argument(
        "--limit", type=positive, metavar="N", help="in flight at once (default: found while running)"
    )
    group.add_argument(
        "--timeout", type=seconds, metavar="S", help="for each connection; 90, 90s, 5m and 1h are times"
    )
    group.add_argument(
        "--deadline",
        type=seconds,
        metavar="S",
        help="for the whole, from finding out the release to the last look",
    )
    group.add_argument("--retries", type=count, metavar="N", help="try again what may pass, with a back-off")
    group.add_argument(
        "--on-failure",
        choices=("leave", "down"),
        help="what to do with a connection that failed: pluto goes on trying, or down",
    )
    group.add_argument(
        "--if-down",
        action=argparse.BooleanOptionalAction,
        help="leave a connection that is up alone (the default)",
    )
    group.add_argument(
        "--leave-state", action="store_true", help="with --shutdown: tunnels go on without pluto"
    )
    group.add_argument(
        "--dry-run", action="store_true", help="with --sync: say what would be done, and what it would cost"
    )
    group.add_argument(
        "--as",
        dest="stands_for",
        metavar="FILE",
        help="with --diff and --sync --dry-run: --config is to take the place of this file (what would change?)",
    )
    group.add_argument(
        "--prune",
        action="append",
        metavar="NAME",
        help="with --sync: delete this connection too (or those of a pattern), no matter who loaded it",
    )
    group.add_argument(
        "--remove-at-most",
        type=percent,
        metavar="PERCENT",
        help="with --sync: how much of what the file loaded may be deleted at once without --force (20)",
    )
    group.add_argument(
        "--set",
        action="append",
        metavar="KEYWORD=VALUE",
        help="with --add and its relatives, and --check: a setting of the one connection NAME, which then stands in "
        "no file",
    )
    group.add_argument(
        "--peer",
        metavar="FILE",
        help="with --check: the configuration of the other end; says what of the two will not match",
    )


def build_word_parser(word: str) -> Parser:
    """The parser of a sub-word. Imports the word's module."""
    module, help, example = WORDS[word]
    parser = Parser(
        prog=f"autod {word}",
        description=f"{help[:1].upper()}{help[1:]}.",
        epilog=f"example: autod {word} {example}",
        allow_abbrev=False,
    )
    _configure_word(module, parser)
    return parser


def _configure_word(module: str, parser: argparse.ArgumentParser) -> None:
    importlib.import_module(module).configure(parser)
    parser.set_defaults(module=module)
