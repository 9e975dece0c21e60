"""Why an operation failed: one cause each, with what is true of it.

Owns: the causes, which result each comes to, on which end it can be mended, whether trying again can help, the
settings to look at, and one sentence of advice. Must not know: by which words of pluto's a cause is recognised
(autod.recognise), or which of several counts (autod.judging).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Literal, NamedTuple, TypeAlias

__all__ = ["ADVICE", "USUAL", "Advice", "Cause", "Finder", "Place"]

Finder: TypeAlias = Literal["us", "peer", "kernel", "pluto", "autod"]
"""Who found it: our pluto in what the peer sent, the peer in what we sent, our kernel, pluto in what it was asked or
has, or autod."""

Place: TypeAlias = Literal["here", "there", "both", "between"]
"""Where it can be mended: on this machine, on the peer's, by comparing both, or in the network between them."""


class Cause(StrEnum):
    """Why it failed. The value is what JSON has."""

    PEER_SILENT = "peer_silent"
    IKEV1_UNANSWERED = "ikev1_unanswered"
    AUTH_UNANSWERED = "auth_unanswered"
    CHILD_UNANSWERED = "child_unanswered"
    PORT_CLOSED = "port_closed"
    UNREACHABLE = "unreachable"
    SEND_FAILED = "send_failed"

    IKE_PROPOSAL = "ike_proposal"
    KE_GROUP = "ke_group"
    IKE_VERSION = "ike_version"
    IKE_MODE = "ike_mode"
    IKE_REFUSED = "ike_refused"

    AUTHENTICATION = "authentication"
    AUTH_METHOD = "auth_method"
    SECRET_DIFFERS = "secret_differs"
    SECRET_MISSING = "secret_missing"
    SIGNATURE = "signature"
    PRIVATE_KEY_MISSING = "private_key_missing"
    PUBLIC_KEY_MISSING = "public_key_missing"
    PEER_ID = "peer_id"
    CERTIFICATE_EXPIRED = "certificate_expired"
    OWN_CERTIFICATE_EXPIRED = "own_certificate_expired"
    CERTIFICATE_NAME = "certificate_name"
    CERTIFICATE_ISSUER = "certificate_issuer"
    CERTIFICATE_REVOKED = "certificate_revoked"
    CERTIFICATE_STATUS = "certificate_status"
    CERTIFICATE_REFUSED = "certificate_refused"
    CERTIFICATE_MISSING = "certificate_missing"
    PPK = "ppk"
    EAP = "eap"
    XAUTH_REFUSED = "xauth_refused"
    XAUTH_CREDENTIALS = "xauth_credentials"
    FIPS = "fips"

    CHILD_PROPOSAL = "child_proposal"
    TRAFFIC_SELECTORS = "traffic_selectors"
    CHILD_MODE = "child_mode"
    ADDRESS_POOL = "address_pool"
    SECURITY_LABEL = "security_label"
    CHILD_REFUSED = "child_refused"
    PEER_BUSY = "peer_busy"
    KERNEL = "kernel"
    UPDOWN = "updown"
    INTERFACE = "interface"

    REDIRECTED = "redirected"
    REDIRECT_REFUSED = "redirect_refused"
    SUPERSEDED = "superseded"
    NEGOTIATING = "negotiating"
    TAKEN_DOWN = "taken_down"
    DELETED_BY_PEER = "deleted_by_peer"
    IKE_SA_GONE = "ike_sa_gone"
    GONE_WITHOUT_REASON = "gone_without_reason"
    MALFORMED = "malformed"
    INTERNAL = "internal"

    UNKNOWN_NAME = "unknown_name"
    NOT_LISTENING = "not_listening"
    NOT_ORIENTED = "not_oriented"
    NO_PEER_ADDRESS = "no_peer_address"
    NOT_UP = "not_up"
    NEVER_NEGOTIATE = "never_negotiate"
    CONFIGURATION = "configuration"
    SECRETS_FILE = "secrets_file"
    ROUTE = "route"
    REFUSED = "refused"
    STILL_UP = "still_up"
    PLUTO_GONE = "pluto_gone"
    DEADLINE = "deadline"
    CANCELLED = "cancelled"
    NOT_SENT = "not_sent"
    UNDECIDED = "undecided"
    AUTOD = "autod"


