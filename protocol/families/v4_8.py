"""struct whack_message of 4.8 to 4.15: 4.7 with limits on bytes and packets, and public keys of any kind.

Facts from include/whack.h of these releases, in the order of that header.
How to write the next one: docs/adding-a-release.md.
"""

from __future__ import annotations

from protocol.abi import enum, string, u64
from protocol.codes import CODES_3_27
from protocol.families import v4_7
from protocol.families.family import Family
from protocol.families.requests import REQUESTS_4_7
from protocol.packing import Chunk, Item, Packing, Things, of, texts

__all__ = ["FAMILY", "whack_end", "whack_message"]

whack_end = v4_7.whack_end.without("rsasigkey").inserting(
    "ckaid", pubkey=string, pubkey_alg=enum("ipseckey_algorithm_type")
)

whack_message = v4_7.whack_message.inserting(
    "sa_rekey_margin", sa_ipsec_max_bytes=u64, sa_ipsec_max_packets=u64
).replacing(pubkey_alg=enum("ipseckey_algorithm_type"), left=whack_end, right=whack_end)

_END = ("id", "cert", "pubkey", "ckaid", "ca", "groups", "updown", "virt", "xauth_username", "host_addr_name")
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
    releases=(
        "4.8",
        "4.9",
        "4.10",
        "4.11",
        "4.12",
        "4.13",
        "4.14",
        "4.15",
    ),
    message=whack_message,
    packing=Packing(_ORDER),
    requests=REQUESTS_4_7,
    codes=CODES_3_27,
    magic=1869114161,
)
