"""Loading natively, --check, --diff and --sync as processes against a real pluto 4.10."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from autod.cli import main
from tests.real.plutos import EAST, WEST, connection, gateway, gateways, silent_peer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.real.plutos import Pluto


@pytest.fixture(scope="module")
def pluto() -> Iterator[Pluto]:
    """One that listens, with a silent peer."""
    with gateway() as one:
        silent_peer(one.namespace, EAST)
        yield one


@pytest.fixture
def empty(pluto: Pluto) -> Pluto:
    """The same with nothing loaded."""
    for name in loaded(pluto):
        pluto.whack("--name", name, "--delete")
    return pluto


def loaded(pluto: Pluto) -> set[str]:
    """The connections that pluto has, by its own whack."""
    lines = pluto.whack("--status").stdout.splitlines()
    return {line.split('"')[1] for line in lines if line.startswith('000 "') and "eroute owner" in line}


class Cli:
    """The command line in this process, for one pluto and its configuration."""

    def __init__(self, pluto: Pluto, capsys: pytest.CaptureFixture[str]) -> None:
        self._where = ("--ctlsocket", str(pluto.socket), "--config", str(pluto.conf))
        self._capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, list[str]]:
        """Status and lines of standard output."""
        self._capsys.readouterr()
        status = main([*arguments, *self._where])
        return status, self._capsys.readouterr().out.splitlines()


@pytest.fixture
def cli(empty: Pluto, capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(empty, capsys)


def write(pluto: Pluto, *sections: str) -> None:
    """A configuration of these sections."""
    pluto.conf.write_text("config setup\n" + "\n".join(sections))


def said(pluto: Pluto) -> list[str]:
    """pluto's log, less what the kernel sends it unasked."""
    return [line for line in pluto.text().splitlines() if "netlink_expire" not in line]


def status_lines(pluto: Pluto) -> list[str]:
    """What pluto says of its connections, less the serial numbers."""
    lines = pluto.whack("--status").stdout.splitlines()
    return [line.partition("conn serial")[0] for line in lines if line.startswith('000 "')]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"leftsubnet": "10.1.0.0/16", "rightsubnet": "10.2.0.0/16", "ike": "aes256-sha2_256;modp2048"},
        {"leftsubnets": "10.1.0.0/24,10.3.0.0/24", "rightsubnet": "10.2.0.0/16"},
        {"type": "transport", "pfs": "no", "ikelifetime": "2h", "connalias": "other"},
        {"right": "%any", "rightid": ""},
    ],
    ids=lambda options: "+".join(options) or "plain",
)
def test_what_is_loaded_natively_is_what_addconn_loads(
    options: dict[str, str], empty: Pluto, cli: Cli
) -> None:
    """pluto's status is the same, line for line."""
    write(empty, connection("a", **options))
    assert cli("--add", "a")[0] == 0
    ours = status_lines(empty)
    for name in loaded(empty):
        empty.whack("--name", name, "--delete")
    assert cli("--add", "--via-addconn", "a")[0] == 0
    assert status_lines(empty) == ours
    assert ours


def test_all_loads_what_auto_says(empty: Pluto, cli: Cli) -> None:
    """And nothing of auto=ignore; a pattern is matched against the file."""
    write(
        empty,
        connection("a1", auto="add"),
        connection("a2", leftid="@l2", auto="ondemand", leftsubnet="10.7.0.0/24"),
        connection("off", leftid="@l3"),
    )
    status, (line,) = cli("--add", "--all")
    assert (status, line.partition(";")[0]) == (0, "2 of 2 loaded")
    assert loaded(empty) == {"a1", "a2"}
    assert cli("--add", "o*")[0] == 0
    assert loaded(empty) == {"a1", "a2", "off"}
    assert cli("--add", "z*")[0] == 2


def test_a_connection_that_cannot_be_loaded_stops_no_other(empty: Pluto, cli: Cli) -> None:
    """And what pluto refuses is said with its words and its code."""
    write(empty, connection("good"), connection("bad", authby="nonsense"), connection("last", leftid="@l4"))
    status, lines = cli("--add", "good", "bad", "last")
    assert status == 1
    assert lines[-1].startswith("2 of 3 loaded, 1 load failed (bad); ")
    assert loaded(empty) == {"good", "last"}


