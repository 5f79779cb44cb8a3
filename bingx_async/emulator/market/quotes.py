"""Messages of the public streams as values: trades, best prices, order books.

Rules: a message that cannot be read has no values; a book or a pair of best prices that is crossed is none. Numbers may
be texts, the data a list of one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from attrs import frozen

LONGEST = 40  # digits before or behind the point; a longer number is a few bytes of JSON, and hours of arithmetic
Level = tuple[Decimal, Decimal]  # price, quantity


@frozen
class Deal:
    """A trade of the public market."""

    symbol: str
    trade_id: str
    price: Decimal
    quantity: Decimal
    is_buyer_maker: bool


@frozen
class Best:
    """The best prices of a symbol, with what is wanted and offered there."""

    symbol: str
    bid: Level
    ask: Level


@frozen
class Levels:
    """An order book, best prices first. `update_id` grows with time, 0 where there is none."""

    symbol: str
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    update_id: int


Quote = Deal | Best | Levels


def quotes_in(text: str) -> Sequence[Quote]:
    """The quotes in the text of a message."""
    try:
        message = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError):
        return ()
    if not isinstance(message, dict):
        return ()
    found = cast("dict[str, Any]", message)
    return quotes_of(str(found.get("dataType") or ""), found.get("data"))


def quotes_of(topic: str, data: Any) -> Sequence[Quote]:
    """The quotes in the data of a message of this topic."""
    symbol, _, channel = topic.partition("@")
    read = _deals if channel == "trade" else _best if channel == "bookTicker" else None
    if channel.startswith("depth"):
        read = _levels
    if read is None or not symbol:
        return ()
    try:
        return tuple(quote for item in _items(data) for quote in read(symbol, item))
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, InvalidOperation):
        return ()


def _items(data: Any) -> Sequence[Mapping[str, Any]]:
    return cast("Sequence[Mapping[str, Any]]", data if isinstance(data, list) else [data])


def _number(value: Any) -> Decimal:
    number = Decimal(str(value))
    if not number.is_finite() or number < 0 or abs(number.adjusted()) > LONGEST:
        raise ValueError
    return number


def _deals(symbol: str, item: Mapping[str, Any]) -> Iterable[Quote]:
    price, quantity = _number(item["p"]), _number(item["q"])
    is_buyer_maker = str(item.get("m")).lower() == "true"
    return [Deal(symbol, str(item["t"]), price, quantity, is_buyer_maker)] if price and quantity else []


def _best(symbol: str, item: Mapping[str, Any]) -> Iterable[Quote]:
    bid, ask = (_number(item["b"]), _number(item["B"])), (_number(item["a"]), _number(item["A"]))
    return [Best(symbol, bid, ask)] if 0 < bid[0] < ask[0] else []


def _levels(symbol: str, item: Mapping[str, Any]) -> Iterable[Quote]:
    bids, asks = _side(item.get("bids"), True), _side(item.get("asks"), False)
    is_crossed = bids and asks and bids[0][0] >= asks[0][0]
    return [] if is_crossed else [Levels(symbol, bids, asks, int(_number(item.get("lastUpdateId") or 0)))]


def _side(levels: Any, is_falling: bool) -> tuple[Level, ...]:
    """The levels of one side, best first; they come as pairs, or as an object from price to quantity."""
    pairs = (
        cast("Mapping[Any, Any]", levels).items() if isinstance(levels, dict) else cast("Iterable[Any]", levels or ())
    )
    found = ((_number(price), _number(quantity)) for price, quantity in pairs)
    return tuple(sorted((level for level in found if level[0] and level[1]), reverse=is_falling))
