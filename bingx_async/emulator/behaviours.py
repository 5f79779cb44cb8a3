"""The behaviour of endpoints: how each changes the book, and the `data` it answers.

A behaviour takes the desk and the parameters, raw tokens by name. It either returns the data or raises a
`BusinessRefusal` having changed nothing. In `trade/*` ids are int64, prices and quantities are texts; in `oco/*` ids
are texts, prices and quantities are numbers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from decimal import Decimal
from typing import Any

from attrs import evolve, frozen

from bingx_async.emulator.book import Book, OcoLeg, OcoPair, Order
from bingx_async.emulator.traffic import BusinessRefusal

FIRST_ORDER_ID = 1_842_700_000_000_000_001  # odd and above 2**53: a float loses its last digit
SYMBOL = re.compile(r"[A-Z0-9]{2,20}-(?:USDT|USDC|BTC|ETH|EUR)", re.ASCII)
POSITIVE = re.compile(r"(?=.*[1-9])[0-9]{1,20}(?:\.[0-9]{1,20})?", re.ASCII)
DIGITS = re.compile(r"[0-9]{1,19}", re.ASCII)
MAX_IDS = 10  # not documented for spot: how many ids one batch cancel takes; futures document 10
RESTRICTIONS = ("NEW", "PENDING", "PARTIALLY_FILLED")
CLIENT_ID = re.compile(r"[A-Za-z0-9._-]{1,40}", re.ASCII)

Params = Mapping[str, str]


@frozen
class Desk:
    """One account's book, the ids to give out, the symbols that are traded, and the server's time in ms.

    `symbols` None takes every well-formed pair against USDT, USDC, BTC, ETH or EUR.
    """

    book: Book
    ids: Iterator[int]
    symbols: Collection[str] | None
    time: int

    def symbol(self, params: Params) -> str:
        """The parameter `symbol`, if it is traded."""
        symbol = params.get("symbol", "")
        is_known = SYMBOL.fullmatch(symbol) if self.symbols is None else symbol in self.symbols
        if not is_known:
            raise invalid(f"symbol:{symbol} is unknown, please verify it")
        return symbol


Behaviour = Callable[[Desk, Params], Any]


def invalid(text: str) -> BusinessRefusal:
    """A parameter the endpoint does not take."""
    return BusinessRefusal(100400, text)


def order_not_exist(reference: str) -> BusinessRefusal:
    """No such open order of this account."""
    return BusinessRefusal(100404, f"order not exist, {reference}")


def positive(params: Params, name: str) -> str:
    """The parameter `name`, which is a number above 0 in plain notation."""
    text = params.get(name, "")
    if not POSITIVE.fullmatch(text):
        raise invalid(f"{name}:{text} must be a number above 0")
    return text


def side_of(params: Params) -> str:
    """The parameter `side`."""
    side = params.get("side", "")
    if side not in ("BUY", "SELL"):
        raise invalid(f"side:{side} must be BUY or SELL")
    return side


def check_client_ids(desk: Desk, pattern: re.Pattern[str], *client_ids: str) -> None:
    """Refuse client order ids that do not fit `pattern`, are given twice or are on the book already."""
    named = [client_id for client_id in client_ids if client_id]
    wrong = [client_id for client_id in named if not pattern.fullmatch(client_id)]
    if wrong:
        raise invalid(f"client order id:{wrong[0]} is invalid")
    if desk.book.has_taken(named) or len(set(named)) < len(named):
        raise invalid("client order id is already in use")


def cancel_order(desk: Desk, params: Params) -> Any:
    """Cancel one order by id or client id, if it has the status asked for."""
    symbol = desk.symbol(params)
    restriction = params.get("cancelRestrictions")
    if restriction is not None and restriction not in RESTRICTIONS:
        raise invalid(f"cancelRestrictions must be one of {', '.join(RESTRICTIONS)}")
    order = _find_order(desk, symbol, params)
    if restriction not in (None, order.status):
        raise invalid(f"orderId:{order.order_id} order status :{order.status} is not {restriction}")
    return desk.book.cancel(order).to_wire()


def get_order(desk: Desk, params: Params) -> Any:
    """An open order by id or client id; one that is done has left the book and is not found."""
    return _find_order(desk, desk.symbol(params), params).to_wire()


def cancel_orders(desk: Desk, params: Params) -> Any:
    """Cancel a batch: all or nothing (`process=0`), or the valid ones with the others in `fails` (`process=1`)."""
    symbol = desk.symbol(params)
    process = params.get("process", "0")
    if process not in ("0", "1"):
        raise invalid("process must be 0 or 1")
    found = [(name, value, _look_up(desk, symbol, name, value)) for name, value in _listed_ids(params)]
    missing = [(name, value) for name, value, order in found if order is None]
    if missing and process == "0":
        raise order_not_exist(f"{missing[0][0]}:{missing[0][1]}")
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
    """Place a LIMIT order, which rests, or a MARKET order, which is filled at once and locks nothing."""
    kind, client_id = params.get("type"), params.get("newClientOrderId", "")
    if kind not in ("LIMIT", "MARKET"):
        raise invalid("type must be LIMIT or MARKET")
    check_client_ids(desk, CLIENT_ID, client_id)
    price = positive(params, "price") if kind == "LIMIT" else "0"
    amount = "quoteOrderQty" if kind == "MARKET" and "quantity" not in params else "quantity"
    symbol, side, quantity = desk.symbol(params), side_of(params), positive(params, amount)
    order = Order(0, symbol, side, price, quantity, kind, "PENDING", client_id)
    desk.book.lock(order.cost)
    order = evolve(order, order_id=next(desk.ids))
    if kind == "LIMIT":
        desk.book.add(order)
    else:
        order = evolve(order, status="FILLED", executed_quantity=quantity)
    return {**order.to_wire(), "transactTime": desk.time}


def _find_order(desk: Desk, symbol: str, params: Params) -> Order:
    name = next((name for name in ("orderId", "clientOrderID") if params.get(name)), None)
    if name is None:
        raise invalid("orderId or clientOrderID is required")
    order = _look_up(desk, symbol, name, params[name])
    if order is None:
        raise order_not_exist(f"{name}:{params[name]}")
    return order


def _look_up(desk: Desk, symbol: str, name: str, value: str) -> Order | None:
    if name == "clientOrderID":
        order = desk.book.find(None, value)
    elif DIGITS.fullmatch(value):
        order = desk.book.find(int(value))
    else:
        raise invalid(f"{name}:{value} is invalid")
    return order if order is not None and order.symbol == symbol else None


def _listed_ids(params: Params) -> list[tuple[str, str]]:
    names = (("orderId", "orderIds"), ("clientOrderID", "clientOrderIDs"))
    listed = {(one, value): None for one, many in names for value in params.get(many, "").split(",") if value}
    if not 0 < len(listed) <= MAX_IDS:
        raise invalid(f"orderIds and clientOrderIDs must name 1 to {MAX_IDS} orders, not {len(listed)}")
    return list(listed)


def _fail(name: str, value: str) -> dict[str, str]:
    ids = {"orderId": value} if name == "orderId" else {"orderId": "", "clientOrderID": value}
    return {**ids, "error": f"the {name}:{value} order not exist, please verify and retry later"}


def place_oco_order(desk: Desk, params: Params) -> Any:
    """Place a limit leg and a stop-limit leg; the answer is the list of both."""
    symbol, side = desk.symbol(params), side_of(params)
    names = ("quantity", "limitPrice", "orderPrice", "triggerPrice")
    quantity, limit_price, order_price, trigger_price = (Decimal(positive(params, name)) for name in names)
    list_id, above, below = (params.get(f"{name}ClientOrderId", "") for name in ("list", "above", "below"))
    check_client_ids(desk, DIGITS, above, below, list_id)
    desk.book.lock(max(limit_price, order_price) * quantity)
    legs = (
        OcoLeg(str(next(desk.ids)), above, "ocoLimit", limit_price, Decimal(0)),
        OcoLeg(str(next(desk.ids)), below, "ocoTps", order_price, trigger_price),
    )
    pair = OcoPair(list_id or str(next(desk.ids)), symbol, side, quantity, legs, desk.time)
    desk.book.add_pair(pair)
    return pair.to_wire()


def cancel_oco_order(desk: Desk, params: Params) -> Any:
    """Cancel the pair that has a leg of that order id or client id."""
    name = params.get("orderId") or params.get("clientOrderId")
    if not name:
        raise invalid("orderId or clientOrderId is required")
    leg = desk.book.cancel_pair(name)
    if leg is None:
        raise order_not_exist(f"orderId:{name}")
    return {"orderId": leg.order_id, "clientOrderId": leg.client_order_id}


def server_time(desk: Desk, _params: Params) -> Any:
    """The server's clock."""
    return {"serverTime": desk.time}


BEHAVIOURS: Mapping[str, Behaviour] = {  # by the name of the endpoint's method
    "cancel_order": cancel_order,
    "cancel_orders": cancel_orders,
    "get_order": get_order,
    "cancel_open_orders": cancel_open_orders,
    "place_order": place_order,
    "place_oco_order": place_oco_order,
    "cancel_oco_order": cancel_oco_order,
    "server_time": server_time,
}
