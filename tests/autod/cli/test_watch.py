"""Events of the supervisor as lines for people."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest

from autod.cli.watch import line

ROWS: list[tuple[dict[str, Any], str]] = [
    ({"kind": "state", "connection": "a", "before": "starting", "after": "up"}, "a: starting -> up"),
    (
        {
            "kind": "state",
            "connection": "a",
            "before": "up",
            "after": "waiting",
            "cause": "lost",
            "next_try": time.time(),
        },
        r"a: up -> waiting, next try at \d\d:\d\d:\d\d \(lost\)",
    ),
    ({"kind": "try", "connection": "a", "act": "up", "seconds": 0.3}, r"a: up done after 0\.3 s"),
    (
        {
            "kind": "try",
            "connection": "a",
            "act": "up",
            "seconds": 64.0,
            "cause": "peer-silent",
            "detail": "no answer",
        },
        r"a: up failed after 1 min 4 s \(peer-silent no answer\)",
    ),
    ({"kind": "pluto", "after": "found", "detail": "Libreswan 5.2"}, r"pluto: found \(Libreswan 5\.2\)"),
    ({"kind": "operator", "connection": "a", "act": "suspend"}, "a: an operator says suspend"),
    (
        {
            "kind": "operator",
            "connection": "a",
            "act": "down",
            "uid": 0,
            "user": "root",
            "login": "al",
            "pid": 7,
        },
        r"a: root \(al\), process 7, says down",
    ),
    ({"kind": "operator", "act": "reload", "uid": 12, "pid": 7}, "autod: user 12, process 7, says reload"),
    ({"kind": "trouble", "cause": "metrics", "detail": "no"}, r"trouble \(metrics no\)"),
    ({"kind": "reload", "detail": "1 added"}, r"reload \(1 added\)"),
    ({"kind": "missed", "missed": 7}, "7 events were missed"),
    ({"kind": "missed"}, "an unknown number of events were missed"),
    ({"kind": "of a later release"}, "of a later release"),
]


@pytest.mark.parametrize(("event", "text"), ROWS, ids=[r[1][:20] for r in ROWS])
def test_each_kind_of_event_has_its_line(event: dict[str, Any], text: str) -> None:
    assert re.fullmatch(r"\d\d:\d\d:\d\d " + text, line({"sequence": 1, "time": time.time()} | event))
