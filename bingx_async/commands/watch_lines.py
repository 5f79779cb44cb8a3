"""A line for each item that is watched: words for people, JSON for programs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from attrs import define, field

from bingx_async import (
    Balance,
    BalanceChanged,
    Fill,
    FillAdded,
    Gap,
    Lagged,
    OrderChanged,
    Reconnected,
    Resynced,
    Ticker,
    TrackedOrder,
    Trade,
    to_dict,
)
from bingx_async.commands.output import NONE, clean, printable, show_json_line, tell
from bingx_async.commands.watch_feeds import BookState, Item

NAMES: dict[type[Any], str] = {
    Trade: "trade",
    Ticker: "ticker",
    BookState: "book",
    Lagged: "lagged",
    Reconnected: "reconnected",
    OrderChanged: "order",
    FillAdded: "fill",
    BalanceChanged: "balance",
    Gap: "gap",
    Resynced: "resynced",
}
"""The word for each kind of item."""


@define(eq=False)
class Lines:
    """Prints an item as it comes; of a book only the best prices, and only when they have changed. `now` is the
    exchange's clock."""

    as_json: bool
    now: Callable[[], datetime]
    _books: dict[str, BookState] = field(init=False, factory=dict[str, BookState])

    def take(self, item: Item) -> None:
        """Print it."""
        if isinstance(item, BookState):
            item = BookState(item.symbol, item.bids[:1], item.asks[:1], item.stale_because, item.time)
            if self._books.get(item.symbol) == item:
                return
            self._books[item.symbol] = item
        if self.as_json:
            show_json_line({"item": NAMES[type(item)], **plain(item)})
        else:
            told = printable(words(item))
            tell(f"{time_of(item, self.now()):%H:%M:%S.%f}"[:-3] + f"  {NAMES[type(item)]:<11}  {told}")

    def refresh(self) -> None:
        """Nothing changes with time."""


def time_of(item: Item, now: datetime) -> datetime:
    """When it happened, by the exchange's clock; else now."""
    if isinstance(item, FillAdded | OrderChanged):
        found = item.fill.time if isinstance(item, FillAdded) else item.order.update_time
    else:
        found = item.time if isinstance(item, Trade | BookState) else getattr(item, "at", None)
    return found or now


def plain(item: Item) -> dict[str, Any]:
    """Its fields; of an order without the evidence and the fills, which have lines of their own."""
    if isinstance(item, OrderChanged):
        return {name: value for name, value in to_dict(item.order).items() if name not in ("evidence", "fills")}
    return to_dict(getattr(item, NAMES[type(item)]) if isinstance(item, FillAdded | BalanceChanged) else item)


def words(item: Item) -> str:
    """It in words."""
    if isinstance(item, BookState):
        return f"{item.symbol}  {_book(item)}"
    if isinstance(item, Ticker):
        return f"{item.symbol}  {ticker_words(item)}"
    if isinstance(item, Trade):
        return f"{item.symbol}  {side_of(item)} {number(item.quantity)} at {number(item.price)}"
    if isinstance(item, OrderChanged):
        return order_words(item.order)
    if isinstance(item, FillAdded):
        return f"{item.order.symbol}  {fill_words(item.fill, item.order)}"
    return balance_words(item.balance) if isinstance(item, BalanceChanged) else sign_words(item)


def sign_words(item: Lagged | Reconnected | Gap | Resynced) -> str:
    """An interruption in words."""
    if isinstance(item, Lagged):
        return f"{item.symbol}  {item.missed} {item.channel} were left out: they came faster than they were shown"
    if isinstance(item, Reconnected):
        pairs, gone = " ".join(item.symbols), (item.at - item.since).total_seconds()
        return f"{pairs}  {item.channel} were interrupted for {gone:.1f} s: {clean(item.reason)}"
    if isinstance(item, Gap):
        return f"events may be missing since {item.since:%H:%M:%S}: {clean(item.reason)}"
    return f"everything was read again, {(item.at - item.since).total_seconds():.1f} s after the gap began"


def order_words(order: TrackedOrder) -> str:
    """An order in words."""
    amount = order.original_quantity or order.original_quote_quantity
    price = f" at {number(order.price)}" if order.price else ""
    state = order.status or order.placement
    why = f": {clean(order.error)}" if order.error else ""
    return (
        f"{order.symbol}  {order.side} {order.type} {number(amount)}{price}  {state}{why}, "
        f"{number(order.executed_quantity)} filled  {order.order_id or order.client_order_id}"
    )


def fill_words(fill: Fill, order: TrackedOrder) -> str:
    """A fill in words."""
    fee = f", fee {number(fill.fee)} {fill.fee_asset}" if fill.fee is not None else ""
    return f"{order.side} {number(fill.quantity)} at {number(fill.price)}{fee}  {order.order_id}"


def balance_words(balance: Balance) -> str:
    """A balance in words."""
    return f"{balance.asset}  {number(balance.free)} free, {number(balance.locked)} locked"


def ticker_words(ticker: Ticker) -> str:
    """The last 24 hours in words."""
    change = f"{ticker.change_percent:+.2f} %" if ticker.change_percent is not None else NONE
    return (
        f"{number(ticker.last_price)}, {change}, low {number(ticker.low_price)}, high {number(ticker.high_price)}, "
        f"volume {number(ticker.volume)}"
    )


def side_of(trade: Trade) -> str:
    """The side that took the price of the other."""
    return {True: "sell", False: "buy", None: ""}[trade.is_buyer_maker]


def number(value: Decimal | None) -> str:
    """A number with every digit."""
    return NONE if value is None else format(value, "f")


def _book(book: BookState) -> str:
    if book.stale_because:
        return f"stale: {clean(book.stale_because)}"
    bid, ask = (
        f"{number(side[0].quantity)} at {number(side[0].price)}" if side else NONE for side in (book.bids, book.asks)
    )
    return f"bid {bid}, ask {ask}"
