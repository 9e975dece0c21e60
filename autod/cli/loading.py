"""Loading connections from the configuration, whichever way the release wants it, with an outcome for each
name.

The seam between the two ways: the native reader (autod.config) where it covers the release, else, or with
--via-addconn, the release's own addconn, run once for all names.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from typing import TYPE_CHECKING

import trio

from autod.errors import ConfigurationError, DeadlinePassed
from autod.identify.programs import find_programs
from autod.learn.pluto import LearnedPluto
from autod.loading import addconn
from autod.loading.result import Loaded, outcome_of
from autod.protocol.connection.keywords import native
from autod.recognise import recognise

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from autod.cli.session import Session
    from autod.config import Configuration
    from autod.outcomes import Outcome
    from autod.protocol.replies import Reply

__all__ = ["check_loading", "load", "load_natively", "load_with_addconn"]


async def load(
    session: Session,
    names: Sequence[str],
    configuration: Configuration | None = None,
    *,
    remembers: bool = True,
) -> dict[str, Outcome]:
    """Load `names`: an outcome for each. Events are shown as pluto says them. `configuration` if it was read.

    What was loaded natively is remembered for --diff and --sync, unless the caller does that (`remembers`).

    ConfigurationError where the file cannot be used at all (nothing was sent then), PlutoGone. DeadlinePassed where
    pluto says nothing for as long as an operation may take.
    """
    pluto = session.pluto
    with trio.CancelScope() as scope:

        def heard() -> None:
            if pluto.timeout is not None:
                scope.deadline = trio.current_time() + pluto.timeout

        heard()
        if _by_addconn(session):
            return await load_with_addconn(session, names, heard)
        if configuration is None:
            from autod.cli.configuration import read

            configuration = read(session.options.config, pluto.release)
        outcomes = await load_natively(session, names, heard, configuration)
        if remembers:
            from autod.cli.remembering import remember_loaded

            await remember_loaded(session, configuration, outcomes)
        return outcomes
    raise DeadlinePassed(
        f"{pluto.path}: pluto did not answer for {pluto.timeout:g} s while connections were loaded; what it was sent"
        " last may have been taken"
    )


async def check_loading(session: Session) -> None:
    """Before what is loaded is deleted, to be loaded again: ForeignMessage where this addconn must not be used."""
    if _by_addconn(session):
        await addconn.check_version(_addconn(session), session.pluto.release)


def _by_addconn(session: Session) -> bool:
    pluto = session.pluto
    return session.options.via_addconn or isinstance(pluto, LearnedPluto) or native(pluto.release) is None


def _addconn(session: Session) -> str:
    program = find_programs(session.pluto.detected.pid).addconn
    if program is None:
        raise ConfigurationError(
            "the addconn of this release was not found, so nothing can be loaded: install it, or set IPSEC_EXECDIR"
        )
    return program


async def load_natively(
    session: Session,
    names: Sequence[str],
    heard: Callable[[], None],
    configuration: Configuration | None = None,
) -> dict[str, Outcome]:
    """Load `names` by messages of our own, which are addconn's to the letter."""
    from autod.cli.configuration import read
    from autod.loading.native import load_native

    started = time.time()
    outcomes: dict[str, Outcome] = {}

    remarks = Counter[str]()

    def through(one: Loaded) -> None:
        if one.sent:
            for complaint in one.complaints:
                _remark(session, one.asked, complaint)
            remarks.update(dict.fromkeys(one.complaints, 1))
        outcomes[one.asked] = outcome_of(one, started=started)

    await load_native(
        names,
        configuration=configuration or read(session.options.config, session.pluto.release),
        control=session.pluto.control,
        on_reply=_shower(session, heard),
        on_loaded=through,
    )
    for text, count in remarks.items():
        session.say(text if count == 1 else f"{text} [{count} connections]")
    return outcomes


def _shower(session: Session, heard: Callable[[], None]) -> Callable[[str | None, Reply], None]:
    def show(name: str | None, reply: Reply) -> None:
        heard()
        session.show(recognise(reply, time=time.time()))

    return show


def _remark(session: Session, name: str, text: str) -> None:
    """What is said of a connection that was loaded all the same; to people once, with the count, when all are."""
    if session.options.json:
        session.put({"event": "remark", "time": time.time(), "connection": name, "text": text})


async def load_with_addconn(
    session: Session, names: Sequence[str], heard: Callable[[], None]
) -> dict[str, Outcome]:
    """Load `names` with one run of the release's own addconn; its exit status is not believed."""
    pluto = session.pluto
    program = _addconn(session)
    config = _config_for_addconn(session.options.config)

    async def run(part: Sequence[str]) -> addconn.AddconnResult:
        result = await addconn.load(
            part,
            program=program,
            config=config,
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
        return {name: outcome_of(_alone(name, await run([name])), started=started) for name in names}
    return {loaded.asked: outcome_of(loaded, started=started) for loaded in (await run(names)).loaded}


def _config_for_addconn(config: str | None) -> str | None:
    """The path of the configuration. Standard input was read here already: a file in memory has it."""
    from autod.config.include import STANDARD_INPUT, standard_input

    if config != STANDARD_INPUT:
        return config
    handle = os.memfd_create("ipsec.conf")
    os.write(handle, standard_input())
    return f"/proc/{os.getpid()}/fd/{handle}"


def _alone(name: str, result: addconn.AddconnResult) -> Loaded:
    complaints = tuple(line for line in (*result.stderr, *result.stdout) if line.strip())
    if result.messages:
        return Loaded(name, (name,), result.messages, ())
    return Loaded(name, (name,), (), complaints, unknown=addconn.is_unknown(complaints))
