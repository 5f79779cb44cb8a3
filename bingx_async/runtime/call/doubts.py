"""The calls of an account that may have run: they are kept until it is known what became of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from attrs import define, field

from bingx_async.core.endpoint import Call
from bingx_async.core.events import Abandoned
from bingx_async.errors import OutcomeUnknown
from bingx_async.runtime.call.turn import Turn
from bingx_async.runtime.governor.governor import Governor
from bingx_async.runtime.logs import warn

MOST = 1000  # kept at a time; the oldest is forgotten first


@define(eq=False)
class Doubts:
    """The calls in doubt of one account. `resolver` finds out about one of them."""

    governor: Governor = field(repr=False)
    account: str
    resolver: Callable[..., Awaitable[Any]] | None = field(default=None, repr=False)
    kept: deque[OutcomeUnknown] = field(factory=lambda: deque(maxlen=MOST), repr=False)  # oldest first

    def unknown(
        self,
        call: Call[Any],
        turn: Turn,
        message: str,
        kind: type[OutcomeUnknown] = OutcomeUnknown,
        code: int | None = None,
        raw: Mapping[str, Any] | None = None,
    ) -> OutcomeUnknown:
        """The error of a call that may have run; it is kept."""
        stamp = turn.stamp.at
        sent_at = datetime.fromtimestamp(stamp / 1000.0, UTC) if stamp is not None else None
        expires_at = sent_at + timedelta(milliseconds=turn.settings.recv_window) if sent_at is not None else None
        about = (message, call.endpoint.path, call.params, call.client_order_ids)
        return self.keep(kind(*about, sent_at=sent_at, expires_at=expires_at, code=code, raw=raw))

    def keep(self, error: OutcomeUnknown) -> OutcomeUnknown:
        """Keep an error until it is resolved."""
        error.resolve_by(self.resolver)
        self.kept.append(error)
        return error

    def narrowed(self, error: OutcomeUnknown, call: Call[Any]) -> OutcomeUnknown:
        """The error of one call that travelled with others, in the place of theirs."""
        self.drop(error)
        about = (error.message, call.endpoint.path, call.params, call.client_order_ids)
        times = (error.sent_at, error.expires_at)
        return self.keep(type(error)(*about, sent_at=times[0], expires_at=times[1], code=error.code, raw=error.raw))

    def drop(self, error: OutcomeUnknown) -> None:
        """What became of it is known; `error` may be a copy."""
        about = (error.endpoint, error.params, error.sent_at)
        for kept in list(self.kept):
            if (kept.endpoint, kept.params, kept.sent_at) == about:
                self.kept.remove(kept)

    def abandon(self, call: Call[Any], turn: Turn, cut: BaseException) -> None:
        """`cut` ends a call whose request may have left: say so wherever it can be seen."""
        if call.endpoint.is_repeatable or turn.stamp.at is None or isinstance(cut, Exception):
            return
        error = self.unknown(call, turn, "the call was cancelled while its reply was awaited")
        cut.add_note(str(error))
        warn("%s", error)
        reporter, endpoint = self.governor.reporter, call.endpoint
        about = (endpoint.path, self.account, call.client_order_ids, error.params)
        reporter.emit(Abandoned(reporter.now(), *about))
