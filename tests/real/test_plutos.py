"""The helpers of this folder do what the other tests build on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.real.plutos import EAST, connection, delayed_gateways, gateway, probe, silent_peer

if TYPE_CHECKING:
    from tests.real.plutos import Pluto


def test_a_pluto_answers_and_orients_its_connections(pluto: Pluto) -> None:
    pluto.load(connection("a"), connection("b", leftid="@other"))
    status = pluto.whack("--status").stdout
    assert "loaded 2, active 0" in status
    assert "unoriented" not in status
    assert b"pluto_version=4." in probe(pluto.socket)


def test_it_can_be_stopped_killed_and_restarted(pluto: Pluto) -> None:
    pluto.stop()
    assert probe(pluto.socket, timeout=0.2) == b""
    pluto.cont()
    assert probe(pluto.socket)
    first = pluto.pid
    pluto.kill()
    assert not pluto.alive()
    assert pluto.socket.exists()
    pluto.restart()
    assert pluto.pid != first
    assert pluto.shut_down() == 0


def test_without_listen_it_initiates_nothing() -> None:
    with gateway(listen=False, files=40) as pluto:
        pluto.load(connection("a"))
        done = pluto.whack("--name", "a", "--initiate", "--asynchronous")
        assert "need --listen before --initiate" in done.stdout
        with open(f"/proc/{pluto.pid}/limits") as limits:
            assert "Max open files            40 " in limits.read()
        pluto.listen()
        pluto.whack("--name", "a", "--initiate", "--asynchronous")
        pluto.wait_for("sent IKE_SA_INIT request")


def test_what_auto_asks_for_is_loaded_once_it_is_started(pluto: Pluto) -> None:
    pluto.conf.write_text("config setup\n\n" + connection("wanted", auto="add"))
    pluto.restart()
    assert "loaded 1, active 0" in pluto.whack("--status").stdout


def test_two_gateways_negotiate_an_ike_sa(two_gateways: tuple[Pluto, Pluto]) -> None:
    west, east = two_gateways
    west.load(connection("a"))
    east.load(connection("a"))
    west.whack("--name", "a", "--initiate", "--asynchronous")
    east.wait_for("responder established IKE SA")


def test_a_silent_peer_leaves_the_initiator_waiting(pluto: Pluto) -> None:
    silent_peer(pluto.namespace, EAST)
    pluto.load(connection("a"))
    pluto.whack("--name", "a", "--initiate", "--asynchronous")
    pluto.wait_for("retransmission; will wait 0.5 seconds")


def test_a_wire_can_be_cut_and_slowed_down() -> None:
    with delayed_gateways() as (west, east, wire):
        west.load(connection("a"))
        east.load(connection("a"))
        wire.drop = True
        west.whack("--name", "a", "--initiate", "--asynchronous")
        west.wait_for("retransmission; will wait 0.5 seconds")
        assert "established IKE SA" not in west.text()
        wire.drop = False
        wire.delay = 0.2
        begun = time.monotonic()
        east.wait_for("responder established IKE SA")
        assert time.monotonic() - begun > 2 * wire.delay
        assert wire.carried >= 3
