"""An answer like another has the events and the outcome that it would have by itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec
import pytest

from autod.judging.judge import Judge
from autod.judging.memo import Alike, alike
from autod.protocol.exchange import Ending
from autod.protocol.releases import find
from autod.protocol.replies import ReplyDecoder
from autod.recognise import recognise
from tests.helpers.transcripts import RELEASES, cases, files

if TYPE_CHECKING:
    from autod.events import Event
    from autod.outcomes import Outcome

OPERATIONS = ("up", "down", "delete")
NAME = re.compile(r"""(?:"|=')([A-Za-z][A-Za-z0-9_-]*)["']""")
NAMES = ("branch-17", "a_much-longer-name-than-that-0815", "down", "named", "unknown", "7")


class Judged:
    """The way that is long, and how often it was gone."""

    def __init__(self, operation: str, release: str) -> None:
        self.operation, self.codes, self.times = operation, find(release).codes, 0

    def __call__(self, name: str, data: bytes) -> tuple[list[Event], Outcome]:
        self.times += 1
        decoder = ReplyDecoder(self.codes)
        events = [recognise(reply, time=9.0) for reply in (*decoder.feed(data), *decoder.close())]
        judge = Judge(self.operation, name, started=8.0)
        for event in events:
            judge.see(event)
        return events, judge.end(Ending.EOF, at=9.0)


def answers(release: str) -> set[tuple[str, str]]:
    """Names, and what was said with them: each line, and each two that followed one another."""
    found = set()
    for file in files(release):
        for case in cases(release, file):
            lines = [f"{line.reply.code or 0:03} {line.reply.text}\n" for line in case.lines]
            for at, line in enumerate(lines):
                for name in set(NAME.findall(line)):
                    found |= {(name, "".join(lines[at : at + many])) for many in (1, 2)}
    return found


@pytest.mark.parametrize("every", [pytest.param(1, marks=pytest.mark.thorough, id="all"), 10])
@pytest.mark.parametrize("release", RELEASES)
def test_every_recorded_answer_with_another_name_in_it(release: str, every: int) -> None:
    """The name is only a name to the recognisers and the judge, whatever word it is."""
    checked = 0
    for recorded, said in sorted(answers(release))[::every]:
        for operation in OPERATIONS:
            known, judge = Alike(), Judged(operation, release)
            for name in NAMES:
                data = said.replace(recorded, name).encode()
                events, outcome = known.judged("", name, data, judge, started=8.0, ended=9.0)
                assert (list(events), outcome) == Judged(operation, release)(name, data)
                checked += judge.times == 1
    assert checked * every > 500


@pytest.mark.parametrize(
    ("name", "data"),
    [
        pytest.param(None, b"000 a", id="no name"),
        pytest.param("named", b'021 no connection named "named"', id="a name outside of quotes"),
        pytest.param("branch", b'002 "branch/1x2": added', id="a part of another name"),
        pytest.param('a b"c', b"000 ab", id="a name with what phrases are made of"),
        pytest.param("branch", b'002 "branch" #7: initiating', id="the number of an SA"),
        pytest.param("branch", b'000 "branch"\n' * 1000, id="a long one"),
    ],
)
def test_one_of_a_kind(name: str | None, data: bytes) -> None:
    assert alike(name, data) is None


def test_what_is_remembered_is_bounded() -> None:
    """Answers that nobody else gets push one another out."""
    known, judge = Alike(), Judged("up", "4.10")
    for number in range(1000):
        known.judged(
            "", "branch", b'021 no connection named "branch" %d' % number, judge, started=8.0, ended=9.0
        )
    assert judge.times == 1000
    assert len(known) <= 256


def test_an_outcome_with_members_is_judged_each_time() -> None:
    """Their names are not in every answer."""
    known, judge = Alike(), Judged("up", "4.10")

    def of_an_alias(name: str, data: bytes) -> tuple[list[Event], Outcome]:
        events, outcome = judge(name, data)
        return events, msgspec.structs.replace(outcome, members=(outcome,))

    for name in ("branch", "other"):
        data = b'021 no connection named "%b"' % name.encode()
        _, outcome = known.judged("", name, data, of_an_alias, started=8.0, ended=9.0)
        assert outcome == of_an_alias(name, data)[1]
