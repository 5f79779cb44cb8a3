"""Two strategies, of which one's name begins the other's, and orders by hand, on one account of the emulator."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from attrs import frozen

from bingx_async import BingXClient, CancelStatus, Governor, NewOrder, PlaceStatus
from bingx_async.emulator import Account, CloseAfter, Emulator, Fault, Html
from bingx_async.spot import SpotApi, Strategy
from bingx_async.testing import simulated_clock
from tests.client.exchange import Backend, backends, run

UID, KEY, SECRET = "1001", "key-of-1001", "secret-of-1001"
LIMIT: dict[str, Any] = {"side": "BUY", "type": "LIMIT", "price": "50000", "quantity": "0.001"}
OCO: dict[str, Any] = {"quantity": "0.001", "limit_price": 72000, "order_price": 57990, "trigger_price": 58000}


@frozen
class Live:
    """The ids that are open in the emulator's book: order ids, and the ids of lists of pairs."""

    orders: frozenset[int]
    pairs: frozenset[str]

    @classmethod
    def of(cls, emulator: Emulator) -> Live:
        orders, pairs = emulator.open_orders(UID), emulator.open_oco_orders(UID)
        return cls(frozenset(it.order_id for it in orders), frozenset(it.list_id for it in pairs))

    def without(self, other: Live) -> Live:
        return Live(self.orders - other.orders, self.pairs - other.pairs)


def exchange() -> tuple[Emulator, Any]:
    """An emulator with one account, and a maker of clients that know nothing of each other."""
    clock = simulated_clock()
    account = Account(UID, KEY, SECRET, balances={"USDT": Decimal(100_000), "BTC": Decimal(1)})
    emulator = Emulator([account], clock=clock.wall, latency=0.02, jitter=0.01)

    def client(**settings: Any) -> BingXClient:
        governor = Governor(clock=simulated_clock())
        return BingXClient(
            KEY, SECRET, account=UID, governor=governor, transport=emulator.transport(), timeout=3, **settings
        )

    return emulator, client


async def place(emulator: Emulator, trader: SpotApi | Strategy) -> Live:
    """A plain order, a batch, an order that replaces another, and an OCO order; what is open of them."""
    before = Live.of(emulator)
    await trader.place_order("BTC-USDT", **LIMIT)
    await trader.place_order("ETH-USDT", "BUY", "LIMIT", price="2500", quantity="0.01")
    outcomes = await trader.place_orders([NewOrder(symbol="BTC-USDT", **LIMIT) for _ in range(7)])
    assert [outcome.status for outcome in outcomes] == [PlaceStatus.PLACED] * 7
    old = await trader.place_order("BTC-USDT", **LIMIT)
    new = NewOrder(symbol="BTC-USDT", **{**LIMIT, "price": "51000"})
    replaced = await trader.replace_order("BTC-USDT", cancel_order_id=old.order_id, order=new)
    assert (replaced.cancel.status, replaced.place.status) == (CancelStatus.CANCELLED, PlaceStatus.PLACED)
    await trader.place_oco_order("BTC-USDT", "SELL", **OCO)
    mine = Live.of(emulator).without(before)
    assert (len(mine.orders), len(mine.pairs)) == (10, 1)
    return mine


@backends
def test_cancel_mine_touches_its_own_alone(backend: Backend) -> None:
    """What one strategy cancels is all that it placed, plain, in a batch, in the place of another order, or as an OCO
    order, and nothing of the strategy whose name begins alike, nor what was placed by hand."""

    async def main() -> None:
        emulator, client = exchange()
        async with client() as one:
            await one.spot.place_order("BTC-USDT", **LIMIT, client_order_id="bx_grid")
            by_hand = emulator.rest_orders(UID, "BTC-USDT", 2, client_order_ids=["", "bx_grid7"])
            hand = await place(emulator, one.spot)
            grid, grid7 = one.spot.as_strategy("grid"), one.spot.as_strategy("grid7")
            of_grid, of_grid7 = await place(emulator, grid), await place(emulator, grid7)
            before = Live.of(emulator)
            done = await grid.cancel_mine()
            assert [outcome.status for outcome in done] == [CancelStatus.CANCELLED] * 11
            assert Live.of(emulator) == before.without(of_grid)
            assert len(await grid7.cancel_mine()) == 11
            left = Live.of(emulator)
            assert left == before.without(of_grid).without(of_grid7)
            assert hand.orders | set(by_hand) < left.orders
            assert (len(left.orders), left.pairs) == (13, hand.pairs)

    run(backend, main)


@backends
def test_after_a_restart(backend: Backend) -> None:
    """A process that starts anew under the same name knows its orders again, and those alone."""

    async def main() -> None:
        emulator, client = exchange()
        async with client(strategy="Grid7") as first:
            of_grid7 = await place(emulator, first.spot)
        async with client(strategy="grid") as other:
            of_grid = await place(emulator, other.spot)
        async with client(strategy="grid7") as second:
            strategy, before = second.spot.as_strategy(), Live.of(emulator)
            assert {order.order_id for order in await strategy.list_open_orders()} == of_grid7.orders
            assert len(await strategy.cancel_mine()) == 11
            assert Live.of(emulator) == before.without(of_grid7) == of_grid

    run(backend, main)


@backends
def test_a_reply_is_lost(backend: Backend) -> None:
    """Also where replies are lost, only its own orders go, and in the end all of them."""

    async def main() -> None:
        emulator, client = exchange()
        async with client() as one:
            grid, grid7 = one.spot.as_strategy("grid"), one.spot.as_strategy("grid7")
            of_grid, of_grid7 = await place(emulator, grid), await place(emulator, grid7)
            emulator.inject(Fault(CloseAfter(), endpoint="cancel_orders", times=1))
            emulator.inject(Fault(Html(502), endpoint="cancel_oco_order", times=1))
            await grid7.cancel_mine()
            await grid7.cancel_mine()
            assert Live.of(emulator) == of_grid
            assert of_grid7.orders.isdisjoint(of_grid.orders)

    run(backend, main)
