"""Asking for orders, fills and fees."""

from __future__ import annotations

from typing import Any

from bingx_async.emulator.endpoints.cancels import find_order, named_id
from bingx_async.emulator.endpoints.desk import Desk, Params, invalid, one_of, whole
from bingx_async.emulator.endpoints.forms import fill_form, listed_form, query_form
from bingx_async.emulator.trading.orders import Order
from bingx_async.emulator.traffic import BusinessRefusal

DAY = 86_400_000
MOST_OPEN = 2000  # open orders in one reply
MOST_PAGED = 10_000  # orders that can be reached by pages
PAGE = 100
FINAL = ("FILLED", "CANCELED", "FAILED")


def get_order(desk: Desk, params: Params) -> Any:
    """An order by id or client id, open or done."""
    order = find_order(desk, params)
    is_gone = not order.is_open and desk.variants.done_orders == "vanish"
    if is_gone or not desk.is_seen(order):
        raise desk.missing(":".join(named_id(params)))
    return query_form(order, desk.variants)


def list_open_orders(desk: Desk, params: Params) -> Any:
    """The open orders, newest first, 2000 at most and no page after them."""
    symbol = desk.symbol(params) if params.get("symbol") else None
    orders = [order for order in reversed(desk.book.orders.values()) if symbol in (None, order.symbol)]
    seen = [order for order in orders if desk.is_seen(order)]
    return {"orders": [listed_form(order, desk.variants) for order in seen[:MOST_OPEN]]}


def iter_order_history(desk: Desk, params: Params) -> Any:
    """A page of the orders that are done; the time is that of placing."""
    symbol = desk.symbol(params) if params.get("symbol") else None
    status = one_of(params, "status", *FINAL) if params.get("status") else None
    page, size = whole(params, "pageIndex", 1), whole(params, "pageSize", PAGE, PAGE)
    if page < 1 or page * size > MOST_PAGED:
        raise invalid(f"pageIndex * pageSize must be 1 to {MOST_PAGED}")
    start, end = _window(desk, params)
    least, kind = whole(params, "orderId", 0), params.get("type") or None

    def is_wanted(order: Order) -> bool:
        fits = symbol in (None, order.symbol) and status in (None, order.status) and kind in (None, order.type)
        return fits and start <= order.placed_at <= end and order.order_id >= least

    done = [order for order in desk.book.all_orders.values() if not order.is_open and desk.is_seen(order)]
    found = sorted(filter(is_wanted, done), key=lambda order: order.order_id)
    if desk.variants.history_order == "newest first":
        found.reverse()
    return {"orders": [listed_form(order, desk.variants) for order in found[(page - 1) * size : page * size]]}


def iter_fills(desk: Desk, params: Params) -> Any:
    """Fills of a symbol, oldest first: of the last 7 days, without any time of the last 24 hours."""
    symbol, variants = desk.symbol(params), desk.variants
    limit = whole(params, "limit", 500, int(variants.fills_limit))
    has_times = params.get("startTime") or params.get("endTime")
    start, end = whole(params, "startTime", 0), whole(params, "endTime", desk.time)
    start = max(start, desk.time - (7 * DAY if has_times else DAY))
    order_id, least = whole(params, "orderId", 0), whole(params, "fromId", 0)
    if params.get("fromId") and variants.fills_from_id == "exclusive":
        least += 1
    found = [
        fill
        for fill in desk.book.fills
        if fill.order.symbol == symbol and start <= fill.time <= end and fill.fill_id >= least
    ]
    if order_id:
        found = [fill for fill in found if fill.order.order_id == order_id]
    return {"fills": [fill_form(fill) for fill in found[:limit]]}


def get_commission_rate(desk: Desk, params: Params) -> Any:
    """The account's fees for a symbol."""
    desk.symbol(params)
    market = desk.engine.prices.market
    return {"takerCommissionRate": market.taker_fee, "makerCommissionRate": market.maker_fee}


def _window(desk: Desk, params: Params) -> tuple[int, int]:
    start, end = whole(params, "startTime", 0), whole(params, "endTime", 10**15)
    if end < start:
        raise invalid("endTime must not be before startTime")
    asked = (end if params.get("endTime") else desk.time) - start
    if params.get("startTime") and asked > 7 * DAY and desk.variants.history_span == "7 days":
        raise BusinessRefusal(100204, "the time span is too wide, at most 7 days")
    return start, end
