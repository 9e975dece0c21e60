"""Two configurations as two ends: what fits, and each thing that does not, with both places."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from autod.config import load
from autod.config.peers import Pair, hold
from autod.config.routes import FileNames
from autod.protocol.releases import find

if TYPE_CHECKING:
    from pathlib import Path

WEST = {
    "left": "203.0.113.1",
    "right": "198.51.100.7",
    "leftid": "@west",
    "rightid": "@east",
    "leftsubnet": "10.1.0.0/24",
    "rightsubnet": "10.2.0.0/24",
    "authby": "secret",
    "ike": "aes256-sha2_256-modp2048",
    "esp": "aes_gcm256",
    "auto": "start",
}


def _turned(settings: dict[str, str]) -> dict[str, str]:
    """The same connection as the other administrator would write it."""
    turn = {"left": "right", "right": "left"}
    return {
        next((turn[side] + key.removeprefix(side) for side in turn if key.startswith(side)), key): value
        for key, value in settings.items()
    }


def _pair(folder: Path, here: dict[str, str], there: dict[str, str], release: str = "5.2") -> Pair:
    found = []
    for name, settings in (("here", here), ("there", there)):
        lines = [f"conn {name}", *(f"\t{key}={value}" for key, value in settings.items())]
        (folder / name).write_text("\n".join(lines) + "\n")
        found.append(load(str(folder / name), find(release, seccomp=False)))
    (pair,) = hold(found[0], found[1], FileNames())
    return pair


@pytest.mark.parametrize("release", ["4.10", "5.2", "5.4"])
@pytest.mark.parametrize("turned", [True, False], ids=["turned", "same"])
def test_two_ends_fit(tmp_path: Path, release: str, turned: bool) -> None:
    there = {**(_turned(WEST) if turned else WEST), "auto": "add"}
    assert _pair(tmp_path, WEST, there, release) == Pair("here", "there")


@pytest.mark.parametrize("release", ["4.10", "5.2", "5.4"])
@pytest.mark.parametrize(
    ("edit", "setting"),
    [
        ({"rightid": "@wets"}, "leftid"),
        ({"rightid": None}, "leftid"),
        ({"leftsubnet": "10.2.0.0/16"}, "rightsubnet"),
        ({"leftsubnet": None}, "rightsubnet"),
        ({"leftprotoport": "tcp/80"}, "rightsubnet"),
        ({"authby": "rsasig"}, "authby"),
        ({"ike": "aes128-sha2_256-modp2048"}, "ike"),
        ({"ike": "aes256-sha2_512-modp2048"}, "ike"),
        ({"ike": "aes256-sha2_256-dh19"}, "ike"),
        ({"esp": "aes256-sha2_256"}, "esp"),
        ({"type": "transport"}, "type"),
        ({"ikev2": "no"}, "ikev2"),
        ({"sha2-truncbug": "yes"}, "sha2-truncbug"),
        ({"leftikeport": "5500"}, "rightikeport"),
        ({"esn": "no"}, None),
        ({"auto": "start", "rekey": "no", "dpddelay": "5s"}, None),
    ],
)
def test_each_mismatch_is_told(
    tmp_path: Path, release: str, edit: dict[str, str | None], setting: str | None
) -> None:
    there = {key: value for key, value in {**_turned(WEST), **edit}.items() if value is not None}
    pair = _pair(tmp_path, WEST, there, release)
    assert [one.setting for one in pair.mismatches if one.serious] == ([] if setting is None else [setting])


def test_both_places_are_told(tmp_path: Path) -> None:
    (one,) = _pair(tmp_path, WEST, {**_turned(WEST), "rightid": "@wets"}).mismatches
    assert (str(one.place), str(one.peer_place)) == (f"{tmp_path}/here:4:2", f"{tmp_path}/there:4:2")
    assert (one.value, one.peer_value) == ("@west", "@wets")


def test_a_road_warrior_fits_its_gateway(tmp_path: Path) -> None:
    gateway = {
        "left": "203.0.113.1",
        "leftid": "@gw",
        "right": "%any",
        "leftsubnet": "0.0.0.0/0",
        "auto": "add",
    }
    client = {
        "left": "%defaultroute",
        "right": "203.0.113.1",
        "rightid": "@gw",
        "rightsubnet": "0.0.0.0/0",
        "auto": "start",
    }
    assert _pair(tmp_path, client, gateway).fits


def test_nothing_comes_near(tmp_path: Path) -> None:
    assert _pair(tmp_path, WEST, {**_turned(WEST), "left": "198.51.100.99"}).peer is None


def test_an_address_that_is_translated_is_only_a_warning(tmp_path: Path) -> None:
    behind = {**_turned(WEST), "left": "192.168.1.2"}
    pair = _pair(tmp_path, WEST, behind)
    assert pair.fits
    assert [(one.setting, one.peer_setting) for one in pair.mismatches] == [("right", "left")]


def test_lifetimes_and_two_that_wait_are_warnings(tmp_path: Path) -> None:
    here = {**WEST, "auto": "add", "ikelifetime": "8h"}
    there = {**_turned(WEST), "auto": "add", "ikelifetime": "1h"}
    pair = _pair(tmp_path, here, there)
    assert pair.fits
    assert {one.setting for one in pair.mismatches} == {"ikelifetime", "auto"}


def test_the_best_of_several(tmp_path: Path) -> None:
    there = _turned(WEST)
    text = "\n".join(
        f"conn c{number}\n\t" + "\n\t".join(f"{key}={value}" for key, value in one.items())
        for number, one in enumerate([{**there, "rightsubnet": "10.9.0.0/24"}, there])
    )
    (tmp_path / "b").write_text(text + "\n")
    (tmp_path / "a").write_text("conn x\n\t" + "\n\t".join(f"{k}={v}" for k, v in WEST.items()) + "\n")
    release = find("5.2", seccomp=False)
    (pair,) = hold(load(str(tmp_path / "a"), release), load(str(tmp_path / "b"), release), FileNames())
    assert pair.peer == "c1"
    assert pair.fits
