"""Placing several orders at once, with an outcome for each.

The exchange takes 5 orders in one request: in parallel if they are of one symbol, side and type, otherwise one after
another. How it reports that only some of them were placed is not documented, so every order has a client order id and
is found in the reply by that; one that is not there is unknown, and looked up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from typing import Any, Unpack

from attrs import evolve

from bingx_async.core.endpoint import Call, Effect, Endpoint
from bingx_async.core.options import CallOptions, kind_of
from bingx_async.core.quota import IpGroup, Quota
from bingx_async.core.signing import Carrier, Param
from bingx_async.errors import ApiError, BingXError, InvalidRequest, OutcomeUnknown
from bingx_async.models import NewOrder, PlaceOutcome, PlaceStatus
from bingx_async.spot import arguments
from bingx_async.spot.base import LEAD_TRADER, ORDER, ORDERS
from bingx_async.spot.checking import CheckedOrders
from bingx_async.spot.drafts import Draft
from bingx_async.spot.entries import read_placed
from bingx_async.spot.rules import tells_of_change

PLACE_ORDERS = Endpoint(
    "place_orders",
    "POST",
    "/openApi/spot/v1/trade/batchOrders",
    IpGroup.TRADE,
    read_placed,
    effect=Effect.CREATE,
    quota=Quota(2, 1.0, ORDERS),
    profiles=LEAD_TRADER,
    refusals=ORDER,
    carrier=Carrier.QUERY,  # its JSON text holds characters that no other carrier is known to take
)
MOST = 5  # orders in one request


class BatchPlacing(CheckedOrders):
    """The method that places several orders of `trade/*`."""

    async def place_orders(
        self,
        orders: Iterable[NewOrder | Mapping[str, Any]],
        *,
        sequential: bool = False,
        check: bool | None = None,
        outcomes: MutableMapping[str, PlaceOutcome] | None = None,
        **options: Unpack[CallOptions],
    ) -> list[PlaceOutcome]:
        """Place several orders, 5 in a request; one outcome per order, in the order given.

        All of them are checked before the first is sent (see `place_order`). `sequential`: the exchange places one
        after the other as they are given. Without it the orders of one symbol, side and type travel together and are
        placed in parallel.

        After a request that failed none is sent: its orders are refused or unknown, those of later ones `NOT_SENT`,
        and nothing raises, except where the first one failed: then the error tells all, for nothing else was sent.
        An order that is missing in the reply is looked up once by its client order id; `UNKNOWN` may still be live, and
        `client.in_doubt` keeps it. `outcomes`, by client order id, is filled as they become known: it outlasts a
        cancellation, when the orders that are not in it are in `client.in_doubt` or were not sent.
        """
        arguments.flag(sequential, "sequential")
        drafts = await self._drafts(_listed(orders), check, options)
        _check_names(drafts)
        done = arguments.filled(outcomes, "outcomes")
        requests = chunks_of(drafts, sequential)
        for place, request in enumerate(requests):
            try:
                await self._send(request, sequential, options, done)
            except BingXError as error:
                rest = [each for later in requests[place + 1 :] for each in later]
                if not place:
                    _note(error, rest)
                    raise
                done.update(await self._after_failure(error, request, options))
                done.update({it.client_order_id: _not_sent(it, error) for it in rest})
                break
        return [done[each.client_order_id] for each in drafts]

    async def _send(
        self, request: Sequence[Draft], sequential: bool, options: CallOptions, done: MutableMapping[str, PlaceOutcome]
    ) -> None:
        """Send one request; `done` gets its outcomes."""
        began = self._calls.now()
        names = tuple(each.client_order_id for each in request)
        params: dict[str, Param] = {"data": [dict(each.params) for each in request], "sync": sequential}
        try:
            told = await self._calls.call(Call(PLACE_ORDERS, params, names), options)
        except ApiError as error:
            self._notice(request, error.code, error.message)
            raise
        done.update({each.client_order_id: self._outcome(each, told) for each in request})
        doubts = list[tuple[Draft, OutcomeUnknown]]()
        for each in request:
            found = done[each.client_order_id]
            if found.status is PlaceStatus.UNKNOWN:
                alone: dict[str, Param] = {"data": [dict(each.params)], "sync": sequential}
                about = Call(PLACE_ORDERS, alone, (each.client_order_id,))
                doubts.append((each, self._doubt(about, found.error, began)))
        for each, doubt in doubts:
            done[each.client_order_id] = await self._look_up(each, doubt.message, options, doubt)

    def _outcome(self, sought: Draft, told: Sequence[PlaceOutcome]) -> PlaceOutcome:
        """The outcome of one order by what the reply tells of all."""
        found = find(sought.client_order_id, told)
        if found.status is PlaceStatus.REFUSED:
            self._notice([sought], found.code, found.error)
        order = None if found.order is None else sought.described(found.order)
        return evolve(found, client_order_id=sought.client_order_id, order=order)

    async def _after_failure(
        self, error: BingXError, request: Sequence[Draft], options: CallOptions
    ) -> dict[str, PlaceOutcome]:
        """The outcomes of a later request that failed."""
        if isinstance(error, OutcomeUnknown):
            return {it.client_order_id: await self._look_up(it, str(error), options) for it in request}
        if isinstance(error, ApiError):
            about = (PlaceStatus.REFUSED, None, error.code, error.message)
            return {it.client_order_id: PlaceOutcome(it.client_order_id, *about) for it in request}
        return {it.client_order_id: _not_sent(it, error) for it in request}

    def _notice(self, request: Sequence[Draft], code: int | None, words: str) -> None:
        """Perhaps the rules have changed."""
        if tells_of_change(code, words):
            for each in request:
                self._rules.expire(each.order.symbol)


def chunks_of(drafts: Sequence[Draft], sequential: bool) -> list[Sequence[Draft]]:
    """The requests in which the orders travel."""
    groups: dict[tuple[str, ...], list[Draft]] = {}
    for each in drafts:
        order = each.order
        key = () if sequential else (order.symbol, str(order.side), str(order.type))
        groups.setdefault(key, []).append(each)
    return [group[i : i + MOST] for group in groups.values() for i in range(0, len(group), MOST)]


def find(client_order_id: str, told: Sequence[PlaceOutcome]) -> PlaceOutcome:
    """What the reply tells of one order; letters may have changed case. Of several entries for it the one that says
    that it was placed counts."""
    named = [each for each in told if each.client_order_id.lower() == client_order_id.lower()]
    placed = [each for each in named if each.status is PlaceStatus.PLACED]
    if placed or named:
        return (placed or named)[0]
    others = {f"{each.code or ''} {each.error}".strip() for each in told if not each.client_order_id and each.error}
    also = f"; without an id it says: {', '.join(sorted(others))}" if others else ""
    return PlaceOutcome(client_order_id, PlaceStatus.UNKNOWN, error=f"the reply does not name it{also}")


def _listed(orders: Any) -> list[NewOrder | Mapping[str, Any]]:
    given: Iterable[Any] = orders
    wrong = InvalidRequest(f"orders must be a list, such as [NewOrder(...), NewOrder(...)], not {kind_of(orders)}")
    if isinstance(orders, (NewOrder, str, bytes, Mapping)) or not isinstance(orders, Iterable):
        raise wrong
    return list(given)


def _check_names(drafts: Sequence[Draft]) -> None:
    names = [each.client_order_id.lower() for each in drafts]
    if twice := {name for name in names if names.count(name) > 1}:
        raise InvalidRequest(f"client_order_id={min(twice)!r} is given to two orders: each needs its own")


def _not_sent(unsent: Draft, error: BingXError) -> PlaceOutcome:
    return PlaceOutcome(unsent.client_order_id, PlaceStatus.NOT_SENT, error=f"not sent after this error: {error}")


def _note(error: BingXError, rest: Sequence[Draft]) -> None:
    """A word on the others, with the error of the first request."""
    if rest:
        error.add_note(f"The {len(rest)} orders of later requests were not sent.")
