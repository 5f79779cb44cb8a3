"""Every choice of every open fact: what a client sees under it."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest

from bingx_async import InvalidRequest
from bingx_async.emulator import LIVE, Market, Request, Variants
from tests.emulator.calls import NOW, SYMBOL, UID
from tests.emulator.looks import LOOKS, look
from tests.emulator.stream_looks import OCO
from tests.emulator.trading import LIMIT, MARKET, STOP, Trading

DAY = 86_400_000


def refusal(trading: Trading, name: str, **params: Any) -> Any:
    """Code of a reply, with the text of a refusal."""
    answer = trading.ask(name, **params)
    return (answer["code"], answer["msg"]) if answer["code"] else 0


def cancelled(trading: Trading) -> Any:
    """An order that is cancelled, as it was placed."""
    order = trading.place(**LIMIT)
    trading.data("cancel_order", symbol=SYMBOL, orderId=order["orderId"])
    return order


@look(by={code: int(code) for code in ("100404", "100400", "100421", "80016", "109421")})
def missing_order(trading: Trading) -> Any:
    codes = {trading.ask(name, symbol=SYMBOL, orderId=7)["code"] for name in ("get_order", "cancel_order")}
    return codes.pop() if len(codes) == 1 else codes


@look(by={"missing": (100404, "order not"), "closed": (100400, "the order"), "80018": (80018, "order is ")})
def closed_order(trading: Trading) -> Any:
    code, text = trading.refusal("cancel_order", symbol=SYMBOL, orderId=cancelled(trading)["orderId"])
    return code, text[:9]


@look(stay="CANCELED", vanish=100404)
def done_orders(trading: Trading) -> Any:
    answer = trading.ask("get_order", symbol=SYMBOL, orderId=cancelled(trading)["orderId"])
    return answer["code"] or answer["data"]["status"]


@look(allowed=[100404, 100404], refused=[100400, 100404])
def repeated_cancel(trading: Trading) -> Any:
    params, codes = {"symbol": SYMBOL, "orderId": cancelled(trading)["orderId"]}, list[int]()
    for wait in (999, 1000):
        trading.now += wait
        codes.append(trading.ask("cancel_order", **params)["code"])
    return codes


@look(empty=0, refused=(100400, "no any pending order"))
def nothing_open(trading: Trading) -> Any:
    return refusal(trading, "cancel_open_orders")


@look(by={"orders": (0, 1), "orders and oco": (0, 0)})
def cancel_all(trading: Trading) -> Any:
    trading.place(**LIMIT)
    trading.data("place_oco_order", **OCO)
    trading.data("cancel_open_orders")
    return len(trading.emulator.open_orders(UID)), len(trading.emulator.open_oco_orders(UID))


@look(
    by={
        "in use": (100400, "client order id is already in use"),
        "once per second": (100400, "The same order can only be submitted once per second"),
        "100205": (100205, "repeat request"),
        "101209": (101209, "the same order number is only allowed to be submitted once within 1 second"),
        "109201": (109201, "the same order number is only allowed to be submitted once within 1 second"),
        "101481": (101481, "the client order id has been used"),
        "accepted": 0,
    }
)
def duplicate_client_id(trading: Trading) -> Any:
    trading.place(**LIMIT, newClientOrderId="a")
    return refusal(trading, "place_order", **LIMIT, newClientOrderId="a")


def taking(trading: Trading, **params: Any) -> Any:
    """The end of an order that meets the market."""
    trading.emulator.set_price(SYMBOL, "60000")
    answer = trading.ask("place_order", **{**LIMIT, "price": "60000.05", "quantity": "5", **params})
    open_orders = trading.data("list_open_orders")["orders"]
    return (answer["code"] or answer["data"]["status"]), len(open_orders), trading.fills()


@look(by={"canceled": ("CANCELED", 0, []), "failed": ("FAILED", 0, []), "101215": (101215, 0, [])})
def post_only(trading: Trading) -> Any:
    return taking(trading, timeInForce="PostOnly")


@look(canceled=("CANCELED", 0, []), failed=("FAILED", 0, []), refused=(100400, 0, []))
def fill_or_kill(trading: Trading) -> Any:
    return taking(trading, timeInForce="FOK")


@look(by={"any": "100.1234567899", "8 places": "100.12345678"})
def quote_precision(trading: Trading) -> Any:
    return trading.place(**{**MARKET, "quoteOrderQty": "100.1234567899"})["origQuoteOrderQty"]


@look(by={"take stop": (0, 100202), "none": (0, 0), "all": (100202, 100202)})
def conditional_lock(trading: Trading) -> Any:
    trading.emulator = Trading({"USDT": "1"}, variants=trading.emulator.settings.variants).emulator
    kinds = ("TRIGGER_LIMIT", "TAKE_STOP_LIMIT")
    return tuple(trading.ask("place_order", **{**STOP, "type": kind})["code"] for kind in kinds)


@look(by={"crossing": ("NEW", "NEW"), "take profit": ("NEW", "PENDING"), "stop loss": ("PENDING", "NEW")})
def conditional_side(trading: Trading) -> Any:
    trading.emulator.set_price(SYMBOL, "60000")
    stops = {"61000": "70000", "59000": "70000"}  # a sale: a stop loss below, or a profit above
    orders = [trading.place(**{**STOP, "stopPrice": stop, "price": price}) for stop, price in stops.items()]
    return tuple(trading.state(order)[0] for order in orders)


@look(kept=True, new=False)
def triggered_id(trading: Trading) -> Any:
    order = trading.place(**STOP, newClientOrderId="mine")
    trading.emulator.set_price(SYMBOL, "58000")
    return trading.data("get_order", symbol=SYMBOL, clientOrderID="mine")["orderId"] == order["orderId"]


@look(by={"fewer": (0, [None], 1), "entries": (0, [None, 100400], 1), "all refused": (100400, [], 0)})
def batch_failure(trading: Trading) -> Any:
    orders = [{**LIMIT, "newClientOrderId": "a"}, {**LIMIT, "newClientOrderId": "b", "quantity": "0"}]
    answer = trading.ask("place_orders", data=json.dumps(orders, separators=(",", ":")))
    entries = [entry.get("code") for entry in answer.get("data", {"orders": []})["orders"]]
    return answer["code"], entries, len(trading.emulator.open_orders(UID))


@look(refused=100001, accepted=0)
def unsafe_in_body(trading: Trading) -> Any:
    from tests.emulator.test_placing import PLACE_ORDERS, batch, send

    return send(trading, PLACE_ORDERS, {"data": batch({})}, body="json")["code"]


def replacement(trading: Trading, **params: Any) -> Any:
    """The reply to the replacement of an order that does not exist."""
    return trading.ask("replace_order", **LIMIT, cancelOrderId=7, cancelReplaceMode="ALLOW_FAILURE", **params)


@look(
    bool={"cancelResult": {"code": 100404, "msg": "order not exist, orderId:7", "result": False}},
    text={"cancelResult": "FAILURE", "newOrderResult": "SUCCESS"},
)
def replace_form(trading: Trading) -> Any:
    data = replacement(trading)["data"]
    return {name: data[name] for name in ("cancelResult", "newOrderResult") if name in data}


@look(
    by={
        "inside": (0, "", 1),
        "100500": (
            100500,
            "order open error:success, previous cancel order request result:order not exist, orderId:7",
            1,
        ),
    }
)
def replace_failure(trading: Trading) -> Any:
    answer = replacement(trading)
    return answer["code"], answer["msg"], len(trading.emulator.open_orders(UID))


@look(by={"everything": [], "limit orders": ["TAKE_STOP_LIMIT", "oco"]})
def switch_takes(trading: Trading) -> Any:
    for params in (LIMIT, STOP):
        trading.place(**params)
    trading.data("place_oco_order", **OCO)
    trading.data("cancel_all_after", type="ACTIVATE", timeOut=10)
    trading.now += 10_000
    return [order.type for order in trading.emulator.open_orders(UID)] + [
        "oco" for _ in trading.emulator.open_oco_orders(UID)
    ]


@look(seconds=int(NOW) // 1000 + 10, milliseconds=int(NOW) + 10_000)
def switch_time(trading: Trading) -> Any:
    return trading.data("cancel_all_after", type="ACTIVATE", timeOut=10)["triggerTime"]


@look(by={"newest first": True, "oldest first": False})
def history_order(trading: Trading) -> Any:
    ids = [trading.place(**MARKET)["orderId"] for _ in range(3)]
    listed = [order["orderId"] for order in trading.data("iter_order_history")["orders"]]
    assert sorted(listed) == ids
    return listed == ids[::-1]


@look(by={"any": [0, 0], "7 days": [0, 100204]})
def history_span(trading: Trading) -> Any:
    spans = [7 * DAY, 7 * DAY + 1]
    return [trading.ask("iter_order_history", startTime=5, endTime=5 + span)["code"] for span in spans]


@look(by={"500": 500, "1000": 600})
def fills_limit(trading: Trading) -> Any:
    for _ in range(600):
        trading.place(**MARKET)
    return len(trading.data("iter_fills", symbol=SYMBOL, limit=1000)["fills"])


@look(inclusive=[0, 1], exclusive=[1])
def fills_from_id(trading: Trading) -> Any:
    for _ in range(2):
        trading.place(**MARKET)
    first = trading.emulator.fills(UID)[0].fill_id
    return [fill["id"] - first for fill in trading.data("iter_fills", symbol=SYMBOL, fromId=first)["fills"]]


@look(orderListId=[2, 0], orderId=[0, 2])
def oco_query_id(trading: Trading) -> Any:
    trading.data("place_oco_order", **OCO)
    list_id = trading.emulator.open_oco_orders(UID)[0].list_id
    return [len(trading.data("get_oco_order", **{name: list_id})) for name in ("orderListId", "orderId")]


@look(client="7", exchange="the exchange's")
def oco_list_id(trading: Trading) -> Any:
    (placed, *_) = trading.data("place_oco_order", **OCO)
    (listed, *_) = trading.data("list_open_oco_orders", pageIndex=1, pageSize=1)
    return "the exchange's" if placed["orderListId"] == listed["orderListId"] else placed["orderListId"]


@look(list=list, ocoOrders=["ocoOrders", "total"], orders=["orders", "total"])
def oco_form(trading: Trading) -> Any:
    replies = [trading.data("place_oco_order", **OCO), trading.data("list_open_oco_orders", pageIndex=1, pageSize=9)]
    found = [list if isinstance(reply, list) else list(reply) for reply in replies]
    return found[0] if found[0] == found[1] else found


@look(both=[0, 100400], v1=[0, 100400], quote=[100404, 100400])
def market_family(trading: Trading) -> Any:
    paths = ("/openApi/spot/v1/market/depth", "/openApi/nowhere/quote/depth")
    replies = [trading.emulator.handle(Request("GET", path, f"symbol={SYMBOL}")) for path in paths]
    return [json.loads(reply.body)["code"] for reply in replies]


@look(both=[0, 0], underscore=[0, 100204], hyphen=[100204, 0])
def aggregated_symbol(trading: Trading) -> Any:
    return [trading.ask("get_aggregated_depth", symbol=symbol)["code"] for symbol in ("BTC_USDT", "BTC-USDT")]


@look(by={"worst first": True, "best first": False})
def depth_order(trading: Trading) -> Any:
    asks = trading.data("get_depth", symbol=SYMBOL)["asks"]
    return asks[0] > asks[-1]


@look(inclusive=0, exclusive=60_000)
def kline_start(trading: Trading) -> Any:
    start = int(NOW) // 60_000 * 60_000 - 600_000
    return trading.data("list_klines", symbol=SYMBOL, interval="1m", startTime=start)[-1][0] - start


@look(ignored=16, honoured=0)
def historical_time_zone(trading: Trading) -> Any:
    row = trading.data("list_historical_klines", symbol=SYMBOL, interval="1d", timeZone=0)[0]
    return row[0] // 3_600_000 % 24


@look(older=True, newer=False)
def trades_from_id(trading: Trading) -> Any:
    middle = trading.data("iter_historical_trades", symbol=SYMBOL, limit=20)[10]
    page = trading.data("iter_historical_trades", symbol=SYMBOL, limit=5, fromId=middle["tid"])
    is_older = [trade["t"] < middle["t"] for trade in page]
    return is_older[0] if len(page) == 5 and len(set(is_older)) == 1 else page


@look(maker={1, 2}, milliseconds={0})
def trade_ms(trading: Trading) -> Any:
    return {trade["ms"] for trade in trading.data("iter_historical_trades", symbol=SYMBOL)}


@look(present=True, absent=False)
def api_flags(trading: Trading) -> Any:
    return "apiStateBuy" in trading.data("list_symbols", symbol=SYMBOL)["symbols"][0]


@look(documented=(str, Decimal), mixed="other")
def numbers(trading: Trading) -> Any:
    trading.place(**MARKET)
    kinds = [
        (type(fill["price"]), type(fill["commission"])) for fill in trading.data("iter_fills", symbol=SYMBOL)["fills"]
    ]
    rules = trading.data("list_symbols", symbol=SYMBOL)["symbols"][0]
    written = {name: type(rules[name]) for name in ("tickSize", "stepSize", "minNotional", "maxNotional")}
    return kinds[0] if str not in written.values() else "other"


NAMES = ("clientOrderID", "clientOrderId", "origClientOrderId", "clientUserID")


@look(by={name: [name] for name in NAMES} | {"absent": []})
def client_id_name(trading: Trading) -> Any:
    order = trading.place(**LIMIT, newClientOrderId="mine")
    return [name for name in NAMES if name in order and trading.order(order)[name] == "mine"]


@look(CANCELED="CANCELED", CANCELLED="CANCELLED")
def cancelled_spelling(trading: Trading) -> Any:
    return trading.order(cancelled(trading))["status"]


LOOKS["cancelled"] = LOOKS.pop("cancelled_spelling")


@look(balances=["balances"], assets=["assets"])
def fund_form(trading: Trading) -> Any:
    return list(trading.data("list_fund_balances"))


@look(result=dict, list=list)
def overview_form(trading: Trading) -> Any:
    return type(trading.data("get_overview"))


@look(flat=["listenKey"], data=["data"])
def listen_key_form(trading: Trading) -> Any:
    return list(trading.ask("create_listen_key"))


@look(shown=["BTC", "USDT"], absent=["USDT"])
def zero_balances(trading: Trading) -> Any:
    variants = trading.emulator.settings.variants
    trading.emulator = Trading({"USDT": "1", "BTC": "0"}, variants=variants).emulator
    return sorted(trading.balances())


FACTS = [field for field in attrs.fields(Variants) if "choices" in field.metadata]


def test_every_choice_is_looked_at() -> None:
    """No open fact, and no choice of one, is left out of this file and of `stream_looks`."""
    choices = {field.name: set(field.metadata["choices"]) for field in FACTS}
    assert {name: set(expected) for name, (_, expected) in LOOKS.items()} == choices


@pytest.mark.parametrize(
    ("name", "choice"), [(field.name, each) for field in FACTS for each in field.metadata["choices"]]
)
def test_a_choice_is_seen(name: str, choice: str) -> None:
    """The emulator behaves as it was told."""
    function, expected = LOOKS[name]
    trading = Trading(market=Market(seed=7, moves=False), variants=Variants(**{name: choice}))  # type: ignore[arg-type]
    assert function(trading) == expected[choice]


def test_every_choice_is_documented() -> None:
    """Each fact has a row in the table of the page, with its choices in order; the default comes first."""
    text = (Path(__file__).parents[2] / "docs" / "emulator.md").read_text()
    for field in FACTS:
        choices = ", ".join(f'`"{choice}"`' for choice in field.metadata["choices"])
        assert f"| `{field.name}` | {choices} | " in text
        assert field.default == field.metadata["choices"][0]


def test_choices_that_cannot_be() -> None:
    """Each is refused with those that can be."""
    for field in FACTS:
        with pytest.raises(InvalidRequest, match=f"{field.name} must be '"):
            Variants(**{field.name: "x"})  # type: ignore[arg-type]
    with pytest.raises(InvalidRequest, match="lookup_delay_ms must be a whole number, 0 or more, not -1"):
        Variants(lookup_delay_ms=-1)


def test_live() -> None:
    """The replies that were recorded: numbers mean nothing without their texts."""
    trading = Trading(variants=LIVE)
    order_id = cancelled(trading)["orderId"]
    trading.now += 5000
    params = {"symbol": SYMBOL, "orderId": order_id}
    texts = [trading.refusal("cancel_order", **params) for _ in range(2)]
    texts += [trading.refusal("cancel_open_orders"), trading.refusal("cancel_order", symbol=SYMBOL, orderId=7)]
    assert texts == [
        (100400, "the order is already FILLED or CANCELLED, please verify and retry later"),
        (100400, "The same order can only be submitted once per second"),
        (100400, "no any pending order"),
        (100400, "order not exist, orderId:7"),
    ]


@pytest.mark.parametrize("process", [0, 1])
def test_done_orders_in_a_batch_cancel(process: int) -> None:
    """An order that is done is reported in `fails` with its state, or fails the batch."""
    trading = Trading()
    order_id = cancelled(trading)["orderId"]
    answer = trading.ask("cancel_orders", symbol=SYMBOL, orderIds=order_id, process=process)
    text = f"the orderId:{order_id} order status :CANCELED,can not delete, please verify and retry later"
    fails = [{"orderId": str(order_id), "error": text}]
    assert (answer["code"], answer.get("data")) == ((0, {"orders": [], "fails": fails}) if process else (100404, None))
