"""The rules for one connection: pure functions of its record, an event, the time and its policy.

Owns the states and every rule by which they change. Knows no clock, socket, task or pluto release: the caller gives
times, in seconds on any monotonic clock.

Two halves:

- `step(record, event, now, policy)` gives the record after an event.
- `want(record, now, policy)` gives the next act, if there is one. The caller may delay it (limits, rate); when it
  begins the act it says so with `Began`, and with `Finished` when the act is over.

The states, and the acts that lead out of them:

    absent      pluto does not have it                      -> Add
    loaded      pluto has it, nothing runs                  -> Up or Route, if the policy asks for it
    routed      the kernel will ask pluto when a packet comes
    starting    our Up negotiates it, or pluto itself (its own start, its retries, its revival)
    up          a Child SA is established
    waiting     a try failed or the tunnel was lost; next try at `next_try`
    refused     another try cannot help until the configuration, a secret or pluto changes
    suspended   an operator suspended it
"""

from __future__ import annotations

from dataclasses import replace

from autod.supervisor.states import (
    EFFECTS,
    Act,
    Actual,
    Began,
    Cause,
    Changed,
    Effect,
    Event,
    Finished,
    Heard,
    Keep,
    Mended,
    PlutoFound,
    PlutoLost,
    Poke,
    Policy,
    Record,
    Resume,
    Seen,
    State,
    Suspend,
    TakenDown,
    backoff,
)

__all__ = ["due", "step", "want"]


def step(record: Record, event: Event, now: float, policy: Policy) -> Record:
    """The record after `event`. Raises nothing: an event that does not fit changes nothing."""
    match event:
        case Seen():
            after = _seen(record, event, now, policy)
        case Began(act):
            after = replace(record, acting=act, acting_since=now, heard=False, again=False)
            if act in (Act.UP, Act.ROUTE):
                after = replace(after, next_try=None, refused=False)
        case Heard():
            after = replace(record, heard=True) if record.acting is Act.UP else record
        case Finished():
            after = _finished(record, event, now, policy)
        case PlutoLost():
            after = _anew(_blame(record), now, Cause.PLUTO_GONE, "pluto is not running")
        case PlutoFound():
            after = _head_start(_anew(record, now, None, ""), now, policy)
            # A request that kills pluto must not do so again and again. Once does not count.
            if record.crashes > 1:
                after = replace(
                    after, next_try=now + backoff(record.name, record.crashes, policy), cause=Cause.PLUTO_GONE
                )
        case TakenDown():
            after = _taken_down(record, now, policy)
        case Mended(detail):
            after = _mended(record, detail)
        case Changed(later=True) if record.actual is Actual.UP:
            after = replace(record, outdated=True)
        case Changed(later=True, detail=detail):
            # A try that runs may still bring it up: then it stays as it is.
            after = replace(_mended(record, detail), outdated=True)
        case Changed(detail=detail):
            after = replace(_mended(record, detail), stale=True)
        case Suspend(down):
            after = replace(record, suspended=True, take_down=record.take_down or down)
            after = replace(after, next_try=None) if down else after
        case Resume():
            after = replace(_mended(record, ""), suspended=False, take_down=False, again=False)
        case Poke():
            after = replace(_mended(record, ""), suspended=False, take_down=False, flapping=False, losses=())
            after = replace(after, again=False)
    state = _label(after)
    return after if state is after.state else replace(after, state=state, since=now)


def want(record: Record, now: float, policy: Policy) -> Act | None:
    """The next act for this connection. None: there is none, or one is running."""
    if record.acting is not None:
        return None
    if record.suspended:
        down = record.take_down and record.actual is not Actual.ABSENT and not _held(record, now)
        return Act.DOWN if down else None
    if record.actual is Actual.UNKNOWN:
        return Act.LOOK
    if policy.keep is Keep.GONE:
        return None if record.actual is Actual.ABSENT or _held(record, now) else Act.DELETE
    if _held(record, now):
        return None
    if record.actual is Actual.ABSENT:
        return None if policy.keep is Keep.DOWN else Act.ADD
    if record.stale or (record.outdated and record.actual is not Actual.UP):
        return Act.REPLACE
    match policy.keep:
        case Keep.DOWN:
            return Act.DOWN if _runs(record) else None
        case Keep.ROUTED:
            return Act.ROUTE if record.actual is Actual.LOADED and not record.negotiating else None
        case Keep.UP:
            return _want_up(record, now, policy)
        case _:
            return None


