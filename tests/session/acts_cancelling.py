"""The calls that cancel orders, and what each answer has to mean in the book."""

from __future__ import annotations

import anyio

from bingx_async.models import CancelStatus
from tests.session.trader import Trader
from tests.session.world import SYMBOLS

SLACK = 200  # ms by which the client's idea of the exchange's clock may be off


def _is_cancelled(it: Trader, order_ref: int | str) -> bool:
    book = it.world.book(it.uid)
    order = book.find(order_ref) if isinstance(order_ref, int) else book.find(None, order_ref, 0)
    return order is not None and order.status == "CANCELED"


def _some(it: Trader, most: int) -> tuple[str, list[int]]:
    """A symbol, and some orders of it that were placed. A few are done by now; more would spend the error budget."""
    book = it.world.book(it.uid)
    it.refs = [ref for ref in it.refs if ref[1] in book.orders or it.random.random() < 0.1]
    symbol = it.random.choice([symbol for symbol, _ in it.refs] or list(SYMBOLS))
    found = [number for each, number in it.refs if each == symbol]
    chosen = it.random.sample(found, min(len(found), it.random.randrange(1, most + 1)))
    it.refs = [ref for ref in it.refs if ref[1] not in chosen]
    return symbol, chosen


async def cancel_one(it: Trader) -> None:
    """One order, by either id, sometimes only if it has a certain state."""
    symbol, numbers = _some(it, 1)
    order = it.world.book(it.uid).find(numbers[0]) if numbers else None
    if order is None:
        return
    if it.random.random() < 0.4 and order.client_order_id:
        await it.spot.cancel_order(symbol, client_order_id=order.client_order_id)
    else:
        is_picky = it.random.random() < 0.1  # an order of another state is an error
        only_if = it.random.choice(("NEW", "PENDING", "PARTIALLY_FILLED")) if is_picky else None
        await it.spot.cancel_order(symbol, numbers[0], only_if=only_if)
    it.check(_is_cancelled(it, order.client_order_id), f"{order} is cancelled")


async def cancel_batch(it: Trader) -> None:
    """Several orders in one request."""
    symbol, numbers = _some(it, 14)
    if not numbers:
        return
    result = await it.spot.cancel_orders(symbol, numbers, partial=it.random.random() < 0.8)
    for order in result.orders:
        it.check(order.order_id is None or _is_cancelled(it, order.order_id), f"{order} is cancelled")
    told = {order.order_id for order in result.orders} | {fail.order_id for fail in result.fails}
    it.check(set(numbers) <= told, f"{numbers} are all told of in {result}")


async def cancel_several(it: Trader) -> None:
    """As many orders as there are, with an outcome for each."""
    symbol, numbers = _some(it, 25)
    outcomes = await it.spot.cancel_many(symbol, numbers, deadline=it.random.choice((None, 0.5, 20)))
    it.check([outcome.id for outcome in outcomes] == numbers, "there is an outcome for each id")
    for outcome in outcomes:
        is_cancelled = outcome.status is CancelStatus.CANCELLED
        it.check(not is_cancelled or _is_cancelled(it, outcome.id), f"{outcome} is cancelled")
        if outcome.status is CancelStatus.NOT_SENT:
            it.refs.append((symbol, int(outcome.id)))


async def cancel_symbol(it: Trader) -> None:
    """Everything of one symbol."""
    for order in await it.spot.cancel_open_orders(it.random.choice(SYMBOLS)):
        it.check(order.order_id is None or _is_cancelled(it, order.order_id), f"{order} is cancelled")


async def cancel_pair(it: Trader) -> None:
    """An OCO order; a few are done by now."""
    book = it.world.book(it.uid)
    it.pairs = [leg for leg in it.pairs if it.random.random() < 0.1 or ((at := book.find_pair(leg)) and at.is_open)]
    if not it.pairs:
        return
    leg = it.pairs.pop(it.random.randrange(len(it.pairs)))
    await it.spot.cancel_oco_order(leg)
    pair = it.world.book(it.uid).find_pair(leg)
    it.check(pair is not None and not pair.is_open, f"the pair of {leg} is cancelled")


async def kill(it: Trader) -> None:
    """The kill switch: nothing is open that was placed before its last look."""
    report = await it.spot.kill_switch(deadline=20)
    if report.is_clear and report.looked_at is not None:
        since = report.looked_at.timestamp() * 1000 - SLACK - it.world.lookup_delay
        book = it.world.book(it.uid)
        left = [order for order in book.orders.values() if order.placed_at < since]
        pairs = [pair for pair in book.pairs if pair.placed_at < since]
        it.check(not left and not pairs, f"nothing is open: {left} {pairs}; {report}")
    it.world.counts[f"kill switch: {'clear' if report.is_clear else 'not clear'}"] += 1


async def switch(it: Trader) -> None:
    """The dead man's switch: armed and left to run out, closed, or kept while a block runs."""
    way = it.random.random()
    if way < 0.3:
        await it.spot.cancel_all_after(10)
    elif way < 0.5:
        await it.spot.cancel_all_after(None)
    else:
        async with it.spot.dead_mans_switch(30):
            await anyio.sleep(it.random.uniform(0.0, 25.0))


CANCELLING = (
    (cancel_one, 6.0),
    (cancel_batch, 1.0),
    (cancel_several, 1.0),
    (cancel_symbol, 0.4),
    (cancel_pair, 2.0),
    (kill, 0.1),
    (switch, 0.3),
)
