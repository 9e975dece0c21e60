"""The API over real sockets: every method, every bound, clients that misbehave; a scripted pluto below."""

from __future__ import annotations

import errno
import getpass
import json
import os
import socket
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing
import varlink
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from autod.errors import ConfigurationError
from autod.service import server as server_module
from autod.service.access import Access, Peer, Right
from autod.service.framing import Call
from autod.service.methods import _METHODS, Methods, description
from autod.service.server import Bounds, Server, listen
from autod.supervisor.loop import Supervisor
from autod.supervisor.settingsfile import parse
from autod.supervisor.states import Cause
from autod.supervisor.table import Synced, Wanted
from autod.supervisor.views import Differences
from tests.fakes.scripted_link import ScriptedLink

SETTINGS = parse("[api]\nbacklog = 64\n[supervise]\npoll_min = 0.2")
NAMES = ["a", "b", "branch-1", "branch-2"]


class Keeper(Supervisor):
    """The supervisor, with what the service's own program adds to it."""

    bad: ConfigurationError | None = None

    async def sync(self, *, dry: bool) -> Differences:
        await self.look()
        return Differences(missing=("x",) if dry else ())

    async def reload(self, *, force: bool = False) -> Synced:
        await trio.lowlevel.checkpoint()
        if self.bad is not None:
            raise self.bad
        return Synced(added=("new",), same=3)


class Running:
    def __init__(self, path: str, keeper: Keeper, server: Server, link: ScriptedLink) -> None:
        self.path, self.keeper, self.server, self.link = path, keeper, server, link
        self.clients: list[Client] = []

    async def connect(self) -> Client:
        client = Client(await trio.open_unix_socket(self.path))
        self.clients.append(client)
        return client

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait for something that follows from work under way."""
        with trio.fail_after(10):
            while not true():
                await self.keeper.feed.wait(self.keeper.feed.last)

    async def eventually(self, true: Callable[[], bool]) -> None:
        """Wait for something that the server does by itself."""
        with trio.fail_after(10):
            while not true():
                await trio.lowlevel.checkpoint()

    async def all_up(self) -> None:
        await self.until(lambda: self.link.up >= set(NAMES) and not self.keeper.engine.admission.in_flight)


class Client:
    """A Varlink client of a few lines, to say also what no client says."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream, self.held = stream, b""

    async def send(
        self, method: str, /, *, more: bool = False, oneway: bool = False, **parameters: object
    ) -> None:
        if "." not in method:
            method = f"org.libreswan.autod.{method}"
        call = {"method": method, "parameters": parameters, "more": more, "oneway": oneway}
        await self.stream.send_all(json.dumps(call).encode() + b"\0")

    async def receive(self) -> dict[str, Any] | None:
        with trio.fail_after(10):
            while b"\0" not in self.held:
                data = await self.stream.receive_some(65536)
                if not data:
                    return None
                self.held += data
        message, _, self.held = self.held.partition(b"\0")
        reply: dict[str, Any] = json.loads(message)
        return reply

    async def call(self, method: str, /, **parameters: object) -> dict[str, Any]:
        await self.send(method, **parameters)
        reply = await self.receive()
        assert reply is not None
        return reply

    async def stream_of(self, method: str, /, **parameters: object) -> list[dict[str, Any]]:
        await self.send(method, more=True, **parameters)
        replies = []
        while (reply := await self.receive()) is not None:
            replies.append(reply)
            if not reply.get("continues"):
                break
        return replies


@asynccontextmanager
async def service(
    tmp_path: Path, *, bounds: Bounds | None = None, access: Access | None = None, **link: Any
) -> AsyncIterator[Running]:
    script = ScriptedLink(NAMES, takes=0.02, **link)
    script.start()
    keeper = Keeper(SETTINGS, script, version="1.2.3")
    keeper.adopt([Wanted(name=n, group="branches" if "-" in n else "") for n in NAMES])
    server = Server(Methods(keeper, "1.2.3"), access or Access(own=os.geteuid()), bounds or Bounds())
    path = str(tmp_path / "autod.sock")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(keeper.run)
        nursery.start_soon(server.serve, listen(path))
        running = Running(path, keeper, server, script)
        try:
            yield running
        finally:
            for client in running.clients:
                client.stream.socket.close()
        nursery.cancel_scope.cancel()