def due(record: Record, now: float, policy: Policy) -> float | None:
    """The next time at which `want` changes without an event; None: never."""
    times = [record.next_try]
    if record.negotiating and policy.keep is Keep.UP:
        times.append(record.negotiating_since + policy.patience if policy.patience > 0 else None)
        times.append(None if record.looked is None else record.looked + policy.look_every)
    return min((t for t in times if t is not None and t > now), default=None)


def _want_up(record: Record, now: float, policy: Policy) -> Act | None:
    if record.actual is Actual.UP:
        return None
    if record.negotiating and 0 < policy.patience <= now - record.negotiating_since:
        return Act.DOWN
    # Only a look after a wait shows what pluto did during the wait.
    waited = record.next_try is not None and record.looked is not None and record.looked < record.next_try
    if record.looked is None or waited or now - record.looked >= policy.look_every:
        return Act.LOOK
    return None if record.negotiating else Act.UP


def _held(record: Record, now: float) -> bool:
    """Whether no try is allowed yet: in back-off, or refused without a time for another try."""
    if record.next_try is not None:
        return record.next_try > now
    return record.refused


def _runs(record: Record) -> bool:
    return record.actual is Actual.UP or record.negotiating


def _label(record: Record) -> State:
    """The state of a record. It does not depend on the time, so only an event changes it."""
    if record.suspended:
        return State.SUSPENDED
    if record.actual is Actual.UP:
        return State.UP
    if record.acting is Act.UP or record.negotiating:
        return State.STARTING
    if record.refused:
        return State.REFUSED
    if record.next_try is not None and record.cause is not None:
        return State.WAITING
    if record.actual is Actual.ROUTED:
        return State.ROUTED
    if record.actual is Actual.LOADED:
        return State.LOADED
    return State.ABSENT


def _seen(record: Record, event: Seen, now: float, policy: Policy) -> Record:
    if event.asked <= record.settled or (record.acting is not None and event.asked <= record.acting_since):
        return record
    if event.actual is Actual.UP:
        return _arrived(record, now, policy)
    after = record
    if record.actual is Actual.UP and record.acting is None and policy.keep is Keep.UP:
        after = _lost(record, now, policy)
    elif record.acting is Act.UP and event.actual is not Actual.ABSENT:
        # Our own Up tells more, and sooner, than a look.
        return record
    after = replace(after, actual=event.actual)
    if event.negotiating is None:
        return after
    if event.negotiating:
        started = after.negotiating_since if after.negotiating else now
        return replace(after, negotiating=True, negotiating_since=started, looked=event.asked)
    return replace(after, negotiating=False, looked=event.asked)


def _arrived(record: Record, now: float, policy: Policy) -> Record:
    return replace(
        record,
        crashes=0,
        flapping=record.flapping and record.losses[-1] > now - policy.flap_window,
        actual=Actual.UP,
        negotiating=False,
        next_try=None,
        refused=False,
        failures=0,
        cause=None,
        detail="",
        looked=None,
    )


def _lost(record: Record, now: float, policy: Policy) -> Record:
    """The record of a connection that was up and is not, without an order of ours."""
    recent = (*(t for t in record.losses if t > now - policy.flap_window), now)[-max(policy.flap_count, 1) :]
    flapping = policy.flap_count > 0 and len(recent) >= policy.flap_count and not record.outdated
    if flapping:
        cause, wait = Cause.FLAPPING, policy.flap_hold
        detail = f"lost {len(recent)} times within {policy.flap_window:.0f} s, held for {wait:.0f} s"
    else:
        # pluto itself revives a lost connection within a second. The wait also spreads connections lost together.
        cause, wait, detail = Cause.LOST, backoff(record.name, 1, policy), "the tunnel went down"
    return replace(
        record,
        losses=recent,
        flapping=flapping,
        cause=cause,
        detail=detail,
        # Where pluto goes by an old address, it is loaded again at once.
        next_try=now if record.outdated else now + wait,
        looked=None,
    )


def _taken_down(record: Record, now: float, policy: Policy) -> Record:
    """The record after a loss that somebody asked for: it does not count as a flap."""
    if record.cause not in (Cause.LOST, Cause.FLAPPING) or record.acting is not None:
        return record
    return replace(
        record,
        losses=record.losses[:-1],
        flapping=False,
        cause=Cause.TAKEN_DOWN,
        detail="somebody took it down at pluto itself; `autod --service --down` is what the supervisor heeds",
        next_try=now + backoff(record.name, 1, policy) if record.flapping else record.next_try,
    )


