"""Which release listens: every way to find out, against a scripted pluto."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import struct
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import trio

from autod.errors import (
    ConnectionLost,
    NoSocket,
    PlutoReplaced,
    ProtocolViolation,
    UnknownRelease,
    UsageError,
)
from autod.exchange.control import Control
from autod.exchange.peer import Listener, SocketFile, listener, socket_file
from autod.identify.binary import Version, parse_version
from autod.identify.cache import Entry, Known
from autod.identify.detect import AskPluto, How, Probed, Told, _find_out, detect, resolve
from autod.protocol.exchange import Ending
from autod.protocol.releases import ALL, cksum, find
from autod.protocol.replies import Reply
from tests.fakes.fakepluto import Client, answers, closes_unread, fake_pluto, resets_after, silent

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from trio.testing import MockClock

PROBE = struct.pack("<IB", 2003331865, 1).ljust(24, b"\0")
PYTHON = os.path.realpath(sys.executable)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pluto.ctl"


@pytest.fixture
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Known:
    """What listens is taken for a pluto, as far as its program's name goes."""
    monkeypatch.setattr("autod.exchange.peer.executable", lambda pid: "/usr/libexec/ipsec/pluto")
    return Known(tmp_path / "cache")


def start_of(pid: int) -> int:
    """When the process started, in clock ticks (field 22 of /proc/PID/stat)."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])


def status(
    version: str, *, prefix: str = "000", labeled: str | None = None, seccomp: str | None = None
) -> bytes:
    """The lines of a full status that matter, among others as pluto has them around."""
    lines = ["using kernel interface: xfrm", " "]
    if seccomp is not None:
        lines.append(f"seccomp={seccomp}")
    lines.append(f"pluto_version={version}, pluto_vendorid=OE-Libreswan-{version}")
    if labeled is not None:
        lines.append(f"secctx-attr-type={labeled}")
    lines += [f'"c{number}": 192.1.2.45...192.1.2.23; unrouted; eroute owner: #0' for number in range(2000)]
    return b"".join(f"{prefix} {line}\n".encode() for line in lines)


def pluto_of(
    version: str, *, seccomp: str | None = None, prefix: str = "000", labeled: str | None = None
) -> Callable[[Client], Awaitable[None]]:
    """Answers the safe probe, and nothing else."""

    async def script(client: Client) -> None:
        if await client.read() == PROBE:
            await client.write(status(version, prefix=prefix, labeled=labeled, seccomp=seccomp))

    return script


class Course:
    """The questions of one way to find out, with the answers of a pluto `said` that `pluto` and its program give."""

    def __init__(self, path: Path, pluto: Listener, program: Version | None = None) -> None:
        self.asked: list[str] = []
        self._course = _find_out(str(path), None)
        self._pluto = pluto
        self._program = program

    def told(self) -> Told:
        """Answer until something was found out."""
        answer: object = None
        while True:
            try:
                question = self._course.send(answer)
            except StopIteration as done:
                found: Told = done.value
                return found
            self.asked.append(type(question).__name__)
            if isinstance(question, AskPluto):
                question.read([Reply(0, "pluto_version=4.10, pluto_vendorid=OE-Libreswan-4.10")])
                answer = Probed(Ending.EOF, self._pluto, False)
            else:
                answer = self._program


@pytest.fixture
def here(path: Path) -> Iterator[Listener]:
    """This process, as the one that listens at `path`."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(path))
        yield Listener(os.getpid(), socket_file(path), start_of(os.getpid()))


@pytest.mark.parametrize(("version", "fetching"), [("4.10", True), ("4.12", None)])
def test_the_program_adds_to_the_status_where_it_is_of_that_version(
    version: str, fetching: bool | None, path: Path, here: Listener
) -> None:
    """The program on the disk may be newer than what runs."""
    course = Course(path, here, Version(version, False, False, True))
    told = course.told()
    assert (told.how, told.text, told.fetching) == (How.STATUS, "4.10", fetching)
    assert course.asked == ["AskPluto", "AskProgram"]


def test_a_path_that_leads_to_one_pluto_after_the_other_is_asked_three_times(
    path: Path, here: Listener
) -> None:
    """What the last one said holds for it, as its process is known; of one that is not known nothing is known."""
    elsewhere = SocketFile(0, 0, 0)
    course = Course(path, Listener(here.pid, elsewhere, here.start))
    assert course.told().text == "4.10"
    assert course.asked.count("AskPluto") == 3
    with pytest.raises(ConnectionLost, match="started anew"):
        Course(path, Listener(None, elsewhere)).told()


