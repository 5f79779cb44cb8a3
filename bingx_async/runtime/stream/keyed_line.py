"""One line of an account, with its listen key."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

import anyio

from bingx_async.core.channel import Push
from bingx_async.errors import StreamError, StreamUnavailable
from bingx_async.runtime.loops import one_error
from bingx_async.runtime.stream.background import Background
from bingx_async.runtime.stream.board import Topic
from bingx_async.runtime.stream.line import Line
from bingx_async.runtime.stream.listen_keys import KeyCalls, KeyedDoor
from bingx_async.runtime.stream.parts import Parts


class LineOwner(Protocol):
    """The account whose topics a line has."""

    ending: anyio.Lock
    key_turn: anyio.Lock
    reason: str

    def calls(self) -> KeyCalls:
        """The calls on listen keys."""
        ...

    def pushed(self, push: Push) -> None:
        """A message."""
        ...

    def subscribed(self, line: KeyedLine, name: str) -> None:
        """A line has a topic."""
        ...

    def lost(self, line: KeyedLine, names: Iterable[str], since: float, reason: str) -> None:
        """A line has these topics no more."""
        ...

    def refused(self, line: KeyedLine, name: str, error: StreamError) -> None:
        """The exchange refuses a topic."""
        ...


class KeyedLine:
    """`on`: the topics that are confirmed. `ready` is set when all are, at the end, and with `error` if it will not get
    every topic."""

    def __init__(self, owner: LineOwner, parts: Parts) -> None:
        self._owner, clock = owner, parts.clock.monotonic
        self.door = KeyedDoor(parts.door, parts.limits, clock, owner.calls, owner.key_turn, self._died)
        self.line: Line = parts.line(self, self.door)
        self.on, self.ready = set[str](), anyio.Event()
        self.error: StreamError | None = None
        self.has_ended = False
        self.pushed: Callable[[Push], None] = owner.pushed
        self._background: Background | None = None

    def want(self, topics: Iterable[Topic]) -> None:
        """Subscribe to topics; the first ones open the socket."""
        for topic in topics:
            self.line.want(topic.name, topic.every)
        self._background = self._background or Background("the stream of an account", self._run, self._broken)

    def drop(self, names: Iterable[str]) -> None:
        """Give topics up."""
        self.on.difference_update(names)
        for name in names:
            self.line.drop(name)

    def check(self, names: Iterable[str]) -> None:
        """It is ready if it has all of these."""
        if self.on.issuperset(names):
            self.ready.set()

    def cancel(self) -> None:
        """Let the socket be closed soon."""
        self.ready.set()
        if self._background is not None:
            self._background.cancel()

    async def stop(self) -> None:
        """Close the socket and end the key; twice is harmless."""
        self.cancel()
        if self._background is not None:
            await self._background.stop()
        await self.door.delete()

    def up(self) -> None:
        """There is a socket."""
        self._owner.reason = ""

    def subscribed(self, topic: str) -> None:
        """The exchange confirmed a topic."""
        self._owner.subscribed(self, topic)

    def refused(self, topic: str, error: StreamError) -> None:
        """A topic was given up."""
        self._owner.refused(self, topic, error)

    def silent(self, topic: str, since: float, reason: str) -> None:
        """A topic is being subscribed again."""
        self._owner.lost(self, (topic,), since, reason)

    def lost(self, since: float, reason: str) -> None:
        """The socket is gone."""
        self._owner.reason = reason
        self._owner.lost(self, tuple(self.on), since, reason)

    def failed(self, error: StreamUnavailable) -> None:
        """There was no socket."""
        self._owner.reason = str(error)

    def expired(self) -> None:
        """The exchange says that the key is dead."""
        self._died("the listen key has ended")

    def _died(self, reason: str) -> None:
        """Another key opens another socket."""
        self.door.forget()
        self.line.cut(reason)

    def _broken(self, error: Exception) -> None:
        for name in self.line.topics:
            self.refused(name, StreamUnavailable(f"the stream has ended with an error: {type(error).__name__}"))

    async def _run(self) -> None:
        async with self._owner.ending:
            pass  # a key that is being deleted could be given once more
        with one_error():
            async with anyio.create_task_group() as group:
                group.start_soon(self.door.keep)
                await self.line.run()
