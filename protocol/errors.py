"""The root of the error tree, and the errors that can happen without a socket.

    WhackError
    ├── UsageError              the caller asked for something that cannot be sent; nothing was sent
    │   ├── BadString           a name or value with a NUL, a newline, or no room for it
    │   ├── Unsupported         this release has no such operation
    │   ├── UnknownRelease      no family of layouts covers this release
    │   └── ForeignMessage      a message that the pluto that listens would misread
    └── DecodeError             bytes that are not a whack message of this release

The rest of the tree stands in autod.errors. Every message is one sentence: what, where, what to do. If the remedy is
an argument of the library, the sentence names it as in a call (`release=`) and `option` has its name, so that the
command line can name its own option instead.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "BadString",
    "DecodeError",
    "ForeignMessage",
    "UnknownRelease",
    "Unsupported",
    "UsageError",
    "WhackError",
]

_FIELDS = ("path", "errno", "name", "seconds", "option", "release", "place")


class WhackError(Exception):
    """Root of every error that autod and protocol raise. `str(error)` is the sentence.

    Each error is data, too. A field is None if the error is not about such a thing:

    path      the socket or file
    errno     the system's number for what went wrong there (errno.ENOENT, ...)
    name      the connection
    seconds   how long autod waited
    option    the argument of the library that was wrong, or that would help, such as "release"
    release   the release of Libreswan, as text
    place     the place in a file: "file:line:column", as far as it is known

    Errors can be pickled and copied with all of this.
    """

    def __init__(
        self,
        sentence: str,
        *,
        path: str | None = None,
        errno: int | None = None,
        name: str | None = None,
        seconds: float | None = None,
        option: str | None = None,
        release: str | None = None,
        place: str | None = None,
    ) -> None:
        super().__init__(sentence)
        self.path = path
        self.errno = errno
        self.name = name
        self.seconds = seconds
        self.option = option
        self.release = release
        self.place = place

    @property
    def fields(self) -> dict[str, Any]:
        """The fields that are not None, by name."""
        return {name: value for name in _FIELDS if (value := getattr(self, name)) is not None}

    def __reduce__(self) -> tuple[Any, ...]:
        # Exception would call the class with the arguments of Exception.__init__, which are not those of the class.
        return _revived, (type(self), self.args), self.__dict__


def _revived(kind: type[WhackError], args: tuple[object, ...]) -> WhackError:
    return kind.__new__(kind, *args)


class UsageError(WhackError):
    """The caller asked for something that must not be sent. Nothing was sent."""


class BadString(UsageError):
    """A string that no whack message can carry: with a NUL or a newline, or too long for the 4096 bytes."""


class Unsupported(UsageError):
    """The release has no such operation. The sentence names an alternative if there is one."""


class UnknownRelease(UsageError):
    """No family of layouts covers the release `release`, or it could not be known for certain ("?")."""

    release: str

    def __init__(
        self, release: str, sentence: str, *, path: str | None = None, option: str | None = None
    ) -> None:
        super().__init__(sentence, path=path, option=option, release=release)


class ForeignMessage(UsageError):
    """A message, or a program that makes messages, of another release than the pluto that listens (`release`)."""


class DecodeError(WhackError):
    """Bytes that are not a whack message of the release named in the sentence."""
