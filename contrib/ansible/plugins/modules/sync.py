#!/usr/bin/python
# Copyright: the authors of autod
# MIT License (see LICENSE in the sources of autod, or https://opensource.org/license/mit)
"""The module libreswan.autod.sync: pluto equals ipsec.conf. Thin: `autod --diff` and `autod --sync` do the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: sync
short_description: Make pluto equal to ipsec.conf, and touch nothing else
description:
  - Loads connections that pluto does not have, replaces those that differ, and deletes those that were loaded from this file and left it.
  - Equal connections are left alone, with their tunnels. A connection that was up before it was replaced is brought up again, without waiting.
  - With O(content) it writes the file first. In check mode the new text is compared with pluto, although it is not written.
  - In check mode a file that another module writes does not exist yet, so it cannot be compared.
version_added: 0.1.0
extends_documentation_fragment:
  - libreswan.autod.autod
attributes:
  check_mode:
    description: Asks C(autod --diff) and C(autod --sync --dry-run), which send nothing that changes pluto.
    support: full
  diff_mode:
    description: Shows each setting that differs, as pluto has it and as the file has it.
    support: full
options:
  content:
    description:
      - The text of the whole configuration file, for example from P(ansible.builtin.file#lookup) or P(ansible.builtin.template#lookup).
      - It is written to O(config), whole or not at all.
      - If this release of Libreswan cannot read it, or a step is not possible, nothing is changed.
    type: str
  backup:
    description: Keep the old file beside the new one, as RV(backup_file).
    type: bool
    default: false
  name:
    description: Only these connections, aliases or patterns. By default all that C(auto=) loads.
    type: list
    elements: str
    default: []
    aliases: [names]
  force:
    description: Take also steps that take down other connections of the same IKE SA (5.4), and delete connections that autod would rather keep.
    type: bool
    default: false
  prune:
    description: Delete these connections or patterns too, no matter who loaded them.
    type: list
    elements: str
    default: []
  remove_at_most:
    description: How many percent of the connections of the file may be deleted at once without O(force). By default 20.
    type: int
  deadline:
    description: For the whole run.
    type: str
    default: 5m
seealso:
  - module: libreswan.autod.connection
"""

EXAMPLES = r"""
- name: A new ipsec.conf, written and loaded
  libreswan.autod.sync:
    content: "{{ lookup('ansible.builtin.file', 'gateways/' + inventory_hostname + '.conf') }}"
    backup: true

- name: Make pluto equal to the present file
  libreswan.autod.sync:

- name: Only some, from another file
  libreswan.autod.sync:
    name: branch-*
    config: /etc/ipsec.d/branches/ipsec.conf
"""

RETURN = r"""
steps:
  description: The steps that are taken, or would be (check mode), in order.
  returned: always
  type: list
  elements: dict
  contains:
    action:
      description: V(add), V(replace), V(delete), or V(begin) for a connection that is loaded, and not yet routed or initiated.
      type: str
    connection:
      description: The connection as the file has it.
      type: str
    names:
      description: Its names in pluto; with C(subnets={}), only the pairs that changed.
      type: list
      elements: str
    takes_down:
      description: Connections that are up and that this step takes down.
      type: list
      elements: str
    siblings:
      description: Whether others of the same IKE SA are among them. Such a step is left out without O(force).
      type: bool
takes_down:
  description: All connections that are up and that this takes down.
  returned: always
  type: list
  elements: str
foreign:
  description: Connections of pluto that were not loaded from this file. They are left alone.
  returned: always
  type: list
  elements: str
uncompared:
  description: Settings that pluto does not show, by connection. They cannot be compared.
  returned: always
  type: dict
backup_file:
  description: The path of the old file.
  returned: if O(backup=true) and the file changed
  type: str
failed_connections:
  description: Connections that do not equal the file.
  returned: on failure
  type: list
  elements: str
"""

import os
import tempfile

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.libreswan.autod.plugins.module_utils import comparison
from ansible_collections.libreswan.autod.plugins.module_utils.autod import (
    OPTIONS,
    Autod,
    check_names,
    failure_of,
    text_of,
)

DEFAULT = "/etc/ipsec.conf"


def main():
    module = AnsibleModule(
        argument_spec=dict(
            OPTIONS,
            content={"type": "str"},
            backup={"type": "bool", "default": False},
            name={"type": "list", "elements": "str", "default": [], "aliases": ["names"]},
            force={"type": "bool", "default": False},
            prune={"type": "list", "elements": "str", "default": []},
            remove_at_most={"type": "int"},
            deadline={"type": "str", "default": "5m"},
        ),
        supports_check_mode=True,
    )
    names = check_names(module, module.params["name"]) or None
    written = File(module)
    autod = Autod(module)
    deadline = ["--deadline", module.params["deadline"]]
    # A new text stands in a file of its own until it is certain that it can be used.
    answer = autod.run("--diff", *deadline, *written.stands_for, names=names, config=written.candidate)
    if not answer.of_kind("comparison"):
        autod.fail(answer, steps=[])
    compared = comparison.Comparison(answer.of_kind("comparison")[0])
    words = deadline + (["--force"] if module.params["force"] else [])
    for name in module.params["prune"]:
        words += ["--prune", name]
    if module.params["remove_at_most"] is not None:
        words += ["--remove-at-most", str(module.params["remove_at_most"])]
    steps, problems = [], {}
    if module.params["prune"] or not compared.settled:
        plan = autod.run(
            "--sync", "--dry-run", *words, *written.stands_for, names=names, config=written.candidate
        )
        if plan.error:
            autod.fail(plan, steps=[])
        planned = comparison.steps_of(plan)
        steps = [step for step in planned if module.params["force"] or not step["siblings"]]
        problems = problems_of(compared, plan, [step for step in planned if step not in steps])
    if problems and written.changed:
        # If the file could not be loaded as it stands, it is not written either.
        written.changed = False
        finish(module, compared, written, [], problems)
    if not module.check_mode:
        written.put_in_place()
        # Also if nothing differs: autod remembers which connections the file has.
        if steps or written.changed:
            steps = take(autod, words, names, steps, problems)
    finish(module, compared, written, steps, problems)


