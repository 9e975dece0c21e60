"""Reply codes by era: which are prompts, which are errors, and the name of each.

Owns: enum rc_type of the three eras, as data. Must not know: the text of a line with a code.

The facts come from the headers of 3.27 to 5.4. A code alone never tells that something succeeded: 004 is "established"
up to 5.2, 002 on 5.3.2, 000 on 5.4, and 004 also ends phase 1 of IKEv1.
"""

from __future__ import annotations

from autod.protocol.replies import ReplyCodes

__all__ = ["CODES_3_27", "CODES_5_0", "CODES_5_3", "REFUSALS"]

REFUSALS = frozenset((*range(20, 40), *range(50, 100)))
"""Codes of errors in some era: 020-039 up to 4.15, 020-033 and 050-056 from 5.0 on. 040 and 041, and 010 and 011
from 5.0 on, are prompts, and never a refusal. The codes from 100 on are the states and notifications of the first
era."""

_SHARED = {
    20: "duplicate name",
    21: "unknown name",
    22: "not oriented",
    23: "clash",
    24: "not listening",
    25: "cannot route",
    26: "route busy",
    27: "bad ID",
    28: "no key",
    29: "no peer address",
}

_EARLY = _SHARED | {
    30: "bad message",
    31: "no response to retransmissions",
    32: "internal error",
    33: "opportunistic failure",
    34: "no acceptable cryptography",
    35: "aggressive mode algorithm",
    36: "fatal",
}

_LATE = _SHARED | {
    30: "initiating a shunt",
    31: "wildcard",
    32: "CRL error",
    33: "whack problem",
    50: "bad message",
    51: "no response to retransmissions",
    52: "internal error",
    53: "opportunistic failure",
    54: "no acceptable cryptography",
    55: "aggressive mode algorithm",
    56: "fatal",
}

CODES_3_27 = ReplyCodes(
    secret_prompt=40,
    user_prompt=41,
    errors=REFUSALS,
    names=_EARLY
    | {
        0: "comment",
        1: "print",
        2: "log",
        3: "serious",
        4: "success",
        5: "information",
        6: "traffic",
        10: "retransmission",
    },
)
"""3.27 to 4.15. From 100 on: a state of IKEv1, from 150 on of IKEv2, from 200 on a notification."""

CODES_5_0 = ReplyCodes(
    secret_prompt=10,
    user_prompt=11,
    errors=REFUSALS,
    names=_LATE | {2: "log", 4: "success"},
)
"""5.0 to 5.2."""

CODES_5_3 = ReplyCodes(
    secret_prompt=10,
    user_prompt=11,
    errors=REFUSALS,
    names=_LATE | {0: "text", 2: "log"},
)
"""From 5.3 on. These releases do not have a code for success, and an error's code may stand on a line of its own."""
