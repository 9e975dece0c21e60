"""What the README promises, on a Debian that has nothing: a fresh root folder, and its commands in it, as written.

    python -m tests.lab.bare bookworm './dev demo' './dev test unit'
    python -m tests.lab.bare trixie './dev demo' './dev deb' 'apt-get install -y ./dist/autod_*.deb'

For each system debootstrap makes the smallest root (kept as LAB/bare-SYSTEM.tar, as making it is not what is tried);
it is unpacked, gets what this checkout has committed in /root/autod, and the commands run there one after the other,
with mounts of their own that end with them. What apt and pip of this machine need to reach their archives goes along,
and nothing else. The first that fails ends it with its status; --keep leaves the folder. Needs root; takes minutes to
an hour.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from tests.lab.roots import CHECKOUT, LAB, mirror, proxies

__all__ = ["main"]

ENTER = """\
set -e
root=$1
shift
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
for folder in sys dev; do mkdir -p "$root/$folder"; mount --rbind "/$folder" "$root/$folder"; done
mount -t tmpfs run "$root/run"
exec chroot "$root" /bin/sh -c "$@"
"""
# In the checkout, which ./dev takes along into the Debian 12 that it makes on another one; and elsewhere than Debian's
# own, which the package of certificates makes anew.
CERTIFICATES = "/root/autod/.bare-certificates.pem"
SETTINGS = "/root/autod/.bare-pip.conf"
CARRIED = {
    "/etc/resolv.conf": "/etc/resolv.conf",
    "/etc/pip.conf": SETTINGS,
    "/etc/ssl/certs/ca-certificates.crt": CERTIFICATES,
}
PASSED = ("http_proxy", "https_proxy", "no_proxy", "PIP_INDEX_URL", "PIP_DEFAULT_TIMEOUT")


def main(arguments: list[str]) -> int:
    """Run the commands in a bare root of the system; the status of the first that fails, else 0."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab.bare")
    parser.add_argument("system", choices=("bookworm", "trixie"))
    parser.add_argument("commands", nargs="+", metavar="COMMAND")
    parser.add_argument("--keep", action="store_true", help="leave the folder as it is at the end")
    parser.add_argument("--again", action="store_true", help="go on in the folder that --keep left")
    options = parser.parse_args(arguments)
    root = LAB / f"bare-{options.system}"
    if not options.again:
        _unpack(options.system, root)
        _put_checkout(root)
    status = 0
    for command in options.commands:
        print(f"bare: {options.system}: {command}", file=sys.stderr, flush=True)
        begun = time.monotonic()
        status = _run(root, f"cd /root/autod && {command}")
        print(f"bare: status {status} after {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)
        if status:
            break
    if not options.keep:
        shutil.rmtree(root, ignore_errors=True)
    return status


def _unpack(system: str, root: Path) -> None:
    archive = LAB / f"bare-{system}.tar"
    shutil.rmtree(root, ignore_errors=True)
    if not archive.exists():
        argv = ["debootstrap", "--variant=minbase", system, str(root), mirror(), "sid"]
        subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=proxies(), check=True)
        subprocess.run(["tar", "-C", root, "-cf", f"{archive}.new", "."], check=True)
        Path(f"{archive}.new").rename(archive)
        return
    root.mkdir()
    subprocess.run(["tar", "-C", root, "-xf", archive], check=True)


def _put_checkout(root: Path) -> None:
    """What is committed, and the configuration of this machine's package clients."""
    target = root / "root" / "autod"
    target.mkdir(parents=True)
    tar = subprocess.Popen(["git", "-C", CHECKOUT, "archive", "HEAD"], stdout=subprocess.PIPE)
    subprocess.run(["tar", "-C", target, "-xf", "-"], stdin=tar.stdout, check=True)
    if tar.wait():
        raise SystemExit("bare: the checkout is no git repository")
    for file, place in CARRIED.items():
        if os.path.exists(file):
            (root / place[1:]).unlink(missing_ok=True)
            shutil.copyfile(file, root / place[1:])


def _run(root: Path, command: str) -> int:
    passed = {name: os.environ[name] for name in PASSED if name in os.environ}
    env = {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/root",
        "TERM": "dumb",
        "PIP_CERT": CERTIFICATES,
        "PIP_CONFIG_FILE": SETTINGS,
        **passed,
    }
    argv = [
        "unshare",
        "--mount",
        "--pid",
        "--fork",
        "--kill-child",
        "sh",
        "-c",
        ENTER,
        "sh",
        str(root),
        command,
    ]
    return subprocess.run(argv, stdin=subprocess.DEVNULL, env=env, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
