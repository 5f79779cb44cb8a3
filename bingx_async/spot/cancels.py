"""Cancelling orders: one, several, all of a symbol, everything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from functools import partial as bind
from typing import Unpack

from bingx_async.core.endpoint import Batch, BatchRoute, Call, Effect, Endpoint
from bingx_async.core.options import CallOptions
from bingx_async.core.quota import IpGroup, Quota
from bingx_async.core.wire import many, one
from bingx_async.errors import BingXError, OrderNotFound
from bingx_async.models import CancelOrdersResult, CancelOutcome, CancelRestriction, CancelStatus, Order
from bingx_async.spot import arguments
from bingx_async.spot.base import LEAD_TRADER, ORDER, ORDERS, Group
from bingx_async.spot.batches import Id, batch_params, failed, fails, merge, names_in, read_batch, single_params, unwrap

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
    echoed=("orderId", "clientOrderID"),
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


class Cancels(Group):
    """Methods that cancel orders of `trade/*`."""

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
        result = await self._send_chunk(pair, chunks[0], partial, options)
        for chunk in chunks[1:]:
            result = merge(result, await self._try_chunk(pair, chunk, partial, options))
        return result

    async def cancel_many(
        self,
        symbol: str,
        ids: Iterable[int | str],
        *,
        client_order_ids: Iterable[str] = (),
        certain: bool = False,
        deadline: float | None = None,
        outcomes: MutableMapping[int | str, CancelOutcome] | None = None,
        **options: Unpack[CallOptions],
    ) -> list[CancelOutcome]:
        """Cancel any number of orders of one symbol as fast as the quotas allow; one outcome per id given, in order.

        `ids` are order ids; the outcomes of `client_order_ids` follow theirs. An id given twice travels once, and its
        outcome stands in both places. Which ids a request takes is decided when it may leave, so the plan follows
        every closed period. `certain`: every id is known to be open, so single cancels help from the start (25 ids
        per window instead of 20 under the documented quotas); otherwise they join only while `cancelOrders` is
        closed, because a single cancel of an order that is gone spends error budget. `max_wait` holds for each
        request, `deadline` (seconds) for the whole: an id that was not sent by then is `NOT_SENT`, one whose reply has
        not come is `UNKNOWN`. No answer of the exchange raises; see `CancelStatus`.
        """
        pair = arguments.symbol(symbol)
        arguments.flag(certain, "certain")
        wanted: list[Id] = [*arguments.order_ids(ids, "ids"), *arguments.client_order_ids(client_order_ids)]
        routes = self._cancel_routes(pair)
        within = arguments.seconds(deadline, "deadline")
        done = arguments.filled(outcomes, "outcomes")
        await self._calls.drain(
            wanted, routes, failed, options, everything_at_once=certain, deadline=within, results=done
        )
        return [done[order_ref] for order_ref in wanted]

    async def cancel_open_orders(self, symbol: str, **options: Unpack[CallOptions]) -> list[Order]:
        """Cancel every open order of `symbol`; returns them, none if none was open. OCO orders may stay."""
        try:
            return await self._calls.call(Call(CANCEL_OPEN_ORDERS, {"symbol": arguments.symbol(symbol)}), options)
        except OrderNotFound as error:
            if error.kind != "nothing open":
                raise
            return []

    async def _send_chunk(self, symbol: str, ids: list[Id], partial: bool, options: CallOptions) -> CancelOrdersResult:
        return await self._calls.call(Call(CANCEL_ORDERS, batch_params(symbol, ids, partial), names_in(ids)), options)

    async def _try_chunk(self, symbol: str, ids: list[Id], partial: bool, options: CallOptions) -> CancelOrdersResult:
        """A later chunk: the orders cancelled before it must not be lost to its error."""
        try:
            return await self._send_chunk(symbol, ids, partial, options)
        except BingXError as error:
            return CancelOrdersResult(fails=fails(ids, str(error)))

    def _batch(self, symbol: str, order_ref: Id) -> Batch[Id, CancelOutcome]:
        """How a single cancel may travel with others of its symbol."""
        read = bind(unwrap, symbol=symbol, path=CANCEL_ORDERS.path)
        return Batch((CANCEL_ORDER.route, symbol), order_ref, self._cancel_routes(symbol), read)

    def _cancel_routes(self, symbol: str) -> tuple[BatchRoute[Id, CancelOutcome], ...]:
        """The two ways to cancel orders of `symbol`: several in one call, or one alone."""

        def call_several(ids: Sequence[Id]) -> Call[CancelOrdersResult]:
            return Call(CANCEL_ORDERS, batch_params(symbol, ids, True), names_in(ids))

        def call_single(ids: Sequence[Id]) -> Call[Order]:
            return Call(CANCEL_ORDER, single_params(symbol, ids[0]), names_in(ids))

        def read_single(ids: Sequence[Id], order: Order) -> Mapping[Id, CancelOutcome]:
            return {ids[0]: CancelOutcome(ids[0], CancelStatus.CANCELLED, order)}

        return (
            BatchRoute(CANCEL_ORDERS, self._ids_per_batch, call_several, read_batch),
            BatchRoute(CANCEL_ORDER, 1, call_single, read_single),
        )
