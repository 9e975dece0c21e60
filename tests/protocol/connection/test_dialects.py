"""What RHEL 8 made of ipsec.conf. The values are those that a 4.12 with its published patches sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from autod.config import load_text, select
from autod.protocol.connection import Planner
from autod.protocol.connection.rules import DIALECTS, rules_of
from autod.protocol.releases import find
from tests.helpers.probing import Recorded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from autod.config import Configuration

_ENDS = "conn a\n\tleft=192.1.2.45\n\tright=192.1.2.23\n"
RELEASES = ["4.3", "4.4", "4.5", "4.9", "4.12"]
ALIASES = {
    "ike_frag=force": "fragmentation=force",
    "ike-frag=no": "fragmentation=no",
    "sha2_truncbug=yes": "sha2-truncbug=yes",
    "modecfgdns1=192.0.2.7": "modecfgdns=192.0.2.7",
    "modecfgdomain=example.net": "modecfgdomains=example.net",
    "leftxauthname=hans": "leftusername=hans",
    "initial_contact=yes": "initial-contact=yes",
    "cisco_unity=yes": "cisco-unity=yes",
    "nat_keepalive=no": "nat-keepalive=no",
    "send_vendorid=yes": "send-vendorid=yes",
}


def read(text: str, release: str) -> Configuration:
    return load_text(text, find(release, labeled=True))


def sent(setting: str, release: str) -> Mapping[str, object] | None:
    """The members of the message for a connection with `setting`; None where none is sent."""
    configuration = read(f"{_ENDS}\t{setting}\n", release)
    assert configuration.refusal is None
    groups = list(select(configuration, Planner(configuration.rules, Recorded()), ["a"]))
    return groups[0][0].members if groups and groups[0] else None


@pytest.mark.parametrize("release", RELEASES)
def test_a_package_of_rhel_8_is_read_as_it_reads(release: str) -> None:
    """Its release names it; a build of RHEL 9, of Debian or of upstream does not."""
    assert find(f"{release}-2.el8").dialect == find(f"{release}-1.el8_10.4").dialect == "el8"
    assert find(f"{release}-2.el9").dialect == find(release).dialect == ""
    row = rules_of(find(release).built(dialect="el8"))
    assert row in DIALECTS
    assert rules_of(find(release)) not in DIALECTS


def test_a_release_that_it_never_patched_is_read_by_upstream_s_rules() -> None:
    assert rules_of(find("5.2").built(dialect="el8")) == rules_of(find("5.2"))


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize(("old", "new"), ALIASES.items())
def test_an_old_keyword_stands_for_the_new_one(old: str, new: str, release: str) -> None:
    assert sent(old, f"{release}-1.el8") == sent(new, release)
    assert read(f"{_ENDS}\t{old}\n", release).refusal is not None


@pytest.mark.parametrize("line", ["labeled_ipsec=no", "modecfgdns2=192.0.2.8"])
def test_what_means_nothing_any_more_is_passed_over(line: str) -> None:
    assert sent(line, "4.12-2.el8") == sent("", "4.12")


@pytest.mark.parametrize(
    "line", ["plutostderrlogtime=yes", "keep_alive=20", "crl_strict=yes", "strictcrlpolicy=yes"]
)
def test_old_keywords_of_the_setup_load(line: str) -> None:
    assert read(f"config setup\n\t{line}\n", "4.12-2.el8").refusal is None
    assert read(f"config setup\n\t{line}\n", "4.12").refusal is not None


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("value", ["yes", "propose", "permit"])
def test_either_version_of_ike_is_refused(value: str, release: str) -> None:
    assert sent(f"ikev2={value}", f"{release}-1.el8") is None
    assert sent(f"ikev2={value}", release) is not None


@pytest.mark.parametrize(("word", "hashes"), [("rsasig", 0), ("rsa", 0), ("rsa-sha2", 28), ("ecdsa", 28)])
def test_authby_rsasig_allows_no_hash_of_rsa_pss(word: str, hashes: int) -> None:
    members = sent(f"authby={word}", "4.12-2.el8")
    assert members is not None
    assert members.get("sighash_policy", 0) == hashes
    assert sent("authby=rsasig", "4.12") != sent("authby=rsasig", "4.12-2.el8")
