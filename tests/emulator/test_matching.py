"""Orders against the market: they rest, are filled whole or in part, are triggered, or end."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from bingx_async.emulator import Market, Variants
from tests.emulator.calls import SYMBOL, UID
from tests.emulator.trading import LIMIT, MARKET, STOP, Trading

AT = Decimal("61250")  # where the quiet market stands


def live(price: str = "61250", **options: Any) -> Trading:
    """A market that stands at a price that was set by hand, so that orders are matched."""
    trading = Trading(**options)
    trading.emulator.set_price(SYMBOL, price)
    return trading


def test_a_quiet_market_lets_limit_orders_rest() -> None:
    """Whatever its price, a limit order rests; a market order is filled at once and whole, at the best price."""
    trading = Trading()
    resting = trading.place(**{**LIMIT, "price": "99000"})
    taken = trading.place(**{**MARKET, "side": "SELL", "quantity": "3"})
    trading.now += 86_400_000
    assert (trading.state(resting), trading.state(taken)) == (("PENDING", "0"), ("FILLED", "3"))
    assert trading.fills() == [("61249.99", "3", False)]


def test_a_price_set_by_hand_fills_what_it_goes_through() -> None:
    """A resting order is filled whole at its own price, as a maker; one that is not reached rests on."""
    trading = Trading()
    orders = [trading.place(**{**LIMIT, "price": price}) for price in ("60000", "59000")]
    trading.emulator.set_price(SYMBOL, "59500")
    assert [trading.state(order) for order in orders] == [("FILLED", "0.5"), ("PENDING", "0")]
    assert trading.fills() == [("60000", "0.5", True)]
    assert trading.order(orders[0])["cummulativeQuoteQty"] == "30000.0"


def test_the_market_that_touches_an_order_fills_a_part() -> None:
    """At its very price an order gets what is offered there, and more at the next step, until it is whole."""
    trading = Trading(market=Market(moves=False, depth=Decimal(600)))
    order = trading.place(**LIMIT)
    trading.emulator.set_price(SYMBOL, "59999.99")  # the best ask is the order's price
    status, executed = trading.state(order)
    assert (status, 0 < Decimal(executed) < Decimal("0.05")) == ("PARTIALLY_FILLED", True)
    assert trading.state(order) == (status, executed)  # nothing more within the step
    trading.now += 1000
    assert Decimal(trading.state(order)[1]) > Decimal(executed)
    trading.now += 3_600_000
    assert trading.state(order) == ("FILLED", "0.50000")
    assert {price for price, _, is_maker in trading.fills() if is_maker} == {"60000"}


def test_a_limit_order_takes_from_the_book_first() -> None:
    """It takes the levels up to its price, as a taker, each at the level's price, and the rest of it rests."""
    trading = live(market=Market(moves=False, levels=3, depth=Decimal(6000)))
    book = trading.data("get_depth", symbol=SYMBOL)["asks"][::-1]
    order = trading.place(**{**LIMIT, "price": "61300", "quantity": "5"})
    taken = sum(Decimal(quantity) for _, quantity in book)
    assert trading.fills() == [(price, quantity, False) for price, quantity in book]
    assert trading.state(order) == ("PARTIALLY_FILLED", f"{taken:f}")
    assert trading.data("get_depth", symbol=SYMBOL)["asks"] == []
    trading.now += 1000
    assert trading.state(order) == ("FILLED", "5.00000")


def test_slippage() -> None:
    """A market order pays more the more it takes; its average is value by quantity, its price a bound beyond."""
    trading = live()
    small, large = (trading.place(**{**MARKET, "quoteOrderQty": amount}) for amount in ("100", "150000"))
    paid = [Decimal(order["cummulativeQuoteQty"]) / Decimal(order["executedQty"]) for order in (small, large)]
    assert AT < paid[0] < paid[1] < Decimal(large["price"])
    assert (large["status"], large["origQty"], large["origQuoteOrderQty"]) == ("FILLED", "0", "150000")
    assert Decimal(150_000) - Decimal(large["cummulativeQuoteQty"]) < Decimal("0.62")  # less than a step of quantity


