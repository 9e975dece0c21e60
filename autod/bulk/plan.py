"""The order in which connections are admitted.

Owns: nothing but an order. Must not know: pluto, time, what an operation does.

The Child SAs of one IKE SA are negotiated one after the other (window of one; facts measured on 4.10 and 5.2:
five at once end at 0.42, 0.80, 1.22, 1.57 and 1.96 s), so connections to the same peer waste the places in
flight that connections to other peers could use. Peers therefore take turns.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from autod.asking.arguments import names_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["admission_order"]


def admission_order(names: Iterable[str], peers: Mapping[str, str] | None = None) -> list[str]:
    """Each name once, peers taking turns; the order within a peer, and of the peers, is that of `names`.

    `peers` maps a connection to what tells one IKE SA from another (peer address and the two identities). A
    connection it does not name counts as a peer of its own.
    """
    names = names_of(names)
    if not peers:
        return names
    turns: dict[tuple[bool, str], deque[str]] = {}
    for name in names:
        peer = peers.get(name)
        key = (False, name) if peer is None else (True, peer)
        turns.setdefault(key, deque()).append(name)
    order: list[str] = []
    waiting = deque(turns.values())
    while waiting:
        queue = waiting.popleft()
        order.append(queue.popleft())
        if queue:
            waiting.append(queue)
    return order
