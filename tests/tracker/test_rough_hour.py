"""Half an hour of trading on a bad network, with processes that are killed: every order is known, and known once."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from random import Random
from typing import Any

import anyio
import pytest

from bingx_async import BingXError, FillAdded, Gap, IntentOutcome, NewOrder, Placement
from bingx_async.emulator import CloseAfter, CloseBefore, Delay, Fault, Html
from bingx_async.emulator.streams.faults import Cut, Drop, Duplicate, EndKey, Reorder, StreamFault
from bingx_async.spot.tracker.tracker import Tracker
from tests.client.exchange import Backend, run
from tests.session.watched import LostOnTheWay
from tests.sizes import IN_CI
from tests.tracker.world import MortalJournal, Process, World

FAULTS: tuple[Any, ...] = (
    Fault(LostOnTheWay(), probability=0.01),
    Fault(CloseAfter(), probability=0.01),
    Fault(CloseBefore(), probability=0.005),
    Fault(Html(502), probability=0.005),
    Fault(Html(504, is_executed=True), probability=0.005),
    Fault(Delay(up=2.5), probability=0.002),
    Fault(Delay(down=11.0), probability=0.002),
    StreamFault(Cut("reset", after=20)),
    StreamFault(Duplicate(), probability=0.05),
    StreamFault(Reorder(), probability=0.05),
    StreamFault(Drop(), probability=0.01),
    StreamFault(EndKey(after=300), times=2),
)
PRICES = {"BTC-USDT": 60000, "ETH-USDT": 3000}
LIVES = (400, 300, 500, 600)  # seconds of one process after the other


async def trade(world: World, tracker: Tracker, chance: Random, seconds: float, told: list[Any]) -> None:
    """Place, cancel and replace orders at random; now and then give up early, or find an endpoint closed."""
    ends_at = anyio.current_time() + seconds
    while anyio.current_time() < ends_at:
        symbol = chance.choice(list(PRICES))
        try:
            with anyio.move_on_after(chance.choice([0.03, 30.0, 30.0, 30.0])):
                await act_at_random(tracker, chance, symbol)
        except BingXError as error:
            told.append(type(error).__name__)
        world.emulator.set_price(symbol, near(symbol, chance))
        if chance.random() < 0.01:
            route = chance.choice(["place_order", "cancel_order", "list_open_orders", "iter_fills", "get_order"])
            world.emulator.close_endpoint("1", route, 20_000)
        await anyio.sleep(chance.expovariate(1 / 2.0))


def near(symbol: str, chance: Random) -> int:
    """A price near that of the symbol."""
    return int(PRICES[symbol] * Decimal(chance.randint(960, 1040)) / 1000)


async def act_at_random(tracker: Tracker, chance: Random, symbol: str) -> None:
    """One act."""
    price, side, act = near(symbol, chance), chance.choice(["BUY", "SELL"]), chance.random()
    about: dict[str, Any] = {"symbol": symbol, "side": side, "type": "LIMIT", "quantity": "0.05", "price": price}
    still = [order for order in tracker.orders.values() if order.is_open]
    if act < 0.35:
        await tracker.place(**about)
    elif act < 0.45:
        amount: dict[str, Any] = {"quote_quantity": 100} if side == "BUY" else {"quantity": "0.01"}
        await tracker.place(symbol, side, "MARKET", **amount)
    elif act < 0.55:
        await tracker.place_orders([NewOrder(**about) for _ in range(3)])
    elif act < 0.6:
        far: dict[str, Any] = {"limit_price": int(price * 1.3), "trigger_price": int(price * 0.8)}
        await tracker.place_oco(symbol, "SELL", quantity="0.05", order_price=int(price * 0.79), **far)
    elif still:
        old = chance.choice(still)
        if act < 0.7 and not old.order_list_id:
            await tracker.replace(old, NewOrder(**{**about, "symbol": old.symbol}))
        else:
            await tracker.cancel(old)


async def live(seed: int, **settings: Any) -> str:
    """Several processes, one after the other, on one journal; the last one is asked for everything."""
    world, chance, counts = World(seed, jitter=0.01, **settings), Random(seed), Counter[str]()
    journal, told, names = MortalJournal(), list[Any](), Counter[str]()
    async with anyio.create_task_group() as tasks:
        for number, seconds in enumerate(LIVES):
            for fault in FAULTS:
                world.emulator.inject(fault)
            process = Process(world, tasks, journal)
            is_last = number == len(LIVES) - 1

            async def act(tracker: Tracker, seconds: float = seconds, is_last: bool = is_last) -> None:
                items = list[Any]()

                async def listen() -> None:
                    async for item in tracker:
                        items.append(item)

                async with anyio.create_task_group() as inner:
                    inner.start_soon(listen)
                    await trade(world, tracker, chance, seconds, told)
                    if is_last:
                        world.emulator.clear_faults()
                        await anyio.sleep(700)
                        settle(world, tracker)
                    fills = Counter(item.fill.trade_id for item in items if isinstance(item, FillAdded))
                    assert set(fills.values()) <= {1}, "a fill was told twice"
                    counts.update(gaps=sum(isinstance(item, Gap) for item in items), fills=len(fills))
                    inner.cancel_scope.cancel()

            async with anyio.create_task_group() as life:
                if not is_last:
                    life.start_soon(kill_after, chance.uniform(0.5, 1.0) * seconds, process)
                counts.update(kills=await process.run(act, -1))
                life.cancel_scope.cancel()
            journal = journal if is_last else journal.successor()
        names.update(order.client_order_id for order in world.booked().values())
        assert counts["kills"] == len(LIVES) - 1
        assert max(names.values()) == 1, "an order was placed twice"
        assert names.keys() <= {name for each in journal.kept.values() for name in each.client_order_ids}
        assert all(each.outcome is not IntentOutcome.OPEN for each in journal.kept.values())
        for each in journal.kept.values():
            is_there = bool(names.keys() & set(each.client_order_ids))
            assert is_there == (each.outcome in (IntentOutcome.PLACED, IntentOutcome.DONE)), each
        tasks.cancel_scope.cancel()
    stats = world.emulator.stats()
    refused = sum(each.refused for each in (*stats.endpoints.values(), *stats.addresses.values()))
    assert refused == 0
    return f"{len(names)} orders, {dict(counts)}, errors {dict(Counter(told))}"


async def kill_after(seconds: float, process: Process) -> None:
    """End a process at some moment."""
    await anyio.sleep(seconds)
    process.kill()


def settle(world: World, tracker: Tracker) -> None:
    """All is as the exchange has it, once the network is good again."""
    assert tracker.is_synced
    world.check(tracker)
    unknown = [order for order in tracker.orders.values() if order.placement in (Placement.SENDING, Placement.UNKNOWN)]
    assert not unknown, unknown[0].why()
    still = {order_id for order_id, order in world.booked().items() if order.is_open}
    assert still == {int(order.order_id or 0) for order in tracker.orders.values() if order.is_open}


@pytest.mark.parametrize("backend", ["asyncio"])
@pytest.mark.parametrize("seed", range(2 if IN_CI else 1))
def test_a_rough_half_hour(seed: int, backend: Backend) -> None:
    """Lost replies, gateways' answers, closed periods, connections that drop every 20 s, events that come twice, late
    or never, listen keys that end, and four processes, of which three are killed: in the end states, fills and balances
    are those of the exchange, each fill was told once, no order was placed twice, none is unaccounted for."""
    print(run(backend, lambda: live(seed)))
