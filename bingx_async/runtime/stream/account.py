"""The topics of one account: a socket with a listen key, and for a while a second one that takes its place."""

from __future__ import annotations

from collections.abc import Iterable

import anyio

from bingx_async.core.channel import Push
from bingx_async.errors import StreamError
from bingx_async.runtime.stream.board import Topic
from bingx_async.runtime.stream.keyed_line import KeyedLine
from bingx_async.runtime.stream.listen_keys import PATIENCE, KeyCalls
from bingx_async.runtime.stream.parts import Parts
from bingx_async.runtime.stream.rotation import Rotation


class Account:
    """See the module. Whichever of two sockets has a topic, its listeners have it; `lost` is told when neither has.
    `ending` is held while sockets and keys are ended."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.board, self.reason = parts.board(), ""
        self.ending, self.key_turn = anyio.Lock(), anyio.Lock()
        self.lines: list[KeyedLine] = []
        self.rotation = Rotation(self, parts.clock.monotonic)
        self._calls: list[KeyCalls] = []

    def admit(self, calls: KeyCalls) -> None:
        """Keys may be made through these calls from now on."""
        self._calls = [*(self._calls if self.lines else ()), calls]

    def dismiss(self, calls: KeyCalls) -> None:
        """They may not any more, unless there are no others."""
        self._calls = [each for each in self._calls if each is not calls] or [calls]

    def calls(self) -> KeyCalls:
        """The calls on listen keys."""
        return self._calls[0]

    def want(self, topics: list[Topic]) -> None:
        """Subscribe to topics."""
        if not self.lines and topics:
            self.lines.append(self.new_line())
        for line in self.lines:
            line.want(topics)

    async def drop(self, names: list[str]) -> None:
        """Give topics up; without any the socket is closed and its key deleted."""
        for line in self.lines:
            line.drop(names)
            line.check(self.board.names)
        if not self.board.names and self.lines:
            lines, self.lines = self.lines, []
            for line in lines:  # before the first await: asyncio can cut off even what is shielded
                self._cancel(line)
            async with self.ending:
                for line in lines:
                    await self.end(line)

    def restart(self, name: str) -> None:
        """Give a topic up and subscribe to it again."""
        for line in self.lines:
            self.lost(line, (name,), self._parts.clock.monotonic(), "it was asked for again")
            line.line.restart(name)

    def patience(self) -> float:
        """How many seconds a subscription may take, with the making of a key."""
        return self._parts.patience(len(self.board.names)) + PATIENCE

    def pushed(self, push: Push) -> None:
        """A message; during a rotation it may have come before."""
        if self.rotation.is_new(push):
            self.board.pushed(push)

    def subscribed(self, line: KeyedLine, name: str) -> None:
        """A line has a topic."""
        line.on.add(name)
        if name in self.board and not self.board[name].is_on:
            self.board.subscribed(name)
        line.check(self.board.names)

    def lost(self, line: KeyedLine, names: Iterable[str], since: float, reason: str) -> None:
        """A line has these topics no more."""
        line.on.difference_update(names)
        gone = set(names).difference(*(other.on for other in self.lines))
        self.board.lost([name for name in self.board.names if name in gone], since, reason)

    def refused(self, line: KeyedLine, name: str, error: StreamError) -> None:
        """The exchange refuses a topic on a line; another line may have it."""
        if any(name in other.line.topics for other in self.lines if other is not line):
            line.error = error
            line.ready.set()
        else:
            self.board.refused(name, error)

    def new_line(self) -> KeyedLine:
        """A line that is not yet used. Raises `StreamUnavailable`."""
        self._parts.sockets.take()
        try:
            return KeyedLine(self, self._parts)
        except BaseException:
            self._parts.sockets.give_back()
            raise

    async def end(self, line: KeyedLine) -> None:
        """Stop a line; twice is harmless."""
        self._cancel(line)
        await line.stop()

    def _cancel(self, line: KeyedLine) -> None:
        if not line.has_ended:
            line.has_ended = True
            self._parts.sockets.give_back()
            line.cancel()
