"""Whatever a connection loses is read again: gaps are told at once, their end only once everything was read."""

from __future__ import annotations

from collections import Counter
from typing import Any

import anyio

from bingx_async import BalanceUpdate, FillAdded, Gap, OrderStatus, OrderUpdate, Resynced
from bingx_async.emulator import Fault, Html, Variants
from bingx_async.emulator.streams.faults import Cut, Drop, StreamFault
from bingx_async.spot.tracker.tracker import Tracker
from tests.client.exchange import Backend, backends, run
from tests.sizes import mostly_asyncio
from tests.tracker.world import World, gather, kinds, refused

LIMIT: dict[str, Any] = {"quantity": "0.01", "price": "20000"}


@backends
def test_a_gap(backend: Backend) -> None:
    """What happens while the connection is down is known afterwards: an order filled, one placed elsewhere, one both
    placed and done; fills come once, and `until_done` waits across the gap."""

    async def main() -> None:
        world, items, done = World(), list[Any](), list[Any]()

        async def wait(tracker: Tracker, order: Any) -> None:
            done.append(await tracker.until_done(order, timeout=60))

        async with world.client() as client, client.spot.tracker() as tracker, anyio.create_task_group() as tasks:
            tasks.start_soon(gather, tracker, items)
            order = await tracker.place("BTC-USDT", "BUY", "LIMIT", **LIMIT)
            tasks.start_soon(wait, tracker, order)
            await anyio.sleep(1)
            world.emulator.inject(StreamFault(Cut("reset", after=0.001, is_random=False), times=3))
            world.emulator.drop_streams("reset")
            await anyio.sleep(0.01)
            assert len(kinds(items, Gap)) == 1
            assert not tracker.is_synced
            world.emulator.set_price("BTC-USDT", 19000)
            sold = await client.spot.place_market_order("BTC-USDT", "SELL", quantity="0.5")
            resting = await client.spot.place_limit_order("ETH-USDT", "BUY", "0.1", "100")
            await anyio.sleep(60)
            assert tracker.is_synced
            assert tracker.orders.keys() == {order.order_id, sold.order_id, resting.order_id}
            world.check(tracker)
            assert [each.status for each in done] == [OrderStatus.FILLED]
            fills = Counter(each.fill.trade_id for each in kinds(items, FillAdded))
            assert set(fills.values()) == {1}
            signs = kinds(items, Gap, Resynced)
            assert [type(each) for each in signs] == [Gap, Resynced]
            assert signs[0].since == signs[1].since < signs[1].at
            tasks.cancel_scope.cancel()

    run(backend, main)


@backends
def test_a_recovery_that_fails(backend: Backend) -> None:
    """Reads that fail are repeated, ever more slowly and no more than the quota; the gap stays open until then."""

    async def main() -> None:
        world, items = World(), list[Any]()
        async with world.client() as client, client.spot.tracker() as tracker, anyio.create_task_group() as tasks:
            tasks.start_soon(gather, tracker, items)
            order = await tracker.place("BTC-USDT", "BUY", "LIMIT", **LIMIT)
            world.emulator.inject(Fault(Html(502), endpoint="list_open_orders"))
            world.emulator.drop_streams()
            world.emulator.set_price("BTC-USDT", 19000)
            await anyio.sleep(120)
            assert [type(each) for each in kinds(items, Gap, Resynced)] == [Gap]
            assert not tracker.is_synced
            world.emulator.clear_faults()
            await anyio.sleep(90)
            assert [type(each) for each in kinds(items, Gap, Resynced)] == [Gap, Resynced]
            assert (await tracker.until_done(order, timeout=1)).status is OrderStatus.FILLED
            world.check(tracker)
            tasks.cancel_scope.cancel()

    run(backend, main)


@backends
def test_a_closed_period(backend: Backend) -> None:
    """While the exchange has closed an endpoint, a recovery waits for its moment and sends nothing there."""

    async def main() -> None:
        world, items = World(), list[Any]()
        async with world.client() as client, client.spot.tracker() as tracker, anyio.create_task_group() as tasks:
            tasks.start_soon(gather, tracker, items)
            await tracker.place("BTC-USDT", "BUY", "LIMIT", **LIMIT)
            world.emulator.close_endpoint("1", "list_open_orders", 45_000)
            world.emulator.drop_streams()
            await anyio.sleep(120)
            signs = [(at, item) for at, item in items if isinstance(item, Gap | Resynced)]
            assert [type(item) for _, item in signs] == [Gap, Resynced]
            assert 45 <= signs[1][0] - signs[0][0] < 60
            tasks.cancel_scope.cancel()
        assert refused(world) <= 1

    run(backend, main)


