"""What every way of loading gives: names in, an outcome for each, and what pluto says meanwhile.

Owns: that interface. Must not know: the ways.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from autod.events import Event
    from autod.outcomes import Outcome

__all__ = ["Hear", "Loader", "Told"]

Hear: TypeAlias = Callable[[str, "Event"], None]
"""Gets the name and each event as it comes. Called from the reader, so it must not block."""

Told: TypeAlias = Callable[[str, "Outcome"], None]
"""Gets each name's outcome as soon as it is known. Must not block."""


class Loader(Protocol):
    """Loads connections into one pluto."""

    async def check(self) -> None:
        """Raise what `load` would raise before anything is sent: to be asked before something is deleted that is to be
        loaded again."""

    async def load(
        self, names: Sequence[str], *, hear: Hear, told: Told, timeout: float | None = None
    ) -> None:
        """Load what `names` mean (names, aliases), in their order, each connection once; `told` hears of each name.

        Raises ConfigurationError where the file cannot be used at all (nothing was sent then), PlutoGone where pluto
        went away, DeadlinePassed where it says nothing for `timeout` seconds; those who were not told of then were not
        loaded, or it is not known. A cancellation leaves pluto at work on the few messages that it has; those after
        them are never sent.
        """
