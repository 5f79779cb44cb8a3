"""The anchor on the exchange's headers: the governor turns what they say into moments that cannot be too early."""

from __future__ import annotations

import anyio
import pytest

from bingx_async.core.bucket import AccountBucket
from bingx_async.core.claims import Permit
from bingx_async.core.counting import Counting, CountingModel
from bingx_async.testing import EPOCH
from tests.runtime.hall import OCCUPANCY, Backend, Hall, backends, run


async def granted(hall: Hall) -> tuple[Permit, AccountBucket]:
    """A call that leaves now, of an account whose windows are known to begin with their first call."""
    permit = await hall.acquire()
    bucket = permit.account_bucket
    assert bucket is not None
    bucket.counting = bucket.counting or Counting(5, 1000.0)
    bucket.counting.candidates = {CountingModel.FIXED_FIRST}
    return permit, bucket


def returns(hall: Hall, bucket: AccountBucket) -> list[float]:
    """When the tokens return, in milliseconds since the start."""
    return [round(at - hall.began, 3) for at in bucket.expiries]


@backends
def test_spans(backend: Backend) -> None:
    """A span was told between grant and reply: the window ends 400 ms after the reply at the latest. If it may have
    ended before the reply, the call was perhaps counted in it and perhaps others in the next: nothing moves."""

    async def main() -> None:
        hall = Hall(anchor="headers")
        permit, bucket = await granted(hall)
        await anyio.sleep(0.05)
        told = {"x-ratelimit-requests-remain": "4", "x-ratelimit-requests-expire": "400"}
        hall.settle(permit, **told)
        assert returns(hall, bucket) == [50 + 400 + 2]
        slow, _ = await granted(hall)
        await anyio.sleep(0.5)
        hall.settle(slow, **(told | {"x-ratelimit-requests-remain": "3"}))
        assert returns(hall, bucket) == [452, 550 + OCCUPANCY]

    run(backend, main)


@backends
def test_moments(backend: Backend) -> None:
    """A moment is the latest that it can be by the exchange's clock, and says nothing before a look at that clock."""

    async def main(has_looked: bool) -> list[float]:
        hall = Hall(anchor="headers")
        if has_looked:
            hall.clock.set_from(EPOCH + 20.0, hall.began, hall.began + 40.0)
        permit, bucket = await granted(hall)
        await anyio.sleep(0.05)
        told = {"x-ratelimit-requests-remain": "4", "x-ratelimit-requests-expire": str(int(EPOCH) + 700)}
        hall.settle(permit, **told)
        return returns(hall, bucket)

    assert run(backend, main, False) == [50 + OCCUPANCY]
    (at,) = run(backend, main, True)
    assert at == pytest.approx(700 + 20 + 1 + 2, abs=0.5)  # half a look, whole milliseconds, and the margin


@backends
def test_a_call_given_up_keeps_its_linger(backend: Backend) -> None:
    """A call without a reply may be counted until its linger is over, perhaps in the next window: it is not anchored;
    and from then on it may be among those that the exchange counts."""

    async def main() -> None:
        hall = Hall(anchor="headers")
        lost, bucket = await granted(hall)
        hall.governor.give_up(lost, 1_000.0)
        permit, _ = await granted(hall)
        await anyio.sleep(0.05)
        hall.settle(permit, **{"x-ratelimit-requests-remain": "3", "x-ratelimit-requests-expire": "400"})
        assert returns(hall, bucket) == [452, 1_000 + OCCUPANCY]
        assert bucket.counting is not None
        assert bucket.counting.contradictions == 0

    run(backend, main)


@backends
def test_a_reply_without_headers(backend: Backend) -> None:
    """A call whose reply does not tell may have been counted: another reply that counts it contradicts nothing."""

    async def main() -> None:
        hall = Hall()
        for remaining in ("4", "", "2"):
            permit = await hall.acquire()
            await anyio.sleep(0.05)
            hall.settle(permit, **({"x-ratelimit-requests-remain": remaining} if remaining else {}))
        assert permit.account_bucket is not None
        assert permit.account_bucket.counting is not None
        assert permit.account_bucket.counting.contradictions == 0
        assert permit.account_bucket.counting.candidates == set(CountingModel)

    run(backend, main)
