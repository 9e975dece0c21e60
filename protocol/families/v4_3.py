"""struct whack_message of 4.3.

The version of IKE leaves the policy, addresses lose their ports, redirects for all peers.

Facts from include/whack.h of this release, in the order of that header.
How to write the next one: docs/adding-a-release.md.
"""

from __future__ import annotations

from autod.protocol.codes import CODES_3_27
from autod.protocol.cstruct import CStruct, enum, string
from autod.protocol.families import v4_2
from autod.protocol.families.family import Family
from autod.protocol.families.requests import REQUESTS_4_3
from autod.protocol.families.shapes import (
    ip_address_4_3,
    ip_range_4_3,
    ip_subnet_4_3,
    opportunistic_4_3,
    protoport_4_3,
)
from autod.protocol.packing import Packing

__all__ = ["FAMILY", "REDIRECTS", "whack_end", "whack_message"]

whack_end: CStruct = v4_2.whack_end.replacing(
    host_addr=ip_address_4_3,
    host_nexthop=ip_address_4_3,
    host_srcip=ip_address_4_3,
    client=ip_subnet_4_3,
    protoport=protoport_4_3,
    pool_range=ip_range_4_3,
)

whack_message: CStruct = (
    v4_2.whack_message.without("oppo_my_client", "oppo_peer_client", "oppo_proto", "oppo_dport")
    .inserting("whack_async", ike_version=enum("ike_version"))
    .inserting("whack_oppo_initiate", oppo=opportunistic_4_3)
    .inserting("vti_shared", global_redirect=enum("allow_global_redirect"), global_redirect_to=string)
    .replacing(whack_crash_peer=ip_address_4_3, left=whack_end, right=whack_end)
)

REDIRECTS = ("global_redirect_to", *v4_2.REDIRECTS)

FAMILY = Family(
    releases=("4.3",),
    message=whack_message,
    packing=Packing(v4_2.order(v4_2.END, REDIRECTS)),
    requests=REQUESTS_4_3,
    codes=CODES_3_27,
    magic=1869114161,
)
