"""An order book before the emulator, whose streams fail."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import anyio
import pytest

from bingx_async import BingXClient, Governor
from bingx_async.emulator import Emulator, Variants
from bingx_async.emulator.streams.faults import Cut, Drop, Duplicate, Reorder, StreamFault
from bingx_async.emulator.streams.increments import Increments
from bingx_async.spot.streaming.order_book import OrderBook
from bingx_async.testing import simulated_clock
from tests.client.exchange import Backend, backends, run

CHANNEL, MINUTES = "incrDepth", 5
FAULTS = (
    StreamFault(Drop(), topic=CHANNEL, probability=0.03),
    StreamFault(Duplicate(), topic=CHANNEL, probability=0.05),
    StreamFault(Reorder(), topic=CHANNEL, probability=0.05),
    StreamFault(Cut("reset", after=60)),
)


Sides = list[list[tuple[Decimal, ...]]]


def sides(book: OrderBook) -> Sides:
    """Bids and asks as a reader sees them."""
    return [[(level.price, level.quantity) for level in side] for side in (book.bids(1000), book.asks(1000))]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> dict[int, Sides]:
    """The true bids and asks at each id."""
    found, change = dict[int, Sides](), Increments.change

    def kept(self: Increments, time: int) -> Mapping[str, object] | None:
        data = change(self, time)
        found[self.book.last_update_id] = [[level[:2] for level in side] for side in (self.book.bids, self.book.asks)]
        return data

    monkeypatch.setattr(Increments, "change", kept)
    return found


@backends
@pytest.mark.parametrize(("ids", "least"), [("consecutive", 0.6), ("gaps", 0.05)])
def test_it_equals_the_book_that_was_told(backend: Backend, ids: str, least: float, told: dict[int, Sides]) -> None:
    """Whenever it is not stale, through lost, repeated and disordered messages, resets and skipped ids; and it is not
    stale for most of the time, if the exchange does not skip ids."""

    async def main() -> None:
        clock, changes, right = simulated_clock(), 0, 0
        emulator = Emulator(variants=Variants(depth_ids=ids), clock=clock.now)
        for fault in FAULTS:
            emulator.inject(fault)
        async with BingXClient(transport=emulator.transport(), governor=Governor(clock=clock)) as client:
            book = client.spot.streams.order_book("BTC-USDT")
            async with book:
                with anyio.move_on_after(MINUTES * 60):
                    async for _ in book:
                        changes += 1
                        if not book.is_stale:
                            right += 1
                            assert sides(book) == told[book._book.last or 0]
        assert changes > MINUTES * 30
        assert right > changes * least

    run(backend, main)
