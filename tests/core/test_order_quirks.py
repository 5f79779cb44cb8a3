"""How the exchange describes orders, as its pages and recorded replies show it, and how that is read."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from bingx_async import BookTicker, Fill, OcoOrder, Order, OrderStatus, Trade
from bingx_async.core.wire import many, one

MOMENT = datetime(2026, 8, 27, 12, 0, tzinfo=UTC)
SECONDS = 1_787_832_000


@pytest.mark.parametrize("stamp", [SECONDS, SECONDS * 1000, str(SECONDS), str(SECONDS * 1000)])
@pytest.mark.parametrize("name", ["transactTime", "time"])
def test_seconds_or_milliseconds(name: str, stamp: int | str) -> None:
    """The time of a conditional order comes in seconds, others in milliseconds, as number or text."""
    assert one(Order)({name: stamp}).time == MOMENT


@pytest.mark.parametrize(
    ("text", "is_open", "is_final"),
    [
        ("NEW", True, False),
        ("PENDING", True, False),
        ("PARTIALLY_FILLED", True, False),
        ("WORKING", True, False),
        ("RUNNING", True, False),
        ("FILLED", False, True),
        ("CANCELED", False, True),
        ("CANCELLED", False, True),
        ("FAILED", False, True),
        ("EXPIRED", False, True),
        ("", False, False),
        ("LIQUIDATED", False, False),
    ],
)
def test_states(text: str, is_open: bool, is_final: bool) -> None:
    """Every state that has been seen is open or final; an unknown one is neither, and kept as it came."""
    status = one(Order)({"status": text}).status
    assert (status.is_open, status.is_final) == (is_open, is_final)
    assert status == ("CANCELED" if text == "CANCELLED" else text)


def test_a_market_order_by_quote_amount() -> None:
    """Its quantity is 0 and its price a bound: the average is that of its fills, and nothing remains to be told."""
    order = one(Order)(
        {"origQty": "0", "executedQty": "0.002", "cummulativeQuoteQty": "120.5", "price": "66000"}
        | {"origQuoteOrderQty": "121", "type": "MARKET", "side": "BUY", "status": "CANCELED"}
    )
    assert (order.average_price, order.remaining_quantity) == (Decimal(60250), None)
    assert order.original_quote_quantity == Decimal(121)


@pytest.mark.parametrize("fields", [{}, {"executedQty": "0", "cummulativeQuoteQty": "0"}, {"executedQty": "1"}])
def test_no_average_without_fills(fields: dict[str, Any]) -> None:
    """An order without fills, or without their value, has no average price, whatever its own price."""
    assert one(Order)({"price": "5", **fields}).average_price is None


def test_what_remains() -> None:
    """The part that is not filled yet."""
    assert one(Order)({"origQty": "0.3", "executedQty": Decimal("0.1")}).remaining_quantity == Decimal("0.2")


@pytest.mark.parametrize("name", ["clientOrderID", "clientOrderId", "origClientOrderId", "clientUserID"])
@pytest.mark.parametrize("kind", [Order, Fill])
def test_spellings_of_the_client_id(kind: type[Order | Fill], name: str) -> None:
    """The client order id under each name that replies give it."""
    assert one(kind)({name: "mine"}).client_order_id == "mine"


@pytest.mark.parametrize("name", ["stopPrice", "StopPrice"])
def test_spellings_of_the_stop_price(name: str) -> None:
    """Both spellings, with the tail of a float, which is kept."""
    assert one(Order)({name: "0.000061000000000000005"}).stop_price == Decimal("0.000061000000000000005")


@pytest.mark.parametrize("suffix", ["Volume", "Qty"])
def test_spellings_of_a_book_ticker(suffix: str) -> None:
    """Its quantities have two names."""
    ticker = one(BookTicker)({f"bid{suffix}": "1", f"ask{suffix}": 2})
    assert (ticker.bid_quantity, ticker.ask_quantity) == (Decimal(1), Decimal(2))


def test_legs() -> None:
    """Legs are told by their kind, in any order; a time of 0 is none, and a missing status is not known."""
    stop = {"orderId": "2", "orderType": "ocoTps", "triggerPrice": 9, "transactionTime": 0}
    limit = {"orderId": 1, "orderType": "ocoLimit", "triggerPrice": 0, "transactionTime": SECONDS * 1000}
    for form in ([stop, limit], {"ocoOrders": [limit, stop], "total": 2}, {"orders": [stop, limit]}):
        pair = one(OcoOrder)(form)
        assert pair.limit_leg is not None
        assert pair.stop_leg is not None
        assert [pair.limit_leg.order_id, pair.stop_leg.order_id] == ["1", "2"]
        assert (pair.limit_leg.time, pair.stop_leg.time) == (MOMENT, None)
        assert pair.stop_leg.status == OrderStatus("")


def test_trades_of_both_forms() -> None:
    """Historical trades have short names and ids of 21 digits in their samples, long names in their table."""
    short = {"tid": "168722121345678901234", "t": SECONDS * 1000, "ms": 1, "s": "BTC-USDT", "p": "1e-05", "v": 2}
    long = {"id": 7, "price": "0.00001", "qty": 2, "time": SECONDS * 1000, "buyerMaker": True}
    first, second = many(Trade)([short, long])
    assert (first.trade_id, first.is_buyer_maker, second.is_buyer_maker) == ("168722121345678901234", None, True)
    assert (first.time, second.time, second.price) == (MOMENT, MOMENT, Decimal("0.00001"))
