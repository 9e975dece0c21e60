"""Connections that were written alike are prepared quickly: the same messages, and the same digests."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autod.config.reader import load_text
from autod.loading.preparing import Prepared, Preparer
from tests.helpers.probing import build
from tests.protocol.connection.test_forms import RELEASES, Machine, alike


@given(st.sampled_from(RELEASES), alike(), st.booleans())
@settings(max_examples=60, deadline=None)
def test_a_message_that_is_filled_in_is_the_one_that_is_packed(
    release: str, text: str, autoall: bool
) -> None:
    read = load_text(text, build(release))
    quick, slow = {}, {}
    filling = Preparer(read, Machine(), autoall=autoall, sent=quick)
    packing = Preparer(read, Machine(), autoall=autoall, sent=slow)
    for connection in read.connections:
        packed = packing.prepare(connection, patient=True)
        message = filling.message(connection)
        if message is None:
            assert filling.prepare(connection, patient=True) == packed
        else:
            assert packed == Prepared((((connection.name, message),),), (), (connection.name,))
    assert quick == slow


@pytest.mark.parametrize("release", ["3.27", "4.10", "5.2"])
def test_most_of_many_are_filled_in(release: str) -> None:
    text = "".join(
        f"conn c{n}\n\tleft=192.0.2.1\n\tright=198.51.100.{n}\n\tleftid=@west\n\trightid=@peer-{n}\n"
        f"\tleftsubnet=10.1.{n}.0/24\n\trightsubnet=10.2.{n}.0/24\n\tauto=add\n"
        for n in range(1, 30)
    )
    read = load_text(text, build(release))
    preparer = Preparer(read, Machine())
    filled = 0
    for connection in read.connections:
        if preparer.message(connection) is None:
            preparer.prepare(connection)
        else:
            filled += 1
    assert filled == 27
