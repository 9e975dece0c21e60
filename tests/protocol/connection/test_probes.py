"""Every recorded probe of a release: our messages are the real addconn's, and so is our verdict."""

from __future__ import annotations

import pytest

from autod.protocol.releases import find
from tests.helpers.probing import mask, padding, run

RELEASES = ["3.27", "3.32", "4.0", "4.3", "4.6", "4.10", "4.15", "5.0", "5.1", "5.2", "5.3.2", "5.4"]
UNWRITTEN = {
    "4.0": [f"{end}.client.{member}" for end in ("left", "right") for member in ("is_selector", "is_subnet")],
    "4.3": ["sec_label"],
}
"""Members that addconn of a release never writes, or a pointer of its own."""


@pytest.mark.parametrize("every", [pytest.param(1, marks=pytest.mark.thorough, id="all"), 12])
@pytest.mark.parametrize("release", RELEASES)
def test_every_probe_gives_the_real_addconn_s_bytes_and_verdict(
    release: str, every: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """3,200 to 3,800 small configurations, or one of 12; the report of a failure names the groups that differ."""
    passed, total = run(release, every=every)
    assert passed == total, capsys.readouterr().out
    assert total > 3000 // every


@pytest.mark.parametrize("release", RELEASES)
def test_only_what_no_build_writes_is_masked(release: str) -> None:
    """Padding, and what addconn forgets."""
    fields = find(release).family.layout.fields
    unwritten = [(fields[path].offset, fields[path].size) for path in UNWRITTEN.get(release, ())]
    spare = {at + n for at, size in (*padding(release), *unwritten) for n in range(size)}
    assert {at + n for at, size in mask(release) for n in range(size)} <= spare
