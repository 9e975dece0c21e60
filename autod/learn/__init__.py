"""Learns the messages of a release that has no module, from its own whack.

infer.py makes templates from recorded messages (pure), record.py makes the program write its messages to a socket of
ours, store.py keeps the templates for exactly one binary, pluto.py is the client that sends them.
"""

from __future__ import annotations

from autod.identify.likeness import Binary
from autod.learn.infer import CannotLearn, Learned, Recording, Template, infer, learned_message

__all__ = ["Binary", "CannotLearn", "Learned", "Recording", "Template", "infer", "learned_message"]
