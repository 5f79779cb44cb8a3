"""Settling a fill: the money moves, the order grows, and the fill is written down."""

from __future__ import annotations

from decimal import Decimal
from itertools import count

from bingx_async.emulator.market.market import Market
from bingx_async.emulator.trading.book import Books
from bingx_async.emulator.trading.ledger import Ledger
from bingx_async.emulator.trading.orders import Fill, Order

FIRST_FILL_ID = 36_767_057


class Settlement:
    """Settles the fills of all accounts; their ids grow."""

    def __init__(self, market: Market, books: Books, ledger: Ledger) -> None:
        self._market, self._books, self._ledger = market, books, ledger
        self._ids = count(FIRST_FILL_ID)

    def settle(self, order: Order, price: Decimal, quantity: Decimal, time: int, *, is_maker: bool) -> Fill:
        """Fill this quantity of an order at this price. What it needs no more is released by the caller."""
        value, rate = price * quantity, self._market.maker_fee if is_maker else self._market.taker_fee
        paid, received = (value, quantity) if order.side == "BUY" else (quantity, value)
        fee = received * rate
        self._ledger.exchange(order, paid, received, fee)
        order.executed += quantity
        order.spent += value
        order.fee += fee
        order.updated_at = time
        fill = Fill(next(self._ids), order, price, quantity, fee, is_maker, time)
        self._books[order.account].fills.append(fill)
        return fill
