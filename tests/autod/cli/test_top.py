"""`autod top --once`, and what is drawn, on a pluto that answers from the recorded replies."""

from __future__ import annotations

import argparse
import io
from typing import TYPE_CHECKING, cast

import msgspec
import pytest
from rich.console import Console

from autod.cli.top import configure, run
from autod.cli.top.rows import Options, advance
from autod.cli.top.table import plain, printable, screen, show
from autod.errors import UsageError
from autod.protocol import commands as c
from autod.protocol import releases
from autod.status import ConnectionState, State
from tests.helpers.transcripts import cases

if TYPE_CHECKING:
    from autod.client import Pluto
    from autod.protocol.replies import Reply

FILES = {c.Status: "status", c.TrafficStatus: "trafficstatus", c.ShowStates: "showstates"}


class Recorded:
    """What a Pluto is to the table: a path, a release, and replies."""

    path = "/run/pluto/pluto.ctl"

    def __init__(self, release: str) -> None:
        self.release = releases.find(release, seccomp=False)
        self.asked: list[type[c.Command]] = []

    async def replies(self, command: c.Command) -> tuple[Reply, ...]:
        self.asked.append(type(command))
        file = FILES[type(command)]
        (recorded,) = (one for one in cases(self.release.text, file) if "t01,t02,t03 up" in one.title)
        return tuple(line.reply for line in recorded.lines)


def options(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    configure(parser)
    return parser.parse_args(arguments)


@pytest.mark.parametrize("release", ["3.27", "4.3", "4.10", "5.2", "5.4"])
async def test_once_prints_a_row_a_connection(release: str, capsys: pytest.CaptureFixture[str]) -> None:
    pluto = Recorded(release)
    await show(cast("Pluto", pluto), options("--once", "--only", "up"))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("CONNECTION  STATE  PEER")
    assert [line.split()[:3] for line in lines[1:4]] == [
        [name, "up", "192.1.2.23"] for name in ("t01", "t02", "t03")
    ]
    assert lines[4].split(", ")[0] in ("3 up", "4 down")
    asked = [c.Status, c.TrafficStatus]
    assert pluto.asked == (asked if release == "3.27" else [*asked, c.ShowStates])


async def test_once_with_an_interval_takes_two_looks_and_one_status(
    capsys: pytest.CaptureFixture[str], autojump_clock: object
) -> None:
    pluto = Recorded("5.4")
    await show(cast("Pluto", pluto), options("--once", "--interval", "5"))
    assert pluto.asked.count(c.TrafficStatus) == 2
    assert pluto.asked.count(c.Status) == 1
    assert "; 0B/s in, 0B/s out" in capsys.readouterr().out


async def test_once_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    await show(cast("Pluto", Recorded("5.4")), options("--once", "--json", "--sort", "name", "t0[12]"))
    document = msgspec.json.decode(capsys.readouterr().out)
    assert [row["label"] for row in document["rows"]] == ["t01", "t02"]
    assert document["rows"][0]["since"] == 1795439358


def test_without_a_terminal_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(UsageError, match="--once prints one table"):
        run(options())
    with pytest.raises(UsageError, match="--json belongs to --once"):
        run(options("--json"))


def loaded(number: int) -> tuple[ConnectionState, ...]:
    return tuple(
        ConnectionState(f"c{index:02}", oriented=True, routing="unrouted") for index in range(number)
    )


def drawn(view: Options, *, number: int = 30, height: int = 15) -> list[str]:
    console = Console(width=150, height=height, file=io.StringIO(), force_terminal=False)
    picture = advance(None, State(), loaded(number), at=1000)
    console.print(screen(console, picture, view, "pluto 5.4 at here"))
    return cast("io.StringIO", console.file).getvalue().splitlines()


def test_a_screen_holds_what_fits_and_what_the_keys_do() -> None:
    lines = drawn(Options())
    assert len(lines) <= 15
    assert lines[0] == "pluto 5.4 at here"
    assert lines[1].startswith("30 down; 30 shown, all")
    assert lines[2].startswith("CONNECTION▲")
    assert lines[3].split()[:2] == ["c00", "down"]
    assert lines[-1].startswith("space pause")


def test_a_screen_scrolls_no_further_than_its_last_row() -> None:
    assert drawn(Options(offset=5))[3].split()[0] == "c05"
    assert drawn(Options(offset=500))[-4].split()[0] == "c29"


def test_a_screen_shows_the_pattern_that_is_typed_and_the_order() -> None:
    lines = drawn(Options(sort="rate", descending=True, pattern="c1", typing=True))
    assert lines[1].endswith("10 shown, all, like c1_")
    assert "IN/S▼" in lines[2]


def test_before_the_first_look_there_is_only_the_frame() -> None:
    console = Console(width=80, height=10, file=io.StringIO())
    console.print(screen(console, None, Options(), "no pluto"))
    assert cast("io.StringIO", console.file).getvalue().startswith("no pluto")


def test_nothing_in_a_name_reaches_the_terminal_as_a_control_sequence() -> None:
    assert printable("a\x1b[2Jb\r") == "a\ufffd[2Jb\ufffd"
    picture = advance(None, State(), (ConnectionState("a\x1b[2J"),), at=0)
    assert "\x1b" not in printable("".join(plain(picture, Options())))
