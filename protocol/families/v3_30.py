"""struct whack_message of 3.30 to 3.32.

Times in microseconds, addresses without sockaddr, XFRM interfaces, rekeying by name.

Facts from include/whack.h of these releases, in the order of that header.
How to write the next one: docs/adding-a-release.md.
"""

from __future__ import annotations

from autod.protocol.codes import CODES_3_27
from autod.protocol.cstruct import CStruct, boolean, u32
from autod.protocol.families import v3_28
from autod.protocol.families.family import Family
from autod.protocol.families.requests import REQUESTS_3_30
from autod.protocol.families.shapes import deltatime_3_30, ip_address_3_30, ip_range_3_30, ip_subnet_3_30

__all__ = ["FAMILY", "whack_end", "whack_message"]

whack_end: CStruct = v3_28.whack_end.inserting("host_vtiip", ifaceip=ip_subnet_3_30).replacing(
    host_addr=ip_address_3_30,
    host_nexthop=ip_address_3_30,
    host_srcip=ip_address_3_30,
    client=ip_subnet_3_30,
    host_vtiip=ip_subnet_3_30,
    pool_range=ip_range_3_30,
)

whack_message: CStruct = (
    v3_28.whack_message.inserting("nic_offload", xfrm_if_id=u32)
    .inserting("whack_deletestateno", whack_rekey_ike=boolean, whack_rekey_ipsec=boolean)
    .inserting("whack_ddos", whack_ddns=boolean)
    .replacing(
        sa_ike_life_seconds=deltatime_3_30,
        sa_ipsec_life_seconds=deltatime_3_30,
        sa_rekey_margin=deltatime_3_30,
        r_timeout=deltatime_3_30,
        r_interval=deltatime_3_30,
        dpd_delay=deltatime_3_30,
        dpd_timeout=deltatime_3_30,
        oppo_my_client=ip_address_3_30,
        oppo_peer_client=ip_address_3_30,
        whack_crash_peer=ip_address_3_30,
        active_redirect_peer=ip_address_3_30,
        active_redirect_gw=ip_address_3_30,
        left=whack_end,
        right=whack_end,
    )
)

FAMILY = Family(
    releases=(
        "3.30",
        "3.31",
        "3.32",
    ),
    message=whack_message,
    packing=v3_28.FAMILY.packing,
    requests=REQUESTS_3_30,
    codes=CODES_3_27,
    magic=1869114159,
)
