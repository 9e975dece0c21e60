"""Identities, secrets, keys, methods and signatures that do not fit, and secrets files that cannot be used."""

from __future__ import annotations

from autod.causes import Cause
from autod.events import Warned
from autod.recognise.faults.rows import auth, row, warned
from autod.recognise.table import Row

__all__ = ["ROWS"]

_IDENTITIES = (
    row(
        Cause.PEER_ID,
        "us",
        r"we require (?:IKEv[12] )?peer to have ID '.*', but peer declares",
        "3.27-5.4",
    ),
    row(
        Cause.PEER_ID,
        "us",
        r"(?:Peer mismatch on|Peer ID '.*' mismatched on) first found connection",
        "3.27-5.4",
        words=("Peer",),
    ),
    row(
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
    row(
        Cause.SECRET_DIFFERS,
        "us",
        r"(?:AUTH mismatch: Received AUTH|probable authentication failure \(mismatch of preshared secrets)",
        "3.27-5.4",
        words=("AUTH", "probable"),
    ),
    row(
        Cause.SECRET_MISSING,
        "us",
        r"(?:No matching PSK found|Failed to find our PreShared Key"
        r"|Can't authenticate: no preshared key found)",
        "3.27-5.4",
        words=("No", "Failed", "Can't"),
    ),
    row(Cause.SECRET_DIFFERS, "us", r"received Hash Payload does not match computed value", "3.27-5.4"),
    row(
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
    row(
        Cause.PUBLIC_KEY_MISSING,
        "us",
        r"no (?:\S+ )?public key known for",
        "3.27-5.4",
        words=("no",),
    ),
    row(
        Cause.SIGNATURE,
        "us",
        r"(?:\S+ Signature check \(on .*\) failed|Signature check \(on"
        r"|an \S+ Sig check failed|RSA Signature NOT verified|RSA authentication of .* failed|rejecting received zero-length"
        r"|sig length \d+ does not match)",
        "3.27-5.4",
        words=(*("RSA", "ECDSA", "EDDSA", "Signature", "an", "rejecting", "sig"),),
    ),
    row(
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
    row(
        Cause.SIGNATURE,
        "us",
        r"(?:ECDSA|EDDSA|RSA|PK11|SGN_|AUTH|RSA_sign_hash|ECDSA_sign_hash).*(?:function|calculation|sign).* failed",
        "3.27-5.4",
        words=("ECDSA", "EDDSA", "RSA", "PK11_Sign()", "RSA_sign_hash:", "ECDSA_sign_hash:", "AUTH"),
    ),
    auth(
        Cause.PEER_ID,
        r"authentication failed: .*(?:did not include ID|ID payload invalid)",
        "4.4-5.4",
        words=("authentication",),
    ),
    auth(
        Cause.SECRET_DIFFERS,
        r"(?:authentication failed: computed hash does not match|PSK [aA]uthentication failed)",
        "3.27-5.4",
        words=("authentication", "PSK"),
    ),
    auth(Cause.SECRET_MISSING, r"authentication failed: no PSK found", "4.4-5.4", words=("authentication",)),
    auth(
        Cause.PUBLIC_KEY_MISSING,
        r"authentication failed: no certificate matched",
        "4.4-5.4",
        words=("authentication",),
    ),
    auth(
        Cause.AUTH_METHOD,
        r"authentication failed: (?:peer (?:attempted|authentication requires)|no acceptable|method|unknown or unsupp)",
        "4.4-5.4",
        words=("authentication",),
    ),
    auth(
        Cause.SIGNATURE,
        r"(?:authentication failed: .*(?:using .* tried|signature|hash)|(?:RSA|Digital Signature) [aA]uthentication"
        r" (?:using \S+ )?failed)",
        "3.27-5.4",
        words=("authentication", "RSA", "Digital"),
    ),
    auth(
        Cause.AUTHENTICATION,
        r"authentication (?:failed|aborted): ",
        "4.4-5.4",
        words=("authentication",),
        general=True,
    ),
    row(Cause.AUTHENTICATION, "us", r"NULL [aA]uthentication failed", "3.27-4.3"),
    row(
        Cause.PPK,
        "us",
        r"(?:Requested PPK_ID not found|connection (?:requires PPK|has ppk=insist)|no matching \(PPK_ID, PPK\)"
        r"|[fF]ailed to receive PPK confirmation|PPK(?:_ID)? (?:ID|Confirmation) .*(?:must|exceeds|could not|too big)"
        r"|PPK ID length is too big|PPK_ID type)",
        "3.27-5.4",
        words=("Requested", "connection", "no", "failed", "Failed", "PPK", "PPK_ID"),
    ),
    row(
        Cause.EAP,
        "us",
        r"(?:Peer attempted EAP|Bad Server Certificate|Handshake failed|EAP (?:Code|Type) \w+ unexpected"
        r"|responding with EAP termination|Keying material export failed|Failed to (?:create TLS|start configure TLS))",
        "4.7-5.4",
        words=("Peer", "Bad", "Handshake", "EAP", "responding", "Keying", "Failed"),
    ),
    row(
        Cause.XAUTH_CREDENTIALS,
        "us",
        r"(?:no (?:Username|Password|username|password) entered, aborted|XAUTH (?:username|password) prompt failed"
        r"|XAUTH (?:username|password) requested, but no|XAUTH: No username or password request"
        r"|XAUTH: Username or password request was received, but)",
        "3.27-5.4",
        words=("no", "XAUTH", "XAUTH:"),
    ),
    row(
        Cause.XAUTH_REFUSED,
        "us",
        r"XAUTH: (?:User .*: Authentication Failed|aborting entire|unable to open password file|unknown authentication)",
        "3.27-5.4",
        seen="4.10-5.2",
    ),
)

_SECRETS_FILE = (
    # 3.x prints the file and the line, which identify this phrase.
    warned(
        Cause.SECRETS_FILE,
        "pluto",
        r"(?:unterminated string|expected record boundary in key|file starts with indentation"
        r"|ignoring malformed INCLUDE)",
        "4.0-5.4",
        words=("unterminated", "expected", "file", "ignoring"),
    ),
    warned(
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
        r'(?P<reason>".+" line \d+(?: ignored)?: .*)',
        None,
        {"cause": Cause.SECRETS_FILE},
        seen="3.27-5.3.2",
    ),
    row(
        Cause.SECRETS_FILE,
        "pluto",
        r"(?:problem with secrets file|preshared secrets file|out of space processing secrets|unknown glob error"
        r"|could not open secrets|No PPK found|no quotation marks found|(?:PPK|PSK|XAUTH) data malformed)",
        "3.27-5.4",
        words=("problem", "preshared", "out", "unknown", "could", "No", "no", "PPK", "PSK", "XAUTH"),
        ignored=True,
    ),
)

ROWS: tuple[Row, ...] = (*_IDENTITIES, *_SECRETS, *_SECRETS_FILE)
