"""What pluto finds wrong: the rows of autod.recognise for faults, each with its cause.

Owns: which phrase means which cause, and who found it. Must not know: which of several causes counts
(autod.judging), or what to do about one (autod.causes).

`seen`: the first and the last of the nine recorded releases whose own lines show the row; `sources`: those whose
source code does. The names of NSS's errors are its own, and the same in all releases.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from autod.causes import Cause
from autod.events import Fault, IkeRejected, Warned
from autod.recognise.table import Row

if TYPE_CHECKING:
    from autod.causes import Finder

__all__ = ["ROWS"]


def _row(
    cause: Cause,
    by: Finder,
    pattern: str,
    sources: str,
    *,
    words: tuple[str, ...] = (),
    seen: str = "",
    general: bool = False,
    ignored: bool = False,
) -> Row:
    """A phrase whose whole text is the reason. Without `words` it begins with one plain word."""
    fixed = {"cause": cause, "by": by, "general": general, "ignored": ignored}
    first = words or (pattern.partition(" ")[0].replace("\\", ""),)
    return Row(Fault, first, rf"(?P<reason>{pattern}.*)", None, fixed, seen=seen, sources=sources)


def _warned(
    cause: Cause, by: Finder, pattern: str, sources: str, *, words: tuple[str, ...], seen: str = ""
) -> Row:
    """As `_row`, for lines that are warnings or errors to pluto itself."""
    fixed = {"cause": cause, "by": by}
    return Row(Warned, words, rf"(?P<reason>{pattern}.*)", None, fixed, seen=seen, sources=sources)


def _auth(
    cause: Cause, pattern: str, sources: str, *, words: tuple[str, ...], seen: str = "", general: bool = False
) -> Row:
    """As `_row`, for what makes us refuse the peer's IKE SA in IKE_AUTH."""
    fixed = {
        "cause": cause,
        "by": "us",
        "exchange": "IKE_AUTH",
        "notification": "AUTHENTICATION_FAILED",
        "general": general,
    }
    return Row(IkeRejected, words, rf"(?P<reason>{pattern}.*)", None, fixed, seen=seen, sources=sources)