async def test_lists_and_gets(tmp_path: Path) -> None:
    async with service(tmp_path) as running:
        await running.all_up()
        client = await running.connect()
        listed = (await client.call("List"))["parameters"]["connections"]
        assert [(c["name"], c["state"], c["wanted"]) for c in listed] == [(n, "up", "up") for n in NAMES]
        assert [c["group"] for c in listed if "group" in c] == ["branches", "branches"]
        some = (await client.call("List", pattern="branch-*", state="up"))["parameters"]["connections"]
        assert [c["name"] for c in some] == ["branch-1", "branch-2"]
        assert (await client.call("List", state="waiting"))["parameters"]["connections"] == []
        one = (await client.call("Get", name="a"))["parameters"]["connection"]
        assert (one["name"], one["attempts"], one["failures"], one["flapping"]) == ("a", 1, 0, False)
        assert abs(one["since"] - trio.current_time()) > 1e6, "UNIX seconds, not those of the loop"
        missing = await client.call("Get", name="zz")
        assert missing == {"error": "org.libreswan.autod.UnknownConnection", "parameters": {"names": ["zz"]}}


async def test_down_and_up_stream_their_events_to_the_end(tmp_path: Path) -> None:
    async with service(tmp_path) as running:
        await running.all_up()
        client = await running.connect()
        replies = await client.stream_of("Down", names=["branch-*"])
        assert all(r["continues"] for r in replies[:-1])
        events = [r["parameters"]["event"] for r in replies[:-1]]
        assert {e["connection"] for e in events} == {"branch-1", "branch-2"}
        first = next(e for e in events if e["connection"] == "branch-1")
        assert (first["kind"], first["act"]) == ("operator", "down")
        assert {c["state"] for c in replies[-1]["parameters"]["connections"]} == {"suspended"}
        assert running.link.up == {"a", "b"}
        replies = await client.stream_of("Up", names=["branch-1"])
        moves = [e["parameters"]["event"] for e in replies[:-1]]
        assert [m["after"] for m in moves if m["kind"] == "state"][-1] == "up"
        assert replies[-1]["parameters"]["connections"][0]["state"] == "up"
        assert running.link.up == {"a", "b", "branch-1"}


async def test_up_of_one_that_fails_ends_with_the_reason(tmp_path: Path) -> None:
    async with service(tmp_path, fails={"b": Cause.AUTHENTICATION}) as running:
        await running.until(lambda: running.link.up >= {"a", "branch-1"})
        client = await running.connect()
        shown = (await client.stream_of("Up", names=["b"], timeout=5))[-1]["parameters"]["connections"][0]
        assert (shown["state"] in ("waiting", "refused"), shown["cause"]) == (True, "authentication-failed")


async def test_orders_without_more_return_at_once(tmp_path: Path) -> None:
    async with service(tmp_path) as running:
        await running.all_up()
        client = await running.connect()
        reply = await client.call("Suspend", names=["a", "branch-*"])
        assert {c["name"]: c["state"] for c in reply["parameters"]["connections"]} == dict.fromkeys(
            ["a", "branch-1", "branch-2"], "suspended"
        )
        reply = await client.call("Resume", names=["a"])
        assert reply["parameters"]["connections"][0]["state"] == "up"
        reply = await client.call("Down", names=["a"])
        assert "continues" not in reply
        await running.until(lambda: "a" not in running.link.up)
        assert (await client.call("Up", names=["nosuch", "a"]))["error"].endswith("UnknownConnection")


async def test_orders_without_a_pluto_say_so(tmp_path: Path) -> None:
    async with service(tmp_path) as running:
        await running.all_up()
        running.link.kill()
        await running.until(lambda: not running.keeper.pluto_runs())
        client = await running.connect()
        assert (await client.call("Up", names=["a"]))["error"] == "org.libreswan.autod.NoPluto"
        assert (await client.call("Sync"))["error"] == "org.libreswan.autod.NoPluto"
        assert (await client.call("Statistics"))["parameters"]["pluto"] == {"running": False, "restarts": 0}


