"""Shapes of connection lines that the recorded releases do not show: ids, ports, next hops, IPv6, instances."""

from __future__ import annotations

import pytest

from autod.protocol.replies import Reply
from autod.protocol.states import state_word
from autod.status import ConnectionState, Selector, SelectorPair, parse
from autod.status.ends import selector


def only(*lines: str) -> ConnectionState:
    found = parse(Reply(0, line) for line in lines)
    assert found.unparsed.count == 0, found.unparsed.lines
    (connection,) = found.connections
    return connection


def test_a_host_to_host_connection_selects_its_addresses() -> None:
    found = only('"h": 192.0.2.1...192.0.2.2; unrouted; eroute owner: #0')
    assert found.selectors == (SelectorPair(Selector("192.0.2.1"), Selector("192.0.2.2")),)
    assert (found.local.address, found.remote.address) == ("192.0.2.1", "192.0.2.2")


def test_next_hops_of_both_sides() -> None:
    found = only(
        '"h": 192.0.2.1[@a]---192.0.2.254...198.51.100.254---198.51.100.1[@b]; unrouted; eroute owner: #0'
    )
    assert (found.local.nexthop, found.remote.nexthop) == ("192.0.2.254", "198.51.100.254")
    assert (found.local.address, found.remote.address) == ("192.0.2.1", "198.51.100.1")


def test_certificate_names_with_dots_bars_and_commas() -> None:
    found = only(
        '"h": 10.0.0.0/8===192.0.2.1[C=DE, O=Acme...===, CN=a---b,+S=C]...192.0.2.2[CN=b]===10.2.0.0/16; '
        "erouted; eroute owner: #5",
        '"h":   our idtype: ID_DER_ASN1_DN; our id=C=DE, O=Acme; x, CN=a; their idtype: ID_IPV4_ADDR; '
        "their id=192.0.2.2",
    )
    assert found.selectors == (SelectorPair(Selector("10.0.0.0/8"), Selector("10.2.0.0/16")),)
    assert (found.local.id_type, found.local.id) == ("DER_ASN1_DN", "C=DE, O=Acme; x, CN=a")
    assert (found.remote.id_type, found.remote.id) == ("IPV4_ADDR", "192.0.2.2")
    assert (found.local.address, found.remote.address) == ("192.0.2.1", "192.0.2.2")
    assert (found.routing, found.routing_owner) == ("tunnel", 5)


def test_ipv6_ends_with_and_without_a_port() -> None:
    found = only(
        '"h": 2001:db8:1::/64===2001:db8::1...[2001:db8::2]:4500[@b]===2001:db8:2::/64; unrouted; '
        "my_ip=2001:db8:1::1; their_ip=unset;"
    )
    assert (found.local.address, found.local.port, found.local.sourceip) == (
        "2001:db8::1",
        None,
        "2001:db8:1::1",
    )
    assert (found.remote.address, found.remote.port, found.remote.sourceip) == ("2001:db8::2", 4500, None)
    assert found.selectors == (SelectorPair(Selector("2001:db8:1::/64"), Selector("2001:db8:2::/64")),)


@pytest.mark.parametrize(
    ("end", "address", "host", "port"),
    [
        ("192.0.2.2", "192.0.2.2", None, None),
        ("192.0.2.2<192.0.2.2>", "192.0.2.2", None, None),
        ("192.0.2.2<east.example>", "192.0.2.2", "east.example", None),
        ("192.0.2.2:4500<east.example>[@b]", "192.0.2.2", "east.example", 4500),
        ("192.0.2.2<east.example>:4500[@b]", "192.0.2.2", "east.example", 4500),
        ("%dns<east.example>[@b]", None, "east.example", None),
        ("%any", None, "%any", None),
        ("%any:4500", None, "%any", 4500),
        ("<address>[@b]", None, "<address>", None),
    ],
)
def test_ways_to_write_a_host(end: str, address: str | None, host: str | None, port: int | None) -> None:
    found = only(f'"h": 192.0.2.1...{end}; unrouted; eroute owner: #0').remote
    assert (found.address, found.host, found.port) == (address, host, port)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.0.0.0/8", Selector("10.0.0.0/8")),
        ("10.0.0.0/8:TCP/80", Selector("10.0.0.0/8", "TCP", "80")),
        ("10.0.0.0/8:UDP/0-65535", Selector("10.0.0.0/8", "UDP", "0-65535")),
        ("10.0.0.0/8/TCP/80", Selector("10.0.0.0/8", "TCP", "80")),
        ("10.0.0.0/8/ICMP", Selector("10.0.0.0/8", "ICMP")),
        ("2001:db8::/32/UDP/53", Selector("2001:db8::/32", "UDP", "53")),
        ("10.0.0.1-10.0.0.9", Selector("10.0.0.1-10.0.0.9")),
        ("{10.9.0.0/16}", Selector("10.9.0.0/16")),
        ("vnet:?", Selector("vnet:?")),
        ("", None),
    ],
)
def test_ways_to_write_a_selector(text: str, expected: Selector | None) -> None:
    assert selector(text) == expected


