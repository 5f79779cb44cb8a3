"""Getting many items done through several routes at once, as fast as the quotas allow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import anyio
from anyio.abc import TaskGroup
from attrs import define, field

from bingx_async.core.endpoint import BatchRoute, Pool
from bingx_async.core.options import CallSettings
from bingx_async.errors import (
    BingXError,
    ConnectFailed,
    DuplicateOrder,
    LocalError,
    OrderNotFound,
    OutcomeUnknown,
    QuotaWait,
    RateLimited,
    ServerBusy,
)
from bingx_async.runtime.call.caller import Caller
from bingx_async.runtime.loops import Changes, one_error

T = TypeVar("T")
R = TypeVar("R")
PATIENCE = 2.0  # seconds; a preferred route that is closed for longer is not waited for
ATTEMPTS = 4  # of a worker in a row, when no connection can be made or the exchange says that it is busy or failed
AGAIN = (RateLimited, ServerBusy, ConnectFailed, DuplicateOrder)  # its items may be sent again, by any route
BUSY = (ServerBusy, OutcomeUnknown, DuplicateOrder)  # after a delay
MOST_REFUSALS = 8  # of a job in a row, none of its calls accepted in between
BUSY_DELAY = 0.5  # seconds before the second attempt at a busy exchange; doubled for each further one


@define(eq=False)
class Drain(Generic[T, R]):
    """One job: the items of `pool` through `routes`; `fail` makes the result of an item whose call raised.

    Each route has as many workers as its quota has tokens. The first route is preferred; the others join when it is
    closed, or from the start if the caller says so.
    """

    caller: Caller
    pool: Pool[T, R]
    routes: Sequence[BatchRoute[T, R]]
    settings: CallSettings
    fail: Callable[[T, BingXError], R]
    last_error: BingXError | None = None
    # Items that may be done already.
    _doubted: list[tuple[OutcomeUnknown, list[T]]] = field(init=False, factory=list[tuple[OutcomeUnknown, list[T]]])
    _changes: Changes = field(init=False, factory=Changes)
    _group: TaskGroup = field(init=False)
    _refusals: int = field(init=False, default=0)  # in a row
    _started: int = field(init=False, default=0)  # routes that have workers
    _working: int = field(init=False, default=0)  # workers

    async def run(self, everything_at_once: bool, deadline: float) -> None:
        """Fill in the result of every item; those that no route could send, or not in `deadline` seconds, fail with the
        last error. If it is cancelled, they fail with that."""
        if self.pool.is_done:
            return
        try:
            if await self._work_until(everything_at_once, deadline):
                self.last_error = LocalError(f"the deadline of {deadline:g} s has passed; it was not sent")
        except anyio.get_cancelled_exc_class():
            self.last_error = LocalError("the call was cancelled; it was not sent")
            raise
        finally:
            self._finish()

    async def _work_until(self, everything_at_once: bool, deadline: float) -> bool:
        """Whether the deadline came first."""
        is_late = False
        with one_error():
            async with anyio.create_task_group() as self._group:
                self._start_workers(len(self.routes) if everything_at_once or self._is_closed() else 1)
                with anyio.move_on_after(deadline) as scope:
                    while not self.pool.is_done and self._working:
                        await self._changes.wait()
                is_late = scope.cancelled_caught
                self._group.cancel_scope.cancel()
        return is_late

    def _finish(self) -> None:
        """Fail the items that are left, and forget the doubts about all others."""
        left = list(self.pool.pending)
        if self.last_error is not None:
            self._fail(left, self.last_error)
        for error, items in self._doubted:
            if not set(items).intersection(left):
                self.caller.doubts.drop(error)

    def _is_closed(self) -> bool:
        caller, endpoint = self.caller, self.routes[0].endpoint
        return caller.governor.eta(endpoint, account=caller.account, egress=caller.egress) > PATIENCE

    def _start_workers(self, routes: int) -> None:
        """Start the workers of the first `routes` routes, unless they are at work."""
        for route in self.routes[self._started : routes]:
            claim, calls = self.caller.claims_of(route.endpoint).account_claim, -(-len(self.pool.pending) // route.size)
            quota = claim.quota if claim is not None else route.endpoint.quota  # the account's own tokens
            for _ in range(max(1, min(quota.limit, calls))):
                self._working += 1
                self._group.start_soon(self._work, route)
        self._started = max(self._started, routes)

    async def _work(self, route: BatchRoute[T, R]) -> None:
        try:
            failures, claims = 0, self.caller.claims_of(route.endpoint)
            while failures < ATTEMPTS and self._refusals < MOST_REFUSALS and not self.pool.is_done:
                if failures and isinstance(self.last_error, BUSY):
                    await anyio.sleep(BUSY_DELAY * 2.0 ** (failures - 1))
                # The routes that join later spend error budget on items that fail: they stop before it is gone.
                if route is not self.routes[0] and not self.caller.governor.may_fail(claims):
                    break
                failures = 0 if await self._step(route) else failures + 1
        except LocalError as error:
            self.last_error = error
            if not isinstance(error, QuotaWait) or self._is_closed():
                self._start_workers(len(self.routes))
        finally:
            self._working -= 1
            self._changes.notify()

    async def _step(self, route: BatchRoute[T, R]) -> bool:
        """One call by one route; False if no connection could be made, or the exchange is busy."""
        if not self.pool.pending:
            await self._changes.wait()
            return True
        turn = await self.caller.acquire(route.endpoint, self.settings, waits_again=False)
        taken = self.pool.take(route.size)
        if not taken:
            self.caller.governor.release(turn.permit)
            return True
        try:
            reply = await self.caller.run(route.call(taken), turn)
        except AGAIN as error:
            return self._put_back(taken, error)
        except OutcomeUnknown as error:
            if error.code is not None:  # the exchange failed within: harmless to send again what cancels
                self._doubted.append((error, taken))
                return self._put_back(taken, error)
            self._fail(taken, error)
        except anyio.get_cancelled_exc_class():
            self._fail(taken, OutcomeUnknown("the deadline came while the reply was awaited", route.endpoint.path, {}))
            raise
        except LocalError:
            self.pool.put_back(taken)
            raise
        except BingXError as error:
            self._fail(taken, error)
        else:
            self._refusals = 0
            self.pool.finish(route.read(taken, reply))
        self._changes.notify()
        return True

    def _put_back(self, taken: Sequence[T], error: BingXError) -> bool:
        """Its items can be sent again; False if that should take a while."""
        self.last_error = error
        self._refusals += not isinstance(error, ConnectFailed)
        self.pool.put_back(taken)
        if not isinstance(error, RateLimited) or error.retry_after > PATIENCE:
            self._start_workers(len(self.routes))
        self._changes.notify()
        return isinstance(error, RateLimited)

    def _fail(self, items: Sequence[T], error: BingXError) -> None:
        """End items with `error`, or with an earlier one that leaves open whether they are done."""
        for item in items:
            doubts = (doubt for doubt, doubted in reversed(self._doubted) if item in doubted)
            told = error if isinstance(error, OrderNotFound) else next(doubts, error)
            self.pool.finish({item: self.fail(item, told)})
