#!/usr/bin/python
# Copyright: the authors of autod
# MIT License (see LICENSE in the sources of autod, or https://opensource.org/license/mit)
"""The module libreswan.autod.connection: one wish for connections. Thin: autod does the work, module_utils compares."""

from __future__ import annotations

DOCUMENTATION = r"""
module: connection
short_description: Bring IPsec connections up or down, load, unload or route them
description:
  - Brings connections into one state with C(autod), one or thousands at once, on every Libreswan from 3.27 to 5.4.
  - A connection that has the state already is left alone. So a second run changes nothing, and takes no tunnel down.
  - A connection counts as up when a Child SA of it is established.
version_added: 0.1.0
extends_documentation_fragment:
  - libreswan.autod.autod
attributes:
  check_mode:
    description: Looks at pluto's state, sends nothing, and says what would change.
    support: full
  diff_mode:
    description: Shows the state of each connection that changes, before and after.
    support: full
options:
  name:
    description:
      - Connections, aliases, or patterns such as V(branch-*).
      - A pattern matches connections that pluto has loaded; with O(state=present), those of the configuration.
      - With O(state=present), O(state=up) and O(state=routed), a pattern that matches nothing is a mistake. Otherwise there is nothing to do.
    type: list
    elements: str
    required: true
    aliases: [names]
  state:
    description:
      - V(up) brings up and waits until the Child SA is established, or the negotiation failed.
      - V(down) takes the SAs down. The connection stays loaded.
      - V(present) loads connections of the configuration that pluto does not have, or has in another form. A tunnel that this takes down is brought up again, without waiting.
      - V(absent) takes down and unloads.
      - V(routed) lets traffic bring it up, V(unrouted) undoes that.
    type: str
    choices: [up, down, present, absent, routed, unrouted]
    default: up
  timeout:
    description: For each connection, such as V(90s) or V(5m). By default that of autod.
    type: str
  deadline:
    description: For all of them together, from finding out the release to the last look.
    type: str
    default: 5m
  retries:
    description: How often a failure that may pass is tried again, with a back-off; for O(state=up).
    type: int
    default: 0
  limit:
    description: How many may be in flight at once. By default autod finds the number while it runs.
    type: int
  on_failure:
    description: With V(leave) pluto goes on trying to bring up a connection that failed, with V(down) it is taken down; for O(state=up).
    type: str
    choices: [leave, down]
    default: leave
  force:
    description: Do what autod refuses for its cost, such as O(state=present) on 5.4 if siblings of the same IKE SA go down.
    type: bool
    default: false
  report:
    description:
      - Return RV(report), from which C(autod report) on the controller makes one page about all gateways.
      - Only for O(state=up), O(state=down), O(state=absent), O(state=routed), O(state=unrouted).
    type: bool
    default: false
seealso:
  - module: libreswan.autod.sync
  - module: libreswan.autod.wait
"""

EXAMPLES = r"""
- name: Bring up all branches, two minutes at most
  libreswan.autod.connection:
    name: branch-*
    state: up
    deadline: 2m

- name: Take one down
  libreswan.autod.connection:
    name: branch-17
    state: down

- name: Load two connections as ipsec.conf has them
  libreswan.autod.connection:
    name: [branch-17, branch-18]
    state: present

- name: Say which tunnels would be brought up, and send nothing
  libreswan.autod.connection:
    name: branch-*
  check_mode: true
  register: would
"""

RETURN = r"""
connections:
  description: The connections to change, by name. Those that had the state already are not among them.
  returned: always
  type: dict
  sample:
    branch-17:
      before: down
      after: up
      ok: true
      cause: null
      sentence: '"branch-17" is up: Child SA #2 on IKE SA #1'
  contains:
    before:
      description: Its state before.
      type: str
    after:
      description: Its state after, or the one that it would have (check mode). The same as before, if it failed.
      type: str
    ok:
      description: Whether it has the state now. Absent in check mode.
      type: bool
    cause:
      description: Why it does not, as one of the causes of autod's docs/events.md.
      type: str
    sentence:
      description: autod's sentence about it.
      type: str
takes_down:
  description: Connections that are up and that this takes down, with O(state=present).
  returned: with O(state=present)
  type: list
  elements: str
failed_connections:
  description: Connections that do not have the state.
  returned: on failure
  type: list
  elements: str
report:
  description: The run for C(autod report), with the duration of each attempt.
  returned: if O(report=true) and pluto was asked for something
  type: dict
"""

