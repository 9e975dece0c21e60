"""Answers that are alike: of thousands of requests most get the same answer, except for the connection's name.

Owns: finding an earlier answer that differs only in the name, and making the events and the outcome from those of that
answer. Must not know: what a line means, how an outcome follows (autod.recognise, autod.judging.judge).

If pluto answers at once, recognising and judging the answer takes a fifth of the whole time of a request. Neither
depends on the name (the tests check that for every recorded exchange). So if two answers differ only in the name, their
events and outcomes differ only in the name.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from autod.events import Event
    from autod.outcomes import Outcome

__all__ = ["Alike", "alike"]

_KEPT: Final = 256
"""Answers that are remembered."""

_LONGEST: Final = 1024
"""Bytes of an answer that may be one of many."""

_PLAIN: Final = re.compile(r"[A-Za-z0-9_-]+\Z")
_NOBODY: Final = "Nobody0s-Name"
"""It takes the place of the name while an answer is recognised and judged for all."""
_NOBODY_S: Final = _NOBODY.encode()

_PLAIN_VALUES: Final = (str, int, float, bool, type(None))


def alike(name: str | None, data: bytes) -> bytes | None:
    """The answer with the placeholder in the place of the name: it is the same for all that are alike. None if the
    answer has the number of an SA, or the name outside of quotes, or anything else that makes it unique."""
    if name is None or len(data) > _LONGEST or b"#" in data or _PLAIN.match(name) is None:
        return None
    own = name.encode()
    like = data.replace(b'"%b"' % own, b'"%b"' % _NOBODY_S).replace(b"'%b'" % own, b"'%b'" % _NOBODY_S)
    return None if own in like else like


class _Shape:
    """A struct with the placeholder in the place of the name."""

    __slots__ = ("lists", "nobodys", "texts")

    def __init__(self, value: Event | Outcome) -> None:
        self.nobodys: Any = value
        self.texts: list[tuple[str, str]] = []
        self.lists: list[tuple[str, tuple[str, ...]]] = []
        for field in value.__struct_fields__:
            content = getattr(value, field)
            if isinstance(content, str) and _NOBODY in content:
                self.texts.append((field, content))
            elif isinstance(content, tuple) and all(type(text) is str for text in content):
                if any(_NOBODY in text for text in content):
                    self.lists.append((field, content))
            elif not isinstance(content, _PLAIN_VALUES):
                raise _OneOfAKind

    def with_name(self, name: str, **more: object) -> Any:
        for field, text in self.texts:
            more[field] = text.replace(_NOBODY, name)
        for field, texts in self.lists:
            more[field] = tuple([text.replace(_NOBODY, name) for text in texts])
        return msgspec.structs.replace(self.nobodys, **more)


class _OneOfAKind(Exception):
    """A struct with a field into which no name can be put."""


class Alike:
    """The answers so far. It belongs to one client and one release."""

    def __init__(self) -> None:
        self._known: dict[tuple[Hashable, bytes], tuple[tuple[_Shape, ...], _Shape] | None] = {}

    def __len__(self) -> int:
        return len(self._known)

    def judged(
        self,
        kind: Hashable,
        name: str,
        data: bytes,
        judge: Callable[[str, bytes], tuple[Sequence[Event], Outcome]],
        *,
        started: float,
        ended: float,
    ) -> tuple[Sequence[Event], Outcome]:
        """The events and the outcome of `judge` for `name` and `data`, with these times.

        `kind` is everything else on which the outcome depends. `judge` is called once for all answers that are alike.
        """
        like = alike(name, data)
        if like is None:
            return judge(name, data)
        key = kind, like
        if key not in self._known:
            if len(self._known) >= _KEPT:
                self._known.clear()
            events, outcome = judge(_NOBODY, like)
            try:
                self._known[key] = tuple(_Shape(event) for event in events), _Shape(outcome)
            except _OneOfAKind:
                self._known[key] = None
        shapes_of_answer = self._known[key]
        if shapes_of_answer is None:
            return judge(name, data)
        shapes, shape = shapes_of_answer
        return (
            [event_shape.with_name(name, time=ended) for event_shape in shapes],
            shape.with_name(name, started=started, ended=ended),
        )