def test_a_thin_book_leaves_a_part_of_a_market_order() -> None:
    """The rest is cancelled: a market order may end cancelled with a part filled."""
    trading = live(market=Market(moves=False, levels=2, depth=Decimal(600)), balances={"USDT": "10000"})
    order = trading.place(**MARKET)
    assert order["status"] == "CANCELED"
    assert 0 < Decimal(order["executedQty"]) < Decimal("0.05")
    assert trading.balances()["USDT"] == (10_000 - Decimal(order["cummulativeQuoteQty"]), 0)


@pytest.mark.parametrize(
    ("time_in_force", "price", "state"),
    [
        ("IOC", "61250.01", "CANCELED"),
        ("IOC", "61000", "CANCELED"),
        ("IOC", "62000", "FILLED"),
        ("FOK", "61250.01", "CANCELED"),
        ("FOK", "62000", "FILLED"),
        ("PostOnly", "62000", "CANCELED"),
        ("POC", "62000", "CANCELED"),
        ("PostOnly", "61250", "PENDING"),
        ("GTC", "61250.01", "PARTIALLY_FILLED"),
    ],
)
def test_times_in_force(time_in_force: str, price: str, state: str) -> None:
    """IOC cancels the rest, FOK wants all or nothing, post-only never takes, GTC rests."""
    trading = live()
    order = trading.place(**{**LIMIT, "price": price, "quantity": "2", "timeInForce": time_in_force})
    filled = Decimal(order["executedQty"])
    assert order["status"] == state
    assert {"FILLED": filled == 2, "PENDING": filled == 0, "PARTIALLY_FILLED": 0 < filled < 2}.get(
        state, filled == 0 if time_in_force != "IOC" or price == "61000" else 0 < filled < 2
    )


@pytest.mark.parametrize(
    ("side", "stop", "price", "to"),
    [
        ("SELL", "59000", "58900", "59000"),
        ("SELL", "63000", "62900", "63000"),
        ("BUY", "59000", "59100", "58000"),
        ("BUY", "63000", "63100", "64000"),
    ],
)
@pytest.mark.parametrize("kind", ["TAKE_STOP_LIMIT", "TRIGGER_LIMIT"])
def test_conditional_orders(kind: str, side: str, stop: str, price: str, to: str) -> None:
    """They wait as NEW until the price comes to theirs, from whichever side, and are ordinary limit orders then."""
    trading = live()
    order = trading.place(**{**LIMIT, "type": kind, "side": side, "stopPrice": stop, "price": price})
    assert (order["status"], order["transactTime"]) == ("NEW", int(trading.now) // 1000)
    trading.emulator.set_price(SYMBOL, str((AT + Decimal(stop)) / 2))
    assert trading.state(order) == ("NEW", "0")
    trading.emulator.set_price(SYMBOL, to)
    is_reached = Decimal(price) <= Decimal(to) if side == "SELL" else Decimal(price) >= Decimal(to)
    assert trading.state(order)[0] == ("FILLED" if is_reached else "PENDING")


def test_conditional_market_orders() -> None:
    """They take what the market offers once they are triggered: by amount when buying, by quantity when selling."""
    trading = live()
    common = {"symbol": SYMBOL, "stopPrice": "60000"}
    bought = trading.place(**common, side="BUY", type="TRIGGER_MARKET", quoteOrderQty="600")
    sold = trading.place(**common, side="SELL", type="TAKE_STOP_MARKET", quantity="0.01")
    trading.emulator.set_price(SYMBOL, "60000")
    assert [trading.state(order) for order in (bought, sold)] == [("FILLED", "0.00999"), ("FILLED", "0.01")]


def test_a_trigger_without_funds_fails() -> None:
    """An order that locks nothing before it is triggered ends FAILED if the money is gone by then."""
    trading = live(balances={"USDT": "31000"})
    order = trading.place(**{**LIMIT, "type": "TRIGGER_LIMIT", "stopPrice": "60000"})
    assert trading.balances()["USDT"] == (31_000, 0)
    trading.place(**{**LIMIT, "price": "50000"})
    trading.emulator.set_price(SYMBOL, "60000")
    assert (trading.state(order), trading.balances()["USDT"]) == (("FAILED", "0"), (6000, 25_000))


@pytest.mark.parametrize(("to", "ends"), [("64000", ("FILLED", "CANCELED")), ("57000", ("CANCELED", "PENDING"))])
def test_oco(to: str, ends: tuple[str, str]) -> None:
    """One leg's first fill ends the other; the pair sets aside the dearer leg alone."""
    trading = live(balances={"BTC": "2"})
    params = {"limitPrice": "63000", "triggerPrice": "58000", "orderPrice": "57900"}
    trading.data("place_oco_order", symbol=SYMBOL, side="SELL", quantity="1.5", **params)
    assert trading.balances()["BTC"] == amounts_of("0.5", "1.5")
    trading.emulator.set_price(SYMBOL, to)
    (pair,) = trading.emulator._exchange.floor.books[UID].all_pairs
    if to == "57000":  # triggered, and above the market by then: it rests, and the limit leg still does
        assert [leg.status for leg in pair.legs] == ["PENDING", "PENDING"]
        trading.emulator.set_price(SYMBOL, "57950")
        ends = ("CANCELED", "FILLED")
    assert tuple(leg.status for leg in pair.legs) == ends
    assert trading.balances()["BTC"] == amounts_of("0.5", "0")


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (
            {"limitPrice": "61000"},
            "the market price 61250.00 must lie between limitPrice and triggerPrice of the SELL order",
        ),
        ({"side": "BUY"}, "the market price 61250.00 must lie between limitPrice and triggerPrice of the BUY order"),
        ({"quantity": "0.000001"}, "entrust volume too low"),
    ],
)
def test_oco_prices(changes: dict[str, str], text: str) -> None:
    """The market lies between limit price and trigger price: below the limit of a sale, above that of a purchase."""
    params = {"symbol": SYMBOL, "side": "SELL", "quantity": "1", "limitPrice": "63000", "orderPrice": "57900"}
    refused = live().refusal("place_oco_order", **{**params, "triggerPrice": "58000", **changes})
    assert refused == (100400, text)


