"""The difference between a file and pluto's status, and the steps that follow from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from autod.config import load
from autod.config.plan import Difference, Step, diff, wanted
from autod.status.model import ConnectionState, End, Selector, SelectorPair
from protocol.connection import Planner
from protocol.connection.lookup import Nothing
from protocol.releases import find

if TYPE_CHECKING:
    from pathlib import Path

    from autod.config.plan import Wanted

CONFIG = """
conn %default
\tleft=192.0.2.1
\tauto=add
conn a
\tright=192.0.2.2
\tleftid=@west
\trightid=@east
\tleftsubnet=10.1.0.0/24
\trightsubnet=10.2.0.0/24
conn nets
\tright=192.0.2.3
\tleftsubnet=10.1.0.0/24
\trightsubnets=10.3.0.0/24,10.4.0.0/24
conn short
\tright=192.0.2.4
\tikelifetime=1h
\trekey=no
conn left-alone
\tright=192.0.2.5
\tauto=ignore
"""


def want(folder: Path, release: str, text: str = CONFIG) -> dict[str, Wanted]:
    (folder / "ipsec.conf").write_text(text)
    configuration = load("ipsec.conf", find(release), folder=str(folder))
    assert configuration.refusal is None
    return {one.name: one for one in wanted(configuration, Planner(configuration.rules, Nothing()))}


def state(name: str, **changes: object) -> ConnectionState:
    plain = ConnectionState(
        name=name,
        local=End(address="192.0.2.1", id="@west"),
        remote=End(address="192.0.2.2", id="@east"),
        selectors=(SelectorPair(Selector("10.1.0.0/24"), Selector("10.2.0.0/24")),),
        ike_version=2,
        mode="tunnel",
        ike_lifetime=28800,
        ipsec_lifetime=28800,
        rekey=True,
        pfs=True,
    )
    return msgspec.structs.replace(plain, **changes)


def test_every_release_s_rules_want_the_same(tmp_path: Path) -> None:
    """The file means the same connections, whatever numbers a release makes of the words."""
    first, *others = [want(tmp_path, release) for release in ("4.10", "5.2", "5.3.2", "5.4")]
    assert first["nets"].names == ("nets/0x1", "nets/0x2")
    assert first["short"].ike_lifetime == 3600
    assert first["short"].rekey is False
    assert "left-alone" not in first
    for other in others:
        assert other == first


def test_what_looks_the_same_is_kept(tmp_path: Path) -> None:
    """Even if it is up; pluto may call the file's right its local end."""
    a = want(tmp_path, "4.10")["a"]
    up = state("a", established_child_sa=7, established_ike_sa=6)
    swapped = msgspec.structs.replace(up, local=up.remote, remote=up.local)
    assert diff([a], [up]) == (Step("keep", "a", (), True),)
    assert diff([a], [swapped]) == (Step("keep", "a", (), True),)


def test_adds_come_first_and_deletions_after_replacements(tmp_path: Path) -> None:
    """A connection that is gone from the file stays until everything new is there."""
    found = want(tmp_path, "5.2")
    steps = diff([found["a"], found["short"]], [state("a", ike_version=1), state("gone")])
    assert [(step.action, step.name) for step in steps] == [
        ("add", "short"),
        ("replace", "a"),
        ("delete", "gone"),
    ]
    assert steps[1].why == (Difference("ike_version", 2, 1),)


def test_a_pair_of_subnets_that_is_missing_or_left_over_is_a_difference(tmp_path: Path) -> None:
    """The pairs of one connection are loaded together."""
    nets = want(tmp_path, "4.10")["nets"]
    there = state("nets/0x1", remote=End(address="192.0.2.3"), selectors=())
    (step,) = diff([nets], [there, msgspec.structs.replace(there, name="nets/0x3")])
    assert step.action == "replace"
    assert step.why == (Difference("subnets", "nets/0x2", None), Difference("subnets", None, "nets/0x3"))


def test_a_replacement_says_what_it_takes_down(tmp_path: Path) -> None:
    """On 5.4 the IKE SA goes, with every connection that shares it; before, only the connection itself."""
    a = want(tmp_path, "5.4")["a"]
    mine = state("a", pfs=False, established_child_sa=7, established_ike_sa=6)
    sibling = state("b", established_child_sa=9, established_ike_sa=6)
    stranger = state("c", established_child_sa=11, established_ike_sa=10)
    wide = diff([a], [mine, sibling, stranger], whole_ike_sa=True)
    narrow = diff([a], [mine, sibling, stranger])
    assert next(step for step in wide if step.name == "a").takes_down == ("a", "b")
    assert next(step for step in narrow if step.name == "a").takes_down == ("a",)


def test_instances_follow_their_template(tmp_path: Path) -> None:
    """They are no connections of the file, and are not deleted for that."""
    a = want(tmp_path, "4.10")["a"]
    instance = state("a", instance="1", kind="instance", established_child_sa=3)
    assert diff([a], [state("a", kind="template"), instance]) == (Step("keep", "a", (), True),)


def test_a_connection_that_is_not_oriented_is_not_compared_by_its_addresses(tmp_path: Path) -> None:
    """pluto does not know which end is its own."""
    a = want(tmp_path, "4.10")["a"]
    lost = state("a", oriented=False, local=End(), remote=End(address="192.0.2.9"))
    assert [step.action for step in diff([a], [lost])] == ["keep"]
