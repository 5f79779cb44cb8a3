"""The meaning of a reply. One table of (code, message, HTTP status) -> meaning; the first row that fits wins.

A call whose reply says code 0 ran, whatever else is wrong with the reply; with any other code it did not. Without a
readable code only an HTTP status of `BARE_STATUSES` tells that it did not. A reply that broke off after code 0 says
that an order is live or gone, but it is no answer to a question: nothing may be read out of what is missing.
docs/facts has the sources.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import Enum, StrEnum
from typing import Any

from attrs import field, frozen

from bingx_async import errors
from bingx_async.core import wire


class Scope(StrEnum):
    """The scope that the exchange closed: one endpoint for one account, or everything from one address."""

    ENDPOINT = "endpoint"
    EGRESS = "egress"


class Meaning(Enum):
    """The meaning of a refusal."""

    BUSY = "busy"
    ERROR_BUDGET = "error budget"
    CLOSED = "closed"
    RATE_LIMITED = "rate limited"
    BANNED = "address banned"
    CLOCK = "clock"
    SIGNATURE = "signature"
    AUTHENTICATION = "authentication"
    NOT_FOUND = "order not found"
    BALANCE = "insufficient balance"
    SERVER_BUSY = "server busy"
    REFUSED = "refused"
    NOT_ALLOWED = "http error"
    UNCLEAR = "unclear"


@frozen
class Accepted:
    """Code 0: it ran. `data` is the reply's `data`, `raw` the whole mapping."""

    data: Any
    raw: Mapping[str, Any] = field(repr=False)
    server_time: float | None = None

    @property
    def is_whole(self) -> bool:
        """Whether the reply did not break off."""
        return self.raw is not wire.CUT_OFF


@frozen
class Refused:
    """It did not run, for a reason other than pace."""

    meaning: Meaning
    code: int | None
    message: str
    http_status: int
    raw: Mapping[str, Any] = field(repr=False)
    server_time: float | None = None


@frozen
class Throttled:
    """It did not run; `scope` is closed. `until` is server time (epoch ms), `after` a span (ms); both may be None."""

    meaning: Meaning
    scope: Scope
    code: int | None
    message: str
    http_status: int
    raw: Mapping[str, Any] = field(repr=False)
    until: float | None = None
    after: float | None = None
    budget: LearntBudget | None = None
    server_time: float | None = None


@frozen
class Unclear:
    """No code can be read and the status does not say: it may have run."""

    http_status: int
    message: str
    is_readable: bool
    server_time: float | None = None


@frozen
class LearntBudget:
    """The error budget as the exchange words it: more than `limit` errors `code` in `window` milliseconds close it."""

    code: int
    limit: int
    window: float


Verdict = Accepted | Refused | Throttled | Unclear

THROTTLES = {Meaning.BUSY, Meaning.ERROR_BUDGET, Meaning.CLOSED, Meaning.RATE_LIMITED, Meaning.BANNED}
ERRORS: Mapping[Meaning, type[errors.ApiError]] = {
    Meaning.CLOCK: errors.ClockError,
    Meaning.SIGNATURE: errors.AuthenticationError,
    Meaning.AUTHENTICATION: errors.AuthenticationError,
    Meaning.NOT_FOUND: errors.OrderNotFound,
    Meaning.BALANCE: errors.InsufficientBalance,
    Meaning.SERVER_BUSY: errors.ServerBusy,
    Meaning.REFUSED: errors.OrderRefused,
    Meaning.NOT_ALLOWED: errors.ApiError,
}


@frozen
class Row:
    """A reply fits when its code is in `codes` (None: any code but 0), its text holds `pattern` and its status is in
    `statuses`; an empty `statuses` fits any."""

    meaning: Meaning
    codes: frozenset[int] | None
    pattern: re.Pattern[str] | None = None
    statuses: frozenset[int] = frozenset()

    def fits(self, code: int, message: str, status: int) -> bool:
        """Whether this row speaks of the reply."""
        return (
            (self.codes is None or code in self.codes)
            and (not self.statuses or status in self.statuses)
            and (self.pattern is None or self.pattern.search(message) is not None)
        )


def _row(meaning: Meaning, codes: set[int] | None, pattern: str = "", statuses: set[int] | None = None) -> Row:
    compiled = re.compile(pattern, re.IGNORECASE) if pattern else None
    return Row(meaning, frozenset(codes) if codes is not None else None, compiled, frozenset(statuses or ()))


_QUOTA = {100410, 109429, 100409}  # one refusal under its present, newer and older number
_BUDGET_TEXT = r"over (\d{1,9}) error code: ?(\d{1,9}) requests within (\d{1,12}) ?ms"
_MOMENT_TEXT = r"(?:unblocked after|retry after time)\D{0,3}(\d{9,17})"

