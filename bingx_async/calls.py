"""The calls of a client: alone, together with others that queue, or many items at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar, cast

from attrs import frozen

from bingx_async.core.endpoint import Call
from bingx_async.core.options import CallOptions, CallSettings
from bingx_async.core.pool import BatchRoute, Pool
from bingx_async.errors import BingXError
from bingx_async.runtime.bulk.coalescer import Coalescing
from bingx_async.runtime.bulk.drain import Drain
from bingx_async.runtime.call.caller import Caller

T = TypeVar("T")
R = TypeVar("R")


@frozen(eq=False)
class ClientCalls:
    """The calls of one client, with its defaults; without `coalescing` each call travels alone."""

    caller: Caller
    defaults: CallSettings
    coalescing: Coalescing | None

    async def call(self, call: Call[T], options: CallOptions) -> T:
        """Run the call and return its model."""
        self.caller.check(call.endpoint)
        settings = self.defaults.updated(options) if options else self.defaults
        if self.coalescing is not None and call.batch is not None:
            return cast(T, await self.coalescing.run(call.batch(), settings))
        return await self.caller.call(call, settings)

    async def drain(
        self,
        items: Sequence[T],
        routes: Sequence[BatchRoute[T, R]],
        fail: Callable[[T, BingXError], R],
        options: CallOptions,
        *,
        everything_at_once: bool,
    ) -> Mapping[T, R]:
        """Get many items done through several routes; the result of every item."""
        self.caller.check(routes[0].endpoint)
        job = Drain(self.caller, Pool[T, R](items), routes, self.defaults.updated(options), fail)
        return await job.run(everything_at_once)
