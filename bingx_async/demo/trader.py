"""One account that always has more to do than its quotas allow: five kinds of calls, each kept saturated."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from math import inf

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from attrs import define, field, frozen

from bingx_async import BingXClient
from bingx_async.emulator import Emulator
from bingx_async.spot.cancels import CANCEL_OPEN_ORDERS, CANCEL_ORDER, CANCEL_ORDERS
from bingx_async.spot.oco import CANCEL_OCO_ORDER, PLACE_OCO_ORDER

SINGLE, BATCHED, PAIRED = "BTC-USDT", "ETH-USDT", "BNB-USDT"
WHOLE = ("SOL-USDT", "XRP-USDT", "ADA-USDT", "DOT-USDT", "LTC-USDT", "TON-USDT")  # one for each worker
IDS_PER_BATCH = 10
ORDERS_PER_SYMBOL = 5
STOCK = 4  # OCO orders that stand before their cancelling begins, so that it never waits for the placing


@define
class Tally:
    """Orders, over all accounts."""

    cancelled: int = 0
    placed: int = 0


@define(eq=False)
class Trader:
    """Does one account's jobs; each takes the worker's number and when the run ends (monotonic seconds)."""

    client: BingXClient
    emulator: Emulator
    tally: Tally
    _give: MemoryObjectSendStream[str] = field(init=False)
    _take: MemoryObjectReceiveStream[str] = field(init=False)
    _stocked: anyio.Event = field(init=False, factory=anyio.Event)

    def __attrs_post_init__(self) -> None:
        self._give, self._take = anyio.create_memory_object_stream[str](inf)

    @property
    def account(self) -> str:
        """The UID."""
        return self.client.account.owner

    async def cancel_one(self, _worker: int, _ends_at: float) -> None:
        """Cancel one resting order."""
        [order_id] = self.emulator.rest_orders(self.account, SINGLE, 1)
        await self.client.spot.cancel_order(SINGLE, order_id)
        self.tally.cancelled += 1

    async def cancel_batch(self, _worker: int, _ends_at: float) -> None:
        """Cancel ten resting orders in one call."""
        ids = self.emulator.rest_orders(self.account, BATCHED, IDS_PER_BATCH)
        done = await self.client.spot.cancel_orders(BATCHED, ids)
        self.tally.cancelled += len(done.orders)

    async def cancel_symbol(self, worker: int, _ends_at: float) -> None:
        """Cancel all orders that rest on one symbol."""
        symbol = WHOLE[worker % len(WHOLE)]
        self.emulator.rest_orders(self.account, symbol, ORDERS_PER_SYMBOL)
        gone = await self.client.spot.cancel_open_orders(symbol)
        self.tally.cancelled += len(gone)

    async def place_oco(self, _worker: int, _ends_at: float) -> None:
        """Place an OCO order and put its id into stock."""
        oco = await self.client.spot.place_oco_order(
            PAIRED, "SELL", quantity="0.1", limit_price="720", order_price="590", trigger_price="600"
        )
        self.tally.placed += 1
        self._give.send_nowait(oco.legs[0].order_id)
        if self._give.statistics().current_buffer_used >= STOCK:
            self._stocked.set()

    async def cancel_oco(self, _worker: int, ends_at: float) -> None:
        """Cancel an OCO order out of the stock, if one comes in time."""
        order_id = ""
        with anyio.CancelScope(deadline=ends_at):
            await self._stocked.wait()
            order_id = await self._take.receive()
        if order_id:
            await self.client.spot.cancel_oco_order(order_id)

    def close(self) -> None:
        """Close the stock."""
        self._give.close()
        self._take.close()


@frozen
class Job:
    """A kind of call to be repeated: the name of its endpoint, and how a trader calls it."""

    endpoint: str
    do: Callable[[Trader, int, float], Awaitable[None]] = field(repr=False)


JOBS = (
    Job(CANCEL_ORDER.name, Trader.cancel_one),
    Job(CANCEL_ORDERS.name, Trader.cancel_batch),
    Job(CANCEL_OPEN_ORDERS.name, Trader.cancel_symbol),
    Job(PLACE_OCO_ORDER.name, Trader.place_oco),
    Job(CANCEL_OCO_ORDER.name, Trader.cancel_oco),
)
