"""From connections of a configuration to the encoded messages that load them.

Owns: planning, packing, and the short way for connections that were written alike. Must not know: how messages are
sent, pluto's answers.
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
    """A name server must be asked, which may take long."""


class Prepared(msgspec.Struct, frozen=True, gc=False):
    """One connection, encoded: groups of (name in pluto, message). `complaints`: the reasons if it cannot be sent."""

    groups: tuple[tuple[tuple[str, bytes], ...], ...]
    complaints: tuple[str, ...]
    names: tuple[str, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether it is one message, which loads one connection."""
        return len(self.groups) == len(self.groups[0]) == len(self.names) == 1


class _AtHand:
    """Answers about this machine that do not need a name server."""

    def __init__(self, system: Lookup) -> None:
        for name in ("gateway", "source", "interface", "protocol", "service"):
            setattr(self, name, getattr(system, name))

    def resolve(self, name: str, version: int) -> Address | None:
        """Raise MayWait."""
        raise MayWait


class Preparer:
    """Prepares the connections of one configuration, whose release is the one that listens.

    `autoall`: as addconn --autoall does, which also sends connections with a fault (unless it gives up before it comes
    to auto=). `sent` gets the digests of the messages of each, by its name in the configuration.
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
        """The one message that loads it, if a connection of the same form was prepared before and there is no
        complaint. None: call `prepare`."""
        if connection.diagnostics:
            return None
        alike = self._quick.alike(
            connection.name, connection.layers, failed=connection.failed, partial=connection.partial
        )
        if alike is None:
            return None
        form, values = alike
        form_and_mould = self._moulds.get(id(form))
        if form_and_mould is None:
            form_and_mould = self._moulds[id(form)] = (form, self._mould(form))
        mould = form_and_mould[1]
        if mould is None:
            return None
        message = mould.fill(values)
        if self._sent is not None:
            self._sent[connection.name] = {connection.name: digest_of(message)}
        return message

    def _mould(self, form: Form) -> Mould | None:
        """The mould of a form; None if a connection of the form needs more than one message, or has a complaint."""
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
        """Its messages, or why there are none. MayWait if a name server must be asked, unless `patient`."""
        planner = self._patient if patient else self._quick
        plan = planner.plan(
            connection.name, connection.layers, failed=connection.failed, partial=connection.partial
        )
        complaints = tuple(
            str(complaint) for complaint in (*connection.diagnostics, *remarks(connection, plan))
        )
        given_up = plan.auto == "ignore" != auto(connection)
        if (plan.failed and (given_up or not self._autoall)) or not plan.groups:
            return Prepared((), complaints)
        try:
            groups = tuple(
                tuple(
                    (message.name, self._packer.pack(message.members, message.settings)) for message in group
                )
                for group in plan.groups
            )
        except BadString as error:
            return Prepared((), (f"{connection.place}: {error}",))
        if self._sent is not None:
            self._sent[connection.name] = sent_of(plan, self._rules, self._packer)
        return Prepared(groups, complaints, plan.names)


def asks_first(connection: ConfiguredConnection) -> bool:
    """Whether a look at pluto is needed before it is loaded (autod.asking.guards.may_load)."""
    return "narrowing" in connection.layers[-1]


def chosen(configuration: Configuration, names: Sequence[str], *, autoall: bool) -> list[Chosen]:
    """Each name with the connections that are loaded for it. `autoall`: of several sections of one name the last stays
    in pluto."""
    last = last_of_each(configuration) if autoall else {}
    if not all(name in last for name in names):
        return choose(configuration, names)
    return [Chosen(name, (last[name],)) for name in names]
