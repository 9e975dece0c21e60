"""autod.toml: what is read, what is refused and how the refusal reads; what is wanted in the end."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autod.errors import ConfigurationError
from autod.supervisor.settings import Seconds, Settings
from autod.supervisor.settingsfile import LastGood, load, parse, read, start
from autod.supervisor.states import Keep
from autod.supervisor.wanted import Definition, Reading, resolve

GROUPS = """
[supervise]
limit = 32

[policy]
deadline = "2m"

[[group]]
name = "branches"
connections = ["branch-*"]
exclude = ["branch-old*"]
backoff_max = 60

[[group]]
name = "spare"
connections = ["spare", "branch-old1"]
keep = "loaded"
"""

WRONG = [
    ("[policy]\ndeadline = '5x'", "f:2: policy.deadline: '5x' is not a time"),
    ("[policy]\n\ndeadlin = 5", "f:3: policy.deadlin: there is no such key"),
    ("[polici]", "f:1: polici: there is no such key"),
    ("[[group]]\nname = 'a'\nconnections = ['x']\n[[group]]\nname = 'b'\nconnections = []", "f:6: group[1].connec"),
    ("[[group]]\nname = 'a'\nconnections = ['x']\n[[group]]\nname = 'a'\nconnections = ['y']", "f:5: group[1].name"),
    ("[[group]]\nname = 'a'\nconnections = [1]", "f:3: group[0].connections[0]: expected str, got int"),
    ("[[group]]\nconnections = ['a']", "f:1: group[0]: Object missing required field name"),
    ("a = 1\nx = ?\n", "f:2:5: this is not TOML"),
    ("policy.keep = 3", "f:1: policy.keep: expected str"),
    ("[policy]\nkeep = 'upp'", "f:2: policy.keep: Invalid enum value 'upp'"),
    ("[supervise]\n# how many\nlimit = 0", "f:3: supervise.limit: expected int >= 1"),
    ("[policy]\nbackoff_min = '10m'", "f:2: policy.backoff_min: it exceeds backoff_max"),
    ("[policy]\ndeadline = 0", "f:2: policy.deadline: a try needs some time"),
    ("[supervise]\npoll_min = '2m'", "f:2: supervise.poll_min: it must lie"),
    ("[metrics]\nlisten = 'nowhere'", "f:2: metrics.listen: 'nowhere' is neither unix:/path nor address:port"),
    ("[metrics]\nlisten = '::1:80'", "f:2: metrics.listen: '::1:80': an address of IPv6 stands in brackets"),
    ("[metrics]\nlisten = 'unix:x'", "f:2: metrics.listen: 'unix:x': a Unix socket has a full path"),
    ("[page]\nlisten = '0.0.0.0:80'", "f:2: page.listen: everybody who reaches this address could read the page"),
    ("[[hook]]\nname = 'a'\ncommand = ['x']", "f:3: hook[0].command: the program needs its full path"),
    ("[api]\nloko = []", "f:2: api.loko: there is no such key"),
    ("[log]\nlevel = 'loud'", "f:2: log.level: Invalid enum value 'loud'"),
    ("[policy]\njitter = 1.5", "f:2: policy.jitter: expected float <= 1.0"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "start"), WRONG, ids=[w[1][2:40] for w in WRONG])
def test_an_error_names_file_line_and_key(text: str, start: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(text, "f")
    assert str(caught.value).startswith(start)


def test_an_empty_file_is_all_defaults() -> None:
    assert parse("") == Settings()


def test_a_missing_file_is_an_error_only_where_one_was_named(tmp_path: Path) -> None:
    assert load(tmp_path / "none", missing_ok=True).settings == Settings()
    with pytest.raises(ConfigurationError, match=r"none: there is no such file"):
        load(tmp_path / "none")
    with pytest.raises(ConfigurationError, match="it cannot be read"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("said", "seconds"), [(3, 3), (0.5, 0.5), ("90s", 90), ("5m", 300), ("1.5h", 5400), ("1d", 86400)]
)
def test_times_are_numbers_or_words(said: object, seconds: float) -> None:
    assert Seconds.read(said) == seconds


@pytest.mark.parametrize("said", [-1, "5", "m", "-5s", True, None, [], float("inf"), "1w"])
def test_what_is_no_time_is_refused(said: object) -> None:
    with pytest.raises(ValueError, match="is not a time"):
        Seconds.read(said)


@given(st.text())
def test_any_text_is_settings_or_a_configuration_error(text: str) -> None:
    with suppress(ConfigurationError):
        assert isinstance(parse(text, "f"), Settings)


READING = Reading(
    {
        d.name: d
        for d in [
            Definition(name="branch-1", peer="192.0.2.1", digest="1"),
            Definition(name="branch-old1", auto="start"),
            Definition(name="branch-old2", auto="ignore"),
            Definition(name="head", auto="ondemand"),
            Definition(name="guest", auto="add"),
            Definition(name="lab", auto="keep"),
        ]
    }
)


def test_groups_take_their_own_and_auto_decides_the_rest() -> None:
    wanted = {w.name: w for w in resolve(parse(GROUPS), READING, salt="here")}
    assert {n: (w.group, w.policy.keep) for n, w in wanted.items()} == {
        "branch-1": ("branches", Keep.UP),
        "branch-old1": ("spare", Keep.LOADED),
        "head": ("", Keep.ROUTED),
        "guest": ("", Keep.LOADED),
        "lab": ("", Keep.UP),
        "spare": ("spare", Keep.LOADED),
    }
    branch = wanted["branch-1"]
    assert (branch.policy.deadline, branch.policy.backoff_max, branch.policy.salt) == (120, 60, "here")
    assert (branch.peer, branch.definition, wanted["lab"].peer) == ("192.0.2.1", "1", "lab")
    assert {n for n, w in wanted.items() if w.policy.head_start} == {"branch-old1", "lab"}


def test_auto_is_followed_only_where_that_is_asked_for() -> None:
    settings = parse("[supervise]\nfollow_auto = false\n" + GROUPS.replace("[supervise]", ""))
    assert [w.name for w in resolve(settings, READING)] == ["branch-1", "branch-old1", "spare"]


def test_a_policy_for_all_overrides_auto() -> None:
    wanted = resolve(parse("[policy]\nkeep = 'routed'"), READING)
    assert {w.name: w.policy.keep for w in wanted} == dict.fromkeys(
        ["branch-old1", "head", "guest", "lab"], Keep.ROUTED
    )


def test_without_a_source_only_spelled_names_are_wanted() -> None:
    assert [w.name for w in resolve(parse(GROUPS), Reading())] == ["spare", "branch-old1"]


SIDE_MISTAKES = [
    "metrics = 3",
    "[metrics]\nlisten = 5",
    "[api]\nx = 1",
    "[log]\nlevel = 'x'",
    "[page]\nlisten = 'x'",
    "[history]\nsize = 0",
    "[hooks]\nat_once = 0",
    "[[hook]]\nname = ''",
]


@pytest.mark.parametrize("mistake", SIDE_MISTAKES)
def test_a_mistake_in_a_side_table_costs_that_table_alone(mistake: str) -> None:
    good = parse(
        "[metrics]\nlisten = '127.0.0.1:1'\n[log]\nlevel = 'error'\n[[hook]]\nname = 'h'\ncommand = ['/h']"
    )
    found = read(f"{mistake}\n{GROUPS}", "f", good)
    assert len(found.problems) == 1
    table = re.search(r"\w+", mistake)
    assert table is not None
    assert getattr(found.settings, table[0]) == getattr(good, table[0])
    assert [g.name for g in found.settings.group] == ["branches", "spare"]


def test_a_start_with_a_broken_file_goes_on_with_the_last_good_one(tmp_path: Path) -> None:
    path, kept = tmp_path / "autod.toml", LastGood(str(tmp_path))
    path.write_text("[[group")
    with pytest.raises(ConfigurationError, match="this is not TOML"):
        start(str(path), kept)
    path.write_text(GROUPS)
    kept.keep(str(path), start(str(path), kept).text)
    path.write_text("[[group")
    found = start(str(path), kept)
    assert [g.name for g in found.settings.group] == ["branches", "spare"]
    assert "this is not TOML" in str(found.problems[0])
    path.write_text("[log]\nlevel = 5\n")
    assert not start(str(path), kept).settings.group
    path.unlink()
    assert start(str(path), kept).settings.group
    assert start(str(path), kept, missing_ok=True).settings == Settings()
    assert (tmp_path / "last-good.toml").stat().st_mode & 0o777 == 0o600


def test_the_last_good_settings_of_another_file_are_not_those_of_this_one(tmp_path: Path) -> None:
    kept = LastGood(str(tmp_path))
    kept.keep("/etc/a.toml", GROUPS)
    assert kept.recall("/etc/b.toml") is None
    assert kept.recall("/etc/a.toml") == GROUPS
    assert LastGood(None).recall("/etc/a.toml") is None


@given(st.binary(max_size=200))
def test_any_bytes_in_the_place_of_the_last_good_settings_do_no_harm(content: bytes) -> None:
    with TemporaryDirectory() as folder:
        Path(folder, "last-good.toml").write_bytes(content)
        with pytest.raises(ConfigurationError):
            start(f"{folder}/none", LastGood(folder))
