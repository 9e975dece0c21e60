"""Why a connection is not up, in plain words: what is known of it, the cause, who can mend it, and what to type.

Owns: which of the facts is the cause where nobody tried, and the text. Must not know: sockets, trio, how a fact was
got (autod.cli.explain asks), or by which words pluto says it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec

from autod.causes import ADVICE, USUAL, Cause, Finder, Place
from autod.outcomes import Outcome, quoted
from autod.status.model import ChildSa, ConnectionState, IkeSa
from autod.status.render import age_text, is_about, size_text, state_text

if TYPE_CHECKING:
    from autod.protocol.replies import Reply
    from autod.status.model import State

__all__ = [
    "Certificate",
    "Explanation",
    "Facts",
    "Record",
    "Secrets",
    "explain",
    "grouped",
    "read_secrets",
    "screen",
]


class Certificate(msgspec.Struct, frozen=True):
    """A certificate that pluto lists; times in UNIX seconds, None where they cannot be read."""

    nickname: str
    subject: str | None = None
    issuer: str | None = None
    not_before: float | None = None
    not_after: float | None = None
    has_key: bool | None = None


class Secrets(msgspec.Struct, frozen=True):
    """What pluto lists of secrets and certificates. `psks` are the identities of each PSK, never the PSK."""

    psks: tuple[tuple[str, ...], ...] = ()
    certificates: tuple[Certificate, ...] = ()


class Record(msgspec.Struct, frozen=True):
    """What the supervisor has of the connection."""

    wanted: str
    state: str
    since: float | None = None
    cause: str | None = None
    detail: str | None = None
    attempts: int | None = None
    next_try: float | None = None


class Facts(msgspec.Struct, frozen=True):
    """All that is known of one connection. `configured` and `differences` are None where nobody could compare."""

    name: str
    state: State
    now: float
    secrets: Secrets | None = None
    configured: bool | None = None
    differences: tuple[str, ...] | None = None
    record: Record | None = None
    outcome: Outcome | None = None


class Explanation(msgspec.Struct, frozen=True, tag_field="event", tag="explanation"):
    """What is so of one connection. `up`: it does what it is for; then there is no cause.

    `sentence` says it, `facts` are pairs of what was looked at and what was found, `commands` are to be typed.
    """

    connection: str
    up: bool
    state: str
    sentence: str
    since: float | None = None
    cause: Cause | None = None
    found_by: Finder | None = None
    where: Place | None = None
    again: bool | None = None
    advice: str | None = None
    look: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    said: tuple[str, ...] = ()
    outcome: Outcome | None = None


_PLACES: Final[dict[Place, str]] = {
    "here": "on this machine",
    "there": "on the peer",
    "both": "on either end: compare the two",
    "between": "in the network between both ends",
}
_FINDERS: Final[dict[Finder, str]] = {
    "us": "this end found it in what the peer sent, or did not send",
    "peer": "the peer said so",
    "kernel": "this machine's kernel said so",
    "pluto": "pluto on this machine said so",
    "autod": "autod found it",
}
_PSK = re.compile(r" *\d+: PSK(?P<ids>.*)")
_NICKNAME = re.compile(r'(?:Root )?(?:End|CA) certificate "(?P<name>.*)" - SN: ')
_TIMES = ("%a %b %d, %H:%M:%S %Y", "%a %b %d %H:%M:%S %Y", "%b %d %H:%M:%S %Y", "%a %b %d %H:%M:%S UTC %Y")


def read_secrets(replies: Iterable[Reply]) -> Secrets:
    """The lists of --listpsks and --listcerts, of every release."""
    psks: list[tuple[str, ...]] = []
    certificates: list[dict[str, object]] = []
    for reply in replies:
        psk = _PSK.fullmatch(reply.text)
        named = _NICKNAME.match(reply.text.strip())
        key, colon, value = reply.text.strip().partition(": ")
        if psk is not None:
            ids = psk["ids"].split()
            # Of three and more identities pluto names two.
            psks.append(tuple([*ids[:-1], "..."] if len(ids) > 2 and ids[-1] == "more" else ids))
        elif named is not None:
            certificates.append({"nickname": named["name"]})
        elif certificates and colon and key in ("subject", "issuer"):
            certificates[-1].setdefault(key, value)
        elif certificates and colon and key in ("not before", "not after"):
            certificates[-1][key.replace(" ", "_")] = _time(value)
        elif certificates and " bit" in reply.text:
            certificates[-1]["has_key"] = "has private key" in reply.text
    return Secrets(tuple(psks), msgspec.convert(certificates, tuple[Certificate, ...]))


def _time(text: str) -> float | None:
    plain = text.partition(" (")[0].strip()
    for form in _TIMES:
        try:
            return datetime.strptime(plain, form).replace(tzinfo=UTC).timestamp()
        except ValueError:
            continue
    return None


class _Found:
    """What the state has of one name: its connections and SAs."""

    def __init__(self, facts: Facts) -> None:
        state, name = facts.state, facts.name
        self.connections = [one for one in state.connections if is_about(one, [name])]
        owners = {(one.name, one.instance) for one in self.connections}
        self.children = [sa for sa in state.child_sas if (sa.connection, sa.instance) in owners]
        parents = {sa.ike_sa for sa in self.children} | {one.established_ike_sa for one in self.connections}
        self.ikes = [
            sa for sa in state.ike_sas if (sa.connection, sa.instance) in owners or sa.serial in parents
        ]
        self.established = [sa for sa in self.children if sa.phase == "established"]

    @property
    def whole(self) -> list[ConnectionState]:
        """Those that could be up by themselves: no template whose instances are listed beside it."""
        instances = [one for one in self.connections if one.kind == "instance"]
        return instances or self.connections

    @property
    def up(self) -> bool:
        names = {(sa.connection, sa.instance) for sa in self.established}
        return bool(self.connections) and all(
            one.up or (one.name, one.instance) in names or self._labelled(one) for one in self.whole
        )

    def _labelled(self, one: ConnectionState) -> bool:
        return bool(one.security_label) and any(sa.phase == "established" for sa in self.ikes)


def explain(facts: Facts) -> Explanation:
    """The explanation of one connection."""
    found = _Found(facts)
    told = _facts(facts, found)
    state = _word(facts, found)
    times = [sa.add_time for sa in found.established if sa.add_time is not None]
    since = float(min(times)) if times else None
    outcome = facts.outcome
    if found.up and (outcome is None or outcome.ok):
        age = f" since {age_text(facts.now - since)}" if since is not None else ""
        return Explanation(
            facts.name, True, state, f"{quoted(facts.name)} is up{age}", since, facts=told, outcome=outcome
        )
    cause, by, reason = _cause(facts, found)
    said = outcome.lines if outcome is not None and not outcome.ok else ()
    if cause is None:
        sentence = f"{quoted(facts.name)}: {reason}"
        return Explanation(
            facts.name,
            False,
            state,
            sentence,
            commands=(f"autod explain {facts.name} --try",),
            facts=told,
            said=said,
            outcome=outcome,
        )
    advice = ADVICE[cause]
    why = f" ({reason})" if reason else ""
    return Explanation(
        facts.name,
        False,
        state,
        f"{quoted(facts.name)}: {advice.what}{why}",
        cause=cause,
        found_by=by,
        where=advice.place,
        again=outcome.retryable if outcome is not None else advice.again,
        advice=advice.advice,
        look=advice.look,
        commands=_commands(cause, facts.name),
        facts=told,
        said=said,
        outcome=outcome,
    )


def _commands(cause: Cause, name: str) -> tuple[str, ...]:
    if cause is Cause.UNKNOWN_NAME:
        return (f"autod --add {name}", f"autod --up {name}")
    if cause is Cause.NOT_LISTENING:
        return ("autod --ready", f"autod --up {name}")
    if cause in (
        Cause.SECRET_MISSING,
        Cause.SECRET_DIFFERS,
        Cause.AUTHENTICATION,
        Cause.PPK,
        Cause.SECRETS_FILE,
    ):
        return ("autod --rereadsecrets", f"autod --up {name}")
    if cause is Cause.NEGOTIATING:
        return (f"autod --down {name}", f"autod explain {name} --try")
    if ADVICE[cause].again or ADVICE[cause].place == "there":
        return (f"autod --up {name}",)
    return (f"autod --replace {name}", f"autod --up {name}")


def _cause(facts: Facts, found: _Found) -> tuple[Cause | None, Finder | None, str | None]:
    """Why it is not up, from the most certain fact to the least; without a cause, what it waits for."""
    outcome = facts.outcome
    busy = outcome is not None and outcome.cause is Cause.NEGOTIATING
    if outcome is not None and not outcome.ok and outcome.cause is not None and not busy:
        known = ADVICE[outcome.cause].what in outcome.sentence
        reason = _beyond(outcome.cause, outcome.sentence) if known else None
        return outcome.cause, outcome.found_by, reason or outcome.notification
    if not found.connections:
        return Cause.UNKNOWN_NAME, "pluto", None
    first = found.whole[0]
    if first.oriented is False:
        return Cause.NOT_ORIENTED, "pluto", None
    lacking = _lacking(facts, first)
    if lacking is not None:
        return lacking
    record = facts.record
    if record is not None and record.cause is not None and record.state != "up":
        cause = _of_record(record.cause)
        return cause, None, _beyond(cause, record.detail)
    waiting = _waiting(found)
    if waiting is not None:
        return waiting
    if busy:
        return Cause.NEGOTIATING, "pluto", None
    if first.kind in ("template", "group") and first.remote.address is None:
        return None, None, "it is for any peer, and waits to be called"
    if any(one.routing == "ondemand" for one in found.whole):
        return None, None, "it is routed, and comes up with the first packet for the other side"
    return None, None, "it is loaded, and nobody brings it up; pluto does not say whether a try failed before"


def _beyond(cause: Cause, detail: str | None) -> str | None:
    """What a sentence adds to what is so of the cause: what stands in brackets behind that, and whether it is sure."""
    _, known, rest = (detail or "").partition(ADVICE[cause].what)
    if not known:
        return detail
    reason = re.match(r"(?P<unsure>, it seems)? \((?P<why>.*?)\)(?:;|$)", rest)
    if reason is None:
        return None
    return f"it seems, as {reason['why']}" if reason["unsure"] else reason["why"]


def _of_record(cause: str) -> Cause:
    """The supervisor's word, which is a cause or a result of ours, with another line between its words."""
    word = cause.replace("-", "_")
    if word in {one.value for one in Cause}:
        return Cause(word)
    return USUAL.get(word, (Cause.GONE_WITHOUT_REASON, "pluto"))[0]


