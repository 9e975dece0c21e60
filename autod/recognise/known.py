"""pluto's lines that do not belong to a negotiation that succeeds.

Owns: the order of these rows, and the lines for which they are tried. Must not know: any phrase of pluto's.
autod.recognise loads this module with the first line that is not one of the common ones.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

from autod.events import Remark
from autod.recognise.anywhere import COMPLAINT
from autod.recognise.anywhere import ROWS as _ANYWHERE
from autod.recognise.connections import ROWS as _CONNECTIONS
from autod.recognise.daemon import ROWS as _DAEMON
from autod.recognise.faults import ROWS as _FAULTS
from autod.recognise.progress import ROWS as _PROGRESS
from autod.recognise.table import Line, Row, by_first_word

if TYPE_CHECKING:
    from autod.events import Event

__all__ = ["ROWS", "event_of", "rows_for"]

_BY_WORD: Final = (*_PROGRESS, *_FAULTS, *_CONNECTIONS, *_DAEMON)

ROWS: Final[tuple[Row, ...]] = (*_BY_WORD, *_ANYWHERE)
"""All rows of this kind. The phrases of autod.recognise.remarks are tried before the rows of
autod.recognise.anywhere."""

_TABLE: Final = by_first_word(_BY_WORD)
_QUOTED: Final = _TABLE['"']
_STATUS: Final = re.compile(r"#\d+: |$|(?:config|algorithm)[. ]|\"|[0-9a-f:.]+/\d+|[^;]*\.\.\.[^;]*;")
"""Lines of a status reply, of which there may be a hundred thousand (autod.status reads them)."""
_COMPLAINT: Final = rf".* {COMPLAINT}\b"


@cache
def _any() -> re.Pattern[str]:
    """All rows of autod.recognise.anywhere as one pattern. It takes 3 ms to build, and few commands need it."""
    reason_group = re.compile(r"\(\?P<reason>")
    parts = (f"(?:{reason_group.sub('(?:', row.pattern)})" for row in _ANYWHERE)
    return re.compile("|".join(parts), re.DOTALL | re.ASCII)


def rows_for(line: Line, word: str, text: str) -> tuple[Row, ...]:
    """The rows that may match the line with this `text` and first `word`, in their order."""
    rows = _TABLE.get(word)
    if rows is not None:
        return rows
    if line.connection is None and text[0] == '"':
        return _QUOTED
    return ()


def event_of(line: Line, word: str, text: str, code: int | None, time: float) -> Event | None:
    """The event for the line; None if the line is not known."""
    body = line.body
    for row in rows_for(line, word, text):
        if body.startswith(row.starts):
            event = row.event(line, text, code, time)
            if event is not None:
                return event
    from autod.recognise.remarks import topic_of  # a long table, and no row is left to try

    topic = topic_of(body, word)
    if topic is not None:
        return Remark(
            time=time, connection=line.connection, instance=line.instance, code=code, text=text, topic=topic
        )
    if _STATUS.match(body) is not None or ("=" in word and re.match(_COMPLAINT, body) is None):
        return None
    if _any().match(body) is not None:
        for row in _ANYWHERE:
            event = row.event(line, text, code, time)
            if event is not None:
                return event
    return None
