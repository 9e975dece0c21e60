"""The collection of contrib/ansible, by the real ansible-playbook over real SSH, on real plutos; one gateway is down.

Child SAs fail here, where the kernel has no ESP: tests/lab/test_ansible.py has those that come up.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.real.fleet import CHECKOUT, PROGRAMS, UNREACHABLE, Fleet, fleet, run_playbook
from tests.real.namespaces import command
from tests.real.plutos import EAST, connection, silent_peer

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.timeout(600)

DEFAULTS = """
  module_defaults:
    group/libreswan.autod.autod:
      program: "{{ program }}"
      ctlsocket: "{{ ctlsocket }}"
      config: "{{ config }}"
"""

HEAD = f"""
- hosts: gateways
  gather_facts: false
{DEFAULTS}
  tasks:
"""

SYNC = f"""{HEAD}
    - name: sync
      libreswan.autod.sync:
        content: "{{{{ wanted }}}}"
        backup: true
    - name: route
      libreswan.autod.connection:
        name: [b, c*]
        state: routed
    - name: facts
      libreswan.autod.facts:
"""

WISHES = f"""{HEAD}
    - name: present
      libreswan.autod.connection:
        name: [a, b]
        state: present
    - name: absent
      libreswan.autod.connection:
        name: [c*, nosuch]
        state: absent
    - name: down
      libreswan.autod.connection:
        name: "*"
        state: down
    - name: unrouted
      libreswan.autod.connection:
        name: [a, b]
        state: unrouted
    - name: wait for what auto= starts
      libreswan.autod.wait:
"""

ROLE = """
- hosts: all
  gather_facts: false
  roles: [libreswan.autod.install]
"""
ROLL = "- ansible.builtin.import_playbook: libreswan.autod.roll\n"

FAILURES = f"""{HEAD}
    - name: up
      libreswan.autod.connection:
        name: a
        timeout: 3s
        deadline: 60s
        on_failure: down
      ignore_errors: true
    - name: unknown
      libreswan.autod.connection:
        name: [nosuch]
      ignore_errors: true
    - name: wait
      libreswan.autod.wait:
        name: [a]
        deadline: 1s
      ignore_errors: true
    - name: pattern
      libreswan.autod.connection:
        name: x-*
      ignore_errors: true
    - name: broken
      libreswan.autod.sync:
        content: "conn a\n\tnosuchkeyword=1\n"
      ignore_errors: true
    - name: no pluto
      libreswan.autod.facts:
        ctlsocket: /nowhere/pluto.ctl
      ignore_errors: true
    - name: no program
      libreswan.autod.facts:
        program: nosuchprogram
      ignore_errors: true
