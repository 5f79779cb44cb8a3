"""Errors of calls that were not sent."""

from __future__ import annotations

from datetime import datetime

from bingx_async.errors.root import BingXError


class LocalError(BingXError):
    """Refused on this side: nothing was sent."""


class QuotaWait(LocalError):
    """The call would have to queue longer than its `max_wait`; nothing was sent.

    `retry_at` is the earliest moment (aware UTC) at which quota can be free, `retry_after` the same in
    seconds from now, `bucket` the name of the bucket that has no room.
    """

    def __init__(self, retry_at: datetime, retry_after: float, bucket: str) -> None:
        super().__init__(
            f"no quota in {bucket} within max_wait: possible in {retry_after:.3f} s, at {retry_at.isoformat()}. "
            "Nothing was sent; call again then, or allow a longer max_wait"
        )
        self.retry_at, self.retry_after, self.bucket = retry_at, retry_after, bucket


class ErrorBudgetSpent(LocalError):
    """One more business error of `code` would close the endpoint for minutes, so the call was not sent.

    `retry_at` is the moment (aware UTC) at which the oldest counted error leaves the window.
    """

    def __init__(
        self, retry_at: datetime, retry_after: float, endpoint: str, code: int, limit: int, window: float
    ) -> None:
        super().__init__(
            f"{endpoint} has answered code {code} so often that one more could close it: the exchange allows "
            f"{limit} per {window:g} s. Nothing was sent; possible in {retry_after:.3f} s, at {retry_at.isoformat()}. "
            f"See to the cause of code {code} first"
        )
        self.retry_at, self.retry_after = retry_at, retry_after
        self.endpoint, self.code, self.limit, self.window = endpoint, code, limit, window


class StoreUnavailable(LocalError):
    """The shared quota store cannot be asked, and the governor was told to refuse then; nothing was sent.

    `is_lasting`: waiting will not help (wrong password, too old a server).
    """

    def __init__(self, message: str, is_lasting: bool = False) -> None:
        super().__init__(f"{message}; nothing was sent")
        self.is_lasting = is_lasting


class InvalidRequest(LocalError, ValueError):
    """An argument that the exchange could only refuse; the message says what to write instead."""


class RulesUnavailable(LocalError):
    """The trading rules of `symbol` could not be read, so an order for it was not sent unchecked."""

    def __init__(self, symbol: str, reason: str) -> None:
        super().__init__(
            f"the trading rules of {symbol} could not be read: {reason}. No order was sent; try again, or pass "
            "check=False to send it unchecked (check_orders=False for all orders of a client)"
        )
        self.symbol, self.reason = symbol, reason


class JournalUnavailable(LocalError):
    """The journal of a tracker cannot be opened or written, so no order was sent."""

    def __init__(self, message: str) -> None:
        super().__init__(f"{message}; nothing was sent")
        self.message = message


class ClientClosed(LocalError):
    """The client was closed; nothing was sent."""
