"""Finding out what became of a call that may have run.

The exchange refuses a request whose timestamp is older than its `recvWindow`. So from `expires_at` of the call on it
cannot begin to run any more, and `SETTLED` seconds later the exchange's own lists show it. Only a look that began after
that, and in which every source answered in full, proves by what it does not find that a call did not run.
"""

from __future__ import annotations

# Not every caller is typed, so arguments are checked at run time too.
# pyright: reportUnnecessaryIsInstance=false, reportPrivateUsage=false
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import chain, repeat
from typing import Unpack

import anyio
from attrs import Factory, define, evolve, field

from bingx_async.core.options import LONGEST_RECV_WINDOW, CallOptions
from bingx_async.errors import ClientClosed, InvalidRequest, OutcomeUnknown
from bingx_async.models import Evidence, Order, OrderStatus, Resolution, ResolutionStatus
from bingx_async.spot import arguments
from bingx_async.spot.lookup import DAY, EARLIER, Look, Lookup, moment_of
from bingx_async.spot.target import Act, Target
from bingx_async.spot.targets import targets_of

EXECUTED, NOT_EXECUTED = ResolutionStatus.EXECUTED, ResolutionStatus.NOT_EXECUTED
PARTLY, UNKNOWN = ResolutionStatus.PARTLY, ResolutionStatus.UNKNOWN
SETTLED = 5_000.0  # ms after a call expired until the exchange's lists show what it did
OLDEST = 6 * DAY  # of an older call nothing is proven by absence: fills are kept for 7 days
NAMES_KEPT = 7_200_000.0  # ms for which the exchange finds an order by its client order id
FIRST = 100.0  # ms in which the first look begins
DELAYS, LAST_DELAY = (0.5, 1.0, 2.0, 4.0), 8.0  # seconds between looks
NO_TRACE = "such a call leaves no trace in the lists of orders"


class Resolving(Lookup):
    """Methods that find out about calls in doubt."""

    async def resolve(
        self, error: OutcomeUnknown, *, deadline: float = 30.0, **options: Unpack[CallOptions]
    ) -> Resolution:
        """Find out whether the call of `error` ran, in at most `deadline` seconds; it sends reads only.

        A placed order is looked up by its client order id, among the open orders, in the history and among the fills;
        an OCO order by its ids in both lists of OCO orders; again after 0.5, 1, 2, 4 and 8 seconds.

        `EXECUTED`: the order was found (one of its id that was there before the call, or trades the other way, is not
        it), or for a cancel that it is cancelled. `NOT_EXECUTED` of a placement: nothing
        was found in a look that began 5 seconds or more after `error.expires_at`, when the exchange takes the request
        no longer, in which every source answered in full, and which saw nothing that might be the order for lack of an
        id; of a cancel: the order was still open in such a look, or it ended otherwise. A cancel of everything ran if
        no older order is open in such a look. Nothing is looked up by an id that may not be there while one more error
        could close the endpoint: the lists tell, or it stays unknown for a while. Of a call about several orders
        each has its resolution in `parts`, and `PARTLY` says that they differ. Anything else is `UNKNOWN`: nothing
        more is known, so ask again later. A failed read is evidence and raises nothing.

        Raises `ClientClosed` if the client is closed: another client of the account can resolve the error.
        """
        if not isinstance(error, OutcomeUnknown):
            raise InvalidRequest(f"error must be an OutcomeUnknown, not of type {type(error).__name__}")
        within = arguments.seconds(deadline, "deadline")
        try:
            resolution = await Search(self, self._calls.now, error, options).run(within)
        except ClientClosed as closed:
            text = "the client is closed; ask another client of the account: `await client.spot.resolve(error)`"
            raise ClientClosed(text) from closed
        if resolution.is_known:
            self._calls.forget(error)
        return resolution


