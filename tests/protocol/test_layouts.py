"""Every offset, size, string order and magic of the 16 families, against what the compiler said."""

from __future__ import annotations

import construct
import pytest

from autod.protocol import releases
from autod.protocol.families.family import Family
from autod.protocol.outlines import BASIC_MAGIC
from autod.protocol.packing import Chunk, Text, Things
from tests.helpers.goldens import layouts

FAMILIES = pytest.mark.parametrize("family", releases.FAMILIES, ids=lambda family: family.releases[0])


def test_every_recorded_layout_has_a_family() -> None:
    """No layout was recorded that the declarations do not cover, and no release stands in two families."""
    assert {family.releases[0] for family in releases.FAMILIES} == layouts().keys()
    assert len(releases.ALL) == len(set(releases.ALL)) == 29


@FAMILIES
def test_every_member_lies_where_the_compiler_put_it(family: Family) -> None:
    """Offset and size of each member, in both directions."""
    golden = layouts()[family.releases[0]]
    expected = {}
    for row in golden["fields"]:
        offset, size, kind = row["offset"], row["size"], row["type"]
        if kind == "chunk" or kind.startswith("array["):
            continue
        if kind.startswith("bitfield:8:8"):
            offset, size = offset + 1, 1
        expected[row["path"]] = (offset, size)
    declared = {f.path: (f.offset, f.size) for f in family.layout.fields.values() if ".value[" not in f.path}
    assert declared == expected
    assert family.layout.size == golden["sizeof"]
    assert family.layout.head == golden["string_offset"]
    assert family.layout.room == golden["string_size"]
    assert list(family.releases) == [r for r in golden["releases"] if r != "HEAD"]


@FAMILIES
def test_the_construct_of_a_family_has_its_size(family: Family) -> None:
    """construct measures the whole struct as the compiler did, and builds a head that ends where the strings begin."""
    golden = layouts()[family.releases[0]]
    assert isinstance(family.message, construct.Construct)
    assert family.message.sizeof() == golden["sizeof"]
    assert family.layout.build({}) == bytes(golden["string_offset"])
    assert family.message.build({}) == bytes(golden["sizeof"])


@pytest.mark.sampled(2)
@FAMILIES
def test_construct_builds_each_member_where_the_compiler_put_it(family: Family) -> None:
    """A head with one member set has that member's bytes there and zeros elsewhere, and reads back as that member."""
    layout = family.layout
    for path, field in layout.fields.items():
        if field.offset >= layout.head:
            continue
        data = b"\1" if field.flag else bytes(range(0x81, 0x81 + field.size))
        value = data if field.raw else int.from_bytes(data, "little", signed=field.signed)
        head = layout.build({path: value})
        assert head == bytes(field.offset) + data + bytes(layout.head - field.offset - field.size), path
        assert layout.parse(head)[path] == value
        patched = bytearray(layout.head)
        field.write(patched, value)
        assert patched == head, path


@FAMILIES
def test_strings_are_packed_in_the_recorded_order(family: Family) -> None:
    """Order, kind and condition of every packed item."""
    golden = layouts()[family.releases[0]]["pickle"]
    expected = [
        (row["path"], row["kind"], row.get("ifdef") is not None, row.get("command"))
        for row in golden
        if row["kind"] in ("string", "chunk", "things")
    ]
    kinds = {Text: "string", Chunk: "chunk", Things: "things"}
    declared = [
        (item.path, kinds[type(item)], getattr(item, "labeled", False), getattr(item, "command", None))
        for item in family.packing.order
    ]
    assert declared == expected
    assert family.packing.tuples == any(row["kind"] == "conn_tuples" for row in golden)


@FAMILIES
def test_elements_of_impairments_have_their_size(family: Family) -> None:
    """The size of an array's element is that of its struct."""
    sizes = layouts()[family.releases[0]]["struct_sizes"]
    for item in family.packing.order:
        if isinstance(item, Things):
            assert item.size == sizes.get("whack_impairment", sizes["whack_impair"])


@FAMILIES
def test_magic_socket_and_fatal_bytes(family: Family) -> None:
    """Magic, type of socket, and where the status and shutdown bytes lie."""
    golden = layouts()[family.releases[0]]
    assert golden["basic_magic"] == BASIC_MAGIC
    if golden["magic"]["kind"] == "constant":
        assert family.magic == golden["magic"]["value"]
    else:
        assert family.magic is None
        first = family.releases[0]
        assert releases.find(first).magic == golden["magic"][f"value_for_{first}"]
    assert family.seqpacket == (golden["socket"]["type"] == "SOCK_SEQPACKET")
    assert family.layout[family.shutdown_path].offset == golden["shutdown_offset"]
    status = "basic.whack_status" if "basic.magic" in family.layout.fields else "whack_status"
    assert family.layout[status].offset == golden["status_offset"] == 4


@FAMILIES
def test_reply_codes_are_the_headers(family: Family) -> None:
    """Prompts and errors of each era are those of enum rc_type."""
    codes = layouts()[family.releases[0]]["enums"]["rc_type"]
    assert family.codes.secret_prompt == codes["RC_ENTERSECRET"]
    assert family.codes.user_prompt == codes["RC_USERPROMPT"]
    floor = {name: code for name, code in codes.items() if "EXIT" not in name and 20 <= code < 100}
    for name, code in floor.items():
        prompt = name in ("RC_ENTERSECRET", "RC_USERPROMPT")
        assert family.codes.is_error(code) != prompt, name


@pytest.mark.parametrize("first", ["5.3", "5.4"])
@pytest.mark.parametrize("seccomp", [False, True])
def test_numbers_of_whack_command(first: str, seccomp: bool) -> None:
    """enum whack_command with and without USE_SECCOMP."""
    family = releases.find(first).family
    golden = layouts()[first]["enums"]["whack_command+USE_SECCOMP" if seccomp else "whack_command"]
    for name, number in golden.items():
        assert family.command(number, seccomp) == name
        if name != "WHACK_SECCOMP_CRASHTEST":
            assert family.number(name, seccomp) == number
    assert family.command(len(golden), seccomp) is None
    assert family.command(-1, seccomp) is None


@pytest.mark.parametrize(
    ("version", "magic"),
    [
        ("5.1", 3685020131),
        ("5.2", 3654091882),
        ("5.3", 3625298157),
        ("5.3.1", 3550976796),
        ("5.3.2", 3519966869),
        ("5.4", 3709792120),
    ],
)
def test_magic_of_late_releases_is_the_checksum_of_their_version(version: str, magic: int) -> None:
    """The magic that the release's own whack sent."""
    assert releases.cksum(version) == magic == releases.find(version).magic


def test_a_checksum_equal_to_the_basic_magic_is_turned_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """No version may get the basic magic for its own; as none is known that would, the basic magic moves here."""
    monkeypatch.setattr(releases, "BASIC_MAGIC", 3654091882)
    assert releases.cksum.__wrapped__("5.2") == 3654091882 ^ 0xFFFFFFFF
    assert releases.cksum.__wrapped__("5.1") == 3685020131


@pytest.mark.parametrize("release", releases.ALL)
def test_a_distributors_suffix_keeps_the_family(release: str) -> None:
    """The layout is that of the number; from 5.1 on the magic is that of the whole string."""
    plain = releases.find(release)
    for suffix in ("-1.el10", "-2+deb12u1", "~bpo12", "+git"):
        found = releases.find(release + suffix)
        assert found.family is plain.family
        assert found.version == plain.version
        assert found.magic == (plain.magic if plain.family.magic else releases.cksum(release + suffix))
