"""The order of admission."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from autod.bulk.plan import admission_order


def test_peers_take_turns() -> None:
    """Connections that share an IKE SA stand apart."""
    peers = {"a1": "A", "a2": "A", "a3": "A", "b1": "B", "b2": "B"}
    assert admission_order(["a1", "a2", "a3", "b1", "b2"], peers) == ["a1", "b1", "a2", "b2", "a3"]


def test_an_unknown_peer_is_a_peer_of_its_own() -> None:
    """Also where its name is that of another's peer."""
    assert admission_order(["a1", "a2", "A", "x"], {"a1": "A", "a2": "A"}) == ["a1", "A", "x", "a2"]


def test_without_peers_the_order_is_the_callers() -> None:
    """And a name given twice counts once."""
    assert admission_order(["b", "a", "b"]) == ["b", "a"]


NAMES = st.lists(st.sampled_from("abcdefghijkl"), max_size=30)


@given(names=NAMES, peers=st.dictionaries(st.sampled_from("abcdefghijkl"), st.sampled_from("XYZ")))
def test_the_order_loses_and_invents_nothing(names: list[str], peers: dict[str, str]) -> None:
    """Each name once, those of one peer in the order given, and no peer twice before all had their turn."""
    order = admission_order(names, peers)
    assert sorted(order) == sorted(set(names))
    given_order = list(dict.fromkeys(names))
    turns: dict[str, int] = {}
    seen: list[int] = []
    for name in order:
        peer = peers.get(name, f"own {name}")
        turns[peer] = turns.get(peer, 0) + 1
        seen.append(turns[peer])
    assert seen == sorted(seen)
    for peer in "XYZ":
        mine = [name for name in order if peers.get(name) == peer]
        assert mine == [name for name in given_order if peers.get(name) == peer]