def test_a_file_that_is_refused_loads_nothing(empty: Pluto, cli: Cli) -> None:
    """As the real addconn refuses it: 3, with the place."""
    write(empty, connection("good"), "conn broken\n\tlefft=192.0.2.1\n")
    before = said(empty)
    assert cli("--add", "good")[0] == 3
    assert said(empty) == before


def test_check_shows_each_place_and_sends_nothing(
    empty: Pluto, cli: Cli, capsys: pytest.CaptureFixture[str]
) -> None:
    """File, line, column, the text, a caret; 3 if anything is wrong, 0 for warnings."""
    write(empty, connection("a"), "conn broken\n\tlefft=192.0.2.1\n")
    before = said(empty)
    status, lines = cli("--check")
    assert status == 3
    at = next(number for number, line in enumerate(lines) if "lefft" in line and "fatal" in line)
    assert lines[at].startswith(f"{empty.conf}:")
    assert lines[at + 1].endswith("lefft=192.0.2.1")
    assert lines[at + 2].strip() == "^"
    write(empty, connection("a"))
    status, lines = cli("--check")
    assert status == 0
    assert lines[-1].startswith(
        f"{empty.conf}: 1 connection, 0 errors, 0 warnings, as Libreswan 4.10 reads it"
    )
    assert cli("--check", "nosuch")[0] == 3
    assert said(empty) == before


def test_check_gives_the_connections_as_they_were_understood(empty: Pluto, cli: Cli) -> None:
    """One document, with the place of every setting, for the release that is asked about."""
    write(empty, connection("a", ikelifetime="2h"))
    for release in ("4.10", "5.2", "5.4"):
        status, lines = cli("--check", "--json", "--release", release)
        document = json.loads(lines[0])
        assert (status, document["release"], document["diagnostics"]) == (0, release, [])
        (only,) = document["connections"]
        assert only["name"] == "a"
        assert only["settings"]["ikelifetime"]["line"] > 1


def test_check_reads_by_the_rules_of_the_release_that_was_given(empty: Pluto, cli: Cli) -> None:
    """5.0 has a keyword that 4.15 refuses."""
    write(empty, connection("a", **{"encap-dscp": "yes"}))
    status, lines = cli("--check", "--release", "5.0")
    assert status == 0
    assert lines[-1].endswith("as Libreswan 5.0 reads it (as --release says)")
    assert cli("--check", "--release", "4.15")[0] != 0


SETTINGS = {
    "left": ("192.1.2.45", "192.1.2.46"),
    "right": (EAST, "192.1.2.99"),
    "leftid": ("@west", "@elsewhere"),
    "rightid": ("@east", "192.1.2.77"),
    "leftsubnet": ("10.1.0.0/16", "10.9.0.0/16"),
    "rightsubnet": ("10.2.0.0/16", "10.2.3.4/32"),
    "ikelifetime": ("2h", "3600"),
    "salifetime": ("90m", "1h"),
    "type": ("tunnel", "transport"),
    "ikev2": ("insist", "no"),
    "pfs": ("yes", "no"),
    "rekey": ("yes", "no"),
}


@pytest.mark.parametrize("setting", SETTINGS)
def test_diff_sees_a_setting_that_changed_and_nothing_else(setting: str, empty: Pluto, cli: Cli) -> None:
    """The one that changed is named with its place and both values."""
    first, second = SETTINGS[setting]
    subnets = {"leftsubnet": "10.1.0.0/16", "rightsubnet": "10.2.0.0/16"} if setting != "type" else {}
    write(empty, connection("a", **{**subnets, setting: first, "auto": "add"}))
    assert cli("--add", "a")[0] == 0
    assert cli("--diff")[0] == 0
    write(empty, connection("a", **{**subnets, setting: second, "auto": "add"}))
    status, lines = cli("--diff", "--json")
    (different,) = json.loads(lines[0])["different"]
    assert status == 1
    assert [detail["setting"] for detail in different["details"]] == [setting]
    assert different["details"][0]["place"].startswith(f"{empty.conf}:")


