"""Our messages and the real addconn's, byte for byte, on configurations that Hypothesis makes up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, assume, given, note, settings
from hypothesis import strategies as st

from tests.helpers.configurations import configurations
from tests.helpers.probing import asks_name_servers, difference
from tests.real.addconn_network import ADDCONN, network
from tests.real.addconns import Addconn, addconn

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def host_addconn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addconn]:
    folder = tmp_path_factory.mktemp("addconn")
    with network() as inside, addconn(ADDCONN, inside, folder) as running:
        yield running


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    text=configurations("4.10"),
    names=st.sampled_from([("p",), ("p",), ("alias",), ("--autoall",), ("p", "base")]),
)
def test_what_we_send_is_what_addconn_4_10_sends(
    host_addconn: Addconn, text: str, names: tuple[str, ...]
) -> None:
    """Several keywords together, with %default, also=, duplicates and faults: the bytes and the verdict."""
    assume(not asks_name_servers(text, "4.10", host_addconn.folder))
    probe = host_addconn.probe(text, *names)
    note(f"{names}: exit {probe.exit}, {len(probe.messages)} messages\n{probe.stderr}")
    assert difference(probe, "4.10", host_addconn.folder) is None
