"""Every recorded probe of 4.10, 5.2 and 5.4: our messages are the real addconn's, and so is our verdict."""

from __future__ import annotations

import pytest

from tests.helpers.probing import run


@pytest.mark.parametrize("every", [pytest.param(1, marks=pytest.mark.thorough, id="all"), 12])
@pytest.mark.parametrize("release", ["4.10", "5.2", "5.4"])
def test_every_probe_gives_the_real_addconn_s_bytes_and_verdict(
    release: str, every: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """3,200 to 3,800 small configurations, or one of 12; the report of a failure names the groups that differ."""
    passed, total = run(release, every=every)
    assert passed == total, capsys.readouterr().out
    assert total > 3000 // every
