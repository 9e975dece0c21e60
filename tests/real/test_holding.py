"""The supervisor against a real pluto 4.10 that has been at work: it replaces what differs, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.real.edits import section
from tests.real.plutos import Pluto, gateway, wait_until
from tests.real.test_supervisor import Autod, supervising

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

pytestmark = pytest.mark.timeout(400)


@pytest.fixture
def pluto() -> Iterator[Pluto]:
    with gateway(label="holding") as one:
        yield one


def state(pluto: Pluto) -> dict[str, str]:
    """What is kept is this test's alone."""
    return {"STATE_DIRECTORY": str(pluto.folder / "state")}


def sync(pluto: Pluto, file: Path) -> None:
    where = ("--ctlsocket", str(pluto.socket), "--config", str(file))
    subprocess.run(
        [sys.executable, "-m", "autod", "--sync", *where], check=True, env=state(pluto), timeout=60
    )


def supervised(pluto: Pluto) -> AbstractContextManager[Autod]:
    return supervising(pluto, environ=state(pluto))


def status(pluto: Pluto) -> list[str]:
    return pluto.whack("--status").stdout.splitlines()


def serials(pluto: Pluto) -> dict[str, str]:
    return {
        line.split('"')[1]: line.split("$")[1].rstrip(";")
        for line in status(pluto)
        if line.startswith('000 "') and "conn serial" in line
    }


def pairs(*subnets: str) -> str:
    return section({"rightsubnet": "", "rightsubnets": f"{{{' '.join(subnets)}}}", "rightid": "@p"}, "pairs")


def test_what_differs_is_replaced_and_nothing_that_is_not_the_file_s(pluto: Pluto, tmp_path: Path) -> None:
    """A file that was edited while no supervisor ran; another file, and somebody with whack."""
    other = tmp_path / "other.conf"
    other.write_text(f"config setup\n{section({'rightid': '@o'}, 'other')}")
    same = section({"rightid": "@s"}, "same")
    pluto.conf.write_text(
        f"config setup\n{same}{section({'rightid': '@e'}, 'edited')}{pairs('10.3.0.0/24', '10.4.0.0/24')}"
        f"{section({'rightid': '@l'}, 'left')}"
    )
    sync(pluto, other)
    sync(pluto, pluto.conf)
    by_hand = "--name hand --ipv4 --encrypt --tunnel --psk --host 192.1.2.45 --to --host 192.1.2.70"
    pluto.whack(*by_hand.split(" "))
    before = serials(pluto)
    assert set(before) == {"same", "edited", "pairs/0x1", "pairs/0x2", "left", "other", "hand"}
    pluto.conf.write_text(
        f"config setup\n{same}{section({'rightid': '@e', 'ikelifetime': '1h'}, 'edited')}"
        f"{pairs('10.3.0.0/24', '10.9.0.0/24')}"
    )
    with supervised(pluto) as autod:
        wait_until(lambda: "left" not in serials(pluto), timeout=60, what="the end of what the file lost")
        wait_until(lambda: any("10.9.0.0/24" in line for line in status(pluto)), timeout=60, what="the pair")
        wait_until(lambda: serials(pluto).get("edited") not in (None, before["edited"]), timeout=60)
        after = serials(pluto)
        assert {name for name in before if after.get(name) == before[name]} == {
            "same",
            "pairs/0x1",
            "other",
            "hand",
        }
        said = [one["detail"] for one in autod.events() if one["kind"] == "reload" and "connection" in one]
        assert any("ikelifetime: 3600s in the configuration, 28800s in pluto" in detail for detail in said)
        found = autod.call("Sync", dry=True)
        assert (found["missing"], found["changed"], found["forgotten"]) == ([], [], [])
        assert set(found["extra"]) == {"other", "hand"}
        # Somebody changes one behind the supervisor's back.
        pluto.whack("--name", "same", "--delete")
        pluto.whack(*by_hand.replace("hand", "same").split(" "))
        found = autod.call("Sync", dry=True)
        assert found["changed"] == ["same"]
        assert {one["connection"] for one in found["details"]} == {"same"}
        autod.call("Sync")
        wait_until(lambda: autod.call("Sync", dry=True)["changed"] == [], timeout=60, what="the same again")


