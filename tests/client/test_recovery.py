"""The two tables of recovery: for every row, what the exchange answers and how the call goes on."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import httpx
import pytest

from bingx_async import (
    ApiError,
    AuthenticationError,
    BingXError,
    ClockError,
    DuplicateOrder,
    InsufficientBalance,
    Level,
    OrderNotFound,
    OrderRefused,
    OutcomeUnknown,
    Quota,
    ReadFailed,
    ServerBusy,
    UnreadableReply,
)
from bingx_async.core.endpoint import Auth, Call, Endpoint
from bingx_async.core.events import CarrierChosen
from bingx_async.core.quota import IpGroup
from bingx_async.core.verdict import Meaning
from bingx_async.runtime.call.recovery import REFUSALS, SILENCES, Silence
from bingx_async.spot.queries import LIST_OPEN_ORDERS
from bingx_async.testing import EPOCH
from tests.client.exchange import CANCEL, HANG, OK, TIME, Backend, BrokenOff, Hall, backends, raising, refused, run

READ = Endpoint("made_up", "GET", "/openApi/made/up", IpGroup.MARKET, lambda data: data, auth=Auth.PUBLIC)
BUDGET = f"over 20 error code:100202 requests within 480000 ms, can retry after time: {int(EPOCH + 5_000)}"
BROKEN = httpx.ReadError("lost")

# Meaning, its reply, the carriers of the attempts, the readings of the clock, the error, whether a carrier was settled.
# A second attempt is accepted, which settles its carrier.
ROWS: list[tuple[Meaning, Any, list[str], int, type[BingXError] | None, bool]] = [
    (Meaning.BUSY, refused(100410, "The current system is busy"), ["json", "json"], 3, None, True),
    (Meaning.ERROR_BUDGET, refused(100410, BUDGET), ["json", "json"], 3, None, True),
    (Meaning.CLOSED, refused(100410, f"unblocked after {int(EPOCH + 5_000)}"), ["json", "json"], 3, None, True),
    (Meaning.RATE_LIMITED, refused(100410, "rate limited"), ["json", "json"], 3, None, True),
    (Meaning.BANNED, (429, "", {"Retry-After": "2"}), ["json", "json"], 3, None, True),
    (Meaning.CLOCK, refused(80014, "timestamp is invalid"), ["json", "query"], 6, None, True),
    (Meaning.SIGNATURE, refused(100412, "Null signature"), ["json", "query"], 3, None, True),
    (Meaning.AUTHENTICATION, refused(100413, "Incorrect apiKey"), ["json"], 3, AuthenticationError, False),
    (Meaning.NOT_FOUND, refused(100404, "order not exist"), ["json"], 3, OrderNotFound, True),
    (Meaning.DONE, refused(80018, "order closed"), ["json"], 3, OrderNotFound, True),
    (Meaning.NOTHING_OPEN, refused(100400, "no any pending order"), ["json"], 3, OrderNotFound, True),
    (Meaning.NO_DATA, refused(100204, "no data"), ["json"], 3, OrderNotFound, True),
    (Meaning.DUPLICATE, refused(100205, "repeat request"), ["json"], 3, DuplicateOrder, True),
    (Meaning.BALANCE, refused(100202, "Insufficient balance"), ["json"], 3, InsufficientBalance, True),
    (Meaning.SERVER_BUSY, refused(80012, "service unavailable"), ["json"], 3, ServerBusy, True),
    (Meaning.UNCONFIRMED, refused(100500, "internal error"), ["json"], 3, OutcomeUnknown, True),
    (Meaning.REFUSED, refused(100400, "invalid parameter"), ["json"], 3, OrderRefused, True),
    (Meaning.NOT_ALLOWED, (404, "<html>"), ["json"], 3, ApiError, True),
]


def test_every_row_is_tested() -> None:
    """No row of either table is without its test."""
    assert [row[0] for row in ROWS] == list(REFUSALS)
    assert {(silence, is_read) for silence, is_read, *_ in SILENT} == set(SILENCES)


@backends
@pytest.mark.parametrize(("meaning", "reply", "carriers", "readings", "error", "is_settled"), ROWS)
def test_refusals(
    meaning: Meaning,
    reply: Any,
    carriers: list[str],
    readings: int,
    error: type[BingXError] | None,
    is_settled: bool,
    backend: Backend,
) -> None:
    """A refused call waits, has the clock read, turns to the other carrier, or raises, as its row says."""

    async def main() -> None:
        hall = Hall({CANCEL: [reply, OK]})
        client = hall.client(carrier="auto")
        await client.sync_clock()
        if error is None:
            await client.spot.cancel_order("BTC-USDT", 1)
        else:
            with raising(error):
                await client.spot.cancel_order("BTC-USDT", 1)
        assert [call.carrier for call in hall.exchange.calls()] == carriers
        assert len(hall.exchange.calls(TIME)) == readings
        assert bool(hall.seen(CarrierChosen)) is is_settled

    run(backend, main)


# Silence, whether the call is a read, what comes, the error, how often the call was sent.
SILENT: list[tuple[Silence, bool, Any, type[BingXError], int]] = [
    (Silence.LOST, True, BROKEN, ReadFailed, 3),
    (Silence.LOST, True, HANG, ReadFailed, 1),
    (Silence.LOST, False, BROKEN, OutcomeUnknown, 1),
    (Silence.LOST, False, HANG, OutcomeUnknown, 1),
    (Silence.UNCLEAR, True, (504, "<html>"), ReadFailed, 1),
    (Silence.UNCLEAR, False, (504, "<html>"), OutcomeUnknown, 1),
    (Silence.UNREADABLE, True, (200, "<html>"), ReadFailed, 1),
    (Silence.UNREADABLE, False, (200, "<html>"), UnreadableReply, 1),
]


@backends
@pytest.mark.parametrize(("silence", "is_read", "answer", "error", "sent"), SILENT)
def test_silences(
    silence: Silence, is_read: bool, answer: Any, error: type[BingXError], sent: int, backend: Backend
) -> None:
    """Without an answer a write may have run; a read changes nothing, so one whose connection was lost is repeated."""

    async def main() -> None:
        hall = Hall({CANCEL: [answer], READ.path: [answer]})
        client = hall.client()
        await client.sync_clock()
        with raising(error) as caught:
            if is_read:
                await client.spot._calls.call(Call(READ, {"symbol": "BTC-USDT"}), {})
            else:
                await client.spot.cancel_order("BTC-USDT", 1)
        assert ("may have run" in str(caught[0])) is not is_read
        assert ("A read changes nothing, so it may be made again" in str(caught[0])) is is_read
        assert len(hall.exchange.calls()) == sent

    run(backend, main)


@backends
def test_a_read_at_which_the_exchange_failed(backend: Backend) -> None:
    """Code 100500 to a read is `ServerBusy`: nothing can have been changed."""

    async def main() -> None:
        hall = Hall({READ.path: [refused(100500, "internal error")]})
        with raising(ServerBusy):
            await hall.client().spot._calls.call(Call(READ, {}), {})

    run(backend, main)


@backends
def test_no_data_is_an_empty_list(backend: Backend) -> None:
    """Code 100204 with "no data" is the empty list of an endpoint that lists; of another text it is a refusal."""

    async def main() -> None:
        hall = Hall({LIST_OPEN_ORDERS.path: [refused(100204, "no data"), refused(100204, "unknown symbol")]})
        calls = hall.client().spot._calls
        assert await calls.call(Call(LIST_OPEN_ORDERS, {}), {}) == []
        with raising(ApiError):
            await calls.call(Call(LIST_OPEN_ORDERS, {}), {})

    run(backend, main)


@backends
@pytest.mark.parametrize(
    ("code", "text", "kind"),
    [
        (100404, "order not exist", "missing"),
        (80018, "", "closed"),
        (100400, "already FILLED or CANCELLED", "closed"),
        (100400, "no any pending order", "nothing open"),
    ],
)
def test_kinds_of_not_found(code: int, text: str, kind: str, backend: Backend) -> None:
    """`OrderNotFound` tells an order that is done from one that is not known."""

    async def main() -> None:
        hall = Hall({CANCEL: [refused(code, text)]})
        with raising(OrderNotFound) as caught:
            await hall.client().spot.cancel_order("BTC-USDT", 1)
        assert (caught[0].kind, caught[0].is_closed) == (kind, kind == "closed")

    run(backend, main)


@backends
def test_a_read_is_repeated(backend: Backend) -> None:
    """A read whose connection was lost is sent again, with a token of its own, and its answer comes back."""

    async def main() -> None:
        hall = Hall({READ.path: [BROKEN, BROKEN, '{"code":0,"data":[7]}']})
        client = hall.client()
        assert await client.spot._calls.call(Call(READ, {}), {}) == [7]
        used = {bucket.quota.limit - bucket.available for bucket in hall.governor.snapshot()}
        assert used == {3}  # two linger, one is counted

    run(backend, main)


@backends
def test_a_read_ends_with_its_timeout(backend: Backend) -> None:
    """`timeout` bounds the time on the network of all attempts of a read together."""

    async def main() -> None:
        hall = Hall({READ.path: [BROKEN, HANG]}, rtt=2.0)
        client = hall.client()
        start = hall.exchange.now()
        with raising(ReadFailed) as caught:
            await client.spot._calls.call(Call(READ, {"symbol": "BTC-USDT"}), {"timeout": 5.0})
        assert round(hall.exchange.now() - start) == 5_000
        assert (caught[0].endpoint, caught[0].params) == (READ.path, {"symbol": "BTC-USDT"})
        assert str(caught[0]).startswith(f"{READ.path}: no reply within 3 s. ")
        assert len(hall.exchange.calls()) == 2

    run(backend, main)


@backends
def test_a_read_without_quota_for_another_try(backend: Backend) -> None:
    """A lost read that gets no quota in time says that it was lost, not that nothing was sent."""

    async def main() -> None:
        hall = Hall({READ.path: [BROKEN]}, quotas={IpGroup.MARKET: Quota(1, 1.0)})
        client = hall.client()
        with raising(ReadFailed) as caught:
            await client.spot._calls.call(Call(READ, {}), {"max_wait": 2.0})
        assert "no reply (ReadError)" in str(caught[0])
        assert len(hall.exchange.calls()) == 1

    run(backend, main)


@backends
def test_a_refused_call_without_quota_for_another_try(backend: Backend) -> None:
    """A call whose timestamp was refused, and that gets no quota for its second try, raises that refusal."""

    async def main() -> None:
        hall = Hall({CANCEL: [refused(100421, "timestamp mismatch")]}, quotas={CANCEL: Quota(1, 60.0)})
        client = hall.client()
        await client.sync_clock()
        with raising(ClockError):
            await client.spot.cancel_order("BTC-USDT", 1, max_wait=5)
        assert len(hall.exchange.calls()) == 1

    run(backend, main)


@backends
@pytest.mark.parametrize("answer", ['{"code":0,"data":{"bids":[["1",', (200, BrokenOff('{"code":0,"data":{"bids"'))])
def test_a_read_that_broke_off_is_no_answer(answer: object, backend: Backend) -> None:
    """What is missing from a reply must not be taken for nothing: an empty book, or no open order."""

    async def main() -> None:
        hall = Hall({"/openApi/spot/v1/market/depth": [answer]})
        with raising(ReadFailed):
            await hall.client().spot.get_depth("BTC-USDT")

    run(backend, main)


@backends
def test_a_read_that_broke_off_is_made_again(backend: Backend) -> None:
    """A connection that was lost within the reply costs a read nothing but time."""

    async def main() -> None:
        whole = '{"code":0,"data":{"bids":[["1","2"]],"asks":[]}}'
        hall = Hall({"/openApi/spot/v1/market/depth": [(200, BrokenOff(whole[:20])), whole]})
        depth = await hall.client().spot.get_depth("BTC-USDT")
        assert depth.bids == (Level(Decimal(1), Decimal(2)),)

    run(backend, main)