def _waiting(found: _Found) -> tuple[Cause, Finder, str] | None:
    for sa in found.ikes:
        if sa.phase == "half_open" and sa.retransmit_in is not None:
            return Cause.PEER_SILENT, "us", "pluto asks the peer again and again"
        if sa.phase == "authenticating" and sa.retransmit_in is not None:
            return Cause.AUTH_UNANSWERED, "us", "pluto asks the peer again and again"
    for child in found.children:
        if child.phase == "negotiating" and child.retransmit_in is not None:
            return Cause.CHILD_UNANSWERED, "us", "pluto asks the peer again and again"
    return None


def _lacking(facts: Facts, connection: ConnectionState) -> tuple[Cause, Finder, str] | None:
    """What this end needs and has not, as far as pluto's lists tell."""
    secrets = facts.secrets
    if secrets is None:
        return None
    nickname = connection.local.certificate
    for certificate in secrets.certificates:
        if nickname is None or certificate.nickname != nickname:
            continue
        if certificate.not_after is not None and certificate.not_after < facts.now:
            return (
                Cause.OWN_CERTIFICATE_EXPIRED,
                "pluto",
                f"{nickname} expired on {_date(certificate.not_after)}",
            )
        if certificate.not_before is not None and certificate.not_before > facts.now:
            return (
                Cause.OWN_CERTIFICATE_EXPIRED,
                "pluto",
                f"{nickname} is valid from {_date(certificate.not_before)}",
            )
        if certificate.has_key is False:
            return Cause.PRIVATE_KEY_MISSING, "pluto", f"the key of {nickname}"
    if _has_psk(secrets, connection) is False:
        return Cause.SECRET_MISSING, "pluto", f"{connection.local.id} and {connection.remote.id}"
    return None


