"""One tree of errors; each says what the user can do.

    WhackError (autod.protocol.errors)
    ├── UsageError              ours: asked for what cannot be sent; nothing was sent
    │   ├── BadString
    │   ├── Unsupported
    │   └── UnknownRelease
    ├── DecodeError             bytes that are no whack message of this release
    ├── ConfigurationError      ipsec.conf or autod.toml cannot be used: file, line and column
    ├── ProtocolViolation       pluto's bytes make no sense
    ├── Refused                 pluto said no: carries its code and its lines
    ├── PlutoGone               there is no pluto to talk to
    │   ├── NoSocket            the control socket is missing, or nobody listens behind it
    │   ├── NotPermitted        the control socket may not be opened by this user
    │   ├── PlutoReplaced       another pluto listens than the one whose release was found
    │   └── ConnectionLost      pluto went away in the middle of an exchange
    └── DeadlinePassed          the caller's deadline passed; pluto goes on with what it was asked

Each class has `status`, the exit status of the command line for it (the table is in the README).
"""

from __future__ import annotations

from autod.protocol.codes import REFUSALS
from autod.protocol.errors import BadString, DecodeError, UnknownRelease, Unsupported, UsageError, WhackError

__all__ = [
    "BadString",
    "ConfigurationError",
    "ConnectionLost",
    "DeadlinePassed",
    "DecodeError",
    "NoSocket",
    "NotPermitted",
    "PlutoGone",
    "PlutoReplaced",
    "ProtocolViolation",
    "Refused",
    "UnknownRelease",
    "Unsupported",
    "UsageError",
    "WhackError",
    "exit_status",
]


class ConfigurationError(WhackError):
    """A configuration file cannot be used.

    `where` is `file:line:column` as far as it is known, else the file.
    """

    def __init__(self, sentence: str, *, where: str | None = None) -> None:
        super().__init__(f"{where}: {sentence}" if where else sentence)
        self.where = where


class ProtocolViolation(WhackError):
    """The bytes that came back make no sense as replies of the release that was detected."""


class Refused(WhackError):
    """pluto refused: `code` is its reply code (facts differ by release), `lines` what it said."""

    def __init__(self, sentence: str, *, code: int | None = None, lines: tuple[str, ...] = ()) -> None:
        super().__init__(sentence)
        self.code = code
        self.lines = lines


class PlutoGone(WhackError):
    """There is no pluto to talk to."""


class NoSocket(PlutoGone):
    """The control socket is missing, or nobody listens behind it."""


class NotPermitted(PlutoGone):
    """The control socket may not be opened by this user."""


class PlutoReplaced(PlutoGone):
    """Another pluto listens than the one whose release was found. Nothing was sent to it."""


class ConnectionLost(PlutoGone):
    """pluto went away in the middle of an exchange: what was asked may or may not have happened."""


class DeadlinePassed(WhackError):
    """The deadline passed. pluto goes on with what it was asked; nothing was cancelled there."""


_STATUS: tuple[tuple[type[WhackError], int], ...] = (
    (UsageError, 2),
    (ConfigurationError, 3),
    (PlutoGone, 33),
    (DeadlinePassed, 124),
)


def exit_status(error: WhackError) -> int:
    """The exit status of the command line for `error`: pluto's own code where it refused with one, else by class."""
    if isinstance(error, Refused) and error.code is not None and error.code in REFUSALS:
        return error.code
    for kind, status in _STATUS:
        if isinstance(error, kind):
            return status
    return 1
