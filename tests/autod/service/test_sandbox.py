"""What the unit refuses: the settings against the shipped unit's properties, with and without what allows them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from autod.service.sandbox import refusals
from autod.supervisor.settingsfile import parse

CONTRIB = Path(__file__).resolve().parents[3] / "contrib" / "systemd"


def shipped(*drop_in: str) -> dict[str, str]:
    """The properties of the shipped unit as `systemctl show` tells them, with the lines of a drop-in."""
    found: dict[str, str] = {}
    for line in [*(CONTRIB / "autod.service").read_text().splitlines(), *drop_in]:
        if match := re.match(r"(\w+)=(.*)", line):
            found[match[1]] = f"{found.get(match[1], '')} {match[2]}".strip()
    return found


def owned(files: dict[str, tuple[int, int]]) -> Callable[[str], os.stat_result]:
    """os.stat of a system where all is root's and readable, but `files`: their user and mode."""

    def info(path: str) -> os.stat_result:
        user, mode = files.get(path, (0, 0o755))
        return os.stat_result((mode, 1, 1, 1, user, user, 0, 0, 0, 0))

    return info


LISTEN = "[metrics]\nlisten = '127.0.0.1:9741'"
TEXTFILE = "[metrics]\ntextfile = '/var/lib/prometheus/autod.prom'"


@pytest.mark.parametrize(
    ("settings", "drop_in", "said"),
    [
        ("", (), []),
        ("[metrics]\nlisten = 'unix:/run/autod/metrics.sock'", (), []),
        ("[metrics]\nlisten = 'unix:/srv/metrics.sock'", (), ["ReadWritePaths=/srv"]),
        (LISTEN, (), ["RestrictAddressFamilies=AF_INET; SocketBindAllow=tcp:9741; IPAddressAllow=localhost"]),
        (LISTEN, ("TriggeredBy=autod.socket autod-metrics.socket",), []),
        (
            LISTEN,
            ("RestrictAddressFamilies=AF_INET", "SocketBindAllow=tcp:9741", "IPAddressAllow=localhost"),
            [],
        ),
        (
            LISTEN,
            ("RestrictAddressFamilies=AF_INET", "SocketBindAllow=ipv4:tcp:9000-9999"),
            ["IPAddressAllow"],
        ),
        (
            LISTEN,
            ("RestrictAddressFamilies=AF_INET", "SocketBindAllow=udp9741 tcp9741"),
            ["drop-in: IPAddressAllow"],
        ),
        (
            LISTEN,
            ("RestrictAddressFamilies=AF_INET", "SocketBindAllow=udp9741"),
            ["drop-in: SocketBindAllow=tcp"],
        ),
        ("[page]\nlisten = '[::1]:9742'", (), ["RestrictAddressFamilies=AF_INET6; SocketBindAllow=tcp:9742"]),
        (TEXTFILE, (), ["ReadWritePaths=/var/lib/prometheus"]),
        (TEXTFILE, ("ReadWritePaths=/var/lib/prometheus",), []),
        ("[history]\nfile = '/srv/history.db'", (), ["history.file: autod.service may not write to /srv"]),
        ("[supervise]\nconfiguration = '/root/ipsec.conf'", (), ["ProtectHome=read-only"]),
        ("[supervise]\nconfiguration = '/root/ipsec.conf'", ("ProtectHome=no",), []),
        (
            "[pluto]\nsocket = '/tmp/pluto.ctl'",
            (),
            ["pluto.socket: autod.service does not see /tmp/pluto.ctl"],
        ),
    ],
)
def test_each_refusal_names_what_would_allow_it(
    settings: str, drop_in: tuple[str, ...], said: list[str]
) -> None:
    found = refusals(parse(settings), shipped(*drop_in), owned({}))
    assert len(found) == len(said)
    assert all(part in sentence for part, sentence in zip(said, found, strict=True))


@pytest.mark.parametrize(
    ("files", "drop_in", "said"),
    [
        ({}, (), ""),
        ({"/etc/ipsec.conf": (33, 0o644)}, (), ""),
        ({"/etc/ipsec.conf": (33, 0o640)}, (), "may not read /etc/ipsec.conf: it runs as root without"),
        ({"/etc/ipsec.conf": (33, 0o640)}, ("CapabilityBoundingSet=cap_dac_override",), ""),
        ({"/etc": (33, 0o750)}, (), "and /etc is for others"),
        ({"/var/lib/autod": (33, 0o755)}, (), "may not write to /var/lib/autod"),
        ({"/var/lib/autod": (0, 0o700)}, (), ""),
    ],
)
def test_without_capabilities_root_is_anybody(
    files: dict[str, tuple[int, int]], drop_in: tuple[str, ...], said: str
) -> None:
    found = refusals(parse(""), shipped(*drop_in), owned(files))
    assert bool(found) is bool(said)
    assert all(said in sentence for sentence in found[:1])
