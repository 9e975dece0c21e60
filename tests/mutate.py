"""Whether the fast tests notice a mistake: `./dev mutate [MODULE ...]`. No part of CI.

Of each module in MODULES a sample of small mistakes is made, one at a time, in a copy of the code: a comparison turned,
a constant off by one, a condition negated, a statement left out. Its own tests run on each. A mistake that no test
notices is printed; it is a missing test, unless SPARED says why it is none.

    ./dev mutate                              all modules, 20 mistakes each
    ./dev mutate autod/asking/guards.py --sample 100
    ./dev mutate --seed 2                     another sample
"""

from __future__ import annotations

import argparse
import ast
import compileall
import copy
import os
import random
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
TIMEOUT = 180
"""Seconds for the tests of one module: a mistake may make one wait for ever, which is noticed too."""

MODULES: dict[str, tuple[str, ...]] = {
    "protocol/encode.py": (
        "tests/protocol/test_encode.py",
        "tests/protocol/test_packer.py",
        "tests/protocol/test_captures.py",
    ),
    "protocol/exchange.py": ("tests/protocol/test_exchange.py",),
    "protocol/check.py": ("tests/protocol/test_check.py",),
    "autod/exchange/peer.py": ("tests/autod/exchange/test_peer.py",),
    "autod/exchange/slots.py": ("tests/autod/exchange/test_slots.py",),
    "autod/exchange/control.py": (
        "tests/autod/exchange/test_control.py",
        "tests/autod/exchange/test_control_at_once.py",
        "tests/autod/exchange/test_descriptors.py",
    ),
    "autod/exchange/sending.py": (
        "tests/autod/exchange/test_control_at_once.py",
        "tests/autod/loading/test_plain.py",
    ),
    "autod/loading/plain.py": ("tests/autod/loading/test_plain.py",),
    "autod/exchange/descriptors.py": (
        "tests/autod/exchange/test_descriptors.py",
        "tests/autod/exchange/test_slots.py",
    ),
    "autod/exchange/blocking.py": (
        "tests/autod/exchange/test_blocking_steps.py",
        "tests/autod/exchange/test_blocking.py",
    ),
    "autod/exchange/relay.py": ("tests/autod/exchange/test_relay.py",),
    "autod/loading/addconn.py": (
        "tests/autod/loading/test_addconn_words.py",
        "tests/autod/loading/test_addconn.py",
    ),
    "autod/identify/detect.py": ("tests/autod/identify/test_detect.py",),
    "autod/identify/cache.py": ("tests/autod/identify/test_cache.py",),
    "autod/identify/binary.py": ("tests/autod/identify",),
    "autod/identify/programs.py": ("tests/autod/identify/test_programs.py",),
    "autod/asking/guards.py": ("tests/autod/asking/test_guards.py",),
    "autod/judging/judge.py": (
        "tests/autod/judging/test_causes.py",
        "tests/autod/test_outcomes.py",
        "tests/autod/test_outcomes_operations.py",
        "tests/autod/test_members.py",
    ),
    "autod/judging/verdict.py": (
        "tests/autod/judging/test_verdict.py",
        "tests/autod/judging/test_causes.py",
        "tests/autod/test_outcomes.py",
    ),
    "autod/judging/resolve.py": ("tests/autod/judging/test_resolve.py",),
    "autod/status/members.py": ("tests/autod/status/test_members.py",),
    "autod/bulk/limit.py": ("tests/autod/bulk/test_limit.py",),
    "autod/service/access.py": ("tests/autod/service/test_access.py",),
    "autod/service/patterns.py": ("tests/autod/service/test_patterns.py",),
    "autod/service/shares.py": ("tests/autod/service/test_shares.py",),
    "autod/service/server.py": ("tests/autod/service/test_server.py",),
    "autod/supervisor/machine.py": ("tests/autod/supervisor/test_machine.py",),
}
"""What keeps a pluto alive and a gateway up, each with the tests that are its net."""

