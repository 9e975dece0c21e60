"""A reply of pluto's -> a typed event, by its text alone.

Owns: the order in which a line is taken apart: prefix, state name, first word, table. Must not know: what an
exchange comes to, trio, sockets, or which release is talking; the tables of this package hold what nine
releases say, side by side.

A code is never looked at, for it means different things in different releases (004 is "established" up to 5.2,
002 on 5.3, 000 on 5.4), save for a line that has nothing else.

Most lines come in bulk and mean nothing here (the status of 5,000 connections is 100,000 lines), so a line is
first told by its first word, and only then matched against the few rows that begin with that word. What a
negotiation that succeeds says is in the tables of this module; all others (autod.recognise.known) are not even
loaded before a line is none of these.
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
"""Characters of a line that is looked at. pluto's have 4096 at most; nothing longer is one of its phrases."""
_INDENTED = ("success ", "Digsig:", "Received incorrect", "netlink_", "skipping ", "us: ", "them: ")
"""How a line begins that is indented and yet none of a status reply, which comes by the hundred thousand."""
_ASKED = re.compile(r"prompt for (?P<what>.+?):? *$")


def recognise(reply: Reply, *, time: float) -> Event:
    """The event that `reply`, read at `time` (UNIX seconds), means. Never raises; what is unknown is a Log."""
    text, code = reply.text, reply.code
    if len(text) > _LONGEST:
        return Log(time=time, code=code, text=text)
    if not text:
        if code in REFUSALS:
            return RefusalCode(time=time, code=code)
        return Log(time=time, code=code)
    line = parse(text)
    if isinstance(reply, Prompt):
        asked = _ASKED.search(line.body)
        return Prompted(
            time=time,
            connection=line.connection,
            instance=line.instance,
            ike_sa=line.serial,
            code=code,
            text=text,
            what=asked["what"] if asked else line.body,
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
    """What begins with any number."""
    if line.state is not None and line.body[:1].isdigit():
        return _NUMBERS
    return ()


@functools.cache
def _known() -> ModuleType:
    from autod.recognise import known

    return known


def rows_for(line: Line, text: str) -> tuple[Row, ...]:
    """The rows that a line, which came as `text`, may be one of; in the order in which they are tried."""
    word = line.body.partition(" ")[0]
    return (*(_TABLE.get(word) or _common(line)), *_known().rows_for(line, word, text))
