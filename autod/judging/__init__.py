"""From events to an outcome.

Owns: what the events of an exchange prove (`evidence`), the conclusions from it (`verdict`, `judge`), the look at
pluto's state if its lines leave the outcome open (`resolve`), answers that differ only in the name (`memo`), and the
reason why a connection is not up, in plain words (`explain`). Must not know: sockets, or the words by which an event
was recognised.
"""
