"""Placing an order in the place of another, which is not atomic: two outcomes, neither of which hides the other.

The exchange says code 0 although a half failed, and may also put two outcomes into the text of an error. Where an
error leaves open what became of the old order, that order is looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

from attrs import evolve

from bingx_async.core.endpoint import Call, Effect, Endpoint
from bingx_async.core.options import CallOptions
from bingx_async.core.quota import IpGroup, Quota
from bingx_async.core.signing import Param
from bingx_async.errors import (
    ApiError,
    BingXError,
    InsufficientBalance,
    InvalidRequest,
    OrderNotFound,
    OrderRefused,
    OutcomeUnknown,
    ServerBusy,
)
from bingx_async.models import (
    CancelOutcome,
    CancelRestriction,
    CancelStatus,
    NewOrder,
    OrderStatus,
    PlaceStatus,
    ReplaceOutcome,
    TimeInForce,
)
from bingx_async.spot import arguments
from bingx_async.spot.base import LEAD_TRADER, ORDER, ORDERS
from bingx_async.spot.batches import Id
from bingx_async.spot.checking import CheckedOrders
from bingx_async.spot.drafts import Draft, new_order
from bingx_async.spot.replies import read_halves, read_refusal, read_replaced

REPLACE_ORDER = Endpoint(
    "replace_order",
    "POST",
    "/openApi/spot/v1/trade/order/cancelReplace",
    IpGroup.TRADE,
    read_replaced,
    effect=Effect.CREATE,
    quota=Quota(2, 1.0, ORDERS),
    profiles=LEAD_TRADER,
    refusals=ORDER,
)
_MODES = {"stop": "STOP_ON_FAILURE", "place": "ALLOW_FAILURE"}
_BUSINESS = (OrderRefused, InsufficientBalance, ServerBusy)  # which may be about one half alone


class Replacing(CheckedOrders):
    """The method that replaces an order of `trade/*`."""

    async def replace_order(
        self,
        symbol: str,
        *,
        order: NewOrder | Mapping[str, Any],
        cancel_order_id: int | str | None = None,
        cancel_client_order_id: str | None = None,
        if_cancel_fails: str = "stop",
        only_if: CancelRestriction | str | None = None,
        check: bool | None = None,
        **options: Unpack[CallOptions],
    ) -> ReplaceOutcome:
        """Cancel one order and place another of the same symbol; returns what became of either.

        The order that goes is named by exactly one of `cancel_order_id` and `cancel_client_order_id`; `only_if`: only
        if it has this status. `if_cancel_fails`: "stop" places nothing then, "place" places the new order all the
        same, so both may be live. The new order is checked like that of `place_order`.

        The exchange may do one half without the other: look at both `.cancel` and `.place`. Raises an `ApiError` only
        where neither was done, and `OutcomeUnknown` where no readable answer came: then both are open. While a half is
        `UNKNOWN` the call is in `client.in_doubt`.
        """
        old = _old_order(cancel_order_id, cancel_client_order_id)
        mode = _MODES[arguments.choice(if_cancel_fails, "if_cancel_fails", *_MODES)]
        new = self._check_new(symbol, new_order(order))
        await self._check_old(symbol, old, options)
        (drafted,) = await self._drafts([new], check, options)
        params: dict[str, Param] = {**drafted.params, "cancelReplaceMode": mode}
        params["cancelOrderId" if isinstance(old, int) else "cancelClientOrderID"] = old
        if only_if is not None:
            params["cancelRestrictions"] = arguments.restriction(only_if)
        call, began, failure = Call(REPLACE_ORDER, params, (drafted.client_order_id,)), self._calls.now(), None
        try:
            told = await self._calls.call(call, options)
        except (ApiError, OutcomeUnknown) as error:
            told, failure = self._heard(error, drafted, mode), error
        doubt = failure if isinstance(failure, OutcomeUnknown) else None
        if doubt is None and not _is_known(told):
            doubt = self._doubt(call, told.place.error or told.cancel.error, began)
        outcome = await self._settled(told, old, drafted, options)
        is_nothing_done = isinstance(failure, ApiError) and _is_nothing_done(outcome)
        if doubt is not None and (_is_known(outcome) or is_nothing_done):
            self._calls.forget(doubt)
        if failure is not None and _is_nothing_done(outcome):
            raise failure
        return outcome

    async def _check_old(self, symbol: str, old: Id, options: CallOptions) -> None:
        """Whether this order may go: a strategy replaces none but its own."""

    def _check_new(self, symbol: str, order: NewOrder) -> NewOrder:
        if order.symbol != arguments.symbol(symbol):
            raise InvalidRequest(f"order.symbol must be {symbol!r} too: an order is replaced by one of its own symbol")
        if order.time_in_force not in (None, TimeInForce.GTC) and not self._facts.replacing_heeds_time_in_force:
            raise InvalidRequest(
                f"time_in_force={order.time_in_force!s} may be ignored where an order is replaced: use cancel_order "
                "and place_order, or Facts(replacing_heeds_time_in_force=True) if you know that it is not"
            )
        return order

    def _heard(self, error: ApiError | OutcomeUnknown, new: Draft, mode: str) -> ReplaceOutcome:
        """The outcomes of a request that was answered with an error; raises the error where it tells all."""
        halves = read_halves(str(getattr(error, "message", "")))
        if halves is not None:
            return halves
        if not isinstance(error, ApiError):
            raise error
        self._rules.notice(new.order.symbol, error)
        is_missing = isinstance(error, OrderNotFound)
        if not isinstance(error, _BUSINESS) and not (is_missing and mode == _MODES["place"]):
            raise error
        return read_refusal(error.code, error.message, is_missing, mode == _MODES["place"])

    async def _look_at(self, unknown: CancelOutcome, symbol: str, options: CallOptions) -> CancelOutcome:
        """The outcome for an old order of which no reply tells. One that is still open may be about to go."""
        if not self._may_ask():
            return evolve(unknown, error=f"{unknown.error}; the order was not looked at, to spare the error budget")
        try:
            order = await self._get_order(symbol, unknown.id, options)
        except BingXError as failed:
            return evolve(unknown, error=f"{unknown.error}; the order could not be looked at: {failed}")
        if order.status is OrderStatus.CANCELED:
            return CancelOutcome(unknown.id, CancelStatus.CANCELLED, order)
        status = CancelStatus.NOT_FOUND if order.status.is_final else CancelStatus.UNKNOWN
        return evolve(unknown, status=status, order=order)

    async def _settled(self, told: ReplaceOutcome, old: Id, new: Draft, options: CallOptions) -> ReplaceOutcome:
        """The outcomes under the ids that were given; a half that the reply leaves open is looked at."""
        cancel, place = evolve(told.cancel, id=old), evolve(told.place, client_order_id=new.client_order_id)
        if cancel.status is CancelStatus.UNKNOWN and cancel.order is None:
            cancel = await self._look_at(cancel, new.order.symbol, options)
        if place.status is PlaceStatus.UNKNOWN:
            place = await self._look_up(new, place.error, options)
        elif place.order is not None:
            place = evolve(place, order=new.described(place.order))
        return ReplaceOutcome(cancel, place, told.raw)


def _is_known(outcome: ReplaceOutcome) -> bool:
    return outcome.cancel.status is not CancelStatus.UNKNOWN and outcome.place.status is not PlaceStatus.UNKNOWN


def _is_nothing_done(outcome: ReplaceOutcome) -> bool:
    """Whether the new order was refused and the old one is still open."""
    old = outcome.cancel.order
    return outcome.place.status is PlaceStatus.REFUSED and old is not None and old.status.is_open


def _old_order(number: int | str | None, name: str | None) -> Id:
    arguments.either({"cancel_order_id": number, "cancel_client_order_id": name})
    if number is not None:
        return arguments.order_id(number, "cancel_order_id")
    return arguments.client_order_id(name or "", "cancel_client_order_id")
