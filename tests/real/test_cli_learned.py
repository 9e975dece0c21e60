"""A release that autod does not know, end to end: 4.10 with its entry taken out of the table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec
import pytest

from autod.cli import main
from autod.identify import binary
from autod.protocol import releases
from tests.real.plutos import connection, gateway

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.real.plutos import Pluto


@pytest.fixture(scope="module")
def pluto() -> Iterator[Pluto]:
    """One that listens, with `a` in its file."""
    with gateway() as one:
        one.conf.write_text("config setup\n" + connection("a"))
        yield one


@pytest.fixture
def unknown(pluto: Pluto, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Pluto:
    """No module covers it, nor another one like it; nothing is remembered, and nothing was learned yet."""
    monkeypatch.setattr("autod.learn.equals._candidates", lambda learned, version: ())
    covering = releases._covering
    monkeypatch.setattr(releases, "_covering", lambda number: None if number == "4.10" else covering(number))
    monkeypatch.setattr("autod.cli.session.usual", lambda: None)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return pluto


def autod(pluto: Pluto, *arguments: str) -> int:
    """Run the command line in this process, where the table was changed."""
    return main([*arguments, "--ctlsocket", str(pluto.socket), "--config", str(pluto.conf)])


def test_an_unknown_release_is_refused_with_what_to_do(
    unknown: Pluto, capsys: pytest.CaptureFixture[str]
) -> None:
    assert autod(unknown, "--up", "a") == 2
    said = capsys.readouterr().err
    assert "4.10" in said
    assert "autod learn" in said


def test_what_was_learned_serves_every_simple_operation(
    unknown: Pluto, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["learn", "--ctlsocket", str(unknown.socket)]) == 0
    assert "Libreswan 4.10" in capsys.readouterr().out
    for operation in (
        "--ready",
        "--rereadsecrets",
        "--listall",
        "--briefstatus",
        "--status",
        "--trafficstatus",
    ):
        assert autod(unknown, operation) == 0, operation
    assert "List of Public Keys:" in capsys.readouterr().out
    assert autod(unknown, "--add", "a") == 0
    assert autod(unknown, "--add", "nosuch") == 21
    assert autod(unknown, "--route", "a") == 0
    assert "prospective erouted" in unknown.whack("--status").stdout
    assert autod(unknown, "--unroute", "a") == 0
    assert autod(unknown, "--up", "--asynchronous", "a") == 0
    assert '"a":' in unknown.whack("--showstates").stdout
    assert autod(unknown, "--down", "a") == 0
    assert autod(unknown, "--delete", "a") == 0
    assert autod(unknown, "--up", "nosuch") == 21
    assert "Total IPsec connections: loaded 0" in unknown.whack("--status").stdout


def test_what_was_not_learned_is_refused(unknown: Pluto, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["learn", "--ctlsocket", str(unknown.socket)]) == 0
    assert autod(unknown, "--up", "a", "--remote-host", "192.0.2.1") == 2
    assert "was not learned" in capsys.readouterr().err
    assert unknown.alive()


def test_another_binary_has_to_be_learned_anew(
    unknown: Pluto, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was learned for one pluto is not sent to another."""
    assert main(["learn", "--ctlsocket", str(unknown.socket)]) == 0
    (kept,) = (tmp_path / "cache" / "autod").iterdir()
    kept.write_bytes(kept.read_bytes().replace(b'"mtime_ns":1', b'"mtime_ns":2'))
    assert autod(unknown, "--ready") == 2
    assert "autod learn" in capsys.readouterr().err


def test_a_git_build_that_equals_its_release_is_spoken_to_like_it(
    pluto: Pluto, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Once its own whack and addconn were seen: ipsec.conf natively, and every command. Before, it is refused."""
    read = binary.parse_version

    def called(output: str) -> binary.Version | None:
        found = read(output)
        return None if found is None else msgspec.structs.replace(found, text=text)

    text = "v4.10-99-g0123456789-main"
    monkeypatch.setattr(binary, "parse_version", called)
    monkeypatch.setattr("autod.cli.session.usual", lambda: None)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert autod(pluto, "--add", "a") == 2
    assert "autod learn" in capsys.readouterr().err
    assert main(["learn", "--ctlsocket", str(pluto.socket), "--json"]) == 0
    learned = json.loads(capsys.readouterr().out)
    assert (learned["release"], learned["equals"]) == (text, "4.10")
    for words in (["--add", "a"], ["--diff"], ["--release", text.removeprefix("v"), "--status"], ["--check"]):
        assert autod(pluto, *words) == 0, words
    assert main(["top", "--once", "--ctlsocket", str(pluto.socket)]) == 0
    assert autod(pluto, "--release", "v4.10-98-g0123456789-main", "--status") == 2
    assert autod(pluto, "--delete", "a") == 0
