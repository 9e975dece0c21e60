"""The keyword tables of the package say what the recorded keywords of the releases say."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from autod.protocol import releases
from autod.protocol.connection.keywords import native, table
from autod.protocol.connection.rules import RULES

ARCHIVE = Path(__file__).parents[2] / "data" / "keywords.tar.xz"


def recorded(release: str) -> list[dict[str, Any]]:
    with tarfile.open(ARCHIVE) as archive:
        member = next(one for one in archive if one.name.endswith(f"{release}.json"))
        file = archive.extractfile(member)
        assert file is not None
        return list(json.load(file)["keywords"])


@pytest.mark.parametrize("release", ["4.10", "5.2", "5.4"])
def test_every_keyword_is_there_with_its_words(release: str) -> None:
    """Those that Debian's builds leave out are not; left= and right= are the keyword without a name."""
    found = table(release)
    words = {}
    for keyword in recorded(release):
        if keyword.get("in_debian_build") is False:
            assert keyword["name"] not in found.setup
            continue
        name = "" if keyword["name"] == "(left|right)" else keyword["name"]
        keys = found.setup if keyword["section"] == "setup" else found.conn
        spellings = [f"left{name}", f"right{name}"] if keyword["leftright"] else [name]
        for spelling in spellings:
            key = keys[spelling]
            assert key.keyword.name == name
            assert key.slot.startswith(key.side)
            if isinstance(keyword.get("values"), dict) and key.keyword.kind != "obsolete":
                words[spelling] = keyword["values"]
                assert dict(key.keyword.values) == keyword["values"]
    assert len(words) > 10


@pytest.mark.parametrize("release", ["4.10", "5.2", "5.4"])
def test_aliases_share_a_slot_and_nothing_else_does(release: str) -> None:
    """Two keywords with one place in the release's own table clash as duplicates."""
    found = table(release)
    fields: dict[tuple[str, str], set[str]] = {}
    for keyword in recorded(release):
        if keyword.get("obsolete") or keyword.get("in_debian_build") is False:
            continue
        for section in keyword["section"].split("+"):
            keys = found.setup if section == "setup" else found.conn
            name = "" if keyword["name"] == "(left|right)" else keyword["name"]
            key = keys[f"left{name}" if keyword["leftright"] else name]
            fields.setdefault((section, keyword["field"]), set()).add(key.keyword.slot)
    assert [slots for slots in fields.values() if len(slots) != 1] == []


def test_bare_keywords_of_an_end_are_the_right_one_until_5_4() -> None:
    """`subnet=` is rightsubnet= (a known oddity of addconn), and an error on 5.4."""
    for release in ("4.10", "5.2", "5.3"):
        assert table(release).conn["subnet"].side == "right"
    assert "subnet" not in table("5.4").conn
    assert "subnet" in table("5.4").bare_ends


def test_seccomp_is_a_keyword_where_pluto_has_it() -> None:
    """Debian's builds have not, and refuse the whole file for it; 5.4 ignores it then."""
    assert "seccomp" not in table("4.10").setup
    assert "seccomp" in table("4.10", seccomp=True).setup
    assert table("5.4").setup["seccomp"].keyword.kind == "obsolete"
    assert table("5.4", seccomp=True).setup["seccomp"].keyword.kind == "enum"


def test_each_release_follows_the_rules_of_one_row() -> None:
    """A release that is covered and has no row would be read by nobody's rules."""
    assert [text for row in RULES for text in row.releases] == list(releases.ALL)
    assert [row.name for row in RULES if row.name not in row.releases] == []
    assert all(native(releases.find(text)) is not None for text in releases.ALL)