"""


def conf(*sections: str) -> str:
    return "config setup\n\n" + "\n".join(sections)


FIRST = conf(
    connection("a", auto="add"),
    connection("b", auto="add", leftsubnet="10.0.1.0/24"),
    # With identities of its own: one that goes, and whose peer stays under another name, is not deleted.
    connection("c1", auto="ondemand", leftsubnet="10.0.3.0/24", leftid="@west-c", rightid="@east-c"),
)
SECOND = conf(
    connection("a", auto="add"),
    connection("b", auto="add", leftsubnet="10.0.9.0/24"),
    connection("d", auto="add", leftsubnet="10.0.4.0/24", rightsubnet="10.0.5.0/24"),
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """One fleet for all tests of this module; each writes its own configuration."""
    with fleet(tmp_path_factory.mktemp("fleet")) as started:
        yield started


def test_check_says_what_changes_then_it_does_and_a_second_run_changes_nothing(made: Fleet) -> None:
    wanted = ("--extra-vars", json.dumps({"wanted": FIRST}))
    check = made.play(SYNC, "--check", "--diff", *wanted, "--limit", "west")
    assert loaded(made) == {"west": set(), "east": set()}, check.out
    real = made.play(SYNC, "--diff", *wanted)
    assert loaded(made) == {"west": {"a", "b", "c1"}, "east": {"a", "b", "c1"}}, real.out
    would, did = check.result("west", "sync"), real.result("west", "sync")
    assert would["kind"] == did["kind"] == "changed"
    assert would["steps"] == did["steps"]
    assert would["diff"] == did["diff"]
    for host in ("west", "east"):
        did = real.result(host, "sync")
        assert [step["connection"] for step in did["steps"]] == ["a", "b", "c1"]
        assert set(real.result(host, "route")["connections"]) == {"b"}
        assert Path(did["backup_file"]).read_text() == "config setup\n"
        facts = real.result(host, "facts")["ansible_facts"]["autod"]
        assert (facts["up"], sorted(facts["down"])) == ([], ["a", "b", "c1"])
        assert {name: one["routing"] for name, one in facts["connections"].items()} == {
            "a": "unrouted",
            "b": "ondemand",
            "c1": "ondemand",
        }
    assert real.kinds(UNREACHABLE) == {"sync": "unreachable"}
    again = made.play(SYNC, "--diff", *wanted)
    for host in ("west", "east"):
        assert again.kinds(host) == {"sync": "ok", "route": "ok", "facts": "ok"}, again.out

    wanted = ("--extra-vars", json.dumps({"wanted": SECOND}))
    check = made.play(SYNC, "--check", "--diff", *wanted, "--limit", "west")
    would = check.result("west", "sync")
    assert {(step["action"], step["connection"]) for step in would["steps"]} == {
        ("add", "d"),
        ("replace", "b"),
        ("delete", "c1"),
    }
    assert "leftsubnet=10.0.1.0/24" in would["diff"][1]["before"]
    assert "leftsubnet=10.0.9.0/24" in would["diff"][1]["after"]
    assert loaded(made)["west"] == {"a", "b", "c1"}


def test_each_wish_is_fulfilled_once(made: Fleet) -> None:
    for pluto in made.plutos.values():
        pluto.conf.write_text(FIRST)
        pluto.whack("--name", "a", "--delete")
        pluto.addconn("b", "c1")
        pluto.whack("--name", "b", "--route")
    check = made.play(WISHES, "--check", "--diff", "--limit", "west")
    assert check.kinds("west") == dict.fromkeys(("present", "absent", "unrouted"), "changed") | {
        "down": "ok",
        "wait for what auto= starts": "ok",
    }, check.out
    assert loaded(made)["west"] == {"b", "c1"}
    real = made.play(WISHES, "--diff", "--limit", "west")
    assert real.kinds("west") == check.kinds("west"), real.out
    for task in ("present", "absent", "unrouted"):
        would, did = check.result("west", task), real.result("west", task)
        assert would["diff"] == did["diff"], task
    assert loaded(made)["west"] == {"a", "b"}
    again = made.play(WISHES, "--limit", "west")
    assert set(again.kinds("west").values()) == {"ok"}, again.out


def test_failures_carry_the_sentence_of_autod(made: Fleet) -> None:
    for pluto in made.plutos.values():
        pluto.load(connection("a"))
    silent_peer(made.plutos["west"].namespace, EAST)
    done = made.play(FAILURES, "--limit", "west")
    found = {task: done.result("west", task) for task in done.kinds("west")}
    assert {one["kind"] for one in found.values()} == {"failed"}, done.out
    assert found["up"]["connections"]["a"]["cause"] in ("peer_silent", "deadline")
    assert found["up"]["connections"]["a"]["sentence"] == found["up"]["msg"]
    assert "no connection or alias of this name" in found["unknown"]["msg"]
    assert found["unknown"]["rc"] == 21
    assert found["wait"]["missing"] == ["a"]
    assert '"a" is not up' in found["wait"]["msg"]
    assert "matches no connection" in found["pattern"]["msg"]
    assert "nosuchkeyword" in found["broken"]["msg"]
    assert "conn a" in made.plutos["west"].conf.read_text()
    assert "nosuchkeyword" not in made.plutos["west"].conf.read_text()
    assert found["no pluto"]["rc"] == 33
    assert "nosuchprogram" in found["no program"]["msg"]


def test_a_roll_stops_where_tunnels_do_not_come_up_and_puts_the_old_file_back(made: Fleet) -> None:
    """First a roll that is taken, then one whose first gateway has no tunnel at its deadline: the next is not begun."""
    for pluto in made.plutos.values():
        pluto.load(connection("a", auto="add"))
    old = {name: pluto.conf.read_text() for name, pluto in made.plutos.items()}
    new = made.folder / "new.conf"
    new.write_text(FIRST)
    silent_peer(made.plutos["west"].namespace, EAST)
    variables = {
        "autod_source": str(new),
        "autod_program": str(PROGRAMS / "autod"),
        "autod_controller_program": str(PROGRAMS / "autod"),
        "autod_ctlsocket": "{{ ctlsocket }}",
        "autod_config": "{{ config }}",
        "autod_report": str(made.folder / "reports"),
        "autod_serial": 1,
        "autod_deadline": "3s",
    }
    expecting = {**variables, "autod_expect": ["a"]}
    failed = made.play(ROLL, "--limit", "west,east", "--extra-vars", json.dumps(expecting))
    assert failed.status != 0
    assert "east" not in {line["host"] for line in failed.lines}, failed.out
    assert made.plutos["west"].conf.read_text() == old["west"]
    assert loaded(made)["west"] == {"a"}, failed.out
    assert '"a"' in failed.result("west", "Stop here")["msg"]
    assert "the old file is back" in failed.result("west", "Stop here")["msg"]

    done = made.play(ROLL, "--extra-vars", json.dumps({**variables, "autod_max_fail_percentage": 100}))
    for name, pluto in made.plutos.items():
        assert pluto.conf.read_text() == FIRST, done.out
        assert loaded(made)[name] == {"a", "b", "c1"}
    assert "10.99.99.2" in done.result(UNREACHABLE, "Stop here")["msg"]
    page = (made.folder / "reports" / "index.html").read_text()
    for host in ("west", "east", UNREACHABLE):
        assert f'"name":"{host}"' in page
    assert "No route to host" in page or "Connection timed out" in page


def test_the_role_installs_once(made: Fleet, tmp_path: Path) -> None:
    """The wheel with its units, into folders of the test; what it depends on is left out, as that is pip's to bring."""
    command(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path), cwd=CHECKOUT)
    (wheel,) = tmp_path.glob("*.whl")
    for folder in ("units", "sysusers", "tmpfiles"):
        (tmp_path / folder).mkdir()
    variables = {
        "install_method": "wheel",
        "install_package": str(wheel),
        "install_prefix": str(tmp_path / "opt"),
        "install_program_link": str(tmp_path / "autod"),
        "install_unit_folder": str(tmp_path / "units"),
        "install_sysusers_folder": str(tmp_path / "sysusers"),
        "install_tmpfiles_folder": str(tmp_path / "tmpfiles"),
        "install_pip_arguments": "--no-deps --no-index",
        "install_start": False,
    }
    inventory = tmp_path / "here.json"
    here = {"ansible_connection": "local", "ansible_python_interpreter": "/usr/bin/python3"}
    inventory.write_text(json.dumps({"all": {"hosts": {"here": here | variables}}}))
    first = run_playbook(made.folder, ROLE, inventory)
    assert first.status == 0, first.out
    units = {
        path.name
        for path in (CHECKOUT / "contrib" / "systemd").iterdir()
        if "@" in path.name or path.suffix in (".service", ".socket")
    }
    assert {path.name for path in (tmp_path / "units").iterdir()} == units
    assert f"ExecStart={tmp_path}/autod supervise\n" in (tmp_path / "units" / "autod.service").read_text()
    assert (tmp_path / "autod").resolve().is_file()
    again = run_playbook(made.folder, ROLE, inventory)
    assert again.status == 0, again.out
    assert "changed" not in again.kinds("here").values(), again.out


