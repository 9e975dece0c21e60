"""The names that programs import from autod."""

from __future__ import annotations

import subprocess
import sys

import pytest

import autod


def test_every_public_name_is_there_and_sorted() -> None:
    assert autod.__all__ == sorted(autod._HOME)
    for name in autod.__all__:
        assert getattr(autod, name).__name__ == name
    with pytest.raises(AttributeError, match="nonsense"):
        _ = autod.nonsense


def test_the_client_loads_no_construct() -> None:
    """It takes 17 to 45 ms, and simple commands are built ahead: only what loads or reads messages needs it."""
    script = "import sys, autod.client, autod.cli.session; print('construct' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", script], text=True) == "False\n"


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
