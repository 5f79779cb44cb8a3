"""Cancelling many at once, and independent cancels that travel together."""

from __future__ import annotations

from typing import Any

import anyio
import httpx
import pytest

from bingx_async import (
    BingXError,
    CancelStatus,
    ClientClosed,
    InvalidRequest,
    OrderNotFound,
    OrderRefused,
    OutcomeUnknown,
    Quota,
    QuotaWait,
    RateLimited,
)
from bingx_async.testing import EPOCH
from tests.client.exchange import CANCEL, CANCEL_ORDERS, HANG, OK, Backend, Hall, Sent, backends, in_turn, refused, run


def ids_of(sent: Sent) -> list[str]:
    """The ids of a batch."""
    both = [sent.params.get("orderIds", ""), sent.params.get("clientOrderIDs", "")]
    return [each for text in both for each in text.split(",") if each]


def accept(sent: Sent) -> str:
    """Cancel all that is asked for, single or batch."""
    if sent.path == CANCEL:
        return f'{{"code":0,"data":{{"orderId":{sent.params.get("orderId", 0)}}}}}'
    orders = ",".join(
        f'{{"orderId":{each}}}' if each.isdigit() else f'{{"clientOrderID":"{each}"}}' for each in ids_of(sent)
    )
    return f'{{"code":0,"data":{{"orders":[{orders}]}}}}'


def closed_until(at: float) -> str:
    """The endpoint is closed until `at` (ms since the start)."""
    return refused(100410, f"will be unblocked after {int(EPOCH + at)}")


@backends
def test_hundred(backend: Backend) -> None:
    """100 orders are gone in under 5 s: ten at a time, each request only when it may leave."""

    async def main() -> None:
        hall = Hall({CANCEL_ORDERS: [accept]})
        client = hall.client()
        await client.sync_clock()
        start = hall.exchange.now()
        done = await client.spot.cancel_many("BTC-USDT", range(1, 101))
        assert hall.exchange.now() - start < 5_000
        assert [(each.id, each.status) for each in done] == [(n, CancelStatus.CANCELLED) for n in range(1, 101)]
        assert [len(ids_of(call)) for call in hall.exchange.calls()] == [10] * 10
        assert {call.params["process"] for call in hall.exchange.calls()} == {"1"}
        assert done[0].order is not None
        assert done[0].order.order_id == 1

    run(backend, main)


@backends
def test_certain(backend: Backend) -> None:
    """Where every order is known to be open, single cancels help: 25 a window."""

    async def main() -> None:
        hall = Hall({CANCEL_ORDERS: [accept], CANCEL: [accept]})
        client = hall.client()
        await client.sync_clock()
        done = await client.spot.cancel_many("BTC-USDT", range(1, 51), certain=True)
        assert {each.status for each in done} == {CancelStatus.CANCELLED}
        assert len(hall.exchange.calls(CANCEL)) == 10
        assert len(hall.exchange.calls(CANCEL_ORDERS)) == 4

    run(backend, main)


@backends
def test_outcomes(backend: Backend) -> None:
    """Every id has its outcome: cancelled, not found, refused, unknown; nothing the exchange says raises."""

    async def main() -> None:
        reply = (
            '{"code":0,"data":{"orders":[{"orderId":1},{"clientOrderID":"a"}],"fails":['
            '{"orderId":2,"error":"order not exist"},{"orderId":3,"error":"something"},{"orderId":99,"error":"x"}]}}'
        )
        hall = Hall({CANCEL_ORDERS: [reply]})
        done = await hall.client().spot.cancel_many("BTC-USDT", [1, "2", 3, 4], client_order_ids=["a"])
        assert [(each.id, each.status, each.error) for each in done] == [
            (1, CancelStatus.CANCELLED, ""),
            (2, CancelStatus.NOT_FOUND, "order not exist"),
            (3, CancelStatus.REFUSED, "something"),
            (4, CancelStatus.UNKNOWN, "the reply does not name it"),
            ("a", CancelStatus.CANCELLED, ""),
        ]

    run(backend, main)


