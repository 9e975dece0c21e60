"""leftid= and rightid= of 4.8 to 5.3, as addconn rewrites them before it sends them.

Owns: the one change that it makes. Must not know: what an id means to pluto.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["fix_id"]


def fix_id(text: str) -> str:
    """The id with `\\,` for `,,`, by which old distinguished names mean a comma that does not separate."""
    if text[:1] == "@" or ",," not in text or "=" not in text:
        return text
    return _COMMAS.sub(lambda match: "\\" * (len(match.group()) - 1) + ",", text)


_COMMAS: Final = re.compile(",,+")
