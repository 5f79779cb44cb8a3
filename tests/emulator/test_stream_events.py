"""The events of an account on the emulator's streams."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from bingx_async.emulator import Account, Emulator, Market, Variants
from tests.emulator.calls import NOW, SYMBOL
from tests.emulator.peer import Peer, trader
from tests.emulator.trading import FREE, LIMIT, MARKET, STOP, Trading

ALL = Variants(conditional_events="all", oco_events="all")


def kinds(messages: list[Any]) -> list[tuple[str, str]]:
    """Kind and state of the order events."""
    return [(each["data"]["x"], each["data"]["X"]) for each in messages if "data" in each]


def rows(messages: list[Any]) -> list[dict[str, tuple[str, str]]]:
    """By asset what is free and locked, of each balance event."""
    return [{row["a"]: (row["wb"], row["lk"]) for row in each["a"]["B"]} for each in messages if "a" in each]


def live(balances: dict[str, str] | None = None, **options: Any) -> Trading:
    """A market whose price was set, without fees."""
    trading = Trading(balances, market=FREE, **options)
    trading.emulator.set_price(SYMBOL, "61250")
    return trading


def test_an_order_that_rests() -> None:
    """The event has everything of the order, under its client id, and then what it locked."""
    trading = live({"USDT": "100000"})
    peer = trader(trading)
    order = trading.place(**LIMIT, newClientOrderId="mine-7")
    event, balance = peer.take()
    assert event["data"] == {
        "e": "executionReport",
        "E": NOW,
        "s": SYMBOL,
        "S": "BUY",
        "o": "LIMIT",
        "q": Decimal("0.5"),
        "p": 60000,
        "Q": 0,
        "x": "NEW",
        "X": "PENDING",
        "i": order["orderId"],
        "C": "mine-7",
        "O": NOW,
        "z": 0,
        "Z": 0,
        "l": 0,
        "L": 0,
        "Y": 0,
        "n": 0,
        "N": "",
        "m": False,
        "T": 0,
        "t": -1,
    }
    assert (event["code"], event["dataType"], event["success"]) == (0, "spot.executionReport", True)
    assert balance == {
        "e": "ACCOUNT_UPDATE",
        "E": NOW,
        "T": NOW,
        "a": {"m": "ORDER", "B": [{"a": "USDT", "bc": "-30000.0", "cw": "70000.0", "wb": "70000.0", "lk": "30000.0"}]},
    }


def test_fills() -> None:
    """Each has an event of its own with what it added and what there is in all; the last one says FILLED."""
    trading = Trading({"USDT": "100000"}, market=Market(moves=False, levels=3, depth=Decimal(6000)))
    trading.emulator.set_price(SYMBOL, "61250")
    peer = trader(trading)
    order = trading.place(**{**LIMIT, "price": "62000", "quantity": "0.3"})
    trading.emulator.set_price(SYMBOL, "59000")
    events = [each["data"] for each in peer.take() if "data" in each]
    fills = trading.emulator.fills("1001")
    assert kinds([{"data": each} for each in events]) == [
        ("NEW", "PENDING"),
        *[("TRADE", "PARTIALLY_FILLED")] * (len(fills) - 1),
        ("TRADE", "FILLED"),
    ]
    assert [(each["t"], each["L"], each["l"], -each["n"], each["m"]) for each in events[1:]] == [
        (fill.fill_id, fill.price, fill.quantity, fill.fee, fill.is_maker) for fill in fills
    ]
    quantities = [fill.quantity for fill in fills]
    assert [each["z"] for each in events[1:]] == [sum(quantities[: index + 1]) for index in range(len(fills))]
    assert (events[-1]["z"], events[-1]["N"], events[-1]["i"]) == (Decimal("0.3"), "BTC", order["orderId"])
    assert (events[-1]["Z"], events[-1]["T"]) == (sum(fill.value for fill in fills), NOW)


def test_balances_of_a_trade() -> None:
    """What events tell last is what a query finds, for buying, selling and cancelling."""
    trading = live({"USDT": "100000", "BTC": "2"})
    peer, told = trader(trading), dict[str, tuple[str, str]]()
    trading.place(**MARKET)
    trading.place(**{**LIMIT, "side": "SELL", "quantity": "1.5", "price": "61200"})
    order = trading.place(**LIMIT)
    trading.data("cancel_order", symbol=SYMBOL, orderId=order["orderId"])
    for each in rows(peer.take()):
        told.update(each)
    listed = {asset: (f"{free:f}", f"{locked:f}") for asset, (free, locked) in trading.balances().items()}
    assert {asset: tuple(map(Decimal, each)) for asset, each in told.items()} == {
        asset: tuple(map(Decimal, each)) for asset, each in listed.items()
    }


def test_a_market_order_by_amount() -> None:
    """Its quantity is 0, its amount and the sums are told, and the last fill ends it."""
    trading = live()
    peer = trader(trading)
    trading.place(**MARKET)
    *_, last = [each["data"] for each in peer.take() if "data" in each]
    assert (last["q"], last["Q"], last["x"], last["X"]) == (0, 6000, "TRADE", "FILLED")
    assert 5990 < last["Z"] <= 6000


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"timeInForce": "IOC", "price": "50000"}, [("NEW", "PENDING"), ("CANCELED", "CANCELED")]),
        ({"timeInForce": "FOK", "price": "50000"}, [("NEW", "PENDING"), ("CANCELED", "CANCELED")]),
        ({"timeInForce": "PostOnly", "price": "62000"}, [("NEW", "PENDING"), ("CANCELED", "CANCELED")]),
        ({"quantity": "-1"}, []),
    ],
)
def test_orders_that_end_at_once(params: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    """They were accepted and have ended; one that was refused has no event."""
    trading = live()
    peer = trader(trading)
    trading.ask("place_order", **{**LIMIT, **params})
    assert kinds(peer.take()) == expected


def test_cancels() -> None:
    """Every way to cancel is told, also the dead man's switch, at the moment at which it ran out."""
    trading = live()
    peer = trader(trading)
    orders = [trading.place(**LIMIT) for _ in range(3)]
    trading.data("cancel_order", symbol=SYMBOL, orderId=orders[0]["orderId"])
    trading.data("cancel_open_orders", symbol=SYMBOL)
    trading.place(**LIMIT)
    trading.data("cancel_all_after", type="ACTIVATE", timeOut=10)
    peer.take()
    trading.now += 0
    ended = [each for each in peer.take(11_000) if "data" in each]
    assert kinds(ended) == [("CANCELED", "CANCELED")]
    assert 10_000 <= ended[0]["data"]["E"] - NOW <= 10_000 + 1000