# Rows for a reply that carries a code other than 0.
TABLE: tuple[Row, ...] = (
    _row(Meaning.REFUSED, None, r"previous cancel order"),  # of a replacement: its text has two outcomes
    _row(Meaning.BUSY, None, r"system is busy"),  # documented under 100202, 100400, 100410 and 100421
    _row(Meaning.ERROR_BUDGET, None, _BUDGET_TEXT),
    _row(Meaning.CLOSED, None, _MOMENT_TEXT),
    _row(Meaning.RATE_LIMITED, _QUOTA),
    _row(Meaning.CLOCK, {100421, 80014, 109400, 100400}, r"time ?-?stamp|recv ?window"),
    _row(Meaning.NOT_FOUND, {100404, 80016, 109421}),
    _row(Meaning.NOT_FOUND, {100400, 100421}, r"order.{0,40}(?:not exist|not found)"),
    _row(Meaning.SIGNATURE, {100412, 100001}),
    _row(Meaning.AUTHENTICATION, {100413, 100414, 100419, 100004}),
    _row(Meaning.BALANCE, {100202}),
    _row(Meaning.BALANCE, None, r"insufficient (?:\w+ )?(?:balance|fund|asset)"),
    _row(Meaning.SERVER_BUSY, {100500, 100503, 80012}),
    _row(Meaning.BANNED, None, statuses={429, 418}),
    _row(Meaning.AUTHENTICATION, None, statuses={401}),
    _row(Meaning.REFUSED, None),
)

# Meanings of an HTTP status where no code can be read; anything absent here is unclear.
BARE_STATUSES: Mapping[int, Meaning] = {
    429: Meaning.BANNED,
    418: Meaning.BANNED,
    403: Meaning.BANNED,
    401: Meaning.AUTHENTICATION,
    **dict.fromkeys((400, 404, 405, 411, 413, 414, 415, 431), Meaning.NOT_ALLOWED),
    **dict.fromkeys((301, 302, 303, 307, 308), Meaning.NOT_ALLOWED),  # never followed: it did not run here
}
# A firewall's 403 and a ban's 418 last about 5 minutes where no Retry-After says otherwise.
BAN_SPANS: Mapping[int, float] = {403: 300_000.0, 418: 300_000.0}


def judge(status: int, headers: Mapping[str, str], text: str, wall_ms: float, has_code: bool = True) -> Verdict:
    """The meaning of the reply. `headers` have lower-case names; `wall_ms` is now (epoch ms), to read an HTTP date.
    Without `has_code` a mapping without code, or nothing at all, is accepted where the HTTP status is a success."""
    raw = wire.parse(text) if text or has_code else wire.mapping(None)
    code = wire.integer(raw.get("code")) if raw is not None else None
    if raw is not None and code is None and not has_code and 200 <= status < 300:
        return Accepted(raw, raw)
    if raw is None or code is None:
        return _judge_status(status, headers, wall_ms)
    stamp = wire.millis(wire.integer(raw.get("timestamp")))
    if code == 0:
        return Accepted(raw.get("data"), raw, stamp)
    if status == 504:
        return Unclear(status, "HTTP 504: the gateway gave up waiting", is_readable=True, server_time=stamp)
    message = wire.text(raw.get("msg")) or wire.text(raw.get("message")) or wire.text(raw.get("debugMsg"))
    meaning = next(row.meaning for row in TABLE if row.fits(code, message, status))
    if meaning not in THROTTLES:
        return Refused(meaning, code, message, status, raw, stamp)
    scope = Scope.EGRESS if meaning is Meaning.BANNED else Scope.ENDPOINT
    until = _find_moment(message)
    after = _retry_after(headers, wall_ms)
    if after is None and meaning is Meaning.BANNED:
        after = BAN_SPANS.get(status)
    return Throttled(meaning, scope, code, message, status, raw, until, after, _find_budget(message), stamp)


def _judge_status(status: int, headers: Mapping[str, str], wall_ms: float) -> Verdict:
    message = f"HTTP {status} without a readable code"
    meaning = BARE_STATUSES.get(status, Meaning.UNCLEAR)
    if meaning is Meaning.UNCLEAR:
        return Unclear(status, message, is_readable=status >= 500)
    if meaning is Meaning.BANNED:
        after = _retry_after(headers, wall_ms)
        span = after if after is not None else BAN_SPANS.get(status)
        return Throttled(meaning, Scope.EGRESS, None, message, status, {}, None, span)
    return Refused(meaning, None, message, status, {})


def _find_moment(message: str) -> float | None:
    found = re.search(_MOMENT_TEXT, message, re.IGNORECASE)
    return wire.millis(int(found[1])) if found else None


def _find_budget(message: str) -> LearntBudget | None:
    found = re.search(_BUDGET_TEXT, message, re.IGNORECASE)
    if not found or not int(found[1]) or not int(found[3]):
        return None
    return LearntBudget(int(found[2]), int(found[1]), float(found[3]))


def _retry_after(headers: Mapping[str, str], wall_ms: float) -> float | None:
    """The span of a `Retry-After` header in milliseconds: seconds or an HTTP date; else None."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit() and len(value) < 10:
        return int(value) * 1000.0
    try:
        moment = parsedate_to_datetime(value)
        moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)  # never the machine's zone
        return max(0.0, moment.timestamp() * 1000.0 - wall_ms)
    except (ValueError, TypeError, OverflowError):
        return None
