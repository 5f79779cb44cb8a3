"""An account on a scripted exchange that keeps a book of plain and OCO orders."""

from __future__ import annotations

import json
from typing import Any

from bingx_async import BingXClient
from bingx_async.spot.batch_placing import PLACE_ORDERS
from bingx_async.spot.cancels import CANCEL_ORDER, CANCEL_ORDERS
from bingx_async.spot.oco import CANCEL_OCO_ORDER, PLACE_OCO_ORDER
from bingx_async.spot.oco_queries import GET_OCO_ORDER, ITER_OCO_HISTORY, LIST_OPEN_OCO_ORDERS
from bingx_async.spot.placing import PLACE_ORDER
from bingx_async.spot.queries import GET_ORDER, ITER_ORDER_HISTORY, LIST_OPEN_ORDERS
from bingx_async.spot.replacing import REPLACE_ORDER
from tests.client.exchange import Hall, Sent, refused

NOT_FOUND = refused(100404, "order not exist")
LIMIT: dict[str, Any] = {"symbol": "BTC-USDT", "side": "BUY", "type": "LIMIT", "quantity": "0.003", "price": "61250.5"}
OCO: dict[str, Any] = {"quantity": "0.1", "limit_price": 72000, "order_price": 57990, "trigger_price": 58000}


def reply(data: Any) -> str:
    return json.dumps({"code": 0, "data": data})


class Account:
    """An account on a scripted exchange: its open orders and pairs, and what was cancelled and asked for."""

    def __init__(self, **answers: Any) -> None:
        self.orders: dict[int, dict[str, Any]] = {}
        self.pairs: dict[str, list[dict[str, Any]]] = {}
        self.done: list[dict[str, Any]] = []
        self.next_id = 1_853_127_830_044_418_000
        self.hall = Hall(
            {
                PLACE_ORDER.path: [self.place],
                PLACE_ORDERS.path: [self.place_several],
                REPLACE_ORDER.path: [reply({"cancelResult": "SUCCESS", "newOrderResult": "SUCCESS"})],
                PLACE_OCO_ORDER.path: [self.place_pair],
                GET_ORDER.path: [self.get],
                LIST_OPEN_ORDERS.path: [self.list_orders],
                LIST_OPEN_OCO_ORDERS.path: [self.list_pairs],
                ITER_ORDER_HISTORY.path: [lambda _: reply({"orders": self.done})],
                ITER_OCO_HISTORY.path: [lambda _: reply([leg for legs in self.pairs.values() for leg in legs])],
                GET_OCO_ORDER.path: [NOT_FOUND],
                CANCEL_ORDER.path: [self.cancel],
                CANCEL_ORDERS.path: [self.cancel_several],
                CANCEL_OCO_ORDER.path: [self.cancel_pair],
                **answers,
            }
        )

    def client(self, **settings: Any) -> BingXClient:
        return self.hall.client(check_orders=False, **settings)

    def sent(self, path: str) -> list[dict[str, str]]:
        return [sent.params for sent in self.hall.exchange.calls(path)]

    def add(self, name: str, symbol: str = "BTC-USDT") -> dict[str, Any]:
        self.next_id += 7
        time = 1_790_000_000_000 + self.next_id % 100_000
        order = {"orderId": self.next_id, "symbol": symbol, "clientOrderID": name, "status": "PENDING", "time": time}
        self.orders[self.next_id] = order
        return order

    def add_pair(self, pair: str, above: str, below: str, symbol: str = "BTC-USDT") -> list[dict[str, Any]]:
        kinds = ((above, "ocoLimit"), (below, "ocoTps"))
        self.pairs[pair] = [
            {"orderListId": pair, "orderId": str(self.next_id + n), "clientOrderId": name, "orderType": kind}
            | {"symbol": symbol, "transactionTime": 1_790_000_000_000 + self.next_id % 100_000}
            for n, (name, kind) in enumerate(kinds, 1)
        ]
        self.next_id += 7
        return self.pairs[pair]

    def place(self, sent: Sent) -> str:
        return reply(self.add(sent.params["newClientOrderId"], sent.params["symbol"]))

    def place_several(self, sent: Sent) -> str:
        asked = json.loads(sent.params["data"])
        return reply({"orders": [self.add(each["newClientOrderId"], each["symbol"]) for each in asked]})

    def place_pair(self, sent: Sent) -> str:
        ids = [sent.params[f"{name}ClientOrderId"] for name in ("list", "above", "below")]
        return reply(self.add_pair(*ids, symbol=sent.params["symbol"]))

    def list_orders(self, sent: Sent) -> str:
        wanted = sent.params.get("symbol")
        return reply({"orders": [each for each in self.orders.values() if wanted in (None, each["symbol"])]})

    def list_pairs(self, sent: Sent) -> str:
        return reply([leg for legs in self.pairs.values() for leg in legs] if sent.params["pageIndex"] == "1" else [])

    def find(self, params: dict[str, str]) -> dict[str, Any] | None:
        named = (params.get("orderId"), params.get("clientOrderID"))
        found = (it for it in self.orders.values() if str(it["orderId"]) == named[0] or it["clientOrderID"] == named[1])
        return next(found, None)

    def get(self, sent: Sent) -> str:
        order = self.find(sent.params)
        return reply(order) if order is not None else NOT_FOUND

    def cancel(self, sent: Sent) -> str:
        order = self.find(sent.params)
        return reply(self.orders.pop(order["orderId"])) if order is not None else NOT_FOUND

    def cancel_several(self, sent: Sent) -> str:
        numbers = [int(each) for each in sent.params["orderIds"].split(",")]
        gone = [self.orders.pop(each) for each in numbers if each in self.orders]
        return reply({"orders": gone})

    def cancel_pair(self, sent: Sent) -> str:
        for pair, legs in self.pairs.items():
            if any(leg["orderId"] == sent.params["orderId"] for leg in legs):
                del self.pairs[pair]
                return reply({"orderId": sent.params["orderId"]})
        return NOT_FOUND

    def names(self) -> list[str]:
        """The client order ids of everything open."""
        return [it["clientOrderID"] for it in self.orders.values()] + [
            legs[0]["clientOrderId"] for legs in self.pairs.values()
        ]
