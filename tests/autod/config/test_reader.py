"""Reading files: what is opened, what is said about faults, and that nothing breaks the reader."""

from __future__ import annotations

import cProfile
import os
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autod.config import Severity, check, describe, load, show
from autod.config.include import Files
from autod.protocol.connection import Planner
from autod.protocol.connection.lookup import Nothing
from autod.protocol.releases import find
from tests.helpers.configurations import configurations

if TYPE_CHECKING:
    from pathlib import Path

RULES = ["4.10", "5.2", "5.3.2", "5.4"]


def write(folder: Path, text: str | bytes, name: str = "ipsec.conf") -> str:
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return name


def plan_all(folder: Path, name: str, release: str) -> int:
    configuration = load(name, find(release), folder=str(folder))
    planner = Planner(configuration.rules, Nothing())
    return sum(len(planner.plan(one.name, one.layers).groups) for one in configuration.connections)


@pytest.mark.parametrize("release", RULES)
def test_a_fault_is_shown_with_its_place_its_line_and_a_caret(release: str, tmp_path: Path) -> None:
    """And the nearest keyword; reading goes on to the next fault."""
    name = write(tmp_path, "conn a\n\tleft=192.0.2.1\n\trihgt=192.0.2.2\n\tauth by\n\tpsf=yes\n")
    configuration = load(name, find(release), folder=str(tmp_path))
    assert configuration.refusal is not None
    assert str(configuration.refusal.place) in ("ipsec.conf:3:2", "ipsec.conf:3:7")
    assert configuration.connections == ()
    text = list(show(check(configuration), configuration.sources))
    assert text[1] == "    \trihgt=192.0.2.2"
    assert text[2].startswith("    \t")
    assert text[2].endswith("^")
    lines = {
        one.place.line for one in configuration.diagnostics if one.place and one.severity is Severity.FATAL
    }
    assert {3, 5} <= lines


@pytest.mark.parametrize("release", RULES)
def test_the_nearest_keyword_is_named(release: str, tmp_path: Path) -> None:
    """`rihgt` is `right`."""
    name = write(tmp_path, "conn a\n\trihgt=192.0.2.2\n")
    refusal = load(name, find(release), folder=str(tmp_path)).refusal
    assert refusal is not None
    assert refusal.hint == "did you mean 'right'?"


def test_where_addconn_is_silent_there_is_a_warning(tmp_path: Path) -> None:
    """4.10 takes a number that is none for 0, and leaves a bad duration out: so do we, and say so."""
    name = write(
        tmp_path, "conn a\n\tleft=192.0.2.1\n\tright=192.0.2.2\n\tmtu=abc\n\tikelifetime=10x\n\tauto=add\n"
    )
    configuration = load(name, find("4.10"), folder=str(tmp_path))
    assert [(one.severity, one.place.line) for one in check(configuration) if one.place] == [
        (Severity.WARNING, 4),
        (Severity.WARNING, 5),
    ]


def test_values_that_only_pluto_will_refuse_are_warned_of(tmp_path: Path) -> None:
    """5.4 sends every string; --check looks at them with the kinds that 5.2 knew."""
    name = write(tmp_path, "conn a\n\tleft=192.0.2.1\n\tright=192.0.2.2\n\tpfs=perhaps\n")
    configuration = load(name, find("5.4"), folder=str(tmp_path))
    assert configuration.diagnostics == ()
    (only,) = check(configuration)
    assert "pfs=perhaps" in only.sentence


@pytest.mark.parametrize("release", RULES)
def test_a_template_without_ends_is_no_fault(release: str, tmp_path: Path) -> None:
    """Nothing loads `base` itself; a connection that pluto loads at its start needs both ends. From 5.3 on it is pluto
    that says so, and not addconn."""
    name = write(tmp_path, "conn base\n\tleft=192.0.2.1\nconn a\n\talso=base\n\tauto=add\n")
    configuration = load(name, find(release), folder=str(tmp_path))
    assert [(one.connection, one.sentence) for one in check(configuration)] == [("a", "right= is not set")]


def test_every_setting_remembers_where_it_stands(tmp_path: Path) -> None:
    """Through %default, also= and includes; the description for JSON has it all, and no key."""
    write(tmp_path, "conn base\n\trightrsasigkey=0sAwEAAbbbbbbbbbbb\n", "more.conf")
    name = write(
        tmp_path,
        "include more.conf\nconn %default\n  ikelifetime=1h\nconn a\n\talso=base\n  left=192.0.2.1\n",
    )
    configuration = load(name, find("5.2"), folder=str(tmp_path))
    a = configuration.find("a")[0]
    places = {slot: str(setting.place) for slot, setting in a.settings.items()}
    assert places == {
        "ikelifetime": "ipsec.conf:3:3",
        "left": "ipsec.conf:6:3",
        "rightrsasigkey": "more.conf:2:2",
    }
    text = str(describe(configuration))
    assert "AwEAA" not in text
    assert "'line': 6" in text


