"""Four processes with fifty tasks each on one account, in every way of counting: never refused, nearly nothing unused.

`python -m tests.redis.load` runs the same for 30 s each and prints the figures.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tests.redis.load import Figures, Trouble, calm, flushing, killing, leaving, pausing, restarting, run, stalling
from tests.redis.server import RedisServer


def refused(found: dict[str, Figures]) -> dict[str, int]:
    return {way: each.refused for way, each in found.items() if each.refused}


def least_used(found: dict[str, Figures]) -> float:
    return min(each.used for each in found.values())


def failures(found: dict[str, Figures]) -> set[str]:
    return {error for each in found.values() for error in each.failed}


@pytest.mark.parametrize(("trouble", "seconds"), [(calm, 12.0), (killing, 13.0)], ids=["calm", "killing"])
async def test_quota_is_used_and_never_exceeded(redis_server: RedisServer, trouble: Trouble, seconds: float) -> None:
    """0 refused, 90 % of the quota used at least, also while a process is killed every 3 s and started again."""
    found = await run(redis_server, trouble, seconds)
    assert refused(found) == {}
    assert failures(found) == set()
    assert least_used(found) >= 0.9
    if trouble is calm:
        shares = [share for each in found.values() for share in each.fairness]
        assert min(shares) >= 0.5
        assert max(shares) <= 2.0


async def test_redis_paused(start_redis: Callable[..., RedisServer]) -> None:
    """While Redis answers nobody for 2 s nothing leaves; the rest of 30 s brings the use to 90 % again."""
    found = await run(start_redis(), pausing, 12.0)
    assert refused(found) == {}
    assert failures(found) == set()
    assert least_used(found) >= 0.9 * (12.0 - 2.0) / 12.0


LEAST = {stalling: 0.85, restarting: 0.6, leaving: 0.4, flushing: 0.6}


async def test_never_refused(start_redis: Callable[..., RedisServer]) -> None:
    """A process that stands still for 10 s, a Redis that dies, stays away or forgets: no burst, and it goes on."""
    runs = await asyncio.gather(*(run(start_redis(), trouble, 14.0) for trouble in LEAST))
    for (trouble, least), found in zip(LEAST.items(), runs, strict=True):
        assert refused(found) == {}, trouble.__doc__
        assert failures(found) == set(), trouble.__doc__
        assert least_used(found) >= least, trouble.__doc__
