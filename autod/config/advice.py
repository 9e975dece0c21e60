"""Advice for words that Libreswan does not have or no longer has, and faults of a text as such.

Owns: words that are retired, that other IPsec programs have, or that look like a keyword and mean something else; and
the damage that editors and mailers do to a file. Must not know: how a file is read; the reader decides about errors.

Each piece of advice tells what to write, and the consequence of not writing it if there is one without a warning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from autod.config.model import Diagnostic, Place, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["for_keyword", "for_value", "look"]

_INSTEAD: Final[Mapping[str, str]] = {
    # Retired by Libreswan
    "connaddrfamily": "write hostaddrfamily=; clientaddrfamily= is another thing",
    "forceencaps": "write encapsulation=yes; without it packets are not put into UDP, and many NATs drop them",
    "force_keepalive": "take it out; nat-keepalive= says whether keepalives are sent",
    "force-keepalive": "take it out; nat-keepalive= says whether keepalives are sent",
    "ike_frag": "write fragmentation=",
    "ike-frag": "write fragmentation=",
    "pfsgroup": "put the group behind esp=, as in esp=aes256-sha2;modp2048",
    "nat_traversal": "take it out: NAT traversal is always on; encapsulation=yes forces it",
    "nat-traversal": "take it out: NAT traversal is always on; encapsulation=yes forces it",
    "disable_port_floating": "take it out: NAT traversal is always on",
    "klipsdebug": "take it out: KLIPS is gone; plutodebug= is pluto's",
    "oe": "take it out; opportunistic encryption is a conn with right=%opportunisticgroup",
    "protostack": "take it out: the kernel's XFRM is all there is",
    "interfaces": "take it out: pluto uses every address; listen= narrows it to one",
    "hidetos": "take it out; decap-dscp= and encap-dscp= are what there is",
    "fragicmp": "take it out: KLIPS is gone",
    "overridemtu": "write mtu= in the conn",
    "plutostderrlog": "write logfile=",
    "plutostderrlogtime": "write logtime=",
    "plutoopts": "take it out; the unit of ipsec has the options of pluto",
    "virtual_private": "write virtual-private=",
    "keep_alive": "write keep-alive=",
    "force_busy": "write ddos-mode=busy",
    "strictcrlpolicy": "write crl-strict=yes",
    "crl_strict": "write crl-strict=",
    "ocsp_enable": "write ocsp-enable=",
    "secctx_attr_value": "take it out; policy-label= is what labels a conn",
    "labeled_ipsec": "take it out: policy-label= alone labels a conn",
    "labeled-ipsec": "take it out: policy-label= alone labels a conn",
    "sha2_truncbug": "write sha2-truncbug=",
    "nat_keepalive": "write nat-keepalive=",
    "initial_contact": "write initial-contact=",
    "cisco_unity": "write cisco-unity=",
    "send_vendorid": "write send-vendorid=",
    "modecfgdns1": "write modecfgdns= with all addresses, separated by commas",
    "modecfgdns2": "write modecfgdns= with all addresses, separated by commas",
    "modecfgdomain": "write modecfgdomains=",
    "leftxauthusername": "write leftusername=",
    "rightxauthusername": "write rightusername=",
    "leftrsasigkey2": "take it out; an id may have several keys in the NSS database",
    "loopback": "take it out: nothing has come in its place",
    "remote_peer_type": "write remote-peer-type=cisco",
    "nm_configured": "write nm-configured=",
    # strongSwan's, and others'
    "auth": "write phase2=esp or phase2=ah; leftauth= and rightauth= say how an end proves its id",
    "xauth": "write leftxauthclient=yes at the client, leftxauthserver=yes at the server",
    "xauth_identity": "write leftusername=",
    "eap_identity": "take it out: only leftautheap=tls is spoken here",
    "aaa_identity": "take it out: only leftautheap=tls is spoken here",
    "leftfirewall": "take it out; leftupdown= names the script that opens a firewall",
    "rightfirewall": "take it out; leftupdown= names the script that opens a firewall",
    "lefthostaccess": "take it out; leftupdown= names the script that opens a firewall",
    "leftauth2": "take it out: there is one round of authentication here",
    "rightauth2": "take it out: there is one round of authentication here",
    "leftdns": "write modecfgdns=, at the gateway that gives addresses out",
    "rightdns": "write modecfgdns=, at the gateway that gives addresses out",
    "leftgroups": "take it out: nothing has come in its place",
    "rightgroups": "take it out: nothing has come in its place",
    "leftallowany": "write right=%any at the other end",
    "rightallowany": "write right=%any",
    "lifebytes": "write ipsec-max-bytes= (4.8 on)",
    "lifepackets": "write ipsec-max-packets= (4.8 on)",
    "marginbytes": "take it out: rekeyfuzz= and rekeymargin= are what there is",
    "marginpackets": "take it out: rekeyfuzz= and rekeymargin= are what there is",
    "margintime": "write rekeymargin=",
    "mark_in": "write mark-in=",
    "mark_out": "write mark-out=",
    "closeaction": "write auto=keep, which brings it up again",
    "inactivity": "take it out: nothing has come in its place",
    "installpolicy": "take it out: pluto always puts policies into the kernel",
    "mediation": "take it out: nothing has come in its place",
    "mediated_by": "take it out: nothing has come in its place",
    "dpd_action": "write dpdaction=",
    "dpd_delay": "write dpddelay=",
    "charondebug": "write plutodebug=",
    "charonstart": "take it out: pluto speaks IKEv1 and IKEv2",
    "plutostart": "take it out: pluto speaks IKEv1 and IKEv2",
    "cachecrls": "take it out: CRLs are kept in the NSS database",
    "clones": "came with 5.4; take it out here",
    "interface-ip": "write leftinterface-ip= or rightinterface-ip= (5.0 on); before, give the interface its address by"
    " leftvti= or with ip addr",
    "leftinterface-ip": "came with 5.0; before, give the interface its address by leftvti= or with ip addr",
    "rightinterface-ip": "came with 5.0; before, give the interface its address by leftvti= or with ip addr",
    "encap-dscp": "came with 5.0; take it out here",
    "session-resumption": "came with 5.2; take it out here",
}

_VALUES: Final[Mapping[tuple[str, str], str]] = {
    ("keyexchange", "ikev1"): "write ikev2=no; keyexchange=ike gives IKEv2",
    ("keyexchange", "ikev2"): "write ikev2=insist, or take it out: IKEv2 is the default",
    ("auth", "esp"): "write phase2=esp; leftauth= and rightauth= say how an end proves its id",
    ("auth", "ah"): "write phase2=ah; leftauth= and rightauth= say how an end proves its id",
    ("auth", "psk"): "write secret",
    ("auth", "pubkey"): "write rsasig or ecdsa",
    (
        "auth",
        "xauth",
    ): "take it out; leftxauthclient=yes or leftxauthserver=yes, with authby=secret or rsasig",
    ("auth", "eap"): "write eaponly, with leftautheap=tls: no other EAP is spoken here",
    ("auth", "eap-tls"): "write eaponly, with leftautheap=tls",
    ("auth", "eap-mschapv2"): "only EAP-TLS is spoken here: leftauth=eaponly, leftautheap=tls",
    ("authby", "psk"): "write secret",
    ("authby", "pubkey"): "write rsasig or ecdsa",
    ("type", "transport_proxy"): "write transport",
    ("ikev2", "accept"): "write yes, which insists on IKEv2",
    ("auto", "trap"): "write ondemand",
    ("auto", "manual"): "write ignore",
    ("dpdaction", "none"): "take dpdaction= and dpddelay= out",
    ("dpdaction", "trap"): "write hold",
    ("compress", "maybe"): "write yes or no",
}


def for_keyword(word: str) -> str | None:
    """Advice for this keyword, as it stands in the file; None if there is none."""
    lower = word.lower()
    advice = _INSTEAD.get(lower)
    if advice is None and lower.startswith(("left", "right")):
        advice = _INSTEAD.get(lower.removeprefix("left").removeprefix("right"))
    return advice


def for_value(keyword: str, value: str) -> str | None:
    """Advice for this value of a keyword (without left or right); None if there is none."""
    return _VALUES.get((keyword.lower(), value.lower()))


_MARK: Final = "\ufeff"
_QUOTES: Final = "\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb"
_BLANKS: Final = "\u00a0\u2007\u202f\u200b"
_COMMENT: Final = "#"


def look(file: str, lines: Iterable[str]) -> Iterator[Diagnostic]:
    """The damage of an editor or a mailer to the text of a file: each kind once, at its first place, with its count."""
    lines = list(lines)
    text = "".join(lines)
    if text.isascii() and "\r" not in text:
        return  # nearly all files, at once
    returns: list[int] = []
    quotes: list[tuple[int, int, str]] = []
    blanks: list[tuple[int, int]] = []
    for number, line in enumerate(lines, 1):
        if number == 1 and line.startswith(_MARK):
            yield Diagnostic(
                Severity.WARNING,
                "the file begins with a byte order mark, which is read as a part of its first word",
                Place(file, 1, 1),
                "save it as UTF-8 without a mark",
            )
        if line.endswith("\r\n"):
            returns.append(number)
        if line.isascii() or line.lstrip().startswith(_COMMENT):
            continue
        for at, character in enumerate(line, 1):
            if character in _QUOTES:
                quotes.append((number, at, character))
            elif character in _BLANKS:
                blanks.append((number, at))
    if returns:
        yield Diagnostic(
            Severity.WARNING,
            f"{_counted(len(returns), 'line')} with a carriage return before the end, which is read as a part of the"
            " value",
            Place(file, returns[0], 1),
            "save it with the line ends of Unix",
        )
    if quotes:
        number, at, character = quotes[0]
        yield Diagnostic(
            Severity.WARNING,
            f"{_counted(len(quotes), 'typographic quote')} ({character}), read as a part of the value",
            Place(file, number, at),
            'write " instead',
        )
    if blanks:
        yield Diagnostic(
            Severity.WARNING,
            f"{_counted(len(blanks), 'blank')} that separates nothing (a no-break or zero-width space)",
            Place(file, *blanks[0]),
            "write a plain blank",
        )


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
