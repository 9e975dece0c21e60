"""Everything that is to be said about a configuration, and the configuration as it was understood.

Owns: putting the remarks of the rules to the places of the settings, and showing a place with its line. Must not
know: sockets. Nothing of a key is ever shown.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

from autod.config import advice
from autod.config.choose import auto
from autod.config.model import Diagnostic, Severity
from autod.config.values import read_5
from autod.protocol.connection import Planner
from autod.protocol.connection.keywords import table
from autod.protocol.connection.numbers import Malformed
from autod.protocol.connection.rules import rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from autod.config.include import Files
    from autod.config.model import ConfiguredConnection
    from autod.config.reader import Configuration
    from autod.protocol.connection.lookup import Lookup
    from autod.protocol.connection.message import Plan

__all__ = ["check", "describe", "needs_ikev1", "remarks", "show"]

_KEY_WORDS: Final = frozenset({"rsasigkey", "ecdsakey", "eddsakey", "pubkey"})
_KEY_LINE: Final = re.compile(
    r"([ \t]*(?:left|right)?-?(?:rsasigkey|ecdsakey|eddsakey|pubkey)[ \t]*=).*", re.I | re.S
)
_CHECKED: Final = frozenset(
    {"enum", "bool", "number", "signed", "time", "milliseconds", "percent", "bytes", "binary"}
)
_LONGEST: Final = 200
_UNSHOWABLE: Final = re.compile("[\0-\x08\n-\x1f\x7f-\x9f\ud800-\udfff]")
"""What could steer a terminal, and bytes that are not text; one character each, so that the caret stays right."""


def remarks(connection: ConfiguredConnection, plan: Plan) -> list[Diagnostic]:
    """The remarks of the rules about a connection, with their places."""
    found = []
    for remark in plan.remarks:
        given = connection.settings.get(remark.slot) if remark.slot is not None else None
        place = given.place if given is not None else connection.place
        severity = Severity.ERROR if remark.fatal else Severity.WARNING
        found.append(Diagnostic(severity, remark.sentence, place, None, connection.name))
    return found


def check(
    configuration: Configuration, lookup: Lookup | None = None, *, ikev1_policy: str | None = None
) -> tuple[Diagnostic, ...]:
    """All diagnostics, in the order of the files: those of reading, and those of every connection's values.

    `lookup` answers about routes and names; None looks at nothing but files (/etc/protocols and /etc/services too). A
    section without left= or right= is not a fault as long as nothing loads it: others may take it in with also=.
    `ikev1_policy` is what the pluto that runs says of IKEv1 (accept, reject, drop), None where it was not asked.
    """
    from autod.config.routes import FileNames  # who only loads needs none of what only a check does

    found = list(configuration.diagnostics)
    planner = Planner(configuration.rules, FileNames() if lookup is None else lookup)
    sectioned = rules(configuration.rules).sectioned
    for connection in configuration.connections:
        if not connection.partial:
            alike = planner.alike(connection.name, connection.layers)
            plan = planner.plan(connection.name, connection.layers) if alike is None else alike[0].plan
            if not plan.remarks:
                found += _unsure(configuration, connection) if sectioned else ()
                continue
            template = auto(connection) == "ignore" and not {"left", "right"} <= connection.settings.keys()
            if not template:
                found += remarks(connection, plan)
        found += _unsure(configuration, connection) if sectioned else ()
    order = {file: at for at, file in enumerate(dict.fromkeys(configuration.files))}
    for file in dict.fromkeys(configuration.files):
        found += advice.look(file, configuration.sources.lines(file))
    found += _setup(configuration)
    found += _ikev1(configuration, ikev1_policy)
    return tuple(
        sorted(
            _counted(found),
            key=lambda one: (
                (order.get(one.place.file, -1), one.place.line, one.place.column) if one.place else (-1, 0, 0)
            ),
        )
    )


def _counted(found: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """Each complaint once: what differs in nothing but the connection comes with the count of these."""
    groups: dict[Diagnostic, dict[str | None, None]] = {}
    for one in found:
        groups.setdefault(msgspec.structs.replace(one, connection=None), {})[one.connection] = None
    for one, names in groups.items():
        (first, *others) = names
        yield msgspec.structs.replace(one, connection=None if others else first, count=len(names))


def _setup(configuration: Configuration) -> Iterator[Diagnostic]:
    """Settings of `config setup` that addconn warns of and 4.x's reader takes in silence."""
    said = {(one.place.file, one.place.line) for one in configuration.diagnostics if one.place is not None}
    for setting in configuration.document.setup.values():
        hint = advice.for_keyword(setting.key.keyword.name)
        if hint is not None and (setting.file, setting.line) not in said:
            sentence = f"{setting.key.keyword.name}= does nothing any more"
            yield Diagnostic(Severity.WARNING, sentence, setting.place, hint)