def _nss(cause: Cause, errors: str, words: str) -> tuple[Row, Row]:
    """An error of NSS about the peer's certificate: the words alone up to 3.32, the name of the error from 4.6 on."""
    told = rf"ERROR: (?:.*(?:{errors})|.*(?:{words}))"
    return (
        _warned(cause, "us", told, "3.27-3.32", words=("ERROR:",)),
        _row(cause, "us", rf"NSS:? {told}", "4.0-5.4", words=("NSS", "NSS:")),
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
    _row(Cause.CERTIFICATE_REVOKED, "us", r"certificate revoked!", "3.27-4.5"),
    _row(Cause.CERTIFICATE_REFUSED, "us", r"X509: CERT payload bogus or revoked", "3.27-5.4", general=True),
    _row(
        Cause.CERTIFICATE_REFUSED,
        "us",
        r"X509: [cC]ertificate (?:payload )?rejected for this connection",
        "3.27-5.4",
        general=True,
    ),
    _row(
        Cause.CERTIFICATE_REFUSED,
        "us",
        r"[cC]ertificate .+ failed (?:.+ )?verification",
        "3.27-4.5",
        words=("Certificate", "certificate"),
        general=True,
    ),
    _row(Cause.CERTIFICATE_REFUSED, "us", r"NSS: end certificate invalid", "4.0-5.4", general=True),
    _row(Cause.CERTIFICATE_REFUSED, "us", r"X509: no EE-cert in chain!", "3.27-5.4"),
    _row(
        Cause.CERTIFICATE_REFUSED,
        "us",
        r"X509: (?:temporary cert import operation failed|unspecified NSS verification failure)",
        "3.27",
    ),
    _row(
        Cause.CERTIFICATE_REFUSED,
        "us",
        r"cannot use (?:peer )?CA certificate",
        "3.28-5.4",
    ),
    _row(
        Cause.CERTIFICATE_REFUSED,
        "us",
        r"(?:Wrapped PKCS7 certificate payload|ignoring certificate with unknown type|extracting certificate public key"
        r"|decoding certificate payload|(?:NSS: )decoding cert)",
        "3.27-5.4",
        words=("Wrapped", "ignoring", "extracting", "decoding", "NSS:"),
    ),
    _row(
        Cause.CERTIFICATE_ISSUER,
        "us",
        r"[nN]o Certificate Authority in NSS Certificate DB",
        "3.28-5.4",
        words=("No", "no"),
    ),
    _row(
        Cause.CERTIFICATE_STATUS,
        "us",
        r"(?:missing or expired CRL in strict mode|certificate payload rejected; crl-strict=yes)",
        "3.27-5.4",
        words=("missing", "certificate"),
    ),
    _row(
        Cause.CERTIFICATE_NAME,
        "us",
        r"(?:X509: authentication failed; )?(?:peer )?certificate (?:contains no|does not contain|subjectAltName)",
        "3.28-5.4",
        words=("X509:", "certificate", "peer"),
    ),
    _row(
        Cause.CERTIFICATE_NAME,
        "us",
        r"(?:X509: authentication failed; )?(?:peer )?(?:ID_DER_ASN1_DN|ID DER_ASN1_DN) '.*' does not match",
        "3.27-5.4",
        words=("X509:", "ID_DER_ASN1_DN", "peer"),
    ),
    _row(
        Cause.CERTIFICATE_NAME,
        "us",
        r"X509: (?:CERT payload does not match connection ID|connection failed due to unmatched IKE ID)",
        "3.27-4.5",
        general=True,
    ),
    _row(
        Cause.CERTIFICATE_NAME,
        "us",
        r"Peer (?:CERT payload|public key) SubjectAltName does not match",
        "3.27-4.4",
    ),
    _row(
        Cause.CERTIFICATE_NAME,
        "us",
        r"`?Peer ID '.*' is not specified on the certificate SubjectAltName",
        "3.30-4.5",
        words=("Peer", "`Peer"),
    ),
    _row(Cause.CERTIFICATE_NAME, "us", r"No matching subjectAltName found", "3.27-3.29"),
    _row(Cause.CERTIFICATE_REFUSED, "us", r"X509: authentication failed; ", "4.5-5.4", general=True),
    _row(
        Cause.CERTIFICATE_MISSING,
        "pluto",
        r"(?:reloading \S+cert='?.*failed|rereading certificate failed|certificate cannot reread"
        r"|\S+ certificate '.*' not found in the NSS database)",
        "4.0-5.4",
        words=("reloading", "rereading", "certificate", "left", "right"),
        ignored=True,
    ),
)

_FIPS = (
    _row(
        Cause.FIPS,
        "us",
        r"FIPS: (?:[rR]ejecting (?:peer )?cert|connection .* PSK length)",
        "3.27-5.4",
    ),
    _auth(Cause.FIPS, r"FIPS: authentication (?:failed|aborted): ", "4.4-5.4", words=("FIPS:",)),
    _row(
        Cause.FIPS,
        "us",
        r"(?:FIPS Error: connection .*PSK length|[mM]issing prf - algo not allowed in fips)",
        "3.27-5.4",
        words=("FIPS", "Missing", "missing"),
    ),
)

_IDENTITIES = (
    _row(
        Cause.PEER_ID,
        "us",
        r"we require (?:IKEv[12] )?peer to have ID '.*', but peer declares",
        "3.27-5.4",
    ),
    _row(
        Cause.PEER_ID,
        "us",
        r"(?:Peer mismatch on|Peer ID '.*' mismatched on) first found connection",
        "3.27-5.4",
        words=("Peer",),
    ),
    _row(
        Cause.PEER_ID,
        "us",
        r"(?:[pP]eer ID '?.*is not a certificate type"
        r"|IKEv2 mode (?:no peer ID|peer ID extraction failed)|(?:Peer )?IDr payload extraction failed"
        r"|decoding IKEv2 peer ID failed|[uU]nhandled ID type|Unsupported identity type|improper .* identification payload"
        r"|Phase 1 \(Parent\)ID Payload of type|peer's ID_USER_FQDN contains no @)",
        "3.27-5.4",
        words=(
            *("peer", "Peer", "IKEv2", "IDr", "decoding", "unhandled", "Unhandled", "Unsupported"),
            *("improper", "Phase", "peer's"),
        ),
    ),
)

