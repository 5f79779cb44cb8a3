"""Trading rules: numbers are brought to their grids exactly, an order that breaks a rule is refused with the cure."""

from __future__ import annotations

import re
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bingx_async import InvalidRequest, NewOrder, SymbolRules

STEPS = ["1", "0.1", "0.00001", "1e-05", "0.00003", "0.5", "2.5", "7", "0.000061000000000000005", "1e-18", "100"]
steps = st.sampled_from([Decimal(step) for step in STEPS])
numbers = st.decimals("1e-20", "1e20", allow_nan=False, allow_infinity=False, places=20)
counts = st.integers(1, 10**9)
parts = st.sampled_from([Decimal(part) for part in ("0", "0.01", "0.5", "0.99")])  # of a step
RULES = SymbolRules(
    symbol="BTC-USDT",
    tick_size=Decimal("0.1"),
    step_size=Decimal("0.00003"),
    min_notional=Decimal(5),
    max_notional=Decimal(100_000),
    max_market_notional=Decimal(20_000),
    status=1,
    can_api_buy=True,
    can_api_sell=True,
)


def rules(**fields: Any) -> SymbolRules:
    base = {"symbol": "BTC-USDT", "tick_size": Decimal("0.1"), "step_size": Decimal("0.00003"), "status": 1}
    return SymbolRules(**{**base, **fields})


def order(**fields: Any) -> NewOrder:
    return NewOrder(**{"symbol": "BTC-USDT", "side": "BUY", "type": "LIMIT", **fields})


@given(numbers, steps)
def test_prices(price: Decimal, tick: Decimal) -> None:
    """A BUY price is the nearest multiple of the tick at or below the price, a SELL price the nearest at or above it,
    as exact fractions have it; both stand on the grid already and change no more."""
    each, exact, step = rules(tick_size=tick), Fraction(price), Fraction(tick)
    down, up = each.quantize_price(price, "BUY"), each.quantize_price(price, "SELL")
    assert Fraction(down) == exact // step * step
    assert Fraction(up) == -(-exact // step) * step
    assert each.quantize_price(up, "SELL") == up
    assert not down or each.quantize_price(down, "BUY") == down


@given(numbers, steps)
def test_quantities(quantity: Decimal, step: Decimal) -> None:
    """A quantity goes down to the nearest multiple of the step, and to 0 if it is less than one."""
    found = rules(step_size=step).quantize_quantity(quantity)
    assert Fraction(found) == Fraction(quantity) // Fraction(step) * Fraction(step)
    assert 0 <= quantity - found < step


def test_a_quotient() -> None:
    """What an amount of money buys at a price is a number of 28 digits, with up to 32 places: it is cut to the grid."""
    found = rules(step_size=Decimal("0.000001")).quantize_quantity(Decimal("20") / Decimal("68412.37"))
    assert found == Decimal("0.000292")
    tiny = rules(step_size=Decimal("0.000001")).quantize_quantity(Decimal(1) / Decimal("68412.37"))
    assert tiny == Decimal("0.000014")


@given(numbers, st.integers(0, 12))
def test_quote_quantities(amount: Decimal, places: int) -> None:
    """An amount in the quote asset is cut to so many places."""
    assert Fraction(RULES.quantize_quote_quantity(amount, places)) == Fraction(
        int(Fraction(amount) * 10**places), 10**places
    )


@given(numbers, counts, parts, steps, steps)
def test_what_is_quantized_is_accepted(price: Decimal, count: int, part: Decimal, tick: Decimal, step: Decimal) -> None:
    """An order of quantised numbers breaks no rule; off the grid it breaks one."""
    each, quantity = rules(tick_size=tick, step_size=step), step * (count + part)
    good_price, good_quantity = each.quantize_price(price, "SELL"), each.quantize_quantity(quantity)
    each.check(order(price=good_price, quantity=good_quantity))
    if good_price != price:
        with pytest.raises(InvalidRequest, match="is not a multiple of the tick size"):
            each.check(order(price=price, quantity=good_quantity))
    if good_quantity != quantity:
        with pytest.raises(InvalidRequest, match="is not a multiple of the step size"):
            each.check(order(price=good_price, quantity=quantity))


@given(numbers, steps, numbers, counts)
def test_value(price: Decimal, step: Decimal, bound: Decimal, count: int) -> None:
    """A value below the least is refused with the least quantity that is worth it: that one passes, one step less
    does not. The same for the greatest value, unless one step is worth more."""
    low, high = rules(step_size=step, min_notional=bound), rules(step_size=step, max_notional=bound)
    fair, amount = low.quantize_price(price, "SELL"), step * count
    worth = Fraction(fair) * Fraction(amount)
    for each, is_wrong, sign in ((low, worth < Fraction(bound), 1), (high, worth > Fraction(bound), -1)):
        if not is_wrong:
            each.check(order(price=fair, quantity=amount))
            continue
        with pytest.raises(InvalidRequest) as caught:
            each.check(order(price=fair, quantity=amount))
        found = re.search(r"write quantity=(\S+) or (more|less)$", str(caught.value))
        if found is None:
            assert str(caught.value).endswith("lower the price")
            assert Fraction(fair) * Fraction(step) > Fraction(bound)
            continue
        cure = Fraction(found[1])
        assert (Fraction(fair) * cure - Fraction(bound)) * sign >= 0
        assert (Fraction(fair) * (cure - sign * Fraction(step)) - Fraction(bound)) * sign < 0


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"price": "61250.55", "quantity": "0.003"},
            "price=61250.55 is not a multiple of the tick size 0.1 of BTC-USDT: write 61250.5 or 61250.6",
        ),
        (
            {"price": "0.05", "quantity": "0.003"},
            "price=0.05 is not a multiple of the tick size 0.1 of BTC-USDT: write 0.1",
        ),
        (
            {"price": "61250.5", "quantity": "0.00302"},
            "quantity=0.00302 is not a multiple of the step size 0.00003 of BTC-USDT: write 0.003 or 0.00303",
        ),
        (
            {"type": "TRIGGER_LIMIT", "price": "61250.5", "stop_price": "61000.05", "quantity": "0.003"},
            "stop_price=61000.05 is not a multiple of the tick size 0.1 of BTC-USDT: write 61000 or 61000.1",
        ),
        (
            {"price": "50000", "quantity": "0.00003"},
            "the order is worth 1.5 USDT, less than the 5 that BTC-USDT allows: write quantity=0.00012 or more",
        ),
        (
            {"price": "50000", "quantity": "3"},
            "the order is worth 150000 USDT, more than the 100000 that BTC-USDT allows: write quantity=1.99998 or less",
        ),
        (
            {"price": "50000", "quote_quantity": "4.5"},
            "the order is worth 4.5 USDT, less than the 5 that BTC-USDT allows: write quote_quantity=5 or more",
        ),
        (
            {"type": "MARKET", "quote_quantity": 20001},
            "the order is worth 20001 USDT, more than the 20000 that BTC-USDT allows: "
            "write quote_quantity=20000 or less",
        ),
        (
            {"type": "MARKET", "quote_quantity": "10.000000001"},
            "quote_quantity=10.000000001 is not a multiple of the smallest part 0.00000001 of BTC-USDT: "
            "write 10 or 10.00000001",
        ),
        ({"price": "50_000", "quantity": 1}, "price='50_000' holds underscores: leave them out"),
        ({"side": "buy", "price": 50000, "quantity": 1}, "side='buy' must be 'BUY' or 'SELL'"),
        (
            {"symbol": "ETH-USDT", "price": 5, "quantity": 1},
            "these are the rules of BTC-USDT, and the order is for ETH-USDT",
        ),
        ({"price": 50000.5, "quantity": 1}, "price must be a Decimal, an int or a str such as '0.1', not a float"),
        ({"price": "50,000", "quantity": 1}, "price='50,000' is not a number: write a Decimal, or a str such as '0.1'"),
        ({"price": "-1", "quantity": 1}, "price must be a finite number above 0 with at most 40 digits on each side"),
        (
            {"price": "1e999999", "quantity": 1},
            "price must be a finite number above 0 with at most 40 digits on each side",
        ),
    ],
)
def test_refusals(fields: dict[str, Any], message: str) -> None:
    """The message names the rule and the nearest numbers that keep it."""
    with pytest.raises(InvalidRequest) as caught:
        RULES.check(order(**fields))
    assert str(caught.value) == message