def _has_psk(secrets: Secrets, connection: ConnectionState) -> bool | None:
    """Whether a PSK is there for both ends; None where the connection needs none, or that cannot be told."""
    ours, theirs = connection.local.id, connection.remote.id
    if "PSK" not in connection.authby or ours is None or theirs is None or "%" in theirs:
        return None
    mine = {ours, connection.local.address, "%any", "0.0.0.0", "%any6"}
    peers = {theirs, connection.remote.address, "%any", "0.0.0.0", "%any6"}
    unnamed = False
    for ids in secrets.psks:
        unnamed = unnamed or "..." in "".join(ids)
        if not ids:
            return True
        if len(ids) == 1 and (ids[0] in mine or ids[0] in peers):
            return True
        if any(one in mine for one in ids) and any(one in peers for one in ids):
            return True
    return None if unnamed else False


def _word(facts: Facts, found: _Found) -> str:
    if not found.connections:
        return "not loaded"
    busy = any(sa.phase in ("half_open", "authenticating") for sa in found.ikes)
    busy = busy or any(child.phase == "negotiating" for child in found.children)
    return state_text(found.whole[0], up=found.up, negotiating=busy)


def _facts(facts: Facts, found: _Found) -> tuple[tuple[str, str], ...]:
    told: list[tuple[str, str]] = [("loaded", _loaded(facts, found))]
    for one in found.whole[:1]:
        if one.oriented is not None:
            on = f" on {one.interface}" if one.interface else ""
            told.append(
                (
                    "oriented",
                    f"yes{on}" if one.oriented else "no: neither end, or both, is an address of this machine",
                )
            )
        told.append(("route", _ROUTES.get(one.routing or "", one.routing or "not known")))
        ends = [f"{end.address or end.host or '?'} ({end.id})" if end.id else end.address or end.host or "?"
                for end in (one.local, one.remote)]  # fmt: skip
        told.append(("ends", f"{ends[0]} here, {ends[1]} there"))
        certificate = one.local.certificate
        if facts.secrets is not None and certificate is not None:
            told.append(("certificate", _certificate(facts, certificate)))
        psk = _has_psk(facts.secrets, one) if facts.secrets is not None else None
        if psk is not None:
            told.append(
                ("secret", "a PSK for both ends is there" if psk else "there is no PSK for these two ends")
            )
    told += [("IKE SA", _ike(sa)) for sa in found.ikes] or [("IKE SA", "none")]
    told += [("Child SA", _child(sa, facts.now)) for sa in found.children] or [("Child SA", "none")]
    record = facts.record
    if record is not None:
        told.append(("supervisor", _record(record, facts.now)))
    elif found.connections and found.whole[0].keep_up:
        told.append(("pluto", "is to keep it up (auto=start or keep), and tries again by itself"))
    return tuple(told)


