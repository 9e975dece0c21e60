"""`autod doctor`: says what is there, and what is wrong. Sends pluto nothing but the safe probe.

The installed whack is run against a socket of ours, as for `autod learn`, and its messages are compared with
ours.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from autod.cli.output import say

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from autod.errors import UnknownRelease
    from autod.exchange.peer import Listener
    from autod.identify.detect import Detected
    from autod.identify.programs import Programs
    from autod.learn.doctor import Finding
    from autod.protocol.releases import Release
    from autod.protocol.replies import Reply

__all__ = ["configure", "run"]

_SILENT = 10.0
"""Seconds that a pluto may take to answer the probe; behind a stalled one, every client waits for ever."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of `autod doctor`."""
    parser.add_argument("--ctlsocket", metavar="PATH", help="control socket (default: as of autod itself)")
    parser.add_argument("--config", metavar="FILE", help="ipsec.conf (default: as of autod itself)")
    parser.add_argument("--release", metavar="R", help="pluto's release, where it cannot be found out")
    parser.add_argument("--seccomp", choices=("yes", "no"), help="whether pluto was built with USE_SECCOMP")
    parser.add_argument(
        "--labeled", choices=("yes", "no"), help="with --release: whether pluto was built with labeled IPsec"
    )
    parser.add_argument(
        "--verbose", action="store_true", help="each message that was compared, also where it is right"
    )
    parser.add_argument("--json", action="store_true", help="a JSON object a finding, then a summary")


def run(options: argparse.Namespace) -> int:
    """Look at everything; 0 if nothing is wrong, 33 if there is no pluto to talk to, else 1."""
    import trio

    from autod.learn.doctor import problems

    findings = trio.run(_examine, options)
    wrong = problems(findings)
    if options.json:
        from autod.cli.render import json_line

        for finding in findings:
            say(json_line(finding))
        say(json_line({"event": "summary", "ok": not wrong, "problems": wrong}))
    else:
        for line in _lines(findings, verbose=options.verbose):
            say(line)
    no_pluto = any(finding.check == "socket" and finding.ok is False for finding in findings)
    return 33 if no_pluto else 1 if wrong else 0


def _lines(findings: list[Finding], *, verbose: bool) -> Iterator[str]:
    marks = {True: "ok     ", False: "WRONG  ", None: "note   "}
    same = [finding for finding in findings if finding.check == "message" and finding.ok]
    for finding in findings:
        if finding in same and not verbose:
            continue
        yield f"{marks[finding.ok]}{finding.check}: {finding.text}"
    if same and not verbose:
        yield f"{marks[True]}message: {len(same)} requests are the same as whack's"
    wrong = sum(finding.ok is False for finding in findings)
    yield "nothing is wrong" if not wrong else f"{wrong} thing{'s are' if wrong > 1 else ' is'} wrong"


async def _examine(options: argparse.Namespace) -> list[Finding]:
    from autod.exchange.peer import listener
    from autod.identify.programs import find_programs

    findings = list(_socket(options.ctlsocket))
    listens = listener(options.ctlsocket)
    detected = None
    if all(finding.ok is not False for finding in findings):
        detected, about_release = await _release(options)
        findings += about_release
        if detected is not None:
            listens = detected.pluto or listens
            findings.append(await _answer(options.ctlsocket, detected))
        findings += _limit(listens)
    programs = find_programs(listens.pid)
    findings += await _programs(programs, detected)
    findings += await _messages(programs, detected)
    findings += _configuration(options.config, detected.release if detected is not None else None)
    return findings


def _socket(path: str) -> Iterator[Finding]:
    from autod.learn.doctor import Finding

    try:
        status = os.stat(path)
    except OSError as error:
        sentence = f"{path}: {error.strerror}; start pluto, or name its socket with --ctlsocket"
        yield Finding(check="socket", ok=False, text=sentence, detail={"path": path})
        return
    if not stat.S_ISSOCK(status.st_mode):
        yield Finding(check="socket", ok=False, text=f"{path} is not a socket", detail={"path": path})
        return
    mode = stat.filemode(status.st_mode)
    detail = {"path": path, "mode": mode, "uid": status.st_uid, "gid": status.st_gid}
    if not os.access(path, os.W_OK):
        sentence = f"{path} ({mode}) may not be opened by this user; run autod as root"
        yield Finding(check="socket", ok=False, text=sentence, detail=detail)
        return
    yield Finding(check="socket", ok=True, text=f"{path} ({mode}) may be opened", detail=detail)
    if status.st_mode & stat.S_IWOTH:
        sentence = f"{path} ({mode}): everybody may command pluto; take the permission away"
        yield Finding(check="permissions", ok=False, text=sentence, detail=detail)