def test_what_is_not_known_is_not_refused() -> None:
    """The value of a market order that sells, a bound or a flag that the reply lacks, minQty and maxQty."""
    RULES.check(order(side="SELL", type="MARKET", quantity="0.00003"))
    RULES.check(order(side="SELL", type="TRIGGER_MARKET", quantity="0.00003", stop_price="50000"))
    RULES.check(order(type="MARKET", quote_quantity="12.3456789"))
    rules(status=None, raw={"minQty": 1}).check(order(price="0.1", quantity="0.00003"))
    rules(max_notional=Decimal("1e-9999"), min_notional=Decimal("1e9999")).check(order(price=9, quantity="0.00003"))
    rules(max_notional=Decimal(0), min_notional=Decimal(0)).check(order(price="50000", quantity="3000"))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"status": 0}, "BTC-USDT is offline (status 0): the exchange takes no orders for it"),
        ({"status": 25}, "BTC-USDT is suspended (status 25): the exchange takes no orders for it"),
        ({"status": 77}, "BTC-USDT is not online (status 77): the exchange takes no orders for it"),
        ({"can_api_buy": False}, "the exchange takes no BUY orders by API for BTC-USDT"),
        ({"tick_size": None}, "the exchange tells no tick size of BTC-USDT; check=False sends an order unchecked"),
        (
            {"step_size": Decimal(0)},
            "the exchange tells no step size of BTC-USDT; check=False sends an order unchecked",
        ),
    ],
)
def test_no_trading(fields: dict[str, Any], message: str) -> None:
    """Nothing is placed where nothing is traded, or where the grid is not known."""
    with pytest.raises(InvalidRequest) as caught:
        rules(**fields).check(order(price="50000", quantity="0.003"))
    assert str(caught.value) == message
    if "can_api_buy" in fields:
        rules(**fields).check(order(side="SELL", price="50000", quantity="0.003"))


def test_wrong_side() -> None:
    """A price is rounded for a side."""
    with pytest.raises(InvalidRequest, match="side='buy' must be 'BUY' or 'SELL'"):
        RULES.quantize_price("1", "buy")


def test_the_context_of_the_program_does_not_matter() -> None:
    """A program that calculates with few digits gets all of them here."""
    with localcontext(prec=3):
        assert RULES.quantize_price("61250.55", "SELL") == Decimal("61250.6")
        RULES.check(order(price="61250.5", quantity="0.00303"))
