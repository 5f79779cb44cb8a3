"""What the exchange lists, as tests script it: orders, fills and the legs of OCO orders."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

import anyio

from bingx_async import BingXClient, OcoOrder
from bingx_async.testing import EPOCH
from tests.client.exchange import Backend, Hall, Sent, refused, run

T = TypeVar("T")
NOW = int(EPOCH)
OPEN_ORDERS = "/openApi/spot/v1/trade/openOrders"
HISTORY = "/openApi/spot/v1/trade/historyOrders"
FILLS = "/openApi/spot/v1/trade/myTrades"
RATE = "/openApi/spot/v1/user/commissionRate"
OCO_GET = "/openApi/spot/v1/oco/orderList"
OCO_OPEN = "/openApi/spot/v1/oco/openOrderList"
OCO_HISTORY = "/openApi/spot/v1/oco/historyOrderList"
GONE = refused(100404, "order not exist")


def leg(number: int, kind: str = "ocoLimit", pair: str = "900", **more: Any) -> dict[str, Any]:
    """A leg as the exchange lists it."""
    return {"orderId": str(number), "orderType": kind, "orderListId": pair, "symbol": "BTC-USDT", **more}


def pair(number: int, **more: Any) -> list[dict[str, Any]]:
    """Both legs: `number` and the next, of the pair 9000 + `number`; the stop comes first."""
    listed = str(9000 + number)
    return [leg(number + 1, "ocoTps", listed, **more), leg(number, "ocoLimit", listed, **more)]


def ids(orders: list[OcoOrder]) -> list[list[str]]:
    """The order ids of the legs of each."""
    return [sorted(leg.order_id for leg in order.legs) for order in orders]


def said(data: Any) -> str:
    """Code 0."""
    return json.dumps({"code": 0, "data": data})


class History:
    """Orders that are done, newest first, in pages; at most 10 000 for one span of time."""

    def __init__(self, times: list[int], name: str = "orders", **more: Any) -> None:
        self.rows = [{"orderId": 10**18 + n, "time": at, "status": "FILLED", **more} for n, at in enumerate(times)]
        self.name = name

    def __call__(self, sent: Sent) -> str:
        """One page."""
        page, size = int(sent.params["pageIndex"]), int(sent.params["pageSize"])
        assert page * size <= 10_000
        start, end = int(sent.params.get("startTime", 0)), int(sent.params.get("endTime", 10**15))
        found = [row for row in reversed(self.rows) if start <= row["time"] <= end]
        return said({self.name: found[(page - 1) * size : page * size]})


async def listed(items: AsyncIterator[T]) -> list[T]:
    """All of them."""
    return [item async for item in items]


def asked(
    backend: Backend, answers: dict[str, Any], ask: Callable[[BingXClient], Any], **settings: Any
) -> tuple[Any, Hall, float]:
    """The result of `ask`, or its error, the hall, and the seconds that it took."""

    async def main() -> tuple[Any, Hall, float]:
        hall = Hall({path: [answer] for path, answer in answers.items()})
        client = hall.client(**settings)
        await client.sync_clock()
        start = anyio.current_time()
        try:
            result = await ask(client)
        except Exception as error:
            result = error
        return result, hall, anyio.current_time() - start

    return run(backend, main)
