"""A stream as the program sees it: an async context manager that is an async iterator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from bingx_async.core.channel import Channel
from bingx_async.errors import InvalidRequest
from bingx_async.models import Lagged, Reconnected
from bingx_async.spot.base import Listening, Streaming
from bingx_async.spot.streaming.outlet import Outlet, Refiner

T = TypeVar("T")


class Stream(Generic[T]):
    """The items of a channel, for as long as its context is open::

        async with client.spot.streams.trades("BTC-USDT") as trades:
            async for trade in trades: ...

    Besides the items come `Lagged`, where the program was too slow and items were dropped, and `Reconnected`, where
    the connection was lost and items are missing. To enter it raises `TopicRefused` if the exchange does not serve it,
    `StreamUnavailable` if it cannot be reached, and `ClientClosed`; to iterate raises the same when nothing comes any
    more. It may be entered once.
    """

    def __init__(
        self,
        streaming: Streaming,
        channel: Channel[T],
        symbols: Mapping[str, str],
        new_refiner: Callable[[], Refiner] | None = None,
    ) -> None:
        self._streaming, self._channel, self._symbols = streaming, channel, symbols
        self._outlet = Outlet(channel, symbols, streaming.limits.queue, new_refiner)
        self._context: AbstractAsyncContextManager[Listening] | None = None

    @property
    def unreadable(self) -> int:
        """How many messages could not be read."""
        return self._outlet.unreadable

    async def __aenter__(self) -> Self:
        if self._context is not None:
            raise InvalidRequest("a stream is entered once: ask client.spot.streams for another")
        topics: dict[str, Channel[Any]] = dict.fromkeys(self._symbols, self._channel)
        self._context = self._streaming.listen(topics, self._outlet)
        await self._context.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._outlet.end()
        if self._context is not None:
            await self._context.__aexit__(kind, error, trace)

    def __aiter__(self) -> Self:
        if self._context is None:
            raise InvalidRequest(f"enter the stream first: async with client.spot.streams.{self._channel.name}(...)")
        return self

    async def __anext__(self) -> T | Lagged | Reconnected:
        return await self._outlet.next()

    def __repr__(self) -> str:
        shown = ", ".join(list(self._symbols.values())[:3]) + (", ..." if len(self._symbols) > 3 else "")
        return f"<Stream {self._channel.name} {shown}>"
