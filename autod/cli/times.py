"""Times and durations as people write and read them.

Owns both directions. JSON has UNIX seconds.
"""

from __future__ import annotations

import datetime
import re
import time

__all__ = ["duration", "moment", "span", "when"]

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")


def duration(seconds: float) -> str:
    """How long: the two largest units, such as `4 min 12 s` or `3 d 2 h`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for size, unit, smaller, name in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // smaller
            return f"{whole // size} {unit}" + (f" {rest} {name}" if rest else "")
    return f"{whole} s"


def moment(at: float, now: float | None = None) -> str:
    """The time of day at `at`, in this machine's time zone; with the date if that is not the day of `now`."""
    there, here = time.localtime(at), time.localtime(now)
    clock = time.strftime("%H:%M:%S", there)
    return clock if there[:3] == here[:3] else f"{time.strftime('%Y-%m-%d', there)} {clock}"


def span(since: float, until: float, now: float | None = None) -> str:
    """The time from `since` to `until`, for people."""
    return f"{moment(since, now)} to {moment(until, now)}"


def when(text: str, now: float | None = None) -> float:
    """UNIX seconds of a time as people write it: `yesterday`, `today`, `now`, `2h` (ago), `22:30`, `2026-11-24`,
    `2026-11-24 22:30`, `yesterday 22:30`, `@1795000000`. A time without a day is the last one before now.

    Raises ValueError, with a sentence.
    """
    now = time.time() if now is None else now
    words = re.sub(r"^(\d{4}-\d\d-\d\d)t", r"\1 ", text.strip().lower())
    if not words:
        raise _bad(text)
    if words == "now":
        return now
    if match := re.fullmatch(r"@?(\d{9,11}(?:\.\d+)?)", words):
        return float(match[1])
    if match := re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhdw])(?:\s+ago)?", words):
        return max(now - float(match[1]) * _UNITS[match[2]], 0.0)
    day, _, clock = words.rpartition(" ") if _CLOCK.fullmatch(words.rpartition(" ")[2]) else (words, "", "")
    at = _clock(clock, text) if clock else datetime.time()
    today = datetime.datetime.fromtimestamp(now).date()
    match day.strip():
        case "":
            moment_today = datetime.datetime.combine(today, at).timestamp()
            if moment_today <= now:
                return moment_today
            return datetime.datetime.combine(today - datetime.timedelta(days=1), at).timestamp()
        case "today":
            date = today
        case "yesterday":
            date = today - datetime.timedelta(days=1)
        case other:
            try:
                date = datetime.date.fromisoformat(other)
            except ValueError:
                raise _bad(text) from None
    try:
        return datetime.datetime.combine(date, at).timestamp()
    except (OverflowError, ValueError, OSError):
        raise _bad(text) from None


def _clock(text: str, whole: str) -> datetime.time:
    match = _CLOCK.fullmatch(text)
    try:
        assert match is not None
        return datetime.time(int(match[1]), int(match[2]), int(match[3] or 0))
    except ValueError:
        raise _bad(whole) from None


def _bad(text: str) -> ValueError:
    return ValueError(
        f"{text!r} is not a time: say yesterday, today, 2h, 22:30, 2026-11-24 or 2026-11-24 22:30"
    )