def test_a_key_is_never_shown(tmp_path: Path) -> None:
    """Not even in the line that a fault is shown with."""
    name = write(tmp_path, "conn a\n\tleftrsasigkey=0sAwEAAsecret more\n")
    configuration = load(name, find("4.10"), folder=str(tmp_path))
    text = "\n".join(show(check(configuration), configuration.sources))
    assert "AwEAA" not in text


def test_nothing_in_a_file_can_steer_the_terminal(tmp_path: Path) -> None:
    """Neither through the line that is shown nor through what is said of it."""
    name = write(tmp_path, b"conn a\n\tikelifetime=1\xff\x1b[31mx\n")
    configuration = load(name, find("5.2"), folder=str(tmp_path))
    text = list(show(check(configuration), configuration.sources))
    assert text[1] == "    \tikelifetime=1\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}[31mx"
    assert "\x1b" not in "".join(text)
    "".join(text).encode()


@pytest.mark.parametrize("release", RULES)
def test_only_the_file_and_its_includes_are_opened(
    release: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The secrets file is named, and not read."""
    write(tmp_path, "conn b\n\tpfs=no\n", "b.conf")
    secrets = tmp_path / "ipsec.secrets"
    secrets.write_text(': PSK "very secret"\n')
    name = write(tmp_path, f"config setup\n\tsecretsfile={secrets}\ninclude b*.conf\nconn a\n\tauto=add\n")
    opened: list[str] = []
    monkeypatch.setattr("autod.config.include.open", _recording(opened), raising=False)
    configuration = load(name, find(release), folder=str(tmp_path))
    assert opened == [str(tmp_path / "ipsec.conf"), str(tmp_path / "b.conf")]
    assert [one.name for one in configuration.connections] == ["b", "a"]


def _recording(opened: list[str]) -> object:
    def record(path: str, *arguments: object, **options: object) -> object:
        opened.append(path)
        return open(path, *arguments, **options)  # type: ignore[call-overload]

    return record


@pytest.mark.parametrize("release", RULES)
def test_an_include_that_names_itself_ends(release: str, tmp_path: Path) -> None:
    """Files may include others ten deep; each round defines the connection again."""
    name = write(tmp_path, "include ipsec.conf\nconn a\n\tpfs=no\n")
    configuration = load(name, find(release), folder=str(tmp_path))
    assert configuration.refusal is None
    assert len(configuration.files) == 10


@pytest.mark.sampled(1)
@pytest.mark.parametrize("release", RULES)
def test_a_bomb_of_includes_is_refused(release: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten lines that include themselves would be 10^9 files by the rule of depth."""
    monkeypatch.setattr("autod.config.include.MAX_FILES", 500)
    name = write(tmp_path, "include ipsec.conf\n" * 10)
    refusal = load(name, find(release), folder=str(tmp_path)).refusal
    assert refusal is not None
    assert "includes" in refusal.sentence or "included" in refusal.sentence


@pytest.mark.parametrize("release", RULES)
def test_a_pipe_is_not_opened(release: str, tmp_path: Path) -> None:
    """It would hold us up until somebody writes."""
    os.mkfifo(tmp_path / "pipe.conf")
    name = write(tmp_path, "include pipe.conf\nconn a\n\tpfs=no\n")
    configuration = load(name, find(release), folder=str(tmp_path))
    assert [one.name for one in configuration.connections] == ["a"]
    assert any("pipe.conf" in one.sentence for one in configuration.diagnostics)


@pytest.mark.parametrize(
    ("pattern", "warns"),
    [("none.conf", True), ("none/*.conf", True), ("*.none", False), ("here/*.conf", False), ("non?", True)],
)
@pytest.mark.parametrize("release", RULES)
def test_what_addconn_warns_of_when_an_include_matches_nothing(
    release: str, pattern: str, warns: bool, tmp_path: Path
) -> None:
    """Not of a star in a folder that exists (seen on 3.32 to 5.4); --check names that, too."""
    (tmp_path / "here").mkdir()
    name = write(tmp_path, f"include {pattern}\nconn a\n\tpfs=no\n")
    configuration = load(name, find(release), folder=str(tmp_path))
    assert [pattern in each.sentence for each in configuration.sources.warnings] == [True] * warns
    assert any(pattern in each.sentence for each in configuration.diagnostics)


def test_a_file_that_is_not_there_is_a_refusal(tmp_path: Path) -> None:
    """With the status that addconn has for it."""
    refusal = load("nowhere.conf", find("4.10"), folder=str(tmp_path)).refusal
    assert refusal is not None
    assert refusal.status == 3


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=400), release=st.sampled_from(RULES))
def test_arbitrary_bytes_never_break_the_reader(tmp_path: Path, data: bytes, release: str) -> None:
    """Not the file alone, and not as the value of a setting."""
    for text in (data, b"conn a\n\tleft=" + data, b"conn a\n\tleft=192.0.2.1\n\t" + data):
        plan_all(tmp_path, write(tmp_path, text), release)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.sampled_from(["4.10", "5.2", "5.3", "5.4"]).flatmap(configurations),
    cut=st.integers(0, 400),
    noise=st.text(max_size=3),
    release=st.sampled_from(RULES),
)
def test_broken_configurations_never_break_the_reader(
    tmp_path: Path, text: str, cut: int, noise: str, release: str
) -> None:
    """A configuration of any release, read as another one, with noise somewhere in it: check and describe as well."""
    name = write(tmp_path, (text[:cut] + noise + text[cut:]).encode("utf-8", "surrogatepass"))
    configuration = load(name, find(release), folder=str(tmp_path))
    list(show(check(configuration), configuration.sources))
    describe(configuration)


