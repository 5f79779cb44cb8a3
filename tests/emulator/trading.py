"""An emulator with a clock of its own, and the calls of its first account by the names of their methods."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from bingx_async.catalogue import CATALOGUE
from bingx_async.emulator import Emulator, Market, Reply, Request
from tests.emulator.calls import HEADERS, NOW, SYMBOL, UID, account, call

LIMIT: dict[str, Any] = {"symbol": SYMBOL, "side": "BUY", "type": "LIMIT", "price": "60000", "quantity": "0.5"}
MARKET: dict[str, Any] = {"symbol": SYMBOL, "side": "BUY", "type": "MARKET", "quoteOrderQty": "6000"}
STOP: dict[str, Any] = {**LIMIT, "type": "TAKE_STOP_LIMIT", "side": "SELL", "price": "58900", "stopPrice": "59000"}
FREE = Market(moves=False, maker_fee=Decimal(0), taker_fee=Decimal(0))


class Trading:
    """`balances` None is without bounds."""

    def __init__(self, balances: dict[str, str] | None = None, **options: Any) -> None:
        self.now = NOW
        one = account(balances=balances)
        self.emulator = Emulator([one], profile="unlimited", error_limit=None, clock=lambda: self.now, **options)

    def reply(self, name: str, **params: Any) -> Reply:
        """The reply of an endpoint."""
        endpoint = CATALOGUE.find_all(name)[0]
        if endpoint.is_public or not endpoint.is_signed:
            query = "&".join(f"{key}={value}" for key, value in params.items())
            return self.emulator.handle(Request(endpoint.method, endpoint.path, query, HEADERS))
        return self.emulator.handle(call(endpoint.path, self.now, method=endpoint.method, **params))

    def ask(self, name: str, **params: Any) -> Any:
        """Its JSON."""
        return json.loads(self.reply(name, **params).body, parse_float=Decimal)

    def data(self, name: str, **params: Any) -> Any:
        """The data of an accepted reply."""
        answer = self.ask(name, **params)
        assert answer["code"] == 0, answer
        return answer["data"]

    def refusal(self, name: str, **params: Any) -> tuple[int, str]:
        """Code and text of a refusal."""
        answer = self.ask(name, **params)
        return answer["code"], answer["msg"]

    def place(self, **params: Any) -> Any:
        """The data of an order that was placed."""
        return self.data("place_order", **params)

    def order(self, order: Any) -> Any:
        """The present state of an order, by the reply in which it was placed."""
        return self.data("get_order", symbol=order["symbol"], orderId=order["orderId"])

    def state(self, order: Any) -> tuple[str, str]:
        """Its status and the quantity that was filled."""
        now = self.order(order)
        return now["status"], now["executedQty"]

    def balances(self) -> dict[str, tuple[Decimal, Decimal]]:
        """Free and locked by asset."""
        listed = self.data("list_balances")["balances"]
        return {each["asset"]: (Decimal(each["free"]), Decimal(each["locked"])) for each in listed}

    def fills(self) -> list[tuple[str, str, bool]]:
        """Price, quantity and whether it was the maker's, of each fill."""
        return [(f"{fill.price:f}", f"{fill.quantity:f}", fill.is_maker) for fill in self.emulator.fills(UID)]
