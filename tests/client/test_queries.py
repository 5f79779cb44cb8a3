"""History, fills and fees: everything once, within quota."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

import pytest

from bingx_async import ApiError, BingXClient, Facts, InvalidRequest, OrderRefused, Side
from tests.client.exchange import Backend, Hall, Sent, backends, refused, run
from tests.client.listing import FILLS, HISTORY, NOW, RATE, History, asked, listed, said

T = TypeVar("T")
DAY = 86_400_000


class Fills:
    """Fills, the oldest first; ids from `fromId` on."""

    def __init__(self, times: list[int]) -> None:
        self.rows = [{"id": 5 * n + 1, "orderId": 7, "time": at // 1000 * 1000} for n, at in enumerate(times)]

    def __call__(self, sent: Sent) -> str:
        """One page."""
        asked = sent.params
        found = [row for row in self.rows if int(asked["startTime"]) <= row["time"] <= int(asked["endTime"])]
        found = [row for row in found if row["id"] >= int(asked.get("fromId", 0))]
        return said({"fills": found[: int(asked["limit"])]})


async def follow(items: AsyncIterator[T], got: list[T]) -> None:
    """All of them, into a list that is there already."""
    async for item in items:
        got.append(item)


@backends
def test_history_within_quota(backend: Backend) -> None:
    """12 000 orders, more than one span may hand out, come once each, oldest first, at the pace of the quota: 10
    questions a second, of which the round trip takes a part."""
    history = History([NOW - (12_000 - n) * 30_011 for n in range(12_000)])
    result, hall, took = asked(backend, {HISTORY: history}, lambda it: listed(it.spot.iter_order_history()))
    assert [order.order_id for order in result] == [row["orderId"] for row in history.rows]
    times = hall.exchange.times(HISTORY)
    assert len(times) < 12_000 / 100 + 60
    assert max(sum(at <= other < at + 1000 for other in times) for at in times) <= 10
    assert took < len(times) / 10 * 1.15
    first = hall.exchange.calls(HISTORY)[0].params
    assert ("startTime" in first, "endTime" in first, first["pageIndex"], first["pageSize"]) == (
        False,
        False,
        "1",
        "100",
    )


@backends
def test_fills_within_quota(backend: Backend) -> None:
    """10 000 fills come once each, oldest first, in 21 questions at 5 a second, however they share seconds."""
    fills = Fills(sorted(NOW - 6 * DAY + (n * 7_919_999) % (5 * DAY) // 60_000 * 60_000 for n in range(10_000)))
    result, hall, took = asked(backend, {FILLS: fills}, lambda it: listed(it.spot.iter_fills("BTC-USDT")))
    assert [fill.trade_id for fill in result] == [str(row["id"]) for row in fills.rows]
    times = hall.exchange.times(FILLS)
    assert len(times) == 21
    assert max(sum(at <= other < at + 1000 for other in times) for at in times) <= 5
    assert took < 21 / 5 * 1.2
    assert {call.params["limit"] for call in hall.exchange.calls(FILLS)} == {"500"}


@backends
def test_filters_of_history(backend: Backend) -> None:
    """Symbol, bounds, status and type travel; an exchange that does not heed a filter changes nothing."""
    start, end = datetime.fromtimestamp(NOW / 1000 - 3600, UTC), NOW - 1500
    history = History([NOW - 1_800_000, NOW - 900_000], type="LIMIT")
    history.rows[0]["status"] = "CANCELED"

    def ask(client: BingXClient) -> Any:
        orders = client.spot.iter_order_history("BTC-USDT", start=start, end=end, status="FILLED", type="LIMIT")
        return listed(orders)

    result, hall, _ = asked(backend, {HISTORY: history}, ask)
    assert [order.order_id for order in result] == [10**18 + 1]
    (sent,) = hall.exchange.calls(HISTORY)
    wanted = {"symbol": "BTC-USDT", "startTime": str(NOW - 3_601_000), "endTime": str(NOW), "status": "FILLED"}
    assert wanted.items() <= sent.params.items()
    assert sent.params["type"] == "LIMIT"


@backends
def test_pieces_of_history(backend: Backend) -> None:
    """Where the exchange is said to allow 7 days only, a month is asked for in pieces."""
    history = History([NOW - n * DAY for n in range(29, 0, -1)])
    result, hall, _ = asked(
        backend,
        {HISTORY: history},
        lambda it: listed(it.spot.iter_order_history(start=NOW - 30 * DAY)),
        facts=Facts(history_days=7),
    )
    assert len(result) == 29
    spans = [(int(call.params["startTime"]), int(call.params["endTime"])) for call in hall.exchange.calls(HISTORY)]
    assert len(spans) == 5
    assert max(end - start for start, end in spans) <= 7 * DAY


@backends
def test_a_page_that_fails(backend: Backend) -> None:
    """What came before is handed on, then the error is raised, and one can go on from there."""
    fills = Fills([NOW - 3_600_000 + n * 1000 for n in range(1200)])

    async def main() -> None:
        hall = Hall({FILLS: [fills, fills, refused(100400, "no"), fills]})
        client, got = hall.client(), list[Any]()
        with pytest.raises(ApiError, match="code 100400: no"):
            await follow(client.spot.iter_fills("BTC-USDT"), got)
        assert 900 < len(got) < 1000
        more = await listed(client.spot.iter_fills("BTC-USDT", start=got[-1].time))
        assert list(dict.fromkeys(fill.trade_id for fill in [*got, *more])) == [str(row["id"]) for row in fills.rows]

    run(backend, main)


@backends
def test_bounds_of_fills(backend: Backend) -> None:
    """Without bounds the 7 days that the exchange keeps are asked for, less 10 minutes; before that is refused."""
    empty = said({"fills": []})
    result, hall, _ = asked(backend, {FILLS: empty}, lambda it: listed(it.spot.iter_fills("BTC-USDT", order_id="7")))
    sent = hall.exchange.calls(FILLS)[0].params
    assert (result, sent["orderId"], "fromId" in sent) == ([], "7", False)
    assert NOW - 7 * DAY < int(sent["startTime"]) < NOW - 7 * DAY + 660_000
    assert NOW < int(sent["endTime"]) < NOW + 3_000
    error, hall, _ = asked(
        backend, {FILLS: empty}, lambda it: listed(it.spot.iter_fills("BTC-USDT", start=NOW - 8 * DAY))
    )
    assert isinstance(error, InvalidRequest)
    assert "7 days" in str(error)
    assert hall.exchange.calls(FILLS) == []


@backends
@pytest.mark.parametrize(
    ("ask", "text"),
    [
        (lambda spot: listed(spot.iter_order_history(start=NOW, end=NOW - 1)), "must not be later"),
        (lambda spot: listed(spot.iter_order_history(status="NEW")), "must be one of FILLED, CANCELED, FAILED"),
        (lambda spot: listed(spot.iter_order_history(type="limit")), "must be one of MARKET, LIMIT"),
        (lambda spot: listed(spot.iter_order_history(start=datetime(2026, 1, 1))), "time zone"),  # noqa: DTZ001
        (lambda spot: listed(spot.iter_fills("btc")), "trading pair"),
        (lambda spot: spot.list_open_orders(symbols="BTC-USDT"), "must be a list"),
        (lambda spot: spot.get_commission_rate("BTC"), "trading pair"),
    ],
)
def test_bad_arguments(ask: Any, text: str, backend: Backend) -> None:
    """Refused locally with what to write; nothing is sent."""
    error, hall, _ = asked(backend, {}, lambda it: ask(it.spot))
    assert isinstance(error, InvalidRequest)
    assert text in str(error)
    assert hall.exchange.calls() == []


@backends
def test_a_fill(backend: Backend) -> None:
    """The fee is positive where it was paid, with all of its digits, however few the program calculates with."""
    commission = "-0.1234567890123456789012345678901"
    fill = {"id": 1, "orderId": 2, "commission": commission, "commissionAsset": "USDT", "isBuyer": False, "time": NOW}
    (found,), _, _ = asked(
        backend,
        {FILLS: said({"fills": [fill, {**fill, "id": "1"}]})},
        lambda it: listed(it.spot.iter_fills("BTC-USDT")),
    )
    assert (found.trade_id, found.fee, found.side) == ("1", Decimal(commission[1:]), Side.SELL)


@backends
def test_rate(backend: Backend) -> None:
    """Fees as fractions, from numbers or texts."""
    answer = said({"takerCommissionRate": "0.001", "makerCommissionRate": 0.0005})
    rate, _, _ = asked(backend, {RATE: answer}, lambda it: it.spot.get_commission_rate("BTC-USDT"))
    assert (rate.taker, rate.maker) == (Decimal("0.001"), Decimal("0.0005"))
    error, _, _ = asked(backend, {RATE: refused(100400, "x")}, lambda it: it.spot.get_commission_rate("BTC-USDT"))
    assert not isinstance(error, OrderRefused)
