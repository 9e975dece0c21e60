# Copyright: the authors of autod
# MIT License (see LICENSE in the sources of autod, or https://opensource.org/license/mit)
"""Runs autod on the gateway, and reads the JSON that it prints.

Owns: the arguments of all modules, the run of autod, and the failure of a module when autod fails. Must not know: the
purpose of a module. The names of events and keys are those of autod's docs/events.md and docs/cli.md.
"""

from __future__ import annotations

import json

OPTIONS = {
    "program": {"type": "str", "default": "autod"},
    "ctlsocket": {"type": "path"},
    "config": {"type": "path"},
}
"""The arguments of all modules; their documentation is in doc_fragments/autod.py."""

_SENTENCES = 5
"""The most failures that a message quotes; the result of the module has all of them."""


class Answer:
    """The result of one run of autod: its exit status, its objects, and its other output."""

    def __init__(self, argv, status, out, err):
        self.argv = argv
        self.status = status
        self.stderr = err.strip()
        self.events = []
        for line in out.splitlines():
            try:
                event = json.loads(line)
            except ValueError:
                self.stderr = "\n".join(part for part in (self.stderr, line) if part)
                continue
            if isinstance(event, dict):
                self.events.append(event)

    def of_kind(self, kind):
        """The objects whose `event` is `kind`, in order."""
        return [event for event in self.events if event.get("event") == kind]

    @property
    def outcomes(self):
        """The last outcome of each connection; a later one corrects an earlier one."""
        return {event["connection"]: event for event in self.of_kind("outcome")}

    @property
    def error(self):
        """The sentence of the error that ended the run, or None."""
        errors = self.of_kind("error")
        return errors[-1].get("sentence") if errors else None

    @property
    def sentence(self):
        """Why it failed, in autod's words."""
        return self.error or self.stderr or f"autod ended with status {self.status}, and said nothing"


class Autod:
    """The autod of a gateway, with the options of a module."""

    def __init__(self, module):
        self._module = module
        self._options = []
        for option in ("ctlsocket", "config"):
            if module.params[option] is not None:
                self._options.append((option, module.params[option]))

    def run(self, operation, *words, names=None, config=True):
        """One run with --json. `names` go to standard input, as there may be any number of them.

        `config`: whether the operation takes --config; or a path in place of the module's own.
        """
        argv = [self._program(), operation, "--json"]
        for option, value in self._options:
            if option != "config" or config is True:
                argv += ["--" + option, value]
        if isinstance(config, str):
            argv += ["--config", config]
        argv += words
        data = None
        if names is not None:
            argv.append("@-")
            data = "".join(name + "\n" for name in names)
        status, out, err = self._module.run_command(
            argv, data=data, environ_update={"LC_ALL": "C.UTF-8", "LANG": "C.UTF-8"}
        )
        return Answer(argv, status, out, err)

    def ask(self, *arguments, **options):
        """As `run`, but a failure ends the module."""
        answer = self.run(*arguments, **options)
        if answer.status != 0 or answer.error:
            self.fail(answer)
        return answer

    def status(self):
        """pluto's state, as autod's docs/status.md describes it."""
        return self.ask("--status", config=False).events[0]

    def fail(self, answer, **result):
        """End the module with autod's own sentence."""
        self._module.fail_json(msg=answer.sentence, rc=answer.status, cmd=answer.argv, **result)

    def _program(self):
        name = self._module.params["program"]
        path = name if "/" in name else self._module.get_bin_path(name)
        if path is None:
            self._module.fail_json(
                msg=f"there is no program {name} on this gateway: the role libreswan.autod.install installs it, or name "
                "its path with program="
            )
        return path


def text_of(lines):
    """A text of `lines` for Ansible's --diff."""
    return "".join(line + "\n" for line in lines)


def failure_of(failures):
    """One message for `failures` (connection -> sentence)."""
    sentences = list(failures.values())
    some = "; ".join(sentences[:_SENTENCES])
    if len(sentences) > _SENTENCES:
        some += f"; and {len(sentences) - _SENTENCES} more"
    return some


def check_names(module, names):
    """The names without repetitions. Ends the module if one cannot stand on a line of its own."""
    for name in names:
        if not name.strip() or "\n" in name or name != name.strip():
            module.fail_json(msg=f"{name!r} cannot be the name of a connection")
        if name.startswith(("#", "@")):
            module.fail_json(msg=f"{name!r}: a name that begins with # or @ cannot be given here")
    return list(dict.fromkeys(names))
