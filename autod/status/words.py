"""pluto's words for routing and timers, of every release, and ours for them. Tables, nothing else.

States have theirs in autod.protocol.states. The words come from running releases (the transcripts under tests/data).
"""

from __future__ import annotations

from autod.status.model import Routing

__all__ = ["ROUTING", "TIMERS"]


TIMERS: dict[str, str] = {
    "REKEY": "rekey_in",
    "REPLACE": "replace_in",
    "REPLACE_IF_USED": "replace_in",
    "REPLACE_IF_USED_IKE": "replace_in",
    "EXPIRE": "expire_in",
    "DISCARD": "expire_in",
    "RETRANSMIT": "retransmit_in",
}
"""The field of each timer. The timers are without the EVENT_, SA_, SO_, v1_ and v2_ of old releases."""

ROUTING: dict[str, Routing] = {
    # 3.27 to 4.15
    "unrouted": "unrouted",
    "unrouted HOLD": "negotiating",
    "eroute eclipsed": "eclipsed",
    "prospective erouted": "ondemand",
    "erouted HOLD": "negotiating",
    "fail erouted": "failure",
    "erouted": "tunnel",
    "keyed, unrouted": "unrouted_tunnel",
    # 5.0 to 5.4
    "unoriented": "unrouted",
    "routed-never-negotiate": "never_negotiate",
    "routed-ondemand": "ondemand",
    "unrouted-bare-negotiation": "negotiating",
    "unrouted-negotiation": "negotiating",
    "routed-negotiation": "negotiating",
    "routed-failure": "failure",
    "unrouted-inbound": "inbound",
    "unrouted-inbound-negotiation": "inbound",
    "routed-inbound-negotiation": "inbound",
    "routed-inbound": "inbound",
    "routed-tunnel": "tunnel",
    "unrouted-tunnel": "unrouted_tunnel",
}
"""The routing of a connection in the model, by the word of the release for it."""
