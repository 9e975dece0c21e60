"""The names of connections for the completion of shells, one per line. Never an error, and never a wait.

A running supervisor knows them all. Without one, they are those of the configuration, as the newest release reads it
(the names are the same for every release), and those of pluto: all that are loaded if these are few, as their status
costs little, else those that are up. From 5.0 on pluto says how many it has; before, the configuration lets guess it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

__all__ = ["run"]

_PATIENCE = 0.1
"""Seconds for pluto, unless --timeout says otherwise, and for a supervisor: somebody has pressed a key and looks at the
screen."""

_FEW = 200
"""Connections whose status takes pluto some 10 ms, and this process as long."""


def run(options: argparse.Namespace) -> int:
    """Print connections and aliases."""
    names = [] if options.config is not None else _of_supervisor(options.api)
    if not names:
        configured = _of_configuration(options.config)
        names = configured + _of_pluto(options, all=len(configured) <= _FEW)
    for name in dict.fromkeys(names):
        print(name)
    return 0


def _of_supervisor(api: str) -> list[str]:
    from autod.cli.supervised import ask

    answer = ask(api, "List", patience=_PATIENCE) or {}
    return [str(connection["name"]) for connection in answer.get("connections", ())]


def _of_pluto(options: argparse.Namespace, *, all: bool) -> list[str]:
    """The connections that are up, or all of them; none if no pluto listens, or its release is not known."""
    from autod.errors import WhackError
    from autod.identify.cache import usual
    from autod.protocol import commands as c
    from autod.sync import open_pluto

    try:
        with open_pluto(
            options.ctlsocket,
            options.release,
            seccomp=options.seccomp,
            known=usual(),
            timeout=options.timeout or _PATIENCE,
        ) as pluto:
            if all and pluto.release.supports(c.BriefConnectionStatus):
                from autod.status.polling import loaded

                all = (loaded(pluto.replies(c.BriefConnectionStatus())) or 0) <= _FEW
            if not all:
                return sorted(pluto.established())
            lines = [reply.text for reply in pluto.replies(c.Status())]
    except WhackError:
        return []
    return [line.split('"')[1] for line in lines if line.startswith('"')]


def _of_configuration(config: str | None) -> list[str]:
    from autod.cli.configuration import DEFAULT
    from autod.config import load
    from autod.protocol.errors import WhackError
    from autod.protocol.releases import ALL, find

    try:
        connections = load(config or DEFAULT, find(ALL[-1])).connections
    except WhackError:
        return []
    return [name for connection in connections for name in (connection.name, *connection.aliases)]
