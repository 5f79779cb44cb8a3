"""Being told to stop: exactly what was closed is left alone, until exactly then; everything else goes on."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from bingx_async import BingXClient, BingXError, Governor, Quota, QuotaWait, RateLimited
from bingx_async.core.events import Penalised, Probing, Reopened
from bingx_async.testing import EPOCH
from tests.client.exchange import (
    CANCEL,
    CANCEL_OPEN_ORDERS,
    OCO_CANCEL,
    OK,
    Backend,
    Hall,
    backends,
    in_turn,
    raising,
    refused,
    run,
)


def closed_until(at: float) -> str:
    """The exchange's words for an endpoint that is closed until `at` (ms since the start)."""
    return refused(
        100410,
        "code:100410:The endpoint trigger frequency limit rule is currently in the disabled period and will be "
        f"unblocked after {int(EPOCH + at)}",
    )


def latest(at: float) -> float:
    """The latest that `closed_until(at)` can be after a look that was under way from 0 to 50 ms and told 25, by clocks
    that drift apart by 500 ppm; and 50 ms to spare."""
    return 50 + (at - 24) / (1 - 5e-4) + 50


async def opened(hall: Hall, **settings: Any) -> BingXClient:
    """A client whose clock is set."""
    client = hall.client(**settings)
    await client.sync_clock()
    return client


def when(hall: Hall, moment: object) -> float:
    """An aware moment as milliseconds since the start."""
    return round(moment.timestamp() * 1000 - EPOCH, 3)  # type: ignore[attr-defined]


@backends
def test_repeated_when_it_fits(backend: Backend) -> None:
    """A closed period that fits into `max_wait`: nothing is sent before its end, then the call is repeated."""

    async def main() -> None:
        hall = Hall({CANCEL: [closed_until(5_000), OK]})
        client = await opened(hall)
        await client.spot.cancel_order("BTC-USDT", 1)
        assert hall.exchange.times(CANCEL) == [50, round(latest(5_000))]
        assert [type(event) for event in hall.seen(Penalised, Probing, Reopened)] == [Penalised, Probing, Reopened]
        (told,) = [event for event in hall.events if isinstance(event, Penalised)]
        assert (told.bucket, told.reason, told.was_clamped) == ("account 1 POST " + CANCEL, "closed", False)
        assert "another process or client uses this account or address" in told.hint
        assert when(hall, told.until) == pytest.approx(latest(5_000), abs=0.001)

    run(backend, main)


@backends
def test_raised_when_it_does_not_fit(backend: Backend) -> None:
    """One that does not fit is `RateLimited` at once, with the moment, the scope and the reason."""

    async def main() -> None:
        hall = Hall({CANCEL: [closed_until(60_000)]})
        client = await opened(hall)
        with raising(RateLimited) as caught:
            await client.spot.cancel_order("BTC-USDT", 1, max_wait=10)
        error = caught[0]
        assert hall.exchange.now() == pytest.approx(100)
        assert when(hall, error.retry_at) == pytest.approx(latest(60_000), abs=0.001)
        assert error.retry_after == pytest.approx((latest(60_000) - 100) / 1000)
        assert (error.code, error.scope, error.reason) == (100410, "account 1 POST " + CANCEL, "closed")

        with raising(QuotaWait) as later:
            await client.spot.cancel_order("BTC-USDT", 1, max_wait=10)
        assert when(hall, later[0].retry_at) == pytest.approx(latest(60_000), abs=0.001)
        assert later[0].bucket == "account 1 POST " + CANCEL
        assert len(hall.exchange.calls()) == 1

    run(backend, main)


@backends
def test_error_budget_text(backend: Backend) -> None:
    """ "Over 20 error code" names its moment too, and its reason says that it is the error budget."""

    async def main() -> None:
        text = (
            "over 20 error code:100202 requests within 480000 ms for this api, please verify and fix it ,"
            f"can retry after time: {int(EPOCH + 60_000)}"
        )
        hall = Hall({CANCEL: [refused(100410, text)]})
        client = await opened(hall)
        with raising(RateLimited) as caught:
            await client.spot.cancel_order("BTC-USDT", 1, max_wait=10)
        assert caught[0].reason == "error budget"
        assert when(hall, caught[0].retry_at) == pytest.approx(latest(60_000), abs=0.001)

    run(backend, main)


