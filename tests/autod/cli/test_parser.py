"""What the command line understands, and what it refuses with a sentence."""

from __future__ import annotations

import argparse
import re
import shlex

import pytest

from autod.causes import ADVICE, Cause
from autod.cli.asked import parse
from autod.cli.help import of_all, of_operation
from autod.cli.parser import WORDS, build_parser, build_word_parser
from autod.operations import ROWS, Row, Takes
from autod.protocol import releases
from autod.protocol.connection.keywords import native, table

ERAS = ("3.27", "4.3", "4.10", "5.2", "5.4")


@pytest.mark.parametrize("cause", list(Cause))
def test_advice_names_options_and_keywords_that_exist(cause: Cause) -> None:
    """Options of the command line, and keywords of ipsec.conf that some release knows."""
    options = {option for action in build_parser()._actions for option in action.option_strings}
    text = " ".join((ADVICE[cause].what, ADVICE[cause].advice, *ADVICE[cause].look))
    assert set(re.findall(r"(?<![\w-])--[a-z-]+", text)) <= options
    for word in re.findall(r"(?<![\w-])([a-z0-9-]+)=(?![\w])", text):
        tables = [table(native(releases.find(release)) or "") for release in ERAS]
        assert any(word in keywords.conn or word in keywords.setup for keywords in tables), word


def operation_and_names(*arguments: str) -> tuple[str, list[str]]:
    """The two things most tests are about."""
    options = parse(arguments)
    return options.operation, options.names


@pytest.mark.parametrize(
    "operation", [row for row in ROWS if row.flag and row.takes == Takes.NAMES], ids=lambda o: o.name
)
def test_an_operation_on_connections_takes_several_names(operation: object) -> None:
    """Names may stand before, between and after options."""
    flag = f"--{operation.name}"  # type: ignore[attr-defined]
    for arguments in ((flag, "a", "b"), ("a", flag, "b"), (flag, "a", "--verbose", "b"), ("a", "b", flag)):
        assert operation_and_names(*arguments) == (flag[2:], ["a", "b"])


@pytest.mark.parametrize(
    "operation",
    [row for row in ROWS if row.flag and row.takes in (Takes.NOTHING, Takes.OPTIONAL)],
    ids=lambda o: o.name,
)
def test_other_operations_need_no_name(operation: object) -> None:
    """They are about pluto, or about everything."""
    assert operation_and_names(f"--{operation.name}") == (operation.name, [])  # type: ignore[attr-defined]


def test_what_follows_two_dashes_is_a_name() -> None:
    """Also where it looks like an option."""
    options = parse(["--up", "a", "--", "-x", "@b"])
    assert (options.operation, options.names, options.literal) == ("up", ["a"], ["-x", "@b"])


@pytest.mark.parametrize("verb", ["up", "down", "add", "delete", "replace", "start", "route", "unroute"])
def test_the_old_form_is_name_and_verb(verb: str) -> None:
    """`autod NAME up` is `autod --up NAME`, marked as old."""
    options = parse(["west-east", verb])
    assert (options.operation, options.names, options.old_form) == (verb, ["west-east"], True)


def test_a_word_in_the_old_form_is_a_name() -> None:
    """Also after options, where no word is expected."""
    assert operation_and_names("--json", "top", "up") == ("up", ["top"])


def test_the_old_form_of_one_word() -> None:
    """`autod status` is `autod --status`, as `ipsec status` is of 5.x."""
    options = parse(["status"])
    assert (options.operation, options.names, options.old_form) == ("status", [], False)


