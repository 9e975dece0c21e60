"""The class that ovs-monitor-ipsec has for Libreswan, unmodified from Debian's package, over contrib/openvswitch.

It does the same on a real pluto over the shim and over Libreswan's own `ipsec`: tunnels that are new, changed and gone,
and the policies of a mark.
"""

from __future__ import annotations

import os
import subprocess
import sys
import types
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from tests.real.fleet import CHECKOUT, PROGRAMS
from tests.real.namespaces import command
from tests.real.plutos import EAST, WEST, gateway, silent_peer

if TYPE_CHECKING:
    from tests.real.plutos import Pluto

pytestmark = pytest.mark.timeout(300)

SCRIPT = "usr/share/openvswitch/scripts/ovs-monitor-ipsec"
NOTHING = {"certificate": None, "private_key": None, "ca_cert": None, "local_name": None}
SHUNTS = {f"prevent_unencrypted_{kind}" for kind in ("gre", "geneve", "stt", "vxlan")}
PLACES = "--ctlsocket S --config C"


class Log:
    """What the script logs to."""

    def __init__(self, name: str) -> None:
        self.lines: list[str] = []

    def _say(self, text: str) -> None:
        self.lines.append(text)

    dbg = info = warn = err = _say


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The names of Debian's ovs-monitor-ipsec; of the package that it belongs to only this file is used."""
    folder = tmp_path_factory.mktemp("ovs")
    download = ["apt-get", "download", "-qq", "openvswitch-ipsec"]
    options = {"cwd": folder, "capture_output": True, "text": True, "check": False, "timeout": 120}
    if subprocess.run(download, **options).returncode != 0:
        subprocess.run(["apt-get", "update", "-qq"], **options)
        again = subprocess.run(download, **options)
        assert again.returncode == 0, again.stderr
    (package,) = folder.glob("*.deb")
    command("dpkg-deb", "--extract", str(package), str(folder))
    names: dict[str, Any] = {"__name__": "ovs_monitor_ipsec"}
    modules = {
        name: types.ModuleType(name)
        for name in (
            "ovs",
            "ovs.daemon",
            "ovs.db",
            "ovs.db.idl",
            "ovs.dirs",
            "ovs.unixctl",
            "ovs.unixctl.server",
        )
    } | {"ovs.util": types.ModuleType("ovs.util"), "ovs.vlog": types.ModuleType("ovs.vlog")}
    for name, module in modules.items():
        parent, _, last = name.rpartition(".")
        if parent:
            setattr(modules[parent], last, module)
    modules["ovs.vlog"].Vlog = Log  # type: ignore[attr-defined]
    before = {name: sys.modules.get(name) for name in modules}
    sys.modules.update(modules)
    try:
        source = (folder / SCRIPT).read_text()
        exec(compile(source, SCRIPT, "exec"), names)
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module
    return names


def tunnel(version: int, kind: str = "geneve") -> SimpleNamespace:
    return SimpleNamespace(
        version=version,
        conf={
            "ifname": "tun0" if kind == "geneve" else "gre0",
            "tunnel_type": kind,
            "psk": "swordfish",
            "remote_cert": None,
            "remote_ip": EAST,
            "local_ip": WEST,
            "address_family": "IPv4",
        },
    )


def configure(helper: Any, monitor: SimpleNamespace) -> None:
    """As IPsecMonitor does when the database has changed."""
    helper.config_init()
    helper.config_global(monitor)
    for one in monitor.tunnels.values():
        helper.config_tunnel(one)
    helper.config_fini()
    helper.refresh(monitor)


def loaded(pluto: Pluto) -> set[str]:
    lines = pluto.whack("--status").stdout.splitlines()
    return {line.split('"')[1] for line in lines if line.startswith('000 "') and "..." in line}


def begun(helper: Any) -> set[str]:
    return {name for names in helper.get_active_conns().values() for name in names}


def run(script: dict[str, Any], folder: Path, ipsec: Path) -> list[object]:
    """What pluto has after each of the changes."""
    found: list[object] = []
    with gateway(label="ovs") as pluto:
        silent_peer(pluto.namespace, EAST)
        prefix = folder / "prefix"
        (prefix / "usr" / "sbin").mkdir(parents=True)
        (prefix / "tmp").symlink_to(pluto.folder)
        (prefix / "usr" / "sbin" / "ipsec").symlink_to(ipsec)
        arguments = SimpleNamespace(
            ipsec_conf="/tmp/ipsec.conf", ipsec_d="/tmp/nss", ipsec_secrets="/tmp/ipsec.secrets",
            ipsec_ctl="/tmp/run/pluto.ctl",
        )  # fmt: skip
        helper = script["LibreSwanHelper"](str(prefix), arguments)
        monitor = SimpleNamespace(
            tunnels={"tun0": tunnel(1), "gre0": tunnel(1, "gre")},
            conf={"pki": NOTHING, "skb_mark": None},
            conf_in_use={"pki": NOTHING, "skb_mark": None},
        )
        configure(helper, monitor)
        found += [loaded(pluto), begun(helper) != set()]
        monitor.tunnels["tun0"] = tunnel(2)
        del monitor.tunnels["gre0"]
        configure(helper, monitor)
        found += [{name for name in loaded(pluto) if name.endswith("-2")}, begun(helper) & {"gre0-1"}]
        monitor.conf["skb_mark"] = "0/1"
        configure(helper, monitor)
        found.append(loaded(pluto) & SHUNTS)
        monitor.conf["skb_mark"] = None
        configure(helper, monitor)
        found.append(loaded(pluto) & SHUNTS)
        assert pluto.alive()
    return found


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # it leaves the pipes of its commands open
def test_its_own_class_does_over_autod_what_it_does_over_ipsec(
    script: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOD_AUTO", str(PROGRAMS / "autod-auto"))
    own = run(script, tmp_path / "own", Path("/usr/sbin/ipsec"))
    ours = run(script, tmp_path / "ours", CHECKOUT / "contrib" / "openvswitch" / "ipsec")
    assert own[0] == {"tun0-in-1", "tun0-out-1", "gre0-1"}
    assert ours == own


@pytest.mark.parametrize(
    ("arguments", "program", "arguments_of_it"),
    [
        (f"auto {PLACES} --start --asynchronous tun0-1", "AUTO", f"{PLACES} --start --asynchronous tun0-1"),
        (f"{PLACES} --delete tun0-1", "AUTO", f"{PLACES} --delete tun0-1"),
        (f"{PLACES} --rereadsecrets", "AUTO", f"{PLACES} --rereadsecrets"),
        ("--config C --ctlsocket S --add tun0-1", "AUTO", "--config C --ctlsocket S --add tun0-1"),
        ("status --ctlsocket S", "AUTO", "--ctlsocket S --status"),
        ("--version", "IPSEC", "--version"),
        ("restart", "IPSEC", "restart"),
    ],
)
def test_the_shim_asks_whom_it_should(
    tmp_path: Path, arguments: str, program: str, arguments_of_it: str
) -> None:
    """The command lines of 3.1 (Libreswan 4), and of later releases (Libreswan 5)."""
    for name in ("AUTO", "IPSEC"):
        path = tmp_path / name
        path.write_text(f'#!/bin/sh\necho {name} "$@"\n')
        path.chmod(0o755)
    places = {"AUTOD_AUTO": tmp_path / "AUTO", "IPSEC": tmp_path / "IPSEC"}
    done = subprocess.run(
        [str(CHECKOUT / "contrib" / "openvswitch" / "ipsec"), *arguments.split()],
        env={**os.environ, **{name: str(path) for name, path in places.items()}},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == f"{program} {arguments_of_it}"
