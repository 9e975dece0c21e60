"""Which members of the message each command sets, era by era. Each table holds the changes against the one before.

Owns: the meaning of a command in struct whack_message. Must not know: offsets or how strings are packed.

A table maps a type of command to a mapping from the path of a member to its value.

* a constant: written as it is;
* `Arg("x")`: the command's own `x`; None leaves the member out;
* `Address("x")`: the command's `x`, an address, in the shape that this family's members have;
* `SocketFamily("x")`: the address family of that address;
* `Wire("WHACK_X")`: the number of enum whack_command (5.3 on), which depends on how pluto was built.

From 5.1 on --status and --shutdown have the basic magic; `BASIC` marks them.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from autod.protocol import commands as c

__all__ = [
    "BASIC",
    "COMMANDS_5_3",
    "COMMANDS_5_4",
    "REQUESTS_3_27",
    "REQUESTS_3_28",
    "REQUESTS_3_30",
    "REQUESTS_4_0",
    "REQUESTS_4_2",
    "REQUESTS_4_3",
    "REQUESTS_4_5",
    "REQUESTS_4_7",
    "REQUESTS_5_0",
    "REQUESTS_5_1",
    "REQUESTS_5_2",
    "REQUESTS_5_3",
    "REQUESTS_5_4",
    "Address",
    "Arg",
    "Requests",
    "SocketFamily",
    "Wire",
]


class Arg(msgspec.Struct, frozen=True):
    """An argument of the command, by the name of its attribute."""

    attribute: str


class Address(msgspec.Struct, frozen=True):
    """An argument that is an IP address."""

    attribute: str


class SocketFamily(msgspec.Struct, frozen=True):
    """The socket's address family (AF_INET 2, AF_INET6 10) of an argument that is an IP address."""

    attribute: str


class Wire(msgspec.Struct, frozen=True):
    """A name of enum whack_command."""

    name: str


BASIC = "basic"
"""The key of a request that has the basic magic (5.1 on)."""

Member = int | Arg | Address | SocketFamily | Wire
Request = dict[str, Member]
Requests = Mapping[type[c.Command], Request]

_NAME: Request = {"name": Arg("name")}
_UTC: Request = {"whack_utc": Arg("utc")}

# whack_list: 1 public keys, 2 certificates, 4 CA certificates, 8 CRLs, 16 preshared keys, 32 events (3.27 to 5.3.2).
# whack_reread: 1 secrets, 2 the obsolete CRL folder, 4 fetch CRLs, 8 certificates (3.27 to 4.15; 8 from 4.0 on).
REQUESTS_3_27: Requests = {
    c.Status: {"whack_status": 1},
    c.GlobalStatus: {"whack_global_status": 1},
    c.TrafficStatus: {"whack_traffic_status": 1} | _NAME | _UTC,
    c.ShuntStatus: {"whack_shunt_status": 1},
    c.FipsStatus: {"whack_fips_status": 1},
    c.ClearStats: {"whack_clear_stats": 1},
    c.Shutdown: {"whack_shutdown": 1},
    c.Initiate: {
        "whack_initiate": 1,
        "name": Arg("name"),
        "whack_async": Arg("asynchronous"),
        "remote_host": Arg("remote_host"),
        "right.xauth_username": Arg("xauth_username"),
    },
    c.Terminate: {"whack_terminate": 1} | _NAME,
    c.Delete: {"whack_delete": 1} | _NAME,
    c.Route: {"whack_route": 1} | _NAME,
    c.Unroute: {"whack_unroute": 1} | _NAME,
    c.DeleteUser: {"whack_deleteuser": 1} | _NAME,
    c.DeleteId: {"whack_deleteid": 1} | _NAME,
    c.DeleteState: {"whack_deletestate": 1, "whack_deletestateno": Arg("serial")},
    c.Crash: {"whack_crash": 1, "whack_crash_peer": Address("peer")},
    c.Listen: {
        "whack_listen": 1,
        "ike_buf_size": Arg("buffer"),
        "ike_sock_err_toggle": Arg("toggle_error_queue"),
    },
    c.Unlisten: {"whack_unlisten": 1},
    c.RereadSecrets: {"whack_reread": 1},
    c.FetchCrls: {"whack_reread": 4},
    c.RereadAll: {"whack_reread": 7},
    c.PurgeOcsp: {"whack_purgeocsp": 1},
    c.ListPubkeys: {"whack_list": 1} | _UTC,
    c.CheckPubkeys: {"whack_check_pub_keys": 1, "whack_list": 1} | _UTC,
    c.ListCerts: {"whack_list": 2} | _UTC,
    c.ListCacerts: {"whack_list": 4} | _UTC,
    c.ListCrls: {"whack_list": 8} | _UTC,
    c.ListPsks: {"whack_list": 16} | _UTC,
    c.ListEvents: {"whack_list": 32} | _UTC,
    c.ListAll: {"whack_list": 31} | _UTC,
    c.SetDdosMode: {"whack_ddos": Arg("mode")},
    c.Debug: {
        "whack_options": 1,
        "debugging.set": Arg("set"),
        "debugging.clr": Arg("clear"),
        "name": Arg("name"),
    },
    c.Impair: {
        "whack_options": 1,
        "impairing.set": Arg("set_bits"),
        "impairing.clr": Arg("clear_bits"),
        "impairment.what": Arg("what"),
        "impairment.how": Arg("how"),
    },
    c.AddPublicKey: {
        "whack_key": 1,
        "whack_addkey": 1,
        "keyid": Arg("id"),
        "pubkey_alg": Arg("algorithm"),
        "keyval": Arg("key"),
    },
    c.AddConnection: {"whack_connection": 1} | _NAME,
}

