"""The names of peers: when the resolver is asked, and when pluto's address is doubted."""

from __future__ import annotations

from collections import Counter
from functools import partial

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from autod.supervisor.peernames import AGAIN, ANOTHER, Doubts, Use, due, follow_names, is_name, is_old

A, B, SIX = "192.0.2.1", "192.0.2.2", "2001:db8::1"


@pytest.mark.parametrize(
    ("text", "name"),
    [("", False), ("%any", False), ("192.0.2.1", False), ("::1", False), ("gw.example", True)],
)
def test_a_name_is_neither_an_address_nor_a_word(text: str, name: bool) -> None:
    """Of left= and right=."""
    assert is_name(text) is name


@pytest.mark.parametrize(
    ("held", "addresses", "old"),
    [
        ([A], [A], False),
        ([A], [B], True),
        ([A], [B, A], False),
        ([""], [A], True),
        ([""], [], False),
        ([A], [], False),
        ([A], [SIX], False),
        ([A], [SIX, B], True),
        ([SIX], [SIX, B], False),
        ([A, B], [A], True),
        ([], [A], False),
    ],
)
def test_an_address_is_old_if_its_name_has_others(held: list[str], addresses: list[str], old: bool) -> None:
    """Of the same IP version: an answer of the resolver may have half of the addresses."""
    assert is_old(held, addresses) is old


def about(doubts: Doubts, addresses: list[str], use: Use, now: float = 0.0) -> bool:
    return bool(doubts.about("gw.example", frozenset(addresses), {"a": use}, now))


def test_what_pluto_goes_by_counts_from_the_first_answer_on() -> None:
    """Whatever autod knew before."""
    assert about(Doubts(), [B], Use([A], False))
    assert not about(Doubts(), [A], Use([A], True))


def test_where_pluto_says_nothing_the_change_counts_or_the_first_time_the_failure() -> None:
    """As with logip=no."""
    doubts, silent = Doubts(), Use(None, False)
    assert [about(doubts, addresses, silent) for addresses in ([A], [A], [], [A], [B], [B])] == [
        False,
        False,
        False,
        False,
        True,
        False,
    ]
    doubts = Doubts()
    assert [about(doubts, [A], Use(None, True)) for _ in range(2)] == [True, False]


def test_a_connection_is_not_loaded_again_and_again_for_one_name() -> None:
    """pluto may ask another resolver, and a record may change with each question."""
    doubts, use = Doubts(), Use([A], True)
    doubts.loaded("gw.example", frozenset([B]), 100.0)
    assert not about(doubts, [B], use, 100.0 + AGAIN - 1)
    assert about(doubts, [B], use, 100.0 + AGAIN)
    assert not about(doubts, [SIX, "192.0.2.3"], use, 100.0 + ANOTHER - 1)
    assert about(doubts, [SIX, "192.0.2.3"], use, 100.0 + ANOTHER)


def test_a_record_that_comes_back_counts_at_once() -> None:
    """It meant something else meanwhile, for which nothing had to be loaded."""
    doubts = Doubts()
    doubts.loaded("gw.example", frozenset([A]), 100.0)
    assert about(doubts, [B], Use([A], False), 103.0)
    assert about(doubts, [A], Use([B], False), 106.0)


@given(
    st.lists(
        st.tuples(st.sampled_from([0.5, 2.0, 3.0, 70.0]), st.sampled_from([A, B, ""]), st.booleans()),
        max_size=30,
    )
)
def test_an_old_address_is_never_kept_for_long(answers: list[tuple[float, str, bool]]) -> None:
    """Whatever the record does, and whether the tunnel is up: then it is loaded again only when it is down."""
    doubts, held, now, loaded_at, outdated = Doubts(), A, 0.0, float("-inf"), False
    for seconds, address, up in answers:
        now += seconds
        if outdated and not up:
            held, outdated = address, False
        addresses = frozenset([address] if address else [])
        doubted = bool(
            doubts.about("gw.example", addresses, {} if outdated else {"a": Use([held], False)}, now)
        )
        old = is_old([held], addresses)
        if old and not outdated and now - loaded_at >= ANOTHER:
            assert doubted
        assert old or not doubted
        if doubted and up:
            outdated = True
        elif doubted:
            doubts.loaded("gw.example", addresses, now)
            held, loaded_at = address, now


