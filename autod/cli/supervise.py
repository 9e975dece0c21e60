"""`autod supervise`: keep connections up. Options, the check of the files, and the start of the daemon."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from autod.cli.output import say

if TYPE_CHECKING:
    import argparse

    from autod.protocol.releases import Release
    from autod.supervisor.settings import Settings

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of `autod supervise`."""
    from autod.cli.parser import seconds

    parser.description = (
        "Keep connections up, for years: bring back one that is lost, with back-off; survive a restart of pluto; "
        "answer questions on a local socket. auto= of ipsec.conf and /etc/autod.toml say which (see "
        "autod.toml(5)). SIGHUP reads both again; SIGTERM ends it and leaves the tunnels."
    )
    parser.add_argument(
        "--settings", metavar="FILE", help="the settings (default: /etc/autod.toml, which may be missing)"
    )
    # Other destinations than those of the other commands, whose defaults and variables do not apply here.
    parser.add_argument(
        "--ctlsocket",
        dest="pluto_socket",
        metavar="PATH",
        help="pluto's control socket, whatever the settings say",
    )
    parser.add_argument(
        "--config", dest="ipsec_conf", metavar="FILE", help="the ipsec.conf, whatever the settings say"
    )
    parser.add_argument(
        "--release", metavar="RELEASE", help="the release of Libreswan, where it cannot be found out"
    )
    parser.add_argument(
        "--api",
        dest="api_socket",
        metavar="PATH",
        help="where to answer, whatever the settings say; empty: nowhere",
    )
    parser.add_argument(
        "--reload",
        action="store_true",
        help="have the running supervisor read its files again, and end: with 0 if it took them, with 1 if connections "
        "that left them stay in pluto, with 3 and the error if it kept the old ones",
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help="with --reload: also where it deletes more connections than remove_at_most allows at once",
    )
    parser.add_argument(
        "--timeout",
        type=seconds,
        metavar="TIME",
        default=60.0,
        help="with --reload: how long that may take (default: 60s)",
    )
    parser.add_argument(
        "--check", action="store_true", help="read the files, say what would be kept and how, and end"
    )


def run(options: argparse.Namespace) -> int:
    """Supervise until a signal; or check. Raises ConfigurationError if the settings cannot be used."""
    import msgspec

    from autod.supervisor.settings import DEFAULT_PATH
    from autod.supervisor.settingsfile import LastGood, load, start

    if options.reload:
        return _reload(options)
    path = options.settings or DEFAULT_PATH

    def override(settings: Settings) -> Settings:
        replace = msgspec.structs.replace
        if options.pluto_socket:
            settings = replace(settings, pluto=replace(settings.pluto, socket=options.pluto_socket))
        if options.release:
            settings = replace(settings, pluto=replace(settings.pluto, release=options.release))
        if options.ipsec_conf:
            settings = replace(
                settings, supervise=replace(settings.supervise, configuration=options.ipsec_conf)
            )
        if options.api_socket is not None:
            settings = replace(settings, api=replace(settings.api, socket=options.api_socket))
        return settings

    if options.check:
        return _check(override(load(path, missing_ok=options.settings is None).settings), path)

    import trio

    from autod.exchange.descriptors import raise_own_limit
    from autod.learn.pluto import AnyPluto
    from autod.service.daemon import build
    from autod.service.journal import configure as configure_log

    last_good = LastGood(_state_folder())
    loaded = start(path, last_good, missing_ok=options.settings is None)
    log = override(loaded.settings).log
    configure_log(log.format, log.level)
    daemon = build(
        loaded, path=path, version=_version(), last_good=last_good, override=override, client=AnyPluto
    )
    raise_own_limit()
    trio.run(daemon.run)
    return 0


def _reload(options: argparse.Namespace) -> int:
    from autod.service.client import SOCKET, Client

    with Client(options.api_socket or SOCKET, timeout=options.timeout) as client:
        reply = client.call("Reload", force=options.force or None)
        configuration = client.call("Statistics")["configuration"]
    words = [f"{len(reply[key])} {key}" for key in ("added", "changed", "removed", "released")]
    say(f"{', '.join(words)}, {reply['same']} the same")
    if configuration != "ok":
        say(f"autod: {configuration}", file=sys.stderr)
        return 1
    return 0


def _state_folder() -> str | None:
    """systemd's folder for the state of the service; None for a supervisor that a person starts."""
    import os

    return os.environ.get("STATE_DIRECTORY", "").partition(":")[0] or None


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("libreswan-autod")
    except PackageNotFoundError:
        return "0"


def _check(settings: Settings, path: str) -> int:
    """Print the connections to keep. 0 if every file can be used, 3 if the unit of autod would refuse something; raises
    ConfigurationError if a file cannot be used."""
    import trio

    from autod.cli.configuration import release_around
    from autod.errors import PlutoGone
    from autod.identify.dialect import read_in
    from autod.service.sandbox import properties, refusals
    from autod.supervisor.ipsecconf import IpsecConf
    from autod.supervisor.wanted import resolve

    async def release() -> Release:
        from autod.identify.detect import detect

        with trio.fail_after(settings.supervise.answer):
            return (await detect(settings.pluto.socket, release=settings.pluto.release or None)).release

    try:
        rules = trio.run(release)
    except (PlutoGone, trio.TooSlowError):
        rules, origin = release_around(settings.pluto.socket)
        say(
            f"autod: no pluto answers at {settings.pluto.socket}: {settings.supervise.configuration} is read as"
            f" Libreswan {rules} reads it, {origin}",
            file=sys.stderr,
        )
    rules = read_in(rules, settings.pluto.dialect)
    source = IpsecConf(settings.supervise.configuration, rules, leaves=settings.pluto.via_addconn)
    items = resolve(settings, source.read())
    for item in items:
        policy = item.policy
        group = f"  group {item.group}" if item.group else ""
        say(f"{item.name}: {policy.keep.value}, deadline {policy.deadline:g} s, back-off {policy.backoff_min:g} to "
              f"{policy.backoff_max:g} s{group}")  # fmt: skip
    refused = refusals(settings, unit) if (unit := properties()) is not None else []
    for sentence in refused:
        say(f"autod: {sentence}", file=sys.stderr)
    if refused:
        return 3
    say(f"{path}: ok, {len(items)} connection{'s are' if len(items) != 1 else ' is'} wanted")
    return 0
