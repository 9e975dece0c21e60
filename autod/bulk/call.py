"""The two calls: do something to many connections, and wait until many are up.

Owns: their signatures and defaults. Must not know: how a run goes on (autod.bulk.engine).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import trio

from autod.asking.arguments import check_count, check_flag, check_name, check_seconds, names_of
from autod.bulk.driver import OwnLoader, PlutoDriver
from autod.bulk.engine import Run
from autod.bulk.operations import find
from autod.bulk.options import Options
from autod.bulk.retry import Backoff
from autod.errors import DeadlinePassed, NotPermitted, PlutoGone, UsageError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable
    from typing import Literal

    from structlog.typing import FilteringBoundLogger

    from autod.bulk.driver import Driver
    from autod.bulk.operations import OperationName
    from autod.client import Pluto
    from autod.loading.interface import Loader

__all__ = ["Waited", "bulk", "run_with", "wait"]


@asynccontextmanager
async def bulk(
    pluto: Pluto,
    names: Iterable[str],
    operation: OperationName = "up",
    *,
    limit: int | None = None,
    peers: Mapping[str, str] | None = None,
    if_down: bool = True,
    timeout: float | None = None,
    deadline: float | None = None,
    retries: int | Backoff = 0,
    on_failure: Literal["leave", "down"] = "leave",
    asynchronous: bool = False,
    wait: bool = False,
    remote_host: str | None = None,
    force: bool = False,
    load: Loader | OwnLoader | None = None,
    log: FilteringBoundLogger | None = None,
) -> AsyncGenerator[Run, None]:
    """Do `operation` (see autod.bulk.OPERATIONS) to the connections `names`, many at a time.

    Gives a Run: an async iterator of autod.bulk.events, the last of which is the Summary; leaving the block
    waits for the end of the run, events or not, and then `run.result` has what became of each connection. An
    exception in the block, or a cancellation, ends the run at once; pluto goes on with the requests in flight.

    names        connections, resolved before: no patterns. An alias counts as one, with its members' outcomes.
    limit        requests in flight; None finds the best one while running. Never above what pluto's limit of
                 file descriptors allows.
    peers        connection -> what tells its IKE SA from others; those of one peer take turns with others.
    if_down      leave alone what is up already (up, start). pluto would add one more Child SA.
    timeout      seconds for each attempt, from its admission; None is the client's own.
    deadline     seconds for the whole run. What is in flight then counts as failed.
    retries      how often a failed connection is tried again, where it may pass; or a Backoff.
    on_failure   "down" takes down what a failed up leaves behind in pluto, "leave" lets pluto go on trying.
    asynchronous an up is done when pluto has taken it ...
    wait         ... and with this, when its Child SA is there, within `timeout`.
    force        unroute what is up, by taking it down first.
    load         what loads a connection (add, replace, start, ondemand): autod.bulk.loading.configured, or
                 any of your own.
    log          a structlog logger: it gets what the run tells as it comes, bound to the operation and the release;
                 an event of pluto's and an outcome are bound to their connection (docs/events.md has the keys).

    Raises UsageError before anything is sent. PlutoGone where pluto went away and was not back within 60 s (or
    the deadline) is not an exception: the result says so for each connection.
    """
    _check_pluto(pluto)
    find(operation)
    if peers is not None and not isinstance(peers, Mapping):
        raise UsageError(f"peers must be a mapping; it was given {peers!r}", option="peers")
    if load is not None and not (callable(load) or callable(getattr(load, "load", None))):
        raise UsageError(
            f"load must be what autod.bulk.loading.configured makes; it was given {load!r}", option="load"
        )
    if log is not None and not hasattr(log, "bind"):
        raise UsageError(f"log must be a logger of structlog; it was given {log!r}", option="log")
    if remote_host is not None:
        check_name(remote_host, "remote_host")
    for value, option in (
        (asynchronous, "asynchronous"),
        (wait, "wait"),
        (if_down, "if_down"),
        (force, "force"),
    ):
        check_flag(value, option)
    if not isinstance(retries, Backoff):
        check_count(retries, "retries", least=0)
    driver = PlutoDriver(
        pluto,
        operation,
        asynchronous=asynchronous,
        remote_host=remote_host,
        force=force,
        timeout=timeout,
        load=load,
    )
    names = names_of(names)
    driver.wanted = frozenset(names)
    driver.only_missing = if_down and operation in ("up", "start")
    options = Options(
        limit=limit,
        peers=peers or {},
        if_down=if_down,
        timeout=timeout,
        deadline=deadline,
        backoff=retries if isinstance(retries, Backoff) else Backoff(retries),
        on_failure=on_failure,
        asynchronous=asynchronous,
        wait=wait,
    )
    bound = None if log is None else log.bind(operation=operation, release=pluto.release.text)
    async with run_with(driver, operation, names, options, bound) as run:
        yield run


@asynccontextmanager
async def run_with(
    driver: Driver,
    operation: str,
    names: Iterable[str],
    options: Options,
    log: FilteringBoundLogger | None = None,
) -> AsyncGenerator[Run, None]:
    """As `bulk`, with any Driver. `log` is bound to what concerns the whole run."""
    run = Run(driver, operation, names, options, log)
    raised: BaseException | None = None
    async with trio.open_nursery() as nursery:
        nursery.start_soon(run.work)
        try:
            yield run
        except (Exception, KeyboardInterrupt) as error:
            # It leaves as it is and not in a group: the run, the only child, keeps its own errors.
            raised = error
            nursery.cancel_scope.cancel()
    if raised is not None:
        raise raised
    if run.failure is not None:
        raise run.failure


@dataclass(frozen=True, slots=True)
class Waited:
    """What `wait` found: the connections that are up, and those that are not."""

    up: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether all are up."""
        return not self.missing


async def wait(
    pluto: Pluto,
    names: Iterable[str],
    *,
    timeout: float | None = None,
    poll: float = 1.0,
    on_change: Callable[[Waited], None] | None = None,
) -> Waited:
    """Wait until every connection of `names` has an established Child SA; initiate nothing.

    Looks every `poll` seconds, or less often where a look takes long (never more than a tenth of pluto's time).
    A pluto that goes away is waited for. `timeout` in seconds, None waits for ever; when it passes, `missing` says
    what is not up. `on_change` is called when another set is up than before. Raises NotPermitted.
    """
    _check_pluto(pluto)
    driver = PlutoDriver(pluto, "up")
    wanted = names_of(names)
    driver.wanted = frozenset(wanted)
    check_seconds(timeout, "timeout")
    check_seconds(poll, "poll")
    last = Waited((), tuple(wanted))
    with trio.move_on_after(float("inf") if timeout is None else timeout):
        while True:
            look_began = trio.current_time()
            try:
                established = await driver.established()
            except NotPermitted:
                raise
            except DeadlinePassed:
                continue
            except PlutoGone:
                last = Waited((), tuple(wanted))
                await driver.returned()
                continue
            up = tuple(name for name in wanted if name in established)
            now = Waited(up, tuple(name for name in wanted if name not in established))
            if on_change is not None and now != last:
                on_change(now)
            last = now
            if last.ok:
                break
            await trio.sleep(max(poll, 10 * (trio.current_time() - look_began)))
    return last


def _check_pluto(pluto: object) -> None:
    if not callable(getattr(pluto, "perform", None)):
        raise UsageError(
            f"the first argument must be what open_pluto gives; it was given {pluto!r}", option="pluto"
        )
