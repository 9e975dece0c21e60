"""The outcome of a connection that was to be loaded."""

from __future__ import annotations

import pytest

from autod.errors import PlutoGone
from autod.exchange.relay import Relayed
from autod.loading.addconn import is_unknown
from autod.loading.result import Transcript, outcome_of
from autod.outcomes import Result
from autod.protocol.exchange import Ending
from autod.protocol.replies import Reply

ADDED = Relayed(b"", (Reply(2, '"a": added IKEv2 connection'),), None, None)
REFUSED = Relayed(b"", (Reply(56, '"a": failed to add connection: right= is not set'),), None, None)
PAIRS = Relayed(b"", (Reply(2, '"a/1x1": added IKEv2 connection'),), None, None)
CUT_OFF = Relayed(b"", (), Ending.GONE)
BARE_CODE = Relayed(b"", (Reply(36, ""),), Ending.EOF)
LOST = Relayed(b"", (), None, PlutoGone("pluto went away"))


@pytest.mark.parametrize(
    ("loaded", "result", "code", "said"),
    [
        (Transcript("a", ("a",), (ADDED,), ()), Result.LOADED, None, "loaded"),
        (Transcript("alias", ("a",), (ADDED,), ()), Result.LOADED, None, "loaded"),
        (Transcript("a", ("a",), (REFUSED,), ()), Result.LOAD_FAILED, 56, "right= is not set"),
        (Transcript("a", ("a/1x1", "a/1x2"), (PAIRS,), ()), Result.UNDECIDED, None, "1 of 2"),
        (
            Transcript("a", (), (), ("x: not found",), unknown=True),
            Result.UNKNOWN,
            21,
            "no connection or alias",
        ),
        (
            Transcript("a", (), (), (" 3: certificate not found",)),
            Result.LOAD_FAILED,
            None,
            "certificate not found",
        ),
        (Transcript("a", (), (LOST,), ("pluto went away",)), Result.PLUTO_GONE, None, "went away"),
        (Transcript("a", ("a",), (CUT_OFF,), ()), Result.PLUTO_GONE, None, "went away"),
        (Transcript("a", ("a",), (BARE_CODE,), ()), Result.REFUSED, 36, "refused"),
        (Transcript("a", (), (), ()), Result.LOAD_FAILED, None, "no message of it can be sent"),
    ],
)
def test_outcome(loaded: Transcript, result: Result, code: int | None, said: str) -> None:
    """Of what pluto said where something was sent, else of what was said against sending it."""
    outcome = outcome_of(loaded, started=1.0)
    assert (outcome.connection, outcome.result, outcome.code) == (loaded.asked, result, code)
    assert outcome.ok == (result is Result.LOADED)
    assert said in outcome.sentence


@pytest.mark.parametrize(
    ("complaints", "unknown"),
    [((), False), (("conn 'a': not found (tried aliases)",), True), (("a did not load properly",), False)],
)
def test_what_addconn_means_by_sending_nothing(complaints: tuple[str, ...], unknown: bool) -> None:
    assert is_unknown(complaints) is unknown
