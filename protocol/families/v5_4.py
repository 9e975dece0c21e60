"""struct whack_message of 5.4: a short head, options of a connection as tuples, SOCK_SEQPACKET.

Facts from include/whack.h of this release, in the order of that header.
How to write the next one: docs/adding-a-release.md.
"""

from __future__ import annotations

from autod.protocol.codes import CODES_5_3
from autod.protocol.cstruct import (
    CStruct,
    array,
    boolean,
    const_string,
    enum,
    octets,
    pointer,
    string,
    struct,
    u64,
)
from autod.protocol.families.family import Family
from autod.protocol.families.requests import COMMANDS_5_4, REQUESTS_5_4
from autod.protocol.families.shapes import (
    acquire_5_4,
    basic,
    ddos,
    debugging,
    impairments,
    ip_address_5_3,
    listen,
    pubkey_5_4,
)
from autod.protocol.packing import Item, Packing, Text, Things, texts

__all__ = ["FAMILY", "whack_end", "whack_message"]

whack_end: CStruct = struct(
    "whack_end",
    leftright=const_string,
    conn=pointer,
)

whack_message: CStruct = struct(
    "whack_message",
    basic=basic,
    whack_command=enum("whack_command"),
    name=string,
    whack_from=enum("whack_from"),
    whack_async=boolean,
    whack_utc=boolean,
    whack=struct(
        "",
        listen=listen,
        ddos=ddos,
        acquire=acquire_5_4,
        deletestate=struct("", state_nr=u64),
        crash=struct("", peer=ip_address_5_3),
        list=struct("", list=array(boolean, 6)),
        initiate=struct("", remote_host=string),
        global_redirect=struct("", kind=enum("global_redirect"), to=string),
        active_redirect=struct("", to=string),
        impair=impairments,
        debug=debugging,
        pubkey=pubkey_5_4,
    ),
    end=array(whack_end, 2),
    str_size=u64,
    string=octets(4096),
    conn=array(struct("", value=array(pointer, 133)), 3),
)

_ORDER: tuple[Item, ...] = (
    *texts("name"),
    Things("whack.impair.list", "whack.impair.len", 24, command="WHACK_IMPAIR"),
    Text("whack.initiate.remote_host", command="WHACK_INITIATE"),
    Text("whack.acquire.label", command="WHACK_ACQUIRE"),
    Text("whack.acquire.pubkey.id", command="WHACK_ACQUIRE"),
    Text("whack.acquire.pubkey.key", command="WHACK_ACQUIRE"),
    Text("whack.global_redirect.to", command="WHACK_GLOBAL_REDIRECT"),
    Text("whack.active_redirect.to", command="WHACK_ACTIVE_REDIRECT"),
    Text("whack.pubkey.id", command="WHACK_PUBKEY"),
    Text("whack.pubkey.key", command="WHACK_PUBKEY"),
)

FAMILY = Family(
    releases=("5.4",),
    message=whack_message,
    packing=Packing(_ORDER, lengths=True, tuples=True),
    requests=REQUESTS_5_4,
    codes=CODES_5_3,
    seqpacket=True,
    numbers=COMMANDS_5_4,
    ipv4=1,
    ipv6=2,
)
