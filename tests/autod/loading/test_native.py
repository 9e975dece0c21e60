"""Loading into a scripted pluto: order, names, refusals, cancellation, and a pluto that goes away in the middle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio

from autod.client import open_pluto
from autod.config import load
from autod.config.compare import NOWHERE
from autod.config.digests import digests
from autod.errors import ConfigurationError, DeadlinePassed, NoSocket, PlutoReplaced
from autod.exchange.control import AHEAD
from autod.loading.native import NativeLoader
from autod.outcomes import Result
from autod.protocol.commands import AddConnection, Listen, Route, ShowStates
from autod.protocol.decode import decode
from autod.protocol.releases import find
from tests.fakes.fakepluto import BACKLOG, fake_pluto
from tests.helpers.loads import Loads, load_natively
from tests.helpers.probing import Recorded

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from trio.testing import MockClock

    from autod.config import Configuration
    from tests.fakes.fakepluto import Client

COUNT = 250
PROBE = 64
"""Bytes of the longest message that only asks for the status."""
KEYED = """
conn keyed
\tleft=192.1.2.45
\tright=10.1.0.1
\tleftid=@l
\tleftrsasigkey=0x0103abcd
conn pairs
\tleft=192.1.2.45
\tright=10.1.0.2
\tleftsubnets={10.2.0.0/24,10.3.0.0/24}
\trightsubnet=10.4.0.0/24
conn named
\tleft=192.1.2.45
\tright=10.1.0.3
\tconnalias=other
"""
NAMES = [f"c{i}" for i in range(COUNT)]


def configuration(folder: Path, release: str) -> Configuration:
    text = "".join(f"conn c{i}\n\tleft=192.1.2.45\n\tright=10.0.0.{i}\n\tauto=add\n" for i in range(COUNT))
    (folder / "ipsec.conf").write_text(text + KEYED)
    return load("ipsec.conf", find(release), folder=str(folder))


def answered(script: Callable[[Client, bytes], Awaitable[None]]) -> Callable[[Client], Awaitable[None]]:
    """A pluto that tells its release, which is the name of its socket, and plays `script` to each other message."""

    async def play(client: Client) -> None:
        message = await client.read()
        if len(message) > PROBE:
            await script(client, message)
            return
        client.pluto.messages.pop()
        release = client.pluto.path.name
        await client.write(f"000 pluto_version={release}, pluto_vendorid=OE-Libreswan-{release}\n".encode())

    return play


async def adds(client: Client, message: bytes) -> None:
    """Says that the connection of the message was added."""
    name = decode(message, find(client.pluto.path.name)).name
    await client.write(f'002 "{name}": added IKEv2 connection\n'.encode())


def says(reply: bytes) -> Callable[[Client], Awaitable[None]]:
    """Answers every message with this."""

    async def script(client: Client, message: bytes) -> None:
        await client.write(reply)

    return answered(script)


added = answered(adds)


@pytest.mark.sampled(1)
@pytest.mark.parametrize("release", ["4.10", "5.2", "5.4"])
async def test_connections_go_in_order_each_with_its_own_replies(release: str, tmp_path: Path) -> None:
    """Also while the next messages wait at the door; every message is whole, and no prompt can wait for an answer."""
    path = tmp_path / release
    async with (
        fake_pluto(path, added, seqpacket=find(release).seqpacket) as pluto,
        open_pluto(path, release) as client,
    ):
        loads = await load_natively(client, NAMES, configuration(tmp_path, release))
    sent = [decode(message, find(release)) for message in pluto.messages]
    assert [message.name for message in sent if message.kind is not ShowStates] == NAMES
    assert list(loads.outcomes) == NAMES
    assert {(outcome.result, outcome.connection == name) for name, outcome in loads.outcomes.items()} == {
        (Result.LOADED, True)
    }
    assert [(name, event.text) for name, event in loads.heard] == [
        (name, f'"{name}": added IKEv2 connection') for name in NAMES
    ]


async def test_what_a_word_means_is_loaded_once_and_told_for_each_word(tmp_path: Path) -> None:
    """`other` is an alias of `named`, `nam*` a pattern, and `nobody` is not there."""
    path = tmp_path / "5.2"
    async with fake_pluto(path, added) as pluto, open_pluto(path, "5.2") as client:
        loads = await load_natively(
            client, ["other", "nam*", "nobody", "named"], configuration(tmp_path, "5.2")
        )
    assert [decode(message, find("5.2")).kind for message in pluto.messages] == [ShowStates, AddConnection]
    assert {name: (one.result, one.connection) for name, one in loads.outcomes.items()} == {
        "other": (Result.LOADED, "other"),
        "nam*": (Result.LOADED, "nam*"),
        "named": (Result.LOADED, "named"),
        "nobody": (Result.UNKNOWN, "nobody"),
    }


@pytest.mark.parametrize("release", ["4.10", "5.2"])
async def test_groups_that_are_to_be_routed_are_at_once(release: str, tmp_path: Path) -> None:
    """Those that stand beside each other together, before anything else is loaded; the others are only loaded."""
    path = tmp_path / release
    words = ["one", "mesh", "clear", "two", "later", "three"]
    groups = {"mesh", "clear", "later"}
    text = "".join(
        f"conn {word}\n\tleft=192.1.2.45\n\tright={'%group' if word in groups else '10.0.0.1'}\n"
        for word in words
    )
    (tmp_path / "ipsec.conf").write_text(text)
    read = load("ipsec.conf", find(release), folder=str(tmp_path))
    async with (
        fake_pluto(path, added, seqpacket=find(release).seqpacket) as pluto,
        open_pluto(path, release) as client,
    ):
        loads = Loads()
        loader = NativeLoader(client, lambda release: read, catches=lambda one: one.name in {"mesh", "clear"})
        await loader.load(words, hear=loads.hear, told=loads.told)
    said = [decode(message, find(release)) for message in pluto.messages]
    assert [(one.kind, one.name) for one in said if one.kind is not ShowStates] == [
        (AddConnection, "one"),
        (AddConnection, "mesh"),
        (AddConnection, "clear"),
        (Route, "mesh"),
        (Route, "clear"),
        (Listen, None),
        (AddConnection, "two"),
        (AddConnection, "later"),
        (AddConnection, "three"),
    ]
    assert list(loads.outcomes) == words
    assert len(loads.heard) == len(words)


async def test_what_was_sent_is_noted_as_a_comparison_would_plan_it(tmp_path: Path) -> None:
    path, read = tmp_path / "4.10", configuration(tmp_path, "4.10")
    async with fake_pluto(path, added), open_pluto(path, "4.10") as client:
        loads, names = Loads(), ["keyed", "pairs", "c7"]
        loader = NativeLoader(client, lambda release: read, lookup=Recorded(), notes=True)
        await loader.load(names, hear=loads.hear, told=loads.told)
    assert loader.sent == digests(read, names, around=NOWHERE)
    assert tuple(loader.sent["pairs"]) == ("pairs/1x0", "pairs/2x0")


@pytest.mark.parametrize(("reply", "expected"), [(b"002 fine\n", 2), (b"036 no\n", 1)])
@pytest.mark.parametrize("name", ["keyed", "pairs"])
async def test_a_refusal_stops_the_keys_and_the_other_pairs(
    reply: bytes, expected: int, name: str, tmp_path: Path
) -> None:
    """As addconn stops: the first message of a connection decides."""
    path = tmp_path / "4.10"
    async with fake_pluto(path, says(reply)) as pluto, open_pluto(path, "4.10") as client:
        await load_natively(client, [name], configuration(tmp_path, "4.10"))
    assert len(pluto.messages) == expected


@pytest.mark.parametrize("name", ["c1", "keyed"])
async def test_a_refusal_that_is_only_a_code_is_a_refusal(name: str, tmp_path: Path) -> None:
    path = tmp_path / "4.10"
    async with fake_pluto(path, says(b"036 \n")), open_pluto(path, "4.10") as client:
        loads = await load_natively(client, [name], configuration(tmp_path, "4.10"))
    assert (loads.outcomes[name].result, loads.outcomes[name].code) == (Result.REFUSED, 36)


async def test_no_pluto_at_all_is_an_error(tmp_path: Path) -> None:
    """Nothing was sent."""
    path = tmp_path / "5.2"
    async with fake_pluto(path, added), open_pluto(path, "5.2") as client:
        path.unlink()
        with pytest.raises((NoSocket, PlutoReplaced)):
            await load_natively(client, ["c1"], configuration(tmp_path, "5.2"))


async def test_what_pluto_took_before_it_went_away_stays_told(tmp_path: Path) -> None:
    """What was not sent is not told of: the caller knows by the error."""
    path = tmp_path / "5.2"

    async def script(client: Client, message: bytes) -> None:
        await adds(client, message)
        if len(client.pluto.messages) == 120:
            client.pluto.path.unlink()

    loads = Loads()
    async with fake_pluto(path, answered(script)), open_pluto(path, "5.2") as client:
        with pytest.raises((NoSocket, PlutoReplaced)):
            await load_natively(client, NAMES, configuration(tmp_path, "5.2"), loads)
    # Those after the last that pluto answered may have been at its door already.
    assert 120 - AHEAD <= len(loads.outcomes) <= 120 + AHEAD + BACKLOG
    assert list(loads.outcomes) == NAMES[: len(loads.outcomes)]


async def test_after_a_cancellation_nothing_more_is_sent(tmp_path: Path) -> None:
    """At most what pluto had at its door then."""
    path = tmp_path / "5.2"
    third, go_on = trio.Event(), trio.Event()

    async def script(client: Client, message: bytes) -> None:
        if len(client.pluto.messages) == 3:
            third.set()
            await go_on.wait()
        await client.write(b"002 added\n")

    async with fake_pluto(path, answered(script)) as pluto, open_pluto(path, "5.2") as client:
        async with trio.open_nursery() as nursery:

            async def loading() -> None:
                await load_natively(client, NAMES, configuration(tmp_path, "5.2"))

            nursery.start_soon(loading)
            await third.wait()
            nursery.cancel_scope.cancel()
        go_on.set()
        await trio.sleep(0.2)
    assert 3 <= len(pluto.messages) <= 3 + AHEAD + 1


async def test_a_pluto_that_says_nothing_is_waited_for_no_longer_than_the_timeout(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async def silent(client: Client, message: bytes) -> None:
        await trio.sleep_forever()

    path = tmp_path / "5.2"
    async with fake_pluto(path, answered(silent)), open_pluto(path, "5.2") as client:
        began = trio.current_time()
        with pytest.raises(DeadlinePassed):
            await load_natively(client, NAMES, configuration(tmp_path, "5.2"), timeout=5)
        assert trio.current_time() - began == pytest.approx(5, abs=0.2)


async def test_a_file_that_addconn_would_refuse_sends_nothing(tmp_path: Path) -> None:
    (tmp_path / "ipsec.conf").write_text("conn a\n\tleft=192.1.2.45\n\tauthbi=secret\n")
    read = load(str(tmp_path / "ipsec.conf"), find("4.10"))
    async with fake_pluto(tmp_path / "4.10", added) as pluto, open_pluto(tmp_path / "4.10") as client:
        with pytest.raises(ConfigurationError, match=r"ipsec.conf:3:\d+: .*authbi"):
            await load_natively(client, ["a"], read)
    assert pluto.messages == []


@pytest.mark.parametrize("release", ["4.3", "4.10"])
async def test_all_of_a_file_leaves_out_what_addconn_gave_up_before_its_auto(
    release: str, tmp_path: Path
) -> None:
    """authby= is looked at before auto=, and so addconn --autoall sends nothing of that one; of the end it does."""
    ends = "\tleft=192.1.2.45\n\tright=10.1.0.9\n\tauto=add\n"
    (tmp_path / "ipsec.conf").write_text(
        f"conn bad\n\tauthby=nonsense\n{ends}conn end\n\tleftsubnet=nonsense\n{ends}conn good\n{ends}"
    )
    path, read, loads = tmp_path / release, load("ipsec.conf", find(release), folder=str(tmp_path)), Loads()
    async with fake_pluto(path, added) as pluto, open_pluto(path, release) as client:
        loader = NativeLoader(client, lambda _: read, lookup=Recorded(), autoall=True)
        await loader.load(["bad", "end", "good"], hear=loads.hear, told=loads.told)
    assert {name: one.result for name, one in loads.outcomes.items()} == {
        "bad": Result.LOAD_FAILED,
        "end": Result.LOADED,
        "good": Result.LOADED,
    }
    assert [decode(message, find(release)).name for message in pluto.messages] == ["end", "good"]


@pytest.mark.parametrize("comes_back", [False, True])
async def test_what_narrows_ikev1_is_freed_of_its_sa_before_it_is_loaded_again(
    comes_back: bool, tmp_path: Path
) -> None:
    """5.2 deletes it to load it again, and would die of that. Others cost one question for all of them."""
    path = tmp_path / "5.2"
    asked: list[str] = []

    async def script(client: Client, message: bytes) -> None:
        read = decode(message, find("5.2"))
        kind = getattr(read.kind, "__name__", "AddConnection")
        asked.append(kind)
        if kind == "ConnectionStatus":
            await client.write(b'000 "n":   policy: IKEv1+PSK+IKEV2_ALLOW_NARROWING+ESN_NO;\n')
        elif kind == "ShowStates" and (comes_back or "DeleteState" not in asked):
            await client.write(b'000 #7: "n":500 STATE_MAIN_I1 (sent Main Mode request); idle;\n')
        elif kind == "AddConnection":
            await client.write(f'002 "{read.name}": added IKEv1 connection\n'.encode())

    text = "conn {}\n\tleft=192.1.2.45\n\tright=10.0.0.1\n\tkeyexchange=ikev1\n"
    (tmp_path / "ipsec.conf").write_text(f"{text.format('n')}\tnarrowing=yes\n{text.format('plain')}")
    read = load("ipsec.conf", find("5.2"), folder=str(tmp_path))
    async with fake_pluto(path, answered(script)), open_pluto(path, "5.2") as client:
        loads = await load_natively(client, ["n", "plain"], read)
    look = ["ShowStates", "ConnectionStatus", "ShowStates", "DeleteState", "ShowStates"]
    if comes_back:
        assert asked == [*look, "DeleteState", "AddConnection"]
    else:
        assert asked == [*look, "AddConnection", "AddConnection"]
    assert loads.outcomes["plain"].result is Result.LOADED
    outcome = loads.outcomes["n"]
    assert (outcome.operation, outcome.result) == ("add", Result.REFUSED if comes_back else Result.LOADED)
