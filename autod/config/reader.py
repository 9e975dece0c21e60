"""Reads an ipsec.conf for one release.

Owns: putting grammar, sections and rules together, and finding connections by name. Must not know: sockets, or
what pluto says to the messages.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from autod.config.grammar import Document, parse
from autod.config.include import Files
from autod.config.merge import connections
from autod.config.model import Connection, Diagnostic, Place, Severity
from protocol.connection.keywords import native, table
from protocol.errors import Unsupported

if TYPE_CHECKING:
    from protocol.releases import Release

__all__ = ["Configuration", "load"]


@dataclass(frozen=True)
class Configuration:
    """A file as it stands, for one release: its connections in file order, and all there is to complain of.

    `refusal` is why the release's addconn would send nothing of it, None if it would. `rules` names the release
    whose rules were used.
    """

    path: str
    release: Release
    rules: str
    connections: tuple[Connection, ...]
    document: Document
    diagnostics: tuple[Diagnostic, ...]
    _by_name: dict[str, Connection] = field(default_factory=dict, repr=False, compare=False)

    @property
    def refusal(self) -> Diagnostic | None:
        return next((one for one in self.diagnostics if one.severity is Severity.FATAL), None)

    @property
    def files(self) -> tuple[str, ...]:
        """Every file that was read, in order."""
        return tuple(self.document.files)


def load(path: str, release: Release, *, folder: str | None = None) -> Configuration:
    """Read the file at `path` and what it includes, as `release` reads it.

    Paths are relative to `folder`, the current folder if None, for includes too: so does addconn. Nothing else is
    opened; the secrets file never is. Errors: Unsupported for a release that this reader has no rules for (see
    `native`). A file that cannot be read is a refusal like any other.
    """
    rules = native(release)
    if rules is None:
        raise Unsupported(
            f"ipsec.conf of Libreswan {release} is read by its own addconn only: use --via-addconn."
        )
    files = Files(folder)
    try:
        text = files.first(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        missing = Diagnostic(Severity.FATAL, f"cannot be read: {reason}", Place(path, 1, 1), status=3)
        return Configuration(path, release, rules, (), Document(diagnostics=[missing]), (missing,))
    document = parse(path, text, rules, table(rules, seccomp=bool(release.seccomp)), files)
    found, more = connections(document, rules)
    return Configuration(path, release, rules, tuple(found), document, (*document.diagnostics, *more))