def test_ansible_doc_shows_all_of_it(made: Fleet) -> None:
    names = sorted(path.stem for path in (CHECKOUT / "contrib/ansible/plugins/modules").glob("*.py"))
    shown = ansible_doc(made.folder, "module", *(f"libreswan.autod.{name}" for name in names))
    assert len(shown) == len(names)
    for name, one in shown.items():
        assert {"doc", "examples", "return"} <= one.keys(), name
        for option, described in one["doc"]["options"].items():
            assert described["description"], (name, option)
    role = ansible_doc(made.folder, "role", "libreswan.autod.install")["libreswan.autod.install"]
    assert "install_package" in role["entry_points"]["main"]["options"]


def test_the_playbooks_of_the_documents_are_understood(made: Fleet) -> None:
    """And their variables are those of the playbook and the role."""
    known = (CHECKOUT / "contrib/ansible/playbooks/roll.yml").read_text()
    known += (CHECKOUT / "contrib/ansible/roles/install/meta/argument_specs.yml").read_text()
    blocks = [
        block
        for page in sorted((CHECKOUT / "docs").rglob("*.md"))
        for block in re.findall(r"^```yaml\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    ]
    plays = [block for block in blocks if block.startswith("- name:")]
    pages = (CHECKOUT / "docs/howto/fleet.md", CHECKOUT / "docs/ansible.md")
    variables = {
        name for page in pages for name in re.findall(r"\b((?:autod|install)_[a-z_]+)", page.read_text())
    }
    assert len(plays) >= 5
    done = made.play("\n".join(plays), "--syntax-check")
    assert done.status == 0, done.out
    for variable in variables:
        assert variable in known, variable


def loaded(made: Fleet) -> dict[str, set[str]]:
    """What the plutos say that they have."""
    found = {}
    for name, pluto in made.plutos.items():
        lines = pluto.whack("--status").stdout.splitlines()
        found[name] = {line.split('"')[1] for line in lines if line.startswith('000 "') and "..." in line}
    return found


def ansible_doc(folder: Path, kind: str, *names: str) -> dict[str, Any]:
    """What ansible-doc has of modules or roles, from the collection as it was installed."""
    where = [f"ANSIBLE_COLLECTIONS_PATH={folder}/collections", f"ANSIBLE_HOME={folder}/home"]
    shown = command("env", *where, str(PROGRAMS / "ansible-doc"), "--json", "--type", kind, *names).stdout
    found: dict[str, Any] = json.loads(shown)
    return found
