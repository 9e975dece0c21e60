"""struct whack_message of 4.4: 4.3 with addresses, subnets and ranges that say whether they are set.

Facts from include/whack.h of this release, in the order of that header.
How to write the next one: docs/adding-a-release.md.
"""

from __future__ import annotations

from autod.protocol.codes import CODES_3_27
from autod.protocol.cstruct import CStruct
from autod.protocol.families import v4_3
from autod.protocol.families.family import Family
from autod.protocol.families.requests import REQUESTS_4_3
from autod.protocol.families.shapes import (
    ip_address_4_4,
    ip_cidr_4_4,
    ip_range_4_4,
    ip_subnet_4_4,
    opportunistic_4_4,
)

__all__ = ["FAMILY", "whack_end", "whack_message"]

whack_end: CStruct = v4_3.whack_end.replacing(
    host_addr=ip_address_4_4,
    host_nexthop=ip_address_4_4,
    host_srcip=ip_address_4_4,
    host_vtiip=ip_cidr_4_4,
    ifaceip=ip_cidr_4_4,
    client=ip_subnet_4_4,
    pool_range=ip_range_4_4,
)

whack_message: CStruct = v4_3.whack_message.replacing(
    oppo=opportunistic_4_4, whack_crash_peer=ip_address_4_4, left=whack_end, right=whack_end
)

FAMILY = Family(
    releases=("4.4",),
    message=whack_message,
    packing=v4_3.FAMILY.packing,
    requests=REQUESTS_4_3,
    codes=CODES_3_27,
    magic=1869114161,
)
