"""Orders: cancelling one, several, all of a symbol, everything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial as bind
from typing import Unpack

from bingx_async.core.endpoint import Batch, Call, Effect, Endpoint
from bingx_async.core.options import CallOptions
from bingx_async.core.quota import IpGroup, Quota
from bingx_async.core.wire import items, many, one
from bingx_async.errors import BingXError
from bingx_async.models import CancelFailure, CancelOrdersResult, CancelOutcome, CancelRestriction, Order, Priority
from bingx_async.spot import arguments
from bingx_async.spot.batches import Id, Routes, batch_params, names_in, routes, single_params, unwrapped
from bingx_async.spot.calling import Group
from bingx_async.spot.sources import LEAD_TRADER, ORDER, ORDERS

CANCEL_ORDER = Endpoint(
    "cancel_order",
    "POST",
    "/openApi/spot/v1/trade/cancel",
    IpGroup.TRADE,
    one(Order),
    effect=Effect.CANCEL,
    quota=Quota(5, 1.0, ORDERS),
    profiles=LEAD_TRADER,
    refusals=ORDER,
)
CANCEL_ORDERS = Endpoint(
    "cancel_orders",
    "POST",
    "/openApi/spot/v1/trade/cancelOrders",
    IpGroup.TRADE,
    one(CancelOrdersResult),
    effect=Effect.CANCEL,
    quota=Quota(2, 1.0, ORDERS),
    profiles=LEAD_TRADER,
    refusals=ORDER,
)
CANCEL_OPEN_ORDERS = Endpoint(
    "cancel_open_orders",
    "POST",
    "/openApi/spot/v1/trade/cancelOpenOrders",
    IpGroup.TRADE,
    many(Order, "orders"),
    effect=Effect.CANCEL,
    quota=Quota(2, 1.0, ORDERS),
    profiles=LEAD_TRADER,
    refusals=ORDER,
)
# Answered by the emulator; `client.spot` has no method for it yet.
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
GET_ORDER = Endpoint(
    "get_order",
    "GET",
    "/openApi/spot/v1/trade/query",
    IpGroup.ACCOUNT,
    one(Order),
    quota=Quota(10, 1.0, ORDERS),
    refusals=ORDER,
)


class Orders(Group):
    """Methods on `trade/*`."""

    async def get_order(
        self,
        symbol: str,
        order_id: int | str | None = None,
        *,
        client_order_id: str | None = None,
        **options: Unpack[CallOptions],
    ) -> Order:
        """The order named by exactly one of `order_id` and `client_order_id`, which is known for 2 hours.

        `OrderNotFound` right after placing proves nothing, and an order that is done may be missing later.
        """
        pair, order_ref = arguments.symbol(symbol), arguments.order_ref(order_id, client_order_id)
        return await self._calls.call(Call(GET_ORDER, single_params(pair, order_ref)), options)

    async def cancel_order(
        self,
        symbol: str,
        order_id: int | str | None = None,
        *,
        client_order_id: str | None = None,
        only_if: CancelRestriction | str | None = None,
        **options: Unpack[CallOptions],
    ) -> Order:
        """Cancel one order, named by exactly one of `order_id` and `client_order_id`; returns it as it was.

        `only_if`: cancel only if the order has this status. A client order id can be used for 2 hours after placing.
        Raises `OrderNotFound` if there is no such open order.
        """
        pair, order_ref = arguments.symbol(symbol), arguments.order_ref(order_id, client_order_id)
        params, names = single_params(pair, order_ref), names_in([order_ref])
        if only_if is not None:
            params["cancelRestrictions"] = arguments.restriction(only_if)
            return await self._calls.call(Call(CANCEL_ORDER, params, names), options)
        batch = bind(self._batch, pair, order_ref)
        return await self._calls.call(Call(CANCEL_ORDER, params, names, batch), options)

    async def cancel_orders(
        self,
        symbol: str,
        order_ids: Iterable[int | str] = (),
        client_order_ids: Iterable[str] = (),
        *,
        partial: bool = False,
        **options: Unpack[CallOptions],
    ) -> CancelOrdersResult:
        """Cancel several orders of one symbol; at least one id. An id given twice travels once.

        `partial`: cancel those that can be cancelled and report the others in `fails`; without it one bad id fails
        the request and nothing is cancelled. More than 10 ids travel in several requests (each all or nothing); once
        one of them has been accepted, the ids of a later one that failed are reported in `fails` and nothing raises.
        """
        pair = arguments.symbol(symbol)
        arguments.flag(partial, "partial")
        given: list[Id] = [*arguments.order_ids(order_ids), *arguments.client_order_ids(client_order_ids)]
        ids = list(dict.fromkeys(given))
        arguments.not_empty(ids, "order_ids or client_order_ids")
        chunks = [ids[i : i + self._ids_per_batch] for i in range(0, len(ids), self._ids_per_batch)]
        result = await self._cancel_chunk(pair, chunks[0], partial, options)
        for chunk in chunks[1:]:
            result = _merge(result, await self._try_chunk(pair, chunk, partial, options))
        return result

    async def cancel_open_orders(self, symbol: str, **options: Unpack[CallOptions]) -> list[Order]:
        """Cancel every open order of `symbol`; returns them."""
        return await self._calls.call(Call(CANCEL_OPEN_ORDERS, {"symbol": arguments.symbol(symbol)}), options)

    async def cancel_all_open_orders(self, **options: Unpack[CallOptions]) -> list[Order]:
        """Cancel every open order of every symbol, before everything else that waits; returns them."""
        options.setdefault("priority", Priority.KILL_SWITCH)
        return await self._calls.call(Call(CANCEL_OPEN_ORDERS, {}), options)

    async def _cancel_chunk(
        self, symbol: str, ids: list[Id], partial: bool, options: CallOptions
    ) -> CancelOrdersResult:
        return await self._calls.call(Call(CANCEL_ORDERS, batch_params(symbol, ids, partial), names_in(ids)), options)

    async def _try_chunk(self, symbol: str, ids: list[Id], partial: bool, options: CallOptions) -> CancelOrdersResult:
        """A later chunk: the orders cancelled before it must not be lost to its error."""
        try:
            return await self._cancel_chunk(symbol, ids, partial, options)
        except BingXError as error:
            return CancelOrdersResult(fails=tuple(_failure(order_ref, str(error)) for order_ref in ids))

    def _batch(self, symbol: str, order_ref: Id) -> Batch[Id, CancelOutcome]:
        """How a single cancel may travel with others of its symbol."""
        unwrap = bind(unwrapped, path=CANCEL_ORDERS.path)
        return Batch((CANCEL_ORDER.route, symbol), order_ref, cancel_routes(symbol, self._ids_per_batch), unwrap)


def cancel_routes(symbol: str, ids_per_batch: int) -> Routes:
    """The two ways to cancel orders of `symbol`: several in one call, or one alone."""
    return routes(CANCEL_ORDERS, CANCEL_ORDER, symbol, ids_per_batch)


def _failure(order_ref: Id, error: str) -> CancelFailure:
    if isinstance(order_ref, int):
        return CancelFailure(order_ref, "", error)
    return CancelFailure(None, order_ref, error)


def _merge(first: CancelOrdersResult, more: CancelOrdersResult) -> CancelOrdersResult:
    raws: Mapping[str, object] = {
        name: [*items(first.raw.get(name)), *items(more.raw.get(name))] for name in ("orders", "fails")
    }
    return CancelOrdersResult(first.orders + more.orders, first.fails + more.fails, raws)
