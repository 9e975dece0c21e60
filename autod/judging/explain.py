"""Why a connection is not up, in plain words: the known facts, the cause, the place of the remedy, the commands.

Owns: which of the facts is the cause if no `up` was tried, and the text. Must not know: sockets, trio, where a fact
comes from (autod.cli.explain collects them), or pluto's words for it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec

from autod.causes import ADVICE, USUAL, Cause, Finder, Place
from autod.outcomes import Outcome, quoted, typed
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
    """A certificate that pluto lists; times in UNIX seconds, None if they cannot be read."""

    nickname: str
    subject: str | None = None
    issuer: str | None = None
    not_before: float | None = None
    not_after: float | None = None
    has_key: bool | None = None


class Secrets(msgspec.Struct, frozen=True):
    """The secrets and certificates that pluto lists. `psks` are the identities of each PSK, never the PSK."""

    psks: tuple[tuple[str, ...], ...] = ()
    certificates: tuple[Certificate, ...] = ()


class Record(msgspec.Struct, frozen=True):
    """The supervisor's record of the connection."""

    wanted: str
    state: str
    since: float | None = None
    cause: str | None = None
    detail: str | None = None
    attempts: int | None = None
    next_try: float | None = None


class Facts(msgspec.Struct, frozen=True):
    """All that is known of one connection. `configured` and `differences` are None if it could not be compared."""

    name: str
    state: State
    now: float
    secrets: Secrets | None = None
    configured: bool | None = None
    differences: tuple[str, ...] | None = None
    record: Record | None = None
    outcome: Outcome | None = None


