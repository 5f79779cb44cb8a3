"""Candles come oldest first, each once, whichever way the exchange cuts its pages."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import frozen

from bingx_async import ApiError, BingXClient, Facts, InvalidRequest, Kline
from bingx_async.spot.klines import INTERVALS, LIST_HISTORICAL_KLINES, LIST_KLINES, QUOTE_KLINES
from bingx_async.testing import EPOCH
from tests.client.exchange import Backend, Hall, Sent, backends, raising, refused, run

MINUTE = 60_000
NOW = int(EPOCH) // MINUTE * MINUTE  # when the candle of now opened
START = NOW - 5000 * MINUTE


def row(at: int, step: int = MINUTE) -> list[Any]:
    """The candle that opens at `at`."""
    return [at, 10, 12.5, 9, 11, 3, at + step - 1, 33.3]


@frozen
class Archive:
    """An exchange with some candles, and its reading of the parameters."""

    opens: list[int]
    is_inclusive: bool = True
    keeps_newest: bool = True
    most: int = 1440
    step: int = MINUTE
    floors: bool = False

    def answer(self, sent: Sent) -> str:
        """A page, newest first."""
        given, shift = sent.params, 0 if self.is_inclusive else 1
        start, end = int(given.get("startTime", 0)) + shift, int(given.get("endTime", 10**14)) - shift
        start = start // self.step * self.step if self.floors else start
        found = [at for at in self.opens if start <= at <= end]
        most = min(self.most, int(given["limit"]))
        found = found[-most:] if self.keeps_newest or "startTime" not in given else found[:most]
        return json.dumps({"code": 0, "data": [row(at, self.step) for at in reversed(found)]})


def opens_of(klines: list[Kline]) -> list[int]:
    """When the candles opened, epoch ms."""
    return [round(each.open_time.timestamp() * 1000) for each in klines if each.open_time is not None]


async def walked(client: BingXClient, start: Any = START, end: Any = None, interval: str = "1m") -> list[Kline]:
    """Everything that the iterator gives."""
    return [each async for each in client.spot.iter_klines("BTC-USDT", interval, start, end)]


ALL = list(range(START, NOW + 1, MINUTE))
READINGS = [
    Archive(ALL, is_inclusive, keeps_newest, most, floors=floors)
    for is_inclusive, keeps_newest, most, floors in itertools.product(
        (True, False), (True, False), (1440, 500), (False, True)
    )
]


@backends
@pytest.mark.parametrize(
    "archive", READINGS, ids=lambda it: f"{it.is_inclusive}-{it.keeps_newest}-{it.most}-{it.floors}"
)
def test_every_candle_once(archive: Archive, backend: Backend) -> None:
    """`startTime` inclusive or not, pages cut at either end and shorter than asked for: each candle comes once."""

    async def main() -> tuple[list[int], int]:
        hall = Hall({LIST_KLINES.path: [archive.answer]})
        found = opens_of(await walked(hall.client(None, None)))
        return found, len(hall.exchange.calls())

    found, calls = run(backend, main)
    assert found == ALL
    assert calls == 4 if archive.most == 1440 else calls <= 14


@backends
def test_gaps_are_walked_over(backend: Backend) -> None:
    """Candles that the exchange does not have end nothing, not even where a whole page is missing."""
    opens = [*ALL[:700], *ALL[900:901], *ALL[3500:]]

    async def main() -> list[int]:
        hall = Hall({LIST_KLINES.path: [Archive(opens).answer]})
        return opens_of(await walked(hall.client(None, None), START - 4000 * MINUTE))

    assert run(backend, main) == opens


@backends
def test_bounds(backend: Backend) -> None:
    """`start` is in, `end` is out; both are aware datetimes or epoch ms, and need not be on the grid."""

    async def main() -> list[list[int]]:
        client = Hall({LIST_KLINES.path: [Archive(ALL).answer]}).client(None, None)
        start, end = datetime.fromtimestamp(START / 1000, UTC), datetime.fromtimestamp((START + 3 * MINUTE) / 1000, UTC)
        spans = [(start, end), (START - 1, START + 1), (START + 1, START + 2 * MINUTE + 1), (START + 1, START + 2)]
        return [opens_of(await walked(client, *span)) for span in spans]

    assert run(backend, main) == [
        [START, START + MINUTE, START + 2 * MINUTE],
        [START],
        [START + MINUTE, START + 2 * MINUTE],
        [],
    ]


@backends
def test_an_exchange_that_ignores_the_span(backend: Backend) -> None:
    """A reply with other candles than asked for is no reason to go on for ever, or to give them."""

    async def main() -> list[int]:
        hall = Hall({LIST_KLINES.path: [json.dumps({"code": 0, "data": [row(NOW)]})]})
        return opens_of(await walked(hall.client(None, None), START, START + 3000 * MINUTE))

    assert run(backend, main) == []


@backends
def test_a_page_that_fails(backend: Backend) -> None:
    """Its error is raised after the candles before it; going on from the last one gives the rest."""

    async def main() -> list[int]:
        archive = Archive(ALL)
        hall = Hall({LIST_KLINES.path: [archive.answer, refused(100500, "internal"), archive.answer]})
        client, found = hall.client(None, None), list[Kline]()

        async def walk() -> None:
            async for each in client.spot.iter_klines("BTC-USDT", "1m", START):
                found.append(each)

        with pytest.raises(ApiError):
            await walk()
        assert len(found) == 1438
        assert found[-1].open_time is not None
        rest = await walked(client, found[-1].open_time + timedelta(milliseconds=1))
        return opens_of([*found, *rest])

    assert run(backend, main) == ALL


@backends
def test_list(backend: Backend) -> None:
    """Without `start` the latest, with it the first from there on; always oldest first, and asked for in UTC."""

    async def main() -> list[Any]:
        hall = Hall({LIST_KLINES.path: [Archive(ALL).answer]})
        list_klines = hall.client(None, None).spot.list_klines
        found = [
            opens_of(await list_klines("BTC-USDT", "1m", limit=2)),
            opens_of(await list_klines("BTC-USDT", "1m", end=NOW - MINUTE, limit=2)),
            opens_of(await list_klines("BTC-USDT", "1m", start=START, limit=2)),
            opens_of(await list_klines("BTC-USDT", "1m", start=START, end=START + MINUTE)),
            len(await list_klines("BTC-USDT", "1m", start=START, limit=1440)),
        ]
        assert {sent.params["timeZone"] for sent in hall.exchange.calls()} == {"0"}
        assert hall.exchange.calls()[2].params["startTime"] == str(START - 1)
        return found

    assert run(backend, main) == [
        [NOW - MINUTE, NOW],
        [NOW - 3 * MINUTE, NOW - 2 * MINUTE],
        [START, START + MINUTE],
        [START],
        1440,
    ]


@backends
def test_the_archive(backend: Backend) -> None:
    """`list_historical_klines` asks the other endpoint, up to 500 candles."""

    async def main() -> tuple[int, set[str]]:
        hall = Hall({LIST_HISTORICAL_KLINES.path: [Archive(ALL, most=500).answer]})
        found = await hall.client(None, None).spot.list_historical_klines("BTC-USDT", "1m", start=START)
        return len(found), {sent.path for sent in hall.exchange.calls()}

    assert run(backend, main) == (500, {LIST_HISTORICAL_KLINES.path})


@backends
def test_the_other_family(backend: Backend) -> None:
    """The iterator goes on with the other family where the path is gone."""

    async def main() -> list[int]:
        hall = Hall({LIST_KLINES.path: [refused(100404, "gone")], QUOTE_KLINES.path: [Archive(ALL).answer]})
        return opens_of(await walked(hall.client(None, None)))

    assert run(backend, main) == ALL


@backends
def test_page_size_is_a_fact(backend: Backend) -> None:
    """`Facts(klines_per_page=1000)` asks for no more."""

    async def main() -> set[str]:
        hall = Hall({LIST_KLINES.path: [Archive(ALL).answer]})
        client = hall.client(None, None, facts=Facts(klines_per_page=1000))
        assert opens_of(await walked(client)) == ALL
        with raising(InvalidRequest):
            await client.spot.list_klines("BTC-USDT", "1m", limit=1001)
        return {sent.params["limit"] for sent in hall.exchange.calls()}

    assert run(backend, main) == {"1000"}


def month(number: int) -> int:
    """When that month of 2026 began, epoch ms."""
    return round(datetime(2026, number, 1, tzinfo=UTC).timestamp() * 1000)


CLOSED: list[tuple[str, list[Any], bool]] = [
    ("1m", row(NOW), False),
    ("1m", row(NOW - MINUTE), True),
    ("1m", row(NOW + MINUTE), False),
    ("1m", [NOW, 1, 1, 1, 1, 1, NOW + 7], False),  # a last moment that comes too early
    ("1m", [NOW - MINUTE, 1, 1, 1, 1, 1], True),
    ("1m", [NOW, 1, 1, 1, 1, 1], False),
    ("1d", row(int(EPOCH) // 86_400_000 * 86_400_000, 86_400_000), False),
    ("1M", row(month(8), month(9) - month(8)), True),
    ("1M", row(month(9), month(10) - month(9)), False),
    ("1M", [month(8), 1, 1, 1, 1, 1], True),
    ("1M", [month(9), 1, 1, 1, 1, 1, month(9) + 1], False),
]


@backends
@pytest.mark.parametrize(("interval", "candle", "is_closed"), CLOSED)
def test_is_closed(interval: str, candle: list[Any], is_closed: bool, backend: Backend) -> None:
    """A candle is closed when its interval is over by the exchange's clock."""

    async def main() -> list[bool]:
        hall = Hall({LIST_KLINES.path: [json.dumps({"code": 0, "data": [candle]})]})
        found = await hall.client(None, None).spot.list_klines("BTC-USDT", interval)
        return [each.is_closed for each in found]

    assert run(backend, main) == [is_closed]


