"""autod.config.advice: what to write instead, and what became of a text on its way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autod.config import Severity, check, load
from autod.config.advice import for_keyword, for_value, look
from autod.protocol.releases import find

if TYPE_CHECKING:
    from pathlib import Path

    from autod.config import Diagnostic

HEAD = "config setup\nconn a\n\tleft=192.1.2.45\n\tright=192.1.2.60\n\tauto=add\n"


def said(
    tmp_path: Path, text: str, release: str = "5.2", policy: str | None = None
) -> tuple[Diagnostic, ...]:
    file = tmp_path / "ipsec.conf"
    file.write_bytes(text.encode())
    return check(load(str(file), find(release, seccomp=False)), ikev1_policy=policy)


@pytest.mark.parametrize("release", ["4.10", "5.2", "5.4"])
@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("connaddrfamily=ipv4", "hostaddrfamily="),
        ("ike_frag=yes", "fragmentation="),
        ("pfsgroup=modp2048", "esp="),
        ("lifebytes=100", "ipsec-max-bytes="),
        ("rightdns=192.0.2.1", "modecfgdns="),
        ("leftfirewall=yes", "leftupdown="),
        ("auth=esp", "phase2=esp"),
        ("xauth=server", "leftxauthserver=yes"),
    ],
)
def test_a_word_of_others_says_what_to_write(release: str, line: str, hint: str, tmp_path: Path) -> None:
    """The verdict stays the release's."""
    found = said(tmp_path, f"{HEAD}\t{line}\n", release)
    assert any(hint in (one.hint or "") for one in found), found


@pytest.mark.parametrize("release", ["4.10", "5.2", "5.4"])
def test_a_keyword_at_the_margin_is_told_to_be_indented(release: str, tmp_path: Path) -> None:
    """The commonest fault of all."""
    (first, *_) = said(tmp_path, "config setup\nikev1-policy=accept\n", release)
    assert first.severity is Severity.FATAL
    assert "indent" in (first.hint or "")


def test_a_retired_word_of_config_setup_is_named(tmp_path: Path) -> None:
    """4.10 takes interfaces= in silence, and addconn warns."""
    (one,) = said(tmp_path, "config setup\n\tinterfaces=ipsec0=eth0\n", "4.10")
    assert (one.severity, one.sentence) == (Severity.WARNING, "interfaces= no longer has an effect")


def test_what_editors_do_is_named_once(tmp_path: Path) -> None:
    """A byte order mark, line ends of another system, quotes of a text program."""
    text = "\ufeff" + HEAD.replace("\n", "\r\n") + "\tleftid=\u201c@a\u201d\n\trightid=\u201c@b\u201d\n"
    sentences = [one.sentence for one in said(tmp_path, text) if one.severity is Severity.WARNING]
    assert sum("byte order mark" in one for one in sentences) == 1
    assert sum("5 lines with a carriage return" in one for one in sentences) == 1
    assert sum("4 typographic quotes" in one for one in sentences) == 1


def test_what_many_take_in_is_said_once(tmp_path: Path) -> None:
    """With the number of connections."""
    text = "config setup\nconn %default\n\treqid=0\n\tleft=192.1.2.45\n\tauto=add\n"
    text += "".join(f"conn c{i}\n\tright=192.1.2.{i}\n" for i in range(1, 101))
    (one,) = said(tmp_path, text, "4.10")
    assert (one.count, one.connection) == (100, None)


@pytest.mark.parametrize(
    ("setup", "policy", "warned"),
    [
        ("", None, True),
        ("\tikev1-policy=accept\n", None, False),
        ("\tikev1-policy=accept\n", "drop", True),
        ("", "accept", False),
    ],
)
@pytest.mark.parametrize("release", ["4.10", "5.2", "5.4"])
def test_ikev1_wants_a_pluto_that_takes_it(
    release: str, setup: str, policy: str | None, warned: bool, tmp_path: Path
) -> None:
    """What the running pluto says counts before what the file says."""
    text = f"config setup\n{setup}conn a\n\tleft=192.1.2.45\n\tright=192.1.2.60\n\tikev2=no\n\tauto=add\n"
    sentences = [one.sentence for one in said(tmp_path, text, release, policy)]
    assert any("it will not be loaded" in one for one in sentences) == warned


def test_names_of_protocols_are_known(tmp_path: Path) -> None:
    """They stand in /etc/protocols, not in the network."""
    text = f"{HEAD}\tleftprotoport=gre\n\trightprotoport=udp/l2tp\n"
    assert not [one for one in said(tmp_path, text, "4.10") if one.severity is not Severity.WARNING]


@given(st.text(), st.lists(st.text()))
def test_advice_never_raises(word: str, lines: list[str]) -> None:
    """Whatever stands in a file."""
    for_keyword(word)
    for_value(word, word)
    list(look("f", lines))