@pytest.mark.sampled(1)
@pytest.mark.parametrize("release", RULES)
def test_a_file_of_faults_is_read_as_fast_as_a_good_one(release: str, tmp_path: Path) -> None:
    """The nearest keyword is looked for a few times only, and so is the nearest connection."""
    faults = "conn a\n" + "\tleftsubnest=10.0.0.0/8\n" * 20_000
    missing = "".join(f"conn some{i}\n\talso=sone{i}\n" for i in range(5_000))
    begin = time.process_time()
    for text in (faults, missing):
        load(write(tmp_path, text), find(release), folder=str(tmp_path))
    assert time.process_time() - begin < 20


def test_reading_takes_time_in_proportion_to_its_length(tmp_path: Path) -> None:
    """Each connection costs as many calls in a large file as in a small one: none looks at all the others."""
    calls = []
    for count in (250, 1000):
        text = "conn base\n\tike=aes256\n" + "".join(
            f"conn b{i}\n\talso=base\n\tleft=192.0.2.1\n\tright=192.0.2.2\n\tconnalias=alias{i}\n"
            for i in range(count)
        )
        name = write(tmp_path, text)
        profile = cProfile.Profile()
        profile.enable()
        configuration = load(name, find("5.2"), folder=str(tmp_path))
        found = configuration.find(f"alias{count - 1}")
        profile.disable()
        assert found[0].name == f"b{count - 1}"
        calls.append(sum(entry.callcount for entry in profile.getstats()) / count)
    assert calls[1] < 1.2 * calls[0]


def test_a_file_that_cannot_be_read_is_named_without_a_line(tmp_path: Path) -> None:
    """There is none; the diagnostic can be shown all the same."""
    missing = str(tmp_path / "missing.conf")
    configuration = load(missing, find("4.10"))
    assert configuration.refusal is not None
    assert str(configuration.refusal.place) == missing
    assert list(show(check(configuration), Files())) == [
        f"{missing}: fatal: cannot be read: No such file or directory"
    ]


def test_a_keyword_that_is_not_known_is_left_to_addconn_where_it_loads(tmp_path: Path) -> None:
    """Its connection is there, without it; any other fault refuses the file as ever."""
    path = tmp_path / "ipsec.conf"
    path.write_text("config setup\n\tforeign=1\nconn a\n\tleft=192.0.2.1\n\tnovel=yes\n\tright=192.0.2.2\n")
    for release in ("3.32", "4.12", "5.0", "5.2", "5.4"):
        read = load(path, find(release), leaves_unknown=True)
        assert read.refusal is None
        assert [one.name for one in read.connections] == ["a"]
        assert [one.place.line for one in read.diagnostics if one.place] == [2, 5]
        assert load(path, find(release)).refusal is not None
    path.write_text("conn a\n\tleft=192.0.2.1\n\tnovel=yes\nnonsense\n")
    assert load(path, find("4.12"), leaves_unknown=True).refusal is not None


@pytest.mark.parametrize("release", ["3.27", "3.32", "4.0", "4.6", "4.15", "5.0", "5.2"])
def test_a_key_that_is_empty_makes_addconn_abort(release: str, tmp_path: Path) -> None:
    """Up to 4.15 one without quotes is none."""
    path = tmp_path / "ipsec.conf"
    ends = "conn a\n\tleft=192.0.2.1\n\tright=192.0.2.2\n"
    path.write_text(f'{ends}\tleftrsasigkey=""\n')
    refusal = load(path, find(release)).refusal
    assert refusal is not None
    assert refusal.status == -6
    path.write_text(f"{ends}\tleftrsasigkey=\n")
    assert (load(path, find(release)).refusal is None) is (release < "5")