async def test_sync_reload_and_statistics(tmp_path: Path) -> None:
    async with service(tmp_path) as running:
        await running.all_up()
        client = await running.connect()
        differences = (await client.call("Sync", dry=True))["parameters"]
        assert differences.pop("missing") == ["x"]
        assert not any(differences.values())
        assert (await client.call("Reload"))["parameters"]["added"] == ["new"]
        running.keeper.bad = ConfigurationError("no such keyword", where="/etc/ipsec.conf:3:1")
        bad = await client.call("Reload")
        assert bad["error"] == "org.libreswan.autod.BadConfiguration"
        assert bad["parameters"]["where"] == "/etc/ipsec.conf:3:1"
        figures = (await client.call("Statistics"))["parameters"]
        assert (figures["version"], figures["states"], figures["pid"]) == ("1.2.3", {"up": 4}, os.getpid())
        assert figures["pluto"]["release"] == "5.2"


async def test_watch_tells_from_a_number_on_and_what_was_missed(tmp_path: Path) -> None:
    async with service(tmp_path) as running:
        await running.all_up()
        client = await running.connect()
        await client.send("Watch", more=True, since=0)
        seen = []
        while len(seen) < running.keeper.feed.last:
            reply = await client.receive()
            assert reply is not None
            seen.append(reply["parameters"]["event"]["sequence"])
        assert seen == list(range(1, len(seen) + 1))
        for _ in range(200):
            running.keeper.tell("reload", detail="again")
        late = await running.connect()
        await late.send("Watch", more=True, since=seen[-1])
        first = await late.receive()
        assert first is not None
        assert first["parameters"]["event"]["kind"] == "missed"
        assert first["parameters"]["event"]["missed"] == 200 - SETTINGS.api.backlog
        second = await late.receive()
        assert second is not None
        assert second["parameters"]["event"]["sequence"] == first["parameters"]["event"]["sequence"] + 1
        other_life = await running.connect()
        await other_life.send("Watch", more=True, since=10**9)
        told = await other_life.receive()
        assert told is not None
        assert told["parameters"]["event"]["kind"] == "missed"
        assert "missed" not in told["parameters"]["event"]


async def test_watch_of_some_names_tells_only_of_those(tmp_path: Path) -> None:
    async with service(tmp_path) as running:
        await running.all_up()
        client = await running.connect()
        await client.send("Watch", more=True, names=["branch-*"])
        await trio.testing.wait_all_tasks_blocked()
        await running.until(lambda: running.keeper.subscribers == 1)
        running.keeper.order("suspend", ["a", "branch-2"])
        reply = await client.receive()
        assert reply is not None
        assert reply["parameters"]["event"]["connection"] == "branch-2"


async def test_standard_errors(tmp_path: Path) -> None:
    async with service(tmp_path) as running:
        client = await running.connect()
        rows = [
            ("Nonsense", {}, "MethodNotFound", {"method": "org.libreswan.autod.Nonsense"}),
            ("no.such.Method", {}, "InterfaceNotFound", {"interface": "no.such"}),
            ("Get", {}, "InvalidParameter", {"parameter": "name"}),
            ("Get", {"name": 3}, "InvalidParameter", {"parameter": "name"}),
            ("Get", {"name": "a", "nam": 1}, "InvalidParameter", {"parameter": "nam"}),
            ("Up", {"names": ["a", 3]}, "InvalidParameter", {"parameter": "names"}),
            ("Up", {"names": ["a"], "timeout": -1}, "InvalidParameter", {"parameter": "timeout"}),
            ("Watch", {}, "ExpectedMore", {}),
            (
                "org.varlink.service.GetInterfaceDescription",
                {"interface": "x"},
                "InterfaceNotFound",
                {"interface": "x"},
            ),
        ]
        for method, parameters, error, told in rows:
            reply = await client.call(method, **parameters)
            assert reply == {"error": f"org.varlink.service.{error}", "parameters": told}, method


async def test_a_oneway_call_has_no_reply(tmp_path: Path) -> None:
    async with service(tmp_path) as running:
        await running.all_up()
        client = await running.connect()
        await client.send("Suspend", oneway=True, names=["a"])
        await client.send("Nonsense", oneway=True)
        assert (await client.call("Get", name="a"))["parameters"]["connection"]["state"] == "suspended"


