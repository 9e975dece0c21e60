"""One setting of a connection, as plain data: the input of the rules of a release.

Owns: the type. Must not know: files and lines (autod.config adds them), or what a keyword means.
"""

from __future__ import annotations

import msgspec

from autod.protocol.connection.keywords import Key

__all__ = ["Given"]


class Given(msgspec.Struct, frozen=True, gc=False):
    """A keyword with its value.

    `text` is the string that the release keeps; None if it keeps none. `number` is the value of a number, a word or a
    duration (milliseconds on 4.8 to 4.15, microseconds on 5.x); None if there is none.
    """

    key: Key
    text: str | None
    number: int | None
