"""`--listgroups`, which pluto no longer answers: the policy files, and the group connections that pluto has loaded."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from autod.cli import session
from autod.cli.session import Interrupts, Outputs, open_session
from autod.config.policies import Group, PolicyFile, groups, loaded_groups, read_policy
from autod.errors import PlutoGone
from autod.protocol import commands as c

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from autod.status import State

__all__ = ["policy_folder", "run"]

_NO_GROUP = "portexcludes.conf"
"""A file of the same folder that is not a group: the ports without opportunistic encryption."""


def run(options: argparse.Namespace) -> int:
    """List both. If pluto cannot be asked, list the files and return 33."""
    return session.run(options, _work)


async def _work(options: argparse.Namespace, outputs: Outputs, interrupts: Interrupts) -> int:
    state: State | None = None
    failure: PlutoGone | None = None
    try:
        async with open_session(options, outputs, interrupts) as opened:
            state = await opened.pluto.state(c.Status())
    except PlutoGone as error:
        failure = error
    folder = policy_folder(options.config, state)
    listed = groups(_read_files(folder), None if state is None else loaded_groups(state.connections))
    if options.json:
        from autod.cli.render import json_line

        for group in listed:
            outputs.out.line(json_line(_as_json(group, folder)), keep=True)
    else:
        for line in _as_text(listed, folder):
            outputs.out.line(line, keep=True)
    if failure is not None:
        raise failure
    return 0


def policy_folder(config: str | None, state: State | None) -> Path:
    """The folder beside the configuration of --config, else that of the running pluto, else the default."""
    if config is not None:
        beside = Path(config).parent
        for folder in (beside / "ipsec.d" / "policies", beside / "policies"):
            if folder.is_dir():
                return folder
        return beside / "ipsec.d" / "policies"
    running = state.setup.get("ipsecdir") if state is not None else None
    return Path(running or "/etc/ipsec.d") / "policies"


def _read_files(folder: Path) -> dict[str, PolicyFile]:
    """Every file of the folder, by name. If a file cannot be read, that is its problem."""
    files: dict[str, PolicyFile] = {}
    try:
        entries = sorted(
            (entry for entry in os.scandir(folder) if entry.is_file()), key=lambda entry: entry.name
        )
    except OSError:
        return files
    for entry in entries:
        try:
            data = Path(entry.path).read_bytes()
        except OSError as error:
            files[entry.name] = PolicyFile((), (f"0: {error.strerror}",))
        else:
            files[entry.name] = read_policy(data.decode("utf-8", "surrogateescape"))
    return files


def _as_json(group: Group, folder: Path) -> dict[str, object]:
    return {
        "event": "policy_group",
        "name": group.name,
        "file": os.fspath(folder / group.name) if group.networks is not None else None,
        "networks": None if group.networks is None else list(group.networks),
        "loaded": group.loaded,
        "instances": group.instances,
        "problems": list(group.problems),
    }


def _as_text(listed: list[Group], folder: Path) -> Iterator[str]:
    yield f"policy groups in {folder}:"
    width = max((len(group.name) for group in listed), default=0)
    for group in listed:
        count = "no file" if group.networks is None else _counted(len(group.networks), "network")
        if group.loaded is None:
            loaded = "not known whether loaded"
        elif group.loaded:
            loaded = f"loaded, {_counted(group.instances, 'connection')} made of it"
        else:
            loaded = "not loaded"
        yield f"  {group.name:<{width}}  {count:<12}  {loaded}"
        for problem in group.problems:
            yield f"  {'':<{width}}  line {problem}"
    if not listed:
        yield "  none"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
