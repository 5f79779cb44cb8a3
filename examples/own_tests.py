"""Tests of a trading program of your own, against the emulator.

python -m pytest examples/own_tests.py

`Desk` stands for your program. The tests are plain functions, so they need no plugin for async tests.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from bingx_async import BingXClient, OrderNotFound, OutcomeUnknown, QuotaWait, RateLimited
from bingx_async.emulator import CloseAfter, Emulator, Fault

CANCEL = "cancel_order"
UID = "1001"


@dataclass
class Desk:
    """The program under test: bids, withdraws orders and says how that went."""

    client: BingXClient

    async def bid(self, quantity: str, price: str) -> str:
        order = await self.client.spot.place_limit_order("BTC-USDT", "BUY", quantity, price)
        return f"{order.original_quantity} at {order.price}"

    async def withdraw(self, order_id: int) -> str:
        try:
            await self.client.spot.cancel_order("BTC-USDT", order_id, max_wait=0.2)
        except OrderNotFound:
            return "gone already"
        except OutcomeUnknown as error:
            return f"lost; it was {(await error.resolve()).status}"
        except (QuotaWait, RateLimited) as closed:  # the one was not sent, the other not executed
            return f"later, in {closed.retry_after:.0f} s"
        return "withdrawn"


@pytest.fixture
def emulator() -> Emulator:
    return Emulator()


def run(emulator: Emulator, use: Callable[[Desk], Awaitable[str]]) -> str:
    """The result of `use` for a desk at this emulator."""

    async def main() -> str:
        keys = f"emulator-key-{UID}", f"emulator-secret-{UID}"
        async with BingXClient(*keys, account=UID, transport=emulator.transport()) as client:
            return await use(Desk(client))

    return asyncio.run(main())


def test_a_bid_is_filled_when_the_price_falls(emulator: Emulator) -> None:
    assert run(emulator, lambda desk: desk.bid("0.002", "60000")) == "0.002 at 60000"
    emulator.set_price("BTC-USDT", "59000")
    assert [f"{fill.quantity} at {fill.price}" for fill in emulator.fills(UID)] == ["0.002 at 60000"]


def test_an_order_is_withdrawn(emulator: Emulator) -> None:
    [order_id] = emulator.rest_orders(UID, "BTC-USDT", 1)
    assert run(emulator, lambda desk: desk.withdraw(order_id)) == "withdrawn"
    assert emulator.open_orders(UID) == []


def test_an_order_that_is_gone_is_no_error(emulator: Emulator) -> None:
    assert run(emulator, lambda desk: desk.withdraw(404)) == "gone already"


def test_a_lost_reply_is_looked_into(emulator: Emulator) -> None:
    [order_id] = emulator.rest_orders(UID, "BTC-USDT", 1)
    emulator.inject(Fault(CloseAfter(), endpoint=CANCEL, times=1))
    assert run(emulator, lambda desk: desk.withdraw(order_id)) == "lost; it was executed"
    assert emulator.stats().of(UID, CANCEL).accepted == 1


def test_a_closed_endpoint_is_left_alone(emulator: Emulator) -> None:
    emulator.close_endpoint(UID, CANCEL, for_ms=60_000)

    async def use(desk: Desk) -> str:
        return f"{await desk.withdraw(404)}; {await desk.withdraw(404)}"

    assert run(emulator, use) == "later, in 60 s; later, in 60 s"
    assert emulator.stats().of(UID, CANCEL).closed == 1  # only the first was sent
