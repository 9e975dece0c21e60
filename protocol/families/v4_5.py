"""struct whack_message of 4.5.

4.4 with one security label for both ends, --listpubkeys of its own, retransmission under its full name.

Facts from include/whack.h of this release, in the order of that header.
How to write the next one: docs/adding-a-release.md.
"""

from __future__ import annotations

from autod.protocol.codes import CODES_3_27
from autod.protocol.cstruct import CStruct, boolean, string
from autod.protocol.families import v4_2, v4_3, v4_4
from autod.protocol.families.family import Family
from autod.protocol.families.requests import REQUESTS_4_5
from autod.protocol.families.shapes import deltatime_3_30
from autod.protocol.packing import Packing

__all__ = ["END", "FAMILY", "whack_end", "whack_message"]

whack_end: CStruct = v4_4.whack_end.without("sec_label")

whack_message: CStruct = (
    v4_4.whack_message.without("r_timeout", "r_interval", "whack_check_pub_keys")
    .inserting("sa_replay_window", retransmit_timeout=deltatime_3_30, retransmit_interval=deltatime_3_30)
    .inserting("whack_utc", whack_checkpubkeys=boolean, whack_listpubkeys=boolean)
    .replacing(sec_label=string, left=whack_end, right=whack_end)
)

END = tuple(name for name in v4_2.END if name != "sec_label")

FAMILY = Family(
    releases=("4.5",),
    message=whack_message,
    packing=Packing(v4_2.order(END, v4_3.REDIRECTS, labels=("sec_label",))),
    requests=REQUESTS_4_5,
    codes=CODES_3_27,
    magic=1869114161,
)
