"""The calls that place orders, and what each answer has to mean in the book."""

from __future__ import annotations

from decimal import Decimal

from attrs import evolve

from bingx_async.models import CancelStatus, PlaceOutcome, PlaceStatus
from tests.session.trader import Trader
from tests.session.world import SYMBOLS

CONDITIONAL = ("TAKE_STOP_LIMIT", "TAKE_STOP_MARKET", "TRIGGER_LIMIT", "TRIGGER_MARKET")
NOT_PLACED = (PlaceStatus.REFUSED, PlaceStatus.NOT_SENT)


async def _place(it: Trader, kind: str, named: bool = True) -> None:
    new = it.new_order(kind)
    name = new.client_order_id or ""
    if not named:
        new, name = evolve(new, client_order_id=None), ""
    answer = it.spot.place_order(
        new.symbol,
        new.side,
        new.type,
        quantity=new.quantity,
        quote_quantity=new.quote_quantity,
        price=new.price,
        stop_price=new.stop_price,
        time_in_force=new.time_in_force,
        client_order_id=new.client_order_id,
    )
    order = await it.placing([name] if name else [], answer)
    it.placed(order.client_order_id, "place_order returned it")
    if order.order_id is not None:
        it.refs.append((new.symbol, order.order_id))


async def place_limit(it: Trader) -> None:
    """A limit order; every third time the client makes its id."""
    await _place(it, "LIMIT", it.random.random() > 0.33)


async def place_market(it: Trader) -> None:
    """A market order."""
    await _place(it, "MARKET")


async def place_conditional(it: Trader) -> None:
    """An order that waits for a price."""
    await _place(it, it.random.choice(CONDITIONAL))


async def place_several(it: Trader) -> None:
    """A batch, in one request or in several."""
    symbol, side = it.random.choice(SYMBOLS), it.random.choice(("BUY", "SELL"))
    orders = [it.new_order("LIMIT", symbol, side) for _ in range(it.random.randrange(1, 9))]
    names, done = [order.client_order_id or "" for order in orders], False
    try:
        outcomes = await it.placing(names, it.spot.place_orders(orders, sequential=it.random.random() < 0.5))
        done = True
    finally:
        if not done:  # an earlier request, or its reply, is lost to a cancellation while an order is looked up
            it.known.cut.update(names)
    for outcome in outcomes:
        _note(it, outcome, "place_orders")
        if outcome.order is not None and outcome.order.order_id is not None:
            it.refs.append((symbol, outcome.order.order_id))


def _note(it: Trader, outcome: PlaceOutcome, what: str) -> None:
    if outcome.status is PlaceStatus.PLACED:
        it.placed(outcome.client_order_id, f"{what} says {outcome}")
    elif outcome.status in NOT_PLACED:
        it.absent([outcome.client_order_id], f"{what} says {outcome}")
    else:
        names = {name for error in it.client.in_doubt for name in error.client_order_ids}
        if outcome.client_order_id not in names:  # a reply with code 0 that does not name it
            it.known.cut.add(outcome.client_order_id)


async def replace(it: Trader) -> None:
    """One order in the place of another."""
    if not it.refs:
        return
    symbol, number = it.refs.pop(it.random.randrange(len(it.refs)))
    new = evolve(it.new_order("LIMIT", symbol), time_in_force=None)
    mode, name, done = it.random.choice(("stop", "place")), new.client_order_id or "", False
    try:
        answer = it.spot.replace_order(symbol, order=new, cancel_order_id=number, if_cancel_fails=mode)
        outcome = await it.placing([name], answer)
        done = True
    finally:
        if not done:
            it.known.cut.add(name)
    _note(it, outcome.place, "replace_order")
    if outcome.cancel.status is CancelStatus.CANCELLED:
        old = it.world.book(it.uid).find(number)
        it.check(old is None or old.status == "CANCELED", f"{number} is cancelled, since {outcome}")
    if outcome.place.order is not None and outcome.place.order.order_id is not None:
        it.refs.append((symbol, outcome.place.order.order_id))


async def place_pair(it: Trader) -> None:
    """An OCO order."""
    symbol, side = it.random.choice(SYMBOLS), it.random.choice(("BUY", "SELL"))
    rules, mid = it.rules[symbol], it.world.emulator.price(symbol)
    far, stop = (Decimal("1.004"), Decimal("0.996")) if side == "SELL" else (Decimal("0.996"), Decimal("1.004"))
    worth = Decimal(it.random.randrange(20, 500)) / (1 if symbol.endswith("USDT") else 60_000)
    names = [it.new_digits() for _ in range(3)] if it.random.random() < 0.5 else [None] * 3
    limit, trigger = rules.quantize_price(mid * far, side), rules.quantize_price(mid * stop, side)
    answer = it.spot.place_oco_order(
        symbol,
        side,
        quantity=it.amount(symbol, worth),
        limit_price=limit,
        trigger_price=trigger,
        order_price=trigger,
        list_client_order_id=names[0],
        above_client_order_id=names[1],
        below_client_order_id=names[2],
    )
    pair = await it.placing([name for name in names if name], answer)
    it.check(len(pair.legs) == 2, f"{pair} has two legs")
    for leg in pair.legs:
        it.placed(leg.client_order_id, "place_oco_order returned it")
    it.pairs.append(pair.legs[0].order_id)


PLACING = (
    (place_limit, 9.0),
    (place_market, 1.5),
    (place_conditional, 2.0),
    (place_several, 2.0),
    (replace, 3.0),
    (place_pair, 3.0),
)