_SECRETS = (
    _row(
        Cause.SECRET_DIFFERS,
        "us",
        r"(?:AUTH mismatch: Received AUTH|probable authentication failure \(mismatch of preshared secrets)",
        "3.27-5.4",
        words=("AUTH", "probable"),
    ),
    _row(
        Cause.SECRET_MISSING,
        "us",
        r"(?:No matching PSK found|Failed to find our PreShared Key"
        r"|Can't authenticate: no preshared key found)",
        "3.27-5.4",
        words=("No", "Failed", "Can't"),
    ),
    _row(Cause.SECRET_DIFFERS, "us", r"received Hash Payload does not match computed value", "3.27-5.4"),
    _row(
        Cause.PRIVATE_KEY_MISSING,
        "us",
        r"(?:unable to locate my private key|[nN]o \S+ private key (?:found|for connection)"
        r"|(?:DigSig: )?[fF]ailed to find our (?:RSA|ECDSA) key|connection(?: \S+)?'s .* private key not found"
        r"|[pP]rivate key (?:for connection )?not found|private key matching .* (?:not found|has type)"
        r"|Can't find the (?:certificate or )?private key|reauth: .* private key)",
        "3.27-5.4",
        words=(
            *(
                "unable",
                "No",
                "no",
                "DigSig:",
                "Failed",
                "failed",
                "connection",
                "connection's",
                "Private",
                "private",
            ),
            *("Can't", "reauth:"),
        ),
    ),
    _row(
        Cause.PUBLIC_KEY_MISSING,
        "us",
        r"no (?:\S+ )?public key known for",
        "3.27-5.4",
        words=("no",),
    ),
    _row(
        Cause.SIGNATURE,
        "us",
        r"(?:\S+ Signature check \(on .*\) failed|Signature check \(on"
        r"|an \S+ Sig check failed|RSA Signature NOT verified|RSA authentication of .* failed|rejecting received zero-length"
        r"|sig length \d+ does not match)",
        "3.27-5.4",
        words=(*("RSA", "ECDSA", "EDDSA", "Signature", "an", "rejecting", "sig"),),
    ),
    _row(
        Cause.AUTH_METHOD,
        "us",
        r"(?:[pP]eer attempted \S+|authentication method:? .* not supported|auth method .* unrecognized"
        r"|[uU]nknown (?:or unsupported|remote) (?:authby|authentication|hash)|local policy (?:requires (?!Transport|Tunnel|transport|tunnel)|does not allow)"
        r"|Local policy does not allow|legacy (?:RSA|ECDSA)|[nN]o (?:acceptable|acceptible|compatible|valid) .*"
        r"(?:hash|signature)|EDDSA only supports|DigSig: no compatible|Digsig: No valid hash"
        r"|digital signature scheme not supported)",
        "3.27-5.4",
        words=(
            *(
                "authentication",
                "Peer",
                "peer",
                "auth",
                "Unknown",
                "unknown",
                "local",
                "Local",
                "legacy",
                "No",
                "no",
            ),
            *("EDDSA", "DigSig:", "Digsig:", "digital"),
        ),
    ),
    _row(
        Cause.SIGNATURE,
        "us",
        r"(?:ECDSA|EDDSA|RSA|PK11|SGN_|AUTH|RSA_sign_hash|ECDSA_sign_hash).*(?:function|calculation|sign).* failed",
        "3.27-5.4",
        words=("ECDSA", "EDDSA", "RSA", "PK11_Sign()", "RSA_sign_hash:", "ECDSA_sign_hash:", "AUTH"),
    ),
    _auth(
        Cause.PEER_ID,
        r"authentication failed: .*(?:did not include ID|ID payload invalid)",
        "4.4-5.4",
        words=("authentication",),
    ),
    _auth(
        Cause.SECRET_DIFFERS,
        r"(?:authentication failed: computed hash does not match|PSK [aA]uthentication failed)",
        "3.27-5.4",
        words=("authentication", "PSK"),
    ),
    _auth(Cause.SECRET_MISSING, r"authentication failed: no PSK found", "4.4-5.4", words=("authentication",)),
    _auth(
        Cause.PUBLIC_KEY_MISSING,
        r"authentication failed: no certificate matched",
        "4.4-5.4",
        words=("authentication",),
    ),
    _auth(
        Cause.AUTH_METHOD,
        r"authentication failed: (?:peer (?:attempted|authentication requires)|no acceptable|method|unknown or unsupp)",
        "4.4-5.4",
        words=("authentication",),
    ),
    _auth(
        Cause.SIGNATURE,
        r"(?:authentication failed: .*(?:using .* tried|signature|hash)|(?:RSA|Digital Signature) [aA]uthentication"
        r" (?:using \S+ )?failed)",
        "3.27-5.4",
        words=("authentication", "RSA", "Digital"),
    ),
    _auth(
        Cause.AUTHENTICATION,
        r"authentication (?:failed|aborted): ",
        "4.4-5.4",
        words=("authentication",),
        general=True,
    ),
    _row(Cause.AUTHENTICATION, "us", r"NULL [aA]uthentication failed", "3.27-4.3"),
    _row(
        Cause.PPK,
        "us",
        r"(?:Requested PPK_ID not found|connection (?:requires PPK|has ppk=insist)|no matching \(PPK_ID, PPK\)"
        r"|[fF]ailed to receive PPK confirmation|PPK(?:_ID)? (?:ID|Confirmation) .*(?:must|exceeds|could not|too big)"
        r"|PPK ID length is too big|PPK_ID type)",
        "3.27-5.4",
        words=("Requested", "connection", "no", "failed", "Failed", "PPK", "PPK_ID"),
    ),
    _row(
        Cause.EAP,
        "us",
        r"(?:Peer attempted EAP|Bad Server Certificate|Handshake failed|EAP (?:Code|Type) \w+ unexpected"
        r"|responding with EAP termination|Keying material export failed|Failed to (?:create TLS|start configure TLS))",
        "4.7-5.4",
        words=("Peer", "Bad", "Handshake", "EAP", "responding", "Keying", "Failed"),
    ),
    _row(
        Cause.XAUTH_CREDENTIALS,
        "us",
        r"(?:no (?:Username|Password|username|password) entered, aborted|XAUTH (?:username|password) prompt failed"
        r"|XAUTH (?:username|password) requested, but no|XAUTH: No username or password request"
        r"|XAUTH: Username or password request was received, but)",
        "3.27-5.4",
        words=("no", "XAUTH", "XAUTH:"),
    ),
    _row(
        Cause.XAUTH_REFUSED,
        "us",
        r"XAUTH: (?:User .*: Authentication Failed|aborting entire|unable to open password file|unknown authentication)",
        "3.27-5.4",
        seen="4.10-5.2",
    ),
)