# By the status ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [release for release in ALL if release != "5.4"])
async def test_every_release_is_known_by_its_status(path: Path, version: str) -> None:
    prefix = "002" if version.startswith("5.") else "000"
    async with fake_pluto(path, pluto_of(version, prefix=prefix)) as pluto:
        found = await detect(path)
    assert (found.release.text, found.how, found.seqpacket) == (version, How.STATUS, False)
    assert (found.pid, found.pluto and found.pluto.start) == (os.getpid(), start_of(os.getpid()))
    assert pluto.messages == [PROBE]


@pytest.mark.parametrize(("said", "labeled"), [("<unsupported>", False), ("32001", True), (None, None)])
async def test_labeled_ipsec_is_seen_in_the_status(
    path: Path, said: str | None, labeled: bool | None
) -> None:
    async with fake_pluto(path, pluto_of("3.32", labeled=said)):
        found = await detect(path)
    assert found.release.labeled is labeled


@pytest.mark.parametrize(
    ("said", "seccomp"),
    [
        ("unsupported", False),
        ("disabled", True),
        ("tolerant", True),
        ("enabled", True),
        (None, None),
        ("x", None),
    ],
)
@pytest.mark.parametrize("version", ["5.3", "5.4"])
async def test_the_status_tells_whether_seccomp_was_built_in(
    path: Path, version: str, said: str | None, seccomp: bool | None
) -> None:
    """It says unsupported exactly where it was not (whack_status.c of 5.3 and 5.4): nothing more is asked."""
    async with fake_pluto(path, pluto_of(version, seccomp=said), seqpacket=version == "5.4") as pluto:
        found = await detect(path)
        assert pluto.messages == [PROBE]
    assert found.release.seccomp is seccomp
    assert found.seqpacket is (version == "5.4")


async def test_a_connection_that_is_called_like_a_fact_is_none(path: Path) -> None:
    """The facts come before what is loaded; and a connection's line begins with its name in quotes."""
    lines = status("5.4", seccomp="unsupported") + b'000 "seccomp=enabled": x\n000 seccomp=enabled\n'
    async with fake_pluto(path, answers(b'000 "pluto_version=4.3": x\n' + lines), seqpacket=True):
        found = await detect(path)
    assert (found.release.text, found.release.seccomp) == ("5.4", False)


@pytest.mark.parametrize("version", ["5.2-1.el10", "4.10-2+deb12u1", "5.3.2~bpo12"])
async def test_a_distributions_suffix_is_kept(path: Path, version: str) -> None:
    async with fake_pluto(path, pluto_of(version)):
        assert (await detect(path)).release.text == version


@pytest.mark.parametrize("version", ["6.0", "5.5", "v5.1-123-gabc1234-main", "5.4rc1", "3.26", "custom"])
async def test_a_release_that_is_not_covered_is_named_and_gets_nothing_else(
    path: Path, known: Known, version: str
) -> None:
    async with fake_pluto(path, pluto_of(version)) as pluto:
        with pytest.raises(UnknownRelease, match=r"\(release=\)") as refused:
            await detect(path, known=known)
    assert refused.value.release == version
    assert "autod learn" in str(refused.value)
    assert pluto.messages == [PROBE]


@pytest.mark.parametrize(
    "said", [b"", b"002 hello\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", bytes(range(256))]
)
async def test_what_is_no_pluto_is_said_to_be_none(path: Path, said: bytes) -> None:
    async with fake_pluto(path, answers(said)):
        with pytest.raises(ProtocolViolation, match="did not tell pluto's version"):
            await detect(path)


@pytest.mark.parametrize("script", [closes_unread, resets_after(b"000 using ker")])
async def test_a_pluto_that_goes_away_meanwhile_is_lost(
    path: Path, script: Callable[[Client], Awaitable[None]]
) -> None:
    async with fake_pluto(path, script):
        with pytest.raises(ConnectionLost, match="went away while"):
            await detect(path)


async def test_a_socket_of_another_type_than_the_releases_is_refused(path: Path) -> None:
    async with fake_pluto(path, pluto_of("5.2"), seqpacket=True) as pluto:
        with pytest.raises(ProtocolViolation, match="not of that release's type"):
            await detect(path)
    assert pluto.messages == [PROBE]


async def test_a_silent_pluto_is_waited_for_until_the_callers_deadline(
    path: Path, autojump_clock: MockClock
) -> None:
    async with fake_pluto(path, silent):
        with trio.move_on_after(100) as deadline:
            await detect(path)
    assert deadline.cancelled_caught


