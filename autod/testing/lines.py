"""The lines of the plutos of each release, for the scripted one.

Owns: the words, by release. Must not know: when a line is sent, sockets, which connections there are.

The words were recorded from running plutos of 3.27, 3.32, 4.3, 4.10, 5.2, 5.3.2 and 5.4; a release between two of them
speaks like the older one. Addresses and algorithms are always the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["Voice"]

PEER: Final = "192.0.2.1"
OURS: Final = "192.0.2.2"
_CIPHER = "cipher=AES_GCM_16_256 integ=n/a prf=HMAC_SHA2_512 group=MODP2048"
_SPIS = "=>0x9d51a887 <0xcaa98468"
_NETS = "[10.1.1.1-10.1.1.1:0-65535 0] -> [10.2.1.1-10.2.1.1:0-65535 0]"
_POLICY = "IKEv2+PSK+ENCRYPT+TUNNEL+PFS+IKE_FRAG_ALLOW+ESN_NO+ESN_YES"

Lines = list[str]


@dataclass(frozen=True, slots=True)
class Voice:
    """The lines of the pluto of one release, with their codes."""

    version: tuple[int, ...]

    def _since(self, *version: int) -> bool:
        return self.version >= version

    def _by_era(self, v3_27: str, v3_28: str, v4_0: str, v4_5: str) -> str:
        """The wording before 5.0."""
        if self._since(4, 5):
            return v4_5
        return v4_0 if self._since(4) else v3_28 if self._since(3, 28) else v3_27

    def text(self, text: str, code: int = 2) -> str:
        """A line of text. `code` is that of 4.x and of 5.0 to 5.2; 5.3 has 002 in its place, 5.4 has 000."""
        if self._since(5, 4):
            code = 0
        elif self._since(5, 3) and code < 10:
            code = 2
        return f"{code:03} {text}"

    def listed(self, text: str) -> str:
        """A line of a listing."""
        return f"{2 if (5,) <= self.version < (5, 4) else 0:03} {text}"

    def error(self, code: int, text: str, *, first: bool = False) -> Lines:
        """A refusal. From 5.4 on its code has a line of its own, before (`first`) or after the text."""
        if not self._since(5, 4):
            return [f"{code:03} {text}"]
        lines = [f"000 {text}", f"{code:03} "]
        return lines[::-1] if first else lines

    def unknown(self, name: str, verb: str) -> Lines:
        """There is no such connection. `verb` is up, down, delete, route or traffic."""
        if self._since(5):
            stray = "" if self._since(5, 4) else "'"
            return self.error(21, f'no connection or alias named "{name}"{stray}')
        if verb == "up":
            return [f"000 initiating all conns with alias='{name}'", f'021 no connection named "{name}"']
        if verb == "route":
            return [f"025 no connection or alias '{name}'"]
        if verb == "traffic" or (verb == "down" and self.version < (3, 28)):
            return [f'021 no such connection or aliased connection named "{name}"']
        return []

    def initiating(self, name: str, ike: int) -> Lines:
        """The IKE SA is begun, and its first message is sent."""
        p = f'"{name}" #{ike}: '
        if self._since(5):
            return [
                self.text(f"{p}initiating IKEv2 connection to {PEER} using UDP"),
                self.text(f"{p}sent IKE_SA_INIT request to {PEER}:UDP/500"),
            ]
        if not self._since(3, 28):
            return [
                f"002 {p}initiating v2 parent SA",
                f"133 {p}initiate",
                f"133 {p}STATE_PARENT_I1: sent v2I1, expected v2R1",
            ]
        what = "IKE SA" if not self._since(4) else "connection"
        state = self._by_era(
            "",
            "STATE_PARENT_I1: sent v2I1, expected v2R1",
            "sent IKE_SA_INIT request",
            f"sent IKE_SA_INIT request to {PEER}:500",
        )
        return [f"181 {p}initiating IKEv2 {what}", f"181 {p}{state}"]

    def answered(self, name: str, ike: int, child: int) -> Lines:
        """The peer answered the first message, and authentication is under way."""
        p = f'"{name}" #{ike}: '
        if not self._since(5):
            old = f'"{name}" #{child}: STATE_PARENT_I2: sent v2I2, expected v2R2 {{auth=IKEv2 {_CIPHER}}}'
            line = self._by_era(
                f"134 {old}",
                f"182 {old}",
                f"182 {p}sent IKE_AUTH request {{auth=IKEv2 {_CIPHER}}}",
                f"182 {p}sent IKE_AUTH request {{{_CIPHER}}}",
            )
            return [line]
        group = "ke" if self._since(5, 4) else "group"
        cipher = _CIPHER.replace("group=MODP2048", f"{group}=DH19")
        text = f"{p}sent IKE_AUTH request to {PEER}:UDP/500"
        if self._since(5, 3):
            text += f" with shared-key-mac and FQDN '@ours'; Child SA #{child} {{ESP <0xcaa98468}}"
        return [
            self.text(
                f"{p}processed IKE_SA_INIT response from {PEER}:UDP/500 {{{cipher}}}, initiating IKE_AUTH"
            ),
            self.text(text),
        ]

    def established(self, name: str, ike: int, child: int) -> Lines:
        """Both SAs are established."""
        p, q = f'"{name}" #{ike}: ', f'"{name}" #{child}: '
        if self._since(4, 5):
            kind = "FQDN" if self._since(5, 3) else "ID_FQDN"
            nets = "[10.1.1.1/32===10.2.1.1/32]" if self._since(5) else _NETS
            cipher = "AES_GCM_16_256" if self._since(5, 4) else "AES_GCM_16_256-NONE"
            secret = f"{p}initiator established IKE SA; authenticated peer using authby=secret and {kind} '@{name}'"
            return [
                self.text(secret) if self._since(5) else f"003 {secret}",
                self.text(
                    f"{q}initiator established Child SA using #{ike}; IPsec tunnel {nets}"
                    f" {{ESP/ESN{_SPIS} xfrm={cipher} DPD=passive}}",
                    4,
                ),
            ]
        esp = f"{{ESP{_SPIS} xfrm=AES_GCM_16_256-NONE NATOA=none NATD=none DPD=passive}}"
        origin = q if not self._since(4) else p
        word = "Authenticated" if not self._since(4) else "authenticated"
        state = "STATE_V2_IPSEC_I: " if not self._since(4) else ""
        return [
            f"002 {origin}IKEv2 mode peer ID is ID_FQDN: '@{name}'",
            f"003 {origin}{word} using authby=secret",
            f"002 {q}negotiated connection {_NETS}",
            f"004 {q}{state}IPsec SA established tunnel mode {esp}",
        ]

    def authentication_failed(self, name: str, ike: int) -> Lines:
        """The peer refused to authenticate us."""
        p = f'"{name}" #{ike}: '
        by = "" if not self._since(3, 28) else " by peer"
        text = f"{p}IKE SA authentication request rejected{by}: AUTHENTICATION_FAILED"
        if not self._since(4, 5):
            retry = "scheduling retry attempt 1 of an unlimited number, but releasing whack"
            return [f"002 {text}", f"000 {p}{retry}"]
        fatal = f"{p}encountered fatal error in state {self._auth_state}"
        if not self._since(5):
            return [f"003 {text}", f"036 {fatal}", f"002 {p}deleting state ({self._auth_state}) aged 0.1s"]
        return [self.text(text), *self.error(56, fatal)]

    @property
    def _auth_state(self) -> str:
        return "IKE_AUTH_I" if self._since(5, 2) else "STATE_V2_PARENT_I2"

    @property
    def _init_state(self) -> str:
        if self._since(5, 2):
            return "IKE_SA_INIT_I"
        return "STATE_V2_PARENT_I1" if self._since(4, 5) else "STATE_PARENT_I1"

    def child_rejected(self, name: str, ike: int) -> Lines:
        """The peer is authenticated, and refused the Child SA."""
        p = f'"{name}" #{ike}: '
        if not self._since(4, 5):
            word = "IKE_AUTH" if self._since(3, 28) else "AUTH"
            return [f"002 {p}{word} response contained the error notification TS_UNACCEPTABLE"]
        text = f"{p}IKE_AUTH response rejected Child SA with TS_UNACCEPTABLE"
        return [self.text(text) if self._since(5) else f"003 {text}"]

    def no_proposal(self, name: str, ike: int) -> Lines:
        """The peer's answer to the first message is that it accepts none of the proposals. pluto goes on trying."""
        p = f'"{name}" #{ike}: '
        if self._since(5, 2):
            return [
                self.text(
                    f"{p}ignoring IKE_SA_INIT response containing NO_PROPOSAL_CHOSEN notification "
                    "(message has no protection)"
                )
            ]
        if not self._since(4):
            return [f"002 {p}STATE_PARENT_I1: received unauthenticated v2N_NO_PROPOSAL_CHOSEN - ignored"]
        text = (
            f"{p}dropping unexpected IKE_SA_INIT message containing NO_PROPOSAL_CHOSEN notification; "
            "message payloads: N; missing payloads: SA,KE,Ni"
        )
        return [self.text(text) if self._since(5) else f"003 {text}"]

    def retransmission(self, name: str, ike: int, wait: float) -> Lines:
        """The first message is sent again; the next time is after `wait` seconds."""
        p = f'"{name}" #{ike}: '
        if self._since(5, 4):
            unit = "second" if wait == 1 else "seconds"
            return [f"000 {p}retransmitting IKE_SA_INIT request; will wait {wait:g} {unit} for response"]
        text = f"{p}{self._init_state}: retransmission; will wait {wait:g} seconds for response"
        return [self.text(text) if self._since(5) else f"010 {text}"]

    def timed_out(self, name: str, ike: int, seconds: int) -> Lines:
        """No answer came within `seconds`."""
        p = f'"{name}" #{ike}: '
        text = (
            f"{p}{self._init_state}: {seconds} second timeout exceeded after 6 retransmits.  No response (or no "
            "acceptable response) to our first IKEv2 message"
        )
        if not self._since(5):
            keying = "starting keying attempt 2 of an unlimited number, but releasing whack"
            return [f"031 {text}", f"000 {p}{keying}"]
        return [
            *self.error(51, text, first=True),
            self.text(f"{p}connection is supposed to remain up; revival attempt 1 scheduled in 0 seconds"),
            self.text(f"{p}deleting IKE SA (sent IKE_SA_INIT request)"),
        ]

    def pending(self, name: str, ike: int) -> Lines:
        """It is being negotiated already."""
        if not self._since(4, 5):
            return []
        return [
            self.text(
                f'"{name}": connection already has the pending Child SA negotiation #{ike + 1} using IKE SA #{ike}'
            )
        ]

    def terminated(self, name: str, ike: int, child: int, up: bool) -> Lines:
        """The SAs of a connection are taken down; `up`: there were some."""
        lines = [] if self._since(5) else [f'002 "{name}": terminating SAs using this connection']
        if up and self._since(5):
            lines += [
                self.text(
                    f'"{name}" #{child}: sent INFORMATIONAL request to delete established Child SA '
                    f"using IKE SA #{ike}"
                ),
                self.text(f'"{name}" #{child}: ESP traffic information: in=0B out=0B'),
            ]
        elif up:
            lines.append(f'005 "{name}" #{child}: ESP traffic information: in=0B out=0B')
        return lines

    def added(self, name: str) -> Lines:
        """A connection is loaded."""
        if not self._since(4):
            return [f'002 added connection description "{name}"']
        oriented = "oriented " if self._since(5, 4) else ""
        return [self.text(f'"{name}": added {oriented}IKEv2 connection')]

    def routed_already(self, name: str) -> Lines:
        """It was routed before."""
        return [self.text(f'"{name}": connection is already routed')] if self._since(5) else []

    def listening(self) -> Lines:
        """The interfaces are listened on, and the secrets are read."""
        return [
            self.text("listening for IKE messages"),
            self.text("forgetting secrets"),
            self.text('loading secrets from "/etc/ipsec.secrets"'),
        ]

    def reread_secrets(self) -> Lines:
        """The secrets are read."""
        return self.listening()[1:]

    def head(self, text: str, seccomp: bool, labeled: bool) -> Lines:
        """The first lines of --status. `text` is the release."""
        audit = ", audit-log=yes" if self._since(3, 28) else ""
        return [
            self.listed("using kernel interface: xfrm"),
            self.listed(f"interface lo {OURS}:UDP/500" if self._since(5) else f"interface lo UDP {OURS}:500"),
            self.listed("fips mode=disabled;"),
            self.listed("SElinux=disabled"),
            self.listed(f"seccomp={'disabled' if seccomp else 'unsupported'}"),
            self.listed("config setup options:"),
            self.listed(f"pluto_version={text}, pluto_vendorid=OE-Libreswan-{text}{audit}"),
            self.listed(f"secctx-attr-type={32001 if labeled else '<unsupported>'}"),
        ]

    def connection(self, name: str, ike: int, child: int, *, up: bool, routed: bool) -> Lines:
        """The lines of a connection in --status. Serials count only if it is `up`."""
        ends = f"10.1.1.1/32==={OURS}[@ours]...{PEER}[@{name}]===10.2.1.1/32"
        if not self._since(5):
            routing = "erouted" if up else "prospective erouted" if routed else "unrouted"
            word = "IKE" if self._since(4, 5) else "ISAKMP"
            return [
                f'000 "{name}": {ends}; {routing}; eroute owner: #{child if up else 0}',
                f'000 "{name}":   policy: {_POLICY};',
                f'000 "{name}":   newest {word} SA: #{ike if up else 0}; newest IPsec SA: #{child if up else 0};',
            ]
        routing = "routed-tunnel" if up else "routed-ondemand" if routed else "unrouted"
        sas = f" owner: Child SA #{child}; established IKE SA: #{ike}; established Child SA: #{child};"
        return [
            self.listed(f'"{name}": {ends}; {routing}; my_ip=unset; their_ip=unset;'),
            self.listed(f'"{name}":   policy: {_POLICY};'),
            self.listed(f'"{name}":   routing: {routing};{sas if up else ""}'),
        ]

    def states(self, name: str, ike: int, child: int, *, up: bool) -> Lines:
        """The lines of the SAs of a connection: of both if it is `up`, else of an IKE SA that has just begun."""
        prefix = "" if self._since(5, 2) else "STATE_V2_"
        if not up:
            state = "sent IKE_SA_INIT request"
            begun = state if self._since(5, 4) else f"{self._init_state} ({state})"
            return [self.listed(f'#{ike}: "{name}":500 {begun}; RETRANSMIT in 1s; idle;')]
        if self._since(5, 4):
            first, second = "established IKE SA", "established Child SA"
        elif self._since(4, 5):
            first = f"{prefix}ESTABLISHED_IKE_SA (established IKE SA)"
            second = f"{prefix}ESTABLISHED_CHILD_SA (established Child SA)"
        elif self._since(4):
            first = "STATE_V2_ESTABLISHED_IKE_SA (established IKE SA)"
            second = "STATE_V2_ESTABLISHED_CHILD_SA (IPsec SA established)"
        else:
            first, second = (
                "STATE_PARENT_I3 (PARENT SA established)",
                "STATE_V2_IPSEC_I (IPsec SA established)",
            )
        if self._since(4, 5):
            times, own, on = "REKEY in 27890s; REPLACE in 28797s", "newest", f"IKE SA #{ike}"
            own_child = "newest"
        else:
            times, own, on = "EVENT_SA_REPLACE in 2842s", "newest ISAKMP", f"isakmp#{ike}"
            own_child = "newest IPSEC"
        return [
            self.listed(f'#{ike}: "{name}":500 {first}; {times}; {own}; idle;'),
            self.listed(f'#{child}: "{name}":500 {second}; {times}; {own_child}; eroute owner; {on}; idle;'),
        ]

    def totals(self, loaded: int, routed: int, active: int) -> Lines:
        """The number of connections: the last line of --status."""
        also = f"routed {routed}, " if self._since(5, 3) else ""
        return [self.listed(f"Total IPsec connections: loaded {loaded}, {also}active {active}")]

    def sas(self, active: int, half_open: int) -> Lines:
        """The number of SAs, as in --briefstatus."""
        return [
            self.listed("State Information: DDoS cookies not required, Accepting new IKE connections"),
            self.listed(
                f"IKE SAs: total({active + half_open}), half-open({half_open}), open(0), "
                f"authenticated({active}), anonymous(0)"
            ),
            self.listed(f"IPsec SAs: total({active}), authenticated({active}), anonymous(0)"),
        ]

    def traffic(self, name: str, child: int, since: float) -> Lines:
        """The line of a Child SA in --trafficstatus; `since` in UNIX seconds."""
        code = 0 if self._since(5, 4) else 2 if self._since(5) else 6
        most = "maxBytes=2^63B, " if self._since(4, 5) else ""
        return [
            f'{code:03} #{child}: "{name}", type=ESP, add_time={since:.0f}, inBytes=84, outBytes=84, {most}'
            f"id='@{name}'"
        ]

    def brief(self, name: str) -> Lines:
        """The line of a connection that is up in --briefconnectionstatus (5.0 on)."""
        return [
            self.listed(
                f'10.1.1.1/32 <==> 10.2.1.1/32\tfrom {OURS} to {PEER} (84B/84B)\t"{name}", reqid=16420'
            )
        ]
