"""Group connections are routed only when their instances are: --ondemand, --route, --sync, --add, the supervisor."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest
import trio

from autod.cli import main
from autod.supervisor.plutolink import PlutoLink
from autod.supervisor.states import Act
from tests.real.plutos import WEST, gateway

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.real.plutos import Pluto

NET = "203.0.113.0/24"
GROUP = f"""config setup
conn private
\tleft={WEST}
\tauthby=null
\tleftid=%null
\trightid=%null
\tright=%opportunisticgroup
\tfailureshunt=drop
\tikev2=insist
\tauto=ondemand
"""


@pytest.fixture
def pluto(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pluto]:
    """One with a network in the policy file of `private`, and a default route."""
    monkeypatch.setattr("autod.config.record.state_folder", lambda: tmp_path / "state")
    monkeypatch.setattr("autod.config.record.runtime_folder", lambda: tmp_path / "run")
    with gateway(label="groups") as one:
        route = [
            "ip",
            "netns",
            "exec",
            one.namespace.name,
            "ip",
            "route",
            "add",
            "default",
            "via",
            "192.1.2.254",
        ]
        subprocess.run(route, check=True, timeout=30)
        folder = one.folder / "ipsec.d" / "policies"
        folder.mkdir(parents=True)
        (folder / "private").write_text(f"{NET}\n")
        one.conf.write_text(GROUP)
        yield one


def caught(pluto: Pluto) -> bool:
    """Whether pluto catches the packets to the network."""
    lines = pluto.whack("--status").stdout.splitlines()
    return any(f'"private#{NET}"' in line and "prospective erouted" in line for line in lines)


def command(pluto: Pluto, *arguments: str) -> tuple[str, ...]:
    return (*arguments, "--ctlsocket", str(pluto.socket), "--config", str(pluto.conf))


def test_ondemand_catches_the_packets_of_each_network(
    pluto: Pluto, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also where it worked before: loading it again removes what pluto had made of it."""
    for _ in range(2):
        assert main(command(pluto, "--ondemand", "private")) == 0
        assert caught(pluto)
        assert '"private" is routed, with 1 network' in capsys.readouterr().out


def test_sync_and_diff_know_whether_it_is_routed(pluto: Pluto, capsys: pytest.CaptureFixture[str]) -> None:
    """A group that addconn --autoall loaded is the same; one that is only loaded is not."""
    assert main(command(pluto, "--sync")) == 0
    assert caught(pluto)
    assert main(command(pluto, "--diff")) == 0
    pluto.addconn("--autoall")
    assert main(command(pluto, "--diff")) == 0
    pluto.addconn("private")
    capsys.readouterr()
    assert main(command(pluto, "--diff", "--json")) == 1
    (different,) = json.loads(capsys.readouterr().out)["different"]
    assert [one["setting"] for one in different["details"]] == ["auto"]
    assert main(command(pluto, "--sync")) == 0
    assert caught(pluto)


def test_add_has_pluto_make_the_connections_of_the_networks(pluto: Pluto) -> None:
    """They are there, and not yet routed; --route does that."""
    assert main(command(pluto, "--add", "private")) == 0
    assert f'"private#{NET}"' in pluto.whack("--status").stdout
    assert main(command(pluto, "--route", "private")) == 0
    assert caught(pluto)


def test_of_several_names_a_group_is_routed_when_its_networks_are(
    pluto: Pluto, capsys: pytest.CaptureFixture[str]
) -> None:
    """addconn alone makes nothing of its networks, nor does --route to pluto."""
    other = f"conn other\n\tleft={WEST}\n\tright=192.1.2.23\n\tauthby=secret\n"
    pluto.conf.write_text(GROUP + other)
    pluto.addconn("private", "other")
    assert main(command(pluto, "--route", "private", "other")) == 0
    assert caught(pluto)
    assert main(command(pluto, "--ondemand", "other", "private")) == 0
    assert caught(pluto)
    assert "2 of 2 routed" in capsys.readouterr().out


def test_a_group_without_networks_is_not_said_to_catch_any(
    pluto: Pluto, capsys: pytest.CaptureFixture[str]
) -> None:
    """An empty policy file."""
    (pluto.folder / "ipsec.d" / "policies" / "private").write_text("")
    assert main(command(pluto, "--ondemand", "private")) == 0
    assert "has no networks" in capsys.readouterr().out


async def test_the_supervisor_takes_a_group_for_routed_only_where_it_is(pluto: Pluto) -> None:
    """By the state, and its own act."""
    link = PlutoLink(str(pluto.socket), config=str(pluto.conf), groups=lambda: ("private",))
    await link.find()
    await trio.to_thread.run_sync(pluto.addconn, "private")
    look = await link.look(states=True, everything=True)
    assert look.present is not None
    assert look.present["private"] is False
    done = await link.act(Act.ROUTE, "private", 20, lambda: None)
    assert done.cause is None, done
    look = await link.look(states=True, everything=True)
    assert look.present is not None
    assert look.present["private"] is True
    assert caught(pluto)
