"""struct whack_message of 4.0 to 4.1: impairments as a list, --showstates, TCP, keys in members of their own.

Facts from include/whack.h of these releases, in the order of that header.
How to write the next one: docs/adding-a-release.md.
"""

from __future__ import annotations

from autod.protocol.codes import CODES_3_27
from autod.protocol.cstruct import CStruct, boolean, enum, i32, pointer, string, struct, u32
from autod.protocol.families import v3_30
from autod.protocol.families.family import Family
from autod.protocol.families.requests import REQUESTS_4_0
from autod.protocol.families.shapes import ip_address_4_0, ip_range_4_0, ip_subnet_4_0, protoport_4_0
from autod.protocol.packing import Chunk, Item, Packing, Text, Things, of, texts

__all__ = ["FAMILY", "whack_end", "whack_message"]

whack_end: CStruct = struct(
    "whack_end",
    id=string,
    ca=string,
    groups=string,
    cert=string,
    ckaid=string,
    rsasigkey=string,
    authby=enum("keyword_authby"),
    host_type=enum("keyword_host"),
    host_addr=ip_address_4_0,
    host_ikeport=u32,
    host_nexthop=ip_address_4_0,
    host_srcip=ip_address_4_0,
    host_vtiip=ip_subnet_4_0,
    ifaceip=ip_subnet_4_0,
    client=ip_subnet_4_0,
    protoport=protoport_4_0,
    has_client=boolean,
    key_from_DNS_on_demand=boolean,
    updown=string,
    virt=string,
    pool_range=ip_range_4_0,
    xauth_server=boolean,
    xauth_client=boolean,
    xauth_username=string,
    modecfg_server=boolean,
    modecfg_client=boolean,
    cat=boolean,
    sendcert=enum("certpolicy"),
    send_ca=boolean,
    certtype=enum("ike_cert_type"),
    host_addr_name=string,
)

whack_message: CStruct = (
    v3_30.whack_message.without(
        "impairing", "impairment", "active_redirect", "active_redirect_peer", "active_redirect_gw"
    )
    .inserting("whack_brief_status", whack_addresspool_status=boolean, whack_show_states=boolean)
    .inserting("debugging", impairments=pointer, nr_impairments=u32)
    .inserting("encaps", remote_tcpport=i32, iketcp=enum("tcp_options"))
    .inserting("accept_redirect_to", active_redirect_dests=string)
    .replacing(
        oppo_my_client=ip_address_4_0,
        oppo_peer_client=ip_address_4_0,
        whack_crash_peer=ip_address_4_0,
        left=whack_end,
        right=whack_end,
    )
)

_END = (
    "id",
    "cert",
    "rsasigkey",
    "ckaid",
    "ca",
    "groups",
    "updown",
    "virt",
    "xauth_username",
    "host_addr_name",
)
_ORDER: tuple[Item, ...] = (
    *texts("name"),
    *of("left", _END),
    *of("right", _END),
    *texts("keyid", "ike", "esp", "connalias", "string1", "string2", "string3", "dnshostname"),
    Text("policy_label", labeled=True),
    *texts(
        "modecfg_dns",
        "modecfg_domains",
        "modecfg_banner",
        "conn_mark_both",
        "conn_mark_in",
        "conn_mark_out",
        "vti_iface",
        "remote_host",
        "redirect_to",
        "accept_redirect_to",
        "active_redirect_dests",
    ),
    Chunk("keyval"),
    Things("impairments", "nr_impairments", 8),
)

FAMILY = Family(
    releases=(
        "4.0",
        "4.1",
    ),
    message=whack_message,
    packing=Packing(_ORDER),
    requests=REQUESTS_4_0,
    codes=CODES_3_27,
    magic=1869114160,
)
