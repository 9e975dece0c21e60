"""A connection without a file reads back as it was given, or is refused: no value begins another setting."""

from __future__ import annotations

import datetime
import ipaddress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from autod.config import Connection, Severity, check
from autod.config.written import parted
from autod.errors import UsageError
from autod.protocol.releases import find

RELEASES = [find(release, seccomp=False) for release in ("3.32", "4.10", "5.2", "5.4")]
TUNNEL: dict[str, object] = {"left": "192.0.2.1", "right": "192.0.2.2", "authby": "secret"}


@pytest.mark.parametrize("release", RELEASES, ids=str)
def test_settings_are_read_as_any_file(release: object) -> None:
    draft = Connection(
        "branch",
        {
            **TUNNEL,
            "left": ipaddress.ip_address("192.0.2.1"),
            "leftsubnets": "{10.1.0.0/24 10.2.0.0/24}",
            "rightid": "C=DE, O=Branch, CN=a b",
            "rightsubnet": "10.9.0.0/24",
            "rekey": False,
            "dpddelay": 5,
        },
    )
    configuration = draft.read(release)  # type: ignore[arg-type]
    (one,) = configuration.connections
    assert one.settings["rightid"].text == "C=DE, O=Branch, CN=a b"
    assert one.settings["leftsubnets"].text == "10.1.0.0/24 10.2.0.0/24"
    assert not [found for found in check(configuration) if found.severity is not Severity.WARNING]


def test_what_is_wrong_is_told_as_of_a_file() -> None:
    found = check(Connection("a", {**TUNNEL, "lefft": "x"}).read(RELEASES[2]))
    assert any("lefft" in str(one) for one in found)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("a\nconn b", TUNNEL),
        ("a b", TUNNEL),
        ("%default", TUNNEL),
        ("conn", TUNNEL),
        ("", TUNNEL),
        ("a", {"also": "b"}),
        ("a", {"include": "/etc/passwd"}),
        ("a", {"left\n\tright": "x"}),
        ("a", {"leftid": 'x"\n\tauto=start'}),
        ("a", {"leftid": "x\n\tauto=start"}),
        ("a", {"leftid": "x\rauto=start"}),
        ("a", {"leftid": "x\0"}),
        ("a", {"leftid": 'say "no"'}),
        ("a", {"leftid": ""}),
    ],
)
def test_what_cannot_be_written_is_refused(name: str, settings: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        Connection(name, settings).read(RELEASES[2])


_NASTY = some.text(
    some.sampled_from(list("ab1 \t=#{}\"'\\\n\r\0%,;:@/|é\x0b\u2028\x85")) | some.characters(), max_size=12
)


@settings(max_examples=400, deadline=None)
@given(_NASTY, _NASTY, some.sampled_from(RELEASES))
def test_no_value_can_begin_another_setting(one: str, other: str, release: object) -> None:
    try:
        configuration = Connection("a", {**TUNNEL, "leftid": one, "rightid": other}).read(release)  # type: ignore[arg-type]
    except UsageError:
        return
    (found,) = configuration.connections
    assert found.settings.keys() <= {*TUNNEL, "leftid", "rightid"}
    for keyword, value in (("leftid", one), ("rightid", other)):
        assert keyword not in found.settings or found.settings[keyword].text in (value, value[1:-1])


def test_words_of_the_command_line() -> None:
    assert parted(["left=192.0.2.1", "LeftID = @a=b"]) == {"left": "192.0.2.1", "leftid": "@a=b"}
    for words in (["left"], ["left=a", "left=b"]):
        with pytest.raises(UsageError):
            parted(words)


def test_typed_settings_are_written_as_ipsec_conf_has_them() -> None:
    one = Connection(
        "branch",
        {"nic-offload": "yes"},
        left=ipaddress.ip_address("192.0.2.1"),
        right="192.0.2.2",
        rightsubnets=[ipaddress.ip_network("10.1.0.0/24"), "10.2.0.0/24"],
        authby=["secret", "rsasig"],
        rekey=False,
        ikelifetime=datetime.timedelta(hours=8),
        dpddelay=30,
    )
    assert one.text.splitlines() == [
        "conn branch",
        "\tleft=192.0.2.1",
        "\tright=192.0.2.2",
        "\trightsubnets={10.1.0.0/24 10.2.0.0/24}",
        "\tauthby=secret,rsasig",
        "\trekey=no",
        "\tikelifetime=28800s",
        "\tdpddelay=30",
        "\tnic-offload=yes",
    ]
    for release in RELEASES:
        assert one.read(release).find("branch")


@pytest.mark.parametrize(
    "given",
    [
        {"left": "192.0.2.1\n\tauto=start"},
        {"rightsubnets": ["10.1.0.0/24} {", "10.2.0.0/24"]},
        {"rightsubnets": ["10.1.0.0/24 10.3.0.0/24"]},
        {"ikelifetime": datetime.timedelta(seconds=-1)},
        {"settings": {"left": "192.0.2.1"}, "left": "192.0.2.9"},
    ],
)
def test_what_cannot_be_written_is_refused_when_it_is_made(given: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        Connection("a", **given)
