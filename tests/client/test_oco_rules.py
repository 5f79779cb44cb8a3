"""An OCO order is checked by the trading rules as any other: what the exchange would cut off is not sent."""

from __future__ import annotations

from typing import Any

import pytest

from bingx_async import BingXClient, InvalidRequest
from tests.client.exchange import OCO_ORDER, SYMBOLS, Backend, Hall, backends, raising, run
from tests.client.test_placing import symbols

OCO: dict[str, Any] = {"quantity": "0.003", "limit_price": "72000", "order_price": "57900.5", "trigger_price": "58000"}


@backends
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"quantity": "0.001"}, "quantity=0.001 is not a multiple of the step size 0.00003 of BTC-USDT: write 0.00099"),
        ({"limit_price": "72000.05"}, "limit_price=72000.05 is not a multiple of the tick size 0.1"),
        ({"order_price": "57900.55"}, "order_price=57900.55 is not a multiple of the tick size 0.1"),
        ({"trigger_price": "58000.01"}, "trigger_price=58000.01 is not a multiple of the tick size 0.1"),
        ({"quantity": "0.00003"}, "less than the 5 that BTC-USDT allows: write quantity=0.00009 or more"),
    ],
)
def test_what_breaks_the_rules(change: dict[str, Any], message: str, backend: Backend) -> None:
    """The message names the argument and the nearest number; with `check=False` the order is sent as it is."""

    order: dict[str, Any] = {**OCO, **change}

    async def main() -> None:
        hall = Hall({SYMBOLS: [symbols()]})
        client = hall.client()
        for placing in (client.spot, client.spot.as_strategy("grid7")):
            with raising(InvalidRequest) as caught:
                await placing.place_oco_order("BTC-USDT", "SELL", **order)
            assert message in str(caught[0])
        assert hall.exchange.calls(OCO_ORDER) == []
        unchecked: dict[str, Any] = {**order, "check": False}
        await client.spot.place_oco_order("BTC-USDT", "SELL", **unchecked)
        assert len(hall.exchange.calls(OCO_ORDER)) == 1

    run(backend, main)


@backends
def test_what_keeps_them(backend: Backend) -> None:
    """One that keeps the rules is sent; they are read once."""

    async def main() -> None:
        hall = Hall({SYMBOLS: [symbols()]})
        client = hall.client()
        for _ in range(2):
            await client.spot.place_oco_order("BTC-USDT", "SELL", **OCO)
        assert [len(hall.exchange.calls(path)) for path in (SYMBOLS, OCO_ORDER)] == [1, 2]

    run(backend, main)


@backends
def test_without_keys(backend: Backend) -> None:
    """Without keys the missing keys are named, before any rules are read."""

    async def main() -> None:
        hall = Hall({SYMBOLS: [symbols()]})
        client = BingXClient(governor=hall.governor, transport=hall.exchange)
        with pytest.raises(InvalidRequest, match="no API key"):
            await client.spot.place_oco_order("BTC-USDT", "SELL", **OCO)
        with pytest.raises(InvalidRequest, match="no API key"):
            await client.spot.place_order("BTC-USDT", "BUY", "LIMIT", quantity="0.003", price="60000")
        assert hall.exchange.calls() == []

    run(backend, main)
