"""From connections of a configuration to the messages that load them, encoded.

Owns: planning, packing, and that connections which were written alike cost little more than what they differ in. Must
not know: how messages are sent, what pluto says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from autod.config.check import remarks
from autod.config.choose import Chosen, auto, choose, last_of_each
from autod.config.digests import Sent, digest_of, sent_of
from autod.config.routes import System
from autod.errors import BadString
from autod.protocol.connection import Planner
from autod.protocol.encode import Packer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autod.config.model import ConfiguredConnection
    from autod.config.reader import Configuration
    from autod.protocol.connection.addresses import Address
    from autod.protocol.connection.forms import Form
    from autod.protocol.connection.lookup import Lookup
    from autod.protocol.mould import Mould

__all__ = ["MayWait", "Prepared", "Preparer", "asks_first", "chosen"]


class MayWait(Exception):
    """A name server would have to be asked, which takes its time."""


class Prepared(msgspec.Struct, frozen=True, gc=False):
    """One connection, encoded: groups of (name in pluto, message). `complaints` if nothing of it can be sent."""

    groups: tuple[tuple[tuple[str, bytes], ...], ...]
    complaints: tuple[str, ...]
    names: tuple[str, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether it is one message, which loads one connection."""
        return len(self.groups) == len(self.groups[0]) == len(self.names) == 1


class _AtHand:
    """Answers about this machine that need no name server."""

    def __init__(self, system: Lookup) -> None:
        for name in ("gateway", "source", "interface", "protocol", "service"):
            setattr(self, name, getattr(system, name))

    def resolve(self, name: str, version: int) -> Address | None:
        """Not without waiting."""
        raise MayWait


class Preparer:
    """Prepares the connections of one configuration, whose release is the one that listens.

    `autoall`: as addconn --autoall does, which sends connections with a fault too (not where it gave up before it came
    to auto=). `sent`, where it is given, gets what was sent for each, by its name in the configuration.
    """

    def __init__(
        self,
        configuration: Configuration,
        lookup: Lookup | None = None,
        *,
        autoall: bool = False,
        sent: dict[str, Sent] | None = None,
    ) -> None:
        system: Lookup = System() if lookup is None else lookup
        self._rules = configuration.rules
        self._autoall = autoall
        self._sent = sent
        self._quick = Planner(configuration.rules, _AtHand(system))  # type: ignore[arg-type]
        self._patient = Planner(configuration.rules, system)
        self._packer = Packer(configuration.release)
        self._moulds: dict[int, tuple[Form, Mould | None]] = {}

    def message(self, connection: ConfiguredConnection) -> bytes | None:
        """The one message that loads it, where its like were prepared before and nothing is to be said of it; None:
        `prepare` is to be asked."""
        if connection.diagnostics:
            return None
        alike = self._quick.alike(
            connection.name, connection.layers, failed=connection.failed, partial=connection.partial
        )
        if alike is None:
            return None
        form, values = alike
        known = self._moulds.get(id(form))
        if known is None:
            known = self._moulds[id(form)] = (form, self._mould(form))
        mould = known[1]
        if mould is None:
            return None
        message = mould.fill(values)
        if self._sent is not None:
            self._sent[connection.name] = {connection.name: digest_of(message)}
        return message

    def _mould(self, form: Form) -> Mould | None:
        """None where a connection of the form is not one message, or something is to be said of it."""
        plan = form.plan
        if (
            plan.remarks
            or plan.failed
            or len(plan.names) != 1
            or [len(group) for group in plan.groups] != [1]
        ):
            return None
        message = plan.groups[0][0]
        return (
            None if message.settings else self._packer.mould(message.members, form.places[0][0], form.values)
        )

    def prepare(self, connection: ConfiguredConnection, *, patient: bool = False) -> Prepared:
        """Its messages, or why there are none. MayWait where a name server has to be asked, unless `patient`."""
        planner = self._patient if patient else self._quick
        plan = planner.plan(
            connection.name, connection.layers, failed=connection.failed, partial=connection.partial
        )
        complaints = tuple(str(one) for one in (*connection.diagnostics, *remarks(connection, plan)))
        given_up = plan.auto == "ignore" != auto(connection)
        if (plan.failed and (given_up or not self._autoall)) or not plan.groups:
            return Prepared((), complaints)
        try:
            groups = tuple(
                tuple((one.name, self._packer.pack(one.members, one.settings)) for one in group)
                for group in plan.groups
            )
        except BadString as error:
            return Prepared((), (f"{connection.place}: {error}",))
        if self._sent is not None:
            self._sent[connection.name] = sent_of(plan, self._rules, self._packer)
        return Prepared(groups, complaints, plan.names)


def asks_first(connection: ConfiguredConnection) -> bool:
    """Whether pluto is to be looked at before it is loaded (autod.asking.guards.may_load)."""
    return "narrowing" in connection.layers[-1]


def chosen(configuration: Configuration, names: Sequence[str], *, autoall: bool) -> list[Chosen]:
    """Each name with the connections that are loaded for it; `autoall`: of several sections of one name the last is
    what stays in pluto."""
    last = last_of_each(configuration) if autoall else {}
    if not all(name in last for name in names):
        return choose(configuration, names)
    return [Chosen(name, (last[name],)) for name in names]