async def test_who_may_not_is_told_so_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    peers = {Right.NOTHING: {5}, Right.LOOK: {100}, Right.CHANGE: {200}}
    access = Access(look=frozenset({100}), change=frozenset({200}), own=-1)
    denied = {"error": "org.varlink.service.PermissionDenied", "parameters": {}}
    async with service(tmp_path, access=access) as running:
        for right, groups in peers.items():
            monkeypatch.setattr(server_module, "peer_of", lambda _, g=groups: Peer(1, 1000, frozenset(g)))
            client = await running.connect()
            looked = await client.call("List")
            assert (looked == denied) is (right < Right.LOOK)
            changed = await client.call("Suspend", names=["a"])
            assert (changed == denied) is (right < Right.CHANGE)
            assert (await client.call("org.varlink.service.GetInfo") == denied) is (right < Right.LOOK)
            assert (await client.call("Nonsense") == denied) is (right < Right.LOOK)


async def test_every_act_of_an_operator_is_told_with_who_it_was(tmp_path: Path) -> None:
    async with service(tmp_path) as running:
        await running.all_up()
        number = running.keeper.feed.last
        client = await running.connect()
        for method, parameters in (
            ("Up", {"names": ["a"]}),
            ("Down", {"names": ["a"]}),
            ("Suspend", {"names": ["b"]}),
            ("Resume", {"names": ["b"]}),
            ("Sync", {}),
            ("Reload", {}),
        ):
            await client.call(method, **parameters)
        told = [e for e in running.keeper.feed.after(number)[0] if e.kind == "operator"]
    assert [e.act for e in told] == ["up", "down", "suspend", "resume", "sync", "reload"]
    assert {(e.uid, e.user, e.pid) for e in told} == {(os.getuid(), getpass.getuser(), os.getpid())}


async def test_refusals_are_logged_with_who_it_was_and_cannot_fill_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "peer_of", lambda _: Peer(4321, 65534, frozenset({1})))
    with capture_logs() as logs:
        async with service(tmp_path) as running:
            client = await running.connect()
            for _ in range(200):
                await client.call("Down", names=["a"])
    refused = [one for one in logs if one["event"] == "refused"]
    assert (refused[0]["uid"], refused[0]["user"], refused[0]["pid"]) == (65534, "nobody", 4321)
    assert refused[0]["method"].endswith(".Down")
    assert 20 <= len(refused) < 40


async def test_pipelined_calls_are_answered_in_order_and_after_a_half_close(tmp_path: Path) -> None:
    async with service(tmp_path) as running:
        client = await running.connect()
        for _ in range(50):
            await client.send("org.varlink.service.GetInfo")
        await client.send("Nonsense")
        await client.stream.send_eof()
        replies = []
        while (reply := await client.receive()) is not None:
            replies.append(reply)
        assert ["error" in r for r in replies] == [False] * 50 + [True]


async def test_a_message_too_long_is_told_and_ends_the_connection(tmp_path: Path) -> None:
    async with service(tmp_path, bounds=Bounds(message=1000)) as running:
        client = await running.connect()
        await client.stream.send_all(b"x" * 2000)
        assert await client.receive() == {
            "error": "org.libreswan.autod.TooLong",
            "parameters": {"limit": 1000},
        }
        assert await client.receive() is None
        assert running.server.dropped == 1
        assert (await (await running.connect()).call("List"))["parameters"]["connections"]


@pytest.mark.parametrize("noise", [b"x" * 2000, b"nonsense\0"])
async def test_noise_behind_a_call_that_streams_ends_both(tmp_path: Path, noise: bytes) -> None:
    async with service(tmp_path, bounds=Bounds(message=1000)) as running:
        client = await running.connect()
        await client.send("Watch", more=True)
        assert await client.receive() is not None
        await client.stream.send_all(noise)
        with trio.fail_after(10):
            while await client.receive() is not None:
                pass
        await running.eventually(lambda: running.server.clients == 0)
        assert running.server.dropped == 1


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ECONNABORTED])
async def test_where_no_connection_can_be_taken_those_who_have_one_keep_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    faults = [OSError(code, os.strerror(code))] * 2
    real = trio.socket.from_stdlib_socket

    class Listener:
        def __init__(self, sock: socket.socket) -> None:
            self.sock = real(sock)

        def __enter__(self) -> Listener:
            return self

        def __exit__(self, *_: object) -> None:
            self.sock.close()

        async def accept(self) -> Any:
            if running_already and faults:
                raise faults.pop()
            return await self.sock.accept()

    running_already: list[int] = []
    monkeypatch.setattr(server_module.trio.socket, "from_stdlib_socket", Listener)
    async with service(tmp_path) as running:
        first = await running.connect()
        assert "parameters" in await first.call("Get", name="a")
        running_already.append(1)
        for _ in range(2):
            assert "parameters" in await (await running.connect()).call("Get", name="a")
        assert "parameters" in await first.call("Get", name="a")
        assert faults == []


