"""`python -m tests.streams.books 10000`: as many seeded sequences of updates with faults, compared with the truth.

At each message: a book that says that it is right equals the true book at its id, and none is crossed. At each quiet
moment, when all that was sent has come: it equals the true book, or says that it is stale. After half a minute without
faults it is right.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from time import perf_counter

import anyio

from bingx_async.models import BookPolicy, Level
from bingx_async.spot.streaming.order_book import OrderBook
from tests.client.exchange import Backend, run
from tests.streams.book_exchange import NONE, TICK, BookExchange, Levels, some_faults

ROUNDS = 3
SECONDS = 45.0  # after faults: two paced subscriptions, of which the first brings nothing, perhaps
Plain = tuple[Levels, Levels]


def plain(levels: Sequence[Level]) -> Levels:
    """As the true book writes it; in order."""
    return {int(level.price): int(level.quantity) for level in levels}


class Watch:
    """Looks at a book as a reader sees it."""

    def __init__(self, exchange: BookExchange, book: OrderBook) -> None:
        self.exchange, self.book, self.found = exchange, book, Counter[str]()

    def seen(self) -> Plain:
        """What a reader sees, best price first."""
        bids, asks = self.book.bids(1000), self.book.asks(1000)
        if bids and asks:
            assert self.book.best_bid == bids[0] < asks[0] == self.book.best_ask
        assert list(bids) == sorted(bids, reverse=True)
        assert list(asks) == sorted(asks)
        return plain(bids), plain(asks)

    def after(self) -> None:
        """A message was delivered."""
        seen = self.seen()
        self.found["messages"] += 1
        if not self.book.is_stale:
            self.found["right"] += 1
            last = self.book._book.last  # pyright: ignore[reportPrivateUsage]
            assert last is not None
            assert seen == self.exchange.truth[last], f"at {last}"

    def quiet(self) -> None:
        """All that was sent has come."""
        assert self.exchange.flying == 0 or self.book.is_stale
        self.found["quiet moments"] += 1
        if not self.book.is_stale:
            self.found["quiet and right"] += 1
            assert self.seen() == (self.exchange.market.bids, self.exchange.market.asks)


async def play(seed: int) -> Counter[str]:
    """One sequence; what was seen of it."""
    exchange = BookExchange(seed)
    exchange.faults, exchange.is_trading = some_faults(exchange.draw), True
    book = OrderBook(exchange, "BTC-USDT")
    watch = Watch(exchange, book)
    exchange.after = watch.after
    async with book:
        for _ in range(ROUNDS):
            await trade(exchange, watch)
        exchange.faults, exchange.is_trading = NONE, True
        await anyio.sleep(SECONDS)
        exchange.is_trading = False
        await anyio.sleep(1.0)
        assert not book.is_stale, book.stale_because
        watch.quiet()
        watch.found["gaps"] += book.gaps
        watch.found["tolerant"] += book.policy is BookPolicy.TOLERANT or len(exchange.reports) > 0
        watch.found["asked for again"] += exchange.restarts
    return watch.found


async def trade(exchange: BookExchange, watch: Watch) -> None:
    """Some updates with faults, then silence."""
    exchange.is_trading = True
    await anyio.sleep(exchange.draw.uniform(3.0, 20.0))
    exchange.is_trading = False
    await anyio.sleep(TICK / 2)
    if exchange.is_subscribed:
        exchange.speak()
    if exchange.flying:
        await exchange.landed.wait()
    for pause in (0.0, 2.0, 3.0):
        await anyio.sleep(pause)
        if not exchange.flying:
            watch.quiet()


def sequence(seed: int, backend: Backend = "asyncio") -> Counter[str]:
    """Play one, and name its seed where it fails."""
    try:
        return run(backend, lambda: play(seed))
    except BaseException as error:
        error.add_note(f"seed {seed}")
        raise


def main(total: int) -> None:
    """Play many on all processors, and print what was seen."""
    began, found = perf_counter(), Counter[str]()
    with ProcessPoolExecutor() as pool:
        for each in pool.map(sequence, range(total), chunksize=50):
            found.update(each)
    print(f"{total} sequences in {perf_counter() - began:.0f} s, none of them wrong:")
    print(", ".join(f"{number} {name}" for name, number in found.items()))


if __name__ == "__main__":
    main(int(float(sys.argv[1])) if sys.argv[1:] else 10_000)
