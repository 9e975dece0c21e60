"""The command line as a process against a scripted pluto: endings that a real one has only with ESP, or never."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import trio

from autod.protocol import commands as c
from autod.protocol.decode import decode
from autod.protocol.releases import find
from tests.fakes.fakepluto import Client, FakePluto, answers, fake_pluto, prompts, silent

if TYPE_CHECKING:
    from pathlib import Path

UP_4_10 = (
    b'181 "a" #1: initiating IKEv2 connection\n',
    b'182 "a" #1: sent IKE_AUTH request {cipher=AES_GCM_16_256 integ=n/a prf=HMAC_SHA2_512 group=MODP2048}\n',
    b"003 \"a\" #1: initiator established IKE SA; authenticated peer using authby=secret and ID_FQDN '@east'\n",
    b'004 "a" #2: initiator established Child SA using #1; IPsec tunnel [10.1.1.1-10.1.1.1:0-65535 0] -> '
    b"[10.2.1.1-10.2.1.1:0-65535 0] {ESP/ESN=>0x95d7b2d3 <0x57a0b7d1 xfrm=AES_GCM_16_256-NONE DPD=passive}\n",
)
REJECTED = (
    *UP_4_10[:3],
    b'003 "a" #2: IKE_AUTH response rejected Child SA with TS_UNACCEPTABLE\n',
)
TRAFFIC = b"006 #2: \"a\", type=ESP, add_time=1795443064, inBytes=0, outBytes=0, maxBytes=2^63B, id='@east'\n"


@dataclass
class Ran:
    """One run of the command line."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def objects(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]


async def autod(path: Path, *arguments: str, release: str = "4.10", stdin: bytes = b"") -> Ran:
    """Run it. Scripts with a release tell it, and are asked nothing else."""
    done = await trio.run_process(
        [sys.executable, "-m", "autod", *arguments, "--ctlsocket", str(path), "--release", release],
        stdin=stdin,
        capture_stdout=True,
        capture_stderr=True,
        check=False,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    )
    ran = Ran(done.returncode, done.stdout.decode("utf-8", "surrogateescape"), done.stderr.decode())
    assert "Traceback" not in ran.err, ran.err
    return ran


def asked(pluto: FakePluto, release: str = "4.10") -> list[type[c.Command] | None]:
    """What was asked, in order."""
    return [decode(message, find(release, labeled=True)).kind for message in pluto.messages]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pluto.ctl"


async def test_an_up_that_came_to_a_child_sa_is_0(path: Path) -> None:
    async with fake_pluto(path, answers(*UP_4_10), release="4.10"):
        ran = await autod(path, "--up", "a")
    assert ran.status == 0
    assert ran.lines[-1].startswith('"a" is up')
    assert ran.lines[0] == '"a" #1: initiating IKEv2 connection'
    assert len(ran.lines) == 5


async def test_on_5_4_no_code_tells_it(path: Path) -> None:
    lines = [b"000 " + line[4:] for line in UP_4_10]
    async with fake_pluto(path, answers(*lines), seqpacket=True, release="5.4"):
        ran = await autod(path, "--up", "a", release="5.4")
    assert (ran.status, ran.lines[-1].startswith('"a" is up')) == (0, True)


async def test_an_up_whose_child_was_refused_is_not_0(path: Path) -> None:
    """whack ends with 0 there."""
    async with fake_pluto(path, answers(*REJECTED), release="4.10"):
        ran = await autod(path, "--json", "--up", "a")
    assert ran.status == 1
    assert (ran.objects[-1]["event"], ran.objects[-1]["result"]) == ("outcome", "child_rejected")
    assert ran.objects[-1]["notification"] == "TS_UNACCEPTABLE"


async def test_an_end_without_a_word_is_settled_by_the_state(path: Path) -> None:
    """Another up is pending: EOF and no line; here it succeeded meanwhile."""

    async def script(client: Client) -> None:
        await client.read()
        if len(client.pluto.messages) > 2:
            await client.write(TRAFFIC)

    async with fake_pluto(path, script, release="4.10") as pluto:
        ran = await autod(path, "--up", "a")
    assert ran.status == 0
    assert asked(pluto) == [c.TrafficStatus, c.Initiate, c.TrafficStatus]


async def test_an_up_of_what_is_up_is_left_alone(path: Path) -> None:
    """As with several names; --no-if-down asks for one more Child SA, without a look."""
    async with fake_pluto(path, answers(TRAFFIC), release="4.10") as pluto:
        ran = await autod(path, "--up", "a")
    assert (ran.status, asked(pluto)) == (0, [c.TrafficStatus])
    assert "is up already, and was left alone" in ran.out


async def test_one_more_child_sa_is_asked_for_without_a_look(path: Path) -> None:
    async with fake_pluto(path, answers(*UP_4_10), release="4.10") as pluto:
        ran = await autod(path, "--up", "a", "--no-if-down")
    assert (ran.status, asked(pluto)) == (0, [c.Initiate])


async def test_an_up_that_is_being_negotiated_is_waited_for(path: Path) -> None:
    """The request ends without a word; it is up at a later look."""

    async def script(client: Client) -> None:
        await client.read()
        if len(client.pluto.messages) > 4:
            await client.write(TRAFFIC)

    async with fake_pluto(path, script, release="4.10") as pluto:
        ran = await autod(path, "--up", "a")
    assert ran.status == 0
    assert asked(pluto)[:3] == [c.TrafficStatus, c.Initiate, c.TrafficStatus]
    assert '"a" is up' in ran.out


async def test_lines_of_another_connection_are_no_success(path: Path) -> None:
    stray = [line.replace(b'"a"', b'"other"') for line in UP_4_10]

    async def script(client: Client) -> None:
        await client.read()
        if len(client.pluto.messages) == 1:
            await client.write(*stray)

    async with fake_pluto(path, script, release="4.10"):
        ran = await autod(path, "--up", "a", "--no-if-down", "--timeout", "1")
    assert ran.status in (1, 124)


