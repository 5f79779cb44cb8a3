"""One call that places orders: each is on disk and known as being sent before the request leaves, and when the call has
ended, however it did, something is known of each: placed, refused, not placed, or unknown until it is found out.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from attrs import define, field

from bingx_async.core.endpoint import Call
from bingx_async.core.options import CallOptions
from bingx_async.errors import ApiError, ConnectFailed, InvalidRequest, LocalError, OutcomeUnknown
from bingx_async.models import Evidence, Intent, Placement, PlaceOutcome, PlaceStatus
from bingx_async.spot.base import Calls
from bingx_async.spot.tracker.enquiries import RECV_WINDOW
from bingx_async.spot.tracker.journal import intents_of
from bingx_async.spot.tracker.keeping import Keeper
from bingx_async.spot.tracker.portfolio import Portfolio

T = TypeVar("T")
NOT_SENT = "it was not sent"


class Announcing:
    """The calls of an account; `announce` goes ahead of each that places orders."""

    def __init__(self, calls: Calls, submission: Submission) -> None:
        self._calls, self._submission = calls, submission

    async def call(self, call: Call[T], options: CallOptions) -> T:
        """Run the call and return its model."""
        if call.endpoint.is_creating:
            await self._submission.announce(call)
        return await self._calls.call(call, options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._calls, name)


@define(eq=False)
class Submission:
    """`enquire` finds out, in the background, about a call in doubt. `outcomes` is filled with those of single orders,
    by client order id."""

    calls: Calls
    portfolio: Portfolio
    keeper: Keeper
    enquire: Callable[[OutcomeUnknown], None]
    outcomes: MutableMapping[str, PlaceOutcome] = field(factory=dict[str, PlaceOutcome])
    intents: list[Intent] = field(factory=list[Intent])

    @property
    def announced(self) -> Calls:
        """The calls by which the orders are to be placed."""
        return cast(Calls, Announcing(self.calls, self))

    async def announce(self, call: Call[Any]) -> None:
        """A call is about to be made. Raises `JournalUnavailable`, and `InvalidRequest` for an id that was used."""
        intents = intents_of(call, self.portfolio.at())
        for name in (name for intent in intents for name in intent.client_order_ids):
            known = self.portfolio.find(name)
            is_used = known is not None and known.placement not in (Placement.REFUSED, Placement.NOT_PLACED)
            if is_used or name.lower() in self.keeper.writing:
                raise InvalidRequest(f"the client order id {name!r} is that of an order placed before: use another")
        await self.keeper.write_down(intents)
        self.intents += intents
        for intent in intents:
            self.portfolio.sending(intent)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asked = dict[int, OutcomeUnknown]()
        for intent in self.intents:
            doubt = self._judge(intent, error)
            if doubt is not None:
                self.portfolio.unknown(intent.client_order_ids, doubt.message)
                asked[id(doubt)] = doubt
        for doubt in asked.values():
            self.enquire(doubt)

    def _judge(self, intent: Intent, error: BaseException | None) -> OutcomeUnknown | None:
        """Let the portfolio know what became of an intent; the doubt, where that is not known."""
        told = self.outcomes.get(intent.client_order_id)
        if told is not None and told.status is PlaceStatus.PLACED and told.order is not None:
            self.portfolio.take_order(told.order, "its placing")
        elif told is not None and told.status is PlaceStatus.REFUSED:
            self.portfolio.refused(intent.client_order_ids, f"{told.code or ''} {told.error}".strip())
        elif (doubt := self._doubt(intent)) is not None:
            return doubt
        elif self._is_placed(intent):
            return None
        elif isinstance(error, ApiError):
            self.portfolio.refused(intent.client_order_ids, str(error))
        elif _proves_unsent(error) or (told is not None and told.status is PlaceStatus.NOT_SENT):
            evidence = Evidence("its placing", f"{NOT_SENT}: {error!r}", self.portfolio.at())
            for name in intent.client_order_ids:
                self.portfolio.not_placed(name, [evidence])
        else:
            return self._made_up(intent, error)
        return None

    def _is_placed(self, intent: Intent) -> bool:
        """Whether a reply or an event has shown all of it already."""
        orders = [self.portfolio.find(name) for name in intent.client_order_ids]
        return all(each.placement is Placement.PLACED for each in orders if each is not None)

    def _doubt(self, intent: Intent) -> OutcomeUnknown | None:
        """The call in doubt that the client keeps of it."""
        names = set(intent.client_order_ids)
        return next((each for each in reversed(self.calls.in_doubt) if names & set(each.client_order_ids)), None)

    def _made_up(self, intent: Intent, error: BaseException | None) -> OutcomeUnknown:
        words = f"its call ended without a word of it: {error!r}"
        about = (words, intent.endpoint, intent.params, intent.client_order_ids)
        return OutcomeUnknown(*about, sent_at=intent.at, expires_at=self.portfolio.at() + RECV_WINDOW)


def _proves_unsent(error: BaseException | None) -> bool:
    """Whether a call that ended so, and is not in doubt, was not sent: what cuts a call off is no `Exception`."""
    return isinstance(error, LocalError | ConnectFailed) or (error is not None and not isinstance(error, Exception))
