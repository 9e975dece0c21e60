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


def _program(folder: Path) -> None:
    """An autod that knows two connections, and one more in a file."""
    program = folder / "autod"
    program.write_text('#!/bin/sh\necho branch-1\necho branch-2\n[ "$3" != other.conf ] || echo branch-3\n')
    program.chmod(0o755)


def offered(words: Sequence[str], folder: Path) -> list[str]:
    """What bash offers for the last of `words`; `autod --complete` gives two names."""
    _program(folder)
    line = " ".join(f"'{word}'" for word in ("autod", *words))
    script = (
        f"PATH={folder}:$PATH; source {FOLDER / 'autod.bash'}; COMP_WORDS=({line}); COMP_CWORD={len(words)};"
        ' _shtab_autod; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, check=True)
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
        (["--config", "other.conf", "--add", "br"], ["branch-1", "branch-2", "branch-3"]),
    ],
)
def test_bash_offers(words: list[str], expected: list[str], tmp_path: Path) -> None:
    """Names of connections, options, values, sub-words and their options."""
    assert offered(words, tmp_path) == expected


def test_bash_offers_the_same_behind_ipsec(tmp_path: Path) -> None:
    """`ipsec autod --up br`."""
    _program(tmp_path)
    script = (
        f"PATH={tmp_path}:$PATH; source {FOLDER / 'autod.bash'}; COMP_WORDS=(ipsec autod --up br); COMP_CWORD=3;"
        ' _autod_behind_ipsec; printf "%s\\n" "${COMPREPLY[@]}"; complete -p ipsec'
    )
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split()[:2] == ["branch-1", "branch-2"]
    assert "_autod_behind_ipsec" in done.stdout


def offered_by_fish(line: str, folder: Path) -> list[str]:
    """What fish offers at the end of `line`."""
    _program(folder)
    script = f"set -x PATH {folder} $PATH; source {FOLDER / 'autod.fish'}; complete -C '{line}'"
    done = subprocess.run(["fish", "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == ""
    return sorted({entry.partition("\t")[0] for entry in done.stdout.splitlines()})


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("autod --up br", ["branch-1", "branch-2"]),
        ("autod --up branch-1 b", ["branch-1", "branch-2"]),
        ("autod --seccomp ", ["no", "yes"]),
        ("autod doc", ["doctor"]),
        ("autod doctor --ctl", ["--ctlsocket"]),
        ("autod --listc", ["--listcacerts", "--listcerts", "--listcrls"]),
        ("autod --config other.conf --add br", ["branch-1", "branch-2", "branch-3"]),
        ("ipsec autod --up br", ["branch-1", "branch-2"]),
    ],
)
def test_fish_offers(line: str, expected: list[str], tmp_path: Path) -> None:
    """The same as bash does."""
    assert offered_by_fish(line, tmp_path) == expected


def test_zsh_loads_the_completion_and_offers_options(tmp_path: Path) -> None:
    """In a real zsh with a terminal of its own, as compinit wants one."""
    _program(tmp_path)
    (tmp_path / "_autod").write_bytes((FOLDER / "_autod").read_bytes())
    start = f"PS1=; PATH={tmp_path}:$PATH; fpath=({tmp_path} $fpath); autoload -Uz compinit; compinit -D -u"
    script = (
        "zmodload zsh/zpty; zpty -b shell zsh -f -i; "
        f"zpty -w shell '{start}'; "
        "zpty -w -n shell $'autod --listca\\t'; sleep 2; zpty -r shell line '*listcacerts*'; print -r -- $line"
    )
    done = subprocess.run(["zsh", "-f", "-c", script], capture_output=True, text=True, timeout=30)
    assert "--listcacerts" in done.stdout, done


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
