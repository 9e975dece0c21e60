"""Addresses to listen on, as settings write them: `unix:/path`, `127.0.0.1:9741`, `[::1]:9741`.

Owns the notation, and which addresses only this machine reaches. Opens nothing.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

__all__ = ["Address"]


@dataclass(frozen=True, slots=True)
class Address:
    """A path of a Unix socket, or the number of a host and a port."""

    path: str = ""
    host: str = ""
    port: int = 0

    @classmethod
    def parse(cls, text: str) -> Address:
        """The address in `text`. Looks up no names. Raises ValueError, with a sentence, if it is not an address."""
        if text.startswith("unix:"):
            path = text.removeprefix("unix:")
            if not path.startswith("/") or "\0" in path or len(path.encode()) > 107:
                raise ValueError(f"{text!r}: a Unix socket has a full path of at most 107 bytes")
            return cls(path=path)
        host, colon, port = text.rpartition(":")
        if not colon or not (port.isascii() and port.isdigit()) or int(port) > 65535:
            raise ValueError(f"{text!r} is neither unix:/path nor address:port")
        host = "127.0.0.1" if host == "localhost" else host
        bare = host.removeprefix("[").removesuffix("]")
        try:
            number = ipaddress.ip_address(bare)
        except ValueError:
            raise ValueError(f"{text!r}: {host!r} is not the number of an address") from None
        if (number.version == 6) is not host.startswith("["):
            raise ValueError(f"{text!r}: an address of IPv6 stands in brackets, one of IPv4 does not")
        return cls(host=str(number), port=int(port))

    @property
    def local(self) -> bool:
        """Whether only this machine reaches it."""
        return bool(self.path) or ipaddress.ip_address(self.host).is_loopback

    def __str__(self) -> str:
        if self.path:
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