@backends
def test_repeated_ids(backend: Backend) -> None:
    """An id given twice travels once; every id given has its outcome, in the order given."""

    async def main() -> None:
        reply = '{"code":0,"data":{"orders":[{"orderId":3},{"clientOrderID":"a"}],"fails":[{"orderId":1,"error":"x"}]}}'
        hall = Hall({CANCEL_ORDERS: [reply]})
        done = await hall.client().spot.cancel_many("BTC-USDT", [3, 1, "3"], client_order_ids=iter(["a", "a"]))
        wanted = [(3, "cancelled"), (1, "refused"), (3, "cancelled"), ("a", "cancelled"), ("a", "cancelled")]
        assert [(each.id, each.status) for each in done] == wanted
        assert done[0] is done[2]
        (call,) = hall.exchange.calls()
        assert (call.params["orderIds"], call.params["clientOrderIDs"]) == ("3,1", "a")

    run(backend, main)


@backends
@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (refused(100400, "invalid parameter"), CancelStatus.REFUSED),
        (refused(100404, "order not exist"), CancelStatus.NOT_FOUND),
        ((504, "<html>"), CancelStatus.UNKNOWN),
        (httpx.ConnectError("down"), CancelStatus.NOT_SENT),
    ],
)
def test_request_fails(answer: Any, status: CancelStatus, backend: Backend) -> None:
    """A request that fails gives its ids an outcome; where nothing can be sent, it ends after a few tries."""

    async def main() -> None:
        hall = Hall({CANCEL_ORDERS: [answer], CANCEL: [answer]})
        client = hall.client(base_url="https://localhost")
        done = await client.spot.cancel_many("BTC-USDT", [1, 2, 3])
        assert {each.status for each in done} == {status}
        assert len(hall.exchange.calls()) < 30

    run(backend, main)


@backends
def test_closed_batch_endpoint(backend: Backend) -> None:
    """The batch endpoint closes under way: single cancels take over, and it helps again when it is open."""

    async def main() -> None:
        first = [accept, closed_until(5_000), accept]
        hall = Hall({CANCEL_ORDERS: first, CANCEL: [accept]})
        client = hall.client()
        await client.sync_clock()
        done = await client.spot.cancel_many("BTC-USDT", range(1, 101))
        assert {each.status for each in done} == {CancelStatus.CANCELLED}
        assert len(hall.exchange.calls(CANCEL)) >= 15
        assert (
            hall.exchange.times(CANCEL_ORDERS)[2] == 5_078
        )  # 50 ms to spare, and 28 for what is not known of the clock
        assert hall.exchange.now() < 9_000

    run(backend, main)


@backends
def test_short_closing(backend: Backend) -> None:
    """A closing of less than two seconds is waited out without spending single cancels."""

    async def main() -> None:
        hall = Hall({CANCEL_ORDERS: [closed_until(1_500), accept]})
        client = hall.client()
        await client.sync_clock()
        done = await client.spot.cancel_many("BTC-USDT", range(1, 11))
        assert {each.status for each in done} == {CancelStatus.CANCELLED}
        assert hall.exchange.calls(CANCEL) == []

    run(backend, main)


@backends
def test_no_time(backend: Backend) -> None:
    """An id that cannot leave within `max_wait` is reported as not sent."""

    async def main() -> None:
        hall = Hall({CANCEL_ORDERS: [accept], CANCEL: [accept]})
        done = await hall.client().spot.cancel_many("BTC-USDT", range(1, 101), max_wait=0)
        statuses = [each.status for each in done]
        assert statuses.count(CancelStatus.CANCELLED) == 20  # two batches; single ones might spend error budget
        assert statuses.count(CancelStatus.NOT_SENT) == 80
        assert "no quota" in next(each.error for each in done if each.status is CancelStatus.NOT_SENT)

    run(backend, main)


@backends
def test_nothing_to_do(backend: Backend) -> None:
    """No ids, no requests; bad ids are refused before anything is sent."""

    async def main() -> None:
        hall = Hall()
        client = hall.client()
        assert await client.spot.cancel_many("BTC-USDT", []) == []
        with pytest.raises(InvalidRequest):
            await client.spot.cancel_many("BTC-USDT", [1, "x"])
        with pytest.raises(TypeError):
            await client.spot.cancel_many("BTC-USDT", [1], patience=2)  # type: ignore[call-arg]
        await client.aclose()
        with pytest.raises(ClientClosed):
            await client.spot.cancel_many("BTC-USDT", [1])
        assert hall.exchange.calls() == []

    run(backend, main)


