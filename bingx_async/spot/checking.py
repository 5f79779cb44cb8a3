"""The way of every order to be placed: drafted, checked by the trading rules, and looked up where a reply is silent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial as bind
from typing import Any

from bingx_async.core.endpoint import Call
from bingx_async.core.options import LONGEST_RECV_WINDOW, CallOptions
from bingx_async.errors import BingXError, InvalidRequest, LocalError, OrderNotFound, OutcomeUnknown
from bingx_async.models import NewOrder, Order, PlaceOutcome, PlaceStatus, Priority, SymbolRules
from bingx_async.spot import arguments
from bingx_async.spot.base import Group
from bingx_async.spot.batches import Id, single_params
from bingx_async.spot.drafts import Draft, draft
from bingx_async.spot.queries import GET_ORDER
from bingx_async.spot.rules import RECENT
from bingx_async.spot.symbols import LIST_SYMBOLS

QUICK = 2.0  # seconds for reading rules again while the old ones can serve


class CheckedOrders(Group):
    """The base of the methods that place orders."""

    async def _drafts(
        self, orders: Iterable[NewOrder | Mapping[str, Any]], check: bool | None, options: CallOptions
    ) -> list[Draft]:
        """Every order as it may be sent. Raises `InvalidRequest`, and `RulesUnavailable`."""
        drafts = [draft(order, self._ids, self._calls.now()) for order in orders]
        if self._heeds_rules(check):
            for each in drafts:
                await self._check_rules(each.order, options)
        return drafts

    def _heeds_rules(self, check: bool | None) -> bool:
        """Whether a call checks its orders."""
        return self._rules.is_heeded if check is None else arguments.flag(check, "check")

    async def _check_rules(self, order: NewOrder, options: CallOptions) -> None:
        """Before an order is refused, the rules that it breaks are read again unless that was done just now."""
        self._calls.check(GET_ORDER)  # without keys no order leaves, so no rules are needed
        now, places = self._calls.now, self._facts.quote_places
        read = bind(self._read_rules, order.symbol, options)
        known = self._rules.fresh(order.symbol, now()) or await self._rules.get(order.symbol, now, read)
        with suppress(InvalidRequest):
            known.check(order, places)
            return
        newest = await self._rules.get(order.symbol, now, read, RECENT)
        newest.check(order, places)

    async def _read_rules(self, symbol: str, options: CallOptions, is_needed: bool) -> SymbolRules:
        """The rules as they are now. While others can serve, this neither queues nor waits for long."""
        asked: CallOptions = {"priority": Priority.PLACE, **options}
        if not is_needed:
            asked |= {"max_wait": 0.0, "timeout": min(QUICK, options.get("timeout", QUICK))}
        for rules in await self._calls.call(Call(LIST_SYMBOLS, {"symbol": symbol}), asked):
            if rules.symbol == symbol:
                return rules
        raise LocalError(f"the exchange lists no symbol {symbol}")

    def _may_ask(self) -> bool:
        """Whether an order may be asked for that may not be there: that would be an error, which costs error budget."""
        return self._calls.may_fail(GET_ORDER)

    async def _get_order(self, symbol: str, order_ref: Id, options: CallOptions) -> Order:
        """The order now. The question may queue even if the call that made it necessary might not."""
        patient: CallOptions = {**options}
        patient.pop("max_wait", None)
        return await self._calls.call(Call(GET_ORDER, single_params(symbol, order_ref)), patient)

    def _doubt(self, call: Call[Any], words: str, since: float) -> OutcomeUnknown:
        """The error of a call that was answered, but not so that its outcome is known; `client.in_doubt` keeps it while
        it is looked up, which may be cut short, and from then on unless it is found."""
        moments = [datetime.fromtimestamp(at / 1000.0, UTC) for at in (since, self._calls.now() + LONGEST_RECV_WINDOW)]
        about = (words, call.endpoint.path, call.params, call.client_order_ids)
        return self._calls.keep(OutcomeUnknown(*about, sent_at=moments[0], expires_at=moments[1]))

    async def _look_up(
        self, sought: Draft, error: str, options: CallOptions, doubt: OutcomeUnknown | None = None
    ) -> PlaceOutcome:
        """The outcome of an order of which no reply tells. One that is not found may be on its way."""
        name = sought.client_order_id
        if not self._may_ask():
            return PlaceOutcome(name, PlaceStatus.UNKNOWN, error=f"{error}; not looked up, to spare the error budget")
        try:
            order = await self._get_order(sought.order.symbol, name, options)
        except OrderNotFound:
            return PlaceOutcome(name, PlaceStatus.UNKNOWN, error=f"{error}; it was not found right afterwards")
        except BingXError as failed:
            return PlaceOutcome(name, PlaceStatus.UNKNOWN, error=f"{error}; it could not be looked up: {failed}")
        if order.order_id and sought.is_like(order):
            if doubt is not None:
                self._calls.forget(doubt)
            return PlaceOutcome(name, PlaceStatus.PLACED, sought.described(order))
        return PlaceOutcome(name, PlaceStatus.UNKNOWN, order, error=f"{error}; the order of that id is not like it")
