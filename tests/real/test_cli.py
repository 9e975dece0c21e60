"""The command line as a process against a real pluto 4.10: every operation, its output and status, and what is
so in pluto afterwards."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.real.plutos import EAST, connection, gateway, gateways, silent_peer, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.real.plutos import Pluto


class Ran:
    """One run of the command line."""

    def __init__(self, done: subprocess.CompletedProcess[bytes]) -> None:
        self.status = done.returncode
        self.out = done.stdout.decode("utf-8", "surrogateescape")
        self.err = done.stderr.decode("utf-8", "surrogateescape")
        assert "Traceback" not in self.err, self.err

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def objects(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]


def autod(pluto: Pluto | None, *arguments: str | bytes, timeout: float = 30, **environment: str) -> Ran:
    """Run `python -m autod` for this pluto and its configuration."""
    where = () if pluto is None else ("--ctlsocket", str(pluto.socket), "--config", str(pluto.conf))
    return Ran(
        subprocess.run(
            [sys.executable, "-m", "autod", *arguments, *where],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            check=False,
            env={**os.environ, "PYTHONWARNINGS": "error", **environment},
        )
    )


def loaded(pluto: Pluto) -> set[str]:
    """The connections that pluto has, by its own whack."""
    lines = pluto.whack("--status").stdout.splitlines()
    return {line.split('"')[1] for line in lines if line.startswith('000 "') and "eroute owner" in line}


def is_routed(pluto: Pluto, name: str) -> bool:
    """Whether the kernel asks pluto for its packets."""
    lines = pluto.whack("--status").stdout.splitlines()
    return any(line.startswith(f'000 "{name}":') and "prospective erouted" in line for line in lines)


def is_negotiated(pluto: Pluto, name: str) -> bool:
    """Whether pluto has an SA of it, established or not."""
    return f': "{name}":' in pluto.whack("--showstates").stdout


@pytest.fixture(scope="module")
def pluto() -> Iterator[Pluto]:
    """One that listens, with a peer that never answers; `a` and `b` in its file, nothing loaded."""
    with gateway() as one:
        one.conf.write_text(
            "config setup\n"
            + connection("a")
            + connection(
                "b", leftid="@w2", rightid="@e2", leftsubnet="10.4.0.0/24", rightsubnet="10.5.0.0/24"
            )
        )
        silent_peer(one.namespace, EAST)
        yield one


@pytest.fixture
def empty(pluto: Pluto) -> Pluto:
    """The same with nothing loaded."""
    for name in loaded(pluto):
        pluto.whack("--name", name, "--delete")
    return pluto


@pytest.fixture
def full(empty: Pluto) -> Pluto:
    """The same with both loaded."""
    empty.addconn("a", "b")
    return empty


def test_add_loads(empty: Pluto) -> None:
    ran = autod(empty, "--add", "a")
    assert (ran.status, ran.lines) == (0, ['"a" is loaded'])
    assert loaded(empty) == {"a"}


def test_add_of_several_says_what_became_of_each(empty: Pluto) -> None:
    ran = autod(empty, "--add", "a", "nosuch", "b")
    assert ran.status == 1
    assert '"nosuch" was not loaded: the configuration has no connection or alias of this name' in ran.err
    assert ran.lines[-1].startswith("2 of 3 loaded, 1 unknown (nosuch); ")
    assert loaded(empty) == {"a", "b"}


def test_add_of_an_unknown_name_has_the_status_of_addconn(empty: Pluto) -> None:
    assert autod(empty, "--add", "nosuch").status == 21


def test_add_from_a_file_that_is_not_there_is_a_matter_of_configuration(empty: Pluto, tmp_path: Path) -> None:
    missing = tmp_path / "none.conf"
    where = ("--ctlsocket", str(empty.socket), "--config", str(missing))
    ran = autod(None, "--add", "a", *where)
    assert ran.status == 3
    assert str(missing) in ran.err
    assert loaded(empty) == set()


def test_the_configuration_is_taken_from_the_environment(empty: Pluto) -> None:
    ran = autod(None, "--add", "a", "--ctlsocket", str(empty.socket), IPSEC_CONF=str(empty.conf))
    assert ran.status == 0
    assert loaded(empty) == {"a"}


def test_the_socket_is_taken_from_the_environment(full: Pluto) -> None:
    ran = autod(None, "--briefstatus", IPSEC_RUNDIR=str(full.socket.parent))
    assert ran.status == 0
    assert any("IKE SAs: total(" in line for line in ran.lines)


def test_delete_unloads_and_deleting_what_is_absent_is_done(full: Pluto) -> None:
    assert autod(full, "--delete", "a").status == 0
    assert loaded(full) == {"b"}
    assert autod(full, "--delete", "a").status == 0


def test_replace_loads_anew(full: Pluto) -> None:
    before = [line for line in full.whack("--status").stdout.splitlines() if "conn serial" in line]
    ran = autod(full, "--replace", "a")
    after = [line for line in full.whack("--status").stdout.splitlines() if "conn serial" in line]
    assert (ran.status, ran.lines) == (0, ['"a" is loaded'])
    assert loaded(full) == {"a", "b"}
    assert before != after


def test_replace_of_what_is_not_loaded_loads(empty: Pluto) -> None:
    assert autod(empty, "--replace", "a").status == 0
    assert loaded(empty) == {"a"}


def test_route_and_unroute(full: Pluto) -> None:
    assert autod(full, "--route", "a").status == 0
    assert is_routed(full, "a")
    assert autod(full, "--unroute", "a").status == 0
    assert not is_routed(full, "a")


def test_ondemand_loads_and_routes(empty: Pluto) -> None:
    ran = autod(empty, "--ondemand", "a")
    assert (ran.status, ran.lines) == (0, ['"a" is routed'])
    assert is_routed(empty, "a")


def test_start_loads_and_initiates(empty: Pluto) -> None:
    ran = autod(empty, "--start", "--asynchronous", "a")
    assert ran.status == 0
    assert ran.lines[-1].startswith('"a": pluto has begun')
    assert loaded(empty) == {"a"}
    assert is_negotiated(empty, "a")
    assert autod(empty, "--down", "a").status == 0


def test_rotatecert_loads_anew(full: Pluto) -> None:
    ran = autod(full, "--rotatecert", "a")
    assert (ran.status, ran.lines[-1]) == (0, '"a" is loaded')


def test_up_against_a_silent_peer_ends_at_the_deadline_and_says_what_is_left(full: Pluto) -> None:
    ran = autod(full, "--up", "a", "--timeout", "1")
    assert ran.status == 124
    assert '"a"' in ran.err
    assert "deadline" in ran.err
    assert "pluto goes on negotiating" in ran.err
    assert is_negotiated(full, "a")
    assert autod(full, "--down", "a").status == 0
    assert not is_negotiated(full, "a")


def test_on_failure_down_leaves_nothing_behind(full: Pluto) -> None:
    ran = autod(full, "--up", "a", "--timeout", "1", "--on-failure", "down")
    assert ran.status == 124
    assert not is_negotiated(full, "a")


def test_the_old_form_does_the_same_and_warns(full: Pluto) -> None:
    ran = autod(None, "--ctlsocket", str(full.socket), "a", "route")
    assert (ran.status, ran.lines) == (0, ['"a" is routed'])
    assert "obsolete command syntax used" in ran.err
    assert is_routed(full, "a")


@pytest.mark.parametrize(
    ("operation", "status"), [("up", 21), ("down", 21), ("route", 25), ("unroute", 25), ("delete", 0)]
)
def test_an_unknown_name_has_plutos_own_code(operation: str, status: int, full: Pluto) -> None:
    ran = autod(full, f"--{operation}", "nosuch")
    assert ran.status == status
    assert "nosuch" in ran.out + ran.err


def test_an_unknown_name_is_no_success_asynchronously_either(full: Pluto) -> None:
    assert autod(full, "--asynchronous", "--up", "nosuch").status == 21


def test_several_names_are_done_in_parallel_and_the_status_is_1_if_one_failed(full: Pluto) -> None:
    ran = autod(full, "--asynchronous", "--up", "a", "b", "nosuch")
    assert ran.status == 1
    assert "2 taken by pluto" in ran.lines[-1]
    assert "1 unknown (nosuch)" in ran.lines[-1]
    assert autod(full, "--down", "a", "b").status == 0


def test_patterns_are_matched_against_what_is_loaded(full: Pluto) -> None:
    ran = autod(full, "--route", "[ab]")
    assert ran.status == 0
    assert is_routed(full, "a")
    assert is_routed(full, "b")
    ran = autod(full, "--route", "z*")
    assert (ran.status, ran.out) == (2, "")


def test_names_come_from_a_file(full: Pluto, tmp_path: Path) -> None:
    names = tmp_path / "names"
    names.write_text("# the two\na\n\nb\n")
    assert autod(full, "--route", f"@{names}").status == 0
    assert is_routed(full, "a")
    assert is_routed(full, "b")


def test_wait_initiates_nothing_and_lists_what_is_missing(full: Pluto) -> None:
    ran = autod(full, "--wait", "a", "b", "--timeout", "0.5")
    assert ran.status == 124
    assert ran.err.splitlines() == ['"a" is not up', '"b" is not up']
    assert ran.lines == ["0 of 2 up"]
    assert not is_negotiated(full, "a")


PLAIN = {
    "ready": "ready: done",
    "rereadsecrets": "rereadsecrets: done",
    "rereadcerts": "rereadcerts: done",
    "rereadcrls": "rereadcrls: done",
    "rereadgroups": "rereadgroups: done",
    "rereadall": "rereadall: done",
    "fetchcrls": "fetchcrls: done",
}


@pytest.mark.parametrize("operation", PLAIN)
def test_what_pluto_does_silently_is_one_line(operation: str, full: Pluto) -> None:
    """And log lines of pluto (002) are left out, whatever it did."""
    ran = autod(full, f"--{operation}")
    assert (ran.status, ran.lines[-1]) == (0, PLAIN[operation])
    assert not any("secrets from" in line or "listening" in line for line in ran.lines)


def test_rereadsecrets_rereads_them(full: Pluto) -> None:
    before = full.text().count("loading secrets from")
    assert autod(full, "--rereadsecrets").status == 0
    assert full.text().count("loading secrets from") == before + 1


LISTS = {
    "listall": "List of Public Keys:",
    "listpubkeys": "List of Public Keys:",
    "checkpubkeys": None,
    "listcerts": "List of X.509 End Certificates:",
    "listcacerts": "List of X.509 CA Certificates:",
    "listcrls": "List of CRLs:",
    "purgeocsp": "List of Public Keys:",
    "status": "Connection list:",
    "briefstatus": "IKE SAs: total(",
    "globalstatus": "total.ipsec",
    "fipsstatus": "FIPS mode",
    "shuntstatus": "Bare Shunt list:",
    "showstates": None,
    "trafficstatus": None,
}


@pytest.mark.parametrize("operation", LISTS)
def test_a_list_is_plutos_text_without_its_codes(operation: str, full: Pluto) -> None:
    """What whack prints, less the four characters in front."""
    ran = autod(full, f"--{operation}")
    heading = LISTS[operation]
    assert ran.status == 0
    assert heading is None or any(heading in line for line in ran.lines)
    if operation in ("briefstatus", "listcerts", "listcacerts"):
        whacks = full.whack(f"--{operation}").stdout.splitlines()
        assert ran.lines == [line[4:] for line in whacks]


def test_utc_changes_the_times_of_lists(full: Pluto) -> None:
    assert autod(full, "--utc", "--listall").status == 0


def test_status_of_one_connection_is_its_lines_only(full: Pluto) -> None:
    ran = autod(full, "--status", "a")
    assert ran.status == 0
    assert ran.lines
    assert all('"a"' in line for line in ran.lines)
    assert autod(full, "--status", "nosuch").status == 21


def test_status_is_typed_with_json(full: Pluto) -> None:
    (state,) = autod(full, "--status", "--json").objects
    assert state["release"] == "4.10"
    assert {one["name"] for one in state["connections"]} == {"a", "b"}


FAMILY = {
    "trafficstatus": ("child_sas", ["CONNECTION"]),
    "showstates": ("ike_sas", ["SA"]),
    "briefstatus": ("totals", ["WHAT"]),
    "globalstatus": ("counters", ["WHAT"]),
    "shuntstatus": ("shunts", ["no"]),
    "addresspoolstatus": ("address_pools", ["RANGE"]),
    "fipsstatus": ("setup", ["WHAT"]),
}


@pytest.mark.parametrize("operation", FAMILY)
def test_each_status_is_one_document_and_one_table(operation: str, full: Pluto) -> None:
    """The model of docs/status.md, with nothing that is not known in it; what pluto holds is filled in."""
    key, heading = FAMILY[operation]
    (state,) = autod(full, f"--{operation}", "--json").objects
    assert state["schema"] == 1
    assert state["unparsed"]["count"] == 0
    assert key in state
    table = autod(full, f"--{operation}", "--format", "table")
    assert table.status == 0
    assert table.lines[0].split()[:1] == heading


def test_traffic_of_an_unknown_name_is_refused_in_the_document(full: Pluto) -> None:
    ran = autod(full, "--trafficstatus", "nosuch", "--json")
    assert ran.status == 21
    (state,) = ran.objects
    assert "nosuch" in state["refused"][0]


def test_status_as_a_table_has_a_row_a_connection(full: Pluto) -> None:
    ran = autod(full, "--status", "--format", "table")
    assert [line.split()[0] for line in ran.lines] == ["CONNECTION", "a", "b", "2"]


def test_listgroups_knows_files_and_connections(full: Pluto) -> None:
    policies = full.folder / "ipsec.d" / "policies"
    policies.mkdir(exist_ok=True)
    (policies / "clear").write_text("10.0.0.0/8\n192.0.2.1\n")
    (policies / "block").write_text("")
    ran = autod(full, "--listgroups", "--json")
    assert ran.status == 0
    assert [(one["name"], one["networks"], one["loaded"]) for one in ran.objects] == [
        ("block", [], False),
        ("clear", ["10.0.0.0/8", "192.0.2.1/32"], False),
    ]


def test_certificates_of_an_instance_are_not_reread_as_that_would_kill_pluto() -> None:
    """4.6 to 4.15 follow a null pointer there; a policy group has instances as soon as it has networks."""
    with gateway() as pluto:
        policies = pluto.folder / "ipsec.d" / "policies"
        policies.mkdir()
        (policies / "clear").write_text("10.0.0.0/8\n")
        pluto.load(
            connection("clear", right="%group", type="passthrough", authby="never", leftid="", rightid="")
        )
        assert autod(pluto, "--rereadall").status == 0
        assert autod(pluto, "--rereadgroups").status == 0
        assert autod(pluto, "--listgroups", "--json").objects[0]["instances"] == 1
        for operation in ("--rereadall", "--rereadcerts"):
            ran = autod(pluto, operation)
            assert ran.status == 1
            assert "would kill pluto" in ran.err
        assert autod(pluto, "--rereadsecrets").status == 0
        assert pluto.alive()


def test_debug_is_what_plutos_status_shows(empty: Pluto) -> None:
    """On, more, off; a class that would write keys into the log is refused."""
    shown = {"base": "base", "all": "base+cpu-usage+refcnt", "none": ""}
    for word, classes in shown.items():
        ran = autod(empty, "--debug", word)
        assert (ran.status, ran.lines) == (0, [f"pluto logs {classes or 'nothing more than usual'}"])
        assert f"debug: {classes}".strip() in [
            line[4:].strip() for line in empty.whack("--status").stdout.splitlines()
        ]
    ran = autod(empty, "--debug", "private")
    assert (ran.status, ran.lines) == (2, [])
    assert "keys" in ran.err
    assert autod(empty, "--debug", "nosuch").status == 2


def test_verbose_shows_everything_with_its_code(empty: Pluto) -> None:
    ran = autod(empty, "--verbose", "--add", "a")
    assert '002 "a": added IKEv2 connection' in ran.lines
    quiet = autod(empty, "--add", "a")
    assert not any("added" in line for line in quiet.lines)


def test_json_is_an_object_a_line_and_an_outcome_at_the_end(full: Pluto) -> None:
    objects = autod(full, "--json", "--up", "nosuch").objects
    assert [one["event"] for one in objects] == ["alias_expanded", "unknown", "outcome"]
    assert (objects[-1]["result"], objects[-1]["ok"], objects[-1]["code"]) == ("unknown", False, 21)


def test_json_of_a_run_ends_with_a_summary(full: Pluto) -> None:
    objects = autod(full, "--json", "--route", "a", "b").objects
    assert {one["connection"] for one in objects if one["event"] == "outcome"} == {"a", "b"}
    assert objects[-1]["event"] == "summary"
    assert (objects[-1]["total"], objects[-1]["done"]) == (2, 2)


@pytest.mark.parametrize(
    "name",
    [
        b"k\xc3\xb6ln",
        b"no\xffutf8",
        b"x" * 3000,
        b"-dash",
        b"a b",
        b"%any",
        b"a/b",
        b'quo"te',
        b"$(id)",
        b"#1",
    ],
)
def test_odd_names_are_sent_as_they_are_and_shown_as_they_came(name: bytes, full: Pluto) -> None:
    where = ("--ctlsocket", str(full.socket))
    ran = autod(None, *where, "--up", "--", name)
    assert ran.status == 21
    assert name.decode("utf-8", "surrogateescape") in ran.err


@pytest.mark.parametrize("name", ["a\nb", "x" * 5000, ""])
def test_a_name_that_cannot_be_sent_is_refused_before_anything_is_sent(name: str, full: Pluto) -> None:
    before = len(full.text())
    for operation in ("--up", "--delete", "--add"):
        ran = autod(full, operation, name, "a")
        assert ran.status == 2
        assert ran.err.count("\n") == 1
    assert len(full.text()) == before
    assert loaded(full) == {"a", "b"}


def test_without_a_pluto_it_is_33_and_one_sentence(tmp_path: Path) -> None:
    for operation in (["--up", "a"], ["--status"], ["--add", "a"], ["--up", "a", "b"], ["--listgroups"]):
        ran = autod(None, *operation, "--ctlsocket", str(tmp_path / "pluto.ctl"))
        assert ran.status == 33, operation
        assert ran.err.count("\n") == 1
        assert "start it" in ran.err


def test_without_permission_it_is_33_and_says_so(full: Pluto) -> None:
    """As nobody, with the way to the socket open and the socket closed."""
    for folder in (full.folder, full.socket.parent, *full.folder.parents):
        if str(folder) != "/" and not os.stat(folder).st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o011)
    # Nobody may still search folders: the checkout may lie in one that is closed, as /root is.
    nobody = ["setpriv", "--reuid", "nobody", "--clear-groups", "--regid", "nogroup"]
    search = ["--inh-caps", "-all,+dac_read_search", "--ambient-caps", "+dac_read_search"]
    done = subprocess.run(
        [*nobody, *search, sys.executable, "-m", "autod", "--up", "a", "--ctlsocket", str(full.socket)],
        capture_output=True,
        timeout=90,
        check=False,
        env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
    )
    ran = Ran(done)
    assert ran.status == 33, ran.err
    assert "may not" in ran.err


def test_before_listening_an_up_is_refused_with_plutos_code() -> None:
    with gateway(listen=False) as pluto:
        pluto.load(connection("a"))
        ran = autod(pluto, "--up", "a")
        assert ran.status == 24
        assert "--ready" in ran.err
        assert autod(pluto, "--ready").status == 0


def test_a_silent_pluto_ends_at_the_deadline(full: Pluto) -> None:
    """Whether it is stopped before the release is known or after."""
    full.stop()
    try:
        ran = autod(full, "--up", "a", "--timeout", "1")
        assert ran.status == 124
        assert autod(full, "--briefstatus", "--timeout", "1").status == 124
        assert autod(full, "--add", "a", "--timeout", "1").status == 124
        assert autod(full, "--add", "a", "--via-addconn", "--timeout", "1").status == 124
    finally:
        full.cont()


def test_interrupted_it_ends_with_130_and_says_what_goes_on(full: Pluto) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "autod", "--up", "a", "--ctlsocket", str(full.socket)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert '"a"' in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err == "autod: interrupted; pluto goes on with a; `autod --down a` takes it down\n"
    autod(full, "--down", "a")


def test_a_reader_that_goes_away_is_no_traceback(full: Pluto) -> None:
    """`autod --status | head -1`."""
    script = f"{sys.executable} -m autod --status --ctlsocket {full.socket} | head -c 1; echo ${{PIPESTATUS[0]}} >&2"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=90, check=True)
    assert done.stderr.strip() in ("0", "141")


def test_a_reader_that_does_not_read_does_not_stop_pluto(full: Pluto) -> None:
    """The pipe is full from the start: pluto's replies are drained all the same, and autod can be ended."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with contextlib.suppress(BlockingIOError):
        while os.write(writing, bytes(4096)):
            pass
    os.set_blocking(writing, True)
    process = subprocess.Popen(
        [sys.executable, "-m", "autod", "--up", "a", "--verbose", "--ctlsocket", str(full.socket)],
        stdout=writing,
        stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: is_negotiated(full, "a"), what="the negotiation")
    assert "IKE SAs" in full.whack("--briefstatus").stdout
    process.terminate()
    assert process.wait(timeout=60) == 143
    os.close(reading)
    os.close(writing)
    autod(full, "--down", "a")