async def cancels(hall: Hall, client: Any, count: int, **options: Any) -> dict[int, Any]:
    """`count` independent cancels at once; and how each ended."""
    ended: dict[int, Any] = {}

    async def cancel(number: int) -> None:
        try:
            ended[number] = (await client.spot.cancel_order("BTC-USDT", number, **options)).order_id
        except BingXError as error:
            ended[number] = type(error)

    async with anyio.create_task_group() as group:
        for number in range(1, count + 1):
            group.start_soon(cancel, number)
            await in_turn()
    return ended


@backends
def test_coalescing(backend: Backend) -> None:
    """Cancels that queue travel together: 60 of them end in under 4 s instead of 11, each with its own order."""

    async def main() -> None:
        hall = Hall({CANCEL_ORDERS: [accept], CANCEL: [accept]})
        client = hall.client(coalesce_cancels=True)
        await client.sync_clock()
        start = hall.exchange.now()
        ended = await cancels(hall, client, 60)
        assert ended == {number: number for number in range(1, 61)}
        assert hall.exchange.now() - start < 4_000
        sent = [call.params.get("orderId") or call.params["orderIds"] for call in hall.exchange.calls()]
        assert sorted(int(each) for text in sent for each in text.split(",")) == list(range(1, 61))

    run(backend, main)


@backends
def test_coalescing_alone(backend: Backend) -> None:
    """A cancel that need not queue travels alone, and without the setting they all do."""

    async def main() -> None:
        hall = Hall({CANCEL_ORDERS: [accept], CANCEL: [accept]})
        assert await cancels(hall, hall.client(coalesce_cancels=True), 1) == {1: 1}
        assert hall.exchange.calls(CANCEL_ORDERS) == []
        await anyio.sleep(2)
        assert len(await cancels(hall, hall.client(), 12)) == 12
        assert hall.exchange.calls(CANCEL_ORDERS) == []

    run(backend, main)


