"""The same situation gives the same facts on all nine releases that were recorded."""

from __future__ import annotations

from collections import Counter

import pytest

from autod.status import ConnectionState, Selector, SelectorPair, State, established, parse
from tests.helpers.transcripts import RELEASES, Case, cases

STATUS_FILES = (
    "status",
    "connectionstatus",
    "briefconnectionstatus",
    "trafficstatus",
    "showstates",
    "briefstatus",
    "shuntstatus",
    "fipsstatus",
    "processstatus",
    "addresspoolstatus",
)
FROM_5_0 = ("5.0", "5.2", "5.3.2", "5.4")
WITH_STATES = tuple(release for release in RELEASES if release not in ("3.27", "3.32"))
WITH_UNROUTE = tuple(release for release in RELEASES if release not in ("4.10", "4.15", "5.2"))
LIFECYCLE = tuple(release for release in RELEASES if release not in ("4.10", "5.2"))


def case(release: str, file: str, title: str) -> Case:
    found = [one for one in cases(release, file) if title in one.title]
    assert found, f"{release} has no {title!r} in {file}"
    return found[0]


def state(release: str, file: str, title: str) -> State:
    return parse(line.reply for line in case(release, file, title).lines)


def connection(of: State, name: str) -> ConnectionState:
    (found,) = (one for one in of.connections if one.name == name)
    return found


@pytest.mark.parametrize("release", RELEASES)
def test_every_line_of_every_status_reply_is_known(release: str) -> None:
    for file in STATUS_FILES:
        for one in cases(release, file):
            unparsed = parse(line.reply for line in one.lines).unparsed
            assert unparsed.count == 0, (one.title, unparsed.lines)


@pytest.mark.parametrize("release", RELEASES)
def test_a_pluto_without_connections(release: str) -> None:
    empty = state(release, "status", "state: no connections")
    assert empty.release == release
    assert (empty.connections, empty.ike_sas, empty.child_sas) == ((), (), ())
    assert (empty.totals.loaded, empty.totals.active, empty.totals.ike_sas, empty.totals.child_sas) == (
        0,
        0,
        0,
        0,
    )
    assert (empty.totals.cookies_required, empty.totals.accepting) == (False, True)
    assert empty.setup["uniqueids"] == "yes"
    assert empty.setup["kernel interface"] in ("xfrm", "netkey")
    assert any("192.1.2.45" in interface for interface in empty.interfaces)


@pytest.mark.parametrize("release", RELEASES)
def test_a_loaded_connection(release: str) -> None:
    loaded = connection(state(release, "status", "state: loaded, nothing routed"), "t01")
    assert (loaded.kind, loaded.oriented, loaded.routing, loaded.up) == ("permanent", True, "unrouted", False)
    assert (loaded.local.address, loaded.local.id, loaded.local.auth) == ("192.1.2.45", "@west", "secret")
    assert (loaded.remote.address, loaded.remote.id, loaded.remote.auth) == ("192.1.2.23", "@east", "secret")
    assert loaded.local.id_type == loaded.remote.id_type == "FQDN"
    assert loaded.selectors == (SelectorPair(Selector("10.1.1.1/32"), Selector("10.2.1.1/32")),)
    assert (loaded.ike_version, loaded.protocol, loaded.mode, loaded.authby) == (2, "ESP", "tunnel", ("PSK",))
    assert (loaded.pfs, loaded.rekey, loaded.keep_up, loaded.aggressive) == (True, True, False, False)
    assert (loaded.ike_lifetime, loaded.ipsec_lifetime) == (3600 if release < "4" else 28800, 28800)
    assert loaded.retransmit_timeout == (30 if release == "5.4" else 60)
    assert (loaded.dpd_delay, loaded.interface) == (0, "w0")
    assert (loaded.local.xauth, loaded.remote.modecfg, loaded.remote.username) == ("none", "none", None)
    assert (loaded.established_ike_sa, loaded.established_child_sa, loaded.routing_owner) == (
        None,
        None,
        None,
    )
    assert (loaded.serial is None) == (release < "4")
    assert (loaded.reqid is None) == (release != "5.4")


@pytest.mark.parametrize("release", RELEASES)
def test_an_unoriented_connection(release: str) -> None:
    title = "unoriented connection bad5" if release in LIFECYCLE else "state: loaded, nothing routed"
    lost = connection(state(release, "status", title), "bad5")
    assert (lost.oriented, lost.routing, lost.interface) == (False, "unrouted", None)
    assert {lost.local.address, lost.remote.address} == {"10.99.99.1", "192.1.2.23"}


@pytest.mark.parametrize("release", LIFECYCLE)
def test_a_peer_whose_name_has_no_address(release: str) -> None:
    unresolved = connection(state(release, "status", "unoriented connection bad5"), "bad8")
    assert (unresolved.remote.address, unresolved.remote.host) == (None, "no.such.host.invalid")
    assert unresolved.selectors[0].remote is None
    assert unresolved.kind == "permanent"


