"""The promises that are held against the emulator's book once a session is over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from decimal import Decimal, localcontext
from math import inf

from bingx_async.catalogue import CATALOGUE
from bingx_async.core.budget import LIMIT as ERRORS
from bingx_async.core.endpoint import Effect
from bingx_async.emulator.floor import EXACT
from bingx_async.emulator.trading.book import Book
from tests.session.watched import CLOSED, TOO_MANY, Visit
from tests.session.world import ASSETS, World


def _claim(world: World, holds: bool, text: str) -> None:
    if not holds:
        raise AssertionError(f"seed {world.seed}: not so: {text}")


async def nothing_was_refused_for_its_pace(world: World) -> None:
    """No request was over a quota, of an account or of the address, and no business errors closed an endpoint."""
    stats = world.emulator.stats()
    over = {key: each.refused for key, each in (*stats.endpoints.items(), *stats.addresses.items()) if each.refused}
    _claim(world, not over, f"no request was over a quota: {over}")
    _claim(world, TOO_MANY not in stats.codes, "the address was never refused")


async def no_error_budget_was_spent(world: World) -> None:
    """No call left after so many errors were heard of that one more had to be spared, but cancels, which always go."""
    cancels = {endpoint.route for endpoint in CATALOGUE if endpoint.effect is Effect.CANCEL}
    closed = [visit for visit in world.emulator.visits if "error code:" in visit.text]
    closings = {visit.text: visit for visit in closed if visit.route not in cancels}
    for closing in closings.values():
        code = int(closing.text.partition("error code:")[2].split()[0])
        of = (closing.account, closing.route, code)
        errors = [
            it for it in world.emulator.visits if (it.account, it.route, it.code) == of and _came(it) < _came(closing)
        ]
        *before, last = sorted(errors, key=_came)[-ERRORS - 1 :]
        heard = [it for it in before if it.heard_at is not None and it.heard_at < last.sent_at]
        _claim(world, len(heard) < ERRORS - 1, f"{last} was not sent after {len(heard)} errors were heard of")
        world.counts["closings for errors of which some were never heard"] += 1


def _came(visit: Visit) -> float:
    return inf if visit.arrived_at is None else visit.arrived_at


async def closed_periods_were_kept(world: World) -> None:
    """Once a client has heard that an endpoint is closed, it sends nothing there that arrives before its moment."""
    refused = [it for it in world.emulator.visits if it.code == CLOSED and "error code:" not in it.text]
    offset = world.emulator.clock_offset_ms
    for account, route, since, until in world.closings:
        told = [
            visit
            for visit in refused
            if (visit.account, visit.route) == (account, route) and since <= _came(visit) + offset < until
        ]
        heard_at = min((visit.heard_at for visit in told if visit.heard_at is not None), default=None)
        late = [visit for visit in told if heard_at is not None and visit.sent_at > heard_at]
        _claim(world, not late, f"{account} sent nothing to {route} before {until}: {late}")
        refused = [visit for visit in refused if visit not in told]
    _claim(world, not refused, f"only the endpoints that the session closed were closed: {refused}")


async def no_order_was_placed_twice(world: World) -> None:
    """Each client order id was placed once at most, though the exchange would have taken it again."""
    for uid in world.clients:
        names = Counter(_names(world.book(uid)))
        _claim(world, max(names.values(), default=0) <= 1, f"{uid} placed each order once: {names.most_common(3)}")


async def every_order_is_accounted_for(world: World) -> None:
    """The book holds what the client said was placed, and nothing that it said was not; of all else it said so."""
    for uid, known in world.known.items():
        booked = set(_names(world.book(uid)))
        _claim(world, known.placed <= booked, f"{uid} placed {known.placed - booked}")
        failed = {it.client_order_id for it in world.book(uid).all_orders.values() if it.status == "FAILED"}
        _claim(world, known.absent & booked <= failed, f"{uid} did not place {known.absent & booked - failed}")
        untold = booked - known.placed - known.cut - failed
        names = {name for pair in world.book(uid).all_pairs for name in (pair.list_client_id,)}
        _claim(world, untold <= names, f"{uid} knows of {untold - names}")


def _names(book: Book) -> list[str]:
    """The client order ids of every order and leg, once for each."""
    pairs = book.all_pairs
    legs = [leg.client_order_id for pair in pairs for leg in pair.legs]
    return [*(order.client_order_id for order in book.all_orders.values()), *legs, *(it.list_client_id for it in pairs)]


async def money_is_conserved(world: World) -> None:
    """Of each asset there is as much as in the beginning, to the last digit; each account has what it had before and
    what its fills brought, and its client says so."""
    with localcontext(prec=EXACT):
        for asset in ASSETS:
            given = sum((each.balances or {}).get(asset, Decimal(0)) for each in world.accounts)
            _claim(world, world.ledger.total(asset) == given, f"there are {given} {asset}: {world.ledger.total(asset)}")
        for account in world.accounts:
            told = {each.asset: each for each in await world.clients[account.account].account.list_balances()}
            for asset, wallet in world.ledger.wallets(account.account).items():
                wanted = (account.balances or {}).get(asset, Decimal(0)) + _brought(world.book(account.account), asset)
                _claim(
                    world, wallet.free + wallet.locked == wanted, f"{account.account} has {wanted} {asset}: {wallet}"
                )
                seen = told.get(asset)
                amounts = (seen.free or 0, seen.locked or 0) if seen is not None else (0, 0)
                _claim(world, amounts == (wallet.free, wallet.locked), f"{account.account} sees {wallet}: {seen}")


def _brought(book: Book, asset: str) -> Decimal:
    """What all fills of an account brought of an asset."""
    total = Decimal(0)
    for fill in book.fills:
        sign = 1 if fill.order.side == "BUY" else -1
        total += sign * fill.quantity if fill.order.base == asset else 0
        total -= sign * fill.value if fill.order.quote == asset else 0
        total -= fill.fee if fill.order.fee_asset == asset else 0
    return total


async def everything_can_be_cancelled(world: World) -> None:
    """In the end the kill switch leaves nothing open and nothing locked."""
    for uid, client in world.clients.items():
        report = await client.spot.kill_switch(deadline=60)
        book = world.book(uid)
        _claim(world, report.is_clear and not book.orders and not book.pairs, f"{uid} has nothing open: {report}")
        locked = {asset: each.locked for asset, each in world.ledger.wallets(uid).items() if each.locked}
        _claim(world, not locked, f"{uid} has nothing locked: {locked}")


async def every_endpoint_was_called(world: World) -> None:
    """Each endpoint that has a method was called, unless the session was too short for the rarer ones."""
    called = {name for endpoint in CATALOGUE if world.emulator.asked[endpoint.route] for name in (endpoint.name,)}
    missing = {endpoint.name for endpoint in CATALOGUE} - called
    _claim(world, not missing or world.emulator.asked.total() < 15_000, f"every endpoint was called: {missing}")


CHECKS: tuple[Callable[[World], Awaitable[None]], ...] = (
    nothing_was_refused_for_its_pace,
    no_error_budget_was_spent,
    closed_periods_were_kept,
    no_order_was_placed_twice,
    every_order_is_accounted_for,
    everything_can_be_cancelled,
    money_is_conserved,
    every_endpoint_was_called,
)
