"""One client of redis-py in one event loop, which runs scripts and listens for quota that others give back early.

A script is called by its digest, and sent in full where the server does not know it. Scripts are idempotent: a
request whose reply was lost can be repeated. A message of pub/sub that is lost does no harm: it would only have
shortened a wait whose end the store has named.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, cast

import redis.asyncio as redis_asyncio
from redis import exceptions
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from bingx_async.errors import InvalidRequest, StoreUnavailable
from bingx_async.redis.scripts import ScriptCall, digest, read_freed, source
from bingx_async.runtime.governor.store import Woken

OLDEST_VERSION = (5, 0)  # scripts that read the clock and then write need effect replication
LOST = (exceptions.RedisError, exceptions.RedisClusterException, OSError, TimeoutError)
CONFIGURATION = (exceptions.AuthenticationError, exceptions.NoPermissionError, exceptions.InvalidResponse)
WRONG_LOOP = (
    "a Redis client works in the event loop in which it was used first: give RedisStore a URL, or each loop a client"
)
WRONG_URL = "url_or_client must be a redis://, rediss:// or unix:// URL with options that redis-py knows"
IDLE = 5.0  # seconds for which a subscription without watchers is kept: the next call may have to wait as well
QUIET = 30.0  # seconds without a message after which the subscription is checked
PAUSE = 1.0  # seconds after a lost subscription


class Connection:
    """A client. One made from a URL is ours: it is closed here, and made anew for another event loop."""

    def __init__(self, url_or_client: Any, timeout: float) -> None:
        if not isinstance(url_or_client, (str, redis_asyncio.Redis, redis_asyncio.RedisCluster)):
            kind = f"{type(url_or_client).__module__}.{type(url_or_client).__name__}"
            raise InvalidRequest(f"url_or_client must be a URL or a client of redis.asyncio, not {kind}")
        self._url = url_or_client if isinstance(url_or_client, str) else None
        self._client: Any = _connect(self._url, timeout) if self._url is not None else url_or_client
        self._timeout = timeout
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_checked = False
        self._has_answered = False
        self._has_pipelines = True

    @property
    def client(self) -> Any:
        """The client for the running event loop. Raises `StoreUnavailable` if it belongs to another."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            if self._loop is not None:
                if self._url is None or not self._loop.is_closed():
                    raise StoreUnavailable(WRONG_LOOP, is_lasting=True)
                self._client = _connect(self._url, self._timeout)
            self._loop = loop
        return self._client

    async def run(self, batch: Sequence[ScriptCall]) -> list[Any]:
        """The replies of all scripts, in one round trip and within the timeout. Raises `StoreUnavailable`."""
        client = self.client
        try:
            async with asyncio.timeout(self._timeout):
                if not self._is_checked:
                    await self._check_version(client)
                replies = await self._run_all(client, batch)
        except CONFIGURATION as error:
            # Where it worked before it may work again: a password is changed on one side after the other.
            raise StoreUnavailable(f"Redis refuses us: {error}", is_lasting=not self._has_answered) from error
        except LOST as error:
            raise StoreUnavailable(f"Redis does not answer ({type(error).__name__}: {error})") from error
        except RuntimeError as error:  # raised by asyncio for a socket of another event loop
            raise StoreUnavailable(f"{WRONG_LOOP} ({error})", is_lasting=True) from error
        self._has_answered = True
        return replies

    async def aclose(self) -> None:
        """Close the client if it is ours."""
        if self._url is not None and self._loop is not None and self._loop is asyncio.get_running_loop():
            await self._client.aclose()
            self._loop, self._client = None, _connect(self._url, self._timeout)

    async def _check_version(self, client: Any) -> None:
        """Done once. Where INFO is not allowed, the scripts fail on a server that is too old."""
        with suppress(exceptions.NoPermissionError):
            info: dict[str, Any] = await client.info("server")
            version = str(info.get("redis_version", "0"))
            if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_VERSION:
                raise StoreUnavailable(f"Redis {version} is too old; 5.0 is needed", is_lasting=True)
        self._is_checked = True

    async def _run(self, client: Any, call: ScriptCall) -> Any:
        name, keys, arguments = call
        try:
            return await client.evalsha(digest(name), len(keys), *keys, *arguments)
        except exceptions.NoScriptError:
            return await client.eval(source(name), len(keys), *keys, *arguments)

    async def _run_all(self, client: Any, batch: Sequence[ScriptCall]) -> list[Any]:
        if self._has_pipelines and len(batch) > 1:
            try:
                return await self._pipeline(client, batch)
            except exceptions.RedisClusterException:  # its client lets no script into a pipeline
                self._has_pipelines = False
        return [await self._run(client, call) for call in batch]

    async def _pipeline(self, client: Any, batch: Sequence[ScriptCall]) -> list[Any]:
        async with client.pipeline(transaction=False) as pipeline:
            for name, keys, arguments in batch:
                pipeline.evalsha(digest(name), len(keys), *keys, *arguments)
            replies: list[Any] = await pipeline.execute(raise_on_error=False)
        for number, reply in enumerate(replies):
            if isinstance(reply, exceptions.NoScriptError):
                replies[number] = await self._run(client, batch[number])
            elif isinstance(reply, Exception):
                raise reply
        return replies


