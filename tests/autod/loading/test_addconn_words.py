"""What one run of addconn came to, put down to the names that were asked for; and how names become runs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import trio

from autod.errors import ConfigurationError, DeadlinePassed, PlutoGone, UsageError
from autod.exchange.relay import Relayed
from autod.loading import addconn
from autod.loading.addconn import AddconnLoader, is_unknown, load
from autod.loading.result import Transcript
from autod.protocol import commands as c
from autod.protocol import releases
from autod.protocol.check import Carried
from autod.protocol.exchange import Ending

if TYPE_CHECKING:
    from pathlib import Path

    from trio.testing import MockClock

PLUTO = releases.find("4.10", seccomp=False, labeled=False)


@pytest.mark.parametrize(
    ("sizes", "batches"),
    [
        ([], []),
        ([1], [1]),
        ([5, 6, 7], [3]),
        ([11, 11, 11], [2, 1]),
        ([11, 10, 11], [2, 1]),
        ([31], [1]),
        ([50, 1], [1, 1]),
    ],
)
def test_as_many_names_go_into_a_run_as_a_command_line_has_room_for(
    sizes: list[int], batches: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each takes nine bytes more than its own length; one that is too long for any goes alone."""
    monkeypatch.setattr(addconn, "_BATCH", 48)
    names = ["x" * (size - 2) + "é" if size > 2 else "x" * size for size in sizes]
    assert [len(one) for one in addconn._batches(names)] == batches
    assert [name for one in addconn._batches(names) for name in one] == names


def test_a_batch_is_full_to_the_last_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addconn, "_BATCH", 40)
    assert [len(one) for one in addconn._batches(["x" * 11] * 4)] == [2, 2]
    assert [len(one) for one in addconn._batches(["x" * 12] * 3)] == [1, 1, 1]


@pytest.mark.parametrize(
    ("complaints", "unknown"),
    [
        ((), False),
        (("conn 'a': not found (tried aliases)",), True),
        (("a: bad left=",), False),
        (("x", "not found"), True),
    ],
)
def test_not_found_means_that_the_file_has_no_such_connection(
    complaints: tuple[str, ...], unknown: bool
) -> None:
    assert is_unknown(complaints) is unknown


def message(
    name: str | None, *, aliases: str = "", key: bool = False, **strings: str
) -> tuple[Relayed, Carried]:
    """A message of addconn, and what it carries."""
    raw = repr((name, aliases, key, strings)).encode()
    found = {slot.replace("_", "."): value.encode() for slot, value in strings.items()}
    if name is not None:
        found["name"] = name.encode()
    if aliases:
        found["connalias"] = aliases.encode()
    commands = (c.AddPublicKey,) if key else (c.AddConnection,)
    return Relayed(raw, (), Ending.EOF), Carried(commands, found)


def assigned(
    names: list[str], messages: list[tuple[Relayed, Carried]], lines: list[str] | None = None
) -> list[Transcript]:
    carried = {one.message: what for one, what in messages}
    return list(addconn._assign(names, [one for one, _ in messages], lines or [], carried))


def test_a_message_belongs_to_its_name_its_aliases_and_the_name_of_its_pairs() -> None:
    """A key belongs to the connection before it."""
    pair = message("nets/1x2")
    plain = message("one", aliases="al two")
    key = message(None, key=True)
    other = message("two/x")
    found = {
        one.asked: one
        for one in assigned(["nets", "one", "al", "two", "nets/1x2"], [pair, plain, key, other])
    }
    assert found["nets"].messages == (pair[0],)
    assert found["nets"].names == ("nets/1x2",)
    assert found["nets/1x2"].messages == (pair[0],)
    assert found["one"].messages == found["al"].messages == (plain[0], key[0])
    assert found["al"].names == ("one",)
    assert found["two"].messages == (plain[0], key[0])
    assert not any(one.unknown for one in found.values())


def test_of_subnets_from_5_0_one_message_loads_all_pairs() -> None:
    strings = {"left_subnets": "{10.1.0.0/24,10.2.0.0/24}", "right_subnet": "10.3.0.0/24"}
    (found,) = assigned(["nets"], [message("nets", **strings)])
    assert found.names == ("nets/1x0", "nets/2x0")
    settings = ((0, 25, b"{10.1.0.0/24,10.2.0.0/24}"), (1, 24, b"10.3.0.0/24"), (2, 38, b"al me"))
    carried = Carried((c.AddConnection,), {"name": b"nets"}, settings)
    relayed = Relayed(b"x", (), Ending.EOF)
    found, alias = addconn._assign(["nets", "me"], [relayed], [], {b"x": carried})
    assert found.names == alias.names == ("nets/1x0", "nets/2x0")


