"""Further connections that fail, as those of tests/lab/causes.py: each way to be wrong, in each mode and on each side.

Where pluto's lines leave it open, more than one cause is right; `up` where some releases agree
after all. Most fail before an ESP state is installed.
"""

from __future__ import annotations

from tests.lab.causes import AES, CLOSED, NOBODY, V1, Case, before, both, case, with_certificates

__all__ = ["more"]

SECRET = "another-secret-of-the-far-end"
ALSO = "@x"
"""An identity for which there is the same secret; causes.py puts the number of the connection behind it."""


def more(release: str, far: str) -> dict[str, Case]:
    """By name, for a west of one release and an east of another."""
    v2 = {"ikev2": "insist"} if before(release, 5) or before(far, 5) else {}
    aggressive = {**V1, "aggressive": "yes", "ike": AES}
    found = {
        **_modes(v2, aggressive),
        **_identities(v2, aggressive, unsaid=" auth_unanswered" if before(release, 4, 5) else ""),
        **_with_certificates(v2, aggressive),
        **_children(v2, unsaid=" peer_busy ike_sa_gone" + (" deadline" if before(release, 4, 5) else "")),
    }
    # 4.3 ends itself where it refuses a certificate in aggressive mode (an assertion in complete_v1_state_transition)
    fatal = ("aliena", "namea") if before(release, 4, 5) and not before(release, 4) else ()
    return {name: one for name, one in found.items() if name not in fatal}


def _modes(v2: dict[str, str], aggressive: dict[str, str]) -> dict[str, Case]:
    unanswered = "ike_proposal ikev1_unanswered ike_mode ike_version"
    return {
        "ike1a": case(aggressive, {**aggressive, "ike": "aes128-sha1;modp2048"}, "ike_proposal", "both"),
        "group1a": case(
            aggressive, {**aggressive, "ike": "aes256-sha2_256;modp4096"}, "ike_proposal", "both"
        ),
        "group1": case({**V1, "ike": AES}, {**V1, "ike": "aes256-sha2_256;modp4096"}, "ike_proposal", "both"),
        "group2": case(
            {**v2, "ike": AES}, {**v2, "ike": "aes256-sha2_256;dh19"}, "ike_proposal ke_group", "both"
        ),
        "main": case(aggressive, {**V1, "ike": AES}, unanswered, "both"),
        "aggr": case({**V1, "ike": AES}, aggressive, unanswered, "both"),
        "version2": case({"ikev2": "insist"}, V1, "ike_proposal ike_version peer_silent", "both between"),
        "versiona": case(aggressive, {"ikev2": "insist"}, unanswered, "both"),
        "far": case({**v2, "right": "nosuch.invalid"}, None, "no_peer_address not_oriented", "here both"),
        "far1": case({**V1, "right": NOBODY}, None, "ikev1_unanswered", "both"),
        "closed1": case({**V1, "right": CLOSED}, None, "port_closed", "there"),
        "nowhere": case({**v2, "right": "192.1.2.79"}, None, "unreachable peer_silent", "between"),
        "nouser": case(
            {**V1, "leftxauthclient": "yes", "rightxauthserver": "yes"},
            {**V1, "leftxauthclient": "yes", "rightxauthserver": "yes", "xauthby": "file"},
            "xauth_credentials xauth_refused",
            "here",
        ),
        "xauth": case(
            V1,
            {**V1, "leftxauthclient": "yes", "rightxauthserver": "yes"},
            "ike_proposal xauth_refused ikev1_unanswered",
            "both",
        ),
        "noxauth": case(
            {**V1, "leftxauthclient": "yes", "rightxauthserver": "yes"},
            V1,
            "ike_proposal ikev1_unanswered",
            "both",
        ),
    }


_THEIRS = {
    "2": "authentication",
    "1": "authentication ike_proposal ikev1_unanswered",
    # to whom begins, the IKE SA is up before the peer has looked at what it got
    "a": "authentication ike_proposal ikev1_unanswered child_refused",
}
"""What a refusal by the peer looks like, by the mode."""


def _identities(v2: dict[str, str], aggressive: dict[str, str], *, unsaid: str) -> dict[str, Case]:
    found: dict[str, Case] = {}
    for mark, options in (("2", v2), ("1", V1), ("a", aggressive)):
        theirs = _THEIRS[mark]
        found |= {
            f"id{mark}": case(
                {**options, "rightid": ALSO}, options, f"peer_id {theirs}{unsaid}", "both between"
            ),
            f"theirid{mark}": case(options, {**options, "leftid": ALSO}, theirs, "both"),
            f"nosecret{mark}": both(options, "secret_missing", "here", own=""),
            f"theirsecret{mark}": both(options, theirs, "both", secret=""),
        }
    west, east = with_certificates()
    found |= {
        "auth2": case({**v2, **west}, v2, "authentication auth_method", "both"),
        "theirauth2": case(v2, {**v2, **east}, "authentication auth_method", "both"),
        "auth1": case({**V1, **west}, V1, "ike_proposal authentication ikev1_unanswered", "both"),
        "theirauth1": case(V1, {**V1, **east}, "ike_proposal authentication ikev1_unanswered", "both"),
        "null2": case({**v2, "authby": "null"}, v2, "authentication auth_method", "both"),
        "theirnull2": case(v2, {**v2, "authby": "null"}, "authentication auth_method", "both"),
        "ppk2": case({**v2, "ppk": "insist"}, v2, "ppk authentication", "both"),
        "theirppk2": case(v2, {**v2, "ppk": "insist"}, "ppk authentication ike_proposal", "both"),
    }
    return found


