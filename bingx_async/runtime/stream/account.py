"""The topics of one account: a socket with a listen key, and for a while a second one that takes its place."""

from __future__ import annotations

import json
from collections.abc import Iterable
from math import inf
from typing import Any, cast

import anyio

from bingx_async.core.channel import Push
from bingx_async.errors import StreamError, StreamUnavailable
from bingx_async.runtime.stream.board import Topic
from bingx_async.runtime.stream.keyed_line import KeyedLine
from bingx_async.runtime.stream.listen_keys import PATIENCE, KeyCalls
from bingx_async.runtime.stream.parts import Parts

OVERLAP = 2.0  # seconds for which the old socket stays open after the new one has every topic
SEEN_FOR = 10_000.0  # ms for which an event may come late on the new socket after the old one was closed
MOST_SEEN = 10_000
MOMENT_OF_SENDING = "ws"  # in an event; may differ from socket to socket


class Seen:
    """The events of a rotation by their contents, until `until` (ms)."""

    def __init__(self, until: float) -> None:
        self.until = until
        self._contents: dict[str, None] = {}

    def is_new(self, push: Push) -> bool:
        """Whether this event has not come before."""
        content = f"{push.topic} {json.dumps(_lasting(push.data), default=str, sort_keys=True)}"
        if content in self._contents:
            return False
        self._contents[content] = None
        if len(self._contents) > MOST_SEEN:
            del self._contents[next(iter(self._contents))]
        return True


class Account:
    """See the module. Whichever of two sockets has a topic, its listeners have it; `lost` is told when neither has."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.board, self.reason = parts.board(), ""
        self.ending, self.key_turn, self._rotation = anyio.Lock(), anyio.Lock(), anyio.Lock()
        self._lines: list[KeyedLine] = []
        self._calls: list[KeyCalls] = []
        self._seen: Seen | None = None

    def admit(self, calls: KeyCalls) -> None:
        """Keys may be made through these calls from now on."""
        self._calls = [*(self._calls if self._lines else ()), calls]

    def dismiss(self, calls: KeyCalls) -> None:
        """They may not any more, unless there are no others."""
        if len(self._calls) > 1:
            self._calls.remove(calls)

    def calls(self) -> KeyCalls:
        """The calls on listen keys."""
        return self._calls[0]

    def want(self, topics: list[Topic]) -> None:
        """Subscribe to topics."""
        if not self._lines and topics:
            self._lines.append(self._new_line())
        for line in self._lines:
            line.want(topics)

    async def drop(self, names: list[str]) -> None:
        """Give topics up; without any the socket is closed and its key deleted."""
        for line in self._lines:
            line.on.difference_update(names)
            for name in names:
                line.line.drop(name)
            self._check(line)
        if not self.board.names and self._lines:
            lines, self._lines = self._lines, []
            async with self.ending:
                for line in lines:
                    await self._end(line)

    def restart(self, name: str) -> None:
        """Give a topic up and subscribe to it again."""
        for line in self._lines:
            self.lost(line, (name,), self._parts.clock.monotonic(), "it was asked for again")
            line.line.restart(name)

    def patience(self) -> float:
        """How many seconds a subscription may take, with the making of a key."""
        return self._parts.patience(len(self.board.names)) + PATIENCE

    def why(self) -> str:
        """Why there was no connection last."""
        return self.reason

    async def rotate(self) -> None:
        """Open a second socket with a key of its own; when it has every topic, close the first."""
        async with self._rotation:
            if not self._lines:
                return
            old, new = self._lines[0], self._new_line()
            try:
                await new.door.renew()
                if new.door.key == old.door.key:
                    new.door.forget()
                    await self._reconnect(old)
                else:
                    await self._overlap(new)
            finally:
                with anyio.CancelScope(shield=True):
                    await self._end(self._superfluous(old, new))

    def pushed(self, push: Push) -> None:
        """A message; during a rotation it may have come before."""
        seen = self._seen
        if seen is not None:
            if push.received_at > seen.until:
                self._seen = None
            elif not seen.is_new(push):
                return
        self.board.pushed(push)

    def subscribed(self, line: KeyedLine, name: str) -> None:
        """A line has a topic."""
        line.on.add(name)
        if name in self.board and not self.board[name].is_on:
            self.board.subscribed(name)
        self._check(line)

    def lost(self, line: KeyedLine, names: Iterable[str], since: float, reason: str) -> None:
        """A line has these topics no more."""
        line.on.difference_update(names)
        elsewhere = {name for other in self._lines for name in other.on}
        self.board.lost([name for name in names if name not in elsewhere], since, reason)

    def refused(self, line: KeyedLine, name: str, error: StreamError) -> None:
        """The exchange refuses a topic on a line; another line may have it."""
        if any(name in other.line.topics for other in self._lines if other is not line):
            line.fail(error)
        else:
            self.board.refused(name, error)

    async def _overlap(self, new: KeyedLine) -> None:
        self._seen = Seen(inf)
        self._lines.append(new)
        new.want([self.board[name] for name in self.board.names])
        await self._ready(new)
        await anyio.sleep(OVERLAP)

    async def _reconnect(self, line: KeyedLine) -> None:
        """The exchange gives the same key, and a key may have one socket: close it and open another."""
        line.ready, line.error = anyio.Event(), None
        line.line.cut("the socket was to be replaced, and the exchange gave the same listen key again")
        await self._ready(line)

    async def _ready(self, line: KeyedLine) -> None:
        """Wait until a line has every topic. Raises `StreamError`."""
        patience = self.patience()
        with anyio.move_on_after(patience):
            await line.ready.wait()
        if line.error is not None:
            raise line.error
        if not line.ready.is_set():
            raise StreamUnavailable(f"the new socket did not have every topic within {patience:g} s. {self.reason}")

    def _superfluous(self, old: KeyedLine, new: KeyedLine) -> KeyedLine:
        """The line to close after a rotation: the old one if the new one has every topic."""
        if self._seen is not None:
            self._seen.until = self._parts.clock.monotonic() + SEEN_FOR
        ended = old if new in self._lines and new.on.issuperset(self.board.names) else new
        if ended in self._lines:
            self._lines.remove(ended)
        return ended

    def _check(self, line: KeyedLine) -> None:
        if line.on.issuperset(self.board.names):
            line.ready.set()

    def _new_line(self) -> KeyedLine:
        self._parts.sockets.take()
        try:
            return KeyedLine(self, self._parts)
        except BaseException:
            self._parts.sockets.give_back()
            raise

    async def _end(self, line: KeyedLine) -> None:
        """Stop a line; twice is harmless."""
        if not line.has_ended:
            line.has_ended = True
            try:
                await line.stop()
            finally:
                self._parts.sockets.give_back()


def _lasting(data: Any) -> object:
    """The part of an event that is the same on every socket."""
    if not isinstance(data, dict):
        return data
    return {name: value for name, value in cast("dict[str, Any]", data).items() if name != MOMENT_OF_SENDING}