def take(autod, words, names, steps, problems):
    """Take the steps. Returns those that were taken; `problems` gets the others."""
    answer = autod.run("--sync", *words, names=names)
    if answer.error:
        autod.fail(answer, steps=steps)
    outcomes = {}
    for outcome in answer.of_kind("outcome"):
        outcomes.setdefault(outcome["connection"], []).append(outcome)
    taken = []
    for step in steps:
        results = [
            outcome for name in {step["connection"], *step["names"]} for outcome in outcomes.get(name, ())
        ]
        if any(outcome["ok"] for outcome in results):
            taken.append(step)
        for outcome in results:
            if not outcome["ok"]:
                problems[step["connection"]] = outcome["sentence"]
        if not results:
            problems[step["connection"]] = (
                f'"{step["connection"]}": autod says nothing of it: {answer.sentence}'
            )
    return taken


class File:
    """The configuration file, and its new text."""

    def __init__(self, module):
        self._module = module
        self._path = module.params["config"] or DEFAULT
        self.changed, self.backup, self._new = False, None, None
        self.before = self.after = None
        text = module.params["content"]
        if text is None:
            return
        self.after = text
        if os.path.exists(self._path):
            with open(self._path, encoding="utf-8", errors="surrogateescape", newline="") as file:
                self.before = file.read()
        self.changed = self.before != self.after
        if self.changed:
            handle, self._new = tempfile.mkstemp(prefix="ipsec.conf.", dir=module.tmpdir)
            with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
                file.write(text)

    @property
    def candidate(self):
        """The path to compare: that of the new text, until it is in its place."""
        return self._new or self._path

    @property
    def stands_for(self):
        """The options that say which file the new one will replace."""
        return ("--as", self._path) if self._new else ()

    def put_in_place(self):
        """Write the file, whole or not at all; one that is there keeps its owner and mode."""
        if not self.changed:
            return
        if self._module.params["backup"] and self.before is not None:
            self.backup = self._module.backup_local(self._path)
        self._module.atomic_move(self._new, self._path)
        self._new = None

    def diff(self):
        """The texts for Ansible's --diff, if the text changes."""
        if not self.changed:
            return []
        return [
            {
                "before_header": self._path,
                "after_header": self._path,
                "before": self.before or "",
                "after": self.after,
            }
        ]


def problems_of(compared, plan, left_out):
    """Connection -> why it will not equal the file."""
    problems = {
        name: f'"{name}" cannot be loaded as it stands in the configuration; autod --check says why'
        for name in compared.refused
    }
    deleted = {step["connection"] for step in comparison.steps_of(plan) if step["action"] == "delete"}
    for name, doubt in compared.doubtful.items():
        if name not in deleted:
            problems[name] = f'"{name}" is not deleted: {doubt}; force=true deletes it'
    for event in plan.of_kind("removal_refused"):
        problems.update(dict.fromkeys(event["connections"], event["text"]))
    for step in left_out:
        problems[step["connection"]] = (
            '"{}" was left out, as it takes others down ({}); force=true does it'.format(
                step["connection"],
                ", ".join(step["takes_down"]),
            )
        )
    return problems


def finish(module, compared, written, steps, problems):
    """End the module with its result."""
    for name, settings in compared.uncompared.items():
        module.warn("{}: pluto does not show {}, so that was not compared".format(name, ", ".join(settings)))
    before, after = compared.sides(step["connection"] for step in steps)
    result = {
        "changed": bool(steps) or written.changed,
        "steps": steps,
        "takes_down": list(dict.fromkeys(name for step in steps for name in step["takes_down"])),
        "foreign": compared.foreign,
        "uncompared": compared.uncompared,
        "diff": written.diff(),
    }
    if before or after:
        sides = {"before": text_of(before), "after": text_of(after)}
        result["diff"].append(dict(sides, before_header="in pluto", after_header="in pluto"))
    if written.backup is not None:
        result["backup_file"] = written.backup
    if problems:
        module.fail_json(
            msg=failure_of({text: text for text in problems.values()}),
            rc=1,
            failed_connections=list(problems),
            **result,
        )
    module.exit_json(**result)


if __name__ == "__main__":
    main()
