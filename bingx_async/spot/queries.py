"""Asking for orders, fills and fees."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from datetime import datetime
from functools import partial as bind
from typing import TypeVar, Unpack

from bingx_async.core.endpoint import Call, Endpoint
from bingx_async.core.options import CallOptions
from bingx_async.core.quota import IpGroup, Quota
from bingx_async.core.signing import Param
from bingx_async.core.wire import one
from bingx_async.errors import IncompleteList, InvalidRequest
from bingx_async.models import CommissionRate, Fill, Order, OrderStatus, OrderType
from bingx_async.spot import arguments
from bingx_async.spot.base import NEWER, ORDER, ORDERS, Group
from bingx_async.spot.batches import single_params
from bingx_async.spot.paging import IdWalk, PageWalk
from bingx_async.spot.walk import DAY, SECOND, Ask, Walk, rows, span_of

T = TypeVar("T")

MOST_OPEN = 2000  # the most open orders of one reply
PAGE = 100  # the most orders of one page
FILLS_KEPT = 7 * DAY  # the exchange hands out no older fill
DONE = (OrderStatus.FILLED, OrderStatus.CANCELED, OrderStatus.FAILED)

GET_ORDER = Endpoint(
    "get_order",
    "GET",
    "/openApi/spot/v1/trade/query",
    IpGroup.ACCOUNT,
    one(Order),
    quota=Quota(10, 1.0, ORDERS),
    refusals=ORDER,
    echoed=("orderId", "clientOrderID"),
)
LIST_OPEN_ORDERS = Endpoint(
    "list_open_orders",
    "GET",
    "/openApi/spot/v1/trade/openOrders",
    IpGroup.ACCOUNT,
    rows(Order, "orders"),
    quota=Quota(10, 1.0, ORDERS),
)
ITER_ORDER_HISTORY = Endpoint(
    "iter_order_history",
    "GET",
    "/openApi/spot/v1/trade/historyOrders",
    IpGroup.ACCOUNT,
    rows(Order, "orders"),
    quota=Quota(10, 1.0, ORDERS),
)
ITER_FILLS = Endpoint(
    "iter_fills",
    "GET",
    "/openApi/spot/v1/trade/myTrades",
    IpGroup.ACCOUNT,
    rows(Fill, "fills"),
    quota=Quota(5, 1.0, ORDERS),
    profiles=NEWER,
)
GET_COMMISSION_RATE = Endpoint(
    "get_commission_rate",
    "GET",
    "/openApi/spot/v1/user/commissionRate",
    IpGroup.ACCOUNT,
    one(CommissionRate),
    quota=Quota(2, 1.0, ORDERS),
    profiles=NEWER,
)


async def pages(walk: Walk[T], ask: Callable[[Ask], Awaitable[list[T]]]) -> AsyncIterator[T]:
    """Everything that a walk hands on, page by page."""
    while (question := walk.ask) is not None:
        for row in walk.take(await ask(question)):
            yield row
    walk.check()


def spanned(ask: Ask) -> dict[str, Param]:
    """The bounds of a question, as they travel."""
    bounds = {"startTime": ask.start, "endTime": ask.end}
    return {name: value for name, value in bounds.items() if value is not None}


class Queries(Group):
    """Methods that ask for orders, fills and fees."""

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

    async def list_open_orders(
        self, symbol: str | None = None, *, symbols: Iterable[str] = (), **options: Unpack[CallOptions]
    ) -> list[Order]:
        """The open orders of `symbol`, or of every symbol. OCO orders have a list of their own.

        The exchange hands out 2000 orders at most. Where the list of every symbol reaches that, each symbol in it is
        asked for by itself, and each of `symbols`, which should be all that the account trades: an order of a symbol
        that is neither seen nor given would be missed. So without `symbols`, or where one symbol has 2000 by itself,
        `IncompleteList` is raised, with every order that was seen in `items`; also where an order cannot be read. A
        list that is returned is complete.
        """
        pair = None if symbol is None else arguments.symbol(symbol)
        given = arguments.symbols(symbols)
        found = await self._open_orders(pair, options)
        if len(found) < MOST_OPEN:
            return _whole(found)
        if pair is not None:
            raise IncompleteList(f"{pair} has more open orders than the {MOST_OPEN} of one reply", _readable(found))
        return await self._open_orders_of_each(found, given, options)

    async def iter_order_history(
        self,
        symbol: str | None = None,
        *,
        start: datetime | int | None = None,
        end: datetime | int | None = None,
        status: OrderStatus | str | None = None,
        type: OrderType | str | None = None,
        **options: Unpack[CallOptions],
    ) -> AsyncIterator[Order]:
        """Orders that are done, each once, oldest first; `status` is FILLED, CANCELED or FAILED.

        `start` and `end` (aware datetime or epoch ms) are inclusive. Without `start` it goes back as far as the
        exchange does. Whether that files an order under the time of its placing or of its last change is not
        documented, and it may round the time: one of a whole second may lie up to a second outside. When a page fails
        its error is raised; what came before is complete, so go on with `start` at the last order. Raises
        `IncompleteList` in the end if one second holds more than the 10 000 orders that can be asked for, or if some
        could not be read.
        """
        params: dict[str, Param] = {} if symbol is None else {"symbol": arguments.symbol(symbol)}
        if status is not None:
            params["status"] = arguments.member(status, DONE, "status").value
        if type is not None:
            params["type"] = arguments.member(type, OrderType, "type").value
        days = self._facts.history_days
        span, longest = span_of(*arguments.span(start, end), self._calls.now()), days and days * DAY - 5 * SECOND
        walk = PageWalk[Order](
            span, lambda it: it.order_id, lambda it: it.time or it.update_time, PAGE, longest=longest
        )
        async for order in pages(walk, bind(self._history_page, params, options)):
            if status in (None, order.status or status) and type in (None, order.type or type):
                yield order

    async def iter_fills(
        self,
        symbol: str,
        *,
        order_id: int | str | None = None,
        start: datetime | int | None = None,
        end: datetime | int | None = None,
        **options: Unpack[CallOptions],
    ) -> AsyncIterator[Fill]:
        """The fills of one's own orders of `symbol`, or of one of them, each once, oldest first.

        `start` and `end` (aware datetime or epoch ms) are inclusive. The exchange keeps fills for 7 days: without
        `start` it begins 10 minutes short of that, and an earlier one is refused. It rounds the times of fills to
        seconds, so they come from up to a second outside. When a page fails its error is raised; what came before is
        complete, so go on with `start` at the last fill. Raises `IncompleteList` in the end if some could not be had.
        """
        params: dict[str, Param] = {"symbol": arguments.symbol(symbol)}
        number = None if order_id is None else arguments.order_id(order_id)
        if number is not None:
            params["orderId"] = number
        limit, now = self._facts.fills_per_page, self._calls.now()
        first, last = arguments.span(_fills_since(start, now), end)
        walk = IdWalk[Fill](span_of(first, last, now), lambda it: it.trade_id, lambda it: it.time, limit)
        async for fill in pages(walk, bind(self._fills_page, {**params, "limit": limit}, options)):
            if number is None or fill.order_id in (None, number):
                yield fill

    async def get_commission_rate(self, symbol: str, **options: Unpack[CallOptions]) -> CommissionRate:
        """The rates at which the account pays for its trades of `symbol`, as fractions: 0.001 is 0.1 %."""
        return await self._calls.call(Call(GET_COMMISSION_RATE, {"symbol": arguments.symbol(symbol)}), options)

    async def _open_orders(self, symbol: str | None, options: CallOptions) -> list[Order]:
        params: dict[str, Param] = {} if symbol is None else {"symbol": symbol}
        return await self._calls.call(Call(LIST_OPEN_ORDERS, params), options)

    async def _open_orders_of_each(self, cut_off: list[Order], given: list[str], options: CallOptions) -> list[Order]:
        """The open orders of the symbols in `cut_off`, and of those given."""
        found, crowded = [order for order in cut_off if not order.symbol], list[str]()
        for symbol in dict.fromkeys([*(order.symbol for order in cut_off if order.symbol), *given]):
            listed = await self._open_orders(symbol, options)
            found += listed
            crowded += [symbol] * (len(listed) >= MOST_OPEN)
        if crowded:
            raise IncompleteList(
                f"more open orders than the {MOST_OPEN} of one reply: {', '.join(crowded)}", _readable(found)
            )
        if not given:
            raise IncompleteList(
                f"more open orders than the {MOST_OPEN} of one reply: give the symbols that the account trades, as in "
                "symbols=['BTC-USDT'], or some may be missed",
                _readable(found),
            )
        return _whole(found)

    async def _history_page(self, params: dict[str, Param], options: CallOptions, ask: Ask) -> list[Order]:
        paged: dict[str, Param] = {**params, **spanned(ask), "pageIndex": ask.page, "pageSize": PAGE}
        return await self._calls.call(Call(ITER_ORDER_HISTORY, paged), options)

    async def _fills_page(self, params: dict[str, Param], options: CallOptions, ask: Ask) -> list[Fill]:
        since: dict[str, Param] = {"fromId": ask.from_id} if ask.from_id else {}
        return await self._calls.call(Call(ITER_FILLS, {**params, **spanned(ask), **since}), options)


def _whole(orders: list[Order]) -> list[Order]:
    """The orders of a list, every row of which can be read."""
    if all(order.raw for order in orders):
        return orders
    raise IncompleteList("rows of the list of open orders could not be read", _readable(orders))


def _readable(orders: list[Order]) -> list[Order]:
    return [order for order in orders if order.raw]


def _fills_since(start: datetime | int | None, now: float) -> int:
    """The first moment of fills that can be asked for, in epoch ms."""
    if start is None:
        return round(now) - FILLS_KEPT + 600 * SECOND
    first = arguments.moment(start, "start")
    if first < now - FILLS_KEPT:
        raise InvalidRequest(
            f"start={start} is more than 7 days ago, and the exchange keeps no fill for longer; an order's own sums "
            "remain in iter_order_history"
        )
    return first
