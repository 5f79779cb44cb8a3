"""A caller that is cancelled while Redis is asked, in asyncio's own way: no token is lost, and nobody else is hurt."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import redis.asyncio as redis_asyncio

from bingx_async import Governor
from bingx_async.core.ledger import Claims
from bingx_async.redis import RedisStore
from bingx_async.redis.names import Names
from bingx_async.spot.orders import CANCEL_ORDER
from tests.redis.desk import warm
from tests.redis.server import RedisServer
from tests.redis.test_failures import proxy

DELAY = 0.1  # seconds that an answer takes


async def give_up(governor: Governor, claims: Claims) -> None:
    """Ask, and be cancelled when Redis has granted and its answer is on the way."""
    with suppress(TimeoutError):
        async with asyncio.timeout(DELAY / 2):
            await governor.acquire(claims)


async def taken(server: RedisServer, namespace: str, claims: Claims) -> int:
    """Tokens that Redis counts as in flight."""
    async with redis_asyncio.Redis.from_url(server.url) as client:
        return int(await client.zcard(Names(namespace).of("in_flight", claims.keys[0])))


async def all_free(server: RedisServer, namespace: str, claims: Claims) -> None:
    """They come back within a few answers' time."""
    async with asyncio.timeout(10 * DELAY):
        while await taken(server, namespace, claims):  # noqa: ASYNC110
            await asyncio.sleep(DELAY / 10)


async def ready(governor: Governor) -> None:
    """Connections are open, the scripts are there."""
    warming = governor.claims(CANCEL_ORDER, "warm")
    for permit in await asyncio.gather(*(governor.acquire(warming) for _ in range(5))):
        governor.release(permit)
    await governor.flush()


async def test_its_tokens_come_back(redis_server: RedisServer, namespace: str) -> None:
    """What Redis granted to one who was cancelled is free again as soon as the answer is there."""
    await warm(redis_server.url, namespace, 0.0)
    async with proxy(redis_server, DELAY) as (url, _), Governor(store=RedisStore(url, namespace)) as governor:
        await ready(governor)
        claims = governor.claims(CANCEL_ORDER, "1")
        await asyncio.gather(*(give_up(governor, claims) for _ in range(5)))
        assert await taken(redis_server, namespace, claims) == 5
        await all_free(redis_server, namespace, claims)


async def test_closed_at_once(redis_server: RedisServer, namespace: str) -> None:
    """A program that is interrupted leaves at once: closing waits for the answer, so that the token goes back."""
    await warm(redis_server.url, namespace, 0.0)
    async with proxy(redis_server, DELAY) as (url, _):
        async with Governor(store=RedisStore(url, namespace)) as governor:
            await ready(governor)
            claims = governor.claims(CANCEL_ORDER, "1")
            await give_up(governor, claims)
        assert await taken(redis_server, namespace, claims) == 0


async def test_nobody_else_is_hurt(redis_server: RedisServer, namespace: str) -> None:
    """Whichever of many is cancelled while their questions travel together, the others have their answers, and the
    store does not count as away."""
    await warm(redis_server.url, namespace, 0.0)
    async with (
        proxy(redis_server, DELAY) as (url, _),
        Governor(store=RedisStore(url, namespace), on_store_failure="refuse") as governor,
    ):
        await ready(governor)
        accounts = [governor.claims(CANCEL_ORDER, str(number)) for number in range(12)]
        for cancelled in (0, 4, 5, 11):
            asking = [asyncio.create_task(governor.acquire(claims)) for claims in accounts]
            await asyncio.sleep(DELAY / 5)
            asking[cancelled].cancel()
            answers = await asyncio.gather(*asking, return_exceptions=True)
            refused = {number: answer for number, answer in enumerate(answers) if isinstance(answer, BaseException)}
            assert [(number, type(answer)) for number, answer in refused.items()] == [
                (cancelled, asyncio.CancelledError)
            ]
            for answer in answers:
                if not isinstance(answer, BaseException):
                    governor.release(answer)
            await governor.flush()
