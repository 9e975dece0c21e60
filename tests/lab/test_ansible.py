"""The collection of contrib/ansible on real tunnels: up, wait and down change once.

Both gateways are hosts of one controller beside them: tests/real/test_ansible.py has SSH, tests/lab/roll.py the
playbook roll, which takes long here.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.real.fleet import PROGRAMS, Play, link_collection, run_playbook

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab.gateways import Lab

pytestmark = [
    pytest.mark.parametrize("lab", ["5.2"], indirect=True),
    pytest.mark.timeout(900),
]

TASKS = """
- hosts: west
  gather_facts: false
  module_defaults:
    group/libreswan.autod.autod:
      program: "{{ autod_program }}"
      ctlsocket: "{{ autod_ctlsocket }}"
      config: "{{ autod_config }}"
  tasks:
    - name: would
      libreswan.autod.connection:
        name: c*
      check_mode: true
    - name: up
      libreswan.autod.connection:
        name: c*
        deadline: 3m
    - name: up again
      libreswan.autod.connection:
        name: [c0, c1]
    - name: wait
      libreswan.autod.wait:
        name: c*
    - name: down
      libreswan.autod.connection:
        name: c0
        state: down
    - name: down again
      libreswan.autod.connection:
        name: c0
        state: down
    - name: facts
      libreswan.autod.facts:
"""


def inventory(lab: Lab, folder: Path) -> Path:
    """Both gateways, without SSH."""
    link_collection(folder)
    programs = lab.west.root / "usr" / "libexec" / "ipsec"
    wrapper = folder / "autod"
    wrapper.write_text(f'#!/bin/sh\nIPSEC_EXECDIR={programs} exec {PROGRAMS}/autod "$@"\n')
    wrapper.chmod(0o755)
    hosts = {
        name: {"autod_ctlsocket": str(pluto.socket), "autod_config": str(pluto.conf)}
        for name, pluto in (("west", lab.west), ("east", lab.east))
    }
    every = {
        "ansible_connection": "local",
        "ansible_python_interpreter": "/usr/bin/python3",
        "autod_program": str(wrapper),
        "autod_controller_program": str(PROGRAMS / "autod"),
        "autod_source": str(folder / "{{ inventory_hostname }}.conf"),
        "autod_report": str(folder / "reports"),
        "autod_deadline": "60s",
        "autod_serial": 1,
    }
    path = folder / "hosts.json"
    path.write_text(json.dumps({"gateways": {"hosts": hosts, "vars": every}}))
    return path


def test_what_is_up_is_left_alone_and_so_is_what_is_down(lab: Lab, tmp_path: Path) -> None:
    hosts = inventory(lab, tmp_path)
    names = lab.load(2)
    done = run_playbook(tmp_path, TASKS, hosts, timeout=300)
    assert kinds(done) == {
        "would": "changed",
        "up": "changed",
        "up again": "ok",
        "wait": "ok",
        "down": "changed",
        "down again": "ok",
        "facts": "ok",
    }, done.out
    assert set(done.result("west", "would")["connections"]) == set(names)
    assert done.result("west", "would")["diff"] == done.result("west", "up")["diff"]
    facts = done.result("west", "facts")["ansible_facts"]["autod"]
    assert (facts["up"], facts["down"]) == (["c1"], ["c0"])


def kinds(play: Play) -> dict[str, str]:
    return play.kinds("west")
