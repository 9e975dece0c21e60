"""Connections that fail, each for a reason of its own, between two real gateways with ESP.

with failing(lab, folder) as cases:        # all loaded on both; cases: name -> the causes that are right
"""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.real.certificates import authority, certificate, give, give_without_key
from tests.real.half_peer import half_peer
from tests.real.namespaces import silent_peer
from tests.real.plutos import EAST, connection

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.gateways import Lab

__all__ = ["Case", "failing"]

NOBODY, CLOSED, HALF, ELSEWHERE = "192.1.2.77", "192.1.2.24", "192.1.2.26", "192.1.2.99"
SHORT = {"retransmit_timeout": "4s", "keyingtries": "1"}
V1 = {"ikev2": "no"}
AES, OTHER = "aes256-sha2_256;modp2048", "aes128-sha1;modp4096"
VALID = (25, 75, 200)
"""Seconds for which the certificate that ends is valid: it is loaded in that time; more for a slower machine."""


@dataclass(frozen=True)
class Case:
    """What west and east have (None: nothing), and which causes are right; `where` it is mended."""

    west: dict[str, str]
    east: dict[str, str] | None
    causes: frozenset[str]
    where: frozenset[str]
    secret: str | None = None
    """That of east, where it is not the common one."""


def _case(west: dict[str, str], east: dict[str, str] | None, causes: str, where: str, **more: str) -> Case:
    return Case(west, east, frozenset(causes.split()), frozenset(where.split()), **more)


def _both(options: dict[str, str], causes: str, where: str, **more: str) -> Case:
    return _case(options, options, causes, where, **more)


def cases(release: str) -> dict[str, Case]:
    """By name. Where a release says less, more than one cause is right."""
    old = release.startswith("4.3")
    v2 = {"ikev2": "insist"} if release.startswith(("3", "4")) else {}
    aggressive = {**V1, "aggressive" if release.startswith("5") else "aggrmode": "yes", "ike": AES}
    own = {
        "authby": "rsasig",
        "leftcert": "west",
        "leftid": "@west",
        "rightid": "@east",
        "rightrsasigkey": "%cert",
    }
    theirs = {**own, "leftcert": "", "rightrsasigkey": "", "rightcert": "east", "leftrsasigkey": "%cert"}
    own |= {"leftsendcert": "always", "rightsendcert": "always", "rightca": "%same"}
    theirs |= {"leftsendcert": "always", "rightsendcert": "always"}
    # up to 4.4 the initiator does not tell whack that it refused what came with IKE_AUTH
    unsaid = " auth_unanswered" if old else ""
    between = " between" if old else ""
    xauth = {**V1, "leftxauthclient": "yes", "rightxauthserver": "yes"}
    pool = {"leftsubnet": "", "rightsubnet": "0.0.0.0/0", "narrowing": "yes", "leftmodecfgclient": "yes"}
    plain = {"leftsubnet": "", "rightsubnet": ""}
    return {
        "psk2": _both(v2, "authentication", "both", secret="another-secret-of-the-far-end"),
        "psk1": _both(V1, "authentication", "both", secret="another-secret-of-the-far-end"),
        "pska": _both(aggressive, "secret_differs", "both", secret="another-secret-of-the-far-end"),
        "ike2": _case({**v2, "ike": AES}, {**v2, "ike": OTHER}, "ike_proposal", "both"),
        "ike1": _case({**V1, "ike": AES}, {**V1, "ike": OTHER}, "ike_proposal", "both"),
        "esp2": _case(
            {**v2, "esp": "aes256-sha2_256"}, {**v2, "esp": "aes128-sha1"}, "child_proposal", "both"
        ),
        "esp1": _case(
            {**V1, "esp": "aes256-sha2_256"},
            {**V1, "esp": "aes128-sha1"},
            "child_proposal child_refused child_unanswered",
            "both there",
        ),
        "nets2": _case(v2, {**v2, "leftsubnet": "10.9.0.0/24"}, "traffic_selectors", "both"),
        "mode": _case(
            {**v2, **plain, "type": "transport"}, {**v2, **plain}, "child_mode child_proposal", "both"
        ),
        "mode2": _case(
            {**v2, **plain}, {**v2, **plain, "type": "transport"}, "child_mode child_proposal", "both"
        ),
        "version": _case(V1, {"ikev2": "insist"}, "ike_proposal ikev1_unanswered ike_version", "both"),
        "silent": _case({**v2, "right": NOBODY}, None, "peer_silent", "between"),
        "closed": _case({**v2, "right": CLOSED}, None, "port_closed", "there"),
        "half": _case(
            {**v2, "right": HALF}, {**v2, "left": HALF, "right": EAST}, "auth_unanswered", "between"
        ),
        "deletes": _case(
            {**V1, "esp": "aes256-sha2_256", "retransmit_timeout": "30s"},
            {**V1, "esp": "aes128-sha1"},
            "deleted_by_peer",
            "there",
        ),
        "redirect": _case(
            {**v2, "accept_redirect": "yes"},
            {**v2, "send_redirect": "yes", "redirect_to": ELSEWHERE},
            "redirected" + (" unreachable peer_silent" if release.startswith("4") else ""),
            "there between",
        ),
        "pool2": _case(
            {**v2, **pool},
            {**v2, **pool, "leftaddresspool": "10.3.0.1-10.3.0.1", "rightmodecfgserver": "yes"},
            "address_pool",
            "there",
        ),
        "user": _case(
            {**xauth, "leftusername": "nobody"}, {**xauth, "xauthby": "file"}, "xauth_refused", "here"
        ),
        "ended": _case(
            {**v2, **own},
            {**v2, **theirs, "rightcert": "ended"},
            "certificate_expired" + unsaid,
            "there" + between,
        ),
        "alien": _case(
            {**v2, **own},
            {**v2, **theirs, "rightcert": "alien"},
            "certificate_issuer" + unsaid,
            "here" + between,
        ),
        "name": _case(
            {**v2, **own, "rightid": "@somebody"},
            {**v2, **theirs, "rightid": "@somebody"},
            "certificate_name" + unsaid,
            "both" + between,
        ),
        "keyless": _case(
            {**v2, **own, "leftcert": "keyless"}, {**v2, **theirs}, "private_key_missing", "here"
        ),
        "kernel": _case(
            {**v2, **CLIENTS, "left": SECOND},
            {**v2, **CLIENTS, "left": SECOND, "overlapip": "yes"},
            "kernel",
            "here",
        ),
    }


