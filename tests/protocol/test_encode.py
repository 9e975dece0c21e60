"""What encode refuses, and what no message of ours may ever look like to another release."""

from __future__ import annotations

import struct
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autod.protocol import commands as c
from autod.protocol import releases
from autod.protocol.decode import decode
from autod.protocol.encode import encode, probe
from autod.protocol.errors import BadString, DecodeError, UnknownRelease, Unsupported, WhackError
from autod.protocol.outlines import BASIC_MAGIC

RELEASES = [releases.find(text, seccomp=False, labeled=False) for text in releases.ALL]
BUILDS = [
    releases.find(text, seccomp=seccomp, labeled=labeled)
    for text in releases.ALL
    for seccomp in (False, True)
    for labeled in (False, True)
]

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0\n"), min_size=1, max_size=300)
NUMBERS = st.integers(0, 2**32 - 1)
ADDRESSES = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6))


def command(kind: type[c.Command]) -> st.SearchStrategy[c.Command]:
    """Any command of a kind."""
    special: dict[type[c.Command], st.SearchStrategy[c.Command]] = {
        c.Initiate: st.builds(
            c.Initiate,
            NAMES,
            asynchronous=st.booleans(),
            remote_host=st.none() | NAMES,
            xauth_username=st.none() | NAMES,
        ),
        c.DeleteState: st.builds(c.DeleteState, NUMBERS),
        c.Crash: st.builds(c.Crash, ADDRESSES),
        c.Acquire: st.builds(c.Acquire, ADDRESSES, ADDRESSES, NUMBERS, NUMBERS, NUMBERS),
        c.Listen: st.builds(c.Listen, st.none() | NUMBERS, st.booleans()),
        c.SetDdosMode: st.builds(c.SetDdosMode, st.sampled_from(c.DdosMode)),
        c.ActiveRedirect: st.builds(c.ActiveRedirect, NAMES, to=NAMES),
        c.GlobalRedirect: st.builds(c.GlobalRedirect, st.integers(1, 3), st.none() | NAMES),
        c.Debug: st.builds(c.Debug, NUMBERS, NUMBERS),
        c.Impair: st.builds(c.Impair, NUMBERS, NUMBERS, st.booleans()),
        c.AddPublicKey: st.builds(
            c.AddPublicKey, NAMES, st.binary(min_size=1, max_size=200).map(lambda b: b.replace(b"\0", b"x"))
        ),
        c.AddConnection: st.builds(c.AddConnection, NAMES),
    }
    if kind in special:
        return special[kind]
    if issubclass(kind, c.Named):
        return st.builds(kind, NAMES)
    if "utc" in kind.__struct_fields__:
        arguments = {"utc": st.booleans()}
        if "name" in kind.__struct_fields__:
            arguments["name"] = st.none() | NAMES
        return st.builds(kind, **arguments)
    return st.just(kind())


COLLISIONS = {
    ("whack_seccomp_crashtest", "3.27"),
    ("whack_shuntstatus", "3.27"),
    ("whack_addresspool_status", "3.27"),
    ("whack_addresspoolstatus", "3.27"),
    ("whack_command", "3.27"),
    ("whack_show_states", "3.28"),
    ("whack_connectionstatus", "3.28"),
    ("whack_fipsstatus", "3.28"),
    ("whack_showstates", "4.0"),
    ("whack_addresspoolstatus", "4.0"),
    ("name_len", "5.0"),
    ("name", "5.0"),
    ("whack_leave_state", "5.0"),
    ("whack_briefconnectionstatus", "5.0"),
}
"""The members of our layouts that lie where another release looks for a shutdown: (member, first such release)."""

EPOCHS = (("5.1", (5, 1)), ("5.0", (5, 0)), ("4.0", (4, 0)), ("3.28", (3, 28)), ("3.27", (3, 27)))
"""Where the shutdown byte moved."""


@given(data=st.data())
def test_a_message_looks_like_a_foreign_shutdown_only_by_a_known_member(data: st.DataObject) -> None:
    """For any command, sender and receiver: a byte that means shutdown there is a shutdown or a known collision.

    Named commands of 5.3 and 5.4 cannot avoid the shutdown byte of 5.0 (the slot of the name lies there), so no
    encoder can make all messages harmless everywhere: autod sends nothing but the probe before it is certain.
    """
    sender = data.draw(st.sampled_from(BUILDS))
    kind = data.draw(st.sampled_from(sorted(sender.family.requests, key=lambda k: k.__name__)))
    message = encode(data.draw(command(kind)), sender)
    for receiver in RELEASES:
        if receiver.family is sender.family or not fatal(message, receiver):
            continue
        at = receiver.family.layout[receiver.family.shutdown_path].offset
        (member,) = {
            f.path for f in sender.family.layout.fields.values() if f.offset <= at < f.offset + f.size
        }
        epoch = next(name for name, version in EPOCHS if receiver.at_least(*version))
        assert kind in (c.Shutdown, c.ShutdownLeaveState) or (member, epoch) in COLLISIONS


