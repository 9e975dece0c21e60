"""The names that programs import from autod."""

from __future__ import annotations

import importlib
import inspect
import pydoc
import subprocess
import sys
from collections import defaultdict
from importlib.metadata import version
from pathlib import Path
from typing import get_type_hints

import pytest

import autod

PUBLIC = (
    "autod",
    "autod.aio",
    "autod.bulk",
    "autod.bulk.loading",
    "autod.config",
    "autod.config.compare",
    "autod.errors",
    "autod.events",
    "autod.identify.cache",
    "autod.log",
    "autod.metrics",
    "autod.outcomes",
    "autod.protocol.commands",
    "autod.protocol.releases",
    "autod.protocol.replies",
    "autod.status",
    "autod.supervised",
    "autod.supervised.aio",
    "autod.supervised.sync",
    "autod.sync",
    "autod.testing",
)
"""The modules that docs/library.md calls public."""


def test_every_public_name_is_there_and_sorted() -> None:
    assert autod.__all__ == sorted(autod.__all__, key=lambda name: (name.islower(), name))
    for name in autod.__all__:
        assert getattr(autod, name).__name__ == name
    with pytest.raises(AttributeError, match="nonsense"):
        _ = autod.nonsense


def test_the_client_loads_no_construct() -> None:
    """It takes 17 to 45 ms, and simple commands are built ahead: only what loads or reads messages needs it."""
    script = "import sys, autod.client, autod.cli.session; print('construct' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", script], text=True) == "False\n"


def test_dir_and_help_show_the_public_names_and_no_others() -> None:
    code = "import autod; print(*dir(autod), sep='\\n')"
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert {name for name in shown.stdout.split() if not name.startswith("__")} == set(autod.__all__)
    text = pydoc.plain(pydoc.render_doc(autod))
    for name in autod.__all__:
        assert name in text


def test_the_version_is_that_of_the_distribution() -> None:
    assert autod.__version__ == version("libreswan-autod")


@pytest.mark.parametrize("module", PUBLIC)
def test_what_a_public_module_names_is_there(module: str) -> None:
    loaded = importlib.import_module(module)
    assert len(set(loaded.__all__)) == len(loaded.__all__)
    for name in loaded.__all__:
        assert not name.startswith("_")
        getattr(loaded, name)


def test_the_reference_has_a_page_of_each_public_module() -> None:
    """`./dev docs` fails for a page that no list of contents names."""
    pages = (Path(__file__).parents[2] / "docs" / "api").glob("*.md")
    text = "\n".join(page.read_text() for page in pages)
    assert [module for module in PUBLIC if f"module:: {module}\n" not in text] == []


def test_no_two_public_classes_share_a_name() -> None:
    """But for the clients of the three ways to wait, of which a program has one."""
    clients = {"Operation", "Pluto", "Supervised"}
    homes: dict[str, set[str]] = defaultdict(set)
    for module in PUBLIC:
        loaded = importlib.import_module(module)
        for name in loaded.__all__:
            value = getattr(loaded, name)
            if inspect.isclass(value):
                assert value.__name__ == name
                homes[name].add(f"{value.__module__}.{value.__qualname__}")
    assert {name: where for name, where in homes.items() if len(where) > 1 and name not in clients} == {}


def test_hints_of_every_public_struct_can_be_read() -> None:
    read = 0
    for module in PUBLIC:
        loaded = importlib.import_module(module)
        for name in loaded.__all__:
            value = getattr(loaded, name)
            if inspect.isclass(value):
                get_type_hints(value)
                read += 1
    assert read > 100


def test_importing_autod_loads_neither_trio_nor_construct() -> None:
    heavy = "{'trio', 'construct', 'structlog', 'msgspec', 'rich'}"
    code = f"import sys, autod, autod.cli; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


def test_nothing_configures_logging_on_import() -> None:
    code = "import autod.client, structlog, logging; print(structlog.is_configured(), logging.getLogger().handlers)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "False []"
