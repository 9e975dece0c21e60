"""authby= of 4.8 to 5.2: which ways to authenticate, and which hashes with RSA and ECDSA.

Owns: the words. Must not know: messages.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from autod.protocol.connection.numbers import Malformed

__all__ = ["NONE", "SIGHASH_DEFAULT", "AuthBy", "authby"]

SHA2_256, SHA2_384, SHA2_512 = 4, 8, 16
SIGHASH_DEFAULT: Final = SHA2_256 | SHA2_384 | SHA2_512
"""POL_SIGHASH_DEFAULTS of 4.8 to 5.2."""


class AuthBy(NamedTuple):
    """The members of struct authby."""

    psk: bool = False
    null: bool = False
    never: bool = False
    rsasig: bool = False
    ecdsa: bool = False
    rsasig_v1_5: bool = False


NONE: Final = AuthBy()

_BOTH: Final = {
    "secret": ({"psk"}, 0),
    "rsasig": ({"rsasig", "rsasig_v1_5"}, SIGHASH_DEFAULT),
    "rsa": ({"rsasig", "rsasig_v1_5"}, SIGHASH_DEFAULT),
    "never": ({"never"}, 0),
}
_V2: Final = {
    "null": ({"null"}, 0),
    "rsa-sha1": ({"rsasig_v1_5"}, 0),
    "rsa-sha2": ({"rsasig"}, SIGHASH_DEFAULT),
    "rsa-sha2_256": ({"rsasig"}, SHA2_256),
    "rsa-sha2_384": ({"rsasig"}, SHA2_384),
    "rsa-sha2_512": ({"rsasig"}, SHA2_512),
    "ecdsa": ({"ecdsa"}, SIGHASH_DEFAULT),
    "ecdsa-sha2": ({"ecdsa"}, SIGHASH_DEFAULT),
    "ecdsa-sha2_256": ({"ecdsa"}, SHA2_256),
    "ecdsa-sha2_384": ({"ecdsa"}, SHA2_384),
    "ecdsa-sha2_512": ({"ecdsa"}, SHA2_512),
}
_SEPARATOR: Final = re.compile("[, ]")


def authby(text: str, *, ikev1: bool) -> tuple[AuthBy, int]:
    """The ways and the hashes. Raises Malformed for a word that is none, or none of IKEv1's."""
    ways: set[str] = set()
    hashes = 0
    for word in _SEPARATOR.split(text):
        found = _BOTH.get(word)
        if found is None:
            if ikev1:
                raise Malformed("ikev1 connection must use authby= of rsasig, secret or never")
            found = _V2.get(word)
        if found is None:
            if word == "ecdsa-sha1":
                raise Malformed("authby=ecdsa cannot use sha1, only sha2")
            raise Malformed("connection authby= value is unknown")
        ways |= found[0]
        hashes |= found[1]
    return AuthBy(**dict.fromkeys(ways, True)), hashes
