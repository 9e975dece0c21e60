"""A configuration held against the pluto that runs: the one comparison behind --diff, --sync and the supervisor.

Owns: what the comparison is given beside the file and the status: the machine around, and what was kept of loading.
Must not know: how pluto is asked, or what is done about a difference.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

from autod.config.around import Machine
from autod.config.compare import compare
from autod.config.comparison import Comparison, Memory
from autod.config.record import Record
from autod.loading.kept import writer
from autod.status import State, parse
from autod.status.shown import shown

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from autod.config.reader import Configuration
    from autod.exchange.peer import Listener
    from autod.protocol.replies import Reply

__all__ = ["Held", "hold", "unread"]


class Held(msgspec.Struct, frozen=True):
    """What differs, and the state of pluto that says so."""

    comparison: Comparison
    state: State


def hold(
    configuration: Configuration,
    replies: Sequence[Reply],
    socket: str,
    pluto: Listener | None,
    names: Collection[str] = (),
    *,
    also: Collection[str] = (),
    stands_for: str | None = None,
) -> Held:
    """Hold the configuration against what the pluto behind `socket` said to --status and --trafficstatus.

    `pluto` is the process that said so. `stands_for`: the path of the file that this one is to take the place of, whose
    loads count then. `names` and `also`: see `autod.config.compare.compare`. May ask the resolver,
    so it is for a thread.
    """
    state = parse(replies)
    record = Record(socket, stands_for or configuration.path, pluto=pluto)
    known = record.names()
    comparison = compare(
        configuration,
        state,
        frozenset(names),
        also=frozenset(also),
        shows=shown(replies),
        around=Machine(None if pluto is None else pluto.pid),
        memory=Memory(record.loads(), known, writer(configuration), unread(known, configuration, stands_for)),
    )
    return Held(comparison, state)


def unread(
    names: Mapping[str, str], configuration: Configuration, stands_for: str | None = None
) -> frozenset[str]:
    """The files in which these connections stood that are there still, and were not read: an include may be lost."""
    read = {*configuration.files, stands_for}
    return frozenset(file for file in {*names.values()} if file not in read and os.path.exists(file))
