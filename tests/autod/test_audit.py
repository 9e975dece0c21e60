"""What could not be audited is never clean, and what is installed for the tests is locked with hashes."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.audit import LOCK, locked, verdict

ROOT = Path(__file__).resolve().parents[2]
CLEAN = {"name": "trio", "version": "0.35.0", "vulns": []}
BAD = {"name": "h11", "version": "0.1", "vulns": [{"id": "CVE-1"}]}
SKIPPED = {"name": "msgspec", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("found", "wanted", "status", "said"),
    [
        ([CLEAN], {"trio"}, 0, "1 of 1 packages were audited"),
        ([CLEAN, SKIPPED], {"trio", "msgspec"}, 2, "msgspec: not audited: not found"),
        ([CLEAN, SKIPPED], {"trio"}, 2, "1 of 2 packages were audited"),
        ([CLEAN], {"trio", "rich"}, 2, "rich: not audited: the report does not have it"),
        ([CLEAN, BAD], {"trio", "h11"}, 1, "h11 0.1: CVE-1"),
        ([BAD, SKIPPED], {"h11"}, 1, "not audited"),
        ([], set(), 2, "0 of 0"),
        ([], {"trio"}, 2, "trio: not audited"),
    ],
)
def test_only_what_was_audited_is_clean(
    found: list[dict[str, Any]], wanted: set[str], status: int, said: str
) -> None:
    code, lines = verdict({"dependencies": found}, wanted)
    assert code == status
    assert said in "\n".join(lines)
    assert verdict({}, wanted)[0] == 2


def test_what_is_for_another_system_need_not_be_audited() -> None:
    text = "a==1 \\\n    --hash=sha256:0\nb==2 ; sys_platform == 'win32' \\\nc==3 ; sys_platform == 'linux'\n"
    assert locked(text) == {"a", "c"}


def test_the_lock_has_all_that_is_asked_for_each_with_its_hashes() -> None:
    text = LOCK.read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = list(project["project"]["dependencies"])
    asked += [
        one for group in ("cli", "metrics") for one in project["project"]["optional-dependencies"][group]
    ]
    asked += [one for group in ("test", "lint") for one in project["dependency-groups"][group]]
    names = {re.split(r"[<>=!~\[; ]", one)[0].lower() for one in asked}
    assert names <= locked(text)
    blocks = re.split(r"\n(?=[\w.-]+==)", text)
    assert len(blocks) >= len(names)
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in text