def test_protocol_and_port_of_3_x_belong_to_the_selector() -> None:
    found = only('"l": 192.0.2.1<192.0.2.1>[@a]:17/1701...%any[@b]:17/%any; unrouted; eroute owner: #0')
    assert found.selectors == (SelectorPair(Selector("192.0.2.1", "17", "1701"), None),)
    assert found.remote.host == "%any"


def test_several_selectors_of_one_connection() -> None:
    found = only(
        '"s": 10.1.0.0/16===192.0.2.1...192.0.2.2===10.2.0.0/16; unrouted; my_ip=unset; their_ip=unset;',
        '"s": 10.1.0.0/16===192.0.2.1...192.0.2.2===10.3.0.0/16; unrouted; my_ip=unset; their_ip=unset;',
    )
    assert [pair.remote.net for pair in found.selectors if pair.remote] == ["10.2.0.0/16", "10.3.0.0/16"]


@pytest.mark.parametrize("suffix", ["", " 198.51.100.7", " 2001:db8::7"])
def test_an_instance_and_its_template(suffix: str) -> None:
    found = parse(
        Reply(0, line)
        for line in (
            '"road": 192.0.2.1...%any; unrouted; eroute owner: #0',
            f'"road"[3]{suffix}: 192.0.2.1...198.51.100.7; erouted; eroute owner: #9',
            f'"road"[3]{suffix}:   newest IKE SA: #8; newest IPsec SA: #9; conn serial: $7, instantiated from: $2;',
        )
    )
    template, instance = found.connections
    assert (template.label, template.kind, template.up) == ("road", "template", False)
    assert (instance.label, instance.kind, instance.up) == ("road[3]", "instance", True)
    assert (instance.serial, instance.template_serial, instance.established_child_sa) == (7, 2, 9)
    assert found.established == {"road"}
    assert found.unparsed.count == 0


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ('"g": 192.0.2.1...%group; unrouted; eroute owner: #0', "group"),
        ('"g": 192.0.2.1---192.0.2.254...%opportunisticgroup; unrouted; eroute owner: #0', "group"),
        ('"g#0.0.0.0/0": 192.0.2.1...%opportunistic; unrouted; eroute owner: #0', "template"),
        ('"g": 192.0.2.1...%virtual===vnet:?; unrouted; eroute owner: #0', "template"),
        ('"g": 192.0.2.1...192.0.2.2; unrouted; eroute owner: #0', "permanent"),
    ],
)
def test_kinds_of_connections(line: str, kind: str) -> None:
    assert only(line).kind == kind


def test_an_xauth_server_with_its_user() -> None:
    found = only(
        '"x":   xauth us:server, xauth them:client, xauthby:file; my_username=[any]; their_username=bob',
        '"x":   our auth:rsasig(RSASIG+RSASIG_v1_5), their auth:eaponly, our autheap:none, their autheap:tls;',
        '"x":   modecfg info: us:server, them:client, modecfg policy:push, dns:192.0.2.53, domains:unset, cat:unset;',
    )
    assert (found.local.xauth, found.local.username, found.local.modecfg) == ("server", None, "server")
    assert (found.remote.xauth, found.remote.username, found.remote.modecfg) == ("client", "bob", "client")
    assert (found.local.auth, found.remote.auth, found.remote.eap) == (
        "rsasig(RSASIG+RSASIG_v1_5)",
        "eaponly",
        "tls",
    )


@pytest.mark.parametrize(
    ("line", "delay", "timeout", "action"),
    [
        (
            '"d":   dpd: action:restart; delay:30; timeout:120; nat-t: encaps:auto; nat_keepalive:yes',
            30,
            120,
            "restart",
        ),
        ('"d":   dpd: active; action:clear; delay:30s; timeout:120s', 30, 120, "clear"),
        ('"d":   dpd: active; delay:30s; timeout:120s', 30, 120, None),
        ('"d":   liveness: active; dpdaction:hold; dpddelay:30s; retransmit-timeout:60s', 30, None, "hold"),
        ('"d":   liveness: active; dpddelay:30s; retransmit-timeout:60s', 30, None, None),
    ],
)
def test_dead_peer_detection(line: str, delay: int, timeout: int | None, action: str | None) -> None:
    found = only(line)
    assert (found.dpd_delay, found.dpd_timeout, found.dpd_action) == (delay, timeout, action)


