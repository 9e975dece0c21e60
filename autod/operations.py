"""What an operation is: one row for each, and all that the rest of autod has to know about it.

Owns: the rows. Whoever needs a fact about an operation (the parser, a run of many, the judge, the client, the guards,
what is learned of a release, the documents) reads it here. Must not know: how anything is done. Commands, events and
results stand here by the names of their classes, so that `autod --help`, which reads the rows, loads none of them.

A new operation is a new row, and its test.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = [
    "BY_NAME",
    "CONFIGURATION",
    "CONNECTIONS",
    "LISTS",
    "PLUTO",
    "ROWS",
    "SAS",
    "STATE",
    "Row",
    "Substitute",
    "Takes",
    "find",
    "of_command",
    "steps_of",
]


class Takes:
    """What an operation wants after it."""

    NAMES = "names"
    """One connection or more."""
    NOTHING = "nothing"
    ONE = "one"
    """One word that is neither the name of a connection nor a pattern."""
    OPTIONAL = "optional"
    """Names narrow it down; without any it is about everything."""


class Substitute(NamedTuple):
    """Another command, which is asked where a release lacks that of the row.

    `keep`: how the lines begin that are the answer; () keeps them all. `how`: in words, for the documents.
    """

    command: str
    keep: tuple[str, ...]
    how: str


class Row(NamedTuple):
    """One operation. What is empty or false does not apply to it."""

    name: str
    """As outcomes and events name it; its flag is this with two dashes in front, and its word is this alone."""
    group: str = ""
    """The heading of its flag in --help. Empty: it has no flag, only callers of the library ask for it."""
    takes: str = Takes.NOTHING
    help: str = ""
    options: frozenset[str] = frozenset()
    """The options that it honours, as the parser names their values ("via_addconn")."""
    service: frozenset[str] = frozenset()
    """The options that it honours with --service. Empty: a supervisor cannot be asked for it."""

    aliases: tuple[str, ...] = ()
    """Other names for it: whack's own."""
    example: str = ""
    """What stands behind its flag in the example of its help."""
    wants: str = "NAME"
    """What stands for a name in its usage: a user, an identity, a number."""

    command: str = ""
    """Class of autod.protocol.commands. Empty: it is made of other operations (`steps`), or autod answers it."""
    steps: tuple[str, ...] = ()
    """The operations that it is made of, in order: one that fails ends it. Empty: itself."""
    substitute: Substitute | None = None
    lacking: str = ""
    """Why a release that lacks the command, and has no substitute, refuses it; then what to do instead."""
    instead: str = ""
    """How autod answers it, where no release has a command for it."""
    guards: tuple[str, ...] = ()
    """What looks at pluto before it is sent, by name in autod.asking.guards; each knows on which releases."""
    holds_descriptor: bool = False
    """pluto keeps the client's descriptor until the negotiation is over (initiate.c, ikev2_rekey_now.c of 4.10)."""
    quick: bool = False
    """It may be sent ahead of the answers to others: every release has it, and nothing is looked at before."""
    lists: bool = False
    """Every line that pluto says is part of the answer."""

    result: str = "done"
    """Value of autod.outcomes.Result, where it succeeded."""
    shown_by: tuple[str, ...] = ()
    """Classes of autod.events: without one of these it has not succeeded, as far as pluto's lines tell."""
    told_by: tuple[str, ...] = ()
    """Classes of autod.events: where none came, some releases mean success and others an unknown name, so that
    pluto's state has to be looked at."""
    absent_is_done: bool = False
    """It is done where pluto has nothing of that name."""
    end_is_done: bool = False
    """It is done where pluto goes away."""
    leaves: str = ""
    """"up" or "down": what pluto's state shows of the connection afterwards, so that the state tells whether it is
    done, and whether it was so before."""
    undone_by_restart: bool = False

    doing: str = ""
    """For people: "bringing up"."""
    done: str = "done"
    """For people, after a number or a name: "up"."""
    failed: str = "not done"
    """For people, after a number or a name: "not up"."""

    whack: tuple[str, ...] = ()
    """What whack calls it, the newest spelling first: how autod learns the messages of a release that it does not
    know. Empty: it is not learned."""
    variants: tuple[str, ...] = ()
    """Fields of the command that change the message, and are learned too: "asynchronous", "utc", "name"."""
    old: bool = False
    """`ipsec auto` of 4.10 took it in its old form too: `NAME VERB`, or `VERB` alone."""

    @property
    def flag(self) -> str:
        """Its option on the command line, or "" where it has none."""
        return f"--{self.name}" if self.group else ""

    @property
    def usage(self) -> str:
        """Its option, and what stands behind it: `--up NAME ...`."""
        operands = {
            Takes.NAMES: f" {self.wants} ...",
            Takes.OPTIONAL: f" [{self.wants} ...]",
            Takes.ONE: f" {self.wants}",
        }
        return (self.flag or self.name) + operands.get(self.takes, "")

    @property
    def flags(self) -> tuple[str, ...]:
        """Its options, that of its name first."""
        return tuple(f"--{name}" for name in (self.name, *self.aliases)) if self.group else ()

    @property
    def initiates(self) -> bool:
        """Whether it ends with a Child SA."""
        return self.leaves == "up"

    @property
    def only_asks(self) -> bool:
        """Whether it leaves pluto as it is, however far it comes. What can be tried dry does not."""
        return not self.steps and (self.lists or not (self.command or "dry_run" in self.options))

    @property
    def loads(self) -> bool:
        """Whether it needs the configuration that connections are loaded from."""
        return "add" in (self.steps or (self.name,))

    @property
    def is_run(self) -> bool:
        """Whether it can be done to many connections at once (autod.bulk)."""
        return "limit" in self.options


