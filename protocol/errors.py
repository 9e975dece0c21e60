"""The root of the error tree, and the errors that need no socket to happen.

    WhackError
    ├── UsageError              the caller asked for what cannot be sent; nothing was sent
    │   ├── BadString           a name or value with a NUL, a newline, or no room for it
    │   ├── Unsupported         this release has no such operation
    │   └── UnknownRelease      no family of layouts covers this release
    └── DecodeError             bytes that are no whack message of this release

The rest of the tree stands in autod.errors. Every message is one sentence: what, where, what to do.
"""

from __future__ import annotations

__all__ = ["BadString", "DecodeError", "UnknownRelease", "Unsupported", "UsageError", "WhackError"]


class WhackError(Exception):
    """Root of every error that autod and protocol raise."""


class UsageError(WhackError):
    """The caller asked for something that must not be sent. Nothing was sent."""


class BadString(UsageError):
    """A string that no whack message can carry: with a NUL or a newline, or too long for the 4096 bytes."""


class Unsupported(UsageError):
    """The release has no such operation. The sentence says what to use instead, where there is something."""


class UnknownRelease(UsageError):
    """No family of layouts covers the release, or it could not be known for certain."""

    def __init__(self, release: str, sentence: str) -> None:
        super().__init__(sentence)
        self.release = release


class DecodeError(WhackError):
    """Bytes that are no whack message of the release named in the sentence."""
