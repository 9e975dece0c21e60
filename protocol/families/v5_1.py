"""struct whack_message of 5.1: 5.0 with the basic header and a magic from the version.

Facts from include/whack.h of this release, in the order of that header.
How to write the next one: docs/adding-a-release.md.
"""

from __future__ import annotations

from autod.protocol.codes import CODES_5_0
from autod.protocol.cstruct import CStruct, enum, string
from autod.protocol.families import v5_0
from autod.protocol.families.family import Family
from autod.protocol.families.requests import REQUESTS_5_1
from autod.protocol.families.shapes import (
    basic,
)
from autod.protocol.packing import Packing

__all__ = ["END", "FAMILY", "whack_end", "whack_message"]

whack_end: CStruct = v5_0.whack_end.without("ifaceip").inserting("host_vtiip", interface_ip=string)

whack_message: CStruct = (
    v5_0.whack_message.without("magic", "whack_status", "whack_shutdown")
    .without("from_whack", "whack_addconn", "ikev2_allow_narrowing")
    .beginning(basic=basic)
    .inserting("whack_add", whack_from=enum("whack_from"))
    .inserting("encapsulation", narrowing=enum("yn_options"))
    .replacing(left=whack_end, right=whack_end)
)

_AT = v5_0.END.index("addresspool")
END = (*v5_0.END[:_AT], "interface_ip", *v5_0.END[_AT:])

FAMILY = Family(
    releases=("5.1",),
    message=whack_message,
    packing=Packing(v5_0.order(("left", "right"), END), lengths=True),
    requests=REQUESTS_5_1,
    codes=CODES_5_0,
)
