"""Identities and names of certificate authorities, as people write them and as pluto shows them. Pure.

Owns: which two spellings are one. Must not know: settings, status lines.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final

__all__ = ["NOBODY", "identity", "same_name"]

NOBODY: Final = "(none)"
"""What pluto shows for an end without an identity of its own."""

_RDN: Final = re.compile(r"\s*([A-Za-z][A-Za-z0-9.]*)\s*=\s*((?:[^,\\]|\\.)*)\s*\Z")
_SPLIT: Final = re.compile(r"(?<!\\),")
_SAME: Final = {"EMAIL": "E", "EMAILADDRESS": "E", "S": "ST", "UID": "UID", "USERID": "UID"}


def _name(text: str) -> tuple[tuple[str, str], ...] | None:
    """A distinguished name by its parts; None where it is none that can be read with certainty."""
    if text[:1] == "/":
        text = ", ".join(text[1:].split("/"))
    elif "/" in text:
        # pluto takes it for a separator in some places, and not in others.
        return None
    parts = []
    for piece in _SPLIT.split(text):
        found = _RDN.fullmatch(piece)
        if found is None or '"' in piece or "+" in piece:
            return None
        word = found[1].upper()
        parts.append((_SAME.get(word, word), found[2].strip()))
    return tuple(parts)


def same_name(wanted: str, loaded: str) -> bool:
    """Whether two distinguished names are one, or cannot be told apart with certainty."""
    if wanted == loaded:
        return True
    if wanted[:1] == "%" or loaded[:1] == "%":
        return False
    one, other = _name(wanted), _name(loaded)
    return one is None or other is None or one == other


def identity(text: str) -> str | None:
    """leftid= as pluto shows it; None where that depends on more than the text (a host name is looked up)."""
    text = text.strip()
    lower = text.lower()
    if lower in ("%any", "%none", "", "0.0.0.0", "::"):
        return NOBODY
    if lower == "%fromcert":
        return "%fromcert"
    if lower == "%null":
        return "ID_NULL"
    if text[0] == "@":
        return _named(text)
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        pass
    if "=" in text:
        return text if _name(text) is not None else None
    return text if "@" in text else None


def _named(text: str) -> str | None:
    match text[1:2]:
        case "#":
            digits = text[2:].removeprefix("0x").removeprefix("0X")
            return f"@#0x{digits.lower()}" if re.fullmatch("(?:[0-9A-Fa-f]{2})+", digits) else None
        case "[":
            inner = text[2:].removesuffix("]")
            return f"@#0x{inner.encode('utf-8', 'surrogateescape').hex()}" if inner else None
        case "~":
            return None
        case "":
            return None
    return text
