"""What docs/testing.md says is so."""

from __future__ import annotations

import re

from autod.testing import FakePluto
from tests.helpers.examples import DOCS, run_examples


async def test_every_example_of_the_document_does_what_it_says() -> None:
    assert await run_examples("testing.md", {}) == 1


def test_the_document_names_every_method() -> None:
    text = (DOCS / "testing.md").read_text()
    named = set(re.findall(r"`(\w+)[`(]", text))
    public = {name for name in vars(FakePluto) if not name.startswith("_")}
    assert public - named == {"path", "pid"}
