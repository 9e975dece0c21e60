"""One setting of a connection, as plain data: what the rules of a release start from.

Owns: the type. Must not know: files and lines (autod.config adds them), or what a keyword means.
"""

from __future__ import annotations

import msgspec

from autod.protocol.connection.keywords import Key

__all__ = ["Given"]


class Given(msgspec.Struct, frozen=True, gc=False):
    """A keyword with its value.

    `text` is the string that the release keeps, None where it keeps none; `number` what it makes of a number, a
    word or a duration (milliseconds on 4.8 to 4.15, microseconds on 5.x), None where there is none.
    """

    key: Key
    text: str | None
    number: int | None
