"""The table of shapes says what the families say today, and messages by it are those that construct builds."""

from __future__ import annotations

import subprocess
import sys

import pytest

from autod.protocol import releases
from autod.protocol.shapes import made_ahead
from tests.generators.shapes import FILE, text


def test_the_table_is_what_construct_makes_today() -> None:
    """If not: python -m tests.generators.shapes."""
    assert FILE.read_text() == text()


@pytest.mark.parametrize("module", releases._MODULES)
def test_a_shape_is_its_family(module: str) -> None:
    family, shape = releases._family(module), made_ahead(module)
    assert shape is not None
    layout = family.layout
    assert (shape.layout.head, shape.layout.room) == (layout.head, layout.room)
    assert shape.layout.fields == {
        path: field for path, field in layout.fields.items() if field.offset < layout.head
    }
    assert shape.magic_path == family.magic_path
    assert (shape.packing.order, shape.packing.lengths, shape.packing.exact, shape.packing.tuples) == (
        family.packing.order,
        family.packing.lengths,
        family.packing.exact,
        family.packing.tuples,
    )
    for seccomp in (False, True):
        for number in range(-1, len(family.numbers) + 2) if family.numbers else ():
            assert shape.command(number, seccomp) == family.command(number, seccomp)
    members = {
        field.path: 1 if not field.raw else b"\1" * min(field.size, 4)
        for field in shape.layout.fields.values()
        if "[" not in field.path and ".u." not in field.path
    }
    assert shape.layout.build(members) == layout.build(members)


def test_connections_are_packed_without_construct() -> None:
    script = (
        "import sys\n"
        "from autod.config.reader import load_text\n"
        "from autod.loading.preparing import Preparer\n"
        "from autod.protocol.releases import find\n"
        "text = 'conn a\\n\\tleft=192.0.2.1\\n\\tright=192.0.2.2\\n\\tauto=add\\n'\n"
        "for release in ('4.3', '4.10', '5.2', '5.4'):\n"
        "    read = load_text(text, find(release, labeled=True))\n"
        "    assert Preparer(read).prepare(read.connections[0]).groups\n"
        "print('construct' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
