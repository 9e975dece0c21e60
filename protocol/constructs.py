"""A declaration of C as a construct: parses the bytes of a struct to nested containers and builds them from such.

Owns: the construct of each kind of type. Must not know: any release of Libreswan, or how strings are packed.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import construct

from autod.protocol.abi import Abi, Array, CType, Layout, Scalar, Struct

__all__ = ["of", "of_head"]


class _Union(construct.Adapter):  # type: ignore[type-arg]
    """All members of a union side by side; building lays one over the other."""

    def __init__(self, size: int, members: Mapping[str, construct.Construct[Any, Any]]) -> None:
        super().__init__(construct.Bytes(size))
        self.size = size
        self.members = members

    def _decode(self, obj: bytes, context: Any, path: Any) -> Any:
        return construct.Container({name: member.parse(obj) for name, member in self.members.items()})

    def _encode(self, obj: Any, context: Any, path: Any) -> bytes:
        laid = 0
        for name, member in self.members.items():
            if name in obj:
                laid |= int.from_bytes(member.build(obj[name]).ljust(self.size, b"\0"), "big")
        return laid.to_bytes(self.size, "big")


def of(abi: Abi, kind: CType) -> construct.Construct[Any, Any]:
    """The construct of a type as `abi` lays it out; what is not given is zero."""
    match kind:
        case Scalar(format="s"):
            return construct.Default(construct.Bytes(kind.count), bytes(kind.count))
        case Scalar():
            return construct.Default(construct.FormatField(abi.order, abi.format(kind)[1:]), 0)
        case Array():
            element = of(abi, kind.element)
            return construct.Default(element[kind.count], [None] * kind.count)
        case Struct(is_union=True):
            size, _ = abi.measure(kind)
            members = {name: of(abi, member) for name, member in kind.members}
            return construct.Default(_Union(size, members), {})
        case Struct():
            parts: list[construct.Construct[Any, Any]] = []
            end = 0
            for name, member, offset in abi.places(kind):
                if offset > end:
                    parts.append(construct.Padding(offset - end))
                parts.append(name / of(abi, member))
                end = offset + abi.measure(member)[0]
            size, _ = abi.measure(kind)
            if size > end:
                parts.append(construct.Padding(size - end))
            return construct.Default(construct.Struct(*parts), {})


@functools.cache
def of_head(layout: Layout) -> construct.Construct[Any, Any]:
    """The construct of the head of a message: parse and build exchange `layout.head` bytes for nested containers."""
    names = [name for name, _ in layout.message.members]
    head = Struct(layout.message.name, layout.message.members[: names.index("string")])
    built = of(layout.abi, head)
    return built if layout.abi.measure(head)[0] == layout.head else construct.Padded(layout.head, built)
