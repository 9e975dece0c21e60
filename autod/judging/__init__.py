"""From events to an outcome.

Owns: what the events of an exchange prove (`evidence`), what follows from it (`verdict`, `judge`), what pluto's state
says where its lines do not (`resolve`), answers that differ in the name only (`memo`), and why a connection is
not up, in plain words (`explain`). Must not know: sockets, or by which words an event was recognised.
"""
