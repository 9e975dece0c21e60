"""All complaints about a configuration, and the configuration as the reader understands it.

Owns: the places of the rules' remarks, and showing a place with its line. Must not know: sockets. No part of a key is
ever shown.
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
_KEY_LINE: Final = r"(?is)([ \t]*(?:left|right)?-?(?:rsasigkey|ecdsakey|eddsakey|pubkey)[ \t]*=).*"
_CHECKED: Final = frozenset(
    {"enum", "bool", "number", "signed", "time", "milliseconds", "percent", "bytes", "binary"}
)
_LONGEST: Final = 200
_UNSHOWABLE: Final = "[\0-\x08\n-\x1f\x7f-\x9f\ud800-\udfff]"
"""Characters that could control a terminal, and bytes that are not text. Each is replaced by one character, so that the
caret stays in its place."""


def remarks(connection: ConfiguredConnection, plan: Plan) -> list[Diagnostic]:
    """The remarks of the rules about a connection, with their places."""
    diagnostics = []
    for remark in plan.remarks:
        setting = connection.settings.get(remark.slot) if remark.slot is not None else None
        place = setting.place if setting is not None else connection.place
        severity = Severity.ERROR if remark.fatal else Severity.WARNING
        diagnostics.append(Diagnostic(severity, remark.sentence, place, None, connection.name))
    return diagnostics


def check(
    configuration: Configuration, lookup: Lookup | None = None, *, ikev1_policy: str | None = None
) -> tuple[Diagnostic, ...]:
    """All diagnostics, in the order of the files: those of reading, and those of every connection's values.

    `lookup` answers about routes and names; None looks at nothing but files (/etc/protocols and /etc/services too). A
    section without left= or right= is not a fault as long as it is not loaded: others may include it with also=.
    `ikev1_policy` is the policy of the running pluto for IKEv1 (accept, reject, drop), None if it is not known.
    """
    from autod.config.routes import FileNames  # who only loads needs none of what only a check does

    diagnostics = list(configuration.diagnostics)
    planner = Planner(configuration.rules, FileNames() if lookup is None else lookup)
    sectioned = rules(configuration.rules).sectioned
    for connection in configuration.connections:
        if not connection.partial:
            alike = planner.alike(connection.name, connection.layers)
            plan = planner.plan(connection.name, connection.layers) if alike is None else alike[0].plan
            template = auto(connection) == "ignore" and not {"left", "right"} <= connection.settings.keys()
            if not template:
                diagnostics += remarks(connection, plan)
                diagnostics += _unset(connection) if sectioned else ()
        diagnostics += _unsure(configuration, connection) if sectioned else ()
    order = {file: at for at, file in enumerate(dict.fromkeys(configuration.files))}
    for file in dict.fromkeys(configuration.files):
        diagnostics += advice.look(file, configuration.sources.lines(file))
    diagnostics += _setup(configuration)
    diagnostics += _ikev1(configuration, ikev1_policy)
    return tuple(
        sorted(
            _counted(diagnostics),
            key=lambda diagnostic: (
                (order.get(diagnostic.place.file, -1), diagnostic.place.line, diagnostic.place.column)
                if diagnostic.place
                else (-1, 0, 0)
            ),
        )
    )


def _counted(diagnostics: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """Each complaint once. If complaints differ only in the connection, the result has the number of connections."""
    groups: dict[Diagnostic, dict[str | None, None]] = {}
    for diagnostic in diagnostics:
        groups.setdefault(msgspec.structs.replace(diagnostic, connection=None), {})[diagnostic.connection] = (
            None
        )
    for diagnostic, names in groups.items():
        (first, *more) = names
        yield msgspec.structs.replace(diagnostic, connection=None if more else first, count=len(names))


def _setup(configuration: Configuration) -> Iterator[Diagnostic]:
    """Settings of `config setup` that no longer have an effect, and that 4.x takes without a warning."""
    reported = {
        (diagnostic.place.file, diagnostic.place.line)
        for diagnostic in configuration.diagnostics
        if diagnostic.place is not None
    }
    for setting in configuration.document.setup.values():
        hint = advice.for_keyword(setting.key.keyword.name)
        if hint is not None and (setting.file, setting.line) not in reported:
            sentence = f"{setting.key.keyword.name}= no longer has an effect"
            yield Diagnostic(Severity.WARNING, sentence, setting.place, hint)


def needs_ikev1(connection: ConfiguredConnection, rules: str) -> bool:
    """Whether auto= loads the connection, and it uses IKEv1."""
    settings = connection.layers[-1]
    if "ikev2" not in settings and "keyexchange" not in settings:
        return False  # IKEv2 is what all releases speak where nothing is said

    from autod.config.expected import ike_version
    from autod.config.meaning import Meaning

    return auto(connection) != "ignore" and ike_version(Meaning(connection.settings, rules)) == 1


def _ikev1(configuration: Configuration, policy: str | None) -> Iterator[Diagnostic]:
    """Connections that pluto will not load, because it does not accept IKEv1 (global ikev1-policy, 4.8 on)."""
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
    why = "pluto does not accept IKEv1" if policy is None else f"the running pluto has ikev1-policy={policy}"
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


def _unset(connection: ConfiguredConnection) -> Iterator[Diagnostic]:
    """An end that is missing: addconn of 5.3 and 5.4 leaves it to pluto to refuse that."""
    side = next((side for side in ("left", "right") if side not in connection.settings), None)
    if side is not None:
        yield Diagnostic(Severity.ERROR, f"{side}= is not set", connection.place, connection=connection.name)


def _unsure(configuration: Configuration, connection: ConfiguredConnection) -> Iterator[Diagnostic]:
    """Strings that 5.3 and 5.4 pass to pluto, and that pluto may refuse: they are checked with the kinds of 5.2."""
    keys = table("5.2").conn
    for setting in connection.settings.values():
        key = keys.get(setting.key.spelled)
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
    """The configuration as the reader understands it, for JSON: files, connections, settings and their places."""
    return {
        "file": configuration.path,
        "release": configuration.release.text,
        "rules": configuration.rules,
        "files": list(configuration.files),
        "connections": [_connection(connection) for connection in configuration.connections],
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
    """Each diagnostic as text: the sentence, the line, and a caret under the place. `files` reads the lines."""
    lines: dict[str, list[str]] = {}
    for diagnostic in diagnostics:
        yield re.sub(_UNSHOWABLE, "\N{REPLACEMENT CHARACTER}", str(diagnostic))
        if diagnostic.place is None:
            continue
        if diagnostic.place.file not in lines:
            lines[diagnostic.place.file] = files.lines(diagnostic.place.file)
        text = lines[diagnostic.place.file]
        if not 1 <= diagnostic.place.line <= len(text):
            continue
        line = text[diagnostic.place.line - 1].rstrip("\r\n")
        line = re.sub(_UNSHOWABLE, "\N{REPLACEMENT CHARACTER}", re.sub(_KEY_LINE, r"\1…", line)[:_LONGEST])
        before = line[: max(diagnostic.place.column - 1, 0)]
        yield f"    {line}"
        yield "    " + "".join("\t" if c == "\t" else " " for c in before) + "^"