REQUESTS_3_28: Requests = {**REQUESTS_3_27, c.BriefStatus: {"whack_brief_status": 1}}

REQUESTS_3_30: Requests = {
    **REQUESTS_3_28,
    c.RekeyIke: {"whack_rekey_ike": 1} | _NAME,
    c.RekeyChild: {"whack_rekey_ipsec": 1} | _NAME,
    c.RefreshDdns: {"whack_ddns": 1},
}

REQUESTS_4_0: Requests = {
    **REQUESTS_3_30,
    c.AddressPoolStatus: {"whack_addresspool_status": 1},
    c.ShowStates: {"whack_show_states": 1},
    c.RereadCerts: {"whack_reread": 8},
    c.RereadAll: {"whack_reread": 15},
    c.ActiveRedirect: {"active_redirect_dests": Arg("to")} | _NAME,
    c.Impair: {"whack_options": 1, "impairments": Arg("what")},
}

REQUESTS_4_2: Requests = {
    **REQUESTS_4_0,
    c.ProcessStatus: {"whack_process_status": 1},
    c.ShutdownLeaveState: {"whack_shutdown": 1, "whack_leave_state": 1},
}

REQUESTS_4_3: Requests = {
    **REQUESTS_4_2,
    c.GlobalRedirect: {"global_redirect": Arg("kind"), "global_redirect_to": Arg("to")},
    c.Acquire: {
        "whack_oppo_initiate": 1,
        "oppo.local.address": Address("local"),
        "oppo.local.port.hport": Arg("local_port"),
        "oppo.remote.address": Address("remote"),
        "oppo.remote.port.hport": Arg("remote_port"),
        "oppo.ipproto": Arg("protocol"),
        "tunnel_addr_family": SocketFamily("local"),
    },
}

REQUESTS_4_5: Requests = {
    **REQUESTS_4_3,
    c.ListPubkeys: {"whack_listpubkeys": 1} | _UTC,
    c.CheckPubkeys: {"whack_checkpubkeys": 1} | _UTC,
    c.ListAll: {"whack_listpubkeys": 1, "whack_list": 31} | _UTC,
}

REQUESTS_4_7: Requests = {
    **REQUESTS_4_5,
    c.Initiate: {
        "whack_initiate": 1,
        "name": Arg("name"),
        "whack_async": Arg("asynchronous"),
        "remote_host": Arg("remote_host"),
        "left.xauth_username": Arg("xauth_username"),
    },
}

