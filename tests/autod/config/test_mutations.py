"""A file that was damaged never makes --sync delete what the whole file has."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from autod.config import load
from autod.config.compare import Memory, compare
from autod.config.steps import removes_too_much, steps
from autod.protocol.releases import find
from autod.protocol.replies import Reply
from autod.status import parse
from autod.status.shown import shown

NAMES = tuple(f"c{number}" for number in range(12))
SECTION = (
    "conn {name}\n\tleft=192.1.2.45\n\tleftid=@w{name}\n\tright=192.1.2.60\n\trightid=@e{name}\n"
    "\tauthby=secret\n\tauto=add\n"
)
TEXT = "config setup\n" + "".join(SECTION.format(name=name) for name in NAMES)
STATUS = [
    Reply(0, line)
    for name in NAMES
    for line in (
        f'"{name}": 192.1.2.45[@w{name}]...192.1.2.60[@e{name}]; unrouted; eroute owner: #0',
        f'"{name}":   policy: IKEv2+PSK+ENCRYPT+TUNNEL+PFS+IKE_FRAG_ALLOW+ESN_NO+ESN_YES;',
        f'"{name}":   our idtype: ID_FQDN; our id=@w{name}; their idtype: ID_FQDN; their id=@e{name}',
    )
]
STATE, SHOWN = parse(STATUS), shown(STATUS)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """The file with some bytes changed, taken out or put in, or a piece lost."""
    data = bytearray(TEXT.encode())
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(data) - 1))
        match draw(st.sampled_from(["change", "remove", "insert", "lose", "cut"])):
            case "change":
                data[at] = draw(st.integers(0, 255))
            case "remove":
                del data[at]
            case "insert":
                data[at:at] = draw(st.binary(min_size=1, max_size=3))
            case "lose":
                del data[at : at + draw(st.integers(1, 40))]
            case _:
                del data[at:]
        if not data:
            break
    return bytes(data) or b"\n"


@settings(max_examples=300)
@given(damaged(), st.sampled_from(["4.10", "5.2", "5.4"]))
def test_a_damaged_file_deletes_nothing(data: bytes, release: str) -> None:
    """Without --force. A section that is gone to the last byte, and no other of the file is touched, is somebody's
    will: so is every smaller loss that leaves no trace."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "ipsec.conf"
        file.write_bytes(data)
        configuration = load(str(file), find(release, seccomp=False))
        if configuration.refusal is not None:
            return
        memory = Memory(names=dict.fromkeys(NAMES, str(file)))
        found = compare(configuration, STATE, shows=SHOWN, memory=memory)
    planned = steps(found, STATE, shares=False)
    removed = [one.connection for one in planned if one.action == "delete"]
    kept = [*found.same, *(one.connection for one in found.different)]
    if removes_too_much(removed, kept) is not None:
        return
    whole = [SECTION.format(name=name).encode() for name in NAMES]
    left = [section in data for section in whole]
    traces = [name for name in removed if any(line in data for line in _lines(name))]
    assert not traces, (traces, left)


def _lines(name: str) -> tuple[bytes, ...]:
    """What is of this connection only."""
    return (f"leftid=@w{name}\n".encode(), f"rightid=@e{name}\n".encode())
