"""The calls that only look. A list shows what was there all the time that it was being asked for, each item once."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from functools import partial as bind
from typing import Any

from bingx_async import Quota
from bingx_async.account.permissions import GET_UID
from bingx_async.emulator.trading.orders import Order
from tests.session.trader import Act, Trader
from tests.session.world import SYMBOLS

MINUTE = 60_000  # ms


def _seen(it: Trader, orders: Iterable[Order]) -> list[Order]:
    """Those that queries find."""
    return [order for order in orders if order.placed_at + it.world.lookup_delay <= it.world.server_time]


def _once(it: Trader, found: list[Any], least: set[Any], most: set[Any], what: str) -> None:
    """Each once, all of `least`, none but `most`."""
    it.check(len(set(found)) == len(found), f"{what} holds each once: {found}")
    it.check(least <= set(found), f"{what} holds {least - set(found)}")
    it.check(set(found) <= most, f"{what} holds nothing else than the book: {set(found) - most}")


async def open_orders(it: Trader) -> None:
    """The open orders, of one symbol or of all."""
    symbol = it.random.choice((None, *SYMBOLS))

    def of_book() -> set[int]:
        orders = _seen(it, it.world.book(it.uid).orders.values())
        return {order.order_id for order in orders if symbol in (None, order.symbol)}

    before = of_book()
    found = [order.order_id for order in await it.spot.list_open_orders(symbol)]
    _once(it, found, before & of_book(), set(it.world.book(it.uid).all_orders), "list_open_orders")


async def open_pairs(it: Trader) -> None:
    """The open OCO orders."""
    before = {pair.list_id for pair in it.world.book(it.uid).pairs if _seen(it, pair.legs)}
    found = [pair.order_list_id for pair in await it.spot.list_open_oco_orders()]
    book = it.world.book(it.uid)
    stayed = {pair.list_id for pair in book.pairs} & before
    if len(book.pairs) < 45:  # of several pages one may hide a pair that moved between them
        _once(it, found, stayed, {pair.list_id for pair in book.all_pairs}, "list_open_oco_orders")


async def history(it: Trader) -> None:
    """The orders that are done."""
    symbol, start = it.random.choice((None, *SYMBOLS)), it.world.server_time - it.random.choice((2, 20)) * MINUTE
    least = {
        order.order_id
        for order in _seen(it, it.world.book(it.uid).all_orders.values())
        if not order.is_open and symbol in (None, order.symbol) and order.placed_at >= start
    }
    found = [order.order_id async for order in it.spot.iter_order_history(symbol, start=start)]
    _once(it, found, least, set(it.world.book(it.uid).all_orders), "iter_order_history")


async def fills(it: Trader) -> None:
    """The fills of a symbol."""
    symbol, start = it.random.choice(SYMBOLS), it.world.server_time - it.random.choice((2, 20)) * MINUTE

    def of_book() -> set[str]:
        found = [fill for fill in it.world.book(it.uid).fills if fill.order.symbol == symbol and fill.time >= start]
        return {str(fill.fill_id) for fill in found}

    before = of_book()
    found = [str(fill.trade_id) async for fill in it.spot.iter_fills(symbol, start=start)]
    every = {str(fill.fill_id) for fill in it.world.book(it.uid).fills}
    _once(it, found, before, every, "iter_fills")


async def pair_history(it: Trader) -> None:
    """The OCO orders that are done."""
    start = it.world.server_time - 10 * MINUTE
    pairs = [pair for pair in it.world.book(it.uid).all_pairs if not pair.is_open and pair.placed_at >= start]
    least = {pair.list_id for pair in pairs if _seen(it, pair.legs)}
    found = [pair.order_list_id async for pair in it.spot.iter_oco_history(start=start)]
    _once(it, found, least, {pair.list_id for pair in it.world.book(it.uid).all_pairs}, "iter_oco_history")


async def one_order(it: Trader) -> None:
    """One order by its id, which is open."""
    open_now = {order.order_id for order in _seen(it, it.world.book(it.uid).orders.values())}
    refs = [ref for ref in it.refs if ref[1] in open_now]
    if refs:
        symbol, number = it.random.choice(refs)
        order = await it.spot.get_order(symbol, number)
        it.check(order.order_id == number, f"{order} is the one that was asked for")


async def one_pair(it: Trader) -> None:
    """One OCO order by the id of a leg, under whatever name the exchange takes it."""
    if it.pairs:
        leg = it.random.choice(it.pairs)
        names = it.world.book(it.uid).find_pair(leg)
        pair = await it.spot.get_oco_order(client_order_id=names.legs[0].client_order_id if names else leg)
        it.check(leg in {each.order_id for each in pair.legs}, f"{pair} is the one that was asked for")


async def depth(it: Trader) -> None:
    """An order book, best first."""
    symbol = it.random.choice(SYMBOLS)
    ask = it.spot.get_depth if it.random.random() < 0.7 else it.spot.get_aggregated_depth
    book = await ask(symbol)
    prices = [level.price for level in book.bids[::-1]] + [level.price for level in book.asks]
    it.check(prices == sorted(prices) and len(book.bids) > 0, f"{symbol} is best first: {prices}")


async def market(it: Trader) -> None:
    """Anything else of the market."""
    symbol, spot = it.random.choice(SYMBOLS), it.spot
    now = it.world.server_time
    asks = (
        spot.list_symbols,
        spot.get_server_time,
        spot.list_tickers,
        spot.list_prices,
        spot.list_book_tickers,
        bind(spot.get_symbol, symbol),
        bind(spot.get_ticker, symbol),
        bind(spot.get_price, symbol),
        bind(spot.get_book_ticker, symbol),
        bind(spot.list_trades, symbol, 20),
        bind(spot.list_klines, symbol, "1m", limit=30),
        bind(spot.list_historical_klines, symbol, "1m", start=now - 30 * MINUTE, end=now),
    )
    await it.random.choice(asks)()


async def candles(it: Trader) -> None:
    """Candles page by page: oldest first, none twice."""
    now = it.world.server_time
    found: list[Hashable] = [
        each.open_time async for each in it.spot.iter_klines("BTC-USDT", "1m", start=now - 60 * MINUTE, end=now)
    ]
    it.check(len(set(found)) == len(found) >= 59, f"there are 60 candles: {found}")


async def old_trades(it: Trader) -> None:
    """A few historical trades."""
    numbers: list[Hashable] = []
    async for trade in it.spot.iter_historical_trades(it.random.choice(SYMBOLS)):
        numbers.append(trade.trade_id)
        if len(numbers) == 30:
            break
    it.check(len(set(numbers)) == len(numbers), f"each trade once: {numbers}")


async def account(it: Trader) -> None:
    """Anything else of the account."""
    asks = (
        it.account.list_balances,
        it.account.list_fund_balances,
        it.account.get_overview,
        it.account.get_uid,
        it.account.get_permissions,
        bind(it.spot.get_commission_rate, it.random.choice(SYMBOLS)),
    )
    await it.random.choice(asks)()


async def listen_key(it: Trader) -> None:
    """A listen key is made, extended, and ended."""
    if not it.listen_key:
        it.listen_key = await it.account.create_listen_key()
    elif it.random.random() < 0.6:
        await it.account.extend_listen_key(it.listen_key)
    else:
        key, it.listen_key = it.listen_key, ""
        await it.account.delete_listen_key(key)


async def request(it: Trader) -> None:
    """An endpoint by its path, under the quota that it has anyway."""
    reply = await it.client.request("GET", GET_UID.path, quota=Quota(5, 1.0))
    it.check(str(it.uid) in str(reply), f"{reply} is about {it.uid}")


LOOKING: tuple[tuple[Act, float], ...] = (
    (open_orders, 2.0),
    (open_pairs, 1.0),
    (history, 0.8),
    (fills, 0.8),
    (pair_history, 0.6),
    (one_order, 1.5),
    (one_pair, 0.5),
    (depth, 1.5),
    (market, 2.5),
    (candles, 0.2),
    (old_trades, 0.3),
    (account, 1.5),
    (listen_key, 0.6),
    (request, 0.5),
)