class Advice(NamedTuple):
    """What is true of a cause.

    result    the value of autod.outcomes.Result that it comes to
    place     where it can be mended
    again     trying again can help by itself
    what      what is so, as the end of a sentence that begins with the connection
    advice    what to do, as an order
    look      the settings or commands to look at
    """

    result: str
    place: Place
    again: bool
    what: str
    advice: str
    look: tuple[str, ...] = ()


_AUTH: Final = "authentication_failed"
_CHILD: Final = "child_rejected"

ADVICE: Final[dict[Cause, Advice]] = {
    Cause.PEER_SILENT: Advice(
        "peer_silent",
        "between",
        True,
        "the peer does not answer",
        "check its address, the way there, and UDP ports 500 and 4500",
        ("left=", "right=", "`ip route get PEER`", "firewalls"),
    ),
    Cause.IKEV1_UNANSWERED: Advice(
        "peer_silent",
        "both",
        True,
        "the peer does not answer IKEv1",
        "check its address, the way there, and UDP ports 500 and 4500; a peer that has no connection for IKEv1 that "
        "fits is silent, too, so compare ikev2=, aggressive=, authby= and XAUTH of both ends, and look at its "
        "ikev1-policy=",
        (
            *("ikev2=", "aggressive=", "authby=", "leftid=", "rightid=", "rightxauthserver="),
            *("the peer's ikev1-policy=", "right=", "firewalls"),
        ),
    ),
    Cause.AUTH_UNANSWERED: Advice(
        "peer_silent",
        "between",
        True,
        "the peer answered the first exchange, but no acceptable answer came to the second (IKE_AUTH)",
        "let UDP port 4500 and fragments pass between both ends, compare identities and certificates, and look in both "
        "logs (up to 4.4 pluto does not say that it refused the answer)",
        (
            "UDP port 4500",
            "fragmentation=",
            "leftid=",
            "rightid=",
            "rightca=",
            "pluto's log",
            "the peer's log",
        ),
    ),
    Cause.CHILD_UNANSWERED: Advice(
        "peer_silent",
        "there",
        True,
        "the IKE SA is up, but the peer does not answer the request for a Child SA",
        "look in the peer's log, and compare esp= and the subnets of both ends",
        ("esp=", "leftsubnet=", "rightsubnet=", "the peer's log"),
    ),
    Cause.PORT_CLOSED: Advice(
        "peer_silent",
        "there",
        True,
        "the peer's machine answers that nobody listens at the port for IKE",
        "start the IKE daemon there, or correct its address and port here",
        ("right=", "rightikeport=", "the peer's daemon"),
    ),
    Cause.UNREACHABLE: Advice(
        "peer_silent",
        "between",
        True,
        "the network says that the peer cannot be reached",
        "check the route to it, and the address",
        ("`ip route get PEER`", "right=", "leftnexthop="),
    ),
    Cause.SEND_FAILED: Advice(
        "peer_silent",
        "here",
        True,
        "this machine could not send to the peer",
        "check the route to it, the local address, and the firewall of this machine",
        ("`ip route get PEER`", "left=", "the firewall here"),
    ),
    Cause.IKE_PROPOSAL: Advice(
        "no_proposal",
        "both",
        False,
        "the peer has no connection for us or accepts none of our IKE proposals",
        "compare ike=, ikev2=, the addresses and the identities of both ends",
        ("ike=", "ikev2=", "leftid=", "rightid=", "left=", "right="),
    ),
    Cause.KE_GROUP: Advice(
        "no_proposal",
        "both",
        False,
        "both ends have no group for the key exchange in common",
        "give ike= (and esp= with pfs=yes) a group that both ends have",
        ("ike=", "esp=", "pfs="),
    ),
    Cause.IKE_VERSION: Advice(
        "rejected",
        "both",
        False,
        "the two ends want different versions of IKE",
        "give both ends the same ikev2=",
        ("ikev2=", "ikev1-policy="),
    ),
    Cause.IKE_MODE: Advice(
        "rejected",
        "both",
        False,
        "the two ends want different modes of IKEv1",
        "give both ends the same aggressive=, and ike= with one group for aggressive mode",
        ("aggressive=", "ike="),
    ),
    Cause.IKE_REFUSED: Advice(
        "rejected",
        "there",
        False,
        "the peer refused the IKE SA",
        "look in the peer's log, which says why",
        ("the peer's log",),
    ),
    Cause.AUTHENTICATION: Advice(
        _AUTH,
        "both",
        False,
        "authentication failed",
        "compare the secrets or certificates and the identities of both ends",
        ("authby=", "leftid=", "rightid=", "ipsec.secrets", "leftcert=", "rightcert="),
    ),
    Cause.AUTH_METHOD: Advice(
        _AUTH,
        "both",
        False,
        "the two ends want to authenticate in different ways",
        "give both ends the same authby= (leftauth=, rightauth=)",
        ("authby=", "leftauth=", "rightauth="),
    ),
    Cause.SECRET_DIFFERS: Advice(
        _AUTH,
        "both",
        False,
        "the secrets of both ends differ",
        "give both ends the same PSK for these identities, then `autod --rereadsecrets`",
        ("ipsec.secrets", "leftid=", "rightid="),
    ),
    Cause.SECRET_MISSING: Advice(
        _AUTH,
        "here",
        False,
        "this end has no secret for these identities",
        "add a PSK for both identities to ipsec.secrets, then `autod --rereadsecrets`",
        ("ipsec.secrets", "leftid=", "rightid="),
    ),
    Cause.SIGNATURE: Advice(
        _AUTH,
        "both",
        False,
        "the peer's signature does not fit the key that this end has for it",
        "compare the peer's key or certificate here with the one that it signs with",
        ("rightrsasigkey=", "rightpubkey=", "rightcert=", "rightid="),
    ),
    Cause.PRIVATE_KEY_MISSING: Advice(
        _AUTH,
        "here",
        False,
        "this end's private key is not there, or cannot be used",
        "import the certificate with its key into the NSS database, then load the connection again",
        ("leftcert=", "leftckaid=", "`certutil -K -d sql:/var/lib/ipsec/nss`"),
    ),
    Cause.PUBLIC_KEY_MISSING: Advice(
        _AUTH,
        "here",
        False,
        "this end has no public key of the peer",
        "give the connection the peer's key or certificate, or let the peer send its certificate",
        ("rightrsasigkey=", "rightcert=", "rightca=", "rightid="),
    ),
    Cause.PEER_ID: Advice(
        _AUTH,
        "both",
        False,
        "the peer has another identity than this end expects",
        "compare rightid= here with leftid= of the peer",
        ("rightid=", "the peer's leftid="),
    ),
    Cause.CERTIFICATE_EXPIRED: Advice(
        _AUTH,
        "there",
        False,
        "the peer's certificate has expired or is not valid yet",
        "renew the peer's certificate (or that of its issuer), and compare the clocks of both ends",
        ("the peer's certificate", "the clocks of both ends"),
    ),
    Cause.OWN_CERTIFICATE_EXPIRED: Advice(
        _AUTH,
        "here",
        False,
        "this end's certificate has expired or is not valid yet",
        "renew the certificate of this end in the NSS database, then load the connection again",
        ("leftcert=", "`certutil -L -d sql:/var/lib/ipsec/nss`", "the clock"),
    ),
    Cause.CERTIFICATE_NAME: Advice(
        _AUTH,
        "both",
        False,
        "the peer's certificate is of another name than the identity that this end expects",
        "set rightid= to a name in the peer's certificate, or issue it one with that subjectAltName",
        ("rightid=", "the subjectAltName of the peer's certificate"),
    ),
    Cause.CERTIFICATE_ISSUER: Advice(
        _AUTH,
        "here",
        False,
        "the peer's certificate is not from a CA that this end trusts",
        "import the CA of the peer's certificate into the NSS database and trust it, or correct rightca=",
        ("`certutil -L -d sql:/var/lib/ipsec/nss`", "rightca="),
    ),
    Cause.CERTIFICATE_REVOKED: Advice(
        _AUTH,
        "there",
        False,
        "the peer's certificate was revoked",
        "issue the peer a new certificate",
        ("the peer's certificate", "the CRL of its issuer"),
    ),
    Cause.CERTIFICATE_STATUS: Advice(
        _AUTH,
        "here",
        True,
        "whether the peer's certificate was revoked could not be found out",
        "make the CRL or the OCSP responder reachable (`autod --fetchcrls`), or do not be strict about it",
        ("crl-strict=", "ocsp-strict=", "ocsp-uri="),
    ),
    Cause.CERTIFICATE_REFUSED: Advice(
        _AUTH,
        "there",
        False,
        "the peer's certificate cannot be used",
        "look at the peer's certificate: its purpose, its key, its chain",
        ("the peer's certificate", "`certutil -V -u I`"),
    ),
    Cause.CERTIFICATE_MISSING: Advice(
        _AUTH,
        "here",
        False,
        "a certificate that the connection names is not in the NSS database",
        "import it under that name, then load the connection again",
        ("leftcert=", "rightcert=", "`certutil -L -d sql:/var/lib/ipsec/nss`"),
    ),
    Cause.PPK: Advice(
        _AUTH,
        "both",
        False,
        "the post-quantum secret (PPK) that this connection wants is missing or differs",
        "give both ends the same PPK and id in ipsec.secrets, or the same ppk=",
        ("ppk=", "ppk-ids=", "ipsec.secrets"),
    ),
    Cause.EAP: Advice(
        _AUTH,
        "both",
        False,
        "EAP failed",
        "compare leftautheap=, rightautheap= and the certificates of both ends",
        ("leftautheap=", "rightautheap=", "leftcert="),
    ),
    Cause.XAUTH_REFUSED: Advice(
        _AUTH,
        "here",
        False,
        "the peer refused the user name or the password",
        "correct the XAUTH user name and password of this end, or the account on the peer",
        ("leftusername=", "ipsec.secrets (XAUTH)", "the peer's accounts"),
    ),
    Cause.XAUTH_CREDENTIALS: Advice(
        _AUTH,
        "here",
        False,
        "the peer asks for a user name and a password, and this end has none",
        "give them with --xauthname and --xauthpass-file, or leftusername= and a line XAUTH in ipsec.secrets",
        ("leftusername=", "leftxauthclient=", "ipsec.secrets (XAUTH)"),
    ),
    Cause.FIPS: Advice(
        _AUTH,
        "both",
        False,
        "FIPS mode does not allow a key, a secret or an algorithm of this connection",
        "use a longer key or secret and algorithms that FIPS mode allows",
        ("ike=", "esp=", "ipsec.secrets", "the size of the keys"),
    ),
    Cause.CHILD_PROPOSAL: Advice(
        _CHILD,
        "both",
        False,
        "the peer was reached, but both ends have no ESP proposal in common",
        "compare esp= (phase2alg=), pfs=, phase2= and type= of both ends",
        ("esp=", "pfs=", "phase2=", "type="),
    ),
    Cause.TRAFFIC_SELECTORS: Advice(
        _CHILD,
        "both",
        False,
        "the peer was reached, but the two ends want to protect different networks",
        "compare the subnets of both ends: leftsubnet= here must be rightsubnet= there; if they fit, its log says why",
        ("leftsubnet=", "rightsubnet=", "leftprotoport=", "rightprotoport="),
    ),
    Cause.CHILD_MODE: Advice(
        _CHILD,
        "both",
        False,
        "the peer was reached, but one end wants tunnel mode and the other transport mode",
        "give both ends the same type=",
        ("type=",),
    ),
    Cause.ADDRESS_POOL: Advice(
        _CHILD,
        "there",
        True,
        "the peer was reached, but has no address for this end",
        "enlarge rightaddresspool= on the peer, or let it have a pool at all",
        ("the peer's rightaddresspool=", "leftmodecfgclient="),
    ),
    Cause.SECURITY_LABEL: Advice(
        _CHILD,
        "both",
        False,
        "the peer was reached, but the security labels do not fit",
        "compare sec-label= of both ends",
        ("sec-label=",),
    ),
    Cause.CHILD_REFUSED: Advice(
        _CHILD,
        "both",
        True,
        "the peer was reached, but there is no Child SA",
        "compare the subnets and esp= of both ends, and look in the peer's log",
        ("leftsubnet=", "rightsubnet=", "esp=", "the peer's log"),
    ),
    Cause.PEER_BUSY: Advice(
        _CHILD,
        "there",
        True,
        "the peer was reached, but cannot make the Child SA now",
        "try again in a while; if it stays so, look in the peer's log, which says why",
        ("the peer's log",),
    ),
    Cause.KERNEL: Advice(
        _CHILD,
        "here",
        False,
        "this machine's kernel did not take the SA or its policy",
        "see that the kernel has ESP and the algorithms (`modprobe esp4`), and that no other policy is in the way",
        ("`ip xfrm policy`", "`modprobe esp4 esp6 xfrm_user`", "esp=", "pluto's log"),
    ),
    Cause.UPDOWN: Advice(
        _CHILD,
        "here",
        False,
        "the updown script of this machine failed",
        "look at what it printed, and at leftupdown=",
        ("leftupdown=", "pluto's log"),
    ),
    Cause.INTERFACE: Advice(
        _CHILD,
        "here",
        False,
        "the IPsec interface of this connection could not be made",
        "look at ipsec-interface= and `ip -d link show type xfrm`",
        ("ipsec-interface=", "`ip -d link show type xfrm`"),
    ),
    Cause.REDIRECTED: Advice(
        "redirected",
        "there",
        True,
        "the peer sent this end to another gateway, and pluto goes there by itself",
        "ask for the status in a while",
        ("accept-redirect=", "accept-redirect-to=", "the peer's redirect-to="),
    ),
    Cause.REDIRECT_REFUSED: Advice(
        "rejected",
        "both",
        False,
        "the peer sent this end to another gateway, where pluto does not go",
        "allow it with accept-redirect= and accept-redirect-to=, or correct redirect-to= on the peer",
        ("accept-redirect=", "accept-redirect-to=", "the peer's redirect-to="),
    ),
    Cause.SUPERSEDED: Advice(
        "already_negotiating",
        "here",
        True,
        "another negotiation of the same connection was quicker",
        "ask for the status",
        ("`autod --status NAME`",),
    ),
    Cause.NEGOTIATING: Advice(
        "already_negotiating",
        "here",
        True,
        "it is being negotiated already, so nothing more was begun",
        "ask for the status",
        ("`autod --status NAME`",),
    ),
    Cause.TAKEN_DOWN: Advice(
        "deleted_by_other",
        "here",
        True,
        "it was taken down by somebody else while it was negotiated",
        "see who else controls this pluto",
        ("other operators", "the supervisor"),
    ),
    Cause.IKE_SA_GONE: Advice(
        "deleted_by_other",
        "here",
        True,
        "the IKE SA of another connection, for which it waited, is gone",
        "see with `autod explain` what became of that connection, then try again",
        ("`autod explain` of the connection for which it waited",),
    ),
    Cause.DELETED_BY_PEER: Advice(
        "deleted_by_other",
        "there",
        True,
        "the peer deleted the SA",
        "look in the peer's log, which says why",
        ("the peer's log",),
    ),
    Cause.GONE_WITHOUT_REASON: Advice(
        "failed",
        "here",
        True,
        "pluto gave the negotiation up",
        "look in pluto's log and in the peer's",
        ("pluto's log",),
    ),
    Cause.MALFORMED: Advice(
        "failed",
        "both",
        False,
        "a message between the two ends could not be read",
        "compare the releases and the settings of both ends, and look in both logs",
        ("fragmentation=", "pluto's log", "the peer's log"),
    ),
    Cause.INTERNAL: Advice(
        "failed",
        "here",
        True,
        "pluto failed inside",
        "look in pluto's log",
        ("pluto's log",),
    ),
    Cause.UNKNOWN_NAME: Advice(
        "unknown",
        "here",
        False,
        "pluto has no connection or alias of this name",
        "add it first (`autod --add NAME`)",
        ("`autod --add NAME`", "the name"),
    ),
    Cause.NOT_LISTENING: Advice(
        "not_listening",
        "here",
        True,
        "pluto does not listen for IKE yet",
        "run `autod --ready`, then try again",
        ("`autod --ready`",),
    ),
    Cause.NOT_ORIENTED: Advice(
        "not_oriented",
        "here",
        False,
        "pluto cannot tell which end is this machine",
        "compare left= and right= with `ip address`: one of them, and not both, must be an address of this machine",
        ("left=", "right=", "`ip address`"),
    ),
    Cause.NO_PEER_ADDRESS: Advice(
        "refused",
        "here",
        False,
        "pluto does not know the peer's address",
        "give right= an address or a name that can be resolved; a connection for any peer waits to be called",
        ("right=", "DNS"),
    ),
    Cause.NOT_UP: Advice(
        "refused",
        "here",
        False,
        "it has no established SA",
        "bring it up first (`autod --up NAME`)",
        ("`autod --up NAME`",),
    ),
    Cause.NEVER_NEGOTIATE: Advice(
        "refused",
        "here",
        False,
        "the connection is one that is never negotiated",
        "change its type= or authby=, if it is to be a tunnel",
        ("type=", "authby="),
    ),
    Cause.CONFIGURATION: Advice(
        "load_failed",
        "here",
        False,
        "pluto did not take the connection",
        "correct what pluto names, then load it again",
        ("ipsec.conf", "`autod check`"),
    ),
    Cause.SECRETS_FILE: Advice(
        "refused",
        "here",
        False,
        "pluto could not use all of the secrets",
        "correct the line that pluto names, then `autod --rereadsecrets`",
        ("ipsec.secrets",),
    ),
    Cause.ROUTE: Advice(
        "refused",
        "here",
        False,
        "pluto could not route or unroute it",
        "see what else holds its route (`autod --status`)",
        ("`autod --status`", "`ip xfrm policy`"),
    ),
    Cause.REFUSED: Advice(
        "refused",
        "here",
        False,
        "pluto refused",
        "do as it says",
        ("pluto's log",),
    ),
    Cause.STILL_UP: Advice(
        "failed",
        "here",
        True,
        "it is still up",
        "look whether somebody else brings it up (auto=start, a supervisor, the peer)",
        ("auto=", "the supervisor", "the peer"),
    ),
    Cause.PLUTO_GONE: Advice(
        "pluto_gone",
        "here",
        True,
        "pluto went away in the middle of it",
        "see its log, and start it again",
        ("pluto's log", "`systemctl status ipsec`"),
    ),
    Cause.DEADLINE: Advice(
        "deadline",
        "here",
        True,
        "the deadline passed",
        "ask for the status, or wait longer",
        ("--timeout", "--deadline"),
    ),
    Cause.CANCELLED: Advice(
        "cancelled",
        "here",
        True,
        "given up",
        "ask for the status",
        ("`autod --status NAME`",),
    ),
    Cause.NOT_SENT: Advice(
        "not_sent",
        "here",
        True,
        "given up before the request was sent, because pluto was busy or others came first; pluto knows nothing of it",
        "ask again, or wait longer",
        ("--timeout", "--deadline", "--limit"),
    ),
    Cause.UNDECIDED: Advice(
        "undecided",
        "here",
        True,
        "pluto did not say how it ended",
        "ask for the status",
        ("`autod --status NAME`",),
    ),
    Cause.AUTOD: Advice(
        "failed",
        "here",
        True,
        "autod itself failed",
        "report it, with the command and its options",
        (),
    ),
}
"""Every cause has one."""

