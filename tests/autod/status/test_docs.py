"""docs/status.md names every key of the JSON forms."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from autod.cli.top.rows import Row, Trouble
from autod.status import (
    SCHEMA,
    AddressPool,
    ChildSa,
    ConnectionState,
    End,
    IkeSa,
    Pending,
    Selector,
    SelectorPair,
    State,
    Totals,
    Unparsed,
)

TEXT = (Path(__file__).parents[3] / "docs" / "status.md").read_text()


@pytest.mark.parametrize(
    "struct",
    [
        State,
        ConnectionState,
        End,
        Selector,
        SelectorPair,
        IkeSa,
        ChildSa,
        Pending,
        Totals,
        AddressPool,
        Unparsed,
        Row,
        Trouble,
    ],
)
def test_every_key_is_in_the_document(struct: type) -> None:
    named = set(re.findall(r"`(\w+)`", TEXT))
    assert set(struct.__struct_fields__) <= named  # type: ignore[attr-defined]


def test_the_version_of_the_schema_is_the_documents() -> None:
    assert f"`schema` is {SCHEMA};" in TEXT
