"""Money is conserved: whatever is ordered and wherever the market goes, no digit appears or is lost."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal, localcontext
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bingx_async.catalogue import CATALOGUE
from bingx_async.emulator import Account, Emulator, Market, Variants
from bingx_async.emulator.floor import Floor
from bingx_async.emulator.trading.orders import Order
from tests.emulator.calls import NOW, call, read

SYMBOLS = ["BTC-USDT", "ETH-USDT", "ETH-BTC", "ODD-USDT"]
MIDS = {"BTC-USDT": 61250, "ETH-USDT": 2950, "ETH-BTC": Decimal("0.0482"), "ODD-USDT": Decimal("0.01233")}
FUNDS = {"USDT": "50000.000001", "BTC": "0.7", "ETH": "12.3456789", "ODD": "100000"}
ASSETS = ["USDT", "BTC", "ETH", "ODD"]

ORDER = st.fixed_dictionaries(
    {
        "symbol": st.sampled_from(SYMBOLS),
        "side": st.sampled_from(["BUY", "SELL"]),
        "type": st.sampled_from(["LIMIT", "LIMIT", "MARKET", "TAKE_STOP_LIMIT", "TRIGGER_MARKET", "TRIGGER_LIMIT"]),
        "timeInForce": st.sampled_from(["GTC", "GTC", "IOC", "FOK", "PostOnly"]),
        "at": st.integers(-60, 60),  # tenths of a percent from the middle
        "stop": st.integers(-60, 60),
        "worth": st.decimals("1.5", "40000", places=5),  # in USDT
    }
)
PLACE = st.tuples(st.just("place"), ORDER)
OCO = st.tuples(st.just("oco"), ORDER)
CANCEL = st.tuples(st.just("cancel"), st.integers(0, 30))
WAIT = st.tuples(st.just("wait"), st.integers(100, 4_000_000))
JUMP = st.tuples(st.just("jump"), st.tuples(st.sampled_from(SYMBOLS), st.integers(-50, 50)))
STEPS = st.lists(st.one_of(PLACE, PLACE, PLACE, OCO, CANCEL, WAIT, JUMP), min_size=5, max_size=40)


class Trader:
    """Plays steps against an emulator of two accounts, of which the second owns anything."""

    def __init__(self, market: Market) -> None:
        self.now = NOW
        accounts = [
            Account("1001", "emulator-key-1001", "emulator-secret-1001", balances=FUNDS),
            Account("2", "k", "s"),
        ]
        variants = Variants(conditional_lock="none")
        self.emulator = Emulator(
            accounts, profile="unlimited", error_limit=None, clock=lambda: self.now, market=market, variants=variants
        )
        self.floor: Floor = self.emulator._exchange.floor
        self.ids: list[tuple[str, int]] = []

    def play(self, kind: str, value: Any) -> None:
        """One step."""
        if kind == "wait":
            self.now += value
        elif kind == "jump":
            symbol, tenths = value
            self.emulator.set_price(symbol, MIDS[symbol] * (1000 + Decimal(tenths)) / 1000)
        elif kind == "cancel" and self.ids:
            symbol, order_id = self.ids[value % len(self.ids)]
            self.ask("cancel_order", symbol=symbol, orderId=order_id)
        elif kind in ("place", "oco"):
            getattr(self, kind)(value)

    def place(self, order: dict[str, Any]) -> None:
        """An order around the middle."""
        symbol, mid, side = order["symbol"], MIDS[order["symbol"]], order["side"]
        worth = order["worth"] / (61250 if symbol.endswith("BTC") else 1)
        amount = {"quantity": f"{worth / mid:.8f}"}
        if side == "BUY" and order["type"].endswith("MARKET"):
            amount = {"quoteOrderQty": f"{worth:.8f}"}
        prices = {
            "price": f"{mid * (1000 + order['at']) / 1000:.8f}",
            "stopPrice": f"{mid * (1000 + order['stop']) / 1000:.8f}",
        }
        fields = {name: order[name] for name in ("symbol", "side", "type", "timeInForce")}
        data = self.ask("place_order", **fields, **amount, **prices).get("data")
        if data:
            self.ids.append((symbol, data["orderId"]))

    def oco(self, order: dict[str, Any]) -> None:
        """A pair around the middle."""
        mid, sign = self.emulator.price(order["symbol"]), 1 if order["side"] == "SELL" else -1
        worth = order["worth"] / (61250 if order["symbol"].endswith("BTC") else 1)
        near = mid * (1000 + sign * (1 + abs(order["at"]))) / 1000
        far = mid * (1000 - sign * (1 + abs(order["stop"]))) / 1000
        prices = {"limitPrice": f"{near:.8f}", "triggerPrice": f"{far:.8f}", "orderPrice": f"{far:.8f}"}
        self.ask("place_oco_order", symbol=order["symbol"], side=order["side"], quantity=f"{worth / mid:.8f}", **prices)

    def ask(self, name: str, **params: Any) -> Any:
        """The JSON of a reply."""
        endpoint = CATALOGUE.get(name)[0]
        return read(self.emulator.handle(call(endpoint.path, self.now, method=endpoint.method, **params)))

    def totals(self) -> dict[str, Decimal]:
        """All that there is of each asset."""
        with localcontext(prec=80):
            return {asset: self.emulator.total(asset) for asset in ASSETS}

    def open(self) -> list[Order]:
        """The open orders and legs of the first account."""
        book = self.floor.books["1001"]
        return [*book.orders.values(), *(leg for pair in book.pairs for leg in pair.legs if leg.is_open)]

    def locked(self) -> dict[str, Decimal]:
        """The amounts that open orders need, each pair its dearer leg."""
        needs: defaultdict[str, Decimal] = defaultdict(Decimal)
        holds = {id(order.hold): order.hold for order in self.open() if order.hold is not None}
        for hold in holds.values():
            needs[hold.asset] += hold.needed
        return needs


def check(trader: Trader) -> None:
    """For each asset wallets, market and fees sum to what there was at first; nothing is negative, and what is locked
    is exactly what the open orders need."""
    trader.emulator.open_orders("1001")
    wallets = trader.floor.ledger.wallets("1001")
    assert trader.totals() == {asset: Decimal(amount) for asset, amount in FUNDS.items()}
    assert all(wallet.free >= 0 for wallet in wallets.values())
    assert {asset: wallet.locked for asset, wallet in wallets.items() if wallet.locked} == {
        asset: need for asset, need in trader.locked().items() if need
    }


@settings(max_examples=60, deadline=None)
@given(STEPS, st.booleans())
def test_money_is_conserved(steps: list[tuple[str, Any]], moves: bool) -> None:
    """No digit of any asset appears or is lost, after every step."""
    trader = Trader(Market(seed=2, moves=moves, volatility=0.02, depth=Decimal(3000), levels=20))
    for kind, value in steps:
        trader.play(kind, value)
        check(trader)


@pytest.mark.parametrize("seed", [1, 2])
def test_money_is_conserved_in_a_long_run(seed: int) -> None:
    """The same over hundreds of orders, with every kind of end among them."""
    trader = Trader(Market(seed=seed, volatility=0.02, depth=Decimal(300), levels=5))
    random, states = Random(seed), set[str]()
    for _ in range(250):
        kind = random.choice(["place", "place", "oco", "cancel", "wait", "jump"])
        order = {
            "symbol": random.choice(SYMBOLS),
            "side": random.choice(["BUY", "SELL"]),
            "type": random.choice(["LIMIT", "LIMIT", "MARKET", "TAKE_STOP_LIMIT", "TRIGGER_MARKET"]),
            "timeInForce": random.choice(["GTC", "GTC", "IOC", "FOK", "PostOnly"]),
            "at": random.randint(-60, 60),
            "stop": random.randint(-60, 60),
            "worth": Decimal(random.randint(150_000, 300_000_000)) / 100_000,
        }
        jump = random.choice(SYMBOLS), random.randint(-50, 50)
        values = {"cancel": random.randint(0, 30), "wait": random.randint(100, 600_000), "jump": jump}
        trader.play(kind, values.get(kind, order))
        check(trader)
        states |= {order.status for order in trader.floor.books["1001"].all_orders.values()}
    assert len(trader.floor.books["1001"].fills) > 30
    assert states >= {"FILLED", "CANCELED", "PENDING", "PARTIALLY_FILLED", "NEW"}


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_orders_agree_with_their_fills(steps: list[tuple[str, Any]]) -> None:
    """The quantity, value and fee of an order are those of its fills; a final state is never left, nothing is filled
    beyond what was ordered or at a price worse than the limit."""
    trader = Trader(Market(seed=2, volatility=0.02, depth=Decimal(3000), levels=20))
    final: dict[int, tuple[str, Decimal]] = {}
    for kind, value in steps:
        trader.play(kind, value)
        trader.emulator.open_orders("1001")
        for order in trader.floor.books["1001"].all_orders.values():
            state = order.status, order.executed
            assert final.setdefault(order.order_id, state) == state if order.order_id in final else True
            if not order.is_open:
                final[order.order_id] = state
    fills = trader.floor.books["1001"].fills
    assert [fill.fill_id for fill in fills] == sorted({fill.fill_id for fill in fills})
    for order in trader.floor.books["1001"].all_orders.values():
        own = [fill for fill in fills if fill.order is order]
        assert sum((fill.quantity for fill in own), Decimal(0)) == order.executed
        assert sum((fill.value for fill in own), Decimal(0)) == order.spent
        assert sum((fill.fee for fill in own), Decimal(0)) == order.fee
        assert order.is_by_amount or order.executed <= Decimal(order.quantity)
        assert (order.status == "FILLED") is (order.executed > 0 and not order.is_open and order.remaining == 0) or (
            order.is_by_amount
        )
        if order.has_limit:
            limit = Decimal(order.price)
            assert all(fill.price <= limit if order.side == "BUY" else fill.price >= limit for fill in own)
