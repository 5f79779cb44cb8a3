"""The tracker knows of each order what is true of it, whatever becomes of calls, replies and the program's patience."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import anyio
import pytest

from bingx_async import (
    BalanceChanged,
    ClientClosed,
    FillAdded,
    Gap,
    InvalidRequest,
    NewOrder,
    OrderChanged,
    OrderStatus,
    Placement,
    Resynced,
)
from bingx_async.emulator import Delay, Fault, Variants
from bingx_async.spot.tracker.tracker import Tracker
from tests.client.exchange import Backend, backends, raising, run
from tests.tracker.world import World, in_world

LIMIT: dict[str, Any] = {"quantity": "0.01", "price": "20000"}


@backends
def test_the_life_of_orders(backend: Backend) -> None:
    """An order is tracked from its sending to its end, with its fills and what they change of the balances."""

    async def act(world: World, _client: Any, tracker: Tracker) -> None:
        bought = await tracker.place("BTC-USDT", "BUY", "MARKET", quote_quantity="500")
        done = await tracker.until_done(bought, timeout=10)
        assert (done.status, done.filled_quantity) == (OrderStatus.FILLED, done.executed_quantity)
        resting = await tracker.until_open(await tracker.place("BTC-USDT", "BUY", "LIMIT", **LIMIT), timeout=10)
        assert resting.is_open
        assert set(tracker.orders) == {bought.order_id, resting.order_id}
        assert tracker.get(resting.client_order_id.upper()) == resting
        await tracker.cancel(resting)
        assert (await tracker.until_done(resting, timeout=10)).status is OrderStatus.CANCELED
        world.check(tracker)
        assert resting.why()[0].answer == "is being sent"
        assert repr(tracker) == "<Tracker: 0 open orders of 2>"
        seen = [await anext(tracker) for _ in range(10)]
        fills = [each.fill for each in seen if isinstance(each, FillAdded)]
        assert fills == list(done.fills)
        assert {OrderChanged, FillAdded, BalanceChanged} == {type(each) for each in seen}

    run(backend, in_world(act))


@backends
def test_several_at_once(backend: Backend) -> None:
    """Each of several orders is tracked; one that was refused says so, and those after a refusal were not sent."""

    async def act(world: World, _client: Any, tracker: Tracker) -> None:
        orders = [NewOrder(symbol="BTC-USDT", side="BUY", type="LIMIT", **LIMIT) for _ in range(6)]
        orders[5] = NewOrder(symbol="BTC-USDT", side="SELL", type="LIMIT", quantity="90", price="80000")
        huge = NewOrder(symbol="ETH-USDT", side="SELL", type="LIMIT", quantity="2000", price="3000")
        told = await tracker.place_orders([*orders[:5], huge, orders[5]], sequential=True, check=False)
        assert [each.placement for each in told[:5]] == [Placement.PLACED] * 5
        assert told[5].placement is not Placement.PLACED
        world.check(tracker)

    run(backend, in_world(act))


@backends
def test_oco_orders(backend: Backend) -> None:
    """Both legs are tracked, though the exchange may send no event of them; one ends when the other is cancelled."""

    async def act(world: World, _client: Any, tracker: Tracker) -> None:
        limit, stop = await tracker.place_oco(
            "BTC-USDT", "SELL", quantity="0.01", limit_price=70000, trigger_price=40000, order_price=39900
        )
        assert limit.is_open
        assert stop.is_open
        await tracker.cancel(limit)
        ends = [await tracker.until_done(each, timeout=60) for each in (limit, stop)]
        assert [each.status for each in ends] == [OrderStatus.CANCELED] * 2
        limit, stop = await tracker.place_oco(
            "BTC-USDT", "SELL", quantity="0.01", limit_price=70000, trigger_price=40000, order_price=39900
        )
        world.emulator.set_price("BTC-USDT", 71000)
        filled = await tracker.until_done(limit, timeout=60)
        assert (filled.status, filled.filled_quantity) == (OrderStatus.FILLED, Decimal("0.01"))
        assert (await tracker.until_done(stop, timeout=60)).status is OrderStatus.CANCELED
        assert len(filled.fills) == 1

    run(backend, in_world(act))


@backends
@pytest.mark.parametrize("kind", ["TRIGGER_LIMIT", "TAKE_STOP_MARKET"])
def test_conditional_orders(kind: str, backend: Backend) -> None:
    """A conditional order that fires is known to have done so."""

    async def act(world: World, _client: Any, tracker: Tracker) -> None:
        price: dict[str, Any] = {"price": "59000"} if kind.endswith("LIMIT") else {}
        order = await tracker.place("BTC-USDT", "SELL", kind, quantity="0.01", stop_price="60000", **price)
        assert order.is_open
        world.emulator.set_price("BTC-USDT", 59500)
        done = await tracker.until_done(order, timeout=60)
        assert (done.status, done.filled_quantity) == (OrderStatus.FILLED, Decimal("0.01"))

    run(backend, in_world(act))


@backends
def test_replacing(backend: Backend) -> None:
    """The old order ends and the new one is tracked."""

    async def act(world: World, _client: Any, tracker: Tracker) -> None:
        old = await tracker.place("BTC-USDT", "BUY", "LIMIT", **LIMIT)
        new = NewOrder(symbol="BTC-USDT", side="BUY", type="LIMIT", quantity="0.01", price="20100")
        outcome = await tracker.replace(old, new)
        assert (await tracker.until_done(old, timeout=10)).status is OrderStatus.CANCELED
        assert (await tracker.until_open(outcome.place.client_order_id, timeout=10)).price == Decimal(20100)
        world.check(tracker)

    run(backend, in_world(act))


@backends
def test_orders_of_others(backend: Backend) -> None:
    """Orders that were placed elsewhere are there; in a strategy's tracker only its own are."""

    async def main() -> None:
        world = World()
        world.emulator.rest_orders("1", "BTC-USDT", 2)
        async with world.client() as client:
            grid = client.spot.as_strategy("grid7")
            early = await grid.place_limit_order("BTC-USDT", "BUY", "0.01", "17000")
            async with client.spot.tracker() as everything, grid.tracker() as mine:
                order = await mine.place("BTC-USDT", "BUY", "LIMIT", **LIMIT)
                manual = await client.spot.place_limit_order("BTC-USDT", "BUY", "0.01", "18000")
                await anyio.sleep(1)
                assert set(mine.orders) == {early.order_id, order.order_id}
                assert order.client_order_id.startswith("bx_grid7_")
                assert everything.orders.keys() == world.booked().keys() >= {manual.order_id, early.order_id}
                world.emulator.set_price("BTC-USDT", 16000)
                await mine.until_done(order, timeout=5)
                await anyio.sleep(5)
                assert set(mine.orders) == {early.order_id, order.order_id}
                world.check(everything)
                world.check(mine)

    run(backend, main)


