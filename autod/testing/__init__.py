"""A pluto for the tests of programs that use autod: scripted, on a real socket, without root.

    from autod.testing import FakePluto

    def test_a_silent_branch_is_reported():
        with FakePluto("5.2", connections=["branch-1", "branch-2"]) as pluto:
            pluto.comes_up("branch-1", after=0.2)
            pluto.peer_is_silent("branch-2", after=1)
            assert my_program(pluto.path) == {"branch-1": "up", "branch-2": "peer_silent"}

With pytest, `pytest_plugins = ["autod.testing.plugin"]` in conftest.py gives the fixture `fake_pluto`.

The parts: `pluto` (the interface for tests), `process` (the socket), `world` (the answers), `lines` (the words of each
release). The first is public.
"""

from __future__ import annotations

from autod.testing.pluto import Asked, FakePluto

__all__ = ["Asked", "FakePluto"]
