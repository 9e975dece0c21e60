"""One tree of errors; each says what the user can do.

    WhackError (autod.protocol.errors)
    ├── UsageError              ours: asked for what cannot be sent; nothing was sent
    │   ├── BadString
    │   ├── Unsupported
    │   ├── UnknownRelease
    │   └── ForeignMessage      a message, or a program, of another release than the pluto that listens
    ├── DecodeError             bytes that are not a whack message of this release
    ├── ConfigurationError      ipsec.conf or autod.toml cannot be used: file, line and column
    ├── ProtocolViolation       pluto's bytes make no sense
    ├── PlutoGone               there is no pluto to talk to
    │   ├── NoSocket            the control socket is missing, or nobody listens behind it
    │   ├── NotPermitted        the control socket may not be opened by this user
    │   ├── PlutoReplaced       another pluto listens than the one whose release was found
    │   └── ConnectionLost      pluto went away in the middle of an exchange
    └── DeadlinePassed          the caller's deadline passed; pluto goes on with what it was asked

Each carries what it is about as fields (see WhackError), and pickles. `exit_status` has the exit status of the command
line for each (the table is in the README).
"""

from __future__ import annotations

from autod.protocol.errors import (
    BadString,
    DecodeError,
    ForeignMessage,
    UnknownRelease,
    Unsupported,
    UsageError,
    WhackError,
)

__all__ = [
    "BadString",
    "ConfigurationError",
    "ConnectionLost",
    "DeadlinePassed",
    "DecodeError",
    "ForeignMessage",
    "NoSocket",
    "NotPermitted",
    "PlutoGone",
    "PlutoReplaced",
    "ProtocolViolation",
    "UnknownRelease",
    "Unsupported",
    "UsageError",
    "WhackError",
    "exit_status",
    "no_answer",
]


class ConfigurationError(WhackError):
    """A configuration file cannot be used.

    `where` (as `place`) is `file:line:column` as far as it is known, else the file. `key` is the setting, where the
    error is about one.
    """

    def __init__(
        self,
        sentence: str,
        *,
        where: str | None = None,
        key: str | None = None,
        errno: int | None = None,
        name: str | None = None,
        option: str | None = None,
    ) -> None:
        super().__init__(
            f"{where}: {sentence}" if where else sentence,
            path=where.partition(":")[0] if where else None,
            errno=errno,
            name=name,
            option=option,
            place=where,
        )
        self.key = key

    @property
    def where(self) -> str | None:
        """The place: `file:line:column`, or as much of it as is known."""
        return self.place


class ProtocolViolation(WhackError):
    """The bytes that came back make no sense as replies of the release that was detected."""


class PlutoGone(WhackError):
    """There is no pluto to talk to."""


class NoSocket(PlutoGone):
    """The control socket is missing, or nobody listens behind it."""


class NotPermitted(PlutoGone):
    """The control socket may not be opened by this user."""


class PlutoReplaced(PlutoGone):
    """Another pluto listens than the one whose release was found. Nothing was sent to it."""


class ConnectionLost(PlutoGone):
    """pluto went away in the middle of an exchange: it may or may not have carried out the request."""


class DeadlinePassed(WhackError):
    """The deadline passed. pluto goes on with what it was asked; nothing was cancelled there."""


def no_answer(
    path: str, seconds: float | None, asked: str = "", then: str = "it is busy or stopped"
) -> DeadlinePassed:
    """pluto at `path` did not answer what it was `asked` for so many `seconds` (None: until the caller's deadline)."""
    words = ("pluto did not answer", asked, "in time" if seconds is None else f"in {seconds:g} s")
    return DeadlinePassed(
        f"{path}: {' '.join(word for word in words if word)}: {then}",
        path=path,
        seconds=seconds,
        option="timeout",
    )


NOT_LOADED = "it is busy or stopped; what it was sent last may have been taken"
"""What `no_answer` says after the deadline of a load."""


_STATUS: tuple[tuple[type[WhackError], int], ...] = (
    (UsageError, 2),
    (ConfigurationError, 3),
    (PlutoGone, 33),
    (DeadlinePassed, 124),
)


def exit_status(error: WhackError) -> int:
    """The exit status of the command line for `error`, by its class."""
    for kind, status in _STATUS:
        if isinstance(error, kind):
            return status
    return 1
