"""The page about a run, as text; tests/real/test_bulk_report.py looks at it in a browser."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autod.bulk.report import Report, read, render, render_fleet, write
from autod.protocol.errors import DecodeError
from tests.autod.bulk.runs import HOSTILE, a_run

if TYPE_CHECKING:
    from pathlib import Path

    from autod.bulk.result import BulkResult


class Elements(HTMLParser):
    """Counts elements, and keeps the text of the script that holds the run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, int] = {}
        self.data = ""
        self._inside = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found[tag] = self.found.get(tag, 0) + 1
        self._inside = ("id", "run") in attributes

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.data, self._inside = data, False


def parsed(page: str) -> Elements:
    elements = Elements()
    elements.feed(page)
    return elements


def page_of(result: BulkResult) -> str:
    return render(Report(host="gw", result=result))


EMPTY = parsed(page_of(a_run(0)))


@given(names=st.lists(st.text(), max_size=5, unique=True))
def test_no_name_becomes_markup(names: list[str]) -> None:
    """The elements of the page are the same whatever the connections are called, and the names come back whole."""
    page = parsed(page_of(a_run(len(names), names=tuple(names))))
    assert page.found == EMPTY.found
    assert [row[0] for row in json.loads(page.data)["rows"]] == names


def test_hostile_names_stay_text() -> None:
    """Those that are known to break out of a script element."""
    page = parsed(page_of(a_run(20, names=HOSTILE)))
    assert page.found == EMPTY.found
    shown = [row[0] for row in json.loads(page.data)["rows"]][: len(HOSTILE)]
    assert shown == [name.replace("\udcff", "\ufffd") for name in HOSTILE]


def test_the_page_needs_nothing_but_itself() -> None:
    """No address of anything else is in it, and the browser is told to load nothing."""
    page = page_of(a_run(10))
    assert "default-src 'none'" in page
    addresses = re.findall(r"(?:https?:)?//[\w.]+", page.replace("http://www.w3.org/2000/svg", ""))
    assert addresses == []
    assert page.isascii()


def test_what_is_said_of_paper_stands_last() -> None:
    """A rule that came after it would hold on paper, too: rows ended with the first page, beside a scroll bar."""
    page = page_of(a_run(1))
    assert page.rindex("@media") == page.index("@media print")
    assert '@media screen { :root[data-theme="dark"]' in page


def test_the_data_has_attempts_phases_and_limits() -> None:
    """All that the figures are made of."""
    data = json.loads(parsed(page_of(a_run(200))).data)
    retried = [row for row in data["rows"] if len(row[5]) == 2]
    assert retried
    admitted, ended, cause, retransmissions, phases = retried[0][5][0]
    assert (cause, retransmissions) == ("peer_silent", 3)
    assert admitted < ended
    assert data["phases"][phases[0][0]] == "ike-sa-init"
    assert data["limits"][0] == [0.0, 32]


def test_a_page_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    """And with the permissions of an ordinary file; nothing else is left in the folder."""
    path = tmp_path / "run.html"
    path.write_text("before")
    write(Report(host="gw", result=a_run(3)), str(path))
    assert path.read_text() == render(Report(host="gw", result=a_run(3)))
    assert path.stat().st_mode & 0o444
    assert [entry.name for entry in tmp_path.iterdir()] == ["run.html"]


def test_where_nothing_can_be_written_it_says_so(tmp_path: Path) -> None:
    """As an OSError, with the path."""
    with pytest.raises(OSError, match="missing"):
        write(Report(host="gw", result=a_run(1)), str(tmp_path / "missing" / "run.html"))


def test_the_page_says_where_and_how_it_was_run() -> None:
    """Host, release and command line: as data, so that a name in them is never markup."""
    page = render(Report(host="gw-1", facts=("Libreswan 5.2", "autod --up '<b>'"), result=a_run(2)))
    assert '"facts":["gw-1","Libreswan 5.2","autod --up \'\\u003cb\\u003e\'"]' in page


def test_a_run_that_was_kept_makes_the_same_page(tmp_path: Path) -> None:
    kept = Report(host="gw-1", facts=("Libreswan 5.2",), result=a_run(20))
    write(kept, str(tmp_path / "run.json"))
    (again,) = read((tmp_path / "run.json").read_bytes())
    assert render(again) == render(kept)
    with pytest.raises(DecodeError):
        read(b'{"event": "outcome"}')


def test_one_page_about_many_hosts() -> None:
    """Each row names its host, times count from the first run, and who was not reached is told."""
    first, second = a_run(3), a_run(4, names=HOSTILE)
    summary = msgspec.structs.replace(second.summary, started=first.summary.started + 10)
    late = msgspec.structs.replace(second, summary=summary)
    lost = Report(host="gw-3", error="Failed to connect to the host via ssh")
    found = parsed(render_fleet([Report(host="gw-1", result=first), Report(host="gw-2", result=late), lost]))
    data = json.loads(found.data)
    assert [(one["name"], one["error"]) for one in data["hosts"]] == [
        ("gw-1", ""),
        ("gw-2", ""),
        ("gw-3", "Failed to connect to the host via ssh"),
    ]
    assert [row[6] for row in data["rows"]] == [0] * 3 + [1] * 4
    assert data["seconds"] == pytest.approx(10 + second.summary.seconds)
    assert all(attempt[0] >= 10 for row in data["rows"] if row[6] == 1 for attempt in row[5])
    assert found.found == EMPTY.found


def test_a_page_about_hosts_that_were_not_reached() -> None:
    data = json.loads(parsed(render(Report(host="gw", error="it is away"))).data)
    assert (data["rows"], data["hosts"][0]["error"]) == ([], "it is away")