@pytest.mark.parametrize(
    ("arguments", "operation", "names"),
    [
        (("up", "west"), "up", ["west"]),
        (("add", "--config", "/x", "west", "east"), "add", ["west", "east"]),
        (("--config", "/x", "replace", "west"), "replace", ["west"]),
        (("trafficstatus",), "trafficstatus", []),
        (("listen",), "ready", []),
        (("initiate", "west"), "up", ["west"]),
        (("--initiate", "west"), "up", ["west"]),
        (("--terminate", "west"), "down", ["west"]),
        (("--listen",), "ready", []),
        (("up", "down"), "up", ["down"]),
        (("up", "--", "@west"), "up", []),
        (("rereadcacerts",), "rereadcacerts", []),
    ],
)
def test_the_words_of_5_x_and_of_whack(arguments: tuple[str, ...], operation: str, names: list[str]) -> None:
    """`ipsec up NAME` and `whack --initiate` are known, and are not the old form."""
    options = parse(arguments)
    assert (options.operation, options.names, options.old_form) == (operation, names, False)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "no operation"),
        (("a",), "no operation"),
        (("a", "sideways"), "no operation"),
        (("--ctlsocket", "/s", "top", "--once"), "put the word first, then its options: autod top"),
        (("--json", "watch"), "put the word first, then its options: autod watch"),
        (("--up",), "wants the name"),
        (("--up", ""), "an empty name"),
        (("--up", "--down", "a"), "one operation at a time"),
        (("--ready", "a"), "takes no name"),
        (("--up", "--all", "a"), "not both"),
        (("--ready", "--all"), "takes no name"),
        (("--upp", "a"), "did you mean --up?"),
        (("statsu",), "did you mean status?"),
        (("tpo",), "did you mean top?"),
        (("top", "--intervall", "1"), "did you mean --interval?"),
        (("--status", "--limit", "3"), "--limit belongs to --up, --down"),
        (("--wait", "a", "--report", "f"), "--wait does not take --report"),
        (("--ready", "--asynchronous"), "--asynchronous belongs to --up and --start"),
        (
            ("--start", "a", "--service"),
            "--service belongs to --up, --down, --add, --delete, --replace, --wait",
        ),
        (("--up", "a", "--service", "--report", "f"), "--report does not go with --service"),
        (("--deletestate",), "wants one NUMBER"),
        (("--deleteuser", "a", "b"), "wants one USER"),
        (("--asynch", "--up", "a"), "unrecognized arguments"),
        (("--up", "a", "--timeout", "soon"), "is not a time"),
        (("--up", "a", "--timeout", "-1"), "is not a time"),
        (("--up", "a", "--timeout", "0"), "is not a time"),
        (("--up", "a", "--timeout", "nan"), "is not a time"),
        (("--up", "a", "--timeout", "inf"), "is not a time"),
        (("--up", "a", "--limit", "0"), "1 or more"),
        (("--up", "a", "--limit", "many"), "not a whole number"),
        (("--up", "a", "--retries", "1.5"), "not a whole number"),
        (("--up", "a", "--seccomp", "maybe"), "invalid choice"),
        (("--up", "a", "--release", "4.1", "--labeled", "maybe"), "invalid choice"),
        (("--up", "a", "--labeled", "yes"), "give both"),
        (("--down", "a", "--xauthname", "u"), "belongs to --up and --start"),
        (("--down", "a", "--xauthpass-file", "f"), "belongs to --up and --start"),
        (("--up", "a", "--dry-run"), "belongs to --sync"),
        (("--down", "a", "--wait"), "belongs to --up and --start"),
        (("--up", "a", "--format", "table"), "belongs to --status"),
        (("--up", "a", "--xauthpass", "secret"), "unrecognized arguments"),
    ],
)
def test_a_mistake_is_one_sentence_and_status_2(
    arguments: tuple[str, ...], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is guessed: a half option, two operations, a name too many."""
    with pytest.raises(SystemExit) as ending:
        parse(arguments)
    said = capsys.readouterr().err
    assert ending.value.code == 2
    assert complaint in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "value"), [("90", 90.0), ("0.5", 0.5), ("90s", 90.0), ("5m", 300.0), ("1h", 3600.0)]
)
def test_times_may_carry_a_unit(text: str, value: float) -> None:
    """Seconds without one."""
    assert parse(["--up", "a", "--timeout", text]).timeout == value


def test_the_socket_is_the_option_then_the_environment_then_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An empty IPSEC_RUNDIR is none, as in a shell's :- ."""
    monkeypatch.setenv("IPSEC_RUNDIR", "/tmp/run")
    assert parse(["--status", "--ctlsocket", "/x"]).ctlsocket == "/x"
    assert parse(["--status"]).ctlsocket == "/tmp/run/pluto.ctl"
    monkeypatch.setenv("IPSEC_RUNDIR", "")
    assert parse(["--status"]).ctlsocket == "/run/pluto/pluto.ctl"


def test_the_configuration_is_the_option_then_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without both it is None: the release's own default."""
    monkeypatch.setenv("IPSEC_CONF", "/tmp/i.conf")
    assert parse(["--add", "a", "--config", "/x"]).config == "/x"
    assert parse(["--add", "a"]).config == "/tmp/i.conf"
    monkeypatch.delenv("IPSEC_CONF")
    assert parse(["--add", "a"]).config is None


def test_wait_is_an_operation_alone_and_an_option_beside_up() -> None:
    """`--wait NAME` initiates nothing; `--asynchronous --up NAME --wait` does."""
    assert operation_and_names("--wait", "a") == ("wait", ["a"])
    options = parse(["--asynchronous", "--up", "a", "--wait"])
    assert (options.operation, options.wait) == ("up", True)
    assert parse(["--wait", "--all"]).all


def test_every_option_has_a_help_text() -> None:
    """The manual page is made of them."""
    for action in build_parser()._actions:
        assert action.help, action.option_strings


def test_every_option_is_in_the_help() -> None:
    """Someone who reads --help learns of each operation, option and word, on one screen of 80 columns."""
    parser = build_parser()
    text = of_all(parser)
    for action in parser._actions:
        if (
            action.option_strings
            and action.help != argparse.SUPPRESS
            and action.dest not in ("help", "version")
        ):
            assert any(option in text.split() for option in action.option_strings), action.option_strings
    for word in WORDS:
        assert word in text.split()
    assert text.count("\n") < 24  # the prompt that follows has a line too


@pytest.mark.parametrize("row", [row for row in ROWS if row.flag], ids=lambda row: row.name)
def test_the_help_of_an_operation_has_an_example_that_is_understood(row: Row) -> None:
    """Each option that it takes, and a command that parses."""
    text = of_operation(build_parser(), row)
    arguments = text.rpartition("example: autod ")[2].split()
    assert parse(arguments).operation == row.name
    for action in build_parser()._actions:
        if action.dest in row.options and action.help != argparse.SUPPRESS:
            assert action.option_strings[-1] in text


@pytest.mark.parametrize("word", WORDS)
def test_the_help_of_a_word_has_an_example_that_is_understood(word: str) -> None:
    """Quoted as a shell has it."""
    text = build_word_parser(word).format_help()
    example = text.rpartition(f"example: autod {word} ")[2]
    assert build_word_parser(word).parse_args(shlex.split(example))


def test_whacks_way_to_give_a_name_is_known() -> None:
    """`whack --name NAME --initiate`."""
    options = parse(["--name", "a", "--initiate", "--asynchronous"])
    assert (options.operation, options.names, options.asynchronous) == ("up", ["a"], True)


@pytest.mark.parametrize("arguments", [("--up", "--help"), ("up", "-h"), ("--help", "--up"), ("--help",)])
def test_help_is_of_what_stands_beside_it(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """And ends with 0."""
    with pytest.raises(SystemExit) as ending:
        parse(arguments)
    assert ending.value.code == 0
    said = capsys.readouterr().out
    assert ("--remote-host ADDRESS" in said) == (len(arguments) == 2)
