"""Things that happen at an awkward moment: no waiter is forgotten, no token is lost."""

from __future__ import annotations

import logging
import time
from typing import Any

import anyio
import pytest

from bingx_async import BingXClient, ClientClosed, Governor, OutcomeUnknown, RateLimited, ReadFailed
from bingx_async.emulator import Emulator
from bingx_async.spot.queries import GET_ORDER
from tests.client.exchange import CANCEL, OK, Backend, Hall, backends, refused, run


class BrokenFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        raise OSError("disk full")


@backends
def test_a_log_that_cannot_be_written(backend: Backend) -> None:
    """A logging filter that raises changes nothing about a call: its tokens come back, its scope opens again."""

    async def main() -> None:
        hall = Hall({CANCEL: [refused(100410, "rate limited"), OK]})
        client = hall.client()
        await client.sync_clock()
        with pytest.raises(RateLimited):
            await client.spot.cancel_order("BTC-USDT", 1, max_wait=0)
        await client.spot.cancel_order("BTC-USDT", 1)
        bucket = hall.governor.snapshot().find(CANCEL)
        assert bucket is not None
        assert (bucket.in_flight, bucket.closed_until) == (0, None)

    log, broken = logging.getLogger("bingx_async"), BrokenFilter()
    log.addFilter(broken)
    try:
        run(backend, main)
    finally:
        log.removeFilter(broken)


async def test_closed_at_the_moment_of_a_grant() -> None:
    """Tokens are back, but the program was too busy to grant them: closing ends every waiter, and closes."""
    emulator, ended = Emulator(), list[str]()
    keys = emulator.accounts[0]

    async def cancel() -> None:
        try:
            await client.spot.cancel_open_orders("BTC-USDT")
            ended.append("done")
        except ClientClosed:
            ended.append("closed")

    client = BingXClient(
        keys.api_key, keys.secret_key, account=keys.account, transport=emulator.transport(), governor=Governor()
    )
    async with anyio.create_task_group() as group:
        await client.__aenter__()
        for _ in range(6):
            group.start_soon(cancel)
        await anyio.sleep(0.3)
        time.sleep(1.0)  # noqa: ASYNC251
        await client.aclose()
    assert sorted(ended) == ["closed"] * 4 + ["done"] * 2
    assert client._caller.sender.transport._is_closed
    assert client.governor.snapshot().waiting == 0


@backends
@pytest.mark.parametrize(
    ("asked", "told", "is_ours"),
    [
        ({"order_id": 7}, '"orderId":7', True),
        ({"order_id": 7}, '"orderId":"7"', True),
        ({"order_id": 7}, '"status":"CANCELED"', True),
        ({"order_id": 7}, '"orderId":0,"clientOrderID":""', True),
        ({"client_order_id": "Mine-7"}, '"orderId":9,"clientOrderID":"mine-7"', True),
        ({"order_id": 7}, '"orderId":8', False),
        ({"client_order_id": "mine-7"}, '"clientOrderID":"mine-8"', False),
    ],
)
def test_a_reply_about_another_order(backend: Backend, asked: dict[str, Any], told: str, is_ours: bool) -> None:
    """A reply that names another order than the call is not the answer to it, so its outcome is unknown."""

    async def main() -> None:
        hall = Hall({CANCEL: [f'{{"code":0,"data":{{{told}}}}}'], GET_ORDER.path: [f'{{"code":0,"data":{{{told}}}}}']})
        client = hall.client(carrier="json")
        for call, error in ((client.spot.cancel_order, OutcomeUnknown), (client.spot.get_order, ReadFailed)):
            if is_ours:
                await call("BTC-USDT", **asked)
            else:
                with pytest.raises(error, match="the reply is about another order"):
                    await call("BTC-USDT", **asked)

    run(backend, main)
