"""The verdict on a reply: accepted, refused, throttled or unclear.

A call whose reply says code 0 ran, whatever else is wrong with the reply; with any other code it did not, unless its
meaning is `UNCONFIRMED`. Without a readable code only an HTTP status of `BARE_STATUSES` tells that it did not. A reply
that broke off after code 0 says that an order is live or gone, but it is no answer to a question: nothing may be read
out of what is missing. The table of meanings is in `refusals`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any

from attrs import field, frozen

from bingx_async.core import wire
from bingx_async.core.refusals import BAN_SPANS, BARE_STATUSES, BUDGET_TEXT, MOMENT_TEXT, TABLE, THROTTLES
from bingx_async.core.refusals import Meaning as Meaning

NO_PARAMETER = 204  # documented for endpoints whose replies have no code: nothing was asked for
WRAPPER = 80012  # its text may hold another refusal, as JSON
_INNER_CODE = re.compile(r'"code"\s*:\s*"?([1-9]\d{0,9})\b', re.IGNORECASE).search


class Scope(StrEnum):
    """The scope that the exchange closed: one endpoint for one account, or everything from one address."""

    ENDPOINT = "endpoint"
    EGRESS = "egress"


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
    """It did not run, for a reason other than pace; one that changes something may have, if `UNCONFIRMED`."""

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


def judge(status: int, headers: Mapping[str, str], text: str, wall_ms: float, has_code: bool = True) -> Verdict:
    """The meaning of the reply. `headers` have lower-case names; `wall_ms` is now (epoch ms), to read an HTTP date.
    Without `has_code` a mapping without code, or nothing at all, is accepted where the HTTP status is a success."""
    raw = wire.parse(text) if text or has_code else wire.mapping(None)
    code = wire.integer(raw.get("code")) if raw is not None else None
    if raw is not None and code is None and not has_code and 200 <= status < 300 and status != NO_PARAMETER:
        return Accepted(raw, raw)
    if raw is None or code is None:
        return _judge_status(status, headers, wall_ms)
    stamp = wire.millis(wire.integer(raw["timestamp"])) if "timestamp" in raw else None
    if code == 0:
        return Accepted(raw.get("data"), raw, stamp)
    if status == 504:
        return Unclear(status, "HTTP 504: the gateway gave up waiting", is_readable=True, server_time=stamp)
    message = wire.text(raw.get("msg")) or wire.text(raw.get("message")) or wire.text(raw.get("debugMsg"))
    known = _inner_code(message) or code if code == WRAPPER else code
    meaning = next(row.meaning for row in TABLE if row.fits(known, message, status))
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
    if 300 <= status < 400 and (target := headers.get("location")):
        message += f", a redirect to {re.split('[?#]', target)[0].rpartition('@')[2]}"  # no signature, no password
    meaning = BARE_STATUSES.get(status, Meaning.UNCLEAR)
    if meaning is Meaning.UNCLEAR:
        return Unclear(status, message, is_readable=status >= 500)
    if meaning is Meaning.BANNED:
        after = _retry_after(headers, wall_ms)
        span = after if after is not None else BAN_SPANS.get(status)
        return Throttled(meaning, Scope.EGRESS, None, message, status, {}, None, span)
    return Refused(meaning, None, message, status, {})


def _inner_code(message: str) -> int | None:
    found = _INNER_CODE(message)
    return int(found[1]) if found else None


def _find_moment(message: str) -> float | None:
    found = re.search(MOMENT_TEXT, message, re.IGNORECASE)
    return wire.millis(int(found[1])) if found else None


def _find_budget(message: str) -> LearntBudget | None:
    found = re.search(BUDGET_TEXT, message, re.IGNORECASE)
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
