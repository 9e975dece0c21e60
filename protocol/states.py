"""The states of pluto's SAs: whether it is an IKE SA or a Child SA, and where that SA stands.

Owns: the names and the stories of the states of every release. Must not know: in which line they stand.

They come from running releases (the transcripts under tests/data). Those of states that pass too quickly to be seen
come from the state tables of 3.27, 3.32, 4.0, 4.3, 4.10, 4.15, 5.0, 5.2, 5.3.2 and 5.4.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

__all__ = ["NAMES", "StateWord", "state_word"]


class StateWord(NamedTuple):
    """Which SA has the state, and where that SA stands: half_open, authenticating, established, rekeying, deleting
    for an IKE SA (ISAKMP SA); negotiating, established, deleting for a Child SA (IPsec SA)."""

    sa: Literal["ike", "child"]
    phase: str


_NAMES: dict[tuple[Literal["ike", "child"], str], str] = {
    ("ike", "half_open"): """
        MAIN_R0 MAIN_I1 AGGR_R0 AGGR_I1
        PARENT_I0 PARENT_I1 PARENT_R0 PARENT_R1
        UNSECURED_R IKE_SA_INIT_I0 IKE_SA_INIT_I IKE_SA_INIT_R0 IKE_SA_INIT_R IKE_SA_INIT_IR
        IKE_SESSION_RESUME_I0 IKE_SESSION_RESUME_I IKE_SESSION_RESUME_R0 IKE_SESSION_RESUME_R
        IKE_SESSION_RESUME_IR IKE_INTERMEDIATE_I IKE_INTERMEDIATE_R IKE_INTERMEDIATE_IR""",
    ("ike", "authenticating"): """
        MAIN_R1 MAIN_R2 MAIN_I2 MAIN_I3 AGGR_R1 XAUTH_R0 XAUTH_R1 XAUTH_I0 XAUTH_I1
        PARENT_I2 PARENT_R_EAP IKE_AUTH_EAP_R IKE_AUTH_I""",
    ("ike", "established"): """
        MAIN_R3 MAIN_I4 AGGR_I2 AGGR_R2 MODE_CFG_R0 MODE_CFG_R1 MODE_CFG_R2 MODE_CFG_I1
        MODE_CFG_CLIENT_RESPONDING MODE_CFG_SERVER_WAITING_FOR_ACK
        PARENT_I3 PARENT_R2 ESTABLISHED_IKE_SA""",
    ("ike", "rekeying"): """
        REKEY_IKE_I0 REKEY_IKE_I REKEY_IKE_I1 REKEY_IKE_R REKEY_IKE_R0
        REKEY_IKE_FOLLOWUP_KE_I0 REKEY_IKE_FOLLOWUP_KE_I1 REKEY_IKE_FOLLOWUP_KE_R0""",
    ("ike", "deleting"): "IKESA_DEL IKE_SA_DELETE ZOMBIE",
    ("child", "negotiating"): """
        QUICK_R0 QUICK_I1 QUICK_R1
        CREATE_I0 CREATE_I CREATE_R NEW_CHILD_I0 NEW_CHILD_I1 NEW_CHILD_R0
        REKEY_CHILD_I0 REKEY_CHILD_I REKEY_CHILD_I1 REKEY_CHILD_R REKEY_CHILD_R0
        IKE_AUTH_CHILD_I0 IKE_AUTH_CHILD_R0""",
    ("child", "established"): "QUICK_I2 QUICK_R2 IPSEC_I IPSEC_R ESTABLISHED_CHILD_SA",
    ("child", "deleting"): "CHILDSA_DEL CHILD_SA_DELETE",
}
"""Names without the STATE_ and V2_ that go before them up to 5.0."""

_STORIES: dict[str, StateWord] = {
    "established IKE SA": StateWord("ike", "established"),
    "ISAKMP SA established": StateWord("ike", "established"),
    "IKE SA established": StateWord("ike", "established"),
    "established Child SA": StateWord("child", "established"),
    "IPsec SA established": StateWord("child", "established"),
    "waiting for KE to finish": StateWord("ike", "half_open"),
    "larval unsecured IKE SA responder": StateWord("ike", "half_open"),
    "deleted state": StateWord("ike", "deleting"),
    "sent AI2, ISAKMP SA established": StateWord("ike", "established"),
    "sent AI2, IKE SA established": StateWord("ike", "established"),
    "sent QI2, IPsec SA established": StateWord("child", "established"),
    "sent Quick Mode reply, inbound IPsec SA installed, expecting confirmation": StateWord(
        "child", "negotiating"
    ),
    "sent Main Mode request": StateWord("ike", "half_open"),
    "expecting Main Mode request": StateWord("ike", "half_open"),
    "sent Aggressive Mode request": StateWord("ike", "half_open"),
    "expecting Aggressive Mode request": StateWord("ike", "half_open"),
    "sent Main Mode R1": StateWord("ike", "authenticating"),
    "sent Main Mode R2": StateWord("ike", "authenticating"),
    "sent Main Mode I2": StateWord("ike", "authenticating"),
    "sent Main Mode I3": StateWord("ike", "authenticating"),
    "sent Aggressive Mode response, expecting confirmation": StateWord("ike", "authenticating"),
    "sent ModeCfg request": StateWord("ike", "established"),
    "sent ModeCfg reply, expecting Ack": StateWord("ike", "established"),
    "received ModeCfg Ack": StateWord("ike", "established"),
    "received ModeCfg request, reply sent": StateWord("ike", "established"),
    "non-pull client received MODE_CFG": StateWord("ike", "established"),
    "server sent MODE_CFG SET, waiting for MODE_CFG ACK": StateWord("ike", "established"),
}
"""5.4 prints no name, only the story (the text that stood in brackets before)."""

_PARTS: tuple[tuple[str, StateWord], ...] = (
    ("rekey IKE SA", StateWord("ike", "rekeying")),
    ("REKEY_IKE", StateWord("ike", "rekeying")),
    ("XAUTH", StateWord("ike", "authenticating")),
    ("IKE_AUTH", StateWord("ike", "authenticating")),
    ("IKE_SA_INIT", StateWord("ike", "half_open")),
    ("IKE_SESSION_RESUME", StateWord("ike", "half_open")),
    ("IKE_INTERMEDIATE", StateWord("ike", "half_open")),
    ("CREATE_CHILD_SA", StateWord("child", "negotiating")),
    ("NEW_CHILD", StateWord("child", "negotiating")),
    ("REKEY_CHILD", StateWord("child", "negotiating")),
    ("Quick Mode", StateWord("child", "negotiating")),
    ("ISAKMP SA established", StateWord("ike", "established")),
    ("established Child", StateWord("child", "established")),
    ("IPsec SA established", StateWord("child", "established")),
)
"""Parts that show the state, for stories that are not in a table (5.5 and later), the clearest part first."""

_STATES: dict[str, StateWord] = {
    name: StateWord(sa, phase) for (sa, phase), names in _NAMES.items() for name in names.split()
}

NAMES: tuple[str, ...] = (*_STATES, *_STORIES)
"""Every name, without STATE_ and V2_, and every story."""


def state_word(text: str) -> StateWord | None:
    """The meaning of pluto's words for a state; None if they are not known.

    `text` is `STATE_V2_PARENT_I1 (sent IKE_SA_INIT request)` up to 5.3.2, `sent IKE_SA_INIT request` on 5.4.
    """
    name, _, rest = text.partition(" ")
    if rest.startswith("("):
        by_name = _STATES.get(name.removeprefix("STATE_").removeprefix("V2_"))
        if by_name is not None:
            return by_name
        text = rest[1:].removesuffix(")")
    by_story = _STORIES.get(text) or _STATES.get(text.removeprefix("STATE_").removeprefix("V2_"))
    if by_story is not None:
        return by_story
    return next((word for part, word in _PARTS if part in text), None)
