"""Our samples have the fields and JSON types of the exchange's own samples, but for the quirks that are listed here.

`shapes.json` holds the names and types of the fields in the sample replies of the exchange's pages, no values.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bingx_async.catalogue import CATALOGUE
from bingx_async.core.endpoint import Endpoint
from bingx_async.emulator.samples import load_sample

Shape = dict[str, set[str]]
SHAPES: Mapping[str, Mapping[str, str]] = json.loads(Path(__file__).with_name("shapes.json").read_text("utf-8"))[
    "shapes"
]
DOCUMENTED = [endpoint for endpoint in CATALOGUE if endpoint.route in SHAPES]
UNDOCUMENTED = {"extend_listen_key", "delete_listen_key", "create_listen_key", "server_time"}  # no sample reply there
ENVELOPE = {"code", "msg", "debugMsg", "timestamp", "ttl"}
KINDS: Mapping[type, str] = {
    **dict.fromkeys((int, float, Decimal), "number"),
    bool: "boolean",
    str: "string",
    list: "array",
    dict: "object",
    type(None): "null",
}
# Fields that a page names in its text or table, or that replies recorded in public have, though its sample lacks them.
ADDED = {
    "clientOrderID": "any order",
    "stopPrice": "any order",
    "StopPrice": "the same, as lists spell it",
    "feeAsset": "orders in lists",
    "avgPrice": "orders in lists",
    "origClientOrderId": "another spelling of the client's id",
    "origQuoteOrderQty": "a market order by its value",
    "orderListId": "a leg of an OCO order",
    "status": "a leg of an OCO order",
    "lastUpdateId": "order book, recorded",
    "count": "24 hours, in the table",
    "displayName": "since June 2025",
    "maxMarketNotional": "symbols, in the newer table",
    **dict.fromkeys(("apiStateSell", "apiStateBuy", "timeOnline", "offTime", "maintainTime"), "symbols, in the table"),
    **dict.fromkeys(("bidQty", "askQty"), "best prices, in the newer family of paths"),
    **dict.fromkeys(("price", "timestamp"), "latest price, as the table has it"),
}
# Ids and amounts come as texts or as numbers, from one endpoint to the next.
EITHER = {"orderId", "orderListId", "price", "quantity", "triggerPrice", "stopPrice", "fee", "origQty", "executedQty"}
# Each field of an order may be absent.
ORDERS = {"cancel_order", "cancel_orders", "cancel_open_orders", "place_order", "place_oco_order", "get_order"}
ORDERS |= {"list_open_orders", "iter_order_history", "get_oco_order", "list_open_oco_orders", "iter_oco_history"}


def shape_of(value: Any, path: str = "") -> Shape:
    """Every path in a JSON value, and the types found there."""
    found: Shape = {path: {KINDS[type(value)]}}
    parts: list[tuple[str, Any]] = [(f"{path}[]", each) for each in value] if isinstance(value, list) else []
    if isinstance(value, dict):
        parts = [(f"{path}.{name}".lstrip("."), each) for name, each in value.items()]
    for below, each in parts:
        for name, kinds in shape_of(each, below).items():
            found.setdefault(name, set()).update(kinds)
    return found


def name_of(path: str) -> str:
    """The field at the end of a path."""
    return path.rpartition(".")[2].rstrip("[]")


def sample_shape(endpoint: Endpoint[Any]) -> Shape:
    """The shape of the sample's reply, without its envelope."""
    found = shape_of(load_sample(endpoint.name)["reply"])
    return {path: kinds for path, kinds in found.items() if path and path not in ENVELOPE}


every_documented = pytest.mark.parametrize("endpoint", DOCUMENTED, ids=lambda endpoint: endpoint.route)


@every_documented
def test_no_field_is_made_up(endpoint: Endpoint[Any]) -> None:
    """Every field of the sample is in the exchange's sample, or is one of the quirks."""
    known = SHAPES[endpoint.route]
    # The pages show an empty list for some, so its items are not there.
    emptied = tuple(f"{path}[]" for path, kinds in known.items() if kinds == "array" and f"{path}[]" not in known)
    added = [path for path in sample_shape(endpoint) if path not in known and not path.startswith(emptied or "\0")]
    assert [path for path in added if name_of(path) not in ADDED] == []


@every_documented
def test_types_are_the_exchanges(endpoint: Endpoint[Any]) -> None:
    """A field has the JSON types of the exchange's sample or table; some come as text or number."""
    known = SHAPES[endpoint.route]
    either = {"string", "number"}
    wrong = {
        path: kinds
        for path, kinds in sample_shape(endpoint).items()
        if path in known and not kinds <= {*known[path].split("|"), *(either if name_of(path) in EITHER else ())}
    }
    assert wrong == {}


@every_documented
def test_no_field_is_forgotten(endpoint: Endpoint[Any]) -> None:
    """Every field of the exchange's sample is in ours, but that each field of an order may be absent."""
    missing = SHAPES[endpoint.route].keys() - sample_shape(endpoint).keys()
    assert endpoint.name in ORDERS or missing == set()


def test_every_endpoint_has_a_shape() -> None:
    """Every endpoint has a reply to be compared with, its own or that of the same endpoint in the other family."""
    names = {endpoint.name for endpoint in DOCUMENTED}
    assert {endpoint.name for endpoint in CATALOGUE if endpoint.name not in names} == UNDOCUMENTED
