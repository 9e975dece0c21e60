"""Files that are none: whatever they ask for, reading them takes little memory, and ends in a sentence."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import pytest

from autod.config import check, load
from autod.protocol.connection.identity import fix_id
from autod.protocol.connection.rules import RULES
from autod.protocol.releases import find

if TYPE_CHECKING:
    from pathlib import Path

    from autod.config.reader import Configuration

EVERY = [row.name for row in RULES]


def read(folder: Path, text: str, release: str) -> Configuration:
    (folder / "ipsec.conf").write_text(text)
    return load("ipsec.conf", find(release, seccomp=False, labeled=False), folder=str(folder))


def test_a_small_file_takes_little_memory(tmp_path: Path) -> None:
    """What the file has is allocated, and not what the largest file may have."""
    read(tmp_path, "conn a\n\tleft=192.0.2.1\n", "5.2")
    tracemalloc.start()
    try:
        read(tmp_path, "conn a\n\tleft=192.0.2.1\n", "5.2")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1 << 20


@pytest.mark.sampled(1)
@pytest.mark.parametrize("release", ["3.27", "4.10", "5.0", "5.2", "5.4"])
def test_a_long_chain_of_also_ends_in_a_sentence(tmp_path: Path, release: str) -> None:
    """A chain of 20,000 leads to 200 million sections."""
    chain = "".join(f"conn c{at}\n\talso=c{at + 1}\n" for at in range(20_000)) + "conn c20000\n\tpfs=no\n"
    refusal = read(tmp_path, chain, release).refusal
    assert refusal is not None
    assert "also= leads to more than" in refusal.sentence


def test_a_long_chain_of_also_ends_at_the_limit_of_4_x(tmp_path: Path) -> None:
    """32 sections are all that addconn takes."""
    chain = "".join(f"conn c{at}\n\talso=c{at + 1}\n" for at in range(300)) + "conn c300\n\tpfs=no\n"
    configuration = read(tmp_path, chain, "4.6")
    assert configuration.refusal is None
    assert sum(one.failed for one in configuration.connections) == 300 - 31


def test_a_file_whose_connections_each_take_ten_sections_in_is_read(tmp_path: Path) -> None:
    """The bound is far from what people write."""
    bases = "".join(f"conn base{at}\n\talso=base{at + 1}\n" for at in range(9)) + "conn base9\n\tpfs=no\n"
    text = bases + "".join(
        f"conn c{at}\n\tleft=192.0.2.1\n\tright=192.0.2.2\n\talso=base0\n" for at in range(2_000)
    )
    configuration = read(tmp_path, text, "5.2")
    assert configuration.refusal is None
    assert all("pfs" in one.settings for one in configuration.connections)


@pytest.mark.sampled(5)
@pytest.mark.parametrize("release", EVERY)
@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [
        ("[" * 60_000, "more than 4096 characters"),
        ("[" * 4_000, "more than 100 brackets"),
        ("{a,b}" * 30, "more than 1000 names"),
        ("/etc/" + "x/" * 2_000 + "*", "more than 200 parts"),
        ("/etc/" + "*/" * 6 + "x", "more than 5 parts of its path are patterns"),
        ("{" * 2_000 + "a" + "}" * 2_000, ""),
        ("{a," * 1_000 + "b" + "}" * 1_000, ""),
    ],
    ids=["long", "brackets", "many names", "deep", "wild", "nested", "nested lists"],
)
def test_a_pattern_that_is_none_ends_in_a_sentence(
    tmp_path: Path, release: str, pattern: str, sentence: str
) -> None:
    """Before anything is matched with it. From 5.0 on braces are characters like others."""
    configuration = read(tmp_path, f"include {pattern}\nconn a\n", release)
    said = " ".join(one.sentence for one in configuration.diagnostics)
    assert said
    assert len(said) < 500
    if "{" not in pattern or (sentence and release < "5"):
        assert sentence in said


@pytest.mark.sampled(5)
@pytest.mark.parametrize("release", EVERY)
@pytest.mark.parametrize(
    "text",
    [
        '"' * 500_000 + "\n",
        "conn a\n\tleft=" + '"' * 500_000 + "\n",
        "conn a\n\tleft=" + " " * 500_000 + "\n",
        "conn a\n" + "\t" * 500_000 + "x\n",
        "=" * 500_000 + "\n",
        "conn a\n\tx-" + "=" * 500_000 + "\n",
        "conn a\n" + "\tbogus=1\n" * 20_000,
        'conn a\n\tleft=192.0.2.1\n\tright=192.0.2.2\n\tleftid="a=' + "," * 500_000 + '"\n',
    ],
    ids=["quotes", "quoted", "blanks", "tabs", "equals", "comment", "unknown", "commas"],
)
def test_long_lines_are_read_once(tmp_path: Path, release: str, text: str) -> None:
    """Half a megabyte of the same character: a reader that went over it again for each would not end."""
    configuration = read(tmp_path, text, release)
    assert len(check(configuration)) <= 1_000


def test_the_commas_of_an_id_are_mended_as_before() -> None:
    """Each pair from the left, one after the other."""
    assert fix_id("O=a,,b") == "O=a\\,b"
    assert fix_id("O=a,,,b") == "O=a\\\\,b"
    assert fix_id("O=a,,,,,,b,,c") == "O=a\\\\\\\\\\,b\\,c"
    assert fix_id("@O=a,,b") == "@O=a,,b"
