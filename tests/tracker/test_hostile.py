"""A tracker where things go wrong in ways that are easily forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import anyio
import pytest

from bingx_async import (
    IntentOutcome,
    InvalidRequest,
    MemoryJournal,
    Order,
    OrderStatus,
    OrderType,
    Side,
    TrackedOrder,
)
from bingx_async.core.channel import Push
from bingx_async.core.order_state import OrderStates
from bingx_async.emulator import Answer, Fault
from bingx_async.spot.streaming.channels import BALANCES
from bingx_async.spot.tracker.feed import Feed
from bingx_async.spot.tracker.waiting import Waiting
from tests.client.exchange import Backend, backends, refused, run
from tests.tracker.world import World

LIMIT: dict[str, Any] = {"quantity": "0.01", "price": "20000"}
AT = datetime(2026, 1, 1, tzinfo=UTC)


@backends
def test_waiting_for_a_triggered_order(backend: Backend) -> None:
    """A wait for an order that goes on under another order id ends with the order, not with the timeout; nothing of a
    wait is left."""

    async def main() -> None:
        states, waiting, ends = OrderStates(), Waiting(), list[tuple[float, str]]()

        def take(order_id: int, kind: OrderType, status: OrderStatus, executed: int, at: datetime) -> None:
            about = (Decimal(1), Decimal(1), Decimal(2), Decimal(executed))
            order = Order("BTC-USDT", order_id, "mine", *about, None, status, kind, Side.BUY, update_time=at)
            states.take_order(order, "get_order", at)
            waiting.tell(known())

        def known() -> TrackedOrder:
            return states.find("mine") or TrackedOrder("", "")

        async def wait() -> None:
            begun = anyio.current_time()
            order = await waiting.until(known, lambda it: it.status.is_final, 60)
            ends.append((round(anyio.current_time() - begun), str(order.order_id)))

        take(100, OrderType.TRIGGER_LIMIT, OrderStatus.NEW, 0, AT)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait)
            await anyio.sleep(2)
            take(200, OrderType.LIMIT, OrderStatus.FILLED, 2, AT + timedelta(seconds=2))
        assert ends == [(2, "200")]
        with anyio.move_on_after(1):
            await waiting.until(known, lambda _: False, None)
        assert not waiting._waiting

    run(backend, main)


@backends
def test_one_symbol_that_cannot_be_read(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the exchange refuses the fills of one symbol, those of others are read all the same and the gap ends; the
    order says why it is not done, and is once the exchange tells of it."""

    async def main() -> None:
        world = World()
        async with world.client() as client, client.spot.tracker() as tracker:
            orders = [
                await tracker.place(symbol, "BUY", "LIMIT", quantity="0.01", price=price)
                for symbol, price in (("BTC-USDT", "20000"), ("ETH-USDT", "100"))
            ]
            answer = Answer(refused(80099, "the symbol is offline").encode())
            world.emulator.inject(Fault(answer, endpoint="iter_fills", when=lambda it: "BTC-USDT" in it.query))
            monkeypatch.setattr(Feed, "take", lambda *_: None)
            world.emulator.set_price("BTC-USDT", 19000)
            world.emulator.set_price("ETH-USDT", 90)
            await anyio.sleep(1)
            world.emulator.drop_streams()
            await anyio.sleep(60)
            lacking, done = [tracker.get(order) for order in orders]
            assert lacking is not None
            assert done is not None
            assert (lacking.is_done, done.is_done, tracker.is_synced) == (False, True, True)
            assert "the symbol is offline" in lacking.why()[-1].answer
            world.emulator.clear_faults()
            assert (await tracker.until_done(lacking, timeout=300)).filled_quantity == Decimal("0.01")
            world.check(tracker)

    run(backend, main)


@backends
def test_events_that_cannot_be_read(backend: Backend) -> None:
    """However many come, everything is read in their place at once, and no more than every ten seconds from then on."""

    async def main() -> None:
        world = World()
        async with world.client() as client, client.spot.tracker() as tracker:
            await anyio.sleep(20)
            read = lambda: world.emulator.stats().of("1", "list_open_orders").accepted  # noqa: E731
            before, feed = read(), tracker._engine._follower.feed
            empty = Push(BALANCES.topic, {"e": "ACCOUNT_UPDATE", "a": {"m": "ORDER", "B": []}}, None, 0.0)
            feed.take(empty)
            await anyio.sleep(1)
            assert read() == before + 1
            for _ in range(300):
                feed.take(empty)
                await anyio.sleep(0.1)
            assert read() <= before + 4

    run(backend, main)


class Slow(MemoryJournal):
    """One that takes its time, and loses outcomes."""

    async def record(self, intents: Any) -> None:
        """See `Journal`."""
        await anyio.sleep(0.05)
        if any(each.outcome is not IntentOutcome.OPEN for each in intents):
            raise OSError("the store is away")
        await super().record(intents)


@backends
def test_one_id_twice(backend: Backend) -> None:
    """Of two orders with one client order id that are placed at the same time the second is refused and not sent; the
    journal has the first."""

    async def main() -> None:
        world, journal = World(), Slow()
        async with world.client() as client, client.spot.tracker(journal) as tracker:
            ends = list[Any]()

            async def place(quantity: str) -> None:
                about: Any = {"quantity": quantity, "price": "20000", "client_order_id": "same"}
                try:
                    ends.append((await tracker.place("BTC-USDT", "BUY", "LIMIT", **about)).original_quantity)
                except InvalidRequest as error:
                    ends.append(str(error))

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(place, "0.01")
                tasks.start_soon(place, "0.02")
            (refusal,) = [each for each in ends if isinstance(each, str)]
            (placed,) = [each for each in ends if isinstance(each, Decimal)]
            assert "is that of an order placed before" in refusal
            assert len(world.booked()) == 1
            assert Decimal(str(journal.kept["same"].params["quantity"])) == placed

    run(backend, main)


@backends
def test_a_journal_of_the_program(backend: Backend, caplog: pytest.LogCaptureFixture) -> None:
    """One that raises anything at all when outcomes are written ends neither the program nor the tracker, and is
    closed in the end; an outcome that was not written is found out at the next start."""

    async def main() -> None:
        world, journal = World(), Slow()
        async with world.client() as client:
            async with client.spot.tracker(journal) as tracker:
                order = await tracker.place("BTC-USDT", "BUY", "LIMIT", **LIMIT)
                await anyio.sleep(100)
                assert tracker.is_synced
            assert not journal._is_open
            async with client.spot.tracker(journal) as tracker:
                assert (await tracker.until_open(order.client_order_id, timeout=1)).order_id == order.order_id

    run(backend, main)
    assert "OSError" in caplog.text


@backends
def test_not_entered(backend: Backend) -> None:
    """To iterate without `async with` raises an error that says so, instead of waiting for ever."""

    async def main() -> None:
        async with World().client() as client:
            for each in (client.spot.tracker(), client.spot.streams.orders(), client.spot.streams.balances()):
                with pytest.raises(InvalidRequest, match=r"enter the (tracker|stream) first: async with"):
                    aiter(each)

    run(backend, main)
