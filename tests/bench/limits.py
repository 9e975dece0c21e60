"""What the limit of each row is, how near autod is to it, and what was tried and did not help.

Words for docs/performance.md. A number that stands here was measured once, on the machine of the tables; the tables
have those of the last run.
"""

from __future__ import annotations

from typing import Final

__all__ = ["LIMITS", "MARK", "with_limit"]

MARK: Final = "**The limit.**"

LIMITS: Final = {
    "requests": (
        "pluto answers such a request in 20 microseconds, and takes 100 to wake up where it slept in between "
        "(4.10), so who asks one after the other pays for waking, as the C client does. autod always has up to "
        "ten requests in pluto's backlog, so pluto does not sleep, and what is left is autod's own processor "
        "time: some 25 microseconds of it are calls of the system (socket, connect, send, two reads, close, and "
        "the look who listens), the rest is Python. Answers that differ in nothing but a name are recognised and "
        "judged once. To send further ahead than ten does not help: the backlog holds five."
    ),
    "ups": (
        "Both plutos, each with one thread, share this machine, and come through with one more negotiation every "
        "4 ms. More in flight than it takes to keep them busy only makes retransmissions. autod finds the number "
        "by itself, and comes within a few per cent of the best fixed one, which nobody knows before."
    ),
    "lab": (
        "One emulated processor starts two updown scripts a tunnel, 30 to 60 ms each. Nothing that a client does "
        "can shorten that; what a client can do wrong is to ask for so much at once that pluto retransmits."
    ),
    "many": (
        "pluto takes 0.2 ms to add a connection, and 0.16 s to show 5,000. The row of plain sockets is the floor "
        "for any Python: the same messages, encoded before, sent ahead and read to the end, with nothing "
        "recognised or kept; what autod takes beyond it is the start (a tenth of a second of processor time), "
        "reading the file, six microseconds to fill in each message, the status afterwards, from which it takes "
        "the serial numbers for --diff and --sync, and the books. As long as pluto says to each what it says to "
        "all, there is no event loop and no outcome for each; what is unusual goes the usual way from there, and "
        "costs what it cost before. A terminal gets a live view, which takes that way too. Tried and left out: "
        "other thresholds of the garbage collector (it is off now while many are loaded or checked); patching "
        "packed messages by their members (filling in moulds took its place, at a quarter of the cost); to leave "
        "the status away and number the connections in the order in which they were sent (somebody else may load "
        "all of them again, in the same order, and nothing would tell); to leave the interpreter without taking "
        "it apart (20 ms, see the start). Modules that mypyc compiled: what fills in a message took 5.3 "
        "microseconds in place of 5.4, as its time goes to regular expressions, dictionaries and values of "
        "msgspec, which are C already; the reader's modules cannot be imported when they are compiled, as they "
        "import types for type checkers only. So there is no compiled build."
    ),
    "verbs": (
        "pluto's own time: it routes, deletes and terminates one connection after the other, and an up makes it "
        "send again and again to a peer that is silent. autod asks for ten at a time where pluto answers at once, "
        "and for as many as pluto can bear where it does not. For a question, it is what autod takes to start and "
        "to write the answer. More processes, as xargs has them, wait in the same backlog."
    ),
    "cost": (
        "Calls of the system are half of it; see the requests above. What is kept of each is one result, so the "
        "memory grows by less than 2 kB each."
    ),
    "scale": (
        "pluto. Nothing broke; what hurts first is pluto's list of all it has (`whack --status`), during which it "
        "answers no peer, and which grows with the connections. So the supervisor looks with --trafficstatus, which "
        "takes pluto a seventh of that. pluto needs 70 kB for a tunnel, the supervisor 13 kB. At rest the "
        "supervisor's time goes into the metrics: 8 series for a connection are written down anew for each scrape, "
        "in a thread, so that nobody waits for it. To write down only what changed was not tried."
    ),
    "start": (
        "What Python loads: msgspec, with typing, datetime and decimal, takes a quarter of an up, argparse a "
        "tenth. Neither trio nor construct nor dataclasses is loaded for one name, nor construct for connections: "
        "heads and places were made ahead of time by it (outlines.json, shapes.json). Completion of names reads "
        "the configuration and asks pluto, so it loads the reader too. To leave without taking the interpreter "
        "apart (os._exit) wins 3 ms, and would pass over what others registered for the end. These figures hide "
        "typing_extensions, which comes with mypy: where it is installed, msgspec loads it and the module inspect "
        "with it, which costs 6 ms."
    ),
    "encoding": (
        "Not pluto: 1 to 7 microseconds are less than a tenth of what pluto takes for the message. What is left "
        "is one join of bytes and the checks of the name; for connections that were written alike, six "
        "microseconds with the rules, in place of the sixty that it took to plan and pack each."
    ),
    "fleet": (
        "What Ansible itself does on the controller, and on each gateway the start of Python and of autod. Over "
        "SSH the connection comes on top."
    ),
}
"""By the key of the row."""


def with_limit(key: str, section: str) -> str:
    """The section with what is said here, in the place of what was said before."""
    paragraphs = [one for one in section.rstrip("\n").split("\n\n") if not one.startswith(MARK)]
    if key in LIMITS:
        paragraphs.insert(len(paragraphs) - 1, f"{MARK} {LIMITS[key]}")
    return "\n\n".join(paragraphs) + "\n"