_PROPOSALS = (
    _row(
        Cause.KE_GROUP,
        "us",
        r"[dD]iscarding unauthenticated INVALID_KE_PAYLOAD response to (?:DH|KEM) .*is not acceptable",
        "3.28-5.4",
        words=("Discarding", "discarding"),
    ),
    _row(Cause.KE_GROUP, "us", r"proposals do not contain a valid DH", "3.27-5.4"),
    _row(
        Cause.IKE_PROPOSAL,
        "us",
        r"(?:no acceptable Oakley Transform|OAKLEY proposal refused|Oakley Transform \[.*refused"
        r"|IKE (?:responder|initiator) (?:accepted|proposed) an unsupported|Error: (?:invalid|more than one) accepted"
        r"|no IKE proposal policy specified)",
        "3.27-5.4",
        words=("no", "OAKLEY", "Oakley", "IKE", "Error:"),
    ),
    _row(
        Cause.CHILD_PROPOSAL,
        "us",
        r"(?:no acceptable Proposal in IPsec SA|\S+ proposed/accepted a proposal we don't|expecting \S+ but remote's"
        r"|(?:AH|ESP) IPsec Transform refused|we require PFS but Quick|OAKLEY_GROUP \S+ not supported for PFS"
        r"|ESP (?:encryption|integrity) algorithm .* (?:is )?not implemented|IKE responder accepted an unsupp)",
        "3.27-5.4",
        words=("no", "ESP", "AH", "IKE", "expecting", "we", "OAKLEY_GROUP"),
    ),
    _row(
        Cause.CHILD_MODE,
        "us",
        r"(?:policy dictates .*, (?:but peer requested|ignoring peer's request)"
        r"|[lL]ocal policy (?:is|requires) (?:transport|tunnel|Transport|Tunnel) [mM]ode.*peer)",
        "3.27-5.4",
        words=("policy", "local", "Local"),
    ),
    _row(
        Cause.TRAFFIC_SELECTORS,
        "us",
        r"(?:[nN]o IKEv2 connection found with compatible Traffic|proposed Traffic Selectors do not match"
        r"|rejecting responder TSi/TSr|[rR]eceived (?:malformed )?TS[ir](?:/TSr)? ?payload|[rR]ekey: received Traffic"
        r"|\S+ subnet returned doesn't match|\S+ peer returned (?:port|protocol)|IDci, IDcr payloads missing"
        r"|cannot respond to IPsec SA request because no connection|\S+ ID payload .*(?:bad subnet|is invalid|unacceptable)"
        r"|peer proposal was rejected|TS overflow|[rR]eceived malformed TSi|non-CIDR Traffic Selector)",
        "3.27-5.4",
        words=(
            *(
                "No",
                "no",
                "proposed",
                "rejecting",
                "Received",
                "received",
                "Rekey:",
                "rekey:",
                "our",
                "peer",
                "my",
            ),
            *("your", "initiator", "responder", "IDci,", "cannot", "TS", "non-CIDR", "client", "protected"),
        ),
    ),
    _row(
        Cause.SECURITY_LABEL,
        "us",
        r"(?:[rR]eceived (?:IPsec )?[sS]ec(?:urity)? (?:Ctx|Label)|rekey: received Traffic Selectors mismatch configured"
        r"|security (?:context|label)|selinux denied|[sS]ec Ctx)",
        "3.27-5.4",
        words=("Received", "received", "rekey:", "security", "selinux", "Sec"),
    ),
    _row(
        Cause.ADDRESS_POOL,
        "us",
        r"(?:missing v2CP reply|(?:ikev2 )?lease_an_address failure|leasing \S+ address failed|no free address"
        r"|IKE_AUTH request does not include a CP|Quick Mode request rejected.*(?:lease|selector)"
        r"|ERROR:? (?:malformed|expected|INTERNAL_IP\S+|expected IKEv2_CP).*)",
        "3.27-5.4",
        words=(
            "missing",
            "ikev2",
            "lease_an_address",
            "leasing",
            "no",
            "IKE_AUTH",
            "Quick",
            "ERROR",
            "ERROR:",
        ),
    ),
)

