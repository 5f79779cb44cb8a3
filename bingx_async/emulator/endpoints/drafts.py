"""The parameters of a new order, read, checked and cut to the grid, as an order that is not placed yet."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal

from bingx_async.emulator.endpoints.desk import Desk, Params, invalid, plain, positive, side_of
from bingx_async.emulator.market.listings import Listing, down_to
from bingx_async.emulator.trading.orders import CONDITIONAL, Order
from bingx_async.emulator.traffic import BusinessRefusal

TYPES = ("MARKET", "LIMIT", *sorted(CONDITIONAL))
TIMES_IN_FORCE = ("GTC", "IOC", "FOK", "PostOnly", "POC")
CLIENT_ID = re.compile(r"[A-Za-z0-9._-]{1,40}", re.ASCII)
PROTECTION = Decimal("0.05")  # a market order's price is a bound so far from the best price
DUPLICATES = {
    "in use": (100400, "client order id is already in use"),
    "once per second": (100400, "The same order can only be submitted once per second"),
    "100205": (100205, "repeat request"),
    "101209": (101209, "the same order number is only allowed to be submitted once within 1 second"),
    "109201": (109201, "the same order number is only allowed to be submitted once within 1 second"),
    "101481": (101481, "the client order id has been used"),
}


def check_client_ids(desk: Desk, pattern: re.Pattern[str], client_ids: Iterable[str]) -> None:
    """Refuse client ids that do not fit `pattern`, are given twice or were used before."""
    named = [client_id for client_id in client_ids if client_id]
    wrong = [client_id for client_id in named if not pattern.fullmatch(client_id)]
    if wrong:
        raise invalid(f"client order id:{wrong[0]} is invalid")
    answer = DUPLICATES.get(desk.variants.duplicate_client_id)
    if answer and (desk.book.has_taken(named, desk.time) or len(set(named)) < len(named)):
        raise BusinessRefusal(*answer)


def read_order(desk: Desk, params: Params) -> Order:
    """The order that the parameters describe; raises `BusinessRefusal`."""
    kind, client_id = params.get("type", ""), params.get("newClientOrderId", "")
    if kind not in TYPES:
        raise invalid(f"type must be one of {', '.join(TYPES)}")
    time_in_force = params.get("timeInForce") or "GTC"
    if time_in_force not in TIMES_IN_FORCE:
        raise invalid(f"timeInForce must be one of {', '.join(TIMES_IN_FORCE)}")
    check_client_ids(desk, CLIENT_ID, [client_id])
    price = positive(params, "price") if kind.endswith("LIMIT") else "0"
    stop = positive(params, "stopPrice") if kind in CONDITIONAL else "0"
    desk.symbol(params)
    side = side_of(params)
    listing = desk.listing(params, side)
    order = Order(0, listing.symbol, side, listing.price_on_grid(price), "0", kind, client_order_id=client_id)
    order.stop_price, order.time_in_force = listing.price_on_grid(stop), time_in_force
    order.account = desk.book.account
    _read_amount(desk, order, params, listing)
    _check_value(desk, order, listing)
    return order


def _read_amount(desk: Desk, order: Order, params: Params, listing: Listing) -> None:
    """Note the quantity or the amount; the price of a market order is a bound."""
    prices, now = desk.engine.prices, desk.engine.time
    best = None if order.has_limit else prices.best(listing, now)[order.side == "BUY"]
    if best is not None:
        factor = 1 + PROTECTION if order.side == "BUY" else 1 - PROTECTION
        order.price = plain(down_to(best * factor, listing.tick))
    if not order.has_limit and order.side == "BUY":
        if not params.get("quoteOrderQty"):
            raise invalid("quoteOrderQty can't be 0 in market bid order")
        order.quote_quantity = _amount(desk, params)
        return
    if params.get("quantity") or not params.get("quoteOrderQty"):
        order.quantity = listing.quantity_on_grid(positive(params, "quantity"))
    else:
        price = best or Decimal(order.price) or prices.best(listing, now)[order.side == "BUY"]
        order.quote_quantity = _amount(desk, params)
        order.quantity = plain(down_to(Decimal(order.quote_quantity) / price, listing.step))
    if not Decimal(order.quantity):
        raise invalid("entrust volume too low")


def _amount(desk: Desk, params: Params) -> str:
    text = positive(params, "quoteOrderQty")
    if desk.variants.quote_precision == "any":
        return text
    return plain(down_to(Decimal(text), Decimal("0.00000001")))


def _check_value(desk: Desk, order: Order, listing: Listing) -> None:
    """Refuse an order that is worth too little or too much, or whose price is too far from the market."""
    prices, now = desk.engine.prices, desk.engine.time
    price = Decimal(order.price) if order.has_limit else prices.mid(listing, now)
    if order.has_limit and not price:
        raise invalid("price must be a number above 0 on the grid of the symbol")
    value = Decimal(order.quote_quantity) if order.is_by_amount else Decimal(order.quantity) * price
    if value < listing.min_notional:
        raise invalid(f"the minimum amount per order is {plain(listing.min_notional)} {listing.quote}")
    bounds = [listing.max_notional, None if order.has_limit else listing.max_market_notional]
    if any(bound is not None and value > bound for bound in bounds):
        raise invalid(f"the maximum amount per order is {plain(min(filter(None, bounds)))} {listing.quote}")
    band = prices.market.price_band
    if band is not None and order.has_limit and abs(price / prices.mid(listing, now) - 1) > Decimal(str(band)):
        raise BusinessRefusal(100440, "the order price deviates too far from the market price")
    most = prices.market.max_pending
    if order.has_limit and len(desk.book.orders) >= most:
        raise BusinessRefusal(100421, f"pending orders exceed the limit of {most}")
