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
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

    from tests.lab.gateways import Lab

__all__ = [
    "AES",
    "CLOSED",
    "NOBODY",
    "OTHER",
    "V1",
    "Case",
    "before",
    "both",
    "case",
    "failing",
    "with_certificates",
]

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
    """That of east, where it is not the common one; "" for none."""
    own: str | None = None
    """That of west."""
    like: str | None = None
    """The one whose identities and addresses it has, and hence its IKE SA."""


def case(west: dict[str, str], east: dict[str, str] | None, causes: str, where: str, **more: str) -> Case:
    """What is written shortly: `causes` and `where` with spaces between."""
    return Case(west, east, frozenset(causes.split()), frozenset(where.split()), **more)


def both(options: dict[str, str], causes: str, where: str, **more: str) -> Case:
    """As `case`, where both ends have the same."""
    return case(options, options, causes, where, **more)


def before(release: str, *numbers: int) -> bool:
    """Whether a release is older than that of these numbers."""
    return tuple(int(part) for part in release.split(".")) < numbers


def with_certificates() -> tuple[dict[str, str], dict[str, str]]:
    """What west and east have where each shows its certificate."""
    common = {
        "authby": "rsasig",
        "leftid": "@west",
        "rightid": "@east",
        "leftsendcert": "always",
        "rightsendcert": "always",
    }
    return (
        {**common, "leftcert": "west", "rightrsasigkey": "%cert", "rightca": "%same"},
        {**common, "rightcert": "east", "leftrsasigkey": "%cert"},
    )


def cases(release: str, far: str) -> dict[str, Case]:
    """By name, for a west of one release and an east of another. Where one says less, more than one cause is right."""
    old = before(release, 4, 5)
    v2 = {"ikev2": "insist"} if before(release, 5) or before(far, 5) else {}
    aggressive = {**V1, "aggressive": "yes", "ike": AES}
    own, theirs = with_certificates()
    # up to 4.4 the initiator does not tell whack that it refused what came with IKE_AUTH
    unsaid = " auth_unanswered" if old else ""
    between = " between" if old else ""
    xauth = {**V1, "leftxauthclient": "yes", "rightxauthserver": "yes"}
    pool = {"leftsubnet": "", "rightsubnet": "0.0.0.0/0", "narrowing": "yes", "leftmodecfgclient": "yes"}
    plain = {"leftsubnet": "", "rightsubnet": ""}
    return {
        "psk2": both(v2, "authentication", "both", secret="another-secret-of-the-far-end"),
        "psk1": both(V1, "authentication", "both", secret="another-secret-of-the-far-end"),
        "pska": both(aggressive, "secret_differs", "both", secret="another-secret-of-the-far-end"),
        "ike2": case({**v2, "ike": AES}, {**v2, "ike": OTHER}, "ike_proposal", "both"),
        "ike1": case({**V1, "ike": AES}, {**V1, "ike": OTHER}, "ike_proposal", "both"),
        "esp2": case(
            {**v2, "esp": "aes256-sha2_256"}, {**v2, "esp": "aes128-sha1"}, "child_proposal", "both"
        ),
        "esp1": case(
            {**V1, "esp": "aes256-sha2_256"},
            {**V1, "esp": "aes128-sha1"},
            "child_proposal child_refused child_unanswered",
            "both there",
        ),
        "nets2": case(v2, {**v2, "leftsubnet": "10.9.0.0/24"}, "traffic_selectors", "both"),
        "mode": case(
            {**v2, **plain, "type": "transport"}, {**v2, **plain}, "child_mode child_proposal", "both"
        ),
        "mode2": case(
            {**v2, **plain}, {**v2, **plain, "type": "transport"}, "child_mode child_proposal", "both"
        ),
        "version": case(V1, {"ikev2": "insist"}, "ike_proposal ikev1_unanswered ike_version", "both"),
        "silent": case({**v2, "right": NOBODY}, None, "peer_silent", "between"),
        "closed": case({**v2, "right": CLOSED}, None, "port_closed", "there"),
        "half": case(
            {**v2, "right": HALF}, {**v2, "left": HALF, "right": EAST}, "auth_unanswered", "between"
        ),
        "deletes": case(
            {**V1, "esp": "aes256-sha2_256", "retransmit_timeout": "30s"},
            {**V1, "esp": "aes128-sha1"},
            # 3.x does not tell who waits for Quick Mode that the IKE SA under it is gone
            "deleted_by_peer" + (" child_refused" if before(release, 4) else ""),
            "there both",
        ),
        "redirect": case(
            {**v2, "accept_redirect": "yes"},
            {**v2, "send_redirect": "yes", "redirect_to": ELSEWHERE},
            "redirected" + (" unreachable peer_silent" if before(release, 5) else ""),
            "there between",
        ),
        "pool2": case(
            {**v2, **pool},
            {**v2, **pool, "leftaddresspool": "10.3.0.1-10.3.0.1", "rightmodecfgserver": "yes"},
            "address_pool",
            "there",
        ),
        "user": case(
            {**xauth, "leftusername": "nobody"}, {**xauth, "xauthby": "file"}, "xauth_refused", "here"
        ),
        "ended": case(
            {**v2, **own},
            {**v2, **theirs, "rightcert": "ended"},
            "certificate_expired" + unsaid,
            "there" + between,
        ),
        "alien": case(
            {**v2, **own},
            {**v2, **theirs, "rightcert": "alien"},
            "certificate_issuer" + unsaid,
            "here" + between,
        ),
        "name": case(
            {**v2, **own, "rightid": "@somebody"},
            {**v2, **theirs, "rightid": "@somebody"},
            "certificate_name" + unsaid,
            "both" + between,
        ),
        "keyless": case(
            {**v2, **own, "leftcert": "keyless"}, {**v2, **theirs}, "private_key_missing", "here"
        ),
        # Up to 4.15 another local address would be another policy.
        "kernel": case({**v2, **CLIENTS}, {**v2, **CLIENTS, "overlapip": "yes"}, "kernel", "here"),
    }


