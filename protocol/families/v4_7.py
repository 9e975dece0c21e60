"""struct whack_message of 4.7: 4.6 with authby as flags and a method of authentication for each end.

Facts from include/whack.h of this release, in the order of that header.
How to write the next one: docs/adding-a-release.md.
"""

from __future__ import annotations

from autod.protocol.codes import CODES_3_27
from autod.protocol.cstruct import CStruct, const_string, enum
from autod.protocol.families import v4_2, v4_3, v4_5, v4_6
from autod.protocol.families.family import Family
from autod.protocol.families.requests import REQUESTS_4_7
from autod.protocol.families.shapes import authby
from autod.protocol.packing import Packing

__all__ = ["END", "FAMILY", "whack_end", "whack_message"]

whack_end: CStruct = (
    v4_6.whack_end.without("authby")
    .inserting("rsasigkey", auth=enum("keyword_auth"))
    .replacing(leftright=const_string)
)

whack_message: CStruct = v4_6.whack_message.inserting("policy", authby=authby).replacing(
    left=whack_end, right=whack_end
)

END = tuple(name for name in v4_5.END if name != "leftright")

FAMILY = Family(
    releases=("4.7",),
    message=whack_message,
    packing=Packing(v4_2.order(END, v4_3.REDIRECTS, labels=("sec_label",))),
    requests=REQUESTS_4_7,
    codes=CODES_3_27,
    magic=1869114161,
)