@backends
def test_events_without_a_name(backend: Backend) -> None:
    """An event that comes before the reply to the placing, and names no client order id, is not lost on a strategy's
    tracker: as soon as the reply tells the order id, it counts."""

    async def main() -> None:
        world = World(variants=Variants(event_client_id="absent"))
        world.emulator.inject(Fault(Delay(down=0.5), endpoint="place_order"))
        async with world.client() as client, client.spot.as_strategy("grid7").tracker() as mine:
            order = await mine.place("BTC-USDT", "BUY", "MARKET", quote_quantity=100)
            final = await mine.until_done(order, timeout=0.05)
            assert final.status is OrderStatus.FILLED
            assert len(final.fills) == 1
            await anyio.sleep(5)
            world.check(mine)

    run(backend, main)


@backends
def test_a_slow_program(backend: Backend) -> None:
    """Changes that are not taken are dropped, which is told; then comes all as it is now, and what changes later."""

    async def main() -> None:
        world = World()
        async with world.client() as client, client.spot.tracker(queue=10) as tracker:
            orders = [await tracker.place("BTC-USDT", "BUY", "LIMIT", **LIMIT) for _ in range(20)]
            await anyio.sleep(1)
            seen = [await anext(tracker) for _ in range(23)]
            assert isinstance(seen[0], Gap)
            assert [each.order.order_id for each in seen if isinstance(each, OrderChanged)] == [
                each.order_id for each in orders
            ]
            assert isinstance(seen[-1], Resynced | BalanceChanged)
            while not isinstance(seen[-1], Resynced):
                seen.append(await anext(tracker))
            await tracker.cancel(orders[0])
            after = await anext(tracker)
            assert isinstance(after, OrderChanged)
            assert after.order.order_id == orders[0].order_id

    run(backend, main)


@backends
def test_an_error_of_the_program(backend: Backend) -> None:
    """It comes out as it is; waits end, the iteration ends, and nothing is sent any more."""

    async def main() -> None:
        world, ends = World(), list[Any]()

        async def wait(tracker: Tracker, order: Any) -> None:
            with raising(ClientClosed):
                await tracker.until_done(order)
            ends.append("wait")

        async def iterate(tracker: Tracker) -> None:
            ends.append([type(change) async for change in tracker])

        async with world.client() as client, anyio.create_task_group() as tasks:
            with raising(KeyError):
                async with client.spot.tracker() as tracker:
                    order = await tracker.place("BTC-USDT", "BUY", "LIMIT", **LIMIT)
                    tasks.start_soon(wait, tracker, order)
                    tasks.start_soon(iterate, tracker)
                    await anyio.sleep(1)
                    raise KeyError("the program's own")
            with raising(ClientClosed):
                await tracker.place("BTC-USDT", "BUY", "LIMIT", **LIMIT)
            with pytest.raises(InvalidRequest, match="entered once"):
                await tracker.__aenter__()
        (changes,) = [each for each in ends if each != "wait"]
        assert len(ends) == 2
        assert OrderChanged in changes
        assert world.emulator.stats().streams.open == 0

    run(backend, main)
