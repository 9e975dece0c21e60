"""The manual pages: made from the program's own tables, and nothing that groff would complain of."""

from __future__ import annotations

import argparse
import importlib.util
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

from autod.cli.parser import WORDS, build_parser, build_word_parser
from autod.supervisor.settings import PolicySettings, Seconds
from autod.supervisor.settingsfile import parse
from autod.supervisor.states import Policy

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def build() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_man", ROOT / "docs" / "man" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PAGES = ["autod.8", "autod-auto.8", "autod-ansible.7", "autod.toml.5", "autod.3"]


@pytest.mark.parametrize("page", PAGES)
def test_groff_formats_the_pages_without_a_word(page: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "docs/man/build.py", tmp_path], capture_output=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, b"")
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", "-z", tmp_path / page], capture_output=True, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_mandoc_has_nothing_to_say_of_the_pages(tmp_path: Path) -> None:
    """No warning, which includes a date; the same day gives the same page."""
    build = [sys.executable, ROOT / "docs/man/build.py"]
    for folder in ("one", "two"):
        subprocess.run([*build, tmp_path / folder], env={"SOURCE_DATE_EPOCH": "1700000000"}, check=True)
    for page in PAGES:
        assert (tmp_path / "one" / page).read_bytes() == (tmp_path / "two" / page).read_bytes()
        assert "2023-11-14" in (tmp_path / "one" / page).read_text()
        done = subprocess.run(
            ["mandoc", "-T", "lint", "-W", "warning", tmp_path / "one" / page], capture_output=True, text=True
        )
        assert done.stdout + done.stderr == ""


def test_every_option_and_every_word_is_on_the_page(build: ModuleType) -> None:
    text = build.autod().replace("\\-", "-")
    for parser in [build_parser(), *map(build_word_parser, WORDS)]:
        for action in parser._actions:
            for name in action.option_strings:
                if action.help != argparse.SUPPRESS and action.dest != "help":
                    assert name in text
    for word in WORDS:
        assert f".SS autod {word}" in text


def test_every_key_is_on_the_page(build: ModuleType) -> None:
    text = build.autod_toml()
    for _, table in build.TABLES:
        for field in msgspec.structs.fields(table):
            assert f"\n.B {field.name}\n" in text


def test_the_defaults_that_the_page_tells_are_those_of_the_program() -> None:
    policy = Policy()
    for field in msgspec.structs.fields(PolicySettings):
        description = (
            next(m.description for m in field.type.__metadata__)
            if hasattr(field.type, "__metadata__")
            else ""
        )
        hint = PolicySettings.__annotations__[field.name]
        found = re.search(r"Default: (\S+)\.(?:\"|'|\))", hint.replace("\n", " ")) or re.search(
            r"Default: ([\w.]+)\.$", description
        )
        if field.name in ("keep",):
            continue
        assert found is not None, field.name
        value = found[1]
        told = float(Seconds.read(value)) if value[-1:] in "smhd" else float(value)
        assert told == getattr(policy, field.name), field.name


def test_the_example_can_be_used(build: ModuleType) -> None:
    assert [g.name for g in parse(build.EXAMPLE).group] == ["branches", "spare"]
    assert tomllib.loads(build.EXAMPLE)["metrics"]["listen"] == "127.0.0.1:9741"


def test_every_module_for_ansible_is_in_its_page_with_its_options(build: ModuleType) -> None:
    text = build.autod_ansible().replace("\\-", "-")
    for path in (ROOT / "contrib" / "ansible" / "plugins" / "modules").glob("*.py"):
        assert f".SS libreswan.autod.{path.stem}\n" in text
        for option in re.findall(r"^            (\w+)=\{", path.read_text(), re.MULTILINE):
            assert f"\n.B {option}\n" in text, (path.stem, option)
    assert not re.search(r"\b[VOCMP]\(", text)