_LENGTH = "a length or a backlog that is as good one longer or shorter"
_ORDER = "both sides are the same there"
SPARED: dict[str, dict[str, str]] = {
    "autod/service/server.py": {
        f"16384 -> {size} in while data := await client.stream.receive_some(16384):": _LENGTH
        for size in (16383, 16385)
    },
    "autod/exchange/relay.py": {
        **{f"8 -> {size} in listener.listen(8)": _LENGTH for size in (7, 9)},
        "len(gettempdir()) < _ROOM -> len(gettempdir()) <= _ROOM": _LENGTH,
    },
    "autod/exchange/descriptors.py": {
        f'32 -> {size} in name = sha256(os.path.abspath(path).encode("utf-8", "replace")).hexdigest()[:32]': _LENGTH
        for size in (31, 33)
    },
    "autod/exchange/blocking.py": {
        "exchange.due.clear() -> pass": "an exchange has one answer, and the stream is shut after it",
    },
    "autod/bulk/limit.py": {
        "rate >= self._best_rate -> rate > self._best_rate": _ORDER,
        "rate < self._best_rate * GAIN -> rate <= self._best_rate * GAIN": "no rate is that exact",
        **{
            f"0 -> {one} in self._size = self._needed = 0": "set anew with the first answer"
            for one in (-1, 1)
        },
    },
    "autod/judging/judge.py": {
        "0 -> -1 in self._expected = max(self._expected, event.count or 0)": "the greater of the two is 0 then, too",
    },
    "autod/identify/cache.py": {
        f"4096 -> {size} in entry = msgspec.json.decode(os.read(handle, 4096), type=Entry)": _LENGTH
        for size in (4095, 4097)
    },
    "autod/asking/guards.py": {"return frozenset() -> return None": "nothing is up, said in two ways"},
    "autod/exchange/peer.py": {
        "os.O_RDONLY | os.O_CLOEXEC -> os.O_RDONLY & os.O_CLOEXEC": "Python closes it for a program anyway",
        "pid is None or fields is None -> pid is None and fields is None": "who is gone has no descriptors either",
        **{f"4096 -> {size} in text = os.read(handle, 4096)": _LENGTH for size in (4095, 4097)},
    },
    "autod/service/patterns.py": {
        "end < 0 -> end <= 0": "a set does not end where the text begins",
        **{
            f"0 -> {one} in self._tail = _length(pieces[-1]) if len(pieces) > 1 else 0": "not read without a `*`"
            for one in (-1, 1)
        },
    },
    "autod/service/access.py": {"size >= 65536 -> size > 65536": "the kernel gives no list that long"},
}
"""Mistakes that no test is to notice: of a module, as they are printed but for the line, with the reason."""

_TURNED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_OTHER: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}


class Mistake(NamedTuple):
    """A module with one mistake in it."""

    module: str
    line: int
    what: str
    source: str

    def __str__(self) -> str:
        return f"{self.module}:{self.line}: {self.what}"


def mistakes(module: str, text: str) -> Iterator[Mistake]:
    """Every mistake that is made in a module: in its functions, but for what is there for readers and type checkers."""
    count = sum(1 for _ in _nodes(ast.parse(text)))
    for number in range(count):
        for choice in range(2):
            tree = ast.parse(text)
            node, parent, field, index = next(found for at, found in enumerate(_nodes(tree)) if at == number)
            before = ast.unparse(node)
            made = _mistaken(copy.deepcopy(node), choice)
            if made is None:
                continue
            if index is None:
                setattr(parent, field, made)
            else:
                getattr(parent, field)[index] = made
            after = ast.unparse(made)
            line = getattr(node, "lineno", 0)
            # A number alone says nothing.
            where = f" in {text.splitlines()[line - 1]}" if isinstance(node, ast.Constant) else ""
            what = " ".join(f"{before} -> {after}{where}".split())[:150]
            yield Mistake(module, line, what, ast.unparse(ast.fix_missing_locations(tree)))


_Found = tuple[ast.AST, ast.AST, str, int | None]


def _nodes(tree: ast.AST) -> Iterator[_Found]:
    for function in ast.walk(tree):
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for index, statement in enumerate(function.body):
                if not _is_text(statement):
                    yield from _within(statement, function, "body", index)


def _within(node: ast.AST, parent: ast.AST, field: str, index: int | None) -> Iterator[_Found]:
    if isinstance(
        node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Raise, ast.JoinedStr, ast.Assert)
    ):
        return  # functions have their own turn; what an error says is not tested word by word
    yield node, parent, field, index
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "ctx"):
            continue
        for at, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(child, ast.AST) and not _is_text(child):
                yield from _within(child, node, name, at)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _mistaken(node: ast.AST, choice: int) -> ast.AST | None:
    """The node with a mistake in it; None if there is none to make, or no second one."""
    match node:
        case ast.Compare(ops=[operator]) if type(operator) in _TURNED:
            if choice == 0:
                node.ops = [_TURNED[type(operator)]()]
                return node
            return None
        case ast.BoolOp() if choice == 0:
            node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            return node
        case ast.UnaryOp(op=ast.Not()) if choice == 0:
            return node.operand
        case ast.BinOp() if choice == 0 and type(node.op) in _OTHER:
            node.op = _OTHER[type(node.op)]()
            return node
        case ast.Constant(value=bool() as value) if choice == 0:
            return ast.Constant(not value)
        case ast.Constant(value=int() as value) if not isinstance(value, bool):
            return ast.Constant(value + 1 if choice == 0 else value - 1)
        case ast.If(test=test) if choice == 0:
            node.test = ast.UnaryOp(ast.Not(), test)
            return node
        case ast.Return(value=ast.expr() as value) if choice == 0 and not (
            isinstance(value, ast.Constant) and not value.value
        ):
            return ast.Return(ast.Constant(None))
        case ast.Expr(value=ast.Call() | ast.Await()) if choice == 0:
            return ast.Pass()
        case ast.AugAssign() if choice == 0:
            return ast.Pass()
        case ast.Continue() if choice == 0:
            return ast.Break()
        case _:
            return None


