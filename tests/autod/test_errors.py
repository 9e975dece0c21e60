"""Errors are data: they carry what they are about, travel between processes, and speak to whom they are raised."""

from __future__ import annotations

import ast
import copy
import errno
import pickle
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import autod
from autod.client import open_pluto
from autod.errors import (
    BadString,
    ConfigurationError,
    ConnectionLost,
    DeadlinePassed,
    DecodeError,
    ForeignMessage,
    NoSocket,
    NotPermitted,
    PlutoGone,
    PlutoReplaced,
    ProtocolViolation,
    UnknownRelease,
    Unsupported,
    UsageError,
    WhackError,
)
from autod.exchange.connect import explain
from autod.protocol import releases
from autod.protocol.commands import Initiate, Suspend
from autod.protocol.encode import encode
from autod.service.client import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterator

ERRORS = (
    WhackError("all of it", path="/run/x", errno=2, name="a", seconds=1.5, option="path", place="f:1:2"),
    UsageError("no", option="limit"),
    BadString("no", name="a\nb"),
    Unsupported("no", release="3.27"),
    UnknownRelease("9.9", "no such release", path="/run/x", option="release"),
    ForeignMessage("no", release="4.6"),
    DecodeError("no"),
    ConfigurationError("no such key", where="/etc/autod.toml:3", key="group[0].name"),
    ConfigurationError("no", errno=errno.ENOENT),
    ProtocolViolation("no", path="/run/x"),
    PlutoGone("no"),
    NoSocket("no", path="/run/x", errno=errno.ECONNREFUSED),
    NotPermitted("no", path="/run/x", errno=errno.EACCES),
    PlutoReplaced("no", path="/run/x"),
    ConnectionLost("no", path="/run/x"),
    DeadlinePassed("no", seconds=2.5, option="timeout"),
    ApiError("org.libreswan.autod.UnknownConnection", {"names": ["a"]}),
)


def find(text: str) -> None:
    releases.find(text)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_survives_being_pickled_and_copied(error: WhackError) -> None:
    for other in (
        *(pickle.loads(pickle.dumps(error, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)),
        copy.copy(error),
        copy.deepcopy(error),
    ):
        assert type(other) is type(error)
        assert str(other) == str(error)
        assert other.args == error.args
        assert vars(other) == vars(error)
        assert other.fields == error.fields


def test_every_class_of_the_tree_was_tried() -> None:
    def below(kind: type[WhackError]) -> Iterator[type[WhackError]]:
        yield kind
        for one in kind.__subclasses__():
            yield from below(one)

    assert {type(error) for error in ERRORS} >= {
        kind
        for kind in below(WhackError)
        if kind.__module__.startswith("autod.") and kind.__name__ in autod.__all__
    }


def test_an_unknown_release_comes_back_from_another_process() -> None:
    with (
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool,
        pytest.raises(UnknownRelease) as raised,
    ):
        pool.submit(find, "9.9").result(timeout=60)
    assert raised.value.release == "9.9"


def test_notes_survive_too() -> None:
    error = NoSocket("no", path="/run/x")
    error.add_note("while the tests ran")
    assert pickle.loads(pickle.dumps(error)).__notes__ == ["while the tests ran"]


async def test_each_says_what_it_is_about(tmp_path: Path) -> None:
    path = str(tmp_path / "none.ctl")
    with pytest.raises(NoSocket) as none:
        async with open_pluto(path):
            pass
    assert none.value.fields == {"path": path, "errno": errno.ENOENT, "option": "path"}
    with pytest.raises(UnknownRelease) as release:
        async with open_pluto(path, "9.9"):
            pass
    assert release.value.release == "9.9"
    denied = explain(path, OSError(errno.EACCES, "denied"))
    assert (type(denied), denied.path, denied.errno) == (NotPermitted, path, errno.EACCES)
    with pytest.raises(BadString) as name:
        encode(Initiate("a\nb"), releases.find("4.10"))
    assert name.value.name == "a\nb"
    with pytest.raises(Unsupported) as lacking:
        encode(Suspend("a"), releases.find("3.27"))
    assert lacking.value.release == "3.27"
    place = ConfigurationError("no such key", where="/etc/autod.toml:3", key="group[0].name")
    assert (place.path, place.place, place.where, place.key) == (
        "/etc/autod.toml",
        "/etc/autod.toml:3",
        "/etc/autod.toml:3",
        "group[0].name",
    )


def sentences_of(file: Path) -> Iterator[tuple[int, str]]:
    """The texts in the calls that make an error, with their lines."""
    kinds = {type(error).__name__ for error in ERRORS}
    for call in ast.walk(ast.parse(file.read_text())):
        if isinstance(call, ast.Call) and getattr(call.func, "id", None) in kinds:
            for part in (one for argument in call.args for one in ast.walk(argument)):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield part.lineno, part.value


def test_no_error_of_the_library_speaks_of_an_option_of_the_command_line() -> None:
    root = Path(autod.__file__).parent
    found = [
        (file.relative_to(root), line, text)
        for file in (*root.rglob("*.py"), *(root / "protocol").rglob("*.py"))
        if not file.is_relative_to(root / "cli")
        for line, text in sentences_of(file)
    ]
    assert len(found) > 50
    assert [one for one in found if "--" in one[2]] == []
