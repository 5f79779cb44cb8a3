"""Batch cancels: chunks, and what becomes of one that fails."""

from __future__ import annotations

import httpx
import pytest

from bingx_async import ApiError, OrderNotFound
from tests.client.exchange import CANCEL_ORDERS, Backend, Hall, Sent, backends, refused, run


def accept(sent: Sent) -> str:
    """Cancel all of the chunk."""
    ids = [each for each in sent.params.get("orderIds", "").split(",") if each]
    orders = ",".join(f'{{"orderId":{each}}}' for each in ids)
    return f'{{"code":0,"data":{{"orders":[{orders}]}}}}'


@backends
def test_chunks(backend: Backend) -> None:
    """25 ids travel in chunks of ten, in the order given, and come back as one result."""

    async def main() -> None:
        hall = Hall({CANCEL_ORDERS: [accept]})
        done = await hall.client().spot.cancel_orders("BTC-USDT", range(1, 24), ["a", "b"])
        sent = [(call.params.get("orderIds"), call.params.get("clientOrderIDs")) for call in hall.exchange.calls()]
        assert sent == [
            ("1,2,3,4,5,6,7,8,9,10", None),
            ("11,12,13,14,15,16,17,18,19,20", None),
            ("21,22,23", "a,b"),
        ]
        assert [order.order_id for order in done.orders] == list(range(1, 24))
        assert done.fails == ()
        assert len(done.raw["orders"]) == 23

    run(backend, main)


@backends
def test_chunk_size(backend: Backend) -> None:
    """`ids_per_batch` sets the size of a chunk, also for clients of other accounts."""

    async def main() -> None:
        hall = Hall({CANCEL_ORDERS: [accept]})
        other = hall.client(ids_per_batch=2).for_account(api_key="k", secret_key="s")
        await other.spot.cancel_orders("BTC-USDT", [1, 2, 3])
        assert [call.params["orderIds"] for call in hall.exchange.calls()] == ["1,2", "3"]

    run(backend, main)


@backends
@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (refused(100404, "order not exist"), "order not exist"),
        ((504, "<html>"), "may have run"),
        (httpx.ConnectError("refused"), "nothing was sent"),
    ],
)
def test_later_chunk_fails(failure: object, told: str, backend: Backend) -> None:
    """Once a chunk has been accepted, a later failure is reported per id and loses nothing."""

    async def main() -> None:
        hall = Hall({CANCEL_ORDERS: [accept, failure, accept]})
        client = hall.client(ids_per_batch=2, base_url="https://localhost")
        done = await client.spot.cancel_orders("BTC-USDT", [1, 2, 3, 4], ["a"])
        assert [order.order_id for order in done.orders] == [1, 2]
        assert [(fail.order_id, fail.client_order_id) for fail in done.fails] == [(3, ""), (4, "")]
        assert all(told in fail.error for fail in done.fails)

    run(backend, main)


@backends
def test_failed_client_ids(backend: Backend) -> None:
    """A client order id that failed is reported as one."""

    async def main() -> None:
        hall = Hall({CANCEL_ORDERS: [accept, refused(100404)]})
        done = await hall.client(ids_per_batch=1).spot.cancel_orders("BTC-USDT", [1], ["a"])
        assert [(fail.order_id, fail.client_order_id) for fail in done.fails] == [(None, "a")]

    run(backend, main)


@backends
def test_later_chunk_waits_too_long(backend: Backend) -> None:
    """A later chunk for which the wait does not fit is reported, not raised: the first has run."""

    async def main() -> None:
        hall = Hall({CANCEL_ORDERS: [accept]})
        done = await hall.client(ids_per_batch=1).spot.cancel_orders("BTC-USDT", [1, 2, 3], max_wait=0)
        assert [order.order_id for order in done.orders] == [1, 2]
        assert [fail.order_id for fail in done.fails] == [3]
        assert "no quota" in done.fails[0].error

    run(backend, main)


@backends
def test_first_chunk_fails(backend: Backend) -> None:
    """While nothing has been cancelled, a failure raises and the other chunks stay here."""

    async def main() -> None:
        hall = Hall({CANCEL_ORDERS: [refused(100404, "order not exist")]})
        with pytest.raises(OrderNotFound) as caught:
            await hall.client(ids_per_batch=1).spot.cancel_orders("BTC-USDT", [1, 2])
        assert isinstance(caught.value, ApiError)
        assert len(hall.exchange.calls()) == 1

    run(backend, main)


@backends
def test_odd_replies_are_joined(backend: Backend) -> None:
    """Replies of the wrong shape after code 0 do not raise when chunks are joined either."""

    async def main() -> None:
        odd = ['{"code":0,"data":{"orders":5}}', '{"code":0,"data":{"fails":{"a":1}}}', '{"code":0,"data":7}']
        hall = Hall({CANCEL_ORDERS: odd})
        done = await hall.client(ids_per_batch=1).spot.cancel_orders("BTC-USDT", [1, 2, 3])
        assert (done.orders, done.fails, done.raw) == ((), (), {"orders": [], "fails": []})

    run(backend, main)
