"""What a taking order gets out of the levels that it meets, and when a resting or waiting one is due."""

from __future__ import annotations

from decimal import Decimal

from bingx_async.emulator.market.ladder import Level
from bingx_async.emulator.market.listings import Listing, down_to
from bingx_async.emulator.trading.orders import Order


def takes(order: Order, levels: list[Level], listing: Listing) -> list[Level]:
    """The prices and quantities at which the order is filled at once, best first."""
    limit = Decimal(order.price) if order.has_limit else None
    quantity, amount = order.remaining, order.need
    found: list[Level] = []
    for price, offered in levels:
        if limit is not None and (price > limit if order.side == "BUY" else price < limit):
            break
        wanted = down_to(amount / price, listing.step) if order.is_by_amount else quantity
        taken = min(wanted, offered)
        if taken <= 0:
            break
        found.append((price, taken))
        quantity -= taken
        amount -= taken * price
    return found


def fills_whole(order: Order, found: list[Level], listing: Listing) -> bool:
    """Whether these fills leave nothing of the order that could still be filled."""
    if not order.is_by_amount:
        return sum(quantity for _, quantity in found) >= order.remaining
    left = order.need - sum((price * quantity for price, quantity in found), Decimal(0))
    return bool(found) and left < listing.step * found[-1][0]


def bounds(orders: list[Order], half: Decimal) -> tuple[Decimal | None, Decimal | None]:
    """The middle prices at or below which, and at or above which, one of these open orders is due."""
    low, high = list[Decimal](), list[Decimal]()
    for order in orders:
        if order.fires:
            (high if order.fires == "up" else low).append(Decimal(order.stop_price))
        elif order.side == "BUY":
            low.append(Decimal(order.price) - half)
        else:
            high.append(Decimal(order.price) + half)
    return max(low, default=None), min(high, default=None)


def is_triggered(order: Order, mid: Decimal) -> bool:
    """Whether a waiting order's price has been reached."""
    stop = Decimal(order.stop_price)
    return mid >= stop if order.fires == "up" else mid <= stop


def firing_side(order: Order, mid: Decimal, variant: str) -> str:
    """The side of its price on which a conditional order is triggered: "up" or "down"."""
    if order.type == "ocoTps" or (variant == "stop loss" and order.type.startswith("TAKE_STOP")):
        return "up" if order.side == "BUY" else "down"
    if variant == "take profit" and order.type.startswith("TAKE_STOP"):
        return "down" if order.side == "BUY" else "up"
    return "up" if Decimal(order.stop_price) >= mid else "down"


def locks_at_once(order: Order, variant: str) -> bool:
    """Whether an order sets its money aside when it is placed, not when it is triggered."""
    is_take_stop = order.type.startswith("TAKE_STOP")
    return not order.is_conditional or variant == "all" or (variant == "take stop" and is_take_stop)
