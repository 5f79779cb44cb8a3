"""Errors of calls that the exchange refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from bingx_async.errors.root import BingXError

Fields = Mapping[str, Any]
LOOK_IT_UP = "An earlier request with this id may have run: look the order up before you act"
_OWN_NUMBER = re.compile(r"^(?:code:\d+:)+")  # the exchange repeats its number in its text


class ApiError(BingXError):
    """The exchange refused the call, so it did not run.

    `code` is the exchange's number (None where it sent none), `message` its text, `endpoint` the path,
    `http_status` the HTTP status, `raw` the reply's own mapping (empty if it was not JSON), `hint` what to do.
    """

    def __init__(
        self, code: int | None, message: str, endpoint: str, http_status: int, raw: Fields | None = None, hint: str = ""
    ) -> None:
        number = f"code {code}" if code is not None else f"HTTP {http_status}"
        text = _OWN_NUMBER.sub("", message) or "no message"
        super().__init__(f"{endpoint}: {number}: {text}{'. ' + hint if hint else ''}")
        self.code, self.message, self.endpoint, self.http_status = code, message, endpoint, http_status
        self.raw: Fields = raw or {}
        self.hint = hint


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
    """There is no such open order (it may have been filled or cancelled already).

    `kind`: "missing", the exchange knows no such order, or not yet; "closed", it is filled or cancelled;
    "nothing open", there is no order to cancel at all; "no data", there is nothing to report.
    """

    kind: Literal["missing", "closed", "nothing open", "no data"] = "missing"

    @property
    def is_closed(self) -> bool:
        """Whether the exchange said that the order is filled or cancelled; ask `get_order` for which."""
        return self.kind == "closed"


class InsufficientBalance(ApiError):
    """The account does not hold enough for the order."""


class OrderRefused(ApiError):
    """Any other refusal of an order or a cancel."""


class DuplicateOrder(OrderRefused):
    """The exchange has seen this id before, so *this* request did not run, but an earlier one with the id may have:
    look the order up by its id. A cancel may be repeated after a little more than a second."""

    def __init__(
        self, code: int | None, message: str, endpoint: str, http_status: int, raw: Fields | None = None, hint: str = ""
    ) -> None:
        super().__init__(code, message, endpoint, http_status, raw, hint or LOOK_IT_UP)


class ServerBusy(ApiError):
    """The exchange is overloaded and did not run the call, or failed at a read; it may be repeated shortly."""
