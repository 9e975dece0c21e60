"""The words that pluto's policy line would have for a connection's settings if the file were loaded.

Owns: which words of the policy show which setting, and which of them pluto would print, for 4.8 to 4.15, 5.2, 5.3 and
5.4. Must not know: the other words of a status (autod.config.expected).

The rows come from the same sources as those. The order of the words does not matter. UP, KEEP, ROUTE and GROUPINSTANCE
are not settings: they tell the present state.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final, NamedTuple

from autod.config.expected import has_pool, ike_version, is_never, opportunistic, slots_of, ways

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from autod.config.meaning import Meaning

__all__ = ["ALIASES", "NEVER_TOO", "Group", "groups_of"]


class Group(NamedTuple):
    """Words of pluto's policy that show one setting. `value`: the words that pluto would print; None: not certain.

    `spell` turns words into the value in the file.
    """

    slot: str
    words: frozenset[str]
    value: Callable[[Meaning], frozenset[str] | None]
    spell: Callable[[frozenset[str]], str]


def _bit(
    word: str, slot: str, *, default: bool = False, inverse: bool = False, also: Iterable[str] = ()
) -> Group:
    """A word that is present or absent."""
    words = frozenset({word, *also})

    def value(meaning: Meaning) -> frozenset[str]:
        return words if meaning.flag(slot, default=default) != inverse else frozenset()

    return Group(slot, words, value, lambda there: "yes" if bool(there) != inverse else "no")


def _one(slot: str, words: Mapping[str, str], absent: str, choose: Callable[[Meaning], str | None]) -> Group:
    """At most one of several words. `words` has the value in the file for each."""

    def value(meaning: Meaning) -> frozenset[str] | None:
        chosen = choose(meaning)
        return None if chosen is None else frozenset({chosen}) & words.keys()

    return Group(
        slot, frozenset(words), value, lambda there: "+".join(words[word] for word in sorted(there)) or absent
    )


def _version_group(meaning: Meaning) -> str:
    return f"IKEv{ike_version(meaning)}"


def _reject(meaning: Meaning) -> str:
    """From 5.3 on pluto drops packets instead of rejecting them."""
    return "DROP" if meaning.version >= (5, 3) else "REJECT"


def _type_group(meaning: Meaning) -> str | None:
    kind = meaning.word("type", "tunnel")
    return {
        "tunnel": "TUNNEL",
        "transport": "TRANSPORT",
        "pass": "PASS",
        "passthrough": "PASS",
        "drop": "DROP",
        "reject": _reject(meaning),
    }.get(kind)


def _frag(meaning: Meaning) -> frozenset[str]:
    word = meaning.word("fragmentation", "yes")
    if word in ("force", "insist"):
        forced = meaning.old or ike_version(meaning) == 1
        return frozenset({"IKE_FRAG_ALLOW", "IKE_FRAG_FORCE"} if forced else {"IKE_FRAG_ALLOW"})
    if word == "never" or not meaning.flag("fragmentation", default=True):
        return frozenset()
    return frozenset({"IKE_FRAG_ALLOW"})


def _esn(meaning: Meaning) -> frozenset[str] | None:
    word = meaning.word("esn", "either")
    words = {"ESN_NO", "ESN_YES"} if word == "either" else {"ESN_YES"} if meaning.flag("esn") else {"ESN_NO"}
    if meaning.number("replay-window", 128) == 0 and "ESN_YES" in words:
        return frozenset({"ESN_NO"})
    return frozenset(words)


def _ppk(meaning: Meaning) -> frozenset[str] | None:
    if ike_version(meaning) == 1:
        return None
    word = meaning.word("ppk", "no")
    if word in ("insist", "always"):
        return frozenset({"PPK_ALLOW", "PPK_INSIST"})
    return frozenset({"PPK_ALLOW"} if word in ("permit", "propose", "yes", "true", "on", "y", "1") else ())


def _redirect(meaning: Meaning) -> str | None:
    word = meaning.word("send-redirect", "auto")
    if ike_version(meaning) == 1:
        return None
    return "" if word == "auto" else f"SEND_REDIRECT_{'ALWAYS' if meaning.flag('send-redirect') else 'NEVER'}"


def _accept(meaning: Meaning) -> frozenset[str] | None:
    if ike_version(meaning) == 1:
        return None
    word = meaning.word("accept-redirect", "no")
    yes = word != "auto" and meaning.flag("accept-redirect")
    return frozenset({"ACCEPT_REDIRECT_YES"} if yes else ())


def _narrowing(meaning: Meaning) -> frozenset[str] | None:
    wild = any("%any" in meaning.text(f"{side}protoport") for side in ("left", "right"))
    if not meaning.old and (wild or has_pool(meaning)):
        return None
    return frozenset({"IKEV2_ALLOW_NARROWING"} if meaning.flag("narrowing") else ())


def _xauth(meaning: Meaning) -> frozenset[str] | None:
    slots = [f"{side}xauth{end}" for side in ("left", "right") for end in ("server", "client")]
    # 4.x prints it if the keyword is set, whatever its value.
    there = any(meaning.given(slot) if meaning.old else meaning.flag(slot) for slot in slots)
    return frozenset({"XAUTH"} if there else ())


def _ignore_dns(meaning: Meaning) -> frozenset[str] | None:
    if not meaning.old:
        return None
    return frozenset({"IGNORE_PEER_DNS"} if meaning.flag("ignore-peer-dns") else ())


def _ikepad(meaning: Meaning) -> frozenset[str] | None:
    if meaning.old:
        return frozenset() if meaning.flag("ikepad", default=True) else frozenset({"NO_IKEPAD"})
    return None


def _failure(meaning: Meaning) -> str | None:
    if is_never(meaning) and meaning.version >= (5, 4):
        return None
    word = meaning.word("failureshunt", "none")
    return {"none": "", "passthrough": "failurePASS", "drop": "failureDROP", "hold": "failureDROP"}.get(
        word, f"failure{_reject(meaning)}" if word == "reject" else None
    )


def _negotiation(meaning: Meaning) -> str | None:
    if is_never(meaning) and meaning.version >= (5, 4):
        return None
    word = meaning.word("negotiationshunt", "hold")
    return {"passthrough": "NEGO_PASS", "hold": "", "drop": ""}.get(word)


def _phase2(meaning: Meaning) -> str | None:
    word = meaning.word("phase2", "esp")
    if meaning.given("ah") and meaning.version >= (5, 3):
        return "AUTHENTICATE"
    return {"ah": "AUTHENTICATE", "esp": "ENCRYPT", "default": "ENCRYPT"}.get(word)


_AUTH: Final = {
    "PSK": "secret",
    "RSASIG": "rsasig",
    "ECDSA": "ecdsa",
    "EDDSA": "eddsa",
    "RSASIG_v1_5": "rsa-sha1",
    "AUTH_NULL": "null",
    "AUTH_NEVER": "never",
}


def _auth(meaning: Meaning) -> frozenset[str] | None:
    if is_never(meaning):
        return None if meaning.old else frozenset({"AUTH_NEVER"})
    methods = ways(meaning)
    if methods is None or (meaning.version >= (5, 4) and not meaning.given("authby")):
        return None
    chosen = methods[0]
    words = {
        "PSK": chosen.psk,
        "RSASIG": chosen.rsasig,
        "ECDSA": chosen.ecdsa,
        "RSASIG_v1_5": chosen.rsasig_v1_5,
        "AUTH_NULL": chosen.null,
        "AUTH_NEVER": chosen.never,
    }
    return frozenset(word for word, there in words.items() if there)


def _joined(there: frozenset[str]) -> str:
    return "+".join(sorted(_AUTH.get(word, word) for word in there)) or "none"


def _spell_esn(there: frozenset[str]) -> str:
    return "either" if len(there) == 2 else "yes" if there == {"ESN_YES"} else "no"


def _spell_ppk(there: frozenset[str]) -> str:
    return "insist" if "PPK_INSIST" in there else "yes" if there else "no"


def _spell_frag(there: frozenset[str]) -> str:
    return "force" if "IKE_FRAG_FORCE" in there else "yes" if there else "no"


POLICY: Final[tuple[Group, ...]] = (
    _one("ikev2", {"IKEv1": "no", "IKEv2": "yes"}, "?", _version_group),
    _one(
        "type",
        {
            "TUNNEL": "tunnel",
            "TRANSPORT": "transport",
            "PASS": "passthrough",
            "DROP": "drop",
            "REJECT": "reject",
        },
        "transport",
        _type_group,
    ),
    _one("phase2", {"ENCRYPT": "esp", "AUTHENTICATE": "ah"}, "none", _phase2),
    Group("authby", frozenset(_AUTH), _auth, _joined),
    _bit("COMPRESS", "compress"),
    _bit("PFS", "pfs", default=True),
    _bit("DECAP_DSCP", "decap-dscp"),
    _bit("DONT_ENCAP_DSCP", "encap-dscp", default=True, inverse=True),
    _bit("NOPMTUDISC", "nopmtudisc"),
    _bit("MS_DH_DOWNGRADE", "ms-dh-downgrade"),
    _bit("PFS_REKEY_WORKAROUND", "pfs-rekey-workaround"),
    _bit("ALLOW_NO_SAN", "require-id-on-certificate", default=True, inverse=True),
    _bit("DNS_MATCH_ID", "dns-match-id,"),
    _bit("SHA2_TRUNCBUG", "sha2-truncbug"),
    _bit("DONT_REKEY", "rekey", default=True, inverse=True),
    _bit("DONT_SHARE_LEASE", "share-lease", default=True, inverse=True),
    _bit("REAUTH", "reauth"),
    Group("leftxauthserver", frozenset({"XAUTH"}), _xauth, lambda there: "yes" if there else "no"),
    _bit("MODECFG_PULL", "modecfgpull"),
    _bit("AGGRESSIVE", "aggressive"),
    _bit("OVERLAPIP", "overlapip"),
    Group(
        "narrowing",
        frozenset({"IKEV2_ALLOW_NARROWING"}),
        _narrowing,
        lambda there: "yes" if there else "no",
    ),
    _bit("IKEV2_PAM_AUTHORIZE", "pam-authorize"),
    _one("send-redirect", {"SEND_REDIRECT_ALWAYS": "yes", "SEND_REDIRECT_NEVER": "no"}, "auto", _redirect),
    Group(
        "accept-redirect", frozenset({"ACCEPT_REDIRECT_YES"}), _accept, lambda there: "yes" if there else "no"
    ),
    Group("fragmentation", frozenset({"IKE_FRAG_ALLOW", "IKE_FRAG_FORCE"}), _frag, _spell_frag),
    Group("ikepad", frozenset({"NO_IKEPAD"}), _ikepad, lambda there: "no" if there else "yes"),
    _bit("MOBIKE", "mobike"),
    Group("ppk", frozenset({"PPK_ALLOW", "PPK_INSIST"}), _ppk, _spell_ppk),
    Group("esn", frozenset({"ESN_NO", "ESN_YES"}), _esn, _spell_esn),
    _bit("INTERMEDIATE", "intermediate"),
    Group(
        "ignore-peer-dns",
        frozenset({"IGNORE_PEER_DNS"}),
        _ignore_dns,
        lambda there: "yes" if there else "no",
    ),
    _bit("RESUME", "session-resumption"),
    Group(
        "right", frozenset({"OPPORTUNISTIC", "GROUP"}), opportunistic, lambda there: "+".join(sorted(there))
    ),
    _one("negotiationshunt", {"NEGO_PASS": "passthrough"}, "hold", _negotiation),
    _one(
        "failureshunt",
        {"failurePASS": "passthrough", "failureDROP": "drop", "failureREJECT": "reject"},
        "none",
        _failure,
    ),
)
"""The groups of the policy line. NEVER_TOO has those that pluto shows for a connection that never negotiates."""

NEVER_TOO: Final = frozenset({"type", "authby", "negotiationshunt", "failureshunt", "right"})
"""Settings that pluto shows of a connection that never negotiates."""

ALIASES: Final = {
    "MSDH_DOWNGRADE": "MS_DH_DOWNGRADE",
    "IKEV1_ALLOW": "IKEv1",
    "IKEV2_ALLOW": "IKEv2",
}
"""Words of 3.x and 4.x, with those of later releases."""


@functools.cache
def groups_of(rules: str) -> tuple[Group, ...]:
    """The groups of policy words whose setting these releases have."""
    return tuple(group for group in POLICY if group.slot in slots_of(rules))
