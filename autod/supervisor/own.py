"""Connections that stand in no file of an administrator: they were added through the supervisor, which keeps them.

Owns: the file that they are kept in, whole or not at all, also if the power fails. Must not know: what is done with
them.

The file is an ipsec.conf, so that the addconn of a release can read it too. Only its owner may read it, whatever the
connections hold.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from autod.config import check, load_text
from autod.config.model import Severity
from autod.config.written import Connection
from autod.errors import ConfigurationError
from autod.supervisor.ipsecconf import reading_of
from autod.supervisor.kept import replace_file
from autod.supervisor.wanted import Reading

if TYPE_CHECKING:
    from collections.abc import Collection

    from autod.protocol.releases import Release

__all__ = ["Own"]

_SECTION = re.compile(r"^conn (.+)\n(?:\t.*\n)+", re.M)
_HEAD = "# Connections that autod was told to keep. autod writes this file.\n\n"


class Own:
    """The connections in the file at `path`; none, and no file, if `path` is empty.

    `release` is that of the last pluto. The constructor raises nothing: a file that cannot be read has no connections,
    and `problem` says so.
    """

    def __init__(self, path: str = "", release: Release | None = None) -> None:
        self.path = path
        self.release = release
        self.problem = ""
        self._texts: dict[str, str] = {}
        if path:
            try:
                text = Path(path).read_text("utf-8")
            except FileNotFoundError:
                return
            except (OSError, UnicodeDecodeError) as problem:
                self.problem = f"connections that were added are not known: {path}: {problem}"
                return
            self._texts = {section[1]: section[0] for section in _SECTION.finditer(text)}

    @property
    def names(self) -> Collection[str]:
        return self._texts.keys()

    def file_of(self, name: str) -> str | None:
        """The file that has the connection; None if it is not kept here."""
        return self.path if name in self._texts else None

    def check(self, connection: Connection) -> str:
        """The text of the connection, if it can be loaded. Without auto= it gets auto=start.

        ConfigurationError if pluto's release would not load it, or is not known yet.
        """
        if self.release is None:
            raise ConfigurationError("no pluto was found yet, so it is not known how its release reads this")
        settings = connection.given
        completed = Connection(connection.name, {**settings, "auto": settings.get("auto", "start")})
        for diagnostic in check(completed.read(self.release)):
            if diagnostic.severity is not Severity.WARNING:
                raise ConfigurationError(str(diagnostic))
        return completed.text

    def add(self, name: str, text: str) -> None:
        """Keep the connection from now on. ConfigurationError if the file cannot be written."""
        self._write({**self._texts, name: text})

    def remove(self, names: Collection[str]) -> None:
        """Forget these. ConfigurationError if the file cannot be written."""
        self._write({name: text for name, text in self._texts.items() if name not in names})

    def beside(self, reading: Reading) -> Reading:
        """The reading of a file together with these connections; if both have a name, that of the file counts."""
        texts = [text for name, text in self._texts.items() if name not in reading.connections]
        if not texts or self.release is None:
            return reading
        configuration = load_text("".join(texts), self.release, path=self.path)
        definitions = reading_of(configuration).connections
        return replace(
            reading,
            connections={
                **reading.connections,
                **{name: replace(definition, own=True) for name, definition in definitions.items()},
            },
            configurations=(*reading.configurations, configuration),
        )

    def _write(self, texts: dict[str, str]) -> None:
        if not self.path:
            raise ConfigurationError(
                "the supervisor keeps no connections of its own: supervise.connections is empty",
                option="supervise.connections",
            )
        if self.problem:
            # The content of the file is not known, and would be lost.
            raise ConfigurationError(f"the connection cannot be kept: {self.problem}", where=self.path)
        try:
            replace_file(self.path, _HEAD + "\n".join(texts.values()))
        except (OSError, UnicodeEncodeError) as problem:
            raise ConfigurationError(
                f"the connection cannot be kept: {self.path}: {problem}", where=self.path
            ) from problem
        self._texts = texts
