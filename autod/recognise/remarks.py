"""Known lines that change nothing: for each topic the first words of its phrases.

Owns: this table, the last resort before a line is a Log. Must not know: outcomes of operations.

From the source code of 3.27 to 5.4: the lines that pluto may send to whack about a negotiation, a load, a rekey or a
deletion, and that are neither an event of their own nor the reason of one. A key is the first one, two or three words
of a line after its prefix.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from autod.events import Topic

__all__ = ["TOPICS", "topic_of"]

_PHRASES: Final[dict[Topic, str]] = {
    "authentication": """
        Add  publickey | Add publickey failed | DNS: IPSECKEY not | EAP Final ACK | EAP Fragment acknowledgement
        | EAP TLS Fragmentation | EAP TLS Msglen | EAP with | ECDSA_sign_hash: Unable to | Failed to calculate |
        I2 hash length: | IKEv2: [XAUTH]PAM method | IPSECKEY rr parse | Ignoring IPSECKEY RR: | NSS:
        constructing DER | PPK AUTH calculated | RSA_sign_hash: Unable to | SEND_NO_IKEV2_AUTH set - |
        Unsupported Algorithm in | add publickey failed | added EAP payload | allocating space for | cached
        ECDSA public | cached RSA public | converting base64 pubkey | copying 'e' (exponent) | copying 'n'
        (modulus) | could not build | failed to extract | failed to find | failure creating | forcing auth
        method | forward address validation | hash length in | identity hash, skipping | ignored received
        PPK_IDENTITY | ignoring IPSECKEY RR: | invalid address: | invalid hex CKAID | negotiated prf: | not
        responding with | peer wants to | redirect-to is not | rejecting IKE_AUTH request; | reloaded private
        key | responding with | switching CHILD | the state is |
        cached | selinux within_range: |
        Add
    """,
    "certificate": """
        freeing root |         CRL: importing | NSS CRL import | NSS error enabling | NSS error setting | NSS: OCSP: WARNING: | NSS:
        OCSP: default | NSS: certificate key | No Certificate Authority | OCSP responder cert | OCSP: WARNING:
        could | Warning: gntoid() failed | automatic update of | cert verify failed |
        cert_VerifySubjectAltName() should not | certificate verified OK: | config crlcheckinterval= is | could
        not find | could not start | error enabling OCSP | error finding CA | error setting OCSP | error setting
        default | fetching uri | ignoring CERTREQ payload | ignoring CERTREQ payload: | invalid IP_ADDRESS
        general | libcurl could not | mangling RSA pubkey's | not initiating FETCH_CRL | not scheduling
        EVENT_CHECK_CRLS | problem waiting for | reloaded | responder certificate | to many certificates |
        trustee A = | trustor B = | warning: gntoid() failed | warning: invalid IP_ADDRESS | warning: more than |
        _import_crl internal | NSS
    """,
    "configuration": """
        Also deleting any | FIPS mode | FIPS: --debug crypt | FIPS: --debug private | FIPS: --debug-private is |
        Failed to initialize | Failed to open | IKEv1 connection ignores | IKEv1 dpd settings | IKEv1 only |
        IKEv1, ignoring | IKEv2 connection ignores | IKEv2 ignores dpdtimeout==; | Ignored trusted key |
        Performing seccomp security | Set IKE socket | accept() failed in | add keyid | all IKE_SA_INIT requests
        | bad --keyid | changing legacy ',,' | cleared global redirect | delete keyid | duplicate key fields |
        empty hostname in | error: Key without | error: key to | failed to construct | failed to send | failed
        to set | forcing esn=no as | ignored for never-negotiate | ignored trusted key | ignoring message from |
        ignoring runt message | initiating liveness | ipsec whack: --global-redirect | ipsec whack: rereadcrls |
        length of vti-interface | no active tunnels | no trust anchor | out of space | pluto DDoS protection |
        pluto is running | problem with trusted | redirect destination longer | redirect not successful |
        redirecting of peer | redirecting to: | redirections sent for | remote host IP | send-redirect=no,
        redirect-to= is | send-redirect=yes ignored, redirect-to= | sending keepalive | set IKE socket | set
        global redirect | skipping mismatched | state 'no' is | tnatoaddr failed in | trusted key file |
        --rekey-ike-now and | failed to instantiate | response of | response type | response version |
        FIPS: | skipping
    """,
    "connection": """
        Cannot instantiate non-template | Cannot opportunistically initiate | Dragons! connection port | FIPS:
        ignored | Failed to: | ID cannot be | IKE lifetime limited | IKE lifetime set | IKEv1 DPD requres |
        IPsec lifetime limited | IPsec lifetime set | IPsec max bytes | IPsec max packets | Ignored esp= option
        | Ignored ike= option | Kernel method | MOBIKE requires ikev2 | MOBIKE requires ikev2=insist | SELinux
        support is | SIGHASH requires ikev2 | SIGHASH requires ikev2=insist | Virtual IP | Your ID is | adding
        bare wide | allowing IKEv1 | assign_holdpass failed! | bad CA string | bad mark mask | bad mark value |
        both left and | both sides of | cannot ondemand forced | cannot opportunistically initiate |
        cannot_oppo() failed to | conflicting mark specifications | connection already routed | connection
        established | connection is using | connection marked for | converting ondemand kernel | deleting
        connection | deleting group instances | deleting labeled child | deleting labeled parent | deleting
        larval | deleting lingering | deleting template instances | did not find | dropping new Opportunistic |
        failed to replace | failure shunt | format_end: buffer too | found existing state, | getcon() |
        getcon(): | group name + | host address family | ignored enable-tcp= option | ignored esp= option |
        ignored ike= option | ignoring found existing | ignoring viable | initiate_ondemand_body() failed to |
        invalid serial number | kernel interface does | leftaddresspool clash | leftauthby=ecdsa but authby= |
        leftauthby=never but authby= | leftauthby=null but authby= | leftauthby=rsasig but authby= |
        leftauthby=secret but authby= | mark value | narrowing=yes requires ikev2 | narrowing=yes requires
        ikev2=insist | negotiation shunt | no authentication (auth=, | no suitable connection | not resolved |
        opportunistic: | overlap is forbidden | overlap is okay | pending IPsec SA | policy ROUTE added |
        prospective shunt | queuing pending IPsec | refine_host_connection: unexpected auth | rekeying existing
        instance | route_owner: connection no | selinux polmatch within_range: | selinux setcontext
        within_range: | selinux support is | terminating group instances | the connection is | two interfaces
        match | updating pending dns | warning: IKEv1 connection | warning: IKEv1 dpd | warning: IKEv1 only |
        warning: IKEv1, ignoring | warning: IKEv2 ignores | warning: forcing esn=no | warning: length of |
        warning: never-negotiate connection | warning: send-redirect=no, redirect-to= | warning:
        send-redirect=yes ignored, | warning: unknown pubkey | zeroing non-sero address | zeroing non-zero
        address | zeroing non-zero host
    """,
    "crypto": """
        computing responder KE: | failed to create | failed to start | missing ADDITIONAL_KEY_EXCHANGE
        notification | no crypto helpers | no helpers will | omitting ADDITIONAL_KEY_EXCHANGE notification |
        problem writing to | responder IKE_FOLLOWUP_KE link | seccomp security for | started thread for |
        starting up |
        do_aes_ctr: | NSS RNG | NSS failed |
       
    """,
    "dpd": """
        Configured DPD (RFC | DPD action - | DPD: R_U_THERE has | DPD: R_U_THERE_ACK has | DPD: could not | DPD:
        received | DPD: unexpected R_U_THERE_ACK | liveness action - | liveness: IKE SA
    """,
    "impair": """
        IMPAIR: | Impair:
    """,
    "interface": """
        Can not find | Cannot find interface | ERROR find_any_xfrmi_interface() received | ERROR write to |
        FATAL unexpected error | FATAL unexpeted error | IP interfaces | Ignored interface | MSG_ERRQUEUE packet
        IKE | NAT-T keep-alive | NAT-Traversal is turned | NAT-Traversal: ESPINUDP for | NLMSG_ERROR in
        nl_query_small_resp() | TCP: accepting connection | TCP: did not | TCP: problem reading | TCP: send of |
        TCP: skipping setsockopt(espintcp) | TCP: socket | TCP: write - | bind() for | failed
        stale_xfrmi_interfaces() call | find_xfrmi_ipaddr() xfrmi is | found an unexpected |
        get_xfrmi_ipaddr_from_conn() child_config is | in nl_query_small_resp() for | in nl_query_small_resp()
        rcvd | in nl_query_small_resp() reading | interface search skipped | invalid listen= option |
        ip_addr_xfrmi_find_on_if() ifinfo_response NULL | ip_addr_xfrmi_get_all_ips device does |
        ip_addr_xfrmi_store_ips() ifinfo_response NULL | mangled with potential | netlink nl_send_query() write
        | no public interfaces | poke_ipsec_offload_policy_hole failed | recvmsg(,, MSG_ERRQUEUE) on |
        recvmsg(,, MSG_ERRQUEUE): given | too small packet | udpfromto_init() returned an | unexpected error in
        | unknown cmsg: level | unreference_xfrmi_ip() Unable to | write to netlink |
        TCP:
    """,
    "kernel": """
        Acquire message for | BSD doesn't add | CAT: failed to | Could not add | ERROR IFA_ADDRESS invalid |
        ERROR IFA_ADDRESS invalid, | ERROR IFA_LOCAL invalid | ERROR IFA_LOCAL invalid, | Error:
        sha2-truncbug=yes is | Excessive orphan hold | FATAL: kernel interface | Failed to read | Failed to
        write | IPCOMP transform | Kernel does not | Kernel supports NIC | Libreswan ERROR: response |
        NETKEY/XFRM: unknown authentication | OpenBSD SADB_FLUSH does | SADB_X_EXT_UDPENCAP assumes the | Second
        Sec Ctx | Second sec_label in | Warning: XAUTH username | Warning: kernel expired | XFRM: unknown
        authentication | XFRM_MSG_ACQUIRE message from | XFRM_MSG_EXPIRE message from | XFRM_MSG_POLEXPIRE
        message from | assign_holdpass() delete_bare_shunt() failed | assign_holdpass() eroute_connection()
        failed | assign_holdpass() failed to | assign_holdpass() no bare | bad response | bad response: | can't
        find expected | can't offload to | conflict on eroute | could not parse | could not stat | delete kernel
        shunt | delete_ipsec_sa() called with | deleting bare shunt | destination port | existing bare shunt |
        failed to delete | failed to open | failed to read | failed to write | ignored, unsupported Address |
        ignoring message with | invalid ipsec-interface | invalid protocol | ipsec interfaces | kernel: |
        loading group | missing dest_port: either | missing source_port: either | mobike SA migration | netlink
        ext_ack: | netlink_acquire got message | netlink_expire got message | netlink_get read message |
        netlink_get read truncated | netlink_get_sa_policy: XFRM_MSG_GETPOLICY | netlink_get_spi:
        XFRM_MSG_ALLOCSPI returned | netlink_policy_expire got message | netlink_policy_expire:
        XFRM_MSG_GETPOLICY returned | netlink_shunt_expire() called delete_bare_shunt() | no kernel support | no
        shunt_eroute implemented | raw_eroute() to | recvfrom() failed in | replace kernel shunt | requested
        algorithm is | route to peer's | select() failed in | setting ' | setting expire-lifetime= to | source
        port | state spd requires | success on unparsable | suppressing a | unknown address family | unknown
        compression algorithm: | unknown encryption algorithm: | unsupported compression algorithm: |
        bsdkame except | ipsec_set_policy | ipsec-interface | write to
    """,
    "message": """
        AUTH response contained | Cannot do Quick | Connection does not | DDOS cookie requires | DOS cookie
        failed | DOS cookie notification | DOS cookies do | DOS mode on; | DPD initialization failed | DigSig:
        failed to | Digsig: No valid | Failed to delete | Failed to emit | Failed to extract | Fragmenting this
        | I am sending | IKE SA initiator | IKE SA responder | IKE_AUTH response contained | IKE_AUTH response
        contains | IKE_SA_INIT message has | IKE_SA_INIT request has | IKE_SA_INIT retransmission ignored: |
        IKEv2 COOKIE notify | IKEv2_COOKIE notify payload | ISAKMP SA for | Ignored bogus DNS | Ignoring unknown
        IKEv2 | Ignoring unknown/unsupported IKEv2 | Illegal IPCOMP CPI | Informational Exchange message |
        Initiator Cookie must | Labeled ipsec is | Local policy is | Message ID was | NAT: MOBIKE disabled, |
        NAT: MOBKIE disabled, | NULL auth ID | No CHILD SA | Non-negotiable Hash algorithm | Nortel 'Contivity
        Mode' | Notify payload for | Only one NO_PPK_AUTH | Only one PPK_IDENTITY | Peer ID | Peer wants to |
        Pluto is not | Quick Mode I1 | Quick Mode message | Received PPK_IDENTITY but | Received incorrect bytes
        | Received incorrect size | Received overlong | Received packet with | Response to Delete | SSH Sentinel
        1.4.1 | Sending MODE CONFIG | SoftRemote workaround: Cannot | Too many hash | Unexpected IKE major |
        Unexpected IPCOMP request | Unsupported IPCOMP compression | X509: connection allows | XAUTH completed;
        ModeCFG | adding bogus bit | adding unsolicited and | already processed IKE_SA_INIT | as expected,
        IKE_AUTH | bogus responder CP | bumping up buffer | busting MI2 with | busting MR2 with | byte at offset
        | cannot open logfile | cannot replace old | cloning incoming encrypted | copying notify response |
        corrupting incoming encrypted | discarding duplicate packet | discarding encrypted message | discarding
        fragments received | discarding initial packet; | discarding packet received | dropped IKE request |
        dropping Aggressive Mode | dropping IKE_SA_INIT message | dropping IKE_SA_INIT packet | dropping
        IKE_SA_INIT request | dropping IKE_SA_INIT response | dropping Main Mode | dropping fragment | dropping
        message with | dropping transition | dropping transition: | dropping unexpected | dropping unrecognized
        | duplicate v2N_REKEY_SA in | encrypted Informational Exchange | encryption failed | error initializing
        IV | error initializing SK | error initializing hdr | error initializing integrity | error initializing
        notify | error initializing padding | error writing SPI | error writing notify | failed to re-animate |
        fetching IDr IPsec | fragmenting this | gave up looking | global-redirect-to is not | ignoring Child SA
        | ignoring ISAKMP_N_CISCO_LOAD_BALANCE Informational | ignoring additional error | ignoring fragment as
        | ignoring informational payload | ignoring packet with | ignoring secured informational | ignoring
        unsecured informational | ignoring unsolicited | illegal IPCOMP CPI | initial Aggressive Mode | initial
        Main Mode | initial parent SA | initial phase 1 | initiate | initiating rekey to | initiator ID |
        initiator INTERNAL_DNS_DOMAIN CP | initiator guessed wrong | instead of replying | invalid key length |
        invalid ticket: | kernel failed to | last line from | log line missing | mangling DDOS cookie | message
        for | message id deadlock? | missing v2SA, v2TSi | no Child SA | no ISAKMP SA | no Phase1 state | no
        matching state | no message to | no right to | no useful state | no valid IPsec | non-critical payload
        ignored | omitting CHILDESS_IKEV2_SUPPORTED notify | omitting HASH payload | omitting KE payload | outsa
        fail | packet rejected: should | phase 1 message | processing a fake | protocol/port in Phase | rate
        limited log | read(whackfd) failed | read(whackfd) failed: | recvfrom on | refreshed session resume |
        releasing whack | responder ID | responding to | retransmission ignored: we're | retransmitting in
        response | saved fragment | send_wack_msg(): can't pack | sending HASH payload | sending IKE SA |
        sending INITIAL_CONTACT | sending an empty | sending bogus KE | sending cert as | sending empty KE |
        sending no KE | setting (should be | setting HASH payload | setting reserved byte | skipped sending
        STATE_MAIN_R2 | skipping check of | some IKE message | state transition | switched from |
        symkey_from_hunk() failed | unexpected SUCCESS from | unexpected TRY AGAIN | unexpected message received
        | unexpected request for | unknown attribute | unsupported IPCOMP compression | username cannot be |
        warning: Delete SA | write() failed | write() failed, and | write() failed: | xauth password cannot |
        ignoring | received | omitting | emitting | dropping | sending | setting | rejecting | expiring | initiator | IKE_SA_INIT response | IKE_AUTH request | Will not | resending | unexpected | recvmsg: | MSG_ERRQUEUE message |
        message ignored | message with | ignored | Received | adding | initiate,
    """,
    "mobike": """
        Ignoring MOBIKE UPDATE_SA | MOBIKE request: updating | MOBIKE response: updating | MOBIKE: AF change |
        no local gateway | no local source | without NETKEY we
    """,
    "nat": """
        Cannot compute NATD | KLIPS does not | NAT-Traversal support | NAT-Traversal: Only | NAT-Traversal:
        ignoring too | NAT-Traversal: invalid ID | NAT-Traversal: keep-alive period | NAT-Traversal: received |
        NAT: cannot float | NAT: cannot switch | cannot compute NATD | updating IKE SA
    """,
    "ppk": """
        ID+CONFIRMATION must be | N(PPK_IDENTITY) not received, | PPK used in | reading PPK ID:
    """,
    "proposal": """
        constructed local | no local proposal |         AUTH_ALGORITHM attribute missing | Deleting previous proposal | Error: Sec Ctx | GROUP_DESCRIPTION
        inconsistent with | IKEv1 key-length attribute | IPCA (IPcomp SA) | IPsec Proposal contains | IPsec
        Proposal with | IPsec SA contains | IPsec Security Label | IPsec Transform must | IPsec attribute |
        IPsec encryption transform | Proposal Payload has | Proposal Payload must | SA_LIFE_DURATION IPsec
        attribute | SA_LIFE_TYPE IPsec attribute | Skipped bogus proposal | This state (connection) | Transform
        Numbers are | Transform Numbers in | Unknown or unsupported | Unknown/unsupported DOI | You should NOT |
        a single Transform | accepted IKEv2 proposal | allowing empty | allowing invalid proposal | attribute
        OAKLEY_LIFE_TYPE value | attribute SA_LIFE_TYPE value | changing proposal substructure | compression
        proposed by | dropping local IKEv2 | duplicating key-length | expected KEY_IKE but | expecting Transform
        Payload, | failed to get | failed to translate | ignoring redundant | illegal proposal: IPCOMP | illegal
        proposal: bare | invalid SPI size | invalid attribute in | invalid transform: | kernel algorithm does |
        key-length-attribute:empty not implemented | local ESP/AH proposals | local IKE proposals | missing
        mandatory attribute(s) | multiple DH groups | no key-length to | not sending key-length | number of
        Transform | omitting fixed-size key-length | out_struct() of transform | peer requested IKE | proposal
        number was | remote proposal | repeated SECCTX attribute | sending key-length attribute | skipping
        proposal check | stripping key-length | unexpected Protocol ID | unexpected in Proposal: | unsupported
        ESP Transform | unsupported IPsec DOI | unsupported IPsec IPcomp | unsupported IPsec attribute |
        unsupported IPsec encryption | warning: peer requested |
        allowing
    """,
    "rekey": """
        CREATE_CHILD_SA IPsec SA | CREATE_CHILD_SA no such | changing REKEY SA | connection is supposed | event
        CONNECTION_REVIVAL already | ignoring CREATE_CHILD_SA CP | ignoring duplicate v2N_REKEY_SA | initiating
        connection | next attempt will | outaddke fail | rekeying IKE SA | rekeying IPsec SA | reviving
        connection which | unknown SA type
    """,
    "secrets": """
        NSS: could not | forgetting secrets | loaded private key
    """,
    "selectors": """
        Allowing bad L2TP/IPsec | Allowing questionable (microsoft) | Allowing questionable proposal | Applying
        workaround for | CISCO_SPLIT: sending | Encountered Traffic Selector | IDci was FQDN: | IDcr was FQDN: |
        Quick Mode without | Traffic Selector | adding bonus Quick | applying workaround for | best connection |
        duplicate Traffic Selector | encountered Traffic Selector | forcing number of | inserting fake VID |
        invalid virtual string | limiting the address | overwriting lease IP | peer Virtual IP | policy forbids
        peer | rejecting request for | skipping Quick Mode | the peer proposed: | unsupported ID type | virtual
        string | virtual-private entry is | warning: limiting the
    """,
    "state": """
        state transition | IKE SA expired | Child SA expired | ISAKMP SA expired | IPsec SA expired |         Child SA | Delete SA payload: | Error: INFORMATIONAL Exchange | IKE SA Delete | IPsec Delete
        Notification | Ignored bogus delete | Initiating connection | MOBIKE success no | Odd: INFORMATIONAL
        Exchange | TCP: retransmit skipped | Unexpected state in | adding bogus Notify | changing Delete payload
        | delete response missing | deleting existing | deleting lasting state | deleting other state | deleting
        state | expire pending | expire unused IKE | expire unused parent | failed to pull | forcing IKE
        initiator | forcing IKE responder | ignoring Delete SA | intiating delete | liveness_check error, no |
        message received while | missing SK or | no handler for | no new CREATE_CHILD_SA | omitting IPsec delete
        | omitting ISKMP delete | orphan_holdpass() failure ignored | reschedule pending | restarting peer |
        retransmit so timing | send_no_delete set - | suppressing retransmits; scheduling | switched to | too
        many SPIs |
        terminated
    """,
    "xauth": """
        XAUTH client - |         CISCO_SPLIT_INC subnet | Expected MODE_CFG_REPLY is | Expecting ISAKMP_CFG_ACK or | Expecting
        ISAKMP_CFG_REQUEST or | Expecting ISAKMP_CFG_REQUEST, got | Expecting MODE_CFG_REPLY; got | Expecting
        MODE_CFG_SET, got | Ignoring NUL at | Invalid DNS IPv4 | PAM: creation of | Received and ignored | XAUTH
        IP addresspool | XAUTH User Name | XAUTH User Password | XAUTH: Answering XAUTH | XAUTH: PAM
        authentication | XAUTH: Sending Username/Password | XAUTH: Unsupported type: | XAUTH: authentication for
        | XAUTH: authentication method | XAUTH: connection addresspool | XAUTH: invalid addresspool | XAUTH:
        password file | XAUTH: two User | XAUTH: xauth_inR1(STF_OK) | attempt to send | did not get | drop XAUTH
        R0 | expecting ISAKMP_CFG_ACK or | expecting ISAKMP_CFG_ACK, got | expecting ISAKMP_CFG_REQUEST or |
        expecting ISAKMP_CFG_REQUEST, got | expecting ISAKMP_CFG_SET, got | expecting MODE_CFG_REPLY or |
        expecting MODE_CFG_SET, got | ignoring CISCO_SPLITs in | ignoring malformed CISCO_SPLIT_INC | initiating
        MODE_CFG SET | invalid CISCO_SPLIT in | invalid XAUTH_STATUS value | modecfg: Sending IP |
        modecfg_inR0(STF_OK) | processed MODE_CFG ACK | sending CISCO_SPLIT | setting ip source | skipped
        sending XAUTH | successfully logged in | trying to send | while waiting for | xauth:
        xauth_client_ackstatus() returned
    """,
}

TOPICS: Final[dict[str, Topic]] = {
    " ".join(phrase.split()): topic
    for topic, phrases in _PHRASES.items()
    for phrase in phrases.split("|")
    if phrase.strip()
}
"""The topic of a line by its first words."""


_BEGINNINGS: Final = frozenset(phrase.partition(" ")[0] for phrase in TOPICS)


def topic_of(body: str, word: str) -> Topic | None:
    """The topic of a line without its prefix. `word` is its first word. None if the line is not known."""
    if word not in _BEGINNINGS:
        return None
    words = body.split(" ", 3)
    for count in (3, 2, 1):
        topic = TOPICS.get(" ".join(words[:count]))
        if topic is not None:
            return topic
    return None
