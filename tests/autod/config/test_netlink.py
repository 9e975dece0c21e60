"""The bytes of rtnetlink: what was put together comes apart again, and nonsense ends the reading."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from autod.config.netlink import ATTRIBUTE, HEADER, attributes, messages


def padded(data: bytes) -> bytes:
    """Each message and each attribute begins at a multiple of four."""
    return data + bytes(-len(data) % 4)


@given(some.lists(some.tuples(some.integers(0, 65535), some.binary(max_size=20))))
def test_messages_that_were_put_together_come_apart(parts: list[tuple[int, bytes]]) -> None:
    data = b"".join(
        padded(HEADER.pack(HEADER.size + len(body), kind, 0, 1, 0) + body) for kind, body in parts
    )
    assert list(messages(data)) == parts


@given(some.dictionaries(some.integers(0, 0x3FFF), some.binary(max_size=20)))
def test_attributes_that_were_put_together_come_apart(parts: dict[int, bytes]) -> None:
    data = b"".join(
        padded(ATTRIBUTE.pack(ATTRIBUTE.size + len(value), kind) + value) for kind, value in parts.items()
    )
    assert attributes(data) == parts


@given(some.binary(max_size=200))
def test_nonsense_ends_the_reading(data: bytes) -> None:
    """A length of 0, or one beyond the end, neither raises nor goes on for ever."""
    assert sum(HEADER.size + len(body) for _, body in messages(data)) <= len(data)
    assert len(attributes(data)) <= len(data) // ATTRIBUTE.size
