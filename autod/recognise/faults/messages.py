"""Messages that could not be sent, read or carried out."""

from __future__ import annotations

from autod.causes import Cause
from autod.recognise.faults.rows import row, warned
from autod.recognise.table import Row

__all__ = ["ROWS"]

_MESSAGES = (
    row(
        Cause.INTERNAL,
        "pluto",
        r"FATAL(?: ERROR)?[: ]",
        "3.27-5.4",
        words=("FATAL", "FATAL:"),
    ),
    warned(
        Cause.SEND_FAILED,
        "kernel",
        r"ERROR: send(?:to)? on \S+ .* failed in",
        "3.27-5.4",
        words=("ERROR:",),
    ),
    row(
        Cause.SEND_FAILED,
        "kernel",
        r"(?:send(?:to)? on \S+ .* failed in|[cC]annot send packet|[wW]ill not send packet|send_ike_msg\(\))",
        "3.27-5.4",
        words=("sendto", "send", "Cannot", "cannot", "Will", "will", "send_ike_msg():"),
        ignored=True,
    ),
    row(
        Cause.SEND_FAILED,
        "kernel",
        r"TCP: .*(?:failed|connecting to|invalid)",
        "4.0-5.4",
    ),
    row(
        Cause.MALFORMED,
        "us",
        r"(?:malformed (?:payload in packet|Phase 1|Quick Mode|message)|too many (?:\(\d+\) )?malformed|received \d+ malformed"
        r"|encrypted payload (?:seems to be corrupt|impossibly)|failed to match authenticator|message .* unknown critical"
        r"|KE (?:has \d+ byte|missing)|\S+ KE (?:in .* is|missing from)|packet contains too many|more than \d+ payloads"
        r"|discarding invalid packet|fragment \d+ of \d+ invalid|missing KE payload|initial .* message has corrupt"
        r"|dropping packet with mangled|expecting KE for)",
        "3.27-5.4",
        words=(
            *(
                "malformed",
                "too",
                "received",
                "encrypted",
                "failed",
                "message",
                "KE",
                "packet",
                "more",
                "discarding",
            ),
            *("fragment", "missing", "initial", "dropping", "expecting", "initiator", "responder"),
        ),
    ),
    row(
        Cause.INTERNAL,
        "us",
        r"(?:(?:initiator|responder) IKE_\w+ SKEYSEED|IKE_\w+ (?:decapsulate|encapsulate|key generation) failed|DH failed"
        r"|crypto failed|too many IKE_INTERMEDIATE|error encrypting|INTERNAL ERROR|internal error|EXPECTATION FAILED"
        r"|ASSERTION FAILED|state transition function for|Child SA (?:to rekey \S+ vanished|lost its IKE)"
        r"|CHILD SA (?:\S+ lost|to rekey|encountered fatal error)|failed to build notification|could not find phase 1)",
        "3.27-5.4",
        words=(
            *(
                "initiator",
                "responder",
                "IKE_INTERMEDIATE",
                "IKE_FOLLOWUP_KE",
                "DH",
                "crypto",
                "too",
                "error",
                "INTERNAL",
            ),
            *("internal", "EXPECTATION", "ASSERTION", "state", "Child", "CHILD", "failed", "could"),
        ),
    ),
    row(
        Cause.AUTH_UNANSWERED,
        "us",
        r"initiator/responder/response processor timeout|deleting incomplete state after",
        "3.27-5.4",
        words=("initiator/responder/response", "deleting"),
    ),
    row(
        Cause.SUPERSEDED,
        "us",
        r"(?:.*superseded by|(?:rekey of (?:IKE|Child) SA|create(?: new)? Child SA|Child SA) abandoned"
        r"|IKE SA \S+ no longer viable|no viable to parent|phase2 initiation failed because parent)",
        "3.27-5.4",
        words=("state", "suppressing", "rekey", "create", "Child", "IKE", "no", "phase2"),
        general=True,
    ),
    row(
        Cause.IKE_VERSION,
        "us",
        r"(?:message contains unsupported IKE major|ignoring packet with IKE major|Neither IKEv1 nor IKEv2"
        r"|Bid-down to IKEv1 attack|(?:ignoring|rejecting) IKEv1 packet)",
        "3.27-5.4",
        words=("message", "ignoring", "Neither", "Bid-down", "rejecting"),
    ),
    row(
        Cause.SEND_FAILED,
        "us",
        r"(?:initiating (?:UDP|TCP) requires listen-(?:udp|tcp)=yes|connection (?:is NATed but|cannot be NAT'ed and))",
        "5.0-5.4",
        words=("initiating", "connection"),
    ),
)

ROWS: tuple[Row, ...] = (*_MESSAGES,)