@define(eq=False)
class Search:
    """The looks for the orders of one call in doubt. Moments are epoch ms of the exchange."""

    lookup: Lookup
    now: Callable[[], float]
    error: OutcomeUnknown
    options: CallOptions
    began: float = field(init=False, default=Factory(lambda it: it.now(), takes_self=True))
    found: dict[Target, Resolution] = field(init=False, factory=dict[Target, Resolution])
    evidence: list[Evidence] = field(init=False, factory=list[Evidence])

    async def run(self, deadline: float) -> Resolution:
        """Look until all is known, or a complete look from `settled_at` on has been made, or the time is over."""
        self.found = {target: Resolution(UNKNOWN) for target in targets_of(self.error)}
        if not self.found:
            return Resolution(UNKNOWN, evidence=(Evidence("nothing", NO_TRACE, moment_of(self.began)),))
        with anyio.move_on_after(deadline):
            for delay in chain(DELAYS, repeat(LAST_DELAY)):
                look = self._look()
                await self._judge_all(look)
                if self._is_done(look):
                    break
                left = (self.settled_at - self.now()) / 1000.0
                await anyio.sleep(min(delay, left) if left > 0 else delay)
        return self._whole()

    @property
    def sent_at(self) -> float:
        """When the call left; a day ago, if that is not known."""
        at = self.error.sent_at
        return at.timestamp() * 1000.0 if at is not None else self.began - DAY

    @property
    def settled_at(self) -> float:
        """From when on a look proves something by what it does not find."""
        at = self.error.expires_at
        return SETTLED + (at.timestamp() * 1000.0 if at is not None else self.began + LONGEST_RECV_WINDOW)

    def _look(self) -> Look:
        """The next look. An order that was to be cancelled may be older than the call by far."""
        is_old = self.now() >= self.settled_at and any(each.act in (Act.CANCEL, Act.CANCEL_OCO) for each in self.found)
        earlier = DAY if is_old else EARLIER
        return Look(self.lookup, self.now, self.sent_at, self.options, earlier, evidence=self.evidence)

    def _is_done(self, look: Look) -> bool:
        is_known = all(each.is_known for each in self.found.values())
        return is_known or (look.is_complete and self._is_settled(look))

    def _is_settled(self, look: Look) -> bool:
        return look.started >= self.settled_at

    async def _judge_all(self, look: Look) -> None:
        for target, known in self.found.items():
            if not known.is_known:
                self.found[target] = await JUDGES[target.act](self, target, look)

    async def _placed(self, target: Target, look: Look) -> Resolution:
        order = await look.order(target, by_name=self._spends(look) and self._are_names_kept(look))
        if order is None and self._is_settled(look) and (fill := await look.fill(target)) is not None:
            order = await look.order(evolve(target, order_id=str(fill.order_id)), by_name=False) or Order()
        if order is None:
            return self._absent(target, look)
        return Resolution(UNKNOWN if target.is_other(order, self.sent_at) else EXECUTED, order)

    async def _cancelled(self, target: Target, look: Look) -> Resolution:
        order = await look.order(target, by_name=self._spends(look) and self._are_names_kept(look))
        if order is None:
            return Resolution(UNKNOWN)
        return Resolution(self._end_of([order.status], look), order)

    async def _all_cancelled(self, target: Target, look: Look) -> Resolution:
        orders = await look.open_orders(target.symbol)
        older = [each for each in orders if each.time is None or each.time.timestamp() * 1000.0 < self.sent_at]
        if older:
            return Resolution(NOT_EXECUTED if self._is_settled(look) else UNKNOWN)
        is_proof = look.is_complete and self._is_settled(look)  # before, an order may be open and not listed yet
        return Resolution(EXECUTED if is_proof else UNKNOWN)

    async def _oco_placed(self, target: Target, look: Look) -> Resolution:
        legs, _ = await look.pair(target, by_name=self._spends(look))
        if legs:
            return Resolution(EXECUTED, legs=legs)
        order = await look.order(target, by_name=False)  # a leg may be listed among the plain ones
        return self._absent(target, look) if order is None else Resolution(EXECUTED, order)

    async def _oco_cancelled(self, target: Target, look: Look) -> Resolution:
        legs, is_open = await look.pair(target, by_name=False)
        if not legs:
            return Resolution(UNKNOWN)
        statuses = [OrderStatus.PENDING] if is_open else [leg.status for leg in legs]
        return Resolution(self._end_of(statuses, look), legs=legs)

    def _end_of(self, statuses: Sequence[OrderStatus], look: Look) -> ResolutionStatus:
        """Whether a cancel ran, by what became of its order, or of both legs of its pair."""
        if all(status.is_final for status in statuses):
            return EXECUTED if set(statuses) == {OrderStatus.CANCELED} else NOT_EXECUTED
        is_open = all(status.is_open or status.is_final for status in statuses)
        return NOT_EXECUTED if is_open and self._is_settled(look) else UNKNOWN

    def _absent(self, target: Target, look: Look) -> Resolution:
        """Of a placed order that was not found."""
        is_proof = self._is_settled(look) and look.is_complete and not look.is_ambiguous(target)
        return Resolution(NOT_EXECUTED if is_proof and self.began - self.sent_at < OLDEST else UNKNOWN)

    def _spends(self, look: Look) -> bool:
        """Whether this look may spend error budget on ids that are not there: the first and the last ones do."""
        return look.started - self.began < FIRST or self._is_settled(look)

    def _are_names_kept(self, look: Look) -> bool:
        """Whether the exchange may still find the order by its client order id; it may, if its age is not known."""
        return self.error.sent_at is None or look.started - self.sent_at < NAMES_KEPT

    def _whole(self) -> Resolution:
        """The resolution of the call, with all the evidence."""
        if len(self.found) == 1:
            return evolve(next(iter(self.found.values())), evidence=tuple(self.evidence))
        statuses = {each.status for each in self.found.values()}
        status = UNKNOWN if UNKNOWN in statuses else statuses.pop() if len(statuses) == 1 else PARTLY
        parts = {target.key or str(place): each for place, (target, each) in enumerate(self.found.items())}
        return Resolution(status, evidence=tuple(self.evidence), parts=parts)


JUDGES: Mapping[Act, Callable[[Search, Target, Look], Awaitable[Resolution]]] = {
    Act.PLACE: Search._placed,
    Act.CANCEL: Search._cancelled,
    Act.CANCEL_ALL: Search._all_cancelled,
    Act.PLACE_OCO: Search._oco_placed,
    Act.CANCEL_OCO: Search._oco_cancelled,
}
