"""The interface of all loaders: names in, an outcome for each, and pluto's events meanwhile.

Owns: that interface. Must not know: the loaders.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from autod.events import Event
    from autod.outcomes import Outcome

__all__ = ["Hear", "Loader", "Told"]

Hear: TypeAlias = Callable[[str, "Event"], None]
"""Called with the name and each event as it comes. Called from the reader, so it must not block."""

Told: TypeAlias = Callable[[str, "Outcome"], None]
"""Called with each name's outcome as soon as it is known. Must not block."""


class Loader(Protocol):
    """Loads connections into one pluto."""

    async def check(self) -> None:
        """Raise the errors that `load` would raise before it sends anything. Call it before a connection is deleted in
        order to load it again."""

    async def load(
        self, names: Sequence[str], *, hear: Hear, told: Told, timeout: float | None = None
    ) -> None:
        """Load the connections of `names` (names, aliases), in their order, each once; call `told` for each name.

        Raises ConfigurationError if the file cannot be used at all (nothing was sent then), PlutoGone if pluto ended,
        DeadlinePassed if it does not answer for `timeout` seconds. Names for which `told` was not called then were not
        loaded, or it is not known. After a cancellation pluto still works on the few messages that it has; the others
        are never sent.
        """
