"""One-cancels-the-other orders: placing and cancelling. `oco_queries` asks for them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Unpack

from bingx_async.core.endpoint import Call, Effect, Endpoint
from bingx_async.core.options import CallOptions
from bingx_async.core.quota import IpGroup, Quota
from bingx_async.core.signing import Param
from bingx_async.core.wire import one
from bingx_async.errors import BingXError, InvalidRequest, OrderNotFound, OrderRefused
from bingx_async.models import NewOrder, OcoOrder, OcoReference, OrderType, Priority, Side
from bingx_async.spot import arguments
from bingx_async.spot.arguments import Number
from bingx_async.spot.base import NEWER, ORDER, ORDERS
from bingx_async.spot.checking import CheckedOrders
from bingx_async.spot.oco_queries import OcoQueries, names_of

ID_ARGUMENTS = ("list_client_order_id", "above_client_order_id", "below_client_order_id")
UNTOLD = (
    "not cancelled: no leg has the id {}, and it cannot be told whether it is that of an open pair's list; "
    "cancel by the id of a leg, from list_open_oco_orders"
)

PLACE_OCO_ORDER = Endpoint(
    "place_oco_order",
    "POST",
    "/openApi/spot/v1/oco/order",
    IpGroup.ACCOUNT,
    one(OcoOrder),
    effect=Effect.CREATE,
    quota=Quota(2, 1.0, ORDERS),
    profiles=NEWER,
    refusals=ORDER,
)
CANCEL_OCO_ORDER = Endpoint(
    "cancel_oco_order",
    "POST",
    "/openApi/spot/v1/oco/cancel",
    IpGroup.ACCOUNT,
    one(OcoReference),
    effect=Effect.CANCEL,
    quota=Quota(2, 1.0, ORDERS),
    profiles=NEWER,
    refusals=ORDER,
)


class OcoOrders(CheckedOrders, OcoQueries):
    """Methods on `oco/*`."""

    async def place_oco_order(
        self,
        symbol: str,
        side: Side | str,
        *,
        quantity: Number,
        limit_price: Number,
        order_price: Number,
        trigger_price: Number,
        list_client_order_id: str | int | None = None,
        above_client_order_id: str | int | None = None,
        below_client_order_id: str | int | None = None,
        check: bool | None = None,
        **options: Unpack[CallOptions],
    ) -> OcoOrder:
        """Place a limit order and a stop-limit order of which one cancels the other.

        `limit_price`: of the limit order; `trigger_price`: at which the stop-limit order is placed with
        `order_price`. To sell, `limit_price` lies above `trigger_price`; to buy, below it. The client order ids (of the
        list, the limit order, the stop-limit order) are digits only, and differ; those that are not given are made.
        Both orders are checked by the symbol's trading rules, like that of `place_order`.
        Raises `InsufficientBalance`; after `OutcomeUnknown`, ask by its `client_order_ids`.
        """
        params: dict[str, Param] = {
            "symbol": arguments.symbol(symbol),
            "side": arguments.side(side),
            "quantity": arguments.amount(quantity, "quantity"),
            "limitPrice": arguments.amount(limit_price, "limit_price"),
            "orderPrice": arguments.amount(order_price, "order_price"),
            "triggerPrice": arguments.amount(trigger_price, "trigger_price"),
        }
        _check_prices(str(params["side"]), Decimal(str(params["limitPrice"])), Decimal(str(params["triggerPrice"])))
        pair, above, below = self._ids_of(list_client_order_id, above_client_order_id, below_client_order_id)
        named = {"listClientOrderId": pair, "aboveClientOrderId": above, "belowClientOrderId": below}
        if self._heeds_rules(check):
            await self._check_legs(params, options)
        call = Call(PLACE_OCO_ORDER, {**params, **named}, (above, below, pair))  # a leg can be asked for in any case
        return await self._calls.call(call, options)

    async def cancel_oco_order(
        self,
        order_id: str | int | None = None,
        *,
        client_order_id: str | int | None = None,
        **options: Unpack[CallOptions],
    ) -> OcoReference:
        """Cancel a whole OCO order by the id of either leg: exactly one of `order_id` and `client_order_id`.

        The exchange takes no id of the list here. Where it finds no leg, the open pairs are looked at, and the one of
        that list is cancelled by a leg. `OrderNotFound`: none of them is it. `OrderRefused`, with code 0, where that
        cannot be told: the open pairs cannot be read, or the exchange does not say the id of their list.
        """
        arguments.either({"order_id": order_id, "client_order_id": client_order_id})
        if order_id is not None:
            value, by = str(arguments.order_id(order_id)), "orderId"
        else:  # a leg may have been placed with more than digits
            value, by = arguments.client_order_id(arguments.digits(client_order_id)), "clientOrderId"
        missing: OrderNotFound | None = None
        for name in (value, *self._leg_of_list(value)):
            try:
                return await self._cancel_by(by, name, options)
            except OrderNotFound as error:
                missing = missing or error
        try:
            leg = await self._open_leg(by, value, options)
        except BingXError as unseen:
            raise OrderRefused(0, UNTOLD.format(value), CANCEL_OCO_ORDER.path, 200) from unseen
        if leg:
            return await self._cancel_by("orderId", leg, options)
        if leg is None and missing is not None:
            raise missing
        raise OrderRefused(0, UNTOLD.format(value), CANCEL_OCO_ORDER.path, 200)

    async def _check_legs(self, params: Mapping[str, Param], options: CallOptions) -> None:
        """Both orders by the trading rules, under the names of the arguments."""
        about: dict[str, Any] = {name: str(params[name]) for name in ("symbol", "side", "quantity")}
        limit = NewOrder(**about, type=OrderType.LIMIT, price=str(params["limitPrice"]))
        stop_price, price = str(params["triggerPrice"]), str(params["orderPrice"])
        stop = NewOrder(**about, type=OrderType.TAKE_STOP_LIMIT, price=price, stop_price=stop_price)
        for leg, names in (
            (limit, {"price": "limit_price"}),
            (stop, {"price": "order_price", "stop_price": "trigger_price"}),
        ):
            try:
                await self._check_rules(leg, options)
            except InvalidRequest as error:
                name, equals, rest = str(error).partition("=")
                raise InvalidRequest(f"{names.get(name, name)}{equals}{rest}") from None

    async def _cancel_by(self, name: str, value: str, options: CallOptions) -> OcoReference:
        names = (value,) if name == "clientOrderId" else ()
        return await self._calls.call(Call(CANCEL_OCO_ORDER, {name: value}, names), options)

    async def _open_leg(self, by: str, value: str, options: CallOptions) -> str | None:
        """The order id of a leg of the open pair that `value` names; None if it names none, "" if that is not told."""
        options = {"priority": Priority.CANCEL, **options}
        pairs = await self.list_open_oco_orders(**options)
        found = next((pair for pair in pairs if value in names_of(pair)), None)
        if found is not None:
            return found.legs[0].order_id
        if not pairs or by == "orderId":
            return None
        legs = {leg.order_id for pair in pairs for leg in pair.legs}
        try:
            asked = await self.get_oco_order(client_order_id=value, **options)
        except OrderNotFound:
            return ""
        return next((leg.order_id for leg in asked.legs if leg.order_id in legs), None)

    def _leg_of_list(self, list_id: str) -> list[str]:
        """The client order id of a leg, if that of the list was made here."""
        is_made = len(list_id) == 40 and list_id.endswith("0") and self._ids.is_mine(list_id)
        return [f"{list_id[:-1]}1"] if is_made else []

    def _ids_of(self, *given: str | int | None) -> list[str]:
        """The ids of the list, the limit order and the stop-limit order: made ones end with 0, 1 and 2."""
        stem = self._ids.new_oco_id(self._calls.now())[:-1]
        named = zip(ID_ARGUMENTS, given, strict=True)
        checked = [
            None if it is None else self._ids.accept(arguments.oco_client_order_id(it, name), name)
            for name, it in named
        ]
        ids = [it or f"{stem}{number}" for number, it in enumerate(checked)]
        if len(set(ids)) < len(ids):
            raise InvalidRequest(f"{', '.join(ID_ARGUMENTS)} must differ, or an order could not be told by its id")
        return ids


def _check_prices(side: str, limit_price: Decimal, trigger_price: Decimal) -> None:
    """The market lies between the two: the limit order waits for a better price than now, the stop for a worse."""
    wanted = "above" if side == "SELL" else "below"
    if limit_price == trigger_price or (limit_price > trigger_price) != (side == "SELL"):
        raise InvalidRequest(
            f"limit_price={limit_price} must be {wanted} trigger_price={trigger_price} to {side}: are they swapped?"
        )
