"""What goes wrong between two real plutos is told with its cause; what needs ESP is in tests/lab."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.real.half_peer import half_peer
from tests.real.plutos import EAST, Pluto, connection, gateways, silent_peer

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORT = {"retransmit_timeout": "2s", "keyingtries": "1"}
SETUP = "\tikev1-policy=accept"
V1 = {"ikev2": "no"}
NOBODY = "192.1.2.77"
HALF = "192.1.2.26"
XAUTH = {**V1, "leftxauthclient": "yes", "rightxauthserver": "yes"}
AGGRESSIVE = {"ikev2": "no", "aggrmode": "yes", "ike": "aes256-sha2_256;modp2048"}
OTHER = '@w1 @e1 : PSK "the-secret-of-west-of-these-two-ends"\n'
OTHER_THERE = '@w1 @e1 : PSK "another-secret-of-these-two-ends-in-east"\n'


def ends(number: int, **options: str) -> dict[str, str]:
    """Identities of their own, so that each connection has its own IKE SA."""
    return {"leftid": f"@w{number}", "rightid": f"@e{number}", **SHORT, **options}


# name: what west has, what east has (None: nothing), the cause, who found it
CASES: dict[str, tuple[dict[str, str], dict[str, str] | None, str, str]] = {
    "psk2": (ends(1), ends(1), "authentication", "peer"),
    "psk1": (ends(1, **V1), ends(1, **V1), "authentication", "us"),
    "pskaggr": (ends(1, **AGGRESSIVE), ends(1, **AGGRESSIVE), "secret_differs", "us"),
    "ike2": (
        ends(2, ike="aes256-sha2_256;modp2048"),
        ends(2, ike="aes128-sha1;modp4096"),
        "ike_proposal",
        "peer",
    ),
    "ike1": (
        ends(3, **V1, ike="aes256-sha2_256;modp2048"),
        ends(3, **V1, ike="aes128-sha1;modp4096"),
        "ike_proposal",
        "peer",
    ),
    "esp2": (ends(4, esp="aes256-sha2_256"), ends(4, esp="aes128-sha1"), "child_proposal", "peer"),
    "subnets2": (
        ends(5, leftsubnet="10.1.0.0/24", rightsubnet="10.2.0.0/24"),
        ends(5, leftsubnet="10.9.0.0/24", rightsubnet="10.8.0.0/24"),
        "traffic_selectors",
        "peer",
    ),
    "far": (ends(6, right=NOBODY), None, "peer_silent", "us"),
    "half": (ends(11, right=HALF), ends(11, left=HALF, right=EAST), "auth_unanswered", "us"),
    "user": (
        ends(12, **XAUTH, leftusername="nobody"),
        ends(12, **XAUTH, xauthby="file"),
        "xauth_refused",
        "peer",
    ),
    "version": (ends(13, **V1), ends(13, ikev2="insist"), "ikev1_unanswered", "us"),
    "unoriented": (ends(7, left="10.99.0.1", right="10.98.0.1"), None, "not_oriented", "pluto"),
    "anybody": (ends(8, right="%any"), None, "no_peer_address", "pluto"),
    "nosuch": ({}, None, "unknown_name", "pluto"),
}


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[Pluto, Pluto]]:
    """Two gateways that disagree in each way; the connections of a case are loaded when it is tried."""
    with gateways() as (west, east):
        silent_peer(west.namespace, NOBODY)
        for pluto, secrets in ((west, OTHER), (east, OTHER_THERE)):
            pluto.conf.write_text(f"config setup\n{SETUP}\n")
            pluto.secrets.write_text(
                f'%any %any : PSK "known-to-both-gateways-and-long-enough"\n{secrets}@nobody : XAUTH "not-this-one"\n'
            )
            (pluto.folder / "ipsec.d" / "passwd").write_text("")
            pluto.restart()
        with half_peer(east.namespace, HALF, EAST):
            yield west, east


def autod(pluto: Pluto, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    """The command line against a pluto: its status, and its objects."""
    done = subprocess.run(
        [sys.executable, "-m", "autod", *arguments, "--ctlsocket", str(pluto.socket), "--json"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert not done.stderr, done.stderr
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("name", CASES)
def test_the_cause_is_told(name: str, pair: tuple[Pluto, Pluto]) -> None:
    """By --up, and by explain of what was tried, which names the end that can mend it."""
    west, east = pair
    here, there, cause, by = CASES[name]
    if here:
        west.load(connection(name, **here), setup=SETUP)
    if there is not None:
        east.load(connection(name, **there), setup=SETUP)
    status, objects = autod(west, "--up", name, "--timeout", "8s")
    outcome = objects[-1]
    assert status != 0
    assert (outcome["cause"], outcome["found_by"]) == (cause, by), outcome["sentence"]
    assert outcome["advice"]
    autod(west, "--down", name)
    status, objects = autod(west, "explain", name, "--config", str(west.conf), "--try", "--timeout", "8s")
    (explanation,) = objects
    assert status == 1
    assert explanation["cause"] == cause
    assert explanation["where"] in ("here", "there", "both", "between")
    autod(west, "--down", name)
    for pluto in (west, east):
        autod(pluto, "--delete", name)


def test_a_labelled_connection_is_up_without_a_child_sa(pair: tuple[Pluto, Pluto]) -> None:
    """As up as it can be before there is traffic: pluto negotiates no Child SA; explain says so."""
    west, _ = pair
    for pluto in pair:
        pluto.load(connection("labelled", **ends(14, ikev2="insist", sec_label="unlabeled")), setup=SETUP)
    status, objects = autod(west, "--up", "labelled", "--timeout", "60s")
    outcome = objects[-1]
    assert (status, outcome["result"], outcome["cause"], outcome["child_sa"]) == (0, "up", None, None), (
        outcome
    )
    assert "childless" in {one["event"] for one in objects}
    status, (explanation,) = autod(west, "explain", "labelled", "--config", str(west.conf))
    assert (status, explanation["up"], explanation["cause"]) == (0, True, None)
    for pluto in pair:
        autod(pluto, "--delete", "labelled")


def test_a_peer_that_is_silent_and_a_port_that_is_closed_are_two_things(pair: tuple[Pluto, Pluto]) -> None:
    """The last test: east is stopped, and then gone."""
    west, east = pair
    west.load(connection("q", **ends(9)), connection("r", **ends(10)), setup=SETUP)
    east.stop()
    _, objects = autod(west, "--up", "q", "--timeout", "10s")
    assert (objects[-1]["result"], objects[-1]["cause"]) == ("peer_silent", "peer_silent")
    east.kill()
    _, objects = autod(west, "--up", "r", "--timeout", "10s")
    assert (objects[-1]["result"], objects[-1]["cause"]) == ("peer_silent", "port_closed")


def test_a_secrets_file_that_cannot_be_used_is_told(pair: tuple[Pluto, Pluto]) -> None:
    """pluto forgets all secrets first: silence would be no success. For each way to be unusable, and each verb."""
    west, _ = pair
    before = west.secrets.read_text()
    broken = (
        '%any %any : PSK "unterminated\n',
        "%any %any : PSK\n",
        "this is not a line of secrets\n",
        '@a @b : WORD "x"\n',
    )
    try:
        for text in broken:
            west.secrets.write_text(text)
            for verb in ("--rereadsecrets", "--rereadall", "--ready"):
                status, objects = autod(west, verb)
                assert status != 0, (verb, text)
                assert not objects[-1]["ok"]
                assert objects[-1]["cause"] == "secrets_file"
                assert "line 1" in objects[-1]["sentence"]
        # of these pluto says no line
        for text in (
            '\t@a @b : PSK "indented-and-long-enough"\n',
            '@a @b : PSK "long-enough-secret" and more\n',
        ):
            west.secrets.write_text(text)
            status, objects = autod(west, "--rereadsecrets")
            assert (status != 0, objects[-1]["cause"]) == (True, "secrets_file"), text
        west.secrets.unlink()
        status, objects = autod(west, "--rereadsecrets")
        assert (status != 0, objects[-1]["ok"]) == (True, False)
    finally:
        west.secrets.write_text(before)
    assert autod(west, "--rereadsecrets")[0] == 0