_REDIRECTS = (
    _row(
        Cause.REDIRECT_REFUSED,
        "us",
        r"(?:ignoring v2N_REDIRECT|.*redirect (?:loop|exceeds limit)|\S+ loop, stop initiating|received GW Identity is not"
        r"|(?:warning: )?parsing of v2N_REDIRECT payload failed|received (?:malformed REDIRECT|nonce does not match)"
        r"|bad GW Ident Type)",
        "3.28-5.4",
        words=(
            *(
                "ignoring",
                "redirect",
                "REDIRECT",
                "IKE_SA_INIT",
                "IKE_AUTH",
                "received",
                "warning:",
                "parsing",
                "bad",
            ),
            *("INFORMATIONAL",),
        ),
    ),
)

_KERNEL = (
    _warned(
        Cause.KERNEL,
        "kernel",
        r"(?:ERROR: (?:netlink (?!response for (?:Get|Del))|xfrm:|kernel: |raw_eroute|raw_policy|.*[kK]ernel)|kernel: |cannot install kernel policy)",
        "3.27-5.4",
        words=("ERROR:", "kernel:", "cannot"),
        seen="5.2",
    ),
    _row(
        Cause.KERNEL,
        "kernel",
        r"(?:netlink (?:response|write|recvfrom|read)|xfrm:|setup_half_ipsec_sa\(\) hit)",
        "3.27-5.4",
        words=("netlink", "xfrm:", "setup_half_ipsec_sa()"),
    ),
    _row(
        Cause.KERNEL,
        "kernel",
        r"(?:cannot install (?:eroute|route)|[iI]nstalling IPsec SA failed|add_sa ipcomp failed"
        r"|raw_(?:eroute|policy)\S* .*failed|shunt_(?:eroute|policy)\S* .*failed|sag_eroute\S* .*failed|grp_sa failed"
        r"|Warning: Adding IPsec SA to failed|trap shunt install failed|Maximum number of IPsec connections"
        r"|(?:Error: )?.* (?:stack|kernel) does not support|No kernel support|requested kernel enc"
        r"|failed to (?:install|replace|add) (?:kernel|IPsec|outbound|inbound))",
        "3.27-5.4",
        words=(
            *(
                "cannot",
                "Installing",
                "installing",
                "add_sa",
                "raw_eroute()",
                "raw_policy()",
                "shunt_eroute()",
                "grp_sa",
            ),
            *(
                "shunt_policy()",
                "sag_eroute()",
                "Warning:",
                "trap",
                "Maximum",
                "Error:",
                "requested",
                "failed",
                "No",
            ),
            *("raw_eroute", "raw_policy", "raw_policy_sa"),
        ),
    ),
    _row(
        Cause.UPDOWN,
        "kernel",
        r"(?:\S+ command (?:exited with|too long!)|unable to popen|pclose failed for|fgets failed on output)",
        "3.27-5.3.2",
        words=(
            *(
                "prepare-host",
                "prepare-client",
                "route-host",
                "route-client",
                "up-host",
                "up-client",
                "unroute-host",
            ),
            *("unroute-client", "down-host", "down-client", "unable", "pclose", "fgets", "prepare-host-v6"),
            *("prepare-client-v6", "route-host-v6", "route-client-v6", "up-host-v6", "up-client-v6"),
            *("unroute-host-v6", "unroute-client-v6", "down-host-v6", "down-client-v6"),
        ),
    ),
    _row(
        Cause.INTERFACE,
        "kernel",
        r"(?:ipsec-interface(?:=\S+)? (?:is not|not supported|invalid|is too big|\S+ exists)|existing ipsec-interface"
        r"|unable to add CIDR|setting up ipsec-interface|(?:FATAL )?can(?:not| not) find (?:device|interface index|test)"
        r"|conflict \S+ already exist|Unable to add IP address to XFRMi|xfrmi is not supported|(?:ERROR )?device \S+ exist)",
        "3.30-5.4",
        words=(
            *(
                "ipsec-interface",
                "existing",
                "unable",
                "setting",
                "FATAL",
                "cannot",
                "Cannot",
                "can",
                "Can",
                "conflict",
            ),
            *("Unable", "xfrmi", "ERROR", "device"),
        ),
        ignored=True,
    ),
)