async def test_a_missing_socket_is_said_to_be_missing(path: Path) -> None:
    with pytest.raises(NoSocket):
        await detect(path)


@pytest.mark.parametrize("bad", ["", "a\0b", "\ud800"])
async def test_a_path_that_can_be_none_is_refused(bad: str) -> None:
    with pytest.raises(UsageError):
        await detect(bad)


async def test_a_pluto_started_anew_meanwhile_is_asked_again(path: Path, tmp_path: Path) -> None:
    """The first pluto's socket gives way to another one while it answers: only the second's answer counts."""
    later = tmp_path / "later.ctl"

    async def first(client: Client) -> None:
        await client.read()
        os.replace(later, path)
        await client.write(status("5.2"))

    async with fake_pluto(later, pluto_of("4.10")), fake_pluto(path, first):
        found = await detect(path)
    assert found.release.text == "4.10"


# By the caller's word -----------------------------------------------------------------------------------


HERE = "/run/pluto/pluto.ctl"


def told(text: str | None, **more: Any) -> Told:
    return Told(How.STATUS, Listener(), text, **more)


@pytest.mark.parametrize(
    ("text", "given", "result"),
    [
        ("4.10", None, "4.10"),
        ("4.10", "4.10", "4.10"),
        ("4.10-2+deb12u1", "4.10", "4.10-2+deb12u1"),
        ("5.2-1.el10", "5.2", "5.2-1.el10"),
        ("v5.4-59-gabcdef0-main", "5.4", "v5.4-59-gabcdef0-main"),
        ("5.9", "5.4", "5.9"),
        (None, "4.10", "4.10"),
        ("4.10", "4.15", UsageError),
        ("4.10", "4.3", UsageError),
        ("5.3.2", "5.3.1", UsageError),
        ("5.4", "5.3", UsageError),
        ("5.9", None, UnknownRelease),
        (None, None, ProtocolViolation),
    ],
)
def test_the_callers_word_for_the_release_counts_where_pluto_tells_none_that_is_covered(
    text: str | None, given: str | None, result: str | type[Exception]
) -> None:
    word = None if given is None else find(given)
    if isinstance(result, str):
        found = resolve(HERE, told(text), word, None)
        assert found.text == result
        assert word is None or found.outline is word.outline
    else:
        with pytest.raises(result):
            resolve(HERE, told(text), word, None)


def test_a_development_build_has_the_magic_of_its_own_name() -> None:
    text = "v5.4-59-gabcdef0-main"
    assert resolve(HERE, told(text), find("5.4"), None).magic == cksum(text) != find("5.4").magic


@pytest.mark.parametrize(
    ("said", "given", "result"),
    [
        (None, None, None),
        (None, True, True),
        (None, False, False),
        (True, None, True),
        (False, None, False),
        (True, True, True),
        (False, False, False),
        (True, False, UsageError),
        (False, True, UsageError),
    ],
)
@pytest.mark.parametrize("how", [How.STATUS, How.BINARY, How.CACHE])
@pytest.mark.parametrize("release", [None, "5.4"])
def test_the_callers_word_for_seccomp_counts_where_pluto_tells_nothing(
    how: How,
    release: str | None,
    said: bool | None,
    given: bool | None,
    result: bool | type[Exception] | None,
) -> None:
    word = None if release is None else find(release)
    facts = Told(how, Listener(), "5.4", said)
    if isinstance(result, type):
        with pytest.raises(result, match="leave out seccomp="):
            resolve(HERE, facts, word, given)
    else:
        assert resolve(HERE, facts, word, given).seccomp is result


@pytest.mark.parametrize(
    ("said", "given", "result"),
    [
        (None, "4.1", None),
        (None, "4.1+labeled", True),
        (None, "4.1+unlabeled", False),
        (True, "4.1+labeled", True),
        (True, "4.1", True),
        (True, "4.1+unlabeled", UsageError),
        (False, "4.1+labeled", UsageError),
    ],
)
def test_the_callers_word_for_labels_counts_where_pluto_tells_nothing(
    said: bool | None, given: str, result: bool | type[Exception] | None
) -> None:
    if isinstance(result, type):
        with pytest.raises(result, match="labeled IPsec"):
            resolve(HERE, told("4.1", labeled=said), find(given), None)
    else:
        assert resolve(HERE, told("4.1", labeled=said), find(given), None).labeled is result


@pytest.mark.parametrize("fact", [None, False, True])
def test_how_it_was_built_is_kept(fact: bool | None) -> None:
    found = resolve(HERE, told("4.1", labeled=fact, fetching=fact), None, None)
    assert (found.labeled, found.fetching) == (fact, fact)


