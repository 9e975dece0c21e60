"""Frozen values to JSON and back, and what is true of numbers whatever they count.

Owns: the one rule for text that JSON cannot carry, and the error for JSON that is something else. Must not know: which
values there are.
"""

from __future__ import annotations

import re
from math import ceil
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from autod.protocol.errors import DecodeError

__all__ = ["hash_of", "percentile", "read_json", "to_json"]

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest of `values` (ascending) that `share` of them do not exceed; None if there are none."""
    return values[max(0, ceil(share * len(values)) - 1)] if values else None


def to_json(value: object) -> bytes:
    """A value (an event, an outcome, a result of a run, a state) as one line of JSON, without the newline.

    Bytes of pluto's that are not UTF-8 stand as lone surrogates in text; JSON cannot carry those, so they are
    written as U+FFFD.
    """
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return msgspec.json.encode(_without_surrogates(msgspec.to_builtins(value)))


def _without_surrogates(value: object) -> object:
    if isinstance(value, str):
        return re.sub("[\ud800-\udfff]", "\ufffd", value)
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_surrogates(item) for item in value]
    return value


def read_json(data: bytes | str, decoder: msgspec.json.Decoder[T], what: str) -> T:
    """The value that `to_json` wrote. Raises DecodeError if `data` is not the JSON of `what`.

    Keys that are not known are ignored: a later version may have written them.
    """
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise DecodeError(f"this is not the JSON of {what}: {error}") from error


def hash_of(value: msgspec.Struct) -> int:
    """The hash of a frozen value whose fields may hold dictionaries."""
    return hash((type(value), *map(_hashable, msgspec.structs.astuple(value))))


def _hashable(value: Any) -> object:
    return frozenset(value.items()) if isinstance(value, dict) else value