async def test_unroute_of_what_is_up_is_refused_and_not_sent(path: Path) -> None:
    """It would kill pluto 4.0 to 4.15."""
    async with fake_pluto(path, answers(TRAFFIC), release="4.10") as pluto:
        ran = await autod(path, "--unroute", "a")
    assert ran.status == 1
    assert "would kill pluto" in ran.err
    assert "--force" in ran.err
    assert asked(pluto) == [c.TrafficStatus]


async def test_unroute_with_force_takes_it_down_first(path: Path) -> None:
    async def script(client: Client) -> None:
        await client.read()
        if len(client.pluto.messages) == 1:
            await client.write(TRAFFIC)

    async with fake_pluto(path, script, release="4.10") as pluto:
        ran = await autod(path, "--unroute", "a", "--force")
    assert (ran.status, ran.lines[-1]) == (0, '"a" is not routed')
    kinds = asked(pluto)
    assert kinds[0] is c.TrafficStatus
    assert kinds[1] is c.Terminate
    assert kinds[-1] is c.Unroute


async def test_prompts_are_answered_and_the_password_is_nowhere(path: Path, tmp_path: Path) -> None:
    """Name and password are ready before anything is asked; neither output nor arguments have the password."""
    secret = tmp_path / "secret"
    secret.write_text("correct horse\n")
    script = prompts(b'041 "a" #1: xau prompt for Username:\n', b'040 "a" #1: xau prompt for Password:\n')
    async with fake_pluto(path, script, release="4.10") as pluto:
        ran = await autod(
            path,
            "--verbose",
            "--no-if-down",
            "--up",
            "a",
            "--xauthname",
            "bob",
            "--xauthpass-file",
            str(secret),
        )
    assert [answer.rstrip(b"\0\n") for answer in pluto.answers[:2]] == [b"bob", b"correct horse"]
    assert "correct horse" not in ran.out + ran.err
    assert "041 " in ran.out


async def test_a_password_comes_from_standard_input(path: Path) -> None:
    script = prompts(b'040 "a" #1: xau prompt for Password:\n')
    async with fake_pluto(path, script, release="4.10") as pluto:
        ran = await autod(
            path, "--json", "--no-if-down", "--up", "a", "--xauthpass-file", "-", stdin=b"from stdin\n"
        )
    assert [answer.rstrip(b"\0\n") for answer in pluto.answers[:1]] == [b"from stdin"]
    assert "from stdin" not in ran.out + ran.err


async def test_a_silent_pluto_ends_at_the_deadline(path: Path) -> None:
    async with fake_pluto(path, silent, release="4.10"):
        ran = await autod(path, "--up", "a", "--timeout", "0.5")
    assert ran.status == 124


@pytest.mark.sampled(1)
@pytest.mark.parametrize(
    "data", [b"\xff\xfe\0\0" * 2000, b"000\n\n\n021", b"\0", b"999 \x1b[2J\n"], ids=range(4)
)
@pytest.mark.parametrize("mode", ["--verbose", "--json", "--quiet"])
async def test_garbage_is_shown_as_it_came_and_is_no_success(data: bytes, mode: str, path: Path) -> None:
    async with fake_pluto(path, answers(data), release="4.10"):
        ran = await autod(path, "--up", "a", mode, "--timeout", "1")
    assert ran.status != 0


async def test_several_names_end_with_1_if_one_failed(path: Path) -> None:
    async def script(client: Client) -> None:
        message = await client.read()
        name = decode(message, find("4.10", labeled=True)).name or ""
        if name == "bad":
            await client.write(*(line.replace(b'"a"', b'"bad"') for line in REJECTED))
        elif name:
            await client.write(*(line.replace(b'"a"', f'"{name}"'.encode()) for line in UP_4_10))
        else:
            await client.write(*(TRAFFIC.replace(b'"a"', name) for name in (b'"good"', b'"better"')))

    async with fake_pluto(path, script, release="4.10"):
        ran = await autod(path, "--no-if-down", "--up", "good", "bad", "better")
    assert ran.status == 1
    assert ran.lines[-1].startswith("2 of 3 up, 1 child rejected (bad)")


@pytest.mark.parametrize(
    ("configured", "wanted", "offered"),
    [(1, c.Status, {"c0", "mine", "road"}), (300, c.TrafficStatus, {"c0", "c299", "mine"})],
)
async def test_the_shell_is_offered_what_pluto_has(
    path: Path, tmp_path: Path, configured: int, wanted: type[c.Command], offered: set[str]
) -> None:
    """Beside what the file has; of a pluto with many only what is up, as its status takes long."""
    lines: dict[type[c.Command] | None, tuple[bytes, ...]] = {
        c.Status: (
            b'000 "mine": 1.1.1.1...2.2.2.2; unrouted; eroute owner: #0\n',
            b'000 "road"[1] 2.2.2.2: x\n',
        ),
        c.TrafficStatus: (TRAFFIC.replace(b'"a"', b'"mine"'),),
    }
    file = tmp_path / "ipsec.conf"
    file.write_text("".join(f"conn c{at}\n\tauto=add\n" for at in range(configured)))

    async def script(client: Client) -> None:
        await client.read()
        (kind,) = asked(client.pluto)
        await client.write(*lines[kind])

    async with fake_pluto(path, script, release="4.10") as pluto:
        ran = await autod(path, "--complete", "--config", str(file), "--timeout", "60")
    assert asked(pluto) == [wanted]
    assert offered <= set(ran.lines)
    assert len(ran.lines) == configured + len(offered & {"mine", "road"})
