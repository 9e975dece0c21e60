"""The classes of debug logging: the words of each release's whack, as bits of its lmod_t.

Source: what the whack of each release says to `--debug help`, and the bits that it sends for each word (3.27 to 5.4;
a release that was not tried has the same list on both sides). Must not know: how they are sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from autod.protocol.errors import UsageError

if TYPE_CHECKING:
    from autod.protocol.releases import Release

__all__ = ["DANGEROUS", "bits", "meaning", "words"]

DANGEROUS = frozenset({"crypt", "crypt-low", "private", "whackwatch"})
"""What writes keys into the log, and what never lets a client go."""

_LATER = ("crypt", "private", "whackwatch", "add-prefix")
_CLASSES: tuple[tuple[tuple[int, ...], tuple[str, ...]], ...] = (
    ((5, 4), ("routing", "base", "cpu-usage", "refcnt", "tmi", "updown", "crypt", "private",
              "add-prefix", "add-state", "whackwatch", "")),
    ((5, 1), ("base", "routing", "cpu-usage", "refcnt", "tmi", "updown", *_LATER)),
    ((5, 0), ("base", "routing", "cpu-usage", "refcnt", "tmi", *_LATER)),
    ((4, 2), ("base", "cpu-usage", "refcnt", "tmi", *_LATER)),
    ((3, 28), ("base", "cpu-usage", "tmi", *_LATER)),
    ((3, 27), ("raw", "parsing", "emitting", "control", "lifecycle", "kernel", "dns", "oppo", "controlmore",
               "nattraversal", "x509", "dpd", "xauth", "retransmits", "oppoinfo", "crypt", "crypt-low", "private",
               "proposal-parser", "whackwatch", "add-prefix")),
)  # fmt: skip
"""The first release that has them, and the classes by bit; "" is a bit that has no word."""

_ALL = frozenset({"base", "routing", "cpu-usage", "refcnt"})
"""What `all` stands for from 3.28 on; up to 3.27 it is every class in front of `crypt`."""


def words(release: Release) -> tuple[str, ...]:
    """What `bits` takes, in the order in which whack's help has it."""
    return ("all", "none", *(word for word in _classes(release) if word))


def bits(release: Release, word: str) -> tuple[int, int]:
    """The bits to set and the bits to clear for a word. UsageError where the release has no such class."""
    classes = _classes(release)
    meant = meaning(release, word)
    if not meant:
        return 0, (1 << len(classes)) - 1
    return sum(1 << at for at, name in enumerate(classes) if name in meant), 0


def meaning(release: Release, word: str) -> frozenset[str]:
    """The classes that a word stands for, as --status shows them; of `none` no class. UsageError as of `bits`."""
    classes = _classes(release)
    if word == "none":
        return frozenset()
    if word not in words(release):
        raise UsageError(
            f"Libreswan {release} has no debug class {word!r}; it has {', '.join(words(release))}", name=word
        )
    if word == "all" or (word == "tmi" and release.at_least(4, 6)):
        first = _ALL if release.at_least(3, 28) else frozenset(classes[: classes.index("crypt")])
        return (first | {word}) & frozenset(classes)
    return frozenset({"base", "routing"} if word == "base" else {word}) & frozenset(classes)


def _classes(release: Release) -> tuple[str, ...]:
    return next((classes for since, classes in _CLASSES if release.at_least(*since)), _CLASSES[-1][1])
