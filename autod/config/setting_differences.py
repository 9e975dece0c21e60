"""The comparison of a connection's settings with the words that pluto shows for it. Pure.

Owns: which words are compared on which release, and which settings count as compared. Must not know: the word for a
value (expected.py, policy.py), names, ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from autod.config.expected import Row, auth_differs, end_rows, is_never, partly, rows_of
from autod.config.meaning import Meaning, Unsure
from autod.config.policy import ALIASES, NEVER_TOO, Group, groups_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from autod.status import ConnectionState

__all__ = ["setting_differences"]


def setting_differences(
    meaning: Meaning, words: Mapping[str, str], local: str, loaded: ConnectionState, *, pairs: bool
) -> tuple[tuple[tuple[str, str, str], ...], frozenset[str]]:
    """The settings that differ (slot, configured, loaded), and those that were compared."""
    differences: list[tuple[str, str, str]] = []
    compared: set[str] = set()
    never = is_never(meaning)
    for group in groups_of(meaning.rules):
        if never and group.slot not in NEVER_TOO:
            continue
        _group(meaning, group, loaded, differences, compared)
    if never:
        return tuple(differences), frozenset(compared - partly(meaning))
    remote = "right" if local == "left" else "left"
    for row in (*rows_of(meaning.rules), *end_rows(local, remote)):
        if pairs and row.word == "aliases":
            continue
        _row(meaning, row, words, differences, compared)
    for whose, side in (("our", local), ("their", remote)):
        slot = f"{side}auth"
        if meaning.given(slot) and f"{whose} auth" in words:
            compared.add(slot)
            have = words[f"{whose} auth"]
            if auth_differs(meaning.word(slot), have):
                differences.append((slot, meaning.word(slot), have))
    return tuple(dict.fromkeys(differences)), frozenset(compared - partly(meaning))


_WELL_KNOWN: Final = (4, 8)
"""Before this release, not all differences in defaults and spellings are known. A setting that seems to differ is then
not compared, because a tunnel could be taken down for it."""


def _row(
    meaning: Meaning,
    row: Row,
    words: Mapping[str, str],
    differences: list[tuple[str, str, str]],
    compared: set[str],
) -> None:
    have = words.get(row.word, row.absent)
    if have is None:
        return
    try:
        want = row.value(meaning)
    except Unsure:
        return
    if want is None:
        return
    same = row.same(want, have)
    if not same and meaning.version < _WELL_KNOWN:
        return
    compared |= {row.slot, *row.also}
    if not same:
        differences.append((row.slot, want or "nothing", have or "nothing"))


_HIDDEN_BEFORE = frozenset({"authby", "ikev2"})
"""Settings that have other words in the policy of 3.27 to 4.7."""


def _group(
    meaning: Meaning,
    group: Group,
    loaded: ConnectionState,
    differences: list[tuple[str, str, str]],
    compared: set[str],
) -> None:
    if not loaded.policy:
        return
    if not meaning.learned and (group.slot in _HIDDEN_BEFORE or not meaning.given(group.slot)):
        return
    try:
        want = group.value(meaning)
    except Unsure:
        return
    if want is None:
        return
    have = group.words.intersection(ALIASES.get(word, word) for word in loaded.policy)
    if meaning.old and group.slot == "type":
        # 4.x does not print a word for transport.
        want, have = want - {"TRANSPORT"}, have - {"TRANSPORT"}
    if want != have and meaning.version < _WELL_KNOWN and (not meaning.given(group.slot) or len(have) > 1):
        return
    compared.add(group.slot)
    if want != have:
        differences.append((group.slot, group.spell(want), group.spell(have)))
