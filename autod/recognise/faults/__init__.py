"""The faults that pluto finds: the rows of autod.recognise for faults, each with its cause, a module for each topic.

Owns: the cause for each phrase, and who found it. Must not know: which of several causes counts
(autod.judging), or the advice for one (autod.causes).

`seen`: the first and the last of the nine recorded releases that print the row; `sources`: the releases that have it
in their source code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from autod.recognise.faults.certificates import ROWS as _CERTIFICATES
from autod.recognise.faults.kernel import ROWS as _KERNEL
from autod.recognise.faults.messages import ROWS as _MESSAGES
from autod.recognise.faults.proposals import ROWS as _PROPOSALS
from autod.recognise.faults.secrets import ROWS as _SECRETS

if TYPE_CHECKING:
    from autod.recognise.table import Row

__all__ = ["ROWS"]

ROWS: tuple[Row, ...] = (*_CERTIFICATES, *_SECRETS, *_PROPOSALS, *_KERNEL, *_MESSAGES)
