"""Things that happen at an awkward moment: nobody is forgotten, no token is lost."""

from __future__ import annotations

import logging
import re
import time
from typing import Any

import anyio
import httpx
import pytest

from bingx_async import BingXClient, ClientClosed, Governor, InvalidRequest, RateLimited
from bingx_async.emulator import Emulator
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
    """Tokens are back, but nobody could look because the program was busy: closing ends every waiter and closes."""
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
    assert client._shared.transport._is_closed
    assert client.governor.snapshot().waiting == 0


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"transport": httpx.AsyncClient}, "pass its transport"),
        ({"transport": Emulator()}, "not Emulator; of an httpx client or an Emulator pass its transport"),
        ({"governor": "documented"}, "must be a Governor, not str"),
        ({"egress": ""}, "egress='' must be a name"),
        ({"egress": None}, "egress=None must be a name"),
        ({"account": ""}, "account='' must be the UID"),
        ({"account": True}, "account=True must be the UID"),
        ({"account": [1]}, "must be the UID"),
        ({"base_url": 5}, "must be a text"),
        ({"base_url": "https://[::1"}, "must be a text"),
        ({"base_url": "https://exa mple.com"}, "without blanks"),
    ],
)
def test_settings_that_cannot_work(settings: dict[str, Any], text: str) -> None:
    """A client that could not work is not made, and the error says what to write instead."""
    with pytest.raises(InvalidRequest, match=re.escape(text)):
        BingXClient("key", "secret", **settings)