def amounts_of(free: str, locked: str) -> tuple[Decimal, Decimal]:
    """Free and locked."""
    return Decimal(free), Decimal(locked)


def test_money_moves() -> None:
    """Buying locks the cost and pays it; the fee is taken from what is received; what is left over is free again."""
    market = Market(moves=False, maker_fee=Decimal("0.0008"), taker_fee=Decimal("0.001"))
    trading = live(market=market, balances={"USDT": "100000"})
    trading.place(**LIMIT)
    assert trading.balances() == {"USDT": (70_000, 30_000)}
    trading.emulator.set_price(SYMBOL, "59000")
    assert trading.balances() == {"USDT": (70_000, 0), "BTC": (Decimal("0.4996"), 0)}
    trading.place(**{**LIMIT, "side": "SELL", "quantity": "0.01", "price": "50000"})
    assert trading.balances() == {
        "USDT": (70_000 + Decimal("589.9999") * Decimal("0.999"), 0),
        "BTC": (Decimal("0.4896"), 0),
    }


def test_improved_prices_are_not_paid() -> None:
    """An order that is filled below its limit pays the better price, and the rest of what it locked is free."""
    trading = live(balances={"USDT": "70000"})
    trading.place(**{**LIMIT, "price": "70000", "quantity": "0.01"})
    assert trading.balances()["USDT"] == (70_000 - Decimal("612.5001"), 0)


def test_insufficient() -> None:
    """An asset that is not there, and an amount beyond what is free, are 100202 and change nothing."""
    trading = live(balances={"USDT": "29999.99"})
    refused = [trading.refusal("place_order", **params) for params in (LIMIT, {**LIMIT, "side": "SELL"}, STOP)]
    assert refused == [(100202, "Insufficient balance")] * 3
    assert trading.balances()["USDT"] == (Decimal("29999.99"), 0)
    assert trading.data("list_open_orders")["orders"] == []


def test_the_id_of_an_order_that_was_triggered() -> None:
    """An order that is triggered keeps its id, or goes on under a new one with the same client id."""
    for variant, is_kept in (("kept", True), ("new", False)):
        trading = live(variants=Variants(triggered_id=variant))
        order = trading.place(**STOP, newClientOrderId="mine")
        trading.emulator.set_price(SYMBOL, "58000")
        now = trading.data("get_order", symbol=SYMBOL, clientOrderID="mine")
        assert (now["status"], now["orderId"] == order["orderId"]) == ("PENDING", is_kept)
