"""Who may do what, by what the kernel says of the other end."""

from __future__ import annotations

import grp
import os
import socket

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
