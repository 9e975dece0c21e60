"""/etc/autod.toml: the settings and their meaning, declared once.

Owns the declarations; the manual page is made from them. Reads no file (see `settingsfile`) and knows no connection:
`wanted` puts settings and configuration together.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from autod.supervisor.states import Keep, Policy

__all__ = [
    "DEFAULT_PATH",
    "SIDE",
    "Api",
    "Group",
    "History",
    "Hook",
    "Hooks",
    "Log",
    "Metrics",
    "Page",
    "PlutoSettings",
    "PolicySettings",
    "Seconds",
    "Settings",
    "Supervise",
]

DEFAULT_PATH = "/etc/autod.toml"

Share = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=0)]
Positive = Annotated[int, Meta(ge=1)]

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


class Seconds(float):
    """A time: a number of seconds, or a text such as "90s", "5m", "1h", "1d"."""

    @classmethod
    def read(cls, value: object) -> Seconds:
        """The time in `value`. Raises ValueError if it is not a time."""
        if isinstance(value, str) and (match := re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", value.strip())):
            return cls(float(match[1]) * _UNITS[match[2]])
        if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < float("inf"):
            return cls(value)
        raise ValueError(
            f'{value!r} is not a time: a number of seconds, or a text such as "90s", "5m" or "1h"'
        )


class PolicySettings(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How connections are kept. In `[policy]` for all, in a `[[group]]` for its own; a key that the group does not have
    is that of `[policy]`."""

    keep: Annotated[
        Literal["up", "routed", "loaded", "down"] | None,
        Meta(
            description="What the connections should be: up; routed, so that a packet brings them up; loaded, "
            "so that the peer may; down. By default it follows auto= of ipsec.conf, and is up where that says "
            "nothing."
        ),
    ] = None
    deadline: Annotated[
        Seconds | None,
        Meta(
            description="How long one try may take. Shorter than 65 s hides why a peer was silent, as pluto itself "
            "says so only after 64 s. Default: 75s."
        ),
    ] = None
    backoff_min: Annotated[
        Seconds | None,
        Meta(description="The wait after a first failure; it doubles with each further one. Default: 2s."),
    ] = None
    backoff_max: Annotated[
        Seconds | None, Meta(description="The longest wait between two tries. Default: 5m.")
    ] = None
    jitter: Annotated[
        Share | None,
        Meta(
            description="Up to this share is taken off each wait, so that many do not try at once. Default: 0.3."
        ),
    ] = None
    flap_count: Annotated[
        Count | None,
        Meta(
            description="A connection lost so many times within flap_window is held for flap_hold and reported "
            "as flapping; 0: never. Default: 5."
        ),
    ] = None
    flap_window: Annotated[Seconds | None, Meta(description="See flap_count. Default: 10m.")] = None
    flap_hold: Annotated[Seconds | None, Meta(description="See flap_count. Default: 5m.")] = None
    patience: Annotated[
        Seconds | None,
        Meta(
            description="How long pluto may negotiate by itself before it is told to begin afresh; 0: for ever. "
            "Default: 5m."
        ),
    ] = None
    refused_retry: Annotated[
        Seconds | None,
        Meta(
            description="A refused connection is tried again this seldom even if nothing changed here, as its "
            "peer may have been mended; 0: never. Default: 15m."
        ),
    ] = None
    refuse_after: Annotated[
        Positive | None,
        Meta(
            description="So many failures in a row make the word of a peer (authentication failed, no proposal, "
            "no Child SA) final; a peer that is just starting says no to what it will soon accept. Default: 3."
        ),
    ] = None

    def over(self, base: Policy) -> Policy:
        """`base` with the keys that are set here."""
        values: dict[str, Any] = {}
        for name in PolicySettings.__struct_fields__:
            value = getattr(self, name)
            if value is not None:
                values[name] = float(value) if isinstance(value, Seconds) else value
        if self.keep is not None:
            values["keep"] = Keep(self.keep)
        return dataclasses.replace(base, **values)


