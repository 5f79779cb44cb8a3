"""From the messages of topics to items that wait for the program.

The program may be slower than the exchange. Then items are replaced by newer ones or dropped, as the channel says, and
what was dropped is told in its place, so memory is bounded. Items of one topic keep their order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar, cast

import anyio

from bingx_async.core.channel import Channel, Push
from bingx_async.errors import BingXError
from bingx_async.models import Lagged, Reconnected
from bingx_async.spot.streaming.queues import Signs, TopicQueue, queue_of

T = TypeVar("T")


class Refiner(Protocol):
    """Looks at the items of one topic in the order in which they come."""

    def refined(self, items: Sequence[Any]) -> Sequence[Any]:
        """The items to hand on."""
        ...

    def lost(self) -> None:
        """From here on items may be missing."""
        ...


class Outlet(Generic[T]):
    """A sink of the topics of one channel, from which the items are taken one by one.

    `symbols` has the trading pair of each topic, `most` is how many items may wait for each; `new_refiner` makes what
    looks at the items of a topic. `unreadable` counts the messages that gave no item.
    """

    def __init__(
        self,
        channel: Channel[T],
        symbols: Mapping[str, str],
        most: int,
        new_refiner: Callable[[], Refiner] | None = None,
    ) -> None:
        self._channel, self._symbols, self.unreadable = channel, symbols, 0
        self._queues = {topic: queue_of(channel, most) for topic in symbols}
        self._refiners = {topic: new_refiner() for topic in symbols} if new_refiner is not None else None
        self._symbol_of = {id(queue): symbols[topic] for topic, queue in self._queues.items()}
        self._signs = Signs()
        self._waiting = deque[TopicQueue]()  # the queue of each item that waits, oldest first
        self._lost: dict[str, tuple[datetime, str]] = {}
        self._arrived: anyio.Event | None = None
        self._error: BingXError | None = None
        self._has_ended = False

    def take(self, push: Push) -> None:
        """A message: its items wait from now on."""
        topic = push.topic
        try:
            items: Sequence[Any] = self._channel.read(push)
        except Exception:  # a message worse than the reader knows must not end the stream
            items = ()
        refiner = None if self._refiners is None else self._refiners[topic]
        if items:
            items = items if refiner is None else refiner.refined(items)
        else:
            self.unreadable += 1
            if refiner is not None:
                refiner.lost()
        queue = self._queues[topic]
        for item in items:
            self._put(queue, item)

    def lost(self, topics: Sequence[str], since: datetime, reason: str) -> None:
        """From `since` on items of these topics may be missing."""
        for topic in topics:
            self._lost.setdefault(topic, (since, reason))
            if self._refiners is not None:
                self._refiners[topic].lost()

    def back(self, topics: Sequence[str], at: datetime) -> None:
        """These topics are there again: the interruption is told in its place among the items."""
        ended = {topic: self._lost.pop(topic) for topic in topics if topic in self._lost}
        if ended:
            since, reason = min(ended.values())
            symbols = tuple(symbol for topic in ended if (symbol := self._symbols[topic]))
            self._put(self._signs, Reconnected(self._channel.name, symbols, since, at, reason))

    def fail(self, error: BingXError) -> None:
        """Once what waits has been taken, `error` is raised."""
        self._error = self._error or error
        self._wake()

    def end(self) -> None:
        """The program is done with it: what waits is dropped, and iterating ends."""
        self._has_ended = True
        self._waiting.clear()
        self._wake()

    async def next(self) -> T | Lagged | Reconnected:
        """The next item, when there is one. Raises `StopAsyncIteration` at the end, and the error of `fail`."""
        waiting = self._waiting
        while not waiting:
            if self._has_ended:
                raise StopAsyncIteration
            if self._error is not None:
                raise self._error
            self._arrived = self._arrived or anyio.Event()
            await self._arrived.wait()
        queue = waiting[0]
        if queue.missed:
            missed, queue.missed = queue.missed, 0
            return Lagged(self._channel.name, self._symbol_of[id(queue)], missed)
        return cast(T, waiting.popleft().pop())

    def _put(self, queue: TopicQueue, item: Any) -> None:
        more = queue.put(item)
        if more < 0:  # all that waited was dropped
            rest = [each for each in self._waiting if each is not queue]
            self._waiting.clear()
            self._waiting.extend(rest)
        if more:
            self._waiting.append(queue)
        if self._arrived is not None:
            self._wake()

    def _wake(self) -> None:
        arrived, self._arrived = self._arrived, None
        if arrived is not None:
            arrived.set()