class Explanation(msgspec.Struct, frozen=True, tag_field="event", tag="explanation"):
    """The explanation for one connection. `up`: it works; then there is no cause.

    `sentence` is the explanation. `facts` are pairs of a name and a finding. `commands` are commands to type.
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
        heading = _NICKNAME.match(reply.text.strip())
        key, colon, value = reply.text.strip().partition(": ")
        if psk is not None:
            ids = psk["ids"].split()
            # Of three and more identities pluto names two.
            psks.append(tuple([*ids[:-1], "..."] if len(ids) > 2 and ids[-1] == "more" else ids))
        elif heading is not None:
            certificates.append({"nickname": heading["name"]})
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


class _Status:
    """The part of the state about one name: its connections and SAs."""

    def __init__(self, facts: Facts) -> None:
        state, name = facts.state, facts.name
        self.connections = [connection for connection in state.connections if is_about(connection, [name])]
        owners = {(connection.name, connection.instance) for connection in self.connections}
        self.children = [sa for sa in state.child_sas if (sa.connection, sa.instance) in owners]
        parents = {sa.ike_sa for sa in self.children} | {
            connection.established_ike_sa for connection in self.connections
        }
        self.ikes = [
            sa for sa in state.ike_sas if (sa.connection, sa.instance) in owners or sa.serial in parents
        ]
        self.established = [sa for sa in self.children if sa.phase == "established"]

    @property
    def candidates(self) -> list[ConnectionState]:
        """The connections that can be up by themselves: instances rather than their template."""
        instances = [connection for connection in self.connections if connection.kind == "instance"]
        return instances or self.connections

    @property
    def up(self) -> bool:
        names = {(sa.connection, sa.instance) for sa in self.established}
        return bool(self.connections) and all(
            connection.up or (connection.name, connection.instance) in names or self._labelled(connection)
            for connection in self.candidates
        )

    def _labelled(self, connection: ConnectionState) -> bool:
        return bool(connection.security_label) and any(sa.phase == "established" for sa in self.ikes)


def explain(facts: Facts) -> Explanation:
    """The explanation of one connection."""
    status = _Status(facts)
    rows = _facts(facts, status)
    state = _word(facts, status)
    times = [sa.add_time for sa in status.established if sa.add_time is not None]
    since = float(min(times)) if times else None
    outcome = facts.outcome
    if status.up and (outcome is None or outcome.ok):
        age = f" since {age_text(facts.now - since)}" if since is not None else ""
        return Explanation(
            facts.name,
            True,
            state,
            f"{quoted(facts.name)} is up{age}",
            since,
            facts=rows,
            outcome=outcome,
        )
    cause, by, reason = _cause(facts, status)
    lines = outcome.lines if outcome is not None and not outcome.ok else ()
    if cause is None:
        sentence = f"{quoted(facts.name)}: {reason}"
        return Explanation(
            facts.name,
            False,
            state,
            sentence,
            commands=(_try(facts.name),),
            facts=rows,
            said=lines,
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
        commands=_commands(Cause.NEGOTIATING if reason == _ASKS else cause, facts.name),
        facts=rows,
        said=lines,
        outcome=outcome,
    )


def _commands(cause: Cause, name: str) -> tuple[str, ...]:
    word = typed(name)
    if cause is Cause.UNKNOWN_NAME:
        return (f"autod --add {word}", f"autod --up {word}")
    if cause is Cause.NOT_LISTENING:
        return ("autod --ready", f"autod --up {word}")
    if cause in (
        Cause.SECRET_MISSING,
        Cause.SECRET_DIFFERS,
        Cause.AUTHENTICATION,
        Cause.PPK,
        Cause.SECRETS_FILE,
    ):
        return ("autod --rereadsecrets", f"autod --up {word}")
    if cause is Cause.NEGOTIATING:
        return (f"autod --down {word}", _try(name))
    if ADVICE[cause].again or ADVICE[cause].place == "there":
        return (f"autod --up {word}",)
    return (f"autod --replace {word}", f"autod --up {word}")


def _try(name: str) -> str:
    return f"autod explain --try {typed(name)}"


def _cause(facts: Facts, status: _Status) -> tuple[Cause | None, Finder | None, str | None]:
    """Why it is not up, from the most certain fact to the least certain; if there is no cause, what it waits for."""
    outcome = facts.outcome
    busy = outcome is not None and outcome.cause is Cause.NEGOTIATING
    if outcome is not None and not outcome.ok and outcome.cause is not None and not busy:
        has_cause = ADVICE[outcome.cause].what in outcome.sentence
        reason = _beyond(outcome.cause, outcome.sentence) if has_cause else None
        return outcome.cause, outcome.found_by, reason or outcome.notification
    if not status.connections:
        return Cause.UNKNOWN_NAME, "pluto", None
    first = status.candidates[0]
    if first.oriented is False:
        return Cause.NOT_ORIENTED, "pluto", None
    lacking = _lacking(facts, first)
    if lacking is not None:
        return lacking
    record = facts.record
    if record is not None and record.cause is not None and record.state != "up":
        cause = _of_record(record.cause)
        return cause, None, _beyond(cause, record.detail)
    waiting = _waiting(status)
    if waiting is not None:
        return waiting
    if busy:
        return Cause.NEGOTIATING, "pluto", None
    if first.kind in ("template", "group") and first.remote.address is None:
        return None, None, "it is for any peer, and waits to be called"
    if any(connection.routing == "ondemand" for connection in status.candidates):
        return None, None, "it is routed, and comes up with the first packet for the other side"
    return None, None, "it is loaded, and nobody brings it up; pluto does not say whether a try failed before"


def _beyond(cause: Cause, detail: str | None) -> str | None:
    """The addition of a sentence to that of the cause: the text in brackets behind it, and whether it is certain."""
    _, has_cause, rest = (detail or "").partition(ADVICE[cause].what)
    if not has_cause:
        return detail
    reason = re.match(r"(?P<unsure>, it seems)? \((?P<why>.*?)\)(?:;|$)", rest)
    if reason is None:
        return None
    return f"it seems, as {reason['why']}" if reason["unsure"] else reason["why"]


def _of_record(cause: str) -> Cause:
    """The cause from the supervisor's word, which is a cause or a result with `-` in the place of `_`."""
    word = cause.replace("-", "_")
    if word in {known_cause.value for known_cause in Cause}:
        return Cause(word)
    return USUAL.get(word, (Cause.GONE_WITHOUT_REASON, "pluto"))[0]


_ASKS: Final = (
    "it seems, as pluto asks the peer again and again; a peer that refuses looks the same until it is tried"
)


def _waiting(status: _Status) -> tuple[Cause, Finder, str] | None:
    for sa in status.ikes:
        if sa.phase == "half_open" and sa.retransmit_in is not None:
            return Cause.PEER_SILENT, "us", _ASKS
        if sa.phase == "authenticating" and sa.retransmit_in is not None:
            return Cause.AUTH_UNANSWERED, "us", _ASKS
    for child in status.children:
        if child.phase == "negotiating" and child.retransmit_in is not None:
            return Cause.CHILD_UNANSWERED, "us", _ASKS
    return None


def _lacking(facts: Facts, connection: ConnectionState) -> tuple[Cause, Finder, str] | None:
    """A secret or a certificate that this end needs and does not have, as far as pluto's lists show."""
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
    """Whether there is a PSK for both ends; None if the connection does not need one, or it is not known."""
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
        if any(identity in mine for identity in ids) and any(identity in peers for identity in ids):
            return True
    return None if unnamed else False


def _word(facts: Facts, status: _Status) -> str:
    if not status.connections:
        return "not loaded"
    busy = any(sa.phase in ("half_open", "authenticating") for sa in status.ikes)
    busy = busy or any(child.phase == "negotiating" for child in status.children)
    return state_text(status.candidates[0], up=status.up, negotiating=busy)


