"""The recovery of a call that brought no model: two tables say how it goes on, and the code here reads them.

A call leaves once more only if the reply proves that nothing ran, or if the call is a read, which changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from attrs import evolve, frozen

from bingx_async.core.endpoint import Call, Endpoint
from bingx_async.core.gates import Penalty
from bingx_async.core.verdict import ERRORS, Meaning, Refused, Scope, Throttled, Unclear
from bingx_async.errors import (
    ApiError,
    BingXError,
    OutcomeUnknown,
    QuotaWait,
    RateLimited,
    ReadFailed,
    ServerBusy,
    UnreadableReply,
)
from bingx_async.runtime.call.carriers import CarrierChoice
from bingx_async.runtime.call.timekeeper import Timekeeper, patience_of
from bingx_async.runtime.call.turn import Remedy, Turn
from bingx_async.runtime.clock import ServerClock
from bingx_async.runtime.governor.governor import Governor
from bingx_async.runtime.http.message import Unanswered

MOST_READS = 3  # times that one call sends a read: a server that drops every connection is left alone then
SHORTEST_READ = 0.05  # seconds on the network; with less left a read is not sent again


class Lesson(Enum):
    """The knowledge that a final refusal brings about the carrier of the call."""

    UNDERSTOOD = "understood"
    NOT_UNDERSTOOD = "not understood"
    NOTHING = "nothing"


class Silence(Enum):
    """A call was sent, and no answer says whether it ran."""

    LOST = "no whole reply came"
    UNCLEAR = "a gateway answered for the exchange"
    UNREADABLE = "the reply holds no code"


@frozen
class Refusal:
    """Every remedy that is open is applied. With none the call raises the error of its meaning."""

    remedies: tuple[Remedy, ...] = ()
    lesson: Lesson = Lesson.NOTHING


@frozen
class Unheard:
    """If the remedies are not open, the call raises `error`."""

    error: type[OutcomeUnknown | ReadFailed]
    remedies: tuple[Remedy, ...] = ()


REFUSALS: Mapping[Meaning, Refusal] = {
    Meaning.BUSY: Refusal((Remedy.WAIT,)),
    Meaning.ERROR_BUDGET: Refusal((Remedy.WAIT,)),
    Meaning.CLOSED: Refusal((Remedy.WAIT,)),
    Meaning.RATE_LIMITED: Refusal((Remedy.WAIT,)),
    Meaning.BANNED: Refusal((Remedy.WAIT,)),
    Meaning.CLOCK: Refusal((Remedy.RESYNC, Remedy.SWITCH), Lesson.NOT_UNDERSTOOD),
    Meaning.SIGNATURE: Refusal((Remedy.SWITCH,), Lesson.NOT_UNDERSTOOD),
    Meaning.AUTHENTICATION: Refusal(),
    Meaning.NOT_FOUND: Refusal((), Lesson.UNDERSTOOD),
    Meaning.BALANCE: Refusal((), Lesson.UNDERSTOOD),
    Meaning.SERVER_BUSY: Refusal((), Lesson.UNDERSTOOD),
    Meaning.REFUSED: Refusal((), Lesson.UNDERSTOOD),
    Meaning.NOT_ALLOWED: Refusal((), Lesson.UNDERSTOOD),
}
# By the silence and by whether the call is a read. Anything else may have run, so it is never sent again.
SILENCES: Mapping[tuple[Silence, bool], Unheard] = {
    (Silence.LOST, True): Unheard(ReadFailed, (Remedy.REPEAT,)),
    (Silence.LOST, False): Unheard(OutcomeUnknown),
    (Silence.UNCLEAR, True): Unheard(ReadFailed),
    (Silence.UNCLEAR, False): Unheard(OutcomeUnknown),
    (Silence.UNREADABLE, True): Unheard(ReadFailed),
    (Silence.UNREADABLE, False): Unheard(UnreadableReply),
}


@frozen(eq=False)
class Recovery:
    """Decides for the calls of one account."""

    governor: Governor
    carrier: CarrierChoice
    time: Timekeeper

    def accepted(self, turn: Turn) -> None:
        """The call was accepted, so the carrier it used was understood."""
        if turn.carrier is not None:
            self.carrier.settle(turn.carrier, "accepted")

    async def after_reply(
        self, call: Call[Any], verdict: Refused | Throttled | Unclear, penalty: Penalty | None, turn: Turn
    ) -> None:
        """Prepare the next attempt of a call that was refused; raises where there is none."""
        if isinstance(verdict, Unclear):
            silence = Silence.UNCLEAR if verdict.is_readable else Silence.UNREADABLE
            raise _unheard(call, silence, verdict.message)
        turn.failed, turn.penalty = verdict, penalty
        row = REFUSALS[verdict.meaning]
        is_open = [await self._apply(remedy, call.endpoint, turn) for remedy in row.remedies]
        if not any(is_open):
            self._learn(row.lesson, turn)
            raise self._error(call, turn)

    async def after_silence(self, call: Call[Any], error: Unanswered, turn: Turn) -> None:
        """Prepare the next attempt of a call to which no whole reply came; raises where there is none."""
        row = SILENCES[Silence.LOST, call.endpoint.is_repeatable]
        turn.failed = error
        is_open = [await self._apply(remedy, call.endpoint, turn) for remedy in row.remedies]
        if not any(is_open):
            raise _unheard(call, Silence.LOST, str(error)) from error

    def out_of_time(self, call: Call[Any], error: QuotaWait, turn: Turn) -> BingXError:
        """The error of a call that may leave once more and gets no quota in time: why its last attempt failed."""
        ready_at = self.governor.clock.monotonic() + error.retry_after * 1000.0
        if turn.penalty is not None:  # its scope may have been closed for longer since
            turn.penalty = evolve(turn.penalty, until=max(turn.penalty.until, ready_at))
        return self._error(call, turn)

    def _error(self, call: Call[Any], turn: Turn) -> BingXError:
        if isinstance(turn.failed, Refused):
            return _refused(call.endpoint, turn.failed)
        if isinstance(turn.failed, Throttled) and turn.penalty is not None:
            return _closed(call.endpoint, turn.failed, turn.penalty, self.governor.clock)
        return _unheard(call, Silence.LOST, str(turn.failed))

    async def _apply(self, remedy: Remedy, endpoint: Endpoint[Any], turn: Turn) -> bool:
        """Apply one remedy; whether it lets the call leave once more."""
        before = turn.used.count(remedy)
        turn.used = (*turn.used, remedy)
        match remedy:
            case Remedy.WAIT:
                return await self._wait(endpoint, turn)
            case Remedy.RESYNC:
                return not before and await self._resync(endpoint, turn)
            case Remedy.SWITCH:
                return not before and turn.carrier is not None and self.carrier.switch_from(turn.carrier)
            case Remedy.REPEAT:
                return before < MOST_READS - 1 and turn.seconds_left >= SHORTEST_READ

    async def _resync(self, endpoint: Endpoint[Any], turn: Turn) -> bool:
        await self.time.sync(patience_of(endpoint, turn.settings.timeout))
        return True

    async def _wait(self, endpoint: Endpoint[Any], turn: Turn) -> bool:
        """A moment is in the exchange's time: its clock is read again if the last reading is old."""
        verdict, penalty = turn.failed, turn.penalty
        assert isinstance(verdict, Throttled)
        assert penalty is not None
        if verdict.until is not None and verdict.scope is not Scope.EGRESS and self.time.clock.is_stale():
            await self._resync(endpoint, turn)
            penalty = turn.penalty = self.governor.extend(penalty, verdict.until)
        return penalty.until <= turn.repeat_until

    def _learn(self, lesson: Lesson, turn: Turn) -> None:
        if lesson is Lesson.NOT_UNDERSTOOD:
            self.carrier.forget()
        elif lesson is Lesson.UNDERSTOOD and turn.carrier is not None:
            self.carrier.settle(turn.carrier, lesson.value)


