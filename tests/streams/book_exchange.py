"""An exchange that plays the increments of one order book to a sink, with faults, in simulated time.

It knows the true book at each id. What is sent may be lost, repeated, late, unreadable or wrong; ids may be skipped
without anything being lost; a whole book may come in between; the connection may break, and ids begin anew behind it.
`seed` decides everything, so a failure plays again exactly.
"""

from __future__ import annotations

import heapq
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from random import Random
from typing import Any

import anyio
from attrs import frozen

from bingx_async.core.channel import Channel, Push
from bingx_async.core.sink import Listening, Sink
from bingx_async.core.stream_limits import StreamLimits

Levels = dict[int, int]
TICK = 0.5  # seconds between two updates
WHEN = datetime(2026, 9, 22, tzinfo=UTC)


@frozen
class Faults:
    """The probability of each, for one message; `breaks` for each update."""

    lost: float = 0.0
    repeated: float = 0.0
    late: float = 0.0
    unreadable: float = 0.0
    crossed: float = 0.0
    whole: float = 0.0
    skipped: float = 0.0
    breaks: float = 0.0


NONE = Faults()


def some_faults(draw: Random) -> Faults:
    """Each fault often, seldom or not at all."""
    often, seldom = (0.0, 0.0, 0.03, 0.15), (0.0, 0.0, 0.0, 0.02)
    lost, repeated, late = (draw.choice(often) for _ in range(3))
    unreadable, crossed = draw.choice(seldom), draw.choice(seldom)
    whole, skipped, breaks = draw.choice(often), draw.choice((0.0, 0.0, 0.0, 0.1, 0.6)), draw.choice(seldom)
    return Faults(lost, repeated, late, unreadable, crossed, whole, skipped, breaks)


class Market:
    """A true book whose prices wander."""

    def __init__(self, draw: Random) -> None:
        self.draw, self.middle = draw, 1000
        self.bids: Levels = {999 - step: 5 for step in range(8)}
        self.asks: Levels = {1001 + step: 5 for step in range(8)}

    def change(self) -> tuple[Levels, Levels]:
        """What changes on both sides; 0 where a price goes."""
        draw = self.draw
        self.middle += draw.randint(-3, 3)
        bids = {price: 0 for price in self.bids if not self.middle - 12 < price < self.middle}
        asks = {price: 0 for price in self.asks if not self.middle < price < self.middle + 12}
        for _ in range(draw.randint(1, 4)):
            bids[self.middle - draw.randint(1, 9)] = draw.randint(0, 9)
            asks[self.middle + draw.randint(1, 9)] = draw.randint(0, 9)
        for side, changes in ((self.bids, bids), (self.asks, asks)):
            side.update(changes)
            for price in [price for price, quantity in side.items() if not quantity]:
                del side[price]
        return bids, asks