REQUESTS_5_0: Requests = {
    **{kind: request for kind, request in REQUESTS_4_7.items() if kind is not c.ActiveRedirect},
    c.GlobalStatus: {"whack_globalstatus": 1},
    c.TrafficStatus: {"whack_trafficstatus": 1} | _NAME | _UTC,
    c.ShuntStatus: {"whack_shuntstatus": 1},
    c.FipsStatus: {"whack_fipsstatus": 1},
    c.BriefStatus: {"whack_briefstatus": 1},
    c.AddressPoolStatus: {"whack_addresspoolstatus": 1},
    c.ProcessStatus: {"whack_processstatus": 1},
    c.ShowStates: {"whack_showstates": 1},
    c.ConnectionStatus: {"whack_connectionstatus": 1} | _NAME | _UTC,
    c.BriefConnectionStatus: {"whack_briefconnectionstatus": 1} | _NAME | _UTC,
    c.Terminate: {"whack_down": 1} | _NAME,
    c.RekeyIke: {"whack_sa": 1} | _NAME,
    c.RekeyChild: {"whack_sa": 1, "whack_sa_type": 1} | _NAME,
    c.DeleteIke: {"whack_sa": 2} | _NAME,
    c.DeleteChild: {"whack_sa": 2, "whack_sa_type": 1} | _NAME,
    c.TerminateIke: {"whack_sa": 3} | _NAME,
    c.TerminateChild: {"whack_sa": 3, "whack_sa_type": 1} | _NAME,
    c.RereadSecrets: {"whack_rereadsecrets": 1},
    c.RereadCerts: {"whack_rereadcerts": 1},
    c.FetchCrls: {"whack_fetchcrls": 1},
    c.RereadAll: {"whack_rereadcerts": 1, "whack_rereadsecrets": 1, "whack_fetchcrls": 1},
    c.ActiveRedirect: {"redirect_to": Arg("to")} | _NAME,
    c.Crash: {"whack_crash": 1, "host_afi": Address("peer"), "whack_crash_peer": Address("peer")},
    c.Acquire: {
        **{path: value for path, value in REQUESTS_4_3[c.Acquire].items() if path != "tunnel_addr_family"},
        "child_afi": Address("local"),
    },
    c.Debug: {"debugging.set": Arg("set"), "debugging.clr": Arg("clear")},
    c.Impair: {"impairments.list": Arg("what")},
    c.AddConnection: {"whack_addconn": 1} | _NAME,
}

REQUESTS_5_1: Requests = {
    **REQUESTS_5_0,
    c.Status: {BASIC: 1, "basic.whack_status": 1},
    c.Shutdown: {BASIC: 1, "basic.whack_shutdown": 1},
    c.ShutdownLeaveState: {"whack_leave_state": 1},
    c.AddConnection: {"whack_add": 1, "whack_from": 2} | _NAME,
}

REQUESTS_5_2: Requests = {
    **REQUESTS_5_1,
    c.Suspend: {"whack_suspend": 1} | _NAME,
    c.Initiate: {
        "whack_initiate": 1,
        "name": Arg("name"),
        "whack_async": Arg("asynchronous"),
        "remote_host": Arg("remote_host"),
        "end[0].xauth_username": Arg("xauth_username"),
    },
}


def _ask(name: str, **members: Member) -> Request:
    return {"whack_command": Wire(f"WHACK_{name}"), **members}


