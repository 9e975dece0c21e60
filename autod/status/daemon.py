"""Lines about pluto as a whole, of every release: its options, interfaces, totals, shunts and refusals.

Owns: every line that is neither a connection's nor an SA's. Must not know: the lines of connections and SAs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from autod.status.model import AddressPool

if TYPE_CHECKING:
    from autod.status.sas import Fields

__all__ = ["Daemon"]

_SKIP = frozenset(
    (
        "",
        "Connection list:",
        "config setup options:",
        "Kernel algorithms supported:",
        "ESP algorithms supported:",
        "AH algorithms supported:",
        "IKE algorithms supported:",
        "PID  Process",
    )
)
_SKIP_PREFIX = (
    "algorithm ",
    "stats db_ops",
    "debug",
    "virtual-private",
    "- allowed ",
    "- disallowed ",
    "- excluded ",
)
_REFUSED_PREFIX = ("no such connection or aliased connection named ", "no connection or alias named ")
_OPTION = re.compile(r"([A-Za-z][\w. -]*)=(.*)")
_TOTALS: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = (
    (
        re.compile(
            r"(?:# )?Total IPsec connections: loaded (\d{1,18})(?:, routed (\d{1,18}))?, active (\d{1,18})"
        ),
        ("loaded", "routed", "active"),
    ),
    (
        re.compile(
            r"IKE SAs: total\((\d{1,18})\), half-open\((\d{1,18})\), open\((\d{1,18})\), "
            r"authenticated\((\d{1,18})\), anonymous\((\d{1,18})\)"
        ),
        ("ike_sas", "ike_half_open", "ike_open", "ike_authenticated", "ike_anonymous"),
    ),
    (
        re.compile(r"IPsec SAs: total\((\d{1,18})\), authenticated\((\d{1,18})\), anonymous\((\d{1,18})\)"),
        ("child_sas", "child_authenticated", "child_anonymous"),
    ),
)
_COUNTER = re.compile(r"((?:config|current|total)\.\S+)=(\d{1,18})")
_POOL = re.compile(
    r"address pool (\S+): (\d{1,18}) addresses, (\d{1,18}) leases, (\d{1,18}) in-use, (\d{1,18}) free "
    r"\((\d{1,18}) reusable\)"
)
_INFORMATION = re.compile(
    r"State Information: DDoS cookies (not )?(?:required|REQUIRED), (.*) new IKE connections"
)


class Daemon:
    """The values of the lines that were read so far.

    `brief_total` is True if the total of --briefconnectionstatus without a name was one of these lines.
    """

    def __init__(self) -> None:
        self.setup: dict[str, str] = {}
        self.interfaces: list[str] = []
        self.totals: Fields = {}
        self.shunts: list[str] = []
        self.refused: list[str] = []
        self.counters: dict[str, int] = {}
        self.pools: list[AddressPool] = []
        self.brief_total = False
        self._in_shunts = False

    def line(self, text: str) -> bool:
        """Take one line, without the blanks around it. True if the line is known."""
        if text in _SKIP or text.startswith(_SKIP_PREFIX):
            return True
        if text == "Bare Shunt list:":
            self._in_shunts = True
            return True
        return (
            self._totals_line(text)
            or self._counter_line(text)
            or self._setup_line(text)
            or self._rest_line(text)
        )

    def _counter_line(self, text: str) -> bool:
        counter = _COUNTER.fullmatch(text)
        if counter is not None:
            self.counters[counter[1]] = int(counter[2])
        return counter is not None

    def _totals_line(self, text: str) -> bool:
        for shape, keys in _TOTALS:
            totals = shape.match(text)
            if totals is not None:
                self.totals.update(
                    (key, int(number))
                    for key, number in zip(keys, totals.groups(), strict=True)
                    if number is not None
                )
                self.brief_total |= text[0] == "#"
                return True
        totals = _INFORMATION.match(text)
        if totals is not None:
            self.totals["cookies_required"] = totals[1] is None
            self.totals["accepting"] = totals[2].startswith("Accepting")
        return totals is not None

    def _setup_line(self, text: str) -> bool:
        if text.startswith("interface "):
            self.interfaces.append(text.removeprefix("interface "))
            return True
        if text.startswith("using kernel interface: "):
            self.setup["kernel interface"] = text.partition(": ")[2]
            return True
        if text.startswith("FIPS mode "):
            self.setup["fips mode"] = text.removeprefix("FIPS mode ")
            return True
        items = [_OPTION.fullmatch(item) for item in text.rstrip(";,").split(", ")] if "=" in text else []
        if not items or None in items:
            return self._in_setup_words(text)
        self.setup.update((item[1], item[2]) for item in items if item is not None)
        return True

    def _in_setup_words(self, text: str) -> bool:
        """`nat-traversal=yes, keep-alive=20`, and `nat-traversal: keep-alive=20, ...` on 5.3.2 and 5.4."""
        head, colon, rest = text.partition(": ")
        return bool(colon) and head == "nat-traversal" and self._setup_line(rest)

    def _rest_line(self, text: str) -> bool:
        if text.startswith(_REFUSED_PREFIX):
            self.refused.append(text)
            return True
        pool = _POOL.fullmatch(text)
        if pool is not None:
            self.pools.append(AddressPool(pool[1], *(int(digits) for digits in pool.groups()[1:])))
            return True
        if self._in_shunts and " => " in text:
            self.shunts.append(text)
            return True
        return False
