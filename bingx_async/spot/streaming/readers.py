"""From the messages of the streams to models: tolerant, and never raising.

Numbers come as numbers or as texts, a payload may be a list of one, symbol and time may be missing. The symbol is that
of the topic. A message that cannot be read gives no item.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar, cast

from bingx_async.core.channel import Push
from bingx_async.core.columns import read_columns
from bingx_async.core.wire import decimal, flag, integer, items, mapping, moment, text
from bingx_async.models import (
    Balance,
    BalanceUpdate,
    BookTicker,
    Depth,
    Fill,
    Kline,
    LastPrice,
    Level,
    Order,
    OrderStatus,
    OrderType,
    OrderUpdate,
    Side,
    Ticker,
    Trade,
)

T = TypeVar("T")
Row = Mapping[str, Any]
NONE = Decimal(0)


def each(read: Callable[[Row, Push], T | None]) -> Callable[[Push], Sequence[T]]:
    """A reader of messages from one of a row."""

    def read_all(push: Push) -> Sequence[T]:
        data = push.data
        if type(data) is dict:
            item = read(cast(Row, data), push)
            return () if item is None else (item,)
        found = (read(mapping(row), push) for row in items(data))
        return tuple(item for item in found if item is not None)

    return read_all


def symbol_of(push: Push) -> str:
    """The trading pair of a topic."""
    return push.topic.partition("@")[0]


@each
def read_trades(row: Row, push: Push) -> Trade | None:
    """`m`: the buyer is the maker."""
    get = row.get
    price, quantity = decimal(get("p")), decimal(get("q"))
    if price is None or quantity is None:
        return None
    made_at = get("T") or get("E")
    return Trade(text(get("t")), symbol_of(push), price, quantity, moment(made_at), flag(get("m")), row)


@each
def read_klines(row: Row, _push: Push) -> Kline | None:
    """The candle of now: it is not closed as long as it is sent."""
    candle = mapping(row.get("K")) or row
    get = candle.get
    opened, close = moment(get("t")), decimal(get("c"))
    if opened is None or close is None:
        return None
    prices = decimal(get("o")), decimal(get("h")), decimal(get("l")), close
    return Kline(opened, *prices, decimal(get("v")), moment(get("T")), decimal(get("q")), raw=candle)


@each
def read_tickers(row: Row, push: Push) -> Ticker | None:
    """Here `A` and `B` are prices, `a` and `b` quantities."""
    get = row.get
    last = decimal(get("c"))
    if last is None:
        return None
    prices = decimal(get("o")), decimal(get("h")), decimal(get("l"))
    best = decimal(get("B")), decimal(get("b")), decimal(get("A")), decimal(get("a"))
    span = moment(get("O")), moment(get("C") or get("E"))
    sums = decimal(get("v")), decimal(get("q"))
    return Ticker(symbol_of(push), last, *prices, *sums, *best, *span, integer(get("n")), row)


@each
def read_book_tickers(row: Row, push: Push) -> BookTicker | None:
    """Here `a` and `b` are prices, `A` and `B` quantities."""
    get = row.get
    bid, ask = decimal(get("b")), decimal(get("a"))
    if bid is None and ask is None:
        return None
    return BookTicker(symbol_of(push), bid, decimal(get("B")), ask, decimal(get("A")), moment(get("E")), row)


@each
def read_last_prices(row: Row, push: Push) -> LastPrice | None:
    """The message has no time of the trade."""
    price = decimal(row.get("c"))
    return None if price is None else LastPrice(symbol_of(push), price, moment(row.get("T")), row)


@each
def read_depths(row: Row, push: Push) -> Depth | None:
    """A whole book of some levels."""
    if "asks" not in row and "bids" not in row:
        return None
    made_at = row.get("T") or row.get("ts") or push.time
    return Depth(levels(row.get("bids")), levels(row.get("asks")), moment(made_at), row)


def levels(side: object) -> tuple[Level, ...]:
    """The levels of one side, from pairs or from a mapping of prices to quantities; those of quantity 0 are none."""
    found = read_columns(side, Level)
    if found is None:
        rows: Iterable[Any] = items(side) or mapping(side).items()
        found = [level for row in rows if (level := _level(row)) is not None]
    return tuple([level for level in found if level.quantity > NONE])


def _level(row: Any) -> Level | None:
    if type(row) is dict or len(row) < 2:
        return None
    price, quantity = decimal(row[0]), decimal(row[1])
    return None if price is None or quantity is None else Level(price, quantity)


@each
def read_order_updates(row: Row, _push: Push) -> OrderUpdate | None:
    """`C` is the client order id; `c` is another."""
    get = row.get
    order_id, name = integer(get("i")), text(get("C"))
    if order_id is None and not name:
        return None
    order = Order(
        text(get("s")),
        order_id,
        name,
        price=decimal(get("p")),
        original_quantity=decimal(get("q")),
        executed_quantity=decimal(get("z")),
        cumulative_quote_quantity=decimal(get("Z")),
        status=OrderStatus(text(get("X"))),
        type=OrderType(text(get("o"))),
        side=Side(text(get("S"))),
        original_quote_quantity=decimal(get("Q")),
        time=moment(get("O")),
        update_time=moment(get("E")),
        raw=row,
    )
    return OrderUpdate(order, text(get("x")), _fill(order, row), order.update_time, raw=row)


def _fill(order: Order, row: Row) -> Fill | None:
    """The trade of an event; its id is 0 or -1 where there is none. A fee that was paid is negative there."""
    get = row.get
    quantity, trade_id = decimal(get("l")), text(get("t"))
    if quantity is None or quantity <= 0:
        return None
    return Fill(
        "" if trade_id in ("0", "-1") else trade_id,
        order.order_id,
        order.client_order_id,
        order.symbol,
        decimal(get("L")),
        quantity,
        decimal(get("Y")),
        decimal(get("n")),
        text(get("N")),
        order.side == Side.BUY if order.side else None,
        flag(get("m")),
        moment(get("T")),
        row,
    )


@each
def read_balance_updates(row: Row, _push: Push) -> BalanceUpdate | None:
    """`wb` is what can be used. `lk` may be missing: then it is not known."""
    account = mapping(row.get("a"))
    listed = [each for each in map(mapping, items(account.get("B"))) if text(each.get("a"))]
    if not listed:
        return None
    balances = tuple(Balance(text(it["a"]), decimal(it.get("wb")), decimal(it.get("lk")), it) for it in listed)
    changes: dict[str, Decimal] = {
        text(it["a"]): change for it in listed if (change := decimal(it.get("bc"))) is not None
    }
    return BalanceUpdate(balances, text(account.get("m")), changes, moment(row.get("E")), raw=row)
