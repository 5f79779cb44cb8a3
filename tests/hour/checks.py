"""The promises that are held against the emulator's book once everything is quiet."""

from __future__ import annotations

from collections.abc import Sequence

from bingx_async import IntentOutcome
from bingx_async.emulator.trading.orders import Order
from tests.hour.life import Life, Role
from tests.hour.witness import ABSENT, never_was
from tests.hour.world import World

DONE = (IntentOutcome.DONE, IntentOutcome.REFUSED, IntentOutcome.NOT_PLACED)


def unlike(role: Role) -> str:
    """How a tracker differs from the truth, in words; empty if it does not."""
    life, truth = role.life, role.world.truth
    if not life.is_ready or not life.tracker.is_synced:
        return f"{role.name} is not synced"
    for order in life.tracker.orders.values():
        booked = truth.find(order)
        if booked is not None and (order.placement not in ABSENT or not never_was(booked)):
            if (str(order.status), order.executed_quantity) != (booked.status, booked.executed):
                return f"{role.name}: {order} is {booked}; {order.why()}"
            if not life.witness.has_all_fills(order, booked):
                return f"{role.name}: {order} has {order.fills}, not {truth.fills(booked)}; {order.why()}"
        elif order.placement not in ABSENT:
            return f"{role.name}: {order} is in no book; {order.why()}"
    return _balances(life)


def _balances(life: Life) -> str:
    known = life.tracker.balances
    for asset, amounts in life.role.world.truth.balances(life.role.uid).items():
        balance = known.get(asset)
        shown = (0, 0) if balance is None else (balance.free, balance.locked)
        if shown != amounts:
            return f"{life.role.name}: {asset} is {amounts}, not {shown}"
    return ""


def judge(world: World, roles: Sequence[Role]) -> None:
    """Every promise about the hour as a whole."""
    for role in roles:
        _accounted_for(role)
        _journal_is_settled(role)
        _told_once(role)
    _nothing_refused(world)
    world.check()


def _accounted_for(role: Role) -> None:
    """Every order of the strategy is in its tracker, or in its journal as one that is done."""
    known = {order.client_order_id.lower() for order in role.life.tracker.orders.values()}
    done = {name for intent in role.journal.kept.values() for name in intent.client_order_ids}
    for order in _orders_of(role):
        name = order.client_order_id
        if name.lower() not in known and name not in done:
            role.world.problem(f"{role.name} knows nothing of {order}")
        if order.is_open:
            role.world.problem(f"{role.name} has not taken back {order}")
    if role.is_whole:
        _knows_the_others(role)


def _knows_the_others(role: Role) -> None:
    """A tracker of the whole account has heard of every order that was placed while it was open; of OCO orders of
    others that is not promised."""
    life = role.life
    for order in role.world.truth.orders(role.uid):
        is_promised = order.pair is None and order.placed_at > life.opened_at
        if is_promised and not {order.client_order_id.lower(), str(order.order_id)} & life.witness.shown.keys():
            role.world.problem(f"{role.name} has never heard of {order}")


def _orders_of(role: Role) -> list[Order]:
    return [order for order in role.world.truth.orders(role.uid) if role.ids.is_mine(order.client_order_id)]


def _journal_is_settled(role: Role) -> None:
    """Every intent is settled, as the book says."""
    for intent in role.journal.kept.values():
        booked = [it for name in intent.client_order_ids if (it := role.world.truth.named(name)) is not None]
        is_there = any(it.status != "FAILED" or it.executed for it in booked)
        if intent.outcome not in DONE:
            role.world.problem(f"{role.name}: {intent} is open; {booked}")
        elif intent.outcome is IntentOutcome.DONE and not booked:
            role.world.problem(f"{role.name}: {intent} is in no book")
        elif intent.outcome is not IntentOutcome.DONE and is_there:
            role.world.problem(f"{role.name}: {intent} is in the book: {booked}")


def _told_once(role: Role) -> None:
    """Each fill that came while the last life was open was told, once."""
    life = role.life
    missing = set(life.witness.fills) - life.kept - set(life.told)
    if missing and role.queue > 1000:
        role.world.problem(f"{role.name}: of these fills nothing was told: {missing}")


def _nothing_refused(world: World) -> None:
    """Nothing was refused for its pace: no request, no subscription."""
    stats = world.emulator.stats()
    over = {key: each.refused for key, each in (*stats.endpoints.items(), *stats.addresses.items()) if each.refused}
    if over or 429 in stats.codes:
        world.problem(f"requests were refused for their pace: {over}")
    streams = stats.streams
    if streams.breaches or streams.unanswered or 403 in streams.refused_handshakes:
        world.problem(f"streams were refused: {streams}")
