"""Addresses, subnets, ranges and protoports in the messages of 3.27 to 4.15: values to members.

Owns: the members of each shape. Must not know: whose address it is.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final

import msgspec

from autod.protocol.connection.addresses import IPV4, Block, unspecified

if TYPE_CHECKING:
    from autod.protocol.connection.addresses import Address, ProtoPort, Range

__all__ = [
    "SHAPE_3_27",
    "SHAPE_3_30",
    "SHAPE_4_0",
    "SHAPE_4_2",
    "SHAPE_4_3",
    "SHAPE_4_4",
    "SHAPE_4_6",
    "Shape",
]

Members = dict[str, object]

_AF: Final = {4: 2, 6: 10}


class Shape(msgspec.Struct, frozen=True):
    """The shapes of one release.

    `is_set`: the member of an address that tells that it is present, "" if there is no such member. `packed`: its
    bytes, "" if it is a sockaddr. `nested`: a subnet has the address inside, with `is_set` if `inner_set`.
    `subnet_set`: the member that tells that the subnet is present. `cidr`: the type of an address with a prefix: with a
    member that tells that it is present (`set`), without one (`bare`), or a `subnet`. `protoport`: its members
    (wildcard, port, protocol). `protoport_set`: the member that tells that it is present.
    """

    is_set: str = "is_set"
    packed: str = "bytes.byte"
    nested: bool = False
    inner_set: bool = True
    subnet_set: str = ""
    cidr: str = "set"
    range_nested: bool = False
    protoport: tuple[str, str, str] = (
        "protoport.has_port_wildcard",
        "protoport.hport",
        "protoport.ipproto",
    )
    protoport_set: str = "protoport.is_set"
    all_is_endpoint: bool = False
    """The subnet of all addresses is marked as an endpoint, and not as a subnet."""

    range_subnet: bool = True
    """A range has a member that tells whether it is a subnet."""

    def address(self, path: str, value: Address) -> Members:
        if not self.packed:
            return _socket(path, value)
        marker, version, packed = _paths(self, path)
        members: Members = {version: value.version, packed: value.packed.ljust(16, b"\0")}
        if marker:
            members[marker] = 1
        return members

    def block(self, path: str, value: Block | None) -> Members:
        """A subnet. None: an absent one, to clear the members of one that was there before."""
        if value is None:
            members = self.block(path, Block(unspecified(IPV4), 0))
            return {
                member: bytes(len(zero)) if isinstance(zero, bytes) else 0 for member, zero in members.items()
            }
        members = self.address(f"{path}.addr" if self.nested else path, value.address)
        if not self.inner_set:
            del members[f"{path}.addr.{self.is_set}"]
        if self.subnet_set:
            members[f"{path}.{self.subnet_set}"] = 1
        members[f"{path}.maskbits"] = value.bits
        return members

    def everything(self, path: str, version: int) -> Members:
        """The subnet of all addresses of a version of IP, for an end without a client."""
        members = self.block(path, Block(unspecified(version), 0))
        return self.as_endpoint(path, members) if self.all_is_endpoint else members

    def as_endpoint(self, path: str, members: Members) -> Members:
        """A subnet that is marked as an endpoint, and not as anything else."""
        endpoint = dict(members)
        endpoint.pop(f"{path}.{self.subnet_set}", None)
        endpoint.pop(f"{path}.addr.{self.is_set}", None)
        return endpoint | {f"{path}.addr.is_endpoint": 1}

    def given(self, path: str, value: Block | None, marking: str) -> Members:
        """A subnet that is set, with its flag: `marking` is one of Facts.given_subnet."""
        members = self.block(path, value)
        if marking == "endpoint":
            return self.as_endpoint(path, members)
        if marking == "unmarked":
            members.pop(f"{path}.{self.subnet_set}", None)
        return members

    def ported(self, path: str, port: int) -> Members:
        """The port of an address (up to 3.32)."""
        if self.packed:
            return {f"{path}.hport": port}
        return {f"{path}.u.v4.sin_port": int.from_bytes(port.to_bytes(2, "big"), "little")}

    def with_prefix(self, path: str, value: Block) -> Members:
        """An address with a prefix."""
        if self.cidr == "subnet":
            return self.block(path, value)
        members = self.address(path, value.address)
        if self.cidr == "bare":
            members.pop(f"{path}.{self.is_set}")
        members[f"{path}.prefix_bits"] = value.bits
        return members

    def range(self, path: str, value: Range) -> Members:
        """Two addresses, the first and the last."""
        members: Members = {}
        if self.range_subnet:
            members[f"{path}.is_subnet"] = value.is_subnet
        if self.range_nested:
            return (
                members | self.address(f"{path}.start", value.first) | self.address(f"{path}.end", value.last)
            )
        members[f"{path}.is_set"] = 1
        members[f"{path}.version"] = value.first.version
        members[f"{path}.start.byte"] = value.first.packed.ljust(16, b"\0")
        members[f"{path}.end.byte"] = value.last.packed.ljust(16, b"\0")
        return members

    def ports(self, value: ProtoPort) -> Members:
        """A protoport, by members of the end."""
        wildcard, port, protocol = self.protoport
        members: Members = {wildcard: value.wildcard, port: value.port, protocol: value.protocol}
        if self.protoport_set:
            members[self.protoport_set] = 1
        return members


@functools.cache
def _paths(shape: Shape, path: str) -> tuple[str, str, str]:
    return f"{path}.{shape.is_set}" if shape.is_set else "", f"{path}.version", f"{path}.{shape.packed}"


def _socket(path: str, value: Address) -> Members:
    """A sockaddr of Linux."""
    if value.version == IPV4:
        return {f"{path}.u.v4.sin_family": _AF[4], f"{path}.u.v4.sin_addr": value.packed}
    # The family is at the same place in both structs. It has only one name here, because messages are compared by the
    # names of their members.
    return {f"{path}.u.v4.sin_family": _AF[6], f"{path}.u.v6.sin6_addr": value.packed}


SHAPE_4_6: Final = Shape()
SHAPE_4_4: Final = Shape(
    cidr="bare", protoport=("protoport.any_port", "protoport.hport", "protoport.ipproto"), protoport_set=""
)
SHAPE_4_3: Final = Shape(
    is_set="is_address",
    nested=True,
    inner_set=False,
    all_is_endpoint=True,
    subnet_set="is_subnet",
    cidr="bare",
    range_nested=True,
    protoport=("protoport.any_port", "protoport.hport", "protoport.ipproto"),
    protoport_set="",
)
SHAPE_4_2: Final = msgspec.structs.replace(
    SHAPE_4_3, protoport=("protoport.any_port", "protoport.port", "protoport.protocol")
)
SHAPE_4_0: Final = msgspec.structs.replace(SHAPE_4_2, inner_set=True, cidr="subnet")
SHAPE_3_30: Final = Shape(
    is_set="",
    packed="bytes",
    nested=True,
    cidr="subnet",
    range_nested=True,
    protoport=("has_port_wildcard", "port", "protocol"),
    protoport_set="",
)
SHAPE_3_27: Final = msgspec.structs.replace(SHAPE_3_30, packed="", range_subnet=False)
