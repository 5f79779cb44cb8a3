"""`RedisStore`: one round trip to reserve, one pipeline to tell what has ended, off the caller's path.

Every moment in Redis is by the server's own clock. A process that dies in flight leaves its tokens to the longest
life of their request. A question that Redis hears only after its asker has given up takes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bingx_async.core.claims import Claims, Key
from bingx_async.errors import StoreUnavailable
from bingx_async.redis import arguments
from bingx_async.redis.asking import Asking, nothing
from bingx_async.redis.axis import Axis
from bingx_async.redis.connection import Connection
from bingx_async.redis.listener import Listener
from bingx_async.redis.names import Names
from bingx_async.redis.outbox import Outbox
from bingx_async.runtime.clock import monotonic_ms
from bingx_async.runtime.governor.store import Ask, Granted, Later, Settlement, Spent

if TYPE_CHECKING:
    from redis.asyncio import Redis, RedisCluster

LONGEST_TIMEOUT = 1.5  # seconds; a grant that takes longer to arrive is void (runtime/governor/shared.py)
ARRIVE_AFTER = 1.0  # ms; and a tenth of the round trip, since the next one may be shorter
ATTEMPTS = 3  # to ask; after a step of Redis' clock the first comes too late for it, and corrects what we know of it


def by_the_server() -> str:
    """Redis reads its own clock."""
    return ""


class RedisStore:
    """Quota, closed periods and error budgets in Redis (5.0 or newer) or Valkey, for `Governor(store=...)`.

    `url_or_client` is a URL (`redis://`, `rediss://`, `unix://`) or a `redis.asyncio` client, which stays yours to
    close. Governors with the same `namespace` share one quota. `timeout` (seconds, 1.5 at most) is the longest a
    question may take before the store counts as away. asyncio only. Tests may move Redis' clock by `moment`.
    """

    def __init__(
        self,
        url_or_client: str | Redis | RedisCluster,
        namespace: str = "bingx",
        *,
        timeout: float = 1.0,
        monotonic: Callable[[], float] = monotonic_ms,
        moment: Callable[[], str] = by_the_server,
    ) -> None:
        if not namespace or set(namespace) & set("{}"):
            raise ValueError(f"namespace={namespace!r} must not be empty nor hold braces")
        if not 0 < timeout <= LONGEST_TIMEOUT:
            raise ValueError(f"timeout must be above 0 and at most {LONGEST_TIMEOUT} seconds, not {timeout!r}")
        self.names = Names(namespace)
        self._timeout = timeout
        self._monotonic = monotonic
        self._moment = moment
        self._connection = Connection(url_or_client, timeout)
        self._axis = Axis()
        self._asking = Asking(self._connection)
        self._outbox = Outbox(self._connection, monotonic)
        self._listener = Listener(self._connection, self.names.of("channel"))

    async def reserve(self, run: Ask) -> Granted | Later | Spent:
        """Take a token of every claim or none, in one round trip."""
        for _ in range(ATTEMPTS):
            patience = self._axis.latest(self._monotonic() + self._timeout * 1000.0)
            question = arguments.reserve(self.names, run, patience, self._moment())
            (kind, *rest), took = await self._run(question, lambda: self.release(run.permit, run.claims))
            if kind != "late":
                return _read(run.claims, kind, rest, took)
        raise StoreUnavailable("Redis' clock does not stand still")

    def settle(self, done: Settlement, foreign: Callable[[int], None]) -> None:
        """The call has ended; told off the caller's path."""

        def heard(reply: Any) -> None:
            calls = int(_text(reply).split()[1])
            if calls:
                foreign(calls)

        self._outbox.put(lambda: arguments.settle(self.names, done, self._monotonic() - done.at, self._moment()), heard)

    def release(self, permit: str, claims: Claims) -> None:
        """The call was never sent."""
        self._outbox.put(lambda: arguments.release(self.names, permit, claims))

    def penalise(self, key: Key, until: float, reason: str) -> None:
        """The exchange has closed `key`."""
        self._outbox.put(lambda: arguments.penalise(self.names, key, until - self._monotonic(), reason, self._moment()))

    async def invalidate_history(self, notice: float) -> None:
        """Nobody may count on what the store remembers from before."""
        await self._asking.run(arguments.invalidate_history(self.names, notice, self._moment()))

    async def read_clock(self) -> tuple[float, float] | None:
        """The exchange's clock minus this process' monotonic one, as somebody found out, and how long ago."""
        found, _ = await self._run(arguments.read_clock(self.names, self._moment()))
        return (float(found[0]) + self._axis.middle(), float(found[1])) if found else None

    def tell_clock(self, offset: float, at: float) -> None:
        """The exchange's clock is `offset` ahead of this process' monotonic one, found out at `at`."""
        if self._axis.is_known:
            ahead = offset - self._axis.middle()
            self._outbox.put(lambda: arguments.tell_clock(self.names, ahead, self._monotonic() - at, self._moment()))

    def watch(self, woken: Callable[[], None]) -> None:
        """Listen for quota that comes free early."""
        self._listener.watch(woken)

    def unwatch(self, woken: Callable[[], None]) -> None:
        """Nobody waits any more."""
        self._listener.unwatch(woken)

    async def flush(self) -> None:
        """Deliver what was told, for `timeout` at most."""
        await self._outbox.flush(self._timeout)

    async def aclose(self) -> None:
        """Hear the last answers, deliver what is left, end the tasks, close the connections if they are ours."""
        await self._asking.finish(self._timeout)
        await self.flush()
        await self._listener.aclose()
        await self._outbox.aclose()
        await self._connection.aclose()

    async def _run(self, called: arguments.Called, unheard: Callable[[], None] = nothing) -> tuple[list[str], float]:
        """The reply, and how long it took (ms); those of the scripts that are asked by it name Redis' moment."""
        asked_at = self._monotonic()
        reply = _text(await self._asking.run(called, unheard)).split()
        heard_at = self._monotonic()
        moment = 0 if called.name == "exchange_clock" else 1
        self._axis.hear(float(reply.pop(moment)), asked_at, heard_at)
        self._outbox.retry_now()
        return reply, heard_at - asked_at


def _text(part: Any) -> str:
    """Clients differ in whether they decode."""
    return part.decode() if isinstance(part, bytes) else str(part)


def _read(claims: Claims, kind: str, rest: list[str], took: float) -> Granted | Later | Spent:
    if kind == "ok":
        bound, *live = map(int, rest)
        return Granted(bound, tuple(live))
    if kind == "spent":
        code, used, wait = rest
        return Spent(int(code), int(used), max(0.0, float(wait)))
    where = int(rest[1])
    # The next question is to arrive a little after the moment, however far Redis is: it leaves a round trip earlier.
    early = took - min(took, ARRIVE_AFTER + 0.1 * took)
    return Later(max(0.0, float(rest[0]) - early), claims.all[where - 1].key if where > 0 else claims.gates[-where])
