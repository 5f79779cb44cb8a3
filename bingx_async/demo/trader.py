"""One account that always has more to do than its quotas allow: six kinds of calls, each kept saturated.

One order in five is placed at the market, where it is filled, in turn bought and sold; the others well away from it,
for `cancel_one` to cancel. Cancels need more orders than may be placed; these others lie on the book by the emulator's
own control, at half the price of the market.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from itertools import count
from math import inf

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from attrs import Factory, define, field, frozen

from bingx_async import BingXClient, OrderType, Side, SymbolRules
from bingx_async.demo.statement import Statement
from bingx_async.emulator import Emulator
from bingx_async.spot.cancels import CANCEL_OPEN_ORDERS, CANCEL_ORDER, CANCEL_ORDERS
from bingx_async.spot.oco import CANCEL_OCO_ORDER, PLACE_OCO_ORDER
from bingx_async.spot.placing import PLACE_ORDER

SINGLE, BATCHED, PAIRED = "BTC-USDT", "ETH-USDT", "SOL-USDT"
WHOLE = ("XRP-USDT", "DOGE-USDT", "ADA-USDT", "DOT-USDT", "LTC-USDT", "TON-USDT")  # one for each worker
QUANTITY = Decimal("0.001")  # BTC of each order
AWAY: Mapping[str, Decimal] = {Side.BUY: Decimal("0.95"), Side.SELL: Decimal("1.05")}  # of the price of the market
AT_MARKET = 5  # each fifth order
IDS_PER_BATCH = 10
ORDERS_PER_SYMBOL = 5
STOCK = 4  # OCO orders that stand before their cancelling begins, so that it never waits for the placing


@define
class Tally:
    """Orders, over all accounts."""

    cancelled: int = 0
    placed: int = 0
    pairs: int = 0


@define(eq=False)
class Trader:
    """Does one account's jobs; each takes the worker's number and when the run ends (monotonic seconds).

    `rules` are those of the symbol in which it places orders; they are counted from `first` on, so that accounts need
    not trade in step.
    """

    client: BingXClient
    emulator: Emulator
    tally: Tally
    rules: SymbolRules
    first: int = 0
    statement: Statement = field(init=False, default=Factory(lambda it: Statement(it.client, SINGLE), takes_self=True))
    _prices: Mapping[str, Decimal] = field(init=False)
    _numbers: count[int] = field(init=False, default=Factory(lambda it: count(it.first), takes_self=True))
    _placed: deque[int] = field(init=False, factory=deque[int])
    _give: MemoryObjectSendStream[str] = field(init=False)
    _take: MemoryObjectReceiveStream[str] = field(init=False)
    _stocked: anyio.Event = field(init=False, factory=anyio.Event)

    def __attrs_post_init__(self) -> None:
        self._give, self._take = anyio.create_memory_object_stream[str](inf)
        self._prices = {symbol: self.emulator.price(symbol) for symbol in (SINGLE, BATCHED, PAIRED, *WHOLE)}

    @property
    def account(self) -> str:
        """The UID."""
        return self.client.account.owner

    async def place(self, _worker: int, _ends_at: float) -> None:
        """Place an order at the market, or away from it for `cancel_one`."""
        number = next(self._numbers)
        side = Side.SELL if number // AT_MARKET % 2 else Side.BUY
        if number % AT_MARKET == 0:
            await self._trade(side)
        else:
            price = self.rules.quantize_price(self._prices[SINGLE] * AWAY[side], side)
            order = await self.client.spot.place_order(SINGLE, side, OrderType.LIMIT, quantity=QUANTITY, price=price)
            if order.order_id is not None:
                self._placed.append(order.order_id)
        self.tally.placed += 1

    async def _trade(self, side: Side) -> None:
        sold = QUANTITY if side is Side.SELL else None
        spent = round(self._prices[SINGLE] * QUANTITY, 2) if side is Side.BUY else None
        await self.client.spot.place_order(SINGLE, side, OrderType.MARKET, quantity=sold, quote_quantity=spent)

    def _rest(self, symbol: str, orders: int) -> list[int]:
        """Orders that lie on the book, at half the price of the market."""
        return self.emulator.rest_orders(self.account, symbol, orders, price=f"{self._prices[symbol] / 2:f}")

    async def cancel_one(self, _worker: int, _ends_at: float) -> None:
        """Cancel the order that was placed first, or one that lies on the book."""
        order_id = self._placed.popleft() if self._placed else self._rest(SINGLE, 1)[0]
        await self.client.spot.cancel_order(SINGLE, order_id)
        self.tally.cancelled += 1

    async def cancel_batch(self, _worker: int, _ends_at: float) -> None:
        """Cancel ten resting orders in one call."""
        ids = self._rest(BATCHED, IDS_PER_BATCH)
        done = await self.client.spot.cancel_orders(BATCHED, ids)
        self.tally.cancelled += len(done.orders)

    async def cancel_symbol(self, worker: int, _ends_at: float) -> None:
        """Cancel all orders that rest on one symbol."""
        symbol = WHOLE[worker % len(WHOLE)]
        self._rest(symbol, ORDERS_PER_SYMBOL)
        gone = await self.client.spot.cancel_open_orders(symbol)
        self.tally.cancelled += len(gone)

    async def place_oco(self, _worker: int, _ends_at: float) -> None:
        """Place an OCO order around the price of the market, and put its id into stock."""
        limit, trigger, price = (round(self._prices[PAIRED] * Decimal(part), 3) for part in ("1.1", "0.9", "0.89"))
        oco = await self.client.spot.place_oco_order(
            PAIRED, Side.SELL, quantity="0.1", limit_price=limit, order_price=price, trigger_price=trigger
        )
        self.tally.pairs += 1
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
    Job(PLACE_ORDER.name, Trader.place),
    Job(CANCEL_ORDER.name, Trader.cancel_one),
    Job(CANCEL_ORDERS.name, Trader.cancel_batch),
    Job(CANCEL_OPEN_ORDERS.name, Trader.cancel_symbol),
    Job(PLACE_OCO_ORDER.name, Trader.place_oco),
    Job(CANCEL_OCO_ORDER.name, Trader.cancel_oco),
)
