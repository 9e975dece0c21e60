"""Settings on which the two ends do not agree: proposals, modes, selectors, labels, addresses, redirection."""

from __future__ import annotations

from autod.causes import Cause
from autod.recognise.faults.rows import row
from autod.recognise.table import Row

__all__ = ["ROWS"]

_PROPOSALS = (
    row(
        Cause.KE_GROUP,
        "us",
        r"[dD]iscarding unauthenticated INVALID_KE_PAYLOAD response to (?:DH|KEM) .*is not acceptable",
        "3.28-5.4",
        words=("Discarding", "discarding"),
    ),
    row(Cause.KE_GROUP, "us", r"proposals do not contain a valid DH", "3.27-5.4"),
    row(
        Cause.IKE_PROPOSAL,
        "us",
        r"(?:no acceptable Oakley Transform|OAKLEY proposal refused|Oakley Transform \[.*refused"
        r"|IKE (?:responder|initiator) (?:accepted|proposed) an unsupported|Error: (?:invalid|more than one) accepted"
        r"|no IKE proposal policy specified)",
        "3.27-5.4",
        words=("no", "OAKLEY", "Oakley", "IKE", "Error:"),
    ),
    row(
        Cause.CHILD_PROPOSAL,
        "us",
        r"(?:no acceptable Proposal in IPsec SA|\S+ proposed/accepted a proposal we don't|expecting \S+ but remote's"
        r"|(?:AH|ESP) IPsec Transform refused|we require PFS but Quick|OAKLEY_GROUP \S+ not supported for PFS"
        r"|ESP (?:encryption|integrity) algorithm .* (?:is )?not implemented|IKE responder accepted an unsupp)",
        "3.27-5.4",
        words=("no", "ESP", "AH", "IKE", "expecting", "we", "OAKLEY_GROUP"),
    ),
    row(
        Cause.CHILD_MODE,
        "us",
        r"(?:policy dictates .*, (?:but peer requested|ignoring peer's request)"
        r"|[lL]ocal policy (?:is|requires) (?:transport|tunnel|Transport|Tunnel) [mM]ode.*peer)",
        "3.27-5.4",
        words=("policy", "local", "Local"),
    ),
    row(
        Cause.TRAFFIC_SELECTORS,
        "us",
        r"(?:[nN]o IKEv2 connection found with compatible Traffic|proposed Traffic Selectors do not match"
        r"|rejecting responder TSi/TSr|[rR]eceived (?:malformed )?TS[ir](?:/TSr)? ?payload|[rR]ekey: received Traffic"
        r"|\S+ subnet returned doesn't match|\S+ peer returned (?:port|protocol)|IDci, IDcr payloads missing"
        r"|cannot respond to IPsec SA request because no connection|\S+ ID payload .*(?:bad subnet|is invalid|unacceptable)"
        r"|peer proposal was rejected|TS overflow|[rR]eceived malformed TSi|non-CIDR Traffic Selector)",
        "3.27-5.4",
        words=(
            *(
                "No",
                "no",
                "proposed",
                "rejecting",
                "Received",
                "received",
                "Rekey:",
                "rekey:",
                "our",
                "peer",
                "my",
            ),
            *("your", "initiator", "responder", "IDci,", "cannot", "TS", "non-CIDR", "client", "protected"),
        ),
    ),
    row(
        Cause.SECURITY_LABEL,
        "us",
        r"(?:[rR]eceived (?:IPsec )?[sS]ec(?:urity)? (?:Ctx|Label)|rekey: received Traffic Selectors mismatch configured"
        r"|security (?:context|label)|selinux denied|[sS]ec Ctx)",
        "3.27-5.4",
        words=("Received", "received", "rekey:", "security", "selinux", "Sec"),
    ),
    row(
        Cause.ADDRESS_POOL,
        "us",
        r"(?:missing v2CP reply|(?:ikev2 )?lease_an_address failure|leasing \S+ address failed|no free address"
        r"|IKE_AUTH request does not include a CP|Quick Mode request rejected.*(?:lease|selector)"
        r"|ERROR:? (?:malformed|expected|INTERNAL_IP\S+|expected IKEv2_CP).*)",
        "3.27-5.4",
        words=(
            "missing",
            "ikev2",
            "lease_an_address",
            "leasing",
            "no",
            "IKE_AUTH",
            "Quick",
            "ERROR",
            "ERROR:",
        ),
    ),
)

_REDIRECTS = (
    row(
        Cause.REDIRECT_REFUSED,
        "us",
        r"(?:ignoring v2N_REDIRECT|.*redirect (?:loop|exceeds limit)|\S+ loop, stop initiating|received GW Identity is not"
        r"|(?:warning: )?parsing of v2N_REDIRECT payload failed|received (?:malformed REDIRECT|nonce does not match)"
        r"|bad GW Ident Type)",
        "3.28-5.4",
        words=(
            *(
                "ignoring",
                "redirect",
                "REDIRECT",
                "IKE_SA_INIT",
                "IKE_AUTH",
                "received",
                "warning:",
                "parsing",
                "bad",
            ),
            *("INFORMATIONAL",),
        ),
    ),
)

ROWS: tuple[Row, ...] = (*_PROPOSALS, *_REDIRECTS)