class BookExchange(Listening):
    """The streams of one client with one topic; `after` is called after each message that was delivered."""

    limits = StreamLimits()

    def __init__(self, seed: int) -> None:
        self.draw = Random(seed)
        self.market, self.faults, self.number = Market(self.draw), NONE, self.draw.randint(0, 1000)
        self.begins_anew = self.draw.random() < 0.5  # ids behind a lost connection
        self.shape = self.draw.choice((dict, lambda levels: [list(each) for each in levels.items()]))
        self.truth: dict[int, tuple[Levels, Levels]] = {}
        self.reports: list[tuple[str, str, int]] = []
        self.restarts = self.flying = self.generation = 0
        self.is_subscribed = self.is_trading = False
        self.after: Callable[[], None] = lambda: None
        self._plans: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._is_connected = True
        self.landed = anyio.Event()  # set when nothing is on its way
        self._earlier: anyio.Event | None = None

    @asynccontextmanager
    async def listen(self, topics: Mapping[str, Channel[Any]], sink: Sink) -> AsyncIterator[Listening]:
        """The whole book comes some time after the subscription, perhaps before its answer."""
        (self.topic,), self.sink = topics, sink
        self._plan(0.0, self._trade)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._play)
            self._subscribe()
            await anyio.sleep(self.draw.uniform(0.1, 0.4))
            yield self
            tasks.cancel_scope.cancel()

    def restart(self, topic: str) -> None:
        """As the line does it: what was sent before may still arrive."""
        self.restarts += 1
        self.sink.lost([topic], WHEN, "given up to be subscribed again")
        self._plan(0.1, self._unsubscribe)
        self._plan(0.2, self._subscribe_again)

    def report_book(self, symbol: str, policy: str, gaps: int, /) -> None:
        """Kept for the test."""
        self.reports.append((symbol, policy, gaps))

    def speak(self) -> None:
        """An update that surely comes, perhaps before older messages: a newest one that is lost leaves no trace."""
        self._send(self._update(), self.draw.uniform(0.02, 1.0))

    async def rotate(self) -> None:
        raise NotImplementedError

    async def _play(self) -> None:
        while True:
            self._earlier = anyio.Event()
            with anyio.CancelScope(deadline=self._plans[0][0]):
                await self._earlier.wait()
            while self._plans[0][0] <= anyio.current_time():
                heapq.heappop(self._plans)[2]()

    def _plan(self, delay: float, plan: Callable[[], None]) -> None:
        planned = (anyio.current_time() + delay, next(self._order), plan)
        heapq.heappush(self._plans, planned)
        if self._plans[0] is planned and self._earlier is not None:
            self._earlier.set()

    def _trade(self) -> None:
        self._plan(TICK, self._trade)
        if not self.is_trading:
            return
        if self._is_connected and self.draw.random() < self.faults.breaks:
            self._break()
        message = self._update()
        if self.is_subscribed:
            self._transmit(message)
            if self.draw.random() < self.faults.whole:
                self._transmit(self._whole())

    def _update(self) -> dict[str, Any]:
        self.number += 1 + (self.draw.randint(1, 8) if self.draw.random() < self.faults.skipped else 0)
        return self._message("update", *self.market.change())

    def _whole(self) -> dict[str, Any]:
        return self._message("all", self.market.bids, self.market.asks)

    def _message(self, action: str, bids: Levels, asks: Levels) -> dict[str, Any]:
        self.truth[self.number] = dict(self.market.bids), dict(self.market.asks)
        sides = [self.shape({str(price): str(quantity) for price, quantity in each.items()}) for each in (bids, asks)]
        return {"action": action, "lastUpdateId": self.number, "bids": sides[0], "asks": sides[1]}

    def _transmit(self, message: dict[str, Any]) -> None:
        faults, chance = self.faults, self.draw.random
        if chance() < faults.lost:
            return
        if chance() < faults.unreadable:
            message = {**message, "asks": "?"}
        elif chance() < faults.crossed:
            message = {**message, "bids": {str(self.market.middle + 500): "1"}}
        for _ in range(2 if chance() < faults.repeated else 1):
            late = self.draw.choice((0.3, 1.0, 2.5)) if chance() < faults.late else 0.0
            self._send(message, self.draw.uniform(0.02, 0.05 + late))

    def _send(self, message: dict[str, Any], delay: float) -> None:
        self.landed = self.landed if self.flying else anyio.Event()
        self.flying += 1
        generation, number = self.generation, self.number

        def deliver() -> None:
            self.flying -= 1
            if generation == self.generation:
                self.sink.take(Push(self.topic, message, 1_790_000_000_000 + number, anyio.current_time() * 1000.0))
                self.after()
            if not self.flying:
                self.landed.set()

        self._plan(delay, deliver)

    def _subscribe(self) -> None:
        self.is_subscribed = True
        self._plan(self.draw.uniform(0.05, 0.28), lambda: self._transmit(self._whole()))

    def _unsubscribe(self) -> None:
        self.is_subscribed = False

    def _subscribe_again(self) -> None:
        if not self._is_connected:
            return
        self._subscribe()
        self._plan(self.draw.uniform(0.05, 0.3), self._answer)

    def _answer(self) -> None:
        if self._is_connected:
            self.sink.back([self.topic], WHEN)

    def _break(self) -> None:
        """The connection is lost, with everything on its way."""
        self.generation += 1
        self._is_connected = self.is_subscribed = False
        self.sink.lost([self.topic], WHEN, "the connection was reset")
        if self.begins_anew:
            self.number, self.truth = 0, {}
        self._plan(self.draw.uniform(0.5, 3.0), self._connect)

    def _connect(self) -> None:
        self._is_connected = True
        self._subscribe_again()
