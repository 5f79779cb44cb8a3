"""The meanings of refusals. One table of (code, message, HTTP status) -> meaning; the first row that fits wins.

A number alone means little: 100400 and 100421 stand for a dozen things each, so most rows ask for a text too.
docs/facts has the sources.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum

from attrs import frozen

from bingx_async import errors


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
    DONE = "order filled or cancelled already"
    NOTHING_OPEN = "no open order"
    NO_DATA = "no data"
    DUPLICATE = "sent before"
    BALANCE = "insufficient balance"
    SERVER_BUSY = "server busy"
    UNCONFIRMED = "may have run"
    REFUSED = "refused"
    NOT_ALLOWED = "http error"
    UNCLEAR = "unclear"


THROTTLES = {Meaning.BUSY, Meaning.ERROR_BUDGET, Meaning.CLOSED, Meaning.RATE_LIMITED, Meaning.BANNED}
ERRORS: Mapping[Meaning, type[errors.ApiError]] = {
    Meaning.CLOCK: errors.ClockError,
    Meaning.SIGNATURE: errors.AuthenticationError,
    Meaning.AUTHENTICATION: errors.AuthenticationError,
    Meaning.NOT_FOUND: errors.OrderNotFound,
    Meaning.DONE: errors.OrderNotFound,
    Meaning.NOTHING_OPEN: errors.OrderNotFound,
    Meaning.NO_DATA: errors.OrderNotFound,
    Meaning.DUPLICATE: errors.DuplicateOrder,
    Meaning.BALANCE: errors.InsufficientBalance,
    Meaning.SERVER_BUSY: errors.ServerBusy,
    Meaning.UNCONFIRMED: errors.ServerBusy,  # of a read; anything else may have run
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


BUDGET_TEXT = r"over (\d{1,9}) error code: ?(\d{1,9}) requests within (\d{1,12}) ?ms"
MOMENT_TEXT = r"(?:unblocked after|retry after time)\D{0,3}(\d{9,17})"
_QUOTA = {100410, 109429, 100409}  # one refusal under its present, newer and older number
_BALANCE_TEXT = r"insufficient (?:\w+ )?(?:balance|fund|asset)|(?:balance|funds?|margin) (?:is |are )?not enough"
_SENT_BEFORE = r"once per second|client ?order ?id.{0,20}(?:already|duplicate|repeat)|duplicate (?:client ?)?order"

# Rows for a reply that carries a code other than 0.
TABLE: tuple[Row, ...] = (
    _row(Meaning.UNCONFIRMED, None, r"previous cancel order"),  # of a replacement: one half may have run
    _row(Meaning.BUSY, None, r"system (?:is )?busy"),  # documented under 100202, 100400, 100410 and 100421
    _row(Meaning.ERROR_BUDGET, None, BUDGET_TEXT),
    _row(Meaning.CLOSED, None, MOMENT_TEXT),
    _row(Meaning.RATE_LIMITED, _QUOTA),
    _row(Meaning.CLOCK, {100421, 80014, 109400, 100400}, r"time ?-?stamp|recv ?window"),
    _row(Meaning.DUPLICATE, {100205, 101209, 109201, 101481}),
    _row(Meaning.DUPLICATE, None, _SENT_BEFORE),
    _row(Meaning.NOTHING_OPEN, None, r"no any pending order"),
    _row(Meaning.DONE, {80018, 109422}),
    _row(Meaning.DONE, None, r"already (?:filled|cancel(?:led|ed))|status *: *(?:CANCELED|FILLED|FAILED)"),
    _row(Meaning.REFUSED, {100404}, r"\bapi\b"),  # the path is missing, not an order
    _row(Meaning.NOT_FOUND, {100404, 80016, 80017, 109421}),
    _row(Meaning.NOT_FOUND, {100400, 100421}, r"order.{0,40}(?:not exist|not found)"),
    _row(Meaning.NO_DATA, {100204}, r"no data"),
    _row(Meaning.SIGNATURE, {100412, 100001}),
    _row(Meaning.AUTHENTICATION, {100413, 100414, 100419, 100004, 100401, 100403, 100441}),
    _row(Meaning.BALANCE, {100202}),
    _row(Meaning.BALANCE, None, _BALANCE_TEXT),
    _row(Meaning.SERVER_BUSY, {80012}),
    _row(Meaning.UNCONFIRMED, {100500, 100503, 109500, 110500, 101500, 80019}),
    _row(Meaning.UNCONFIRMED, None, r"time ?-?d? ?out\b|internal error"),
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
