"""The settings of each connection that pluto shows in its status lines, in pluto's own words.

Owns: the lines of a connection that show how it was loaded, of every release, as words and values. Must not know: what
a value means, or what it is compared with (autod.config.compare).

    "t01":   ike_life: 28800s; ipsec_life: 28800s; rekey_margin: 540s;     ike_life -> 28800s, ...
    "t01":   xauth us:none, xauth them:none,  my_username=[any];           xauth us -> none, my_username -> [any]

The typed state (model.py) has the values that people and programs ask about. Here is the rest, for a comparison with
a configuration. Most connections share most of their lines, so each line is read only once.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from autod.protocol.replies import Reply

__all__ = ["LaterShown", "Shown", "Words", "shown"]


class Shown(Struct, frozen=True, gc=False):
    """The lines of one connection that show its settings, without its name, in pluto's order.

    `lines` are those that connections share. `ends` is the line that draws its two ends (the first, if there are
    several).
    """

    lines: tuple[str, ...]
    ends: str = ""


_NAMED: Final = re.compile(r'"([^"]*)":( +)(.*)')
"""A line of a connection that is not an instance: the line of an instance has [1] behind the name."""

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
"""Lines about what happens now, or with values that the typed state has already."""


def shown(replies: Iterable[Reply]) -> dict[str, Shown]:
    """The settings of each connection in the replies to --status or --connectionstatus, by name, without instances."""
    lines: dict[str, list[str]] = {}
    ends: dict[str, str] = {}
    for reply in replies:
        text = reply.text
        if text[:1] != '"':
            continue
        match = _NAMED.match(text)
        if match is None:
            continue
        name, blanks, rest = match.groups()
        if len(blanks) == 1 and "..." in rest and not rest.startswith("banner:"):
            ends.setdefault(name, rest)
            lines.setdefault(name, [])
        elif not rest.startswith(_PASSING):
            lines.setdefault(name, []).append(rest)
    return {name: Shown(tuple(of), ends.get(name, "")) for name, of in lines.items()}


class LaterShown(Mapping[str, Shown]):
    """The same as shown(), read at its first use: connections whose load is remembered do not need it."""

    def __init__(self, replies: Iterable[Reply]) -> None:
        self._replies = replies

    @functools.cached_property
    def _read(self) -> dict[str, Shown]:
        return shown(self._replies)

    def __getitem__(self, name: str) -> Shown:
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read)

    def __len__(self) -> int:
        return len(self._read)


class Words:
    """Lines to words. Remembers each line that it has read, so one object serves a whole status."""

    def __init__(self) -> None:
        self._known: dict[str, Mapping[str, str]] = {}

    def of(self, lines: Iterable[str]) -> dict[str, str]:
        """All words of these lines with their values."""
        words: dict[str, str] = {}
        for line in lines:
            pairs = self._known.get(line)
            if pairs is None:
                pairs = self._known[line] = _words(line)
            words |= pairs
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
"""Words whose value is the whole rest of the line: it may hold any character."""

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


def _by_word(words: Iterable[str], match: re.Match[str]) -> dict[str, str]:
    return {word: value for word, value in zip(words, match.groups(), strict=True) if value is not None}


def _words(line: str) -> dict[str, str]:
    for word in _WHOLE:
        if line.startswith(word) and line[len(word) : len(word) + 1] == ":":
            return {word: line[len(word) + 1 :].strip().removesuffix(";")}
    if line.startswith("banner:"):
        return {"banner": line[7:].removesuffix(";")}
    if (match := _CAS.match(line)) is not None:
        return {"our ca": match[1], "their ca": match[2]}
    if (match := _XAUTH.fullmatch(line)) is not None:
        return _by_word(_XAUTH_WORDS, match)
    if (match := _MODECFG.fullmatch(line)) is not None:
        return _by_word(_MODECFG_WORDS, match)
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
    """`a: 1; b:2; c=3;` by its words. Of two words (`nat-traversal: encaps:auto`) the first is dropped."""
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
