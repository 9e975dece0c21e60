# Copyright: the authors of autod
# MIT License (see LICENSE in the sources of autod, or https://opensource.org/license/mit)
"""The condition of a connection in pluto's state, and whether it satisfies a wish. Pure.

Owns: the words for a condition, which words satisfy which wish, and which connections a name or pattern matches. Must
not know: how the state was asked for, what follows.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

ABSENT = "not loaded"

SATISFIED = {
    "up": ("up",),
    "down": ("down", ABSENT),
    "routed": ("routed",),
    "unrouted": ("not routed", ABSENT),
    "absent": (ABSENT,),
}
"""Wish -> the conditions that satisfy it."""

AFTER = {
    "up": "up",
    "down": "down",
    "routed": "routed",
    "unrouted": "not routed",
    "absent": ABSENT,
}
"""Wish -> the condition when it is fulfilled."""

_NOT_ROUTED = ("unrouted", "unrouted_tunnel", None)


class State:
    """A document of `autod --status --json`, by connection."""

    def __init__(self, document):
        self.connections = {}
        self._aliases = {}
        for connection in document["connections"]:
            name = connection["name"]
            # The instances of a template have its name. The template stands for them.
            if name not in self.connections or connection.get("instance") is None:
                self.connections[name] = connection
            for alias in connection.get("aliases") or ():
                self._aliases.setdefault(alias, {})[name] = None
        children = document["child_sas"]
        self._up = {sa["connection"] for sa in children if sa["phase"] == "established"}
        self._children = {sa["connection"] for sa in children}
        self._children |= {
            exchange["connection"] for exchange in document.get("pending") or () if exchange.get("connection")
        }
        users = {}
        for sa in children:
            users.setdefault(sa.get("ike_sa"), set()).add(sa["connection"])
        # An IKE SA that carries only tunnels of other connections stays for them when its owner goes down.
        self._owners = {
            sa["connection"]
            for sa in document["ike_sas"]
            if not (users.get(sa["serial"], set()) - {sa["connection"]})
        }

    def matched(self, words):
        """The connections that names, aliases and patterns stand for, in order; an unknown name stands for itself."""
        names = {}
        for word in words:
            if word in self.connections:
                names[word] = None
            elif word in self._aliases:
                names.update(self._aliases[word])
            elif any(character in word for character in "*?["):
                names.update((name, None) for name in self.connections if fnmatchcase(name, word))
                for alias, members in self._aliases.items():
                    if fnmatchcase(alias, word):
                        names.update(members)
            else:
                names[word] = None
        return list(names)

    def can_be_initiated(self, name):
        """Whether it is loaded, and its peer is known."""
        return self.connections.get(name, {}).get("kind") == "permanent"

    def condition(self, name, wish):
        """The condition of a connection, in the words of SATISFIED for this wish."""
        if name not in self.connections:
            return ABSENT
        if wish == "absent":
            return "loaded"
        if wish in ("routed", "unrouted"):
            return "not routed" if self.connections[name].get("routing") in _NOT_ROUTED else "routed"
        if name in self._up:
            return "up"
        return "negotiating" if name in self._children or name in self._owners else "down"

    @property
    def up(self):
        """The connections with an established Child SA, in the order of the status."""
        return [name for name in self.connections if name in self._up]


def unsatisfied(state, words, wish):
    """Connection -> its condition, for those that the words match and that do not satisfy the wish.

    For the wish up, a pattern matches only connections that can be initiated. An unknown name counts, unless the wish
    is absent, down or unrouted.
    """
    unmet = {}
    for name in state.matched(words):
        condition = state.condition(name, wish)
        if condition in SATISFIED[wish]:
            continue
        if wish == "up" and name not in words and not state.can_be_initiated(name):
            continue
        unmet[name] = condition
    return unmet