_NUMBERED: Requests = {
    c.Status: {BASIC: 1, "basic.whack_status": 1},
    c.Shutdown: {BASIC: 1, "basic.whack_shutdown": 1},
    c.ShutdownLeaveState: _ask("SHUTDOWN_LEAVE_STATE"),
    c.GlobalStatus: _ask("GLOBALSTATUS"),
    c.BriefStatus: _ask("BRIEFSTATUS"),
    c.ShowStates: _ask("SHOWSTATES"),
    c.ShuntStatus: _ask("SHUNTSTATUS"),
    c.FipsStatus: _ask("FIPSSTATUS"),
    c.AddressPoolStatus: _ask("ADDRESSPOOLSTATUS"),
    c.ProcessStatus: _ask("PROCESSSTATUS"),
    c.TrafficStatus: _ask("TRAFFICSTATUS") | _NAME | _UTC,
    c.ConnectionStatus: _ask("CONNECTIONSTATUS") | _NAME | _UTC,
    c.BriefConnectionStatus: _ask("BRIEFCONNECTIONSTATUS") | _NAME | _UTC,
    c.ClearStats: _ask("CLEARSTATS"),
    c.Terminate: _ask("DOWN") | _NAME,
    c.Delete: _ask("DELETE") | _NAME,
    c.Route: _ask("ROUTE") | _NAME,
    c.Unroute: _ask("UNROUTE") | _NAME,
    c.Suspend: _ask("SUSPEND") | _NAME,
    c.RekeyIke: _ask("REKEY_IKE") | _NAME,
    c.RekeyChild: _ask("REKEY_CHILD") | _NAME,
    c.DeleteIke: _ask("DELETE_IKE") | _NAME,
    c.DeleteChild: _ask("DELETE_CHILD") | _NAME,
    c.TerminateIke: _ask("DOWN_IKE") | _NAME,
    c.TerminateChild: _ask("DOWN_CHILD") | _NAME,
    c.DeleteUser: _ask("DELETEUSER") | _NAME,
    c.DeleteId: _ask("DELETEID") | _NAME,
    c.Unlisten: _ask("UNLISTEN"),
    c.RereadSecrets: _ask("REREADSECRETS"),
    c.RereadCerts: _ask("REREADCERTS"),
    c.FetchCrls: _ask("FETCHCRLS"),
    c.RereadAll: _ask("REREADALL"),
    c.PurgeOcsp: _ask("PURGEOCSP"),
    c.CheckPubkeys: _ask("CHECKPUBKEYS") | _UTC,
    c.RefreshDdns: _ask("DDNS"),
    c.SetDdosMode: _ask("DDOS") | {"whack.ddos.mode": Arg("mode")},
    c.AddConnection: _ask("ADD", whack_from=2) | _NAME,
}

_LISTEN: Request = _ask("LISTEN") | {
    "whack.listen.ike_socket_bufsize": Arg("buffer"),
    "whack.listen.ike_socket_errqueue_toggle": Arg("toggle_error_queue"),
}

_ACQUIRE: Request = _ask("ACQUIRE") | {
    "whack.acquire.local.address": Address("local"),
    "whack.acquire.local.port.ip.is_set": 1,
    "whack.acquire.local.port.hport": Arg("local_port"),
    "whack.acquire.remote.address": Address("remote"),
    "whack.acquire.remote.port.ip.is_set": 1,
    "whack.acquire.remote.port.hport": Arg("remote_port"),
    "whack.acquire.ipproto": Arg("protocol"),
}

_INITIATE: Request = _ask("INITIATE") | {"name": Arg("name"), "whack_async": Arg("asynchronous")}

REQUESTS_5_3: Requests = {
    **_NUMBERED,
    c.Initiate: _INITIATE
    | {"remote_host": Arg("remote_host"), "end[0].xauthusername": Arg("xauth_username")},
    c.DeleteState: _ask("DELETESTATE", whack_deletestateno=Arg("serial")),
    c.Crash: _ask("CRASH", whack_crash_peer=Address("peer")),
    c.Acquire: _ACQUIRE,
    c.Listen: _LISTEN,
    c.ListPubkeys: _ask("LIST", whack_list=1) | _UTC,
    c.ListCerts: _ask("LIST", whack_list=2) | _UTC,
    c.ListCacerts: _ask("LIST", whack_list=4) | _UTC,
    c.ListCrls: _ask("LIST", whack_list=8) | _UTC,
    c.ListPsks: _ask("LIST", whack_list=16) | _UTC,
    c.ListEvents: _ask("LIST", whack_list=32) | _UTC,
    c.ListAll: _ask("LIST", whack_list=31) | _UTC,
    c.ActiveRedirect: _ask("ACTIVE_REDIRECT", redirect_to=Arg("to")) | _NAME,
    c.GlobalRedirect: _ask("GLOBAL_REDIRECT", global_redirect=Arg("kind"), redirect_to=Arg("to")),
    c.Debug: {"whack_debugging.set": Arg("set"), "whack_debugging.clr": Arg("clear")},
    c.Impair: {"impairments.list": Arg("what")},
    c.AddPublicKey: {
        "whack_key": 1,
        "whack_addkey": 1,
        "keyid": Arg("id"),
        "pubkey_alg": Arg("algorithm"),
        "pubkey": Arg("key"),
    },
}

