"""struct whack_message of 4.8 to 4.15: 4.7 with limits on bytes and packets, and public keys of any kind.

Facts from include/whack.h of these releases, in the order of that header.
How to write the next one: docs/adding-a-release.md.
"""

from __future__ import annotations

from autod.protocol.codes import CODES_3_27
from autod.protocol.cstruct import CStruct, enum, string, u64
from autod.protocol.families import v4_2, v4_3, v4_7
from autod.protocol.families.family import Family
from autod.protocol.families.requests import REQUESTS_4_7
from autod.protocol.packing import Packing

__all__ = ["END", "FAMILY", "whack_end", "whack_message"]

whack_end: CStruct = v4_7.whack_end.without("rsasigkey").inserting(
    "ckaid", pubkey=string, pubkey_alg=enum("ipseckey_algorithm_type")
)

whack_message: CStruct = v4_7.whack_message.inserting(
    "sa_rekey_margin", sa_ipsec_max_bytes=u64, sa_ipsec_max_packets=u64
).replacing(pubkey_alg=enum("ipseckey_algorithm_type"), left=whack_end, right=whack_end)

END = tuple("pubkey" if name == "rsasigkey" else name for name in v4_7.END)

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
    packing=Packing(v4_2.order(END, v4_3.REDIRECTS, labels=("sec_label",))),
    requests=REQUESTS_4_7,
    codes=CODES_3_27,
    magic=1869114161,
)
