"""The status model on this machine's own pluto, with connections of many sorts loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autod.protocol.replies import ReplyCodes, ReplyDecoder
from autod.status import ConnectionState, Selector, SelectorPair, State, established, parse
from tests.real.plutos import EAST, WEST, connection, probe, silent_peer, wait_until

if TYPE_CHECKING:
    from tests.real.plutos import Pluto


CODES = ReplyCodes(secret_prompt=40, user_prompt=41, errors=frozenset(), names={})


def full(pluto: Pluto) -> State:
    decoder = ReplyDecoder(CODES)
    found = parse([*decoder.feed(probe(pluto.socket)), *decoder.close()])
    assert found.unparsed.count == 0, found.unparsed.lines
    return found


def asked(pluto: Pluto, *arguments: str) -> State:
    """What whack prints: up to 4.15 it leaves the codes in, from 5.0 on out; the parser needs none."""
    decoder = ReplyDecoder(CODES)
    found = parse(decoder.feed(pluto.whack(*arguments).stdout.encode()))
    assert found.unparsed.count == 0, found.unparsed.lines
    return found


def named(state: State, name: str) -> ConnectionState:
    (found,) = (one for one in state.connections if one.name == name)
    return found


def test_connections_of_every_sort(pluto: Pluto) -> None:
    setup = "\tikev1-policy=accept\n\tvirtual-private=%v4:10.0.0.0/8"
    pluto.conf.write_text(f"config setup\n{setup}\n")
    pluto.restart()
    pluto.load(
        connection("plain"),
        connection("nets", leftsubnet="10.1.0.0/16", rightsubnet="10.2.0.0/16", rekey="no", mobike="yes"),
        connection("many", leftsubnets="{10.3.1.0/24 10.3.2.0/24}", rightsubnet="10.4.0.0/16"),
        connection("lost", left="10.99.99.1", leftnexthop="10.99.99.254"),
        connection("road", ikev2="no", right="%any", rightid="", rightsubnet="vhost:%priv,%no"),
        connection("any", right="%any", rightid="%any", auto="add"),
        connection("named", connalias='"first second"'),
        connection("port", leftprotoport="tcp/80", rightprotoport="udp", type="transport", phase2="esp"),
        connection("ah", phase2="ah", phase2alg="sha2_256"),
        connection("v1", ikev2="no", aggressive="no", dpddelay="30", dpdtimeout="120", dpdaction="clear"),
        connection(
            "xauth",
            ikev2="no",
            right="%any",
            rightid="",
            leftxauthserver="yes",
            rightxauthclient="yes",
            xauthby="alwaysok",
            leftmodecfgserver="yes",
            rightmodecfgclient="yes",
            rightaddresspool="10.9.0.10-10.9.0.20",
        ),
        connection("six", left="2001:db8:1:2::45", right="2001:db8:1:2::23", leftid="", rightid=""),
        connection("dn", leftid='"C=DE, O=Acme...---===, CN=west"', rightid="east@example.net"),
        connection("far", right="198.51.100.1", leftnexthop="192.1.2.254", leftsourceip=WEST),
        connection(
            "pass",
            right="0.0.0.0",
            rightid="",
            rightsubnet="10.50.0.0/16",
            type="passthrough",
            authby="never",
        ),
        setup=setup,
    )
    state = full(pluto)
    plain = named(state, "plain")
    assert (plain.kind, plain.oriented, plain.routing, plain.up) == ("permanent", True, "unrouted", False)
    assert (plain.local.id, plain.remote.id, plain.ike_version) == ("@west", "@east", 2)
    assert plain.selectors == (SelectorPair(Selector(WEST), Selector(EAST)),)

    nets = named(state, "nets")
    assert nets.selectors == (SelectorPair(Selector("10.1.0.0/16"), Selector("10.2.0.0/16")),)
    assert (nets.rekey, nets.mobike, nets.mode, nets.protocol) == (False, True, "tunnel", "ESP")

    parts = [one for one in state.connections if one.name.startswith("many/")]
    assert {one.selectors[0].local for one in parts} == {Selector("10.3.1.0/24"), Selector("10.3.2.0/24")}
    assert all(one.aliases == ("many",) for one in parts)

    lost = named(state, "lost")
    assert (lost.oriented, lost.interface) == (False, None)
    assert (lost.local.address, lost.local.nexthop) == ("10.99.99.1", "10.99.99.254")

    assert named(state, "road").kind == named(state, "any").kind == named(state, "xauth").kind == "template"
    assert named(state, "any").remote.host == "%any"
    assert set(named(state, "named").aliases) == {"first", "second"}

    port = named(state, "port")
    assert port.mode == "transport"
    assert port.selectors == (
        SelectorPair(Selector(f"{WEST}/32", "TCP", "80"), Selector(f"{EAST}/32", "UDP", "0-65535")),
    )
    assert named(state, "ah").protocol == "AH"

    v1 = named(state, "v1")
    assert (v1.ike_version, v1.dpd_delay, v1.dpd_timeout, v1.dpd_action) == (1, 30, 120, "clear")

    xauth = named(state, "xauth")
    assert (xauth.local.xauth, xauth.remote.xauth) == ("server", "client")
    assert (xauth.local.modecfg, xauth.remote.modecfg) == ("server", "client")

    (pool,) = asked(pluto, "--addresspoolstatus").address_pools
    assert (pool.range, pool.addresses, pool.in_use) == ("10.9.0.10-10.9.0.20", 11, 0)

    dn = named(state, "dn")
    assert dn.local.id == r"C=DE, O=Acme...---\=\=\=, CN=west"
    assert (dn.local.address, dn.remote.id) == (WEST, "east@example.net")
    assert dn.selectors == plain.selectors

    far = named(state, "far")
    assert (far.local.nexthop, far.local.sourceip, far.remote.address) == (
        "192.1.2.254",
        WEST,
        "198.51.100.1",
    )

    assert state.totals.loaded == len(state.connections)
    assert state.established == frozenset()
    assert state.release is not None
    assert len({one.serial for one in state.connections}) == len(state.connections)


def test_a_connection_on_demand_and_one_that_waits_for_its_peer(pluto: Pluto) -> None:
    silent_peer(pluto.namespace, EAST)
    pluto.load(connection("demand", rightsubnet="10.2.0.0/16"), connection("slow", rightid="@slow"))
    pluto.whack("--name", "demand", "--route")
    pluto.whack("--name", "slow", "--initiate", "--asynchronous")
    wait_until(
        lambda: any(sa.retransmit_in is not None for sa in full(pluto).ike_sas),
        what="the request's retransmission timer",
    )
    state = full(pluto)
    assert named(state, "demand").routing == "ondemand"
    (ike,) = state.ike_sas
    assert (ike.connection, ike.phase, ike.peer_address, ike.peer_id) == ("slow", "half_open", EAST, "@slow")
    assert [one.ike_sa for one in state.pending] == [ike.serial]
    assert state.totals.ike_half_open == 1
    states = asked(pluto, "--showstates")
    assert [(sa.serial, sa.phase) for sa in states.ike_sas] == [(ike.serial, "half_open")]
    assert asked(pluto, "--briefstatus").totals.ike_half_open == 1


def test_an_ike_sa_between_two_plutos(two_gateways: tuple[Pluto, Pluto]) -> None:
    west, east = two_gateways
    for one in two_gateways:
        one.load(connection("a"))
    west.whack("--name", "a", "--initiate", "--asynchronous")
    east.wait_for("responder established IKE SA")
    wait_until(
        lambda: any(sa.phase == "established" for sa in full(west).ike_sas),
        what="the IKE SA in west's status",
    )
    (ike,) = (sa for sa in full(west).ike_sas if sa.phase == "established")
    assert (ike.connection, ike.peer_id, ike.peer_address, ike.newest) == ("a", "@east", EAST, True)
    assert ike.age is not None
    assert ike.age < 120
    assert named(full(west), "a").established_ike_sa == ike.serial


def test_a_responders_instance_of_a_template(two_gateways: tuple[Pluto, Pluto]) -> None:
    west, east = two_gateways
    west.load(connection("a"))
    east.load(connection("road", left=EAST, leftid="@east", right="%any", rightid="@west"))
    west.whack("--name", "a", "--initiate", "--asynchronous")
    east.wait_for("responder established IKE SA")
    state = full(east)
    template, instance = (one for one in state.connections if one.name == "road")
    assert (template.kind, template.instance, template.remote.host) == ("template", None, "%any")
    assert (instance.kind, instance.instance, instance.remote.address) == ("instance", "1", WEST)
    assert instance.template_serial == template.serial
    (ike,) = state.ike_sas
    assert (ike.connection, ike.instance, ike.peer_address) == ("road", "1", WEST)


def test_five_hundred_connections(pluto: Pluto) -> None:
    pluto.load(*(connection(f"c{number}", rightid=f"@e{number}") for number in range(500)))
    state = full(pluto)
    assert {one.name for one in state.connections} == {f"c{number}" for number in range(500)}
    assert {one.remote.id for one in state.connections} == {f"@e{number}" for number in range(500)}
    assert state.totals.loaded == 500
    traffic = pluto.whack("--trafficstatus")
    assert established(ReplyDecoder(CODES).feed(traffic.stdout.encode())) == frozenset()
