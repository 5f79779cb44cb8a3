"""Callers that are cancelled, in asyncio's own way, while Redis is asked: no token is lost, other callers go on.

The replies of Redis are kept back until the test lets them go, so that no test depends on how fast the machine is.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import redis.asyncio as redis_asyncio

from bingx_async import Governor
from bingx_async.core.claims import Claims
from bingx_async.redis import RedisStore
from bingx_async.redis.scripts import Names
from bingx_async.spot.cancels import CANCEL_ORDER
from tests.redis.desk import warm
from tests.redis.proxy import proxy
from tests.redis.server import RedisServer

PATIENCE = 5.0  # seconds for what takes milliseconds


async def taken(client: redis_asyncio.Redis, namespace: str, claims: Claims) -> int:
    """Tokens of the first bucket that Redis counts as in flight."""
    return int(await client.zcard(Names(namespace).of("in_flight", claims.endpoint_gate)))


async def until_taken(server: RedisServer, namespace: str, wanted: int, *accounts: Claims) -> None:
    """Wait until each of `accounts` has `wanted` tokens in flight."""
    async with redis_asyncio.Redis.from_url(server.url) as client, asyncio.timeout(PATIENCE):
        for claims in accounts:
            while await taken(client, namespace, claims) != wanted:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


async def cancel(*tasks: asyncio.Task[Any]) -> None:
    """Cancel the tasks and wait for their end."""
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def ready(governor: Governor) -> None:
    """Open connections and load the scripts."""
    warming = governor.claims(CANCEL_ORDER, "warm")
    for permit in await asyncio.gather(*(governor.acquire(warming) for _ in range(5))):
        governor.release(permit)
    await governor.flush()


async def test_its_tokens_come_back(redis_server: RedisServer, namespace: str) -> None:
    """Tokens granted to a cancelled caller are free again as soon as the reply is there."""
    await warm(redis_server.url, namespace, 0.0)
    async with proxy(redis_server) as (url, _, replies), Governor(store=RedisStore(url, namespace)) as governor:
        await ready(governor)
        claims = governor.claims(CANCEL_ORDER, "1")
        replies.clear()
        calls = [asyncio.create_task(governor.acquire(claims)) for _ in range(5)]
        await until_taken(redis_server, namespace, 5, claims)
        await cancel(*calls)
        replies.set()
        await until_taken(redis_server, namespace, 0, claims)


async def test_closed_at_once(redis_server: RedisServer, namespace: str) -> None:
    """A program that is interrupted leaves at once: closing waits for the reply, so that the token goes back."""
    await warm(redis_server.url, namespace, 0.0)
    async with proxy(redis_server) as (url, _, replies):
        async with Governor(store=RedisStore(url, namespace)) as governor:
            await ready(governor)
            claims = governor.claims(CANCEL_ORDER, "1")
            replies.clear()
            call = asyncio.create_task(governor.acquire(claims))
            await until_taken(redis_server, namespace, 1, claims)
            await cancel(call)
            asyncio.get_running_loop().call_later(0.1, replies.set)
        async with redis_asyncio.Redis.from_url(redis_server.url) as client:
            assert await taken(client, namespace, claims) == 0


async def test_other_callers_go_on(redis_server: RedisServer, namespace: str) -> None:
    """Whichever of many is cancelled while their requests travel together, the others have their replies, and the
    store does not count as away."""
    await warm(redis_server.url, namespace, 0.0)
    async with (
        proxy(redis_server) as (url, _, replies),
        Governor(store=RedisStore(url, namespace), on_store_failure="refuse") as governor,
    ):
        await ready(governor)
        accounts = [governor.claims(CANCEL_ORDER, str(number)) for number in range(12)]
        for cancelled in (0, 4, 5, 11):
            replies.clear()
            calls = [asyncio.create_task(governor.acquire(claims)) for claims in accounts]
            await until_taken(redis_server, namespace, 1, *accounts)
            calls[cancelled].cancel()
            replies.set()
            answers = await asyncio.gather(*calls, return_exceptions=True)
            failed = {number: answer for number, answer in enumerate(answers) if isinstance(answer, BaseException)}
            assert [(number, type(answer)) for number, answer in failed.items()] == [
                (cancelled, asyncio.CancelledError)
            ]
            for answer in answers:
                if not isinstance(answer, BaseException):
                    governor.release(answer)
            await until_taken(redis_server, namespace, 0, *accounts)
