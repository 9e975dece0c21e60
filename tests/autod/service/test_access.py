"""Who may do what, by what the kernel says of the other end."""

from __future__ import annotations

import errno
import grp
import os
import socket
import struct

import pytest

from autod.service.access import Access, Peer, Right, peer_of

ACCESS = Access(look=frozenset({100}), change=frozenset({200}), own=999)


@pytest.mark.parametrize(
    ("uid", "groups", "right"),
    [
        (0, {0}, Right.CHANGE),
        (999, {5}, Right.CHANGE),
        (1000, {1000, 200}, Right.CHANGE),
        (1000, {100, 200}, Right.CHANGE),
        (1000, {100}, Right.LOOK),
        (1000, {1000}, Right.NOTHING),
        (1000, set(), Right.NOTHING),
        (65534, {65534}, Right.NOTHING),
    ],
)
def test_rights_follow_from_user_and_groups(uid: int, groups: set[int], right: Right) -> None:
    assert ACCESS.right(Peer(1, uid, frozenset(groups))) is right


def test_without_groups_only_root_and_the_service_itself_may() -> None:
    nobody = Access()
    assert nobody.right(Peer(1, 1000, frozenset({100, 200, 0}))) is Right.NOTHING


def test_the_kernel_names_the_other_end() -> None:
    here, there = socket.socketpair()
    with here, there:
        peer = peer_of(there)
    assert (peer.pid, peer.uid) == (os.getpid(), os.getuid())
    assert peer.groups == {os.getgid(), *os.getgroups()}


def test_groups_are_looked_up_by_name_and_unknown_ones_told() -> None:
    group = grp.getgrgid(0)
    access, unknown = Access.of_groups([group.gr_name, "nosuch-group"], [])
    assert (access.look, access.change, unknown) == (frozenset({0}), frozenset(), ["nosuch-group"])


class ManyGroups:
    """The other end is a user in so many groups; the kernel refuses a buffer that is too small, with `errno`."""

    def __init__(self, groups: int, errno: int = errno.ERANGE) -> None:
        self.groups = range(5000, 5000 + groups)
        self.errno = errno
        self.asked: list[int] = []

    def getsockopt(self, level: int, option: int, size: int, /) -> bytes:
        assert level == socket.SOL_SOCKET
        if option == socket.SO_PEERCRED:
            assert size == 12
            return struct.pack("iII", 123, 1000, 2000)
        self.asked.append(size)
        if size < 4 * len(self.groups):
            raise OSError(self.errno, "no room")
        return struct.pack(f"{len(self.groups)}I", *self.groups)


@pytest.mark.parametrize(
    ("groups", "asked"),
    [(0, [256]), (64, [256]), (65, [256, 2048]), (512, [256, 2048]), (513, [256, 2048, 16384]), (65536, 5)],
)
def test_all_groups_of_a_user_are_seen_however_many_there_are(groups: int, asked: list[int] | int) -> None:
    sock = ManyGroups(groups)
    peer = peer_of(sock)
    assert (peer.pid, peer.uid) == (123, 1000)
    assert peer.groups == frozenset((2000, *sock.groups))
    assert asked in (sock.asked, len(sock.asked))


def test_a_kernel_that_always_wants_more_room_is_not_asked_for_ever() -> None:
    """NGROUPS_MAX is 65536."""
    sock = ManyGroups(10**9)
    with pytest.raises(OSError, match="no room"):
        peer_of(sock)
    assert sock.asked[-1] >= 4 * 65536
    assert len(sock.asked) < 8


def test_another_error_is_not_tried_again() -> None:
    sock = ManyGroups(100, errno.ENOPROTOOPT)
    with pytest.raises(OSError, match="no room"):
        peer_of(sock)
    assert sock.asked == [256]
