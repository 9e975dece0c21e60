"""Faults of a certificate, its chain, its name, or of FIPS mode. The names of NSS's errors are its own, and the same in
all releases.
"""

from __future__ import annotations

from autod.causes import Cause
from autod.recognise.faults.rows import auth, row, warned
from autod.recognise.table import Row

__all__ = ["ROWS"]


def _nss(cause: Cause, errors: str, words: str) -> tuple[Row, Row]:
    """An error of NSS about the peer's certificate: only the words up to 3.32, the name of the error from 4.6 on."""
    error_line = rf"ERROR: (?:.*(?:{errors})|.*(?:{words}))"
    return (
        warned(cause, "us", error_line, "3.27-3.32", words=("ERROR:",)),
        row(cause, "us", rf"NSS:? {error_line}", "4.0-5.4", words=("NSS", "NSS:")),
    )


_CERTIFICATES = (
    *_nss(
        Cause.CERTIFICATE_EXPIRED, r"SEC_ERROR_EXPIRED|SEC_ERROR_CRL_EXPIRED", r"[cC]ertificate has expired"
    ),
    *_nss(Cause.CERTIFICATE_REVOKED, r"SEC_ERROR_REVOKED", r"certificate has been revoked"),
    *_nss(
        Cause.CERTIFICATE_ISSUER,
        r"SEC_ERROR_UNKNOWN_ISSUER|SEC_ERROR_UNTRUSTED|SEC_ERROR_CA_CERT_INVALID|SEC_ERROR_UNKNOWN_SIGNER",
        r"issuer is not recognized|not trusted|Issuer certificate is invalid|[Ii]ssuer has been marked",
    ),
    *_nss(
        Cause.CERTIFICATE_STATUS,
        r"SEC_ERROR_OCSP|SEC_ERROR_CRL_|SEC_ERROR_NO_KRL|REVOCATION_INFORMATION|SEC_ERROR_UNKNOWN_CERT",
        r"OCSP|revocation",
    ),
    *_nss(
        Cause.CERTIFICATE_REFUSED,
        r"SEC_ERROR_\w+|certificate .* invalid|invalid: ",
        r"Certificate (?:type|key usage)|signature algorithm|[Pp]eer's [cC]ertificate",
    ),
    row(Cause.CERTIFICATE_REVOKED, "us", r"certificate revoked!", "3.27-4.5"),
    row(Cause.CERTIFICATE_REFUSED, "us", r"X509: CERT payload bogus or revoked", "3.27-5.4", general=True),
    row(
        Cause.CERTIFICATE_REFUSED,
        "us",
        r"X509: [cC]ertificate (?:payload )?rejected for this connection",
        "3.27-5.4",
        general=True,
    ),
    row(
        Cause.CERTIFICATE_REFUSED,
        "us",
        r"[cC]ertificate .+ failed (?:.+ )?verification",
        "3.27-4.5",
        words=("Certificate", "certificate"),
        general=True,
    ),
    row(Cause.CERTIFICATE_REFUSED, "us", r"NSS: end certificate invalid", "4.0-5.4", general=True),
    row(Cause.CERTIFICATE_REFUSED, "us", r"X509: no EE-cert in chain!", "3.27-5.4"),
    row(
        Cause.CERTIFICATE_REFUSED,
        "us",
        r"X509: (?:temporary cert import operation failed|unspecified NSS verification failure)",
        "3.27",
    ),
    row(
        Cause.CERTIFICATE_REFUSED,
        "us",
        r"cannot use (?:peer )?CA certificate",
        "3.28-5.4",
    ),
    row(
        Cause.CERTIFICATE_REFUSED,
        "us",
        r"(?:Wrapped PKCS7 certificate payload|ignoring certificate with unknown type|extracting certificate public key"
        r"|decoding certificate payload|(?:NSS: )decoding cert)",
        "3.27-5.4",
        words=("Wrapped", "ignoring", "extracting", "decoding", "NSS:"),
    ),
    row(
        Cause.CERTIFICATE_ISSUER,
        "us",
        r"[nN]o Certificate Authority in NSS Certificate DB",
        "3.28-5.4",
        words=("No", "no"),
    ),
    row(
        Cause.CERTIFICATE_STATUS,
        "us",
        r"(?:missing or expired CRL in strict mode|certificate payload rejected; crl-strict=yes)",
        "3.27-5.4",
        words=("missing", "certificate"),
    ),
    row(
        Cause.CERTIFICATE_NAME,
        "us",
        r"(?:X509: authentication failed; )?(?:peer )?certificate (?:contains no|does not contain|subjectAltName)",
        "3.28-5.4",
        words=("X509:", "certificate", "peer"),
    ),
    row(
        Cause.CERTIFICATE_NAME,
        "us",
        r"(?:X509: authentication failed; )?(?:peer )?(?:ID_DER_ASN1_DN|ID DER_ASN1_DN) '.*' does not match",
        "3.27-5.4",
        words=("X509:", "ID_DER_ASN1_DN", "peer"),
    ),
    row(
        Cause.CERTIFICATE_NAME,
        "us",
        r"X509: (?:CERT payload does not match connection ID|connection failed due to unmatched IKE ID)",
        "3.27-4.5",
        general=True,
    ),
    row(
        Cause.CERTIFICATE_NAME,
        "us",
        r"Peer (?:CERT payload|public key) SubjectAltName does not match",
        "3.27-4.4",
    ),
    row(
        Cause.CERTIFICATE_NAME,
        "us",
        r"`?Peer ID '.*' is not specified on the certificate SubjectAltName",
        "3.30-4.5",
        words=("Peer", "`Peer"),
    ),
    row(Cause.CERTIFICATE_NAME, "us", r"No matching subjectAltName found", "3.27-3.29"),
    row(Cause.CERTIFICATE_REFUSED, "us", r"X509: authentication failed; ", "4.5-5.4", general=True),
    row(
        Cause.CERTIFICATE_MISSING,
        "pluto",
        r"(?:reloading \S+cert\b.*failed|rereading certificate failed|certificate cannot reread"
        r"|\S+ certificate '.*' not found in the NSS database)",
        "4.0-5.4",
        words=("reloading", "rereading", "certificate", "left", "right"),
        ignored=True,
    ),
)

_FIPS = (
    row(
        Cause.FIPS,
        "us",
        r"FIPS: (?:[rR]ejecting (?:peer )?cert|connection .* PSK length)",
        "3.27-5.4",
    ),
    auth(Cause.FIPS, r"FIPS: authentication (?:failed|aborted): ", "4.4-5.4", words=("FIPS:",)),
    row(
        Cause.FIPS,
        "us",
        r"(?:FIPS Error: connection .*PSK length|[mM]issing prf - algo not allowed in fips)",
        "3.27-5.4",
        words=("FIPS", "Missing", "missing"),
    ),
)

ROWS: tuple[Row, ...] = (*_CERTIFICATES, *_FIPS)
