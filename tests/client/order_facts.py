"""Promises about orders, as checks of what a client says against the emulator's book; see `test_open_order_facts`."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from decimal import Decimal
from typing import Any

import anyio
import attrs

from bingx_async import (
    BingXClient,
    CancelStatus,
    DuplicateOrder,
    NewOrder,
    OrderNotFound,
    OrderRefused,
    OutcomeUnknown,
    PlaceStatus,
    ResolutionStatus,
)
from bingx_async.emulator import Emulator
from bingx_async.emulator.variants import Variants
from bingx_async.errors import ApiError
from tests.client.exchange import raising

UID, S = "1001", "BTC-USDT"
LIMIT: dict[str, Any] = {"quantity": "0.01", "price": "50000"}


@attrs.frozen
class Place:
    """An emulator under some variants, and a client of it."""

    emulator: Emulator
    client: BingXClient
    variants: Variants

    @property
    def live(self) -> Counter[str]:
        """The client ids of the open orders in its book."""
        return Counter(order.client_order_id for order in self.emulator.open_orders(UID))

    @property
    def oco(self) -> dict[str, Any]:
        """The numbers of an OCO order around the price."""
        price = int(self.emulator.price(S))
        return {
            "quantity": "0.01",
            "limit_price": price + 2000,
            "order_price": price - 2100,
            "trigger_price": price - 2000,
        }

    @property
    def tells_names(self) -> bool:
        """Whether replies on orders have a client id."""
        return self.variants.client_id_name != "absent"


def order(name: str | None = None, **fields: Any) -> NewOrder:
    return NewOrder(**{"symbol": S, "side": "BUY", "type": "LIMIT", **LIMIT, "client_order_id": name, **fields})


async def check_one(place: Place) -> None:
    """An order is found by either id, in the list and, once cancelled, in the history; then nothing is open."""
    spot = place.client.spot
    placed = await spot.place_order(S, "BUY", "LIMIT", **LIMIT)
    await anyio.sleep(3)
    for found in (
        await spot.get_order(S, placed.order_id),
        await spot.get_order(S, client_order_id=placed.client_order_id),
    ):
        assert (found.order_id, found.status.is_open, found.original_quantity) == (
            placed.order_id,
            True,
            Decimal("0.01"),
        )
    assert [each.order_id for each in await spot.list_open_orders(S)] == [placed.order_id]
    await spot.cancel_order(S, placed.order_id)
    await anyio.sleep(3)
    assert [each.order_id async for each in spot.iter_order_history(S)] == [placed.order_id]
    assert [await spot.list_open_orders(), await spot.cancel_open_orders(S), await spot.cancel_all_open_orders()] == [
        [],
        [],
        [],
    ]
    with raising(OrderNotFound):
        await spot.cancel_order(S, placed.order_id)


async def check_types(place: Place) -> None:
    """Orders of every type are taken, fills come each once with the fee that was paid, and the kill switch ends all."""
    spot, price = place.client.spot, int(place.emulator.price(S))
    await spot.place_order(S, "BUY", "MARKET", quote_quantity="100.123")
    await spot.place_order(S, "SELL", "MARKET", quantity="0.001")
    for kind in ("TAKE_STOP_LIMIT", "TRIGGER_LIMIT"):
        await spot.place_order(S, "SELL", kind, quantity="0.01", price=price - 2000, stop_price=price - 1000)
    for kind in ("TAKE_STOP_MARKET", "TRIGGER_MARKET"):
        await spot.place_order(S, "SELL", kind, quantity="0.01", stop_price=price - 1000)
    for quantity, how in (("0.01", "PostOnly"), ("8", "FOK"), ("0.01", "IOC")):
        with suppress(OrderRefused):
            await spot.place_order(S, "BUY", "LIMIT", quantity=quantity, price=price + 100, time_in_force=how)
    await anyio.sleep(3)
    fills = [fill async for fill in spot.iter_fills(S)]
    assert [(fill.price, fill.quantity, fill.fee) for fill in fills] == [
        (fill.price, fill.quantity, fill.fee) for fill in place.emulator.fills(UID)
    ]
    report = await spot.kill_switch()
    assert (report.is_clear, place.emulator.open_orders(UID)) == (True, [])


async def check_duplicates(place: Place) -> None:
    """The same order under an id that was used is the order that is there; another one is refused."""
    spot = place.client.spot
    first = await spot.place_order(S, "BUY", "LIMIT", **LIMIT, client_order_id="mine")
    await anyio.sleep(3)
    again = await spot.place_order(S, "BUY", "LIMIT", **LIMIT, client_order_id="mine")
    if place.variants.duplicate_client_id != "accepted":
        assert again.order_id == first.order_id
        with raising(DuplicateOrder):
            await spot.place_order(S, "SELL", "LIMIT", quantity="0.01", price="70000", client_order_id="mine")
        assert place.live["mine"] == 1
    assert place.client.in_doubt == ()


async def check_batch(place: Place) -> None:
    """Every outcome is what the book says, and what stays unknown is in doubt and can be resolved."""
    orders = [order(f"b{number}") for number in range(6)]
    orders[2] = order("b2", quantity="1000")  # more than it can pay for
    try:
        outcomes = await place.client.spot.place_orders(orders, sequential=True, check=False)
    except ApiError:
        assert (place.variants.batch_failure, place.live.total()) == ("all refused", 0)
        return
    may_be = {PlaceStatus.PLACED: {1}, PlaceStatus.UNKNOWN: {0, 1}, PlaceStatus.REFUSED: {0}, PlaceStatus.NOT_SENT: {0}}
    assert all(place.live[each.client_order_id] in may_be[each.status] for each in outcomes)
    unknown = {each.client_order_id for each in outcomes if each.status is PlaceStatus.UNKNOWN}
    assert unknown == {name for error in place.client.in_doubt for name in error.client_order_ids}
    for error in place.client.in_doubt:
        await agree(place, error, bool(place.live[error.client_order_ids[0]]))


async def check_replacements(place: Place) -> None:
    """Neither outcome says what the book does not, whichever half fails, and an error means that neither was done."""
    for mode in ("stop", "place"):
        for missing, quantity in ((False, "0.02"), (True, "0.02"), (False, "900")):
            await place.client.spot.kill_switch()
            await anyio.sleep(3)
            old = await place.client.spot.place_order(S, "BUY", "LIMIT", **LIMIT)
            await anyio.sleep(2)
            number, new = 12345 if missing else old.order_id, order("", quantity=quantity)
            new = attrs.evolve(new, client_order_id=None)
            try:
                outcome = await place.client.spot.replace_order(
                    S, cancel_order_id=number, order=new, if_cancel_fails=mode, check=False
                )
            except (ApiError, OutcomeUnknown):
                assert place.live == {old.client_order_id: 1}
                continue
            is_old_live, news = place.live[old.client_order_id], place.live.total() - place.live[old.client_order_id]
            if not missing:
                assert is_old_live == (outcome.cancel.status is not CancelStatus.CANCELLED)
            assert news == (outcome.place.status is PlaceStatus.PLACED) or outcome.place.status is PlaceStatus.UNKNOWN


async def check_oco(place: Place) -> None:
    """An OCO order is found by every id, listed, cancelled by the id of a leg and then in the history."""
    spot = place.client.spot
    placed = await spot.place_oco_order(S, "SELL", **place.oco)
    legs = {leg.order_id for leg in placed.legs}
    await anyio.sleep(3)
    (listed,) = await spot.list_open_oco_orders()
    found = [await spot.get_oco_order(client_order_id=leg.client_order_id) for leg in placed.legs]
    found += [listed, await spot.get_oco_order(listed.order_list_id)]
    assert [{leg.order_id for leg in each.legs} for each in found] == [legs] * 4
    assert placed.stop_leg is not None
    await spot.cancel_oco_order(client_order_id=placed.stop_leg.client_order_id)
    await anyio.sleep(3)
    assert await spot.list_open_oco_orders() == []
    assert [{leg.order_id for leg in each.legs} async for each in spot.iter_oco_history()] == [legs]


async def agree(place: Place, error: OutcomeUnknown, ran: bool) -> None:
    """What is found out about a call is true, and is found out wherever replies name their orders."""
    resolution = await error.resolve(deadline=60)
    wanted = ResolutionStatus.EXECUTED if ran else ResolutionStatus.NOT_EXECUTED
    assert resolution.status is wanted or (resolution.status is ResolutionStatus.UNKNOWN and not place.tells_names)
