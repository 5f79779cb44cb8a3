"""The endpoints: what each does to the book, and what it answers as `data`.

Rules: ids are int64 in `trade/*` and strings in `oco/*`, prices are texts in `trade/*` and numbers in `oco/*`.
A function takes the desk and the parameters (raw tokens by name) and either returns the data or raises a
`BusinessRefusal` having changed nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from decimal import Decimal
from itertools import count
from typing import Any

from attrs import evolve, field, frozen

from bingx_async.catalogue import CATALOGUE
from bingx_async.core.endpoint import Endpoint
from bingx_async.emulator import refusals
from bingx_async.emulator.book import Book, OcoLeg, OcoPair, Order
from bingx_async.emulator.samples import sample_data

MAX_IDS = 10  # open: how many ids one cancelOrders takes; swap documents 10
RESTRICTIONS = ("NEW", "PENDING", "PARTIALLY_FILLED")
FIRST_ORDER_ID = 1_842_700_000_000_000_001  # odd and above 2**53: a float loses its last digit

_SYMBOL = re.compile(r"[A-Z0-9]{2,20}-(?:USDT|USDC|BTC|ETH|EUR)", re.ASCII)
_POSITIVE = re.compile(r"(?=.*[1-9])[0-9]{1,20}(?:\.[0-9]{1,20})?", re.ASCII)
_DIGITS = re.compile(r"[0-9]{1,19}", re.ASCII)
_CLIENT_ID = re.compile(r"[A-Za-z0-9._-]{1,40}", re.ASCII)

Params = Mapping[str, str]


def order_ids() -> Iterator[int]:
    """Order ids, growing, each odd."""
    return count(FIRST_ORDER_ID, 2)


@frozen
class Desk:
    """Where an endpoint runs: one account's book, the ids to give out, the symbols traded, the server time in ms.

    `symbols` None takes every well-formed pair against USDT, USDC, BTC, ETH or EUR.
    """

    book: Book
    ids: Iterator[int]
    symbols: Collection[str] | None
    time: int

    def symbol(self, params: Params) -> str:
        """The parameter `symbol`, if it is traded."""
        symbol = params.get("symbol", "")
        is_known = _SYMBOL.fullmatch(symbol) if self.symbols is None else symbol in self.symbols
        if not is_known:
            raise refusals.invalid(f"symbol:{symbol} is unknown, please verify it")
        return symbol


Behaviour = Callable[[Desk, Params], Any]


@frozen
class Route:
    """One endpoint and its behaviour; without one it answers its sample."""

    endpoint: Endpoint[Any]
    run: Behaviour = field(repr=False)


def cancel(desk: Desk, params: Params) -> Any:
    """Cancel one order by id or client id, if it has the status asked for."""
    symbol = desk.symbol(params)
    restriction = params.get("cancelRestrictions")
    if restriction is not None and restriction not in RESTRICTIONS:
        raise refusals.invalid(f"cancelRestrictions must be one of {', '.join(RESTRICTIONS)}")
    order = _find_order(desk, symbol, params)
    if restriction not in (None, order.status):
        raise refusals.invalid(f"orderId:{order.order_id} order status :{order.status} is not {restriction}")
    return desk.book.cancel(order).to_wire()


def cancel_orders(desk: Desk, params: Params) -> Any:
    """Cancel a batch: all or nothing (`process=0`), or the valid ones with the others in `fails` (`process=1`)."""
    symbol = desk.symbol(params)
    process = params.get("process", "0")
    if process not in ("0", "1"):
        raise refusals.invalid("process must be 0 or 1")
    found = [(name, value, _look_up(desk, symbol, name, value)) for name, value in _listed_ids(params)]
    missing = [(name, value) for name, value, order in found if order is None]
    if missing and process == "0":
        raise refusals.order_not_exist(f"{missing[0][0]}:{missing[0][1]}")
    orders = {order.order_id: order for _, _, order in found if order is not None}
    data: dict[str, Any] = {"orders": [desk.book.cancel(order).to_wire() for order in orders.values()]}
    fails = [_fail(name, value) for name, value in missing]
    return {**data, "fails": fails} if fails else data


def cancel_open_orders(desk: Desk, params: Params) -> Any:
    """Cancel every open order, of one symbol if it is named."""
    symbol = desk.symbol(params) if params.get("symbol") else None
    orders = [order for order in desk.book.orders.values() if symbol in (None, order.symbol)]
    return {"orders": [desk.book.cancel(order).to_wire() for order in orders]}


def place_order(desk: Desk, params: Params) -> Any:
    """Place a LIMIT order, which rests, or a MARKET order, which is filled at once and costs nothing."""
    kind, client_id = params.get("type"), params.get("newClientOrderId", "")
    if kind not in ("LIMIT", "MARKET"):
        raise refusals.invalid("type must be LIMIT or MARKET")
    _check_client_ids(desk, _CLIENT_ID, client_id)
    price = _positive(params, "price") if kind == "LIMIT" else "0"
    amount = "quoteOrderQty" if kind == "MARKET" and "quantity" not in params else "quantity"
    order = Order(0, desk.symbol(params), _side(params), price, _positive(params, amount), kind)
    return {**_rest_or_fill(desk, order, client_id).to_wire(), "transactTime": desk.time}


def place_oco(desk: Desk, params: Params) -> Any:
    """Place a limit leg and a stop-limit leg; the answer is the list of both."""
    symbol, side = desk.symbol(params), _side(params)
    names = ("quantity", "limitPrice", "orderPrice", "triggerPrice")
    quantity, limit_price, order_price, trigger_price = (Decimal(_positive(params, name)) for name in names)
    list_id, above, below = (params.get(f"{name}ClientOrderId", "") for name in ("list", "above", "below"))
    _check_client_ids(desk, _DIGITS, above, below, list_id)
    cost = max(limit_price, order_price) * quantity
    desk.book.lock(cost)
    legs = (
        OcoLeg(str(next(desk.ids)), above, "ocoLimit", limit_price, Decimal(0)),
        OcoLeg(str(next(desk.ids)), below, "ocoTps", order_price, trigger_price),
    )
    pair = OcoPair(list_id or str(next(desk.ids)), symbol, side, quantity, legs, desk.time)
    desk.book.add_pair(pair)
    return pair.to_wire()


def cancel_oco(desk: Desk, params: Params) -> Any:
    """Cancel the pair that has a leg of that order id or client id."""
    name = params.get("orderId") or params.get("clientOrderId")
    if not name:
        raise refusals.invalid("orderId or clientOrderId is required")
    leg = desk.book.cancel_pair(name)
    if leg is None:
        raise refusals.order_not_exist(f"orderId:{name}")
    return {"orderId": leg.order_id, "clientOrderId": leg.client_order_id}


def server_time(desk: Desk, _params: Params) -> Any:
    """The server's clock."""
    return {"serverTime": desk.time}


