"""What the supervisor's loop needs of a pluto, and no more.

Owns the protocol between the loop and whatever carries its acts out: the client (see `plutolink`), or a script in
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
    from autod.supervisor.table import Snapshot

__all__ = ["Compared", "Instance", "Link", "Result"]


@dataclass(frozen=True, slots=True)
class Instance:
    """One life of a pluto."""

    release: str
    pid: int | None = None
    descriptors: int | None = None
    """How many pluto may have open; None where that cannot be read."""
    foreign: str = ""
    """What to do where the programs that would be run for it are of another release; empty where they are not."""


@dataclass(frozen=True, slots=True)
class Result:
    """What an act came to: as asked (`cause` None) or not; `detail` is one sentence for people.

    `passing`: it may pass by itself, whatever its cause usually means. `code` is pluto's, `ike_sa` and `child_sa`
    its serials, where there are any.
    """

    cause: Cause | None = None
    detail: str = ""
    passing: bool = False
    code: int | None = None
    ike_sa: int | None = None
    child_sa: int | None = None
    reason: str = ""
    """Why, more exactly than `cause` (see autod.causes), where that was found out; and what to do about it."""
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Compared:
    """What differs, and what of it is up."""

    comparison: Comparison
    up: frozenset[str] = frozenset()


class Link(Protocol):
    """A pluto, come or gone.

    Every method may be cancelled. What pluto was asked before goes on in it; nothing is left open here.
    """

    async def find(self) -> Instance:
        """The pluto that listens now. Raises PlutoGone, UnknownRelease or DeadlinePassed."""

    async def gone(self) -> None:
        """Return when the pluto that was found last has ended, or another one has its socket."""

    async def look(self, *, states: bool, everything: bool) -> Snapshot:
        """What pluto has: what is up; with `states` also what it negotiates; with `everything` all of it.

        Raises PlutoGone, or DeadlinePassed where pluto does not answer.
        """

    async def act(self, act: Act, name: str, deadline: float, heard: Callable[[], None]) -> Result:
        """Carry out `act` within `deadline` seconds; `heard` is called when the peer answers an Up.

        Raises PlutoGone, UsageError (nothing was sent) or ConfigurationError.
        """

    async def compare(
        self, configurations: Sequence[Configuration], names: Collection[str]
    ) -> Compared | None:
        """Hold the configurations, and pluto's state, against each other; None where nothing can be told yet.

        `names` are compared beside those that auto= loads. A REPLACE after it replaces only what differed. Raises
        PlutoGone or DeadlinePassed.
        """

    async def kept_up(self, names: Sequence[str]) -> Mapping[str, bool]:
        """Whether pluto itself means to keep each of `names` up; those that could not be asked for are missing.

        A pluto forgets that when it is told to take a connection down, and at no other time. Raises PlutoGone or
        DeadlinePassed.
        """

    async def give_up(self, name: str) -> None:
        """Have pluto end what it negotiates for `name`, after an `act` for it was cancelled. Raises nothing."""

    async def listen(self) -> None:
        """Have pluto look at the addresses of this machine again, and listen on them. Raises PlutoGone or
        DeadlinePassed."""

    async def reread_secrets(self) -> None:
        """Have pluto read its secrets again. Raises PlutoGone or DeadlinePassed."""

    def open_descriptors(self) -> int | None:
        """How many descriptors pluto has open; None where that cannot be seen."""
