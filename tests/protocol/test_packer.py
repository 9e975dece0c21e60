"""A message that is packed from the one before is what it would be alone. The probes hold it for real connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autod.protocol.cstruct import Layout
from autod.protocol.encode import Packer, pack
from autod.protocol.errors import BadString
from autod.protocol.releases import find

if TYPE_CHECKING:
    from collections.abc import Callable

_TEXT = st.text("ab@.", min_size=1, max_size=8) | st.sampled_from(["", "a\nb", "long" * 1500])


def _members(end: str) -> st.SearchStrategy[dict[str, object]]:
    return st.fixed_dictionaries(
        {"name": _TEXT},
        optional={
            f"{end}.id": _TEXT,
            f"{end}.cert": _TEXT | st.none(),
            f"{end}.host_addr.bytes.byte": st.binary(max_size=16),
            f"{end}.host_type": st.integers(-1, 2**32),
            "ike_version": st.booleans() | st.integers(0, 3),
        },
    )


_MESSAGES = st.one_of(
    st.tuples(st.just(release), st.lists(_members(end), min_size=2, max_size=6))
    for release, end in (("4.10", "left"), ("5.2", "end[0]"))
)


def _outcome(make: Callable[[], bytes]) -> bytes | str:
    try:
        return make()
    except BadString as error:
        return str(error)


@given(_MESSAGES)
def test_each_message_is_what_it_would_be_alone(drawn: tuple[str, list[dict[str, object]]]) -> None:
    release = find(drawn[0])
    packer = Packer(release)
    for members in drawn[1]:
        assert _outcome(lambda m=members: packer.pack(m)) == _outcome(lambda m=members: pack(release, m))  # type: ignore[misc]


def test_construct_builds_the_first_of_a_kind_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other members, and members that are gone, are changed in what there is; another whack_command is another kind."""
    release = find("5.4", seccomp=False)
    built: list[object] = []
    build = Layout.build
    monkeypatch.setattr(
        Layout, "build", lambda layout, members: built.append(members) or build(layout, members)
    )
    packer = Packer(release, made_ahead=False)
    asked = [
        {"whack_command": 14, "name": "a"},
        {"whack_command": 14, "name": "b"},
        {"whack_command": 14, "name": "c", "whack_async": True},
        {"whack_command": 14},
        {"whack_command": 15, "name": "a"},
        {"whack_command": 15, "name": "b", "whack_from": 2},
    ]
    packed = [packer.pack(members) for members in asked]
    assert len(built) == 2
    assert packed == [pack(release, members) for members in asked]
