"""A connection without a file: its settings, written so that the reader understands them correctly. Pure.

Owns: which names, keywords and values can be written, and how. Must not know: what they mean; the reader knows that,
with the same errors and warnings as for any file.

No value can end its line or begin another setting: such a value is refused. Every value that is not plain is quoted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import msgspec

from autod.config.reader import Configuration, load_text
from autod.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from autod.protocol.releases import Release

__all__ = ["Connection", "parted", "written"]

_KEYWORD: Final = re.compile(r"[a-z][a-z0-9_-]*\Z")
_WORDS: Final = frozenset({"version", "config", "setup", "conn", "include", "also"})
"""Words that begin something else, or take settings from other sections, which do not exist here."""

_PLAIN: Final = re.compile(r"[A-Za-z0-9%@.:,/_+*!;~|-]+\Z")
_LIST: Final = re.compile(r"\{[A-Za-z0-9%@.:,/_+ -]*\}\Z")
_NAME: Final = re.compile(r"[A-Za-z0-9_.@:+/~-][A-Za-z0-9%_.@:+/~-]*\Z")

Host: TypeAlias = str | IPv4Address | IPv6Address
"""An address, a host name, or a word such as `%any`."""
Net: TypeAlias = str | IPv4Network | IPv6Network
Time: TypeAlias = str | int | timedelta
"""Seconds, or a text for ipsec.conf, such as `8h`."""


class _Settings(msgspec.Struct, frozen=True):
    name: str
    settings: Mapping[str, object] = {}


class Connection(_Settings, frozen=True, kw_only=True):
    """A connection that is not in a file: `Connection("branch", left="192.0.2.1", right="192.0.2.2")`.

    Common keywords of ipsec.conf have a field; all others stand in `settings`, by keyword:
    `Connection("branch", {"nic-offload": "yes"}, left=...)`. Values there are text, numbers, addresses (anything that
    `str` makes a word of), booleans, a time or a sequence.

    UsageError if it cannot be written: if a name, a keyword or a value could be taken for something else.
    """

    left: Host | None = None
    right: Host | None = None
    leftid: str | None = None
    rightid: str | None = None
    leftsubnet: Net | None = None
    rightsubnet: Net | None = None
    leftsubnets: Sequence[Net] | None = None
    rightsubnets: Sequence[Net] | None = None
    leftcert: str | None = None
    rightcert: str | None = None
    authby: str | Sequence[str] | None = None
    auto: Literal["ignore", "add", "start", "ondemand", "route", "keep", "up"] | None = None
    ikev2: str | bool | None = None
    type: Literal["tunnel", "transport", "passthrough", "drop", "reject"] | None = None
    ike: str | Sequence[str] | None = None
    esp: str | Sequence[str] | None = None
    pfs: bool | None = None
    rekey: bool | None = None
    ikelifetime: Time | None = None
    salifetime: Time | None = None
    dpddelay: Time | None = None
    mtu: int | None = None

    def __post_init__(self) -> None:
        self.text  # noqa: B018 (it raises the error)

    @property
    def given(self) -> dict[str, object]:
        """All settings, by keyword. UsageError for one that is given twice."""
        typed = {keyword: value for keyword in _TYPED if (value := getattr(self, keyword)) is not None}
        twice = next((keyword for keyword in self.settings if keyword in typed), None)
        if twice is not None:
            raise UsageError(f"{twice}= is given twice", option="set")
        return {**typed, **self.settings}

    @property
    def text(self) -> str:
        """The connection as the text of a file. UsageError if it cannot be written."""
        return written(self.name, self.given)

    def read(self, release: Release) -> Configuration:
        """The connection as `release` reads it, with its complaints, as for any file (`autod.config.check`).

        Unsupported as in `autod.config.load`.
        """
        return load_text(self.text, release, path=f"settings of {self.name}")


_TYPED: Final = tuple(name for name in Connection.__struct_fields__ if name not in ("name", "settings"))


def parted(words: Iterable[str]) -> dict[str, str]:
    """`KEYWORD=VALUE` words as settings. UsageError for a word without `=`, or a keyword that is given twice."""
    settings: dict[str, str] = {}
    for word in words:
        keyword, equal, value = word.partition("=")
        keyword = keyword.strip().lower()
        if not equal:
            raise UsageError(f"{word!r} is not KEYWORD=VALUE", option="set")
        if keyword in settings:
            raise UsageError(f"{keyword}= is given twice", option="set")
        settings[keyword] = value.strip(" \t")
    return settings


def written(name: str, settings: Mapping[str, object]) -> str:
    """The text of a configuration with this one connection (see `Connection`)."""
    if not _is_text(name) or not _NAME.match(name) or name in _WORDS:
        raise UsageError(f"{name!r} cannot be the name of a connection that is not in a file", name=name)
    lines = [f"conn {name}"]
    for keyword, value in settings.items():
        if not _KEYWORD.match(keyword) or keyword in _WORDS or keyword.startswith(("x-", "x_")):
            raise UsageError(f"{keyword!r} is not a keyword of a connection", option="set")
        lines.append(f"\t{keyword}={_value(keyword, value)}")
    return "\n".join(lines) + "\n"


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _value(keyword: str, value: object) -> str:
    text = _words(keyword, value)
    if not text:
        raise UsageError(f"{keyword}= has no value", option="set")
    if _PLAIN.match(text) or _LIST.match(text):
        return text
    wrong = next((character for character in text if character == '"' or ord(character) in _CONTROL), None)
    if wrong is not None:
        raise UsageError(f"{keyword}= cannot have {wrong!r} in its value", option="set")
    return f'"{text}"'


def _words(keyword: str, value: object) -> str:
    if isinstance(value, bool):
        return ("no", "yes")[value]
    if isinstance(value, timedelta):
        if value < timedelta(0) or value.microseconds:
            raise UsageError(f"{keyword}= is a time of whole seconds", option="set")
        return f"{value.days * 86_400 + value.seconds}s"
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        words = [str(item) for item in value]
        if keyword.endswith("subnets"):
            odd = next((item for item in words if not _PLAIN.match(item) or "," in item), None)
            if odd is not None:
                raise UsageError(f"{keyword}= cannot have {odd!r} in its list", option="set")
            return f"{{{' '.join(words)}}}"
        return ",".join(words)
    return str(value)


_CONTROL: Final = frozenset((*range(32), 127, 0x85, 0x2028, 0x2029)) - {9}
