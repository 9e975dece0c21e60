"""struct whack_message of 5.2: 5.1 with end[2], IP-TFS, session resumption and --suspend.

Facts from include/whack.h of this release, in the order of that header.
How to write the next one: docs/adding-a-release.md.
"""

from __future__ import annotations

from autod.protocol.codes import CODES_5_0
from autod.protocol.cstruct import CStruct, array, boolean, enum, u64
from autod.protocol.families import v5_0, v5_1
from autod.protocol.families.family import Family
from autod.protocol.families.requests import REQUESTS_5_2
from autod.protocol.families.shapes import deltatime_5_0, ip_address_4_4
from autod.protocol.packing import Packing

__all__ = ["FAMILY", "whack_end", "whack_message"]

whack_end: CStruct = (
    v5_1.whack_end.without("host_nexthop", "modecfg_server", "modecfg_client")
    .inserting("host_ikeport", nexthop=ip_address_4_4)
    .inserting("certtype", modecfgserver=enum("yn_options"), modecfgclient=enum("yn_options"))
    .replacing(cat=enum("yn_options"))
)

whack_message: CStruct = (
    v5_1.whack_message.without("sa_rekey_margin", "left", "right")
    .inserting("phase2", session_resumption=enum("yn_options"))
    .inserting("ipsec_lifetime", rekeymargin=deltatime_5_0)
    .inserting(
        "send_no_esp_tfc",
        iptfs=enum("yn_options"),
        iptfs_fragmentation=enum("yn_options"),
        iptfs_packet_size=u64,
        iptfs_max_queue_size=u64,
        iptfs_reorder_window=u64,
        iptfs_drop_time=deltatime_5_0,
        iptfs_init_delay=deltatime_5_0,
    )
    .inserting("sec_label", end=array(whack_end, 2))
    .inserting("send_redirect", whack_suspend=boolean)
    .replacing(ikepad=enum("yna_options"))
)

FAMILY = Family(
    releases=("5.2",),
    message=whack_message,
    packing=Packing(v5_0.order(("end[0]", "end[1]"), v5_1.END), lengths=True),
    requests=REQUESTS_5_2,
    codes=CODES_5_0,
)
