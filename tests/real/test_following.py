"""A supervisor and a real pluto 4.10, and addresses, routes and records that come late. On ESP: tests/lab."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.real.following import (
    a_default_route_comes,
    a_record_changes_while_a_try_runs,
    a_record_comes,
    an_address_comes,
)
from tests.real.plutos import gateways

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.real.plutos import Pluto


def ike_sas(west: Pluto) -> Callable[[], int]:
    """The IKE SAs that west has established so far."""
    return lambda: west.text().count("initiator established IKE SA")


@pytest.mark.parametrize("where", ["beside", "inside"])
def test_an_address_that_comes_late_is_followed(where: str) -> None:
    """By the kernel's word in pluto's network, by /proc from another one: long before any other try."""
    with gateways() as (west, east):
        an_address_comes(west, east, ike_sas(west), inside=where == "inside")


def test_a_default_route_that_comes_goes_and_comes_again_is_followed() -> None:
    with gateways() as (west, east):
        a_default_route_comes(west, east, ike_sas(west), times=2)


def test_a_record_that_comes_and_changes_is_followed() -> None:
    with gateways() as (west, east):
        a_record_comes(west, east, ike_sas(west), changes=True)


def test_a_record_that_changes_while_a_try_runs_is_followed() -> None:
    with gateways() as (west, east):
        a_record_changes_while_a_try_runs(west, east, ike_sas(west))