@backends
def test_events_that_never_come(backend: Backend) -> None:
    """Events that are lost without a sign are made up for by the readings of each minute; one that cannot be read is
    made up for at once."""

    async def main() -> None:
        world = World()
        async with world.client() as client, client.spot.tracker() as tracker:
            orders = [await tracker.place("BTC-USDT", "BUY", "LIMIT", **LIMIT) for _ in range(3)]
            world.emulator.inject(StreamFault(Drop(), topic="spot.executionReport"))
            world.emulator.inject(StreamFault(Drop(), topic="ACCOUNT_UPDATE"))
            await client.spot.cancel_order("BTC-USDT", orders[0].order_id)
            world.emulator.set_price("BTC-USDT", 19000)
            ends = [(await tracker.until_done(order, timeout=150)).status for order in orders]
            assert ends == [OrderStatus.CANCELED, OrderStatus.FILLED, OrderStatus.FILLED]
            bought = await tracker.place("BTC-USDT", "BUY", "MARKET", quote_quantity="100")
            began = anyio.current_time()
            await tracker.until_done(bought, timeout=60)
            assert anyio.current_time() - began < 10
            await anyio.sleep(61)
            world.check(tracker)

    run(backend, main)


@mostly_asyncio
def test_not_found_is_not_final(backend: Backend) -> None:
    """An order that the exchange does not show anywhere stays as it was, with what was asked as evidence, and is asked
    for ever more rarely: the error budget stays open."""

    async def main() -> None:
        world = World()
        async with world.client() as client, client.spot.tracker() as tracker:
            orders = [await tracker.place("BTC-USDT", "BUY", "LIMIT", **LIMIT) for _ in range(8)]
            book = world.book
            hidden = {order.order_id: book.orders.pop(int(order.order_id or 0)) for order in orders}
            for order_id in hidden:
                del book.all_orders[int(order_id or 0)]
            book._by_client_id.clear()
            await anyio.sleep(3600)
            for order in orders:
                known = tracker.orders[order.order_id or 0]
                assert known.is_open
                assert any("not exist" in each.answer for each in known.why())
            other = await client.spot.place_limit_order("BTC-USDT", "BUY", "0.01", "18000")
            assert (await client.spot.get_order("BTC-USDT", other.order_id)).order_id == other.order_id
        assert refused(world) == 0

    run(backend, main)


@backends
def test_streams_of_the_account(backend: Backend) -> None:
    """`streams.orders()` and `.balances()` give events as they come, and after a gap what was read in their place."""

    async def main() -> None:
        world, orders, balances = World(), list[Any](), list[Any]()
        async with world.client() as client:
            streams = client.spot.streams
            async with (
                streams.orders() as order_events,
                streams.balances() as balance_events,
                anyio.create_task_group() as tasks,
            ):
                tasks.start_soon(gather, order_events, orders)
                tasks.start_soon(gather, balance_events, balances)
                resting = await client.spot.place_limit_order("BTC-USDT", "BUY", "0.01", "20000")
                await anyio.sleep(1)
                (update,) = kinds(orders, OrderUpdate)
                assert (update.order.order_id, update.execution, update.is_recovered) == (
                    resting.order_id,
                    "NEW",
                    False,
                )
                assert kinds(balances, BalanceUpdate)[-1].balances[0].locked == 200
                world.emulator.drop_streams("reset")
                world.emulator.set_price("BTC-USDT", 19000)
                await anyio.sleep(30)
                _, gap, *recovered, end = [item for _, item in orders]
                assert (type(gap), type(end)) == (Gap, Resynced)
                assert {(each.is_recovered, each.order.status) for each in recovered} == {(True, OrderStatus.FILLED)}
                (fill,) = [each.fill for each in recovered if each.fill is not None]
                assert fill.order_id == resting.order_id
                assert [type(each) for each in kinds(balances, Gap, Resynced)] == [Gap, Resynced]
                read = [each for each in kinds(balances, BalanceUpdate) if each.is_recovered]
                assert {each.balances[0].asset for each in read} == {"USDT", "BTC"}
                tasks.cancel_scope.cancel()
        assert world.emulator.stats().streams.open == 0

    run(backend, main)


@backends
def test_orders_that_go_on_under_another_id(backend: Backend) -> None:
    """A conditional order that is triggered may get another order id: it stays one order."""

    async def main() -> None:
        world = World(variants=Variants(triggered_id="new"))
        async with world.client() as client, client.spot.tracker() as tracker:
            order = await tracker.place(
                "BTC-USDT", "SELL", "TRIGGER_LIMIT", quantity="0.01", stop_price="60000", price="62000"
            )
            world.emulator.set_price("BTC-USDT", 59500)
            await anyio.sleep(30)
            assert (await tracker.until_open(order, timeout=1)).is_open
            world.emulator.set_price("BTC-USDT", 62500)
            done = await tracker.until_done(order, timeout=60)
            assert (done.status, len(tracker.orders)) == (OrderStatus.FILLED, 1)

    run(backend, main)
