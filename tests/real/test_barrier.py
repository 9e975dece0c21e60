"""`--wait --all` and `--config -` against a real pluto 4.10."""

from __future__ import annotations

import io
import threading
import time
from typing import TYPE_CHECKING

import pytest

from autod.cli import main
from autod.config.include import standard_input
from tests.real.plutos import connection, gateway

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.real.plutos import Pluto


@pytest.fixture(scope="module")
def pluto() -> Iterator[Pluto]:
    with gateway(label="barrier") as one:
        yield one


def command(pluto: Pluto, *arguments: str) -> tuple[str, ...]:
    return (*arguments, "--ctlsocket", str(pluto.socket))


def test_the_set_is_what_the_configuration_starts(
    pluto: Pluto, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also what pluto has not loaded, and each pair of subnets= by itself."""
    file = tmp_path / "ipsec.conf"
    subnets = {"leftsubnet": "10.1.0.0/24", "rightsubnets": "{10.2.0.0/24 10.3.0.0/24}"}
    file.write_text(
        "config setup\n"
        + connection("here", auto="start")
        + connection("absent", auto="start")
        + connection("pairs", auto="start", **subnets)
        + connection("other", auto="add")
    )
    pluto.load(connection("here"))
    status = main(command(pluto, "--wait", "--all", "--timeout", "1", "--config", str(file)))
    assert status == 124
    told = capsys.readouterr()
    assert told.out.splitlines() == ["0 of 4 up"]
    assert [line.removeprefix("autod: ") for line in told.err.splitlines()] == [
        '"here" is not up',
        '"absent" is not loaded',
        '"pairs/0x1" is not loaded',
        '"pairs/0x2" is not loaded',
    ]


def test_nothing_to_wait_for_is_no_wait(pluto: Pluto, tmp_path: Path) -> None:
    """A configuration that starts nothing."""
    file = tmp_path / "ipsec.conf"
    file.write_text("config setup\n" + connection("other", auto="add"))
    assert main(command(pluto, "--wait", "--all", "--timeout", "5", "--config", str(file))) == 0


def test_a_pluto_that_is_not_there_yet_is_waited_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Within the deadline, and it is said at its end."""
    started = time.monotonic()
    status = main(["--wait", "a", "--timeout", "1", "--ctlsocket", str(tmp_path / "none.ctl")])
    assert status == 124
    assert time.monotonic() - started < 30
    assert "there is no pluto yet" in capsys.readouterr().err


def test_a_pluto_that_comes_is_met(pluto: Pluto, tmp_path: Path) -> None:
    """The barrier began before it."""
    file = tmp_path / "ipsec.conf"
    file.write_text("config setup\n" + connection("other", auto="add"))
    late = tmp_path / "late.ctl"
    link = threading.Timer(1.0, late.symlink_to, [pluto.socket])
    link.start()
    try:
        assert (
            main(["--wait", "--all", "--timeout", "20", "--config", str(file), "--ctlsocket", str(late)]) == 0
        )
    finally:
        link.join()


@pytest.mark.parametrize("way", [(), ("--via-addconn",)])
def test_a_configuration_comes_on_standard_input(
    way: tuple[str, ...], pluto: Pluto, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As NetworkManager gives it: without a newline at its end."""
    text = b'conn 7d1f0c7e\n left="192.1.2.45"\n right="203.0.113.80"\n authby=secret\n auto=add\n nm-configured=yes'
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text)))
    standard_input.cache_clear()
    assert main(command(pluto, "--replace", "--config", "-", *way, "7d1f0c7e")) == 0
    assert '"7d1f0c7e"' in pluto.whack("--status").stdout
    standard_input.cache_clear()