def _connect(url: str, timeout: float) -> Any:
    """A client that tries once: a caller that still needs the reply of a lost request repeats it."""
    redis_class = cast(Any, redis_asyncio.Redis)  # its from_url is not fully typed
    try:
        client = redis_class.from_url(
            url,
            decode_responses=True,
            protocol=2,  # saves the round trip in which client and server would agree on RESP 3
            retry=Retry(NoBackoff(), 0),
            socket_timeout=None,
            socket_connect_timeout=timeout,
        )
        client.connection_pool.make_connection()  # opens nothing; raises for an option that it does not know
    except (TypeError, ValueError):
        raise InvalidRequest(WRONG_URL) from None  # the cause may contain the password
    return client


class Listener:
    """One subscription for all watchers in this process."""

    def __init__(self, connection: Connection, channel: str) -> None:
        self._connection = connection
        self._channel = channel
        self._woken: dict[Woken, None] = {}
        self._task: asyncio.Task[None] | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self._idle: asyncio.TimerHandle | None = None

    def watch(self, woken: Woken) -> None:
        """Call `woken` at every message."""
        self._woken[woken] = None
        loop = asyncio.get_running_loop()
        if self._task is None or self._task.done() or self._task.get_loop() is not loop:
            self._task = loop.create_task(self._listen())

    def unwatch(self, woken: Woken) -> None:
        """Stop calling `woken`; without watchers the subscription ends after a while."""
        if self._woken.pop(woken, self) is None and not self._woken:
            if self._idle is not None:
                self._idle.cancel()
            self._idle = asyncio.get_running_loop().call_later(IDLE, self._end_idle)

    async def aclose(self) -> None:
        """End the subscription."""
        self._woken.clear()
        if self._idle is not None:
            self._idle.cancel()
        if self._task is not None:
            self._end(self._task)
        if self._ending:
            loop = asyncio.get_running_loop()
            await asyncio.gather(*(task for task in self._ending if task.get_loop() is loop), return_exceptions=True)

    def _end_idle(self) -> None:
        if not self._woken and self._task is not None:
            self._end(self._task)

    def _end(self, task: asyncio.Task[None]) -> None:
        """Cancel `task`, which ends with its next step; a watcher that comes before gets a subscription of its own."""
        self._task = None
        if not task.done():
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)
            task.cancel()

    async def _listen(self) -> None:
        while True:
            try:
                async with self._connection.client.pubsub() as channel:
                    await channel.subscribe(self._channel)
                    while True:
                        # The confirmation counts as a message: what was published before it was not received.
                        message = await channel.get_message(timeout=QUIET)
                        if message is not None:
                            self._wake(message)
            except LOST:
                await asyncio.sleep(PAUSE)
            except (StoreUnavailable, AttributeError):  # a client that cannot subscribe: the moments named remain
                return

    def _wake(self, message: dict[str, Any]) -> None:
        data = message["data"] if message["type"] == "message" else ""
        freed = read_freed(data.decode() if isinstance(data, bytes) else data)
        for woken in list(self._woken):
            woken(freed)
