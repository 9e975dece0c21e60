"""pluto's status replies, of every release, as one typed state.

`parse` takes the replies of any status request (or of several) and gives a State. `established` tells cheaply
which connections are up. The model's words do not change from release to release; docs/status.md has its JSON form.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autod.status.model import SCHEMA as SCHEMA
    from autod.status.model import AddressPool as AddressPool
    from autod.status.model import ChildSa as ChildSa
    from autod.status.model import ConnectionState as ConnectionState
    from autod.status.model import End as End
    from autod.status.model import IkeSa as IkeSa
    from autod.status.model import Pending as Pending
    from autod.status.model import Selector as Selector
    from autod.status.model import SelectorPair as SelectorPair
    from autod.status.model import State as State
    from autod.status.model import Totals as Totals
    from autod.status.model import Unparsed as Unparsed
    from autod.status.model import from_json as from_json
    from autod.status.parsing import parse as parse
    from autod.status.parsing import parse_in_slices as parse_in_slices
    from autod.status.polling import established as established
    from autod.status.polling import serials as serials
    from autod.values import to_json as to_json

__all__ = [
    "SCHEMA",
    "AddressPool",
    "ChildSa",
    "ConnectionState",
    "End",
    "IkeSa",
    "Pending",
    "Selector",
    "SelectorPair",
    "State",
    "Totals",
    "Unparsed",
    "established",
    "from_json",
    "parse",
    "parse_in_slices",
    "serials",
    "to_json",
]

_HOME = {
    "established": "autod.status.polling",
    "parse": "autod.status.parsing",
    "parse_in_slices": "autod.status.parsing",
    "serials": "autod.status.polling",
    "to_json": "autod.values",
}
"""Where a name is, if not in autod.status.model. A caller that needs only the connections that are up, as each `--up`
does, does not load the model."""


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME.get(name, "autod.status.model")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
