"""A file that was damaged never makes --sync delete what the whole file has."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from autod.config import load
from autod.config.compare import compare
from autod.config.comparison import Memory
from autod.config.steps import removes_too_much, steps
from autod.loading.holding import unread
from autod.protocol.releases import find
from autod.protocol.replies import Reply
from autod.status import parse
from autod.status.shown import shown

NAMES = tuple(f"c{number}" for number in range(12))
SECTION = (
    "conn {name}\n\tleft=192.1.2.45\n\tleftid=@w{name}\n\tright=192.1.2.60\n\trightid=@e{name}\n"
    "\tauthby=secret\n\tauto=add\n"
)
SHORT = "conn {name}\n\talso=shared\n\tleftid=@w{name}\n\trightid=@e{name}\n"
SHARED = "conn shared\n\tleft=192.1.2.45\n\tright=192.1.2.60\n\tauthby=secret\n"
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


def whole(shape: str) -> dict[str, str]:
    """The files of a configuration with all twelve, by name; the first is the configuration."""
    sections = [SECTION.format(name=name) for name in NAMES]
    match shape:
        case "one file":
            return {"ipsec.conf": "config setup\n" + "".join(sections)}
        case "an include each":
            parts = {f"{name}.conf": text for name, text in zip(NAMES, sections, strict=True)}
            return {"ipsec.conf": "config setup\ninclude FOLDER/c*.conf\n", **parts}
        case "two includes":
            return {
                "ipsec.conf": "config setup\ninclude FOLDER/one.conf\ninclude FOLDER/two.conf\n",
                "one.conf": "".join(sections[:9]),
                "two.conf": "".join(sections[9:]),
            }
        case _:
            short = "".join(SHORT.format(name=name) for name in NAMES)
            return {"ipsec.conf": f"config setup\nconn %default\n\tauto=add\n{SHARED}{short}"}


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, dict[str, bytes]]:
    """The shape, and the files with bytes or lines changed, lost, put in, doubled or swapped, or a file gone."""
    shape = draw(st.sampled_from(["one file", "an include each", "two includes", "also and default"]))
    files = {name: bytearray(text.encode()) for name, text in whole(shape).items()}
    for _ in range(draw(st.integers(1, 3))):
        name = draw(st.sampled_from(sorted(files)))
        data = files[name]
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        lines = data.split(b"\n")
        line = draw(st.integers(0, len(lines) - 1))
        match draw(st.sampled_from(_KINDS)):
            case "change":
                data[at : at + 1] = draw(st.binary(min_size=1, max_size=1))
            case "remove":
                del data[at : at + 1]
            case "insert":
                data[at:at] = draw(st.binary(min_size=1, max_size=3))
            case "lose":
                del data[at : at + draw(st.integers(1, 40))]
            case "cut":
                del data[at:]
            case "head":
                del data[:at]
            case "zero":
                # What a file system makes of a block that was never written.
                data[at:] = bytes(len(data) - at)
            case "windows":
                data[:] = data.replace(b"\n", b"\r\n")
            case "mark":
                data[:0] = b"\xef\xbb\xbf"
            case "dedent":
                lines[line] = lines[line].lstrip()
                data[:] = b"\n".join(lines)
            case "indent":
                lines[line] = b"\t" + lines[line]
                data[:] = b"\n".join(lines)
            case "join":
                data[:] = (
                    b"\n".join(lines[:line])
                    + b" ".join(lines[line : line + 2])
                    + b"\n".join(lines[line + 2 :])
                )
            case "drop line":
                del lines[line]
                data[:] = b"\n".join(lines)
            case "double line":
                lines.insert(line, lines[line])
                data[:] = b"\n".join(lines)
            case "swap lines":
                lines[line], lines[line - 1] = lines[line - 1], lines[line]
                data[:] = b"\n".join(lines)
            case "comment":
                lines[line] = b"#" + lines[line]
                data[:] = b"\n".join(lines)
            case "conflict":
                lines.insert(line, b"<<<<<<< HEAD")
                data[:] = b"\n".join(lines)
            case _ if name != "ipsec.conf":
                files.pop(name)
                if len(files) == 1:
                    break
            case _:
                data.clear()
    return shape, {name: bytes(data) for name, data in files.items()}


_KINDS = (
    "change", "remove", "insert", "lose", "cut", "head", "zero", "windows", "mark", "dedent", "indent", "join",
    "drop line", "double line", "swap lines", "comment", "conflict", "lose file",
)  # fmt: skip


@settings(max_examples=4 * settings().max_examples, deadline=None)
@given(damaged(), st.sampled_from(["4.10", "5.2", "5.4"]))
def test_a_damaged_file_deletes_nothing(drawn: tuple[str, dict[str, bytes]], release: str) -> None:
    """Without --force. A section that is gone to the last byte, and no other of the file is touched, is somebody's
    will: so is every smaller loss that leaves no trace."""
    shape, files = drawn
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files.items():
            (Path(folder) / name).write_bytes(data.replace(b"FOLDER", folder.encode()))
        main = str(Path(folder) / "ipsec.conf")
        configuration = load(main, find(release, seccomp=False))
        if configuration.refusal is not None:
            return
        names = {name: str(Path(folder) / _file_of(name, shape)) for name in NAMES}
        memory = Memory(names=names, unread=unread(names, configuration))
        found = compare(configuration, STATE, shows=SHOWN, memory=memory)
    planned = steps(found, STATE, shares=False)
    removed = [one.connection for one in planned if one.action == "delete"]
    kept = [*found.same, *(one.connection for one in found.different)]
    if removes_too_much(removed, kept) is not None:
        return
    data = b"\n".join(files.values())
    traces = [name for name in removed if any(line in data for line in _lines(name))]
    assert not traces, traces


def _file_of(name: str, shape: str) -> str:
    """The file that a connection stood in."""
    if shape == "an include each":
        return f"{name}.conf"
    if shape == "two includes":
        return "one.conf" if NAMES.index(name) < 9 else "two.conf"
    return "ipsec.conf"


def _lines(name: str) -> tuple[bytes, ...]:
    """What is of this connection only."""
    return (f"leftid=@w{name}\n".encode(), f"rightid=@e{name}\n".encode())
