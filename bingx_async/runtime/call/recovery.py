"""The recovery of a call that brought no model: it leaves once more if nothing can have run, or if it only reads."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, Literal

from attrs import evolve, frozen

from bingx_async.core.endpoint import Call, Endpoint
from bingx_async.core.refusals import ERRORS
from bingx_async.core.verdict import Meaning, Refused, Scope, Throttled, Unclear
from bingx_async.errors import (
    BingXError,
    OrderNotFound,
    OutcomeUnknown,
    RateLimited,
    ReadFailed,
    ServerBusy,
    UnreadableReply,
)
from bingx_async.runtime.call.doubts import Doubts
from bingx_async.runtime.call.sender import CarrierChoice
from bingx_async.runtime.call.timekeeper import Timekeeper, patience_of
from bingx_async.runtime.call.turn import Failure, Remedy, Turn
from bingx_async.runtime.governor.governor import Governor
from bingx_async.runtime.http.message import Unanswered

MOST_READS = 3  # times that one call sends a read: a server that drops every connection is left alone then
SHORTEST_READ = 0.05  # seconds on the network; with less left a read is not sent again


class Silence(Enum):
    """A call was sent, and no answer says whether it ran."""

    LOST = "no whole reply came"
    UNCLEAR = "a gateway answered for the exchange"
    UNREADABLE = "the reply holds no code"


@frozen
class Row:
    """Every remedy that is open is applied. With none the call raises `error`, a refusal that of its meaning, unless
    it has one of its own and the call is no read."""

    remedies: tuple[Remedy, ...] = ()
    is_understood: bool | None = None  # whether it proves that the call's carrier was, None where it proves neither
    error: type[OutcomeUnknown | ReadFailed] | None = None


REFUSALS: Mapping[Meaning, Row] = {
    Meaning.BUSY: Row((Remedy.WAIT,)),
    Meaning.ERROR_BUDGET: Row((Remedy.WAIT,)),
    Meaning.CLOSED: Row((Remedy.WAIT,)),
    Meaning.RATE_LIMITED: Row((Remedy.WAIT,)),
    Meaning.BANNED: Row((Remedy.WAIT,)),
    Meaning.CLOCK: Row((Remedy.RESYNC, Remedy.SWITCH), is_understood=False),
    Meaning.SIGNATURE: Row((Remedy.SWITCH,), is_understood=False),
    Meaning.AUTHENTICATION: Row(),
    Meaning.NOT_FOUND: Row(is_understood=True),
    Meaning.DONE: Row(is_understood=True),
    Meaning.NOTHING_OPEN: Row(is_understood=True),
    Meaning.NO_DATA: Row(is_understood=True),
    Meaning.DUPLICATE: Row(is_understood=True),
    Meaning.BALANCE: Row(is_understood=True),
    Meaning.SERVER_BUSY: Row(is_understood=True),
    Meaning.UNCONFIRMED: Row(is_understood=True, error=OutcomeUnknown),
    Meaning.REFUSED: Row(is_understood=True),
    Meaning.NOT_ALLOWED: Row(is_understood=True),
}
NOT_FOUND: Mapping[Meaning, Literal["missing", "closed", "nothing open", "no data"]] = {
    Meaning.NOT_FOUND: "missing",
    Meaning.DONE: "closed",
    Meaning.NOTHING_OPEN: "nothing open",
    Meaning.NO_DATA: "no data",
}
# By the silence and by whether the call is a read. Anything else may have run, so it is never sent again.
SILENCES: Mapping[tuple[Silence, bool], Row] = {
    (Silence.LOST, True): Row((Remedy.REPEAT,), error=ReadFailed),
    (Silence.LOST, False): Row(error=OutcomeUnknown),
    (Silence.UNCLEAR, True): Row(error=ReadFailed),
    (Silence.UNCLEAR, False): Row(error=OutcomeUnknown),
    (Silence.UNREADABLE, True): Row(error=ReadFailed),
    (Silence.UNREADABLE, False): Row(error=UnreadableReply),
}


@frozen(eq=False)
class Recovery:
    """Decides for the calls of one account."""

    governor: Governor
    carrier: CarrierChoice
    time: Timekeeper
    doubts: Doubts

    async def after(self, failed: Failure, call: Call[Any], turn: Turn) -> None:
        """Prepare the next attempt of a call; raises where there is none."""
        turn.failed = failed
        row = REFUSALS[failed.meaning] if isinstance(failed, (Refused, Throttled)) else _unheard(failed, call)
        if any([await self._apply(remedy, call.endpoint, turn) for remedy in row.remedies]):
            return
        if row.is_understood:
            self.carrier.settle(turn.carrier, "understood")
        elif row.is_understood is False:
            self.carrier.forget()
        if isinstance(failed, Unanswered):
            raise self._error(call, turn) from failed
        raise self._error(call, turn)

    def out_of_time(self, retry_after: float, call: Call[Any], turn: Turn) -> BingXError:
        """The error of a call that may leave once more and gets no quota in time: why its last attempt failed."""
        ready_at = self.governor.clock.monotonic() + retry_after * 1000.0
        if turn.penalty is not None:  # its scope may have been closed for longer since
            turn.penalty = evolve(turn.penalty, until=max(turn.penalty.until, ready_at))
        return self._error(call, turn)

    async def _apply(self, remedy: Remedy, endpoint: Endpoint[Any], turn: Turn) -> bool:
        """Apply one remedy if it is open; whether it lets the call leave once more."""
        before = turn.used.count(remedy)
        turn.used.append(remedy)
        match remedy:
            case Remedy.WAIT:
                return await self._wait(endpoint, turn)
            case Remedy.RESYNC:
                if not before:
                    await self.time.sync(patience_of(endpoint, turn.settings.timeout))
                return not before
            case Remedy.SWITCH:
                return not before and turn.carrier is not None and self.carrier.switch_from(turn.carrier)
            case Remedy.REPEAT:
                return before < MOST_READS - 1 and turn.seconds_left >= SHORTEST_READ

    async def _wait(self, endpoint: Endpoint[Any], turn: Turn) -> bool:
        """A moment is in the exchange's time: its clock is read again if the last reading is old."""
        verdict, penalty = turn.failed, turn.penalty
        assert isinstance(verdict, Throttled)
        assert penalty is not None
        if verdict.until is not None and verdict.scope is not Scope.EGRESS and self.governor.clock.is_stale():
            await self.time.sync(patience_of(endpoint, turn.settings.timeout))
            penalty = turn.penalty = self.governor.extend(penalty, verdict.until)
        return turn.waits_again and penalty.until <= turn.deadline

    def _error(self, call: Call[Any], turn: Turn) -> BingXError:
        """The error of a call whose last attempt failed."""
        failed, penalty, clock = turn.failed, turn.penalty, self.governor.clock
        if not isinstance(failed, (Refused, Throttled)):
            kind = _unheard(failed, call).error
            assert kind is not None
            if issubclass(kind, ReadFailed):
                return kind(failed.message, call.endpoint.path, call.params)
            return self.doubts.unknown(call, turn, failed.message, kind)
        if isinstance(failed, Refused):
            return self._refusal(failed, call, turn)
        about = (failed.code, failed.message, call.endpoint.path, failed.http_status, failed.raw)
        if failed.meaning is Meaning.BUSY or penalty is None:
            return ServerBusy(*about)
        return RateLimited(
            *about,
            retry_at=clock.moment(penalty.until),
            retry_after=max(0.0, penalty.until - clock.monotonic()) / 1000.0,
            scope=str(penalty.key),
            reason=penalty.reason,
        )

    def _refusal(self, failed: Refused, call: Call[Any], turn: Turn) -> BingXError:
        """The error of a refused call; an endpoint may have its own classes for it."""
        endpoint, meaning = call.endpoint, failed.meaning
        kind = REFUSALS[meaning].error
        if kind is not None and not endpoint.is_repeatable:
            return self.doubts.unknown(call, turn, failed.message, OutcomeUnknown, failed.code, failed.raw)
        own = {Meaning.REFUSED: endpoint.refusals.refused, **dict.fromkeys(NOT_FOUND, endpoint.refusals.not_found)}
        about = (failed.code, failed.message, endpoint.path, failed.http_status, failed.raw)
        error = own.get(meaning, ERRORS[meaning])(*about)
        if isinstance(error, OrderNotFound):
            error.kind = NOT_FOUND[meaning]
        return error


def _unheard(failed: Unanswered | Unclear, call: Call[Any]) -> Row:
    """The row of a call that was sent and got no readable answer."""
    silence = Silence.LOST
    if isinstance(failed, Unclear):
        silence = Silence.UNCLEAR if failed.is_readable else Silence.UNREADABLE
    return SILENCES[silence, call.endpoint.is_repeatable]
