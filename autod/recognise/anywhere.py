"""Phrases that begin with any word (the name of a message, of a setting, of an end): tried last of all rows.

Owns: these rows. Must not know: the lines for which they are tried (autod.recognise.known).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from autod.causes import Cause
from autod.events import Fatal, Fault, LoadFailed, Refused, Remark, Warned
from autod.recognise.table import Row

if TYPE_CHECKING:
    from autod.causes import Finder
    from autod.events import Topic

__all__ = ["COMPLAINT", "ROWS"]

COMPLAINT: Final = r"(?:invalid|must|exceeds?|clamped|ignor\w+|contains|does not|replaced|conflicts|too? large|skipping|(?:un)?supported|requires|expects|option|empty|is not|deprecated|obsolete|defined|no such|combined|cannot|match\w*|but|failed|mandates)"
"""Words that a line about a setting has, and a line of a status reply does not have."""


def _fault(cause: Cause, by: Finder, pattern: str, sources: str) -> Row:
    return Row(
        Fault, (), rf"(?P<reason>(?:{pattern}).*)", None, {"cause": cause, "by": by}, seen="", sources=sources
    )


def _remark(topic: Topic, pattern: str, sources: str) -> Row:
    return Row(Remark, (), pattern, None, {"topic": topic}, seen="", sources=sources)


_LOADING: Final = (
    Row(
        LoadFailed,
        (),
        r"(?P<reason>\S+ certificate (?:with \S+ )?'.*' (?:is expired or not yet valid|has expired|is not yet valid|has undetermined time).*)",
        None,
        {"cause": Cause.OWN_CERTIFICATE_EXPIRED},
        seen="",
        sources="3.27-5.4",
    ),
    Row(
        Warned,
        (),
        r"(?P<reason>\S*: (?:error|warning|obsolete keyword|overriding)\b.+)",
        seen="",
        sources="5.3-5.4: a file that pluto reads",
    ),
    Row(
        Warned,
        (),
        rf"(?P<reason>(?:ignoring |multi-selector |virtual )?(?:[a-zA-Z0-9]+-)*[a-zA-Z0-9]+=.* {COMPLAINT}\b.*)",
        seen="",
        sources="3.27-5.4: of a setting",
    ),
    Row(
        Warned,
        (),
        r"(?P<reason>(?:conn: \S+|connection \"?\S+|rekeymargin|error parsing|error reading|error adding|error setting|error in DN|bad \S+) .*)",
        seen="",
        sources="3.27-5.4: of a setting",
    ),
    Row(
        Warned,
        (),
        r"(?P<reason>(?:subnet \".*\", proto|garbage '|protocol '|rest of file|ignored, |unterminated |\S+ encryption algorithm ).*)",
        seen="",
        sources="3.30-5.4: of a group's file, or an algorithm",
    ),
)

_REFUSALS: Final = (
    Row(
        Refused,
        (),
        r"(?P<reason>received (?:whack )?command to .*did not receive.*)",
        seen="",
        sources="3.30-5.4: a request without a name",
    ),
    Row(
        Refused,
        (),
        r"(?P<reason>(?:buffer overflow for '|\S+ (?:lost its terminating|is missing) NUL|(?:key|end) overflow).*)",
        seen="",
        sources="5.3-5.4: a request that pluto could not read",
    ),
    Row(Refused, (), r"(?P<reason>malformed \S+ pubkey .*)", seen="", sources="5.3-5.4"),
    Row(
        Fatal,
        (),
        r".+ for IKE SA, but releasing whack",
        seen="",
        sources="3.27-5.4: told to what waits for that IKE SA",
    ),
)

_FAULTS: Final = (
    _fault(
        Cause.PRIVATE_KEY_MISSING,
        "us",
        r"\S+: (?:no key ID - slot|should not happen: cert public key)",
        "3.27-3.32",
    ),
    _fault(
        Cause.AUTH_METHOD, "us", r" Digsig: No valid hash| Received incorrect (?:bytes|size) of ASN", "3.27"
    ),
    _fault(Cause.PUBLIC_KEY_MISSING, "us", r"\S*cannot find (?:PSK|\S+ key)$", "3.27-4.4"),
    _fault(Cause.XAUTH_REFUSED, "us", r"\S+ FAILED during \S+ with '.*' for state #", "3.27-5.4"),
    _fault(Cause.CHILD_PROPOSAL, "us", r"\S+ failed, responder SA processing returned", "3.27-5.4"),
    _fault(
        Cause.TRAFFIC_SELECTORS,
        "us",
        r"(?:\S+ )+ID payload .*in Quick I1|\S+ (?:contains \d+ entries which exceeds|payload contains no entries|traffic selector \d+ has an invalid)"
        r"|\S+ does not fit the proposal|for rekey do not match the established",
        "3.27-5.4",
    ),
    _fault(
        Cause.MALFORMED,
        "us",
        r"\S+ length \d+ not between|\S+ length not between|\S+(?: \S+)? message (?:KE payload requires|contains (?:several|multiple) KE|missing KE)"
        r"|\S+(?: \S+)? KE (?:payload is|in \S+ \S+ is|missing from)|received '.*' message (?:HASH\(|is missing a HASH)",
        "3.27-5.4",
    ),
    _fault(
        Cause.INTERNAL,
        "us",
        r"\S+: internal error|\S+: quick_outI1_tail\(\) failed|\S+\(\)(?:: \S+\(\))? failed |\S+ for attribute \d+ failed|\S+ lost its IKE SA"
        r"|\S*: NSS failed|\S+ NSS: |NSS: |ABORT: ",
        "3.27-5.4",
    ),
)

_MESSAGES: Final = (
    _remark(
        "message",
        r"\S+(?: \S+)?(?: message)? (?:request|response)\b.* (?:has no (?:corresponding|matching)|has duplicate Message ID|dropped\b|dropping packet|ignored)",
        "3.27-5.4",
    ),
    _remark(
        "message",
        r"\S+ message (?:received on .* but no suitable connection|\S+ has no corresponding|\d+ not found)",
        "4.0-5.4",
    ),
    _remark(
        "message",
        r"\S+ rate limited log|(?:no|not|adding|sent|unsolicited) \S+ (?:message|request|response|notification|log)\b",
        "4.0-5.4",
    ),
    _remark(
        "message",
        r"\S+ notification \d+ is unknown|\S+ with non-SUCCESS|\S+ is (?:already )?full; |bitset \S+ |\S+ of \S+ has an unknown value",
        "3.27-5.4",
    ),
    _remark(
        "message", r"(?:sent|responder processed|initiator processed|initiated|initiating) \S+", "4.8-5.4"
    ),
    _remark(
        "message",
        r"\S+ unknown.* Vendor ID payload|payload malformed|not enough (?:room|bytes) |less than \d+ bytes left|\d+-byte .* of .* is (?:smaller|larger) than|.+ of .+ has an unknown (?:value|type)",
        "3.30-5.4",
    ),
    _remark(
        "message",
        r"IKE SA #\d+ (?:for \S+ \S+ has not been secured|has outstanding|recently established)|.* negotiating with \S+ took too long",
        "4.6-5.4",
    ),
    _remark("message", r"has no Non-ESP marker|recvfrom |waitpid ", "3.27-5.4"),
    _remark(
        "state",
        r"peer \S+ for connection \S+ crashed|\S+ SA expired \(|.+; will wait .* for (?:response|retry)",
        "3.27-5.4",
    ),
    _remark(
        "rekey",
        r"not \S+ stale \S+ SA #|rekeyed (?:#)?\d+|in state \S+ but need state|\S+ not implemented$",
        "3.27-5.4",
    ),
    _remark(
        "dpd",
        r"#\d+ can not find|\S+ action - |liveness: #|liveness_check|received bogus +R_U_THERE",
        "3.27-5.4",
    ),
    _remark("mobike", r" success |\S+ FAILED$|\S+ does not support MOBIKE", "3.27-5.4"),
    _remark(
        "proposal",
        r".*\.  Attribute |proposal \d+ |transform \(.*\) ignored|repeated .* attribute|invalid value \S+ for attribute|IKEv[12] \S+ (?:\S+ ENCRYPT transform|integrity algorithm)",
        "3.27-5.4",
    ),
    _remark(
        "proposal",
        r"\S+ attribute inappropriate|unexpected \S+ payload in|\S+ proposal (?:has unexpected|missing) |(?:partial list of|remote accepted the invalid) ",
        "3.27-5.4",
    ),
    _remark(
        "algorithms",
        r"\S+(?: \S+)? algorithms?:$|\S+ (?:algorithm )?\S+ disabled; not FIPS|tag size \d+ is invalid|\d+ helper threads|discarding duplicate",
        "3.27-5.4",
    ),
    _remark(
        "selectors",
        r" +(?:us|them): |\$PLUTO_UNALIGNED|\S+ type is FQDN|pool \S+: growing|rekey-\S+ \S+ set to|accepted selectors",
        "3.27-5.4",
    ),
    _remark(
        "kernel",
        r"\d+ IPsec connections are currently|\S+ bare shunt |received \S+ EXPIRE for|(?:\S+ )?got \S+ message with length|\S+\(\) got | ?netlink_get_sa_policy|\S+\(\) .* for flow |ret = \d+ from |\S+\(\) (?:request for all|always true)",
        "3.27-5.4",
    ),
    _remark(
        "kernel",
        r"(?:command|output|wstatus): |  skipping |command \"|length \d+ of sec_label|async finished|[^ ]+ failed$|Key material is too big|keeping refhim|in \S+\(\) ignoring|building of |pfkey|K_SADB_|unsupported address family",
        "3.27-5.4",
    ),
    _remark(
        "interface",
        r"(?:adding|skipping|enabling|disabling) (?:\S+ )?(?:interface|IKE socket)\b|\S+ encapsulation on|device \S+ |found \S+ device|endpoint has|IFLA_|\S+ has unspecified type",
        "3.27-5.4",
    ),
    _remark(
        "xauth",
        r"PAM: |XAUTH: |XAUTH IP address|Subnet \S+ already|received (?:and ignored |\S+ lease )",
        "3.27-5.4",
    ),
    _remark(
        "impair",
        r"(?:IMPAIR|overly|unrecognized|impair\w*|no action for impair|ignoring impair|option '?--(?:no-)?impair|block\w* |drop\w* |record\w* |replay |start processing|stop processing|calling |injecting|inject: |timer |handler for|dispatch|JACOB|will drop|: helper is)",
        "3.27-5.4",
    ),
    _remark(
        "impair",
        r"(?:\S+ )?(?:\d+|\S+) is not a valid event|no (?:existing )?\S+ event |\S+: skip scheduling|(?:state|connection) \S+ not found|entry \S+ \S+ is (?:in the wrong|missing)",
        "4.0-5.4",
    ),
    _remark(
        "connection",
        r"cannot \S+: |can't acquire|queue \S+ |\S+ (?:is shared - only|already in state)|\S+ being added|no ISAKMP|assigning ",
        "4.6-5.4",
    ),
    _remark(
        "authentication",
        r"\S+ returned .* elapsed time|domain '|add \S+ publickey failed|unbound |UNBOUND|dnssec|The state #",
        "3.27-5.4",
    ),
    _remark(
        "certificate",
        r"adding the CA|certificate \S+cert=|imported CRL|root certs|.* had too few RDNs|CRL: ",
        "3.27-5.4",
    ),
    _remark(
        "secrets",
        r"NSS Password |Initializing NSS|no internal key slot|authentication of \"|seeded \d+ bits|eof on ",
        "3.27-5.4",
    ),
    _remark(
        "configuration",
        r"(?:pluto:? |OK: )?seccomp|pluto (?:received SIGSYS|seccomp)|pluto: seccomp|OK: |SElinux|FIPS |Pluto |no internal|\S+ is pausing|whack error|For usage",
        "3.27-5.4",
    ),
)

ROWS: tuple[Row, ...] = (*_LOADING, *_REFUSALS, *_FAULTS, *_MESSAGES)
