"""Errors have fields and a family tree, say what happened and what to do, and hold no secret."""

import copy
import pickle
import re
from datetime import UTC, datetime
from inspect import signature
from typing import Any

import pytest

from bingx_async import KillReport, errors
from bingx_async.errors import (
    ApiError,
    BingXError,
    ConnectFailed,
    ErrorBudgetSpent,
    InvalidRequest,
    LocalError,
    OutcomeUnknown,
    QuotaWait,
    RateLimited,
    TransportError,
    UnreadableReply,
)

AT = datetime(2026, 9, 21, 12, 30, tzinfo=UTC)
CANCEL = "/openApi/spot/v1/trade/cancel"
API_ERRORS: list[type[ApiError]] = [
    ApiError,
    errors.AuthenticationError,
    errors.ClockError,
    errors.OrderNotFound,
    errors.InsufficientBalance,
    errors.OrderRefused,
    errors.ServerBusy,
]
RATE_LIMITED = RateLimited(
    100410,
    "rate limited",
    CANCEL,
    200,
    {"code": 100410},
    retry_at=AT,
    retry_after=1.5,
    scope="account 7",
    reason="closed",
)
FIELDS: dict[str, Any] = {
    "retry_at": AT,
    "retry_after": 1.5,
    "code": 100202,
    "limit": 20,
    "window": 480.0,
    "http_status": 200,
    "params": {"orderId": 7},
    "client_order_ids": ("a", "b"),
    "raw": {"code": 100202},
    "is_lasting": True,
    "sent_at": AT,
    "expires_at": AT,
    "report": KillReport(),
}


def build(name: str) -> BingXError:
    """The public error of that name, with a value in every field; a field not listed above holds its own name."""
    kind = getattr(errors, name)
    names = [each.name for each in signature(kind.__init__).parameters.values() if each.kind is not each.VAR_POSITIONAL]
    fields = {name: FIELDS.get(name, name) for name in names if name not in ("self", "kwargs")}
    return kind(**fields) if fields else kind("text")


EVERY = [build(name) for name in errors.__all__]


def drawn_tree() -> dict[str, str]:
    """Each error's parent, as drawn at the top of the module."""
    parents: dict[str, str] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"    ([│├└─ ]*)([A-Z]\w+)", line)
        if found:
            depth = len(found[1]) // 4
            path[depth:] = [found[2]]
            parents[found[2]] = path[depth - 1] if depth else "Exception"
    return parents


def test_tree() -> None:
    """The tree is the one drawn: did we send it, did it run, what did they say; and all of it is public."""
    kinds = {name: value for name, value in vars(errors).items() if isinstance(value, type)}
    found = {name: kind.__bases__[0].__name__ for name, kind in kinds.items() if issubclass(kind, BingXError)}
    assert found == drawn_tree()
    assert sorted(found) == errors.__all__


@pytest.mark.parametrize(
    ("kind", "parent"),
    [
        (QuotaWait, LocalError),
        (ErrorBudgetSpent, LocalError),
        (InvalidRequest, LocalError),
        (errors.ClientClosed, LocalError),
        (ConnectFailed, TransportError),
        (OutcomeUnknown, TransportError),
        (UnreadableReply, OutcomeUnknown),
        (RateLimited, ApiError),
        *((kind, ApiError) for kind in API_ERRORS[1:]),
    ],
)
def test_families(kind: type[BingXError], parent: type[BingXError]) -> None:
    """Catching a family catches these, and no other family does."""
    families = [family for family in (LocalError, TransportError, ApiError) if issubclass(kind, family)]
    assert issubclass(kind, parent)
    assert len(families) == 1


@pytest.mark.parametrize("error", EVERY, ids=lambda error: type(error).__name__)
def test_errors_survive_pickling(error: BingXError) -> None:
    """An error comes out of another process, or of a copy, with its text and all its fields."""
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert (type(other), str(other), vars(other)) == (type(error), str(error), vars(error))


def test_quota_wait() -> None:
    """A refused wait says when it is possible, in which bucket, and that nothing was sent."""
    error = QuotaWait(AT, 1.25, "account 7 /path")
    assert (error.retry_at, error.retry_after, error.bucket) == (AT, 1.25, "account 7 /path")
    assert str(error) == (
        "no quota in account 7 /path within max_wait: possible in 1.250 s, at 2026-09-21T12:30:00+00:00. "
        "Nothing was sent; call again then, or allow a longer max_wait"
    )


