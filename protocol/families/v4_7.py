"""struct whack_message of 4.7: 4.6 with authby as flags and a method of authentication for each end.

Facts from include/whack.h of this release, in the order of that header.
How to write the next one: docs/adding-a-release.md.
"""

from __future__ import annotations

from protocol.abi import const_string, enum
from protocol.codes import CODES_3_27
from protocol.families import v4_6
from protocol.families.family import Family
from protocol.families.requests import REQUESTS_4_7
from protocol.families.shapes import authby
from protocol.packing import Chunk, Item, Packing, Things, of, texts

__all__ = ["FAMILY", "whack_end", "whack_message"]

whack_end = (
    v4_6.whack_end.without("authby")
    .inserting("rsasigkey", auth=enum("keyword_auth"))
    .replacing(leftright=const_string)
)

whack_message = v4_6.whack_message.inserting("policy", authby=authby).replacing(
    left=whack_end, right=whack_end
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
    *texts(
        "keyid",
        "ike",
        "esp",
        "connalias",
        "string1",
        "string2",
        "string3",
        "dnshostname",
        "modecfg_dns",
        "modecfg_domains",
        "modecfg_banner",
        "conn_mark_both",
        "conn_mark_in",
        "conn_mark_out",
        "vti_iface",
        "remote_host",
        "global_redirect_to",
        "redirect_to",
        "accept_redirect_to",
        "active_redirect_dests",
    ),
    Chunk("keyval"),
    Things("impairments", "nr_impairments", 8),
    *texts("sec_label"),
)

FAMILY = Family(
    releases=("4.7",),
    message=whack_message,
    packing=Packing(_ORDER),
    requests=REQUESTS_4_7,
    codes=CODES_3_27,
    magic=1869114161,
)
