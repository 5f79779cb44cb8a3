"""Asking for orders and fills: by id, by page, by window."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from bingx_async.emulator import Variants
from tests.emulator.calls import NOW, SYMBOL, UID
from tests.emulator.trading import LIMIT, MARKET, Trading

DAY = 86_400_000


def ids(orders: list[dict[str, Any]]) -> list[int]:
    """The ids of a list."""
    return [order["orderId"] for order in orders]


def with_history(n: int, **options: Any) -> tuple[Trading, list[int]]:
    """An account with `n` market orders that are done, one a second; their ids."""
    trading = Trading(**options)
    done: list[int] = []
    for _ in range(n):
        done.append(trading.place(**MARKET)["orderId"])
        trading.now += 1000
    return trading, done


def test_the_form_of_a_query() -> None:
    """`StopPrice` is spelled like this, the fee is a text with its asset, the average a number."""
    trading = Trading()
    order = trading.place(**{**MARKET, "side": "SELL", "quantity": "2"}, newClientOrderId="mine")
    assert trading.order(order) == {
        "symbol": SYMBOL,
        "orderId": order["orderId"],
        "price": "58187.49",
        "StopPrice": "0",
        "origQty": "2",
        "executedQty": "2",
        "cummulativeQuoteQty": "122499.98",
        "status": "FILLED",
        "type": "MARKET",
        "side": "SELL",
        "clientOrderID": "mine",
        "time": int(NOW),
        "updateTime": int(NOW),
        "origQuoteOrderQty": "0",
        "avgPrice": Decimal("61249.99"),
        "fee": "-122.49998",
        "feeAsset": "USDT",
    }


def test_a_client_id_is_known_for_two_hours() -> None:
    """Then the order is found by its order id alone, and the client id may be used again."""
    trading = Trading()
    order = trading.place(**LIMIT, newClientOrderId="mine")
    found: list[int] = []
    for wait in (0, 7_199_999, 1):
        trading.now += wait
        found.append(trading.ask("get_order", symbol=SYMBOL, clientOrderID="mine")["code"])
    assert (found, trading.state(order)) == ([0, 0, 100404], ("PENDING", "0"))
    assert trading.place(**LIMIT, newClientOrderId="mine")["orderId"] > order["orderId"]


def test_open_orders() -> None:
    """Newest first, of one symbol or of all, and no more than 2000, whatever is open."""
    trading = Trading()
    others = trading.emulator.rest_orders(UID, "ETH-USDT", 3, price="2000")
    own = trading.emulator.rest_orders(UID, SYMBOL, 1999)
    assert ids(trading.data("list_open_orders", symbol=SYMBOL)["orders"]) == own[::-1]
    assert ids(trading.data("list_open_orders")["orders"]) == [*own[::-1], others[2]]
    assert trading.data("list_open_orders", symbol=SYMBOL)["orders"][0]["fee"] == 0


def test_history_by_pages() -> None:
    """Pages of 100 at most, newest first, without a total; the last one is short, and none follows beyond 10 000."""
    trading, done = with_history(230)
    trading.place(**LIMIT)  # is open: no history yet
    pages = [trading.data("iter_order_history", pageIndex=page, pageSize=1000) for page in (1, 2, 3, 4)]
    assert [len(page["orders"]) for page in pages] == [100, 100, 30, 0]
    assert [order_id for page in pages for order_id in ids(page["orders"])] == done[::-1]
    assert list(pages[0]) == ["orders"]
    assert trading.refusal("iter_order_history", pageIndex=101, pageSize=100) == (
        100400,
        "pageIndex * pageSize must be 1 to 10000",
    )


def test_history_by_window_id_status_and_type() -> None:
    """Both ends of the window are inclusive; `orderId` is the least id."""
    trading, done = with_history(6)
    cancelled = trading.place(**LIMIT)["orderId"]
    trading.data("cancel_order", symbol=SYMBOL, orderId=cancelled)

    def asked(**params: Any) -> list[int]:
        return ids(trading.data("iter_order_history", **params)["orders"])[::-1]

    assert asked(startTime=int(NOW) + 1000, endTime=int(NOW) + 3000) == done[1:4]
    assert asked(orderId=done[4]) == [*done[4:], cancelled]
    assert asked(status="CANCELED") == asked(type="LIMIT") == [cancelled]
    assert asked(symbol="ETH-USDT") == []
    assert trading.refusal("iter_order_history", status="NEW")[0] == 100400
    assert trading.refusal("iter_order_history", startTime=5, endTime=4)[0] == 100400


def test_fills_of_a_day_and_of_a_week() -> None:
    """Without any time the last 24 hours, with one at most the last 7 days; oldest first."""
    trading = Trading()
    for _ in range(10):
        trading.place(**MARKET)
        trading.now += DAY
    trading.now -= 1

    def times(**params: Any) -> list[int]:
        fills = trading.data("iter_fills", symbol=SYMBOL, **params)["fills"]
        return [(fill["time"] - int(NOW)) // DAY for fill in fills]

    assert times() == [9]
    assert times(startTime=1) == [3, 4, 5, 6, 7, 8, 9]
    assert times(startTime=1, endTime=int(NOW) + 5 * DAY) == [3, 4, 5]


def test_fills_by_id() -> None:
    """`fromId` and `limit` page through the fills of a symbol, `orderId` picks an order's; fees are negative."""
    trading, done = with_history(5)
    fills = trading.data("iter_fills", symbol=SYMBOL)["fills"]
    first = fills[0]["id"]
    assert [fill["id"] for fill in fills] == list(range(first, first + 5))
    page = trading.data("iter_fills", symbol=SYMBOL, fromId=first + 2, limit=2)["fills"]
    assert [fill["id"] for fill in page] == [first + 2, first + 3]
    assert ids(trading.data("iter_fills", symbol=SYMBOL, orderId=done[3])["fills"]) == [done[3]]
    assert trading.data("iter_fills", symbol="ETH-USDT")["fills"] == []
    assert fills[0] == {
        "symbol": SYMBOL,
        "id": first,
        "orderId": done[0],
        "price": "61250.01",
        "qty": "0.09795",
        "quoteQty": "5999.4384795",
        "commission": Decimal("-0.00009795"),
        "commissionAsset": "BTC",
        "time": int(NOW),
        "isBuyer": True,
        "isMaker": False,
    }


