"""Questions that come while others are on their way go together, in one round trip.

A question that comes alone leaves at once and by itself; a crowd costs a fraction of that for each.
"""

from __future__ import annotations

import asyncio
from typing import Any

from attrs import define, field

from bingx_async.errors import StoreUnavailable
from bingx_async.redis.arguments import Called
from bingx_async.redis.connection import Connection

ON_THE_WAY = 4  # round trips at a time


@define(eq=False)
class Bundle:
    """Questions that wait to go, and where their answers are awaited."""

    questions: list[Called] = field(factory=list[Called])
    answers: list[asyncio.Future[Any]] = field(factory=list[asyncio.Future[Any]])


class Asking:
    """Questions to one server."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._gathering: Bundle | None = None
        self._on_the_way = 0
        self._returned = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def ask(self, called: Called) -> Any:
        """The script's reply. Raises `StoreUnavailable`."""
        self._connection.check_library()
        self._enter_loop()
        if self._gathering is not None:
            return await self._join(self._gathering, called)
        if self._on_the_way < ON_THE_WAY:
            self._on_the_way += 1
            try:
                return await self._connection.ask(called)
            finally:
                self._come_back()
        return await self._lead(called)

    async def _join(self, bundle: Bundle, called: Called) -> Any:
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        bundle.questions.append(called)
        bundle.answers.append(answer)
        return await answer

    async def _lead(self, called: Called) -> Any:
        """Wait for room on the way, then ask for all who have joined meanwhile."""
        bundle = self._gathering = Bundle()
        try:
            while self._on_the_way >= ON_THE_WAY:
                self._returned.clear()
                await self._returned.wait()
            self._gathering = None
            self._on_the_way += 1
            try:
                own, *replies = await self._connection.tell([called, *bundle.questions])
            finally:
                self._come_back()
        except BaseException as error:
            self._gathering = None if self._gathering is bundle else self._gathering
            lost = error if isinstance(error, StoreUnavailable) else StoreUnavailable("the question was given up")
            for answer in bundle.answers:
                if not answer.done():
                    answer.set_exception(lost)
            raise
        for answer, reply in zip(bundle.answers, replies, strict=True):
            if not answer.done():
                answer.set_result(reply)
        return own

    def _come_back(self) -> None:
        self._on_the_way -= 1
        self._returned.set()

    def _enter_loop(self) -> None:
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._gathering, self._on_the_way, self._returned = loop, None, 0, asyncio.Event()
