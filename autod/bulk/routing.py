"""The step that routes: a group connection counts as routed when what pluto made of its networks is.

Owns: which of the names are groups. Must not know: how a group is routed (autod.loading.groups), when.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from autod.bulk.steps import AskStep
from autod.config.policies import is_group
from autod.loading.groups import groups_among, route_group
from autod.loading.native import NativeLoader

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from autod.asking.request import Request
    from autod.client import Pluto
    from autod.events import Event
    from autod.outcomes import Outcome

__all__ = ["RouteStep"]


class RouteStep(AskStep):
    """One request for each, and for a group what else it takes.

    `load` is what loads them, if that is done in this run: its configuration says which are groups. Otherwise pluto is
    asked for it once; `wanted` gives the names that are meant.
    """

    def __init__(
        self, pluto: Pluto, request: Request, load: object, wanted: Callable[[], Collection[str]]
    ) -> None:
        super().__init__(pluto, request)
        self._load = load
        self._wanted = wanted
        self._groups: Collection[str] | None = None
        self._looking = trio.Lock()

    def begin(self, name: str) -> bool:
        """Begun at once, but for a group."""
        return self._groups is not None and name not in self._groups and super().begin(name)

    async def attempt(
        self, name: str, observe: Callable[[Event], None], timeout: float | None = None
    ) -> Outcome:
        """A group to what pluto's state shows of its networks."""
        if name in self._begun or name in self._unsettled or name not in await self._known():
            return await super().attempt(name, observe, timeout)
        return await route_group(self._pluto, name, timeout=timeout or self._request.timeout)

    async def _known(self) -> Collection[str]:
        async with self._looking:
            if self._groups is None:
                if isinstance(self._load, NativeLoader) and self._load.configuration is not None:
                    self._groups = {one.name for one in self._load.configuration.connections if is_group(one)}
                else:
                    self._groups = await groups_among(self._pluto, self._wanted())
            return self._groups