@pytest.mark.parametrize("release", ["3.27", "3.32", "4.3"])
def test_a_peer_that_may_be_anybody_makes_a_template(release: str) -> None:
    anybody = connection(state(release, "status", "state: loaded, nothing routed"), "bad2")
    assert (anybody.kind, anybody.remote.address, anybody.remote.host) == ("template", None, "%any")
    assert (anybody.remote.id, anybody.remote.id_type) == (None, None)


@pytest.mark.parametrize("release", RELEASES)
def test_connections_on_demand(release: str) -> None:
    routed = state(release, "status", "routed/ondemand")
    waiting = {one.name for one in routed.connections if one.routing == "ondemand"}
    assert waiting == {"t01", "t02", "xa", "xb"}
    assert connection(routed, "xa").aliases == ("ali",)
    assert routed.established == frozenset()


@pytest.mark.parametrize("release", RELEASES)
def test_established_connections(release: str) -> None:
    up = state(release, "status", "t01,t02,t03 up")
    assert up.established == {"t01", "t02", "t03"}
    assert (up.totals.active, up.totals.ike_sas, up.totals.child_sas) == (3, 1, 3)
    (ike,) = up.ike_sas
    first = connection(up, "t01")
    assert first.established_ike_sa == ike.serial
    assert (first.routing, first.up, first.keep_up) == ("tunnel", True, True)
    assert (ike.phase, ike.connection, ike.newest, ike.idle) == ("established", "t01", True, True)
    assert (ike.peer_id, ike.peer_address, ike.peer_port) == ("@east", "192.1.2.23", 500)
    children = {child.connection: child for child in up.child_sas}
    child = children["t01"]
    assert (child.serial, child.phase) == (first.established_child_sa, "established")
    assert first.routing_owner == child.serial
    assert (child.ike_sa, child.protocol, child.mode) == (ike.serial, "ESP", "tunnel")
    assert (child.newest, child.routed, child.peer_id) == (True, True, "@east")
    assert (child.bytes_in, child.bytes_out, child.bytes_kind) == (0, 0, "rounded")
    assert child.spi_in is not None
    assert child.spi_out is not None
    assert child.spi_in != child.spi_out
    assert first.ike_algorithms is not None
    assert first.ike_algorithms.startswith("AES_GCM_16_256-HMAC_SHA2_512-")
    assert first.child_algorithms in ("AES_GCM_16_256-NONE", "AES_GCM_16_256")


@pytest.mark.parametrize("release", RELEASES)
def test_a_connection_that_shares_an_ike_sa_owns_none(release: str) -> None:
    up = state(release, "status", "t01,t02,t03 up")
    assert connection(up, "t02").established_ike_sa is None
    assert {child.ike_sa for child in up.child_sas} == {up.ike_sas[0].serial}


@pytest.mark.parametrize("release", RELEASES)
def test_timers_of_established_sas(release: str) -> None:
    up = state(release, "status", "t01,t02,t03 up")
    ike = up.ike_sas[0]
    if release == "3.27":
        assert (ike.rekey_in, ike.replace_in) == (None, 2566)
    elif release in ("3.32", "4.3"):
        assert ike.rekey_in is not None
        assert ike.replace_in is None
    else:
        assert ike.rekey_in is not None
        assert ike.replace_in is not None
        assert ike.rekey_in < ike.replace_in
        assert ike.age == 28800 - ike.replace_in
    assert (ike.age is None) == (release in ("3.27", "3.32", "4.3"))


@pytest.mark.parametrize("release", RELEASES)
def test_traffic_of_established_connections(release: str) -> None:
    traffic = state(release, "trafficstatus", "t01,t02,t03 up")
    assert traffic.established == {"t01", "t02", "t03"}
    assert traffic.connections == ()
    for child in traffic.child_sas:
        assert (child.phase, child.protocol, child.peer_id) == ("established", "ESP", "@east")
        assert (child.bytes_in, child.bytes_out, child.bytes_kind) == (0, 0, "exact")
        assert child.add_time is not None
        assert child.add_time > 1_700_000_000
        assert child.bytes_max is None


@pytest.mark.parametrize("release", RELEASES)
def test_an_unknown_name_is_refused(release: str) -> None:
    refused = state(release, "trafficstatus", "--name nosuch")
    assert refused.child_sas == ()
    assert [text for text in refused.refused if '"nosuch"' in text] == list(refused.refused) != []


@pytest.mark.parametrize("release", ["3.32"])
def test_a_fresh_sa_without_a_time_has_none(release: str) -> None:
    traffic = state(release, "trafficstatus", "after unroute of the up connection")
    assert [child.add_time for child in traffic.child_sas] == [None, None]


@pytest.mark.parametrize("release", RELEASES)
def test_counters(release: str) -> None:
    counted = state(release, "globalstatus", "t01,t02,t03 up")
    assert counted.counters["current.states.all"] == 4
    assert counted.counters["current.states.iketype.authenticated"] == 1
    assert counted.unparsed.lines == tuple(text for text in counted.unparsed.lines if text.startswith("... "))


