"""Loading connections into pluto, and what became of each.

Owns: the two ways (`native` encodes the messages itself, `addconn` runs the release's own program) and their one
result (`result`). Must not know: how ipsec.conf is read (autod.config), many connections at once (autod.bulk).
"""