async def _release(options: argparse.Namespace) -> tuple[Detected | None, list[Finding]]:
    import trio

    from autod.errors import PlutoGone, UnknownRelease
    from autod.identify.detect import detect
    from autod.learn.doctor import Finding
    from autod.protocol.errors import WhackError

    try:
        with trio.fail_after(_SILENT):
            detected = await detect(options.ctlsocket, release=options.release, seccomp=options.seccomp)
    except trio.TooSlowError:
        return None, [_no_answer()]
    except PlutoGone as error:
        return None, [Finding(check="socket", ok=False, text=str(error))]
    except UnknownRelease as error:
        return None, [await _learned(options, error)]
    except WhackError as error:
        return None, [Finding(check="release", ok=False, text=str(error))]
    how = {
        "given": "as the options say",
        "cache": "as an earlier command found out",
        "binary": "as its program says",
        "status": "as its status says",
    }[detected.how]
    release = detected.release
    detail = {
        "release": release.text,
        "how": detected.how.value,
        "pid": detected.pid,
        "seqpacket": detected.seqpacket,
        "seccomp": release.seccomp,
        "labeled": release.labeled,
        "dialect": release.dialect or None,
    }
    process = f", process {detected.pid}" if detected.pid is not None else ""
    findings = [Finding(check="release", ok=True, text=f"Libreswan {release}, {how}{process}", detail=detail)]
    if release.seccomp is None and release.at_least(5, 3):
        sentence = (
            "whether this pluto was built with USE_SECCOMP is not known, so requests whose numbers depend on it are"
            " refused; give --seccomp yes or --seccomp no"
        )
        findings.append(Finding(check="seccomp", ok=None, text=sentence))
    return detected, findings


def _no_answer() -> Finding:
    from autod.learn.doctor import Finding

    sentence = f"pluto did not answer within {_SILENT:g} s: another client may hold it up, or it is stopped"
    return Finding(check="answer", ok=False, text=sentence)


async def _answer(path: str, detected: Detected) -> Finding:
    """Whether pluto answers the safe probe. That its release is known does not show it."""
    import trio

    from autod.exchange.control import Control
    from autod.learn.doctor import Finding
    from autod.protocol import encode
    from autod.protocol.errors import WhackError
    from autod.protocol.exchange import Ending

    control = Control(path, codes=detected.release.codes, seqpacket=detected.seqpacket, pluto=detected.pluto)
    replies: list[Reply] = []
    begun = trio.current_time()
    try:
        with trio.fail_after(_SILENT):
            ending = await control.exchange(encode.probe(), replies.extend)
    except trio.TooSlowError:
        return _no_answer()
    except WhackError as error:
        return Finding(check="answer", ok=False, text=str(error))
    seconds = trio.current_time() - begun
    if not replies or ending is not Ending.EOF:
        sentence = (
            "pluto ended the connection before it had told its status: it may be going down; see its log"
        )
        return Finding(check="answer", ok=False, text=sentence)
    text = f"pluto told its status in {seconds:.2g} s"
    return Finding(check="answer", ok=True, text=text, detail={"seconds": seconds})


async def _learned(options: argparse.Namespace, unknown: UnknownRelease) -> Finding:
    """Whether a release without a module was learned."""
    from autod.client import TIMEOUT
    from autod.errors import UnknownRelease
    from autod.learn.doctor import Finding
    from autod.learn.pluto import LearnedPluto

    pluto = LearnedPluto(
        options.ctlsocket, None, seccomp=None, limit=1, buffer=1, known=None, timeout=TIMEOUT
    )
    detail = {"release": unknown.release}
    try:
        await pluto.find()
    except UnknownRelease:
        return Finding(check="release", ok=False, text=str(unknown), detail=detail)
    sentence = f"Libreswan {pluto.release} has no module; the simple operations were learned from its whack"
    return Finding(check="release", ok=True, text=sentence, detail=detail)


