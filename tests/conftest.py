"""What holds for all tests: Hypothesis without a clock, and the same examples each time where CI runs.

An example that takes long says something of the machine, not of the code: time stands in the benchmark.
"""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("autod", deadline=None)
settings.register_profile("autod-ci", deadline=None, derandomize=True)
settings.load_profile("autod-ci" if os.environ.get("CI") else "autod")