def _finished(record: Record, event: Finished, now: float, policy: Policy) -> Record:
    if record.acting is not event.act:
        return record
    ended = replace(record, acting=None, settled=now, heard=False)
    if event.act is Act.UP and record.actual is Actual.UP:
        # A look showed it up while its Up still ran: that counts more than the end of the Up.
        return _arrived(ended, now, policy)
    if event.cause is None:
        return _succeeded(ended, event.act, now, policy)
    match EFFECTS[event.cause]:
        case Effect.FORGET if event.act in (Act.DOWN, Act.DELETE):
            return replace(ended, actual=Actual.ABSENT, negotiating=False, take_down=False, stale=False)
        case Effect.FORGET if event.act is Act.UP or event.act is Act.ROUTE:
            # Somebody deleted it. It is added again, with a back-off, as pluto may never find this name.
            return _failed(replace(ended, actual=Actual.ABSENT), event, now, policy, refuse=False)
        case Effect.LEAVE_TO_PLUTO:
            detail = event.detail or record.detail
            return replace(
                ended, negotiating=True, negotiating_since=now, looked=now, cause=event.cause, detail=detail
            )
        case Effect.PLUTO_GONE:
            blamed = _blame(replace(ended, acting=event.act))
            return replace(blamed, acting=None, actual=Actual.UNKNOWN, negotiating=False, cause=event.cause)
        case Effect.CONFIRM if event.act is Act.UP and event.passing:
            return _failed(ended, event, now, policy, refuse=False)
        case Effect.CONFIRM if event.act is Act.UP:
            final = ended.failures + 1 >= policy.refuse_after
            return _failed(ended, event, now, policy, refuse=final)
        case Effect.REFUSE if event.act not in (Act.DOWN, Act.DELETE):
            return _failed(ended, event, now, policy, refuse=True)
        case _:
            return _failed(ended, event, now, policy, refuse=False)


def _succeeded(record: Record, act: Act, now: float, policy: Policy) -> Record:
    """`record` after `act` succeeded."""
    clean = replace(record, next_try=None, refused=False, cause=None, detail="")
    match act:
        case Act.UP:
            return _arrived(record, now, policy)
        case Act.ROUTE:
            return replace(clean, actual=Actual.ROUTED, failures=0)
        case Act.ADD | Act.REPLACE:
            # If a connection is loaded by its name, no pluto starts it itself, whatever auto= says (3.32 to 5.4).
            fresh = replace(clean, negotiating=False, stale=False, outdated=False)
            return replace(fresh, failures=0, looked=None, actual=Actual.LOADED)
        case Act.DOWN:
            return replace(clean, actual=Actual.LOADED, negotiating=False, take_down=False, looked=None)
        case Act.DELETE:
            return replace(clean, actual=Actual.ABSENT, negotiating=False, stale=False)
        case _:
            return record


def _failed(record: Record, event: Finished, now: float, policy: Policy, *, refuse: bool) -> Record:
    at: float | None
    failures = record.failures + 1
    if record.again:
        # The reason for the failure may have been mended since the act began.
        refuse, at = False, now
    elif record.suspended and event.act is Act.UP:
        # Its Up ended because an operator wants it down: the Down must not wait for a back-off.
        at = None
    elif not refuse:
        at = now + backoff(record.name, failures, policy)
    elif policy.refused_retry > 0:
        at = now + policy.refused_retry
    else:
        at = None
    return replace(
        record,
        failures=failures,
        refused=refuse,
        next_try=at,
        cause=event.cause,
        detail=event.detail,
        looked=None,
        negotiating=False,
    )


def _mended(record: Record, detail: str) -> Record:
    return replace(
        record,
        refused=False,
        next_try=None,
        failures=0,
        cause=None if record.actual is Actual.UP else record.cause,
        detail=detail or record.detail,
        looked=None,
        again=record.acting is not None,
    )


def _head_start(record: Record, now: float, policy: Policy) -> Record:
    """pluto may start the connection itself; an Up of ours at that moment would make a second Child SA."""
    if policy.head_start <= 0 or policy.keep is not Keep.UP:
        return record
    return replace(record, next_try=now + policy.head_start, detail="pluto starts it by itself")


def _blame(record: Record) -> Record:
    return record if record.acting is None else replace(record, crashes=record.crashes + 1)


def _anew(record: Record, now: float, cause: Cause | None, detail: str) -> Record:
    """The record after pluto came or went: its state is not known, and no earlier failure counts."""
    return replace(
        record,
        actual=Actual.UNKNOWN,
        acting=None,
        heard=False,
        negotiating=False,
        looked=None,
        settled=now,
        next_try=None,
        refused=False,
        failures=0,
        cause=cause,
        detail=detail,
        stale=False,
        outdated=False,
        again=False,
    )
