"""Classes of debug logging, against what the whack of each release sends for `--debug WORD`."""

from __future__ import annotations

import pytest

from autod.protocol import releases
from autod.protocol.debugging import bits, meaning, words
from autod.protocol.errors import UsageError

SENT = (
    ("3.27", {"control": 8, "private": 1 << 17, "add-prefix": 1 << 20, "all": 0x7FFF}, (1 << 21) - 1),
    ("3.28", {"base": 1, "tmi": 4, "add-prefix": 64, "all": 3}, 127),
    ("4.1", {"base": 1, "cpu-usage": 2, "crypt": 8, "whackwatch": 32, "all": 3}, 127),
    ("4.2", {"base": 1, "refcnt": 4, "tmi": 8, "all": 7}, 255),
    ("4.6", {"tmi": 15, "all": 7}, 255),
    ("4.15", {"base": 1, "tmi": 15, "private": 32, "add-prefix": 128, "all": 7}, 255),
    ("5.0", {"base": 3, "routing": 2, "tmi": 31, "crypt": 32, "add-prefix": 256, "all": 15}, 511),
    ("5.1", {"base": 3, "updown": 32, "add-prefix": 512, "all": 15}, 1023),
    ("5.3.2", {"base": 3, "tmi": 31, "whackwatch": 256, "all": 15}, 1023),
    ("5.4", {"base": 3, "routing": 1, "add-prefix": 256, "add-state": 512, "whackwatch": 1024, "all": 15}, 4095),
)  # fmt: skip
"""Release, word to the bits that are set, bits that `none` clears."""


@pytest.mark.parametrize(("release", "sent", "none"), SENT, ids=[one[0] for one in SENT])
def test_words_are_the_bits_that_whack_sends(release: str, sent: dict[str, int], none: int) -> None:
    found = releases.find(release)
    for word, expected in sent.items():
        assert bits(found, word) == (expected, 0), word
    assert bits(found, "none") == (0, none)


@pytest.mark.parametrize("release", list(releases.ALL))
def test_every_word_of_a_release_sets_something(release: str) -> None:
    found = releases.find(release)
    for word in set(words(found)) - {"none"}:
        assert bits(found, word)[0]
        assert meaning(found, word) <= set(words(found))


@pytest.mark.parametrize(
    ("release", "word"), [("4.10", "updown"), ("5.4", "control"), ("3.28", ""), ("5.0", "BASE")]
)
def test_a_class_that_the_release_lacks_is_refused_with_those_it_has(release: str, word: str) -> None:
    with pytest.raises(UsageError, match="it has all, none, "):
        bits(releases.find(release), word)
