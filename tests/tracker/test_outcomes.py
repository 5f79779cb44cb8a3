"""Whatever becomes of a call, of its reply and of the program's patience, it is known what became of its order."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import anyio
import pytest

from bingx_async import (
    BingXError,
    ConnectFailed,
    InsufficientBalance,
    IntentOutcome,
    InvalidRequest,
    JournalUnavailable,
    MemoryJournal,
    OrderStatus,
    OutcomeUnknown,
    Placement,
    QuotaWait,
)
from bingx_async.emulator import CloseAfter, CloseBefore, Delay, Fault, Html
from bingx_async.spot.tracker.tracker import Tracker
from tests.client.exchange import Backend, backends, raising, run
from tests.tracker.world import World, in_world

LIMIT: dict[str, Any] = {"quantity": "0.01", "price": "20000"}


@backends
def test_what_was_not_sent(backend: Backend) -> None:
    """An order that never left is not there, or known not to be placed; the journal says so too."""

    async def main() -> None:
        world, journal = World(), MemoryJournal()
        async with world.client() as client, client.spot.tracker(journal) as tracker:
            with raising(InvalidRequest):
                await tracker.place("BTC-USDT", "BUY", "LIMIT", quantity="0.01")
            assert (dict(tracker.orders), journal.kept) == ({}, {})
            world.emulator.close_endpoint("1", "place_order", 5000)
            with pytest.raises(BingXError):
                await tracker.place("BTC-USDT", "BUY", "LIMIT", **LIMIT, client_order_id="one", max_wait=1.0)
            with raising(QuotaWait):
                await tracker.place("BTC-USDT", "BUY", "LIMIT", **LIMIT, client_order_id="two", max_wait=0.0)
            await anyio.sleep(10)
            world.emulator.inject(Fault(CloseBefore(), endpoint="place_order"))
            with raising(ConnectFailed):
                await tracker.place("BTC-USDT", "BUY", "LIMIT", **LIMIT, client_order_id="three")
            world.emulator.clear_faults()
            for number in range(3):
                about: dict[str, Any] = {"client_order_id": "four" if number == 2 else f"rich{number}"}
                with nullcontext() if number < 2 else raising(InsufficientBalance):
                    await tracker.place("BTC-USDT", "BUY", "LIMIT", quantity="8", price="60000", **about)
            placements = {str(name): order.placement for name, order in tracker.orders.items() if not order.order_id}
            refused = placements.pop("one")
            assert refused in (Placement.REFUSED, Placement.NOT_PLACED)
            assert placements == {
                "two": Placement.NOT_PLACED,
                "three": Placement.NOT_PLACED,
                "four": Placement.REFUSED,
            }
            await anyio.sleep(1)
            outcomes = {each.outcome for name, each in journal.kept.items() if not name.startswith("rich")}
            assert outcomes <= {IntentOutcome.NOT_PLACED, IntentOutcome.REFUSED}
            again = await tracker.place("BTC-USDT", "BUY", "LIMIT", **LIMIT, client_order_id="three")
            assert again.placement is Placement.PLACED
            with pytest.raises(InvalidRequest, match="placed before"):
                await tracker.place("BTC-USDT", "BUY", "LIMIT", **LIMIT, client_order_id="three")
            assert client.in_doubt == ()
        assert len(world.booked()) == 3

    run(backend, main)


@backends
@pytest.mark.parametrize(
    ("effect", "end"),
    [
        (CloseAfter(), Placement.PLACED),
        (Html(504, is_executed=True), Placement.PLACED),
        (Html(504), Placement.NOT_PLACED),
        (Html(502, is_executed=True), Placement.PLACED),
    ],
)
def test_unknown_outcomes(effect: Any, end: Placement, backend: Backend) -> None:
    """An order without an answer is tracked as unknown until it is proven to be there or not, and nothing stays in
    doubt."""

    async def act(world: World, client: Any, tracker: Tracker) -> None:
        world.emulator.inject(Fault(effect, times=1, endpoint="place_order"))
        with pytest.raises(OutcomeUnknown):
            await tracker.place("BTC-USDT", "BUY", "LIMIT", **LIMIT, client_order_id="lost")
        lost = tracker.get("lost")
        assert lost is not None
        assert lost.placement is (Placement.PLACED if lost.order_id else Placement.UNKNOWN)  # an event may have come
        known = await tracker.until_open("lost", timeout=60)
        assert known.placement is end, known.why()
        await anyio.sleep(60)
        assert client.in_doubt == ()
        world.check(tracker)

    run(backend, in_world(act))


@backends
def test_cancelled_while_the_reply_is_awaited(backend: Backend) -> None:
    """The order of a call that the program gave up stays tracked, and is found."""

    async def act(world: World, client: Any, tracker: Tracker) -> None:
        await tracker.place("BTC-USDT", "BUY", "LIMIT", **LIMIT)  # the rules of the symbol are known now
        world.emulator.inject(Fault(Delay(down=5.0), times=1, endpoint="place_order"))
        with anyio.move_on_after(0.01):
            await tracker.place("BTC-USDT", "BUY", "LIMIT", **LIMIT, client_order_id="cut")
        cut = tracker.get("cut")
        assert cut is not None
        assert cut.placement is Placement.UNKNOWN
        assert (await tracker.until_open("cut", timeout=60)).is_open
        await anyio.sleep(60)
        assert client.in_doubt == ()
        world.check(tracker)

    run(backend, in_world(act))


@backends
def test_cancelled_in_the_queue(backend: Backend) -> None:
    """The order of a call that the program gave up before it left was never placed: that needs no enquiry."""

    async def act(world: World, client: Any, tracker: Tracker) -> None:
        for number in range(5):
            await tracker.place("BTC-USDT", "BUY", "LIMIT", **LIMIT, client_order_id=f"n{number}")
        with anyio.move_on_after(0.1):
            await tracker.place("BTC-USDT", "BUY", "LIMIT", **LIMIT, client_order_id="queued")
        known = tracker.get("queued")
        assert known is not None
        assert known.placement is Placement.NOT_PLACED
        assert len(world.booked()) == 5

    run(backend, in_world(act))


@backends
def test_a_timeout_changes_nothing(backend: Backend) -> None:
    """`until_done` raises when its time is over; the order goes on as it was."""

    async def act(world: World, _client: Any, tracker: Tracker) -> None:
        order = await tracker.place("BTC-USDT", "BUY", "LIMIT", **LIMIT)
        with raising(TimeoutError):
            await tracker.until_done(order, timeout=5)
        with pytest.raises(InvalidRequest, match="timeout=0"):
            await tracker.until_done(order, timeout=0)
        with pytest.raises(InvalidRequest, match="is not known"):
            await tracker.until_done("never heard of")
        assert tracker.orders[order.order_id or 0].is_open
        world.emulator.set_price("BTC-USDT", 19999)
        assert (await tracker.until_done(order, timeout=5)).status is OrderStatus.FILLED

    run(backend, in_world(act))


class Full(MemoryJournal):
    """A journal on a disk that is full."""

    async def record(self, intents: Any) -> None:
        """See `Journal`."""
        raise JournalUnavailable("the disk is full")


@backends
def test_a_journal_that_fails(backend: Backend) -> None:
    """No order is sent that cannot be written down."""

    async def main() -> None:
        world = World()
        async with world.client() as client, client.spot.tracker(Full()) as tracker:
            with pytest.raises(JournalUnavailable, match="the disk is full; nothing was sent"):
                await tracker.place("BTC-USDT", "BUY", "LIMIT", **LIMIT)
        assert world.booked() == {}

    run(backend, main)


class Forgetful(MemoryJournal):
    """A journal of the program's own that takes no outcome, and says so in its own way."""

    async def record(self, intents: Any) -> None:
        """See `Journal`."""
        if any(each.outcome is not IntentOutcome.OPEN for each in intents):
            raise OSError("no outcome today")
        await super().record(intents)


@backends
def test_a_journal_that_takes_no_outcome(backend: Backend) -> None:
    """The program goes on: the outcome is found out at the next start."""

    async def main() -> None:
        world, journal = World(), Forgetful()
        async with world.client() as client:
            async with client.spot.tracker(journal) as tracker:
                order = await tracker.place("BTC-USDT", "BUY", "LIMIT", **LIMIT)
                await anyio.sleep(30)
                assert tracker.is_synced
            assert [each.outcome for each in journal.kept.values()] == [IntentOutcome.OPEN]
            async with client.spot.tracker(journal) as tracker:
                assert tracker.orders[order.order_id or 0].is_open

    run(backend, main)