async def test_another_fault_of_the_listener_is_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def accept(self: object) -> Any:
        raise OSError(errno.EBADF, "Bad file descriptor")

    monkeypatch.setattr("trio._socket._SocketType.accept", accept)
    with pytest.raises(BaseExceptionGroup) as caught:
        async with service(tmp_path):
            await trio.sleep(5)
    assert caught.group_contains(OSError, match="Bad file")


async def test_a_client_of_unknown_user_is_turned_away_and_the_next_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, faults = server_module.peer_of, [1]

    def peer_of(sock: Any) -> Peer:
        if faults:
            faults.pop()
            raise OSError(errno.ENOTCONN, "it left")
        return real(sock)

    monkeypatch.setattr("autod.service.server.peer_of", peer_of)
    async with service(tmp_path) as running:
        assert await (await running.connect()).receive() is None
        assert "parameters" in await (await running.connect()).call("Get", name="a")


def test_who_listens_is_asked_before_a_socket_is_taken_for_dead(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    assert server_module._is_dead(path) is False
    with socket.socket(socket.AF_UNIX) as living:
        living.bind(path)
        assert server_module._is_dead(path) is True
        living.listen(1)
        assert server_module._is_dead(path) is False
    assert server_module._is_dead(path) is True


def test_a_file_that_is_no_socket_stays(tmp_path: Path) -> None:
    path = tmp_path / "ipsec.conf"
    path.write_text("config setup\n")
    with pytest.raises(OSError, match="in use"):
        listen(str(path))
    assert path.read_text() == "config setup\n"


async def test_more_clients_than_allowed_are_turned_away_until_one_leaves(tmp_path: Path) -> None:
    async with service(tmp_path, bounds=Bounds(connections=3)) as running:
        clients = [await running.connect() for _ in range(3)]
        for client in clients:
            await client.call("List")
        extra = await running.connect()
        assert await extra.receive() is None
        await clients[0].stream.aclose()
        with trio.fail_after(5):
            while running.server.clients == 3:
                await trio.lowlevel.checkpoint()
        assert "parameters" in await (await running.connect()).call("List")


async def test_a_subscriber_that_never_reads_is_dropped_and_nobody_notices(tmp_path: Path) -> None:
    """It is dropped after the stall time; the supervisor and another subscriber go on as if it were not there."""
    async with service(tmp_path, bounds=Bounds(stall=0.3)) as running:
        await running.all_up()
        deaf, good = await running.connect(), await running.connect()
        deaf.stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        await deaf.send("Watch", more=True)
        await good.send("Watch", more=True)
        with trio.fail_after(10):
            while running.keeper.subscribers < 2:
                await trio.lowlevel.checkpoint()
        heard = 0
        with trio.fail_after(20):
            while running.server.dropped == 0:
                running.keeper.tell("reload", detail="x" * 4000)
                assert await good.receive() is not None
                heard += 1
            while running.keeper.subscribers > 1:
                await trio.lowlevel.checkpoint()
        assert heard > 10


async def test_names_and_texts_that_are_no_utf8_are_shown_with_their_bytes(tmp_path: Path) -> None:
    """A peer chooses what is in pluto's lines: an odd byte must not end the supervisor, nor hide a connection."""
    odd = "caf\udce9"
    async with service(tmp_path, fails={odd: Cause.AUTHENTICATION}) as running:
        running.link.present.add(odd)
        running.keeper.adopt([Wanted(name=n) for n in [*NAMES, odd]])
        await running.all_up()
        client = await running.connect()
        await client.send("Watch", more=True, since=0)
        heard = ""
        while "authentication-failed" not in heard:
            heard += json.dumps(await client.receive())
        other = await running.connect()
        names = [c["name"] for c in (await other.call("List"))["parameters"]["connections"]]
        assert names == [*NAMES, "caf\\xe9"]
        shown = (await other.call("Get", name="caf\\xe9"))["parameters"]["connection"]
        assert shown["detail"].startswith("caf\\xe9: authentication-failed")
        assert (await other.call("Suspend", names=["caf*"]))["parameters"]["connections"][0][
            "state"
        ] == "suspended"
        running.keeper.bad = ConfigurationError("odd \udcff", where="caf\udce9:1")
        assert (await other.call("Reload"))["parameters"]["where"] == "caf\\xe9:1"


async def test_a_mistake_of_ours_in_answering_ends_one_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with service(tmp_path) as running:
        await running.all_up()
        client, other = await running.connect(), await running.connect()
        with monkeypatch.context() as patch:
            patch.setattr(running.keeper, "statistics", lambda: 1 / 0)
            await client.send("Statistics")
            assert await client.receive() is None
        assert (await other.call("Statistics"))["parameters"]["states"] == {"up": 4}


@pytest.mark.thorough
async def test_two_hundred_subscribers_hear_everything(tmp_path: Path) -> None:
    async with service(tmp_path) as running:
        await running.all_up()
        clients = [await running.connect() for _ in range(200)]
        for client in clients:
            await client.send("Watch", more=True)
        with trio.fail_after(10):
            while running.keeper.subscribers < 200:
                await trio.lowlevel.checkpoint()
        first = running.keeper.feed.last + 1
        for _ in range(30):
            running.keeper.tell("reload", detail="again")

        async def hear(client: Client) -> None:
            for number in range(first, first + 30):
                reply = await client.receive()
                assert reply is not None
                assert reply["parameters"]["event"]["sequence"] == number

        async with trio.open_nursery() as nursery:
            for client in clients:
                nursery.start_soon(hear, client)
        for client in clients:
            await client.stream.aclose()
        with trio.fail_after(10):
            while running.keeper.subscribers or running.server.clients:
                await trio.lowlevel.checkpoint()


CALL = b'{"method":"org.libreswan.autod.List","parameters":{}}\0'
noise = st.one_of(
    st.binary(max_size=300),
    st.builds(lambda at, b: CALL[:at] + b + CALL[at:], st.integers(0, len(CALL)), st.binary(max_size=3)),
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda x: st.dictionaries(st.text(max_size=3), x, max_size=3),
        max_leaves=6,
    ).map(lambda v: json.dumps({"method": "org.libreswan.autod.Up", "parameters": v}).encode() + b"\0"),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=st.lists(noise, min_size=1, max_size=4))