def test_error_budget_spent() -> None:
    """A call that the error budget blocks names the code and its numbers."""
    error = ErrorBudgetSpent(AT, 2.5, CANCEL, 100202, 20, 480.0)
    assert (error.retry_at, error.retry_after, error.endpoint) == (AT, 2.5, CANCEL)
    assert (error.code, error.limit, error.window) == (100202, 20, 480.0)
    assert "the exchange allows 20 per 480 s. Nothing was sent; possible in 2.500 s" in str(error)


def test_invalid_request_is_a_value_error() -> None:
    """A bad argument can be caught as what it is in Python."""
    with pytest.raises(ValueError, match="write BTC-USDT"):
        raise InvalidRequest("symbol='BTC': write BTC-USDT")


@pytest.mark.parametrize(
    ("endpoint", "message"),
    [(CANCEL, f"{CANCEL}: refused; nothing was sent"), ("", "refused; nothing was sent")],
)
def test_connect_failed(endpoint: str, message: str) -> None:
    """A failed connection says that nothing was sent."""
    error = ConnectFailed("refused", endpoint)
    assert (error.endpoint, str(error)) == (endpoint, message)


@pytest.mark.parametrize("kind", [OutcomeUnknown, UnreadableReply])
def test_outcome_unknown(kind: type[OutcomeUnknown]) -> None:
    """An unknown outcome names what was sent and how to find out, and keeps its own copy of the parameters."""
    params: dict[str, str | int] = {"symbol": "BTC-USDT", "clientOrderID": "a"}
    error = kind("no reply", CANCEL, params, ("a", "b"))
    params.clear()
    assert (error.endpoint, error.client_order_ids) == (CANCEL, ("a", "b"))
    assert error.params == {"symbol": "BTC-USDT", "clientOrderID": "a"}
    assert str(error) == (
        f"{CANCEL}: no reply. The request was sent and may have run; it was not repeated. "
        "Ask for a, b before you repeat it. `await error.resolve()` finds out"
    )
    assert str(kind("no reply", CANCEL, {})).endswith("it was not repeated. `await error.resolve()` finds out")


@pytest.mark.parametrize("kind", API_ERRORS)
def test_api_error(kind: type[ApiError]) -> None:
    """A refusal carries the exchange's number, text, status and whole reply."""
    raw = {"code": 100437, "msg": "no"}
    error = kind(100437, "no", CANCEL, 200, raw)
    assert (error.code, error.message, error.endpoint, error.http_status) == (100437, "no", CANCEL, 200)
    assert error.raw is raw
    assert str(error) == f"{CANCEL}: code 100437: no"


@pytest.mark.parametrize(
    ("code", "message", "hint", "text"),
    [
        (None, "", "", f"{CANCEL}: HTTP 404: no message"),
        (0, "", "", f"{CANCEL}: code 0: no message"),
        (7, "x", "do y", f"{CANCEL}: code 7: x. do y"),
    ],
)
def test_api_error_without_everything(code: int | None, message: str, hint: str, text: str) -> None:
    """Where the exchange sent no number or text, the error says so."""
    error = ApiError(code, message, CANCEL, 404, hint=hint)
    assert (str(error), error.raw) == (text, {})


def test_rate_limited() -> None:
    """A closed scope says which, why and until when."""
    error = RATE_LIMITED
    assert (error.retry_at, error.retry_after, error.scope, error.reason) == (AT, 1.5, "account 7", "closed")
    assert (error.code, error.message, error.http_status, error.raw) == (100410, "rate limited", 200, {"code": 100410})
    assert str(error) == (
        f"{CANCEL}: code 100410: rate limited. account 7 is closed for 1.500 s more, until 2026-09-21T12:30:00+00:00; "
        "nothing is sent before"
    )


@pytest.mark.parametrize("error", EVERY, ids=lambda error: type(error).__name__)
def test_no_error_has_room_for_a_secret(error: BingXError) -> None:
    """No error has a field for a key, a secret or a signature."""
    assert [name for name in vars(error) if any(word in name for word in ("key", "secret", "signature"))] == []
