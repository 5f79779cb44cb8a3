"""Prices: they depend on seed, symbol and moment alone, and no crossing is missed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bingx_async import InvalidRequest
from bingx_async.emulator import Emulator, Listing, Market
from bingx_async.emulator.market.ladder import Ladder
from bingx_async.emulator.market.listings import LISTINGS
from bingx_async.emulator.market.prices import Prices
from tests.emulator.calls import NOW, SYMBOL
from tests.emulator.trading import LIMIT, Trading

BTC = LISTINGS[SYMBOL]
HOUR = 3_600_000
START = int(NOW)


def path(times: list[int], seed: int = 7, symbol: str = SYMBOL) -> list[Decimal]:
    """The prices of a fresh market at these moments, asked for in this order."""
    prices = Prices(Market(seed=seed))
    return [prices.mid(LISTINGS[symbol], time) for time in times]


def test_a_walk_depends_on_seed_symbol_and_moment_alone() -> None:
    """Asked for in another order, or alone, the price of a moment is the same; another seed or symbol has another."""
    times = [START + minutes * 60_000 for minutes in range(200)]
    walk = path(times)
    assert path(times[::-1])[::-1] == walk
    assert path(times[77:78]) == walk[77:78]
    assert path(times, seed=8) != walk
    assert len(set(walk)) > 190


def test_a_walk_moves_as_it_is_told() -> None:
    """In an hour it moves by about its volatility, in a minute by far less, and never off the grid."""
    prices = Prices(Market(seed=3, volatility=0.01))

    def typical(span: int) -> float:
        starts = [START + index * 5 * HOUR for index in range(200)]
        moves = [float(prices.mid(BTC, at + span) / prices.mid(BTC, at)) - 1 for at in starts]
        return (sum(move**2 for move in moves) / len(moves)) ** 0.5

    assert 0.005 < typical(HOUR) < 0.03
    assert typical(60_000) < typical(HOUR) / 4
    assert all(prices.mid(listing, START) % listing.tick == 0 for listing in LISTINGS.values())


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 400), st.floats(0.0, 0.01), st.floats(0.0, 0.01))
def test_no_crossing_is_missed(start: int, steps: int, below: float, above: float) -> None:
    """The search finds the very step that looking at each would find."""
    prices, after = Prices(Market(seed=5, volatility=0.02)), START + start * 1000
    mid = prices.mid(BTC, after)
    low, high = mid * (1 - Decimal(below)), mid * (1 + Decimal(above))
    looks = [(after + step * 1000, prices.mid(BTC, after + step * 1000)) for step in range(1, steps + 1)]
    first = next((time for time, price in looks if price <= low or price >= high), None)
    assert prices.first_crossing(BTC, after, after + steps * 1000, low, high) == first


def test_a_given_path() -> None:
    """A list of points counts from the first use, each price holds until the next; a function has epoch ms."""
    points = [(0, "60000"), (5000, 59000), (9000, Decimal("61000"))]
    market = Market(moves=False, prices={SYMBOL: points, "ETH-USDT": lambda time: 2000 + (time - START) / 1000})
    trading = Trading(market=market)
    seen: list[tuple[Decimal, Decimal]] = []
    for _ in range(4):
        seen.append((trading.emulator.price(SYMBOL), trading.emulator.price("ETH-USDT")))
        trading.now += 4000
    assert seen == [
        (Decimal(60000), Decimal(2000)),
        (Decimal(60000), Decimal(2004)),
        (Decimal(59000), Decimal(2008)),
        (Decimal(61000), Decimal(2012)),
    ]


@pytest.mark.parametrize("looks", [1, 7, 3000])
def test_fills_do_not_depend_on_how_often_one_looks(looks: int) -> None:
    """A walk fills each order at the first step that crosses it, whether it is watched or not."""
    market = Market(seed=11, volatility=0.03)
    trading, prices = Trading(market=market), Prices(market)
    mid = trading.emulator.price(SYMBOL)
    limits = {percent: BTC.price_on_grid(f"{mid * percent / 100:f}") for percent in (98, 99, 101, 102)}
    for percent, price in limits.items():
        trading.place(**{**LIMIT, "side": "BUY" if percent < 100 else "SELL", "price": price, "quantity": "0.001"})
    for _ in range(looks):
        trading.now += 30_000_000 // looks
        trading.emulator.open_orders("1001")
    trading.now = NOW + 30_000_000
    steps = [(step, prices.best(BTC, START + step * 1000)) for step in range(1, 30_001)]
    expected = {
        price: next(
            (step for step, (bid, ask) in steps if (ask <= Decimal(price) if percent < 100 else bid >= Decimal(price)))
        )
        for percent, price in limits.items()
    }
    assert {fill.order.price: (fill.time - START) // 1000 for fill in trading.emulator.fills("1001")} == expected


def test_a_price_set_by_hand() -> None:
    """It holds in a quiet market; in one that moves, the walk goes on from there."""
    quiet, walking = Trading(), Trading(market="walk", seed=7)
    for trading in (quiet, walking):
        trading.emulator.set_price(SYMBOL, "70000.129")
        assert trading.emulator.price(SYMBOL) == Decimal("70000.12")
        trading.now += 60_000
    assert quiet.emulator.price(SYMBOL) == Decimal("70000.12")
    assert 0 < abs(walking.emulator.price(SYMBOL) - 70_000) < 2000


def test_walk_takes_the_seed_of_the_emulator() -> None:
    """Two emulators with one seed have one market."""
    prices = [Trading(market="walk", seed=seed).emulator.price(SYMBOL) for seed in (4, 4, 5)]
    assert prices[0] == prices[1] != prices[2]


def test_the_book_stands_on_the_grid() -> None:
    """Levels leave the middle free, grow away from it, and stand on the grids, also on odd ones."""
    for listing in LISTINGS.values():
        prices = Prices(Market())
        ladder = Ladder(prices)
        asks, bids = ladder.levels(listing, "BUY", START), ladder.levels(listing, "SELL", START)
        assert bids[0][0] < prices.mid(listing, START) < asks[0][0]
        assert (sorted(asks), sorted(bids, reverse=True)) == (asks, bids)
        assert {(price % listing.tick, quantity % listing.step) for price, quantity in asks + bids} == {(0, 0)}


def test_given_paths_fill_orders() -> None:
    """An order is filled at the very point of the list, or the very second of the function, that crosses it."""
    points: list[tuple[float, str]] = [(0, "61000"), (100_000_000, "58000")]
    market = Market(moves=False, prices={SYMBOL: points, "ETH-USDT": lambda time: 3000 - (time - START) / 10_000})
    trading = Trading(market=market)
    trading.emulator.price(SYMBOL)
    for symbol, price in ((SYMBOL, "60000"), ("ETH-USDT", "2990")):
        trading.place(**{**LIMIT, "symbol": symbol, "price": price})
    trading.now += 200_000_000
    found = {fill.order.symbol: fill.time - START for fill in trading.emulator.fills("1001")}
    assert found == {"ETH-USDT": 101_000, SYMBOL: 100_000_000}


def test_the_book_ends_at_zero() -> None:
    """A price of few ticks has few bids."""
    listing = Listing("FEW-USDT", price="0.05", tick="0.01", step="1")
    bids = Ladder(Prices(Market(moves=False, listings=[listing]))).levels(listing, "SELL", START)
    assert [f"{price:f}" for price, _ in bids] == ["0.04", "0.03", "0.02", "0.01"]


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda: Emulator(market="wild"), "market must be 'walk', 'quiet', 'live', .* or a value such as Market"),  # type: ignore[arg-type]
        (lambda: Emulator(variants=7), "variants must be a value such as Variants"),  # type: ignore[arg-type]
        (lambda: Market(prices={SYMBOL: []}), "must be a price such as '61250', a list of"),
        (lambda: Market(prices={SYMBOL: 1.5}), "must be a price such as '61250', a list of"),  # type: ignore[dict-item]
        (lambda: Market(listings=["BTC-USDT"]), "listings must be values such as Listing"),  # type: ignore[list-item]
        (lambda: Market(seed=-1), "seed must be a whole number, 0 or more, not -1"),
        (lambda: Listing("BTC"), "a Listing needs a symbol such as 'BTC-USDT'"),
        (lambda: Listing("BTC-USDT", tick=0), "a Listing needs a symbol such as 'BTC-USDT'"),
        (lambda: Emulator().set_price(SYMBOL, 60000.5), "price must be a number above 0 such as '61250', not 60000.5"),  # type: ignore[arg-type]
        (lambda: Emulator().set_price(SYMBOL, "-1"), "price must be a number above 0 such as '61250', not '-1'"),
        (lambda: Emulator().set_price(SYMBOL, "x"), "price must be a number above 0 such as '61250', not 'x'"),
        (lambda: Emulator().set_price("BTC", "1"), "no symbol 'BTC'; list it with"),
    ],
)
def test_settings_that_cannot_be(attempt: Any, message: str) -> None:
    """They are refused with the values that can be."""
    with pytest.raises(InvalidRequest, match=message):
        attempt()
