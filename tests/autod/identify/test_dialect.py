"""Asking an addconn for its dialect: it is run where there are dialects of the release, and its word counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from autod.identify.binary import Version, parse_version, with_build
from autod.identify.dialect import dialect_of, read_in
from autod.identify.programs import open_program
from autod.protocol.releases import find

if TYPE_CHECKING:
    from pathlib import Path


def addconn(folder: Path, *, patched: bool) -> Path:
    """One that reads its file as addconn does: 3 for a keyword that it does not know."""
    program = folder / "addconn"
    program.write_text(
        f'#!/bin/sh\necho "$@" >>{folder}/ran\n[ "$1" = --checkconfig ] || exit 1\n'
        f"{'' if patched else 'grep -q ike_frag= $3 && exit 3'}\nexit 0\n"
    )
    program.chmod(0o755)
    return program


@pytest.mark.parametrize("patched", [True, False])
@pytest.mark.parametrize("text", ["4.9", "4.12"])
def test_a_build_with_the_patches_shows_itself(text: str, patched: bool, tmp_path: Path) -> None:
    assert dialect_of(text, str(addconn(tmp_path, patched=patched))) == ("el8" if patched else "")


@pytest.mark.parametrize("text", ["4.10", "5.2", "5.4", "3.27", "9.9", "v5.4-59-g0c4e3eccfb-main"])
def test_nothing_is_run_where_there_is_no_dialect(text: str, tmp_path: Path) -> None:
    assert dialect_of(text, str(addconn(tmp_path, patched=True))) == ""
    assert not (tmp_path / "ran").exists()


def test_an_addconn_that_is_not_there_or_not_to_be_trusted_tells_nothing(tmp_path: Path) -> None:
    program = addconn(tmp_path, patched=True)
    program.chmod(0o777)
    assert dialect_of("4.12", str(program)) == ""
    assert dialect_of("4.12", str(tmp_path / "none")) == ""
    assert dialect_of("4.12", None) == ""
    assert not (tmp_path / "ran").exists()


def test_it_is_that_of_the_programs_beside_pluto(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = addconn(tmp_path, patched=True)
    monkeypatch.setenv("IPSEC_EXECDIR", str(tmp_path))
    version = parse_version("Libreswan 4.12 IKEv2")
    assert isinstance(version, Version)
    with open_program(str(program)) as opened:
        assert with_build(version, opened).dialect == "el8"


@pytest.mark.parametrize(
    ("said", "found", "read"),
    [("", "", ""), ("", "el8", "el8"), ("el8", "", "el8"), ("upstream", "el8", "")],
)
def test_what_somebody_says_counts_before_what_was_found(said: str, found: str, read: str) -> None:
    assert read_in(find("4.12").built(dialect=found), said).dialect == read
