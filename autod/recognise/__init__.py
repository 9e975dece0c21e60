"""From a reply of pluto's to a typed event, by its text alone.

Owns: the order in which a line is taken apart: prefix, state name, first word, table. Must not know: the outcome of
an exchange, trio, sockets, or the release of the pluto; the tables of this package hold the phrases of nine
releases side by side.

The code of a line does not count, because it has different meanings in different releases (004 is "established" up to
5.2, 002 on 5.3, 000 on 5.4), unless the line has no text.

Most lines come in bulk and have no meaning here (the status of 5,000 connections has 100,000 lines). So the first word
of a line selects the few rows that begin with this word, and only these are matched. This module has the tables for
the lines of a negotiation that succeeds. The other tables (autod.recognise.known) are loaded with the first line that
does not match one of these.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from autod.events import Event, Log, Prompted, RefusalCode
from autod.protocol.codes import REFUSALS
from autod.protocol.replies import Prompt
from autod.recognise.deletion import ROWS as _DELETION
from autod.recognise.negotiation import ROWS as _NEGOTIATION
from autod.recognise.refusals import ROWS as _REFUSED
from autod.recognise.table import NUMBER, Line, Row, by_first_word, parse
from autod.recognise.waiting import ROWS as _WAITING

if TYPE_CHECKING:
    from types import ModuleType

    from autod.protocol.replies import Reply

__all__ = ["COMMON", "Line", "parse", "recognise", "rows_for"]

COMMON: tuple[Row, ...] = (*_NEGOTIATION, *_WAITING, *_REFUSED, *_DELETION)
"""The rows that are tried before all others, in the order in which those of one first word are tried."""

_TABLE = by_first_word(COMMON)
_NUMBERS = _TABLE[NUMBER]
_LONGEST = 8192
"""Characters of a line that is matched. pluto's lines have 4096 at most, so a longer line is not one of its phrases."""
_INDENTED = ("success ", "Digsig:", "Received incorrect", "netlink_", "skipping ", "us: ", "them: ")
"""Beginnings of indented lines that are not lines of a status reply, of which there may be a hundred thousand."""
_ASKED = re.compile(r"prompt for (?P<what>.+?):? *$")


def recognise(reply: Reply, *, time: float) -> Event:
    """The event for `reply`, which was read at `time` (UNIX seconds). Never raises; an unknown line is a Log."""
    text, code = reply.text, reply.code
    if len(text) > _LONGEST:
        return Log(time=time, code=code, text=text)
    if not text:
        if code in REFUSALS:
            return RefusalCode(time=time, code=code)
        return Log(time=time, code=code)
    line = parse(text)
    if isinstance(reply, Prompt):
        question = _ASKED.search(line.body)
        return Prompted(
            time=time,
            connection=line.connection,
            instance=line.instance,
            ike_sa=line.serial,
            code=code,
            text=text,
            what=question["what"] if question else line.body,
            secret=reply.secret,
        )
    word = line.body.partition(" ")[0]
    event: Event | None
    for row in _TABLE.get(word) or _common(line):
        if line.body.startswith(row.starts):
            event = row.event(line, text, code, time)
            if event is not None:
                return event
    if word or line.body.lstrip().startswith(_INDENTED):
        event = _known().event_of(line, word, text, code, time)
        if event is not None:
            return event
    return Log(
        time=time,
        connection=line.connection,
        instance=line.instance,
        code=code,
        text=text,
        sa=line.serial,
    )


def _common(line: Line) -> tuple[Row, ...]:
    """The rows for lines that begin with a number."""
    if line.state is not None and line.body[:1].isdigit():
        return _NUMBERS
    return ()


@functools.cache
def _known() -> ModuleType:
    from autod.recognise import known

    return known


def rows_for(line: Line, text: str) -> tuple[Row, ...]:
    """The rows that may match the line with this `text`, in the order in which they are tried."""
    word = line.body.partition(" ")[0]
    return (*(_TABLE.get(word) or _common(line)), *_known().rows_for(line, word, text))