def _refused(endpoint: Endpoint[Any], verdict: Refused) -> ApiError:
    """The error of a call that the exchange refused for its content; an endpoint may have its own classes."""
    own = {Meaning.NOT_FOUND: endpoint.refusals.not_found, Meaning.REFUSED: endpoint.refusals.refused}
    kind = own.get(verdict.meaning) or ERRORS[verdict.meaning]
    return kind(verdict.code, verdict.message, endpoint.path, verdict.http_status, verdict.raw)


def _closed(endpoint: Endpoint[Any], verdict: Throttled, penalty: Penalty, clock: ServerClock) -> ApiError:
    """The error of a call that cannot wait until the exchange opens again."""
    about = (verdict.code, verdict.message, endpoint.path, verdict.http_status, verdict.raw)
    if verdict.meaning is Meaning.BUSY:
        return ServerBusy(*about)
    return RateLimited(
        *about,
        retry_at=clock.moment(penalty.until),
        retry_after=max(0.0, penalty.until - clock.monotonic()) / 1000.0,
        scope=str(penalty.key),
        reason=penalty.reason,
    )


def _unheard(call: Call[Any], silence: Silence, message: str) -> OutcomeUnknown | ReadFailed:
    """The error of a call that was sent and got no readable answer."""
    kind = SILENCES[silence, call.endpoint.is_repeatable].error
    if issubclass(kind, ReadFailed):
        return kind(message, call.endpoint.path, call.params)
    return kind(message, call.endpoint.path, call.params, call.client_order_ids)
