"""Who is up, and which life of a connection it is, told cheaply: for those who ask pluto again and again.

Must not know: the rest of the model. Where more than names is wanted, parsing.py reads the same replies.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from autod.protocol.replies import Reply

__all__ = ["established", "serials"]

_SERIAL: Final = re.compile(r'"([^"]*)"(?: .*?)?:   (?:newest .*; )?conn serial: \$(\d{1,18})\b')
"""A line of its own from 5.0 on, the end of one before; the line of an instance has a number in brackets behind the
name."""


def established(replies: Iterable[Reply]) -> frozenset[str]:
    """Names of the connections with an established Child SA, cheaply: for polling.

    From --trafficstatus, --showstates, --connectionstatus, --briefconnectionstatus without a name (with one it
    prints connections that are down as well), or --status. An instance counts for the connection it was made from.
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


def serials(replies: Iterable[Reply]) -> dict[str, int]:
    """The serial number of each connection that is not an instance, from --status or --connectionstatus.

    Releases before 4.3 have none.
    """
    found: dict[str, int] = {}
    for reply in replies:
        if "conn serial: $" in reply.text:
            line = _SERIAL.match(reply.text)
            if line is not None and int(line[2]):
                found[line[1]] = int(line[2])
    return found
