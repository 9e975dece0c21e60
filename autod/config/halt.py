"""Whether addconn goes on with a connection after what pluto said.

Owns: which reply codes stop the messages of one connection. Must not know: messages, sockets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from autod.protocol.connection.rules import rules
from autod.protocol.replies import Prompt

if TYPE_CHECKING:
    from collections.abc import Iterable

    from autod.protocol.replies import Reply

__all__ = ["halts"]

_COMMENT, _LOG, _SUCCESS = 0, 2, 4
_FLOOR: Final = 20
"""RC_EXIT_FLOOR: 5.x counts codes from here on as failures,"""
_ROOF: Final = 100
"""RC_EXIT_ROOF: and below this."""


def halts(replies: Iterable[Reply], name: str) -> bool:
    """Whether the keys of a connection, and its other pairs of subnets=, are not sent after these replies.

    `name` is that of the release's rules.

    3.x and 4.x go by the last line whose code is neither 0 nor 2; 5.x by the last failure, and stop at once at a
    line without a code or at a prompt.
    """
    code = 0
    old = rules(name).old
    for reply in replies:
        if old:
            found = reply.code or 0
            if found == _SUCCESS:
                code = 0
            elif found not in (_COMMENT, _LOG):
                code = found
        elif reply.code is None or isinstance(reply, Prompt):
            return True
        elif _FLOOR <= reply.code < _ROOF:
            code = reply.code
    return code != 0