def test_two_gateways_agree_and_the_outcome_is_the_truth() -> None:
    """This kernel has no ESP: the IKE SA comes up, the Child SA fails, and nothing is called up."""
    with gateways() as (west, east):
        west.load(connection("a"))
        east.load(connection("a", left=EAST, leftid="@east", right="192.1.2.45", rightid="@west"))
        ran = autod(west, "--up", "a", "--timeout", "20")
        up = '"a"' in west.whack("--trafficstatus").stdout
        assert (ran.status == 0) == up
        assert ran.lines[-1].startswith('"a" is up') == up


def test_a_report_is_one_page(full: Pluto, tmp_path: Path) -> None:
    """Also where everything failed, and with one name."""
    page = tmp_path / "run.html"
    ran = autod(full, "--up", "a", "nosuch", "--timeout", "1", "--report", str(page))
    assert ran.status == 1
    text = page.read_text()
    assert text.lstrip().lower().startswith("<!doctype html>")
    assert "nosuch" in text
    ran = autod(full, "--up", "nosuch", "--report", str(tmp_path / "none" / "run.html"))
    assert (ran.status, ran.lines) == (2, [])
    assert str(tmp_path / "none") in ran.err


def test_the_deadline_of_a_run_ends_it(full: Pluto) -> None:
    """Nothing is counted up, and the status says why."""
    ran = autod(full, "--up", "a", "b", "--deadline", "1", "--json", timeout=90)
    assert ran.status == 124
    assert ran.objects[-1]["event"] == "summary"
    assert ran.objects[-1]["done"] == 0


def test_retries_are_for_what_may_pass(full: Pluto) -> None:
    """A silent peer is tried again, an unknown name is not."""
    objects = autod(full, "--up", "a", "nosuch", "--timeout", "0.5", "--retries", "1", "--json").objects
    retried = [one["connection"] for one in objects if one["event"] == "retrying"]
    assert retried == ["a"]


def test_interrupted_twice_a_run_ends_at_once(full: Pluto) -> None:
    """The first time it says what it waits for."""
    process = subprocess.Popen(
        [sys.executable, "-m", "autod", "--verbose", "--up", "a", "b", "--ctlsocket", str(full.socket)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert "initiating" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert "2 in flight are waited for" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "2 in flight when it was ended" in out
    assert "pluto goes on with 2 (a, b); `autod --down NAME ...` takes them down" in err
    assert "Traceback" not in err


def test_asynchronous_with_wait_watches_until_the_end(full: Pluto) -> None:
    """Taken at once, then looked at until the deadline of each."""
    ran = autod(full, "--asynchronous", "--up", "a", "--wait", "--timeout", "1.5", timeout=90)
    assert ran.status == 124
    assert '"a": the deadline passed' in ran.err
