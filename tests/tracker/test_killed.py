"""A process that is killed at any await of a placing call: the next one accounts for every order, and places none a
second time."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import anyio
import pytest

from bingx_async import IntentOutcome, NewOrder, Placement
from bingx_async.emulator import Delay, Fault, Variants
from bingx_async.spot.tracker.tracker import Tracker
from tests.client.exchange import Backend, backends, run
from tests.tracker.world import MortalJournal, Process, World

Act = Callable[[Tracker], Coroutine[Any, Any, Any]]
FEWEST, MOST = 4, 400  # awaits of one act


async def place(tracker: Tracker) -> None:
    """One order that rests."""
    await tracker.place("BTC-USDT", "BUY", "LIMIT", quantity="0.01", price="20000", client_order_id="slot1")


async def buy(tracker: Tracker) -> None:
    """One order that is filled at once."""
    await tracker.place("BTC-USDT", "BUY", "MARKET", quote_quantity="500", client_order_id="slot1")


async def place_many(tracker: Tracker) -> None:
    """Seven orders in two requests."""
    await tracker.place_orders([_order(f"slot{number}") for number in range(1, 8)])


async def place_pair(tracker: Tracker) -> None:
    """An OCO order."""
    about: dict[str, Any] = {"quantity": "0.01", "limit_price": 70000, "trigger_price": 40000, "order_price": 39900}
    await tracker.place_oco("BTC-USDT", "SELL", **about)


async def replace(tracker: Tracker) -> None:
    """An order in the place of another."""
    old = await tracker.place("BTC-USDT", "BUY", "LIMIT", quantity="0.01", price="20000", client_order_id="slot1")
    await tracker.replace(old, _order("slot2"))


def _order(name: str) -> NewOrder:
    return NewOrder(symbol="BTC-USDT", side="BUY", type="LIMIT", quantity="0.01", price="19000", client_order_id=name)


async def killed_at(act: Act, at: int, slots: set[str], *faults: Fault, **settings: Any) -> bool:
    """Kill at the `at`-th await, begin anew, and hold all promises; whether there was such an await."""
    world, was_killed = World(at, **settings), False
    for fault in faults:
        world.emulator.inject(fault)
    async with anyio.create_task_group() as tasks:
        first = Process(world, tasks, MortalJournal())
        was_killed = await first.run(act, at)
        second = Process(world, tasks, first.journal.successor())

        async def account_for_all(tracker: Tracker) -> None:
            for order in tracker.orders.values():
                await tracker.until_open(order, timeout=60)
            booked = world.booked()
            names = {order.client_order_id for order in booked.values()}
            tracked = {order.client_order_id: order for order in tracker.orders.values()}
            open_or_new = {order.client_order_id for order in booked.values() if order.is_open}
            assert open_or_new <= tracked.keys()
            for name, order in tracked.items():
                assert (order.placement is Placement.PLACED) == (name in names), order.why()
                assert order.placement not in (Placement.SENDING, Placement.UNKNOWN), order.why()
            for name in sorted(slots):
                slot = tracker.get(name)
                is_there = slot is not None and slot.placement is Placement.PLACED
                settled = second.journal.kept.get(name)
                is_done = settled is not None and settled.outcome is IntentOutcome.DONE
                if not is_there and not is_done:
                    await tracker.place(
                        "BTC-USDT", "BUY", "LIMIT", quantity="0.01", price="18000", client_order_id=f"{name}again"
                    )
            for order in tracker.orders.values():
                known = await tracker.until_open(order, timeout=60)
                if known.status.is_final:
                    await tracker.until_done(order, timeout=60)
            world.check(tracker)

        await second.run(account_for_all, -1)
        taken = [order.client_order_id.removesuffix("again") for order in world.booked().values()]
        assert len(taken) == len(set(taken)), "an order was placed twice"
        assert slots <= set(taken), "an order was lost"
        assert all(each.outcome is not IntentOutcome.OPEN for each in second.journal.kept.values())
        tasks.cancel_scope.cancel()
    return was_killed


ACTS: dict[str, tuple[Act, set[str]]] = {
    "place": (place, {"slot1"}),
    "buy": (buy, {"slot1"}),
    "place_many": (place_many, {f"slot{number}" for number in range(1, 8)}),
    "place_pair": (place_pair, set()),
    "replace": (replace, {"slot1", "slot2"}),
}


@backends
@pytest.mark.parametrize("name", ACTS)
def test_at_every_await(name: str, backend: Backend) -> None:
    """Killed at each await of a placing call in turn, until there is none left."""

    async def main() -> int:
        act, slots = ACTS[name]
        for at in range(MOST):
            if not await killed_at(act, at, slots):
                return at
        return MOST

    kills = run(backend, main)
    print(f"{name}: killed at {kills} awaits")
    assert FEWEST <= kills < MOST


@backends
@pytest.mark.parametrize("name", ["place", "place_many"])
def test_an_exchange_that_is_slow_to_show(name: str, backend: Backend) -> None:
    """The same where no query finds an order in its first 1.5 s, and orders that are done vanish from the queries."""

    async def main() -> int:
        act, slots = ACTS[name]
        variants = Variants(lookup_delay_ms=1500, done_orders="vanish")
        for at in range(MOST):
            if not await killed_at(act, at, slots, variants=variants):
                return at
        return MOST

    assert FEWEST <= run(backend, main) < MOST


@backends
@pytest.mark.parametrize("name", ["place", "place_pair"])
def test_a_request_that_arrives_late(name: str, backend: Backend) -> None:
    """The same where the request reaches the exchange three seconds after it was written: the next process looks before
    that, finds nothing, and does not take that for an answer."""

    async def main() -> int:
        act, slots = ACTS[name]
        endpoint = {"place": "place_order", "place_pair": "place_oco_order"}[name]
        for at in range(MOST):
            if not await killed_at(act, at, slots, Fault(Delay(up=3.0), times=1, endpoint=endpoint)):
                return at
        return MOST

    assert FEWEST <= run(backend, main) < MOST
