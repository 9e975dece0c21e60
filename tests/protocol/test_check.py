"""What is sent on is a message of the release that listens: every recorded message against every family."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autod.protocol import commands as c
from autod.protocol import releases
from autod.protocol.check import Carried, _known, check, check_program, check_release, wrong_socket
from autod.protocol.decode import decode
from autod.protocol.encode import encode, probe
from autod.protocol.errors import ForeignMessage, Unsupported
from autod.protocol.outlines import Outline
from autod.protocol.releases import Release
from tests.generators.outlines import simple
from tests.helpers.goldens import Capture, built, captures

LISTENERS = [
    releases.find(text, labeled=labeled)
    for text in releases.ALL
    for labeled in ((None,) if releases.find(text).at_least(4, 2) else (None, False, True))
]
"""Every release, in every build that changes what it reads, and with nothing known of the build."""

FAMILIES = [family.releases[0] for family in releases.FAMILIES]


def same(release: str, capture: Capture, listener: Release) -> bool:
    """Whether the listener reads this message as the release does: one layout, and one magic or the basic one.

    3.27 to 3.29 want the string of labeled IPsec exactly where they were built with it, 4.0 and 4.1 read it there.
    """
    sender = built(release)
    if sender.outline is not listener.outline:
        return False
    if listener.labeled is not None and listener.labeled != sender.labeled:
        return False
    return listener.magic == sender.magic or capture.command in ("status", "shutdown")


@pytest.mark.sampled(1)
@pytest.mark.parametrize("release", releases.ALL)
def test_a_recorded_message_passes_where_the_layout_is_the_same_and_nowhere_else(
    release: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every message of the release's own whack and addconn, held against every other release."""
    monkeypatch.setattr("autod.protocol.check._of", lambda message: [])  # what the sentence says costs most
    passed = 0
    for capture in captures(release):
        decoded = decode(capture.message, built(release))
        for listener in LISTENERS:
            if same(release, capture, listener):
                carried = check(capture.message, listener)
                assert carried.strings == decoded.strings
                assert carried.settings == decoded.settings
                passed += 1
            else:
                with pytest.raises(ForeignMessage, match=str(listener)):
                    check(capture.message, listener)
    assert passed >= len(captures(release))


ADDCONN = {c.AddConnection, c.AddPublicKey, c.Delete, c.Initiate, c.Listen, c.Route}


@pytest.mark.parametrize("release", releases.ALL)
def test_a_message_of_addconn_carries_what_addconn_asks(release: str) -> None:
    """Adds (which may carry a delete), keys, and what --autoall asks afterwards."""
    asked = [
        set(check(capture.message, built(release)).commands)
        for capture in captures(release)
        if capture.program == "addconn"
    ]
    # Of 3.28 and 3.29 no addconn was recorded.
    assert bool(asked) == (release not in ("3.28", "3.29"))
    assert all(commands and commands <= ADDCONN for commands in asked)
    assert not asked or any(c.AddConnection in commands for commands in asked)


@pytest.mark.parametrize("text", releases.ALL)
def test_what_encode_makes_passes_and_carries_its_command(text: str) -> None:
    for seccomp in (False, True):
        for labeled in (False, True):
            pluto = releases.find(text, seccomp=seccomp, labeled=labeled)
            for command in simple():
                if pluto.supports(type(command)):
                    assert type(command) in check(encode(command, pluto), pluto).commands, command


@pytest.mark.parametrize("pluto", LISTENERS, ids=str)
def test_the_probe_passes_everywhere(pluto: Release) -> None:
    """It is the one message that every release reads alike."""
    assert check(probe(), pluto).commands == (c.Status,)


def test_the_sentence_says_of_which_releases_it_is_and_what_to_do() -> None:
    add = next(one.message for one in captures("4.12") if one.command == "addconn-baz")
    with pytest.raises(ForeignMessage) as caught:
        check(add, releases.find("4.6"))
    assert "pluto 4.6 would misread" in str(caught.value)
    assert "Libreswan 4.8 to 4.15" in str(caught.value)
    assert "restart pluto" in str(caught.value)
    assert "IPSEC_EXECDIR" in str(caught.value)


@pytest.mark.parametrize("seccomp", [False, True])
def test_the_sentence_knows_every_build(seccomp: bool) -> None:
    """The last command of 5.4 has a number that only one build has."""
    pluto = releases.find("5.4", seccomp=seccomp)
    message = encode(c.AddPublicKey("@peer", b"0sAQ"), pluto)
    with pytest.raises(ForeignMessage, match=r"one of Libreswan 5\.4,"):
        check(message, releases.find("5.2"))


@pytest.mark.parametrize(
    ("text", "builds"), [("4.10", [False]), ("5.2", [False]), ("5.3", [False, True]), ("5.4", [False, True])]
)
def test_the_builds_that_are_known_are_those_that_number_their_commands_apart(
    text: str, builds: list[bool]
) -> None:
    assert [one.seccomp for one in _known() if one.text == text] == builds


def test_a_program_that_cannot_connect_is_of_another_release() -> None:
    error = wrong_socket("/usr/libexec/ipsec/addconn", releases.find("5.4"))
    assert str(error).startswith("/usr/libexec/ipsec/addconn is of another release than pluto 5.4")
    assert error.release == "5.4"


@pytest.mark.parametrize("text", FAMILIES)
def test_a_flag_that_is_neither_0_nor_1_is_refused(text: str) -> None:
    """Whatever else stands there in another layout, each byte where this one has a bool counts."""
    pluto = releases.find(text, seccomp=False, labeled=False)
    message = encode(c.AddConnection("branch"), pluto)
    for flag in pluto.family.layout.flags:
        for value, passes in ((1, True), (2, False), (255, False)):
            changed = bytearray(message)
            changed[flag.offset] = value
            if passes:
                check(bytes(changed), pluto)
            else:
                with pytest.raises(ForeignMessage, match="would misread"):
                    check(bytes(changed), pluto)