async def test_noise_ends_at_most_its_own_connection(tmp_path: Path, story: list[bytes]) -> None:
    async with service(tmp_path, bounds=Bounds(message=500)) as running:
        noisy = await running.connect()
        for data in story:
            try:
                await noisy.stream.send_all(data)
            except trio.BrokenResourceError:
                break
        with trio.move_on_after(0.02), suppress(trio.BrokenResourceError):
            await noisy.receive()
        reply = await (await running.connect()).call("List")
        assert len(reply["parameters"]["connections"]) == 4


async def test_an_independent_client_reads_the_interface_and_calls_it(tmp_path: Path) -> None:
    """The varlink package of PyPI parses our interface file, calls, streams, and gets our errors by their names."""
    async with service(tmp_path) as running:
        await running.all_up()

        def talk() -> None:
            with varlink.Client(f"unix:{running.path}") as client:
                with client.open("org.varlink.service") as standard:
                    info = standard.GetInfo()
                assert info["version"] == "1.2.3"
                assert info["interfaces"] == ["org.varlink.service", "org.libreswan.autod"]
                with client.open("org.libreswan.autod") as autod:
                    assert [c["name"] for c in autod.List()["connections"]] == NAMES
                    assert autod.Get(name="b")["connection"]["state"] == "up"
                    replies = list(autod.Down(["a"], _more=True))
                    assert replies[-1]["connections"][0]["state"] == "suspended"
                    assert replies[0]["event"]["act"] == "down"
                    replies = list(autod.Up(["a"], _more=True))
                    assert replies[-1]["connections"][0]["state"] == "up"
                    assert autod.Statistics()["states"] == {"up": 4}
                    with pytest.raises(varlink.VarlinkError) as caught:
                        autod.Get(name="zz")
                    assert caught.value.error() == "org.libreswan.autod.UnknownConnection"
                    watch = autod.Watch(since=0, _more=True)
                    assert [next(watch)["event"]["sequence"] for _ in range(5)] == [1, 2, 3, 4, 5]

        with trio.fail_after(20):
            await trio.to_thread.run_sync(talk)


