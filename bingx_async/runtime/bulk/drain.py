"""Getting many items done through several lanes at once, as fast as the quotas allow.

Each lane has as many workers as its quota has tokens. A worker waits for a permit and then takes whatever is left.
The first lane is the preferred one; the others join when it is closed, or from the start if the caller says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

import anyio
from attrs import define, field

from bingx_async.core.endpoint import Call, Endpoint
from bingx_async.core.pool import BatchRoute, Pool
from bingx_async.errors import BingXError, ConnectFailed, LocalError, QuotaWait, RateLimited, ServerBusy
from bingx_async.runtime.bulk.groups import one_error

T = TypeVar("T")
R = TypeVar("R")
PATIENCE = 2.0  # seconds; a preferred lane that is closed for longer is not waited for
RECONNECTS = 3  # times a worker tries again when no connection can be made


class LateCaller(Protocol):
    """Whatever runs a call that is made up when it may leave."""

    async def call_late(self, endpoint: Endpoint[Any], take: Callable[[], Call[Any] | None], options: Any) -> Any:
        """The call's model, or None if `take` had nothing to call for."""
        ...

    def eta(self, endpoint: Endpoint[Any]) -> float:
        """Seconds until a call could leave."""
        ...

    def limit(self, endpoint: Endpoint[Any]) -> int:
        """How many calls may be live at once."""
        ...

    def may_fail(self, endpoint: Endpoint[Any]) -> bool:
        """Whether one more business error would leave the endpoint open."""
        ...


@define(eq=False)
class Drain(Generic[T, R]):
    """One job: `pool` through `lanes`."""

    caller: LateCaller
    pool: Pool[T, R]
    routes: Sequence[BatchRoute[T, R]]
    options: Any
    fail: Callable[[T, BingXError], R]
    last_error: BingXError | None = None
    _changed: anyio.Event = field(init=False, factory=anyio.Event)
    _group: Any = field(init=False, default=None)
    _started: int = field(init=False, default=0)
    _working: int = field(init=False, default=0)

    async def run(self, everything_at_once: bool) -> Mapping[T, R]:
        """The result of every item; those that no lane could send fail with the last error."""
        if self.pool.is_done:
            return self.pool.results
        with one_error():
            async with anyio.create_task_group() as self._group:
                self._start_workers(len(self.routes) if everything_at_once or self._is_closed() else 1)
                while not self.pool.is_done and self._working:
                    await self._changed.wait()
                self._group.cancel_scope.cancel()
        if self.last_error is not None:
            self.pool.finish({item: self.fail(item, self.last_error) for item in self.pool.pending})
        return self.pool.results

    def _is_closed(self) -> bool:
        return self.caller.eta(self.routes[0].endpoint) > PATIENCE

    def _start_workers(self, routes: int) -> None:
        """Start the workers of the first `lanes` lanes."""
        for route in self.routes[self._started : routes]:
            calls = -(-len(self.pool.pending) // route.size)
            for _ in range(max(1, min(self.caller.limit(route.endpoint), calls))):
                self._working += 1
                self._group.start_soon(self._work, route)
        self._started = max(self._started, routes)

    async def _work(self, route: BatchRoute[T, R]) -> None:
        try:
            failures = 0
            while failures < RECONNECTS and not self.pool.is_done and self._may_go(route):
                failures = 0 if await self._step(route) else failures + 1
        except LocalError as error:
            self.last_error = error
            if not isinstance(error, QuotaWait) or self._is_closed():
                self._start_workers(len(self.routes))
        finally:
            self._working -= 1
            self._tell()

    def _may_go(self, route: BatchRoute[T, R]) -> bool:
        """The lanes that join later spend error budget on items that fail: they stop before it is gone."""
        return route is self.routes[0] or self.caller.may_fail(route.endpoint)

    async def _step(self, route: BatchRoute[T, R]) -> bool:
        """One call of one lane; False if no connection could be made."""
        if not self.pool.pending:
            await self._changed.wait()
            return True
        taken: list[T] = []

        def take() -> Call[Any] | None:
            taken.extend(self.pool.take(route.size))
            return route.call(taken) if taken else None

        try:
            reply = await self.caller.call_late(route.endpoint, take, self.options)
        except (RateLimited, ServerBusy, ConnectFailed) as error:
            self._undo(taken, error)
            return not isinstance(error, ConnectFailed)
        except LocalError:
            self.pool.put_back(taken)
            raise
        except BingXError as error:
            self.pool.finish({item: self.fail(item, error) for item in taken})
        else:
            self.pool.finish(route.read(taken, reply) if taken else {})
        self._tell()
        return True

    def _undo(self, taken: Sequence[T], error: BingXError) -> None:
        """Nothing was done: give the items back, and let the other lanes help if this one is closed."""
        self.last_error = error
        self.pool.put_back(taken)
        if not isinstance(error, RateLimited) or error.retry_after > PATIENCE:
            self._start_workers(len(self.routes))
        self._tell()

    def _tell(self) -> None:
        changed, self._changed = self._changed, anyio.Event()
        changed.set()
