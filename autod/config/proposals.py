"""The comparison of ike=, esp= and ah= with the algorithms that pluto shows. Pure.

Owns: the names of algorithms, in the spelling of people and in pluto's, and the choices that are left to pluto's
defaults. Must not know: settings, status lines.

If a proposal does not name a hash or a group, pluto fills it in from a list that differs by release and by the version
of IKE. So only the algorithms that are named are compared. If none is named, pluto shows several; if it shows only one,
this one was named when the connection was loaded.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

__all__ = ["Proposal", "matches", "read", "shown"]


class Proposal(NamedTuple):
    """Ciphers, hashes and groups, in pluto's words; None if none is named."""

    ciphers: tuple[str, ...] | None
    hashes: tuple[str, ...] | None
    groups: tuple[str, ...] | None


_CIPHERS: Final = {
    "aes": "AES_CBC",
    "aes_cbc": "AES_CBC",
    "aes_ctr": "AES_CTR",
    "aes_gcm": "AES_GCM_16",
    "aes_gcm_c": "AES_GCM_16",
    "aes_gcm_16": "AES_GCM_16",
    "aes_gcm_b": "AES_GCM_12",
    "aes_gcm_12": "AES_GCM_12",
    "aes_gcm_a": "AES_GCM_8",
    "aes_gcm_8": "AES_GCM_8",
    "aes_ccm": "AES_CCM_16",
    "aes_ccm_c": "AES_CCM_16",
    "aes_ccm_16": "AES_CCM_16",
    "aes_ccm_b": "AES_CCM_12",
    "aes_ccm_12": "AES_CCM_12",
    "aes_ccm_a": "AES_CCM_8",
    "aes_ccm_8": "AES_CCM_8",
    "3des": "3DES_CBC",
    "3des_cbc": "3DES_CBC",
    "camellia": "CAMELLIA_CBC",
    "camellia_cbc": "CAMELLIA_CBC",
    "chacha20_poly1305": "CHACHA20_POLY1305",
    "chacha20poly1305": "CHACHA20_POLY1305",
    "null": "NULL",
    "null_auth_aes_gmac": "NULL_AUTH_AES_GMAC",
    "aes_gmac": "NULL_AUTH_AES_GMAC",
}
_HASHES: Final = {
    "sha": "HMAC_SHA1",
    "sha1": "HMAC_SHA1",
    "sha2": "HMAC_SHA2_256",
    "sha256": "HMAC_SHA2_256",
    "sha2_256": "HMAC_SHA2_256",
    "sha384": "HMAC_SHA2_384",
    "sha2_384": "HMAC_SHA2_384",
    "sha512": "HMAC_SHA2_512",
    "sha2_512": "HMAC_SHA2_512",
    "md5": "HMAC_MD5",
    "aes_xcbc": "AES_XCBC",
    "aes_cmac": "AES_CMAC",
    "null": "NONE",
    "none": "NONE",
}
_CUT: Final = re.compile(r"_(?:96|128|192|256)\Z")
"""The bits of a hash that are sent: pluto prints them for ESP and AH (HMAC_SHA2_256_128)."""
_NUMBERED: Final = {
    "dh2": "MODP1024",
    "dh5": "MODP1536",
    "dh14": "MODP2048",
    "dh15": "MODP3072",
    "dh16": "MODP4096",
    "dh17": "MODP6144",
    "dh18": "MODP8192",
    "dh19": "DH19",
    "dh20": "DH20",
    "dh21": "DH21",
    "dh22": "DH22",
    "dh23": "DH23",
    "dh24": "DH24",
    "dh31": "DH31",
    "ecp_256": "DH19",
    "ecp256": "DH19",
    "ecp_384": "DH20",
    "ecp384": "DH20",
    "ecp_521": "DH21",
    "ecp521": "DH21",
    "curve25519": "DH31",
    "x25519": "DH31",
    "none": "NONE",
    "dh0": "NONE",
    "null": "NONE",
}
_GROUPS: Final = _NUMBERED | {
    f"modp{bits}": f"MODP{bits}" for bits in (1024, 1536, 2048, 3072, 4096, 6144, 8192)
}
_KEYED: Final = re.compile(r"(.*?)_?(128|192|256)\Z")