class Group(PolicySettings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Some connections and how they are kept. The first group that names a connection has it."""

    name: Annotated[str, Meta(min_length=1, description="The group's name, for reports and metrics.")]
    connections: Annotated[
        list[str],
        Meta(
            min_length=1,
            description='Names, or patterns such as "branch-*", of connections. A plain name is wanted even where '
            "ipsec.conf does not define it.",
        ),
    ]
    exclude: Annotated[list[str], Meta(description="Names or patterns that are not meant after all.")] = (
        field(default_factory=list)
    )


class PlutoSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """The pluto that is supervised."""

    socket: Annotated[str, Meta(description="pluto's control socket.")] = "/run/pluto/pluto.ctl"
    release: Annotated[
        str, Meta(description="The release of Libreswan, where it must not be asked for; empty: ask pluto.")
    ] = ""
    dialect: Annotated[
        Literal["", "upstream", "el8"],
        Meta(
            description="By whose rules ipsec.conf is read: upstream's, or as RHEL 8 and its rebuilds have patched "
            "4.3 to 4.12; empty: as the addconn beside pluto shows when it is asked."
        ),
    ] = ""
    via_addconn: Annotated[
        bool,
        Meta(
            description="Whether connections are loaded through the addconn beside pluto, for a build whose "
            "ipsec.conf has more than autod knows. A keyword that autod does not know is then left to it."
        ),
    ] = False


class Supervise(Struct, frozen=True, forbid_unknown_fields=True):
    """What is supervised, and how hard."""

    configuration: Annotated[str, Meta(description="The ipsec.conf that defines the connections.")] = (
        "/etc/ipsec.conf"
    )
    secrets: Annotated[
        list[str],
        Meta(
            description="Files or patterns; a change has pluto read its secrets again, and refused ones tried."
        ),
    ] = field(default_factory=lambda: ["/etc/ipsec.secrets", "/etc/ipsec.d/*.secrets"])
    follow_auto: Annotated[
        bool,
        Meta(
            description="Whether connections that no group names are kept as auto= of ipsec.conf says: start, up "
            "and keep: up; ondemand and route: routed; add: loaded."
        ),
    ] = True
    remove_at_most: Annotated[
        int,
        Meta(
            description="Percent of the connections that a reload may take out of pluto at once. More than that (and "
            "at least five), or all, look like a file that was lost: then nothing changes until Reload is forced. "
            "100: as many as may be, but not all.",
            ge=0,
            le=100,
        ),
    ] = 20
    limit: Annotated[
        Positive,
        Meta(
            description="Tries in flight at once. Each holds a descriptor of pluto, so it is never more than "
            "pluto's own limit less 64."
        ),
    ] = 64
    rate: Annotated[
        Positive, Meta(description="Tries begun a minute, after a first burst of as many as limit.")
    ] = 6000
    watch: Annotated[
        bool,
        Meta(
            description="Whether changed files are read without being told; else on SIGHUP and Reload only."
        ),
    ] = True
    watch_every: Annotated[Seconds, Meta(description="How often the files are looked at.")] = Seconds(2)
    poll_min: Annotated[Seconds, Meta(description="pluto is not asked for its traffic more often.")] = (
        Seconds(2)
    )
    poll_max: Annotated[Seconds, Meta(description="Nor less often, however many connections there are.")] = (
        Seconds(60)
    )
    resolve_every: Annotated[
        Seconds,
        Meta(
            description="How often the resolver is asked for the name of a peer whose connections are up, so that a "
            "change is known when they are lost; less often if there are more than ten names; 0: not then. Every 2 s "
            "if one should be up and is not."
        ),
    ] = Seconds(5)
    resolve_rate: Annotated[
        Positive, Meta(description="Names asked for in a second at most, of all peers together.")
    ] = 10
    answer: Annotated[
        Seconds, Meta(description="How long pluto may take to answer a question about its state.")
    ] = Seconds(30)
    shutdown: Annotated[
        Literal["leave", "down"],
        Meta(
            description="What becomes of the tunnels when autod is stopped: left as they are, or taken down."
        ),
    ] = "leave"
    shutdown_within: Annotated[
        Seconds, Meta(description="How long taking them down may take; less than the service's stop timeout.")
    ] = Seconds(60)
    state: Annotated[
        str,
        Meta(description="Where suspensions are remembered over a restart of autod; empty: nowhere."),
    ] = "/var/lib/autod/suspended.json"
    connections: Annotated[
        str,
        Meta(
            description="Where connections are kept that stand in no ipsec.conf, because `autod --service --add NAME "
            "--set ...` or Add of the API had the supervisor take them; empty: none are taken."
        ),
    ] = "/var/lib/autod/connections.conf"


class Api(Struct, frozen=True, forbid_unknown_fields=True):
    """The local API: Varlink on a Unix socket. root may always do everything."""

    socket: Annotated[
        str,
        Meta(description="Where to listen; empty: nowhere. A socket passed by systemd is used instead."),
    ] = "/run/autod/autod.sock"
    change: Annotated[list[str], Meta(description="Groups whose members may change things.")] = field(
        default_factory=list
    )
    look: Annotated[list[str], Meta(description="Groups whose members may look.")] = field(
        default_factory=list
    )
    connections: Annotated[Positive, Meta(description="Clients at once.")] = 256
    message: Annotated[
        int, Meta(ge=1024, le=16777216, description="The longest message taken from a client, in bytes.")
    ] = 65536
    backlog: Annotated[
        Positive, Meta(description="Events kept for subscribers; who falls further behind is told how many.")
    ] = 4096
    stall: Annotated[Seconds, Meta(description="A client that takes no byte for so long is dropped.")] = (
        Seconds(60)
    )


class Metrics(Struct, frozen=True, forbid_unknown_fields=True):
    """Metrics for Prometheus. None by default."""

    listen: Annotated[
        str,
        Meta(
            description='Where to serve them: "unix:/path", "127.0.0.1:9741" or "[::1]:9741"; empty: nowhere.'
        ),
    ] = ""
    textfile: Annotated[
        str, Meta(description="A file to write them to, for node_exporter's textfile collector; empty: none.")
    ] = ""
    every: Annotated[Seconds, Meta(description="How often the text file is written.")] = Seconds(15)


class History(Struct, frozen=True, forbid_unknown_fields=True):
    """What is remembered of each connection: `autod history` shows it."""

    file: Annotated[
        str,
        Meta(description="The file of the history, a database of SQLite; empty: none is kept."),
    ] = "/var/lib/autod/history.db"
    size: Annotated[
        int, Meta(ge=1, le=10000, description="How many MB it may hold; beyond that the oldest hours go.")
    ] = 32
    keep: Annotated[Seconds, Meta(description="What is older goes, however little it is.")] = Seconds(
        400 * 86400
    )


class Hooks(Struct, frozen=True, forbid_unknown_fields=True):
    """How the commands of [[hook]] are run."""

    run: Annotated[
        Literal["auto", "unit", "child"],
        Meta(
            description="unit: each as autod-hook@.service, whose rights are its own; child: as a child of autod, "
            "with autod's own few rights; auto: as a unit where autod itself is a service and that unit is "
            "installed."
        ),
    ] = "auto"
    at_once: Annotated[int, Meta(ge=1, le=64, description="How many run at once.")] = 4
    waiting: Annotated[
        int,
        Meta(
            ge=1,
            le=100000,
            description="How many may wait for their turn. What comes on top is left out, and the next hook that "
            "runs is told how many were.",
        ),
    ] = 1000


class Hook(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A command for changes. It has the event as JSON on its standard input, and its fields in the environment."""

    name: Annotated[str, Meta(min_length=1, description="The hook's name, for the log.")]
    command: Annotated[
        list[str], Meta(min_length=1, description="The program, by its full path, and its arguments.")
    ]
    on: Annotated[
        list[Literal["down", "refused", "flapping", "up"]],
        Meta(
            min_length=1,
            description="down: it should be up and has not been for `after`; refused: another try cannot help; "
            "flapping: it is held, as it was lost too often; up: it is up again, after one of the others was told.",
        ),
    ] = field(default_factory=lambda: ["down", "refused", "flapping", "up"])
    after: Annotated[Seconds, Meta(description="How long it must be down before that is told.")] = Seconds(60)
    connections: Annotated[
        list[str], Meta(min_length=1, description="Names or patterns of the connections that are meant.")
    ] = field(default_factory=lambda: ["*"])
    deadline: Annotated[
        Seconds, Meta(description="How long one run may take; it is killed then, with all its children.")
    ] = Seconds(30)


class Page(Struct, frozen=True, forbid_unknown_fields=True):
    """A page to look at: states, history, causes. It changes nothing. None by default."""

    listen: Annotated[
        str,
        Meta(
            description='Where to serve it: "unix:/path", where [api] change and look say who may, or a loopback '
            'address such as "127.0.0.1:9742", where every user of this machine may; empty: nowhere.'
        ),
    ] = ""
    unprotected: Annotated[
        bool,
        Meta(
            description="Allows an address that is not a loopback one. Then everybody who reaches it can read the "
            "page: there is neither a password nor encryption."
        ),
    ] = False


class Log(Struct, frozen=True, forbid_unknown_fields=True):
    """What is written about what happens."""

    format: Annotated[
        Literal["auto", "journal", "console", "json"],
        Meta(description="auto: the journal with fields under systemd, else lines for people."),
    ] = "auto"
    level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="What is worth a line.")
    ] = "info"


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file. Every table and every key may be left out."""

    pluto: PlutoSettings = PlutoSettings()
    supervise: Supervise = field(default_factory=Supervise)
    policy: PolicySettings = PolicySettings()
    group: list[Group] = field(default_factory=list)
    api: Api = field(default_factory=Api)
    metrics: Metrics = Metrics()
    page: Page = Page()
    history: History = field(default_factory=History)
    hooks: Hooks = Hooks()
    hook: list[Hook] = field(default_factory=list)
    log: Log = Log()


SIDE = ("api", "metrics", "page", "history", "hooks", "hook", "log")
"""Tables that supervision does not need: an error in one of them stops only its own feature."""
