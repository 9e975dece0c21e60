"""What operations mean on each release, and that docs/releases.md says it."""

from __future__ import annotations

from ipaddress import IPv4Address

import msgspec
import pytest

from autod.asking.emulation import availability, kept, native_or_substitute
from autod.operations import ROWS
from autod.protocol import commands as c
from autod.protocol import releases
from autod.protocol.encode import encode
from autod.protocol.errors import Unsupported
from autod.protocol.replies import Reply
from tests.generators.docs import DOCS, PARTS, rendered


@pytest.mark.parametrize("page", PARTS)
def test_the_page_is_what_the_code_says(page: str) -> None:
    """Made anew it is the same: `python -m tests.generators.docs` after a change."""
    assert (DOCS / page).read_text() == rendered(page)


def example(kind: type[c.Command]) -> c.Command:
    """A command of that class, whatever it wants."""
    values: dict[str, object] = {
        "name": "x",
        "serial": 1,
        "peer": IPv4Address("192.0.2.1"),
        "local": IPv4Address("192.0.2.1"),
        "remote": IPv4Address("192.0.2.2"),
        "mode": c.DdosMode.AUTO,
        "kind": 2,
        "id": "@x",
        "key": b"0sAQ==",
    }
    fields = msgspec.structs.fields(kind)
    return kind(**{field.name: values[field.name] for field in fields if field.required})


@pytest.mark.parametrize("text", releases.ALL)
def test_every_operation_is_encoded_emulated_or_refused(text: str) -> None:
    """What the rows call native encodes, what they call refused raises, on this release."""
    release = releases.find(text, seccomp=False, labeled=False)
    for row in ROWS:
        if not row.command:
            continue
        command = example(getattr(c, row.command))
        answer = availability(row, release)
        if answer.kind == "refused":
            assert answer.how, row.name
            with pytest.raises(Unsupported, match=text):
                native_or_substitute(command, release)
        else:
            asked = native_or_substitute(command, release).command
            assert (asked is command) == (answer.kind == "native")
            if not isinstance(asked, c.AddPublicKey | c.GlobalRedirect | c.Impair):
                assert encode(asked, release)


def test_only_the_answers_lines_are_kept() -> None:
    """The states of a status are its lines of SAs."""
    replies = [
        Reply(0, "Total IPsec connections: loaded 1, active 1"),
        Reply(0, '#1: "a":500 STATE'),
        Reply(0, '"a": x'),
    ]
    states = native_or_substitute(c.ShowStates(), releases.find("3.32"))
    assert states.keep is not None
    assert [reply.text for reply in kept(replies, states.keep)] == ['#1: "a":500 STATE']
    native = native_or_substitute(c.ShowStates(), releases.find("4.10"))
    assert native.keep is None
