"""Who is up, told cheaply: for those who ask pluto again and again.

Must not know: the rest of the model. Where more than names is wanted, parsing.py reads the same replies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from autod.protocol.replies import Reply

__all__ = ["established"]


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
