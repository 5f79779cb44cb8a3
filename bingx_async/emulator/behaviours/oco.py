"""Behaviours of `oco/*`: ids are texts, prices and quantities are numbers."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from bingx_async.emulator.behaviours.desk import (
    DIGITS,
    Behaviour,
    Desk,
    Params,
    check_client_ids,
    positive,
    side_of,
)
from bingx_async.emulator.book import OcoLeg, OcoPair
from bingx_async.emulator.refusals import invalid, order_not_exist


def place_oco_order(desk: Desk, params: Params) -> Any:
    """Place a limit leg and a stop-limit leg; the answer is the list of both."""
    symbol, side = desk.symbol(params), side_of(params)
    names = ("quantity", "limitPrice", "orderPrice", "triggerPrice")
    quantity, limit_price, order_price, trigger_price = (Decimal(positive(params, name)) for name in names)
    list_id, above, below = (params.get(f"{name}ClientOrderId", "") for name in ("list", "above", "below"))
    check_client_ids(desk, DIGITS, above, below, list_id)
    cost = max(limit_price, order_price) * quantity
    desk.book.lock(cost)
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


OCO: Mapping[str, Behaviour] = {"place_oco_order": place_oco_order, "cancel_oco_order": cancel_oco_order}
