"""From events to an outcome.

Owns: what the events of an exchange prove (`evidence`), what follows from it (`verdict`, `judge`), what pluto's state
says where its lines do not (`resolve`), and answers that differ in the name only (`memo`). Must not know: sockets,
or by which words an event was recognised.
"""
