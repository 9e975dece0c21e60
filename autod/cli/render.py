"""Events and outcomes to lines. Pure: no stream, no event loop.

For people: pluto's text without codes and without quiet log lines, and a sentence for each connection at the end. Up
to 4.15 the code tells a quiet line (002, log); later releases have one code for all lines, and the kind of event tells
it. --verbose leaves nothing out and shows the codes. --json prints the events themselves.
"""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING

from autod import events
from autod.events import Event, to_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from autod.outcomes import Outcome
    from autod.protocol.replies import Reply, ReplyCodes

__all__ = ["event_line", "failure_lines", "is_quiet", "json_line", "outcome_line", "reply_line"]


def is_quiet(event: Event, codes: ReplyCodes) -> bool:
    """Whether people do not see this line without --verbose."""
    if not event.text:
        return True
    if isinstance(event, events.Dropped):
        return False
    if "serious" in codes.names.values():
        return codes.names.get(-1 if event.code is None else event.code) == "log"
    return event.traits.quiet


def event_line(event: Event, codes: ReplyCodes, *, verbose: bool) -> str | None:
    """The line for a person, or None if it is left out."""
    if isinstance(event, events.Dropped):
        return f"({event.count} lines were dropped here: standard output was too slow)"
    if verbose:
        return _with_code(event.code, event.text)
    return None if is_quiet(event, codes) else event.text


def reply_line(reply: Reply, *, verbose: bool) -> str:
    """A line of a list or a status. None of them is left out."""
    return _with_code(reply.code, reply.text) if verbose else reply.text


def outcome_line(outcome: Outcome) -> str:
    """The outcome, and what pluto goes on doing."""
    return f"{outcome.sentence}; {outcome.left_behind}" if outcome.left_behind else outcome.sentence


def failure_lines(failed: Iterable[tuple[str, str]], width: int) -> Iterator[str]:
    """The lines about failures, from names and sentences: a sentence for each. If many have the same sentence, it
    stands once, before their names.

    `width` is that of the terminal: names are wrapped to it.
    """
    alike: dict[str, list[tuple[str, str]]] = {}
    for name, sentence in failed:
        common = sentence.replace(f'"{name}"', "").lstrip(": ")
        alike.setdefault(common, []).append((name, sentence))
    for common, members in alike.items():
        if len(members) < _MANY_ALIKE:
            yield from (sentence for _, sentence in members)
            continue
        yield f"{len(members)} failed alike: {common}"
        names = ", ".join(name for name, _ in members)
        yield fill(
            names,
            max(width - 1, 20),
            initial_indent="    ",
            subsequent_indent="    ",
            break_long_words=False,
            break_on_hyphens=False,
        )


_MANY_ALIKE = 4
"""From so many failures of one reason on, their names stand below one sentence."""


def json_line(value: object) -> str:
    """An event or an outcome as a line of JSON."""
    return to_json(value).decode()


def _with_code(code: int | None, text: str) -> str:
    return text if code is None else f"{code:03d} {text}"
