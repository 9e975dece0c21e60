"""Learning the messages of a release that has no module, from the whack that came with it.

infer.py works messages out from recorded ones (pure), record.py has the program write them to a socket of
ours, store.py keeps what was learned for exactly one binary, pluto.py is the client that sends it.
"""

from __future__ import annotations

from autod.identify.likeness import Binary
from autod.learn.infer import CannotLearn, Learned, Recording, Template, infer, learned_message

__all__ = ["Binary", "CannotLearn", "Learned", "Recording", "Template", "infer", "learned_message"]
