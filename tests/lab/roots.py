"""The root folders of the lab: built once by debootstrap, kept outside the checkout.

    python -m tests.lab.roots              # builds what is missing, says what it installs
    python -m tests.lab.roots forky        # only this one

| folder   | system                        | what for                                                     |
|----------|-------------------------------|--------------------------------------------------------------|
| forky    | Debian testing                | User-mode Linux, a kernel with ESP that is a process         |
| trixie   | Debian 13                     | pluto 5.2, systemd, Python 3.13                              |
| bullseye | Debian 11                     | pluto 4.3                                                    |
| bookworm | Debian 12                     | where the tests run on a machine with a later Debian         |
| package  | Debian 13                     | where the package is installed (python -m tests.lab.package) |
| venv     | (inside trixie)               | autod's requirements for its Python; needs pip here          |

They live in /var/cache/libreswan-autod, or where AUTOD_LAB says. A folder is built under another name and
renamed when it is whole; its stamp holds the recipe, and another recipe builds it anew. The mirror is the one
that this machine's apt uses. Needs root and debootstrap.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["CHECKOUT", "LAB", "NAMES", "TRIXIE_PYTHON", "build", "has_esp", "mirror", "missing", "proxies"]

LAB = Path(os.environ.get("AUTOD_LAB", "/var/cache/libreswan-autod"))
CHECKOUT = Path(__file__).resolve().parent.parent.parent

STAMP = ".autod-lab"
# Inside the trixie root: the virtual environment, and where a boot of it binds the checkout.
VENV = "/opt/autod"
SOURCE = "/srv/autod"
TRIXIE_PYTHON = f"{VENV}/bin/python"


@dataclass(frozen=True, slots=True)
class Root:
    name: str
    packages: tuple[str, ...]
    suite: str = ""
    """Where it is not called as its folder is."""

    @property
    def folder(self) -> Path:
        return LAB / self.name

    @property
    def recipe(self) -> str:
        return f"debootstrap --variant=minbase --include={','.join(self.packages)} {self.suite or self.name}"


ALL = {
    root.name: root
    for root in (
        # Of 7.2, 6.12 and 6.1 only the kernel in testing starts on processors with a large floating-point
        # state.
        Root("forky", ("user-mode-linux", "kmod")),
        # libreswan depends on the virtual package host, which debootstrap does not resolve: bind9-host has it.
        Root(
            "trixie",
            ("libreswan", "bind9-host", "iproute2", "kmod", "systemd-sysv", "dbus", "procps", "python3"),
        ),
        Root(
            "package",
            (
                *(
                    "libreswan",
                    "bind9-host",
                    "iproute2",
                    "kmod",
                    "systemd-sysv",
                    "dbus",
                    "procps",
                    "bash-completion",
                ),
                *(
                    "python3-trio",
                    "python3-construct",
                    "python3-structlog",
                    "python3-msgspec",
                    "python3-rich",
                ),
                *("python3-h11", "python3-prometheus-client", "man-db", "curl"),
            ),
            suite="trixie",
        ),
        Root("bullseye", ("libreswan", "bind9-host", "iproute2")),
        Root(
            "bookworm",
            (
                *("libreswan", "bind9-host", "libnss3-tools", "iproute2", "iputils-ping", "procps"),
                *("debootstrap", "python3-venv", "ca-certificates"),
            ),
        ),
    )
}
NAMES = ("forky", "trixie", "bullseye", "venv")


@functools.cache
def has_esp() -> bool:
    """Whether this kernel can install an ESP state, tried in a network namespace that is gone after."""
    state = "ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x1000 mode tunnel"
    keys = f"enc cbc(aes) 0x{'11' * 16} auth hmac(sha1) 0x{'22' * 20}"
    argv = ["unshare", "--net", *f"{state} {keys}".split()]
    tried = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    return tried.returncode == 0


def missing(names: Sequence[str] = NAMES) -> list[str]:
    """Those of `names` that build() would build."""
    return [name for name in names if _stamp(_place(name)) != _recipe(name)]


def build(names: Sequence[str] = NAMES) -> None:
    """Build those of `names` that are missing; no time at all where none is, some minutes the first time."""
    if not missing(names):
        return
    LAB.mkdir(parents=True, exist_ok=True)
    with _alone(), ThreadPoolExecutor(max_workers=2) as two_at_a_time:
        roots = [ALL[name] for name in missing(names) if name in ALL]
        list(two_at_a_time.map(_build_root, roots))
        if missing([name for name in names if name == "venv"]):
            _build_venv()


def _place(name: str) -> Path:
    return ALL[name].folder if name in ALL else LAB / "trixie" / VENV[1:]


def _recipe(name: str) -> str:
    if name in ALL:
        return ALL[name].recipe
    return hashlib.sha256("\n".join([SOURCE, *_requirements()]).encode()).hexdigest()


def _stamp(folder: Path) -> str:
    stamp = folder / STAMP
    return stamp.read_text() if stamp.exists() else ""


@contextmanager
def _alone() -> Iterator[None]:
    with open(LAB / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _say(line: str) -> None:
    print(f"lab: {line}", file=sys.stderr, flush=True)


def _run(*argv: str, log: Path, env: dict[str, str] | None = None) -> None:
    with log.open("a") as out:
        out.write(f"$ {' '.join(argv)}\n")
        out.flush()
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env, timeout=1800, check=False
        )
    if done.returncode != 0:
        tail = "".join(log.read_text(errors="replace").splitlines(keepends=True)[-15:])
        raise SystemExit(f"lab: {argv[0]} ended with {done.returncode}; the whole log is {log}\n{tail}")


def mirror(*, update: bool = True) -> str:
    """The mirror of Debian itself that this machine's apt uses (not its security archive)."""
    lines = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(ORIGIN)|$(LABEL)|$(REPO_URI)", "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout.splitlines()
    for line in lines:
        origin, label, uri = line.split("|", 2)
        if origin == label == "Debian":
            return uri
    if update:
        subprocess.run(["apt-get", "update", "-qq"], stdin=subprocess.DEVNULL, timeout=600, check=False)
        return mirror(update=False)
    raise SystemExit("lab: apt knows no mirror of Debian: add one to its sources")


