"""`python -m autod` is the command line."""

from __future__ import annotations

import sys

from autod.cli import main

sys.exit(main())