def test_diff_has_no_difference_where_there_is_none(empty: Pluto, cli: Cli) -> None:
    """Whatever shape the connections have."""
    shapes: list[dict[str, str]] = [
        {},
        {"right": "%any", "rightid": "%any"},
        {"left": "%defaultroute"},
        {"leftsubnets": "10.1.0.0/24,10.3.0.0/24", "rightsubnets": "10.2.0.0/16"},
        {"left": EAST, "leftid": "@east", "right": WEST, "rightid": "@west", "rightsubnet": "10.5.0.0/16"},
        {"leftid": "", "rightid": ""},
        {"leftid": '"CN=west, O=Test"', "rightid": "@#616263"},
        {"type": "passthrough", "authby": "never"},
        {
            "ikelifetime": "10d",
            "salifetime": "30s",
            "dpddelay": "15",
            "dpdtimeout": "60",
            "dpdaction": "hold",
        },
        {"left": "2001:db8::1", "right": "2001:db8::2", "leftsubnet": "2001:db8:1::/48"},
        {"leftsubnet": "10.1.0.1/32", "ikev2": "no", "aggressive": "no"},
        {"leftprotoport": "tcp/443", "rightsubnet": "10.6.0.0/24"},
    ]
    sections = [connection(f"c{n}", **{"auto": "add", **shape}) for n, shape in enumerate(shapes)]
    write(empty, *sections)
    assert cli("--check")[0] == 0
    cli("--add", "--all")
    lines = cli("--diff", "--json")[1]
    found = json.loads(lines[0])
    assert [one["connection"] for one in found["different"]] == [], found["different"]
    assert found["extra"] == []


def test_sync_makes_pluto_hold_what_the_file_says(empty: Pluto, cli: Cli) -> None:
    """Adds, replaces, deletes; leaves alone what is the same, and what is loaded by hand with auto=ignore."""
    write(
        empty,
        connection("same", auto="add"),
        connection("changed", leftid="@l2", auto="add"),
        connection("gone", leftid="@l3", auto="add"),
        connection("manual", leftid="@l4"),
    )
    assert cli("--add", "--all")[0] == 0
    assert cli("--add", "manual")[0] == 0
    serial = [
        line for line in empty.whack("--status").stdout.splitlines() if '"same"' in line and "serial" in line
    ]
    write(
        empty,
        connection("same", auto="add"),
        connection("changed", leftid="@l2", ikelifetime="2h", auto="add"),
        connection("fresh", leftid="@l5", leftsubnet="10.8.0.0/16", auto="ondemand"),
        connection("manual", leftid="@l4"),
    )
    lines = cli("--sync", "--dry-run")[1]
    assert lines[:3] == ['add "fresh"', 'replace "changed"', 'delete "gone"']
    assert loaded(empty) == {"same", "changed", "gone", "manual"}
    status, lines = cli("--sync")
    assert status == 0
    assert lines[-1] == "3 of 3 steps done, 1 left as they were"
    assert loaded(empty) == {"same", "changed", "fresh", "manual"}
    after = [
        line for line in empty.whack("--status").stdout.splitlines() if '"same"' in line and "serial" in line
    ]
    assert after == serial
    assert "prospective erouted" in "".join(
        line for line in empty.whack("--status").stdout.splitlines() if line.startswith('000 "fresh":')
    )
    assert cli("--diff")[0] == 0
    assert cli("--sync")[1] == ["0 of 0 steps done, 3 left as they were"]


def test_sync_says_what_a_step_takes_down(capsys: pytest.CaptureFixture[str]) -> None:
    """Only what is up is taken down, and here (no ESP in this kernel, maybe) that is what pluto says is up."""
    with gateways() as (west, east):
        west.load(connection("a", auto="add"))
        east.load(connection("a", left=EAST, leftid="@east", right=WEST, rightid="@west"))
        cli = Cli(west, capsys)
        up = cli("--up", "a", "--timeout", "20")[0] == 0
        west.conf.write_text("config setup\n" + connection("a", auto="add", ikelifetime="2h"))
        lines = cli("--sync", "--dry-run")[1]
        assert ('replace "a"; takes down a' in lines) == up
        assert ('replace "a"' in lines) != up
