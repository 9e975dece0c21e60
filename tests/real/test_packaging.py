"""What is installed: autod alone, from the wheel and from the source archive, beside anything called `protocol`."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import autod

ROOT = Path(__file__).parents[2]
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info")

PROGRAM = """
import sys
sys.path[:] = [{target!r}, {beside!r}, *(path for path in sys.path if path and path != {root!r})]
import autod, autod.protocol, autod.testing, protocol
from autod.protocol import releases
from autod.cli import main
assert autod.__file__.startswith({target!r}), autod.__file__
assert protocol.__file__.startswith({beside!r}), protocol.__file__
assert protocol.WHOSE == {whose!r}
for release in releases.ALL:
    assert releases.find(release).family.layout.head
assert main(["--version"]) == 0
with autod.testing.FakePluto("5.4", connections=["a"]) as pluto:
    import trio
    async def up():
        async with autod.open_pluto(pluto.path) as client:
            return await client.up("a")
    assert trio.run(up).ok
"""


def run(*command: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build(source: Path, to: Path, *, mode: int) -> Path:
    """The wheel and the source archive in `to`, from what is in the repository and nothing else, laid into `source`."""
    source.mkdir(parents=True)
    for part in ("autod", "protocol", "contrib", "docs", "tests"):
        shutil.copytree(
            ROOT / part, source / part, symlinks=True, ignore=LEFT_OUT, copy_function=shutil.copyfile
        )
    for part in ("dev", "README.md", "LICENSE", "CHANGELOG.md", "pyproject.toml"):
        shutil.copyfile(ROOT / part, source / part)
    (source / "dev").chmod(0o755)
    for file in source.rglob("*.md"):
        file.chmod(mode)
    run(sys.executable, "-m", "hatchling", "build", "-d", to, cwd=source)
    return to


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the wheel and the source archive."""
    return build(tmp_path_factory.mktemp("source") / "autod", tmp_path_factory.mktemp("built"), mode=0o644)


def test_the_same_sources_give_the_same_bytes(built: Path, tmp_path: Path) -> None:
    """In another folder, at another time, for somebody with another umask."""
    again = build(tmp_path / "elsewhere" / "checkout", tmp_path / "again", mode=0o664)
    names = sorted(file.name for file in built.iterdir())
    assert names == sorted(file.name for file in again.iterdir())
    assert len(names) == 2
    for name in names:
        assert (built / name).read_bytes() == (again / name).read_bytes(), name


def test_the_wheel_has_autod_and_nothing_else(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"autod", f"libreswan_autod-{autod.__version__}.dist-info"}
    assert {"autod/py.typed", "autod/protocol/encode.py", "autod/testing/plugin.py"} <= set(names)
    assert len(names) == len(set(names))


def test_the_source_archive_has_each_file_of_the_protocol(built: Path) -> None:
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as files:
        names = {name.partition("/")[2] for name in files.getnames()}
    for file in (ROOT / "protocol").rglob("*.py"):
        assert f"autod/{file.relative_to(ROOT)}" in names
    assert {"tests/conftest.py", "docs/library.md", "pyproject.toml", "dev"} <= names


@pytest.mark.parametrize("kind", ["*.whl", "*.tar.gz"])
@pytest.mark.parametrize("package", [False, True], ids=["a file protocol.py", "a package protocol"])
def test_it_works_beside_a_protocol_of_somebody_else(
    built: Path, tmp_path: Path, kind: str, package: bool
) -> None:
    """A user's own protocol.py, or the PyPI project of that name: neither is shadowed, and neither is in the way."""
    target, beside = tmp_path / "target", tmp_path / "beside"
    (archive,) = built.glob(kind)
    options = ("--no-deps", "--no-index", "--no-build-isolation", "--disable-pip-version-check", "--quiet")
    run(sys.executable, "-m", "pip", "install", *options, "--target", target, archive)
    theirs = beside / "protocol" / "__init__.py" if package else beside / "protocol.py"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("WHOSE = 'theirs'\n")
    program = PROGRAM.format(target=str(target), beside=str(beside), root=str(ROOT), whose="theirs")
    assert run(sys.executable, "-c", program, cwd=beside) == f"autod {autod.__version__}\n"