def _loaded(facts: Facts, found: _Found) -> str:
    if not found.connections:
        return "no, and it is not in the configuration" if facts.configured is False else "no"
    if facts.differences:
        return f"yes, but it differs from the configuration: {'; '.join(facts.differences)}"
    if facts.configured is False:
        return "yes, but it is not in the configuration"
    return "yes, as in the configuration" if facts.differences is not None else "yes"


_ROUTES: Final = {
    "unrouted": "none",
    "ondemand": "its packets ask pluto for a tunnel",
    "negotiating": "its packets wait for the negotiation",
    "tunnel": "its packets go through the tunnel",
    "failure": "its packets are dropped, because the negotiation failed",
}


def _certificate(facts: Facts, nickname: str) -> str:
    assert facts.secrets is not None
    for one in facts.secrets.certificates:
        if one.nickname == nickname:
            until = f", valid until {_date(one.not_after)}" if one.not_after is not None else ""
            key = {True: ", with its key", False: ", without its key", None: ""}[one.has_key]
            return f"{nickname}{until}{key}"
    return f"{nickname}, which pluto does not list"


def _ike(sa: IkeSa) -> str:
    again = f", asks again in {age_text(sa.retransmit_in)}" if sa.retransmit_in is not None else ""
    return f"#{sa.serial} {sa.phase.replace('_', ' ')}{again}"