def _with_certificates(v2: dict[str, str], aggressive: dict[str, str]) -> dict[str, Case]:
    found: dict[str, Case] = {}
    west, east = with_certificates()
    for mark, options in (("2", v2), ("1", V1), ("a", aggressive)):
        near, away = {**options, **west}, {**options, **east}
        theirs = _THEIRS[mark]
        unsaid = f"auth_unanswered {theirs}"
        found |= {
            f"alien{mark}": case(
                near, {**away, "rightcert": "alien"}, "certificate_issuer auth_unanswered", "here both"
            ),
            f"name{mark}": case(
                {**near, "rightid": "@somebody"},
                {**away, "rightid": "@somebody"},
                "certificate_name auth_unanswered",
                "both",
            ),
            f"keyless{mark}": case(
                {**near, "leftcert": "keyless", "rightca": ""}, away, "private_key_missing", "here"
            ),
            f"stranger{mark}": case({**near, "leftcert": "stranger", "rightca": ""}, away, theirs, "both"),
            f"issuer{mark}": case(
                {**near, "rightca": "CN=other-ca"},
                away,
                f"certificate_issuer peer_id public_key_missing {unsaid}",
                "both",
            ),
            f"unshown{mark}": case(
                {**near, "rightsendcert": "never"},
                {**away, "rightsendcert": "never"},
                f"public_key_missing certificate_missing {unsaid}",
                "both",
            ),
        }
    found["hash2"] = case(
        {**v2, **west, "authby": "rsa-sha2_512"},
        {**v2, **east, "authby": "rsa-sha2_256"},
        # what it cannot sign with is in the log alone
        "authentication auth_method auth_unanswered private_key_missing",
        "both here",
    )
    return found


def _children(v2: dict[str, str], *, unsaid: str) -> dict[str, Case]:
    open_ = "child_refused child_unanswered"
    tunnel, transport = (
        {"leftsubnet": "", "rightsubnet": ""},
        {"leftsubnet": "", "rightsubnet": "", "type": "transport"},
    )
    return {
        "nets1": case(V1, {**V1, "leftsubnet": "10.9.0.0/24"}, f"traffic_selectors {open_}", "both there"),
        "mode1": case(
            {**V1, **transport},
            {**V1, **tunnel},
            f"child_proposal child_mode traffic_selectors {open_} up",
            "both there",
        ),
        "theirmode1": case(
            {**V1, **tunnel},
            {**V1, **transport},
            f"child_proposal child_mode traffic_selectors {open_} up",
            "both there",
        ),
        "pfs1": case({**V1, "pfs": "no"}, {**V1, "pfs": "yes"}, f"child_proposal {open_}", "both there"),
        "ah1": case({**V1, "phase2": "ah"}, V1, f"child_proposal {open_}", "both there"),
        "ah2": case({**v2, "phase2": "ah"}, v2, "child_proposal", "both"),
        "esn2": case({**v2, "esn": "yes"}, {**v2, "esn": "no"}, "child_proposal", "both"),
        "pool": case(
            {
                **v2,
                "leftsubnet": "",
                "rightsubnet": "0.0.0.0/0",
                "narrowing": "yes",
                "leftmodecfgclient": "yes",
            },
            {**v2, "leftsubnet": "10.44.0.0/24"},
            "traffic_selectors address_pool child_refused",
            "both there",
        ),
        # CREATE_CHILD_SA on an IKE SA that is up without its first Child SA, or behind one that is yet to come up
        "esp3": case(
            {**v2, "esp": "aes256-sha2_256"},
            {**v2, "esp": "aes128-sha1"},
            "child_proposal" + unsaid,
            "both",
            like="nets2",
        ),
        "nets3": case(
            v2, {**v2, "leftsubnet": "10.9.1.0/24"}, "traffic_selectors" + unsaid, "both", like="nets2"
        ),
        "group3": case(
            {**v2, "esp": "aes256-sha2_256;modp2048"},
            {**v2, "esp": "aes256-sha2_256;dh19"},
            "child_proposal ke_group up" + unsaid,
            "both",
            like="nets2",
        ),
        "esp4": case(
            {**V1, "esp": "aes256-sha2_256"},
            {**V1, "esp": "aes128-sha1"},
            f"child_proposal {open_}",
            "both there",
            like="nets1",
        ),
    }
