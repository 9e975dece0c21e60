"""The structs that several families share, one declaration for each shape.

Owns: the types that whack.h takes from elsewhere (addresses, times, ports). A name ends in the first release with that
shape. Must not know: which family uses which shape; the families know that.
"""

from __future__ import annotations

from autod.protocol.cstruct import (
    CStruct,
    array,
    boolean,
    enum,
    i32,
    i64,
    octets,
    pointer,
    size_t,
    string,
    struct,
    u8,
    u16,
    u32,
    u64,
    union,
)

__all__ = [
    "acquire_5_3",
    "acquire_5_4",
    "acquire_end",
    "authby",
    "basic",
    "chunk",
    "ddos",
    "debugging",
    "deltatime_3_27",
    "deltatime_3_30",
    "deltatime_5_0",
    "end_shunts",
    "impair_3_27",
    "impairments",
    "ip_address_3_27",
    "ip_address_3_30",
    "ip_address_4_0",
    "ip_address_4_2",
    "ip_address_4_3",
    "ip_address_4_4",
    "ip_address_5_3",
    "ip_bytes",
    "ip_cidr_4_2",
    "ip_cidr_4_4",
    "ip_cidr_4_6",
    "ip_cidr_5_0",
    "ip_endpoint_4_3",
    "ip_port_4_3",
    "ip_port_5_3",
    "ip_range_3_27",
    "ip_range_3_30",
    "ip_range_4_0",
    "ip_range_4_2",
    "ip_range_4_3",
    "ip_range_4_4",
    "ip_subnet_3_27",
    "ip_subnet_3_30",
    "ip_subnet_4_0",
    "ip_subnet_4_2",
    "ip_subnet_4_3",
    "ip_subnet_4_4",
    "listen",
    "lmod",
    "opportunistic_4_3",
    "opportunistic_4_4",
    "optional_number",
    "protoport_4_0",
    "protoport_4_3",
    "protoport_4_6",
    "pubkey_5_4",
]

lmod: CStruct = struct("lmod_t", set=u64, clr=u64)
debugging: CStruct = struct("", debugging=lmod)
chunk: CStruct = struct("chunk_t", ptr=pointer, len=size_t)
basic: CStruct = struct("whack_basic", magic=u32, whack_status=boolean, whack_shutdown=boolean)
impair_3_27: CStruct = struct("whack_impair", what=u32, how=u32)
impairments: CStruct = struct("", len=u32, list=pointer)
optional_number: CStruct = struct("", set=boolean, value=u64)
end_shunts = array(enum("shunt_policy"), 7)

authby: CStruct = struct(
    "authby",
    psk=boolean,
    null=boolean,
    never=boolean,
    rsasig=boolean,
    ecdsa=boolean,
    rsasig_v1_5=boolean,
)

timeval: CStruct = struct("timeval", tv_sec=i64, tv_usec=i64)
deltatime_3_27: CStruct = struct("deltatime_t", ms=i64)
deltatime_3_30: CStruct = struct("deltatime_t", dt=timeval)
deltatime_5_0: CStruct = struct("deltatime_t", dt=timeval, is_set=boolean)

ip_bytes: CStruct = struct("ip_bytes", byte=octets(16))

sockaddr_in: CStruct = struct(
    "sockaddr_in", sin_family=u16, sin_port=u16, sin_addr=octets(4), sin_zero=octets(8)
)
sockaddr_in6: CStruct = struct(
    "sockaddr_in6", sin6_family=u16, sin6_port=u16, sin6_flowinfo=u32, sin6_addr=octets(16), sin6_scope_id=u32
)
ip_address_3_27: CStruct = struct("ip_address", u=union("", v4=sockaddr_in, v6=sockaddr_in6), aligned=4)
ip_address_3_30: CStruct = struct("ip_address", version=u32, bytes=octets(16), hport=u16)
ip_address_4_0: CStruct = struct(
    "ip_address",
    version=u32,
    bytes=ip_bytes,
    hport=u16,
    ipproto=u32,
    is_address=boolean,
    is_endpoint=boolean,
)
ip_address_4_2: CStruct = struct(
    "ip_address",
    is_address=boolean,
    version=u32,
    bytes=ip_bytes,
    hport=u16,
    ipproto=u32,
    is_endpoint=boolean,
)
ip_address_4_3: CStruct = struct("ip_address", is_address=boolean, version=u32, bytes=ip_bytes)
ip_address_4_4: CStruct = struct("ip_address", is_set=boolean, version=enum("ip_version"), bytes=ip_bytes)
ip_base_5_3: CStruct = struct("ip_base", is_set=boolean, version=u8, aligned=4)
ip_address_5_3: CStruct = struct("ip_address", ip=ip_base_5_3, bytes=ip_bytes)