def test_the_interface_file_declares_every_method_that_is_answered() -> None:
    from autod.service import methods

    interface = varlink.Interface(description())
    declared = {name for name, member in interface.members.items() if type(member).__name__ == "_Method"}
    answered = {name.rpartition(".")[2] for name in methods._METHODS if name.startswith(methods.INTERFACE)}
    assert declared == answered


def test_a_dead_socket_is_replaced_and_a_living_one_is_not(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    first = listen(path)
    with pytest.raises(OSError, match="in use"):
        listen(path)
    first.close()
    second = listen(path)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o666
    second.close()


# Under attack -------------------------------------------------------------------------------------------


def as_users(monkeypatch: pytest.MonkeyPatch, *uids: int) -> None:
    """The next connections are of these users, one after the other; those after them of the last one."""
    left = list(uids)

    def peer_of(_: object) -> Peer:
        uid = left.pop(0) if len(left) > 1 else left[0]
        return Peer(1, uid, frozenset({50_000 + uid}))

    monkeypatch.setattr("autod.service.server.peer_of", peer_of)


async def is_closed(client: Client) -> bool:
    with trio.move_on_after(1):
        return await client.receive() is None
    return False


async def test_strangers_who_sit_there_do_not_lock_root_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with service(tmp_path, access=Access(own=12345), bounds=Bounds(connections=64)) as running:
        as_users(monkeypatch, *range(1000, 1100), 0)
        strangers = [await running.connect() for _ in range(100)]
        await running.eventually(lambda: running.server.dropped == 68)
        assert running.server.clients == 32
        assert not await is_closed(strangers[0])
        assert await is_closed(strangers[99])
        root = await running.connect()
        assert "connection" in (await root.call("Get", name="a"))["parameters"]


@pytest.mark.parametrize(("uid", "patience"), [(1000, 0.2), (0, 0.5)])
async def test_a_connection_without_a_call_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uid: int, patience: float
) -> None:
    """Sooner where its user may do nothing. Half a message is no call."""
    async with service(tmp_path, access=Access(own=12345), bounds=Bounds(idle=0.5, rest=0.2)) as running:
        as_users(monkeypatch, uid)
        client = await running.connect()
        began = trio.current_time()
        await client.stream.send_all(b'{"method":')
        assert await client.receive() is None
        assert patience <= trio.current_time() - began < patience + 3
        assert (running.server.dropped, running.server.clients) == (1, 0)


async def test_a_connection_with_calls_or_with_a_stream_does_not_end(tmp_path: Path) -> None:
    async with service(tmp_path, bounds=Bounds(idle=1)) as running:
        watching, asking = await running.connect(), await running.connect()
        await watching.send("Watch", more=True)
        for _ in range(12):
            await trio.sleep(0.1)
            assert "parameters" in await asking.call("Get", name="a")
        running.keeper.tell("reload", detail="x")
        with trio.fail_after(5):
            reply = await watching.receive()
        assert reply is not None
        assert reply["continues"]
        assert running.server.dropped == 0


@pytest.mark.parametrize("pattern", ["[" * 60_000, "*a" * 30_000])
async def test_a_pattern_that_would_hold_everybody_up_is_refused(tmp_path: Path, pattern: str) -> None:
    async with service(tmp_path) as running:
        client = await running.connect()
        refused = {"error": "org.varlink.service.InvalidParameter", "parameters": {"parameter": "pattern"}}
        assert await client.call("List", pattern=pattern) == refused
        names = refused | {"parameters": {"parameter": "names"}}
        await client.send("Watch", more=True, names=[pattern + "*"])
        assert await client.receive() == names
        assert await client.call("Suspend", names=[pattern + "*"]) == names
        await client.send("Watch", more=True, names=[f"{number}*" for number in range(6000)])
        assert await client.receive() == names