@pytest.mark.parametrize(("text", "seqpacket"), [("5.4", False), ("5.3.2", True)])
@pytest.mark.parametrize("given", [False, True])
def test_a_socket_of_another_type_than_the_releases_is_a_contradiction(
    text: str, seqpacket: bool, given: bool
) -> None:
    with pytest.raises(ProtocolViolation, match="not of that release's type"):
        resolve(HERE, told(text, seqpacket=seqpacket), find(text) if given else None, None)


async def test_a_given_release_is_compared_with_what_pluto_says(path: Path, known: Known) -> None:
    async with fake_pluto(path, pluto_of("4.10")) as pluto:
        for _ in range(2):
            with pytest.raises(UsageError, match=r"4\.10.*nothing was sent: leave out release="):
                await detect(path, release="5.2", known=known)
        found = await detect(path, release="4.10", known=known)
        assert (found.release.text, found.how, found.pid) == ("4.10", How.GIVEN, os.getpid())
        assert pluto.messages == [PROBE]


async def test_a_given_seccomp_is_compared_with_what_pluto_says(path: Path, known: Known) -> None:
    async with fake_pluto(path, pluto_of("5.4", seccomp="unsupported"), seqpacket=True) as pluto:
        with pytest.raises(UsageError, match="built without seccomp"):
            await detect(path, seccomp=True, known=known)
        assert (await detect(path, known=known)).release.seccomp is False
        assert pluto.messages == [PROBE]


async def test_a_given_release_that_is_not_covered_is_refused(path: Path) -> None:
    with pytest.raises(UnknownRelease):
        await detect(path, release="9.9")


async def test_without_a_pluto_a_given_release_does_not_help(path: Path) -> None:
    with pytest.raises(NoSocket):
        await detect(path, release="4.10")


# By memory ----------------------------------------------------------------------------------------------


async def test_the_next_command_asks_nobody(path: Path, known: Known) -> None:
    async with fake_pluto(path, pluto_of("3.32", labeled="32001")) as pluto:
        first = await detect(path, known=known)
        second = await detect(path, known=known)
        assert pluto.messages == [PROBE]
    assert second.how is How.CACHE
    assert second.release == first.release
    assert second.pluto is not None
    assert first.pluto is not None
    assert second.pluto.is_same(first.pluto)
    assert (second.pluto.file, second.pluto.bound) == (first.pluto.file, str(path))
    assert second.pluto is not None
    assert first.pluto is not None
    assert second.pluto.start == first.pluto.start


async def test_what_is_not_a_pluto_is_asked_each_time(path: Path, tmp_path: Path) -> None:
    """A proxy before a pluto lives on when another release starts behind it: its socket says nothing of it."""
    behind = iter(("4.3", "4.10"))

    async def proxy(client: Client) -> None:
        await pluto_of(next(behind))(client)

    async with fake_pluto(path, proxy):
        for version in ("4.3", "4.10"):
            found = await detect(path, known=Known(tmp_path / "cache"))
            assert (found.release.text, found.how) == (version, How.STATUS)


async def test_another_pluto_is_asked_anew(path: Path, known: Known) -> None:
    async with fake_pluto(path, pluto_of("5.2")):
        await detect(path, known=known)
    os.unlink(path)
    async with fake_pluto(path, pluto_of("4.10")):
        found = await detect(path, known=known)
    assert (found.release.text, found.how) == ("4.10", How.STATUS)


def waiting_process() -> subprocess.Popen[bytes]:
    """A process that ends with the block."""
    return subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
    )


async def test_a_remembered_pluto_that_has_ended_is_not_waited_for(path: Path, known: Known) -> None:
    """Its socket's file is still there, and the cache knows it: what counts is that its process is gone."""
    with waiting_process() as child:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
        file = socket_file(path)
        assert file is not None
        entry = Entry(
            device=file.device,
            inode=file.inode,
            changed_ns=file.changed_ns,
            text="4.10",
            pid=child.pid,
            start=start_of(child.pid),
        )
        known.remember(str(path), entry)
        assert (await detect(path, known=known)).how is How.CACHE
    with pytest.raises(NoSocket):
        await detect(path, known=known)


async def test_what_was_remembered_is_private(path: Path, known: Known, tmp_path: Path) -> None:
    async with fake_pluto(path, pluto_of("5.2")):
        await detect(path, known=known)
    folder = tmp_path / "cache"
    (entry,) = folder.iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert entry.stat().st_mode & 0o777 == 0o600


def _writable_by_all(entry: Path) -> None:
    entry.chmod(0o666)