def test_a_message_of_no_release_is_said_to_be_of_none() -> None:
    for message in (b"", b"\0", b"\1\2\3\4" * 400):
        with pytest.raises(ForeignMessage, match=r"not one of Libreswan 4\.10"):
            check(message, releases.find("4.10"))


@given(
    data=st.data(),
    text=st.sampled_from(releases.ALL),
    command=st.sampled_from([c.Terminate("branch"), c.TrafficStatus(), c.AddConnection("branch")]),
)
def test_a_message_that_is_cut_or_longer_is_refused(
    data: st.DataObject, text: str, command: c.Command
) -> None:
    """The strings end where the message does."""
    pluto = releases.find(text, seccomp=False, labeled=False)
    whole = encode(command, pluto)
    assert type(command) in check(whole, pluto).commands
    cut = data.draw(st.integers(0, len(whole) - 1))
    longer = data.draw(st.binary(min_size=1, max_size=5000))
    for message in (whole[:cut], whole + longer):
        with pytest.raises(ForeignMessage):
            check(message, pluto)


@given(message=st.binary(max_size=6000), pluto=st.sampled_from(LISTENERS))
def test_anything_is_refused_or_read(message: bytes, pluto: Release) -> None:
    """Arbitrary bytes behind the right magic give commands or ForeignMessage, and nothing else."""
    for data in (message, pluto.magic.to_bytes(4, "little") + message):
        try:
            commands = check(data, pluto).commands
        except ForeignMessage:
            continue
        assert all(pluto.supports(command) for command in commands)


@pytest.mark.parametrize(
    ("made_for", "listens", "passes"),
    [
        ("4.12", "4.8", True),
        ("4.12", "4.6", False),
        ("4.15", "4.5", False),
        ("5.3.2", "5.0", False),
        ("5.3", "5.3.1", False),
        ("5.2", "5.2", True),
        ("5.2-1.el10", "5.2", False),
        ("5.2-1.el10", "5.2-1.el10", True),
        ("4.12-2.el9", "4.12", True),
        ("9.9", "5.4", False),
        ("9.9", "9.9", True),
    ],
)
def test_a_program_is_of_the_release_that_listens(made_for: str, listens: str, passes: bool) -> None:
    """The layout counts, and from 5.1 on the magic, which is the checksum of the whole version."""
    unknown = Release("9.9", (9, 9), Outline(None, ("9.9",), None, "CODES_5_3"))
    pluto = unknown if listens == "9.9" else releases.find(listens)
    if passes:
        check_program("/usr/libexec/ipsec/addconn", made_for, pluto)
    else:
        with pytest.raises(ForeignMessage, match=rf"addconn is of Libreswan {made_for}.*pluto {listens} "):
            check_program("/usr/libexec/ipsec/addconn", made_for, pluto)
    if made_for != "9.9" and listens != "9.9":
        if passes:
            check_release(releases.find(made_for), pluto, what="this")
        else:
            with pytest.raises(ForeignMessage):
                check_release(releases.find(made_for), pluto, what="this")


@pytest.mark.parametrize("text", ["4.10", "5.2", "5.4"])
def test_of_an_unknown_layout_magic_size_and_name_are_looked_at(text: str) -> None:
    """A release that was learned: what its own whack sent showed the head, and where the name's length stands."""
    known = releases.find(text, seccomp=False)
    outline = Outline(
        None,
        ("9.9",),
        known.magic,
        "CODES_5_3",
        head=known.outline.head,
        slot=known.outline.slot,
    )
    pluto = Release("9.9", (9, 9), outline)
    for capture in captures(text):
        if capture.command not in ("status", "shutdown"):
            assert check(capture.message, pluto) == Carried()
    message = encode(c.AddConnection("branch"), known)
    bad = [b"\0" * 4 + message[4:], message[: known.outline.head - 1]]
    if known.outline.slot is not None:
        bad += [message[: known.outline.head + 3], message.replace(b"branch", b"bra\0ch")]
    for one in bad:
        with pytest.raises(ForeignMessage):
            check(one, pluto)


@pytest.mark.parametrize("text", ["4.3", "4.10", "5.2", "5.4"])
@pytest.mark.parametrize("name", ["branch", "a branch", "branch/1x2"])
def test_a_message_adds_what_was_asked_for_or_nothing(text: str, name: str) -> None:
    """Of a layout that is not known, the name behind the head tells it from others of the same magic."""
    known = releases.find(text, seccomp=False)
    outline = Outline(
        None, ("9.9",), known.magic, "CODES_5_3", head=known.outline.head, slot=known.outline.slot
    )
    pluto = Release("9.9", (9, 9), outline)
    message = encode(c.AddConnection(name), known)
    for adds in (name, "", name.removesuffix("/1x2")):
        assert check(message, pluto, adds=adds) == Carried()
    bad = [(message, "other"), (encode(c.AddConnection("bra\x1fch"), known), "")]
    if outline.slot is not None:
        # No length of a name, in all eight bytes of it.
        bad.append((message[: outline.slot] + bytes(8) + message[outline.slot + 8 :], name))
    for one, adds in bad:
        with pytest.raises(ForeignMessage):
            check(one, pluto, adds=adds)


def test_what_a_release_lacks_is_not_read_out_of_a_message() -> None:
    """The commands are those of the listener's own table."""
    pluto = releases.find("4.10")
    with pytest.raises(Unsupported):
        encode(c.Suspend("x"), pluto)
    assert c.Suspend not in check(encode(c.Terminate("x"), pluto), pluto).commands
