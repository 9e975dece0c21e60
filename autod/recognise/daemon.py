"""pluto's lines about itself: the rows of autod.recognise for listening, secrets, warnings and its end."""

from __future__ import annotations

from autod.events import Listening, NetworkError, SecretsLoaded, ShuttingDown, Warned
from autod.recognise.table import Row

__all__ = ["ROWS"]

ROWS: tuple[Row, ...] = (
    Row(Listening, ("listening",), r"listening for IKE messages", fixed={"listening": True}),
    Row(Listening, ("no",), r"no longer listening for IKE messages", fixed={"listening": False}),
    Row(SecretsLoaded, ("loading",), r'loading secrets from "(?P<file>.*)"'),
    Row(
        Warned,
        ("no",),
        r"(?P<reason>no secrets filename matched .*)",
        seen="",
        sources="3.27-5.4: a pattern that matches no file is not a fault",
    ),
    Row(ShuttingDown, ("shutting", "Pluto"), r"shutting down|Pluto is shutting down"),
    Row(
        NetworkError,
        ("recvfrom",),
        r"(?P<reason>recvfrom on \S+ failed; .*)",
        seen="",
        sources="3.27-5.4",
    ),
    Row(
        Warned,
        ("WARNING:", "ERROR:", "warning:", "Warning:", "ERROR", "Warning"),
        r"(?:WARNING|ERROR|[wW]arning)(?::| -)? ?(?P<reason>.+)",
    ),
    Row(
        Warned,
        ("IKEv1",),
        r"(?P<reason>IKEv1 Aggressive Mode with PSK is vulnerable .*)",
    ),
    Row(
        Warned,
        ("duplicate", "cannot", "invalid"),
        r"(?P<reason>duplicate key .*|cannot find conn .*|invalid (?:.+ value$|\S+: ?).*)",
        seen="",
        sources="4.4-5.4: of a setting",
    ),
    Row(
        Warned,
        ("failed",),
        r"(?P<reason>failed to (?:convert|resolve) .*)",
    ),
)