def _cipher(word: str) -> str | None:
    name = _CIPHERS.get(word)
    if name is not None:
        return name
    keyed = _KEYED.fullmatch(word)
    if keyed is None or keyed[1] not in _CIPHERS:
        return None
    return f"{_CIPHERS[keyed[1]]}_{keyed[2]}"


def _hash(word: str) -> str | None:
    return _HASHES.get(word.removeprefix("hmac_"))


def read(text: str, *, ah: bool = False) -> tuple[Proposal, ...] | None:
    """The proposals in the file, in order; None if a word is not known here."""
    proposals = []
    for piece in text.lower().replace(" ", "").split(","):
        rest, semicolon, group = piece.partition(";")
        parts = rest.split("-")
        if semicolon:
            parts.append(group)
        proposal = _proposal(parts, ah=ah)
        if proposal is None:
            return None
        proposals.append(proposal)
    return tuple(proposals)


def _proposal(parts: list[str], *, ah: bool) -> Proposal | None:
    lists: list[tuple[str, ...] | None] = [None, None, None]
    at = 1 if ah else 0
    readers = (_cipher, _hash, _GROUPS.get)
    for part in parts:
        words = part.split("+")
        while at < 3:
            read_as = [readers[at](word) for word in words]
            at += 1
            if None not in read_as:
                lists[at - 1] = tuple(str(name) for name in read_as)
                break
            if at == 1:
                return None
        else:
            return None
    return Proposal(*lists)


def shown(text: str, *, ah: bool = False) -> tuple[Proposal, ...] | None:
    """The proposals that pluto prints: `AES_CBC_256-HMAC_SHA2_256-MODP2048+DH19, ...`; None if a part is not known."""
    proposals = []
    for piece in text.split(", "):
        parts = piece.strip().split("-")
        if ah:
            parts.insert(0, "")
        if len(parts) > 3:
            return None
        if len(parts) == 1 or _GROUP.match(parts[1]):
            # 5.4 does not print a hash if there is none.
            parts.insert(1, "NONE")
        ciphers, hashes = tuple(parts[0].split("+")), tuple(_trim(word) for word in parts[1].split("+"))
        proposals.append(Proposal(ciphers, hashes, tuple(parts[2].split("+")) if len(parts) == 3 else None))
    return tuple(proposals)


_GROUP: Final = re.compile(r"(?:MODP|DH)\d")


def _trim(word: str) -> str:
    """A hash without the number of bits that are sent: HMAC_SHA2_512_256 is HMAC_SHA2_512, HMAC_SHA2_256 stays."""
    if word.startswith("HMAC_SHA2_"):
        return "_".join(word.split("_")[:3])
    return _CUT.sub("", word)


_AEAD: Final = ("AES_GCM", "AES_CCM", "CHACHA20_POLY1305", "NULL_AUTH_AES_GMAC")


def matches(
    configured: tuple[Proposal, ...], loaded: tuple[Proposal, ...], *, ike: bool, single: bool = False
) -> bool:
    """Whether pluto shows the proposals of the file, and no others.

    `single`: pluto shows one hash and one group per proposal, so one proposal of the file is several there (IKEv1).
    """
    at = 0
    for proposal in configured:
        begin = at
        while at < len(loaded) and (single or at == begin) and _same(proposal, loaded[at]):
            at += 1
        if at == begin or not _open(proposal, loaded[begin:at], ike=ike):
            return False
    return at == len(loaded)


def _same(configured: Proposal, loaded: Proposal) -> bool:
    """Whether pluto shows the algorithms that are named."""
    return (
        configured.ciphers in (None, loaded.ciphers)
        and configured.hashes in (None, loaded.hashes)
        and (
            configured.groups in (None, loaded.groups)
            or (configured.groups == ("NONE",) and loaded.groups is None)
        )
    )


def _open(configured: Proposal, loaded: tuple[Proposal, ...], *, ike: bool) -> bool:
    """Whether the algorithms that are not named are pluto's own choice: several, or none if there is no choice."""
    aead = any(cipher.startswith(_AEAD) for cipher in configured.ciphers or ())
    hashes = {word for proposal in loaded for word in proposal.hashes or ()}
    groups = {word for proposal in loaded for word in proposal.groups or ()}
    if configured.hashes is None and (ike or not aead) and len(hashes) == 1:
        return False
    if configured.groups is not None:
        return True
    return len(groups) != 1 if ike else not groups
