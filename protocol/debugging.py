"""The classes of debug logging: the words of each release's whack, as bits of its lmod_t.

Source: the answer of each release's whack to `--debug help`, and the bits that it sends for each word (3.27 to 5.4;
the releases that were not tried lie between two with the same list). Must not know: how the words are sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from autod.protocol.errors import UsageError

if TYPE_CHECKING:
    from autod.protocol.releases import Release

__all__ = ["DANGEROUS", "bits", "meaning", "words"]

DANGEROUS = frozenset({"crypt", "crypt-low", "private", "whackwatch"})
"""The classes that write keys into the log, and the one that never lets a client go."""

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
"""The first release of each list, and the classes by bit; "" is a bit that does not have a word."""

_ALL = frozenset({"base", "routing", "cpu-usage", "refcnt"})
"""The classes that `all` stands for from 3.28 on. Up to 3.27 it stands for every class in front of `crypt`."""


def words(release: Release) -> tuple[str, ...]:
    """The words that `bits` takes, in the order of whack's help."""
    return ("all", "none", *(word for word in _classes(release) if word))


def bits(release: Release, word: str) -> tuple[int, int]:
    """The bits to set and the bits to clear for a word. UsageError if the release does not have such a class."""
    classes = _classes(release)
    switched_on = meaning(release, word)
    if not switched_on:
        return 0, (1 << len(classes)) - 1
    return sum(1 << at for at, name in enumerate(classes) if name in switched_on), 0


def meaning(release: Release, word: str) -> frozenset[str]:
    """The classes that a word stands for, as --status shows them; `none` stands for no class. UsageError as `bits`."""
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
