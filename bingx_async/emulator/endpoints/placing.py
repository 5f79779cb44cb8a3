"""Placing orders: one, a batch, one in the place of another."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, cast

from bingx_async.emulator.endpoints.cancels import cancel_one, find_order
from bingx_async.emulator.endpoints.desk import Desk, Params, invalid, one_of
from bingx_async.emulator.endpoints.drafts import read_order
from bingx_async.emulator.endpoints.forms import order_form, placed_form
from bingx_async.emulator.trading.orders import Order
from bingx_async.emulator.traffic import BusinessRefusal

MAX_BATCH = 5
NOTHING: dict[str, Any] = {
    "symbol": "",
    "orderId": 0,
    "price": "0",
    "stopPrice": "0",
    "origQty": "0",
    "executedQty": "0",
    "cummulativeQuoteQty": "0",
    "status": "",
    "type": "",
    "side": "",
}


def place_order(desk: Desk, params: Params) -> Any:
    """Place an order."""
    return placed_form(_place(desk, params), desk.variants)


def place_orders(desk: Desk, params: Params) -> Any:
    """Place a batch: `sync=false` wants one symbol, side and type; orders that are refused do not end the others."""
    drafts = _read_batch(params)
    kinds = {tuple(draft.get(name) for name in ("symbol", "side", "type")) for draft in drafts}
    if params.get("sync", "false") != "true" and len(kinds) > 1:
        raise invalid("with sync=false all orders must have the same symbol, side and type")
    outcomes = [_attempt(partial(_place, desk, draft)) for draft in drafts]
    refusals = [each for each in outcomes if isinstance(each, BusinessRefusal)]
    if refusals and desk.variants.batch_failure == "all refused":
        for order in outcomes:
            if isinstance(order, Order) and order.is_open:
                desk.engine.cancel(order)
        raise refusals[0]
    return {"orders": [entry for pair in zip(drafts, outcomes, strict=True) for entry in _entries(desk, *pair)]}


def _entries(desk: Desk, draft: Params, outcome: Order | BusinessRefusal) -> list[dict[str, Any]]:
    """The entry of one order of a batch in its reply, if there is one."""
    if isinstance(outcome, Order):
        return [placed_form(outcome, desk.variants)]
    if desk.variants.batch_failure == "fewer":
        return []
    named = {desk.variants.client_id_name: draft.get("newClientOrderId", "")}
    return [{"symbol": draft.get("symbol", ""), "orderId": 0, **named, "code": outcome.code, "msg": outcome.message}]


def replace_order(desk: Desk, params: Params) -> Any:
    """Cancel an order and place another; the reply has two results, of which either may be a failure."""
    mode = params.get("cancelReplaceMode") or params.get("CancelReplaceMode") or ""
    one_of({"cancelReplaceMode": mode}, "cancelReplaceMode", "STOP_ON_FAILURE", "ALLOW_FAILURE")
    names = {"cancelOrderId": "orderId", "cancelClientOrderID": "clientOrderID"}
    given = {short: params[name] for name, short in names.items() if params.get(name)}
    if len(given) != 1:
        raise invalid("exactly one of cancelOrderId and cancelClientOrderID is required")
    wanted: dict[str, str] = {"symbol": params.get("symbol", ""), **given}
    if params.get("cancelRestrictions"):
        wanted["cancelRestrictions"] = params["cancelRestrictions"]
    cancelled = _attempt(lambda: cancel_one(desk, find_order(desk, wanted), wanted))
    if isinstance(cancelled, BusinessRefusal) and mode == "STOP_ON_FAILURE":
        placed: Order | BusinessRefusal = BusinessRefusal(100400, "not attempted: the cancel failed")
    else:
        placed = _attempt(partial(_place, desk, params))
    return _replacement(desk, cancelled, placed)


def _replacement(desk: Desk, cancelled: Order | BusinessRefusal, placed: Order | BusinessRefusal) -> Any:
    failures = [each for each in (cancelled, placed) if isinstance(each, BusinessRefusal)]
    if failures and desk.variants.replace_failure == "100500":
        words = [each.message if isinstance(each, BusinessRefusal) else "success" for each in (placed, cancelled)]
        text = f"order open error:{words[0]}, previous cancel order request result:{words[1]}"
        raise BusinessRefusal(100500, text)
    gone = NOTHING if isinstance(cancelled, BusinessRefusal) else order_form(cancelled, desk.variants)
    new = NOTHING if isinstance(placed, BusinessRefusal) else placed_form(placed, desk.variants)
    if desk.variants.replace_form == "text":
        names = ("cancelResult", "newOrderResult", "cancelResponse", "newOrderResponse")
        words = ["FAILURE" if isinstance(each, BusinessRefusal) else "SUCCESS" for each in (cancelled, placed)]
        return dict(zip(names, (*words, gone, new), strict=True))
    results = {"cancelResult": _result(cancelled), "openResult": _result(placed)}
    return {**results, "orderOpenResponse": new, "orderCancelResponse": gone}


def _result(half: Order | BusinessRefusal) -> dict[str, Any]:
    if isinstance(half, BusinessRefusal):
        return {"code": half.code, "msg": half.message, "result": False}
    return {"code": 0, "msg": "", "result": True}


def _attempt(act: Callable[[], Order]) -> Order | BusinessRefusal:
    try:
        return act()
    except BusinessRefusal as refusal:
        return refusal


def _place(desk: Desk, params: Params) -> Order:
    order = read_order(desk, params)
    desk.engine.place(order)
    return order


def _read_batch(params: Params) -> list[Params]:
    try:
        entries: Any = json.loads(params.get("data", ""), parse_float=str, parse_int=str)
    except ValueError:
        raise invalid("data must be the JSON text of a list of orders") from None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in cast("Sequence[Any]", entries)):
        raise invalid("data must be the JSON text of a list of orders")
    drafts = cast("list[dict[str, Any]]", entries)
    if not 0 < len(drafts) <= MAX_BATCH:
        raise invalid(f"data must hold 1 to {MAX_BATCH} orders, not {len(drafts)}")
    return [{name: str(value) for name, value in draft.items()} for draft in drafts]