def test_fills_need_no_request() -> None:
    """A market that moves by itself fills an order while nothing is asked, at the step at which it crosses it."""
    trading = Trading(market=Market(seed=7, volatility=0.02))
    peer = trader(trading)
    price = trading.emulator.price(SYMBOL) * Decimal("0.9995")
    trading.place(**{**LIMIT, "price": f"{price:.2f}"})
    assert kinds(peer.take()) == [("NEW", "PENDING")]
    told = [each["data"] for each in peer.take(7_200_000) if "data" in each]
    fills = trading.emulator.fills("1001")
    assert [(each["t"], each["T"], each["E"]) for each in told] == [
        (fill.fill_id, fill.time, fill.time) for fill in fills
    ]
    assert told[-1]["X"] == "FILLED"


def test_a_price_that_is_set_is_told_at_once() -> None:
    """The fill is heard without any time passing."""
    trading = live()
    peer = trader(trading)
    trading.place(**LIMIT)
    trading.emulator.set_price(SYMBOL, "59000")
    assert kinds(peer.take()) == [("NEW", "PENDING"), ("TRADE", "FILLED")]


def test_a_trigger_without_funds() -> None:
    """The order that waited has failed."""
    trading = live({"USDT": "1000"}, variants=Variants(conditional_events="all", conditional_lock="none"))
    peer = trader(trading)
    trading.place(**{**STOP, "side": "BUY", "price": "60000"})
    trading.emulator.set_price(SYMBOL, "59000")
    assert kinds(peer.take()) == [("NEW", "NEW"), ("CANCELED", "FAILED")]


def test_a_triggered_order_under_a_new_id() -> None:
    """It goes on under the new id, with the same client id."""
    trading = live(variants=Variants(conditional_events="all", triggered_id="new"))
    peer = trader(trading)
    trading.place(**STOP, newClientOrderId="mine")
    trading.emulator.set_price(SYMBOL, "58950")
    events = [each["data"] for each in peer.take() if "data" in each]
    assert {each["C"] for each in events} == {"mine"}
    assert len({each["i"] for each in events}) == 2


def test_accounts_and_topics_are_apart() -> None:
    """A socket hears of its own account alone, and of what it has subscribed to."""
    accounts = [Account(uid, f"emulator-key-{uid}", f"emulator-secret-{uid}") for uid in ("1001", "2")]
    trading = Trading()
    trading.emulator = Emulator(accounts, clock=lambda: trading.now, profile="unlimited")
    orders, nothing, market = Peer(trading, True), Peer(trading, True), Peer(trading)
    orders.ask("spot.executionReport")
    market.ask(f"{SYMBOL}@trade")
    trading.emulator.rest_orders("2", SYMBOL, 1)
    trading.place(**LIMIT)
    assert [len(peer.take()) for peer in (orders, nothing, market)] == [1, 0, 0]


def test_nothing_is_told_later() -> None:
    """A socket hears of nothing that was before its subscription."""
    trading = live()
    trading.place(**LIMIT)
    peer = Peer(trading, listen_key=True)
    trading.place(**LIMIT)
    assert len(peer.ask("spot.executionReport")) == 1
    assert peer.take(1000) == []


def test_initial_balances() -> None:
    """With the variant they are all there, free and locked."""
    trading = live({"USDT": "100", "BTC": "2"}, variants=Variants(initial_balances="INIT"))
    trading.place(**{**LIMIT, "quantity": "0.001"})
    peer = Peer(trading, listen_key=True)
    told = [each for each in peer.ask("ACCOUNT_UPDATE") if "a" in each]
    assert rows(told) == [{"BTC": ("2", "0"), "USDT": ("40.000", "60.000")}]


def test_both_legs() -> None:
    """Cancelling an OCO order ends both, and frees what they held together once."""
    trading = live({"BTC": "2"}, variants=ALL)
    peer = trader(trading)
    prices = {"limitPrice": "63000", "triggerPrice": "58000", "orderPrice": "57900"}
    (leg, _) = trading.data("place_oco_order", symbol=SYMBOL, side="SELL", quantity="1", **prices)
    trading.data("cancel_oco_order", orderId=leg["orderId"])
    told = peer.take()
    assert kinds(told) == [("NEW", "PENDING"), ("NEW", "NEW"), *[("CANCELED", "CANCELED")] * 2]
    assert rows(told) == [{"BTC": ("1", "1")}, {"BTC": ("2", "0")}]
