"""The books of a run: its counts are those of the jobs, whatever is heard in whatever order."""

from __future__ import annotations

import trio
from hypothesis import given
from hypothesis import strategies as st

from autod.bulk.ledger import Ledger
from autod.bulk.teller import Teller
from autod.events import ChildEstablished, Event, Initiating, Log, Queued, Retransmission, Sent

HEARD: list[Event] = [
    Initiating(time=0.0, connection="c", sa="ike"),
    Sent(time=0.0, connection="c", message="IKE_SA_INIT"),
    Sent(time=0.0, connection="c", message="IKE_AUTH"),
    Queued(time=0.0, connection="c", owner="other"),
    Retransmission(time=0.0, connection="c", wait=0.5),
    ChildEstablished(time=0.0, connection="c"),
    Log(time=0.0, connection="c", text="whatever"),
]
STEPS = st.lists(
    st.one_of(
        st.just("take"),
        st.tuples(st.just("hear"), st.integers(0, 9), st.sampled_from(HEARD)),
        st.tuples(st.sampled_from(["land", "put back"]), st.integers(0, 9)),
    ),
    max_size=60,
)


@given(STEPS)
def test_counts_are_those_of_the_jobs_in_flight(
    steps: list[str | tuple[str, int] | tuple[str, int, Event]],
) -> None:
    """Stalled, and not taken up by pluto yet."""

    async def play() -> None:
        teller = Teller()
        teller.start()
        ledger = Ledger(teller, [f"c{number}" for number in range(10)], {}, "up")
        for step in steps:
            flying = list(ledger.in_flight.values())
            if step == "take":
                if ledger.queue:
                    ledger.take(None)
            elif flying:
                job = flying[int(step[1]) % len(flying)]
                if step[0] == "hear":
                    ledger.hear(job, step[2])  # type: ignore[misc, arg-type]
                elif step[0] == "land":
                    ledger.land(job)
                    ledger.queue.append(job)
                else:
                    ledger.put_back(job)
                    assert ledger.queue[0] is job
                    assert not job.flying
            flying = list(ledger.in_flight.values())
            assert ledger.untaken == sum(not job.taken for job in flying)
            assert ledger.stalled == sum(job.stalled for job in flying)

    trio.run(play)