async def test_events_that_concern_nobody_are_passed_over_in_slices(tmp_path: Path) -> None:
    async with service(tmp_path) as running:
        for number in range(2000):
            running.keeper.tell("state", connection=f"other{number}")
        turns = 0

        async def count() -> None:
            nonlocal turns
            while True:
                await trio.lowlevel.checkpoint()
                turns += 1

        told: list[Any] = []

        async def send(parameters: Any, continues: bool) -> None:
            told.append(parameters.event.kind)

        async def who() -> Any:
            raise AssertionError

        methods = running.server.methods
        asked = Call("org.libreswan.autod.Watch", {"since": 0, "names": ["nosuch*"]}, more=True)
        last = running.keeper.feed.last
        async with trio.open_nursery() as nursery:
            nursery.start_soon(count)
            with trio.move_on_after(0.5):
                await methods.answer(asked, Right.LOOK, send, who)
            nursery.cancel_scope.cancel()
        assert last >= 1000
        assert set(told) <= {"missed", "reload", "pluto"}
        assert turns >= 15


async def test_one_user_is_worked_for_by_a_few_at_once_and_root_is_not_held_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = trio.Event()
    under_way = 0

    async def slow(self: Methods, asked: object, call: Call, send: Any) -> None:
        nonlocal under_way
        under_way += 1
        await held.wait()
        await send({}, False)

    name = "org.varlink.service.GetInfo"
    monkeypatch.setitem(_METHODS, name, replace(_METHODS[name], run=slow))
    access = Access(look=frozenset({51_000}), own=12345)
    async with service(tmp_path, access=access, bounds=Bounds(answered=2)) as running:
        as_users(monkeypatch, *[1000] * 6, 0)
        clients = [await running.connect() for _ in range(6)]
        for client in clients:
            await client.stream.send_all(b'{"method":"org.varlink.service.GetInfo"}\0')
        await running.eventually(lambda: under_way == 2)
        await trio.sleep(0.1)
        assert under_way == 2
        for _ in range(3):
            clients.append(await running.connect())
            await clients[-1].stream.send_all(b'{"method":"org.varlink.service.GetInfo"}\0')
        await running.eventually(lambda: under_way == 2 + 3)
        root = await running.connect()
        assert "connection" in (await root.call("Get", name="a"))["parameters"]
        held.set()
        for client in clients:
            assert await client.receive() == {"parameters": {}}
        assert under_way == 6 + 3
        assert running.server._turns == {}


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> trio.Event:
    """Until this is set no GetInfo is answered."""
    held = trio.Event()

    async def slow(self: Methods, asked: object, call: Call, send: Any) -> None:
        await held.wait()
        await send({}, False)

    name = "org.varlink.service.GetInfo"
    monkeypatch.setitem(_METHODS, name, replace(_METHODS[name], run=slow))
    return held


async def test_a_stream_whose_client_said_no_more_before_its_turn_came_ends_at_once(
    tmp_path: Path, held: trio.Event
) -> None:
    async with service(tmp_path) as running:
        client = await running.connect()
        await client.send("org.varlink.service.GetInfo")
        await client.send("Watch", more=True)
        await client.stream.send_eof()
        await trio.testing.wait_all_tasks_blocked(0.05)
        held.set()
        assert await client.receive() == {"parameters": {}}
        while await client.receive() is not None:
            pass
        await running.eventually(lambda: running.server.clients == 0)


async def test_a_client_that_hears_no_more_is_let_go(tmp_path: Path) -> None:
    async with service(tmp_path) as running:
        client = await running.connect()
        client.stream.socket.shutdown(socket.SHUT_RD)
        await client.send("List")
        await running.eventually(lambda: running.server.clients == 0)


@pytest.mark.parametrize("noise", [b"", b"nonsense\0", b"x" * 2000])
async def test_a_client_that_breaks_off_or_talks_nonsense_is_let_go_though_it_is_being_answered(
    noise: bytes, tmp_path: Path, held: trio.Event
) -> None:
    """It leaves an answer unread, so that the system tells of its end as an error."""
    async with service(tmp_path, bounds=Bounds(message=1000)) as running:
        client = await running.connect()
        await client.send("List")
        await client.send("org.varlink.service.GetInfo")
        await trio.testing.wait_all_tasks_blocked(0.05)
        assert running.server.clients == 1
        if noise:
            await client.stream.send_all(noise)
        else:
            client.stream.socket.close()
        await running.eventually(lambda: running.server.clients == 0)