@backends
def test_coalescing_by_key(backend: Backend) -> None:
    """Only cancels of one symbol and one account travel together."""

    async def main() -> None:
        hall = Hall({CANCEL_ORDERS: [accept], CANCEL: [accept]}, quotas={CANCEL: Quota(1, 60.0)})
        client = hall.client(coalesce_cancels=True)
        other = client.for_account(api_key="k", secret_key="s", account=2)
        await client.sync_clock()
        async with anyio.create_task_group() as group:
            for number in range(1, 7):
                group.start_soon(client.spot.cancel_order, "BTC-USDT", number)
                group.start_soon(client.spot.cancel_order, "ETH-USDT", number + 10)
                group.start_soon(other.spot.cancel_order, "BTC-USDT", number + 20)
        batches = hall.exchange.calls(CANCEL_ORDERS)
        assert len(batches) == 3
        for batch in batches:
            tens = {int(each) // 10 for each in ids_of(batch)}
            assert len(tens) == 1
            assert batch.params["symbol"] == ("ETH-USDT" if tens == {1} else "BTC-USDT")
            assert (batch.headers["X-BX-APIKEY"] == "k") is (tens == {2})

    run(backend, main)


@backends
def test_coalesced_errors(backend: Backend) -> None:
    """Every caller gets the error that a call of its own would have raised."""

    async def main() -> None:
        def mixed(sent: Sent) -> str:
            found: list[str] = []
            for each, error in zip(ids_of(sent), ["order not exist", "pair closed"], strict=False):
                found.append(f'{{"orderId":{each},"error":"{error}"}}')
            return f'{{"code":0,"data":{{"fails":[{",".join(found)}]}}}}'

        hall = Hall({CANCEL_ORDERS: [mixed], CANCEL: [HANG]})
        client = hall.client(coalesce_cancels=True)
        await client.sync_clock()
        ended = await cancels(hall, client, 8, timeout=1)
        kinds = list(ended.values())
        assert {OrderNotFound, OrderRefused, OutcomeUnknown} >= set(kinds)
        assert OrderNotFound in kinds
        assert OrderRefused in kinds

        hall = Hall({CANCEL_ORDERS: [refused(100400, "bad")], CANCEL: [refused(100404, "gone")]})
        client = hall.client(coalesce_cancels=True)
        assert set((await cancels(hall, client, 9)).values()) <= {OrderRefused, OrderNotFound}

    run(backend, main)


@backends
def test_coalesced_and_not_named(backend: Backend) -> None:
    """A cancel that the reply to its batch does not name may have run."""

    async def main() -> None:
        hall = Hall({CANCEL_ORDERS: [OK], CANCEL: [accept]})
        client = hall.client(coalesce_cancels=True)
        await client.sync_clock()
        assert set((await cancels(hall, client, 12)).values()) - set(range(1, 13)) == {OutcomeUnknown}

    run(backend, main)


@backends
def test_coalesced_without_time(backend: Backend) -> None:
    """With no time to wait, cancels that fit into neither route are refused; none hangs."""

    async def main() -> None:
        hall = Hall({CANCEL_ORDERS: [accept], CANCEL: [accept]})
        client = hall.client(coalesce_cancels=True)
        await client.sync_clock()
        ended = await cancels(hall, client, 40, max_wait=0)
        assert len(ended) == 40
        assert set(ended.values()) >= {QuotaWait}

    run(backend, main)


@backends
@pytest.mark.parametrize("answer", [closed_until(60_000), refused(100410, "The current system is busy"), (429, "")])
@pytest.mark.parametrize("max_wait", [0.0, 0.5, 1.2, 30.0, 100.0])
def test_coalesced_and_closed(answer: Any, max_wait: float, backend: Backend) -> None:
    """Both endpoints close while cancels queue: each ends, done or with an error, and none hangs."""

    async def main() -> None:
        hall = Hall({CANCEL_ORDERS: [answer, accept], CANCEL: [OK, OK, answer, accept]})
        client = hall.client(coalesce_cancels=True)
        await client.sync_clock()
        with anyio.fail_after(200):
            ended = await cancels(hall, client, 40, max_wait=max_wait)
        assert len(ended) == 40

    run(backend, main)


@backends
def test_carried_and_given_back(backend: Backend) -> None:
    """A caller whose own ways are barred while another's batch carries it ends when that batch is refused."""

    async def main() -> None:
        hall = Hall(
            {CANCEL: [HANG], CANCEL_ORDERS: [accept, closed_until(60_000)]},
            quotas={CANCEL: Quota(2, 1), CANCEL_ORDERS: Quota(1, 1)},
        )
        client = hall.client(coalesce_cancels=True)
        await client.sync_clock()
        ended: dict[str, tuple[type[BaseException], int]] = {}
        start = hall.exchange.now()

        async def cancel(name: str, number: int, max_wait: float) -> None:
            try:
                await client.spot.cancel_order("BTC-USDT", number, max_wait=max_wait)
            except BingXError as error:
                ended[name] = (type(error), round(hall.exchange.now() - start))

        async with anyio.create_task_group() as group:
            for number in (1, 2):  # both single tokens are in flight and stay there
                group.start_soon(cancel, f"hangs {number}", number, 0)
                await in_turn()
            group.start_soon(client.spot.cancel_orders, "BTC-USDT", [3])
            await in_turn()
            group.start_soon(cancel, "carries", 4, 5.0)
            await in_turn()
            group.start_soon(cancel, "carried", 5, 1.08)
        assert ids_of(hall.exchange.calls(CANCEL_ORDERS)[1]) == ["4", "5"]
        assert ended["carried"] == (RateLimited, 1_102)
        assert ended["carries"] == (QuotaWait, 5_000)

    run(backend, main)


@backends
@pytest.mark.parametrize("victim", range(1, 20, 3))
def test_coalesced_and_cancelled(victim: int, backend: Backend) -> None:
    """A caller that is cancelled takes no other caller's cancel with it."""

    async def main(at: float) -> None:
        hall = Hall({CANCEL_ORDERS: [accept], CANCEL: [accept]})
        client = hall.client(coalesce_cancels=True)
        await client.sync_clock()
        scope, ended = anyio.CancelScope(), list[int]()

        async def cancel(number: int) -> None:
            if number == victim:
                with scope:
                    await client.spot.cancel_order("BTC-USDT", number)
            else:
                await client.spot.cancel_order("BTC-USDT", number)
                ended.append(number)

        async with anyio.create_task_group() as group:
            for number in range(1, 31):
                group.start_soon(cancel, number)
                await in_turn()
            await anyio.sleep(at)
            scope.cancel()
        assert sorted(ended) == [number for number in range(1, 31) if number != victim]
        await anyio.sleep(12)
        assert all(bucket.in_flight == 0 for bucket in hall.governor.snapshot())

    for at in (0.0, 0.02, 0.06, 1.06):
        run(backend, lambda at=at: main(at))


@backends
def test_coalesced_and_closed_client(backend: Backend) -> None:
    """Closing the client ends every cancel that queues."""

    async def main() -> None:
        hall = Hall({CANCEL_ORDERS: [accept], CANCEL: [accept]})
        client = hall.client(coalesce_cancels=True)
        await client.sync_clock()
        ended: dict[int, Any] = {}
        async with anyio.create_task_group() as group:

            async def wait() -> None:
                ended.update(await cancels(hall, client, 60))

            group.start_soon(wait)
            await anyio.sleep(0.2)
            await client.aclose()
        kinds = list(ended.values())
        assert len(kinds) == 60
        assert kinds.count(ClientClosed) > 20

    run(backend, main)


@backends
@pytest.mark.parametrize("settings", [{}, {"coalesce_cancels": True}])
def test_errors_come_out_as_themselves(backend: Backend, settings: dict[str, Any]) -> None:
    """The error that makes a call impossible is raised as it is, not in a group."""

    async def main() -> None:
        client = Hall(share=0.1).client(**settings)
        with pytest.raises(InvalidRequest, match="leaves no whole call"):
            await client.spot.cancel_many("BTC-USDT", [1, 2])
        with pytest.raises(InvalidRequest, match="leaves no whole call"):
            await client.spot.cancel_order("BTC-USDT", 1)

    run(backend, main)


@backends
def test_deadline(backend: Backend) -> None:
    """With a deadline for the whole every id has an outcome then: cancelled, unknown if its reply is still to come, or
    not sent."""

    async def main() -> None:
        hall = Hall({CANCEL_ORDERS: [accept, accept, HANG]})
        client = hall.client()
        await client.sync_clock()
        start = hall.exchange.now()
        done = await client.spot.cancel_many("BTC-USDT", range(1, 101), deadline=1.5)
        assert hall.exchange.now() - start == pytest.approx(1_500, abs=5)
        found = {status: sum(each.status is status for each in done) for status in CancelStatus}
        assert found[CancelStatus.CANCELLED] == 20
        assert found[CancelStatus.UNKNOWN] == 20
        assert found[CancelStatus.NOT_SENT] == 60
        assert "the deadline of 1.5 s has passed" in done[-1].error
        assert all(bucket.in_flight == 0 for bucket in hall.governor.snapshot())

    run(backend, main)


@backends
@pytest.mark.parametrize("deadline", [0, -1, True, "5", float("nan")])
def test_wrong_deadline(backend: Backend, deadline: Any) -> None:
    """A deadline is seconds above 0."""

    async def main() -> None:
        hall = Hall()
        with pytest.raises(InvalidRequest, match="must be seconds above 0, or None"):
            await hall.client().spot.cancel_many("BTC-USDT", [1], deadline=deadline)

    run(backend, main)


@backends
@pytest.mark.parametrize(
    "answer",
    [
        lambda sent: refused(100410, f"will be unblocked after {int(EPOCH + sent.at) + 5}"),
        lambda sent: refused(109429, f"will be unblocked after {int(EPOCH + sent.at) + 5}"),
        refused(100410, "rate limited"),
        refused(100500, "system busy"),
        refused(80012, "service unavailable"),
        (503, "<html>busy</html>"),
    ],
)
def test_refused_for_ever(backend: Backend, answer: Any) -> None:
    """An exchange that goes on refusing is asked less and less often, and every id has an outcome in the end."""

    async def main() -> None:
        hall = Hall({CANCEL_ORDERS: [answer], CANCEL: [answer]})
        client = hall.client()
        await client.sync_clock()
        done = await client.spot.cancel_many("BTC-USDT", range(1, 31))
        assert CancelStatus.CANCELLED not in {each.status for each in done}
        assert len(hall.exchange.calls()) <= 40
        assert hall.exchange.now() < 300_000

    run(backend, main)
