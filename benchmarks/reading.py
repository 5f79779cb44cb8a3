"""Client CPU for reading long replies: from the text to what a caller gets, by `time.process_time`.

The contenders take turns within each round; ratios are taken within a round and the median of the rounds is shown.
This library makes Decimals and datetimes; ccxt makes floats and keeps times as numbers, and bingx-py checks the types.
"""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import ccxt
from bingx_py.models.spot.market import KlineDataResponse, OrderBookResponse
from bingx_py.models.spot.trades import CurrentOpenOrdersResponse

from benchmarks import report
from benchmarks.ccxt_market import MARKET
from bingx_async.core import wire
from bingx_async.spot.klines import LIST_KLINES
from bingx_async.spot.market import GET_DEPTH
from bingx_async.spot.queries import LIST_OPEN_ORDERS

ROUNDS, REPEATS = 41, 5
NOW = 1_790_000_000_000
OURS, CCXT, BINGX_PY = "bingx_async", "ccxt", "bingx-py"

Read = Callable[[], object]


def replied(data: Any) -> str:
    """The text of a reply with these data."""
    return json.dumps({"code": 0, "msg": "", "debugMsg": "", "timestamp": NOW, "data": data}, separators=(",", ":"))


def depth() -> str:
    """1000 prices on each side, the asks worst first."""
    bids = [[f"{61_250 - place / 100:.2f}", f"{place % 97 / 16 + 0.00125:.5f}"] for place in range(1000)]
    asks = [[f"{61_251 + place / 100:.2f}", f"{place % 89 / 16 + 0.00375:.5f}"] for place in range(999, -1, -1)]
    return replied({"bids": bids, "asks": asks, "ts": NOW - 14})


def open_orders() -> str:
    """1000 orders."""
    order = {
        "symbol": "BTC-USDT",
        "price": "61250.5",
        "StopPrice": "0",
        "origQty": "0.00150000",
        "executedQty": "0.00050000",
        "cummulativeQuoteQty": "30.62525",
        "status": "PENDING",
        "type": "LIMIT",
        "side": "BUY",
        "time": NOW - 86_400_000,
        "updateTime": NOW - 3_600_000,
        "origQuoteOrderQty": "0",
        "fee": "-0.0306",
        "feeAsset": "USDT",
        "avgPrice": "61250.5",
    }
    ids = range(1_853_127_749_402_681_347, 1_853_127_749_402_681_347 + 2000, 2)
    return replied({"orders": [{**order, "orderId": each, "clientOrderID": f"ladder_{each % 10_000}"} for each in ids]})


def klines() -> str:
    """1440 candles, newest first."""
    rows = range(1440)
    return replied(
        [
            [
                at := NOW - place * 60_000,
                61_216.29 + place,
                61_250.5 + place,
                61_216.29,
                61_240.4,
                2.93,
                at + 59_999,
                179_368.7,
            ]
            for place in rows
        ]
    )


def contenders() -> dict[str, dict[str, Read]]:
    """By reply, by contender."""
    texts = {"depth, 2 x 1000 prices": depth(), "1000 open orders": open_orders(), "1440 candles": klines()}
    book, orders, candles = texts.values()
    exchange: Any = ccxt.bingx()
    market = exchange.safe_market_structure(MARKET)
    exchange.set_markets([market])

    def ours(endpoint: Any, text: str) -> Read:
        return lambda: endpoint.read((wire.parse(text) or {})["data"])

    def checked(model: Any, text: str) -> Read:
        return lambda: model.model_validate(json.loads(text))

    def by_ccxt(parse: Callable[[Any], object], text: str) -> Read:
        return lambda: parse(exchange.parse_json(text)["data"])

    reads = [
        (
            ours(GET_DEPTH, book),
            by_ccxt(lambda data: exchange.parse_order_book(data, "BTC/USDT", NOW, "bids", "asks", 0, 1), book),
            checked(OrderBookResponse, book),
        ),
        (
            ours(LIST_OPEN_ORDERS, orders),
            by_ccxt(lambda data: exchange.parse_orders(data["orders"], market), orders),
            checked(CurrentOpenOrdersResponse, orders),
        ),
        (
            ours(LIST_KLINES, candles),
            by_ccxt(lambda data: exchange.parse_ohlcvs(data, market, "1m"), candles),
            checked(KlineDataResponse, candles),
        ),
    ]
    return {name: dict(zip((OURS, CCXT, BINGX_PY), each, strict=True)) for name, each in zip(texts, reads, strict=True)}


def cost(read: Read) -> float:
    """Milliseconds of CPU for one reading, the least of a few."""
    best = float("inf")
    for _ in range(REPEATS):
        began = time.process_time()
        read()
        best = min(best, time.process_time() - began)
    return best * 1000.0


def main() -> None:
    """Measure and print."""
    found: dict[str, dict[str, list[float]]] = {}
    reads = contenders()
    for by_name in reads.values():
        for read in by_name.values():
            read()
    gc.collect()
    gc.freeze()  # the modules imported so far must not cost any contender time in the collector
    for _ in range(ROUNDS):
        for reply, by_name in reads.items():
            for name, read in by_name.items():
                found.setdefault(reply, {}).setdefault(name, []).append(cost(read))
    report.heading("Client CPU for reading a long reply: ratios (below 1: less than the other)")
    for reply, by_name in found.items():
        for other in (CCXT, BINGX_PY):
            ratio = median(a / b for a, b in zip(by_name[OURS], by_name[other], strict=True))
            line = f"{reply}, / {other}"
            print(report.target(line, ratio, 1.0) if other == CCXT else f"{line}: {ratio:.2f}")
    report.heading("Client CPU for reading a long reply: ms")
    names = (OURS, CCXT, BINGX_PY)
    rows = [[reply, *(f"{median(by_name[name]):.2f}" for name in names)] for reply, by_name in found.items()]
    report.table(["", *names], rows)


if __name__ == "__main__":
    main()
