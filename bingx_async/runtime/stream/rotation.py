"""Moving an account to another listen key and socket at a chosen moment.

The second socket is open, with every topic, before the first is closed, so nothing is missed. What comes over both is
handed on once.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from math import inf
from typing import Any, Protocol, cast

import anyio

from bingx_async.core.channel import Push
from bingx_async.errors import StreamUnavailable
from bingx_async.runtime.stream.board import Board
from bingx_async.runtime.stream.keyed_line import KeyedLine

OVERLAP = 2.0  # seconds for which the old socket stays open after the new one has every topic
SEEN_FOR = 10_000.0  # ms for which an event may come late on the new socket after the old one was closed
MOST_SEEN = 10_000  # events
MOMENT_OF_SENDING = "ws"  # in an event; may differ from socket to socket
SAME_KEY = "the socket was to be replaced, and the exchange gave the same listen key again"


class Seen:
    """The events of a rotation, by their contents, until `until` (ms)."""

    def __init__(self) -> None:
        self.until = inf
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


class Rotating(Protocol):
    """An account."""

    board: Board
    reason: str
    lines: list[KeyedLine]

    def patience(self) -> float:
        """How many seconds a subscription may take."""
        ...

    def new_line(self) -> KeyedLine:
        """A line that is not yet used."""
        ...

    async def end(self, line: KeyedLine) -> None:
        """Stop a line."""
        ...


class Rotation:
    """One rotation of `account` at a time. `clock()` is ms."""

    def __init__(self, account: Rotating, clock: Callable[[], float]) -> None:
        self._account, self._clock, self._turn = account, clock, anyio.Lock()
        self._seen: Seen | None = None

    def is_new(self, push: Push) -> bool:
        """Whether to hand an event on."""
        if self._seen is not None and push.received_at > self._seen.until:
            self._seen = None
        return self._seen is None or self._seen.is_new(push)

    async def rotate(self) -> None:
        """Open a second socket with a key of its own; when it has every topic, close the first. Raises what kept it
        from that; the first one stays then."""
        async with self._turn:
            if self._account.lines:
                new = self._account.new_line()
                try:
                    await self._replace(self._account.lines[0], new)
                finally:
                    with anyio.CancelScope(shield=True):
                        await self._end_one(new)

    async def _replace(self, old: KeyedLine, new: KeyedLine) -> None:
        await new.door.renew()
        if new.door.key == old.door.key:
            new.door.forget()  # a key may have one socket, so there has to be a gap
            old.ready, old.error = anyio.Event(), None
            old.line.cut(SAME_KEY, at_once=True)
            await self._ready(old)
        else:
            account, self._seen = self._account, Seen()
            account.lines.append(new)
            new.want([account.board[name] for name in account.board.names])
            await self._ready(new)
            await anyio.sleep(OVERLAP)

    async def _ready(self, line: KeyedLine) -> None:
        """Wait until a line has every topic. Raises `StreamError`."""
        patience = self._account.patience()
        with anyio.move_on_after(patience):
            await line.ready.wait()
        if line.error is not None:
            raise line.error
        if not line.ready.is_set():
            told = f"the new socket did not have every topic within {patience:g} s. {self._account.reason}"
            raise StreamUnavailable(told.strip())

    async def _end_one(self, new: KeyedLine) -> None:
        """Close the first socket if the second has every topic, else the second."""
        if self._seen is not None:
            self._seen.until = self._clock() + SEEN_FOR
        lines = self._account.lines
        is_complete = new in lines and new.on.issuperset(self._account.board.names)
        ended = lines.pop(0) if is_complete and lines[0] is not new else new
        if ended in lines:
            lines.remove(ended)
        await self._account.end(ended)


def _lasting(data: Any) -> object:
    """The part of an event that is the same on every socket."""
    if not isinstance(data, dict):
        return data
    return {name: value for name, value in cast("dict[str, Any]", data).items() if name != MOMENT_OF_SENDING}
