"""What we encode against what the real whack of each release sent, and every capture read back."""

from __future__ import annotations

import struct
from ipaddress import ip_address

import pytest

from autod.protocol import commands as c
from autod.protocol import releases
from autod.protocol.decode import Message, decode
from autod.protocol.encode import encode, pack
from tests.helpers.goldens import Capture, built, captures

COMMANDS: dict[str, c.Command] = {
    "addresspoolstatus": c.AddressPoolStatus(),
    "briefconnectionstatus-name": c.BriefConnectionStatus("foo"),
    "briefstatus": c.BriefStatus(),
    "checkpubkeys": c.CheckPubkeys(),
    "clearstats": c.ClearStats(),
    "connectionstatus": c.ConnectionStatus(),
    "connectionstatus-name": c.ConnectionStatus("foo"),
    "crash": c.Crash(ip_address("10.1.2.3")),
    "crash6": c.Crash(ip_address("2001:db8::7")),
    "ddns": c.RefreshDdns(),
    "ddos-auto": c.SetDdosMode(c.DdosMode.AUTO),
    "ddos-busy": c.SetDdosMode(c.DdosMode.BUSY),
    "ddos-unlimited": c.SetDdosMode(c.DdosMode.UNLIMITED),
    "delete": c.Delete("foo"),
    "delete-child": c.DeleteChild("foo"),
    "delete-ike": c.DeleteIke("foo"),
    "deleteid": c.DeleteId("@id"),
    "deletestate": c.DeleteState(7),
    "deleteuser": c.DeleteUser("bob"),
    "down": c.Terminate("foo"),
    "down-child": c.TerminateChild("foo"),
    "down-ike": c.TerminateIke("foo"),
    "fetchcrls": c.FetchCrls(),
    "fipsstatus": c.FipsStatus(),
    "global-redirect": c.GlobalRedirect(2, "192.0.2.8"),
    "globalstatus": c.GlobalStatus(),
    "ike-socket-bufsize": c.Listen(buffer=65536),
    "ike-socket-errqueue-toggle": c.Listen(toggle_error_queue=True),
    "initiate": c.Initiate("foo"),
    "initiate-async-remotehost": c.Initiate("foo", asynchronous=True, remote_host="1.2.3.4"),
    "listall": c.ListAll(),
    "listall-utc": c.ListAll(utc=True),
    "listcacerts": c.ListCacerts(),
    "listcerts": c.ListCerts(),
    "listcrls": c.ListCrls(),
    "listen": c.Listen(),
    "listevents": c.ListEvents(),
    "listpsks": c.ListPsks(),
    "listpubkeys": c.ListPubkeys(),
    "oppo": c.Acquire(ip_address("10.0.0.1"), ip_address("10.0.0.2"), 6, 10, 20),
    "processstatus": c.ProcessStatus(),
    "purgeocsp": c.PurgeOcsp(),
    "redirect-active": c.ActiveRedirect("foo", to="192.0.2.9"),
    "rekey-child": c.RekeyChild("foo"),
    "rekey-ike": c.RekeyIke("foo"),
    "rekey-ipsec": c.RekeyChild("foo"),
    "rereadall": c.RereadAll(),
    "rereadcerts": c.RereadCerts(),
    "rereadsecrets": c.RereadSecrets(),
    "route": c.Route("foo"),
    "showstates": c.ShowStates(),
    "shuntstatus": c.ShuntStatus(),
    "shutdown": c.Shutdown(),
    "shutdown-leave-state": c.ShutdownLeaveState(),
    "status": c.Status(),
    "suspend": c.Suspend("foo"),
    "terminate": c.Terminate("foo"),
    "trafficstatus": c.TrafficStatus(),
    "trafficstatus-name": c.TrafficStatus("foo"),
    "trafficstatus-utc": c.TrafficStatus(utc=True),
    "unlisten": c.Unlisten(),
    "unroute": c.Unroute("foo"),
    "xauth-initiate": c.Initiate("foo", xauth_username="u"),
}
"""What each captured whack call asks."""

ADDS = {"add-psk", "add-psk-client"}
"""whack --host ... --to ...: a connection from the command line, whose members the capture itself gives."""


