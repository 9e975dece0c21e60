"""autod.config.policies: policy files as pluto reads them, group connections as pluto shows them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from autod.config.policies import PolicyFile, groups, loaded_groups, read_policy
from autod.protocol.replies import Reply
from autod.status import parse

STATUS_4_10 = [
    '"clear": 192.1.2.45...%group; unrouted; eroute owner: #0',
    '"clear":   policy: IKEv2+AUTH_NEVER+GROUP+PASS+NEVER_NEGOTIATE;',
    '"clear#10.0.0.0/8": 192.1.2.45...%any===10.0.0.0/8; unrouted; eroute owner: #0',
    '"clear#10.0.0.0/8":   policy: IKEv2+AUTH_NEVER+GROUPINSTANCE+PASS+NEVER_NEGOTIATE;',
    '"clear#192.168.1.1/32": 192.1.2.45...%any===192.168.1.1/32; unrouted; eroute owner: #0',
    '"private-or-clear": 192.1.2.45[ID_NULL]...%opportunisticgroup[ID_NULL]; unrouted; eroute owner: #0',
    '"private-or-clear#10.9.0.0/16": 192.1.2.45[ID_NULL]...%opportunistic[ID_NULL]===10.9.0.0/16; unrouted;'
    " eroute owner: #0",
    '"t01": 192.1.2.45...192.1.2.23; unrouted; eroute owner: #0',
]


def test_group_connections_are_found_in_a_status() -> None:
    """By their end; instances are counted, and are no groups themselves."""
    state = parse([Reply(0, line) for line in STATUS_4_10])
    assert loaded_groups(state.connections) == {"clear": 2, "private-or-clear": 1}


def test_a_policy_file_is_read_as_pluto_reads_it() -> None:
    """Comments, addresses without a mask, protocols with ports, both families, doubles."""
    text = "# c\n10.0.0.0/8\n192.168.1.1 # x\n10.1.0.0/16 tcp 0 443\n\n2001:db8::/32\n10.0.0.0/8\n"
    assert read_policy(text) == PolicyFile(
        ("10.0.0.0/8", "192.168.1.1/32", "10.1.0.0/16 tcp 0 443", "2001:db8::/32")
    )


def test_a_record_without_a_network_is_left_out() -> None:
    """And the rest is read, as pluto does (its line: `ignored, ... is not an address`)."""
    read = read_policy("nonsense\n10.0.0.0/8\n")
    assert read.networks == ("10.0.0.0/8",)
    assert read.problems[0].startswith("1: ")


def test_another_mistake_ends_the_file() -> None:
    """pluto says `rest of file ignored`; an indented line belongs to the record before."""
    read = read_policy("10.0.0.0/8\n10.1.0.0/16 tcp 0 443\n\n bogus\n2001:db8::/32\n")
    assert read.networks == ("10.0.0.0/8",)
    assert "2: " in read.problems[0]


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    """Never an exception, whatever the file holds."""
    read = read_policy(text)
    assert len(read.networks) <= len(text.splitlines())


def test_files_and_connections_make_one_list() -> None:
    """A file without a connection, a connection without a file, and both."""
    files = {"clear": PolicyFile(("10.0.0.0/8",)), "block": PolicyFile(())}
    listed = {group.name: group for group in groups(files, {"clear": 1, "lost": 0})}
    assert listed["clear"].networks == ("10.0.0.0/8",)
    assert (listed["clear"].loaded, listed["clear"].instances) == (True, 1)
    assert (listed["block"].networks, listed["block"].loaded) == ((), False)
    assert (listed["lost"].networks, listed["lost"].loaded) == (None, True)
    assert groups(files, None)[0].loaded is None
