"""What is public is what `__all__` says; every name and argument of the contract is there."""

from __future__ import annotations

import inspect

import pytest

import bingx_async
import bingx_async.errors
import bingx_async.spot
from bingx_async import BingXClient, Governor

NAMES = {
    "client": {
        "BingXClient",
        "Governor",
        "Quota",
        "IpGroup",
        "PROFILES",
        "CancelRestriction",
        "Priority",
        "__version__",
    },
    "errors": {
        "BingXError",
        "LocalError",
        "QuotaWait",
        "ErrorBudgetSpent",
        "InvalidRequest",
        "ClientClosed",
        "StoreUnavailable",
        "TransportError",
        "ConnectFailed",
        "OutcomeUnknown",
        "UnreadableReply",
        "ApiError",
        "RateLimited",
        "AuthenticationError",
        "ClockError",
        "OrderNotFound",
        "InsufficientBalance",
        "OrderRefused",
        "ServerBusy",
    },
    "models": {
        "Order",
        "OrderStatus",
        "OrderType",
        "Side",
        "CancelFailure",
        "CancelOrdersResult",
        "CancelOutcome",
        "CancelStatus",
        "OcoLeg",
        "OcoOrder",
        "OcoOrderType",
        "OcoReference",
    },
    "observation": {"Event", "events", "Snapshot", "BucketSnapshot", "BudgetSnapshot"},
}
CALL = ["max_wait", "priority", "timeout", "recv_window"]
SIGNATURES = {
    "cancel_order": ["symbol", "order_id", "client_order_id", "only_if"],
    "cancel_orders": ["symbol", "order_ids", "client_order_ids", "partial"],
    "cancel_open_orders": ["symbol"],
    "cancel_all_open_orders": [],
    "place_oco_order": [
        "symbol",
        "side",
        "quantity",
        "limit_price",
        "order_price",
        "trigger_price",
        "list_client_order_id",
        "above_client_order_id",
        "below_client_order_id",
    ],
    "cancel_oco_order": ["order_id", "client_order_id"],
    "cancel_many": ["symbol", "ids"],
}


def test_all() -> None:
    """`__all__` is exactly the documented names, sorted, and each of them exists."""
    assert set(bingx_async.__all__) == set().union(*NAMES.values())
    assert len(set(bingx_async.__all__)) == len(bingx_async.__all__)
    for name in bingx_async.__all__:
        assert getattr(bingx_async, name) is not None


def test_errors_are_complete() -> None:
    """Every error of the tree can be caught by a name of the package."""
    assert set(bingx_async.errors.__all__) <= set(bingx_async.__all__)


PARENTS = {
    "LocalError": "BingXError",
    "QuotaWait": "LocalError",
    "ErrorBudgetSpent": "LocalError",
    "InvalidRequest": "LocalError",
    "ClientClosed": "LocalError",
    "TransportError": "BingXError",
    "ConnectFailed": "TransportError",
    "OutcomeUnknown": "TransportError",
    "UnreadableReply": "OutcomeUnknown",
    "ApiError": "BingXError",
    **dict.fromkeys(
        [
            "RateLimited",
            "AuthenticationError",
            "ClockError",
            "OrderNotFound",
            "InsufficientBalance",
            "OrderRefused",
            "ServerBusy",
        ],
        "ApiError",
    ),
}


@pytest.mark.parametrize(("child", "parent"), PARENTS.items())
def test_tree(child: str, parent: str) -> None:
    """The tree is the documented one."""
    assert getattr(bingx_async, child).__mro__[1] is getattr(bingx_async, parent)


def test_client_signature() -> None:
    """The client takes the documented settings: the keys by position, all others by name."""
    parameters = list(inspect.signature(BingXClient).parameters.values())
    assert [parameter.name for parameter in parameters[:2]] == ["api_key", "secret_key"]
    assert {parameter.kind for parameter in parameters[2:]} == {inspect.Parameter.KEYWORD_ONLY}
    defaults = {parameter.name: parameter.default for parameter in parameters}
    wanted = {
        "api_key": None,
        "secret_key": None,
        "account": None,
        "base_url": None,
        "governor": None,
        "transport": None,
        "carrier": "auto",
        "recv_window": 5000,
        "max_wait": 30.0,
        "timeout": 10.0,
        "egress": "default",
    }
    assert {name: defaults[name] for name in wanted} == wanted
    assert list(inspect.signature(BingXClient.for_account).parameters) == ["self", "api_key", "secret_key", "account"]


@pytest.mark.parametrize("name", SIGNATURES)
def test_method_signature(name: str) -> None:
    """Every method takes the documented arguments, and what every call takes."""
    client = BingXClient("key", "secret")
    signature = inspect.signature(getattr(client.spot, name))
    found = [name for name, parameter in signature.parameters.items() if parameter.kind != parameter.VAR_KEYWORD]
    wanted = SIGNATURES[name]
    assert found[: len(wanted)] == wanted
    for added in found[len(wanted) :]:
        assert signature.parameters[added].kind == inspect.Parameter.KEYWORD_ONLY
    options = bingx_async.spot.CallOptions
    assert list(options.__annotations__) == CALL


def test_governor_signature() -> None:
    """The governor takes the documented settings."""
    defaults = {name: each.default for name, each in inspect.signature(Governor).parameters.items()}
    wanted = {
        "profile": "documented",
        "quotas": None,
        "credit": 0.0,
        "share": 1.0,
        "cold_start": "free",
        "on_event": None,
    }
    assert {name: defaults.get(name, "missing") for name in wanted} == wanted
    assert defaults.get("store", "missing") is None
    for name in ("snapshot", "eta"):
        assert callable(getattr(Governor, name))
    assert list(inspect.signature(Governor.eta).parameters)[:4] == ["self", "endpoint", "account", "egress"]
