"""What operations mean on each release, and that docs/releases.md says it."""

from __future__ import annotations

import pytest

from autod.emulation import OPERATIONS, REFUSED, SUBSTITUTES, availability, kept, native_or_substitute
from autod.protocol import commands as c
from autod.protocol import releases
from autod.protocol.encode import encode
from autod.protocol.errors import Unsupported
from autod.protocol.replies import Reply
from tests.docs import DOCS, PARTS, rendered


@pytest.mark.parametrize("page", PARTS)
def test_the_page_is_what_the_code_says(page: str) -> None:
    """Made anew it is the same: `python -m tests.docs` after a change."""
    assert (DOCS / page).read_text() == rendered(page)


@pytest.mark.parametrize("text", releases.ALL)
def test_every_operation_of_the_table_is_encoded_emulated_or_refused(text: str) -> None:
    """What the table calls native encodes, what it calls refused raises, on this release."""
    release = releases.find(text, seccomp=False, labeled=False)
    named = {c.Initiate, c.Terminate, c.AddConnection, c.Delete, c.Route, c.Unroute, c.RekeyIke, c.Suspend}
    for _, kind in OPERATIONS:
        if isinstance(kind, str):
            continue
        command = kind("x") if kind in named else kind()
        answer = availability(kind, release).kind
        if answer == "refused":
            with pytest.raises(Unsupported, match=text):
                native_or_substitute(command, release)
        else:
            asked = native_or_substitute(command, release).command
            assert (asked is command) == (answer == "native")
            assert encode(asked, release)


def test_every_command_is_native_somewhere_and_has_a_reason_elsewhere() -> None:
    """No command falls between the tables."""
    newest, oldest = releases.find("5.4"), releases.find("3.27")
    for kind in newest.family.requests.keys() - oldest.family.requests.keys():
        assert kind in SUBSTITUTES or kind in REFUSED, kind


def test_only_the_answers_lines_are_kept() -> None:
    """The states of a status are its lines of SAs."""
    replies = [
        Reply(0, "Total IPsec connections: loaded 1, active 1"),
        Reply(0, '#1: "a":500 STATE'),
        Reply(0, '"a": x'),
    ]
    states = native_or_substitute(c.ShowStates(), releases.find("3.32"))
    assert [reply.text for reply in kept(replies, states.keep)] == ['#1: "a":500 STATE']
    native = native_or_substitute(c.ShowStates(), releases.find("4.10"))
    assert kept(replies, native.keep) is replies
