"""Placing, replacing and cancelling orders that are tracked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Unpack

from attrs import evolve

from bingx_async.core.options import CallOptions, kind_of
from bingx_async.errors import InvalidRequest, OutcomeUnknown
from bingx_async.models import (
    Intent,
    NewOrder,
    OcoLeg,
    OcoOrderType,
    OrderType,
    Placement,
    PlaceOutcome,
    PlaceStatus,
    ReplaceOutcome,
    Side,
    TimeInForce,
    TrackedOrder,
)
from bingx_async.spot.arguments import Number
from bingx_async.spot.base import Calls
from bingx_async.spot.orders import Orders
from bingx_async.spot.tracker.portfolio import Portfolio, Ref
from bingx_async.spot.tracker.reading import is_leg
from bingx_async.spot.tracker.submission import Submission
from bingx_async.spot.tracker.upkeep import Upkeep


class Acts:
    """The methods of a tracker that send something. What they raise is raised by those of `client.spot` as well; an
    order whose call raised `OutcomeUnknown`, or was cancelled while its reply was awaited, is tracked all the same."""

    def __init__(self, portfolio: Portfolio, upkeep: Upkeep, orders: Callable[[Calls | None], Orders]) -> None:
        self._portfolio, self._upkeep, self._orders = portfolio, upkeep, orders

    async def place(
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
    ) -> TrackedOrder:
        """Place an order, as `client.spot.place_order` does; returns it with all that is known of it by now.

        It is in the journal before it is sent: raises `JournalUnavailable` where that fails, and nothing was sent.
        """
        with self._submit() as submission:
            order = await self._orders(submission.announced).place_order(
                symbol,
                side,
                type,
                quantity=quantity,
                quote_quantity=quote_quantity,
                price=price,
                stop_price=stop_price,
                time_in_force=time_in_force,
                client_order_id=client_order_id,
                check=check,
                **options,
            )
            name = submission.intents[-1].client_order_id
            submission.outcomes[name] = PlaceOutcome(name, PlaceStatus.PLACED, order)
        return self._known(name)

    async def place_orders(
        self,
        orders: Iterable[NewOrder | Mapping[str, Any]],
        *,
        sequential: bool = False,
        check: bool | None = None,
        **options: Unpack[CallOptions],
    ) -> list[TrackedOrder]:
        """Place several orders, as `client.spot.place_orders` does; returns them in the order given. The `placement` of
        each says whether it was placed; one whose outcome is `UNKNOWN` is found out in the background."""
        given = list(orders)
        with self._submit() as submission:
            told = await self._orders(submission.announced).place_orders(
                given, sequential=sequential, check=check, outcomes=submission.outcomes, **options
            )
        return [self._portfolio.find(each.client_order_id) or _unsent(each) for each in told]

    async def place_oco(
        self,
        symbol: str,
        side: Side | str,
        *,
        quantity: Number,
        limit_price: Number,
        order_price: Number,
        trigger_price: Number,
        check: bool | None = None,
        **options: Unpack[CallOptions],
    ) -> tuple[TrackedOrder, TrackedOrder]:
        """Place an OCO order, as `client.spot.place_oco_order` does; returns its limit leg and its stop leg."""
        with self._submit() as submission:
            told = await self._orders(submission.announced).place_oco_order(
                symbol,
                side,
                quantity=quantity,
                limit_price=limit_price,
                order_price=order_price,
                trigger_price=trigger_price,
                check=check,
                **options,
            )
            for leg in told.legs:
                self._portfolio.take_leg(_named(leg, submission.intents[-1]), "place_oco_order()")
        above, below, _ = submission.intents[-1].client_order_ids
        return self._known(above), self._known(below)

    async def replace(
        self,
        order: Ref,
        new: NewOrder | Mapping[str, Any],
        *,
        if_cancel_fails: str = "stop",
        check: bool | None = None,
        **options: Unpack[CallOptions],
    ) -> ReplaceOutcome:
        """Cancel an order and place another, as `client.spot.replace_order` does; returns both outcomes. The new order
        is found by `outcome.place.client_order_id`."""
        old = self._known(order)
        by: dict[str, Any] = {"cancel_order_id": old.order_id, "cancel_client_order_id": old.client_order_id}
        del by["cancel_client_order_id" if old.order_id else "cancel_order_id"]
        with self._submit() as submission:
            try:
                told = await self._orders(submission.announced).replace_order(
                    old.symbol, order=new, if_cancel_fails=if_cancel_fails, check=check, **by, **options
                )
            finally:
                self._upkeep.look_soon(old)
            submission.outcomes[told.place.client_order_id] = told.place
            if told.cancel.order is not None:
                self._portfolio.take_cancel(told.cancel.order, "replace_order()")
        return told

    async def cancel(self, order: Ref, **options: Unpack[CallOptions]) -> TrackedOrder:
        """Cancel an order, or the OCO order of a leg; returns what is known of it now. That the cancel was accepted is
        no end yet: more may be filled before, so wait for it by `until_done`.

        Raises `OrderNotFound` where it is not open any more, and `OutcomeUnknown`: what became of it is looked at.
        """
        old = self._known(order)
        by: Any = {"order_id": old.order_id} if old.order_id else {"client_order_id": old.client_order_id}
        orders = self._orders(None)
        try:
            if is_leg(old):
                await orders.cancel_oco_order(**by, **options)
            else:
                self._portfolio.take_cancel(await orders.cancel_order(old.symbol, **by, **options), "cancel_order()")
        except OutcomeUnknown as error:
            self._enquire(error)
            raise
        finally:
            self._upkeep.look_soon(old)
        return self._known(old)

    def get(self, order: Ref) -> TrackedOrder | None:
        """What is known now of an order: by itself as it was, by its order id, or by its client order id."""
        return self._portfolio.find(order)

    def _known(self, order: Ref) -> TrackedOrder:
        if (found := self._portfolio.find(order)) is not None:
            return found
        if isinstance(order, TrackedOrder):  # done long ago, and forgotten
            return order
        shown = repr(order) if isinstance(order, int | str) else kind_of(order)
        raise InvalidRequest(f"the order {shown} is not known: give an order of this tracker, or its id")

    def _submit(self) -> Submission:
        raise NotImplementedError

    def _enquire(self, error: OutcomeUnknown) -> None:
        raise NotImplementedError


def _unsent(outcome: PlaceOutcome) -> TrackedOrder:
    return TrackedOrder("", outcome.client_order_id, placement=Placement.NOT_PLACED, error=outcome.error)


def _named(leg: OcoLeg, intent: Intent) -> OcoLeg:
    """A leg of the reply under the id that was given to it: some replies have the same id for both."""
    above, below = intent.client_order_ids[:2]
    name = below if leg.order_type == OcoOrderType.STOP_LIMIT else above
    return evolve(leg, client_order_id=name, symbol=leg.symbol or str(intent.params["symbol"]))