@pytest.mark.parametrize(
    ("policy", "version", "protocol", "mode", "rekey"),
    [
        ("PSK+ENCRYPT+TUNNEL+PFS+IKEV1_ALLOW", 1, "ESP", "tunnel", True),
        ("RSASIG+ENCRYPT+PFS+DONT_REKEY+IKEV2_ALLOW", 2, "ESP", "transport", False),
        ("IKEv1+PSK+AUTHENTICATE+TUNNEL+UP", 1, "AH", "tunnel", True),
        ("IKEv2+ECDSA+RSASIG+RSASIG_v1_5+ENCRYPT+TRANSPORT", 2, "ESP", "transport", True),
        ("AUTH_NEVER+PASS", None, None, None, True),
    ],
)
def test_policies(policy: str, version: int | None, protocol: str, mode: str, rekey: bool) -> None:
    found = only(f'"p":   policy: {policy};')
    assert (found.ike_version, found.protocol, found.mode, found.rekey) == (version, protocol, mode, rekey)
    assert found.policy == tuple(policy.split("+"))


def test_the_words_of_the_routing_line_of_5_x() -> None:
    found = only(
        '"r":   host: oriented; local: 192.0.2.1; nexthop: 192.0.2.254; remote: 192.0.2.2; negotiating IKE SA: #5;',
        '"r":   routing: routed-negotiation; owner: IKE SA #5; negotiating IKE SA: #5; negotiating Child SA: #6;',
    )
    assert (found.oriented, found.local.nexthop, found.routing) == (True, "192.0.2.254", "negotiating")
    assert (found.negotiating_ike_sa, found.negotiating_child_sa, found.routing_owner) == (5, 6, 5)
    assert (found.established_ike_sa, found.up) == (None, False)


def test_a_shunt_connection_never_negotiates() -> None:
    found = only(
        '"pass": 192.0.2.1...%any===10.0.0.0/8; prospective erouted; eroute owner: #0',
        '"pass":   policy: AUTH_NEVER+TUNNEL+PASS;',
    )
    assert found.routing == "never_negotiate"


def test_certificates_and_labels() -> None:
    found = only(
        '"c":     oriented; my_ip=unset; their_ip=10.3.0.1; mycert=west; peercert=east; my_updown=ipsec _updown;',
        '"c":   sec_label:system_u:object_r:ipsec_spd_t:s0',
        "\"c\":   CAs: '%any'...'%any'",
    )
    assert (found.oriented, found.local.certificate, found.remote.certificate) == (True, "west", "east")
    assert (found.remote.sourceip, found.security_label) == ("10.3.0.1", "system_u:object_r:ipsec_spd_t:s0")


@pytest.mark.parametrize(
    ("text", "sa", "phase"),
    [
        ("STATE_PARENT_I1 (sent v2I1, expected v2R1)", "ike", "half_open"),
        ("STATE_V2_PARENT_I1 (sent IKE_SA_INIT request)", "ike", "half_open"),
        ("IKE_SA_INIT_I (sent IKE_SA_INIT request)", "ike", "half_open"),
        ("sent IKE_SA_INIT request", "ike", "half_open"),
        ("STATE_V2_PARENT_I2 (sent IKE_AUTH request)", "ike", "authenticating"),
        ("sent IKE_AUTH request", "ike", "authenticating"),
        ("STATE_XAUTH_I1 (XAUTH client - possibly awaiting CFG_set)", "ike", "authenticating"),
        ("XAUTH responder - optional CFG exchange", "ike", "authenticating"),
        ("STATE_PARENT_R2 (received v2I2, PARENT SA established)", "ike", "established"),
        ("ISAKMP SA established", "ike", "established"),
        ("sent ModeCfg request", "ike", "established"),
        ("sent CREATE_CHILD_SA request to rekey IKE SA", "ike", "rekeying"),
        ("STATE_V2_REKEY_IKE_I0", "ike", "rekeying"),
        ("STATE_V2_CREATE_I (sent IPsec Child req wait response)", "child", "negotiating"),
        ("sent CREATE_CHILD_SA request for new IPsec SA", "child", "negotiating"),
        ("STATE_V2_NEW_CHILD_I0", "child", "negotiating"),
        ("sent Quick Mode reply, inbound IPsec SA installed, expecting confirmation", "child", "negotiating"),
        ("STATE_QUICK_I2 (sent QI2, IPsec SA established)", "child", "established"),
        ("IPsec SA established", "child", "established"),
        ("STATE_V2_IPSEC_R (IPsec SA established)", "child", "established"),
        ("ZOMBIE (deleted state)", "ike", "deleting"),
        ("STATE_CHILDSA_DEL (STATE_CHILDSA_DEL)", "child", "deleting"),
    ],
)
def test_words_for_states(text: str, sa: str, phase: str) -> None:
    assert state_word(text) == (sa, phase)


def test_words_that_no_release_has_used_are_no_state() -> None:
    assert state_word("STATE_WONDERFUL (all is well)") is None
