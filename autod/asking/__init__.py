"""What an operation asks of pluto, without the socket and the event loop.

What an operation does around its exchanges (look before, ask, find pluto again, look after) is a generator of asks
(`asks`). A driver carries each ask out and sends its answer back in: autod.client for trio, autod.client.plain
for a thread. So the order of things is written once, and tested without either.

Owns: the asks, the small courses that others are made of (`looks`), the course of an operation from its first look to
its outcome (`course`), what is looked at before a command that could harm pluto (`guards`), what is asked where a
release lacks a command (`emulation`), and what callers may give (`arguments`). Must not know: sockets, trio, time but
by the clock that it is given.
"""