@backends
def test_only_that_endpoint_of_that_account(backend: Backend) -> None:
    """Other endpoints of the account, and the same endpoint of another account, go on meanwhile."""

    async def main() -> None:
        hall = Hall({CANCEL: [closed_until(60_000), OK]})
        client = await opened(hall)
        other = client.for_account(api_key="k2", secret_key="s2", account=2)
        with raising(RateLimited):
            await client.spot.cancel_order("BTC-USDT", 1, max_wait=0)
        await client.spot.cancel_open_orders("BTC-USDT", max_wait=0)
        await client.spot.cancel_oco_order("1", max_wait=0)
        await other.spot.cancel_order("BTC-USDT", 1, max_wait=0)
        assert [sent.path for sent in hall.exchange.calls()] == [CANCEL, CANCEL_OPEN_ORDERS, OCO_CANCEL, CANCEL]

    run(backend, main)


@backends
def test_one_probe(backend: Backend) -> None:
    """At the reopening one call goes first; the others follow when it was let through, the refused one at the head."""

    async def main() -> None:
        hall = Hall({CANCEL: [closed_until(3_000), OK]})
        client = await opened(hall)
        async with anyio.create_task_group() as group:
            group.start_soon(client.spot.cancel_order, "BTC-USDT", 1)
            await anyio.sleep(0.1)
            for number in (2, 3, 4):
                group.start_soon(client.spot.cancel_order, "BTC-USDT", number)
                await anyio.sleep(0.01)
        assert hall.exchange.times(CANCEL) == [50, 3_077, 3_127, 3_127, 3_127]
        assert round(latest(3_000)) == 3_077
        assert [call.params["orderId"] for call in hall.exchange.calls()][:2] == ["1", "1"]
        assert sorted(call.params["orderId"] for call in hall.exchange.calls()[2:]) == ["2", "3", "4"]

    run(backend, main)


@backends
def test_probe_refused(backend: Backend) -> None:
    """A probe that is refused closes the endpoint again; no other call is sent in vain."""

    async def main() -> None:
        hall = Hall({CANCEL: [closed_until(3_000), closed_until(6_000), OK]})
        client = await opened(hall)
        async with anyio.create_task_group() as group:
            for number in (1, 2, 3):
                group.start_soon(client.spot.cancel_order, "BTC-USDT", number)
                await anyio.sleep(0.2)
        assert hall.exchange.times(CANCEL) == [50, round(latest(3_000)), 6_079, 6_129, 6_129]
        assert round(latest(6_000)) == 6_079

    run(backend, main)


@backends
def test_waiters_that_do_not_fit(backend: Backend) -> None:
    """When an endpoint closes, those in the queue who would not wait that long are told at once."""

    async def main() -> None:
        hall = Hall({CANCEL: [lambda sent: closed_until(60_000) if 1_000 < sent.at < 60_000 else OK]})
        client = await opened(hall)
        ended: list[tuple[str, int]] = []

        async def cancel(max_wait: float) -> None:
            try:
                await client.spot.cancel_order("BTC-USDT", 1, max_wait=max_wait)
            except BingXError as error:
                ended.append((type(error).__name__, round(hall.exchange.now())))

        async with anyio.create_task_group() as group:
            for max_wait in [20.0] * 14 + [100.0] * 2:
                group.start_soon(cancel, max_wait)
                await in_turn()
        # the second five leave one occupancy after the first replies, and the first of them to come back says stop
        assert sorted(ended) == [("QuotaWait", 1_152)] * 4 + [("RateLimited", 1_152)] * 5
        assert hall.exchange.times(CANCEL)[-2:] == [60_106, 60_156]
        assert round(latest(60_000)) == 60_106

    run(backend, main)


@backends
def test_closed_for_longer(backend: Backend) -> None:
    """Calls that the exchange has refused, and that then cannot wait, raise its refusal and not a local one."""

    async def main() -> None:
        hall = Hall({CANCEL: [closed_until(3_000), closed_until(3_000), closed_until(60_000)]})
        client = await opened(hall)
        ended: list[tuple[type[BingXError], float]] = []

        async def cancel() -> None:
            try:
                await client.spot.cancel_order("BTC-USDT", 1, max_wait=10)
            except RateLimited as error:
                ended.append((type(error), when(hall, error.retry_at)))

        async with anyio.create_task_group() as group:
            group.start_soon(cancel)
            group.start_soon(cancel)
        assert ended == [(RateLimited, pytest.approx(latest(60_000), abs=0.001))] * 2
        assert len(hall.exchange.calls()) == 3

    run(backend, main)


