"""A callback plugin of Ansible: appends each result of a task, as a line of JSON, to the file AUTOD_RESULTS."""

from __future__ import annotations

import json
import os

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    """What tests/real/fleet.py reads."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "ansible_results"

    def _write(self, result: object, kind: str) -> None:
        line = {
            "host": result._host.get_name(),
            "task": result._task.get_name(),
            "kind": kind,
            "result": result._result,
        }
        with open(os.environ["AUTOD_RESULTS"], "a", encoding="utf-8") as file:
            file.write(json.dumps(line, default=str) + "\n")

    def v2_runner_on_ok(self, result: object) -> None:
        self._write(result, "changed" if result._result.get("changed") else "ok")

    def v2_runner_on_failed(self, result: object, ignore_errors: bool = False) -> None:
        self._write(result, "failed")

    def v2_runner_on_unreachable(self, result: object) -> None:
        self._write(result, "unreachable")

    def v2_runner_on_skipped(self, result: object) -> None:
        self._write(result, "skipped")