def _facts(facts: Facts, status: _Status) -> tuple[tuple[str, str], ...]:
    pairs: list[tuple[str, str]] = [("loaded", _loaded(facts, status))]
    for connection in status.candidates[:1]:
        if connection.oriented is not None:
            on = f" on {connection.interface}" if connection.interface else ""
            pairs.append(
                (
                    "oriented",
                    f"yes{on}"
                    if connection.oriented
                    else "no: neither end, or both, is an address of this machine",
                )
            )
        pairs.append(("route", _ROUTES.get(connection.routing or "", connection.routing or "not known")))
        ends = [f"{end.address or end.host or '?'} ({end.id})" if end.id else end.address or end.host or "?"
                for end in (connection.local, connection.remote)]  # fmt: skip
        pairs.append(("ends", f"{ends[0]} here, {ends[1]} there"))
        certificate = connection.local.certificate
        if facts.secrets is not None and certificate is not None:
            pairs.append(("certificate", _certificate(facts, certificate)))
        psk = _has_psk(facts.secrets, connection) if facts.secrets is not None else None
        if psk is not None:
            pairs.append(
                ("secret", "a PSK for both ends is there" if psk else "there is no PSK for these two ends")
            )
    pairs += [("IKE SA", _ike(sa)) for sa in status.ikes] or [("IKE SA", "none")]
    pairs += [("Child SA", _child(sa, facts.now)) for sa in status.children] or [("Child SA", "none")]
    record = facts.record
    if record is not None:
        pairs.append(("supervisor", _record(record, facts.now)))
    elif status.connections and status.candidates[0].keep_up:
        pairs.append(("pluto", "keeps it up (after --up, or by auto=), and tries again by itself"))
    return tuple(pairs)


def _loaded(facts: Facts, status: _Status) -> str:
    if not status.connections:
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
    for listed in facts.secrets.certificates:
        if listed.nickname == nickname:
            until = f", valid until {_date(listed.not_after)}" if listed.not_after is not None else ""
            key = {True: ", with its key", False: ", without its key", None: ""}[listed.has_key]
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


def screen(explanation: Explanation) -> Iterator[str]:
    """One screen for people."""
    yield explanation.sentence
    rows: list[tuple[str, str]] = []
    if explanation.cause is not None and explanation.where is not None:
        if explanation.found_by is not None:
            rows.append(("found by", _FINDERS[explanation.found_by]))
        rows.append(("mend it", _PLACES[explanation.where]))
        rows.append(("what to do", explanation.advice or ""))
        if explanation.look:
            rows.append(("look at", ", ".join(explanation.look)))
        rows.append(
            ("again", "may help by itself" if explanation.again else "does not help before that is mended")
        )
    if explanation.outcome is not None and explanation.outcome.left_behind:
        rows.append(("meanwhile", explanation.outcome.left_behind))
    if explanation.commands:
        rows.append(("then type", "; ".join(explanation.commands)))
    yield from _aligned(rows)
    yield ""
    yield from _aligned(explanation.facts)
    if explanation.said:
        yield ""
        yield "pluto said:"
        yield from (f"  {line}" for line in explanation.said)


def _aligned(rows: Sequence[tuple[str, str]]) -> Iterator[str]:
    width = max((len(heading) for heading, _ in rows), default=0)
    for heading, content in rows:
        yield f"  {heading.ljust(width)}  {content}"


def grouped(explanations: Collection[Explanation], *, shown: int = 5) -> Iterator[str]:
    """Many connections by their cause, the most frequent first, with the first `shown` names of each."""
    groups: dict[str, list[Explanation]] = {}
    for explanation in explanations:
        groups.setdefault(_group(explanation), []).append(explanation)
    for reason, members in sorted(groups.items(), key=lambda item: -len(item[1])):
        names = ", ".join(explanation.connection for explanation in members[:shown])
        more = f" and {len(members) - shown} more" if len(members) > shown else ""
        yield f"{len(members)} {'connection' if len(members) == 1 else 'connections'}: {reason}"
        yield f"  {names}{more}"
        first = members[0]
        if first.cause is not None and first.where is not None:
            yield f"  {first.advice} ({_PLACES[first.where]})"


def _group(explanation: Explanation) -> str:
    if explanation.up:
        return "up"
    if explanation.cause is None:
        return explanation.sentence.partition(": ")[2]
    if explanation.cause in (Cause.OWN_CERTIFICATE_EXPIRED, Cause.PRIVATE_KEY_MISSING):
        return explanation.sentence.partition(": ")[2]
    unsure = ", it seems" if "(it seems, as " in explanation.sentence else ""
    return f"{ADVICE[explanation.cause].what}{unsure}"
