"""Every recorded probe of 4.10, 5.2 and 5.4: our messages are the real addconn's, and so is our verdict."""

from __future__ import annotations

import pytest

from tests.helpers.probing import run


@pytest.mark.parametrize("release", ["4.10", "5.2", "5.4"])
def test_every_probe_gives_the_real_addconn_s_bytes_and_verdict(
    release: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """3,200 to 3,800 small configurations; the report of a failure names the groups that differ."""
    passed, total = run(release)
    assert passed == total, capsys.readouterr().out
    assert total > 3000
