"""The program: it reads trades and an order book, and places and cancels orders, until its time is over."""

from __future__ import annotations

import tempfile
import tracemalloc
from collections import Counter
from contextlib import AsyncExitStack, suppress
from itertools import count
from pathlib import Path
from typing import Any

import anyio
from attrs import define, field

from bingx_async import BingXClient, Gap, Lagged, OrderNotFound, Reconnected, Resynced, StreamLimits, TrackedOrder
from bingx_async.spot.streaming.order_book import OrderBook
from bingx_async.spot.streaming.stream import Stream
from bingx_async.spot.tracker.tracker import Tracker
from tests.soak.server import exchange
from tests.soak.watching import Use

KEYS: dict[str, Any] = {"api_key": "emulator-key-1001", "secret_key": "emulator-secret-1001", "account": "1001"}
LIMITS = StreamLimits(least_silence=7.0, first_silence=10.0)
DONE_KEPT = 30  # orders that are done; by default so many are kept that an hour would be needed to see the bound
SYMBOLS = ("BTC-USDT", "ETH-USDT")
RESTING: dict[str, Any] = {"side": "BUY", "type": "LIMIT", "quantity": "0.001", "price": "20000"}
ORDERS: tuple[dict[str, Any], ...] = (
    *[RESTING] * 4,
    {"side": "BUY", "type": "MARKET", "quote_quantity": "60"},
    *[RESTING] * 4,
    {"side": "SELL", "type": "MARKET", "quantity": "0.001"},
)
LOOKS = 120  # at most, so that what is noted takes no room
PATIENCE = 120.0  # seconds for the last order, and for the last gap to end


@define
class Soak:
    """`drops`: seconds that a socket lives, on average. `counts`: what was met. `uses`: looks at the process; `before`
    and `after` without a client."""

    seconds: float
    drops: float = 6.0
    is_told: bool = False
    counts: Counter[str] = field(factory=Counter[str])
    before: Use | None = None
    uses: list[Use] = field(factory=list[Use])
    after: Use | None = None
    problems: list[str] = field(factory=list[str])

    async def run(self) -> None:
        """Run against an exchange of its own."""
        tracemalloc.start()
        with exchange(self.drops) as url, tempfile.TemporaryDirectory() as folder:
            self.before = Use.now()
            async with BingXClient(**KEYS, base_url=url, stream_limits=LIMITS) as client:
                await self._use(client, Path(folder) / "orders.db")
            await anyio.sleep(0.5)
            self.after = Use.now()
        tracemalloc.stop()

    async def _use(self, client: BingXClient, journal: Path) -> None:
        async with AsyncExitStack() as stack:
            streams = client.spot.streams
            trades = await stack.enter_async_context(streams.trades(*SYMBOLS))
            book = await stack.enter_async_context(streams.order_book(SYMBOLS[0]))
            tracker = await stack.enter_async_context(client.spot.tracker(journal))
            tracker._portfolio._orders._index.done_kept = DONE_KEPT
            async with anyio.create_task_group() as tasks:
                for reader in (self._read_trades(trades), self._read_book(book), self._read_changes(tracker)):
                    tasks.start_soon(_awaiting, reader)
                tasks.start_soon(self._watch)
                with anyio.move_on_after(self.seconds):
                    await self._trade(tracker)
                await self._settle(tracker, book)
                tasks.cancel_scope.cancel()

    async def _trade(self, tracker: Tracker) -> None:
        for number in count():
            order = await tracker.place(SYMBOLS[0], **ORDERS[number % len(ORDERS)])
            self.counts["placed"] += 1
            if order.type == "LIMIT":
                await tracker.cancel(order)
            self._check(await tracker.until_done(order, timeout=PATIENCE))

    def _check(self, order: TrackedOrder) -> None:
        self.counts[str(order.status)] += 1
        if order.filled_quantity != order.executed_quantity:
            self.problems.append(f"fills of {order.filled_quantity}, {order.executed_quantity} executed: {order}")

    async def _settle(self, tracker: Tracker, book: OrderBook) -> None:
        """Wait for an order that was cut off, and for the end of gaps; they go on, so not for all of them at once."""
        for order in list(tracker.orders.values()):
            if not order.is_done:
                with suppress(OrderNotFound):  # the cancel that was cut off has arrived
                    await tracker.cancel(order)
                await tracker.until_done(order, timeout=PATIENCE)
        with anyio.fail_after(PATIENCE):
            while not self.counts["Reconnected"]:  # noqa: ASYNC110 - a socket that fell silent is noticed late
                await anyio.sleep(0.02)
            while not tracker.is_synced:  # noqa: ASYNC110 - there is no event for it
                await anyio.sleep(0.02)
            while book.is_stale:
                await book.changed()

    async def _read_trades(self, trades: Stream[Any]) -> None:
        async for item in trades:
            kind = type(item) if isinstance(item, Lagged | Reconnected) else None
            self.counts["trades" if kind is None else kind.__name__] += 1

    async def _read_book(self, book: OrderBook) -> None:
        async for _ in book:
            self.counts["stale" if book.is_stale else "books"] += 1
            bid, ask = book.best_bid, book.best_ask
            if bid is not None and ask is not None and bid.price >= ask.price:
                self.problems.append(f"a crossed book: {bid} {ask}")

    async def _read_changes(self, tracker: Tracker) -> None:
        async for item in tracker:
            self.counts[type(item).__name__ if isinstance(item, Gap | Resynced) else "changes"] += 1

    async def _watch(self) -> None:
        begun, apart = anyio.current_time(), max(1.0, self.seconds / LOOKS)
        while True:
            self.uses.append(Use.now())
            if self.is_told:
                print(f"{anyio.current_time() - begun:6.0f} s  {self.uses[-1]}", flush=True)
            await anyio.sleep(apart)


async def _awaiting(work: Any) -> None:
    await work
