"""Orders as the `trade/*` endpoints report them, and what is known of their fills."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from attrs import frozen

from bingx_async.models.fields import OrderStatus, OrderType, Side, raw, text, wire

__all__ = ["CommissionRate", "Fill", "Order"]

CLIENT_ORDER_ID = ("clientOrderID", "clientOrderId", "origClientOrderId", "clientUserID")  # replies differ


@frozen
class Order:
    """An order.

    A field that the reply left out is None (numbers), an empty string or an empty enum value. `raw` is the reply's
    own mapping, with every field this class does not name.
    """

    symbol: str = text("symbol")
    """The trading pair, such as BTC-USDT: its base asset, then its quote asset."""
    order_id: int | None = wire("orderId")
    """The exchange's id, an int here; OCO orders have theirs as text."""
    client_order_id: str = text(*CLIENT_ORDER_ID)
    """The id that was given when the order was placed."""
    price: Decimal | None = wire("price")
    """The limit price of one unit of the base asset, in the quote asset."""
    stop_price: Decimal | None = wire("stopPrice", "StopPrice")
    """The price at which a conditional order is triggered, in the quote asset."""
    original_quantity: Decimal | None = wire("origQty")
    """The quantity that was ordered, in the base asset."""
    executed_quantity: Decimal | None = wire("executedQty")
    """The part of it that has been filled, in the base asset."""
    cumulative_quote_quantity: Decimal | None = wire("cummulativeQuoteQty")
    """The value of the fills so far, in the quote asset."""
    status: OrderStatus = wire("status", default=OrderStatus(""))
    """The state that the exchange reported with this reply."""
    type: OrderType = wire("type", default=OrderType(""))
    """Limit, market or conditional."""
    side: Side = wire("side", default=Side(""))
    """Buys or sells the base asset."""
    original_quote_quantity: Decimal | None = wire("origQuoteOrderQty")
    """The amount that was ordered, in the quote asset, where it was ordered so; 0 or None otherwise."""
    fee: Decimal | None = wire("fee")
    """The fee as the exchange reports it with the order, in the quote asset or in the base asset or another one, as
    `fee_asset` says."""
    fee_asset: str = text("feeAsset")
    """The asset in which the fee was taken."""
    time: datetime | None = wire("time", "transactTime")
    """When the order was placed; where the reply reports an act on the order, such as a cancel, when that was."""
    update_time: datetime | None = wire("updateTime")
    """When the order changed last."""
    raw: Mapping[str, Any] = raw()

    @property
    def average_price(self) -> Decimal | None:
        """The mean price of the fills so far, in the quote asset; None without any. `price` of a market order is only
        a bound."""
        if not self.executed_quantity or self.cumulative_quote_quantity is None:
            return None
        return self.cumulative_quote_quantity / self.executed_quantity

    @property
    def remaining_quantity(self) -> Decimal | None:
        """The part that has not been filled, in the base asset; None where the reply leaves it open, and for an order
        by quote amount."""
        if not self.original_quantity or self.executed_quantity is None:
            return None
        return self.original_quantity - self.executed_quantity


def _paid(commission: Decimal | None) -> Decimal | None:
    return commission.copy_negate() if commission else commission  # 0 - it would round as the program's context says


@frozen
class Fill:
    """One trade of one's own order."""

    trade_id: str = text("id", "tradeId")
    """The exchange's id of the trade."""
    order_id: int | None = wire("orderId")
    """The exchange's id of the order that was filled."""
    client_order_id: str = text(*CLIENT_ORDER_ID)
    """The id that was given when the order was placed; empty where the reply has none."""
    symbol: str = text("symbol")
    """The trading pair, such as BTC-USDT."""
    price: Decimal | None = wire("price")
    """The price of one unit of the base asset, in the quote asset."""
    quantity: Decimal | None = wire("qty", "quantity")
    """The quantity that was traded, in the base asset."""
    quote_quantity: Decimal | None = wire("quoteQty")
    """Its value, in the quote asset."""
    fee: Decimal | None = wire("commission", converter=_paid)
    """The fee in `fee_asset`: positive is paid, negative is a rebate. The exchange sends it with the other sign."""
    fee_asset: str = text("commissionAsset")
    """The asset in which the fee was taken."""
    is_buyer: bool | None = wire("isBuyer")
    """Whether one's own order bought."""
    is_maker: bool | None = wire("isMaker")
    """Whether one's own order rested in the book."""
    time: datetime | None = wire("time")
    """When it was traded, rounded to seconds by the exchange."""
    raw: Mapping[str, Any] = raw()

    @property
    def side(self) -> Side:
        """BUY or SELL; empty where the reply does not tell."""
        return Side("" if self.is_buyer is None else "BUY" if self.is_buyer else "SELL")


@frozen
class CommissionRate:
    """The rates at which an account pays for the trades of a symbol, as fractions: 0.001 is 0.1 %."""

    maker: Decimal | None = wire("makerCommissionRate")
    """For an order that rested in the book."""
    taker: Decimal | None = wire("takerCommissionRate")
    """For an order that was filled at once."""
    raw: Mapping[str, Any] = raw()
