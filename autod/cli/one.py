"""One operation on one connection, for the way with an event loop and the one without (autod.cli.quick).

Owns: the client's arguments for the options, and what follows an outcome. Must not know: how a request is carried out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from autod.events import AlreadyNegotiating, Initiating
from autod.outcomes import Outcome, Result
from autod.protocol import commands as c

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from autod.asking.methods import Methods
    from autod.events import Event
    from autod.operations import Row

__all__ = ["asked", "is_under_way", "left_alone"]

R = TypeVar("R")


def asked(pluto: Methods[R], row: Row, name: str, options: argparse.Namespace) -> R:
    """The operation of a row, with the options that are for it."""
    match row.name:
        case "up":
            return pluto.up(
                name,
                asynchronous=options.asynchronous,
                remote_host=options.remote_host,
                answers=options.answers,
            )
        case "unroute":
            return pluto.unroute(name, force=options.force)
        case _:
            return pluto.ask(getattr(c, row.command)(name))


def left_alone(name: str) -> Outcome:
    """The outcome of an up for a connection that is up already."""
    return Outcome(
        operation="up",
        connection=name,
        result=Result.UP,
        ok=True,
        sentence=f'"{name}" is up already, and was left alone (--no-if-down adds one more Child SA)',
    )


def is_under_way(outcome: Outcome, heard: Sequence[Event], options: argparse.Namespace) -> bool:
    """Whether pluto said only that another request for the connection is under way. Then a run watches that request,
    and asks again if it fails. Not with `options.answers`: a run cannot answer prompts."""
    return (
        outcome.result is Result.ALREADY_NEGOTIATING
        and options.answers is None
        and all(isinstance(event, Initiating | AlreadyNegotiating) for event in heard)
    )
