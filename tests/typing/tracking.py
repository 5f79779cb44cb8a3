"""How the tracker and the streams of an account are used, for the type checkers: this file is never run."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import assert_type

from bingx_async import (
    Balance,
    BalanceChanged,
    BalanceUpdate,
    BingXClient,
    Evidence,
    Fill,
    FillAdded,
    Gap,
    Intent,
    Journal,
    MemoryJournal,
    NewOrder,
    OrderChanged,
    OrderUpdate,
    Placement,
    ReplaceOutcome,
    Resynced,
    TrackedOrder,
)
from bingx_async.spot import AccountStream, Tracker


class Store:
    """A journal of one's own."""

    async def open(self, owner: str) -> Sequence[Intent]:
        return []

    async def record(self, intents: Sequence[Intent]) -> None: ...

    async def aclose(self) -> None: ...


async def track(client: BingXClient) -> None:
    journal: Journal = Store()
    client.spot.tracker(journal, queue=100)
    client.spot.as_strategy("grid7").tracker(MemoryJournal(), resolve_for=5)
    async with client.spot.tracker(Path("orders.db")) as tracker:
        assert_type(tracker, Tracker)
        order = await tracker.place("BTC-USDT", "BUY", "LIMIT", quantity="1", price=1, max_wait=0)
        assert_type(order, TrackedOrder)
        assert_type(order.placement, Placement)
        assert_type(order.fills, tuple[Fill, ...])
        assert_type(order.why(), tuple[Evidence, ...])
        new = NewOrder(symbol="BTC-USDT", side="BUY", type="LIMIT", quantity=1, price=1)
        assert_type(await tracker.place_orders([new, {"symbol": "BTC-USDT"}]), list[TrackedOrder])
        legs = await tracker.place_oco("BTC-USDT", "SELL", quantity=1, limit_price=3, trigger_price=2, order_price=1)
        assert_type(legs, tuple[TrackedOrder, TrackedOrder])
        assert_type(await tracker.replace(order, new), ReplaceOutcome)
        assert_type(await tracker.cancel(order), TrackedOrder)
        assert_type(await tracker.until_done(order, timeout=5), TrackedOrder)
        assert_type(await tracker.until_open(7), TrackedOrder)
        assert_type(tracker.get("mine"), TrackedOrder | None)
        assert_type(tracker.orders, Mapping[int | str, TrackedOrder])
        assert_type(tracker.balances, Mapping[str, Balance])
        async for change in tracker:
            assert_type(change, OrderChanged | FillAdded | BalanceChanged | Gap | Resynced)
    updates: AccountStream[OrderUpdate] = client.spot.streams.orders()
    async with updates as orders, client.spot.streams.balances() as balances:
        assert_type(await anext(orders), OrderUpdate | Gap | Resynced)
        assert_type(await anext(balances), BalanceUpdate | Gap | Resynced)
