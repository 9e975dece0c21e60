"""Loading for tests: what the loader told, name by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from autod.loading.native import NativeLoader
from tests.helpers.probing import Recorded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autod.client import Pluto
    from autod.config import Configuration
    from autod.events import Event
    from autod.outcomes import Outcome

__all__ = ["Loads", "load_natively"]


@dataclass
class Loads:
    """`outcomes` by name, in the order in which they were told; `heard` as it came."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    heard: list[tuple[str, Event]] = field(default_factory=list)

    def hear(self, name: str, event: Event) -> None:
        self.heard.append((name, event))

    def told(self, name: str, outcome: Outcome) -> None:
        assert name not in self.outcomes
        self.outcomes[name] = outcome


async def load_natively(
    pluto: Pluto,
    names: Sequence[str],
    configuration: Configuration,
    loads: Loads | None = None,
    timeout: float | None = None,
) -> Loads:
    """Load `names` of a configuration that was read for the release of `pluto`."""
    loads = Loads() if loads is None else loads
    loader = NativeLoader(pluto, lambda release: configuration, lookup=Recorded())
    await loader.load(names, hear=loads.hear, told=loads.told, timeout=timeout)
    return loads
