"""Loading connections from the configuration, whichever way the release wants it, with an outcome for each
name.

The seam between the two ways: the native reader (autod.config) where it covers the release, else, or with
--via-addconn, the release's own addconn, run once for all names.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec
import trio

from autod import addconn
from autod.addconn import Loaded
from autod.ending import Ending
from autod.errors import ConfigurationError, DeadlinePassed
from autod.judge import Judge
from autod.learn.pluto import LearnedPluto
from autod.outcomes import Outcome, Result, gather, quoted
from autod.programs import find_programs
from autod.recognise import recognise
from protocol.connection.keywords import native

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from autod.cli.session import Session
    from autod.config import Configuration
    from protocol.replies import Reply

__all__ = ["load", "load_natively", "load_with_addconn"]

_NOT_FOUND = 21
"""RC_UNKNOWN_NAME: addconn's own exit status for a name that the file does not have (3.27 to 5.4)."""


async def load(
    session: Session, names: Sequence[str], configuration: Configuration | None = None
) -> dict[str, Outcome]:
    """Load `names`: an outcome for each. Events are shown as pluto says them. `configuration` if it was read.

    ConfigurationError where the file cannot be used at all (nothing was sent then), PlutoGone. DeadlinePassed where
    pluto says nothing for as long as an operation may take.
    """
    pluto = session.pluto
    by_addconn = (
        session.options.via_addconn or isinstance(pluto, LearnedPluto) or native(pluto.release) is None
    )
    with trio.CancelScope() as scope:

        def heard() -> None:
            if pluto.timeout is not None:
                scope.deadline = trio.current_time() + pluto.timeout

        heard()
        if by_addconn:
            return await load_with_addconn(session, names, heard)
        return await load_natively(session, names, heard, configuration)
    raise DeadlinePassed(
        f"{pluto.path}: pluto did not answer for {pluto.timeout:g} s while connections were loaded; what it was sent"
        " last may have been taken"
    )


async def load_natively(
    session: Session,
    names: Sequence[str],
    heard: Callable[[], None],
    configuration: Configuration | None = None,
) -> dict[str, Outcome]:
    """Load `names` by messages of our own, which are addconn's to the letter."""
    from autod.cli.configuration import read
    from autod.config.sending import load_native

    started = time.time()
    outcomes: dict[str, Outcome] = {}

    def through(one: Loaded) -> None:
        if one.sent:
            for complaint in one.complaints:
                _remark(session, one.asked, complaint)
        outcomes[one.asked] = _outcome(one, started)

    await load_native(
        names,
        configuration=configuration or read(session.options.config, session.pluto.release),
        control=session.pluto.control,
        on_reply=_shower(session, heard),
        on_loaded=through,
    )
    return outcomes


def _shower(session: Session, heard: Callable[[], None]) -> Callable[[str | None, Reply], None]:
    def show(name: str | None, reply: Reply) -> None:
        heard()
        session.show(recognise(reply, time=time.time()))

    return show


def _remark(session: Session, name: str, text: str) -> None:
    """What is said of a connection that was loaded all the same."""
    if session.options.json:
        session.put({"event": "remark", "time": time.time(), "connection": name, "text": text})
    else:
        session.say(text)


async def load_with_addconn(
    session: Session, names: Sequence[str], heard: Callable[[], None]
) -> dict[str, Outcome]:
    """Load `names` with one run of the release's own addconn; its exit status is not believed."""
    pluto = session.pluto
    program = find_programs(pluto.detected.pid).addconn
    if program is None:
        raise ConfigurationError(
            "the addconn of this release was not found, so nothing can be loaded: install it, or set IPSEC_EXECDIR"
        )

    async def run(part: Sequence[str]) -> addconn.AddconnResult:
        result = await addconn.load(
            part,
            program=program,
            config=session.options.config,
            release=pluto.release,
            control=pluto.control,
            on_reply=_shower(session, heard),
        )
        if session.options.verbose:
            for line in (*result.stdout, *result.stderr):
                session.say(line)
        return result

    started = time.time()
    if isinstance(pluto, LearnedPluto):
        # Nobody can read which connection a message is about, so each name has a run of its own.
        return {name: _outcome(_alone(name, await run([name])), started) for name in names}
    return {loaded.asked: _outcome(loaded, started) for loaded in (await run(names)).loaded}


def _alone(name: str, result: addconn.AddconnResult) -> Loaded:
    complaints = tuple(line for line in (*result.stderr, *result.stdout) if line.strip())
    return Loaded(name, (name,), result.messages, () if result.messages else complaints)


def _outcome(loaded: Loaded, started: float) -> Outcome:
    if not loaded.sent:
        return _not_sent(loaded, started)
    outcomes = []
    for name in loaded.names:
        judge = Judge("add", name, started=started)
        for message in loaded.messages:
            for reply in message.replies:
                event = recognise(reply, time=started)
                if event.connection in (name, None):
                    judge.see(event)
        outcomes.append(judge.end(Ending.EOF, at=time.time()))
    if len(outcomes) == 1:
        return msgspec.structs.replace(outcomes[0], connection=loaded.asked)
    return gather("add", loaded.asked, tuple(outcomes))


def _not_sent(loaded: Loaded, started: float) -> Outcome:
    """addconn sent nothing for the name: it is not in the file, or addconn refused it."""
    unknown = not loaded.complaints or any("not found" in line for line in loaded.complaints)
    said = (
        "the configuration has no connection or alias of this name"
        if unknown
        else "; ".join(line.strip() for line in loaded.complaints)
    )
    return Outcome(
        operation="add",
        connection=loaded.asked,
        result=Result.UNKNOWN if unknown else Result.LOAD_FAILED,
        ok=False,
        sentence=f"{quoted(loaded.asked)} was not loaded: {said}",
        code=_NOT_FOUND if unknown else None,
        lines=loaded.complaints,
        started=started,
        ended=time.time(),
    )
