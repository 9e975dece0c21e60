"""Writes autod(8), autod-auto(8), autod.toml(5) and autod(3) from the parser and the settings that the program uses.

    python docs/man/build.py FOLDER

Nothing is said twice: options and their help are the parser's, keys and their meaning are the declarations of
autod/supervisor/settings.py. Only what neither can know (an overview, files, an example) stands here.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from autod.cli.parser import WORDS, build_parser, build_word_parser
from autod.operations import ROWS
from autod.protocol import debugging
from autod.protocol.releases import ALL, find
from autod.supervisor import settings as declared

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["autod", "autod_auto", "autod_library", "autod_toml", "main"]

INTRODUCTION = """autod talks to pluto, the IKE daemon of Libreswan, over its control socket: everything that ipsec auto
did, for one connection or for thousands at once, on every release from 3.27 to 5.4. A connection counts as up when a
Child SA of it is established. autod supervise keeps connections up for years."""

EXAMPLE = """[policy]
backoff_max = "10m"

[[group]]
name = "branches"
connections = ["branch-*"]
exclude = ["branch-test*"]
keep = "up"
deadline = "90s"

[[group]]
name = "spare"
connections = ["spare-line"]
keep = "routed"

[api]
look = ["autod-view"]
change = ["autod"]

[metrics]
listen = "127.0.0.1:9741"
"""

TABLES: list[tuple[str, type[msgspec.Struct]]] = [
    ("policy", declared.PolicySettings),
    ("[group]", declared.Group),
    ("supervise", declared.Supervise),
    ("pluto", declared.PlutoSettings),
    ("api", declared.Api),
    ("metrics", declared.Metrics),
    ("page", declared.Page),
    ("history", declared.History),
    ("[hook]", declared.Hook),
    ("hooks", declared.Hooks),
    ("log", declared.Log),
]


def roff(text: str) -> str:
    """`text` with what roff would take for its own made harmless."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    return re.sub(r"^\.", "\\&.", re.sub(r"\s+", " ", text.strip()))


def paragraph(text: str) -> list[str]:
    return [".PP", roff(text)]


def heading(page: str, section: int, summary: str) -> list[str]:
    name = page.upper()
    return [
        f'.TH {name} {section} "{_date()}" "autod" "Libreswan"',
        ".SH NAME",
        f"{roff(page)} \\- {roff(summary)}",
    ]


def _date() -> str:
    """The day of the sources: SOURCE_DATE_EPOCH, as packagers give it, else that of the changelog."""
    source = Path(__file__).resolve().parents[2] / "CHANGELOG.md"
    seconds = os.environ.get("SOURCE_DATE_EPOCH") or source.stat().st_mtime
    return time.strftime("%Y-%m-%d", time.gmtime(int(float(seconds))))


def options(parser: argparse.ArgumentParser, skip: tuple[str, ...] = ("help",)) -> list[str]:
    """The options of `parser` by group, as it shows them."""
    lines = []
    for group in parser._action_groups:
        actions = [a for a in group._group_actions if a.dest not in skip and a.help != argparse.SUPPRESS]
        if not actions:
            continue
        if group.title not in ("options", "positional arguments", None):
            lines.append(f".SS {roff(str(group.title)).capitalize()}")
        for action in actions:
            value = "" if action.nargs == 0 else str(action.metavar or action.dest.upper())
            if action.option_strings:
                names = ", ".join(f"\\fB{roff(name)}\\fR" for name in action.option_strings)
                head = f"{names} \\fI{roff(value)}\\fR" if value else names
            else:
                head = f"\\fI{roff(value)}\\fR"
            help = (action.help or "").replace("%%", "%")
            if action.choices and action.nargs != 0:
                help += f" (one of: {', '.join(map(str, action.choices))})"
            if "--debug" in action.option_strings:
                help += f" (of the newest release: {', '.join(debugging.words(find(ALL[-1])))})"
            lines += [".TP", head, roff(help[:1].upper() + help[1:]) + "."]
    return lines


