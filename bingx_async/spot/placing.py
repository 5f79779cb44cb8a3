"""Placing one order."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial as bind
from typing import Unpack

from bingx_async.core.endpoint import Call, Effect, Endpoint
from bingx_async.core.options import CallOptions
from bingx_async.core.quota import IpGroup, Quota
from bingx_async.core.wire import one
from bingx_async.errors import ApiError, OutcomeUnknown
from bingx_async.models import NewOrder, Order, OrderType, PlaceStatus, Side, TimeInForce
from bingx_async.spot.arguments import Number
from bingx_async.spot.base import LEAD_TRADER, ORDER, ORDERS
from bingx_async.spot.checking import CheckedOrders
from bingx_async.spot.drafts import Draft
from bingx_async.spot.entries import is_duplicate

PLACE_ORDER = Endpoint(
    "place_order",
    "POST",
    "/openApi/spot/v1/trade/order",
    IpGroup.TRADE,
    one(Order),
    effect=Effect.CREATE,
    quota=Quota(5, 1.0, ORDERS),
    profiles=LEAD_TRADER,
    refusals=ORDER,
)


class Placing(CheckedOrders):
    """Methods that place one order of `trade/*`."""

    async def place_order(
        self,
        symbol: str,
        side: Side | str,
        type: OrderType | str,
        *,
        quantity: Number | None = None,
        quote_quantity: Number | None = None,
        price: Number | None = None,
        stop_price: Number | None = None,
        time_in_force: TimeInForce | str | None = None,
        client_order_id: str | None = None,
        check: bool | None = None,
        **options: Unpack[CallOptions],
    ) -> Order:
        """Place an order; returns it as the exchange accepted it, which is no fill.

        `quantity` is in the base asset, `quote_quantity` in the quote asset: a limit order takes either, a market
        order that buys the second, one that sells the first. The limit types need `price`, the conditional ones
        `stop_price`. `time_in_force` is for the limit types. Without `client_order_id` one is made: the order that is
        returned always has it.

        The order is checked by the symbol's trading rules, which are read once and kept for minutes: a number off the
        grid, which the exchange would cut off silently, is an `InvalidRequest` with the nearest one that is on it.
        Raises `RulesUnavailable` where the rules cannot be read; `check=False` sends the order without.

        Raises `InsufficientBalance` and `OrderRefused` where it was not placed, `OutcomeUnknown` where it may be live.
        """
        new = NewOrder(
            symbol=symbol,
            side=side,
            type=type,
            quantity=quantity,
            quote_quantity=quote_quantity,
            price=price,
            stop_price=stop_price,
            time_in_force=time_in_force,
            client_order_id=client_order_id,
        )
        (drafted,) = await self._drafts([new], check, options)
        call, began = Call(PLACE_ORDER, drafted.params, (drafted.client_order_id,)), self._calls.now()
        try:
            return drafted.described(await self._calls.call(call, options))
        except ApiError as error:
            self._rules.notice(symbol, error)
            if not is_duplicate(error.code, error.message):
                raise
            return await self._placed_before(drafted, error, options, bind(self._doubt, call, since=began))

    async def place_limit_order(
        self,
        symbol: str,
        side: Side | str,
        quantity: Number,
        price: Number,
        *,
        time_in_force: TimeInForce | str | None = None,
        client_order_id: str | None = None,
        check: bool | None = None,
        **options: Unpack[CallOptions],
    ) -> Order:
        """Place a limit order: `quantity` in the base asset, `price` of one unit of it in the quote asset.

        See `place_order`, also for the errors.
        """
        return await self.place_order(
            symbol,
            side,
            OrderType.LIMIT,
            quantity=quantity,
            price=price,
            time_in_force=time_in_force,
            client_order_id=client_order_id,
            check=check,
            **options,
        )

    async def place_market_order(
        self,
        symbol: str,
        side: Side | str,
        *,
        quantity: Number | None = None,
        quote_quantity: Number | None = None,
        client_order_id: str | None = None,
        check: bool | None = None,
        **options: Unpack[CallOptions],
    ) -> Order:
        """Place a market order: to buy, `quote_quantity` in the quote asset; to sell, `quantity` in the base asset.

        What it was filled with may not be known yet when this returns, and a part of it may be cancelled. See
        `place_order`, also for the errors.
        """
        return await self.place_order(
            symbol,
            side,
            OrderType.MARKET,
            quantity=quantity,
            quote_quantity=quote_quantity,
            client_order_id=client_order_id,
            check=check,
            **options,
        )

    async def _placed_before(
        self, sought: Draft, error: ApiError, options: CallOptions, doubt_about: Callable[[str], OutcomeUnknown]
    ) -> Order:
        """The order, where the exchange says that it came before: that is no refusal."""
        doubt = doubt_about(error.message)
        found = await self._look_up(sought, error.message, options, doubt)
        if found.status is PlaceStatus.PLACED and found.order is not None:
            return found.order
        self._calls.forget(doubt)
        if found.order is not None:  # the id is that of another order
            raise error
        raise doubt_about(found.error) from error