def test_what_addconn_complains_of_is_put_down_to_the_name_in_it() -> None:
    lines = ["conn a: bad left=", "conn a-b: bad right=", "nothing", "'x.a' no x.a.c", "xa"]
    found = {
        one.asked: one for one in assigned(["a", "a-b", "b", "x.a", "loaded"], [message("loaded")], lines)
    }
    assert found["a"].complaints == (lines[0],)
    assert found["a-b"].complaints == (lines[1],)
    assert found["x.a"].complaints == (lines[3],)
    assert (found["b"].complaints, found["b"].unknown) == (("nothing", "xa"), False)
    assert (found["a"].unknown, found["loaded"].complaints) == (False, ())


# One run ------------------------------------------------------------------------------------------------


class Program:
    """An addconn that says this and ends so."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, status: int = 0, stderr: str = "", stdout: str = ""
    ) -> None:
        self.done = SimpleNamespace(returncode=status, stderr=stderr.encode(), stdout=stdout.encode())
        self.runs: list[tuple[str, ...]] = []
        self.hangs = False
        monkeypatch.setattr(addconn, "open_program", self)
        monkeypatch.setattr(addconn, "version_beside", self.unknown)

    def __call__(self, path: str) -> Program:
        return self

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing stays open."""

    async def unknown(self, path: str) -> None:
        """No whack beside it."""

    async def run(self, *arguments: str, prefix: tuple[str, ...] = ()) -> SimpleNamespace:
        self.runs.append(arguments[2:])
        if self.hangs:
            await trio.sleep_forever()
        return self.done


def client(*, reads_messages: bool = True) -> Any:
    control = SimpleNamespace(path="/none")
    return SimpleNamespace(release=PLUTO, control=control, reads_messages=reads_messages, path="/none")


async def run(names: list[str], config: str | None = None, **more: Any) -> addconn.AddconnResult:
    control: Any = SimpleNamespace(path="/none")
    return await load(names, program="addconn", config=config, release=PLUTO, control=control, **more)


