"""The tables of the status family, of every recorded release."""

from __future__ import annotations

import pytest

from autod.status import parse
from autod.status.tables import TABLES
from tests.helpers.transcripts import RELEASES, cases, files

RECORDED = ("trafficstatus", "showstates", "briefstatus", "globalstatus", "shuntstatus")


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("operation", RECORDED)
def test_a_recorded_status_has_a_table(release: str, operation: str) -> None:
    """A heading, and no row that is ragged; an SA of the reply has its row."""
    for case in cases(release, operation) if operation in files(release) else ():
        state = parse([line.reply for line in case.lines], time=0.0)
        lines = list(TABLES[operation](state, 1e9))
        assert lines
        if operation == "trafficstatus":
            assert len(lines) == 1 + len(state.child_sas)
        if operation == "showstates":
            assert len(lines) == 1 + len(state.ike_sas) + len(state.child_sas) + len(state.pending)


def test_what_is_not_listed_is_said() -> None:
    """An empty list is a line, too."""
    assert list(TABLES["shuntstatus"](parse([]), 0.0)) == ["no bare shunts"]
