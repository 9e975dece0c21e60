"""What pluto shows of each connection's settings, word by word, as its status lines put them.

Owns: the lines of a connection that tell how it was loaded, of every release, as words and values. Must not know: what
a value means, or what it is compared with (autod.config.compare).

    "t01":   ike_life: 28800s; ipsec_life: 28800s; rekey_margin: 540s;     ike_life -> 28800s, ...
    "t01":   xauth us:none, xauth them:none,  my_username=[any];           xauth us -> none, my_username -> [any]

The typed state (model.py) has what people and programs ask about; here is the rest, in pluto's own words, for those who
hold it against a configuration. Most connections share most of their lines, so each line is read once.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from autod.protocol.replies import Reply

__all__ = ["Shown", "Words", "shown"]


class Shown(Struct, frozen=True, gc=False):
    """The lines of one connection that tell its settings, without its name, in pluto's order.

    `lines` are those that connections share; `ends` the one that draws its two ends (the first, where it has several).
    """

    lines: tuple[str, ...]
    ends: str = ""


_NAMED: Final = re.compile(r'"([^"]*)":( +)(.*)')
"""A line of a connection that is not an instance: those have [1] behind the name."""

_PASSING: Final = (
    "conn serial",
    "newest ",
    "host: ",
    "routing: ",
    "our idtype",
    "IKEv1 algorithm newest",
    "IKEv2 algorithm newest",
    "IKE algorithm newest",
    "ESP algorithm newest",
    "AH algorithm newest",
    "session resume ticket",
    "policy_next",
)
"""Lines that tell what is going on, or what the typed state has already."""


def shown(replies: Iterable[Reply]) -> dict[str, Shown]:
    """What the replies to --status (or --connectionstatus) show of each connection, by name; instances are left out."""
    lines: dict[str, list[str]] = {}
    ends: dict[str, str] = {}
    for reply in replies:
        text = reply.text
        if text[:1] != '"':
            continue
        found = _NAMED.match(text)
        if found is None:
            continue
        name, blanks, rest = found.groups()
        if len(blanks) == 1 and "..." in rest and not rest.startswith("banner:"):
            ends.setdefault(name, rest)
            lines.setdefault(name, [])
        elif not rest.startswith(_PASSING):
            lines.setdefault(name, []).append(rest)
    return {name: Shown(tuple(of), ends.get(name, "")) for name, of in lines.items()}


class Words:
    """Lines to words. Remembers each line that it has read, so one serves a whole status."""

    def __init__(self) -> None:
        self._known: dict[str, Mapping[str, str]] = {}

    def of(self, lines: Iterable[str]) -> dict[str, str]:
        """All words of these lines with their values."""
        words: dict[str, str] = {}
        for line in lines:
            known = self._known.get(line)
            if known is None:
                known = self._known[line] = _words(line)
            words |= known
        return words


_WHOLE: Final = (
    "sec_label",
    "policy_label",
    "IKE algorithms",
    "ESP algorithms",
    "AH algorithms",
    "aliases",
    "debug",
)
"""Words whose value is all that follows: it may hold any character."""

_CAS: Final = re.compile(r"CAs: '(.*)'\.\.\.'(.*)'\Z")
_XAUTH: Final = re.compile(
    r"xauth us:([^,]*), xauth them:([^,]*), *(?:xauthby:(\w+); )?(?:xauthfail:(\w+); )?"
    r"my_username=(.*?); their_username=(.*)"
)
_MODECFG: Final = re.compile(
    r"modecfg info: us:([^,]*), them:([^,]*), modecfg policy:(\w+), dns:(.*?),"
    r" domains:(.*?),? (?:banner:(.*), )?cat:(\w+);"
)

_XAUTH_WORDS: Final = ("xauth us", "xauth them", "xauthby", "xauthfail", "my_username", "their_username")
_MODECFG_WORDS: Final = ("modecfg us", "modecfg them", "modecfg policy", "dns", "domains", "banner", "cat")


def _given(words: Iterable[str], found: re.Match[str]) -> dict[str, str]:
    return {word: value for word, value in zip(words, found.groups(), strict=True) if value is not None}


def _words(line: str) -> dict[str, str]:
    for word in _WHOLE:
        if line.startswith(word) and line[len(word) : len(word) + 1] == ":":
            return {word: line[len(word) + 1 :].strip().removesuffix(";")}
    if line.startswith("banner:"):
        return {"banner": line[7:].removesuffix(";")}
    if (found := _CAS.match(line)) is not None:
        return {"our ca": found[1], "their ca": found[2]}
    if (found := _XAUTH.fullmatch(line)) is not None:
        return _given(_XAUTH_WORDS, found)
    if (found := _MODECFG.fullmatch(line)) is not None:
        return _given(_MODECFG_WORDS, found)
    if line.startswith("our auth:"):
        return _pairs(line, ", ")
    if line.startswith("dpd: "):
        # IKEv1's; the same words as IKEv2's liveness, with dpd before them.
        return {f"dpd {word}": value for word, value in _pairs(line[5:], "; ").items()}
    if line.startswith("iptfs: "):
        return {
            word if word == "iptfs" else f"iptfs-{word}": value for word, value in _pairs(line, "; ").items()
        }
    return _pairs(line, "; ")


def _pairs(line: str, between: str) -> dict[str, str]:
    """`a: 1; b:2; c=3;` by its words; the first part of two words (`nat-traversal: encaps:auto`) goes."""
    words = {}
    for item in line.rstrip(";").split(between):
        colon, equal = item.find(":"), item.find("=")
        at = colon if equal < 0 or 0 <= colon < equal else equal
        if at < 0:
            words[item.strip()] = ""
            continue
        word, value = item[:at].strip(), item[at + 1 :].strip()
        if word == "nat-traversal":
            word, _, value = value.partition(":")
        words[word] = value.strip()
    return words
