"""What docs/testing.md and docs/from-subprocess.md say is so."""

from __future__ import annotations

import re
from typing import Any

import trio

from autod.testing import FakePluto
from tests.helpers.examples import DOCS, run_examples


async def test_every_example_of_the_document_does_what_it_says() -> None:
    assert await run_examples("testing.md", {}) == 1


def test_the_document_names_every_method() -> None:
    text = (DOCS / "testing.md").read_text()
    named = set(re.findall(r"`(\w+)[`(]", text))
    public = {name for name in vars(FakePluto) if not name.startswith("_")}
    assert public - named == {"path", "pid"}


async def test_what_becomes_of_wrappers_runs() -> None:
    names = ["branch-1", "branch-2", "branch-3"]
    with FakePluto("4.10", connections=names) as pluto:
        shared: dict[str, Any] = {"path": pluto.path, "names": names}
        assert await run_examples("from-subprocess.md", shared) == 6
        assert await trio.to_thread.run_sync(shared["bring_up"], pluto.path, "branch-1")
        assert pluto.up == set(names)