_MESSAGES = (
    _warned(
        Cause.SEND_FAILED,
        "kernel",
        r"ERROR: send(?:to)? on \S+ .* failed in",
        "3.27-5.4",
        words=("ERROR:",),
    ),
    _row(
        Cause.SEND_FAILED,
        "kernel",
        r"(?:send(?:to)? on \S+ .* failed in|[cC]annot send packet|[wW]ill not send packet|send_ike_msg\(\))",
        "3.27-5.4",
        words=("sendto", "send", "Cannot", "cannot", "Will", "will", "send_ike_msg():"),
        ignored=True,
    ),
    _row(
        Cause.SEND_FAILED,
        "kernel",
        r"TCP: .*(?:failed|connecting to|invalid)",
        "4.0-5.4",
    ),
    _row(
        Cause.MALFORMED,
        "us",
        r"(?:malformed (?:payload in packet|Phase 1|Quick Mode|message)|too many (?:\(\d+\) )?malformed|received \d+ malformed"
        r"|encrypted payload (?:seems to be corrupt|impossibly)|failed to match authenticator|message .* unknown critical"
        r"|KE (?:has \d+ byte|missing)|\S+ KE (?:in .* is|missing from)|packet contains too many|more than \d+ payloads"
        r"|discarding invalid packet|fragment \d+ of \d+ invalid|missing KE payload|initial .* message has corrupt"
        r"|dropping packet with mangled|expecting KE for)",
        "3.27-5.4",
        words=(
            *(
                "malformed",
                "too",
                "received",
                "encrypted",
                "failed",
                "message",
                "KE",
                "packet",
                "more",
                "discarding",
            ),
            *("fragment", "missing", "initial", "dropping", "expecting", "initiator", "responder"),
        ),
    ),
    _row(
        Cause.INTERNAL,
        "us",
        r"(?:(?:initiator|responder) IKE_\w+ SKEYSEED|IKE_\w+ (?:decapsulate|encapsulate|key generation) failed|DH failed"
        r"|crypto failed|too many IKE_INTERMEDIATE|error encrypting|INTERNAL ERROR|internal error|EXPECTATION FAILED"
        r"|ASSERTION FAILED|state transition function for|Child SA (?:to rekey \S+ vanished|lost its IKE)"
        r"|CHILD SA (?:\S+ lost|to rekey|encountered fatal error)|failed to build notification|could not find phase 1)",
        "3.27-5.4",
        words=(
            *(
                "initiator",
                "responder",
                "IKE_INTERMEDIATE",
                "IKE_FOLLOWUP_KE",
                "DH",
                "crypto",
                "too",
                "error",
                "INTERNAL",
            ),
            *("internal", "EXPECTATION", "ASSERTION", "state", "Child", "CHILD", "failed", "could"),
        ),
    ),
    _row(
        Cause.AUTH_UNANSWERED,
        "us",
        r"initiator/responder/response processor timeout|deleting incomplete state after",
        "3.27-5.4",
        words=("initiator/responder/response", "deleting"),
    ),
    _row(
        Cause.SUPERSEDED,
        "us",
        r"(?:.*superseded by|(?:rekey of (?:IKE|Child) SA|create(?: new)? Child SA|Child SA) abandoned"
        r"|IKE SA \S+ no longer viable|no viable to parent|phase2 initiation failed because parent)",
        "3.27-5.4",
        words=("state", "suppressing", "rekey", "create", "Child", "IKE", "no", "phase2"),
        general=True,
    ),
    _row(
        Cause.IKE_VERSION,
        "us",
        r"(?:message contains unsupported IKE major|ignoring packet with IKE major|Neither IKEv1 nor IKEv2"
        r"|Bid-down to IKEv1 attack|(?:ignoring|rejecting) IKEv1 packet)",
        "3.27-5.4",
        words=("message", "ignoring", "Neither", "Bid-down", "rejecting"),
    ),
    _row(
        Cause.SEND_FAILED,
        "us",
        r"(?:initiating (?:UDP|TCP) requires listen-(?:udp|tcp)=yes|connection (?:is NATed but|cannot be NAT'ed and))",
        "5.0-5.4",
        words=("initiating", "connection"),
    ),
)

