"""Callers that give up: nothing is lost for the others."""

from __future__ import annotations

import asyncio

import pytest
import redis.asyncio as redis_asyncio

from bingx_async.redis import RedisStore
from bingx_async.redis.scripts import Names
from bingx_async.runtime.governor.store import Granted
from tests.redis.desk import CANCEL, PLACE, Desk, warm
from tests.redis.server import RedisServer


@pytest.mark.parametrize("given_up", [0, 3, 7])
async def test_a_request_given_up(redis_server: RedisServer, namespace: str, given_up: int) -> None:
    """Of several requests at once one is cancelled: its token comes back as soon as it has been granted, and the others
    have their replies."""
    await warm(redis_server.url, namespace, 0.0)
    store = RedisStore(redis_server.url, namespace)
    desk = Desk(store)
    await desk.release(await desk.grant())
    redis_server.pause()
    try:
        asking = [asyncio.create_task(desk.ask(CANCEL if number < 5 else PLACE)) for number in range(7)]
        asking.append(asyncio.create_task(desk.ask()))
        await asyncio.sleep(0.05)
        asking[given_up].cancel()
        await asyncio.sleep(0.05)
    finally:
        redis_server.resume()
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert [number for number, each in enumerate(answers) if isinstance(each, asyncio.CancelledError)] == [given_up]
    granted = sum(isinstance(each, Granted) for each in answers)
    assert granted == (7 if given_up == 7 else 6)  # five cancels and two placings, less the one that was given up
    await store.flush()
    async with redis_asyncio.Redis.from_url(redis_server.url) as client:
        names = Names(namespace)
        in_flight = [await client.zcard(names.of("in_flight", claim.key)) for claim in (CANCEL, PLACE)]
    assert sum(in_flight) == granted
    await store.aclose()
