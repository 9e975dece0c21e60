"""What the sources of pluto can say to whack is known, and what stays a log has its reason."""

from __future__ import annotations

from collections import Counter

from autod.events import kind
from autod.protocol.replies import Reply
from autod.recognise import recognise
from tests.helpers.phrases import REASONS, phrases


def found(line: str) -> tuple[str, str]:
    """The kind of the event, and its cause or topic."""
    event = recognise(Reply(0, line), time=0.0)
    detail = getattr(event, "cause", None) or getattr(event, "topic", None) or ""
    return kind(event), str(detail)


def test_every_phrase_of_the_sources_is_known() -> None:
    """By its first words, with its cause or topic; from 3.27 to 5.4."""
    wrong = [
        (phrase.line, found(phrase.line), (phrase.kind, phrase.detail))
        for phrase in phrases()
        if phrase.kind != "log" and found(phrase.line) != (phrase.kind, phrase.detail)
    ]
    assert not wrong


def test_what_stays_a_log_has_its_reason() -> None:
    """A reason for each, and nothing that a negotiation says."""
    logs = [phrase for phrase in phrases() if phrase.kind == "log"]
    assert {phrase.detail for phrase in logs} == set(REASONS)
    assert all(found(phrase.line)[0] == "log" for phrase in logs)


def test_few_phrases_stay_a_log() -> None:
    """The table was not emptied by mistake."""
    counted = Counter(phrase.kind for phrase in phrases())
    assert sum(counted.values()) > 1500
    assert counted["log"] < sum(counted.values()) / 20
