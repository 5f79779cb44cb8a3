"""The streams of a client, and what it shares with the clients made from it. Nothing is loaded before the first use."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any

import anyio
from attrs import define, field, frozen

from bingx_async.core.channel import Channel
from bingx_async.core.sink import Listening, Sink
from bingx_async.core.stream_limits import StreamLimits
from bingx_async.errors import BingXError
from bingx_async.runtime.clock import ServerClock
from bingx_async.runtime.loops import Loop, WrongLoop

if TYPE_CHECKING:
    from bingx_async.runtime.stream.dialing import ConnectStream
    from bingx_async.runtime.stream.hub import Hub
    from bingx_async.runtime.stream.line import Tap
    from bingx_async.runtime.stream.listen_keys import KeyCalls


@define(eq=False)
class Family:
    """What the streams of a client and of those made from it share; see `Door` for the meanings."""

    url: str
    limits: StreamLimits
    clock: ServerClock = field(repr=False)
    proxy: str | None = field(default=None, repr=False)
    connect: ConnectStream | None = field(default=None, repr=False)
    tap: Tap | None = field(default=None, repr=False)
    _hub: Hub | None = field(init=False, default=None)
    _loop: Loop | None = field(init=False, default=None)

    def hub(self) -> Hub:
        """What listens in this event loop. Raises `WrongLoop` if something listens in another one."""
        loop = self._loop
        if self._hub is None or loop is None or not loop.is_current():
            if self._hub is not None and loop is not None and not self._hub.is_idle and not loop.has_ended():
                raise WrongLoop("streams of this client are open in another event loop: give each loop its own client")
            self._hub, self._loop = self._new_hub(), Loop()
        return self._hub

    async def end(self, clients: Collection[object], error: BingXError) -> None:
        """End the streams of these clients. That is done in any case, and takes a few seconds at most."""
        if self._hub is not None and self._loop is not None and self._loop.is_current():
            with anyio.CancelScope(shield=True):
                await self._hub.end(clients, error)

    def _new_hub(self) -> Hub:
        from bingx_async.runtime.stream.dialing import Door
        from bingx_async.runtime.stream.hub import Hub
        from bingx_async.runtime.stream.parts import Parts

        door = Door(self.url, None, self.proxy, self.connect)
        return Hub(Parts(door, self.limits, self.clock, tap=self.tap))


@frozen(eq=False)
class ClientStreaming:
    """The streams of one client. `check(is_user)` raises the reason why it can have none; `owner` is its account.
    `report_book` tells of an order book's symbol, policy and gaps."""

    family: Family
    client: object
    owner: str
    check: Callable[[bool], None] = field(repr=False)
    key_calls: Callable[[], KeyCalls] = field(repr=False)
    report_book: Callable[[str, str, int], None] = field(repr=False)

    @property
    def limits(self) -> StreamLimits:
        """The limits that its streams keep."""
        return self.family.limits

    def listen(self, topics: Mapping[str, Channel[Any]], sink: Sink) -> AbstractAsyncContextManager[Listening]:
        """Let `sink` have the messages of the topics while the context is open."""
        self.check(any(channel.is_user for channel in topics.values()))
        return self.family.hub().listen(self.client, topics, sink, self.owner, self.key_calls())

    async def rotate(self) -> None:
        """Move the account's topics to a new listen key and socket."""
        self.check(True)
        await self.family.hub().rotate(self.owner)
