"""A fleet for Ansible: gateways in namespaces, each with an sshd and a pluto, and a controller that reaches them.

    with fleet(tmp_path) as made:                    # west and east, which are peers; north is not reachable
        done = made.play(PLAYBOOK, "--check")        # the real ansible-playbook, over real SSH
        done.status, done.result("west", "name of a task"), done.kinds("west")

The collection is built and installed as a user would, from contrib/ansible. Host keys, user key and all settings are
made for the run, in its own folder. Knows nothing of what the playbooks do.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.real.namespaces import Namespace, command, namespace
from tests.real.plutos import Pluto, gateways, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["CHECKOUT", "Fleet", "Play", "fleet", "install_collection", "link_collection", "run_playbook"]

CHECKOUT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(sys.executable).parent
UNREACHABLE = "north"

_SSHD = """\
ListenAddress {address}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/user_key.pub
PidFile none
PermitRootLogin prohibit-password
PasswordAuthentication no
StrictModes no
UsePAM no
Subsystem sftp internal-sftp
"""

_SSH = """\
Host *
    User root
    IdentityFile {folder}/user_key
    IdentitiesOnly yes
    UserKnownHostsFile {folder}/known_hosts
    StrictHostKeyChecking yes
    ConnectTimeout 20
Host 10.99.99.*
    ConnectTimeout 1