SECOND = "192.1.2.46"
CLIENTS = {"left": SECOND, "leftsubnet": "10.50.1.0/24", "rightsubnet": "10.50.2.0/24"}
"""Of `first` and of `kernel`: the kernel can have one policy for them."""


@contextlib.contextmanager
def failing(
    lab: Lab,
    folder: Path,
    more: Callable[[str, str], dict[str, Case]] | None = None,
    only: Collection[str] = (),
) -> Iterator[tuple[dict[str, Case], float]]:
    """Load all of them on both; the second is when the certificate of `ended` has ended, in UNIX seconds.

    `folder` keeps the certificates: another release takes the same ones. `more` gives further cases, as cases() does;
    `only` are the names of those that are wanted: without `ended` there are no certificates.
    """
    found = cases(lab.release, lab.far)
    found |= more(lab.release, lab.far) if more is not None else {}
    found = {name: one for name, one in found.items() if not only or name in only}
    if "ended" in found:
        _give_certificates(lab, folder)
    # An address for each: what the far end has for one is not taken for another.
    for address in (SECOND, *(f"192.1.2.{100 + number}" for number in range(len(found) + 3))):
        lab.west.namespace.ip("address", "add", f"{address}/24", "dev", "eth1")
    _write(lab, found)
    lab.west.restart()
    until = _give_what_ends(lab, folder) if "ended" in found else 0.0
    if not until:
        lab.east.restart()
    for pluto, names in (
        (lab.west, [*found]),
        (lab.east, [name for name, one in found.items() if one.east is not None]),
    ):
        done = pluto.addconn("first", "pool1", *names, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr
    # East has this address, and pluto does not listen there: it was not told to look again.
    lab.east.namespace.ip("address", "add", f"{CLOSED}/24", "dev", "eth1")
    silent_peer(lab.west.namespace, NOBODY)
    silent_peer(lab.west.namespace, ELSEWHERE)
    with half_peer(lab.east.namespace, HALF, EAST), _deleting(lab, "deletes"):
        yield found, until


def _give_certificates(lab: Lab, folder: Path) -> None:
    if not (folder / "alien.pem").exists():
        for one in ("ca", "other-ca"):
            authority(folder, one)
        certificate(folder, "west", "ca")
        certificate(folder, "east", "ca")
        certificate(folder, "alien", "other-ca")
        certificate(folder, "stranger", "other-ca")
    give(lab.west, folder, "west", "stranger")
    give(lab.east, folder, "east", "alien")
    give_without_key(lab.west, folder, "alien", "keyless")


def _write(lab: Lab, found: dict[str, Case]) -> None:
    """Both configurations, and the secrets."""
    pool = cases(lab.release, lab.far)["pool2"]
    common = "a-secret-that-both-gateways-have-in-common"
    others = {
        "first": case(CLIENTS, {**CLIENTS, "overlapip": "yes"}, "", ""),
        "pool1": case(pool.west, pool.east, "", ""),
    }
    for pluto, is_east, release in ((lab.west, False, lab.release), (lab.east, True, lab.far)):
        # Where the key is not known yet, IKEv1 is accepted.
        setup = "" if before(release, 4, 4) else "\tikev1-policy=accept"
        secrets, sections = [], []
        names = [*found, *others]
        for name, one in {**found, **others}.items():
            number = names.index(one.like or name)
            options = one.east if is_east else one.west
            secret = one.secret if is_east else one.own
            if secret != "":
                secrets.append(f'@w{number} @e{number} @x{number} : PSK "{secret or common}"')
            if options is None:
                continue
            own = {
                "left": f"192.1.2.{100 + number}",
                "leftid": f"@w{number}",
                "rightid": f"@e{number}",
                "leftsubnet": f"10.41.{names.index(name)}.0/24",
                "rightsubnet": f"10.42.{names.index(name)}.0/24",
                "leftupdown": "/bin/true",
                "rightupdown": "/bin/true",
            }
            options = {key: value.replace("@x", f"@x{number}") for key, value in options.items()}
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
    down = ("--terminate",) if before(lab.far, 5) else ("--down",)

    def watch() -> None:
        while not over.wait(0.5):
            shown = lab.east.whack("--status").stdout
            if any(f'"{name}"' in line and "established" in line for line in shown.splitlines()):
                lab.east.whack("--name", name, *down)

    thread = threading.Thread(target=watch, name="deleting", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
