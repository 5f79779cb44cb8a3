"""The list of open orders is whole, or says that it is not."""

from __future__ import annotations

from typing import Any

import pytest

from bingx_async import IncompleteList
from tests.client.exchange import Backend, Sent, backends
from tests.client.listing import OPEN_ORDERS, asked, said


def orders(count: int, symbol: str = "BTC-USDT", first: int = 1) -> list[dict[str, Any]]:
    """Some open orders."""
    return [{"symbol": symbol, "orderId": first + n, "status": "PENDING"} for n in range(count)]


@backends
def test_open_orders(backend: Backend) -> None:
    """Those of one symbol, or of all, in one request."""
    result, hall, _ = asked(
        backend, {OPEN_ORDERS: said({"orders": orders(3)})}, lambda it: it.spot.list_open_orders("BTC-USDT")
    )
    assert [order.order_id for order in result] == [1, 2, 3]
    assert all(order.status.is_open for order in result)
    result, hall, _ = asked(backend, {OPEN_ORDERS: said({"orders": None})}, lambda it: it.spot.list_open_orders())
    assert (result, "symbol" in hall.exchange.calls(OPEN_ORDERS)[0].params) == ([], False)


def crowd(sent: Sent) -> str:
    """2000 orders are handed out of the many of A and B; C has one that is never among them."""
    pair = sent.params.get("symbol")
    mine = {
        "A-USDT": orders(1500, "A-USDT"),
        "B-USDT": orders(900, "B-USDT", 5000),
        "C-USDT": orders(1, "C-USDT", 9000),
    }
    return said(
        {"orders": [order for symbol, found in mine.items() if pair in (None, symbol) for order in found][:2000]}
    )


@backends
def test_a_list_that_is_cut_off(backend: Backend) -> None:
    """At 2000 orders each symbol that was seen is asked for. As another one may be missing, that is an error, which
    holds all that was seen; with the symbols that the account trades the list is whole."""
    error, hall, _ = asked(backend, {OPEN_ORDERS: crowd}, lambda it: it.spot.list_open_orders())
    assert isinstance(error, IncompleteList)
    assert "symbols=['BTC-USDT']" in str(error)
    assert len({order.order_id for order in error.items}) == len(error.items) == 2400
    assert [call.params.get("symbol") for call in hall.exchange.calls(OPEN_ORDERS)] == [None, "A-USDT", "B-USDT"]
    wanted = ["C-USDT", "A-USDT", "C-USDT"]
    result, hall, _ = asked(backend, {OPEN_ORDERS: crowd}, lambda it: it.spot.list_open_orders(symbols=wanted))
    assert len({order.order_id for order in result}) == len(result) == 2401
    assert [call.params.get("symbol") for call in hall.exchange.calls(OPEN_ORDERS)] == [
        None,
        "A-USDT",
        "B-USDT",
        "C-USDT",
    ]


@backends
@pytest.mark.parametrize("symbol", ["A-USDT", None])
def test_a_symbol_that_is_cut_off(symbol: str | None, backend: Backend) -> None:
    """2000 orders of one symbol cannot be told from more, and say so."""
    answer = said({"orders": orders(2000, "A-USDT")})
    error, _, _ = asked(backend, {OPEN_ORDERS: answer}, lambda it: it.spot.list_open_orders(symbol, symbols=["B-USDT"]))
    assert isinstance(error, IncompleteList)
    assert "A-USDT" in str(error)
    assert {order.order_id for order in error.items} == set(range(1, 2001))


@backends
def test_a_row_that_cannot_be_read(backend: Backend) -> None:
    """It counts for the size of the list: 1999 readable orders and one that is not are a list that may be cut off."""
    found = [None, *orders(1999)]
    error, _, _ = asked(
        backend, {OPEN_ORDERS: said({"orders": found})}, lambda it: it.spot.list_open_orders("BTC-USDT")
    )
    assert isinstance(error, IncompleteList)
    assert len(error.items) == 1999