import json
import os
import tempfile

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.libreswan.autod.plugins.module_utils import comparison, conditions
from ansible_collections.libreswan.autod.plugins.module_utils.autod import (
    OPTIONS,
    Autod,
    check_names,
    failure_of,
    text_of,
)

OPERATIONS = {
    "up": "--up",
    "down": "--down",
    "absent": "--delete",
    "routed": "--route",
    "unrouted": "--unroute",
}
"""Wish -> autod's operation. `present` is a synchronisation of the names."""


def main():
    module = AnsibleModule(
        argument_spec=dict(
            OPTIONS,
            name={"type": "list", "elements": "str", "required": True, "aliases": ["names"]},
            state={
                "type": "str",
                "choices": ["up", "down", "present", "absent", "routed", "unrouted"],
                "default": "up",
            },
            timeout={"type": "str"},
            deadline={"type": "str", "default": "5m"},
            retries={"type": "int", "default": 0},
            limit={"type": "int"},
            on_failure={"type": "str", "choices": ["leave", "down"], "default": "leave"},
            force={"type": "bool", "default": False},
            report={"type": "bool", "default": False},
        ),
        supports_check_mode=True,
    )
    names = check_names(module, module.params["name"])
    if module.params["state"] == "present":
        load(module, Autod(module), names)
    change(module, Autod(module), names)


def change(module, autod, names):
    """All states but present: look, do the remaining work, and end the module."""
    wish = module.params["state"]
    state = conditions.State(autod.status())
    todo = conditions.unsatisfied(state, names, wish)
    for word in names:
        if wish in ("up", "routed") and is_pattern(word) and not state.matched([word]):
            sentence = f"{word!r} matches no connection of those that pluto has loaded"
            if not module.check_mode:
                module.fail_json(msg=sentence, connections={})
            module.warn(f"{sentence} now")
    transitions = {name: {"before": before, "after": conditions.AFTER[wish]} for name, before in todo.items()}
    if module.check_mode:
        for name, before in todo.items():
            if before == conditions.ABSENT:
                module.warn(f"{name} is not loaded now: only if it is by then can it be {wish}")
    # A report also has connections that were up before.
    fine = conditions.SATISFIED[wish]
    chosen = [name for name in state.matched(names) if name in todo or state.condition(name, wish) in fine]
    if module.check_mode or not (todo or (module.params["report"] and chosen)):
        module.exit_json(changed=bool(todo), connections=transitions, diff=diff_of(transitions))
    answer, report = do(module, autod, wish, chosen if module.params["report"] else list(todo))
    outcomes = answer.outcomes
    failures = {}
    for name, transition in transitions.items():
        outcome = outcomes.get(name)
        if outcome is None:
            # A connection has no outcome only if an error ended the whole run.
            transition.update(after=transition["before"], ok=False, cause=None, sentence=answer.sentence)
        elif outcome.get("ok") or outcome.get("state") == "already":
            transition.update(ok=True, cause=None, sentence=outcome.get("sentence"))
        else:
            transition.update(
                after=transition["before"],
                ok=False,
                cause=outcome.get("cause"),
                sentence=outcome.get("sentence") or answer.sentence,
            )
        if not transition["ok"]:
            failures[name] = transition["sentence"]
    result = {
        "changed": len(failures) < len(transitions),
        "connections": transitions,
        "diff": diff_of(transitions),
    }
    if report is not None:
        result["report"] = report
    if failures:
        same = len(set(failures.values())) == 1
        module.fail_json(
            msg=next(iter(failures.values())) if same else failure_of(failures),
            rc=answer.status,
            cmd=answer.argv,
            failed_connections=list(failures),
            **result,
        )
    module.exit_json(**result)


