"""Where topics come from: the lines of the market, or those of one account."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Protocol

import anyio

from bingx_async.core.channel import Channel
from bingx_async.core.sink import Listening, Sink
from bingx_async.runtime.stream.board import Board, Topic


class Source(Protocol):
    """Topics, and the lines that bring them."""

    board: Board

    def want(self, topics: list[Topic]) -> None:
        """Subscribe to topics. Raises `StreamUnavailable` if there is no room."""
        ...

    async def drop(self, names: list[str]) -> None:
        """Give topics up, and close the sockets that have none left."""
        ...

    def restart(self, name: str) -> None:
        """Give a topic up and subscribe to it again."""
        ...

    def patience(self) -> float:
        """How many seconds a subscription may take."""
        ...

    def why(self) -> str:
        """Why there was no connection last, if that was so."""
        ...


class Listened:
    """Topics of several sources."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self._sources = sources

    def restart(self, topic: str) -> None:
        """Give the topic up and subscribe to it again, on the same socket."""
        self._sources[topic].restart(topic)


@asynccontextmanager
async def listening(source: Source, topics: Mapping[str, Channel[Any]], sink: Sink) -> AsyncGenerator[Listening]:
    """Let `sink` have the messages of the topics while the context is open."""
    board = source.board
    try:
        source.want(board.join(topics, sink))
        await board.confirmed(topics, sink, source.patience(), source.why)
        yield Listened(dict.fromkeys(topics, source))
    finally:
        gone = board.leave(topics, sink)
        with anyio.CancelScope(shield=True):
            await source.drop(gone)