def _limit(pluto: Listener) -> Iterator[Finding]:
    from autod.exchange.descriptors import RESERVE
    from autod.learn.doctor import Finding

    files = pluto.descriptor_limit()
    if files is None:
        sentence = (
            "pluto's limit of descriptors cannot be read; 64 requests at once is what autod allows itself"
        )
        yield Finding(check="limit", ok=None, text=sentence)
        return
    allowed = files - RESERVE
    yield Finding(
        check="limit",
        ok=allowed > 0,
        text=(
            f"pluto may open {files} files, so at most {allowed} synchronous requests may be pending at once"
            if allowed > 0
            else f"pluto may open {files} files only: too few for it to work; raise LimitNOFILE= of its unit"
        ),
        detail={"files": files, "in_flight": max(allowed, 0)},
    )


async def _programs(programs: Programs, detected: Detected | None) -> list[Finding]:
    from autod.identify.programs import open_program
    from autod.learn.doctor import Finding
    from autod.learn.infer import CannotLearn
    from autod.learn.record import program_version

    findings = []
    if programs.addconn is None:
        sentence = "addconn was not found: releases whose ipsec.conf autod does not read itself cannot load connections"
        findings.append(Finding(check="addconn", ok=None, text=sentence))
    else:
        findings.append(
            Finding(check="addconn", ok=True, text=programs.addconn, detail={"path": programs.addconn})
        )
    if programs.whack is None:
        findings.append(
            Finding(check="whack", ok=None, text="whack was not found: messages cannot be compared")
        )
        return findings
    try:
        with open_program(programs.whack) as whack:
            version = await program_version(whack)
    except (CannotLearn, OSError) as error:
        return [*findings, Finding(check="whack", ok=None, text=f"{programs.whack}: {error}")]
    ok = detected is None or version == detected.release.text
    text = f"{programs.whack}, Libreswan {version}"
    if not ok:
        text += ", is of another release than the pluto that runs; restart pluto after an update"
    detail = {"path": programs.whack, "release": version}
    return [*findings, Finding(check="whack", ok=ok, text=text, detail=detail)]


async def _messages(programs: Programs, detected: Detected | None) -> list[Finding]:
    """Our messages against those of the installed whack, for the release that it is of."""
    from autod.identify.programs import open_program
    from autod.learn.doctor import Finding, compare_messages
    from autod.learn.infer import CannotLearn
    from autod.learn.record import learn, program_version
    from autod.protocol.errors import UnknownRelease
    from autod.protocol.releases import find

    if programs.whack is None:
        return []
    try:
        with open_program(programs.whack) as whack:
            version = await program_version(whack)
            learned = await learn(whack, version)
    except (CannotLearn, OSError) as error:
        return [Finding(check="message", ok=None, text=f"nothing to compare: {error}")]
    if detected is not None and detected.release.text == version:
        release = detected.release
    else:
        try:
            release = find(version)
        except UnknownRelease as error:
            return [Finding(check="message", ok=None, text=f"nothing to compare: {error}")]
    if release.labeled is None:
        release = release.built(labeled=True)
    return compare_messages(release, learned)


def _configuration(config: str | None, release: Release | None) -> list[Finding]:
    """Whether the configuration can be read at all, and its errors for the release that runs."""
    from autod.cli.configuration import DEFAULT
    from autod.config import Severity, check, load
    from autod.learn.doctor import Finding
    from autod.protocol.releases import ALL, find

    path = config or DEFAULT
    try:
        with open(path, "rb") as stream:
            stream.read(1)
    except OSError as error:
        sentence = f"{path}: {error.strerror}; name another with --config"
        return [Finding(check="configuration", ok=False, text=sentence, detail={"path": path})]
    configuration = load(path, release if release is not None else find(ALL[-1]))
    wrong = [diagnostic for diagnostic in check(configuration) if diagnostic.severity is not Severity.WARNING]
    detail = {"path": path, "connections": len(configuration.connections), "errors": len(wrong)}
    text = f"{path} can be read, {len(configuration.connections)} connections"
    if wrong:
        text = f"{wrong[0]}" + (f", and {len(wrong) - 1} more" if len(wrong) > 1 else "")
        text += "; autod --check shows the places"
    return [Finding(check="configuration", ok=not wrong, text=text, detail=detail)]
