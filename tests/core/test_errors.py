"""Errors have fields and a family tree, say what happened and what to do, and hold no secret."""

import copy
import pickle
from datetime import UTC, datetime

import pytest

from bingx_async import errors
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
EVERY: list[BingXError] = [
    BingXError("any"),
    LocalError("local"),
    QuotaWait(AT, 1.25, "account 7 /path"),
    ErrorBudgetSpent(AT, 2.5, CANCEL, 100202, 20, 480.0),
    InvalidRequest("symbol='BTC': write BTC-USDT"),
    errors.ClientClosed("the client is closed"),
    TransportError("network"),
    ConnectFailed("refused", CANCEL),
    OutcomeUnknown("no reply within 10 s", CANCEL, {"orderId": 7}, ("a", "b")),
    UnreadableReply("HTTP 200", CANCEL, {"orderId": 7}),
    RATE_LIMITED,
    *(kind(100437, "no", CANCEL, 200, {"code": 100437}) for kind in API_ERRORS),
]


@pytest.mark.parametrize(
    ("parent", "children"),
    [
        (Exception, ["BingXError"]),
        (BingXError, ["ApiError", "LocalError", "TransportError"]),
        (LocalError, ["ClientClosed", "ErrorBudgetSpent", "InvalidRequest", "QuotaWait"]),
        (TransportError, ["ConnectFailed", "OutcomeUnknown"]),
        (OutcomeUnknown, ["UnreadableReply"]),
        (
            ApiError,
            [
                "AuthenticationError",
                "ClockError",
                "InsufficientBalance",
                "OrderNotFound",
                "OrderRefused",
                "RateLimited",
                "ServerBusy",
            ],
        ),
    ],
)
def test_tree(parent: type[Exception], children: list[str]) -> None:
    """The tree is the one drawn: did we send it, did it run, what did they say."""
    kinds = [getattr(errors, name) for name in errors.__all__]
    assert sorted(kind.__name__ for kind in kinds if parent in kind.__bases__) == children


def test_every_error_is_public_and_drawn() -> None:
    """Every error is public and stands in the drawing of the module."""
    kinds = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, BingXError)}
    drawn = errors.__doc__ or ""
    assert set(errors.__all__) == kinds == {type(error).__name__ for error in EVERY}
    assert [name for name in kinds if name not in drawn] == []


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
    """A call held back for the error budget names the code and its numbers."""
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
        "Ask for a, b before you repeat it."
    )
    assert str(kind("no reply", CANCEL, {})).endswith("it was not repeated.")


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