def proxies() -> dict[str, str]:
    """The environment with the proxies that apt is configured to use, for debootstrap's downloads."""
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive", LC_ALL="C.UTF-8")
    for scheme in ("http", "https"):
        shown = subprocess.run(
            ["apt-config", "shell", "proxy", f"Acquire::{scheme}::Proxy"],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
        if (found := re.search(r"proxy='(.+)'", shown)) and found[1] != "DIRECT":
            env.setdefault(f"{scheme}_proxy", found[1])
    return env


def _build_root(root: Root) -> None:
    suite = root.suite or root.name
    _say(f"installing Debian {suite} with {', '.join(root.packages)} into {root.folder} (about a minute)")
    begun = time.monotonic()
    work = LAB / f"{root.name}.new"
    log = LAB / f"{root.name}.log"
    log.write_text("")
    shutil.rmtree(work, ignore_errors=True)
    # The script is named because the debootstrap of Debian 12 knows no forky; all recent ones are the same.
    argv = ["debootstrap", "--variant=minbase", f"--include={','.join(root.packages)}"]
    _run(*argv, suite, str(work), mirror(), "sid", log=log, env=proxies())
    for archive in (work / "var/cache/apt/archives").glob("*.deb"):
        archive.unlink()
    for modules in (work / "usr/lib/uml/modules").glob("*"):
        (work / "usr/lib/modules").mkdir(exist_ok=True)
        (work / "usr/lib/modules" / modules.name).symlink_to(f"/usr/lib/uml/modules/{modules.name}")
    (work / "host").mkdir(exist_ok=True)
    (work / STAMP).write_text(root.recipe)
    if root.folder.exists():
        old = LAB / f"{root.name}.old"
        shutil.rmtree(old, ignore_errors=True)
        root.folder.rename(old)
        work.rename(root.folder)
        shutil.rmtree(old)
    else:
        work.rename(root.folder)
    _say(f"{root.folder} is ready after {time.monotonic() - begun:.0f} s")


def _requirements() -> list[str]:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    extras = project["project"].get("optional-dependencies", {}).values()
    groups = [project["project"]["dependencies"], project["dependency-groups"]["test"], *extras]
    return sorted({requirement for group in groups for requirement in group})


def _build_venv() -> None:
    """A virtual environment for trixie's Python, filled from here: the root needs no network of its own."""
    root = LAB / "trixie"
    log = LAB / "venv.log"
    log.write_text("")
    _say(f"installing {', '.join(_requirements())} for Python 3.13 into {root}{VENV}")
    shutil.rmtree(root / VENV[1:], ignore_errors=True)
    _run("chroot", str(root), "python3", "-m", "venv", "--without-pip", VENV, log=log)
    (site,) = (root / VENV[1:]).glob("lib/python3.*/site-packages")
    version = site.parent.name.removeprefix("python")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--target", str(site)]
    _run(*pip, "--python-version", version, "--only-binary=:all:", *_requirements(), log=log)
    (site / "autod-checkout.pth").write_text(f"{SOURCE}\n")
    script = root / VENV[1:] / "bin/autod"
    script.write_text(f"#!{TRIXIE_PYTHON}\nimport sys\n\nfrom autod.cli import main\n\nsys.exit(main())\n")
    script.chmod(0o755)
    (root / SOURCE[1:]).mkdir(parents=True, exist_ok=True)
    (root / VENV[1:] / STAMP).write_text(_recipe("venv"))


if __name__ == "__main__":
    build(sys.argv[1:] or NAMES)
