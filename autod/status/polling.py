"""How many connections pluto has, which are up, and the serial of each, read cheaply: for callers that cannot wait for
more, or ask again and again.

Must not know: the rest of the model. parsing.py reads the same replies for callers that need more than names.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from autod.protocol.replies import Reply

__all__ = ["SERIAL", "established", "loaded", "serials"]

SERIAL: Final = b"conn serial: $"
"""A part of each line that `serials` reads."""

_SERIAL: Final = re.compile(r'"([^"]*)"(?: .*?)?:   (?:newest .*; )?conn serial: \$(\d{1,18})\b')
"""From 5.0 on the serial has a line of its own; before, it is the end of another line. The line of an instance has a
number in brackets behind the name."""


def established(replies: Iterable[Reply]) -> frozenset[str]:
    """Names of the connections with an established Child SA, cheap enough to poll.

    The replies are those to --trafficstatus, --showstates, --connectionstatus, --status, or --briefconnectionstatus
    without a name (with a name it prints connections that are down as well). An instance counts for its template.
    """
    names = set()
    brief = set()
    total = False
    for reply in replies:
        text = reply.text
        if text.startswith("#"):
            if ", type=" in text or " Traffic:" in text:
                parts = text.split('"', 2)
                if len(parts) == 3 and not parts[2].startswith(":"):
                    names.add(parts[1])
            elif text.startswith("# Total IPsec connections:"):
                total = True
        elif text.startswith('"'):
            if " established Child SA: #" in text or " established IPsec SA: #" in text:
                names.add(text.split('"', 2)[1])
        elif "\t" in text and " <==> " in text:
            parts = text.split('"', 2)
            if len(parts) == 3:
                brief.add(parts[1])
    return frozenset(names | brief if total else names)


def loaded(replies: Iterable[Reply]) -> int | None:
    """How many connections pluto has, from --briefconnectionstatus (5.0 on) or --status; None if they do not say."""
    for reply in replies:
        _, found, rest = reply.text.partition("Total IPsec connections: loaded ")
        number = rest.partition(",")[0]
        if found and number.isdecimal() and len(number) <= 18:
            return int(number)
    return None


def serials(replies: Iterable[Reply]) -> dict[str, int]:
    """The serial number of each connection that is not an instance, from --status or --connectionstatus.

    Releases before 4.3 do not print serials: the result is then empty.
    """
    by_name: dict[str, int] = {}
    for reply in replies:
        if "conn serial: $" in reply.text:
            line = _SERIAL.match(reply.text)
            if line is not None and int(line[2]):
                by_name[line[1]] = int(line[2])
    return by_name
