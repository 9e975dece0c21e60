"""autod.config.compare: what differs, as far as both sides are certain, and what it costs to change it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from autod.config import load
from autod.config.compare import compare
from autod.config.comparison import Comparison, Detail, Difference, Memory
from autod.config.steps import removes_too_much, steps
from autod.protocol.releases import find
from autod.protocol.replies import Reply
from autod.status import State, parse
from autod.status.model import ChildSa
from autod.status.shown import shown

if TYPE_CHECKING:
    from pathlib import Path

STATUS = (
    '"a": 10.1.0.0/16===192.1.2.45[@west]...192.1.2.23[@east]===10.2.0.0/16; unrouted; eroute owner: #0',
    '"a":   ike_life: 28800s; ipsec_life: 28800s; replay_window: 128; rekey_margin: 540s; rekey_fuzz: 100%;',
    '"a":   our idtype: ID_FQDN; our id=@west; their idtype: ID_FQDN; their id=@east',
    '"by-hand": 192.1.2.45...192.1.2.99; unrouted; eroute owner: #0',
    '"forgotten": 192.1.2.45...192.1.2.98; unrouted; eroute owner: #0',
)
REPLIES = [Reply(0, line) for line in STATUS]
STATE = parse(REPLIES)

FILE = """config setup
conn a
\tleft=192.1.2.45
\tleftid=@west
\tleftsubnet=10.1.0.0/16
\tright=192.1.2.23
\trightid=@east
\trightsubnet=10.2.0.0/16
\tikelifetime=8h
\tauto=add
conn by-hand
\tleft=192.1.2.45
\tright=192.1.2.99
conn fresh
\tleft=192.1.2.45
\tright=192.1.2.97
\tauto=ondemand
"""


def comparison(tmp_path: Path, release: str, text: str = FILE, names: tuple[str, ...] = ()) -> Comparison:
    """The comparison of a file with STATE."""
    file = tmp_path / "ipsec.conf"
    file.write_text(text)
    memory = Memory(names={"forgotten": str(file)})
    configuration = load(str(file), find(release, seccomp=False))
    return compare(configuration, STATE, names, shows=shown(REPLIES), memory=memory)


@pytest.mark.parametrize("release", ["4.10", "5.2", "5.3.2", "5.4"])
def test_what_is_the_same_missing_and_too_much(release: str, tmp_path: Path) -> None:
    """What was loaded by hand and is in the file with auto=ignore is nobody's concern."""
    found = comparison(tmp_path, release)
    assert found.same == ("a",)
    assert [one.connection for one in found.missing] == ["fresh"]
    assert found.extra == ("forgotten",)
    assert found.different == ()
    assert not found.equal


@pytest.mark.parametrize("release", ["4.10", "5.2", "5.3.2", "5.4"])
@pytest.mark.parametrize(
    ("before", "after", "setting", "configured", "loaded"),
    [
        ("8h", "2h", "ikelifetime", "7200s", "28800s"),
        ("=10.2.0.0/16", "=10.3.0.0/16", "rightsubnet", "10.3.0.0/16", "10.2.0.0/16"),
        ("@east", "@else", "rightid", "@else", "@east"),
        ("right=192.1.2.23", "right=192.1.2.24", "right", "192.1.2.24", "192.1.2.23"),
    ],
)
def test_a_setting_that_changed_is_told_in_the_same_words_on_every_release(
    release: str, before: str, after: str, setting: str, configured: str, loaded: str, tmp_path: Path
) -> None:
    """Releases keep their settings as numbers, words or text."""
    (different,) = comparison(tmp_path, release, FILE.replace(before, after)).different
    (detail,) = different.details
    assert (detail.setting, detail.configured, detail.loaded) == (setting, configured, loaded)
    assert detail.place is not None


def test_ends_may_be_written_either_way_round(tmp_path: Path) -> None:
    """left is not always the local end."""
    swapped = FILE.replace("left", "xxxx").replace("right", "left").replace("xxxx", "right")
    assert comparison(tmp_path, "4.10", swapped).same == ("a",)


def test_names_narrow_it_down(tmp_path: Path) -> None:
    """And then nothing is too much."""
    found = comparison(tmp_path, "4.10", names=("a",))
    assert (found.same, found.missing, found.extra) == (("a",), (), ())
    assert found.equal


SHARED = State(
    child_sas=(
        ChildSa(serial=2, connection="a", ike_sa=1, phase="established"),
        ChildSa(serial=3, connection="b", ike_sa=1, phase="established"),
        ChildSa(serial=5, connection="c", ike_sa=4, phase="established"),
    )
)
CHANGED = Comparison(
    (Difference("new", ("new",)),),
    ("c", "foreign"),
    (Difference("a", ("a",), elements=("a",)), Difference("d", ("d",), elements=("d",))),
    (),
    (),
    ("foreign",),
)


