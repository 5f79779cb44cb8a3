"""The orders of one account on the scripted exchange: enough of them to look things up and to cancel everything."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from bingx_async.spot.cancels import CANCEL_OPEN_ORDERS, CANCEL_ORDER, CANCEL_ORDERS
from bingx_async.spot.oco import CANCEL_OCO_ORDER, PLACE_OCO_ORDER
from bingx_async.spot.oco_queries import GET_OCO_ORDER, ITER_OCO_HISTORY, LIST_OPEN_OCO_ORDERS
from bingx_async.spot.placing import PLACE_ORDER
from bingx_async.spot.queries import GET_ORDER, ITER_FILLS, ITER_ORDER_HISTORY, LIST_OPEN_ORDERS
from bingx_async.testing import EPOCH
from tests.client.exchange import Sent, refused

PLACE, PLACE_OCO, QUERY = PLACE_ORDER.path, PLACE_OCO_ORDER.path, GET_ORDER.path
OPEN, HISTORY, FILLS = LIST_OPEN_ORDERS.path, ITER_ORDER_HISTORY.path, ITER_FILLS.path
OPEN_OCO, OCO_HISTORY, ONE_OCO = LIST_OPEN_OCO_ORDERS.path, ITER_OCO_HISTORY.path, GET_OCO_ORDER.path
CANCEL_EVERYTHING, CANCEL_PAIR = CANCEL_OPEN_ORDERS.path, CANCEL_OCO_ORDER.path


def accepted(data: Any) -> str:
    """A reply with code 0."""
    return json.dumps({"code": 0, "data": data})


def order(number: int, name: str = "", status: str = "PENDING", at: float = -60_000.0, **more: Any) -> dict[str, Any]:
    """An order as the exchange describes it, placed `at` ms since the start."""
    described = {"symbol": "BTC-USDT", "orderId": number, "clientOrderID": name, "status": status}
    return {**described, "time": int(EPOCH + at), "updateTime": int(EPOCH + at), **more}


def pair(number: int, name: str = "", status: str = "PENDING", at: float = -60_000.0) -> list[dict[str, Any]]:
    """The two legs of an OCO order; `name` and the name of the list are digits, those of the legs end with 1 and 2."""
    return [
        {
            "symbol": "BTC-USDT",
            "orderId": str(number + leg),
            "clientOrderId": f"{name}{leg}" if name else "",
            "orderListId": f"list{number}",
            "orderType": kind,
            "status": status,
            "transactionTime": int(EPOCH + at),
        }
        for leg, kind in ((1, "ocoLimit"), (2, "ocoTps"))
    ]


class Book:
    """Open and done orders and OCO orders; `answers` are those of the endpoints that show and cancel them."""

    def __init__(self, takes_oco_along: bool = False, shows_legs: bool = False) -> None:
        self.open: list[dict[str, Any]] = []
        self.done: list[dict[str, Any]] = []
        self.fills: list[dict[str, Any]] = []
        self.open_legs: list[dict[str, Any]] = []
        self.done_legs: list[dict[str, Any]] = []
        self.takes_oco_along, self.shows_legs = takes_oco_along, shows_legs
        self.answers: dict[str, list[Any]] = {
            QUERY: [self._query],
            OPEN: [self._open],
            HISTORY: [lambda _: accepted({"orders": self.done})],
            FILLS: [lambda _: accepted({"fills": self.fills})],
            OPEN_OCO: [lambda _: accepted(self.open_legs)],
            OCO_HISTORY: [lambda _: accepted(self.done_legs)],
            ONE_OCO: [lambda _: refused(100404, "order not exist")],
            CANCEL_EVERYTHING: [self._cancel_everything],
            CANCEL_ORDERS.path: [self._cancel_several],
            CANCEL_ORDER.path: [self._cancel_one],
            CANCEL_PAIR: [self._cancel_pair],
        }

    def cancel(self, orders: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """Cancel these orders; returns them."""
        ended = [{**each, "status": "CANCELED"} for each in orders]
        gone = {each["orderId"] for each in ended}
        self.open = [each for each in self.open if each["orderId"] not in gone]
        self.done += ended
        return ended

    def cancel_legs(self, legs: Iterable[dict[str, Any]]) -> None:
        """Cancel these legs."""
        ended = [{**leg, "status": "CANCELED"} for leg in legs]
        gone = {leg["orderId"] for leg in ended}
        self.open_legs = [leg for leg in self.open_legs if leg["orderId"] not in gone]
        self.done_legs += ended

    def _query(self, sent: Sent) -> str:
        wanted = {sent.params.get("orderId"), sent.params.get("clientOrderID")} - {None}
        for each in (*self.open, *self.done):
            if wanted & {str(each["orderId"]), each["clientOrderID"]}:
                return accepted(each)
        return refused(100404, "order not exist")

    def _open(self, sent: Sent) -> str:
        legs = [{**leg, "orderId": int(leg["orderId"])} for leg in self.open_legs] if self.shows_legs else []
        return accepted({"orders": [*self.open, *legs]})

    def _cancel_everything(self, sent: Sent) -> str:
        if not self.open and not (self.takes_oco_along and self.open_legs):
            return refused(100400, "no any pending order")
        if self.takes_oco_along:
            self.cancel_legs(self.open_legs)
        return accepted({"orders": self.cancel(self.open)})

    def _cancel_several(self, sent: Sent) -> str:
        ids = sent.params["orderIds"].split(",")
        found = self.cancel([each for each in self.open if str(each["orderId"]) in ids])
        there = {str(each["orderId"]) for each in found}
        fails = [{"orderId": int(each), "error": "order not exist"} for each in ids if each not in there]
        return accepted({"orders": found, "fails": fails})

    def _cancel_one(self, sent: Sent) -> str:
        found = self.cancel([each for each in self.open if str(each["orderId"]) == sent.params["orderId"]])
        return accepted(found[0]) if found else refused(100404, "order not exist")

    def _cancel_pair(self, sent: Sent) -> str:
        number = sent.params["orderId"]
        lists = {leg["orderListId"] for leg in self.open_legs if leg["orderId"] == number}
        legs = [leg for leg in self.open_legs if leg["orderListId"] in lists]
        self.cancel_legs(legs)
        return accepted({"orderId": number}) if legs else refused(100404, "order not exist")
