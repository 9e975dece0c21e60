"""What an operation asks of pluto, without the socket and the event loop.

What an operation does around its exchanges (look before, ask, find pluto again, look after) is a generator of asks
(`asks`). A driver carries each ask out and sends its answer back in: autod.client for trio, autod.exchange.blocking
for a thread. So the order of things is written once, and tested without either.

Owns: the asks, the small courses that others are made of (`looks`), and what is asked where a release lacks a command
(`emulation`). Must not know: sockets, trio, time but by the clock that it is given.
"""
