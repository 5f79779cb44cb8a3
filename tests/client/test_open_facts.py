"""What the exchange's pages leave open about market data and the account: a client works under every answer.

A test for each variant of the emulator in which these methods could differ.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any

import attrs
import pytest

from bingx_async import BingXClient, Depth, Facts, Governor, Kline, Trade
from bingx_async.emulator import Emulator, default_accounts
from bingx_async.emulator.variants import Variants
from bingx_async.testing import EPOCH, simulated_clock
from tests.client.exchange import Backend, backends, run

HOUR = 3_600_000
Check = Callable[[BingXClient], Awaitable[None]]


async def check_books(client: BingXClient) -> None:
    """Both order books are best first, and the best prices fit to them."""
    depth = await client.spot.get_depth("BTC-USDT", 50)
    coarse = await client.spot.get_aggregated_depth("BTC-USDT", 2, 50)
    for book in (depth, coarse):
        assert isinstance(book, Depth)
        assert all(one.price > other.price for one, other in pairwise(book.bids))
        assert all(one.price < other.price for one, other in pairwise(book.asks))
        assert book.bids[0].price < book.asks[0].price
    best = await client.spot.get_book_ticker("BTC-USDT")
    assert best.bid_price is not None
    assert best.ask_price is not None
    assert best.bid_price < best.ask_price


async def check_prices(client: BingXClient) -> None:
    """Prices are there for one symbol and for all, and the change is last less open."""
    rules = {each.symbol for each in await client.spot.list_symbols() if each.can_buy and each.can_sell}
    ticker, price = await client.spot.get_ticker("BTC-USDT"), await client.spot.get_price("BTC-USDT")
    assert "BTC-USDT" in rules
    assert ticker.last_price is not None
    assert ticker.open_price is not None
    assert ticker.change == ticker.last_price - ticker.open_price
    assert price.price is not None
    assert price.price > 0
    for listed in (await client.spot.list_tickers(), await client.spot.list_prices()):
        assert rules <= {each.symbol for each in listed}
    assert rules <= {each.symbol for each in await client.spot.list_book_tickers()}


async def check_klines(client: BingXClient) -> None:
    """Candles come oldest first, each once and none left out, both from the list and from the iterator."""
    start, end = int(EPOCH) // HOUR * HOUR - 3000 * 60_000, int(EPOCH) // 60_000 * 60_000
    found = [each async for each in client.spot.iter_klines("BTC-USDT", "1m", start, end)]
    wanted = list(range(start, end, 60_000))
    assert [_opened(each) for each in found] == wanted
    assert all(each.is_closed for each in found)
    assert [_opened(each) for each in await client.spot.list_klines("BTC-USDT", "1m", start=start, limit=3)] == wanted[
        :3
    ]
    old = await client.spot.list_historical_klines("BTC-USDT", "1m", start=start, limit=3)
    assert [_opened(each) for each in old] == wanted[:3]


async def check_trades(client: BingXClient) -> None:
    """Trades come each once, newest first in the list; the iterator goes one way."""
    latest = await client.spot.list_trades("BTC-USDT", 10)
    times = [each.time for each in latest if each.time is not None]
    assert times == sorted(times, reverse=True)
    assert len(times) == 10
    found: list[Trade] = []
    trades: Any = client.spot.iter_historical_trades("BTC-USDT")
    async for each in trades:
        found.append(each)
        if len(found) == 1200:
            break
    await trades.aclose()
    assert len({each.trade_id for each in found}) == len(found) >= 500
    assert all(each.price and each.quantity and each.time for each in found)


async def check_account(client: BingXClient) -> None:
    """Balances, the overview and a listen key are read in every form."""
    balances = {each.asset: each.total for each in await client.account.list_balances()}
    assert balances["USDT"]
    assert isinstance(await client.account.list_fund_balances(), list)
    assert [each.usdt_balance for each in await client.account.get_overview()]
    key = await client.account.create_listen_key()
    await client.account.extend_listen_key(key)
    await client.account.delete_listen_key(key)
    assert await client.account.get_uid() == default_accounts()[0].account
    assert (await client.account.get_permissions()).permissions


def _opened(kline: Kline) -> int:
    assert kline.open_time is not None
    return round(kline.open_time.timestamp() * 1000)


MARKET, ACCOUNT = (check_books, check_prices, check_klines, check_trades), (check_account,)
CHECKS: dict[str, tuple[Check, ...]] = {
    "market_family": MARKET,
    "aggregated_symbol": (check_books,),
    "depth_order": (check_books,),
    "kline_start": (check_klines,),
    "historical_time_zone": (check_klines,),
    "trades_from_id": (check_trades,),
    "trade_ms": (check_trades,),
    "api_flags": (check_prices,),
    "numbers": (*MARKET, *ACCOUNT),
    "fund_form": ACCOUNT,
    "overview_form": ACCOUNT,
    "listen_key_form": ACCOUNT,
}
FACTS = {
    "market_family": (Facts(market_family="v1"), Facts(market_family="quote")),
    "aggregated_symbol": (Facts(aggregated_symbol="underscore"), Facts(aggregated_symbol="hyphen")),
}
CASES = [
    (check, Variants(**{name: choice}), facts)
    for name, checks in CHECKS.items()
    for check in checks
    for choice in attrs.fields_dict(Variants)[name].metadata["choices"]
    for facts in FACTS.get(name, (Facts(),))
]


@backends
@pytest.mark.parametrize(("check", "variants", "facts"), CASES)
def test_under_every_answer(check: Check, variants: Variants, facts: Facts, backend: Backend) -> None:
    """The same results, whichever answer the exchange gives, and whichever choice the client began with."""

    async def main() -> None:
        account, clock = default_accounts()[0], simulated_clock()
        emulator = Emulator(clock=clock.wall, variants=variants)
        settings: Any = {"governor": Governor(clock=clock), "transport": emulator.transport(), "facts": facts}
        async with BingXClient(account.api_key, account.secret_key, **settings) as client:
            await check(client)

    run(backend, main)