ip_endpoint_4_3: CStruct = struct(
    "ip_endpoint", version=u32, bytes=ip_bytes, hport=i32, ipproto=u32, is_endpoint=boolean
)

ip_port_4_3: CStruct = struct("ip_port", hport=u32)
ip_port_5_3: CStruct = struct("ip_port", ip=struct("ip_base", is_set=boolean, aligned=4), hport=u32)

ip_subnet_3_27: CStruct = struct("ip_subnet", addr=ip_address_3_27, maskbits=i32)
ip_subnet_3_30: CStruct = struct("ip_subnet", addr=ip_address_3_30, maskbits=i32)
ip_subnet_4_0: CStruct = struct(
    "ip_subnet", addr=ip_address_4_0, is_selector=boolean, maskbits=i32, is_subnet=boolean
)
ip_subnet_4_2: CStruct = struct(
    "ip_subnet", is_subnet=boolean, addr=ip_address_4_2, maskbits=u32, is_selector=boolean
)
ip_subnet_4_3: CStruct = struct(
    "ip_subnet", is_subnet=boolean, addr=ip_endpoint_4_3, maskbits=u32, is_selector=boolean
)
ip_subnet_4_4: CStruct = struct(
    "ip_subnet", is_set=boolean, version=enum("ip_version"), bytes=ip_bytes, maskbits=u32
)

ip_cidr_4_2: CStruct = struct("ip_cidr", version=u32, bytes=ip_bytes, prefix_bits=u32)
ip_cidr_4_4: CStruct = struct("ip_cidr", version=enum("ip_version"), bytes=ip_bytes, prefix_bits=u32)
ip_cidr_4_6: CStruct = struct(
    "ip_cidr", is_set=boolean, version=enum("ip_version"), bytes=ip_bytes, prefix_bits=u32
)
ip_cidr_5_0: CStruct = struct(
    "ip_cidr", is_set=boolean, version=enum("ip_version"), bytes=ip_bytes, prefix_len=u32
)

ip_range_3_27: CStruct = struct("ip_range", start=ip_address_3_27, end=ip_address_3_27)
ip_range_3_30: CStruct = struct("ip_range", start=ip_address_3_30, end=ip_address_3_30, is_subnet=boolean)
ip_range_4_0: CStruct = struct("ip_range", start=ip_address_4_0, end=ip_address_4_0, is_subnet=boolean)
ip_range_4_2: CStruct = struct("ip_range", start=ip_address_4_2, end=ip_address_4_2, is_subnet=boolean)
ip_range_4_3: CStruct = struct("ip_range", start=ip_address_4_3, end=ip_address_4_3, is_subnet=boolean)
ip_range_4_4: CStruct = struct(
    "ip_range",
    is_set=boolean,
    is_subnet=boolean,
    version=enum("ip_version"),
    start=ip_bytes,
    end=ip_bytes,
)

protoport_4_0: CStruct = struct("ip_protoport", any_port=boolean, port=u32, protocol=u32)
protoport_4_3: CStruct = struct("ip_protoport", any_port=boolean, hport=u32, ipproto=u32)
protoport_4_6: CStruct = struct(
    "ip_protoport", is_set=boolean, has_port_wildcard=boolean, hport=u32, ipproto=u32
)


_oppo_end_4_3 = struct("", address=ip_address_4_3, port=ip_port_4_3)
opportunistic_4_3: CStruct = struct("", local=_oppo_end_4_3, remote=_oppo_end_4_3, ipproto=u32)
_oppo_end_4_4 = struct("", address=ip_address_4_4, port=ip_port_4_3)
opportunistic_4_4: CStruct = struct("", local=_oppo_end_4_4, remote=_oppo_end_4_4, ipproto=u32)

listen: CStruct = struct(
    "whack_listen",
    ike_socket_bufsize=u32,
    ike_socket_errqueue_toggle=boolean,
    ike_socket_errqueue=enum("yn_options"),
)
ddos: CStruct = struct("whack_ddos", mode=enum("ddos_mode"))
acquire_end: CStruct = struct("", address=ip_address_5_3, port=ip_port_5_3)
acquire_5_3: CStruct = struct(
    "whack_acquire", local=acquire_end, remote=acquire_end, label=string, ipproto=u32
)
pubkey_5_4: CStruct = struct(
    "whack_pubkey", add=boolean, id=string, key=string, alg=enum("ipseckey_algorithm_type")
)
acquire_5_4: CStruct = struct(
    "whack_acquire",
    local=acquire_end,
    remote=acquire_end,
    pubkey=pubkey_5_4,
    label=string,
    ipproto=u32,
    reqid=u32,
)
