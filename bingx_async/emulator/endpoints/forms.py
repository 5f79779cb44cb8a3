"""Orders, fills and legs as the exchange writes them.

Rules: in `trade/*` ids are int64, prices and quantities texts; in `oco/*` ids are texts, prices and quantities
numbers. Queries spell `StopPrice` and bear times; the moment of a conditional order is in seconds; fees are negative
where they were paid.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from typing import Any

from bingx_async.emulator.endpoints.desk import plain
from bingx_async.emulator.trading.orders import Fill, Order
from bingx_async.emulator.variants import Variants

EIGHT = Decimal("0.00000001")


def order_form(order: Order, variants: Variants, status: str = "") -> dict[str, Any]:
    """An order in the replies of cancels, and the beginning of all others."""
    status = status or order.status
    form = {
        "symbol": order.symbol,
        "orderId": order.order_id,
        "price": order.price,
        "stopPrice": order.stop_price,
        "origQty": order.quantity,
        "executedQty": plain(order.executed),
        "cummulativeQuoteQty": plain(order.spent),
        "status": variants.cancelled if status == "CANCELED" else status,
        "type": order.type,
        "side": order.side,
        variants.client_id_name: order.client_order_id,
    }
    form.pop("absent", None)
    return form


def placed_form(order: Order, variants: Variants) -> dict[str, Any]:
    """An order in the reply to placing."""
    at = order.placed_at // 1000 if order.is_conditional else order.placed_at
    amount = {"origQuoteOrderQty": order.quote_quantity} if order.quote_quantity != "0" else {}
    return {**order_form(order, variants), "transactTime": at, **amount}


def query_form(order: Order, variants: Variants) -> dict[str, Any]:
    """An order in the reply to a query for it."""
    return {**_listed(order, variants), "fee": plain(-order.fee), "feeAsset": order.fee_asset}


def listed_form(order: Order, variants: Variants) -> dict[str, Any]:
    """An order in a list; its fee is a number there."""
    return {**_listed(order, variants), "fee": -order.fee}


def _listed(order: Order, variants: Variants) -> dict[str, Any]:
    form = {
        ("StopPrice" if name == "stopPrice" else name): value for name, value in order_form(order, variants).items()
    }
    times = {"time": order.placed_at, "updateTime": order.updated_at}
    average = (order.spent / order.executed).quantize(EIGHT, ROUND_DOWN).normalize() if order.executed else Decimal(0)
    return {**form, **times, "origQuoteOrderQty": order.quote_quantity, "avgPrice": average}


def fill_form(fill: Fill) -> dict[str, Any]:
    """A fill; its moment is rounded to seconds."""
    return {
        "symbol": fill.order.symbol,
        "id": fill.fill_id,
        "orderId": fill.order.order_id,
        "price": plain(fill.price),
        "qty": plain(fill.quantity),
        "quoteQty": plain(fill.value),
        "commission": -fill.fee,
        "commissionAsset": fill.order.fee_asset,
        "time": fill.time // 1000 * 1000,
        "isBuyer": fill.order.side == "BUY",
        "isMaker": fill.is_maker,
    }


def leg_form(leg: Order, list_id: str, status: str | None) -> dict[str, Any]:
    """A leg of an OCO pair; `status` None leaves it out."""
    form = {
        "transactionTime": leg.placed_at,
        "orderId": str(leg.order_id),
        "clientOrderId": leg.client_order_id,
        "symbol": leg.symbol,
        "orderType": leg.type,
        "side": leg.side,
        "triggerPrice": Decimal(leg.stop_price),
        "price": Decimal(leg.price),
        "quantity": Decimal(leg.quantity),
        "orderListId": list_id,
    }
    return form if status is None else {**form, "status": status}
