"""An order book keeps itself: it follows the exchange, asks for a whole book where it must, and says when it may be
wrong."""

from __future__ import annotations

from datetime import UTC, datetime

import anyio

from bingx_async import BookPolicy, StreamError
from bingx_async.core.book_recovery import MISSING
from bingx_async.core.events import BookPolicyChanged
from bingx_async.spot.streaming.order_book import OrderBook
from tests.client.exchange import Backend, backends, raising, run
from tests.streams.increments import Books, level
from tests.streams.world import World


@backends
def test_it_follows_the_exchange(backend: Backend) -> None:
    """It is there when it is entered, changes with each update, and is empty and stale after the end."""

    async def main() -> None:
        world = World()
        books = Books(world.streams)
        async with world.client(None) as client, client.spot.streams.order_book("BTC-USDT") as book:
            assert not book.is_stale
            assert (book.best_bid, book.best_ask) == (level("99", "1"), level("101", "3"))
            assert book.time == datetime.fromtimestamp(1_790_000_000.010, UTC)
            assert repr(book) == "<OrderBook BTC-USDT 99 / 101>"
            await book.changed()
            books.update(asks={"101": "0"}, bids={"100": "7"})
            await book.changed()
            assert book.bids(2) == (level("100", "7"), level("99", "1"))
            assert book.asks() == (level("102", "4"),)
            assert (book.policy, book.gaps, book.stale_because) == (BookPolicy.STRICT, 0, "")
        assert (book.is_stale, book.best_bid, book.best_ask, book.asks()) == (True, None, None, ())
        assert world.open() == 0
        with raising(StreamError):
            await book.changed()
        assert [each async for each in book] == []

    run(backend, main)


@backends
def test_each_iterator_learns_of_changes(backend: Backend) -> None:
    """Changes that happen while a task does something else count as one; at the end iterating ends."""

    async def main() -> None:
        world = World()
        books, seen = Books(world.streams), dict[float, list[object]]()

        async def follow(book: OrderBook, pause: float) -> None:
            seen[pause] = []
            async for same in book:
                assert same is book
                seen[pause].append(book.best_bid and book.best_bid.quantity)
                await anyio.sleep(pause)

        async with world.client(None) as client, anyio.create_task_group() as tasks:
            book = client.spot.streams.order_book("BTC-USDT")
            async with book:
                tasks.start_soon(follow, book, 0.0)
                tasks.start_soon(follow, book, 2.5)
                for quantity in range(2, 6):
                    await anyio.sleep(1)
                    books.update(bids={"99": str(quantity)})
                await anyio.sleep(3)
        assert seen == {0.0: [1, 2, 3, 4, 5], 2.5: [1, 3, 5]}

    run(backend, main)


@backends
def test_a_missing_update_is_waited_for(backend: Backend) -> None:
    """Meanwhile the book is stale; after one and a half seconds a whole one is asked for, on the same socket."""

    async def main() -> None:
        world = World()
        books = Books(world.streams)
        async with world.client(None) as client, client.spot.streams.order_book("BTC-USDT") as book:
            books.update(2, bids={"100": "1"})
            await anyio.sleep(1.4)
            assert (book.is_stale, book.stale_because, book.best_bid) == (True, MISSING, level("99", "1"))
            await anyio.sleep(0.2)
            assert (book.is_stale, book.best_bid, book.gaps, books.subscribed) == (True, None, 1, 1)
            await anyio.sleep(1)
            assert (book.is_stale, book.best_bid, books.subscribed) == (False, level("99", "1"), 2)
            assert len(world.streams.sockets) == 1

    run(backend, main)


@backends
def test_the_policy_is_reported(backend: Backend) -> None:
    """Three gaps within a minute make it tolerant: an event, and a word of the book. It goes on, and is stale until a
    whole book has come."""

    async def main() -> None:
        world = World()
        books = Books(world.streams)
        async with world.client(None) as client, client.spot.streams.order_book("BTC-USDT") as book:
            for _ in range(3):
                books.update(2)
                await anyio.sleep(4)
            assert (book.policy, book.gaps, book.is_stale) == (BookPolicy.TOLERANT, 3, False)
            (event,) = world.hall.seen(BookPolicyChanged)
            assert isinstance(event, BookPolicyChanged)
            assert (event.symbol, event.policy, event.gaps) == ("BTC-USDT", "tolerant", 3)
            books.update(2, bids={"100": "5"})
            await anyio.sleep(2)
            assert (book.is_stale, book.best_bid, books.subscribed) == (True, level("100", "5"), 4)
            await anyio.sleep(20)
            assert (book.is_stale, book.best_bid, books.subscribed) == (False, level("99", "1"), 5)

    run(backend, main)


@backends
def test_a_crossed_book_is_never_shown(backend: Backend) -> None:
    """It is emptied, and asked for again at once."""

    async def main() -> None:
        world = World()
        books = Books(world.streams)
        async with world.client(None) as client, client.spot.streams.order_book("BTC-USDT") as book:
            async with anyio.create_task_group() as tasks:
                books.update(bids={"105": "1"})
                tasks.start_soon(book.changed)
            assert (book.is_stale, book.bids(), book.asks()) == (True, (), ())
            await anyio.sleep(1)
            assert (book.is_stale, book.best_bid, book.policy) == (False, level("99", "1"), BookPolicy.STRICT)

    run(backend, main)


@backends
def test_a_lost_connection_empties_it(backend: Backend) -> None:
    """It says why it is stale, and is whole again behind the next connection, also if ids begin anew there."""

    async def main() -> None:
        world = World()
        books = Books(world.streams)
        async with world.client(None) as client, client.spot.streams.order_book("BTC-USDT") as book:
            books.number = -9
            world.streams.socket.reset()
            while not book.is_stale:
                await book.changed()
            assert (book.best_bid, "reset" in book.stale_because.lower()) == (None, True)
            while book.is_stale:
                await book.changed()
            assert (book.best_bid, len(world.streams.sockets)) == (level("99", "1"), 2)

    run(backend, main)


@backends
def test_entering_does_not_wait_for_ever(backend: Backend) -> None:
    """Without a whole book it is entered after ten seconds, stale; the topic is subscribed again by then."""

    async def main() -> None:
        world = World()
        books = Books(world.streams)
        books.is_silent = True
        async with world.client(None) as client:
            began = anyio.current_time()
            async with client.spot.streams.order_book("BTC-USDT") as book:
                assert round(anyio.current_time() - began, 1) == 10.0
                assert (book.is_stale, book.best_ask) == (True, None)
                books.is_silent = False
                while book.is_stale:
                    await book.changed()
                assert book.best_ask == level("101", "3")

    run(backend, main)


@backends
def test_two_books_of_one_symbol(backend: Backend) -> None:
    """The second shares the topic, which brings no whole book any more, so one is asked for with the next update."""

    async def main() -> None:
        world = World()
        books = Books(world.streams)
        async with world.client(None) as client, client.spot.streams.order_book("BTC-USDT") as first:
            async with anyio.create_task_group() as tasks:

                async def second() -> None:
                    async with client.spot.streams.order_book("BTC-USDT") as book:
                        assert (book.is_stale, book.best_bid) == (False, level("99", "1"))

                tasks.start_soon(second)
                await anyio.sleep(1)
                books.update()
            await anyio.sleep(1)
            assert (first.is_stale, books.subscribed, first.gaps) == (False, 2, 0)

    run(backend, main)
