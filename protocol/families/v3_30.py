"""struct whack_message of 3.30 to 3.32.

Times in microseconds, addresses without sockaddr, XFRM interfaces, rekeying by name.

Facts from include/whack.h of these releases, in the order of that header.
How to write the next one: docs/adding-a-release.md.
"""

from __future__ import annotations

from protocol.abi import boolean, u32
from protocol.codes import CODES_3_27
from protocol.families import v3_28
from protocol.families.family import Family
from protocol.families.requests import REQUESTS_3_30
from protocol.families.shapes import deltatime_3_30, ip_address_3_30, ip_range_3_30, ip_subnet_3_30
from protocol.packing import Chunk, Item, Packing, Text, of, texts

__all__ = ["FAMILY", "whack_end", "whack_message"]

whack_end = v3_28.whack_end.inserting("host_vtiip", ifaceip=ip_subnet_3_30).replacing(
    host_addr=ip_address_3_30,
    host_nexthop=ip_address_3_30,
    host_srcip=ip_address_3_30,
    client=ip_subnet_3_30,
    host_vtiip=ip_subnet_3_30,
    pool_range=ip_range_3_30,
)

whack_message = (
    v3_28.whack_message.inserting("nic_offload", xfrm_if_id=u32)
    .inserting("whack_deletestateno", whack_rekey_ike=boolean, whack_rekey_ipsec=boolean)
    .inserting("whack_ddos", whack_ddns=boolean)
    .replacing(
        sa_ike_life_seconds=deltatime_3_30,
        sa_ipsec_life_seconds=deltatime_3_30,
        sa_rekey_margin=deltatime_3_30,
        r_timeout=deltatime_3_30,
        r_interval=deltatime_3_30,
        dpd_delay=deltatime_3_30,
        dpd_timeout=deltatime_3_30,
        oppo_my_client=ip_address_3_30,
        oppo_peer_client=ip_address_3_30,
        whack_crash_peer=ip_address_3_30,
        active_redirect_peer=ip_address_3_30,
        active_redirect_gw=ip_address_3_30,
        left=whack_end,
        right=whack_end,
    )
)

_END = ("id", "pubkey", "ca", "groups", "updown", "virt")
_ORDER: tuple[Item, ...] = (
    *texts("name"),
    *of("left", _END),
    *of("right", _END),
    *texts(
        "keyid",
        "ike",
        "esp",
        "left.xauth_username",
        "right.xauth_username",
        "connalias",
        "left.host_addr_name",
        "right.host_addr_name",
        "string1",
        "string2",
        "string3",
        "dnshostname",
    ),
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
    ),
    Chunk("keyval"),
)

FAMILY = Family(
    releases=(
        "3.30",
        "3.31",
        "3.32",
    ),
    message=whack_message,
    packing=Packing(_ORDER, exact=True),
    requests=REQUESTS_3_30,
    codes=CODES_3_27,
    magic=1869114159,
)