"""


@dataclass(frozen=True)
class Play:
    """What a run of ansible-playbook came to."""

    status: int
    out: str
    lines: list[dict[str, Any]] = field(repr=False)

    def result(self, host: str, task: str) -> dict[str, Any]:
        """The result of a task on a host."""
        found = [line for line in self.lines if (line["host"], line["task"]) == (host, task)]
        assert found, f"{task} did not run on {host}:\n{self.out}"
        return {"kind": found[-1]["kind"], **found[-1]["result"]}

    def kinds(self, host: str) -> dict[str, str]:
        """Task -> ok, changed, failed, skipped or unreachable, of one host."""
        return {line["task"]: line["kind"] for line in self.lines if line["host"] == host}


@dataclass(frozen=True)
class Fleet:
    """Gateways by name, and how their controller runs Ansible."""

    folder: Path
    plutos: Mapping[str, Pluto]
    controller: Namespace

    def play(self, playbook: str | Path, *options: str, timeout: float = 300) -> Play:
        """Run a playbook (its text, or a file) on all hosts; the status is not checked."""
        enter = self.controller.enter
        return run_playbook(
            self.folder, playbook, self.folder / "hosts.json", *options, enter=enter, timeout=timeout
        )


def install_collection(folder: Path) -> None:
    """Build contrib/ansible, and install it for runs in `folder`."""
    galaxy = [str(PROGRAMS / "ansible-galaxy"), "collection"]
    done = command(
        *galaxy, "build", str(CHECKOUT / "contrib" / "ansible"), "--output-path", str(folder), timeout=120
    )
    (archive,) = folder.glob("libreswan-autod-*.tar.gz")
    done = command(
        *galaxy, "install", str(archive), "-p", str(folder / "collections"), "--offline", timeout=120
    )
    assert "was installed successfully" in done.stdout, done.stdout


def link_collection(folder: Path) -> None:
    """As install_collection, without building it: for where that would take long."""
    place = folder / "collections" / "ansible_collections" / "libreswan" / "autod"
    place.parent.mkdir(parents=True)
    place.symlink_to(CHECKOUT / "contrib" / "ansible")


def run_playbook(
    folder: Path,
    playbook: str | Path,
    inventory: Path,
    *options: str,
    enter: list[str] | None = None,
    timeout: float = 300,
) -> Play:
    """Run a playbook (its text, or a file) with the collection of `folder`."""
    if isinstance(playbook, str):
        text, playbook = playbook, folder / "playbook.yml"
        playbook.write_text(text)
    results = folder / "results"
    results.unlink(missing_ok=True)
    environment = {
        "PATH": f"{PROGRAMS}:/usr/sbin:/usr/bin:/sbin:/bin",
        "LC_ALL": "C.UTF-8",
        "HOME": str(folder),
        "ANSIBLE_HOME": str(folder / "home"),
        "ANSIBLE_LOCAL_TEMP": str(folder / "home" / "local"),
        "ANSIBLE_REMOTE_TMP": str(folder / "home" / "remote"),
        "ANSIBLE_COLLECTIONS_PATH": str(folder / "collections"),
        "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parent / "callbacks"),
        "ANSIBLE_CALLBACKS_ENABLED": "ansible_results",
        "ANSIBLE_SSH_ARGS": f"-F {folder}/ssh_config -o ControlMaster=auto -o ControlPersist=20s",
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(folder / "cp"),
        "ANSIBLE_PIPELINING": "1",
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_RETRY_FILES_ENABLED": "0",
        "ANSIBLE_TIMEOUT": "60",
        "AUTOD_RESULTS": str(results),
    }
    argv = [*(enter or []), str(PROGRAMS / "ansible-playbook"), "-i", str(inventory), *options, str(playbook)]
    done = subprocess.run(
        argv,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    lines = [json.loads(line) for line in results.read_text().splitlines()] if results.exists() else []
    return Play(done.returncode, done.stdout + done.stderr, lines)


@contextlib.contextmanager
def fleet(folder: Path) -> Iterator[Fleet]:
    """West and east, peers of each other, for as long as the block runs; north is not reachable."""
    install_collection(folder)
    for key in ("host_key", "user_key"):
        command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / key))
    (folder / "ssh_config").write_text(_SSH.format(folder=folder))
    (folder / "cp").mkdir()
    Path("/run/sshd").mkdir(exist_ok=True)
    with namespace("controller") as controller, gateways() as (west, east):
        plutos = {"west": west, "east": east}
        addresses = {}
        daemons = []
        try:
            for number, (name, pluto) in enumerate(plutos.items(), 1):
                addresses[name] = f"10.99.{number}.2"
                _wire(controller, pluto.namespace, number)
                daemons.append(_sshd(folder, pluto.namespace, addresses[name]))
            addresses[UNREACHABLE] = "10.99.99.2"
            controller.add_interface("lost", "10.99.99.1/24")
            key = (folder / "host_key.pub").read_text()
            (folder / "known_hosts").write_text("".join(f"{one} {key}" for one in addresses.values()))
            (folder / "hosts.json").write_text(json.dumps(_inventory(addresses, plutos)))
            yield Fleet(folder, plutos, controller)
        finally:
            for daemon in daemons:
                _end(daemon)


def _wire(controller: Namespace, where: Namespace, number: int) -> None:
    near, far = f"fleet{number}", "fleet"
    ends = ("netns", controller.name, "type", "veth", "peer", "name", far, "netns", where.name)
    command("ip", "link", "add", near, *ends)
    controller.configure(near, f"10.99.{number}.1/24")
    where.configure(far, f"10.99.{number}.2/24")


def _sshd(folder: Path, where: Namespace, address: str) -> subprocess.Popen[bytes]:
    config = folder / f"sshd_config-{address}"
    config.write_text(_SSHD.format(address=address, folder=folder))
    with open(folder / "sshd.log", "ab") as log:
        daemon = subprocess.Popen(
            [*where.enter, "/usr/sbin/sshd", "-D", "-e", "-f", str(config)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )

    def listens() -> bool:
        assert daemon.poll() is None, (folder / "sshd.log").read_text()
        return f"{address}:22" in where.run("ss", "-Hltn").stdout

    wait_until(listens, what="sshd")
    return daemon


def _end(daemon: subprocess.Popen[bytes]) -> None:
    """End an sshd with its sessions, which are processes of their own."""
    children = Path(f"/proc/{daemon.pid}/task/{daemon.pid}/children").read_text().split()
    daemon.kill()
    daemon.wait()
    for child in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(child), 15)


def _inventory(addresses: Mapping[str, str], plutos: Mapping[str, Pluto]) -> dict[str, Any]:
    hosts: dict[str, dict[str, str]] = {}
    for name, address in addresses.items():
        pluto = plutos.get(name)
        hosts[name] = {
            "ansible_host": address,
            "ctlsocket": "" if pluto is None else str(pluto.socket),
            "config": "" if pluto is None else str(pluto.conf),
        }
    every = {"ansible_python_interpreter": "/usr/bin/python3", "program": str(PROGRAMS / "autod")}
    return {"gateways": {"hosts": hosts, "vars": every}}
