#!/usr/bin/python
# Copyright: the authors of autod
# MIT License (see LICENSE in the sources of autod, or https://opensource.org/license/mit)
"""The module libreswan.autod.facts: pluto's state as facts. Thin: they come from `autod --status --json`."""

from __future__ import annotations

DOCUMENTATION = r"""
module: facts
short_description: Gather the state of pluto as facts
description:
  - Asks pluto for its status once, and returns it as C(ansible_facts.autod).
  - The status of 5,000 connections stops pluto for 0.3 s, so do not gather in a loop.
version_added: 0.1.0
extends_documentation_fragment:
  - libreswan.autod.autod
attributes:
  check_mode:
    description: It changes nothing.
    support: full
  diff_mode:
    description: It changes nothing.
    support: none
  facts:
    description: Returns C(ansible_facts.autod).
    support: full
options:
  name:
    description: Only these connections, aliases or patterns. A pattern that matches nothing gives nothing.
    type: list
    elements: str
    default: ["*"]
    aliases: [names]
  details:
    description: Return the whole document as RV(ansible_facts.autod.status) too, as C(autod --status --json) prints it.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Look at the branches
  libreswan.autod.facts:
    name: branch-*

- name: Show the connections that are not up
  ansible.builtin.debug:
    var: ansible_facts.autod.down
"""

RETURN = r"""
ansible_facts:
  description: pluto's state.
  returned: always
  type: dict
  contains:
    autod:
      description: The facts.
      type: dict
      contains:
        release:
          description: Libreswan's release.
          type: str
        up:
          description: Connections with an established Child SA.
          type: list
          elements: str
        down:
          description: The others that could be initiated.
          type: list
          elements: str
        totals:
          description: pluto's own counts.
          type: dict
        connections:
          description: "By name: kind, routing, up, aliases, address and identity of the peer, IKE version."
          type: dict
        status:
          description: The whole document, if O(details=true).
          type: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.libreswan.autod.plugins.module_utils import conditions
from ansible_collections.libreswan.autod.plugins.module_utils.autod import OPTIONS, Autod, check_names


def main():
    module = AnsibleModule(
        argument_spec=dict(
            OPTIONS,
            name={"type": "list", "elements": "str", "default": ["*"], "aliases": ["names"]},
            details={"type": "bool", "default": False},
        ),
        supports_check_mode=True,
    )
    document = Autod(module).status()
    state = conditions.State(document)
    up = set(state.up)
    names = [
        name
        for name in state.matched(check_names(module, module.params["name"]))
        if name in state.connections
    ]
    facts = {
        "release": document["release"],
        "up": [name for name in names if name in up],
        "down": [name for name in names if name not in up and state.can_be_initiated(name)],
        "totals": document["totals"],
        "connections": {name: _fact(state.connections[name], name in up) for name in names},
    }
    if module.params["details"]:
        facts["status"] = document
    module.exit_json(changed=False, ansible_facts={"autod": facts})


def _fact(connection, up):
    remote = connection.get("remote") or {}
    return {
        "up": up,
        "kind": connection.get("kind"),
        "routing": connection.get("routing"),
        "aliases": connection.get("aliases"),
        "peer": remote.get("address") or remote.get("host"),
        "peer_id": remote.get("id"),
        "ike_version": connection.get("ike_version"),
    }


if __name__ == "__main__":
    main()