@backends
def test_repeat_at_the_head(backend: Backend) -> None:
    """The refused call goes back before those who came after it: their number does not count against its wait."""

    async def main() -> None:
        hall = Hall({CANCEL: [closed_until(2_000), OK]})
        client = await opened(hall)
        async with anyio.create_task_group() as group:
            for number in range(1, 32):
                max_wait = 4.0 if number == 1 else 30.0
                group.start_soon(lambda n=number, w=max_wait: client.spot.cancel_order("BTC-USDT", n, max_wait=w))
                await anyio.sleep(0.001)
        ids = [int(call.params["orderId"]) for call in hall.exchange.calls()]
        assert ids[0] == 1
        assert 1 in ids[5:7]
        assert sorted(set(ids)) == list(range(1, 32))

    run(backend, main)


@backends
@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        ((429, "<html>", {"Retry-After": "7"}), 7.0),
        ((418, ""), 300.0),
        ((403, "<html>firewall</html>"), 300.0),
        ((429, refused(100429, "too many requests"), {"Retry-After": "9"}), 9.0),
    ],
)
def test_egress(answer: object, seconds: float, backend: Backend) -> None:
    """429, 418 and 403 close the whole address, for every account, until the moment; then one probe opens it."""

    async def main() -> None:
        hall = Hall({CANCEL: [answer, OK]})
        client = await opened(hall, max_wait=400)
        other = client.for_account(api_key="k2", secret_key="s2", account=2)
        elsewhere = hall.client(egress="second")
        with raising(RateLimited) as caught:
            await client.spot.cancel_order("BTC-USDT", 1, max_wait=1)
        until = hall.exchange.now() + seconds * 1000 + 50
        assert caught[0].scope == "egress default"
        assert caught[0].reason == "address banned"
        assert caught[0].retry_after == pytest.approx(seconds + 0.05)
        for each in (client, other):
            with raising(QuotaWait):
                await each.spot.cancel_open_orders("BTC-USDT", max_wait=1)
        await elsewhere.spot.cancel_open_orders("BTC-USDT", max_wait=1)
        async with anyio.create_task_group() as group:
            group.start_soon(client.spot.cancel_order, "BTC-USDT", 2)
            group.start_soon(other.spot.cancel_open_orders, "BTC-USDT")
        left = [sent.at for sent in hall.exchange.calls()[2:]]
        assert left == [pytest.approx(until), pytest.approx(until + 50)]

    run(backend, main)


@backends
def test_no_moment(backend: Backend) -> None:
    """ "Rate limited" without a moment: one window at first, then growing, at most as long as `max_wait` allows."""

    async def main() -> None:
        hall = Hall({CANCEL: [refused(100410, "rate limited")] * 3 + [OK]}, draw=lambda: 0.999999)
        client = await opened(hall)
        await client.spot.cancel_order("BTC-USDT", 1)
        assert hall.exchange.times(CANCEL) == [50, 50 + 2_050, 2_100 + 3_050, 5_150 + 5_050]

    run(backend, main)


@backends
@pytest.mark.parametrize("offset", [-5_000, 4_000_000])
def test_clamped(offset: float, backend: Backend) -> None:
    """An absurdly far moment is clamped to one hour from now, one in the past gives way to a backoff; both are told."""

    async def main() -> None:
        hall = Hall({CANCEL: [closed_until(offset), OK]}, draw=lambda: 0.0)
        client = await opened(hall, max_wait=4_000)
        await client.spot.cancel_order("BTC-USDT", 1)
        (told,) = [event for event in hall.events if isinstance(event, Penalised)]
        assert told.was_clamped
        assert hall.exchange.times(CANCEL)[1] == (1_100 if offset < 0 else 3_600_100)

    run(backend, main)


@backends
def test_spread(backend: Backend) -> None:
    """Up to 50 ms of random spread come on top of the moment."""

    async def main() -> None:
        hall = Hall({CANCEL: [closed_until(5_000), OK]}, draw=lambda: 0.5)
        client = await opened(hall)
        await client.spot.cancel_order("BTC-USDT", 1)
        assert hall.exchange.times(CANCEL)[1] == round(latest(5_000) + 25)

    run(backend, main)


