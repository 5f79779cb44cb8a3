"""The exceptions: was the call sent, did it run, and what did the exchange say?

::

    BingXError
    ├── LocalError              nothing was sent
    │   ├── QuotaWait           the wait for quota does not fit into max_wait
    │   ├── ErrorBudgetSpent    one more business error would close the endpoint
    │   ├── InvalidRequest      an argument the exchange could only refuse (also a ValueError)
    │   ├── StoreUnavailable    the shared quota store cannot be asked
    │   ├── RulesUnavailable    the trading rules cannot be read, so the order was not checked
    │   └── ClientClosed        the client is closed
    ├── IncompleteList          the exchange hands out a part of a list only
    ├── TransportError          the network failed
    │   ├── ConnectFailed       no connection: nothing was sent
    │   ├── ReadFailed          a read got no readable answer: nothing was changed
    │   └── OutcomeUnknown      sent, no readable answer: it may have run
    │       └── UnreadableReply an answer came in which not even the code can be read
    └── ApiError                the exchange said no: it did not run
        ├── RateLimited         closed by the exchange until retry_at
        ├── AuthenticationError key, signature, permission or IP whitelist
        ├── ClockError          the timestamp was refused, also after a re-sync
        ├── OrderNotFound       no such open order
        ├── InsufficientBalance
        ├── OrderRefused        any other business refusal
        └── ServerBusy          overloaded; try again shortly

Every error carries fields; none carries a key, a secret or a signature.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

__all__ = [
    "ApiError",
    "AuthenticationError",
    "BingXError",
    "ClientClosed",
    "ClockError",
    "ConnectFailed",
    "ErrorBudgetSpent",
    "IncompleteList",
    "InsufficientBalance",
    "InvalidRequest",
    "LocalError",
    "OrderNotFound",
    "OrderRefused",
    "OutcomeUnknown",
    "QuotaWait",
    "RateLimited",
    "ReadFailed",
    "RulesUnavailable",
    "ServerBusy",
    "StoreUnavailable",
    "TransportError",
    "UnreadableReply",
]

Fields = Mapping[str, Any]


def _restore(kind: type[BingXError], args: tuple[Any, ...], fields: dict[str, Any]) -> BingXError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(fields)
    return error


class BingXError(Exception):
    """Anything this library raises on purpose. It survives copying and pickling with all its fields."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.args, self.__dict__.copy())


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


class ClientClosed(LocalError):
    """The client was closed; nothing was sent."""


class IncompleteList(BingXError):
    """The exchange holds more of a list than it hands out. `items` are those that were seen; where an iterator has
    handed them on already there are none."""

    def __init__(self, message: str, items: Sequence[Any] = ()) -> None:
        super().__init__(message)
        self.items = tuple(items)


class TransportError(BingXError):
    """The network failed; the subclass says whether anything was sent."""


class ConnectFailed(TransportError):
    """No connection could be made (DNS, refused, TLS, no free connection in time): nothing was sent."""

    def __init__(self, message: str, endpoint: str = "") -> None:
        super().__init__(f"{endpoint}: {message}; nothing was sent" if endpoint else f"{message}; nothing was sent")
        self.endpoint = endpoint


class ReadFailed(TransportError):
    """A call that only reads got no readable answer. Nothing was changed, so it may be made again.

    `params` are the business parameters as sent (no key, no signature).
    """

    def __init__(self, message: str, endpoint: str, params: Fields | None = None) -> None:
        super().__init__(f"{endpoint}: {message}. A read changes nothing, so it may be made again")
        self.endpoint, self.params = endpoint, dict(params or {})


class OutcomeUnknown(TransportError):
    """The request was written and no readable answer came: it may have run or not.

    `params` are the business parameters as sent (no key, no signature), `client_order_ids` those that
    can be queried to find out what happened. Never send the call again without looking first.
    """

    def __init__(self, message: str, endpoint: str, params: Fields, client_order_ids: tuple[str, ...] = ()) -> None:
        ask = f" Ask for {', '.join(client_order_ids)} before you repeat it." if client_order_ids else ""
        super().__init__(f"{endpoint}: {message}. The request was sent and may have run; it was not repeated.{ask}")
        self.endpoint, self.params, self.client_order_ids = endpoint, dict(params), client_order_ids


class UnreadableReply(OutcomeUnknown):
    """A reply came in which not even `code` can be read."""


class ApiError(BingXError):
    """The exchange refused the call, so it did not run.

    `code` is the exchange's number (None where it sent none), `message` its text, `endpoint` the path,
    `http_status` the HTTP status, `raw` the reply's own mapping (empty if it was not JSON).
    """

    def __init__(
        self, code: int | None, message: str, endpoint: str, http_status: int, raw: Fields | None = None, hint: str = ""
    ) -> None:
        number = f"code {code}" if code is not None else f"HTTP {http_status}"
        super().__init__(f"{endpoint}: {number}: {message or 'no message'}{'. ' + hint if hint else ''}")
        self.code, self.message, self.endpoint, self.http_status = code, message, endpoint, http_status
        self.raw: Fields = raw or {}


class RateLimited(ApiError):
    """The exchange has closed `scope` until `retry_at` (aware UTC); the call did not run.

    `retry_after` is the same in seconds from now; `reason` is one of `closed`, `error budget`,
    `rate limited`, `address banned`.
    """

    def __init__(
        self,
        code: int | None,
        message: str,
        endpoint: str,
        http_status: int,
        raw: Fields | None = None,
        *,
        retry_at: datetime,
        retry_after: float,
        scope: str,
        reason: str,
    ) -> None:
        hint = f"{scope} is closed for {retry_after:.3f} s more, until {retry_at.isoformat()}; nothing is sent before"
        super().__init__(code, message, endpoint, http_status, raw, hint)
        self.retry_at, self.retry_after = retry_at, retry_after
        self.scope, self.reason = scope, reason


class AuthenticationError(ApiError):
    """API key, signature, permission or IP whitelist refused."""


class ClockError(ApiError):
    """The timestamp was refused, also after the clock was set by the exchange's."""


class OrderNotFound(ApiError):
    """There is no such open order (it may have been filled or cancelled already)."""


class InsufficientBalance(ApiError):
    """The account does not hold enough for the order."""


class OrderRefused(ApiError):
    """Any other refusal of an order or a cancel."""


class ServerBusy(ApiError):
    """The exchange is overloaded and did not run the call; it may be repeated shortly."""
