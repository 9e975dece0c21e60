"""pluto's status replies, of every release, as one typed state.

`parse` takes the replies of any status request (or of several) and gives a State; `established` says cheaply
who is up. The model's words do not change from release to release; docs/status.md has its JSON form.
"""

from __future__ import annotations

from autod.status.model import (
    SCHEMA,
    AddressPool,
    ChildSa,
    ConnectionState,
    End,
    IkeSa,
    Pending,
    Selector,
    SelectorPair,
    State,
    Totals,
    Unparsed,
    from_json,
)
from autod.status.parse import parse, parse_in_slices
from autod.status.polling import established
from autod.values import to_json

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
    "to_json",
]