def _child(sa: ChildSa, now: float) -> str:
    since = f" since {age_text(max(0, now - sa.add_time))}" if sa.add_time is not None else ""
    return f"#{sa.serial} {sa.phase}{since}, {size_text(sa.bytes_in)} in, {size_text(sa.bytes_out)} out"


def _record(record: Record, now: float) -> str:
    since = f" since {age_text(max(0, now - record.since))}" if record.since is not None else ""
    why = f", because of {record.cause}" if record.cause else ""
    detail = f" ({record.detail})" if record.detail else ""
    tries = f", {record.attempts} tries" if record.attempts else ""
    due = f", the next in {age_text(max(0, record.next_try - now))}" if record.next_try else ""
    return f"wants it {record.wanted}; it is {record.state}{since}{why}{detail}{tries}{due}"


def _date(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")


def screen(one: Explanation) -> Iterator[str]:
    """One screen for people."""
    yield one.sentence
    rows: list[tuple[str, str]] = []
    if one.cause is not None and one.where is not None:
        if one.found_by is not None:
            rows.append(("found by", _FINDERS[one.found_by]))
        rows.append(("mend it", _PLACES[one.where]))
        rows.append(("what to do", one.advice or ""))
        if one.look:
            rows.append(("look at", ", ".join(one.look)))
        rows.append(("again", "may help by itself" if one.again else "does not help before that is mended"))
    if one.outcome is not None and one.outcome.left_behind:
        rows.append(("meanwhile", one.outcome.left_behind))
    if one.commands:
        rows.append(("then type", "; ".join(one.commands)))
    yield from _aligned(rows)
    yield ""
    yield from _aligned(one.facts)
    if one.said:
        yield ""
        yield "pluto said:"
        yield from (f"  {line}" for line in one.said)


def _aligned(rows: Sequence[tuple[str, str]]) -> Iterator[str]:
    width = max((len(what) for what, _ in rows), default=0)
    for what, found in rows:
        yield f"  {what.ljust(width)}  {found}"


def grouped(explanations: Collection[Explanation], *, shown: int = 5) -> Iterator[str]:
    """Many connections by their cause, the most frequent first, with the first few names of each."""
    groups: dict[str, list[Explanation]] = {}
    for one in explanations:
        groups.setdefault(_group(one), []).append(one)
    for what, members in sorted(groups.items(), key=lambda item: -len(item[1])):
        names = ", ".join(one.connection for one in members[:shown])
        more = f" and {len(members) - shown} more" if len(members) > shown else ""
        yield f"{len(members)} {'connection' if len(members) == 1 else 'connections'}: {what}"
        yield f"  {names}{more}"
        first = members[0]
        if first.cause is not None and first.where is not None:
            yield f"  {first.advice} ({_PLACES[first.where]})"


def _group(one: Explanation) -> str:
    if one.up:
        return "up"
    if one.cause is None:
        return one.sentence.partition(": ")[2]
    if one.cause in (Cause.OWN_CERTIFICATE_EXPIRED, Cause.PRIVATE_KEY_MISSING):
        return one.sentence.partition(": ")[2]
    return ADVICE[one.cause].what