def test_an_include_that_matches_nothing_deletes_nothing_at_a_start_and_is_loud(pluto: Pluto) -> None:
    """Nor by a reload; the configuration is not ok until it is there again."""
    parts = pluto.folder / "parts"
    parts.mkdir()
    for number in range(30):
        part = section({"rightid": f"@{number}"}, f"c{number}")
        (parts / f"{number}.conf").write_text(part)
    pluto.conf.write_text(f"config setup\ninclude {parts}/*.conf\n")
    sync(pluto, pluto.conf)
    parts.rename(pluto.folder / "away")
    with supervised(pluto) as autod:
        wait_until(
            lambda: "stay in pluto" in autod.call("Statistics")["configuration"],
            timeout=60,
            what="the alarm",
        )
        assert len(serials(pluto)) == 30
        lines = (pluto.folder / "autod.log").read_text().splitlines()
        assert any("error" in line and "stay in pluto" in line for line in lines)
        again = [sys.executable, "-m", "autod", "supervise", "--reload", "--api", autod.path]
        done = subprocess.run(again, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 1
        assert "stay in pluto" in done.stderr
        assert len(serials(pluto)) == 30
        (pluto.folder / "away").rename(parts)
        wait_until(lambda: autod.call("Statistics")["configuration"] == "ok", timeout=60, what="the file")
        assert len(autod.call("List")["connections"]) == 30
        assert len(serials(pluto)) == 30


def command(autod: Autod, *words: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "autod", "--service", "--api", autod.path, *words]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)


def test_a_connection_that_stands_in_no_file_is_kept(pluto: Pluto) -> None:
    """Over a restart of the supervisor and of pluto, and until it is removed."""
    pluto.conf.write_text(f"config setup\n{section({'rightid': '@f'}, 'filed')}")
    kept = pluto.folder / "connections.conf"
    settings = f'connections = "{kept}"\n'
    given = ("--set", "left=192.1.2.45", "--set", "right=192.1.2.60", "--set", "authby=secret")
    with supervising(pluto, settings, environ=state(pluto)) as autod:
        wait_until(lambda: "filed" in serials(pluto), timeout=60, what="the file")
        done = command(autod, "--add", "extra", *given, "--set", "auto=add", "--set", "leftid=C=DE, O=a b")
        assert (done.returncode, done.stdout) == (0, "extra: added, and is to be loaded\n")
        wait_until(lambda: "extra" in serials(pluto), timeout=60, what="what was added")
        assert autod.call("Get", name="extra")["connection"]["own"]
        assert "extra" in command(autod, "--status").stdout
        for words in (
            ("--add", "extra", *given),
            ("--add", "filed", *given),
            ("--add", "odd", *given, "--set", "bogus=1"),
            ("--add", "odd", *given, "--set", 'leftid=x"\n\tauto=start'),
            ("--delete", "filed"),
        ):
            assert command(autod, *words).returncode != 0
        assert set(serials(pluto)) == {"filed", "extra"}
        replaced = command(
            autod, "--replace", "extra", *given, "--set", "auto=add", "--set", "ikelifetime=1h"
        )
        assert replaced.returncode == 0
        wait_until(
            lambda: any('"extra"' in line and "ike_life: 3600s" in line for line in status(pluto)),
            timeout=60,
            what="the other form",
        )
        assert autod.end() == 0
    assert kept.stat().st_mode & 0o777 == 0o600
    pluto.restart()
    assert "extra" not in serials(pluto)
    with supervising(pluto, settings, environ=state(pluto)) as autod:
        wait_until(lambda: "extra" in serials(pluto), timeout=60, what="what was added in an earlier life")
        wait_until(lambda: autod.call("Sync", dry=True)["missing"] == [], timeout=60)
        found = autod.call("Sync", dry=True)
        assert (found["changed"], found["extra"], found["forgotten"]) == ([], [], [])
        assert command(autod, "--delete", "extra").returncode == 0
        wait_until(lambda: "extra" not in serials(pluto), timeout=60, what="its removal")
        assert set(serials(pluto)) == {"filed"}
        assert autod.call("Statistics")["configuration"] == "ok"