def fatal(message: bytes, receiver: releases.Release) -> bool:
    """Whether `receiver`, whatever it makes of the rest, may shut down at the sight of this message.

    Up to 5.0 whatever the magic: with a foreign one that byte is looked at first, with its own it is the member.
    """
    (magic,) = struct.unpack_from("<I", message)
    at = receiver.family.layout[receiver.family.shutdown_path].offset
    nonzero = len(message) > at and message[at] != 0
    return nonzero and (magic == BASIC_MAGIC or "basic.magic" not in receiver.family.layout.fields)


def test_the_probe_is_safe_on_every_release() -> None:
    """A status with the basic magic, and no byte that any release takes for a shutdown."""
    message = probe()
    assert len(message) == 24
    for pluto in RELEASES:
        assert not fatal(message, pluto)
        assert (
            pluto.family.layout["basic.whack_status" if pluto.at_least(5, 1) else "whack_status"].offset == 4
        )


HAZARDS = [
    ("a named command of 5.3 to 5.0", c.Initiate("x"), "5.3.2", "5.0"),
    ("a named command of 5.4 to 5.0", c.Initiate("x"), "5.4", "5.0"),
    ("show states of 4.x to 3.32", c.ShowStates(), "4.10", "3.32"),
    ("address pools of 4.x to 3.27", c.AddressPoolStatus(), "4.10", "3.27"),
    ("address pools of 5.1 to 4.x", c.AddressPoolStatus(), "5.1", "4.10"),
    ("brief connection status of 5.2 to 5.0", c.BriefConnectionStatus(), "5.2", "5.0"),
    ("FIPS status of 5.1 to 3.32", c.FipsStatus(), "5.1", "3.32"),
    ("shunt status of 5.2 to 3.27", c.ShuntStatus(), "5.2", "3.27"),
]


@pytest.mark.parametrize(("what", "asked", "sender", "receiver"), HAZARDS, ids=[row[0] for row in HAZARDS])
def test_a_known_hazard_is_a_hazard(what: str, asked: c.Command, sender: str, receiver: str) -> None:
    """Each of these ends a pluto of the wrong release: it is why nothing is sent before the release is certain."""
    message = encode(asked, releases.find(sender, seccomp=False))
    assert fatal(message, releases.find(receiver))


def test_one_magic_covers_layouts_that_kill_each_other() -> None:
    """4.3 to 5.0 share a magic; show states of 5.0 is the shutdown of 4.x, so a magic never names a layout."""
    message = encode(c.ShowStates(), releases.find("5.0"))
    old = releases.find("4.10")
    assert releases.find("5.0").magic == old.magic
    assert fatal(message, old)


@pytest.mark.parametrize("name", ["a\0b", "a\nb", "", "n" * 4096, "ü" * 2048, "n" * 5000])
@pytest.mark.parametrize("pluto", RELEASES, ids=str)
def test_a_name_that_cannot_be_carried_is_refused(pluto: releases.Release, name: str) -> None:
    """A NUL, a newline, nothing, or more than a message holds."""
    for kind in (c.Initiate, c.Terminate, c.Delete, c.Route):
        with pytest.raises(BadString):
            encode(kind(name), pluto)


def test_strings_that_fit_alone_but_not_together_are_refused() -> None:
    """The room is for all strings of a message."""
    for pluto in RELEASES:
        with pytest.raises(BadString):
            encode(c.Initiate("n" * 3000, remote_host="h" * 3000), pluto)


def test_numbers_that_depend_on_the_build_are_not_guessed() -> None:
    """From 5.3 on --listen and a few others differ with USE_SECCOMP; the rest is sent without knowing."""
    for text in ("5.3", "5.3.2", "5.4"):
        pluto = releases.find(text)
        for asked in (c.Listen(), c.Unlisten(), c.ShutdownLeaveState(), c.ActiveRedirect("x", to="y")):
            with pytest.raises(Unsupported, match="seccomp="):
                encode(asked, pluto)
            plain, shifted = (encode(asked, releases.find(text, seccomp=s)) for s in (False, True))
            at = pluto.family.layout["whack_command"].offset
            assert shifted[at] == plain[at] + 1
        for asked in (c.Initiate("x"), c.Delete("x"), c.CheckPubkeys(), c.Shutdown(), c.Status()):
            assert encode(asked, pluto) == encode(asked, releases.find(text, seccomp=True))


def test_labeled_ipsec_is_not_guessed_where_the_length_must_be_exact() -> None:
    """3.27 to 3.32 want the exact length, which depends on a string of labeled IPsec."""
    for text in ("3.27", "3.29", "3.32"):
        with pytest.raises(Unsupported, match="labeled"):
            encode(c.Initiate("x"), releases.find(text))
        with_, without = (encode(c.Initiate("x"), releases.find(text, labeled=b)) for b in (True, False))
        assert len(with_) == len(without) + 1