CONNECTIONS = "operations on connections"
PLUTO = "operations on pluto"
LISTS = "lists"
STATE = "state"
CONFIGURATION = "operations on the configuration"
SAS = "operations on SAs"

_WHICH = frozenset({"ctlsocket", "config", "release", "seccomp", "labeled"})
"""Which installation is meant. Every operation takes them: scripts give them to all alike."""
_ASK = _WHICH | {"timeout", "deadline", "json", "verbose"}
_DO = _ASK | {"quiet"}
_ALL = _ASK | {"all"}
_SHOWN = _ASK | {"showonly"}
_MANY = _ALL | {"quiet", "limit", "retries", "report"}
_RUN = _MANY | {"showonly"}
_LOAD = _RUN | {"via_addconn", "set"}
_UP = frozenset(
    {"asynchronous", "if_down", "on_failure", "wait", "remote_host", "xauthname", "xauthpass_file"}
)
_UTC = frozenset({"utc"})
_SERVICE = frozenset({"service", "api", "json", "timeout", "deadline", "quiet"})

_DOWN_EVENTS = ("Terminating", "Deleting", "Deleted", "AliasExpanded")
_DOWN_INSTEAD = "take the connection down instead"

ROWS: tuple[Row, ...] = (
    Row(
        "up",
        CONNECTIONS,
        Takes.NAMES,
        "initiate, and wait until the Child SA is established or it failed",
        example="branch-17",
        options=_RUN | _UP | {"service", "api"},
        service=_SERVICE | {"all", "asynchronous"},
        aliases=("initiate",),
        command="Initiate",
        guards=("adrift",),
        holds_descriptor=True,
        quick=True,
        result="up",
        shown_by=("ChildEstablished",),
        leaves="up",
        undone_by_restart=True,
        doing="bringing up",
        done="up",
        failed="not up",
        whack=("--initiate",),
        variants=("asynchronous",),
        old=True,
    ),
    Row(
        "down",
        CONNECTIONS,
        Takes.NAMES,
        "terminate: take the SAs down, keep the connection loaded",
        example="--all --deadline 2m",
        options=_RUN | {"service", "api"},
        service=_SERVICE | {"all", "asynchronous"},
        aliases=("terminate",),
        command="Terminate",
        quick=True,
        result="down",
        told_by=_DOWN_EVENTS,
        leaves="down",
        doing="taking down",
        done="down",
        failed="not down",
        whack=("--down", "--terminate"),
        old=True,
    ),
    Row(
        "add",
        CONNECTIONS,
        Takes.NAMES,
        "load from the configuration; one that is loaded is replaced",
        example="@new-branches",
        options=_LOAD | {"service", "api"},
        service=_SERVICE | {"set"},
        command="AddConnection",
        result="loaded",
        shown_by=("Loaded", "BothEndsHere"),
        undone_by_restart=True,
        doing="loading",
        done="loaded",
        failed="not loaded",
        old=True,
    ),
    Row(
        "delete",
        CONNECTIONS,
        Takes.NAMES,
        "take down and unload; to delete a connection that is not loaded succeeds",
        example="old-branch",
        options=_RUN | {"service", "api"},
        service=_SERVICE,
        command="Delete",
        guards=("narrowed",),
        quick=True,
        result="deleted",
        absent_is_done=True,
        leaves="down",
        doing="deleting",
        done="deleted",
        failed="not deleted",
        whack=("--delete",),
        old=True,
    ),
    Row(
        "replace",
        CONNECTIONS,
        Takes.NAMES,
        "delete if loaded, then add",
        example="--config /etc/ipsec.d/new.conf branch-17",
        options=_LOAD | {"service", "api"},
        service=_SERVICE | {"set"},
        steps=("delete", "add"),
        result="loaded",
        undone_by_restart=True,
        doing="replacing",
        done="loaded",
        failed="not loaded",
        old=True,
    ),
    Row(
        "start",
        CONNECTIONS,
        Takes.NAMES,
        "add, then up",
        example="branch-1 branch-2 --report start.html",
        options=_LOAD | _UP,
        steps=("add", "up"),
        result="up",
        leaves="up",
        undone_by_restart=True,
        doing="starting",
        done="up",
        failed="not up",
        old=True,
    ),
    Row(
        "route",
        CONNECTIONS,
        Takes.NAMES,
        "route: traffic brings the connection up",
        example="spare-line",
        options=_RUN,
        command="Route",
        guards=("unresolved",),
        quick=True,
        result="routed",
        undone_by_restart=True,
        doing="routing",
        done="routed",
        failed="not routed",
        whack=("--route",),
        old=True,
    ),
    Row(
        "unroute",
        CONNECTIONS,
        Takes.NAMES,
        "remove the route; refused for a connection that is up where that would kill pluto (4.0 to 4.15) "
        "or take its SAs down (5.x), unless --force",
        example="spare-line",
        options=_RUN | {"force"},
        command="Unroute",
        guards=("up",),
        result="unrouted",
        doing="unrouting",
        done="unrouted",
        failed="not unrouted",
        whack=("--unroute",),
        old=True,
    ),
    Row(
        "ondemand",
        CONNECTIONS,
        Takes.NAMES,
        "add, then route",
        example="spare-line",
        options=_LOAD,
        steps=("add", "route"),
        result="routed",
        undone_by_restart=True,
        doing="loading and routing",
        done="routed",
        failed="not routed",
    ),
    Row(
        "rotatecert",
        CONNECTIONS,
        Takes.NAMES,
        "add again, which takes the certificates as they are now",
        example="--all",
        options=_LOAD,
        steps=("add",),
        result="loaded",
        undone_by_restart=True,
        doing="loading",
        done="loaded",
        failed="not loaded",
        old=True,
    ),
    Row(
        "wait",
        CONNECTIONS,
        Takes.NAMES,
        "initiate nothing, end when every connection named is up; with --asynchronous and --up or --start: wait "
        "for that after all were taken",
        example="--all --timeout 2m",
        options=_ALL | {"quiet", "service", "api"},
        service=_SERVICE | {"all"},
        instead="a look at the traffic status, until all are up",
        leaves="up",
        doing="waiting for",
        done="up",
        failed="not up",
    ),
    Row(
        "rekey-ike",
        CONNECTIONS,
        Takes.NAMES,
        "negotiate new keys for the IKE SA (3.30 on)",
        example="branch-17",
        options=_ALL | {"quiet"},
        command="RekeyIke",
        lacking="came with 3.30; take the connection down and up instead",
        holds_descriptor=True,
        shown_by=("Rekeyed",),
        doing="rekeying",
        done="rekeyed",
        failed="not rekeyed",
    ),
    Row(
        "rekey-child",
        CONNECTIONS,
        Takes.NAMES,
        "negotiate new keys for the Child SA (3.30 on)",
        example="branch-17",
        options=_ALL | {"quiet"},
        command="RekeyChild",
        lacking="came with 3.30; take the connection down and up instead",
        holds_descriptor=True,
        shown_by=("Rekeyed",),
        doing="rekeying",
        done="rekeyed",
        failed="not rekeyed",
    ),
    Row(
        "suspend",
        CONNECTIONS,
        Takes.NAMES,
        "take down so that the session can be resumed (5.2 on)",
        example="laptop",
        options=_ALL | {"quiet"},
        command="Suspend",
        lacking=f"came with 5.2; {_DOWN_INSTEAD}",
        doing="suspending",
        done="suspended",
        failed="not suspended",
    ),
    Row(
        "deletestate",
        SAS,
        Takes.ONE,
        "delete one SA by its serial number, as --showstates has it",
        example="12",
        options=_DO,
        command="DeleteState",
        wants="NUMBER",
    ),
    Row(
        "deleteuser",
        SAS,
        Takes.ONE,
        "take down the SAs of an XAUTH user",
        example="alice",
        options=_DO,
        command="DeleteUser",
        wants="USER",
        absent_is_done=True,
    ),
    Row(
        "deleteid",
        SAS,
        Takes.ONE,
        "take down the SAs of a peer's identity",
        example="@laptop.example.org",
        options=_DO,
        command="DeleteId",
        wants="ID",
        absent_is_done=True,
    ),
    Row(
        "status",
        STATE,
        Takes.OPTIONAL,
        "pluto's status; typed with --json or --format table",
        example="branch-17 --format table",
        options=_SHOWN | {"all", "format", "service", "api"},
        service=_SERVICE | {"all", "format"},
        command="Status",
        lists=True,
        whack=("--status",),
        old=True,
    ),
    Row(
        "trafficstatus",
        STATE,
        Takes.OPTIONAL,
        "bytes in and out of each established Child SA",
        example="--json",
        options=_ALL | {"format"},
        command="TrafficStatus",
        lists=True,
        whack=("--trafficstatus",),
        variants=("name",),
    ),
    Row(
        "briefstatus",
        STATE,
        help="totals only; costs pluto next to nothing",
        options=_ASK | {"format"},
        command="BriefStatus",
        substitute=Substitute(
            "Status", ("State Information:", "IKE SAs:", "IPsec SAs:"), "the totals in --status"
        ),
        lists=True,
        whack=("--briefstatus",),
    ),
    Row(
        "globalstatus",
        STATE,
        help="pluto's counters",
        options=_ASK | {"format"},
        command="GlobalStatus",
        lists=True,
        whack=("--globalstatus",),
    ),
    Row(
        "showstates",
        STATE,
        help="each IKE SA and Child SA",
        options=_ASK | {"format"},
        command="ShowStates",
        substitute=Substitute("Status", ("#",), "the lines of the SAs in --status"),
        lists=True,
        whack=("--showstates",),
    ),
    Row(
        "shuntstatus",
        STATE,
        help="bare shunts in the kernel",
        options=_ASK | {"format"},
        command="ShuntStatus",
        lists=True,
        whack=("--shuntstatus",),
    ),
    Row(
        "fipsstatus",
        STATE,
        help="whether pluto runs in FIPS mode",
        options=_ASK | {"format"},
        command="FipsStatus",
        lists=True,
        whack=("--fipsstatus",),
    ),
    Row(
        "connectionstatus",
        STATE,
        Takes.OPTIONAL,
        "the connections' part of the status",
        options=_ALL,
        command="ConnectionStatus",
        substitute=Substitute(
            "Status", ('"', "Total IPsec connections:"), "the lines of the connections in --status"
        ),
        lists=True,
    ),
    Row(
        "briefconnectionstatus",
        STATE,
        Takes.OPTIONAL,
        "a line for each connection (5.0 on)",
        options=_ALL,
        command="BriefConnectionStatus",
        lacking="came with 5.0; use --status, or --trafficstatus for what is up",
        lists=True,
    ),
    Row(
        "addresspoolstatus",
        STATE,
        help="the pools that peers get addresses from (4.0 on)",
        options=_ASK | {"format"},
        command="AddressPoolStatus",
        lacking="came with 4.0",
        lists=True,
    ),
    Row(
        "processstatus",
        STATE,
        help="pluto's child processes (4.2 on)",
        options=_ASK,
        command="ProcessStatus",
        lacking="came with 4.2",
        lists=True,
    ),
    Row(
        "clearstats",
        PLUTO,
        help="set pluto's counters to zero",
        options=_DO,
        command="ClearStats",
    ),
    Row(
        "ready",
        PLUTO,
        help="listen for IKE messages",
        options=_SHOWN | {"quiet"},
        aliases=("listen",),
        command="Listen",
        whack=("--listen",),
        old=True,
    ),
    Row(
        "rereadall",
        PLUTO,
        help="reread secrets and CRLs, and certificates where the release has them",
        options=_SHOWN | {"quiet"},
        command="RereadAll",
        guards=("instances", "fetching"),
        whack=("--rereadall",),
        old=True,
    ),
    Row(
        "rereadsecrets",
        PLUTO,
        help="reread the secrets file",
        options=_SHOWN | {"quiet"},
        command="RereadSecrets",
        whack=("--rereadsecrets",),
        old=True,
    ),
    Row(
        "rereadcerts",
        PLUTO,
        help="reread the certificates",
        options=_SHOWN | {"quiet"},
        command="RereadCerts",
        lacking="came with 4.0; before, certificates are read when a connection is added: replace it",
        guards=("instances",),
        whack=("--rereadcerts",),
        old=True,
    ),
    Row(
        "rereadcacerts",
        options=_SHOWN,
        steps=("rereadcerts",),
        old=True,
    ),
    Row(
        "rereadcrls",
        PLUTO,
        help="fetch the CRLs, which is what is left of it",
        options=_SHOWN | {"quiet"},
        steps=("fetchcrls",),
        old=True,
    ),
    Row(
        "rereadgroups",
        PLUTO,
        help="reread the policy groups: pluto does it when told to listen",
        options=_SHOWN | {"quiet"},
        steps=("ready",),
    ),
    Row(
        "fetchcrls",
        PLUTO,
        help="fetch the CRLs of the loaded certificates",
        options=_SHOWN | {"quiet"},
        command="FetchCrls",
        guards=("fetching",),
        whack=("--fetchcrls",),
    ),
    Row(
        "purgeocsp",
        PLUTO,
        help="list all, and purge the OCSP cache",
        options=_SHOWN | _UTC,
        command="PurgeOcsp",
        steps=("listall", "purgeocsp"),
        lists=True,
        whack=("--purgeocsp",),
    ),
    Row(
        "listall",
        LISTS,
        help="public keys, certificates, CA certificates, CRLs and pre-shared keys",
        example="--utc",
        options=_SHOWN | _UTC,
        command="ListAll",
        lists=True,
        whack=("--listall",),
        variants=("utc",),
        old=True,
    ),
    Row(
        "listpubkeys",
        LISTS,
        help="public keys",
        options=_SHOWN | _UTC,
        command="ListPubkeys",
        lists=True,
        whack=("--listpubkeys",),
        variants=("utc",),
        old=True,
    ),
    Row(
        "checkpubkeys",
        LISTS,
        help="public keys that expire soon or have expired",
        options=_SHOWN | _UTC,
        command="CheckPubkeys",
        lists=True,
        whack=("--checkpubkeys",),
        variants=("utc",),
    ),
    Row(
        "listcerts",
        LISTS,
        help="certificates of this host and of peers",
        options=_SHOWN | _UTC,
        command="ListCerts",
        lists=True,
        whack=("--listcerts",),
        variants=("utc",),
        old=True,
    ),
    Row(
        "listcacerts",
        LISTS,
        help="CA certificates",
        options=_SHOWN | _UTC,
        command="ListCacerts",
        lists=True,
        whack=("--listcacerts",),
        variants=("utc",),
        old=True,
    ),
    Row(
        "listcrls",
        LISTS,
        help="certificate revocation lists",
        options=_SHOWN | _UTC,
        command="ListCrls",
        lists=True,
        whack=("--listcrls",),
        variants=("utc",),
        old=True,
    ),
    Row(
        "listevents",
        LISTS,
        help="what pluto will do, and when",
        options=_ASK | _UTC,
        command="ListEvents",
        lists=True,
        variants=("utc",),
    ),
    Row(
        "listpsks",
        LISTS,
        help="for whom there are pre-shared keys; never the keys",
        options=_ASK | _UTC,
        command="ListPsks",
        lists=True,
        variants=("utc",),
    ),
    Row(
        "listgroups",
        LISTS,
        help="policy groups of the policies folder, and the loaded group connections",
        options=_ASK - {"verbose"},
        instead="the policy files beside the configuration, and the group connections in --status",
    ),
    Row(
        "check",
        CONFIGURATION,
        Takes.OPTIONAL,
        "read the configuration, send nothing, show every error and warning",
        example="--config ipsec.conf",
        options=_ASK - {"verbose"} | {"all", "peer", "set"},
        instead="the reader of the release's rules; nothing is sent",
    ),
    Row(
        "diff",
        CONFIGURATION,
        Takes.OPTIONAL,
        "what differs between the configuration and pluto",
        example="branch-17",
        options=_ASK - {"verbose"} | {"all", "stands_for"},
        instead="--status, compared with the configuration",
    ),
    Row(
        "sync",
        CONFIGURATION,
        Takes.OPTIONAL,
        "make pluto hold what the configuration says, and touch nothing else",
        example="--dry-run",
        options=_ALL
        | {
            "quiet",
            "dry_run",
            "force",
            "via_addconn",
            "service",
            "api",
            "prune",
            "remove_at_most",
            "stands_for",
        },
        service=_SERVICE | {"dry_run"},
        instead="--status, compared with the configuration; then --add and --delete",
    ),
    Row("down-ike", takes=Takes.NAMES, command="TerminateIke", lacking=f"came with 5.0; {_DOWN_INSTEAD}"),
    Row(
        "down-child",
        takes=Takes.NAMES,
        command="TerminateChild",
        lacking=f"came with 5.0; {_DOWN_INSTEAD}",
    ),
    Row("delete-ike", takes=Takes.NAMES, command="DeleteIke", lacking=f"came with 5.0; {_DOWN_INSTEAD}"),
    Row("delete-child", takes=Takes.NAMES, command="DeleteChild", lacking=f"came with 5.0; {_DOWN_INSTEAD}"),
    Row(
        "ddns",
        PLUTO,
        help="look up again the names of peers (3.30 on)",
        options=_DO,
        command="RefreshDdns",
        lacking="came with 3.30; replace the connection, which looks its names up again",
        guards=("loaded",),
    ),
    Row(
        "unlisten",
        PLUTO,
        help="stop listening for IKE messages",
        options=_DO,
        command="Unlisten",
    ),
    Row(
        "shutdown",
        PLUTO,
        help="end pluto; with --leave-state its SAs and policies stay in the kernel. Refused beside a running "
        "supervisor, unless --force",
        example="--leave-state",
        options=_DO | {"leave_state", "force", "api"},
        command="Shutdown",
        end_is_done=True,
    ),
    Row(
        "shutdown-leave-state",
        command="ShutdownLeaveState",
        lacking="came with 4.2; without it the tunnels go down with pluto",
        end_is_done=True,
    ),
    Row(
        "debug",
        PLUTO,
        Takes.ONE,
        "log more of what pluto does: all, base, tmi and others; none ends it. crypt and private write keys into the "
        "log, and want --force",
        example="base",
        options=_DO | {"force"},
        command="Debug",
        wants="CLASS",
    ),
    Row("redirect", takes=Takes.NAMES, command="ActiveRedirect", lacking="came with 4.0"),
    Row("global-redirect", command="GlobalRedirect", lacking="came with 4.3"),
    Row("acquire", command="Acquire", lacking="from 4.3 on only"),
    Row("crash", command="Crash"),
    Row("ddos", command="SetDdosMode"),
    Row("impair", command="Impair"),
    Row("addkey", command="AddPublicKey"),
)
"""Every operation, in the order in which --help shows those that have a flag."""

BY_NAME: dict[str, Row] = {row.name: row for row in ROWS}

_BY_COMMAND = {row.command: row for row in reversed(ROWS) if row.command}


def find(name: str) -> Row:
    """The row of that name; KeyError if there is none."""
    return BY_NAME[name]


def of_command(command: str) -> Row:
    """The row of a command, by the name of its class; KeyError if there is none."""
    return _BY_COMMAND[command]


def steps_of(name: str) -> tuple[Row, ...]:
    """The rows of the steps of an operation: each has a command, or autod answers it."""
    row = BY_NAME[name]
    return tuple(BY_NAME[step] for step in row.steps or (name,))
