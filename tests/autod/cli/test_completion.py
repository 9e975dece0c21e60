"""The completion that is shipped: what bash, zsh and fish offer for a line that was begun, each in a real one."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from autod.cli import main
from autod.testing import FakePluto
from tests.generators.completion import MADE

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER = Path(__file__).parents[3] / "contrib" / "completion"

# Names that a shell would take for something else are offered like others.
KNOWN = ["branch-1", "branch-2", "$(touch harm)", "two words", "x[1]"]
AUTOD = """\
#!/bin/sh
[ "$1" = --complete ] && shift || exit 2
cat known
[ "$1" != --config=other.conf ] || echo branch-3
"""

CASES = {
    # The words, the operations as 5.x writes them, and what stands behind them.
    "autod do": ["doctor", "down"],
    "autod down br": ["branch-1", "branch-2"],
    "autod doctor --ctl": ["--ctlsocket"],
    "autod explain br": ["branch-1", "branch-2"],
    "autod explain --config fil": ["file"],
    "autod top --sort s": ["since", "state"],
    "autod history --peer ": [],
    "autod decode fil": ["file"],
    # Operations, and only the options that they take.
    "autod --listc": ["--listcacerts", "--listcerts", "--listcrls"],
    "autod --up --a": ["--all", "--api", "--asynchronous"],
    "autod --up br": ["branch-1", "branch-2"],
    "autod --up branch-1 br": ["branch-1", "branch-2"],
    "autod branch-1 --unr": ["--unroute"],
    "autod --up -- br": ["branch-1", "branch-2"],
    "autod --debug cp": ["cpu-usage"],
    # The values of options.
    "autod --seccomp ": ["no", "yes"],
    "autod --status --format t": ["table", "text"],
    "autod --check --peer fil": ["file"],
    "autod --release 5.3.": ["5.3.1", "5.3.2"],
    "autod --sync --prune br": ["branch-1", "branch-2"],
    "autod --config other.conf --add br": ["branch-1", "branch-2", "branch-3"],
    "autod --config=other.conf --add br": ["branch-1", "branch-2", "branch-3"],
    # As a program of ipsec's.
    "ipsec autod --up br": ["branch-1", "branch-2"],
    "ipsec autod do": ["doctor", "down"],
    "ipsec autod doctor --ctl": ["--ctlsocket"],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where somebody types: an autod that knows some names, and one more of a file."""
    folder = tmp_path_factory.mktemp("completion")
    (folder / "autod").write_text(AUTOD)
    (folder / "autod").chmod(0o755)
    (folder / "known").write_text("\n".join(KNOWN) + "\n")
    for name in ("file", "other.conf"):
        (folder / name).touch()
    (folder / "_autod").write_bytes((FOLDER / "_autod").read_bytes())
    return folder


def in_bash(folder: Path, lines: list[str]) -> dict[str, list[str]]:
    """By line, what readline would be given for its last word."""
    script = (
        f"source {FOLDER / 'autod.bash'}; "
        + r"""
        while IFS= read -r line; do
            read -ra COMP_WORDS <<<"${line//=/ = }"
            [[ $line != *' ' ]] || COMP_WORDS+=('')
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            if [[ $line == ipsec* ]]; then _autod_behind_ipsec; else _autod; fi
            printf '> %s\n' "$line"
            for one in "${COMPREPLY[@]}"; do eval "printf '%s\n' $one"; done
        done
    """
    )
    return _run(["bash", "-c", script], folder, "\n".join(lines))


def in_fish(folder: Path, lines: list[str]) -> dict[str, list[str]]:
    """By line, what it offers that begins as its end does: fish 4 has also what only resembles it."""
    script = (
        f"source {FOLDER / 'autod.fish'}; "
        + r"""
        while read -l line
            echo "> $line"
            complete -C $line | string replace -r '\t.*' ''
        end
        true
    """
    )
    offered = _run(["fish", "--no-config", "-c", script], folder, "\n".join(lines))
    return {
        line: [word for word in words if word.startswith(line.rpartition(" ")[2])]
        for line, words in offered.items()
    }


