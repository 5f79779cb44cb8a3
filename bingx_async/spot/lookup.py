"""One look at the exchange for orders: by their ids, in the lists of what is open, in the histories, among the fills.

Every answer is evidence. A list is asked for once in a look, whatever the number of orders. A source that fails makes
the look incomplete: then nothing is proven by what it did not find.
"""

from __future__ import annotations

# pyright: reportPrivateUsage=false
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from functools import partial as bind
from typing import Any, TypeVar

from attrs import Factory, define, field

from bingx_async.core.endpoint import Endpoint
from bingx_async.core.options import CallOptions
from bingx_async.errors import BingXError, ClientClosed, IncompleteList, OrderNotFound
from bingx_async.models import Evidence, Fill, OcoLeg, OcoOrder, Order
from bingx_async.spot.batches import Id
from bingx_async.spot.oco import OcoOrders
from bingx_async.spot.oco_queries import GET_OCO_ORDER, PAGE
from bingx_async.spot.queries import GET_ORDER, Queries
from bingx_async.spot.target import Target

T = TypeVar("T")
EARLIER = 60_000.0  # ms before a call was sent at which a history is read from: times may be rounded, clocks be off
DAY = 86_400_000.0  # ms; the same, where an order is looked for that may be older than the call


class Lookup(Queries, OcoOrders):
    """The methods by which orders are looked up."""


