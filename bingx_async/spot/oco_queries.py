"""Asking for one-cancels-the-other orders. The exchange lists legs, each with the id of its pair."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from functools import partial as bind
from typing import Unpack

from bingx_async.core.endpoint import Call, Endpoint
from bingx_async.core.options import CallOptions
from bingx_async.core.quota import IpGroup, Quota
from bingx_async.core.signing import Param
from bingx_async.core.wire import one
from bingx_async.errors import ApiError, IncompleteList, OrderNotFound, OrderRefused
from bingx_async.models import OcoLeg, OcoOrder
from bingx_async.spot import arguments
from bingx_async.spot.base import NEWER, ORDER, ORDERS, Group
from bingx_async.spot.paging import PageWalk
from bingx_async.spot.queries import pages, spanned
from bingx_async.spot.walk import Ask, Span, rows, span_of

PAGE = 100  # the legs of one page
NO_LIST = ("", "0", "-1")
BAD_PARAMETER = 100400
ID_NAMES, CLIENT_ID_NAMES = ("orderListId", "orderId"), ("clientOrderId", "listClientOrderId")
ALWAYS = Span(0, 0, is_open=True)  # open orders cannot be asked for by time

read_legs = rows(OcoLeg, "orders", "ocoOrders")


class Pairs:
    """Puts legs together: two of the same pair that differ in kind."""

    def __init__(self) -> None:
        self._alone: dict[tuple[str, str], OcoLeg] = {}

    def add(self, leg: OcoLeg) -> OcoOrder | None:
        """The pair that the leg completes, or a leg that can have no other."""
        if leg.order_list_id in NO_LIST:
            return _pair(leg)
        key = (leg.order_list_id, leg.symbol)
        other = self._alone.pop(key, None)
        if other is not None and other.order_type != leg.order_type:
            return _pair(other, leg)
        self._alone[key] = leg
        return None if other is None else _pair(other)

    def rest(self) -> list[OcoOrder]:
        """The legs whose other leg did not come."""
        return [_pair(leg) for leg in self._alone.values()]


def _pair(*legs: OcoLeg) -> OcoOrder:
    return OcoOrder(legs, [leg.raw for leg in legs])


def paired(legs: Iterable[OcoLeg]) -> list[OcoOrder]:
    """The pairs of these legs."""
    pairs = Pairs()
    whole = [pair for leg in legs if (pair := pairs.add(leg)) is not None]
    return whole + pairs.rest()


def read_pairs(data: object) -> list[OcoOrder]:
    """The pairs of one reply."""
    return paired(read_legs(data))


def names_of(pair: OcoOrder) -> set[str]:
    """Every id by which a reply names the pair or a leg of it."""
    ids = [(leg.order_id, leg.client_order_id, leg.order_list_id) for leg in pair.legs]
    return {name for names in ids for name in names} - set(NO_LIST)


def _listing(name: str, path: str) -> Endpoint[list[OcoOrder]]:
    return Endpoint(name, "GET", path, IpGroup.ACCOUNT, read_pairs, quota=Quota(5, 1.0, ORDERS), profiles=NEWER)


GET_OCO_ORDER = Endpoint(
    "get_oco_order",
    "GET",
    "/openApi/spot/v1/oco/orderList",
    IpGroup.ACCOUNT,
    one(OcoOrder),
    quota=Quota(5, 1.0, ORDERS),
    profiles=NEWER,
    refusals=ORDER,
)
LIST_OPEN_OCO_ORDERS = _listing("list_open_oco_orders", "/openApi/spot/v1/oco/openOrderList")
ITER_OCO_HISTORY = _listing("iter_oco_history", "/openApi/spot/v1/oco/historyOrderList")


class OcoQueries(Group):
    """Methods that ask for OCO orders."""

    _good_names = frozenset[str]()  # the names of parameters that found an order last

    async def get_oco_order(
        self,
        order_id: str | int | None = None,
        *,
        client_order_id: str | int | None = None,
        **options: Unpack[CallOptions],
    ) -> OcoOrder:
        """The OCO order named by exactly one of `order_id` (of the pair or of a leg) and `client_order_id`.

        The exchange leaves open under which name it takes an id: where the documented one finds nothing, the other is
        tried once, and the one that found an order goes first from then on. Raises `OrderNotFound` if neither does,
        which right after placing proves nothing.
        """
        arguments.either({"order_id": order_id, "client_order_id": client_order_id})
        if order_id is not None:
            return await self._ask_by(ID_NAMES, str(arguments.order_id(order_id)), options)
        return await self._ask_by(
            CLIENT_ID_NAMES, arguments.client_order_id(arguments.digits(client_order_id)), options
        )

    async def list_open_oco_orders(self, **options: Unpack[CallOptions]) -> list[OcoOrder]:
        """Every open OCO order, of every symbol; a leg whose other leg is not in the list comes alone.

        An order that ends while pages of 100 legs are read can hide another one from the list. An empty list is never
        such a case: none was open. Raises `IncompleteList`, with what was seen in `items`, where a leg cannot be read.
        """
        walk = PageWalk[OcoLeg](ALWAYS, lambda it: it.order_id, lambda it: it.time, PAGE)
        legs = list[OcoLeg]()
        try:
            async for leg in pages(walk, bind(self._legs, LIST_OPEN_OCO_ORDERS, options)):
                legs.append(leg)
        except IncompleteList as error:
            raise IncompleteList(str(error), paired(legs)) from None
        return paired(legs)

    async def iter_oco_history(
        self,
        *,
        start: datetime | int | None = None,
        end: datetime | int | None = None,
        **options: Unpack[CallOptions],
    ) -> AsyncIterator[OcoOrder]:
        """OCO orders that are done, each once, in the order of their later legs, oldest first.

        `start` and `end` (aware datetime or epoch ms) are inclusive; without `start` it goes back as far as the
        exchange does. Legs whose other leg does not come, such as one outside of these bounds, come alone at the end.
        Errors are those of `iter_order_history`.
        """
        span = span_of(*arguments.span(start, end), self._calls.now())
        walk, pairs = PageWalk[OcoLeg](span, lambda it: it.order_id, lambda it: it.time, PAGE), Pairs()
        async for leg in pages(walk, bind(self._legs, ITER_OCO_HISTORY, options)):
            if (pair := pairs.add(leg)) is not None:
                yield pair
        for pair in pairs.rest():
            yield pair

    async def _legs(self, endpoint: Endpoint[list[OcoOrder]], options: CallOptions, ask: Ask) -> list[OcoLeg]:
        params: dict[str, Param] = {**spanned(ask), "pageIndex": ask.page, "pageSize": PAGE}
        return [leg for pair in await self._calls.call(Call(endpoint, params), options) for leg in pair.legs]

    async def _ask_by(self, names: tuple[str, str], value: str, options: CallOptions) -> OcoOrder:
        """The order that one of these parameters finds."""
        missing: ApiError = OrderNotFound(0, f"no OCO order was found by {value}", GET_OCO_ORDER.path, 200)
        for name in sorted(names, key=lambda it: (it not in self._good_names, it != self._facts.oco_id)):
            try:
                order = _named(await self._calls.call(Call(GET_OCO_ORDER, {name: value}), options), name, value)
            except OrderNotFound as error:
                missing = error
            except OrderRefused as error:
                if error.code != BAD_PARAMETER:
                    raise
            else:
                if order is not None:
                    self._good_names = self._good_names.difference(names) | {name}
                    return order
        raise missing


def _named(found: OcoOrder, name: str, value: str) -> OcoOrder | None:
    """The pair that was asked for. A client order id need not stand in the reply, an exchange's id does."""
    pairs = paired(found.legs)
    if len(pairs) == 1 and name in CLIENT_ID_NAMES:
        return found
    return next((pair for pair in pairs if value in names_of(pair)), None)