def meaning(capture: Capture, message: Message) -> c.Command:
    """The command of a capture; numbers that only the release knows (debug bits, keys) are taken from it."""
    if capture.command.startswith("impair"):
        packed = [value for path, value in message.strings.items() if "impair" in path]
        if packed:
            return c.Impair(*struct.unpack("<II" if len(packed[0]) == 8 else "<I4xQ?7x", packed[0]))
        numbers = message.members
        return c.Impair(
            set_bits=int(numbers.get("impairing.set", 0)),
            clear_bits=int(numbers.get("impairing.clr", 0)),
            what=int(numbers.get("impairment.what", 0)),
            how=int(numbers.get("impairment.how", 0)),
        )
    if capture.command in ("debug", "no-debug", "debug-name"):
        bits = {
            path.rpartition(".")[2]: int(v) for path, v in message.members.items() if "debugging." in path
        }
        return c.Debug(set=bits.get("set", 0), clear=bits.get("clr", 0), name=message.name)
    if capture.command == "keyid-addkey":
        (key,) = (
            v for path, v in message.strings.items() if path in ("keyval", "pubkey", "whack.pubkey.key")
        )
        return c.AddPublicKey("@peer", key)
    return COMMANDS[capture.command]


@pytest.mark.sampled(1)
@pytest.mark.parametrize("release", releases.ALL)
def test_each_command_equals_what_whack_sent(release: str) -> None:
    """Member by member, less the defaults that this whack sends with every command."""
    pluto = built(release)
    rows = [row for row in captures(release) if row.program == "whack"]
    idle = decode(next(row for row in rows if row.command == "purgeocsp").message, pluto).everything()
    checked = 0
    for row in rows:
        theirs = decode(row.message, pluto)
        if row.command in ADDS:
            continue
        command = meaning(row, theirs)
        ours = decode(encode(command, pluto), pluto)
        mine = ours.everything()
        expected = {
            path: value
            for path, value in theirs.everything().items()
            if mine.get(path) == value or idle.get(path) != value
        }
        assert mine == expected, row.command
        assert ours.settings == theirs.settings, row.command
        assert ours.magic == theirs.magic, row.command
        assert theirs.kind is type(command), row.command
        checked += 1
    assert checked > 30


@pytest.mark.sampled(1)
@pytest.mark.parametrize("release", releases.ALL)
def test_a_message_made_from_another_is_what_construct_builds(release: str) -> None:
    """Each command after all the others, so that its head was changed and not built, to the same bytes."""
    pluto = built(release)
    commands = [command for command in COMMANDS.values() if type(command) in pluto.family.requests]
    for command in commands:
        encode(command, pluto)
    for command in commands:
        message = encode(command, pluto)
        decoded = decode(message, pluto)
        assert pack(pluto, decoded.everything(), decoded.settings, magic=decoded.magic) == message, command


@pytest.mark.sampled(1)
@pytest.mark.parametrize("release", releases.ALL)
def test_every_capture_is_read_and_written_again(release: str) -> None:
    """Decode and pack give the same bytes, padding and a leaked pointer of 4.x aside."""
    pluto = built(release)
    layout = pluto.family.layout
    covered = bytearray(layout.head)
    for field in layout.fields.values():
        if field.offset < layout.head and field.path != "impairments":
            covered[field.offset : field.offset + field.size] = b"\1" * field.size
    rows = captures(release)
    assert rows
    for row in rows:
        message = decode(row.message, pluto)
        again = pack(pluto, message.everything(), message.settings, magic=message.magic) + message.trailing
        assert len(again) == len(row.message), row.command
        head = bytes(b for b, member in zip(row.message, covered, strict=False) if member)
        ours = bytes(b for b, member in zip(again, covered, strict=False) if member)
        assert ours == head, row.command
        assert again[layout.head :] == row.message[layout.head :], row.command


@pytest.mark.parametrize("release", releases.ALL)
def test_a_name_reaches_its_place_whole(release: str) -> None:
    """Names of every length that fits come back as they went in, non-ASCII and raw bytes included."""
    pluto = built(release)
    for name in ("a", "branch-0001", "büro", "\udcff\udc80x", "n" * 500):
        message = decode(encode(c.Initiate(name), pluto), pluto)
        assert message.name == name
        assert message.kind is c.Initiate
