"""Behaviours of `trade/*`: ids are int64, prices and quantities are texts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from attrs import evolve

from bingx_async.emulator.behaviours.desk import (
    DIGITS,
    Behaviour,
    Desk,
    Params,
    check_client_ids,
    positive,
    side_of,
)
from bingx_async.emulator.book import Order
from bingx_async.emulator.refusals import invalid, order_not_exist

MAX_IDS = 10  # not documented for spot: how many ids one batch cancel takes; futures document 10
RESTRICTIONS = ("NEW", "PENDING", "PARTIALLY_FILLED")
CLIENT_ID = re.compile(r"[A-Za-z0-9._-]{1,40}", re.ASCII)


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
    order = Order(0, desk.symbol(params), side_of(params), price, positive(params, amount), kind)
    return {**_rest_or_fill(desk, order, client_id).to_wire(), "transactTime": desk.time}


ORDERS: Mapping[str, Behaviour] = {
    "cancel_order": cancel_order,
    "cancel_orders": cancel_orders,
    "cancel_open_orders": cancel_open_orders,
    "place_order": place_order,
}


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