def autod() -> str:
    """The text of autod(8)."""
    parser = build_parser()
    lines = heading("autod", 8, "bring IPsec connections of Libreswan up, and keep them up")
    lines += [
        ".SH SYNOPSIS",
        ".B autod",
        "[\\fIOPTION\\fR ...] \\fB\\-\\-\\fIOPERATION\\fR [\\fINAME\\fR ...]",
        ".br",
        ".B autod",
        "{" + "|".join(f"\\fB{roff(word)}\\fR" for word in WORDS) + "} [\\fIOPTION\\fR ...]",
        ".SH DESCRIPTION",
        roff(INTRODUCTION),
        *paragraph("NAME is a connection, an alias, a pattern such as branch-*, or @FILE, a file of names."),
        ".SH OPTIONS",
        *options(parser, ("help", "names")),
        ".SH WORDS",
    ]
    for word, (_, help, _) in WORDS.items():
        own = build_word_parser(word)
        lines += [f".SS autod {roff(word)}", roff(own.description or help), *options(own)]
    lines += _exit_status()
    lines += [".SH EXAMPLES"]
    for row in ROWS:
        if row.group and row.example:
            lines += [
                ".TP",
                f".B {roff(f'autod {row.flag} {row.example}')}",
                roff(f"{row.help[:1].upper()}{row.help[1:]}."),
            ]
    for word, (_, help, example) in WORDS.items():
        lines += [".TP", f".B {roff(f'autod {word} {example}')}", roff(f"{help[:1].upper()}{help[1:]}.")]
    lines += _environment(ENVIRONMENT)
    lines += [".SH FILES"]
    for path, meaning in (
        (declared.DEFAULT_PATH, "The settings of autod supervise; see autod.toml(5)."),
        (declared.Supervise().configuration, "The connections; see ipsec.conf(5)."),
        (declared.PlutoSettings().socket, "pluto's control socket."),
        (declared.Api().socket, "The supervisor's socket: Varlink, interface org.libreswan.autod."),
        (declared.Supervise().state, "What operators suspended, over restarts."),
        (declared.Supervise().connections, "The supervisor's connections that stand in no file."),
        (declared.History().file, "What became of each connection, for autod history."),
        ("/var/cache/autod", "What autod learn has learned of installed releases."),
        ("/usr/share/doc/autod", "The documents (docs/ in the sources), where a package brought them."),
    ):
        lines += [".TP", f".I {roff(path)}", roff(meaning)]
    lines += [
        ".SH SIGNALS",
        roff("After SIGINT (Ctrl-C) a run of several begins nothing more, and waits for what is in flight; a second "
             "one, or SIGTERM, ends it. Then it says what pluto goes on with, and how to end that."),
        ".PP",
        roff("autod supervise reads its files again on SIGHUP, and ends on SIGTERM or SIGINT; what becomes of the "
             "tunnels then is for shutdown in autod.toml to say."),
        ".SH SEE ALSO",
        "autod\\-auto(8), autod\\-ansible(7), autod.toml(5), autod(3), ipsec.conf(5), ipsec(8), varlinkctl(1)",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


ENVIRONMENT = (
    ("IPSEC_RUNDIR", "The folder of pluto's control socket pluto.ctl, where --ctlsocket does not name it."),
    ("IPSEC_CONF", "The configuration, where --config does not name it."),
    ("IPSEC_EXECDIR", "The folder of Libreswan's programs: addconn, whack, pluto."),
    (
        "XDG_CACHE_HOME",
        "The folder for what autod learn keeps; else /var/cache for root, ~/.cache for others.",
    ),
    (
        "COLUMNS, TERM, NO_COLOR, LC_ALL",
        "What is drawn on a terminal, and how. TERM=dumb: lines instead of a live table; LC_ALL=C: in ASCII.",
    ),
)
"""Variable, and what it does."""

EXIT_STATUS = (
    ("0", "success: it is as you asked"),
    ("1", "it failed without a code of pluto, or not for all of several names"),
    ("2", "usage"),
    ("3", "the configuration cannot be used"),
    ("4", "of --diff: nothing differs that can be told, and something cannot be told"),
    ("20 to 99", "pluto's own code, where it refused one connection"),
    ("33", "there is no pluto, or no supervisor, to talk to"),
    ("124", "a deadline passed; pluto goes on with what it was asked"),
    ("130, 143", "it was interrupted, or got SIGTERM"),
    ("141", "standard output was closed"),
)
"""Status, and what it means."""


def _exit_status(without: tuple[str, ...] = ()) -> list[str]:
    lines = [".SH EXIT STATUS"]
    for status, meaning in EXIT_STATUS:
        if status not in without:
            lines += [".TP", f".B {status}", f"{roff(meaning)}."]
    return lines


def _environment(variables: Iterable[tuple[str, str]]) -> list[str]:
    lines = [".SH ENVIRONMENT"]
    for variable, meaning in variables:
        lines += [".TP", f".B {roff(variable)}", roff(meaning)]
    return lines


def autod_auto() -> str:
    """The text of autod-auto(8)."""
    lines = heading("autod-auto", 8, "stands in for ipsec auto")
    lines += [
        ".SH SYNOPSIS",
        ".B autod\\-auto",
        "[\\fIOPTION\\fR ...] \\fIOPERATION\\fR [\\fINAME\\fR]",
        ".SH DESCRIPTION",
        roff(
            "autod-auto takes what ipsec auto of Libreswan 4.10 took, and says what it said: pluto's lines with "
            "their codes on standard output, complaints about the configuration on standard error. So scripts "
            "go on unchanged where it takes the place of the program auto beside Libreswan's own."
        ),
        *paragraph(
            "The exit status tells whether it is as you asked, which that of ipsec auto did not. --fetchcrls fetches "
            "the CRLs. "
            "A connection that pluto refused to load is told on standard error. A new --up of what is up adds one more "
            "Child SA."
        ),
        *_exit_status(without=("4",)),
        ".SH EXAMPLES",
        ".TP",
        ".B ipsec auto \\-\\-status | grep \\-c ^000",
        roff("Counts the lines of the status."),
        ".TP",
        ".B IPSEC_EXECDIR=/opt/programs ipsec auto \\-\\-up branch\\-17",
        roff("With a folder of programs in which auto is a link to autod-auto."),
        *_environment(entry for entry in ENVIRONMENT if entry[0].startswith("IPSEC_")),
        ".SH SEE ALSO",
        "autod(8), ipsec(8)",
    ]
    return "\n".join(lines) + "\n"


def autod_library() -> str:
    """The text of autod(3), which introduces the library."""
    lines = heading("autod", 3, "asynchronous client of pluto for Python")
    lines += [
        ".SH SYNOPSIS",
        ".nf",
        *(roff_verbatim(line) for line in LIBRARY.splitlines()),
        ".fi",
        ".SH DESCRIPTION",
        roff(
            "The Python package autod talks to pluto under trio. open_pluto finds out which release listens; each "
            "operation is a method of what it gives. Awaited, an operation gives its outcome; entered with async "
            "with, it gives pluto's lines as typed events while they come. Errors are of the tree of "
            "autod.errors.WhackError; what pluto refuses is an outcome."
        ),
        *paragraph(
            "To cancel an operation cancels nothing in pluto: the outcome's left_behind says what pluto goes on with. "
            "Each operation takes a timeout, in seconds."
        ),
        *paragraph(
            "autod.bulk does one thing to many connections. autod.status reads pluto's status as typed values. "
            "autod.sync is the same client for threads, autod.aio for asyncio. autod.supervised asks a running "
            "supervisor. autod.testing has a scripted pluto for the tests of a program."
        ),
        *paragraph(
            "library.md, bulk.md, events.md, status.md and testing.md of the documents say more; so does pydoc autod."
        ),
        ".SH FILES",
        ".TP",
        ".I /usr/share/doc/autod",
        roff("The documents (docs/ in the sources), where a package brought them."),
        ".SH SEE ALSO",
        "autod(8), autod.toml(5)",
    ]
    return "\n".join(lines) + "\n"


LIBRARY = """import autod, trio

async def main():
    async with autod.open_pluto() as pluto:
        outcome = await pluto.up("branch-17")
        print(outcome.sentence)

trio.run(main)
"""


def autod_toml() -> str:
    """The text of autod.toml(5)."""
    lines = heading("autod.toml", 5, "settings of autod supervise")
    lines += [
        ".SH SYNOPSIS",
        f".I {roff(declared.DEFAULT_PATH)}",
        ".SH DESCRIPTION",
        roff(
            "What autod supervise keeps up, and how. The file is TOML; without it, and for every table and key that "
            "it leaves out, the defaults hold: connections are kept as auto= of ipsec.conf says. A time is a number "
            'of seconds, or a text such as "90s", "5m", "1h" or "1d". A pattern is as the shell has it.'
        ),
        *paragraph("autod supervise --check reads the file and says what would be kept; errors name file, line and "
                   "key. SIGHUP reads it again; if it is bad, nothing changes. At a start, a bad table that is not "
                   "about connections (api, metrics, page, history, hooks, hook, log) costs that table alone, and a "
                   "file that is bad as a whole is replaced by the last good one."),
    ]  # fmt: skip
    for name, kind in TABLES:
        lines += [f".SH [{roff(name)}]", roff((kind.__doc__ or "").strip())]
        if kind is declared.Group:
            lines += paragraph("The keys of [policy], and:")
        for key in msgspec.structs.fields(kind):
            if kind is declared.Group and key.name in declared.PolicySettings.__struct_fields__:
                continue
            lines += [".TP", f".B {roff(key.name)}", roff(_meaning(kind, key))]
    lines += [
        ".SH EXAMPLE",
        ".nf",
        *(roff_verbatim(line) for line in EXAMPLE.splitlines()),
        ".fi",
        ".SH SEE ALSO",
        "autod(8), ipsec.conf(5)",
    ]
    return "\n".join(lines) + "\n"


def autod_ansible() -> str:
    """The text of autod-ansible(7), from the documentation that the modules carry."""
    lines = heading("autod-ansible", 7, "drive autod on many gateways with Ansible")
    lines += [
        ".SH SYNOPSIS",
        ".nf",
        *(roff_verbatim(line) for line in PLAY.splitlines()),
        ".fi",
        ".SH DESCRIPTION",
        roff(
            "The collection libreswan.autod lies in contrib/ansible of autod's sources, and is installed on the "
            "controller with ansible-galaxy collection install contrib/ansible. Its modules run autod on each gateway "
            "and read its JSON. What is so already is left alone: a second run changes nothing. With --check nothing "
            "is sent, and with --diff each setting that differs is shown. A failure carries autod's own sentence."
        ),
        ".SH MODULES",
    ]
    for path in sorted((COLLECTION / "plugins" / "modules").glob("*.py")):
        documented = _documented(path.read_text())
        lines += [f".SS libreswan.autod.{roff(path.stem)}", roff(documented.pop("") + ".")]
        for option, meaning in documented.items():
            lines += [".TP", f".B {roff(option)}", roff(meaning)]
    lines += [
        ".SH ROLE AND PLAYBOOK",
        ".TP",
        ".B libreswan.autod.install",
        roff("The role that installs autod and its supervisor."),
        ".TP",
        ".B libreswan.autod.roll",
        roff(
            "The playbook that rolls a new ipsec.conf over a fleet, a few gateways at a time, and stops where tunnels "
            "do not come back. It leaves one page about all of them."
        ),
        ".SH EXAMPLES",
        ".TP",
        roff("ansible gateways --become -m libreswan.autod.connection -a 'name=branch-* deadline=2m'"),
        roff("Brings up the branches of each gateway."),
        ".TP",
        roff("ansible-playbook libreswan.autod.roll -i inventory -e @roll.yml"),
        roff("Rolls a new ipsec.conf over the fleet."),
        ".SH SEE ALSO",
        "autod(8), ansible\\-doc(1), ansible\\-playbook(1)",
    ]
    return "\n".join(lines) + "\n"


COLLECTION = Path(__file__).resolve().parents[2] / "contrib" / "ansible"
PLAY = """- hosts: gateways
  become: true
  tasks:
    - libreswan.autod.connection:
        name: branch-*
        deadline: 2m
"""


def _documented(source: str) -> dict[str, str]:
    """Option -> what it is, of a module's DOCUMENTATION; under "" what the module does. Its YAML is of one plain form,
    so that no reader of YAML is needed where a package is built."""
    text = source.split('DOCUMENTATION = r"""', 1)[1].split('"""', 1)[0]
    found = {"": re.search(r"^short_description: (.+)$", text, re.MULTILINE)[1]}  # type: ignore[index]
    options = re.search(r"^options:\n((?: .*\n)+)", text, re.MULTILINE)
    for one in re.split(r"^  (?=\w)", options[1] if options else "", flags=re.MULTILINE)[1:]:
        name, _, rest = one.partition(":")
        plain = re.search(r"^    description: (.+)$", rest, re.MULTILINE)
        listed = re.findall(r"^      - (.+)$", rest.partition("    type:")[0], re.MULTILINE)
        meaning = plain[1] if plain else " ".join(listed)
        if choices := re.search(r"^    choices: \[(.+)\]$", rest, re.MULTILINE):
            meaning += f" One of: {choices[1]}."
        if default := re.search(r"^    default: (.+)$", rest, re.MULTILINE):
            meaning += f" Default: {default[1]}."
        found[name] = re.sub(r"\b(?:[VOCMP]|RV)\(([^)#]+)(?:#\w+)?\)", r"\1", meaning)
    return found


def roff_verbatim(line: str) -> str:
    return "\\&" + line.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")


def _meaning(kind: type[msgspec.Struct], key: msgspec.structs.FieldInfo) -> str:
    """What a declaration says of a key: its description, the words it may be, its default."""
    hint = get_type_hints(kind, include_extras=True)[key.name]
    text = next(
        (m.description for m in getattr(hint, "__metadata__", ()) if getattr(m, "description", None)), ""
    )
    if words := _words(hint):
        text += " One of: " + ", ".join(words) + "."
    default: Any = key.default_factory() if key.default_factory is not msgspec.NODEFAULT else key.default
    if default is not msgspec.NODEFAULT and default is not None:
        text += f" Default: {_shown(default)}."
    elif default is msgspec.NODEFAULT:
        text += " Must be given."
    return text


def _words(hint: Any) -> list[str]:
    if get_origin(hint) is not None and str(get_origin(hint)) == "typing.Literal":
        return [str(word) for word in get_args(hint)]
    return [word for part in get_args(hint) if not isinstance(part, str) for word in _words(part)]


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, declared.Seconds):
        return f"{value:g}s"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list):
        return "[" + ", ".join(_shown(v) for v in value) + "]"
    return str(value)


def main(folder: str) -> None:
    """Write the pages into `folder`."""
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    (target / "autod.8").write_text(autod())
    (target / "autod-auto.8").write_text(autod_auto())
    (target / "autod.toml.5").write_text(autod_toml())
    (target / "autod.3").write_text(autod_library())
    (target / "autod-ansible.7").write_text(autod_ansible())


if __name__ == "__main__":
    main(sys.argv[1])
