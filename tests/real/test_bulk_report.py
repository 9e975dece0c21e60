"""The page about a run in Debian's Chromium, without a head: what it draws, sorts and filters, and that names
stay text."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
import tempfile
import zlib
from pathlib import Path

import pytest

from autod.bulk.report import Report, put, render_fleet, write
from tests.autod.bulk.runs import HOSTILE, a_run

pytestmark = pytest.mark.timeout(300)

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--virtual-time-budget=5000",
)


@pytest.fixture(scope="module")
def chromium() -> str:
    """Debian's Chromium, installed where it is missing."""
    if shutil.which("chromium") is None:
        command = ["apt-get", "install", "-qq", "-y", "--no-install-recommends", "chromium"]
        subprocess.run(command, check=True, capture_output=True)
    return "chromium"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """2,000 connections, the first of them with names that want to be more."""
    path = tmp_path_factory.mktemp("report") / "run.html"
    write(Report(host="gw", result=a_run(2000, names=HOSTILE)), str(path))
    return path


def browse(chromium: str, page: Path, *flags: str, state: str = "") -> str:
    """Run the browser once, with a profile of its own."""
    with tempfile.TemporaryDirectory() as profile:
        argv = [chromium, *FLAGS, f"--user-data-dir={profile}", *flags, f"file://{page}{state}"]
        done = subprocess.run(
            argv, capture_output=True, text=True, errors="replace", timeout=120, check=False
        )
    assert done.returncode == 0, done.stderr
    return done.stdout


def rows(document: str) -> list[str]:
    """The names in view, from above."""
    return re.findall(r'<span class="name">(.*?)</span>', document)


def test_the_page_is_drawn(chromium: str, page: Path) -> None:
    """Figures, counts, and only as many rows as are in view."""
    document = browse(chromium, page, "--dump-dom")
    assert 'data-ready="yes"' in document
    assert "autod up: 2,000 connections" in document
    assert ">2,000 connections</span>" in document
    assert 10 < len(rows(document)) < 100
    assert re.search(r'<svg id="rate".*?<rect .*?</svg>', document, re.DOTALL)
    assert re.search(r'<svg id="limit".*?<path d="M.*?</svg>', document, re.DOTALL)
    assert "peer silent" in document


def test_one_page_has_all_hosts(chromium: str, tmp_path: Path) -> None:
    """A line for each, also for one that was not reached; the address chooses one of them."""
    runs = [Report(host=f"gw-{number}", result=a_run(40, seed=number)) for number in range(3)]
    path = tmp_path / "fleet.html"
    put(render_fleet([*runs, Report(host="gw-9", error="no route to host")]).encode(), str(path))
    document = browse(chromium, path, "--dump-dom", state="#host=gw-1&sort=name")
    assert "autod up: 120 connections on 4 hosts" in document
    assert re.search(r"gw-9</span><span[^>]*>no route to host", document)
    assert ">40 of 120</span>" in document
    assert rows(document)[0].startswith("gw-1: branch-")


def test_names_are_shown_as_text_and_run_nothing(chromium: str, page: Path) -> None:
    """Neither a script nor an image of theirs exists."""
    document = browse(chromium, page, "--dump-dom")
    assert "<title>autod up" in document
    assert "<img" not in document
    assert "&lt;img src=x onerror" in document


def test_rows_are_sorted_and_filtered_by_what_the_address_says(chromium: str, page: Path) -> None:
    """As the controls do, which write it there."""
    document = browse(chromium, page, "--dump-dom", state="#sort=-name&filter=branch-1&outcome=done")
    names = rows(document)
    assert names[0] == "branch-1999" or names[0].startswith("branch-19")
    assert names == sorted(names, reverse=True)
    assert all(name.startswith("branch-1") for name in names)
    assert re.search(r">\d[\d,]* of 2,000</span>", document)
    slowest = browse(chromium, page, "--dump-dom", state="#sort=-seconds&outcome=failed")
    assert '<span class="state" style="--c: var(--failed);">peer silent</span>' in slowest


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_has_a_light_and_a_dark_face(chromium: str, page: Path, tmp_path: Path, theme: str) -> None:
    """As the system wants it: the corner of a screenshot has the page's colour."""
    picture = tmp_path / "page.png"
    flags = ["--force-dark-mode"] if theme == "dark" else []
    browse(chromium, page, "--window-size=1300,1500", f"--screenshot={picture}", *flags)
    corner = first_pixel(picture.read_bytes())
    assert corner == ((0x12, 0x16, 0x1C) if theme == "dark" else (0xF6, 0xF7, 0xF9))


def first_pixel(png: bytes) -> tuple[int, ...]:
    """Red, green and blue of the upper left corner."""
    at, data = 8, b""
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            data += png[at + 8 : at + 8 + length]
        at += length + 12
    return tuple(zlib.decompressobj().decompress(data, 4)[1:4])


def test_ten_thousand_rows_are_no_burden(chromium: str, tmp_path: Path) -> None:
    """Only what is in view is drawn."""
    path = tmp_path / "run.html"
    write(Report(host="gw", result=a_run(10_000)), str(path))
    document = browse(chromium, path, "--dump-dom")
    assert ">10,000 connections</span>" in document
    assert len(rows(document)) < 100


def test_causes_are_read_without_a_mouse(chromium: str, page: Path) -> None:
    """Below each cause its sentence, and whom it hit; all of them where it is printed."""
    document = browse(chromium, page, "--dump-dom")
    found = re.findall(
        r'<p class="why"><span class="soft">(.+?): </span>.*?class="all">(.+?)</span>', document
    )
    assert found
    assert all(len(names.split(", ")) >= 1 for _, names in found)
    assert re.search(r'class="some">[^<]* and \d+ more<', document)


def scripted(page: Path, to: Path, script: str) -> Path:
    """The page with one more script, which does what a person would."""
    to.write_text(page.read_text().replace("</body>", f"<script>{script}</script></body>"))
    return to


def test_the_rows_go_by_the_keyboard(chromium: str, page: Path, tmp_path: Path) -> None:
    """An arrow chooses the next row, and shows what the mouse would."""
    script = (
        'for (const key of ["ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp"])'
        ' $("window").dispatchEvent(new KeyboardEvent("keydown", { key }));'
        ' document.title = $("tip").hidden + "|" + document.querySelectorAll(".chosen").length + "|" + chosen;'
    )
    document = browse(chromium, scripted(page, tmp_path / "keys.html", script), "--dump-dom")
    assert "<title>false|1|1</title>" in document


def test_it_is_useful_on_a_narrow_screen_and_on_paper(chromium: str, page: Path, tmp_path: Path) -> None:
    """Nothing stands out at 400 pixels; printed, every row is there."""
    script = (
        'dispatchEvent(new Event("beforeprint"));'
        ' document.title = document.documentElement.scrollWidth + "|" + document.querySelectorAll(".row").length;'
    )
    narrow = scripted(page, tmp_path / "narrow.html", script)
    document = browse(chromium, narrow, "--dump-dom", "--window-size=400,900")
    found = re.search(r"<title>(\d+)\|(\d+)</title>", document)
    assert found is not None
    assert int(found[1]) <= 500  # what Chromium takes for its narrowest window
    assert int(found[2]) == 2000
