"""The whack protocol of Libreswan 3.27 to 5.4: bytes to values and back. It does not know sockets.

General layout:

** `commands`: the commands that pluto takes, as frozen values
* `encode`, `decode`: a command and a release to a message, and back
* `replies`, `codes`: reply bytes to replies and prompts
* `releases`: a version to its family, magic, socket and reply codes
** `outlines`: the facts of a family that do not need its struct, and messages that construct built ahead of time
* `families/`: struct whack_message, a module for each family of releases with one layout
* `cstruct`, `packing`: C's structs as constructs, and how each era packs the strings behind the head
* `connection/`: a connection of ipsec.conf to the messages that load it
"""
