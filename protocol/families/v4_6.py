"""struct whack_message of 4.6: 4.5 with the shunts out of the policy and EAP.

Facts from include/whack.h of this release, in the order of that header.
How to write the next one: docs/adding-a-release.md.
"""

from __future__ import annotations

from autod.protocol.codes import CODES_3_27
from autod.protocol.cstruct import CStruct, enum
from autod.protocol.families import v4_5
from autod.protocol.families.family import Family
from autod.protocol.families.requests import REQUESTS_4_5
from autod.protocol.families.shapes import ip_cidr_4_6, protoport_4_6

__all__ = ["FAMILY", "whack_end", "whack_message"]

whack_end: CStruct = (
    v4_5.whack_end.without("has_client")
    .inserting("sendcert", eap=enum("eap_options"))
    .replacing(host_vtiip=ip_cidr_4_6, ifaceip=ip_cidr_4_6, protoport=protoport_4_6)
)

whack_message: CStruct = v4_5.whack_message.inserting(
    "sighash_policy",
    prospective_shunt=enum("shunt_policy"),
    negotiation_shunt=enum("shunt_policy"),
    failure_shunt=enum("shunt_policy"),
).replacing(left=whack_end, right=whack_end)

FAMILY = Family(
    releases=("4.6",),
    message=whack_message,
    packing=v4_5.FAMILY.packing,
    requests=REQUESTS_4_5,
    codes=CODES_3_27,
    magic=1869114161,
)
