"""What the exchange's pages leave open about orders: a client keeps its promises under every answer.

Each choice of the emulator is played against each check, and what the client says is compared with the emulator's book.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import attrs

from bingx_async import BingXClient, Governor, OutcomeUnknown
from bingx_async.emulator import Account, CloseAfter, Emulator, Fault, Html
from bingx_async.emulator.variants import LIVE, Variants
from bingx_async.testing import simulated_clock
from tests.client.exchange import Backend, raising, run
from tests.client.order_facts import (
    LIMIT,
    UID,
    Place,
    S,
    agree,
    check_batch,
    check_duplicates,
    check_oco,
    check_one,
    check_replacements,
    check_types,
)
from tests.client.test_open_facts import CHECKS as CHECKED_ELSEWHERE
from tests.sizes import in_turn


async def check_strategies(place: Place) -> None:
    """A strategy cancels its own orders and no others; where replies have no client id, none."""
    traders = (place.client.spot.as_strategy("grid"), place.client.spot.as_strategy("grid7"), place.client.spot)
    for trader in traders:
        await trader.place_order(S, "BUY", "LIMIT", **LIMIT)
        await trader.place_oco_order(S, "SELL", **place.oco)
    await anyio.sleep(3)
    before = place.live
    await traders[0].cancel_mine()
    gone = list(before - place.live)
    assert [name.startswith("bx_grid_") for name in gone] == [True] * place.tells_names
    assert len(place.emulator.open_oco_orders(UID)) == 2


async def check_lost(place: Place) -> None:
    """What became of a placement whose reply was lost is found out, and as it was."""
    spot, price = place.client.spot, int(place.emulator.price(S))
    acts: list[tuple[str, Callable[[], Awaitable[Any]]]] = [
        ("place_order", lambda: spot.place_order(S, "BUY", "LIMIT", **LIMIT)),
        ("place_order", lambda: spot.place_order(S, "BUY", "MARKET", quote_quantity=100)),
        ("place_order", lambda: spot.place_order(S, "SELL", "TRIGGER_MARKET", quantity="0.01", stop_price=price - 999)),
        ("place_oco_order", lambda: spot.place_oco_order(S, "SELL", **place.oco)),
    ]
    for endpoint, act in acts:
        for effect, ran in ((CloseAfter(), True), (Html(504, is_executed=True), True), (Html(504), False)):
            place.emulator.inject(Fault(effect, endpoint=endpoint, times=1))
            with raising(OutcomeUnknown) as caught:
                await act()
            await agree(place, caught[0], ran)
            await anyio.sleep(1)


async def check_switch(place: Place) -> None:
    """The dead man's switch tells when it fires in any unit, is closed by a normal exit, and fires after a crash."""
    spot = place.client.spot
    await spot.place_order(S, "BUY", "LIMIT", **LIMIT)
    async with spot.dead_mans_switch(10) as switch:
        await anyio.sleep(31)
        assert not switch.expired.is_set()
    await anyio.sleep(12)
    assert place.live.total() == 1
    with raising(KeyError):
        async with spot.dead_mans_switch(10):
            raise KeyError
    await anyio.sleep(14)
    assert place.live.total() == 0


CHECKS = (check_one, check_types, check_duplicates, check_batch, check_replacements, check_oco, check_strategies)
CHECKS += (check_lost, check_switch)
NAMES = [each.name for each in attrs.fields(Variants)]
OF_STREAMS = NAMES[NAMES.index("ping") : NAMES.index("oco_events") + 1]  # no call depends on them
CHOICES = {
    f"{each.name}={choice}": Variants(**{each.name: choice})
    for each in attrs.fields(Variants)
    for choice in each.metadata.get("choices", (2000,))
    if each.name not in {*CHECKED_ELSEWHERE, *OF_STREAMS} or each.name == "numbers"
} | {"live": LIVE}


@in_turn("choice", CHOICES)
def test_under_every_answer(choice: str, backend: Backend) -> None:
    """Every promise about orders holds, whichever answer the exchange gives."""

    async def main() -> None:
        for check in CHECKS:
            clock, account = simulated_clock(), Account(UID, "key", "secret", balances={"BTC": 10, "USDT": 1_000_000})
            emulator = Emulator([account], clock=clock.wall, variants=CHOICES[choice], error_limit=None)
            settings: Any = {"governor": Governor(clock=clock), "transport": emulator.transport(), "account": UID}
            async with BingXClient("key", "secret", **settings) as client:
                await check(Place(emulator, client, CHOICES[choice]))

    run(backend, main)
