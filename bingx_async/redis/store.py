"""`RedisStore`: one round trip to reserve, one pipeline to tell what has ended, off the caller's path.

Every moment in Redis is by the server's own clock. A process that dies in flight leaves its tokens to the longest
life of their request. What a process has to tell goes out in order, in one task that ends when there is nothing
left; `watch` listens in another while somebody waits.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, cast

import redis.asyncio as redis_asyncio
import redis.exceptions
import sniffio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from bingx_async.core.bucket import Bucket, hold_of
from bingx_async.core.ledger import COLD_MARGIN, LONGEST_PENALTY, Claims, Key
from bingx_async.errors import StoreUnavailable
from bingx_async.redis.names import Names
from bingx_async.redis.scripts import source
from bingx_async.runtime.clock import monotonic_ms
from bingx_async.runtime.store import Ask, Granted, Later, Settlement, Spent

log = logging.getLogger("bingx_async")
OLDEST = (5, 0)  # scripts that read the clock and then write need effect replication
KEPT = 120_000.0  # ms; what could not be told for longer than this no longer matters to anybody
CONFIGURATION = (
    redis.exceptions.AuthenticationError,
    redis.exceptions.NoPermissionError,
    redis.exceptions.InvalidResponse,
)


class RedisStore:
    """Quota, closed periods and error budgets in Redis (5.0 or newer) or Valkey, for `Governor(store=...)`.

    `url_or_client` is a URL (`redis://`, `rediss://`, `unix://`) or a `redis.asyncio` client, which stays yours to
    close. Governors with the same `namespace` share one quota. `timeout` (seconds) is the longest a question may
    take before the store counts as away. asyncio only.
    """

    def __init__(
        self,
        url_or_client: str | redis_asyncio.Redis,
        namespace: str = "bingx",
        *,
        timeout: float = 1.0,
        monotonic: Callable[[], float] = monotonic_ms,
    ) -> None:
        if not namespace or set(namespace) & set("{}"):
            raise ValueError(f"namespace={namespace!r} must not be empty nor hold braces")
        self.is_ours = isinstance(url_or_client, str)
        self._client: Any = _connect(url_or_client, timeout) if isinstance(url_or_client, str) else url_or_client
        self._timeout = timeout
        self._monotonic = monotonic
        self.names = Names(namespace)
        self._scripts: dict[str, Any] = {
            name: self._client.register_script(source(name))
            for name in ("reserve", "settle", "release", "penalise", "rejoin")
        }
        self._outbox: list[tuple[float, Callable[[Any], Any], Callable[[Any], None]]] = []
        self._sender: asyncio.Task[None] | None = None
        self._listener: asyncio.Task[None] | None = None
        self._is_checked = False

    async def reserve(self, ask: Ask) -> Granted | Later | Spent:
        """Take a token of every claim or none, in one round trip."""
        answer = await self._ask(lambda: self._scripts["reserve"](*self.reserve_arguments(ask)))
        return _read(ask.claims, answer)

    def reserve_arguments(self, ask: Ask, now: str = "") -> tuple[list[str], list[str]]:
        """Keys and arguments of `reserve.lua`."""
        claims, names = ask.claims, self.names
        keys = [names.of("birth"), *names.gates(claims), names.of("errors", claims.items[0].key)]
        keys += names.buckets(claims, "returns", "flights", "meta")
        limit = ask.error_limit if claims.is_creating else 0
        arguments = [now, ask.permit, repr(ask.life), repr(COLD_MARGIN), str(limit), repr(ask.error_window)]
        for claim in claims.items:
            bucket = Bucket(claim.quota, ask.share, claim.is_paced)
            arguments += [str(bucket.limit), repr(bucket.hold), repr(bucket.gap)]
        return keys, arguments

    def settle(self, done: Settlement, foreign: Callable[[int], None]) -> None:
        """The call has ended; told off the caller's path."""

        def heard(reply: Any) -> None:
            if reply[1]:
                foreign(int(reply[1]))

        self._tell("settle", lambda: self.settle_arguments(done, self._monotonic() - done.at), heard)

    def settle_arguments(self, done: Settlement, age: float, now: str = "") -> tuple[list[str], list[str]]:
        """Keys and arguments of `settle.lua`."""
        claims, names = done.claims, self.names
        keys = [*names.gates(claims), names.of("errors", claims.items[0].key)]
        keys += names.buckets(claims, "returns", "flights", "meta")
        code = "" if done.code is None else str(done.code)
        left = "" if done.remaining is None else str(done.remaining)
        arguments = [now, done.permit, repr(age), "1" if done.opens else "0", code, repr(done.error_window), left]
        arguments += [str(done.bound), str(claims.items[0].quota.limit), names.of("channel")]
        return keys, arguments + [repr(hold_of(claim.quota) + done.extra) for claim in claims.items]

    def release(self, permit: str, claims: Claims) -> None:
        """The call was never sent."""
        names = self.names
        keys = [*names.gates(claims), *names.buckets(claims, "flights")]
        self._tell("release", lambda: (keys, [permit, names.of("channel")]))

    def penalise(self, key: Key, until: float, reason: str) -> None:
        """The exchange has closed `key`."""
        self._tell(
            "penalise",
            lambda: (
                [self.names.of("gate", key)],
                ["", repr(until - self._monotonic()), reason, repr(LONGEST_PENALTY)],
            ),
        )

    async def rejoin(self, away_for: float, notice: float) -> None:
        """Nobody may count on what the store remembers from before."""
        keys = [self.names.of("birth")]
        await self._ask(lambda: self._scripts["rejoin"](keys, ["", repr(away_for), repr(notice)]))

    def watch(self, woken: Callable[[], None]) -> None:
        """Listen for quota that comes free early."""
        if self._listener is None or self._listener.done():
            self._listener = asyncio.get_running_loop().create_task(self._listen(woken))

    def unwatch(self) -> None:
        """Nobody waits any more."""
        if self._listener is not None:
            self._listener.cancel()
            self._listener = None

    async def flush(self) -> None:
        """Deliver what was told, for `timeout` at most."""
        if self._sender is not None and not self._sender.done():
            await asyncio.wait([self._sender], timeout=self._timeout)

    async def aclose(self) -> None:
        """Deliver what is left, end the tasks, close the connections if they are ours."""
        await self.flush()
        tasks = [task for task in (self._listener, self._sender) if task is not None and not task.done()]
        self.unwatch()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        if self.is_ours:
            await self._client.aclose()

    async def _ask(self, question: Callable[[], Awaitable[Any]]) -> Any:
        if sniffio.current_async_library() != "asyncio":
            raise StoreUnavailable("RedisStore works under asyncio only", is_lasting=True)
        try:
            async with asyncio.timeout(self._timeout):
                if not self._is_checked:
                    await self._check_version()
                return await question()
        except CONFIGURATION as error:
            raise StoreUnavailable(f"Redis refuses us: {error}", is_lasting=True) from error
        except (redis.exceptions.RedisError, OSError, TimeoutError) as error:
            raise StoreUnavailable(f"Redis does not answer ({type(error).__name__}: {error})") from error

    async def _check_version(self) -> None:
        info = cast(dict[str, Any], await self._client.info("server"))
        version = str(info.get("redis_version", "0"))
        if tuple(int(part) for part in version.split(".")[:2]) < OLDEST:
            raise StoreUnavailable(f"Redis {version} is too old; 5.0 is needed", is_lasting=True)
        self._is_checked = True

    def _tell(
        self,
        name: str,
        arguments: Callable[[], tuple[list[str], list[str]]],
        heard: Callable[[Any], None] = lambda _: None,
    ) -> None:
        script = self._scripts[name]

        def queue(pipeline: Any) -> Any:
            keys, values = arguments()
            return script(keys, values, client=pipeline)

        self._outbox.append((self._monotonic(), queue, heard))
        if self._sender is None or self._sender.done():
            self._sender = asyncio.get_running_loop().create_task(self._send())

    async def _send(self) -> None:
        """Deliver the outbox in order; ends when it is empty. What is too old to matter is dropped."""
        pause = 0.0
        while self._outbox:
            batch, self._outbox = self._outbox, []
            try:
                await self._deliver(batch)
                pause = 0.0
            except (redis.exceptions.RedisError, OSError, TimeoutError):
                self._outbox = [told for told in batch + self._outbox if self._monotonic() - told[0] < KEPT]
                pause = min(1.0, pause + 0.1)
                await asyncio.sleep(pause)

    async def _deliver(self, batch: list[tuple[float, Callable[[Any], Any], Callable[[Any], None]]]) -> None:
        async with asyncio.timeout(self._timeout), self._client.pipeline(transaction=False) as pipeline:
            for _, queue, _ in batch:
                await queue(pipeline)
            replies = await pipeline.execute()
        for (_, _, heard), reply in zip(batch, replies, strict=True):
            heard(reply)

    async def _listen(self, woken: Callable[[], None]) -> None:
        while True:
            try:
                async with self._client.pubsub(ignore_subscribe_messages=True) as channel:
                    await channel.subscribe(self.names.of("channel"))
                    while True:
                        if await channel.get_message(timeout=30.0) is not None:
                            woken()
            except (redis.exceptions.RedisError, OSError, TimeoutError):
                await asyncio.sleep(1.0)


def _connect(url: str, timeout: float) -> redis_asyncio.Redis:
    """A client that tries once: a question that was lost is asked again by whoever still wants to know."""
    return redis_asyncio.Redis.from_url(
        url,
        decode_responses=True,
        retry=Retry(NoBackoff(), 0),
        socket_timeout=None,
        socket_connect_timeout=timeout,
    )


def _read(claims: Claims, answer: list[Any]) -> Granted | Later | Spent:
    kind, *rest = [part.decode() if isinstance(part, bytes) else part for part in answer]
    if kind == "ok":
        return Granted(int(float(rest[0])))
    if kind == "spent":
        return Spent(int(rest[0]), int(rest[1]), max(0.0, float(rest[2])))
    wait, where = float(rest[0]), int(rest[1])
    key = claims.items[where - 1].key if where > 0 else claims.gates[-where]
    if wait < 0 and where > 0:
        # All tokens are with calls in flight somewhere: none can return before one hold from now.
        return Later(hold_of(claims.items[where - 1].quota), key)
    return Later(wait if wait >= 0 else None, key)
