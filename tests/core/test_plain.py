"""Models as values that JSON can hold."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from bingx_async import CancelOutcome, CancelStatus, Depth, Level, OcoLeg, OcoOrder, OcoOrderType, Order, Side, to_dict


def test_plain_values() -> None:
    """Decimals and enums become texts, moments ISO 8601, None stays; numbers keep every digit; `raw` is left out."""
    order = Order("BTC-USDT", 1853127749402681347, price=Decimal("1E+3"), side=Side.BUY, raw={"x": object()})
    found = to_dict(order)
    assert (found["symbol"], found["order_id"], found["price"]) == ("BTC-USDT", 1853127749402681347, "1000")
    assert (found["side"], found["stop_price"], "raw" in found) == ("BUY", None, False)
    depth = Depth(bids=(Level(Decimal("61000.50"), Decimal("0.10")),), time=datetime(2026, 11, 21, tzinfo=UTC))
    assert to_dict(depth) == {
        "bids": [{"price": "61000.50", "quantity": "0.10"}],
        "asks": [],
        "time": "2026-11-21T00:00:00+00:00",
    }


def test_models_within_models() -> None:
    """A model in a field, or computed by a property, is plain too, and JSON can hold all of it."""
    leg = OcoLeg("1", order_type=OcoOrderType.LIMIT)
    found = to_dict(OcoOrder((leg,)))
    assert found["legs"] == [found["limit_leg"]] == [to_dict(leg)]
    assert found["stop_leg"] is None
    outcome = to_dict(CancelOutcome(1, CancelStatus.CANCELLED, Order()))
    assert (outcome["status"], outcome["order"]["symbol"]) == ("cancelled", "")
    assert json.loads(json.dumps(outcome)) == outcome


@pytest.mark.parametrize("value", [None, 1, "text", [Order()], {"a": 1}, Order])
def test_anything_else_is_refused(value: object) -> None:
    """It takes one model: a list of them is written by the caller, item by item."""
    with pytest.raises(TypeError, match="takes one model"):
        to_dict(value)
