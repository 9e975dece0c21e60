"""`autod explain`: for each cause the end at fault and the setting to look at; what is asked is what is shown."""

from __future__ import annotations

import msgspec
import pytest

from autod.causes import ADVICE, Cause
from autod.judging.explain import Facts, Record, Secrets, explain, grouped, read_secrets, screen
from autod.outcomes import Outcome, Result
from autod.protocol.replies import Reply
from autod.status.model import ChildSa, ConnectionState, End, IkeSa, State

NOW = 1_800_000_000.0


def loaded(name: str = "a", **more: object) -> ConnectionState:
    values = {
        "oriented": True,
        "interface": "eth1",
        "routing": "unrouted",
        "local": End(address="192.1.2.45", id="@west", certificate=None),
        "remote": End(address="192.1.2.23", id="@east"),
        "authby": ("PSK",),
    }
    return ConnectionState(name=name, **(values | more))  # type: ignore[arg-type]


def state(*connections: ConnectionState, **more: object) -> State:
    return State(connections=connections, **more)  # type: ignore[arg-type]


def failed(cause: Cause, name: str = "a") -> Outcome:
    advice = ADVICE[cause]
    return Outcome(
        operation="up",
        connection=name,
        result=Result(advice.result),
        ok=False,
        sentence="",
        retryable=advice.again,
        cause=cause,
        found_by="us",
        advice=advice.advice,
        lines=("what pluto said",),
    )


# the issue's list: cause, the end that mends it, a word that has to be on the screen
CAUSES = [
    (Cause.SECRET_DIFFERS, "on either end", "ipsec.secrets"),
    (Cause.AUTHENTICATION, "on either end", "ipsec.secrets"),
    (Cause.SECRET_MISSING, "on this machine", "ipsec.secrets"),
    (Cause.CERTIFICATE_EXPIRED, "on the peer", "certificate"),
    (Cause.OWN_CERTIFICATE_EXPIRED, "on this machine", "leftcert="),
    (Cause.CERTIFICATE_NAME, "on either end", "rightid="),
    (Cause.CERTIFICATE_ISSUER, "on this machine", "rightca="),
    (Cause.PRIVATE_KEY_MISSING, "on this machine", "leftcert="),
    (Cause.IKE_PROPOSAL, "on either end", "ike="),
    (Cause.CHILD_PROPOSAL, "on either end", "esp="),
    (Cause.TRAFFIC_SELECTORS, "on either end", "leftsubnet="),
    (Cause.CHILD_MODE, "on either end", "type="),
    (Cause.PEER_SILENT, "in the network", "UDP ports 500"),
    (Cause.PORT_CLOSED, "on the peer", "the peer's daemon"),
    (Cause.AUTH_UNANSWERED, "in the network", "4500"),
    (Cause.DELETED_BY_PEER, "on the peer", "the peer's log"),
    (Cause.IKE_VERSION, "on either end", "ikev2="),
    (Cause.XAUTH_REFUSED, "on this machine", "leftusername="),
    (Cause.ADDRESS_POOL, "on the peer", "rightaddresspool="),
    (Cause.REDIRECTED, "on the peer", "redirect-to="),
    (Cause.SECURITY_LABEL, "on either end", "sec-label="),
    (Cause.KERNEL, "on this machine", "esp4"),
]


