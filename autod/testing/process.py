"""The process of the scripted pluto: a socket like pluto's, and orders from the test on its standard input.

Owns: the socket and the clock. Must not know: the answers (autod.testing.world). Like pluto it has one thread, serves
one client at a time, reads a request in one read(), lets five more clients wait, and keeps the descriptor of each
client while its connection is negotiated.

An order is a line of JSON with `do`; the answer is a line of JSON. The process ends at the end of its standard input.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import socket
import time
from typing import Any

import msgspec

from autod.protocol import releases
from autod.protocol.decode import decode
from autod.protocol.errors import DecodeError
from autod.testing.world import Behaviour, Exchange, World

__all__ = ["main"]

BACKLOG = 5
PATIENCE = 10.0
"""Seconds to wait for a client that does not send, or does not read."""


class _Process:
    """One life of the scripted pluto."""

    def __init__(self, start: dict[str, Any]) -> None:
        self.release = releases.find(start["release"], seccomp=start["seccomp"], labeled=start["labeled"])
        self.world = World(
            start["release"],
            self.release.version,
            seccomp=bool(start["seccomp"]),
            labeled=bool(start["labeled"]),
            loaded=start["loaded"],
            aliases=start["aliases"],
            speed=start["speed"],
            wall=time.time,
            now=time.monotonic(),
        )
        self.requests: list[list[Any]] = []
        self.clients: list[tuple[socket.socket, Exchange]] = []
        self.going_down = False
        self.ran_out = False
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (start["descriptors"], hard))
        kind = socket.SOCK_SEQPACKET if self.release.seqpacket else socket.SOCK_STREAM
        with contextlib.suppress(FileNotFoundError):
            os.unlink(start["path"])
        self.listener = socket.socket(socket.AF_UNIX, kind)
        self.listener.bind(start["path"])
        self.listener.listen(BACKLOG)

    def run(self) -> None:
        """Serve until standard input ends."""
        orders = b""
        while not self.going_down:
            due = self.world.next_event()
            wait = None if due is None else max(0.0, due - time.monotonic())
            ready, _, _ = select.select([0, self.listener.fileno()], [], [], wait)
            self.world.advance(time.monotonic())
            if 0 in ready:
                data = os.read(0, 65536)
                if not data:
                    return
                *lines, orders = (orders + data).split(b"\n")
                for line in lines:
                    answer = self._obey(json.loads(line))
                    os.write(1, json.dumps(answer).encode() + b"\n")
            if self.listener.fileno() in ready:
                self._accept()
            self._tell()

    def _obey(self, order: dict[str, Any]) -> object:
        world = self.world
        match order["do"]:
            case "script":
                world.behaviours = msgspec.convert(order["behaviours"], list[Behaviour])
                world.scripts = order["scripts"]
                world.aliases = order["aliases"]
            case "set_up":
                world.set_up(order["name"], order["up"])
            case "load":
                world.ask("AddConnection", order["name"], False, Exchange())
            case "look":
                return {
                    "requests": self.requests,
                    "ran_out": self.ran_out,
                    "connections": {
                        connection.name: connection.state for connection in world.connections.values()
                    },
                }
        return None

    def _accept(self) -> None:
        try:
            client, _ = self.listener.accept()
        except OSError:
            # pluto spins here, and writes a line of log each time. A client must never cause that.
            self.ran_out = True
            time.sleep(0.01)
            return None
        client.settimeout(PATIENCE)
        exchange = Exchange()
        self.clients.append((client, exchange))
        try:
            message = client.recv(65536)
            request = decode(message, self.release)
        except (OSError, DecodeError):
            return exchange.close()
        if request.kind is None:
            return exchange.close()
        kind = request.kind.__name__
        asynchronous = any(value and path.endswith("whack_async") for path, value in request.members.items())
        self.requests.append([kind, request.name, asynchronous])
        self.world.ask(kind, request.name, asynchronous, exchange)
        self.going_down = kind == "Shutdown"
        return None

    def _tell(self) -> None:
        """Send the lines to the clients, and close the exchanges that are over."""
        for client, exchange in list(self.clients):
            lines, exchange.out = exchange.out, []
            data = [line.encode("utf-8", "surrogateescape") + b"\n" for line in lines]
            with contextlib.suppress(OSError):
                for piece in data if self.release.seqpacket else [b"".join(data)] if data else []:
                    client.sendall(piece)
            if exchange.closed:
                client.close()
                self.clients.remove((client, exchange))


def main() -> None:
    """Run. The first order has the parameters."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    line = b""
    while not line.endswith(b"\n"):
        line += os.read(0, 1)
    process = _Process(json.loads(line))
    os.write(1, b"null\n")
    process.run()


if __name__ == "__main__":
    main()
