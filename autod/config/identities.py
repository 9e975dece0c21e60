"""Identities and names of certificate authorities, in the spelling of people and in that of pluto. Pure.

Owns: which spellings mean the same. Must not know: settings, status lines.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final

__all__ = ["NOBODY", "identity", "same_name"]

NOBODY: Final = "(none)"
"""pluto shows this for an end without an identity of its own."""

_RDN: Final = re.compile(r"\s*([A-Za-z][A-Za-z0-9.]*)\s*=\s*((?:[^,\\]|\\.)*)\s*\Z")
_SPLIT: Final = re.compile(r"(?<!\\),")
_SAME: Final = {"EMAIL": "E", "EMAILADDRESS": "E", "S": "ST", "UID": "UID", "USERID": "UID"}


def _name(text: str) -> tuple[tuple[str, str], ...] | None:
    """A distinguished name by its parts; None if it cannot be read with certainty."""
    if text[:1] == "/":
        text = ", ".join(text[1:].split("/"))
    elif "/" in text:
        # pluto treats it as a separator in some places, and not in others.
        return None
    parts = []
    for piece in _SPLIT.split(text):
        rdn = _RDN.fullmatch(piece)
        if rdn is None or '"' in piece or "+" in piece:
            return None
        word = rdn[1].upper()
        parts.append((_SAME.get(word, word), rdn[2].strip()))
    return tuple(parts)


def same_name(configured: str, loaded: str) -> bool:
    """Whether two distinguished names are equal, or cannot be compared with certainty."""
    if configured == loaded:
        return True
    if configured[:1] == "%" or loaded[:1] == "%":
        return False
    configured_name, loaded_name = _name(configured), _name(loaded)
    return configured_name is None or loaded_name is None or configured_name == loaded_name


def identity(text: str) -> str | None:
    """leftid= as pluto shows it; None if that depends on more than the text (a host name is looked up)."""
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
