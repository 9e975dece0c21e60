"""Names, aliases and patterns; where addconn stops; what stops a burst."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from autod.config import all_names, choose, load
from autod.config.halt import halts
from autod.protocol.releases import find
from autod.protocol.replies import ReplyDecoder

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = """
conn branch-1
\tconnalias="eins one"
\tauto=start
conn branch-2
\tconnalias="zwei one"
\tauto=ondemand
conn hub
\tauto=ignore
conn branch-1
\tauto=add
conn odd[1]
\tauto=keep
conn none
"""


@pytest.mark.parametrize(("release", "one"), [("4.10", ["branch-1"]), ("5.4", ["branch-1", "branch-2"])])
def test_words_are_names_then_aliases_then_patterns(release: str, one: list[str], tmp_path: Path) -> None:
    """5.4 loads every connection that has the alias, earlier releases the first."""
    (tmp_path / "ipsec.conf").write_text(CONFIG)
    configuration = load("ipsec.conf", find(release), folder=str(tmp_path))
    found = {
        word.asked: [connection.name for connection in word.connections]
        for word in choose(
            configuration, ["hub", "zwei", "one", "branch-*", "odd[1]", "?ub", "BRANCH-*", "nowhere"]
        )
    }
    assert found == {
        "hub": ["hub"],
        "zwei": ["branch-2"],
        "one": one,
        "branch-*": ["branch-1", "branch-2"],
        "odd[1]": ["odd[1]"],
        "?ub": ["hub"],
        "BRANCH-*": [],
        "nowhere": [],
    }


@pytest.mark.parametrize("release", ["4.10", "5.2", "5.3", "5.4"])
def test_all_stands_for_what_pluto_loads_when_it_starts(release: str, tmp_path: Path) -> None:
    """auto=add, start, ondemand and keep, each name once, in file order."""
    (tmp_path / "ipsec.conf").write_text(CONFIG)
    configuration = load("ipsec.conf", find(release), folder=str(tmp_path))
    assert all_names(configuration) == ["branch-1", "branch-2", "odd[1]"]


@pytest.mark.parametrize(
    ("reply", "on_4_10", "on_5_2"),
    [
        ("002 added\n", False, False),
        ("003 serious\n", True, False),
        ("020 duplicate\n", True, True),
        ("036 failed\n002 then fine\n", True, True),
        ("036 failed\n004 then fine\n", False, True),
        ("010 prompt\n", True, True),
        ("no code\n", False, True),
        ("", False, False),
    ],
)
def test_what_stops_the_messages_of_a_connection(reply: str, on_4_10: bool, on_5_2: bool) -> None:
    """4.x goes by the last code but 0 and 2; 5.x by failures, prompts and lines without a code."""
    for release, expected in (("4.10", on_4_10), ("5.2", on_5_2)):
        assert halts(ReplyDecoder(find(release).codes).feed(reply.encode()), release) is expected
