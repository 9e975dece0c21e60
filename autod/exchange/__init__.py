"""The socket half of an exchange with pluto.

Owns: who listens at a path (`peer`), connecting to it (`connect`), one exchange from the gate to the end of the stream
(`control`), answers to prompts (`prompts`), how many requests may hold a descriptor in pluto (`slots`), and a socket
of our own for a helper program (`relay`). Must not know: what a message asks for, or what a reply means.
"""