def test_adding_comes_first_and_costs_nothing() -> None:
    """Then what is different, then what is too much."""
    planned = steps(CHANGED, SHARED, shares=False)
    assert [(one.action, one.connection, one.takes_down) for one in planned] == [
        ("add", "new", ()),
        ("replace", "a", ("a",)),
        ("replace", "d", ()),
        ("delete", "c", ("c",)),
    ]
    assert not any(one.siblings for one in planned)


def test_where_replacing_takes_the_ike_sa_down_its_other_children_are_named() -> None:
    """As on 5.4; a connection that is down takes nobody with it."""
    planned = steps(CHANGED, SHARED, shares=True)
    assert planned[1].takes_down == ("a", "b")
    assert planned[1].siblings
    assert not planned[2].siblings


def test_what_others_loaded_is_deleted_only_by_name() -> None:
    """Also by a pattern."""
    assert "foreign" not in [one.connection for one in steps(CHANGED, SHARED, shares=False)]
    pruned = steps(CHANGED, SHARED, shares=False, prune=("for*",))
    assert [one.connection for one in pruned if one.action == "delete"] == ["c", "foreign"]


@pytest.mark.parametrize(
    ("removed", "kept", "refused"),
    [
        (0, 0, False),
        (1, 9, False),
        (4, 1, False),
        (5, 20, False),
        (5, 19, True),
        (1, 0, True),
        (300, 0, True),
    ],
)
def test_no_more_than_a_fifth_goes_at_once(removed: int, kept: int, refused: bool) -> None:
    """And never all; four of five may, as they are few."""
    why = removes_too_much([f"r{i}" for i in range(removed)], [f"k{i}" for i in range(kept)])
    assert (why is not None) == refused


def test_a_keyword_that_was_taken_out_is_seen(tmp_path: Path) -> None:
    """What pluto shows is not what it would show without the keyword."""
    without = FILE.replace("\trightid=@east\n", "")
    (different,) = comparison(tmp_path, "4.10", without).different
    assert different.details == (
        Detail("rightid", "192.1.2.23", "@east", str(tmp_path / "ipsec.conf") + ":2:1"),
    )


@pytest.mark.parametrize("broken", ["\tauto=add\n\tno-such-word=1\n", "\tauto=add\n\tauto=start\n"])
def test_a_file_with_a_fault_forgets_nothing(broken: str, tmp_path: Path) -> None:
    """What is missing from it may have been lost by the fault."""
    text = FILE.replace("\tauto=add\n", broken, 1)
    found = comparison(tmp_path, "4.10", text)
    doubtful = {one.connection for one in found.doubtful}
    assert set(found.forgotten) <= doubtful or found.forgotten == ()
    assert not [one for one in steps(found, STATE, shares=False) if one.action == "delete"]


def test_an_instance_that_negotiates_shows_that_it_was_started(tmp_path: Path) -> None:
    """With narrowing= pluto begins with an instance, and the connection itself shows nothing (5.2)."""
    lines = (
        '"n": 192.1.2.45...192.1.2.23; unrouted; my_ip=unset; their_ip=unset;',
        '"n":   host: oriented; local: 192.1.2.45; remote: 192.1.2.23;',
        '"n":   policy: IKEv2+PSK+ENCRYPT+TUNNEL+PFS+IKEV2_ALLOW_NARROWING+IKE_FRAG_ALLOW+ESN_NO+ESN_YES;',
        '"n":   conn serial: $1;',
        '"n"[1]: 192.1.2.45...192.1.2.23; unrouted-bare-negotiation; my_ip=unset; their_ip=unset;',
        '"n"[1]:   policy: IKEv2+PSK+ENCRYPT+TUNNEL+PFS+UP+IKEV2_ALLOW_NARROWING+IKE_FRAG_ALLOW+ESN_NO+ESN_YES;',
        '"n"[1]:   conn serial: $2, instantiated from: $1;',
    )
    file = tmp_path / "ipsec.conf"
    file.write_text(
        "conn n\n\tleft=192.1.2.45\n\tright=192.1.2.23\n\tauthby=secret\n\tnarrowing=yes\n\tauto=start\n"
    )
    configuration = load(str(file), find("5.2", seccomp=False))
    for replies, differs in (
        ([Reply(0, line) for line in lines], False),
        ([Reply(0, line) for line in lines[:4]], True),
    ):
        found = compare(configuration, parse(replies), shows=shown(replies))
        begun = [one.loaded for each in found.different for one in each.details if one.setting == "auto"]
        assert begun == (["not started"] if differs else [])
