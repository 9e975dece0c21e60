"""The completion that is shipped: what bash offers for a line that was begun."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from autod.cli import main
from autod.cli.parser import WORDS, build_parser
from autod.operations import ROWS

if TYPE_CHECKING:
    from collections.abc import Sequence

FOLDER = Path(__file__).parents[3] / "contrib" / "completion"


def offered(words: Sequence[str], folder: Path) -> list[str]:
    """What bash offers for the last of `words`; `autod --complete` gives two names."""
    program = folder / "autod"
    program.write_text("#!/bin/sh\necho branch-1\necho branch-2\n")
    program.chmod(0o755)
    line = " ".join(f"'{word}'" for word in ("autod", *words))
    script = (
        f"PATH={folder}:$PATH; source {FOLDER / 'autod.bash'}; COMP_WORDS=({line}); COMP_CWORD={len(words)};"
        ' _shtab_autod; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=20, check=True)
    return sorted(set(done.stdout.split()))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--ca", ""], ["branch-1", "branch-2"]),
        (["--up", "br"], ["branch-1", "branch-2"]),
        (["--up", "branch-1", ""], ["branch-1", "branch-2"]),
        (["--seccomp", ""], ["no", "yes"]),
        (["doc"], ["doctor"]),
        (["doctor", "--ctl"], ["--ctlsocket"]),
        (["--listc"], ["--listcacerts", "--listcerts", "--listcrls"]),
    ],
)
def test_bash_offers(words: list[str], expected: list[str], tmp_path: Path) -> None:
    """Names of connections, options, values, sub-words and their options."""
    assert offered(words, tmp_path) == expected


def test_every_option_is_there() -> None:
    """`python -m tests.generators.completion` after a change of options."""
    bash, zsh = ((FOLDER / name).read_text() for name in ("autod.bash", "_autod"))
    flags = {
        flag
        for action in build_parser()._actions
        if action.help != "==SUPPRESS=="
        for flag in action.option_strings
    }
    assert {row.flag for row in ROWS if row.flag} <= flags
    for flag in flags:
        assert flag in re.split(r"[\s()'\"]+", bash), flag
        assert flag in zsh, flag
    for word in WORDS:
        assert word in bash
        assert word in zsh


def test_names_for_the_shell_are_those_of_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Aliases too; a file that is not there is no error while somebody types."""
    file = tmp_path / "ipsec.conf"
    file.write_text('config setup\nconn a\n\tconnalias="x y"\nconn %default\nconn b\n')
    assert main(["--complete", "--config", str(file)]) == 0
    assert capsys.readouterr().out.split() == ["a", "x", "y", "b"]
    assert main(["--complete", "--config", str(tmp_path / "none")]) == 0
    assert capsys.readouterr() == ("", "")
