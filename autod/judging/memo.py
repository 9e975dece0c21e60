"""Answers that are alike: of thousands of requests most get the same one, but for the connection's name.

Owns: telling that an answer is one that was seen before with another name in it, and making its events and its
outcome from those. Must not know: what a line means, how an outcome follows (autod.recognise, autod.judging.judge).

To recognise and to judge an answer takes a fifth of what a request costs that pluto answers at once. A name is only
a name to both of them (the tests hold that for every recorded exchange), so where two answers differ in nothing but
the name, so do their events and outcomes.
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
"""Stands in the place of the name while an answer is recognised and judged for all."""
_NOBODY_S: Final = _NOBODY.encode()

_PLAIN_VALUES: Final = (str, int, float, bool, type(None))


def alike(name: str | None, data: bytes) -> bytes | None:
    """The answer with nobody's name in it: the same for all that are alike. None where it has the number of an SA in
    it, or the name outside of quotes, or anything else that makes it one of a kind."""
    if name is None or len(data) > _LONGEST or b"#" in data or _PLAIN.match(name) is None:
        return None
    own = name.encode()
    like = data.replace(b'"%b"' % own, b'"%b"' % _NOBODY_S).replace(b"'%b'" % own, b"'%b'" % _NOBODY_S)
    return None if own in like else like


class _Shape:
    """A struct with nobody's name in it."""

    __slots__ = ("lists", "nobodys", "texts")

    def __init__(self, value: Event | Outcome) -> None:
        self.nobodys: Any = value
        self.texts: list[tuple[str, str]] = []
        self.lists: list[tuple[str, tuple[str, ...]]] = []
        for field in value.__struct_fields__:
            found = getattr(value, field)
            if isinstance(found, str) and _NOBODY in found:
                self.texts.append((field, found))
            elif isinstance(found, tuple) and all(type(one) is str for one in found):
                if any(_NOBODY in one for one in found):
                    self.lists.append((field, found))
            elif not isinstance(found, _PLAIN_VALUES):
                raise _OneOfAKind

    def with_name(self, name: str, **more: object) -> Any:
        for field, text in self.texts:
            more[field] = text.replace(_NOBODY, name)
        for field, texts in self.lists:
            more[field] = tuple([text.replace(_NOBODY, name) for text in texts])
        return msgspec.structs.replace(self.nobodys, **more)


class _OneOfAKind(Exception):
    """Holds what no name can be put into."""


class Alike:
    """The answers that were seen. Belongs to one client, and to one release."""

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
        """What `judge` makes of `name` and `data`, all of which began and ended then.

        `kind` is what else the outcome depends on. `judge` is asked once for all that are alike.
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
        known = self._known[key]
        if known is None:
            return judge(name, data)
        shapes, shape = known
        return (
            [one.with_name(name, time=ended) for one in shapes],
            shape.with_name(name, started=started, ended=ended),
        )
