"""Every failure ends in one sentence and its status; what nobody foresaw is raised."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from autod.cli import main
from autod.errors import ConfigurationError, DeadlinePassed, NoSocket
from autod.exchange.connect import explain
from autod.protocol.errors import BadString, Unsupported, UsageError, WhackError

if TYPE_CHECKING:
    import argparse


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> int:
    """The status of `autod --version` if printing the version raised `error`."""

    def run(options: argparse.Namespace) -> int:
        raise error

    monkeypatch.setattr("autod.cli.version.run", run)
    return main(["--version"])


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (BadString("the name is bad"), 2),
        (Unsupported("not on this release"), 2),
        (ConfigurationError("cannot be used", where="/etc/ipsec.conf:1:2"), 3),
        (NoSocket("no pluto"), 33),
        (DeadlinePassed("too late"), 124),
        (WhackError("no"), 1),
        (FileNotFoundError(2, "No such file or directory", "/x"), 1),
        (ExceptionGroup("nursery", [ExceptionGroup("inner", [NoSocket("no pluto")])]), 33),
        (KeyboardInterrupt(), 130),
        (BaseExceptionGroup("nursery", [KeyboardInterrupt()]), 130),
        (ModuleNotFoundError("No module named 'rich'", name="rich"), 1),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else str(value),
)
def test_what_can_be_foreseen_is_a_sentence(
    error: BaseException, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On standard error, with the status of docs/cli.md."""
    assert failing(monkeypatch, error) == status
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("autod: ")
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (explain("/x", FileNotFoundError(2, "none")), "name the socket (--ctlsocket)"),
        (UsageError("give the right one (release=)", option="release"), "give the right one (--release)"),
        (UsageError("load through it (via_addconn=)", option="via_addconn"), "(--via-addconn)"),
        (BadString("the secret (answers=) is too long", option="answers"), "(--xauthpass-file)"),
        (UsageError("x=1 is not a name"), "x=1 is not a name"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_argument_of_the_library_is_an_option_here(
    error: WhackError, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failing(monkeypatch, error)
    assert said in capsys.readouterr().err


def test_a_bug_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is told that all is well."""
    with pytest.raises(ZeroDivisionError):
        failing(monkeypatch, ZeroDivisionError())


def test_help_and_usage_have_their_statuses(capsys: pytest.CaptureFixture[str]) -> None:
    """0 and 2, returned and not raised."""
    assert main(["--help"]) == 0
    assert main(["--up"]) == 2
    assert main([]) == 2


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["--showonly", "--up", "a"], ["doctor", "--help"]]
)
def test_what_needs_no_event_loop_loads_none(arguments: list[str]) -> None:
    """Nor anything else that costs time: the parser is argparse and tables."""
    script = (
        "import sys\n"
        "from autod.cli import main\n"
        f"main({arguments!r})\n"
        "heavy = {'trio', 'construct', 'structlog', 'msgspec', 'rich'} & set(sys.modules)\n"
        "sys.exit(1 if heavy else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], stdout=subprocess.DEVNULL, check=False, timeout=60)
    assert done.returncode == 0


def test_one_name_loads_neither_an_event_loop_nor_what_makes_classes() -> None:
    """trio takes longer than all the rest of the command, dataclasses (with inspect) a sixth of it."""
    script = (
        "import sys, autod.cli.quick, autod.recognise.known\n"
        "print(*sorted({'trio', 'construct', 'structlog', 'dataclasses', 'shutil'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_text_leaves_as_the_bytes_it_came_from_in_any_locale() -> None:
    """In the C locale, and in one that is not UTF-8."""
    for locale in ("C", "C.UTF-8", "POSIX"):
        done = subprocess.run(
            [sys.executable, "-m", "autod", "--showonly", "--up", b"k\xc3\xb6ln\xff"],
            stdout=subprocess.PIPE,
            check=True,
            timeout=60,
            env={**os.environ, "LC_ALL": locale, "IPSEC_RUNDIR": "/r"},
        )
        assert done.stdout == b"ipsec whack --ctlsocket /r/pluto.ctl --name k\xc3\xb6ln\xff --initiate\n"


@pytest.mark.parametrize("closed", ["1", "2", "0,1,2"])
def test_a_stream_that_was_closed_from_the_start_is_none_to_print_to(closed: str) -> None:
    """`autod ... >&-`: no traceback, and no socket or file takes its place."""
    program = (
        f"import os, sys\nfor number in ({closed},): os.close(number)\n"
        "os.execv(sys.executable, [sys.executable, '-m', 'autod', '--showonly', '--up', 'a'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=60,
        cwd=Path(__file__).parents[3],
    )
    assert done.returncode == 0
    assert done.stderr == b""
    assert bool(done.stdout) == (closed == "2")


def test_a_closed_standard_output_is_no_traceback() -> None:
    """`autod --help >&-` and a reader that went away."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "autod", "--showonly", "--status"],
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
        timeout=60,
    )
    os.close(writing)
    assert done.returncode == 141
    assert done.stderr == b""
