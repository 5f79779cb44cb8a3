"""OCO orders: prices that fit each other, ids by which an order is found, and cancelling by any of them."""

from __future__ import annotations

from typing import Any

import pytest

from bingx_async import InvalidRequest, OcoOrder, OrderNotFound, OrderRefused, OutcomeUnknown, Priority
from tests.client.exchange import OCO_CANCEL, OCO_ORDER, OK, Backend, Hall, Sent, backends, raising, run
from tests.client.listing import GONE, OCO_GET, OCO_OPEN, asked, pair, said

PRICES: dict[str, Any] = {"quantity": 1, "order_price": 5}


@backends
@pytest.mark.parametrize(
    ("side", "limit_price", "trigger_price", "fits"),
    [
        ("SELL", 72000, 58000, True),
        ("SELL", 58000, 72000, False),
        ("SELL", "60000.0", 60000, False),
        ("BUY", 58000, 72000, True),
        ("BUY", 72000, 58000, False),
        ("BUY", 9, "10.00", True),
        ("BUY", "0.10", "0.1", False),
    ],
)
def test_prices(side: str, limit_price: Any, trigger_price: Any, fits: bool, backend: Backend) -> None:
    """The market lies between the two prices; swapped or equal ones are refused, and nothing is sent."""
    result, hall, _ = asked(
        backend,
        {},
        lambda it: it.spot.place_oco_order(
            "BTC-USDT", side, **PRICES, limit_price=limit_price, trigger_price=trigger_price
        ),
    )
    assert len(hall.exchange.calls(OCO_ORDER)) == fits
    assert isinstance(result, OcoOrder if fits else InvalidRequest)
    if not fits:
        where = "above" if side == "SELL" else "below"
        assert f"limit_price={limit_price} must be {where} trigger_price={trigger_price} to {side}" in str(result)


@backends
def test_ids_are_made(backend: Backend) -> None:
    """All three ids are given by default: digits only, distinct, new for each order; after a lost reply the error
    names those of the legs first."""

    async def main() -> None:
        hall = Hall({OCO_ORDER: [(504, "")]})
        found: list[str] = []
        for _ in range(2):
            with raising(OutcomeUnknown) as caught:
                await hall.client().spot.place_oco_order(
                    "BTC-USDT", "SELL", **PRICES, limit_price=9, trigger_price=6, below_client_order_id=len(found) + 5
                )
            sent = hall.exchange.calls(OCO_ORDER)[-1].params
            names = [sent[f"{name}ClientOrderId"] for name in ("above", "below", "list")]
            assert list(caught[0].client_order_ids) == names
            found += names
        assert [found[1], found[4]] == ["5", "8"]
        assert len(set(found)) == 6
        assert all(name.isdigit() and len(name) in (1, 40) for name in found)

    run(backend, main)


@backends
def test_equal_ids(backend: Backend) -> None:
    """Ids of one order that are equal are refused: which leg is which could not be told."""
    result, hall, _ = asked(
        backend,
        {},
        lambda it: it.spot.place_oco_order(
            "BTC-USDT",
            "BUY",
            **PRICES,
            limit_price=1,
            trigger_price=2,
            above_client_order_id=7,
            below_client_order_id="7",
        ),
    )
    assert isinstance(result, InvalidRequest)
    assert "must differ" in str(result)
    assert hall.exchange.calls() == []


@backends
def test_cancel_by_the_list_made_here(backend: Backend) -> None:
    """The list's id that an order was placed with cancels the pair: that of a leg follows from it."""

    async def main() -> None:
        hall = Hall({OCO_CANCEL: [GONE, said({"orderId": "5"})]})
        client = hall.client()
        await client.spot.place_oco_order("BTC-USDT", "SELL", **PRICES, limit_price=9, trigger_price=6)
        sent = hall.exchange.calls(OCO_ORDER)[0].params
        done = await client.spot.cancel_oco_order(client_order_id=sent["listClientOrderId"])
        assert done.order_id == "5"
        cancels = [call.params["clientOrderId"] for call in hall.exchange.calls(OCO_CANCEL)]
        assert cancels == [sent["listClientOrderId"], sent["aboveClientOrderId"]]

    run(backend, main)


@backends
@pytest.mark.parametrize(
    ("open_pairs", "found", "cancels"),
    [
        ([*pair(1), *pair(3, orderListId="77")], GONE, ["77", "3"]),  # the list shows the id
        ([*pair(1, clientOrderId="77")], GONE, ["77", "1"]),  # a leg does
        ([*pair(1), *pair(3)], said(pair(3)), ["77", "4"]),  # asked for by it
        ([], GONE, ["77"]),
        ([*pair(1)], said(pair(5)), ["77"]),  # it is known, and not open
        ([*pair(1)], GONE, None),  # that cannot be told
    ],
)
def test_cancel_by_another_list(open_pairs: list[Any], found: str, cancels: list[str] | None, backend: Backend) -> None:
    """By a list's id the open pair is looked for and cancelled by a leg. `OrderNotFound` is an answer only where no
    open pair can be it; else the refusal says so."""

    def cancel(sent: Sent) -> str:
        return GONE if "clientOrderId" in sent.params else said({"orderId": sent.params["orderId"]})

    answers = {OCO_CANCEL: cancel, OCO_OPEN: said(open_pairs), OCO_GET: found}
    result, hall, _ = asked(backend, answers, lambda it: it.spot.cancel_oco_order(client_order_id="77"))
    sent = [call.params.get("clientOrderId") or call.params["orderId"] for call in hall.exchange.calls(OCO_CANCEL)]
    assert sent == (cancels or ["77"])
    if cancels is None:
        assert isinstance(result, OrderRefused)
        assert (result.code, "cancel by the id of a leg" in str(result)) == (0, True)
    elif len(cancels) == 1:
        assert isinstance(result, OrderNotFound)
    else:
        assert result.order_id == cancels[1]


@backends
def test_cancel_by_the_exchange_s_id_of_a_list(backend: Backend) -> None:
    """The id of a pair, as the list of open orders has it, cancels the pair too; an unknown id is not found."""

    def cancel(sent: Sent) -> str:
        return said({"orderId": "1"}) if sent.params["orderId"] == "1" else GONE

    answers = {OCO_CANCEL: cancel, OCO_OPEN: said(pair(1))}
    result, _, _ = asked(backend, answers, lambda it: it.spot.cancel_oco_order("9001"))
    assert result.order_id == "1"
    result, hall, _ = asked(backend, answers, lambda it: it.spot.cancel_oco_order("8"))
    assert isinstance(result, OrderNotFound)
    assert hall.exchange.calls(OCO_GET) == []


@backends
def test_an_id_that_is_a_leg_s_takes_one_request(backend: Backend) -> None:
    """Nothing is looked up where the exchange finds the leg."""
    _, hall, _ = asked(
        backend, {OCO_CANCEL: OK}, lambda it: it.spot.cancel_oco_order(client_order_id=5, priority=Priority.CANCEL)
    )
    assert [call.path for call in hall.exchange.calls()] == [OCO_CANCEL]