def in_zsh(folder: Path, lines: list[str]) -> dict[str, list[str]]:
    """By line, what it takes for matches after a Tab, on a terminal of its own, as compinit wants one."""
    (folder / "init").write_text(r"""
        PROMPT= fpath=($PWD $fpath)
        autoload -Uz compinit; compinit -D -u
        compadd() {
            if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd "$@"; return; fi
            local -a matches
            builtin compadd -A matches "$@"
            print -rl -- ${(Q)matches} >>offered
            builtin compadd "$@"
        }
        # zsh forgets it with each call.
        note() { print -r -- . >>offered; comppostfuncs=(note) }
        comppostfuncs=(note)
        bindkey '^I' complete-word
        # Keys that come before the editor has begun may be lost.
        zle-line-init() { print -r -- . >>offered }
        zle -N zle-line-init
    """)
    script = r"""
        zmodload zsh/zpty
        wait_for() { until [[ -e offered && $(tail -n 1 offered) == . ]]; do zpty -r -t shell >/dev/null; done }
        rm -f offered
        zpty -b shell zsh -f -i
        zpty -w shell 'source ./init'
        wait_for
        while IFS= read -r line; do
            rm -f offered
            zpty -w -n shell "$line"$'\t'
            wait_for
            print -r -- "> $line"
            sed '$d' offered
            zpty -w -n shell $'\x15'
        done
        zpty -d shell
    """
    return _run(["zsh", "-f", "-c", script], folder, "\n".join(lines))


def _run(shell: list[str], folder: Path, lines: str) -> dict[str, list[str]]:
    done = subprocess.run(
        shell,
        input=f"{lines}\n",
        capture_output=True,
        text=True,
        timeout=250,
        check=True,
        cwd=folder,
        env={"PATH": f"{folder}:/usr/bin:/bin:/usr/sbin", "HOME": str(folder), "TERM": "xterm"},
    )
    assert done.stderr == ""
    answers = (part.splitlines() for part in done.stdout.split("> ")[1:])
    return {line: sorted({word.strip() for word in words if word}) for line, *words in answers}


@pytest.mark.parametrize("shell", [in_bash, in_fish, in_zsh])
def test_a_shell_offers(shell: Callable[[Path, list[str]], dict[str, list[str]]], folder: Path) -> None:
    """Words, options, values, files and names of connections, each where it may stand."""
    assert shell(folder, list(CASES)) == CASES


@pytest.mark.parametrize("shell", [in_bash, in_fish, in_zsh])
def test_a_name_is_never_run(shell: Callable[[Path, list[str]], dict[str, list[str]]], folder: Path) -> None:
    """A connection may be called `$(touch harm)`."""
    offered = shell(folder, ["autod --up "])["autod --up "]
    assert {"branch-1", "$(touch harm)", "two words", "x[1]"} <= set(offered)
    assert not (folder / "harm").exists()


@pytest.mark.parametrize("name", sorted(MADE))
def test_it_is_what_the_parsers_say(name: str) -> None:
    """`python -m tests.generators.completion` after a change of options."""
    assert (FOLDER / name).read_text() == MADE[name]()


def test_names_for_the_shell_are_those_of_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Aliases too; neither a file nor a pluto that is not there is an error while somebody types."""
    file = tmp_path / "ipsec.conf"
    file.write_text('config setup\nconn a\n\tconnalias="x y"\nconn %default\nconn b\n')
    nobody = ["--ctlsocket", str(tmp_path / "pluto.ctl")]
    assert main(["--complete", "--config", str(file), *nobody]) == 0
    assert capsys.readouterr().out.split() == ["a", "x", "y", "b"]
    assert main(["--complete", "--config", str(tmp_path / "none"), *nobody]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("loaded", "offered"), [(3, 3), (300, 0)])
def test_a_pluto_that_says_how_many_it_has_is_asked_for_all_of_a_few(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], loaded: int, offered: int
) -> None:
    """Whatever the file has; of many, those that are up."""
    names = [f"c{number}" for number in range(loaded)]
    with FakePluto("5.2", connections=names) as pluto:
        words = ["--complete", "--config", str(tmp_path / "none"), "--ctlsocket", str(pluto.path)]
        assert main([*words, "--timeout", "60"]) == 0
    assert capsys.readouterr().out.split() == names[:offered]
