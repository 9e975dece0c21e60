#!/usr/bin/python
# Copyright: the authors of autod
# MIT License (see LICENSE in the sources of autod, or https://opensource.org/license/mit)
"""The module libreswan.autod.sync: pluto holds what ipsec.conf says. Thin: `autod --diff` and `autod --sync` do it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: sync
short_description: Make pluto hold what ipsec.conf says, and touch nothing else
description:
  - Loads what the configuration has and pluto has not, replaces what differs, and deletes what this file loaded once and has not any more.
  - What is the same is left alone, with its tunnels. What was up before it was replaced is brought up again, without waiting.
  - With O(content) it writes the file first. In check mode the new text is compared with what pluto holds, although it is not written.
  - A file that another module writes is not there yet in check mode, so nothing could be said of it.
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
      - The text of the whole configuration file, such as P(ansible.builtin.file#lookup) or P(ansible.builtin.template#lookup) gives it.
      - It is written where O(config) says, whole or not at all.
      - Where this release of Libreswan cannot read it, or not all that it asks for can be done, nothing is changed.
    type: str
  backup:
    description: Keep the file as it was beside the new one, as RV(backup_file).
    type: bool
    default: false
  name:
    description: Only these connections, aliases or patterns. Without it, all that C(auto=) loads.
    type: list
    elements: str
    default: []
    aliases: [names]
  force:
    description: Take also those steps that take down other connections of the same IKE SA (5.4), and delete what autod doubts.
    type: bool
    default: false
  prune:
    description: Delete these connections or patterns too, whoever loaded them.
    type: list
    elements: str
    default: []
  remove_at_most:
    description: How much of what the file loaded may be deleted at once, in percent, without O(force). autod allows 20.
    type: int
  deadline:
    description: For all of it.
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

- name: Have pluto hold what is in the file already
  libreswan.autod.sync:

- name: Only some, from another file
  libreswan.autod.sync:
    name: branch-*
    config: /etc/ipsec.d/branches/ipsec.conf
"""

RETURN = r"""
steps:
  description: What is done, or would be (check mode), in order.
  returned: always
  type: list
  elements: dict
  contains:
    action:
      description: V(add), V(replace), V(delete), or V(begin) for what is loaded and not yet routed or initiated.
      type: str
    connection:
      description: The connection as the file has it.
      type: str
    names:
      description: Its names in pluto; of C(subnets={}) only the pairs that changed.
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
  description: What pluto has, and was not loaded from this file. It is left alone.
  returned: always
  type: list
  elements: str
uncompared:
  description: Settings that pluto does not show, by connection. Whether they differ cannot be told.
  returned: always
  type: dict
backup_file:
  description: The file as it was before.
  returned: if O(backup=true) and the file changed
  type: str
failed_connections:
  description: Those that are not as the file has them.
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
    # While it is only looked at, a new text stands in a file of its own.
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
        # A file that would not be loaded as it stands is not written either.
        written.changed = False
        finish(module, compared, written, [], problems)
    if not module.check_mode:
        written.put_in_place()
        # Also where nothing differs: autod keeps in mind which connections the file had.
        if steps or written.changed:
            steps = take(autod, words, names, steps, problems)
    finish(module, compared, written, steps, problems)


def take(autod, words, names, steps, problems):
    """Have the steps taken: those that were. `problems` gets the others."""
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
    """The configuration file, and the text that is to take its place."""

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
        """The file to look at: the new one while it is not in its place."""
        return self._new or self._path

    @property
    def stands_for(self):
        """What says that the new one is to take the place of the other."""
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
        """What Ansible's --diff compares, where the text changes."""
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
    """Connection -> why it will not be as the file has it."""
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
    """End with what was done or would be."""
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