_LISTS = "whack.list.list[{}]"

REQUESTS_5_4: Requests = {
    **_NUMBERED,
    c.Initiate: _INITIATE | {"whack.initiate.remote_host": Arg("remote_host")},
    c.DeleteState: _ask("DELETESTATE") | {"whack.deletestate.state_nr": Arg("serial")},
    c.Crash: _ask("CRASH") | {"whack.crash.peer": Address("peer")},
    c.Acquire: _ACQUIRE,
    c.Listen: _LISTEN,
    c.ListPubkeys: _ask("LIST") | {_LISTS.format(0): 1} | _UTC,
    c.ListPsks: _ask("LIST") | {_LISTS.format(1): 1} | _UTC,
    c.ListCerts: _ask("LIST") | {_LISTS.format(2): 1} | _UTC,
    c.ListCacerts: _ask("LIST") | {_LISTS.format(3): 1} | _UTC,
    c.ListCrls: _ask("LIST") | {_LISTS.format(4): 1} | _UTC,
    c.ListEvents: _ask("LIST") | {_LISTS.format(5): 1} | _UTC,
    c.ListAll: _ask("LIST") | {_LISTS.format(i): 1 for i in range(5)} | _UTC,
    c.ActiveRedirect: _ask("ACTIVE_REDIRECT") | {"whack.active_redirect.to": Arg("to")} | _NAME,
    c.GlobalRedirect: _ask("GLOBAL_REDIRECT")
    | {"whack.global_redirect.kind": Arg("kind"), "whack.global_redirect.to": Arg("to")},
    c.Debug: _ask("DEBUG")
    | {
        "whack.debug.debugging.set": Arg("set"),
        "whack.debug.debugging.clr": Arg("clear"),
        "name": Arg("name"),
    },
    c.Impair: _ask("IMPAIR") | {"whack.impair.list": Arg("what")},
    c.AddPublicKey: _ask("PUBKEY")
    | {
        "whack.pubkey.add": 1,
        "whack.pubkey.id": Arg("id"),
        "whack.pubkey.alg": Arg("algorithm"),
        "whack.pubkey.key": Arg("key"),
    },
}

_STABLE = [
    "UNUSED",
    "REREADALL",
    "FETCHCRLS",
    "REREADSECRETS",
    "REREADCERTS",
    "PROCESSSTATUS",
    "ADDRESSPOOLSTATUS",
    "CONNECTIONSTATUS",
    "BRIEFCONNECTIONSTATUS",
    "BRIEFSTATUS",
    "FIPSSTATUS",
    "GLOBALSTATUS",
    "TRAFFICSTATUS",
    "SHUNTSTATUS",
    "DELETE",
    "ADD",
    "ROUTE",
    "UNROUTE",
    "INITIATE",
]
_MIDDLE = [
    "SUSPEND",
    "DELETEUSER",
    "DELETEID",
    "DELETESTATE",
    "CRASH",
    "CLEARSTATS",
    "DDNS",
    "PURGEOCSP",
    "SHOWSTATES",
    "REKEY_IKE",
    "REKEY_CHILD",
    "DELETE_IKE",
    "DELETE_CHILD",
    "DOWN_IKE",
    "DOWN_CHILD",
    "DDOS",
    "LIST",
    "CHECKPUBKEYS",
]
_SHIFTING = ["SHUTDOWN_LEAVE_STATE", "ACTIVE_REDIRECT", "GLOBAL_REDIRECT", "LISTEN", "UNLISTEN"]

COMMANDS_5_3: tuple[str, ...] = tuple(
    f"WHACK_{name}" for name in [*_STABLE, "SUSPND", "ACQUIRE", "DOWN", *_MIDDLE, *_SHIFTING]
)
"""enum whack_command of 5.3 to 5.3.2, in order from 0. With USE_SECCOMP one more stands behind CHECKPUBKEYS."""

COMMANDS_5_4: tuple[str, ...] = tuple(
    f"WHACK_{name}"
    for name in [*_STABLE, "ACQUIRE", "DOWN", *_MIDDLE, *_SHIFTING, "IMPAIR", "DEBUG", "PUBKEY"]
)
"""enum whack_command of 5.4, likewise."""
