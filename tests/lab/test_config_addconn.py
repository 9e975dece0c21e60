"""Our messages and those of Debian 13's addconn 5.2, on configurations that Hypothesis makes up.

Runs on this machine's kernel, with addconn in the lab's root folder.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, assume, given, note, settings
from hypothesis import strategies as st

from tests.helpers.configurations import configurations
from tests.helpers.probing import asks_name_servers, difference
from tests.lab import roots
from tests.real.addconn_network import ADDCONN, network
from tests.real.addconns import Addconn, addconn

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.outside


@pytest.fixture(scope="module")
def trixie_addconn() -> Iterator[Addconn]:
    roots.build()
    root = roots.LAB / "trixie"
    with tempfile.TemporaryDirectory(dir=root / "tmp", prefix="autod-") as folder, network() as inside:
        prefix = (*inside, "chroot", str(root), "env", "-C", f"/{Path(folder).relative_to(root)}")
        with addconn(ADDCONN, prefix, Path(folder)) as running:
            yield running


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    text=configurations("5.2"),
    names=st.sampled_from([("p",), ("p",), ("alias",), ("--autoall",), ("p", "base")]),
)
def test_what_we_send_is_what_addconn_5_2_sends(
    trixie_addconn: Addconn, text: str, names: tuple[str, ...]
) -> None:
    """Several keywords together, with %default, also=, duplicates and faults: the bytes and the verdict."""
    assume(not asks_name_servers(text, "5.2", trixie_addconn.folder))
    probe = trixie_addconn.probe(text, *names)
    note(f"{names}: exit {probe.exit}, {len(probe.messages)} messages\n{probe.stderr}")
    assert difference(probe, "5.2", trixie_addconn.folder) is None
