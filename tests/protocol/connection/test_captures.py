"""What the addconn of every release with rules of its own sent for one configuration."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from autod.config import autoall, load, select
from autod.protocol.connection import Planner
from autod.protocol.connection.keywords import native
from autod.protocol.encode import pack
from autod.protocol.releases import ALL, find
from tests.helpers.probing import Recorded, masked

CAPTURES = Path(__file__).parents[2] / "data" / "captures"
NATIVE = [release for release in ALL if native(find(release)) is not None]
MASK = {**dict.fromkeys((r for r in NATIVE if r.startswith("4.")), "4.10"), "5.2": "5.2", "5.4": "5.4"}


def test_the_releases_with_rules_of_their_own() -> None:
    """4.8 to 4.15, 5.2, 5.3 to 5.3.2 and 5.4; the others are left to their addconn."""
    assert [*(f"4.{n}" for n in range(8, 16)), "5.2", "5.3", "5.3.1", "5.3.2", "5.4"] == NATIVE


@pytest.mark.parametrize("text", NATIVE)
def test_each_captured_message_of_addconn_is_ours(text: str) -> None:
    """Named connections and --autoall, of the release's own build."""
    release = find(text, seccomp=False)
    configuration = load(str(CAPTURES / "addconn.conf"), release)
    assert configuration.refusal is None
    seen = 0
    with gzip.open(CAPTURES / f"{text}.jsonl.gz", "rt") as lines:
        for line in lines:
            capture = json.loads(line)
            if not capture["command"].startswith("addconn"):
                continue
            planner = Planner(configuration.rules, Recorded())
            names = capture["argv"][3:]
            groups = (
                autoall(configuration, planner)
                if names == ["--autoall"]
                else select(configuration, planner, names)
            )
            ours = [pack(release, m.members, m.settings) for group in groups for m in group]
            theirs = bytes.fromhex(capture["message"])
            if text in MASK:
                ours = [masked(message, MASK[text]) for message in ours]
                theirs = masked(theirs, MASK[text])
            assert theirs in ours
            seen += 1
    assert seen >= 3
