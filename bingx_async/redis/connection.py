"""One client of redis-py, one event loop: run scripts, alone or in a pipeline, and say clearly what is wrong.

A script is called by its digest and loaded where the server does not know it (again). Every script may be told
twice, so nothing here has to know whether a lost question was heard.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar, cast

import redis.asyncio as redis_asyncio
import redis.exceptions
import sniffio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from bingx_async.errors import StoreUnavailable
from bingx_async.redis.arguments import Called
from bingx_async.redis.scripts import digest, source

T = TypeVar("T")
OLDEST = (5, 0)  # scripts that read the clock and then write need effect replication
LOST = (redis.exceptions.RedisError, redis.exceptions.RedisClusterException, OSError, TimeoutError)
CONFIGURATION = (
    redis.exceptions.AuthenticationError,
    redis.exceptions.NoPermissionError,
    redis.exceptions.InvalidResponse,
)
ELSEWHERE = (
    "a Redis client works in the event loop in which it was used first: give RedisStore a URL, or each loop a client"
)


class Connection:
    """The client, made anew for another event loop if it is ours."""

    def __init__(self, url_or_client: Any, timeout: float) -> None:
        self._url = url_or_client if isinstance(url_or_client, str) else None
        self._client: Any = _connect(self._url, timeout) if self._url is not None else url_or_client
        self._timeout = timeout
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_checked = False
        self._has_answered = False
        self._has_pipelines = True

    @property
    def client(self) -> Any:
        """For the running event loop."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            if self._loop is not None and (self._url is None or not self._loop.is_closed()):
                raise StoreUnavailable(ELSEWHERE, is_lasting=True)
            if self._loop is not None and self._url is not None:
                self._client = _connect(self._url, self._timeout)
            self._loop = loop
        return self._client

    def check_library(self) -> None:
        """Raises `StoreUnavailable` under anything but asyncio."""
        if sniffio.current_async_library() != "asyncio":
            raise StoreUnavailable("RedisStore works under asyncio only", is_lasting=True)

    async def run(self, called: Called) -> Any:
        """The script's reply, within the timeout. Raises `StoreUnavailable`."""
        return await self._within(lambda client: self._run(client, called))

    async def run_all(self, batch: Sequence[Called]) -> list[Any]:
        """The replies of all, in one round trip. Raises `StoreUnavailable`."""
        return await self._within(lambda client: self._run_all(client, batch))

    async def aclose(self) -> None:
        """Close the client if it is ours."""
        if self._url is not None and self._loop is not None and self._loop is asyncio.get_running_loop():
            await self._client.aclose()
            self._loop, self._client = None, _connect(self._url, self._timeout)

    async def _within(self, question: Callable[[Any], Awaitable[T]]) -> T:
        client = self.client
        try:
            async with asyncio.timeout(self._timeout):
                if not self._is_checked:
                    await self._check_version(client)
                answer = await question(client)
        except CONFIGURATION as error:
            # What worked before may work again: a password is changed on both sides, one after the other.
            raise StoreUnavailable(f"Redis refuses us: {error}", is_lasting=not self._has_answered) from error
        except LOST as error:
            raise StoreUnavailable(f"Redis does not answer ({type(error).__name__}: {error})") from error
        except RuntimeError as error:  # asyncio's word for a socket of another event loop
            raise StoreUnavailable(f"{ELSEWHERE} ({error})", is_lasting=True) from error
        self._has_answered = True
        return answer

    async def _check_version(self, client: Any) -> None:
        """Once; where INFO is not allowed, the scripts will show what the server can do."""
        with suppress(redis.exceptions.NoPermissionError):
            info: dict[str, Any] = await client.info("server")
            version = str(info.get("redis_version", "0"))
            if tuple(int(part) for part in version.split(".")[:2]) < OLDEST:
                raise StoreUnavailable(f"Redis {version} is too old; 5.0 is needed", is_lasting=True)
        self._is_checked = True

    async def _run(self, client: Any, called: Called) -> Any:
        name, keys, arguments = called
        try:
            return await client.evalsha(digest(name), len(keys), *keys, *arguments)
        except redis.exceptions.NoScriptError:
            return await client.eval(source(name), len(keys), *keys, *arguments)

    async def _run_all(self, client: Any, batch: Sequence[Called]) -> list[Any]:
        if self._has_pipelines:
            try:
                return await self._pipeline(client, batch)
            except redis.exceptions.RedisClusterException:  # its client lets no script into a pipeline
                self._has_pipelines = False
        return [await self._run(client, called) for called in batch]

    async def _pipeline(self, client: Any, batch: Sequence[Called]) -> list[Any]:
        async with client.pipeline(transaction=False) as pipeline:
            for name, keys, arguments in batch:
                pipeline.evalsha(digest(name), len(keys), *keys, *arguments)
            replies: list[Any] = await pipeline.execute(raise_on_error=False)
        for number, reply in enumerate(replies):
            if isinstance(reply, redis.exceptions.NoScriptError):
                replies[number] = await self._run(client, batch[number])
            elif isinstance(reply, Exception):
                raise reply
        return replies


def _connect(url: str | None, timeout: float) -> Any:
    """A client that tries once: a question that was lost is asked again by whoever still wants to know.

    RESP 2 needs no round trip to agree on, which counts where one takes long.
    """
    assert url is not None
    redis_class = cast(Any, redis_asyncio.Redis)  # its from_url is not fully typed
    return redis_class.from_url(
        url,
        decode_responses=True,
        protocol=2,
        retry=Retry(NoBackoff(), 0),
        socket_timeout=None,
        socket_connect_timeout=timeout,
    )