BEHAVIOURS: Mapping[str, Behaviour] = {
    "cancel_order": cancel,
    "cancel_orders": cancel_orders,
    "cancel_open_orders": cancel_open_orders,
    "place_order": place_order,
    "place_oco_order": place_oco,
    "cancel_oco_order": cancel_oco,
    "server_time": server_time,
}


def _answer_sample(name: str) -> Behaviour:
    return lambda _desk, _params: sample_data(name)


ROUTES: Mapping[str, Route] = {
    endpoint.route: Route(endpoint, BEHAVIOURS.get(endpoint.name) or _answer_sample(endpoint.name))
    for endpoint in CATALOGUE
}


def _find_order(desk: Desk, symbol: str, params: Params) -> Order:
    name = next((name for name in ("orderId", "clientOrderID") if params.get(name)), None)
    if name is None:
        raise refusals.invalid("orderId or clientOrderID is required")
    order = _look_up(desk, symbol, name, params[name])
    if order is None:
        raise refusals.order_not_exist(f"{name}:{params[name]}")
    return order


def _look_up(desk: Desk, symbol: str, name: str, value: str) -> Order | None:
    if name == "clientOrderID":
        order = desk.book.find(None, value)
    elif _DIGITS.fullmatch(value):
        order = desk.book.find(int(value))
    else:
        raise refusals.invalid(f"{name}:{value} is invalid")
    return order if order is not None and order.symbol == symbol else None


def _listed_ids(params: Params) -> list[tuple[str, str]]:
    names = (("orderId", "orderIds"), ("clientOrderID", "clientOrderIDs"))
    listed = {(one, value): None for one, many in names for value in params.get(many, "").split(",") if value}
    if not 0 < len(listed) <= MAX_IDS:
        raise refusals.invalid(f"orderIds and clientOrderIDs must name 1 to {MAX_IDS} orders, not {len(listed)}")
    return list(listed)


def _fail(name: str, value: str) -> dict[str, str]:
    ids = {"orderId": value} if name == "orderId" else {"orderId": "", "clientOrderID": value}
    return {**ids, "error": f"the {name}:{value} order not exist, please verify and retry later"}


def _positive(params: Params, name: str) -> str:
    text = params.get(name, "")
    if not _POSITIVE.fullmatch(text):
        raise refusals.invalid(f"{name}:{text} must be a number above 0")
    return text


def _side(params: Params) -> str:
    side = params.get("side", "")
    if side not in ("BUY", "SELL"):
        raise refusals.invalid(f"side:{side} must be BUY or SELL")
    return side


def _check_client_ids(desk: Desk, pattern: re.Pattern[str], *client_ids: str) -> None:
    named = [client_id for client_id in client_ids if client_id]
    wrong = [client_id for client_id in named if not pattern.fullmatch(client_id)]
    if wrong:
        raise refusals.invalid(f"client order id:{wrong[0]} is invalid")
    if desk.book.has_taken(named) or len(set(named)) < len(named):
        raise refusals.invalid("client order id is already in use")


def _rest_or_fill(desk: Desk, order: Order, client_id: str) -> Order:
    is_market = order.type == "MARKET"
    desk.book.lock(order.cost)
    named = evolve(
        order,
        order_id=next(desk.ids),
        client_order_id=client_id,
        status="FILLED" if is_market else "PENDING",
        executed_quantity=order.quantity if is_market else "0",
    )
    if not is_market:
        desk.book.add(named)
    return named
