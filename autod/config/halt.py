"""Whether addconn goes on with a connection after pluto's replies.

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
"""RC_EXIT_FLOOR: on 5.x the codes from here on are failures,"""
_ROOF: Final = 100
"""RC_EXIT_ROOF: up to the one before this."""


def halts(replies: Iterable[Reply], name: str) -> bool:
    """Whether addconn stops after these replies, and sends neither the keys of the connection nor its other pairs.

    `name` is that of the release's rules.

    On 3.x and 4.x the last line whose code is neither 0 nor 2 decides. On 5.x the last failure decides, and addconn
    stops at once at a line without a code or at a prompt.
    """
    code = 0
    old = rules(name).old
    for reply in replies:
        if old:
            reply_code = reply.code or 0
            if reply_code == _SUCCESS:
                code = 0
            elif reply_code not in (_COMMENT, _LOG):
                code = reply_code
        elif reply.code is None or isinstance(reply, Prompt):
            return True
        elif _FLOOR <= reply.code < _ROOF:
            code = reply.code
    return code != 0
