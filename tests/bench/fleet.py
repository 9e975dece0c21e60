"""Row 8: what a hundred gateways cost the controller that drives them with Ansible."""

from __future__ import annotations

import contextlib
import json
import resource
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from autod.testing import FakePluto
from tests.bench.table import Table
from tests.real.fleet import PROGRAMS, link_collection, run_playbook

if TYPE_CHECKING:
    from tests.real.fleet import Play

__all__ = ["fleet"]

CONNECTIONS = 10
PLAYBOOK = """
- hosts: all
  gather_facts: false
  tasks:
    - name: {name}
      libreswan.autod.{module}:
        program: "{{{{ program }}}}"
        ctlsocket: "{{{{ ctlsocket }}}}"
        name: "*"
"""
# What the gateways would do is done here, and counted apart: by the shell around their Python.
INTERPRETER = """\
#!/bin/bash
TIMEFORMAT='%U %S'
{{ time /usr/bin/python3 "$@" 2>&3; }} 3>&2 2>>{log}
"""


def fleet(quick: bool) -> Table:
    """All connections of each gateway up, the same again, and the facts."""
    gateways = 10 if quick else 100
    table = Table(
        "fleet",
        f"{gateways} gateways from one controller",
        f"{gateways} simulated gateways with {CONNECTIONS} connections each (autod.testing), reached without SSH, 20 "
        "at a time (`--forks 20`). Their own work, Python and autod, runs on the same machine and is counted apart.",
        ("task", "seconds", "controller, processor s", "for each gateway", "each gateway itself"),
    )
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fleet-")))
        link_collection(folder)
        log = folder / "times"
        interpreter = folder / "python"
        interpreter.write_text(INTERPRETER.format(log=log))
        interpreter.chmod(0o755)
        hosts = {}
        for number in range(gateways):
            names = [f"branch-{number}-{one}" for one in range(CONNECTIONS)]
            pluto = stack.enter_context(FakePluto("5.2", connections=names))
            hosts[f"gw-{number:03}"] = {"ctlsocket": pluto.path}
        every = {
            "ansible_connection": "local",
            "ansible_python_interpreter": str(interpreter),
            "program": str(PROGRAMS / "autod"),
        }
        inventory = folder / "hosts.json"
        inventory.write_text(json.dumps({"all": {"hosts": hosts, "vars": every}}))
        for name, module in (("up", "connection"), ("up again", "connection"), ("facts", "facts")):
            log.unlink(missing_ok=True)
            before, begun = _processor(), time.monotonic()
            text = PLAYBOOK.format(name=name, module=module)
            play = run_playbook(folder, text, inventory, "--forks", "20", timeout=3000)
            took, whole = time.monotonic() - begun, _processor() - before
            _check(play, name, gateways)
            theirs = sum(float(word) for line in log.read_text().splitlines() for word in line.split())
            own = whole - theirs
            table.add(
                name,
                f"{took:.1f}",
                f"{own:.1f}",
                f"{own / gateways * 1000:.0f} ms",
                f"{theirs / gateways * 1000:.0f} ms",
            )
    return table


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _check(play: Play, name: str, gateways: int) -> None:
    kinds = [line["kind"] for line in play.lines if line["task"] == name]
    expected = "changed" if name == "up" else "ok"
    if kinds != [expected] * gateways:
        raise AssertionError(f"{name}: {play.out[-3000:]}")
