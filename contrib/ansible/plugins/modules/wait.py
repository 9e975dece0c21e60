#!/usr/bin/python
# Copyright: the authors of autod
# MIT License (see LICENSE in the sources of autod, or https://opensource.org/license/mit)
"""The module libreswan.autod.wait: a barrier. Thin: `autod --wait` does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: wait
short_description: Wait until IPsec connections are up
description:
  - Initiates nothing. Ends when every connection is up, or fails at the deadline, with those that are not.
  - Waits for a pluto that does not run yet.
version_added: 0.1.0
extends_documentation_fragment:
  - libreswan.autod.autod
attributes:
  check_mode:
    description: Looks once, does not wait, and fails for nothing.
    support: full
  diff_mode:
    description: It changes nothing.
    support: none
options:
  name:
    description:
      - Connections, aliases or patterns of connections that pluto has loaded.
      - By default those that the configuration starts (C(auto=start), V(up), V(keep)), also if pluto has not loaded them yet.
    type: list
    elements: str
    default: []
    aliases: [names]
  deadline:
    description: How long to wait.
    type: str
    default: 2m
seealso:
  - module: libreswan.autod.connection
"""

EXAMPLES = r"""
- name: All tunnels that ipsec.conf starts are up, within a minute
  libreswan.autod.wait:
    deadline: 1m

- name: These two
  libreswan.autod.wait:
    name: [branch-17, branch-18]
"""

RETURN = r"""
up:
  description: Connections that are up.
  returned: always
  type: list
  elements: str
missing:
  description: Connections that are not up.
  returned: always
  type: list
  elements: str
not_loaded:
  description: Those of RV(missing) that pluto has not even loaded.
  returned: always
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.libreswan.autod.plugins.module_utils.autod import OPTIONS, Autod, check_names

_ONE_LOOK = "1s"


def main():
    module = AnsibleModule(
        argument_spec=dict(
            OPTIONS,
            name={"type": "list", "elements": "str", "default": [], "aliases": ["names"]},
            deadline={"type": "str", "default": "2m"},
        ),
        supports_check_mode=True,
    )
    names = check_names(module, module.params["name"]) or None
    autod = Autod(module)
    words = ["--deadline", _ONE_LOOK if module.check_mode else module.params["deadline"]]
    answer = autod.run("--wait", *words, *(() if names else ("--all",)), names=names)
    waited = answer.of_kind("waited")
    if not waited:
        autod.fail(answer)
    last = waited[-1]
    missing, absent = last["missing"], last.get("not_loaded", [])
    result = {"changed": False, "up": last["up"], "missing": missing, "not_loaded": absent}
    if last["ok"] or module.check_mode:
        module.exit_json(**result)
    names = ", ".join(
        '"{}" is not {}'.format(name, "loaded" if name in absent else "up") for name in missing[:10]
    )
    more = f" and {len(missing) - 10} more" if len(missing) > 10 else ""
    within = "within {}".format(module.params["deadline"])
    module.fail_json(msg=last.get("text") or f"{names}{more} {within}", rc=answer.status, **result)


if __name__ == "__main__":
    main()