class Bench:
    """Copies of the code, in which mistakes are made and tests are run."""

    def __init__(self, folder: Path, copies: int) -> None:
        self._free: list[tuple[Path, subprocess.Popen[str]]] = []
        for number in range(copies):
            place = folder / str(number)
            ignored = shutil.ignore_patterns(".git", ".venv*", "__pycache__", ".*_cache", "data")
            shutil.copytree(ROOT, place, symlinks=True, ignore=ignored)
            (place / "tests" / "data").symlink_to(ROOT / "tests" / "data")
            # Compiled once: to compile all of it takes longer than most tests.
            compileall.compile_dir(str(place), quiet=2)
            command = [sys.executable, "-c", f"TIMEOUT = {TIMEOUT}\n{_SERVER}"]
            environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(place)}
            server = subprocess.Popen(
                command, cwd=place, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            self._free.append((place, server))

    def notices(self, module: str, source: str | None) -> bool:
        """Whether the module's tests fail with this source; None for the one it has."""
        place, server = self._free.pop()
        path = place / module
        text, times = path.read_text(), path.stat()
        try:
            if source is not None:
                path.write_text(source)
            print(*MODULES[module], file=server.stdin, flush=True)
            return server.stdout.readline().strip() != "0"
        finally:
            path.write_text(text)
            # As old as what was compiled of it.
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
            self._free.append((place, server))


_SERVER = """
import os, signal, sys, time
import pytest, hypothesis, trio, trio.testing, construct, msgspec, structlog

OPTIONS = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--hypothesis-profile", "quick"]
OPTIONS += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
for line in sys.stdin:
    child = os.fork()
    if not child:
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDWR), 0)
        os.dup2(0, 1)
        os.dup2(0, 2)
        os._exit(int(pytest.main([*OPTIONS, *line.split()])))
    end = time.monotonic() + TIMEOUT
    while (status := os.waitpid(child, os.WNOHANG)) == (0, 0) and time.monotonic() < end:
        time.sleep(0.02)
    if status == (0, 0):
        os.kill(child, signal.SIGKILL)
        status = os.waitpid(child, 0)
    print(status[1], flush=True)
"""
"""Runs tests in a fork of a Python that has loaded what they need of others: that is half of the time of most."""


def main() -> int:
    """Run it; 1 where fewer than nine of ten mistakes are noticed."""
    parser = argparse.ArgumentParser(prog="./dev mutate", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("module", nargs="*", choices=[[], *MODULES], help="the modules (default: all)")
    parser.add_argument("--sample", type=int, default=20, help="mistakes of each module (default: 20)")
    parser.add_argument("--seed", type=int, default=1, help="which sample (default: 1)")
    parser.add_argument("--jobs", type=int, default=2, help="tests that run at once (default: 2)")
    options = parser.parse_args()
    made = noticed = 0
    with (
        tempfile.TemporaryDirectory(prefix="autod-mutate-") as folder,
        ThreadPoolExecutor(options.jobs) as pool,
    ):
        bench = Bench(Path(folder), options.jobs)
        for module in options.module or MODULES:
            if bench.notices(module, None):
                print(f"{module}: its tests fail as it is", flush=True)
                return 1
            every = list(mistakes(module, (ROOT / module).read_text()))

            sample = random.Random(f"{options.seed} {module}").sample(every, min(options.sample, len(every)))
            sample = [mistake for mistake in sample if mistake.what not in SPARED.get(module, {})]
            found = list(pool.map(lambda mistake: bench.notices(mistake.module, mistake.source), sample))
            print(f"{module}: {sum(found)} of {len(sample)} noticed, of {len(every)} there are", flush=True)
            for mistake, is_noticed in zip(sample, found, strict=True):
                if not is_noticed:
                    print(f"  {mistake}", flush=True)
            made, noticed = made + len(sample), noticed + sum(found)
    print(f"{noticed} of {made} noticed ({100 * noticed / max(made, 1):.0f} %)")
    return 0 if noticed >= 0.9 * made else 1


if __name__ == "__main__":
    sys.exit(main())
