"""Edits of one keyword, and a connection to make them in: what a comparison with a real pluto has to see."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["BASE", "EDITS", "section"]

BASE: Mapping[str, str] = {
    "left": "192.1.2.45",
    "right": "192.1.2.60",
    "authby": "secret",
    "auto": "add",
    "leftsubnet": "10.1.0.0/24",
    "rightsubnet": "10.2.0.0/24",
    "leftid": "@a",
    "rightid": "@b",
    "ikev2": "insist",
}

EDITS: tuple[Mapping[str, str], ...] = tuple(
    {keyword: value}
    for keyword, values in {
        "leftsubnet": ("",),
        "rightsubnet": ("10.3.0.0/24",),
        "leftid": ("", "'CN=a, O=x'", "192.9.9.9", "foo@bar.com", "@#0a0b"),
        "rightid": ("@c",),
        "right": ("192.1.2.61", "%any"),
        "leftprotoport": ("17/6081", "tcp", "gre"),
        "ike": ("aes256-sha2;modp2048", "aes128-sha1;modp2048", "aes256"),
        "esp": ("aes256-sha2", "aes_gcm128"),
        "phase2": ("ah",),
        "ikelifetime": ("1h",),
        "salifetime": ("2h",),
        "dpddelay": ("30",),
        "retransmit-timeout": ("15s",),
        "retransmit-interval": ("100",),
        "mtu": ("1400",),
        "mark": ("5/0xff",),
        "mark-out": ("7/0xf",),
        "leftsourceip": ("10.1.0.5",),
        "encapsulation": ("yes", "no"),
        "narrowing": ("yes",),
        "mobike": ("yes",),
        "compress": ("yes",),
        "rekeymargin": ("5m",),
        "rekeyfuzz": ("50%",),
        "replay-window": ("64",),
        "priority": ("1000",),
        "tfc": ("100",),
        "leftupdown": ("/bin/true",),
        "rightupdown": ("/bin/true",),
        "failureshunt": ("passthrough", "drop"),
        "negotiationshunt": ("passthrough",),
        "modecfgdns": ("1.1.1.1",),
        "modecfgdomains": ("'a.example b.example'",),
        "modecfgbanner": ("hello",),
        "rightikeport": ("5500",),
        "fragmentation": ("no",),
        "decap-dscp": ("yes",),
        "nopmtudisc": ("yes",),
        "leftusername": ("bob",),
        "type": ("transport",),
        "pfs": ("no",),
        "rekey": ("no",),
        "reauth": ("yes",),
        "esn": ("no", "yes"),
        "ppk": ("yes", "insist"),
        "intermediate": ("yes",),
        "pam-authorize": ("yes",),
        "send-redirect": ("no",),
        "accept-redirect": ("yes",),
        "redirect-to": ("1.2.3.4",),
        "accept-redirect-to": ("1.2.3.4",),
        "nat-keepalive": ("no",),
        "initial-contact": ("yes",),
        "cisco-unity": ("yes",),
        "send-no-esp-tfc": ("yes",),
        "fake-strongswan": ("yes",),
        "send-vendorid": ("yes",),
        "sha2-truncbug": ("yes",),
        "ms-dh-downgrade": ("yes",),
        "require-id-on-certificate": ("no",),
        "ipsec-max-bytes": ("1GiB",),
        "ipsec-max-packets": ("123456",),
        "nat-ikev1-method": ("rfc",),
        "remote-peer-type": ("cisco",),
        "nm-configured": ("yes",),
        "modecfgpull": ("yes",),
        "vti-interface": ("vti1",),
        "vti-routing": ("yes",),
        "overlapip": ("yes",),
        "enable-tcp": ("yes", "fallback"),
        "connalias": ("other",),
        "metric": ("5",),
        "sendca": ("issuer",),
        "reqid": ("77",),
        "nflog": ("5",),
        "leftcat": ("yes",),
        "leftautheap": ("tls",),
        "leftxauthclient": ("yes",),
        "rightmodecfgclient": ("yes",),
        "leftsendcert": ("never",),
        "leftca": ("CN=ca",),
        "leftnexthop": ("192.1.2.254",),
        "rightnexthop": ("192.1.2.254",),
        "authby": ("rsasig", "ecdsa", "null", ""),
        "rightsubnets": ("{10.7.0.0/24 10.8.0.0/24}",),
        "policy-label": ("system_u:object_r:ipsec_spd_t:s0",),
    }.items()
    for value in values
)
"""One keyword added, changed, or (an empty value) taken out. Each changes the message, on 4.10 and 5.2 alike."""


def section(edit: Mapping[str, str], name: str = "m") -> str:
    """The connection with an edit. What stands in single quotes is quoted."""
    settings = {**BASE, **edit}
    lines = [f"\t{key}={value.replace(chr(39), chr(34))}" for key, value in settings.items() if value]
    return "\n".join((f"conn {name}", *lines, ""))
