"""The questions of a release's rules to the system: routes, interfaces, names.

Owns: the questions. Must not know: how they are answered (autod.config.routes asks the kernel; tests answer by
themselves).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from autod.protocol.connection.addresses import Address

__all__ = ["Interface", "Lookup", "Nothing"]


class Interface(msgspec.Struct, frozen=True):
    """An interface that is up: its address in the family of the question, and its peer's if it is point-to-point."""

    address: Address | None
    peer: Address | None


class Lookup(Protocol):
    """Answers from the system. None means that there is no answer; no method raises."""

    def gateway(self, version: int) -> Address | None:
        """The gateway of the first default route of the main table."""

    def source(self, to: Address | None, version: int) -> Address | None:
        """The address that packets to `to` leave from; to anywhere if None."""

    def interface(self, name: str, version: int) -> Interface | None:
        """The interface of that name, None if there is none or it is down."""

    def resolve(self, name: str, version: int) -> Address | None:
        """The address of a host name."""

    def protocol(self, name: str) -> int | None:
        """The number of a protocol (getprotobyname(3))."""

    def service(self, name: str) -> int | None:
        """The port of a service (getservbyname(3))."""


class Nothing:
    """A system without routes, interfaces or names: for reading a file without looking at the machine."""

    def gateway(self, version: int) -> Address | None:
        return None

    def source(self, to: Address | None, version: int) -> Address | None:
        return None

    def interface(self, name: str, version: int) -> Interface | None:
        return None

    def resolve(self, name: str, version: int) -> Address | None:
        return None

    def protocol(self, name: str) -> int | None:
        return None

    def service(self, name: str) -> int | None:
        return None