def do(module, autod, wish, names):
    """Run autod. Returns its answer, and the report, if the module wants one."""
    words = ["--deadline", module.params["deadline"]]
    if module.params["timeout"] is not None:
        words += ["--timeout", module.params["timeout"]]
    if wish == "up":
        words += ["--retries", str(module.params["retries"]), "--on-failure", module.params["on_failure"]]
    if wish == "unrouted" and module.params["force"]:
        words.append("--force")
    if module.params["limit"] is not None:
        words += ["--limit", str(module.params["limit"])]
    path = None
    if module.params["report"]:
        handle, path = tempfile.mkstemp(suffix=".json", dir=module.tmpdir)
        os.close(handle)
        words += ["--report", path]
    answer = autod.run(OPERATIONS[wish], *words, names=names, config=False)
    if not answer.events:
        autod.fail(answer, connections={})
    report = None
    if path is not None:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        report = json.loads(text) if text else None
    return answer, report


def load(module, autod, names):
    """Load these connections as the configuration has them."""
    answer = autod.run("--diff", "--deadline", module.params["deadline"], names=names)
    if not answer.of_kind("comparison"):
        autod.fail(answer, connections={})
    compared = comparison.Comparison(answer.of_kind("comparison")[0])
    for name, settings in compared.uncompared.items():
        module.warn("{}: pluto does not show {}, so that was not compared".format(name, ", ".join(settings)))
    before, after = compared.sides(compared.wanting)
    transitions = {
        name: {
            "before": conditions.ABSENT if name in compared.missing else "different",
            "after": "as configured",
        }
        for name in compared.wanting
    }
    result = {
        "changed": False,
        "connections": transitions,
        "takes_down": [],
        "diff": {"before": text_of(before), "after": text_of(after)},
    }
    words = ["--deadline", module.params["deadline"]] + (["--force"] if module.params["force"] else [])
    if compared.refused:
        refused = {
            name: f'"{name}" cannot be loaded as it stands in the configuration{why(autod, name)}'
            for name in compared.refused
        }
        module.fail_json(msg=failure_of(refused), failed_connections=list(refused), **result)
    if not transitions:
        module.exit_json(**result)
    plan = autod.run("--sync", "--dry-run", *words, names=list(transitions))
    result["takes_down"] = [name for step in comparison.steps_of(plan) for name in step["takes_down"]]
    if module.check_mode and plan.status == 0:
        module.exit_json(**dict(result, changed=True))
    answer = plan if module.check_mode else autod.run("--sync", *words, names=list(transitions))
    failures = {}
    for name, transition in transitions.items():
        outcome = answer.outcomes.get(name)
        if outcome is not None and outcome["ok"]:
            transition.update(ok=True, cause=None, sentence=outcome["sentence"])
            continue
        sentence = outcome["sentence"] if outcome is not None else left_out(plan, name) or answer.sentence
        transition.update(
            after=transition["before"], ok=False, cause=outcome and outcome["cause"], sentence=sentence
        )
        failures[name] = sentence
    result["changed"] = len(failures) < len(transitions)
    if failures:
        module.fail_json(
            msg=failure_of(failures), rc=answer.status, failed_connections=list(failures), **result
        )
    module.exit_json(**result)


def left_out(plan, name):
    """Why the plan leaves out a step, or None."""
    for step in comparison.steps_of(plan):
        if step["connection"] == name and step["siblings"]:
            return '"{}" was left out, as loading it again takes others down ({}); force=true does it'.format(
                name,
                ", ".join(step["takes_down"]),
            )
    return None


def why(autod, name):
    """The first error of `--check` about a connection that cannot be loaded."""
    answer = autod.run("--check", names=[name])
    faults = [
        diagnostic
        for event in answer.events
        for diagnostic in event.get("diagnostics", ())
        if diagnostic["severity"] != "warning"
    ]
    return ": {}".format(faults[0]["sentence"]) if faults else ""


def is_pattern(name):
    return any(character in name for character in "*?[")


def diff_of(transitions):
    """Both sides for --diff, with the changes only."""
    changes = {name: each for name, each in transitions.items() if each["after"] != each["before"]}
    return {
        "before": text_of("{}: {}".format(name, each["before"]) for name, each in changes.items()),
        "after": text_of("{}: {}".format(name, each["after"]) for name, each in changes.items()),
    }


if __name__ == "__main__":
    main()
