"""`RedisStore`: one round trip to reserve; the ends of calls are sent in pipelines, off the caller's path.

Every moment in Redis is by the server's own clock. A process that dies with calls in flight leaves their tokens taken
for the longest lifetime of the requests. A request that reaches Redis after its caller has given up takes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import TYPE_CHECKING, Any

from attrs import define

from bingx_async.core.claims import Claims, Key
from bingx_async.errors import InvalidRequest, StoreUnavailable
from bingx_async.redis import scripts
from bingx_async.redis.connection import Connection, Listener
from bingx_async.redis.requests import Batcher, Outbox
from bingx_async.redis.scripts import Names, ScriptCall
from bingx_async.runtime.clock import monotonic_ms
from bingx_async.runtime.governor.store import Ask, Granted, Later, Settlement, Spent, Woken

if TYPE_CHECKING:
    from redis.asyncio import Redis, RedisCluster

LONGEST_TIMEOUT = 1.5  # seconds; a grant that takes longer to arrive is void (runtime/governor/shared.py)
ARRIVE_AFTER = 1.0  # ms; and a tenth of the round trip, since the next one may be shorter
LEAST_WAIT = 0.001  # ms; a wait that is over but not none: calls of this process ask one at a time
ATTEMPTS = 3  # after a step of Redis' clock the first request seems too late, and its reply corrects the offset


@define
class RedisClock:
    """Redis' clock minus this process' monotonic one lies from `least` to `most` (ms).

    A reply was written after the request was sent and before it was received, so every reply narrows the bounds. One
    that contradicts them means that a clock was stepped; the bounds then begin anew.
    """

    least: float = -inf
    most: float = inf

    def observe(self, moment: float, sent_at: float, received_at: float) -> None:
        """Redis' clock showed `moment` between `sent_at` and `received_at` of ours."""
        least, most = max(self.least, moment - received_at), min(self.most, moment - sent_at)
        if least > most:
            least, most = moment - received_at, moment - sent_at
        self.least, self.most = least, most

    def latest(self, at: float) -> str:
        """A moment of Redis' clock that is certainly not before `at` of ours; empty while nothing is known."""
        return repr(at + self.most) if self.most < inf else ""

    def offset(self) -> float:
        """The likely offset (ms)."""
        return (self.least + self.most) / 2.0


