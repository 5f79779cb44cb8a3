"""The strategies in examples/ over simulated minutes: what they believe is what the exchange has in its book."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal

import anyio

from bingx_async import BingXClient, Governor, MemoryJournal, Side
from bingx_async.emulator import Account, CloseAfter, CloseBefore, Emulator, Fault, Market
from bingx_async.emulator.streams.faults import Cut, RefuseHandshake, StreamFault
from bingx_async.emulator.trading.orders import Order
from bingx_async.spot.placing import PLACE_ORDER
from bingx_async.spot.replacing import REPLACE_ORDER
from bingx_async.testing import simulated_clock
from examples.grid import Grid
from examples.market_maker import LIMIT, MarketMaker
from tests.client.exchange import Backend, backends, run
from tests.sizes import IN_CI, in_turn, mostly_asyncio

KEYS = ("the-api-key-AAAA", "the-secret-key-BBBB")
START = {"USDT": Decimal(1000), "BTC": Decimal("0.02")}
QUANTITY = Decimal("0.001")
LINES = [Decimal(58_000 + 250 * each) for each in range(9)]


class World:
    """An emulator with one account of bounded balances, and clients of it, each as after a new start."""

    def __init__(self, market: Market, start: Mapping[str, Decimal] = START) -> None:
        self.clock = simulated_clock()
        account = Account("1001", *KEYS, balances=start)
        self.emulator = Emulator([account], market=market, clock=self.clock.wall, latency=0.02)
        self.governor: Governor | None = None
        self.seen = dict[int, Order]()  # every order that was open at some look

    def client(self) -> BingXClient:
        """A client with a governor of its own."""
        self.governor = Governor(clock=self.clock)
        return BingXClient(*KEYS, account="1001", governor=self.governor, transport=self.emulator.transport())

    async def watch(self, look: Callable[[list[Order]], None]) -> None:
        """Look at the open orders twenty times a second."""
        while True:
            orders = self.emulator.open_orders("1001")
            self.seen |= {order.order_id: order for order in orders}
            look(orders)
            await anyio.sleep(0.05)

    def net(self) -> Decimal:
        """What was bought and not sold again."""
        fills = self.emulator.fills("1001")
        return sum((it.quantity if it.order.side == "BUY" else -it.quantity for it in fills), Decimal(0))

    async def check_end(self) -> None:
        """Nothing is open or set aside, the balances are those that follow from the fills, no call was refused for a
        quota, and no client order id has been given to two orders."""
        expected = dict(START)
        for fill in self.emulator.fills("1001"):
            sign = 1 if fill.order.side == "BUY" else -1
            expected["BTC"] += sign * fill.quantity
            expected["USDT"] -= sign * fill.value
            expected[fill.order.fee_asset] -= fill.fee
        async with self.client() as client:
            balances = {
                balance.asset: (balance.free, balance.locked) for balance in await client.account.list_balances()
            }
        assert self.emulator.open_orders("1001") == []
        assert balances == {asset: (amount, 0) for asset, amount in expected.items()}
        assert self.emulator.stats().refused == 0
        orders = self.seen | {fill.order.order_id: fill.order for fill in self.emulator.fills("1001")}
        assert set(Counter(order.client_order_id for order in orders.values()).values()) <= {1}


async def beside(watch: Awaitable[None], main: Awaitable[None]) -> None:
    """Run `main`, and `watch` as long as it takes."""

    async def until_over() -> None:
        await watch

    async with anyio.create_task_group() as group:
        group.start_soon(until_over)
        await main
        group.cancel_scope.cancel()


@mostly_asyncio
def test_the_market_maker_over_minutes(backend: Backend) -> None:
    """Minutes of a wild market, with lost replies, and sockets that break every twenty seconds: on each side at
    most one order, no call that waits in a queue, and a position within the limit that is the exchange's own."""

    async def main() -> None:
        world = World(Market(volatility=0.2, step_ms=500))
        world.emulator.inject(StreamFault(Cut("reset", after=20)))
        world.emulator.inject(Fault(CloseAfter(), endpoint="replace_order", every=40))
        world.emulator.inject(Fault(CloseAfter(), endpoint="place_order", every=4))
        async with world.client() as client:
            maker = MarketMaker(client, "BTC-USDT", QUANTITY)

            def look(orders: list[Order]) -> None:
                assert max(Counter(order.side for order in orders).values(), default=0) <= 1
                assert abs(world.net()) < (LIMIT + 1) * QUANTITY
                assert world.governor is not None
                buckets = map(world.governor.snapshot().find, (PLACE_ORDER.route, REPLACE_ORDER.route))
                assert sum(bucket.waiting for bucket in buckets if bucket is not None) == 0

            await beside(world.watch(look), maker.run(240 if IN_CI else 120))
            assert maker.position() == world.net()
            assert maker.live() == []
            assert world.governor is not None
            assert world.governor.snapshot().find(REPLACE_ORDER.route) is not None
        assert maker.replaced > 50
        assert len(world.emulator.fills("1001")) > 20
        await world.check_end()

    run(backend, main)


@backends
def test_the_market_maker_without_a_book(backend: Backend) -> None:
    """While the sockets are away it has no quote in the market; once the book is right again it has two."""

    async def main() -> None:
        world = World(Market(volatility=0.001))
        async with world.client() as client, anyio.create_task_group() as group:
            group.start_soon(MarketMaker(client, "BTC-USDT", QUANTITY).run, 100)
            await anyio.sleep(20)
            assert len(world.emulator.open_orders("1001")) == 2
            world.emulator.inject(StreamFault(RefuseHandshake(503)))
            world.emulator.drop_streams("reset")
            await anyio.sleep(3)
            for _ in range(20):
                assert world.emulator.open_orders("1001") == []
                await anyio.sleep(1)
            world.emulator.clear_faults()
            await anyio.sleep(40)
            assert len(world.emulator.open_orders("1001")) == 2
        await world.check_end()

    run(backend, main)


