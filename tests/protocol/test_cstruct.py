"""C structs as constructs, held against the C compiler's own rules as ctypes has them."""

from __future__ import annotations

import ctypes
from typing import Any

import construct
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autod.protocol.cstruct import (
    Layout,
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
from autod.protocol.errors import DecodeError

SCALARS = [
    (boolean, ctypes.c_uint8),
    (u8, ctypes.c_uint8),
    (u16, ctypes.c_uint16),
    (u32, ctypes.c_uint32),
    (i32, ctypes.c_int32),
    (u64, ctypes.c_uint64),
    (i64, ctypes.c_int64),
    (size_t, ctypes.c_size_t),
    (string, ctypes.c_void_p),
    (pointer, ctypes.c_void_p),
    (enum("yn_options"), ctypes.c_uint32),
]

Both = tuple[Any, Any]


def _array(pair: Both, count: int) -> Both:
    return array(pair[0], count), pair[1] * count


def _octets(count: int) -> Both:
    return octets(count), ctypes.c_uint8 * count


def _members(pairs: list[Both]) -> dict[str, Both]:
    return {f"m{number}": pair for number, pair in enumerate(pairs)}


def _struct(pairs: list[Both]) -> Both:
    members = _members(pairs)
    theirs = type("S", (ctypes.Structure,), {"_fields_": [(name, pair[1]) for name, pair in members.items()]})
    return struct("s", **{name: pair[0] for name, pair in members.items()}), theirs


def _union(pairs: list[Both]) -> Both:
    members = _members(pairs)
    theirs = type("U", (ctypes.Union,), {"_fields_": [(name, pair[1]) for name, pair in members.items()]})
    return union("u", **{name: pair[0] for name, pair in members.items()}), theirs


TYPES: st.SearchStrategy[Both] = st.recursive(
    st.sampled_from(SCALARS) | st.integers(1, 9).map(_octets),
    lambda inner: (
        st.builds(_array, inner, st.integers(1, 3))
        | st.lists(inner, min_size=1, max_size=5).map(_struct)
        | st.lists(inner, min_size=1, max_size=3).map(_union)
    ),
    max_leaves=12,
)
STRUCTS = st.lists(TYPES, min_size=1, max_size=6).map(_struct)


def leaves(theirs: Any, path: str = "", offset: int = 0) -> dict[str, tuple[int, int]]:
    """Offset and size of every leaf of a ctypes type, by the path that C would write."""
    if issubclass(theirs, ctypes.Structure | ctypes.Union):
        found = {}
        for name, kind in theirs._fields_:
            at = offset + getattr(theirs, name).offset
            found.update(leaves(kind, f"{path}.{name}" if path else name, at))
        return found
    if issubclass(theirs, ctypes.Array) and theirs._type_ is not ctypes.c_uint8:
        size = ctypes.sizeof(theirs._type_)
        return {
            name: place
            for i in range(theirs._length_)
            for name, place in leaves(theirs._type_, f"{path}[{i}]", offset + i * size).items()
        }
    return {path: (offset, ctypes.sizeof(theirs))}


@given(STRUCTS)
def test_a_struct_is_laid_out_as_c_does(pair: Both) -> None:
    """Size, alignment, and offset and size of each member, nested in any way."""
    ours, theirs = pair
    assert ours.sizeof() == ctypes.sizeof(theirs)
    assert ours.alignment == ctypes.alignment(theirs)
    whole = struct("whole", s=ours, string=octets(8))
    fields = {path: (f.offset, f.size) for path, f in Layout(whole).fields.items() if path != "string"}
    expected = leaves(theirs, "s")
    # An array of bytes is one value for octets(), and as many for array(u8).
    known = {path: place for path, place in expected.items() if path in fields}
    assert {path: place for path, place in fields.items() if path in expected} == known
    assert all(path in expected or path.rpartition("[")[0] in expected for path in fields)


@given(STRUCTS, st.data())
def test_what_is_built_is_what_c_would_hold(pair: Both, data: st.DataObject) -> None:
    """A member set by its path stands in the bytes where C has it, and is read back."""
    whole = struct("whole", s=pair[0], string=octets(8))
    layout = Layout(whole)
    field = data.draw(st.sampled_from([one for one in layout.fields.values() if one.path != "string"]))
    raw = b"\1" if field.flag else data.draw(st.binary(min_size=field.size, max_size=field.size))
    value = raw if field.raw else int.from_bytes(raw, "little", signed=field.signed)
    head = layout.build({field.path: value})
    assert head == bytes(field.offset) + raw + bytes(layout.head - field.offset - field.size)
    try:
        parsed = layout.parse(head)
    except DecodeError:
        return  # a union lays a bool over it
    assert parsed.get(field.path, b"" if field.raw else 0) == (
        value if any(raw) else (b"" if field.raw else 0)
    )


@pytest.mark.parametrize(
    ("kind", "value", "data"),
    [
        (u8, 257, b"\1"),
        (u32, -1, b"\xff" * 4),
        (i32, 2**31, b"\0\0\0\x80"),
        (u64, -2, b"\xfe" + b"\xff" * 7),
        (boolean, True, b"\1"),
    ],
)
def test_a_number_is_cut_to_its_width_as_c_does(kind: Any, value: int, data: bytes) -> None:
    layout = Layout(struct("s", m=kind, string=octets(1)))
    assert layout.build({"m": value}) == data
    head = bytearray(len(data))
    layout["m"].write(head, value)
    assert head == data


def test_a_bool_that_is_neither_0_nor_1_is_not_read() -> None:
    layout = Layout(struct("s", first=u8, flag=boolean, string=octets(1)))
    assert layout.parse(b"\2\1") == {"first": 2, "flag": 1}
    with pytest.raises(DecodeError, match="flag"):
        layout.parse(b"\2\2")


def test_a_struct_is_made_from_another_by_what_changed() -> None:
    before = struct("s", a=u8, b=u32, c=u8)
    after = before.without("a").inserting("b", d=u16).beginning(e=u64).replacing(c=u32)
    assert [name for name, _ in after.members] == ["e", "b", "d", "c"]
    assert (before.sizeof(), after.sizeof()) == (12, 24)
    for wrong in (
        lambda: before.without("x"),
        lambda: before.replacing(x=u8),
        lambda: before.inserting("x", y=u8),
    ):
        with pytest.raises((AssertionError, ValueError)):
            wrong()


def test_a_declaration_is_a_construct() -> None:
    """It stands wherever construct takes one."""
    point = struct("point", x=i32, y=i32)
    both = construct.Struct("from" / point, "to" / point)
    data = both.build({"from": {"x": 1}, "to": {"y": -1}})
    assert data == b"\1\0\0\0" + bytes(8) + b"\xff" * 4
    assert both.parse(data).to.y == -1
