"""Every operation of the client on real tunnels, on each release that Debian has, checked in pluto's own state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from autod.client import Pluto, open_pluto
from autod.events import Answered, ChildEstablished, IkeEstablished, Initiating, Prompted, Sent, Traffic
from autod.exchange.control import Answers
from autod.identify.detect import How
from autod.outcomes import Result
from autod.protocol import commands as c
from autod.protocol.errors import Unsupported
from autod.status import established, parse
from tests.real.plutos import connection

if TYPE_CHECKING:
    from tests.lab.gateways import Lab

TIMEOUT = 120

CRYPTED = "xO1S1J6iAVyxM"
"""crypt(3) of "secret1", as the password file of XAUTH wants it."""


def loaded(lab: Lab, name: str) -> bool:
    return f'"{name}":' in lab.west.whack("--status").stdout


async def up(pluto: Pluto) -> frozenset[str]:
    return established(await pluto.replies(c.TrafficStatus()))


async def test_up_traffic_down(lab: Lab) -> None:
    """The whole way: detect, initiate, see both SAs in the lines and in the state, carry packets, terminate."""
    (name,) = lab.load()
    async with open_pluto(lab.west.socket, timeout=TIMEOUT) as pluto:
        assert str(pluto.release) == lab.release
        async with pluto.up(name) as operation:
            events = [event async for event in operation]
        outcome = operation.outcome
        kinds = [type(event) for event in events if not type(event).__name__.startswith(("Log", "Warn"))]
        assert kinds[0] is Initiating
        assert Sent in kinds
        (ike,) = (event for event in events if isinstance(event, IkeEstablished))
        (child,) = (event for event in events if isinstance(event, ChildEstablished))
        assert (outcome.result, outcome.ok, outcome.exit_status) == (Result.UP, True, 0)
        assert outcome.child_sa == child.child_sa
        assert ike.peer_id is not None or lab.release == "4.3"
        assert child.spi_in != child.spi_out
        near, far = lab.addresses(name)
        told = " ".join(event.text for event in events)
        assert near in told
        assert far in told
        assert child.local is not None or lab.release == "4.3"
        assert await up(pluto) == {name}
        state = parse(await pluto.replies(c.Status()))
        (connection,) = (found for found in state.connections if found.name == name)
        assert connection.established_child_sa == outcome.child_sa
        assert lab.ping(name)
        async with pluto.down(name) as operation:
            gone = [event async for event in operation]
        assert operation.outcome.result is Result.DOWN
        assert any(isinstance(event, Traffic) for event in gone)
        assert await up(pluto) == frozenset()
        assert lab.states() == 0
        assert loaded(lab, name)
        if lab.release == "5.2":
            assert Answered in kinds


async def test_up_again_makes_one_more_child_sa(lab: Lab) -> None:
    """pluto does not see that a connection is up: which is why many at once leave those alone that are."""
    (name,) = lab.load()
    async with open_pluto(lab.west.socket, timeout=TIMEOUT) as pluto:
        first = await pluto.up(name)
        second = await pluto.up(name)
        assert first.ok
        assert second.ok
        assert first.child_sa != second.child_sa
        assert (await pluto.down(name)).ok


async def test_an_alias_is_up_when_every_member_is(lab: Lab) -> None:
    names = lab.load(3, shared=True, connalias="all")
    async with open_pluto(lab.west.socket, timeout=TIMEOUT) as pluto:
        outcome = await pluto.up("all")
        assert outcome.ok
        assert sorted(member.connection or "" for member in outcome.members) == names
        assert await up(pluto) == set(names)
        assert (await pluto.down("all")).ok
        assert await up(pluto) == frozenset()


async def test_a_member_that_fails_fails_the_alias(lab: Lab) -> None:
    lab.west.load(
        *(
            connection(name, leftsubnet=f"10.1.9.{i}/32", rightsubnet=f"10.2.9.{i}/32", connalias="pair")
            for i, name in enumerate(("good", "bad"), start=1)
        )
    )
    lab.east.load(connection("good", leftsubnet="10.1.9.1/32", rightsubnet="10.2.9.1/32"))
    async with open_pluto(lab.west.socket, timeout=TIMEOUT) as pluto:
        outcome = await pluto.up("pair", members=("good", "bad"), timeout=20)
        results = {member.connection: member.result for member in outcome.members}
        assert not outcome.ok
        assert results["bad"] is Result.CHILD_REJECTED
        assert (results["good"] is Result.UP) == ("good" in await up(pluto))
        await pluto.down("good")
        await pluto.down("bad")


async def test_a_rejected_child_is_not_up(lab: Lab) -> None:
    """whack says 0 here: the IKE SA is established, and there is no tunnel."""
    lab.west.load(connection("ts", leftsubnet="10.1.9.1/32", rightsubnet="10.2.9.1/32"))
    lab.east.load(connection("ts", leftsubnet="10.1.9.1/32", rightsubnet="10.2.9.9/32"))
    async with open_pluto(lab.west.socket, timeout=TIMEOUT) as pluto:
        outcome = await pluto.up("ts")
        assert outcome.result is Result.CHILD_REJECTED
        assert outcome.notification == "TS_UNACCEPTABLE"
        assert outcome.exit_status != 0
        assert not outcome.retryable
        assert await up(pluto) == frozenset()
        await pluto.down("ts")


async def test_asynchronous_is_accepted_and_not_called_up(lab: Lab) -> None:
    (name,) = lab.load()
    async with open_pluto(lab.west.socket, timeout=TIMEOUT) as pluto:
        outcome = await pluto.up(name, asynchronous=True)
        assert outcome.result in (Result.ACCEPTED, Result.UP)
        unknown = await pluto.up("nosuch", asynchronous=True)
        assert unknown.exit_status == 21
        await pluto.down(name)


async def test_route_suspend_rekey_delete(lab: Lab) -> None:
    (name,) = lab.load()
    async with open_pluto(lab.west.socket, timeout=TIMEOUT) as pluto:
        assert (await pluto.route(name)).result is Result.ROUTED
        assert (await pluto.unroute(name)).result is Result.UNROUTED
        assert (await pluto.up(name)).ok
        refused = await pluto.unroute(name)
        assert refused.result is Result.REFUSED
        assert "--force" in refused.sentence
        assert name in await up(pluto)
        assert lab.west.alive()
        forced = await pluto.unroute(name, force=True)
        assert forced.result is Result.UNROUTED
        assert await up(pluto) == frozenset()
        assert lab.west.alive()
        if pluto.release.at_least(5, 2):
            assert (await pluto.up(name)).ok
            assert (await pluto.rekey_child(name)).ok
            assert (await pluto.rekey_ike(name)).ok
        else:
            with pytest.raises(Unsupported):
                await pluto.suspend(name)
        assert (await pluto.delete(name)).result is Result.DELETED
        assert not loaded(lab, name)
        assert lab.states() == 0


async def test_listing_and_rereading(lab: Lab) -> None:
    """Everything that is asked of pluto itself is answered, on each release."""
    lab.load(2)
    async with open_pluto(lab.west.socket, timeout=TIMEOUT) as pluto:
        for operation in (
            pluto.listen(),
            pluto.reread_secrets(),
            pluto.reread_certs(),
            pluto.reread_all(),
            pluto.fetch_crls(),
            pluto.purge_ocsp(),
            pluto.ask(c.ClearStats()),
            pluto.ask(c.RefreshDdns()),
        ):
            outcome = await operation
            assert (outcome.result, outcome.ok) == (Result.DONE, True), outcome
        for kind in (
            c.ListAll,
            c.ListPubkeys,
            c.ListCerts,
            c.ListCacerts,
            c.ListCrls,
            c.ListPsks,
            c.ListEvents,
        ):
            assert await pluto.replies(kind(utc=True)), kind
        await pluto.replies(c.CheckPubkeys())
        status = " ".join(reply.text for reply in await pluto.replies(c.Status()))
        assert '"c0"' in status
        assert '"c1"' in status
        for command in (
            c.GlobalStatus(),
            c.BriefStatus(),
            c.ConnectionStatus(),
            c.FipsStatus(),
            c.ShuntStatus(),
        ):
            assert await pluto.replies(command), command
        await pluto.replies(c.ShowStates())
        await pluto.replies(c.AddressPoolStatus())
        await pluto.replies(c.ProcessStatus())


async def test_both_ways_of_finding_the_release(lab: Lab) -> None:
    """By the program that runs, and by the safe probe, which must agree."""
    async with open_pluto(lab.west.socket, timeout=TIMEOUT) as pluto:
        by_program = pluto.detected
        assert by_program.release.text == lab.release
    (lab.west.socket.parent / "pluto.pid").unlink()
    async with open_pluto(lab.west.socket, timeout=TIMEOUT) as pluto:
        assert pluto.detected.release.text == lab.release
        assert pluto.release.labeled is not None or pluto.release.at_least(5, 0)
        assert pluto.detected.how is How.STATUS
        assert (await pluto.up("nosuch")).code == 21


@pytest.mark.parametrize("lab", ["4.10", "5.2"], indirect=True)
@pytest.mark.parametrize("password", ["secret1", "wrong"])
async def test_xauth(lab: Lab, password: str) -> None:
    """IKEv1 with XAUTH: answered at once by what was ready before; never shown."""
    shared = {"ikev2": "no"} if lab.release == "4.10" else {"keyexchange": "ikev1"}
    options = shared | {"ike": "aes256-sha2;modp2048", "esp": "aes256-sha1", "leftsubnet": "10.1.9.1/32"}
    for side, pluto in (("west", lab.west), ("east", lab.east)):
        conf = connection(
            "xau",
            **options,
            rightsubnet="10.2.9.1/32",
            leftxauthclient="yes",
            rightxauthserver="yes",
            **({"xauthby": "file"} if side == "east" else {}),
        )
        (pluto.folder / "ipsec.d" / "passwd").write_text(f"bob:{CRYPTED}:xau\n")
        pluto.conf.write_text("config setup\n\tikev1-policy=accept\n")
        pluto.restart()
        pluto.load(conf, setup="\tikev1-policy=accept\n")
    async with open_pluto(lab.west.socket, timeout=TIMEOUT) as pluto:
        answers = Answers(user="bob", secret=password)
        assert password not in repr(answers)
        async with pluto.up("xau", answers=answers, timeout=60) as operation:
            events = [event async for event in operation]
        assert any(isinstance(event, Prompted) for event in events), events
        assert all(password not in event.text for event in events)
        expected = Result.UP if password == "secret1" else Result.AUTHENTICATION_FAILED
        assert operation.outcome.result is expected
