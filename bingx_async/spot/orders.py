"""Cancelling orders: one, several, all of a symbol, everything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Unpack

from bingx_async.core import quota, wire
from bingx_async.core.endpoint import Call, Endpoint
from bingx_async.core.quota import IpGroup
from bingx_async.errors import BingXError
from bingx_async.models import CancelFailure, CancelOrdersResult, CancelRestriction, Order, Priority
from bingx_async.spot import arguments
from bingx_async.spot.calling import CallOptions, Group

CANCEL_ORDER = Endpoint(
    "cancel_order",
    "POST",
    quota.CANCEL,
    IpGroup.TRADE,
    wire.read_order,
    Priority.CANCEL,
    source="seed: Cancel Order",
)
CANCEL_ORDERS = Endpoint(
    "cancel_orders",
    "POST",
    quota.CANCEL_ORDERS,
    IpGroup.TRADE,
    wire.read_cancel_orders,
    Priority.CANCEL,
    source="seed: Cancel multiple orders",
)
CANCEL_OPEN_ORDERS = Endpoint(
    "cancel_open_orders",
    "POST",
    quota.CANCEL_OPEN_ORDERS,
    IpGroup.TRADE,
    wire.read_orders,
    Priority.CANCEL,
    source="seed: Cancel all Open Orders on a Symbol",
)


class Orders(Group):
    """Methods on `trade/*`."""

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

        `only_if`: cancel only if the order has this status. A client order id can be used for 2 hours after placing
        (seed). Raises `OrderNotFound` if there is no such open order. Quota: 5/s per account (seed).
        """
        pair = arguments.symbol(symbol)
        arguments.either({"order_id": order_id, "client_order_id": client_order_id})
        if client_order_id is not None:
            order_ref: int | str = arguments.client_order_id(client_order_id)
        else:
            assert order_id is not None
            order_ref = arguments.order_id(order_id)
        if only_if is None:
            return await self._cancel_one(pair, order_ref, options)
        params = {**single_params(pair, order_ref), "cancelRestrictions": arguments.restriction(only_if)}
        return await self._call(Call(CANCEL_ORDER, params, names_in([order_ref])), options)

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

        `partial`: cancel what can be cancelled and report the others in `fails`; without it one bad id fails the
        request and nothing is cancelled. More than 10 ids travel in several requests (each all or nothing); once one
        of them has been accepted, the ids of a later one that failed are reported in `fails` and nothing raises.
        Quota: 2/s per account (seed).
        """
        pair = arguments.symbol(symbol)
        arguments.flag(partial, "partial")
        given: list[int | str] = [*arguments.order_ids(order_ids), *arguments.client_order_ids(client_order_ids)]
        ids = list(dict.fromkeys(given))
        arguments.not_empty(ids, "order_ids or client_order_ids")
        chunks = [ids[i : i + self._ids_per_batch] for i in range(0, len(ids), self._ids_per_batch)]
        result = await self._cancel_chunk(pair, chunks[0], partial, options)
        for chunk in chunks[1:]:
            result = _merge(result, await self._try_chunk(pair, chunk, partial, options))
        return result

    async def cancel_open_orders(self, symbol: str, **options: Unpack[CallOptions]) -> list[Order]:
        """Cancel every open order of `symbol`; returns them. Quota: 2/s per account (seed)."""
        return await self._call(Call(CANCEL_OPEN_ORDERS, {"symbol": arguments.symbol(symbol)}), options)

    async def cancel_all_open_orders(self, **options: Unpack[CallOptions]) -> list[Order]:
        """Cancel every open order of every symbol (seed: `symbol` "if not filled out, cancel all orders").

        Goes before everything else that waits. Quota: that of `cancel_open_orders`.
        """
        options.setdefault("priority", Priority.KILL_SWITCH)
        return await self._call(Call(CANCEL_OPEN_ORDERS, {}), options)

    async def _cancel_one(self, symbol: str, order_ref: int | str, options: CallOptions) -> Order:
        return await self._call(Call(CANCEL_ORDER, single_params(symbol, order_ref), names_in([order_ref])), options)

    async def _cancel_chunk(
        self, symbol: str, ids: list[int | str], partial: bool, options: CallOptions
    ) -> CancelOrdersResult:
        return await self._call(Call(CANCEL_ORDERS, batch_params(symbol, ids, partial), names_in(ids)), options)

    async def _try_chunk(
        self, symbol: str, ids: list[int | str], partial: bool, options: CallOptions
    ) -> CancelOrdersResult:
        """A later chunk: what was cancelled before it must not be lost to its error."""
        try:
            return await self._cancel_chunk(symbol, ids, partial, options)
        except BingXError as error:
            return CancelOrdersResult(fails=tuple(_failure(order_ref, str(error)) for order_ref in ids))


def names_in(ids: Sequence[int | str]) -> tuple[str, ...]:
    """The client order ids among `ids`."""
    return tuple(order_ref for order_ref in ids if isinstance(order_ref, str))


def batch_params(symbol: str, ids: Sequence[int | str], partial: bool) -> dict[str, str | int]:
    """The parameters of `cancelOrders`: ints are order ids, strings are client order ids."""
    params: dict[str, str | int] = {"symbol": symbol, "process": int(partial)}
    numbers = [str(order_ref) for order_ref in ids if isinstance(order_ref, int)]
    names = names_in(ids)
    if numbers:
        params["orderIds"] = ",".join(numbers)
    if names:
        params["clientOrderIDs"] = ",".join(names)
    return params


def single_params(symbol: str, order_ref: int | str) -> dict[str, str | int]:
    """The parameters of `cancel` for one id."""
    return {"symbol": symbol, "orderId" if isinstance(order_ref, int) else "clientOrderID": order_ref}


def _failure(order_ref: int | str, error: str) -> CancelFailure:
    return CancelFailure(order_ref, "", error) if isinstance(order_ref, int) else CancelFailure(None, order_ref, error)


def _merge(first: CancelOrdersResult, more: CancelOrdersResult) -> CancelOrdersResult:
    raws: Mapping[str, object] = {
        name: [*wire.items(first.raw.get(name)), *wire.items(more.raw.get(name))] for name in ("orders", "fails")
    }
    return CancelOrdersResult(first.orders + more.orders, first.fails + more.fails, raws)
