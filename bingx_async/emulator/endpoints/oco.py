"""OCO orders: placing, cancelling, asking."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from bingx_async.emulator.endpoints.desk import Desk, Params, invalid, positive, side_of, whole
from bingx_async.emulator.endpoints.drafts import check_client_ids
from bingx_async.emulator.endpoints.forms import leg_form
from bingx_async.emulator.trading.orders import OcoPair, Order

CLIENT_ID = re.compile(r"[0-9]{1,40}", re.ASCII)
MOST = 1000  # legs on one page


def place_oco_order(desk: Desk, params: Params) -> Any:
    """Place a limit leg and a stop-limit leg; the answer is the list of both."""
    symbol, side = desk.symbol(params), side_of(params)
    listing = desk.listing(params, side)
    quantity = listing.quantity_on_grid(positive(params, "quantity"))
    names = ("limitPrice", "orderPrice", "triggerPrice")
    limit, order_price, trigger = (listing.price_on_grid(positive(params, name)) for name in names)
    list_id, above, below = (params.get(f"{name}ClientOrderId", "") for name in ("list", "above", "below"))
    check_client_ids(desk, CLIENT_ID, (above, below, list_id))
    if not all(map(Decimal, (quantity, limit, order_price, trigger))):
        raise invalid("entrust volume too low")
    _check_prices(desk, symbol, side, Decimal(limit), Decimal(trigger))
    first, second = next(desk.engine.ids), next(desk.engine.ids)
    legs = (
        Order(first, symbol, side, limit, quantity, "ocoLimit", "NEW", above),
        Order(second, symbol, side, order_price, quantity, "ocoTps", "NEW", below, stop_price=trigger),
    )
    pair = OcoPair(str(next(desk.engine.ids)), list_id, symbol, side, quantity, desk.time, legs)
    for leg in legs:
        leg.account, leg.placed_at, leg.updated_at, leg.pair = desk.book.account, desk.time, desk.time, pair
    desk.engine.place_pair(pair)
    shown = list_id if list_id and desk.variants.oco_list_id == "client" else pair.list_id
    return _wrapped(desk, [leg_form(leg, shown, "NEW") for leg in legs])


def cancel_oco_order(desk: Desk, params: Params) -> Any:
    """Cancel the pair that has a leg of that order id or client id."""
    name = params.get("orderId") or params.get("clientOrderId")
    if not name:
        raise invalid("orderId or clientOrderId is required")
    pair = desk.book.find_pair(name)
    legs = [leg for leg in pair.legs if name in (str(leg.order_id), leg.client_order_id)] if pair else []
    if not legs or not legs[0].is_open:
        raise desk.missing(f"orderId:{name}")
    desk.engine.cancel(legs[0])
    return {"orderId": str(legs[0].order_id), "clientOrderId": legs[0].client_order_id}


def get_oco_order(desk: Desk, params: Params) -> Any:
    """The legs of a pair by an id of the list or of a leg, without their states; an empty list if there is none."""
    name = params.get(desk.variants.oco_query_id) or params.get("clientOrderId")
    pair = desk.book.find_pair(name) if name else None
    is_seen = pair is not None and desk.is_seen(pair.legs[0])
    return _wrapped(desk, [leg_form(leg, pair.list_id, None) for leg in pair.legs[::-1]] if pair and is_seen else [])


def list_open_oco_orders(desk: Desk, params: Params) -> Any:
    """A page of the legs that are open."""
    return _page(desk, params, desk.book.pairs)


def iter_oco_history(desk: Desk, params: Params) -> Any:
    """A page of the legs of pairs that are done."""
    start, end = whole(params, "startTime", 0), whole(params, "endTime", 10**15)
    done = [pair for pair in desk.book.all_pairs if not pair.is_open and start <= pair.placed_at <= end]
    return _page(desk, params, done)


def _page(desk: Desk, params: Params, pairs: list[OcoPair]) -> Any:
    for name in ("pageIndex", "pageSize"):
        if not params.get(name):
            raise invalid(f"{name} is required")
    page, size = whole(params, "pageIndex", 1), whole(params, "pageSize", 100, MOST)
    if page < 1 or size < 1:
        raise invalid("pageIndex and pageSize start at 1")
    legs = [
        leg_form(leg, pair.list_id, desk.variants.cancelled if leg.status == "CANCELED" else leg.status)
        for pair in reversed(pairs)
        if desk.is_seen(pair.legs[0])
        for leg in pair.legs[::-1]
    ]
    return _wrapped(desk, legs[(page - 1) * size : page * size])


def _check_prices(desk: Desk, symbol: str, side: str, limit: Decimal, trigger: Decimal) -> None:
    """In a market that is live: BUY limit < market < trigger, SELL trigger < market < limit."""
    prices = desk.engine.prices
    if prices.is_live(symbol, desk.engine.time):
        mid = prices.mid(desk.listings.get(symbol), desk.engine.time)
        low, high = (limit, trigger) if side == "BUY" else (trigger, limit)
        if not low < mid < high:
            raise invalid(f"the market price {mid:f} must lie between limitPrice and triggerPrice of the {side} order")


def _wrapped(desk: Desk, legs: list[dict[str, Any]]) -> Any:
    form = desk.variants.oco_form
    return legs if form == "list" else {form: legs, "total": len(legs)}
