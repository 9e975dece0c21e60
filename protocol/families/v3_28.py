"""struct whack_message of 3.28 to 3.29: 3.27 with --briefstatus and the redirects of IKEv2.

Facts from include/whack.h of these releases, in the order of that header.
How to write the next one: docs/adding-a-release.md.
"""

from __future__ import annotations

from autod.protocol.codes import CODES_3_27
from autod.protocol.cstruct import CStruct, boolean, string
from autod.protocol.families import v3_27
from autod.protocol.families.family import Family
from autod.protocol.families.requests import REQUESTS_3_28
from autod.protocol.families.shapes import ip_address_3_27
from autod.protocol.packing import Packing

__all__ = ["FAMILY", "whack_end", "whack_message"]

whack_end: CStruct = v3_27.whack_end

whack_message: CStruct = v3_27.whack_message.inserting(
    "whack_fips_status", whack_brief_status=boolean
).inserting(
    "vti_shared",
    redirect_to=string,
    accept_redirect_to=string,
    active_redirect=boolean,
    active_redirect_peer=ip_address_3_27,
    active_redirect_gw=ip_address_3_27,
)

FAMILY = Family(
    releases=(
        "3.28",
        "3.29",
    ),
    message=whack_message,
    packing=Packing(v3_27.order(("redirect_to", "accept_redirect_to")), exact=True),
    requests=REQUESTS_3_28,
    codes=CODES_3_27,
    magic=1869114158,
)