def needs_ikev1(connection: ConfiguredConnection, rules: str) -> bool:
    """Whether a connection that is loaded speaks IKEv1."""
    settings = connection.layers[-1]
    if "ikev2" not in settings and "keyexchange" not in settings:
        return False  # IKEv2 is what all releases speak where nothing is said

    from autod.config.expected import ike_version
    from autod.config.meaning import Meaning

    return auto(connection) != "ignore" and ike_version(Meaning(connection.settings, rules)) == 1


def _ikev1(configuration: Configuration, policy: str | None) -> Iterator[Diagnostic]:
    """Connections that pluto will not load, as it takes no IKEv1 (global ikev1-policy, 4.8 on)."""
    from autod.config.meaning import version_of

    if version_of(configuration.rules) < (4, 8):
        return
    setting = configuration.document.setup.get("ikev1-policy")
    written = None
    if setting is not None:
        words = setting.key.keyword.values
        written = next((word for word, number in words.items() if number == setting.number), setting.text)
    counts = policy or (written or "drop").lower()
    if counts == "accept":
        return
    why = "pluto takes no IKEv1" if policy is None else f"the pluto that runs has ikev1-policy={policy}"
    hint = "write ikev1-policy=accept into 'config setup' and restart pluto"
    if written is not None and written.lower() == "accept":
        hint = "'config setup' counts only in the file that pluto read when it started"
    for connection in configuration.connections:
        if needs_ikev1(connection, configuration.rules):
            place = next(
                (connection.settings[s].place for s in ("ikev2", "keyexchange") if s in connection.settings),
                connection.place,
            )
            yield Diagnostic(Severity.WARNING, f"it will not be loaded: {why}", place, hint, connection.name)


def _unsure(configuration: Configuration, connection: ConfiguredConnection) -> Iterator[Diagnostic]:
    """Strings that 5.3 and 5.4 hand to pluto, which will not take them: looked at with the kinds of 5.2."""
    known = table("5.2").conn
    for setting in connection.settings.values():
        key = known.get(setting.key.spelled)
        if key is None or setting.text is None or setting.key.keyword.kind != "string":
            continue
        if key.keyword.kind not in _CHECKED:
            continue
        try:
            read_5(key.keyword, setting.text)
        except Malformed as reason:
            sentence = f"pluto may refuse {setting.key.spelled}={setting.text[:_LONGEST]}: {reason}"
            yield Diagnostic(Severity.WARNING, sentence, setting.place, None, connection.name)


def describe(configuration: Configuration) -> dict[str, Any]:
    """The configuration as it was understood, for JSON: files, and for each connection its settings and places."""
    return {
        "file": configuration.path,
        "release": configuration.release.text,
        "rules": configuration.rules,
        "files": list(configuration.files),
        "connections": [_connection(one) for one in configuration.connections],
    }


def _connection(connection: ConfiguredConnection) -> dict[str, Any]:
    return {
        "name": connection.name,
        "aliases": list(connection.aliases),
        "auto": auto(connection),
        "loads": not connection.failed,
        "file": connection.place.file,
        "line": connection.place.line,
        "settings": {
            setting.key.side + setting.key.keyword.slot: {
                "value": _shown(setting.key.keyword.slot, setting.text, setting.number),
                "file": setting.file,
                "line": setting.line,
                "column": setting.column,
            }
            for setting in connection.settings.values()
        },
    }


def _shown(slot: str, text: str | None, number: int | None) -> str | int | None:
    if text is None:
        return number
    return f"({len(text)} characters)" if slot in _KEY_WORDS and text[:1] != "%" else text


def show(diagnostics: Iterable[Diagnostic], files: Files) -> Iterator[str]:
    """Each diagnostic as text: what and where, the line, and a caret under the place. `files` reads the lines."""
    lines: dict[str, list[str]] = {}
    for one in diagnostics:
        yield _UNSHOWABLE.sub("\N{REPLACEMENT CHARACTER}", str(one))
        if one.place is None:
            continue
        if one.place.file not in lines:
            lines[one.place.file] = files.lines(one.place.file)
        text = lines[one.place.file]
        if not 1 <= one.place.line <= len(text):
            continue
        line = text[one.place.line - 1].rstrip("\r\n")
        line = _UNSHOWABLE.sub("\N{REPLACEMENT CHARACTER}", _KEY_LINE.sub(r"\1…", line)[:_LONGEST])
        before = line[: max(one.place.column - 1, 0)]
        yield f"    {line}"
        yield "    " + "".join("\t" if c == "\t" else " " for c in before) + "^"