@pytest.mark.parametrize(("cause", "place", "word"), CAUSES, ids=lambda value: str(value))
def test_each_cause_names_the_end_at_fault_and_the_setting(cause: Cause, place: str, word: str) -> None:
    """On one screen: what is so, where it is mended, what to look at, what to type, and what pluto said."""
    one = explain(Facts("a", state(loaded()), NOW, outcome=failed(cause)))
    lines = list(screen(one))
    text = "\n".join(lines)
    assert len(lines) <= 24
    assert ADVICE[cause].what in text
    assert place in text
    assert word in text
    assert "then type" in text
    assert "what pluto said" in text
    assert (one.cause, one.where, one.up) == (cause, ADVICE[cause].place, False)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "authentication failed (INVALID_ID_INFORMATION); compare",
            "authentication failed (INVALID_ID_INFORMATION)",
        ),
        (
            "authentication failed, it seems (no acceptable answer came); compare",
            "authentication failed (it seems, as no acceptable answer came)",
        ),
        ("authentication failed (a (b) c); compare", "authentication failed (a (b) c)"),
        ("it did not come to it", "authentication failed"),
    ],
)
def test_the_first_line_gives_the_reason_and_whether_it_is_sure(said: str, told: str) -> None:
    """As the outcome of the try does."""
    outcome = msgspec.structs.replace(failed(Cause.AUTHENTICATION), sentence=f'"a": {said}')
    assert explain(Facts("a", state(loaded()), NOW, outcome=outcome)).sentence == f'"a": {told}'


@pytest.mark.parametrize("cause", list(Cause))
def test_every_cause_has_a_screen(cause: Cause) -> None:
    """Also those that are not in the list above."""
    text = "\n".join(screen(explain(Facts("a", state(loaded()), NOW, outcome=failed(cause)))))
    assert ADVICE[cause].advice in text


def test_what_is_up_has_no_cause() -> None:
    """Since when, and what it has carried."""
    sa = ChildSa(
        serial=2,
        connection="a",
        ike_sa=1,
        phase="established",
        add_time=int(NOW) - 60,
        bytes_in=5,
        bytes_out=7,
    )
    ike = IkeSa(serial=1, connection="a", phase="established")
    one = explain(Facts("a", state(loaded(), child_sas=(sa,), ike_sas=(ike,)), NOW))
    assert one.up
    assert one.cause is None
    text = "\n".join(screen(one))
    assert '"a" is up since 1m00s' in text
    assert "5B in, 7B out" in text


def test_what_nobody_tried_is_judged_by_what_pluto_holds() -> None:
    """Not loaded, not oriented, no secret, asked again and again, routed, waiting to be called, or simply down."""
    psk = Secrets(psks=(("@other", "@one"),))
    half_open = IkeSa(serial=1, connection="a", phase="half_open", retransmit_in=3)
    assert explain(Facts("a", state(), NOW)).cause is Cause.UNKNOWN_NAME
    assert explain(Facts("a", state(loaded(oriented=False)), NOW)).cause is Cause.NOT_ORIENTED
    assert explain(Facts("a", state(loaded()), NOW, secrets=psk)).cause is Cause.SECRET_MISSING
    asking = explain(Facts("a", state(loaded(), ike_sas=(half_open,)), NOW))
    assert asking.cause is Cause.PEER_SILENT
    assert "it seems" in asking.sentence
    assert asking.commands == ("autod --down a", "autod explain --try a")
    assert next(grouped([asking])) == "1 connection: the peer does not answer, it seems"
    assert "first packet" in explain(Facts("a", state(loaded(routing="ondemand")), NOW)).sentence
    template = loaded(kind="template", remote=End(host="%any"))
    assert "waits to be called" in explain(Facts("a", state(template), NOW)).sentence
    down = explain(Facts("a", state(loaded()), NOW))
    assert down.cause is None
    assert down.commands == ("autod explain --try a",)


@pytest.mark.parametrize(
    ("ids", "there"),
    [
        (("%any", "%any"), True),
        ((), True),
        (("@west", "@east"), True),
        (("@east",), True),
        (("@west", "@north"), False),
        (("192.1.2.45", "192.1.2.23"), True),
        (("@x", "@west", "..."), True),
    ],
)
def test_a_psk_counts_where_it_is_for_both_ends(ids: tuple[str, ...], there: bool) -> None:
    """By identity, by address, or for anybody."""
    one = explain(Facts("a", state(loaded()), NOW, secrets=Secrets(psks=(ids,))))
    assert (one.cause is None) == there