def _somebody_elses(entry: Path) -> None:
    os.chown(entry, 65534, 65534)


def _garbage(entry: Path) -> None:
    entry.write_bytes(b'{"text": 5')


def _a_link(entry: Path) -> None:
    entry.rename(entry.with_name("real"))
    entry.symlink_to("real")


@pytest.mark.parametrize("spoil", [_writable_by_all, _somebody_elses, _garbage, _a_link])
async def test_what_others_may_have_written_is_not_believed(
    path: Path, known: Known, tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    async with fake_pluto(path, pluto_of("5.2")):
        await detect(path, known=known)
        (entry,) = (tmp_path / "cache").iterdir()
        spoil(entry)
        assert (await detect(path, known=known)).how is How.STATUS


async def test_a_folder_that_cannot_be_written_costs_nothing_but_the_memory(
    path: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    known = Known(tmp_path / "file" / "folder")
    async with fake_pluto(path, pluto_of("5.2")):
        assert (await detect(path, known=known)).release.text == "5.2"
        assert (await detect(path, known=known)).how is How.STATUS


# By the program -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("output", "version"),
    [
        (
            "Libreswan 4.10 IKEv2 XFRM NSS LABELED_IPSEC (SELINUX) LIBCAP_NG CURL(non-NSS)\n",
            Version("4.10", False, True, True),
        ),
        ("Libreswan 5.4 IKEv2 SECCOMP LIBCAP_NG LDAP(non-NSS)\n", Version("5.4", True, False, True)),
        ("Libreswan 5.3 NO_SECCOMP SECCOMPX NO_CURL\n", Version("5.3", False, False, False)),
        ("warning\nLibreswan v5.1-123-gabc-main\n", Version("v5.1-123-gabc-main", False, False, False)),
        ("Python 3.11.7\n", None),
        ("", None),
    ],
)
def test_the_versions_line_is_read(output: str, version: Version | None) -> None:
    assert parse_version(output) == version


@contextlib.contextmanager
def program_called_pluto(path: Path, program: Path) -> Iterator[int]:
    """A process whose program is called pluto, though it is none, with a lock file as pluto's; its id."""
    script = f"""
import socket
listener = socket.socket(socket.AF_UNIX)
listener.bind({str(path)!r})
listener.listen(5)
print("listening", flush=True)
while True:
    client, _ = listener.accept()
    client.recv(65536)
    client.send(b"000 pluto_version=4.3, x\\n")
    client.close()
"""
    environment = os.environ | {"PYTHONHOME": sys.base_prefix}
    with subprocess.Popen([str(program), "-c", script], stdout=subprocess.PIPE, env=environment) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == b"listening\n"
            path.with_suffix(".pid").write_text(f"{child.pid}\n")
            yield child.pid
        finally:
            child.kill()


@pytest.mark.parametrize("mode", [0o755, 0o777])
async def test_a_program_that_does_not_tell_or_that_others_could_have_written_is_not_believed(
    path: Path, tmp_path: Path, mode: int
) -> None:
    program = tmp_path / "pluto"
    shutil.copy(PYTHON, program)
    program.chmod(mode)
    with program_called_pluto(path, program) as pid:
        assert listener(path).pid == pid
        found = await detect(path)
        assert (found.release.text, found.how, found.pid) == ("4.3", How.STATUS, pid)


async def test_a_lock_file_that_names_another_process_is_not_believed(path: Path) -> None:
    path.with_suffix(".pid").write_text(f"{os.getppid()}\n")
    async with fake_pluto(path, pluto_of("4.10")):
        assert listener(path).pid is None
        assert (await detect(path)).pid == os.getpid()


# What it is good for ------------------------------------------------------------------------------------


async def test_what_was_detected_guards_every_later_exchange(path: Path) -> None:
    async with fake_pluto(path, pluto_of("5.2")) as pluto:
        found = await detect(path)
        control = Control(path, codes=found.release.codes, seqpacket=found.seqpacket, pluto=found.pluto)
        assert await control.exchange(b"a message of 5.2", lambda _: None) is Ending.EOF
        assert found.pluto is not None
        assert (found.pluto.pid, found.pluto.opener) == (os.getpid(), os.getpid())
        assert (found.pluto.file, found.pluto.bound) == (socket_file(path), str(path))
    os.unlink(path)
    async with fake_pluto(path, pluto_of("4.10")) as other:
        with pytest.raises(PlutoReplaced):
            await control.exchange(b"a message of 5.2", lambda _: None)
    assert pluto.messages == [PROBE, b"a message of 5.2"]
    assert b"a message of 5.2" not in other.messages
