"""Cancelling orders: one, several, all of a symbol, everything."""

from __future__ import annotations

from typing import Any

from bingx_async.emulator.endpoints.desk import DIGITS, Desk, Params, invalid
from bingx_async.emulator.endpoints.forms import order_form
from bingx_async.emulator.trading.orders import Order
from bingx_async.emulator.traffic import BusinessRefusal

MAX_IDS = 10  # not documented for spot: how many ids one batch cancel takes; futures document 10
RESTRICTIONS = ("NEW", "PENDING", "PARTIALLY_FILLED")
SECOND = 1000  # ms in which the same order may be cancelled once
CLOSED = {  # by variant
    "closed": (100400, "the order is already FILLED or CANCELLED, please verify and retry later"),
    "80018": (80018, "order is already filled"),
}


def cancel_order(desk: Desk, params: Params) -> Any:
    """Cancel one order by id or client id, if it has the status asked for."""
    desk.symbol(params)
    restriction = params.get("cancelRestrictions")
    if restriction is not None and restriction not in RESTRICTIONS:
        raise invalid(f"cancelRestrictions must be one of {', '.join(RESTRICTIONS)}")
    return order_form(cancel_one(desk, find_order(desk, params), params), desk.variants, "CANCELED")


def cancel_one(desk: Desk, order: Order, params: Params) -> Order:
    """Cancel an order that was found by these parameters; raises `BusinessRefusal`."""
    _check_second(desk, str(order.order_id))
    name, value = named_id(params)
    if not order.is_open:
        answer = CLOSED.get(desk.variants.closed_order)
        raise BusinessRefusal(*answer) if answer else desk.missing(f"{name}:{value}")
    restriction = params.get("cancelRestrictions")
    if restriction not in (None, order.status):
        raise invalid(f"orderId:{order.order_id} order status :{order.status} is not {restriction}")
    desk.engine.cancel(order)
    return order


def cancel_orders(desk: Desk, params: Params) -> Any:
    """Cancel a batch: all or nothing (`process=0`), or the valid ones with the others in `fails` (`process=1`)."""
    symbol = desk.symbol(params)
    process = params.get("process", "0")
    if process not in ("0", "1"):
        raise invalid("process must be 0 or 1")
    found = [(name, value, look_up(desk, symbol, name, value)) for name, value in _listed_ids(params)]
    missing = [(name, value, order) for name, value, order in found if order is None or not order.is_open]
    if missing and process == "0":
        raise desk.missing(f"{missing[0][0]}:{missing[0][1]}")
    orders = {order.order_id: order for _, _, order in found if order is not None and order.is_open}
    for order in orders.values():
        desk.engine.cancel(order)
    data: dict[str, Any] = {"orders": [order_form(order, desk.variants) for order in orders.values()]}
    fails = [_fail(name, value, order) for name, value, order in missing]
    return {**data, "fails": fails} if fails else data


def cancel_open_orders(desk: Desk, params: Params) -> Any:
    """Cancel every open order, of one symbol if it is named."""
    symbol = desk.symbol(params) if params.get("symbol") else None
    orders = [order for order in desk.book.orders.values() if symbol in (None, order.symbol)]
    takes_oco = desk.variants.cancel_all == "orders and oco"
    pairs = [pair for pair in desk.book.pairs if symbol in (None, pair.symbol)] if takes_oco else []
    if not orders and not pairs and desk.variants.nothing_open == "refused":
        raise invalid("no any pending order")
    for order in orders:
        desk.engine.cancel(order)
    for pair in pairs:
        desk.engine.cancel(pair.legs[0])
    return {"orders": [order_form(order, desk.variants) for order in orders]}


def named_id(params: Params) -> tuple[str, str]:
    """The name and the value of the parameter that names an order."""
    name = next((name for name in ("orderId", "clientOrderID") if params.get(name)), None)
    if name is None:
        raise invalid("orderId or clientOrderID is required")
    return name, params[name]


def find_order(desk: Desk, params: Params) -> Order:
    """The order that the parameters name, open or done; raises `BusinessRefusal`."""
    name, value = named_id(params)
    order = look_up(desk, desk.symbol(params), name, value)
    if order is None:
        raise desk.missing(f"{name}:{value}")
    return order


def look_up(desk: Desk, symbol: str, name: str, value: str) -> Order | None:
    """The order of that id or client id, if it is of that symbol."""
    if name == "clientOrderID":
        order = desk.book.find(None, value, desk.time)
    elif DIGITS.fullmatch(value):
        order = desk.book.find(int(value))
    else:
        raise invalid(f"{name}:{value} is invalid")
    return order if order is not None and order.symbol == symbol else None


def _check_second(desk: Desk, order_id: str) -> None:
    if desk.variants.repeated_cancel == "refused":
        asked = desk.book.asked_to_cancel
        before, asked[order_id] = asked.get(order_id, -SECOND), desk.time
        if desk.time - before < SECOND:
            raise invalid("The same order can only be submitted once per second")


def _listed_ids(params: Params) -> list[tuple[str, str]]:
    names = (("orderId", "orderIds"), ("clientOrderID", "clientOrderIDs"))
    listed = {(one, value): None for one, many in names for value in params.get(many, "").split(",") if value}
    if not 0 < len(listed) <= MAX_IDS:
        raise invalid(f"orderIds and clientOrderIDs must name 1 to {MAX_IDS} orders, not {len(listed)}")
    return list(listed)


def _fail(name: str, value: str, order: Order | None) -> dict[str, str]:
    ids = {"orderId": value} if name == "orderId" else {"orderId": "", "clientOrderID": value}
    state = "order not exist" if order is None else f"order status :{order.status},can not delete"
    return {**ids, "error": f"the {name}:{value} {state}, please verify and retry later"}
