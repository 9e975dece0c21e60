"""The recorded exchanges of the other operations: add, down, delete, route, rekey and the rest, on nine releases."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from autod.judging.judge import Judge
from autod.outcomes import Outcome, Result
from autod.protocol.exchange import Ending
from autod.recognise import recognise
from tests.helpers.transcripts import RELEASES, Case, cases, files


@dataclass(frozen=True)
class Row:
    """Cases of one file whose title matches: the operation, the name, what it comes to, and where not."""

    file: str
    title: str
    operation: str
    name: str | None
    result: Result
    but: tuple[tuple[str, Result], ...] = ()
    asynchronous: bool = False
    unsure: frozenset[str] = frozenset()


R = Result
EVERY = frozenset(RELEASES)
FROM_5 = frozenset({"5.0", "5.2", "5.3.2", "5.4"})
UP_TO_4_3 = ("3.27", "3.32", "4.3")


def on(releases: tuple[str, ...], result: Result) -> tuple[tuple[str, Result], ...]:
    return tuple((release, result) for release in releases)


ROWS = (
    Row("add", r".*\bbad[136]\b", "add", None, R.LOAD_FAILED),
    Row("add", r".*\bbad7\b", "add", "bad7", R.LOAD_FAILED),
    # a connection without right= is loaded up to 4.3, and not sent at all by the addconn of 4.10 to 5.0
    Row("add", r".*\bbad2\b", "add", "bad2", R.LOAD_FAILED, on(UP_TO_4_3, R.LOADED)),
    Row("add", r".*--autoall, addconn message 8 of 8", "listen", None, R.DONE),
    Row("add", r".*--autoall, addconn message 1 of", "add", "t01", R.LOADED),
    Row("add", r".*--autoall, addconn message 7 of", "add", "xb", R.LOADED),
    Row("add", r".*\bt01 t02 .*message 2 of 2", "add", "t02", R.LOADED),
    Row("add", r".*re-add of t03", "add", "t03", R.LOADED),
    Row("add", r".*add t04, right after", "add", "t04", R.LOADED),
    Row("add", r".*(add|addconn) t01", "add", "t01", R.LOADED),
    Row("add", r".*\bbad5\b", "add", "bad5", R.LOADED),
    Row("add", r".*\bbad8\b", "add", "bad8", R.LOADED),
    Row("add", r".*--autoall, addconn message [2-6] of", "add", None, R.LOADED),
    # up to 4.15 an unknown name is passed over in silence, from 5.0 on a connection that is not up
    Row(
        "down",
        r"unknown",
        "down",
        "nosuch",
        R.UNKNOWN,
        on(("3.32", "4.3", "4.10", "4.15"), R.DOWN),
        unsure=EVERY,
    ),
    Row("down", r"alias ali", "down", "ali", R.DOWN),
    Row("down", r"loaded, not up|again|up \(t01\)", "down", "t01", R.DOWN, unsure=FROM_5),
    Row("down", r".*\bt02\b", "down", "t02", R.DOWN, unsure=FROM_5),
    Row("delete", r"unknown", "delete", "nosuch", R.DELETED),
    Row("delete", r".*alias ali", "delete", "ali", R.DELETED),
    Row("delete", r".*", "delete", "t01", R.DELETED),
    Row("route", r"unknown", "route", "nosuch", R.UNKNOWN),
    Row("route", r"while not listening", "route", "t01", R.NOT_LISTENING),
    Row("route", r"alias ali", "route", "ali", R.ROUTED),
    Row("route", r".*", "route", "t01", R.ROUTED),
    # up to 4.3 pluto refuses, on 4.4 to 4.15 it dies, later it takes the SAs down
    Row(
        "unroute",
        r".*of an up connection",
        "unroute",
        "t01",
        R.UNROUTED,
        (*on(UP_TO_4_3, R.REFUSED), *on(("4.10", "4.15"), R.PLUTO_GONE)),
    ),
    Row("unroute", r"unknown", "unroute", "nosuch", R.UNKNOWN),
    Row("unroute", r".*", "unroute", "t01", R.UNROUTED),
    # 3.32 says nothing of a rekey
    Row("rekey", r"t01 --rekey-ike", "rekey-ike", "t01", R.DONE, on(("3.32",), R.UNDECIDED)),
    Row("rekey", r"t01 --rekey-(child|ipsec)", "rekey-child", "t01", R.DONE, on(("3.32",), R.UNDECIDED)),
    Row("rekey", r"t02 --rekey-ike", "rekey-ike", "t02", R.REFUSED),
    Row("rekey", r"t02 --rekey-(child|ipsec)", "rekey-child", "t02", R.REFUSED),
    Row("deletestate", r".*", "delete_state", None, R.UNKNOWN),
    Row("deleteid", r".*", "deleteid", None, R.DONE),
    Row("deleteuser", r".*", "deleteuser", None, R.DONE),
    Row("shutdown", r".*", "shutdown", None, R.DONE),
    Row("trafficstatus", r"--name nosuch", "trafficstatus", "nosuch", R.UNKNOWN),
    Row("rereadsecrets", r"syntax error", "rereadsecrets", None, R.REFUSED),
    Row("up", r"a deleted connection", "up", "t01", R.UNKNOWN),
    Row("up", r"while not listening", "up", "t01", R.NOT_LISTENING),
    Row("up", r"ali sync", "up", "ali", R.UP),
    Row("up", r"t03 async", "up", "t03", R.ACCEPTED, on(("4.10", "4.15"), R.UP), asynchronous=True),
    Row("up", r".*\bt02\b", "up", "t02", R.UP),
    Row("up", r"right after pluto's start", "up", "t04", R.UP),
    Row("up", r".*\bt01\b", "up", "t01", R.UP),
    Row("xauth", r"good user|answers with a newline", "up", "xau", R.UP),
    Row("xauth", r"wrong password|answers without", "up", "xau", R.AUTHENTICATION_FAILED),
    Row("xauth", r"request half-closed", "up", "xau", R.AUTHENTICATION_FAILED),
    # the recorder stopped while quick mode was still unanswered
    Row("xauth", r"leftusername", "up", "xun", R.DEADLINE),
    Row("xauth", r"--asynchronous", "up", "xau", R.ACCEPTED, asynchronous=True),
    Row("xauth", r"other client", "briefstatus", None, R.DEADLINE),
    Row(
        r"addresspoolstatus|(brief)?(connection)?status|checkpubkeys|clearstats|ddns|fetchcrls|fipsstatus|list.*"
        r"|processstatus|purgeocsp|reread.*|showstates|shuntstatus|trafficstatus|unlisten",
        r".*",
        "other",
        None,
        R.DONE,
    ),
)
LEFT_OUT = ("up-lifecycle", "status", "globalstatus", "connectionstatus", "bulk.main", "bulk.n1000")
ALL = [
    pytest.param(release, file, id=f"{release} {file}")
    for release in RELEASES
    for file in files(release)
    if file not in LEFT_OUT
]


def row_of(case: Case) -> Row:
    """The first row that the case belongs to."""
    return next(row for row in ROWS if re.fullmatch(row.file, case.file) and re.match(row.title, case.title))


def judged(case: Case) -> Outcome:
    """The judge's outcome of a recorded exchange."""
    row = row_of(case)
    judge = Judge(row.operation, row.name, asynchronous=row.asynchronous)
    for line in case.lines:
        judge.see(recognise(line.reply, time=1000.0 + line.at))
    died = case.file == "unroute" and "up connection" in case.title and case.release in ("4.10", "4.15")
    return judge.end(Ending.GONE if died else Ending.EOF if case.closed else Ending.DEADLINE)