def test_names_of_lost_connections_come_first_and_those_of_others_in_turn() -> None:
    hosts = {"up": False, "new": False, "lost": True, "just asked": True}
    asked = {"up": 1.0, "lost": 7.0, "just asked": 9.0}
    assert due(hosts, asked, 10.0, 5.0) == (["lost", "new", "up"], 11.0)
    assert due(hosts, asked, 10.0, 0.0) == (["lost"], 11.0)
    assert due({}, {}, 10.0, 5.0) == ([], float("inf"))


class World:
    """Names, some of which are down, and a resolver that counts."""

    def __init__(self, names: int, down: int = 0) -> None:
        self.hosts = {f"h{n}": n < down for n in range(names)}
        self.asked = Counter[str]()
        self.answers: list[tuple[float, str]] = []
        self.lost = trio.Event()
        self.seconds = 0.01
        self.telling = 0.0

    async def resolve(self, host: str) -> frozenset[str]:
        self.asked[host] += 1
        await trio.sleep(self.seconds)
        return frozenset([A])

    async def tell(self, answers: object) -> None:
        assert isinstance(answers, dict)
        self.answers += [(trio.current_time(), host) for host in answers]
        await trio.sleep(self.telling)

    async def follow(self, seconds: float, *, every: float = 5.0, rate: int = 10) -> None:
        with trio.move_on_after(seconds):
            await follow_names(
                lambda: self.hosts,
                self.tell,
                sooner=lambda: self.lost,
                every=lambda: every,
                rate=lambda: rate,
                resolve=self.resolve,
            )


async def test_a_thousand_names_do_not_flood_a_resolver(autojump_clock: object) -> None:
    """Ten a second, all in turn; each once before the first comes again."""
    world = World(1000, down=300)
    await world.follow(29.5)
    assert 250 <= sum(world.asked.values()) <= 300
    assert set(world.asked.values()) == {1}
    assert all(int(host[1:]) < 300 for host in world.asked)


async def test_names_of_many_connections_that_are_up_are_asked_for_slowly(autojump_clock: object) -> None:
    """Two a second, once the first round is over."""
    world = World(100)
    await world.follow(15.0)
    assert set(world.asked.values()) == {1}
    await world.follow(115.0)
    assert set(world.asked.values()) == {4}


async def test_few_names_are_asked_for_every_few_seconds(autojump_clock: object) -> None:
    """The one of a connection that is down more often; the others not at all if that is not wanted."""
    world = World(3, down=1)
    await world.follow(20.5)
    assert 9 <= world.asked["h0"] <= 11
    assert 4 <= world.asked["h1"] <= 5
    world = World(3, down=1)
    await world.follow(20.5, every=0.0)
    assert set(world.asked) == {"h0"}


async def test_the_name_of_a_lost_connection_is_asked_for_at_once(autojump_clock: object) -> None:
    world = World(2)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(world.follow, 4.0)
        await trio.sleep(2.0)
        world.hosts["h1"] = True
        world.lost.set()
        world.lost = trio.Event()
    assert [host for at, host in world.answers if at > 1.0] == ["h1"] * 1
    assert next(at for at, host in world.answers if at > 1.0) < 2.5


async def test_an_answer_does_not_wait_for_what_an_earlier_one_cost(autojump_clock: object) -> None:
    """Asking a busy pluto takes long; that counts against the next question alone if it comes at once."""
    world = World(1, down=1)
    world.telling = 1.0
    await world.follow(31.0)
    assert len(world.answers) == 6
    world = World(2)
    world.telling = 1.0
    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(world.follow, 16.5, every=0.0))
        for host in world.hosts:
            await trio.sleep(7.0)
            world.hosts[host] = True
            world.lost.set()
            world.lost = trio.Event()
            await trio.sleep(1.0)
            world.hosts[host] = False
    starts = [at for at, _ in world.answers]
    assert [host for _, host in world.answers] == ["h0", "h1"]
    assert [round(at - starts[0]) for at in starts] == [0, 8]


async def test_a_resolver_that_does_not_answer_gets_no_more_than_so_many_questions(
    autojump_clock: object,
) -> None:
    world = World(100, down=100)
    world.seconds = 60.0
    await world.follow(59.0, rate=4)
    assert sum(world.asked.values()) == 4