def test_a_delay_before_orders_are_found() -> None:
    """For so long no query finds a new order, though it is live and may be cancelled."""
    trading = Trading(variants=Variants(lookup_delay_ms=300))
    order = trading.place(**LIMIT, newClientOrderId="mine")
    params = {"limitPrice": "63000", "triggerPrice": "58000", "orderPrice": "57900"}
    trading.data("place_oco_order", symbol=SYMBOL, side="SELL", quantity="1", listClientOrderId="7", **params)

    def seen() -> tuple[int, int, int, int, int]:
        query = trading.ask("get_order", symbol=SYMBOL, clientOrderID="mine")["code"]
        legs = [trading.data("get_oco_order", clientOrderId="7")]
        legs += [trading.data("list_open_oco_orders", pageIndex=1, pageSize=10)]
        done = trading.data("iter_order_history")["orders"]
        return query, len(trading.data("list_open_orders")["orders"]), len(legs[0]), len(legs[1]), len(done)

    assert seen() == (100404, 0, 0, 0, 0)
    trading.now += 300
    assert seen() == (0, 1, 2, 2, 0)
    assert trading.data("cancel_order", symbol=SYMBOL, orderId=order["orderId"])["status"] == "CANCELED"
    assert seen() == (0, 0, 2, 2, 1)


