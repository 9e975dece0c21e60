"""The settings that the unit of autod will not allow.

Owns which properties of systemd contradict which settings, and the lines of a drop-in that allow them. Asks systemd by
`systemctl show`, and looks at the owners and modes of files.
"""

from __future__ import annotations

import ipaddress
import os
import re
import shutil
import stat
import subprocess
from typing import TYPE_CHECKING

from autod.supervisor.addresses import Address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from autod.supervisor.settings import Settings

__all__ = ["UNIT", "properties", "refusals"]

UNIT = "autod.service"

_ASKED = (
    "CapabilityBoundingSet",
    "LoadState",
    "IPAddressAllow",
    "IPAddressDeny",
    "PrivateNetwork",
    "PrivateTmp",
    "ProtectHome",
    "ProtectSystem",
    "ReadWritePaths",
    "RestrictAddressFamilies",
    "RuntimeDirectory",
    "SocketBindAllow",
    "SocketBindDeny",
    "StateDirectory",
    "TriggeredBy",
)


def properties(unit: str = UNIT) -> dict[str, str] | None:
    """The unit's properties by name; None if there is no systemd, or no such unit."""
    systemctl = shutil.which("systemctl")
    if systemctl is None:
        return None
    try:
        process = subprocess.run(
            [systemctl, "show", unit, f"--property={','.join(_ASKED)}"],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    values: dict[str, str] = {}
    for line in process.stdout.splitlines():
        name, _, value = line.partition("=")
        # A list may have a line for each of its entries.
        values[name] = f"{values.get(name, '')} {value}".strip()
    return values if process.returncode == 0 and values.get("LoadState") == "loaded" else None


def refusals(
    settings: Settings, unit: Mapping[str, str], info: Callable[[str], os.stat_result] = os.stat
) -> list[str]:
    """A sentence for each setting that the unit does not allow, with the line of a drop-in that would allow it.

    `info` is os.stat, or takes its place.
    """
    passed = unit.get("TriggeredBy", "")
    sentences = []
    for key, listen, socket in (
        ("metrics.listen", settings.metrics.listen, "autod-metrics.socket"),
        ("page.listen", settings.page.listen, "autod-page.socket"),
    ):
        if not listen or socket in passed.split():
            continue
        address = Address.parse(listen)
        if address.path:
            sentences += _path(key, address.path, unit)
        else:
            wants = list(_address(address, unit))
            if wants:
                sentences.append(
                    f"{key}: {UNIT} may not listen on {address}: enable {socket}, whose port systemd opens, "
                    f"or put into a drop-in: {'; '.join(wants)}"
                )
    for key, path in (
        ("metrics.textfile", settings.metrics.textfile),
        ("history.file", settings.history.file),
        ("supervise.state", settings.supervise.state),
    ):
        if path:
            sentences += _path(key, path, unit) or _powerless(
                key, os.path.dirname(path), unit, info, write=True
            )
    sentences += _hidden("supervise.configuration", settings.supervise.configuration, unit)
    sentences += _hidden("pluto.socket", settings.pluto.socket, unit)
    return sentences + _powerless("supervise.configuration", settings.supervise.configuration, unit, info)


def _hidden(key: str, path: str, unit: Mapping[str, str]) -> list[str]:
    """A sentence if the unit does not see `path`: a home, or /tmp."""
    for name, values, folders in (
        ("ProtectHome", ("yes", "tmpfs"), ("/home", "/root", "/run/user")),
        ("PrivateTmp", ("yes", "disconnected"), ("/tmp", "/var/tmp")),
    ):
        if unit.get(name) in values and path.startswith(tuple(f"{folder}/" for folder in folders)):
            allows = "read-only" if name == "ProtectHome" else "no"
            return [f"{key}: {UNIT} does not see {path}: move it, or put into a drop-in: {name}={allows}"]
    return []


def _powerless(
    key: str,
    path: str,
    unit: Mapping[str, str],
    info: Callable[[str], os.stat_result],
    *,
    write: bool = False,
) -> list[str]:
    """A sentence if root may not use `path`: without capabilities, root has no right to the files of other users."""
    if "cap_dac_override" in unit.get("CapabilityBoundingSet", "cap_dac_override"):
        return []
    steps = [path]
    while steps[0] not in ("/", ""):
        steps.insert(0, os.path.dirname(steps[0]))
    for step in steps:
        try:
            status = info(step)
        except OSError:
            return []
        needed = 1 if step != path else 3 if write else 4
        shift = 6 if status.st_uid == 0 else 3 if status.st_gid == 0 else 0
        if stat.S_IMODE(status.st_mode) >> shift & needed != needed:
            verb = "write to" if write else "read"
            return [
                f"{key}: {UNIT} may not {verb} {path}: it runs as root without capabilities, and {step} is for "
                f"others: make it root's, or put into a drop-in: CapabilityBoundingSet=CAP_DAC_OVERRIDE"
            ]
    return []


def _address(address: Address, unit: Mapping[str, str]) -> Iterator[str]:
    ip = ipaddress.ip_address(address.host)
    family = f"AF_INET{'6' if ip.version == 6 else ''}"
    allowed = unit.get("RestrictAddressFamilies", "").split()
    if allowed and (family in allowed) is allowed[0].startswith("~"):
        yield f"RestrictAddressFamilies={family}"
    if unit.get("SocketBindDeny") and not _may_bind(unit.get("SocketBindAllow", ""), address.port):
        yield f"SocketBindAllow=tcp:{address.port}"
    if _holds(unit.get("IPAddressDeny", ""), ip) and not _holds(unit.get("IPAddressAllow", ""), ip):
        yield "IPAddressAllow=localhost" if ip.is_loopback else "IPAddressAllow=(who may read them)"
    if unit.get("PrivateNetwork") == "yes":
        yield "PrivateNetwork=no"


def _holds(networks: str, ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    for word in networks.split():
        if word == "any" or (word == "localhost" and ip.is_loopback):
            return True
        try:
            if ip in ipaddress.ip_network(word, strict=False):
                return True
        except ValueError:
            continue
    return False


def _may_bind(rules: str, port: int) -> bool:
    """Whether one of the rules of SocketBindAllow= (systemd.resource-control(5)) holds `port` of TCP."""
    for rule in rules.split():
        match = _RULE.fullmatch(rule)
        if match is None or match["protocol"] == "udp":
            continue
        low, _, high = (match["ports"] or "any").partition("-")
        if low == "any" or int(low) <= port <= int(high or low):
            return True
    return False


_RULE = re.compile(r"(ipv[46]:?)?((?P<protocol>tcp|udp):?)?(?P<ports>any|\d+(-\d+)?)?")
"""As units write it (`ipv4:tcp:9741`) and as systemd 257 shows it (`ipv4:tcp9741`)."""


def _path(key: str, path: str, unit: Mapping[str, str]) -> list[str]:
    if unit.get("ProtectSystem") != "strict":
        return []
    folder = os.path.dirname(path)
    free = [word.lstrip("-+") for word in unit.get("ReadWritePaths", "").split()]
    free += [f"/var/lib/{word}" for word in unit.get("StateDirectory", "").split()]
    free += [f"/run/{word}" for word in unit.get("RuntimeDirectory", "").split()]
    free += ["/tmp", "/var/tmp", "/dev", "/proc", "/sys"]
    if any(folder == place or folder.startswith(place.rstrip("/") + "/") for place in free):
        return []
    return [f"{key}: {UNIT} may not write to {folder}: put into a drop-in: ReadWritePaths={folder}"]