@backends
def test_shared_governor(backend: Backend) -> None:
    """Two clients on one governor share the quota of their account and see each other's closed periods."""

    async def main() -> None:
        hall = Hall()
        first, second = await opened(hall), await opened(hall)
        async with anyio.create_task_group() as group:
            for number in range(1, 9):
                client = first if number % 2 else second
                group.start_soon(client.spot.cancel_order, "BTC-USDT", number)
        times = hall.exchange.times(CANCEL)
        assert [at - times[0] for at in times] == [0] * 5 + [1_052] * 3  # one occupancy after the replies at 50 ms
        hall.exchange.answers[CANCEL] = [closed_until(60_000)]
        await anyio.sleep(2)
        with raising(RateLimited):
            await first.spot.cancel_order("BTC-USDT", 1, max_wait=1)
        with raising(QuotaWait):
            await second.spot.cancel_order("BTC-USDT", 1, max_wait=1)

    run(backend, main)


@backends
def test_keys_of_one_account(backend: Backend) -> None:
    """Without `account`, each key counts for itself; with it, several keys draw on one quota."""

    async def main() -> None:
        hall = Hall(quotas={CANCEL: Quota(1, 1)})
        first = hall.client(account=None)
        second = first.for_account(api_key="another", secret_key="s")
        assert first.account.owner != second.account.owner
        assert first.account.owner.startswith("key-")
        assert first.account.owner == hall.client(account=None).account.owner
        for client in (first, second):
            await client.spot.cancel_order("BTC-USDT", 1, max_wait=0)
        third = hall.client(account=7)
        fourth = third.for_account(api_key="another", secret_key="s", account="7")
        await third.spot.cancel_order("BTC-USDT", 1, max_wait=0)
        with raising(QuotaWait):
            await fourth.spot.cancel_order("BTC-USDT", 1, max_wait=0)

    run(backend, main)


@backends
def test_quota_wait(backend: Backend) -> None:
    """`max_wait=0` is now or never; the refusal says when and which bucket, and nothing is sent."""

    async def main() -> None:
        hall = Hall()
        client = await opened(hall)
        for _ in range(5):
            await client.spot.cancel_order("BTC-USDT", 1, max_wait=0)
        with raising(QuotaWait) as caught:
            await client.spot.cancel_order("BTC-USDT", 1, max_wait=0)
        assert caught[0].bucket == "account 1 POST " + CANCEL
        # the first reply came at 100 ms; its token returns one occupancy of 1002.5 ms later
        assert when(hall, caught[0].retry_at) == 1_102.5
        assert caught[0].retry_after == pytest.approx((1_102.5 - hall.exchange.now()) / 1000)
        assert len(hall.exchange.calls()) == 5

    run(backend, main)


@backends
def test_killswitch_first(backend: Backend) -> None:
    """`cancel_all_open_orders` goes before everything that waits."""

    async def main() -> None:
        hall = Hall()
        client = await opened(hall)
        async with anyio.create_task_group() as group:
            for _ in range(6):
                group.start_soon(client.spot.cancel_open_orders, "BTC-USDT")
            await anyio.sleep(0.5)
            group.start_soon(client.spot.cancel_all_open_orders)
        left = [(sent.at, "symbol" in sent.params) for sent in hall.exchange.calls(CANCEL_OPEN_ORDERS)]
        moments = sorted({at for at, _ in left})
        assert [sorted(named for at, named in left if at == moment) for moment in moments] == [
            [True, True],
            [False, True],
            [True, True],
            [True],
        ]

    run(backend, main)


def test_second_loop() -> None:
    """One governor serves one event loop after another, of either kind, and keeps what it knows."""
    governor: Governor | None = None

    async def main() -> None:
        nonlocal governor
        hall = Hall()
        governor = governor or hall.governor
        client = BingXClient("k", "s", governor=governor, transport=hall.exchange, carrier="json", account=1)
        async with anyio.create_task_group() as group:
            for number in range(7):
                group.start_soon(client.spot.cancel_order, "BTC-USDT", number + 1)
        assert len(hall.exchange.calls()) == 7

    for backend in ("asyncio", "asyncio", "trio", "asyncio"):
        run(backend, main)  # type: ignore[arg-type]
