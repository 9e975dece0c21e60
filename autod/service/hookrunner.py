"""Runs the commands of hooks: as units of systemd, with rights of their own, or as children.

Owns the queue and its bounds, the deadline, and the input of a command. Decides nothing (see `hooks`), and holds up
nothing: nobody waits for a hook.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import uuid
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
import trio

from autod.errors import ConfigurationError
from autod.service.hooks import Deciding, Look, Telling
from autod.supervisor.states import Keep, State
from autod.supervisor.views import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autod.service.sides import Trouble
    from autod.supervisor.configured import ConfiguredSupervisor
    from autod.supervisor.settings import Hooks, Settings
    from autod.supervisor.table import Entry

__all__ = ["FOLDER", "UNIT", "HookRunner", "environment", "environment_file", "what"]

log = structlog.get_logger("autod.service.hooks")

UNIT = "autod-hook@.service"
FOLDER = "/run/autod/hooks"
"""The folder in which autod-hook@.service finds its command."""
_UNITS = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
)
_OUTPUT = 2000
_VALUE = 2000


class HookRunner:
    """The hooks of one supervisor. `ran`, `failed` and `left_out` are counts for the metrics."""

    def __init__(self, supervisor: ConfiguredSupervisor, *, service: bool) -> None:
        self._supervisor = supervisor
        self._service = service
        self._missed = 0
        self.ran = 0
        self.failed = 0
        self.left_out = 0

    async def run(self, settings: Settings, trouble: Trouble) -> None:
        """Watch, and run the commands, until cancelled. A cancellation kills the commands that run. Raises
        ConfigurationError if hooks must be units and cannot be."""
        if not settings.hook:
            return
        as_units = self._as_units(settings.hooks)
        if as_units:
            shutil.rmtree(FOLDER, ignore_errors=True)
            os.makedirs(FOLDER, mode=0o700)
        trouble("")
        queue, todo = trio.open_memory_channel[Telling](settings.hooks.waiting)
        async with trio.open_nursery() as nursery:
            for _ in range(settings.hooks.at_once):
                nursery.start_soon(self._work, todo.clone(), as_units)
            todo.close()
            await self._watch(Deciding(settings.hook), queue)

    def _as_units(self, hooks: Hooks) -> bool:
        if hooks.run == "child":
            return False
        runs_systemd = os.path.isdir("/run/systemd/system") and shutil.which("systemctl") is not None
        installed = runs_systemd and any(os.path.exists(f"{folder}/{UNIT}") for folder in _UNITS)
        if hooks.run == "unit" and not installed:
            raise ConfigurationError(f"hooks.run: {UNIT} is not installed, or systemd does not run here")
        return installed and (self._service or hooks.run == "unit")

    async def _watch(self, deciding: Deciding, queue: trio.MemorySendChannel[Telling]) -> None:
        feed = self._supervisor.feed
        number = feed.last
        self._see_all(deciding, queue)
        while True:
            wake = deciding.wake()
            with trio.move_on_at(trio.current_time() + 3600 if wake is None else wake):
                await feed.wait(number)
            events, lost = feed.after(number)
            number = events[-1].sequence if events else number
            if lost is None or lost or any(event.kind == "reload" for event in events):
                self._see_all(deciding, queue)
            for name in dict.fromkeys(e.connection for e in events if e.kind in ("state", "operator")):
                if isinstance(name, str) and (entry := self._supervisor.entry(name)) is not None:
                    self._put(deciding.see(_look(entry), trio.current_time()), queue)
            self._put(deciding.due(trio.current_time()), queue)

    def _see_all(self, deciding: Deciding, queue: trio.MemorySendChannel[Telling]) -> None:
        table = self._supervisor.engine.table
        deciding.keep(frozenset(map(plain, table)))
        for entry in list(table.values()):
            self._put(deciding.see(_look(entry), trio.current_time()), queue)

    def _put(self, tellings: Any, queue: trio.MemorySendChannel[Telling]) -> None:
        for telling in tellings:
            try:
                queue.send_nowait(telling)
            except trio.WouldBlock:
                if not self._missed:
                    log.warning("hooks are left out", reason="too many wait for their turn")
                self._missed += 1
                self.left_out += 1

    async def _work(self, todo: trio.MemoryReceiveChannel[Telling], as_units: bool) -> None:
        async with todo:
            async for telling in todo:
                missed, self._missed = self._missed, 0
                facts = what(telling, self._supervisor, missed)
                run = partial(_as_unit if as_units else _as_child, telling.hook.command, facts)
                try:
                    status, output = await _within(telling.hook.deadline, run)
                except OSError as problem:
                    status, output = str(problem), ""
                except Exception:
                    log.exception("hook failed", hook=telling.hook.name)
                    continue
                finally:
                    self.ran += 1
                fields = {"hook": telling.hook.name, "about": telling.event, "connection": telling.look.name}
                if status:
                    self.failed += 1
                    log.warning("hook failed", **fields, detail=status, output=output)
                else:
                    log.info("hook ran", **fields)


def what(telling: Telling, supervisor: ConfiguredSupervisor, left_out: int = 0) -> dict[str, Any]:
    """The facts for a command, for its standard input. Times are UNIX seconds."""
    offset = supervisor.offset
    now = trio.current_time()
    entry = supervisor.entry(telling.look.name)
    facts: dict[str, Any] = {
        "hook": telling.hook.name,
        "event": telling.event,
        "connection": telling.look.name,
        "state": telling.look.state,
        "time": round(now + offset, 3),
        "since": round(telling.since + offset, 3),
        "seconds": round(now - telling.since, 3),
        "cause": telling.look.cause,
        "detail": telling.look.detail,
        "peer": "" if entry is None else plain(entry.peer),
        "group": "" if entry is None else entry.wanted.group,
        "host": socket.gethostname(),
    }
    if left_out:
        facts["left_out"] = left_out
    return facts


def environment(facts: Mapping[str, Any]) -> dict[str, str]:
    """The same facts for the environment: AUTOD_EVENT, AUTOD_CONNECTION and so on, each of one line."""
    return {f"AUTOD_{key.upper()}": _one_line(str(value)) for key, value in facts.items()}


def environment_file(values: Mapping[str, str]) -> str:
    """`values` as systemd.exec(5) reads an EnvironmentFile=."""
    lines = []
    for name, value in values.items():
        quoted = "".join(f"\\{c}" if c in '"\\$`' else c for c in _one_line(value))
        lines.append(f'{name}="{quoted}"\n')
    return "".join(lines)


def _one_line(text: str) -> str:
    """`text` without control characters, and shortened: some of it comes from the peer."""
    return "".join(c if c.isprintable() else "?" for c in text[:_VALUE])


def _look(entry: Entry) -> Look:
    record = entry.record
    return Look(
        plain(record.name),
        record.state.value,
        entry.wanted.policy.keep is Keep.UP and not record.suspended and record.state is not State.SUSPENDED,
        record.flapping,
        record.cause.value if record.cause else "",
        plain(record.detail),
    )


async def _within(deadline: float, run: Any) -> tuple[str, str]:
    """The failure of a run (empty if it succeeded), and the end of its output."""
    with trio.move_on_after(deadline):
        ending: tuple[str, str] = await run()
        return ending
    return f"it took longer than {deadline:g} s and was killed", ""


async def _as_child(command: Sequence[str], facts: Mapping[str, Any]) -> tuple[str, str]:
    env = {"PATH": os.environ.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"), **environment(facts)}
    return await _process(command, env, json.dumps(facts).encode())


async def _as_unit(command: Sequence[str], facts: Mapping[str, Any]) -> tuple[str, str]:
    """Run the command as a unit. A cancellation kills the unit with all its processes."""
    name = uuid.uuid4().hex
    unit = UNIT.replace("@", f"@{name}")
    files = (Path(FOLDER, f"{name}.json"), Path(FOLDER, f"{name}.env"))
    values = {**environment(facts), "AUTOD_HOOK_COMMAND": shlex.join(command)}
    env = {"PATH": "/usr/bin:/bin"}
    ended = False
    try:
        _private(files[0], json.dumps(facts))
        _private(files[1], environment_file(values))
        ending = await _process(["systemctl", "--no-ask-password", "--quiet", "start", unit], env, b"")
        ended = True
        return ending
    finally:
        if not ended:
            with trio.move_on_after(5.0, shield=True):
                for words in (["kill", "--signal=KILL", unit], ["stop", unit]):
                    await _process(["systemctl", "--no-ask-password", "--quiet", *words], env, b"")
        for file in files:
            file.unlink(missing_ok=True)


def _private(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)


async def _process(command: Sequence[str], env: Mapping[str, str], stdin: bytes) -> tuple[str, str]:
    """Run the command to its end. Then, or after a cancellation, each process of its session is killed."""
    process = await trio.lowlevel.open_process(
        list(command),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=dict(env),
        start_new_session=True,
    )
    output = bytearray()
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_feed, process, stdin)
            nursery.start_soon(_drain, process, output)
            await process.wait()
            # A process that it left behind may keep the pipe open: do not wait for that.
            nursery.cancel_scope.deadline = trio.current_time() + 0.2
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        with trio.CancelScope(shield=True):
            await process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    with suppress(trio.BrokenResourceError):
                        await stream.aclose()
    text = _one_line(output.decode("utf-8", "backslashreplace").strip())
    code = process.returncode or 0
    if code == 0:
        return "", text
    return (f"status {code}" if code > 0 else f"killed by signal {-code}"), text


async def _feed(process: trio.Process, data: bytes) -> None:
    assert process.stdin is not None
    with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
        await process.stdin.send_all(data)
        await process.stdin.aclose()


async def _drain(process: trio.Process, output: bytearray) -> None:
    assert process.stdout is not None
    with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
        while data := await process.stdout.receive_some(65536):
            output += data
            del output[:-_OUTPUT]
