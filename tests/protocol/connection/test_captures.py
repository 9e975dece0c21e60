"""What the addconn of every release with rules of its own sent for one configuration."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from autod.config import autoall, load, select
from autod.protocol.connection import Planner
from autod.protocol.encode import pack
from autod.protocol.releases import ALL, find
from tests.helpers.probing import Recorded, without_padding

CAPTURES = Path(__file__).parents[2] / "data" / "captures"
LABELED = {"3.27"}
"""Those whose addconn was built with labeled IPsec when it was recorded."""
WITHOUT = {"3.28", "3.29"}
"""Those whose addconn was not recorded here."""


@pytest.mark.parametrize("text", [text for text in ALL if text not in WITHOUT])
def test_each_captured_message_of_addconn_is_ours(text: str) -> None:
    """Named connections and --autoall, of the release's own build."""
    release = find(text, seccomp=False, labeled=text in LABELED)
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
            assert without_padding(theirs, text) in [without_padding(message, text) for message in ours]
            seen += 1
    assert seen >= 3
