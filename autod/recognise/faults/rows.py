"""Short ways to write a row for a fault: a phrase of pluto's whose whole text is the reason.

Owns: these functions. Must not know: any phrase.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from autod.causes import Cause
from autod.events import Fault, IkeRejected, Warned
from autod.recognise.table import Row

if TYPE_CHECKING:
    from autod.causes import Finder

__all__ = ["auth", "row", "warned"]


def row(
    cause: Cause,
    by: Finder,
    pattern: str,
    sources: str,
    *,
    words: tuple[str, ...] = (),
    seen: str = "",
    general: bool = False,
    ignored: bool = False,
) -> Row:
    """A phrase whose whole text is the reason. Without `words`, the pattern begins with one plain word."""
    fixed = {"cause": cause, "by": by, "general": general, "ignored": ignored}
    first = words or (pattern.partition(" ")[0].replace("\\", ""),)
    return Row(Fault, first, rf"(?P<reason>{pattern}.*)", None, fixed, seen=seen, sources=sources)


def warned(
    cause: Cause, by: Finder, pattern: str, sources: str, *, words: tuple[str, ...], seen: str = ""
) -> Row:
    """As `row`, for lines that are warnings or errors for pluto itself."""
    fixed = {"cause": cause, "by": by}
    return Row(Warned, words, rf"(?P<reason>{pattern}.*)", None, fixed, seen=seen, sources=sources)


def auth(
    cause: Cause, pattern: str, sources: str, *, words: tuple[str, ...], seen: str = "", general: bool = False
) -> Row:
    """As `row`, for faults because of which this end refuses the peer's IKE SA in IKE_AUTH."""
    fixed = {
        "cause": cause,
        "by": "us",
        "exchange": "IKE_AUTH",
        "notification": "AUTHENTICATION_FAILED",
        "general": general,
    }
    return Row(IkeRejected, words, rf"(?P<reason>{pattern}.*)", None, fixed, seen=seen, sources=sources)
