"""Loading connections from the configuration that the options name, in the way of the release.

Thin: the ways are autod.loading's.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING

from autod.config.policies import is_group
from autod.events import Complaint
from autod.loading.groups import no_group, routed_by_auto
from autod.loading.loader import loader_for
from autod.loading.native import NativeLoader
from autod.status.goingdown import goes_down

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from autod.cli.session import Session
    from autod.config import Configuration
    from autod.events import Event
    from autod.loading.interface import Loader
    from autod.loading.plain import Begun
    from autod.outcomes import Outcome
    from autod.protocol.releases import Release

__all__ = ["after_loading", "load", "loader", "say_what_goes_down"]


def loader(
    session: Session, configuration: Configuration | None = None, *, begun: Begun | None = None
) -> Loader:
    """The loader for --config: native, or, with --via-addconn, the release's own addconn. `configuration` is that
    of --config, if it was read before; `begun` is how far loading came without an event loop."""

    def read(release: Release) -> Configuration:
        from autod.cli.configuration import read

        if configuration is not None and configuration.release == release:
            return configuration
        return read(session.options.config, release)

    options = session.options
    autoall = options.all or (options.operation == "sync" and not options.names)
    if begun is not None:
        return NativeLoader(session.pluto, read, autoall=autoall, notes=True, begun=begun)
    return loader_for(
        session.pluto,
        _config_for_addconn(options.config),
        read,
        via_addconn=options.via_addconn,
        notes=True,
        autoall=autoall,
        catches=_CATCHES.get(options.operation, no_group),
    )


_CATCHES = {"sync": routed_by_auto, "ondemand": is_group}
"""Group connections that an operation routes after it has loaded them."""


def _config_for_addconn(config: str | None) -> str | None:
    """The path of the configuration. Standard input was read before: a file in memory has its text."""
    from autod.config.include import STANDARD_INPUT, standard_input

    if config != STANDARD_INPUT:
        return config
    handle = os.memfd_create("ipsec.conf")
    os.write(handle, standard_input())
    return f"/proc/{os.getpid()}/fd/{handle}"


async def say_what_goes_down(session: Session, names: Sequence[str]) -> None:
    """Say, before these are loaded, which of them have a tunnel: loading takes it down."""
    from autod.protocol import commands as c

    replies = await session.pluto.replies(c.TrafficStatus(names[0] if len(names) == 1 else None))
    going_down = goes_down(replies, names)
    if going_down is None:
        return
    up, sentence = going_down
    if session.options.json:
        session.put({"event": "takes_down", "connections": up})
    else:
        session.note(sentence)


async def load(
    session: Session,
    names: Sequence[str],
    configuration: Configuration | None = None,
    *,
    loads: Loader | None = None,
    remembers: bool = True,
) -> dict[str, Outcome]:
    """Load `names` by `loads`, or else by `loader`: an outcome for each. Events are shown as they come. A complaint
    about connections that are loaded all the same is shown at the end, once, with the count of connections.

    With `remembers`, connections that were loaded natively are remembered for --diff and --sync.

    ConfigurationError if the file cannot be used at all (then nothing was sent), PlutoGone. DeadlinePassed if pluto is
    silent for the time of an operation.
    """
    outcomes: dict[str, Outcome] = {}
    complaints = Counter[str]()

    def hear(_: str, event: Event) -> None:
        if isinstance(event, Complaint) and not session.options.json:
            complaints[event.text] += 1
        else:
            session.show(event)

    if loads is None:
        loads = loader(session, configuration)
    if remembers:
        await loads.check()
        await say_what_goes_down(session, names)
    await loads.load(
        names,
        hear=hear,
        told=outcomes.__setitem__,
        timeout=session.pluto.timeout,
    )
    for text, count in complaints.items():
        session.complain(text if count == 1 else f"{text} [{count} connections]")
    await after_loading(session, loads, outcomes, remembers=remembers)
    return outcomes


async def after_loading(
    session: Session, loads: Loader, outcomes: Mapping[str, Outcome], *, remembers: bool = True
) -> None:
    """After `loads` has loaded the names of `outcomes`: make the groups, and remember the connections."""
    if not isinstance(loads, NativeLoader) or loads.configuration is None:
        return
    await _make_groups(session, loads.configuration, outcomes)
    if remembers:
        from autod.loading.remembering import remember_loaded

        await remember_loaded(
            session.pluto, loads.configuration, outcomes, loads.sent, whole=session.options.all
        )


async def _make_groups(
    session: Session, configuration: Configuration, outcomes: Mapping[str, Outcome]
) -> None:
    """Tell pluto to listen if a group was loaded: only then does it make the connections of the group's networks.

    Those that are to be routed are listened for after that (autod.loading.groups).
    """
    if session.options.operation in _CATCHES:
        return
    loaded = [
        connection
        for name, outcome in outcomes.items()
        if outcome.ok
        for connection in configuration.find(name)
    ]
    if any(is_group(connection) for connection in loaded):
        outcome = await session.pluto.listen()
        if not outcome.ok:
            session.conclude(outcome)
