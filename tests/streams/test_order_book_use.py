"""An order book is entered, left and used wrongly."""

from __future__ import annotations

import anyio

from bingx_async import InvalidRequest
from bingx_async.core.book_recovery import AWAITED
from bingx_async.errors import ClientClosed, TopicRefused
from tests.client.exchange import Backend, backends, raising, run
from tests.streams.increments import Books
from tests.streams.world import World


@backends
def test_errors_come_out_as_they_are(backend: Backend) -> None:
    """An error of the block, a refused topic and a closed client: never in a group."""

    async def main() -> None:
        world = World()
        Books(world.streams)
        client = world.client(None)
        with raising(KeyError):
            async with client.spot.streams.order_book("BTC-USDT"):
                raise KeyError("mine")
        assert world.open() == 0
        async with client.spot.streams.order_book("BTC-USDT") as book:
            await book.changed()
            await client.aclose()
            await book.changed()
            assert book.is_stale
            with raising(ClientClosed):
                await book.changed()
        world.streams.answer_to = lambda kind, topic: {"code": 80015, "msg": "no such topic"}  # type: ignore[method-assign]
        async with world.client(None) as other:
            with raising(TopicRefused):
                async with other.spot.streams.order_book("NO-COIN"):
                    pass

    run(backend, main)


@backends
def test_cancelled_while_it_waits(backend: Backend) -> None:
    """Nothing is left behind, whether it is cancelled while it is entered or later."""

    async def main() -> None:
        world = World()
        books = Books(world.streams)
        async with world.client(None) as client:
            for is_silent in (True, False):
                books.is_silent = is_silent
                with anyio.move_on_after(5) as scope:
                    async with client.spot.streams.order_book("BTC-USDT"):
                        await anyio.sleep_forever()
                assert scope.cancelled_caught
                assert world.open() == 0

    run(backend, main)


@backends
def test_wrong_use_is_refused(backend: Backend) -> None:
    """A count that is none, a symbol that is none, a book that was not entered or twice."""

    async def main() -> None:
        world = World()
        Books(world.streams)
        async with world.client(None) as client:
            with raising(InvalidRequest):
                client.spot.streams.order_book("BTCUSDT")
            book = client.spot.streams.order_book("BTC-USDT")
            assert repr(book) == f"<OrderBook BTC-USDT {AWAITED}>"
            with raising(InvalidRequest):
                aiter(book)
            async with book:
                for count in (0, -1, 1.5, True, "5", None):
                    with raising(InvalidRequest):
                        book.bids(count)  # type: ignore[arg-type]
                with raising(InvalidRequest):
                    await book.__aenter__()

    run(backend, main)
