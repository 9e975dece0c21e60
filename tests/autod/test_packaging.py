"""That the package for Debian has what the project needs, and every file that stands in contrib/systemd."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEBIAN = ROOT / "contrib" / "debian"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_the_package_is_built_with_what_the_project_depends_on() -> None:
    """With the same lower bounds: the manual pages are made with the program."""
    control = (DEBIAN / "control").read_text()
    for requirement in PROJECT["dependencies"]:
        name, bound = requirement.split(">=")
        assert f"python3-{name}" in control, requirement
        if name != "construct":  # Debian's version has a suffix, and there is one only
            assert f"python3-{name} (>= {bound})" in control, requirement


def test_the_version_is_that_of_the_project() -> None:
    """The changelog's first entry."""
    first = (DEBIAN / "changelog").read_text().splitlines()[0]
    found = re.search(r'__version__ = "(.+)"', (ROOT / "autod" / "__init__.py").read_text())
    assert found is not None
    assert first.startswith(f"{PROJECT['name']} ({found[1]})")


def test_the_spec_has_what_the_project_has() -> None:
    """Version, units, programs; what the program needs is taken from the project when it is built."""
    spec = (ROOT / "contrib" / "rpm" / "libreswan-autod.spec").read_text()
    found = re.search(r'__version__ = "(.+)"', (ROOT / "autod" / "__init__.py").read_text())
    assert found is not None
    assert re.search(rf"^Version: +{re.escape(found[1])}$", spec, re.MULTILINE)
    assert re.search(rf"^\* .* - {re.escape(found[1])}-1$", spec, re.MULTILINE)
    for program in PROJECT["scripts"]:
        assert f"%{{_bindir}}/{program}\n" in spec
    for unit in (ROOT / "contrib" / "systemd").iterdir():
        if unit.suffix in (".service", ".socket") and "@" not in unit.name:
            assert unit.name in spec, unit.name
    for requirement in {line for extra in PROJECT["optional-dependencies"].values() for line in extra}:
        name, bound = requirement.split(">=")
        assert f"dist({name}) >= {bound}" in spec or name == "h11", requirement


def test_every_socket_and_service_is_started_or_left_to_the_administrator() -> None:
    """By name in debian/rules; templates are for hooks to start."""
    rules = (DEBIAN / "rules").read_text()
    for unit in (ROOT / "contrib" / "systemd").iterdir():
        if unit.suffix in (".service", ".socket") and "@" not in unit.name:
            assert unit.name in rules, unit.name


def test_every_program_has_a_manual_page() -> None:
    pages = (DEBIAN / "autod.manpages").read_text()
    for program in PROJECT["scripts"]:
        assert re.search(rf"/{program}\.8$", pages, re.MULTILINE), program


def test_the_collection_for_ansible_has_the_version_of_the_project() -> None:
    galaxy = (ROOT / "contrib" / "ansible" / "galaxy.yml").read_text()
    found = re.search(r'__version__ = "(.+)"', (ROOT / "autod" / "__init__.py").read_text())
    assert found is not None
    assert f"\nversion: {found[1]}\n" in galaxy
