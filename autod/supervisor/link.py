"""The part of a pluto that the supervisor's loop needs.

Owns the protocol between the loop and the code that carries its acts out: the client (see `plutolink`), or a script of
a test. Knows no client.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from autod.config import Configuration
    from autod.config.comparison import Comparison
    from autod.supervisor.states import Act, Cause
    from autod.supervisor.table import Held, Snapshot

__all__ = ["Compared", "Instance", "Link", "Result"]


@dataclass(frozen=True, slots=True)
class Instance:
    """One life of a pluto."""

    release: str
    pid: int | None = None
    descriptors: int | None = None
    """How many descriptors pluto may have open; None if that cannot be read."""
    foreign: str = ""
    """Advice if Libreswan's programs are of another release than pluto; else empty."""


@dataclass(frozen=True, slots=True)
class Result:
    """The result of an act: success (`cause` None) or failure; `detail` is one sentence for people.

    `passing`: the failure may pass by itself, even if its cause usually does not. `code` is pluto's, `ike_sa` and
    `child_sa` are its serials, if there are any.
    """

    cause: Cause | None = None
    detail: str = ""
    passing: bool = False
    code: int | None = None
    ike_sa: int | None = None
    child_sa: int | None = None
    reason: str = ""
    """The cause of autod.causes, which is more exact than `cause`, if it is known; `advice` is what to do about it."""
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Compared:
    """A comparison with pluto, and the connections that are up."""

    comparison: Comparison
    up: frozenset[str] = frozenset()


class Link(Protocol):
    """A pluto, which may come and go.

    Every method may be cancelled. pluto then goes on with the request; nothing is left open here.
    """

    async def find(self) -> Instance:
        """The pluto that listens now. Raises PlutoGone, UnknownRelease or DeadlinePassed."""

    async def gone(self) -> None:
        """Return when the pluto of the last `find` has ended, or another one has its socket."""

    async def look(self, *, states: bool, everything: bool) -> Snapshot:
        """The connections that are up; with `states` also those that pluto negotiates; with `everything` all.

        Raises PlutoGone, or DeadlinePassed if pluto does not answer.
        """

    async def act(self, act: Act, name: str, deadline: float, heard: Callable[[], None]) -> Result:
        """Carry out `act` within `deadline` seconds; `heard` is called when the peer answers an Up.

        Raises PlutoGone, UsageError (nothing was sent) or ConfigurationError.
        """

    async def compare(
        self, configurations: Sequence[Configuration], names: Collection[str]
    ) -> Compared | None:
        """Compare the configurations with pluto's state; None if that is not possible yet.

        `names` are compared besides those that auto= loads. A REPLACE after it replaces only the parts that differ.
        Raises PlutoGone or DeadlinePassed.
        """

    async def kept_up(self, names: Sequence[str]) -> Mapping[str, bool]:
        """Whether pluto itself keeps each of `names` up; names that it does not know are missing.

        pluto stops that only when it is told to take a connection down. Raises PlutoGone or DeadlinePassed.
        """

    async def hosts(self, names: Sequence[str]) -> Mapping[str, Held]:
        """What the host names of each of `names` mean to pluto now; names that it does not know are missing.

        Raises PlutoGone or DeadlinePassed.
        """

    async def give_up(self, name: str) -> None:
        """End pluto's negotiation for `name`, after an `act` for it was cancelled. Raises nothing."""

    async def listen(self) -> None:
        """Make pluto look at the addresses of this machine again, and listen on them. Raises PlutoGone or
        DeadlinePassed."""

    async def reread_secrets(self) -> None:
        """Make pluto read its secrets again. Raises PlutoGone or DeadlinePassed."""

    def open_descriptors(self) -> int | None:
        """How many descriptors pluto has open; None if that cannot be seen."""
