"""authby= of 3.27 to 5.2: the methods of authentication, and the hashes for RSA and ECDSA.

Owns: the words. Must not know: messages.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from autod.protocol.connection.numbers import Malformed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

__all__ = ["NONE", "SIGHASH_DEFAULT", "AuthBy", "authby", "authby_4_6"]

_HASHES_4_7: Final = (4, 8, 16)
SIGHASH_DEFAULT: Final = sum(_HASHES_4_7)
"""POL_SIGHASH_DEFAULTS of 4.7 to 5.2."""


class AuthBy(NamedTuple):
    """The members of struct authby."""

    psk: bool = False
    null: bool = False
    never: bool = False
    rsasig: bool = False
    ecdsa: bool = False
    rsasig_v1_5: bool = False


NONE: Final = AuthBy()

_ALL: Final = frozenset({256, 384, 512})
_NO: Final = frozenset[int]()
_BOTH: Final = {
    "secret": ({"psk"}, _NO),
    "rsasig": ({"rsasig", "rsasig_v1_5"}, _ALL),
    "rsa": ({"rsasig", "rsasig_v1_5"}, _ALL),
    "never": ({"never"}, _NO),
}
_V2: Final = {
    "null": ({"null"}, _NO),
    "rsa-sha1": ({"rsasig_v1_5"}, _NO),
    "rsa-sha2": ({"rsasig"}, _ALL),
    "rsa-sha2_256": ({"rsasig"}, {256}),
    "rsa-sha2_384": ({"rsasig"}, {384}),
    "rsa-sha2_512": ({"rsasig"}, {512}),
    "ecdsa": ({"ecdsa"}, _ALL),
    "ecdsa-sha2": ({"ecdsa"}, _ALL),
    "ecdsa-sha2_256": ({"ecdsa"}, {256}),
    "ecdsa-sha2_384": ({"ecdsa"}, {384}),
    "ecdsa-sha2_512": ({"ecdsa"}, {512}),
}
_V2_4_6: Final = _V2 | {
    "rsa-sha1": ({"rsasig", "rsasig_v1_5"}, _NO),
    "rsa-sha2_256": (set(), {256}),
}
"""A slip of 3.30 to 4.6: rsa-sha2_256 alone does not stand for RSA."""

_BOTH_3_29: Final = _BOTH | {"rsasig": ({"rsasig"}, _NO), "rsa": ({"rsasig"}, _NO)}
_BOTH_EL8: Final = _BOTH | {word: (_BOTH[word][0], _NO) for word in ("rsasig", "rsa")}
_V2_3_29: Final = {
    "null": ({"null"}, _NO),
    "rsa-sha2": ({"rsasig"}, {256}),
    "rsa-sha2_256": ({"rsasig"}, {256}),
    "rsa-sha2_384": ({"rsasig"}, {384}),
    "rsa-sha2_512": ({"rsasig"}, {512}),
    "ecdsa": ({"ecdsa"}, {256}),
    "ecdsa-sha2_256": ({"ecdsa"}, {256}),
    "ecdsa-sha2_384": ({"ecdsa"}, {384}),
    "ecdsa-sha2_512": ({"ecdsa"}, {512}),
}

_SEPARATOR: Final = re.compile("[, ]")


def authby(
    text: str, numbers: tuple[int, int, int] = _HASHES_4_7, *, ikev1: bool, rsa_hashes: bool = True
) -> tuple[AuthBy, int]:
    """The methods and the hashes. Raises Malformed for an unknown word, or one that IKEv1 does not have.

    `numbers`: the bits of SHA2 with 256, 384 and 512. `rsa_hashes`: rsasig allows them all.
    """
    return _authby(_SEPARATOR.split(text), _V2, numbers, ikev1=ikev1, both=_BOTH if rsa_hashes else _BOTH_EL8)


def authby_4_6(
    text: str,
    numbers: tuple[int, int, int],
    *,
    ikev1: bool,
    words: int | None = None,
    old: bool = False,
    rsa_hashes: bool = True,
) -> tuple[AuthBy, int]:
    """The same up to 4.6: empty words do not count. `words`: only so many are looked at. `old`: up to 3.29."""
    split = [word for word in _SEPARATOR.split(text) if word][:words]
    if old:
        return _authby(split, _V2_3_29, numbers, ikev1=ikev1, both=_BOTH_3_29)
    return _authby(split, _V2_4_6, numbers, ikev1=ikev1, both=_BOTH if rsa_hashes else _BOTH_EL8)


def _authby(
    words: Sequence[str],
    of_ikev2: Mapping[str, tuple[AbstractSet[str], AbstractSet[int]]],
    numbers: tuple[int, int, int],
    *,
    ikev1: bool,
    both: Mapping[str, tuple[AbstractSet[str], AbstractSet[int]]],
) -> tuple[AuthBy, int]:
    methods: set[str] = set()
    hashes: set[int] = set()
    for word in words:
        meaning: tuple[AbstractSet[str], AbstractSet[int]] | None = both.get(word)
        if meaning is None:
            if ikev1:
                raise Malformed("ikev1 connection must use authby= of rsasig, secret or never")
            meaning = of_ikev2.get(word)
        if meaning is None:
            if word == "ecdsa-sha1":
                raise Malformed("authby=ecdsa cannot use sha1, only sha2")
            raise Malformed("connection authby= value is unknown")
        methods |= meaning[0]
        hashes |= meaning[1]
    number = sum(bit for bits, bit in zip((256, 384, 512), numbers, strict=True) if bits in hashes)
    return AuthBy(**dict.fromkeys(methods, True)), number
