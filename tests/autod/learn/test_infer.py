"""Learning as if a release were unknown: what is worked out equals what that release's whack sent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autod.learn.infer import CannotLearn, Learned, Recording, Template, infer, learned_message
from autod.learn.record import REQUESTS
from autod.protocol import commands
from autod.protocol.decode import decode
from autod.protocol.errors import BadString, Unsupported
from autod.protocol.releases import ALL
from tests.helpers.captures import CAPTURED, capture, release_of, with_name


@pytest.mark.sampled(20)
@pytest.mark.parametrize("key", CAPTURED)
@pytest.mark.parametrize("text", ["3.27", "3.32", "4.3", "4.10", "5.0", "5.2", "5.3.2", "5.4"])
def test_what_is_learned_equals_what_whack_sent(text: str, key: str) -> None:
    """From three names, none of them that of the capture, or from two runs without a name."""
    entry = capture(text, CAPTURED[key])
    if entry is None:
        assert key in ("showstates", "rereadcerts", "briefstatus")
        return
    release = release_of(text, entry.message)
    if "NAME" in REQUESTS[key][0]:
        names = [b"zq", b"learn-a-name", b"n" * 300]
        template = infer([Recording(name, with_name(entry, release, name)) for name in names])
        assert template.fill(b"foo") == with_name(entry, release, b"foo")
    else:
        clean = with_name(entry, release, b"")
        template = infer([Recording(None, entry.message), Recording(None, clean)])
        assert template.fill() == clean


@pytest.mark.parametrize("text", ALL)
def test_an_up_is_learned_on_every_release(text: str) -> None:
    """And what differs from the recording itself is padding only."""
    entry = capture(text, "initiate")
    assert entry is not None
    release = release_of(text, entry.message)
    names = [b"zq", b"learn-a-name", b"n" * 300]
    filled = infer([Recording(name, with_name(entry, release, name)) for name in names]).fill(b"foo")
    assert decode(filled, release) == decode(entry.message, release)


def test_noise_in_the_padding_becomes_zero() -> None:
    """Bytes of whack's stack differ from run to run, and are not sent on."""
    names = [b"zq", b"learn-a-name", b"longer-than-that-one"]
    heads = [b"MAGI" + bytes([noise]) + bytes(7) for noise in (3, 77, 12)]
    template = infer(
        [Recording(name, head + name + b"\0tail") for name, head in zip(names, heads, strict=True)]
    )
    assert template == Template(b"MAGI" + bytes(8), b"tail", named=True, slot=None)


def test_a_length_in_an_unknown_slot_is_not_taken_for_noise() -> None:
    """Two bytes in an odd place that follow the name's length: learning refuses."""
    names = [b"zq", b"learn-a-name", b"longer-than-that-one"]
    recordings = [Recording(n, b"MAGI" + bytes([0, len(n) + 1, 0]) + n + b"\0") for n in names]
    with pytest.raises(CannotLearn, match="length"):
        infer(recordings)


@pytest.mark.parametrize(
    "recordings",
    [
        [],
        [Recording(None, b"x")],
        [Recording(None, b"x"), Recording(None, b"xy")],
        [Recording(b"a", b"a\0"), Recording(b"b", b"b\0")],
        [Recording(b"a", b"a\0"), Recording(b"bb", b"bb\0"), Recording(None, b"x")],
        [Recording(b"a", b"a\0"), Recording(b"bb", b"xbb\0"), Recording(b"ccc", b"ccc\0")],
        [Recording(b"a", b"a\0"), Recording(b"bb", b"nothing"), Recording(b"ccc", b"ccc\0")],
        [Recording(b"a", b"a\0x"), Recording(b"bb", b"bb\0y"), Recording(b"ccc", b"ccc\0z")],
        [Recording(b"a", b"Ia\0"), Recording(b"bb", b"Jbb\0"), Recording(b"ccc", b"J\0ccc\0")],
    ],
)
def test_recordings_that_do_not_fit_are_refused(recordings: list[Recording]) -> None:
    """Nothing is learned halfway: a wrong message can stop pluto."""
    with pytest.raises(CannotLearn):
        infer(recordings)


@given(st.lists(st.tuples(st.binary(max_size=12), st.binary(max_size=60)), max_size=5))
def test_arbitrary_recordings_give_a_template_that_explains_them_or_an_error(
    raw: list[tuple[bytes, bytes]],
) -> None:
    """A template gives each recording back, but for bytes that are zero in it."""
    recordings = [Recording(name or None, message) for name, message in raw]
    try:
        template = infer(recordings)
    except CannotLearn:
        return
    for recording in recordings:
        filled = template.fill(recording.name)
        assert len(filled) == len(recording.message)
        pairs = zip(filled, recording.message, strict=True)
        assert all(ours in (theirs, 0) for ours, theirs in pairs)


@pytest.mark.parametrize("name", [b"", b"a\0b", b"a\nb", b"n" * 4096])
def test_a_name_that_cannot_be_sent_is_refused(name: bytes) -> None:
    """Before anything is sent, as with a release that has a module."""
    with pytest.raises(BadString):
        Template(b"head", b"", named=True).fill(name)


def test_a_message_is_found_by_its_command() -> None:
    """Options that change the message have a template of their own."""
    learned = Learned(
        "6.0",
        True,
        {
            "initiate": Template(b"I", b"", named=True),
            "initiate+asynchronous": Template(b"A", b"", named=True),
            "listall+utc": Template(b"L"),
            "trafficstatus": Template(b"T"),
            "trafficstatus+name": Template(b"N", b"", named=True),
        },
        {"suspend": "this whack does not know the request"},
    )
    assert learned_message(commands.Initiate("x"), learned) == b"Ix\0"
    assert learned_message(commands.Initiate("x", asynchronous=True), learned) == b"Ax\0"
    assert learned_message(commands.ListAll(utc=True), learned) == b"L"
    assert learned_message(commands.TrafficStatus(), learned) == b"T"
    assert learned_message(commands.TrafficStatus("x"), learned) == b"Nx\0"
    for command in (
        commands.Suspend("x"),
        commands.ListAll(),
        commands.Initiate("x", remote_host="192.0.2.1"),
        commands.Initiate("x", xauth_username="u"),
    ):
        with pytest.raises(Unsupported):
            learned_message(command, learned)
