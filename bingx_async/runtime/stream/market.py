"""The topics of the market, spread over as many lines as they need."""

from __future__ import annotations

from collections.abc import Callable

from bingx_async.core.channel import Push
from bingx_async.core.topic import SocketFull
from bingx_async.errors import StreamError, StreamUnavailable
from bingx_async.runtime.stream.background import Background
from bingx_async.runtime.stream.board import Topic
from bingx_async.runtime.stream.line import Line
from bingx_async.runtime.stream.parts import Parts


class MarketLine:
    """One line, and the topics on it."""

    def __init__(self, market: Market, parts: Parts) -> None:
        self._market, self.names, self.room = market, dict[str, None](), parts.limits.topics_per_socket
        self.line: Line = parts.line(self)
        self.pushed: Callable[[Push], None] = market.board.pushed
        self.subscribed: Callable[[str], None] = market.board.subscribed
        self.background = Background("a stream of the market", self.line.run, self._broken)

    def add(self, topic: Topic) -> None:
        """Subscribe to a topic."""
        self.names[topic.name] = None
        self.line.want(topic.name, topic.every)

    def drop(self, name: str) -> None:
        """Give a topic up."""
        self.names.pop(name, None)
        self.line.drop(name)

    def up(self) -> None:
        """There is a socket."""
        self._market.reason = ""

    def refused(self, topic: str, error: StreamError) -> None:
        """The socket or the exchange does not take a topic."""
        self.names.pop(topic, None)
        if isinstance(error, SocketFull) and self.names:
            self.room = min(self.room, len(self.names))
            self._market.move(topic)
        else:
            self._market.give_up(topic, error)

    def silent(self, topic: str, since: float, reason: str) -> None:
        """A topic is being subscribed again."""
        self._market.board.lost((topic,), since, reason)

    def lost(self, since: float, reason: str) -> None:
        """The socket is gone."""
        self._market.reason = reason
        self._market.board.lost(self.names, since, reason)

    def failed(self, error: StreamUnavailable) -> None:
        """There was no socket."""
        self._market.reason = str(error)

    def expired(self) -> None:
        """There is no listen key here."""

    def _broken(self, error: Exception) -> None:
        self.room = 0
        for name in tuple(self.names):
            self.refused(name, StreamUnavailable(f"the stream has ended with an error: {type(error).__name__}"))


class Market:
    """See the module. `reason`: why there was no connection last."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.board, self.reason = parts.board(), ""
        self._lines: list[MarketLine] = []
        self._line_of: dict[str, MarketLine] = {}

    def want(self, topics: list[Topic]) -> None:
        """Subscribe to topics, on further sockets where those there are have no room."""
        for topic in topics:
            line = next((line for line in self._lines if len(line.names) < line.room), None) or self._new_line()
            self._line_of[topic.name] = line
            line.add(topic)

    async def drop(self, names: list[str]) -> None:
        """Give topics up, and close the sockets that have none left."""
        for name in names:
            line = self._line_of.pop(name, None)
            if line is not None:
                line.drop(name)
        empty = [line for line in self._lines if not line.names]
        self._lines = [line for line in self._lines if line.names]
        for line in empty:  # all of them before the first await: asyncio can cut off even what is shielded
            self._parts.sockets.give_back()
            line.background.cancel()
        for line in empty:
            await line.background.stop()

    def restart(self, name: str) -> None:
        """Give a topic up and subscribe to it again."""
        if name in self._line_of:
            self.board.lost((name,), self._parts.clock.monotonic(), "it was asked for again")
            self._line_of[name].line.restart(name)

    def patience(self) -> float:
        """How many seconds a subscription may take."""
        return self._parts.patience(max((len(line.names) for line in self._lines), default=0))

    def move(self, name: str) -> None:
        """Its socket is full: give a topic to another."""
        if name in self.board:
            try:
                self.want([self.board[name]])
            except StreamUnavailable as error:
                self.give_up(name, error)

    def give_up(self, name: str, error: StreamError) -> None:
        """A topic is not to be had."""
        self._line_of.pop(name, None)
        self.board.refused(name, error)

    def _new_line(self) -> MarketLine:
        self._parts.sockets.take()
        try:
            self._lines.append(MarketLine(self, self._parts))
        except BaseException:
            self._parts.sockets.give_back()
            raise
        return self._lines[-1]
