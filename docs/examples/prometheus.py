"""Pluto's state as metrics, for prometheus-client: what is up, the bytes, the time of a look, and the requests so far.

python prometheus.py /run/pluto/pluto.ctl 9101
"""

from __future__ import annotations

import sys
import time

from prometheus_client import CollectorRegistry, Gauge, start_http_server

import autod.sync
from autod.metrics import collector


class Tunnels:
    """Looks at pluto when it is told to."""

    def __init__(self, pluto: autod.sync.Pluto, registry: CollectorRegistry) -> None:
        self._pluto = pluto
        self._up = Gauge("tunnel_up", "A Child SA is established", ["connection"], registry=registry)
        self._bytes = Gauge("tunnel_bytes", "Of its Child SAs", ["connection", "way"], registry=registry)
        self._seconds = Gauge("tunnels_look_seconds", "Of the last look", registry=registry)

    def look(self) -> None:
        """Cheap enough for each scrape: pluto lists only what is up."""
        begun = time.monotonic()
        self._up.clear()
        self._bytes.clear()
        for sa in self._pluto.traffic():
            self._up.labels(sa.connection).set(1)
            self._bytes.labels(sa.connection, "in").inc(sa.bytes_in or 0)
            self._bytes.labels(sa.connection, "out").inc(sa.bytes_out or 0)
        self._seconds.set(time.monotonic() - begun)


def main(socket: str, port: int) -> None:
    registry = CollectorRegistry()
    start_http_server(port, registry=registry)
    with autod.sync.open_pluto(socket, timeout=10) as pluto:
        registry.register(collector(pluto))
        tunnels = Tunnels(pluto, registry)
        while True:
            tunnels.look()
            time.sleep(15)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
