"""The four strategies. Each takes what it has to know from its tracker, and places nothing while an order that it has
placed may be there without being known."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

import anyio

from bingx_async import BingXClient, NewOrder, SymbolRules, TrackedOrder
from bingx_async.spot.tracker.tracker import Tracker

ROTATES = 0.002  # the part of all steps that begin with a planned rotation of the account's socket


class Strategy:
    """`price` is that of the market now. `step` is called again and again; what it raises of the library is passed."""

    symbol = "BTC-USDT"
    pause = 0.7  # seconds between two steps, on average

    def __init__(
        self,
        client: BingXClient,
        tracker: Tracker,
        draw: Random,
        price: Callable[[str], Decimal],
        is_mine: Callable[[str], bool],
    ) -> None:
        self.client, self.tracker, self.draw, self._price, self._is_mine = client, tracker, draw, price, is_mine
        self.rules: SymbolRules | None = None
        self._done = set[str]()

    async def step(self) -> None:
        """Do one thing."""
        raise NotImplementedError

    async def prepare(self) -> None:
        """Read the rules of the symbol."""
        self.rules = self.rules or await self.client.spot.get_symbol(self.symbol)

    def mine(self) -> list[TrackedOrder]:
        """Its orders that may still be filled, as far as is known."""
        orders = [it for it in self.tracker.orders.values() if it.client_order_id not in self._done]
        self._done |= {order.client_order_id for order in orders if order.is_done and order.client_order_id}
        return [order for order in orders if not order.is_done and self._is_mine(order.client_order_id)]

    async def withdraw(self) -> None:
        """Cancel one of its orders, and wait for its end."""
        for order in self.mine()[:1]:
            if order.is_open:
                await self.tracker.cancel(order)
            await self.tracker.until_done(order, timeout=30)

    def near(self, side: str, reach: float) -> Decimal:
        """A price off the market by so much: above it if positive."""
        assert self.rules is not None
        return self.rules.quantize_price(round(self._price(self.symbol) * Decimal(1 + reach), 12), side)

    def amount(self, worth: float) -> Decimal:
        """A quantity worth so much."""
        assert self.rules is not None
        rough = Decimal(worth) / self._price(self.symbol)
        return self.rules.quantize_quantity(round(rough, 12) + (self.rules.step_size or 0))


class Maker(Strategy):
    """One order on each side of the market; both are replaced when it moves."""

    async def step(self) -> None:
        """See `Strategy`."""
        side, sign = self.draw.choice((("BUY", -1), ("SELL", 1)))
        live = [order for order in self.mine() if order.side == side]
        price = self.near(side, sign * self.draw.uniform(0.00002, 0.0006))
        new = NewOrder(
            symbol=self.symbol,
            side=side,
            type="LIMIT",
            quantity=self.amount(self.draw.uniform(20, 40_000)),
            price=price,
        )
        if not live:
            await self.tracker.place_orders([new])
        elif len(live) == 1 and live[0].is_open:
            await self.tracker.replace(live[0], new, if_cancel_fails=self.draw.choice(("stop", "stop", "place")))
        elif all(order.is_open for order in live):
            await self.tracker.cancel(live[-1])


class Grid(Strategy):
    """Orders at fixed prices, one at a time at each: what is at a price is known by the journal and the exchange."""

    symbol = "ETH-USDT"
    lines = tuple(Decimal(3000) * (1000 + each) / 1000 for each in range(-12, 13))

    async def step(self) -> None:
        """See `Strategy`."""
        assert self.rules is not None
        line = self.draw.choice(self.lines)
        side = "BUY" if line < self._price(self.symbol) else "SELL"
        price = self.rules.quantize_price(line, side)
        if any(price == order.price for order in self.mine()):
            if self.draw.random() < 0.02:
                await self.tracker.cancel(next(order for order in self.mine() if order.price == price))
            return
        quantity = self.amount(self.draw.uniform(20, 2000))
        order = await self.tracker.place(self.symbol, side, "LIMIT", quantity=quantity, price=price)
        if self.draw.random() < 0.05:
            await self.tracker.until_done(order, timeout=20)


class Taker(Strategy):
    """Market orders, by amount and by quantity, alone and several at once; some that must be filled at once."""

    async def step(self) -> None:
        """See `Strategy`."""
        if len(self.mine()) > 20:
            return await self.withdraw()
        way = self.draw.random()
        if way < 0.5:
            worth = Decimal(self.draw.randrange(1000, 5_000_000)) / 100
            order = await self.tracker.place(self.symbol, "BUY", "MARKET", quote_quantity=worth)
            await self.tracker.until_done(order, timeout=60)
        elif way < 0.8:
            worth = self.draw.uniform(20, 50_000)
            await self.tracker.place(self.symbol, "SELL", "MARKET", quantity=self.amount(worth))
        else:
            kinds = self.draw.choices(("GTC", "IOC", "FOK", "PostOnly"), k=self.draw.randrange(2, 7))
            await self.tracker.place_orders([self._limit(kind) for kind in kinds])
        return None

    def _limit(self, kind: str) -> NewOrder:
        side = self.draw.choice(("BUY", "SELL"))
        price = self.near(side, self.draw.uniform(-0.0005, 0.0005))
        quantity = self.amount(self.draw.uniform(20, 20_000))
        return NewOrder(symbol=self.symbol, side=side, type="LIMIT", quantity=quantity, price=price, time_in_force=kind)


class Stopper(Strategy):
    """Conditional orders and OCO orders close to the market."""

    symbol = "ETH-USDT"
    pause = 1.4

    async def step(self) -> None:
        """See `Strategy`."""
        if len(self.mine()) > 12:
            order = self.draw.choice(self.mine())
            if order.is_open:
                await self.tracker.cancel(order)
        elif self.draw.random() < 0.5:
            await self._place_pair()
        else:
            await self._place_conditional()

    async def _place_pair(self) -> None:
        side, sign = self.draw.choice((("BUY", -1), ("SELL", 1)))
        far = self.draw.uniform(0.0003, 0.003)
        await self.tracker.place_oco(
            self.symbol,
            side,
            quantity=self.amount(self.draw.uniform(20, 3000)),
            limit_price=self.near(side, sign * far),
            trigger_price=self.near(side, -sign * far),
            order_price=self.near(side, -sign * far * self.draw.choice((0.8, 1.3))),
        )

    async def _place_conditional(self) -> None:
        kind = self.draw.choice(("TAKE_STOP_LIMIT", "TAKE_STOP_MARKET", "TRIGGER_LIMIT", "TRIGGER_MARKET"))
        side, off = self.draw.choice(("BUY", "SELL")), self.draw.uniform(-0.002, 0.002)
        order: dict[str, Any] = {"stop_price": self.near(side, off)}
        if kind.endswith("LIMIT"):
            order["price"] = self.near(side, off * self.draw.choice((0.9, 1.1)))
        if kind.endswith("MARKET") and side == "BUY":
            order["quote_quantity"] = Decimal(self.draw.randrange(20, 3000))
        else:
            order["quantity"] = self.amount(self.draw.uniform(20, 3000))
        await self.tracker.place(self.symbol, side, kind, **order)


async def run(
    strategy: Strategy, is_trading: Callable[[], bool], passing: Callable[[Exception], None], haste: float
) -> None:
    """Trade until told otherwise, then take everything back; `passing` is told the errors, and raises what is none."""
    while is_trading() or strategy.mine():
        try:
            await strategy.prepare()
            if strategy.draw.random() < ROTATES:
                await strategy.client.spot.streams.rotate()
            await (strategy.step() if is_trading() else strategy.withdraw())
        except Exception as error:
            passing(error)
        await anyio.sleep(strategy.draw.uniform(0.2, 2) * strategy.pause / haste)
