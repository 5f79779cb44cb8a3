"""The public names are those of `__all__`; every name and argument of the contract is there."""

from __future__ import annotations

import ast
import importlib
import inspect
import itertools
import pkgutil
import re

import attrs
import pytest

import bingx_async
import bingx_async.errors
import bingx_async.models
import bingx_async.spot
from bingx_async import BingXClient, Governor

NAMES = {
    "client": {
        "BingXClient",
        "Facts",
        "Governor",
        "Quota",
        "IpGroup",
        "Journal",
        "MemoryJournal",
        "PROFILES",
        "CancelRestriction",
        "Priority",
        "StreamLimits",
        "__version__",
        "to_dict",
    },
    "errors": {
        "BingXError",
        "LocalError",
        "QuotaWait",
        "ErrorBudgetSpent",
        "InvalidRequest",
        "ClientClosed",
        "StoreUnavailable",
        "JournalUnavailable",
        "StreamError",
        "StreamUnavailable",
        "TopicRefused",
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
        "Lagged",
        "Reconnected",
        "Gap",
        "Resynced",
        "OrderUpdate",
        "BalanceUpdate",
        "BookPolicy",
        "TrackedOrder",
        "Placement",
        "OrderChanged",
        "FillAdded",
        "BalanceChanged",
        "Intent",
        "IntentOutcome",
    },
    "observation": {"Event", "events", "Snapshot", "BucketSnapshot", "BudgetSnapshot"},
}
ALL: list[str] = vars(bingx_async)["__all__"]
MODELS = [bingx_async.Order, bingx_async.OcoLeg, bingx_async.Level]
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


def test_contract() -> None:
    """Every documented name is public, and each public name exists and is named once."""
    assert set().union(*NAMES.values()) <= set(ALL)
    assert len(set(ALL)) == len(ALL)
    for name in ALL:
        assert getattr(bingx_async, name) is not None


def test_models_are_complete() -> None:
    """Every class of every file of models is a public name, and so is everything that a method can return."""
    public = set(ALL)
    for found in pkgutil.iter_modules(bingx_async.models.__path__, "bingx_async.models."):
        module = importlib.import_module(found.name)
        classes = [name for name, value in vars(module).items() if inspect.isclass(value)]
        own = [name for name in classes if getattr(module, name).__module__ == module.__name__]
        assert [name for name in own if name not in public] == []


def test_nothing_else_is_public() -> None:
    """Besides errors and models only the names of client, governor and observation are public."""
    rest = set(ALL) - set(bingx_async.errors.__all__) - set(vars(bingx_async.models)["__all__"])
    assert rest == (NAMES["client"] | NAMES["observation"]) - {"CancelRestriction", "Priority"}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_fields_are_documented(model: type) -> None:
    """Every field of an order has a text of its own, and one that is money or size names its asset."""
    (tree,) = [node for node in ast.walk(ast.parse(inspect.getsource(model))) if isinstance(node, ast.ClassDef)]
    texts: dict[str, str] = {}
    for field, after in itertools.pairwise(tree.body):
        if isinstance(field, ast.AnnAssign) and isinstance(after, ast.Expr):
            texts[ast.unparse(field.target)] = ast.literal_eval(after.value)
    fields = {field.name: str(field.type) for field in attrs.fields(model) if field.name != "raw"}
    assert [name for name in fields if name not in texts] == []
    money = [name for name, kind in fields.items() if "Decimal" in kind]
    assert [name for name in money if not re.search(r"in the (base|quote) asset", texts[name])] == []


def test_errors_are_complete() -> None:
    """Every error of the tree can be caught by a name of the package."""
    assert set(bingx_async.errors.__all__) <= set(ALL)


PARENTS = {
    "LocalError": "BingXError",
    "QuotaWait": "LocalError",
    "ErrorBudgetSpent": "LocalError",
    "InvalidRequest": "LocalError",
    "ClientClosed": "LocalError",
    "JournalUnavailable": "LocalError",
    "StreamError": "BingXError",
    "StreamUnavailable": "StreamError",
    "TopicRefused": "StreamError",
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
        "stream_url": None,
        "record": None,
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
