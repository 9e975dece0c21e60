"""The comparison of a configuration with the running pluto, for --diff, --sync and the supervisor.

Owns: the input of the comparison in addition to the file and the status: the machine, and the record of loads.
Must not know: how pluto is asked, or the steps that follow from a difference.
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
from autod.status.shown import LaterShown

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from autod.config.reader import Configuration
    from autod.exchange.peer import Listener
    from autod.protocol.replies import Reply

__all__ = ["Held", "hold", "unread"]


class Held(msgspec.Struct, frozen=True):
    """A comparison, and the state of pluto that it was made with."""

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
    """Compare the configuration with the replies of the pluto behind `socket` to --status and --trafficstatus.

    `pluto` is the process that replied. `stands_for`: the path of the file that this one will replace; its loads count
    then. `names` and `also`: see `autod.config.compare.compare`. It may ask the resolver, so call it in a thread.
    """
    state = parse(replies)
    record = Record(socket, stands_for or configuration.path, pluto=pluto)
    names_before = record.names()
    comparison = compare(
        configuration,
        state,
        frozenset(names),
        also=frozenset(also),
        shows=LaterShown(replies),
        around=Machine(None if pluto is None else pluto.pid),
        memory=Memory(
            record.loads(),
            names_before,
            writer(configuration),
            unread(names_before, configuration, stands_for),
        ),
    )
    return Held(comparison, state)


def unread(
    names: Mapping[str, str], configuration: Configuration, stands_for: str | None = None
) -> frozenset[str]:
    """The files of these connections that still exist, but were not read: an include may be lost."""
    files_read = {*configuration.files, stands_for}
    return frozenset(file for file in {*names.values()} if file not in files_read and os.path.exists(file))