USUAL: Final[dict[str, tuple[Cause, Finder]]] = {
    "unknown": (Cause.UNKNOWN_NAME, "pluto"),
    "not_listening": (Cause.NOT_LISTENING, "pluto"),
    "not_oriented": (Cause.NOT_ORIENTED, "pluto"),
    "refused": (Cause.REFUSED, "pluto"),
    "load_failed": (Cause.CONFIGURATION, "pluto"),
    "peer_silent": (Cause.PEER_SILENT, "us"),
    "no_proposal": (Cause.IKE_PROPOSAL, "peer"),
    "rejected": (Cause.IKE_REFUSED, "peer"),
    "authentication_failed": (Cause.AUTHENTICATION, "peer"),
    "child_rejected": (Cause.CHILD_REFUSED, "peer"),
    "already_negotiating": (Cause.NEGOTIATING, "pluto"),
    "deleted_by_other": (Cause.TAKEN_DOWN, "pluto"),
    "redirected": (Cause.REDIRECTED, "peer"),
    "undecided": (Cause.UNDECIDED, "autod"),
    "pluto_gone": (Cause.PLUTO_GONE, "autod"),
    "deadline": (Cause.DEADLINE, "autod"),
    "cancelled": (Cause.CANCELLED, "autod"),
    "not_sent": (Cause.NOT_SENT, "autod"),
    "failed": (Cause.GONE_WITHOUT_REASON, "pluto"),
}
"""The cause and the finder of each result that is not a success, where nothing says it more exactly."""