@pytest.mark.parametrize(("release", "file"), ALL)
def test_every_operation_has_its_outcome(release: str, file: str) -> None:
    """Every recorded exchange comes to what it came to, and is sure of it where the release says so."""
    wrong = []
    for case in cases(release, file):
        row, outcome = row_of(case), judged(case)
        unsure = outcome.ok and outcome.needs_state and case.release not in row.unsure
        if outcome.result is not dict(row.but).get(case.release, row.result) or unsure:
            wrong.append(f"{case.title}: {outcome.sentence}")
    assert not wrong


@pytest.mark.parametrize(("release", "file"), ALL)
def test_refusals_exit_with_plutos_code(release: str, file: str) -> None:
    """Where pluto refused with a code, that is the exit status; zero means that it is so."""
    wrong = []
    for case in cases(release, file):
        outcome = judged(case)
        refused = not outcome.ok and case.status and outcome.result is not Result.DEADLINE
        if (outcome.exit_status == 0) is not outcome.ok or (refused and outcome.exit_status != case.status):
            wrong.append(f"{case.title}: {outcome.exit_status}, not {case.status}")
    assert not wrong


def test_every_row_is_used() -> None:
    """No row of the table is without a recorded case."""
    used = {row_of(case) for release, file in (one.values for one in ALL) for case in cases(release, file)}  # type: ignore[arg-type]
    assert used == set(ROWS)