@backends
def test_the_market_maker_without_money(backend: Backend) -> None:
    """It has enough for neither side: each is tried once a minute, too seldom for the endpoint to be closed."""

    async def main() -> None:
        world = World(Market(volatility=0.05, step_ms=500), {"USDT": Decimal(10), "BTC": Decimal(0)})
        async with world.client() as client, anyio.create_task_group() as group:
            group.start_soon(MarketMaker(client, "BTC-USDT", QUANTITY).run, 600)
            await anyio.sleep(475)
            assert world.emulator.stats().codes[100202] == 2 * 8
        assert world.emulator.stats().refused == 0

    run(backend, main)


@in_turn("seed", range(2))
def test_the_grid_goes_on(seed: int, backend: Backend) -> None:
    """Stopped at five random moments, with every seventh reply lost and every eleventh request: in each cell at most
    one order is open, and the orders that are filled buy and sell in turn."""

    async def main() -> None:
        draw, journal = random.Random(seed), MemoryJournal()
        world = World(Market(prices={"BTC-USDT": lambda ms: 59_000 + 800 * math.sin(ms / 30_000)}, step_ms=500))
        world.emulator.inject(StreamFault(Cut("reset", after=20)))
        world.emulator.inject(Fault(CloseAfter(), endpoint="place_order", every=7))
        world.emulator.inject(Fault(CloseBefore(), endpoint="place_order", every=11))

        def look(orders: list[Order]) -> None:
            assert max(Counter(cell_of(order) for order in orders).values(), default=0) <= 1

        for _ in range(6):
            async with world.client() as client:
                with anyio.move_on_after(draw.uniform(5.0, 120.0)):
                    await beside(world.watch(look), Grid(client, "BTC-USDT", LINES, QUANTITY, journal).run())
        async with world.client() as client:
            await beside(world.watch(look), Grid(client, "BTC-USDT", LINES, QUANTITY, journal).run(60))
            assert {cell_of(order) for order in world.emulator.open_orders("1001")} == set(range(8))
            await client.spot.as_strategy("grid").cancel_mine()
        for cell in range(8):
            filled = {it.order.order_id: it.order for it in world.emulator.fills("1001") if cell_of(it.order) == cell}
            sides = [order.side for order in filled.values()]
            assert sides == alternating(sides)
        assert len(world.emulator.fills("1001")) > 20
        await world.check_end()

    run(backend, main)


@backends
def test_the_grid_lets_go_of_what_was_cancelled_by_hand(backend: Backend) -> None:
    """What is cancelled while it runs is not placed again before the next start."""

    async def main() -> None:
        world, journal = World(Market(volatility=0.0, prices={"BTC-USDT": 59_100})), MemoryJournal()
        async with world.client() as client, anyio.create_task_group() as group:
            group.start_soon(Grid(client, "BTC-USDT", LINES, QUANTITY, journal).run, 60)
            await anyio.sleep(15)
            await client.spot.cancel_open_orders("BTC-USDT")
            await anyio.sleep(30)
            assert world.emulator.open_orders("1001") == []
        async with world.client() as client:
            await Grid(client, "BTC-USDT", LINES, QUANTITY, journal).run(30)
            names = sorted(order.client_order_id for order in world.emulator.open_orders("1001"))
            assert names == [f"bx_grid_{cell}_2" for cell in range(8)]
            await client.spot.as_strategy("grid").cancel_mine()
        await world.check_end()

    run(backend, main)


class Deaf(Grid):
    """Places the first orders, and does nothing about their fills."""

    async def advance(self, cell: int, first: Side | None = None) -> None:
        if cell not in self.last:
            await super().advance(cell, first)


@backends
def test_the_grid_remembers_what_was_done(backend: Backend) -> None:
    """A process dies after a fill that the journal has as settled, before it has answered it: the next one finds the
    order in the history, and sells what was bought."""

    async def main() -> None:
        world, journal = World(Market(volatility=0.0, prices={"BTC-USDT": 59_100})), MemoryJournal()
        async with world.client() as client, anyio.create_task_group() as group:
            group.start_soon(Deaf(client, "BTC-USDT", LINES, QUANTITY, journal).run, 30)
            await anyio.sleep(15)
            world.emulator.set_price("BTC-USDT", 58_900)
        before = {cell_of(order): order.client_order_id for order in world.emulator.open_orders("1001")}
        assert sorted(before) == [0, 1, 2, 3, 5, 6, 7]
        async with world.client() as client:
            await Grid(client, "BTC-USDT", LINES, QUANTITY, journal).run(30)
            after = {cell_of(order): order for order in world.emulator.open_orders("1001")}
            assert {cell: order.client_order_id for cell, order in after.items()} == before | {4: "bx_grid_4_2"}
            assert (after[4].side, Decimal(after[4].price)) == ("SELL", LINES[5])
            await client.spot.as_strategy("grid").cancel_mine()
        await world.check_end()

    run(backend, main)


def cell_of(order: Order) -> int:
    """The cell of an order of the grid."""
    return int(order.client_order_id.split("_")[2])


def alternating(sides: list[str]) -> list[str]:
    """As many sides in turn, from the same first one."""
    both = ["BUY", "SELL"] if sides[:1] == ["BUY"] else ["SELL", "BUY"]
    return [both[each % 2] for each in range(len(sides))]