@pytest.mark.parametrize(
    "text",
    [
        "5.5",
        "6.0",
        "3.26",
        "5.3.3",
        "4.16",
        "v5.1-123-gabcdef0-main",
        "5.2rc1",
        "v5.4-dirty-main",
        "v5.4-59-g0c4e3eccfb-dirty-main",
        "v5.4-59-g0c4e3eccfb-some_branch",
        "v5.3-59-g0c4e3eccfb-main",
        "v5.4-60-gfedcba9876-main",
        "5.0dr2",
        "",
        "banana",
        "5.2\n",
        "4.10-14-gdeadbeef",
    ],
)
def test_an_uncovered_release_is_refused_by_name(text: str) -> None:
    """Nothing is guessed; the sentence names it and says what to do."""
    with pytest.raises(UnknownRelease) as caught:
        releases.find(text)
    assert caught.value.release == text
    assert "autod learn" in str(caught.value)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize("text", ["3.27", "3.32", "4.1"])
def test_how_a_release_was_built_may_stand_behind_it(text: str) -> None:
    for suffix, labeled in (("+labeled", True), ("+unlabeled", False)):
        assert releases.find(text + suffix) == releases.find(text, labeled=labeled)
    assert releases.find("4.12-2.el8+labeled").text == "4.12-2.el8"


@pytest.mark.parametrize(
    ("text", "release"),
    [
        ("v5.4-59-g0c4e3eccfb-main", "5.4"),
        ("5.4-59-g0c4e3ecc", "5.4"),
        ("v5.4-59-g0c4e3eccfb0123456789-HEAD", "5.4"),
        ("v5.1-50-g45d42f99c0-main", "5.1"),
        ("v5.4-main", "5.4"),
        ("v4.10", "4.10"),
    ],
)
def test_a_commit_up_to_which_no_layout_changed_is_its_release(text: str, release: str) -> None:
    """From 5.1 on its magic is that of its whole version."""
    found, base = releases.find(text), releases.find(release)
    assert (found.text, found.version, found.family) == (text, base.version, base.family)
    assert found.magic == (base.magic if release == "4.10" else releases.cksum(text))
    assert encode(c.Initiate("x"), found)[4:] == encode(c.Initiate("x"), base)[4:]


def test_what_a_release_lacks_is_unsupported() -> None:
    """A command that came later is refused, not approximated."""
    for asked, text in [
        (c.BriefStatus(), "3.27"),
        (c.ShowStates(), "3.32"),
        (c.RekeyIke("x"), "3.29"),
        (c.ConnectionStatus(), "4.15"),
        (c.Suspend("x"), "5.1"),
        (c.RereadCerts(), "3.32"),
        (c.ShutdownLeaveState(), "4.1"),
    ]:
        pluto = releases.find(text, labeled=False)
        assert not pluto.supports(type(asked))
        with pytest.raises(Unsupported, match=text):
            encode(asked, pluto)


def test_an_address_takes_the_shape_of_its_family() -> None:
    """IPv4 and IPv6 peers survive a round trip in every shape that ip_address had."""
    for pluto in RELEASES:
        for text in ("192.0.2.7", "2001:db8::7"):
            address = ip_address(text)
            message = decode(encode(c.Crash(address), pluto), pluto)
            assert any(
                isinstance(value, bytes) and value.rstrip(b"\0") == address.packed.rstrip(b"\0")
                for value in message.members.values()
            )


@given(
    data=st.binary(max_size=9000),
    pluto=st.sampled_from(BUILDS),
    prefix=st.sampled_from(["none", "own", "basic"]),
)
def test_decode_of_anything_is_a_message_or_a_clean_error(
    data: bytes, pluto: releases.Release, prefix: str
) -> None:
    """Arbitrary bytes, also behind a valid magic, give a value or DecodeError and nothing else."""
    magic = {"none": b"", "own": struct.pack("<I", pluto.magic), "basic": struct.pack("<I", BASIC_MAGIC)}[
        prefix
    ]
    try:
        message = decode(magic + data, pluto)
    except DecodeError:
        return
    assert sum(map(len, message.strings.values())) + len(message.trailing) <= len(data) + 4


@given(data=st.data())
def test_cutting_a_message_anywhere_is_a_clean_error_or_shorter_strings(data: st.DataObject) -> None:
    """A truncated message never reads as the whole one."""
    pluto = data.draw(st.sampled_from(RELEASES))
    whole = encode(c.Initiate(data.draw(NAMES)), pluto)
    cut = data.draw(st.integers(0, len(whole) - 1))
    try:
        message = decode(whole[:cut], pluto)
    except WhackError:
        return
    assert message.name != decode(whole, pluto).name or message != decode(whole, pluto)


def test_the_probe_is_to_the_byte_what_every_release_reads_alike() -> None:
    assert probe() == (2003331865).to_bytes(4, "little") + b"\x01" + bytes(19)
