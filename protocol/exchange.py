"""How an exchange with pluto ended, as far as the socket tells. Knows no socket and no trio.

No member means success or failure of what was asked: pluto closes the stream in both cases.
"""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Ending"]


class Ending(StrEnum):
    """Why no more replies will come."""

    EOF = "eof"
    """pluto closed the stream: the ordinary end. A reset after complete lines is this as well."""

    RESET = "reset"
    """The stream was reset without a reply, or in the middle of a line, by a pluto that still runs."""

    GONE = "gone"
    """The stream ended because pluto's process did: what was asked may or may not have happened."""

    DEADLINE = "deadline"
    """The caller's deadline passed first. pluto goes on with what it was asked."""

    CANCELLED = "cancelled"
    """The caller cancelled first. pluto goes on with what it was asked."""
