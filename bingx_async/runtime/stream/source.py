"""Where topics come from: the lines of the market, or those of one account."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Protocol

import anyio

from bingx_async.core.channel import Channel
from bingx_async.core.sink import Sink
from bingx_async.runtime.stream.board import Board, Topic


class Source(Protocol):
    """Topics, and the lines that bring them. `reason`: why there was no connection last, if that was so."""

    board: Board
    reason: str

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


@asynccontextmanager
async def listening(source: Source, topics: Mapping[str, Channel[Any]], sink: Sink) -> AsyncGenerator[None]:
    """Let `sink` have the messages of the topics while the context is open. It is entered once all are confirmed."""
    board = source.board
    try:
        source.want(board.join(topics, sink))
        await board.confirmed(topics, sink, source.patience(), lambda: source.reason)
        yield
    finally:
        with anyio.CancelScope(shield=True):
            await leave(source, topics, sink)


async def leave(source: Source, topics: Mapping[str, Channel[Any]], sink: Sink) -> None:
    """Let `sink` have them no more. Twice is harmless."""
    await source.drop(source.board.leave(topics, sink))