LISTS = """
 
List of Pre-shared secrets (from /etc/ipsec.secrets)
 
    1: PSK @east @west
    2: RSA (none) (none)
    3: PSK @x @west more
List of X.509 End Certificates:
 
End certificate "west" - SN: 0x01
  subject: CN=west
  issuer: CN=ca
  not before: Wed Jan 01, 00:00:00 2025
  not after: Thu Jan 01, 00:00:00 2026
  2048 bit RSA: has private key
""".strip("\n").split("\n")


def test_our_certificate_that_expired_is_named_with_its_date() -> None:
    """pluto lists it; nobody need try."""
    secrets = read_secrets(Reply(0, text) for text in LISTS)
    assert secrets.psks == (("@east", "@west"), ("@x", "@west", "..."))
    (certificate,) = secrets.certificates
    assert (certificate.nickname, certificate.issuer, certificate.has_key) == ("west", "CN=ca", True)
    mine = loaded(local=End(address="192.1.2.45", id="CN=west", certificate="west"), authby=("RSASIG",))
    one = explain(Facts("a", state(mine), NOW, secrets=secrets))
    assert one.cause is Cause.OWN_CERTIFICATE_EXPIRED
    assert "west expired on 2026-01-01" in one.sentence
    many = [explain(Facts(name, state(msg(mine, name)), NOW, secrets=secrets)) for name in ("a", "b", "c")]
    assert any("3 connections" in line and "expired on 2026-01-01" in line for line in grouped(many))


def msg(connection: ConnectionState, name: str) -> ConnectionState:
    return loaded(name, local=connection.local, authby=connection.authby)


def test_many_are_grouped_by_cause() -> None:
    """The most frequent first, with names, what to do, and where."""
    silent = [
        explain(Facts(f"c{n}", state(loaded(f"c{n}")), NOW, outcome=failed(Cause.PEER_SILENT)))
        for n in range(41)
    ]
    wrong = [explain(Facts("d", state(loaded("d")), NOW, outcome=failed(Cause.IKE_PROPOSAL)))]
    lines = list(grouped([*wrong, *silent]))
    assert lines[0].startswith("41 connections: the peer does not answer")
    assert "c0, c1, c2, c3, c4 and 36 more" in lines[1]
    assert lines[3].startswith("1 connection: ")
    assert len(lines) == 6


def test_the_supervisors_record_is_shown_and_counts() -> None:
    """Its word for the cause is one of ours."""
    record = Record("up", "waiting", NOW - 90, "no-proposal", "said no", 7, NOW + 30)
    one = explain(Facts("a", state(loaded()), NOW, record=record))
    assert one.cause is Cause.IKE_PROPOSAL
    text = "\n".join(screen(one))
    assert "7 tries, the next in 30s" in text


def test_what_differs_from_the_configuration_is_said() -> None:
    """And what is not in it at all."""
    different = explain(
        Facts("a", state(loaded()), NOW, configured=True, differences=("ike: x in the file",))
    )
    assert "ike: x in the file" in dict(different.facts)["loaded"]
    outside = explain(Facts("a", state(loaded()), NOW, configured=False))
    assert "not in the configuration" in dict(outside.facts)["loaded"]


def test_the_supervisors_sentence_is_not_said_twice() -> None:
    """Its record has the sentence of the last try, of which only the reason is new."""
    advice = ADVICE[Cause.IKE_PROPOSAL]
    sentence = f'"a": {advice.what} (NO_PROPOSAL_CHOSEN); {advice.advice}'
    record = Record("up", "waiting", NOW - 60, "ike_proposal", sentence, 3, NOW + 60)
    one = explain(Facts("a", state(loaded()), NOW, record=record))
    assert one.cause is Cause.IKE_PROPOSAL
    assert one.sentence.count(advice.what) == 1
    assert "NO_PROPOSAL_CHOSEN" in one.sentence
    silent = Record("up", "waiting", NOW - 60, "peer_silent", "no answer", 3, NOW + 60)
    assert "no answer" in explain(Facts("a", state(loaded()), NOW, record=silent)).sentence
