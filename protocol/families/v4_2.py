"""struct whack_message of 4.2.

Security labels at each end, which end an end is, --processstatus, --shutdown --leave-state.

Facts from include/whack.h of this release, in the order of that header.
How to write the next one: docs/adding-a-release.md.
"""

from __future__ import annotations

from collections.abc import Sequence

from autod.protocol.codes import CODES_3_27
from autod.protocol.cstruct import CStruct, boolean, enum, pointer, string, struct, u32
from autod.protocol.families import v4_0
from autod.protocol.families.family import Family
from autod.protocol.families.requests import REQUESTS_4_2
from autod.protocol.families.shapes import (
    ip_address_4_2,
    ip_cidr_4_2,
    ip_range_4_2,
    ip_subnet_4_2,
    protoport_4_0,
)
from autod.protocol.packing import Chunk, Item, Packing, Things, of, texts

__all__ = ["END", "FAMILY", "REDIRECTS", "order", "whack_end", "whack_message"]

whack_end: CStruct = struct(
    "whack_end",
    leftright=string,
    id=string,
    sec_label=string,
    ca=string,
    groups=string,
    cert=string,
    ckaid=string,
    rsasigkey=string,
    authby=enum("keyword_authby"),
    host_type=enum("keyword_host"),
    host_addr=ip_address_4_2,
    host_ikeport=u32,
    host_nexthop=ip_address_4_2,
    host_srcip=ip_address_4_2,
    host_vtiip=ip_cidr_4_2,
    ifaceip=ip_cidr_4_2,
    client=ip_subnet_4_2,
    protoport=protoport_4_0,
    has_client=boolean,
    key_from_DNS_on_demand=boolean,
    updown=string,
    virt=string,
    pool_range=ip_range_4_2,
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
    v4_0.whack_message.without("labeled_ipsec", "policy_label", "addr_family")
    .inserting("whack_shutdown", whack_process_status=boolean, whack_leave_state=boolean)
    .inserting("nflog_group", sec_label=pointer)
    .replacing(
        oppo_my_client=ip_address_4_2,
        oppo_peer_client=ip_address_4_2,
        whack_crash_peer=ip_address_4_2,
        left=whack_end,
        right=whack_end,
    )
)


def order(end: Sequence[str], redirects: Sequence[str], *, labels: Sequence[str] = ()) -> tuple[Item, ...]:
    """The strings of 4.2 to 4.15: `end` at each end, the `redirects` of that release, `labels` last."""
    return (
        *texts("name"),
        *of("left", end),
        *of("right", end),
        *texts("keyid", "ike", "esp", "connalias", "string1", "string2", "string3", "dnshostname"),
        *texts("modecfg_dns", "modecfg_domains", "modecfg_banner"),
        *texts("conn_mark_both", "conn_mark_in", "conn_mark_out", "vti_iface", "remote_host"),
        *texts(*redirects),
        Chunk("keyval"),
        Things("impairments", "nr_impairments", 8),
        *texts(*labels),
    )


END = (
    *("leftright", "id", "sec_label", "cert", "rsasigkey", "ckaid", "ca", "groups", "updown", "virt"),
    *("xauth_username", "host_addr_name"),
)
REDIRECTS = ("redirect_to", "accept_redirect_to", "active_redirect_dests")


FAMILY = Family(
    releases=("4.2",),
    message=whack_message,
    packing=Packing(order(END, REDIRECTS)),
    requests=REQUESTS_4_2,
    codes=CODES_3_27,
    magic=1869114160,
)