@pytest.mark.parametrize(
    ("status", "stderr", "refused"),
    [
        (1, "syntax error", True),
        (3, "syntax error\n\nagain", True),
        (2, "x", False),
        (0, "x", False),
        (3, "", False),
    ],
)
async def test_a_file_that_addconn_does_not_read_is_an_error_with_its_words(
    status: int, stderr: str, refused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    Program(monkeypatch, status, stderr)
    if refused:
        with pytest.raises(ConfigurationError, match=stderr.replace("\n\n", "; ")) as caught:
            await run(["a"], "/etc/x.conf")
        assert caught.value.where == "/etc/x.conf"
    else:
        assert (await run(["a"])).exit_status == status


async def test_names_and_the_file_are_what_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each run of them, and no name can be taken for an option."""
    program = Program(monkeypatch, stdout="one\ntwo")
    result = await run(["a", "--b"], "/x.conf")
    assert program.runs == [("--config", "/x.conf", "--", "a", "--b")]
    assert (result.stdout, [one.asked for one in result.loaded]) == (("one", "two"), ["a", "--b"])
    await run([], autoall=True)
    assert program.runs[-1] == ("--autoall",)
    monkeypatch.setattr(addconn, "_BATCH", 12)
    await run(["a", "b"])
    assert program.runs[-2:] == [("--", "a"), ("--", "b")]


async def test_after_a_file_that_is_refused_no_other_run_is_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    program = Program(monkeypatch, 3, "syntax error")
    monkeypatch.setattr(addconn, "_BATCH", 12)
    with pytest.raises(ConfigurationError):
        await run(["a", "b"])
    assert len(program.runs) == 1


@pytest.mark.parametrize("name", ["", "a\0b", "a\nb"])
async def test_a_name_that_no_command_line_carries_is_refused_before_anything_runs(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = Program(monkeypatch)
    with pytest.raises(UsageError, match="nothing was loaded"):
        await run(["a", name])
    assert program.runs == []


async def test_a_pluto_that_was_there_for_no_message_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One that took a message before is not: what became of it stands in the result."""
    one = Relayed(b"x", (), None, PlutoGone("pluto is gone.", path="/none"))
    two = Relayed(b"y", (), Ending.EOF)
    program = Program(monkeypatch)
    for relayed in ([one], [two, one]):

        async def serve(self: Any, on_message: Any, on_reply: Any, relayed: list[Relayed] = relayed) -> None:
            for each in relayed:
                on_message(each)

        monkeypatch.setattr("autod.exchange.relay.Relay.serve", serve)
        monkeypatch.setattr(addconn, "_assign", lambda *_: [])

        async def turn(*arguments: str, prefix: tuple[str, ...] = ()) -> SimpleNamespace:
            await trio.testing.wait_all_tasks_blocked()
            return program.done

        monkeypatch.setattr(program, "run", turn)
        if len(relayed) == 1:
            with pytest.raises(PlutoGone):
                await run(["a"])
        else:
            assert (await run(["a"])).messages == (two, one)


async def test_a_load_that_hears_nothing_ends_at_its_deadline(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock
) -> None:
    program = Program(monkeypatch)
    program.hangs = True
    pluto: Any = SimpleNamespace(
        release=PLUTO, control=SimpleNamespace(path="/none"), reads_messages=True, path="/none"
    )
    loader = AddconnLoader(pluto, "addconn", None)
    begun = trio.current_time()
    with pytest.raises(DeadlinePassed, match="7 s") as caught:
        await loader.load(["a"], hear=lambda *_: None, told=lambda *_: None, timeout=7)
    assert caught.value.seconds == 7
    assert trio.current_time() - begun == pytest.approx(7)


async def test_where_messages_are_not_read_each_name_has_its_run_and_all_that_came_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program = Program(monkeypatch, 1, "", "conn b: not found\n\n")
    pluto: Any = SimpleNamespace(
        release=PLUTO, control=SimpleNamespace(path="/none"), reads_messages=False, path="/none"
    )
    told: list[tuple[str, Any]] = []
    loader = AddconnLoader(pluto, "addconn", None)
    await loader.load(
        ["a", "b"], hear=lambda *_: None, told=lambda name, outcome: told.append((name, outcome))
    )
    assert program.runs == [("--", "a"), ("--", "b")]
    assert [(name, outcome.result.value) for name, outcome in told] == [("a", "unknown"), ("b", "unknown")]
    sent = Relayed(b"x", (), Ending.EOF)
    result = addconn.AddconnResult(0, ("out", " "), ("err",), (sent,), ())
    assert addconn._alone("a", result) == Transcript("a", ("a",), (sent,), ())
    nothing = addconn.AddconnResult(0, ("out", " "), ("err",), (), ())
    assert addconn._alone("a", nothing) == Transcript("a", ("a",), (), ("err", "out"), unknown=False)


async def test_a_loader_tells_of_each_name_when_it_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One run for all where messages are read."""
    program = Program(monkeypatch)
    pluto: Any = SimpleNamespace(
        release=PLUTO, control=SimpleNamespace(path="/none"), reads_messages=True, path="/none"
    )
    told: list[str] = []
    loader = AddconnLoader(pluto, "addconn", str(tmp_path / "x.conf"))
    await loader.load(["a", "b"], hear=lambda *_: None, told=lambda name, outcome: told.append(name))
    assert program.runs == [("--config", str(tmp_path / "x.conf"), "--", "a", "b")]
    assert told == ["a", "b"]


@pytest.mark.parametrize(
    ("lines", "asked", "said", "unknown"),
    [
        (("Failed to load connection right= is not set",), "a", "right= is not set", False),
        (("conn 'a': not found (tried aliases)",), "a", "not found", True),
        (("conn a: not found (tried aliases)",), "a", "not found", True),
        ((), "a", "does not say why", False),
        (("F:1: warning: x is ignored", "right= is not set"), "a", "right= is not set", False),
        (("conn 'b': not found (tried aliases)", "right= is not set"), "a", "right= is not set", False),
        (("conn 'b': not found (tried aliases)", "right= is not set"), "b", "not found", True),
        (("while loading 'a': bad", "right= is not set"), "a", "bad", False),
        (("conn 'b': not found (tried aliases)",), "a", "does not say why", False),
    ],
)
def test_a_reason_that_names_no_connection_is_told_where_nothing_was_sent(
    lines: tuple[str, ...], asked: str, said: str, unknown: bool
) -> None:
    """3.27 to 5.4 say of an unknown name that it was not found; else it has another reason."""
    told = {one.asked: one for one in addconn._assign(["a", "b"], [], lines, {})}
    assert told[asked].unknown is unknown
    assert len(told[asked].complaints) == 1
    assert said in told[asked].complaints[0]
