"""The cause of a failure: right where pluto names a reason, in every wording that was met."""

from __future__ import annotations

import re

import pytest

from autod.causes import ADVICE, USUAL, Cause
from autod.judging.judge import Judge
from autod.outcomes import OK, Outcome, Result
from autod.protocol.exchange import Ending
from autod.recognise import recognise
from tests.helpers.transcripts import reply


def judged(release: str, operation: str, text: str, ending: Ending = Ending.EOF) -> Outcome:
    """What an exchange about "x" comes to; a line is a code and a text."""
    judge = Judge(operation, "x")
    for at, line in enumerate(text.strip("\n").split("\n")):
        judge.see(recognise(reply(release, line.strip()), time=float(at)))
    return judge.end(ending)


CASES: list[tuple[str, str, str, str, Result, Cause | None, str | None, bool | None]] = [
    (
        "a state name that tells no SA",
        "4.3",
        "up",
        """
        002 "x" #1: initiating IKEv2 connection
        002 "x" #1: initiating IKE_SA_INIT redirect to new gateway (address: 192.0.2.9)
        002 "x" #1: deleting state (STATE_IKESA_DEL) and NOT sending notification
        004 "x" #3: IPsec SA established tunnel mode {ESP=>0x11223344 <0x55667788 xfrm=AES_GCM_16_256-NONE DPD=passive}
        """,
        Result.UP,
        None,
        None,
        None,
    ),
    (
        "our check of the peer's certificate, IKEv2",
        "4.10",
        "up",
        """
        002 "x" #1: initiating IKEv2 connection
        150 "x" #1: sent IKE_SA_INIT request to 192.0.2.1:500
        150 "x" #1: sent IKE_AUTH request {cipher=AES_GCM_16_256 integ=n/a prf=HMAC_SHA2_512 group=MODP2048}
        003 "x" #1: X509: authentication failed; peer certificate subjectAltName extension does not match ID_FQDN 'gw'
        002 "x" #1: deleting state (STATE_V2_PARENT_I2) aged 0.1s and sending notification
        """,
        Result.AUTHENTICATION_FAILED,
        Cause.CERTIFICATE_NAME,
        "us",
        False,
    ),
    (
        "the peer refuses our proposal, in 5.1's words",
        "5.1",
        "up",
        """
        002 "x" #1: initiating IKEv2 connection to 192.0.2.1 using UDP
        002 "x" #1: sent IKE_SA_INIT request to 192.0.2.1:UDP/500
        002 "x" #1: unexpected IKE_SA_INIT message containing NO_PROPOSAL_CHOSEN notification; message payloads: N; missing payloads: SA,KE,Ni
        051 "x" #1: IKE_SA_INIT_I: 4 second timeout exceeded after 3 retransmits.  No response (or no acceptable response) to our first IKEv2 message
        002 "x" #1: deleting IKE SA (sent IKE_SA_INIT request)
        """,
        Result.NO_PROPOSAL,
        Cause.IKE_PROPOSAL,
        "peer",
        False,
    ),
    (
        "a certificate that the database lacks, and a summary",
        "3.32",
        "add",
        """
        003 failed to find certificate named 'nosuchcert' in the NSS database
        036 Failed to add connection "x" with invalid "left" certificate
        """,
        Result.LOAD_FAILED,
        Cause.CERTIFICATE_MISSING,
        "pluto",
        False,
    ),
    (
        "the IKE SA of another connection is gone, for which it waited",
        "5.4",
        "up",
        """
        000 "x": queue Child SA; waiting on IKE SA "y" #107 negotiating with 192.1.2.23
        """,
        Result.DELETED_BY_OTHER,
        Cause.IKE_SA_GONE,
        "pluto",
        True,
    ),
    (
        "a secrets file that is not read to its end",
        "4.3",
        "rereadsecrets",
        """
        002 forgetting secrets
        002 loading secrets from "/etc/ipsec.secrets"
        003 unterminated string
        003 WARNING: using a weak secret (PSK)
        """,
        Result.REFUSED,
        Cause.SECRETS_FILE,
        "pluto",
        False,
    ),
    (
        "it cannot sign, after a peer that was slow",
        "4.3",
        "up",
        """
        002 "x" #29: initiating IKEv2 connection
        181 "x" #29: sent IKE_SA_INIT request
        010 "x" #29: STATE_PARENT_I1: retransmission; will wait 0.5 seconds for response
        224 "x" #29: encountered fatal error in state STATE_PARENT_I1
        """,
        Result.AUTHENTICATION_FAILED,
        Cause.PRIVATE_KEY_MISSING,
        "us",
        False,
    ),
    (
        "the peer cannot do it now",
        "5.4",
        "up",
        """
        000 "x" #111: initiating Child SA using IKE SA #7
        000 "x" #111: sent CREATE_CHILD_SA request to create Child SA using IKE SA #7 {ESP <0x14fe9e9d} [10.41.85.0/24===10.42.85.0/24]
        000 "x" #111: CREATE_CHILD_SA failed with error notification TEMPORARY_FAILURE
        """,
        Result.CHILD_REJECTED,
        Cause.PEER_BUSY,
        "peer",
        True,
    ),
    (
        "a reason with the name in front, and a summary without",
        "3.32",
        "up",
        """
        022 "x": cannot initiate connection without knowing peer IP address (kind=CK_TEMPLATE)
        000 failed to initiate x
        """,
        Result.REFUSED,
        Cause.NO_PEER_ADDRESS,
        "pluto",
        False,
    ),
    (
        "the peer deletes the IKE SA before there is a Child SA, 4.10",
        "4.10",
        "up",
        """
        002 "x" #1: initiating IKEv1 Main Mode connection
        102 "x" #1: sent Main Mode request
        004 "x" #1: IKE SA established {auth=PRESHARED_KEY cipher=AES_CBC_256 integ=HMAC_SHA2_256 group=MODP2048}
        002 "x" #2: initiating Quick Mode IKEv1+PSK+ENCRYPT+TUNNEL+PFS+UP {using isakmp#1 msgid:2d6b2a8e proposal=AES_CBC_256 pfsgroup=MODP2048}
        115 "x" #2: sent Quick Mode request
        002 "x" #2: reschedule pending IPsec SA - the ISAKMP SA #1 is going away
        """,
        Result.DELETED_BY_OTHER,
        Cause.DELETED_BY_PEER,
        "peer",
        True,
    ),
    (
        "the same, 5.2",
        "5.2",
        "up",
        """
        002 "x" #1: initiating IKEv1 Main Mode connection
        002 "x" #1: sent Main Mode request
        004 "x" #1: ISAKMP SA established {auth=PRESHARED_KEY cipher=AES_CBC_256 integ=HMAC_SHA2_256 group=MODP2048}
        002 "x" #2: initiating Quick Mode IKEv1+PSK+ENCRYPT+TUNNEL+PFS+UP {using isakmp#1 msgid:e4d2cdc6 proposal=AES_CBC_256 pfsgroup=MODP2048}
        002 "x" #2: sent Quick Mode request
        002 "x" #2: connection is supposed to remain up; revival attempt 1 scheduled in 0 seconds
        002 "x" #2: deleting IPsec SA (QUICK_I1) aged 0.386107s and NOT sending notification
        """,
        Result.DELETED_BY_OTHER,
        Cause.DELETED_BY_PEER,
        "peer",
        True,
    ),
    (
        "a peer of another release refuses the Child SA, in 3.32's words",
        "3.32",
        "up",
        """
        181 "x" #1: initiating IKEv2 IKE SA
        181 "x" #1: STATE_PARENT_I1: sent v2I1, expected v2R1
        182 "x" #2: STATE_PARENT_I2: sent v2I2, expected v2R2 {auth=IKEv2 cipher=AES_GCM_16_256 integ=n/a prf=HMAC_SHA2_512 group=DH19}
        003 "x" #2: dropping unexpected ISAKMP_v2_IKE_AUTH message containing v2N_TS_UNACCEPTABLE notification; message payloads: SK; encrypted payloads: IDr,AUTH,N; unexpected payloads: N
        036 "x" #2: encountered fatal error in state STATE_PARENT_I2
        """,
        Result.CHILD_REJECTED,
        Cause.TRAFFIC_SELECTORS,
        "peer",
        False,
    ),
    (
        "the same, in 5.4's words",
        "5.4",
        "up",
        """
        000 "x" #1: initiating IKEv2 connection to 192.0.2.1 using UDP
        000 "x" #1: sent IKE_AUTH request to 192.0.2.1:UDP/500; Child SA #2 {ESP <0x005483ef}
        000 "x" #1: IKE SA authentication failed, incomplete IKE_AUTH response contains the Child SA error notification NO_PROPOSAL_CHOSEN for #2
        000 "x" #1: encountered fatal error in state IKE_AUTH_I
        056 
        """,
        Result.CHILD_REJECTED,
        Cause.CHILD_PROPOSAL,
        "peer",
        False,
    ),
    (
        "what the peer says cannot be read",
        "3.32",
        "up",
        """
        002 "x" #1: initiating Main Mode
        106 "x" #1: STATE_MAIN_I3: sent MI3, expecting MR3
        003 "x" #1: byte at offset 1 (29) of 'ISAKMP Hash Payload'.'reserved' is 0x5e but should have been zero (ignored)
        003 "x" #1: malformed payload in packet
        031 "x" #1: STATE_MAIN_I3: 4 second timeout exceeded after 3 retransmits.  Possible authentication failure: no acceptable response to our first encrypted message
        """,
        Result.AUTHENTICATION_FAILED,
        Cause.AUTHENTICATION,
        "us",
        True,
    ),
    (
        "the same, IKEv1 aggressive",
        "5.2",
        "up",
        """
        002 "x" #1: initiating IKEv1 Aggressive Mode connection
        002 "x" #1: sent Aggressive Mode request
        002 "x" #1: X509: authentication failed; peer certificate subjectAltName extension does not match FQDN 'gw'
        051 "x" #1: STATE_AGGR_I1: 60 second timeout exceeded after 7 retransmits.  No response (or no acceptable response) to our first IKEv1 message
        002 "x" #1: deleting ISAKMP SA (AGGR_I1) and NOT sending notification
        """,
        Result.AUTHENTICATION_FAILED,
        Cause.CERTIFICATE_NAME,
        "us",
        False,
    ),
    (
        "expired certificate of the peer",
        "5.4",
        "up",
        """
        000 "x" #1: initiating IKEv2 connection to 192.0.2.1 using UDP
        000 "x" #1: sent IKE_AUTH request to 192.0.2.1:UDP/500; Child SA #2 {ESP <0x11223344}
        000 "x" #1: NSS: ERROR: IPsec certificate CN=gw invalid: SEC_ERROR_EXPIRED_CERTIFICATE: Peer's Certificate has expired.
        000 "x" #1: X509: certificate payload rejected for this connection
        056 
        000 "x" #1: encountered fatal error in state IKE_AUTH_I
        000 "x" #1: deleting IKE SA (sent IKE_AUTH request)
        """,
        Result.AUTHENTICATION_FAILED,
        Cause.CERTIFICATE_EXPIRED,
        "us",
        False,
    ),
    (
        "our own key is not there",
        "4.10",
        "up",
        """
        002 "x" #1: initiating IKEv1 Main Mode connection
        104 "x" #1: sent Main Mode request
        106 "x" #1: sent Main Mode I2
        003 "x" #1: unable to locate my private key for RSA Signature
        224 "x" #1: sending notification AUTHENTICATION_FAILED to 192.0.2.1:500
        002 "x" #1: deleting state (STATE_MAIN_I2) aged 60.1s and NOT sending notification
        """,
        Result.AUTHENTICATION_FAILED,
        Cause.PRIVATE_KEY_MISSING,
        "us",
        False,
    ),
    (
        "our own key is not there, IKEv2: pluto says nothing but that it gave up",
        "5.2",
        "up",
        """
        002 "x" #1: initiating IKEv2 connection to 192.0.2.1 using UDP
        002 "x" #1: sent IKE_SA_INIT request to 192.0.2.1:UDP/500
        002 "x" #1: processed IKE_SA_INIT response from 192.0.2.1:UDP/500 {cipher=AES_GCM_16_256 integ=n/a prf=HMAC_SHA2_512 group=DH19}, initiating IKE_AUTH
        056 "x" #1: encountered fatal error in state IKE_SA_INIT_IR
        002 "x" #1: deleting IKE SA (processed IKE_SA_INIT response, preparing IKE_INTERMEDIATE or IKE_AUTH request)
        """,
        Result.AUTHENTICATION_FAILED,
        Cause.PRIVATE_KEY_MISSING,
        "us",
        False,
    ),
    (
        "an IKEv1 peer refuses our proposal, 5.2",
        "5.2",
        "up",
        """
        002 "x" #1: initiating IKEv1 Main Mode connection
        002 "x" #1: sent Main Mode request
        002 "x" #1: ignoring unsecured informational payload NO_PROPOSAL_CHOSEN, length=12
        051 "x" #1: STATE_MAIN_I1: 60 second timeout exceeded after 7 retransmits.  No response (or no acceptable response) to our first IKEv1 message
        002 "x" #1: deleting ISAKMP SA (MAIN_I1) and NOT sending notification
        """,
        Result.NO_PROPOSAL,
        Cause.IKE_PROPOSAL,
        "peer",
        False,
    ),
    (
        "the same on 5.0",
        "5.0",
        "up",
        """
        002 "x" #1: initiating IKEv1 Main Mode connection
        002 "x" #1: sent Main Mode request
        003 "x" #1: ignoring informational payload NO_PROPOSAL_CHOSEN, msgid=00000000, length=12
        051 "x" #1: STATE_MAIN_I1: 60 second timeout exceeded after 7 retransmits.  No response (or no acceptable response) to our first IKEv1 message
        002 "x" #1: deleting ISAKMP SA (MAIN_I1) and NOT sending notification
        """,
        Result.NO_PROPOSAL,
        Cause.IKE_PROPOSAL,
        "peer",
        False,
    ),
    (
        "labelled: no Child SA before there is traffic",
        "5.4",
        "up",
        """
        000 "x"[1] 192.0.2.1 #1: initiating IKEv2 connection to 192.0.2.1 using UDP
        000 "x"[1] 192.0.2.1 #1: sent IKE_SA_INIT request to 192.0.2.1:UDP/500
        000 "x"[1] 192.0.2.1 #1: omitting CHILD SA payloads
        000 "x"[1] 192.0.2.1 #1: sent IKE_AUTH request to 192.0.2.1:UDP/500
        000 "x"[1] 192.0.2.1 #1: initiator established IKE SA; authenticated peer using authby=secret and FQDN '@gw'
        """,
        Result.UP,
        None,
        None,
        None,
    ),
    (
        "redirect: pluto goes on by itself",
        "5.2",
        "up",
        """
        002 "x" #1: initiating IKEv2 connection to 192.0.2.1 using UDP
        002 "x" #1: sent IKE_SA_INIT request to 192.0.2.1:UDP/500
        002 "x" #1: IKE_SA_INIT response redirects to new gateway 192.0.2.9
        002 "x" #1: scheduling redirect 1 to 192.0.2.9
        002 "x" #1: deleting IKE SA (sent IKE_SA_INIT request)
        """,
        Result.REDIRECTED,
        Cause.REDIRECTED,
        "peer",
        True,
    ),
    (
        "the Child SA refused by us, 5.4",
        "5.4",
        "up",
        """
        000 "x" #1: initiating IKEv2 connection to 192.0.2.1 using UDP
        000 "x" #1: initiator established IKE SA; authenticated peer using authby=secret and FQDN '@gw'
        000 "x" #2: policy dictates Transport Mode, but peer requested Tunnel Mode
        000 "x" #1: response for Child SA #2 was rejected with NO_PROPOSAL_CHOSEN; initiating delete of Child SA (IKE SA will remain UP)
        """,
        Result.CHILD_REJECTED,
        Cause.CHILD_MODE,
        "us",
        False,
    ),
    (
        "wrong hash: the PSK differs, aggressive mode",
        "4.10",
        "up",
        """
        002 "x" #1: initiating IKEv1 Aggressive Mode connection
        112 "x" #1: sent Aggressive Mode request
        003 "x" #1: received Hash Payload does not match computed value
        223 "x" #1: sending notification INVALID_HASH_INFORMATION to 192.0.2.1:500
        002 "x" #1: deleting state (STATE_AGGR_I1) aged 0.1s and NOT sending notification
        """,
        Result.AUTHENTICATION_FAILED,
        Cause.SECRET_DIFFERS,
        "us",
        False,
    ),
    (
        "NO_PROPOSAL_CHOSEN for a Child SA on an IKE SA that is there",
        "4.15",
        "up",
        """
        002 "x" #4: initiating Child SA using IKE SA #1
        189 "x" #4: sent CREATE_CHILD_SA request for new IPsec SA
        003 "x" #4: CREATE_CHILD_SA failed with error notification NO_PROPOSAL_CHOSEN
        200 "x" #4: state transition 'process create child sa response' failed
        """,
        Result.CHILD_REJECTED,
        Cause.CHILD_PROPOSAL,
        "peer",
        False,
    ),
    (
        "a status notification refuses nothing",
        "4.10",
        "up",
        """
        002 "x" #1: initiating IKEv2 connection
        150 "x" #1: sent IKE_SA_INIT request to 192.0.2.1:500
        003 "x" #1: dropping unexpected IKE_SA_INIT message containing IKEV2_FRAGMENTATION_SUPPORTED notification; message payloads: N
        031 "x" #1: STATE_V2_PARENT_I1: 60 second timeout exceeded after 7 retransmits.  No response (or no acceptable response) to our first IKEv2 message
        002 "x" #1: deleting state (STATE_V2_PARENT_I1) aged 60.1s and NOT sending notification
        """,
        Result.PEER_SILENT,
        Cause.PEER_SILENT,
        "us",
        True,
    ),
    (
        "port closed",
        "4.10",
        "up",
        """
        002 "x" #1: initiating IKEv2 connection
        150 "x" #1: sent IKE_SA_INIT request to 192.0.2.1:500
        003 "x" #1: ERROR: asynchronous network error report on eth0 (192.0.2.2:500), complainant 192.0.2.1: Connection refused [errno 111, origin ICMP type 3 code 3 (not authenticated)]
        031 "x" #1: STATE_V2_PARENT_I1: 60 second timeout exceeded after 7 retransmits.  No response (or no acceptable response) to our first IKEv2 message
        """,
        Result.PEER_SILENT,
        Cause.PORT_CLOSED,
        "kernel",
        True,
    ),
    (
        "the peer says nothing after IKE_SA_INIT",
        "5.2",
        "up",
        """
        002 "x" #1: initiating IKEv2 connection to 192.0.2.1 using UDP
        002 "x" #1: sent IKE_SA_INIT request to 192.0.2.1:UDP/500
        002 "x" #1: sent IKE_AUTH request to 192.0.2.1:UDP/500
        051 "x" #1: IKE_AUTH_I: 60 second timeout exceeded after 7 retransmits.  Possible authentication failure: no acceptable response to our first encrypted message
        """,
        Result.PEER_SILENT,
        Cause.AUTH_UNANSWERED,
        "us",
        True,
    ),
    (
        "somebody else takes it down",
        "4.15",
        "up",
        """
        181 "x" #1: initiating IKEv2 connection
        181 "x" #1: sent IKE_SA_INIT request to 192.0.2.1:500
        002 "x" #1: deleting state (STATE_V2_PARENT_I1) aged 4.1s and NOT sending notification
        """,
        Result.DELETED_BY_OTHER,
        Cause.TAKEN_DOWN,
        "pluto",
        True,
    ),
    (
        "the peer deletes at once",
        "5.2",
        "up",
        """
        002 "x" #1: initiating IKEv2 connection to 192.0.2.1 using UDP
        003 "x" #1: initiator established IKE SA; authenticated peer using authby=secret and ID_FQDN '@gw'
        002 "x" #1: received Delete SA payload: self-deleting ISAKMP State #1
        002 "x" #1: deleting IKE SA (ESTABLISHED_IKE_SA) aged 0.1s and NOT sending notification
        """,
        Result.DELETED_BY_OTHER,
        Cause.DELETED_BY_PEER,
        "peer",
        True,
    ),
    (
        "a reason that nobody knows is shown, and nobody is blamed",
        "5.4",
        "up",
        """
        000 "x" #1: initiating IKEv2 connection to 192.0.2.1 using UDP
        000 "x" #1: the moon is in the wrong phase
        000 "x" #1: deleting IKE SA (sent IKE_SA_INIT request)
        """,
        Result.FAILED,
        Cause.GONE_WITHOUT_REASON,
        "pluto",
        True,
    ),
    (
        "a secrets file that cannot be used",
        "4.10",
        "rereadsecrets",
        """
        002 forgetting secrets
        002 loading secrets from "/etc/ipsec.secrets"
        003 "/etc/ipsec.secrets" line 1: unterminated string
        """,
        Result.REFUSED,
        Cause.SECRETS_FILE,
        "pluto",
        False,
    ),
    (
        "transport here, tunnel there, 4.3",
        "4.3",
        "up",
        """
        181 "x" #3: initiating IKEv2 connection
        182 "x" #3: sent IKE_AUTH request {auth=IKEv2 cipher=AES_GCM_16_256 integ=n/a prf=HMAC_SHA2_512 group=MODP2048}
        003 "x" #3: authenticated using authby=secret
        003 "x" #4: local policy requires Transport Mode but peer requires required Tunnel Mode
        002 "x" #3: deleting other state #4 (STATE_PARENT_I2) aged 0.282733s and NOT sending notification
        002 "x" #3: deleting state (STATE_V2_ESTABLISHED_IKE_SA) aged 0.294029s and sending notification
        002 "x" #3: deleting IKE SA but connection is supposed to remain up; schedule EVENT_REVIVE_CONNS
        """,
        Result.CHILD_REJECTED,
        Cause.CHILD_MODE,
        "us",
        False,
    ),
    (
        "the same, 4.10",
        "4.10",
        "up",
        """
        181 "x" #3: initiating IKEv2 connection
        003 "x" #3: initiator established IKE SA; authenticated peer using authby=secret and ID_FQDN '@e2'
        003 "x" #4: local policy requires Transport Mode but peer requires required Tunnel Mode
        003 "x" #3: IKE SA established but initiator rejected Child SA response
        """,
        Result.CHILD_REJECTED,
        Cause.CHILD_MODE,
        "us",
        False,
    ),
    (
        "the same, 5.2, with traces of what was not installed",
        "5.2",
        "up",
        """
        002 "x" #3: initiating IKEv2 connection to 192.0.2.1 using UDP
        002 "x" #3: initiator established IKE SA; authenticated peer using authby=secret and ID_FQDN '@e2'
        002 "x" #4: policy dictates Transport Mode, but peer requested Tunnel Mode
        002 "x" #4: CHILD SA failed: NO_PROPOSAL_CHOSEN
        002 "x" #3: IKE SA established but initiator rejected Child SA response
        002 "x" #4: connection is supposed to remain up; revival attempt 1 scheduled in 0 seconds
        002 ERROR: "x" #4: netlink response for Del SA esp.e37fd91e@192.0.2.1: No such process (errno 3)
        """,
        Result.CHILD_REJECTED,
        Cause.CHILD_MODE,
        "us",
        False,
    ),
    (
        "a name that pluto does not know",
        "5.4",
        "up",
        """
        000 no connection or alias named "x"
        021 
        """,
        Result.UNKNOWN,
        Cause.UNKNOWN_NAME,
        "pluto",
        False,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: re.sub(r"\W+", "-", case[0]))
def test_the_cause_is_named(
    case: tuple[str, str, str, str, Result, Cause | None, str | None, bool | None],
) -> None:
    """Result, cause, finder, and whether trying again can help; the sentence has the advice for that cause."""
    _, release, operation, text, result, cause, by, again = case
    outcome = judged(release, operation, text)
    assert (outcome.result, outcome.cause, outcome.found_by) == (result, cause, by), outcome.sentence
    assert outcome.ok == (result in OK)
    if cause is not None:
        assert outcome.retryable is again
        assert outcome.advice == ADVICE[cause].advice
        assert outcome.sentence


def test_what_4_10_says_of_a_deletion_by_the_peer_is_held_against_the_state() -> None:
    """It says no more to the one who waits, and may have brought another Child SA up meanwhile."""
    (case,) = (
        one for one in CASES if one[0].startswith("the peer deletes the IKE SA before there is a Child SA")
    )
    assert judged(*case[1:4]).needs_state


def test_a_redirect_says_what_pluto_goes_on_doing() -> None:
    """It is not over: pluto negotiates with the other gateway, and its state tells how that ends."""
    case = next(case for case in CASES if case[4] is Result.REDIRECTED)
    outcome = judged(case[1], case[2], case[3])
    assert outcome.left_behind is not None
    assert "192.0.2.9" in outcome.left_behind
    assert outcome.needs_state


def test_an_alias_says_which_member_was_rekeyed() -> None:
    """One has no IKE SA, the other was rekeyed."""
    outcome = judged(
        "5.4",
        "rekey-ike",
        """
        000 "x/0x1" #1: initiating rekey to replace IKE SA #1 using IKE SA #1
        000 "x/0x1" #4: initiator rekeyed IKE SA #1 {cipher=AES_GCM_16_256 integ=n/a prf=HMAC_SHA2_512 ke=DH19}
        022 
        000 "x/0x2": connection does not have an established IKE SA
        """,
    )
    assert [(one.connection, one.ok) for one in outcome.members] == [("x/0x1", True), ("x/0x2", False)]
    assert not outcome.ok
    assert outcome.members[1].cause is Cause.NOT_UP
    assert '"x/0x1": done' in outcome.sentence


def test_after_a_timeout_pluto_does_not_go_on() -> None:
    """The IKE SA was deleted, and nothing says that pluto tries again."""
    case = next(case for case in CASES if case[4] is Result.NO_PROPOSAL)
    assert judged(case[1], case[2], case[3]).left_behind is None


def test_every_cause_has_advice_and_every_failure_a_cause() -> None:
    """No cause is without its result, its place and its order; no result is without a usual cause."""
    assert set(ADVICE) == set(Cause)
    for advice in ADVICE.values():
        assert advice.result in {result.value for result in Result if result not in OK}
        assert advice.what
        assert advice.advice
    assert set(USUAL) == {result.value for result in Result if result not in OK}
    for result, (cause, _) in USUAL.items():
        assert ADVICE[cause].result == result


def test_what_pluto_finds_odd_inside_is_no_refusal() -> None:
    """5.2 takes the IKE SA down, and complains of itself with a code of a refusal."""
    outcome = judged(
        "5.2",
        "down",
        """
        002 "x": initiating delete of connection's IKE SA #1 (and Child SA #2)
        052 EXPECTATION FAILED: "x" #1: Message ID: NO_MESSAGE 2: old.initiator.wip == -1; initiator .sent=1
        002 "x" #1: sent INFORMATIONAL request to delete IKE SA
        002 "x" #1: deleting IKE SA (established IKE SA)
        """,
    )
    assert (outcome.result, outcome.code) == (Result.DOWN, None)