_SECRETS_FILE = (
    _warned(
        Cause.SECRETS_FILE,
        "pluto",
        r"no secrets filename matched \"[^*?[\"]*\"",
        "3.27-5.4",
        words=("no",),
        seen="3.27-5.4",
    ),
    Row(
        Warned,
        ("ERROR",),
        r'ERROR (?P<reason>".+" line \d+: .*)',
        None,
        {"cause": Cause.SECRETS_FILE},
    ),
    Row(
        Warned,
        ('"',),
        r'(?P<reason>".+" line \d+: .*)',
        None,
        {"cause": Cause.SECRETS_FILE},
        seen="3.27-5.3.2",
    ),
    _row(
        Cause.SECRETS_FILE,
        "pluto",
        r"(?:problem with secrets file|preshared secrets file|out of space processing secrets|unknown glob error"
        r"|could not open secrets|No PPK found|no quotation marks found|(?:PPK|PSK|XAUTH) data malformed)",
        "3.27-5.4",
        words=("problem", "preshared", "out", "unknown", "could", "No", "no", "PPK", "PSK", "XAUTH"),
        ignored=True,
    ),
)

ROWS: tuple[Row, ...] = (
    *_CERTIFICATES,
    *_FIPS,
    *_IDENTITIES,
    *_SECRETS,
    *_PROPOSALS,
    *_REDIRECTS,
    *_KERNEL,
    *_MESSAGES,
    *_SECRETS_FILE,
)
