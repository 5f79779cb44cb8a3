"""Crowds at one Redis use the quota, ask for little more than what they get, and are never refused.

`python -m tests.redis.crowd` prints the figures of larger ones.
"""

from __future__ import annotations

import os

import pytest
from attrs import evolve

from tests.redis.crowd import LINE, RELEASING, Crowd, run
from tests.redis.server import RedisServer

IN_CI = os.environ.get("CI") == "true"
# The quota is as tight and its window shorter, which then need not be waited for so long.
PACED = evolve(RELEASING, interface=(90, 3.0), settling=4.0, seconds=6.0 if IN_CI else 3.0)


CROWDS = [pytest.param(PACED, 0.9, 2.5, id="paced")]
if IN_CI:
    CROWDS.append(pytest.param(evolve(LINE, seconds=8.0), 0.8, 100.0, id="line"))


@pytest.mark.parametrize(("crowd", "used", "asks_per_grant"), CROWDS)
async def test_crowd(redis_server: RedisServer, crowd: Crowd, used: float, asks_per_grant: float) -> None:
    """Four processes with 100 accounts each on one address, while others' calls are given back unsent; 600 governors on
    one account."""
    found = await run(redis_server, crowd)
    assert found.refused == 0
    assert found.used >= used
    assert found.asks_per_grant <= asks_per_grant
