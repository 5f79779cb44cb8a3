"""A store and its claims in simulated time; the store's clock stands where the test puts it."""

from __future__ import annotations

from itertools import count
from typing import Any, Literal

import redis.asyncio as redis_asyncio

from bingx_async.core.claims import Claim, Claims, Key
from bingx_async.core.quota import Quota
from bingx_async.redis import RedisStore
from bingx_async.redis.scripts import Names
from bingx_async.runtime.governor.store import Ask, Granted, Later, QuotaStore, Settlement, Spent
from tests.memory_store import MemoryStore

OCCUPANCY = 1002.5  # ms: one second, stretched, and the margin
BEGIN = 1e12
EGRESS = Key("egress", "here", "")
CANCEL = Claim(Key("account", "1", "/cancel"), Quota(5, 1), False)
PLACE = Claim(Key("account", "1", "/place"), Quota(2, 1), False)
GROUP = Claim(Key("egress", "here", "group"), Quota(10, 1), True)

StoreKind = Literal["memory", "redis"]


def claims(*items: Claim, is_creating: bool = False) -> Claims:
    """The claims of a call."""
    own = next((claim for claim in items if claim.key.kind == "account"), None)
    name = items[0].key.name
    return Claims("1", "here", name, name, own, tuple(claim for claim in items if claim is not own), is_creating)


class Desk:
    """Sends one store the requests of several processes."""

    def __init__(self, store: QuotaStore) -> None:
        self.store = store
        self.now = BEGIN
        self.numbers = count(1)
        self.foreign: list[int] = []

    async def ask(
        self, *items: Claim, is_creating: bool = False, process: str = "", **more: Any
    ) -> Granted | Later | Spent:
        """Reserve for a call of `process`; `last` keeps the request and the answer if it was granted."""
        wanted = claims(*(items or (CANCEL,)), is_creating=is_creating)
        settings = {"max_lifetime_ms": 60_000.0, "share": 1.0, "error_limit": 3, "error_window": 10_000.0} | more
        ask = Ask(f"{process}:{next(self.numbers)}", wanted, **settings)
        answer = await self.store.reserve(ask)
        if isinstance(answer, Granted):
            self.last = (ask, answer)
        return answer

    async def grant(self, *items: Claim, is_creating: bool = False, **more: Any) -> tuple[Ask, Granted]:
        """Reserve for a call that must be granted."""
        answer = await self.ask(*items, is_creating=is_creating, **more)
        assert isinstance(answer, Granted), answer
        return self.last

    async def settle(
        self,
        granted: tuple[Ask, Granted],
        extra: float = 0.0,
        opens: bool = True,
        code: int | None = None,
        remaining: int | None = None,
    ) -> None:
        """Its reply is here."""
        ask, answer = granted
        done = Settlement(
            ask.permit, ask.claims, self.now, extra, opens, code, ask.error_window, remaining, answer.bound, ask.share
        )
        self.store.settle(done, self.foreign.append)
        await self.store.flush()

    async def release(self, granted: tuple[Ask, Granted]) -> None:
        """It was never sent."""
        self.store.release(granted[0].permit, granted[0].claims)
        await self.store.flush()

    async def penalise(self, key: Key, span: float) -> None:
        """The exchange has closed something."""
        self.store.penalise(key, self.now + span, "closed")
        await self.store.flush()


async def open_desk(kind: StoreKind, url: str, namespace: str) -> Desk:
    """A desk at a store whose history is long."""
    desk = Desk.__new__(Desk)
    if kind == "memory":
        desk.__init__(MemoryStore(monotonic=lambda: desk.now))
        return desk
    desk.__init__(
        RedisStore(url, namespace, monotonic=lambda: desk.now, moment=lambda: repr(desk.now)),
    )
    await warm(url, namespace, BEGIN - 1e9)
    return desk


async def warm(url: str, namespace: str, since: float) -> None:
    """Make the namespace's history begin at `since`."""
    async with redis_asyncio.Redis.from_url(url, decode_responses=True) as client:
        run_id = (await client.info("server"))["run_id"]
        await client.set(Names(namespace).of("history"), f"{run_id} {since:.3f} 0")
