"""Addresses, routes and records that come late, with ESP: the tunnel is up soon after it can be."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.real.following import a_default_route_comes, a_record_comes, an_address_comes

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lab.gateways import Lab

SCENARIOS = {
    "address": an_address_comes,
    "route": a_default_route_comes,
    "record": partial(a_record_comes, changes=True),
}


@pytest.mark.parametrize("lab", ["5.2"], indirect=True)
@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_what_comes_late_is_followed(lab: Lab, scenario: Callable[..., None]) -> None:
    lab.west.namespace.ip("route", "del", "default")
    scenario(lab.west, lab.east, lambda: lab.west.text().count("established Child SA"))
