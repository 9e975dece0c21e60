"""The settings of one connection, held against the words that pluto shows of it. Pure.

Owns: which words are compared on which release, and what counts as told. Must not know: what a word would be for a
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
    said: Meaning, words: Mapping[str, str], local: str, loaded: ConnectionState, *, pairs: bool
) -> tuple[tuple[tuple[str, str, str], ...], frozenset[str]]:
    """The settings that differ (slot, wanted, loaded), and those that could be told."""
    found: list[tuple[str, str, str]] = []
    compared: set[str] = set()
    never = is_never(said)
    for group in groups_of(said.rules):
        if never and group.slot not in NEVER_TOO:
            continue
        _group(said, group, loaded, found, compared)
    if never:
        return tuple(found), frozenset(compared - partly(said))
    remote = "right" if local == "left" else "left"
    for row in (*rows_of(said.rules), *end_rows(local, remote)):
        if pairs and row.word == "aliases":
            continue
        _row(said, row, words, found, compared)
    for whose, side in (("our", local), ("their", remote)):
        slot = f"{side}auth"
        if said.given(slot) and f"{whose} auth" in words:
            compared.add(slot)
            have = words[f"{whose} auth"]
            if auth_differs(said.word(slot), have):
                found.append((slot, said.word(slot), have))
    return tuple(dict.fromkeys(found)), frozenset(compared - partly(said))


_WELL_KNOWN: Final = (4, 8)
"""Before, defaults and spellings differ in ways that were not all seen: a setting that seems to differ is not compared,
as a tunnel may be taken down for it."""


def _row(
    said: Meaning, row: Row, words: Mapping[str, str], found: list[tuple[str, str, str]], compared: set[str]
) -> None:
    have = words.get(row.word, row.absent)
    if have is None:
        return
    try:
        want = row.value(said)
    except Unsure:
        return
    if want is None:
        return
    same = row.same(want, have)
    if not same and said.version < _WELL_KNOWN:
        return
    compared |= {row.slot, *row.also}
    if not same:
        found.append((row.slot, want or "nothing", have or "nothing"))


_HIDDEN_BEFORE = frozenset({"authby", "ikev2"})
"""Settings whose words in the policy 3.27 to 4.7 have otherwise."""


def _group(
    said: Meaning,
    group: Group,
    loaded: ConnectionState,
    found: list[tuple[str, str, str]],
    compared: set[str],
) -> None:
    if not loaded.policy:
        return
    if not said.learned and (group.slot in _HIDDEN_BEFORE or not said.given(group.slot)):
        return
    try:
        want = group.value(said)
    except Unsure:
        return
    if want is None:
        return
    have = group.words.intersection(ALIASES.get(word, word) for word in loaded.policy)
    if said.old and group.slot == "type":
        # 4.x has no word for transport.
        want, have = want - {"TRANSPORT"}, have - {"TRANSPORT"}
    if want != have and said.version < _WELL_KNOWN and (not said.given(group.slot) or len(have) > 1):
        return
    compared.add(group.slot)
    if want != have:
        found.append((group.slot, group.spell(want), group.spell(have)))
