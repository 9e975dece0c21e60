"""The table of what was made ahead of time says what the families say, and construct builds the same messages today."""

from __future__ import annotations

import functools
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autod.protocol import commands as c
from autod.protocol import outlines, releases
from autod.protocol.encode import build, encode
from autod.protocol.errors import BadString, DecodeError, Unsupported
from autod.protocol.outlines import Outline
from autod.protocol.releases import Release
from tests.generators.outlines import FILE, simple, text

SIMPLE = list(simple())

BUILDS = [(seccomp, labeled) for seccomp in (None, False, True) for labeled in (None, False, True)]


def test_the_table_is_what_construct_makes_today() -> None:
    """If not: python -m tests.generators.outlines."""
    assert FILE.read_text() == text()


@pytest.mark.parametrize("release", releases.ALL)
def test_a_message_built_ahead_is_what_construct_builds(release: str) -> None:
    """Every simple command, however this pluto may have been built; what construct refuses is not there either."""
    ahead = 0
    for seccomp, labeled in BUILDS:
        pluto = releases.find(release, seccomp=seccomp, labeled=labeled)
        for command in SIMPLE:
            found = pluto.outline.ahead(command, magic=pluto.magic, seccomp=seccomp, labeled=labeled)
            try:
                built = build(command, pluto)
            except Unsupported:
                assert found is None
                with pytest.raises(Unsupported):
                    encode(command, pluto)
                continue
            assert found is not None, (command, seccomp, labeled)
            assert encode(command, pluto) == built, (command, seccomp, labeled)
            ahead += 1
    assert ahead > 30 * 3


@given(
    name=st.text(st.characters(codec="utf-8", exclude_characters="\0\n"), min_size=1, max_size=4095),
    command=st.sampled_from([kind for kind in SIMPLE if getattr(kind, "name", None)]),
    text=st.sampled_from(releases.ALL),
)
def test_a_name_in_a_message_built_ahead_is_as_construct_writes_it(
    name: str, command: c.Command, text: str
) -> None:
    """Names of any length: the same bytes, or no room for it in both."""
    pluto = releases.find(text, seccomp=False, labeled=False)
    if not pluto.supports(type(command)):
        return
    arguments = {field: getattr(command, field) for field in command.__struct_fields__}
    named = type(command)(**{**arguments, "name": name})
    try:
        built = build(named, pluto)
    except BadString:
        with pytest.raises(BadString):
            encode(named, pluto)
    else:
        assert encode(named, pluto) == built


def test_what_was_built_ahead_needs_no_construct() -> None:
    """Every simple command of every release, in a program of its own."""
    program = (
        "import sys\n"
        "from tests.generators.outlines import simple\n"
        "from autod.protocol import releases\n"
        "from autod.protocol.encode import encode\n"
        "count = 0\n"
        "for text in releases.ALL:\n"
        "    release = releases.find(text, seccomp=False, labeled=False)\n"
        "    for command in simple():\n"
        "        if release.supports(type(command)):\n"
        "            count += bool(encode(command, release))\n"
        "heavy = {'construct', 'autod.protocol.cstruct', 'autod.protocol.families.requests'} & set(sys.modules)\n"
        "print(count > 1000, sorted(heavy))\n"
    )
    assert subprocess.check_output([sys.executable, "-c", program], text=True) == "True []\n"


def test_a_family_that_is_not_in_the_table_is_asked_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """A release that was added a minute ago is spoken to, only not as quickly."""
    known = releases.find("4.10")
    monkeypatch.setattr(outlines, "_rows", dict)
    # A cache of its own: other tests hold what the real one gave them.
    monkeypatch.setattr(releases, "_outline", functools.cache(releases._outline.__wrapped__))
    pluto = releases.find("4.10")
    assert pluto.outline.messages == {}
    assert (pluto.magic, pluto.seqpacket, pluto.codes) == (known.magic, known.seqpacket, known.codes)
    assert all(pluto.supports(type(command)) == known.supports(type(command)) for command in SIMPLE)
    assert encode(c.Initiate("a"), pluto) == encode(c.Initiate("a"), known)


def test_a_release_without_a_layout_cannot_be_read() -> None:
    """As one that was learned: it has codes and commands, and no family."""
    outline = Outline(None, ("9.9",), None, "CODES_5_3", commands=frozenset({"Initiate"}))
    release = Release("9.9", (9, 9), outline)
    assert release.supports(c.Initiate)
    assert not release.supports(c.Delete)
    with pytest.raises(DecodeError, match=r"9\.9"):
        _ = release.family
