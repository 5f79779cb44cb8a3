"""Following an account: its events, and the reading that makes up for those that do not come."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self

import anyio
from anyio.abc import TaskGroup

from bingx_async.core.channel import Channel
from bingx_async.errors import BingXError, InvalidRequest
from bingx_async.models import OrderChanged
from bingx_async.spot.base import Calls
from bingx_async.spot.orders import Orders
from bingx_async.spot.streaming.channels import CHANNELS
from bingx_async.spot.tracker.feed import Feed, Item
from bingx_async.spot.tracker.portfolio import Change, Portfolio
from bingx_async.spot.tracker.reading import Reader
from bingx_async.spot.tracker.upkeep import Upkeep

PATIENCE = 60.0  # seconds within which everything has to have been read at the beginning


class Tasks:
    """Tasks that end with the block. An error of the block comes out of it as it is."""

    async def __aenter__(self) -> Self:
        self._group: TaskGroup = anyio.create_task_group()
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._group.cancel_scope.cancel()
        await self._group.__aexit__(None, None, None)

    def start(self, task: Callable[..., Coroutine[Any, Any, Any]], *args: Any) -> None:
        """Start a task; it must not raise."""
        self._group.start_soon(task, *args)


class Follower:
    """Once it is entered, `portfolio` is true and stays so, as far as `topics` of the account go. `tell` is told every
    event and gap, `ended` the error after which nothing comes any more."""

    def __init__(
        self,
        calls: Calls,
        orders: Orders,
        is_mine: Callable[[str], bool],
        topics: Mapping[str, Channel[Any]] = CHANNELS,
    ) -> None:
        self._calls, self._topics = calls, topics
        self.tell: Callable[[Item], None] = _ignore
        self.ended: Callable[[BingXError], None] = _ignore
        self.portfolio = Portfolio(calls.now, is_mine, calls.warn)
        reader = Reader(self.portfolio, orders, calls, topics)
        self.upkeep = Upkeep(self.portfolio, reader, calls.warn, self._fail)
        changed, lacking = self.upkeep.wake, self.upkeep.read_soon
        self.feed = Feed(self.portfolio, lambda item: self.tell(item), changed, lacking, calls.warn, self._fail)
        self.tasks = Tasks()
        self._stack: AsyncExitStack | None = None

    async def __aenter__(self) -> Self:
        if self._stack is not None:
            raise InvalidRequest("it is entered once; make another one")
        self._stack = AsyncExitStack()
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.tasks)
            await stack.enter_async_context(self._calls.streams.listen(self._topics, self.feed))
            self.portfolio.listeners.append(self._heed)
            await self.upkeep.begin(PATIENCE)
            self.tasks.start(self.upkeep.run, self.feed)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._stack is not None
        await self._stack.__aexit__(kind, error, trace)

    @property
    def is_entered(self) -> bool:
        """Whether it has been entered, and perhaps left again."""
        return self._stack is not None

    def _fail(self, error: BingXError) -> None:
        self.ended(error)

    def _heed(self, change: Change) -> None:
        if isinstance(change, OrderChanged):
            self.upkeep.heed(change.order)


def _ignore(_item: object) -> None:
    """Until it is known where items go."""