@pytest.mark.parametrize("release", WITH_STATES)
def test_states_tell_the_same_as_the_full_status(release: str) -> None:
    states, full = state(release, "showstates", "t01,t02,t03 up"), state(release, "status", "t01,t02,t03 up")
    assert states.established == full.established
    assert [(sa.serial, sa.phase, sa.text) for sa in states.ike_sas] == [
        (sa.serial, sa.phase, sa.text) for sa in full.ike_sas
    ]
    assert [(sa.serial, sa.spi_in, sa.ike_sa) for sa in states.child_sas] == [
        (sa.serial, sa.spi_in, sa.ike_sa) for sa in full.child_sas
    ]


@pytest.mark.parametrize("release", [release for release in RELEASES if release != "3.27"])
def test_brief_totals(release: str) -> None:
    totals = state(release, "briefstatus", "t01,t02,t03 up").totals
    assert (totals.ike_sas, totals.ike_authenticated, totals.ike_half_open) == (1, 1, 0)
    assert (totals.child_sas, totals.child_authenticated) == (3, 3)


@pytest.mark.parametrize("release", FROM_5_0)
def test_brief_connections_are_the_active_ones(release: str) -> None:
    brief = state(release, "briefconnectionstatus", "t01,t02,t03 up")
    first = connection(brief, "t01")
    assert brief.established == {"t01", "t02", "t03"}
    assert (first.local.address, first.remote.address) == ("192.1.2.45", "192.1.2.23")
    assert first.selectors == (SelectorPair(Selector("10.1.1.1/32"), Selector("10.2.1.1/32")),)
    assert (first.bytes_in, first.bytes_out) == (0, 0)
    assert first.reqid is not None
    assert brief.totals.active == 3


@pytest.mark.parametrize("release", FROM_5_0)
def test_the_connection_status_tells_the_same_as_the_full_status(release: str) -> None:
    one, full = (state(release, file, "t01,t02,t03 up") for file in ("connectionstatus", "status"))
    assert one.connections == full.connections


@pytest.mark.parametrize("release", WITH_UNROUTE)
def test_unroute_of_an_established_connection(release: str) -> None:
    after = state(release, "status", "after unroute of the up connection t01")
    if release in FROM_5_0:
        assert after.established == {"t02"}
    else:
        assert after.established == {"t01", "t02"}


@pytest.mark.parametrize("release", LIFECYCLE)
def test_phases_add_up_to_plutos_own_totals(release: str) -> None:
    busy = state(
        release, "up-lifecycle", "whack --status (state and total lines only) while several SAs negotiate"
    )
    phases = Counter(sa.phase for sa in busy.ike_sas)
    assert phases["half_open"] == busy.totals.ike_half_open == 7
    assert phases["authenticating"] == busy.totals.ike_open
    assert phases["established"] == busy.totals.ike_authenticated
    assert len(busy.ike_sas) == busy.totals.ike_sas
    assert len(busy.child_sas) == busy.totals.child_sas
    assert len(busy.established) == busy.totals.active == 6
    assert busy.unparsed.count == 0


@pytest.mark.parametrize("release", LIFECYCLE)
def test_who_waits_for_an_ike_sa_is_named_but_on_4_x(release: str) -> None:
    begun = case(release, "status", "state: no connections").lines
    negotiating = case(
        release, "up-lifecycle", "whack --status (state and total lines only) while several SAs negotiate"
    ).lines
    busy = parse(line.reply for line in (*begun, *negotiating))
    waiting = {one.connection for one in busy.pending}
    assert {one.ike_sa for one in busy.pending} <= {sa.serial for sa in busy.ike_sas}
    if release.startswith("4."):
        assert waiting == {None}
    else:
        assert {"silent1", "noarp", "v1bad"} <= waiting


@pytest.mark.parametrize("release", LIFECYCLE)
def test_an_ike_sa_that_waits_for_its_peer(release: str) -> None:
    busy = state(
        release, "up-lifecycle", "whack --status (state and total lines only) while several SAs negotiate"
    )
    (silent,) = (sa for sa in busy.ike_sas if sa.connection == "silent1")
    assert (silent.phase, silent.newest, silent.idle) == ("half_open", False, True)
    assert silent.retransmit_in is not None
    assert (silent.rekey_in, silent.replace_in) == (None, None)


@pytest.mark.parametrize("release", RELEASES)
def test_established_cheaply_is_what_the_model_says(release: str) -> None:
    for file in STATUS_FILES:
        for one in cases(release, file):
            replies = [line.reply for line in one.lines]
            assert established(replies) == parse(replies).established, one.title


@pytest.mark.parametrize("release", RELEASES)
def test_several_replies_make_one_state(release: str) -> None:
    lines = [
        line.reply
        for file in ("status", "trafficstatus")
        for line in case(release, file, "t01,t02,t03 up").lines
    ]
    whole = parse(lines)
    assert [child.bytes_kind for child in whole.child_sas] == ["exact"] * 3
    assert all(child.add_time and child.spi_in for child in whole.child_sas)
    assert parse([*lines[::-1]]).child_sas == whole.child_sas