class RedisStore:
    """Quota, closed periods and error budgets in Redis (5.0 or newer) or Valkey, for `Governor(store=...)`.

    `url_or_client` is a URL (`redis://`, `rediss://`, `unix://`) or a `redis.asyncio` client, which stays yours to
    close. Governors with the same `namespace` share one quota. `timeout` (seconds, 1.5 at most) is the longest that a
    request may take before the store counts as away. asyncio only. Tests may give the `moment`; where it is
    empty, Redis reads its own clock. Raises `InvalidRequest`.
    """

    def __init__(
        self,
        url_or_client: str | Redis | RedisCluster,
        namespace: str = "bingx",
        *,
        timeout: float = 1.0,
        monotonic: Callable[[], float] = monotonic_ms,
        moment: Callable[[], str] = lambda: "",
    ) -> None:
        _check(namespace, timeout)
        self.names = Names(namespace)
        self._timeout = timeout
        self._monotonic, self._moment = monotonic, moment
        self._connection = Connection(url_or_client, timeout)
        self._clock = RedisClock()
        self._batcher = Batcher(self._connection)
        self._outbox = Outbox(self._connection, monotonic)
        self._listener = Listener(self._connection, self.names.of("channel"))

    async def reserve(self, ask: Ask) -> Granted | Later | Spent:
        """Take a token of every claim or none, in one round trip. Raises `StoreUnavailable`."""
        for _ in range(ATTEMPTS):
            deadline = self._clock.latest(self._monotonic() + self._timeout * 1000.0)
            call = scripts.reserve(self.names, ask, deadline, self._moment())
            (kind, *rest), took = await self._run(call, lambda: self.release(ask.permit, ask.claims))
            if kind != "late":
                return _read(ask.claims, kind, rest, took)
        raise StoreUnavailable("Redis' clock does not stand still")

    def settle(self, done: Settlement, foreign: Callable[[int], None]) -> None:
        """Report the end of a call; `foreign` is called with the number of calls that are not ours, if any."""

        def read(reply: Any) -> None:
            calls = int(_text(reply).split()[1])
            if calls:
                foreign(calls)

        self._outbox.put(lambda: scripts.settle(self.names, done, self._monotonic() - done.at, self._moment()), read)

    def release(self, permit: str, claims: Claims) -> None:
        """Report that the call was never sent."""
        self._outbox.put(lambda: scripts.release(self.names, permit, claims, self._moment()))

    def penalise(self, key: Key, until: float, reason: str) -> None:
        """Report that the exchange has closed `key` until `until` (ms, this process' monotonic clock)."""
        self._outbox.put(lambda: scripts.penalise(self.names, key, until - self._monotonic(), reason, self._moment()))

    async def invalidate_history(self, notice: float) -> None:
        """Calls were made while the store was away; other processes notice its return within `notice` ms."""
        await self._batcher.run(scripts.invalidate_history(self.names, notice, self._moment()))

    async def read_clock(self) -> tuple[float, float] | None:
        """The exchange's clock minus this process' monotonic one, as any process has measured it, and its age (ms)."""
        found, _ = await self._run(scripts.read_clock(self.names, self._moment()))
        return (float(found[0]) + self._clock.offset(), float(found[1])) if found else None

    def tell_clock(self, offset: float, at: float) -> None:
        """Report that the exchange's clock is `offset` ahead of this process' monotonic one, measured at `at` (ms)."""
        if self._clock.most < inf:  # a reply has come
            ahead = offset - self._clock.offset()
            self._outbox.put(lambda: scripts.tell_clock(self.names, ahead, self._monotonic() - at, self._moment()))

    def watch(self, woken: Woken) -> None:
        """Call `woken` with what comes free early, until `unwatch`."""
        self._listener.watch(woken)

    def unwatch(self, woken: Woken) -> None:
        """Stop calling `woken`."""
        self._listener.unwatch(woken)

    async def flush(self) -> None:
        """Deliver what was reported, for `timeout` at most."""
        await self._outbox.flush(self._timeout)

    async def aclose(self) -> None:
        """Wait for replies, deliver what was reported, end the tasks, close the connections made from a URL."""
        await self._batcher.finish(self._timeout)
        await self.flush()
        await self._listener.aclose()
        await self._outbox.aclose()
        await self._connection.aclose()

    async def _run(self, call: ScriptCall, on_abandoned: Callable[[], None] | None = None) -> tuple[list[str], float]:
        """The words of the reply without Redis' moment, and how long it took (ms)."""
        sent_at = self._monotonic()
        reply = _text(await self._batcher.run(call, on_abandoned)).split()
        received_at = self._monotonic()
        moment = reply.pop(0 if call.script == "exchange_clock" else 1)
        self._clock.observe(float(moment), sent_at, received_at)
        self._outbox.retry_now()
        return reply, received_at - sent_at


def _check(namespace: object, timeout: object) -> None:
    if not isinstance(namespace, str) or not namespace or set(namespace) & set("{}"):
        raise InvalidRequest(f"namespace must be a str that is not empty and has no braces, not {namespace!r}")
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or not 0 < timeout <= LONGEST_TIMEOUT:
        raise InvalidRequest(f"timeout must be a number above 0 and at most {LONGEST_TIMEOUT} seconds, not {timeout!r}")


def _text(reply: Any) -> str:
    """Clients differ in whether they decode."""
    return reply.decode() if isinstance(reply, bytes) else str(reply)


def _read(claims: Claims, kind: str, rest: list[str], took: float) -> Granted | Later | Spent:
    # The next request should reach Redis a little after the moment, however far away it is: it leaves one round trip
    # before.
    early = took - min(took, ARRIVE_AFTER + 0.1 * took)
    if kind == "ok":
        bound, *others = rest
        live, waits = others[: len(claims.all)], others[len(claims.all) :]
        return Granted(int(bound), tuple(map(int, live)), tuple(_from_now(float(wait), early) for wait in waits))
    if kind == "spent":
        code, used, wait = rest
        return Spent(int(code), int(used), max(0.0, float(wait)))
    wait, where, number = rest
    return Later(max(0.0, float(wait) - early), scripts.refusing_key(claims, where, number))


def _from_now(wait: float, early: float) -> float:
    return max(LEAST_WAIT, wait - early) if wait > 0.0 else 0.0
