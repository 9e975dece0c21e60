"""struct whack_message of 3.28 to 3.29: 3.27 with --briefstatus and the redirects of IKEv2.

Facts from include/whack.h of these releases, in the order of that header.
How to write the next one: docs/adding-a-release.md.
"""

from __future__ import annotations

from protocol.abi import boolean, string
from protocol.codes import CODES_3_27
from protocol.families import v3_27
from protocol.families.family import Family
from protocol.families.requests import REQUESTS_3_28
from protocol.families.shapes import ip_address_3_27
from protocol.packing import Chunk, Item, Packing, Text, of, texts

__all__ = ["FAMILY", "whack_end", "whack_message"]

whack_end = v3_27.whack_end

whack_message = v3_27.whack_message.inserting("whack_fips_status", whack_brief_status=boolean).inserting(
    "vti_shared",
    redirect_to=string,
    accept_redirect_to=string,
    active_redirect=boolean,
    active_redirect_peer=ip_address_3_27,
    active_redirect_gw=ip_address_3_27,
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
        "3.28",
        "3.29",
    ),
    message=whack_message,
    packing=Packing(_ORDER, exact=True),
    requests=REQUESTS_3_28,
    codes=CODES_3_27,
    magic=1869114158,
)