@define(eq=False)
class Look:
    """One look. `since` is when the call in doubt was sent, `started` when the look began: epoch ms of the exchange.
    The histories are read from `earlier` ms before: they may file an order under the time of its placing."""

    lookup: Lookup
    now: Callable[[], float]
    since: float
    options: CallOptions
    earlier: float = EARLIER
    started: float = field(init=False, default=Factory(lambda it: it.now(), takes_self=True))
    is_complete: bool = True
    evidence: list[Evidence] = field(factory=list[Evidence])
    _orders: dict[str, list[Order]] = field(init=False, factory=dict[str, list[Order]])  # by the question
    _fills: dict[str, list[Fill]] = field(init=False, factory=dict[str, list[Fill]])
    _oco: dict[str, list[OcoOrder]] = field(init=False, factory=dict[str, list[OcoOrder]])

    async def order(self, target: Target, by_name: bool) -> Order | None:
        """The order as it was described last, or None. `by_name`: by its client order ids too, where an order that is
        not there costs error budget."""
        found = await self._by_id(target, by_name)
        if found is None:
            listed = [*await self.open_orders(target.symbol), *await self._history(target.symbol, self.earlier)]
            found = next((each for each in listed if target.is_named_by(each)), None)
        return found

    async def fill(self, target: Target) -> Fill | None:
        """A fill of the target. One of an order that can be found nowhere makes the look incomplete."""
        ask = bind(_all, self.lookup.iter_fills, target.symbol, start=int(self.since - EARLIER), **self.options)
        fills = await self._read(self._fills, f"iter_fills({target.symbol})", ask)
        known = {order.order_id for orders in self._orders.values() for order in orders}
        for fill in fills:
            if target.is_named_by(fill):
                return fill
            if fill.order_id in known or not target.might_be(fill, self.since):
                continue
            owner = await self._owner(target.symbol, fill.order_id)
            if owner is not None and target.is_named_by(owner):
                return fill
            if owner is None or target.might_be(owner, self.since):
                self.is_complete = False
                self._tell(f"iter_fills({target.symbol})", f"a fill of order {fill.order_id}, which no list shows")
                break
            known.add(fill.order_id)
        return None

    async def open_orders(self, symbol: str) -> list[Order]:
        """Every open order of `symbol` (empty: of every symbol)."""
        ask = bind(self.lookup.list_open_orders, symbol or None, **self.options)
        return await self._read(self._orders, f"list_open_orders({symbol})", ask)

    async def pair(self, target: Target, by_name: bool) -> tuple[tuple[OcoLeg, ...], bool]:
        """The legs of the OCO order as they were described last, and whether they are in the list of what is open."""
        listed = await self._open_pairs()
        self.is_complete &= 2 * len(listed) < PAGE  # of several pages one may hide an order that moved between them
        for is_open in (True, False):
            for pair in listed if is_open else await self._done_pairs(self.earlier):
                if any(target.is_named_by(leg) for leg in pair.legs):
                    return pair.legs, is_open
        for name in target.names if by_name else ():
            found = await self._get(GET_OCO_ORDER, name, bind(self.lookup.get_oco_order, client_order_id=name))
            if found is not None and any(target.is_named_by(leg) for leg in found.legs):
                return found.legs, any(leg.status.is_open for leg in found.legs)
        return (), False

    def is_ambiguous(self, target: Target) -> bool:
        """Whether something was seen that might be the target, though nothing says so."""
        legs = [leg for pairs in self._oco.values() for pair in pairs for leg in pair.legs]
        orders = [order for listed in self._orders.values() for order in listed]
        seen: list[Order | OcoLeg] = [*orders, *legs]
        return any(target.might_be(each, self.since) for each in seen)

    async def _by_id(self, target: Target, by_name: bool) -> Order | None:
        for name in target.names if by_name else ():
            found = await self._one(target.symbol, name)
            if found is not None and _is_told(found, target):
                return found
        found = await self._one(target.symbol, int(target.order_id)) if target.order_id else None
        return found if found is not None and _is_told(found, target) else None

    async def _owner(self, symbol: str, order_id: int | None) -> Order | OcoLeg | None:
        """The order or leg of that id: it may have been placed long before the call in doubt, and be filled now. The
        lists come first, for there nothing costs error budget."""
        if order_id is None:
            return None
        pairs = [*await self._open_pairs(), *await self._done_pairs(DAY)]
        legs = {leg.order_id: leg for pair in pairs for leg in pair.legs}
        orders = {order.order_id: order for order in await self._history(symbol, DAY)}
        order = orders.get(order_id) or legs.get(str(order_id)) or await self._one(symbol, order_id)
        if order is not None:
            return order
        pair = await self._get(GET_OCO_ORDER, str(order_id), bind(self.lookup.get_oco_order, order_id))
        return next((leg for leg in pair.legs if leg.order_id == str(order_id)), None) if pair is not None else None

    async def _one(self, symbol: str, order_ref: Id) -> Order | None:
        number, name = (order_ref, None) if isinstance(order_ref, int) else (None, order_ref)
        ask = bind(self.lookup.get_order, symbol, number, client_order_id=name)
        return await self._get(GET_ORDER, f"{symbol}, {order_ref}", ask)

    async def _get(self, endpoint: Endpoint[Any], about: str, ask: Callable[..., Awaitable[T]]) -> T | None:
        """One order, or None. Where it is not there that costs error budget, of which the last is left to others."""
        asked = f"{endpoint.name}({about})"
        if not self.lookup._calls.may_fail(endpoint):
            self._tell(asked, "not asked: one more error could close the endpoint")
            return None
        try:
            found = await ask(**self.options)
        except OrderNotFound as error:
            self._tell(asked, error.message or "not found")
        except BingXError as error:
            self._fail(asked, error)
        else:
            self._tell(asked, str(getattr(found, "status", "")) or "found")
            return found
        return None

    async def _history(self, symbol: str, earlier: float) -> list[Order]:
        start = moment_of(self.since - earlier)
        ask = bind(_all, self.lookup.iter_order_history, symbol, start=start, **self.options)
        return await self._read(self._orders, f"iter_order_history({symbol}) since {start}", ask)

    async def _open_pairs(self) -> list[OcoOrder]:
        ask = bind(self.lookup.list_open_oco_orders, **self.options)
        return await self._read(self._oco, "list_open_oco_orders()", ask)

    async def _done_pairs(self, earlier: float) -> list[OcoOrder]:
        start = moment_of(self.since - earlier)
        ask = bind(_all, self.lookup.iter_oco_history, start=start, **self.options)
        return await self._read(self._oco, f"iter_oco_history() since {start}", ask)

    async def _read(self, kept: dict[str, list[T]], asked: str, ask: Callable[[], Awaitable[list[T]]]) -> list[T]:
        """A whole list, asked for once in this look."""
        if asked not in kept:
            try:
                kept[asked] = await ask()
                self._tell(asked, f"{len(kept[asked])} in the whole list")
            except IncompleteList as error:
                kept[asked] = list(error.items)
                self._fail(asked, error)
            except BingXError as error:
                kept[asked] = []
                self._fail(asked, error)
        return kept[asked]

    def _fail(self, asked: str, error: BingXError) -> None:
        if isinstance(error, ClientClosed):
            raise error
        self.is_complete = False
        self._tell(asked, f"no answer: {error}")

    def _tell(self, asked: str, answer: str) -> None:
        self.evidence.append(Evidence(asked, answer, moment_of(self.now())))


def _is_told(found: Order, target: Target) -> bool:
    """Whether a description names an order: one that is empty proves nothing."""
    return bool(found.order_id) or target.is_named_by(found)


async def _all(ask: Callable[..., AsyncIterator[T]], *about: Any, **options: Any) -> list[T]:
    return [item async for item in ask(*about, **options)]


def moment_of(ms: float) -> datetime:
    """The moment of epoch ms, aware UTC."""
    return datetime.fromtimestamp(ms / 1000.0, UTC)