def test_commission_rate() -> None:
    """The rates at which fills are charged."""
    rates = Trading().data("get_commission_rate", symbol=SYMBOL)
    assert rates == {"takerCommissionRate": Decimal("0.001"), "makerCommissionRate": Decimal("0.001")}


def place_pairs(trading: Trading, n: int) -> list[str]:
    """Pairs, of which the second is cancelled; the order ids of all limit legs."""
    params = {"symbol": SYMBOL, "limitPrice": "63000", "triggerPrice": "58000", "orderPrice": "57900"}
    legs = [trading.data("place_oco_order", side="SELL", quantity="1", **params) for _ in range(n)]
    trading.data("cancel_oco_order", orderId=legs[1][1]["orderId"])
    return [leg[0]["orderId"] for leg in legs]


def test_oco_lists() -> None:
    """Legs by pages, newest pair first and its stop leg before its limit leg; open ones and done ones apart."""
    trading = Trading()
    first, second, third = (int(order_id) for order_id in place_pairs(trading, 3))

    def legs(name: str, **params: Any) -> list[tuple[int, str, str]]:
        found = trading.data(name, **{"pageIndex": 1, "pageSize": 10, **params})
        return [(int(leg["orderId"]), leg["orderType"], leg["status"]) for leg in found]

    assert legs("list_open_oco_orders") == [
        (third + 2, "ocoTps", "NEW"),
        (third, "ocoLimit", "PENDING"),
        (first + 2, "ocoTps", "NEW"),
        (first, "ocoLimit", "PENDING"),
    ]
    assert legs("list_open_oco_orders", pageIndex=2, pageSize=3) == [(first, "ocoLimit", "PENDING")]
    done = [(second + 2, "ocoTps", "CANCELED"), (second, "ocoLimit", "CANCELED")]
    assert legs("iter_oco_history") == legs("iter_oco_history", startTime=int(NOW), endTime=int(NOW)) == done
    assert legs("iter_oco_history", startTime=int(NOW) + 1) == []
    assert trading.refusal("list_open_oco_orders", pageSize=10) == (100400, "pageIndex is required")
    assert trading.refusal("list_open_oco_orders", pageIndex=0, pageSize=1)[1] == "pageIndex and pageSize start at 1"
    assert trading.refusal("list_open_oco_orders", pageIndex="x", pageSize=1)[1] == "pageIndex:x must be a whole number"


def test_old_orders_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the orders that are done the latest are remembered; open ones always are."""
    monkeypatch.setattr("bingx_async.emulator.trading.book.KEPT", 3)
    trading = Trading()
    resting = trading.place(**LIMIT)
    done = [trading.place(**MARKET)["orderId"] for _ in range(5)]
    assert ids(trading.data("iter_order_history")["orders"]) == done[:1:-1]
    assert trading.state(resting) == ("PENDING", "0")


@pytest.mark.parametrize("name", ["orderListId", "clientOrderId"])
def test_oco_by_id(name: str) -> None:
    """A pair is found by the exchange's id of the list or by any client id; its legs have no state here."""
    trading = Trading()
    params = {"symbol": SYMBOL, "side": "SELL", "quantity": "1", "limitPrice": "63000", "orderPrice": "57900"}
    named = {"listClientOrderId": "10", "aboveClientOrderId": "11", "belowClientOrderId": "12"}
    placed = trading.data("place_oco_order", **params, triggerPrice="58000", **named)
    (leg, *_) = trading.data("list_open_oco_orders", pageIndex=1, pageSize=1)
    values = [leg["orderListId"]] if name == "orderListId" else ["10", "11", "12"]
    for value in values:
        legs = trading.data("get_oco_order", **{name: value})
        assert [leg["orderId"] for leg in legs] == [placed[1]["orderId"], placed[0]["orderId"]]
        assert [("status" in leg, leg["orderListId"]) for leg in legs] == [(False, leg["orderListId"])] * 2
    assert placed[0]["orderListId"] == "10"
    assert trading.data("get_oco_order", **{name: "99"}) == []
