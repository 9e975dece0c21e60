"""Why no end of a connection is this machine: pluto may not know of an address that the machine has now.

Must not know how a connection is brought up.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import msgspec

from autod.config.around import same_network
from autod.outcomes import Result

if TYPE_CHECKING:
    from autod.cli.session import Session
    from autod.outcomes import Outcome

__all__ = ["explain"]


async def explain(opened: Session, outcome: Outcome) -> Outcome:
    """`outcome`, with advice if it says that neither end is an address of this machine, and one of them is."""
    if outcome.result is not Result.NOT_ORIENTED or outcome.connection is None:
        return outcome
    pluto = opened.pluto.detected.pluto
    if pluto is None or not same_network(pluto.pid):
        return outcome
    from autod.loading.remembering import status_of
    from autod.status import parse

    state = parse(await status_of(opened.pluto, (outcome.connection,)))
    for connection in state.connections:
        if outcome.connection not in (connection.name, *connection.aliases):
            continue
        for end in (connection.local, connection.remote):
            if (
                end.address is not None
                and _is_here(end.address)
                and end.address not in " ".join(state.interfaces)
            ):
                sentence = (
                    f"{outcome.sentence}; {end.address} is an address of this machine now, and pluto was not told: "
                    "autod --ready"
                )
                return msgspec.structs.replace(outcome, sentence=sentence)
    return outcome


def _is_here(address: str) -> bool:
    """Whether a socket can have this address. Sends no packet."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
            sock.bind((address, 0))
    except OSError:
        return False
    return True
