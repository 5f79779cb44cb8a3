"""A small market maker: one order to buy below the middle of the book, one to sell above it.

python examples/market_maker.py                            against the emulator, for five seconds
python examples/market_maker.py --live BTC-USDT 0.001      at the exchange, until Ctrl-C

It quotes only while it knows the book and its own orders. A quote is replaced where the price has moved enough and the
quota has room now: one that would have to wait would be old when it arrives. Money can be lost with this.
"""

import argparse
from contextlib import suppress
from decimal import Decimal

import anyio

from bingx_async import BingXClient, BingXError, NewOrder, Side, SymbolRules, TrackedOrder
from bingx_async.emulator import Emulator, Market
from bingx_async.errors import (
    ApiError,
    InsufficientBalance,
    OrderNotFound,
    OrderRefused,
    QuotaWait,
    RateLimited,
    ServerBusy,
    TransportError,
)

HALF_SPREAD = Decimal("0.0015")  # of the price: how far the quotes are from the middle; the fee must be less
ENOUGH = Decimal("0.0002")  # of the price: how far it has to move before a quote is replaced
LIMIT = 3  # quotes: more than that is neither bought nor sold on balance
PATIENCE = 10.0  # seconds for an order to end after it was cancelled
REST = 60.0  # seconds without an order after a refused one: errors that are repeated close the endpoint
PASSING = (InsufficientBalance, OrderNotFound, OrderRefused, RateLimited, ServerBusy, TransportError)


class MarketMaker:
    """Quotes `quantity` of a symbol on both sides."""

    def __init__(self, client: BingXClient, symbol: str, quantity: Decimal) -> None:
        self.strategy = client.spot.as_strategy("maker")
        self.tracker, self.book = self.strategy.tracker(), client.spot.streams.order_book(symbol)
        self.client, self.symbol, self.quantity = client, symbol, quantity
        self.replaced, self.executed = 0, dict[str, Decimal]()
        self.rests_until = dict.fromkeys(Side, 0.0)

    async def run(self, seconds: float | None = None) -> None:
        """Quote for so many seconds, then take everything back."""
        async with self.tracker, self.book:
            rules = await self.client.spot.get_symbol(self.symbol)
            await self.withdraw()  # what an earlier run has left
            try:
                with anyio.move_on_after(seconds):
                    while True:
                        with anyio.CancelScope(shield=True):  # a call that was sent is heard to its end
                            await self.step(rules)
                        with anyio.move_on_after(1.0):
                            await self.book.changed()
            finally:
                with anyio.CancelScope(shield=True):
                    await self.withdraw()

    async def step(self, rules: SymbolRules) -> None:
        """Quote once around the middle, or take the quotes back where the truth is not known."""
        bid, ask = self.book.best_bid, self.book.best_ask
        try:
            if self.book.is_stale or not self.tracker.is_synced or bid is None or ask is None:
                if self.live():
                    await self.withdraw()
                return
            middle, position = (bid.price + ask.price) / 2, self.position()
            for side, sign in ((Side.BUY, 1), (Side.SELL, -1)):
                price = rules.quantize_price(middle * (1 - sign * HALF_SPREAD), side)
                await self.quote(side, price, has_room=sign * position < LIMIT * self.quantity)
        except PASSING as error:
            print(f"{type(error).__name__}: {error}")  # what became of the order is found out by the tracker

    async def quote(self, side: Side, price: Decimal, *, has_room: bool) -> None:
        """Place, replace or cancel the order of one side, without waiting for a quota."""
        live = self.live(side)
        if len(live) > 1 or not all(order.is_open for order in live):
            return  # one is on its way, or about to end: what stands will be known soon
        new = NewOrder(symbol=self.symbol, side=side, type="LIMIT", quantity=self.quantity, price=price)
        with suppress(QuotaWait):  # then nothing was sent, and the next step has a newer price
            if not live and has_room and anyio.current_time() >= self.rests_until[side]:
                await self.place(side, price)
            elif live and not has_room:
                await self.tracker.cancel(live[0], max_wait=0)
            elif live and abs((live[0].price or price) - price) > ENOUGH * price:
                await self.tracker.replace(live[0], new, max_wait=0)
                self.replaced += 1

    async def place(self, side: Side, price: Decimal) -> None:
        """Place an order. If it is refused, for want of money perhaps, its side rests."""
        try:
            await self.tracker.place(self.symbol, side, "LIMIT", quantity=self.quantity, price=price, max_wait=0)
        except ApiError:
            self.rests_until[side] = anyio.current_time() + REST
            raise

    async def withdraw(self) -> None:
        """Cancel its own orders until none is left that can be filled, as far as is known."""
        for _ in range(3):
            await self.strategy.cancel_mine(self.symbol)
            for order in self.live():
                with suppress(TimeoutError):
                    await self.tracker.until_done(order, timeout=PATIENCE)
            if not self.live():
                return

    def position(self) -> Decimal:
        """What was bought and not sold again, in the base asset. The tracker forgets orders that ended long ago."""
        for order in self.tracker.orders.values():
            if order.executed_quantity:
                self.executed[order.client_order_id] = order.executed_quantity * (1 if order.side == Side.BUY else -1)
        return sum(self.executed.values(), Decimal(0))

    def live(self, side: Side | None = None) -> list[TrackedOrder]:
        """The orders of one side or of both that can still be filled, as far as is known."""
        orders = self.tracker.orders.values()
        return [order for order in orders if not order.is_done and side in (None, order.side)]


def emulated_client() -> BingXClient:
    """A client of an emulator whose prices move much."""
    emulator = Emulator(market=Market(volatility=0.1, step_ms=100))
    return BingXClient("emulator-key-1001", "emulator-secret-1001", transport=emulator.transport())


async def main() -> None:
    parser = argparse.ArgumentParser(description="Quote both sides of a market.")
    parser.add_argument("--live", action="store_true", help="at the exchange, with the keys of the environment")
    parser.add_argument("symbol", nargs="?", default="BTC-USDT")
    parser.add_argument("quantity", nargs="?", type=Decimal, default=Decimal("0.001"))
    args = parser.parse_args()
    try:
        async with BingXClient() if args.live else emulated_client() as client:
            maker = MarketMaker(client, args.symbol, args.quantity)
            await maker.run(None if args.live else 5.0)
            print(f"{maker.replaced} quotes were replaced; {len(maker.live())} are open, position {maker.position()}")
    except BingXError as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        anyio.run(main)