SECOND = "192.1.2.46"
CLIENTS = {"leftsubnet": "10.50.1.0/24", "rightsubnet": "10.50.2.0/24"}
"""Of `first` and of `kernel`: the kernel can have one policy for them."""


@contextlib.contextmanager
def failing(lab: Lab, folder: Path) -> Iterator[tuple[dict[str, Case], float]]:
    """Load all of them on both; the second is when the certificate of `ended` has ended, in UNIX seconds.

    `folder` keeps the certificates: another release takes the same ones.
    """
    found = cases(lab.release)
    if not (folder / "alien.pem").exists():
        for one in ("ca", "other-ca"):
            authority(folder, one)
        certificate(folder, "west", "ca")
        certificate(folder, "east", "ca")
        certificate(folder, "alien", "other-ca")
    give(lab.west, folder, "west")
    give(lab.east, folder, "east", "alien")
    give_without_key(lab.west, folder, "alien", "keyless")
    # An address for each: what the far end has for one is not taken for another.
    for address in (SECOND, *(f"192.1.2.{100 + number}" for number in range(len(found) + 3))):
        lab.west.namespace.ip("address", "add", f"{address}/24", "dev", "eth1")
    _write(lab, found)
    lab.west.restart()
    until = _give_what_ends(lab, folder)
    for pluto, names in (
        (lab.west, [*found]),
        (lab.east, [name for name, case in found.items() if case.east is not None]),
    ):
        done = pluto.addconn("first", "pool1", *names, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr
    # East has this address, and pluto does not listen there: it was not told to look again.
    lab.east.namespace.ip("address", "add", f"{CLOSED}/24", "dev", "eth1")
    silent_peer(lab.west.namespace, NOBODY)
    silent_peer(lab.west.namespace, ELSEWHERE)
    with half_peer(lab.east.namespace, HALF, EAST), _deleting(lab, "deletes"):
        yield found, until


def _write(lab: Lab, found: dict[str, Case]) -> None:
    """Both configurations, and the secrets."""
    setup = "" if lab.release.startswith(("3.", "4.3")) else "\tikev1-policy=accept"
    common = "a-secret-that-both-gateways-have-in-common"
    others = {
        "first": _both({**CLIENTS, "overlapip": "yes"}, "", ""),
        "pool1": _case(found["pool2"].west, found["pool2"].east, "", ""),
    }
    for pluto, is_east in ((lab.west, False), (lab.east, True)):
        secrets, sections = [f'%any %any : PSK "{common}"'], []
        for number, (name, case) in enumerate({**found, **others}.items()):
            options = case.east if is_east else case.west
            secret = case.secret if is_east and case.secret else common
            secrets.append(f'@w{number} @e{number} : PSK "{secret}"')
            if options is None:
                continue
            own = {
                "left": f"192.1.2.{100 + number}",
                "leftid": f"@w{number}",
                "rightid": f"@e{number}",
                "leftsubnet": f"10.41.{number}.0/24",
                "rightsubnet": f"10.42.{number}.0/24",
                "leftupdown": "/bin/true",
                "rightupdown": "/bin/true",
            }
            sections.append(connection(name, **{**own, **SHORT, **options}))
        pluto.secrets.write_text("\n".join(secrets) + '\n@nobody : XAUTH "not-the-right-one"\n')
        (pluto.folder / "ipsec.d" / "passwd").write_text("")
        pluto.conf.write_text(f"config setup\n{setup}\n" + "\n".join(sections))


def _give_what_ends(lab: Lab, folder: Path) -> float:
    """East gets a certificate that will end soon, and loads what uses it while it is valid; when it ends."""
    for valid in VALID:
        until = time.time() + valid
        certificate(folder, "ended", "ca", until=until)
        give(lab.east, folder, "ended")
        lab.east.restart()
        done = lab.east.addconn("ended", timeout=300)
        if done.returncode == 0:
            return until
    raise AssertionError(f"the connection was not loaded in time: {done.stdout}{done.stderr}")


@contextlib.contextmanager
def _deleting(lab: Lab, name: str) -> Iterator[None]:
    """East takes the IKE SA of a connection down as soon as it has it."""
    over = threading.Event()
    down = ("--down",) if lab.release.startswith("5") else ("--terminate",)

    def watch() -> None:
        while not over.wait(0.5):
            shown = lab.east.whack("--showstates").stdout
            if any(f'"{name}"' in line and "established" in line for line in shown.splitlines()):
                lab.east.whack("--name", name, *down)

    thread = threading.Thread(target=watch, name="deleting", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