@backends
def test_it_may_end_while_the_reply_is_under_way(backend: Backend) -> None:
    """The clock is looked at before the call: a candle that ends meanwhile may lack its last trades."""
    at = int(EPOCH) - MINUTE + 20

    async def main() -> list[bool]:
        hall = Hall({LIST_KLINES.path: [json.dumps({"code": 0, "data": [row(at)]})]}, rtt=0.5)
        client = hall.client(None, None)
        found = await client.spot.list_klines("BTC-USDT", "1m")
        return [each.is_closed for each in [*found, *await client.spot.list_klines("BTC-USDT", "1m")]]

    assert run(backend, main) == [False, True]


@pytest.mark.parametrize("interval", INTERVALS)
def test_every_interval(interval: str) -> None:
    """Every interval of the exchange's pages is known, with its length."""
    unit = {"m": MINUTE, "h": 60 * MINUTE, "d": 1440 * MINUTE, "w": 7 * 1440 * MINUTE, "M": 31 * 1440 * MINUTE}
    assert INTERVALS[interval] == int(interval[:-1]) * unit[interval[-1]]
    assert len(INTERVALS) == 15


Act = Callable[[BingXClient], Any]
NONE: Any = None
BAD: list[tuple[Act, str]] = [
    (lambda client: client.spot.iter_klines("BTC-USDT", "7m", START), "interval='7m' must be one of 1m, 3m, 5m, 15m"),
    (lambda client: client.spot.iter_klines("BTCUSDT", "1m", START), "is not a trading pair"),
    (lambda client: client.spot.iter_klines("BTC-USDT", NONE, START), "interval=None must be one of"),
    (lambda client: client.spot.iter_klines("BTC-USDT", "1m", 1790000000), "or epoch milliseconds"),
    (lambda client: client.spot.iter_klines("BTC-USDT", "1m", datetime(2026, 9, 21)), "a datetime with a time zone"),  # noqa: DTZ001
    (lambda client: client.spot.iter_klines("BTC-USDT", "1m", NOW, START), "must be before end="),
    (lambda client: client.spot.iter_klines("BTC-USDT", "1m", START, time_zone=1), "time_zone=1 must be 0 (UTC) or 8"),
    (lambda client: client.spot.iter_klines("BTC-USDT", "1m", START, time_zone=False), "time_zone=False must be"),
]


@backends
@pytest.mark.parametrize(("act", "message"), BAD)
def test_refused_here(act: Act, message: str, backend: Backend) -> None:
    """`InvalidRequest` when the iterator is made, with the cure in its text; nothing is sent."""

    async def main() -> None:
        hall = Hall()
        with pytest.raises(InvalidRequest) as caught:
            act(hall.client(None, None))
        assert message in str(caught.value)
        assert hall.exchange.sent == []

    run(backend, main)
