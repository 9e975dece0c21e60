"""Shapes of SA lines that the recorded releases do not show: instances, users, leases, AH, rekeying."""

from __future__ import annotations

import pytest

from autod.protocol.replies import Reply
from autod.status import ChildSa, IkeSa, Pending, parse
from autod.status.sas import octets


def child(*lines: str) -> ChildSa:
    found = parse(Reply(6, line) for line in lines)
    assert found.unparsed.count == 0, found.unparsed.lines
    (sa,) = found.child_sas
    return sa


def ike(*lines: str) -> IkeSa:
    found = parse(Reply(0, line) for line in lines)
    assert found.unparsed.count == 0, found.unparsed.lines
    (sa,) = found.ike_sas
    return sa


def test_traffic_of_an_instance_with_a_user_and_a_lease() -> None:
    found = child(
        '#12: "road"[3] 198.51.100.7, username=bob, type=ESP, add_time=1700000000, inBytes=12345, outBytes=678, '
        "maxBytes=2^63B, lease=10.9.0.2/32"
    )
    assert (found.connection, found.instance, found.peer_address) == ("road", "3", "198.51.100.7")
    assert (found.username, found.lease, found.peer_id) == ("bob", "10.9.0.2/32", None)
    assert (found.bytes_in, found.bytes_out, found.bytes_max) == (12345, 678, None)


def test_traffic_with_a_quoted_id_a_limit_and_an_offload() -> None:
    found = child(
        '#3: "t", type=AH(nic-offload=packet), add_time=1700000000, inBytes=1, outBytes=2, maxBytes=10MiB, '
        "id='CN=it's, O=a, lease=x', lease=10.9.0.2/32,2001:db8::2/128"
    )
    assert (found.protocol, found.bytes_max) == ("AH", 10 * 1024 * 1024)
    assert found.peer_id == "CN=it's, O=a, lease=x"
    assert found.lease == "10.9.0.2/32,2001:db8::2/128"


def test_counters_that_the_kernel_does_not_give_are_unknown() -> None:
    found = child("#3: \"t\", type=ESP, add_time=1700000000, id='@east'")
    assert (found.bytes_in, found.bytes_out) == (None, None)


@pytest.mark.parametrize(
    "peer",
    [
        "198.51.100.7:4500",
        "2001:db8::7:4500",
        "198.51.100.7:4500(tcp)",
        "10.1.0.0/16=== ...198.51.100.7:4500",
    ],
)
def test_the_ike_sa_of_an_instance(peer: str) -> None:
    found = ike(
        f'#8: "road"[3] {peer} STATE_V2_ESTABLISHED_IKE_SA (established IKE SA); REKEY in 10s; REPLACE in -2s; '
        "newest; crypto_calculating;"
    )
    assert (found.connection, found.instance, found.peer_port) == ("road", "3", 4500)
    assert found.peer_address == peer.removesuffix("(tcp)").removesuffix(":4500")
    assert (found.tcp, found.idle) == ("(tcp)" in peer, False)
    assert (found.rekey_in, found.replace_in) == (10, -2)


def test_how_long_ago_the_peer_was_heard() -> None:
    line = '#8: "v1":500 STATE_MAIN_I4 (ISAKMP SA established); lastdpd={}s(seq in:1 out:2); idle;'
    assert ike(line.format(7)).heard == 7
    assert ike(line.format(-1)).heard is None


def test_the_sas_of_a_child_with_ah_and_esp_in_transport_mode() -> None:
    found = child(
        '#9: "b":500 STATE_QUICK_R2 (IPsec SA established); EVENT_SA_REPLACE in 9s; newest IPSEC; isakmp#8; idle;',
        '#9: "b" used 5s ago; ah.11@192.0.2.2 ah.22@192.0.2.1 esp.33@192.0.2.2 esp.44@192.0.2.1 '
        "Traffic: AHin=3KB AHout=4MB AHmax=2^63B ESPin=3KB ESPout=4MB ESPmax=2^63B ",
    )
    assert (found.protocol, found.spi_out, found.spi_in) == ("ESP", "33", "44")
    assert (found.mode, found.used, found.peer_address) == ("transport", 5, "192.0.2.2")
    assert (found.bytes_in, found.bytes_out, found.bytes_kind) == (3072, 4 * 1024 * 1024, "rounded")
    assert (found.ike_sa, found.routed, found.newest) == (8, False, True)


def test_a_details_line_names_an_instance_and_its_user() -> None:
    found = child(
        '#9: "road"[3] 198.51.100.7 esp.33@198.51.100.7 esp.44@192.0.2.1 tun.0@198.51.100.7 tun.0@192.0.2.1 '
        "Traffic: ESPin=0B ESPout=0B! ESPmax=0B  username=bob"
    )
    assert (found.connection, found.instance, found.username) == ("road", "3", "bob")
    assert (found.mode, found.peer_address) == ("tunnel", "198.51.100.7")


def test_exact_counters_are_not_overwritten_by_rounded_ones() -> None:
    exact = "#9: \"a\", type=ESP, add_time=1700000000, inBytes=1500, outBytes=2500, id='@b'"
    rounded = '#9: "a" esp.33@192.0.2.2 esp.44@192.0.2.1 Traffic: ESPin=1KB ESPout=2KB ESPmax=2^63B '
    for lines in ((exact, rounded), (rounded, exact)):
        found = child(*lines)
        assert (found.bytes_in, found.bytes_out, found.bytes_kind, found.spi_in) == (
            1500,
            2500,
            "exact",
            "44",
        )


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('#18: pending CHILD SA for "a"', Pending(18)),
        ('#18: pending Phase 2 for "a" replacing #4', Pending(18, replaces=4)),
        ('#18: pending Child SA for "b"', Pending(18, "b")),
        ('#18: pending IPsec SA for "b"[2] 198.51.100.7 replacing #4', Pending(18, "b", "2", 4)),
    ],
)
def test_children_that_wait(line: str, expected: Pending) -> None:
    assert parse([Reply(0, line)]).pending == (expected,)


def test_a_3_x_names_who_waits() -> None:
    found = parse([Reply(0, "pluto_version=3.32, x=y"), Reply(0, '#18: pending CHILD SA for "a"')])
    assert found.pending == (Pending(18, "a"),)


def test_the_child_of_an_ike_auth_on_3_x_has_its_parents_state() -> None:
    line = '#{}: "a":500 STATE_PARENT_I2 (sent v2I2, expected v2R2); EVENT_v2_RETRANSMIT in 0s; idle;'
    found = parse([Reply(0, line.format(7)), Reply(0, line.format(8))])
    assert [(sa.serial, sa.phase) for sa in found.ike_sas] == [(7, "authenticating")]
    assert [(sa.serial, sa.phase, sa.ike_sa) for sa in found.child_sas] == [(8, "negotiating", 7)]


def test_an_unknown_state_with_a_parent_is_a_child() -> None:
    found = child('#9: "a":500 STATE_NEW_THING (all is well); REKEY in 3s; IKE SA #8; idle;')
    assert (found.phase, found.ike_sa, found.text) == ("unknown", 8, "STATE_NEW_THING (all is well)")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0B", 0),
        ("4194303B", 4194303),
        ("10MiB", 10 << 20),
        ("2^63B", 1 << 63),
        ("2^63", 1 << 63),
        ("many", None),
    ],
)
def test_sizes(text: str, number: int | None) -> None:
    assert octets(text) == number
