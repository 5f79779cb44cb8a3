"""Questions that come while others are on their way go together, in one round trip.

A question that comes alone leaves at once and by itself; a crowd costs a fraction of that for each. Whoever asked may
be cancelled: the questions travel in tasks of their own, so nobody else loses an answer, and what the answer would
have granted is given back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from bingx_async.errors import StoreUnavailable
from bingx_async.redis.arguments import Called
from bingx_async.redis.connection import Connection

ON_THE_WAY = 4  # round trips at a time


def nothing() -> None:
    """For a question whose answer grants nothing."""


class Asking:
    """Questions to one server."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._waiting: list[tuple[Called, asyncio.Future[Any]]] = []
        self._carriers: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def run(self, called: Called, unheard: Callable[[], None] = nothing) -> Any:
        """The script's reply. Raises `StoreUnavailable`. Cancelled, it calls `unheard` once the reply is there."""
        self._connection.check_library()
        loop = self._enter_loop()
        answer: asyncio.Future[Any] = loop.create_future()
        self._waiting.append((called, answer))
        if len(self._carriers) < ON_THE_WAY:
            carrier = loop.create_task(self._carry())
            self._carriers.add(carrier)
            carrier.add_done_callback(self._carriers.discard)
        try:
            return await asyncio.shield(answer)
        except asyncio.CancelledError:
            answer.add_done_callback(lambda _: unheard())
            raise

    async def finish(self, timeout: float) -> None:
        """Wait for the answers that are on their way, for `timeout` seconds at most: some may have to be given back."""
        if self._carriers and self._loop is asyncio.get_running_loop():
            await asyncio.wait(self._carriers, timeout=timeout)

    async def _carry(self) -> None:
        """Take everybody who waits, until nobody does."""
        while self._waiting:
            bundle, self._waiting = self._waiting, []
            try:
                replies = await self._put([called for called, _ in bundle])
            except BaseException as error:
                lost = error if isinstance(error, StoreUnavailable) else StoreUnavailable("the question was given up")
                for _, answer in bundle:
                    answer.set_exception(lost)
                    answer.exception()  # nobody may be left to hear of it
                if not isinstance(error, StoreUnavailable):
                    raise
            else:
                for (_, answer), reply in zip(bundle, replies, strict=True):
                    answer.set_result(reply)

    async def _put(self, questions: list[Called]) -> list[Any]:
        if len(questions) == 1:
            return [await self._connection.run(questions[0])]
        return await self._connection.run_all(questions)

    def _enter_loop(self) -> asyncio.AbstractEventLoop:
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._waiting, self._carriers = loop, [], set()
        return loop
