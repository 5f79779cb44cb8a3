"""Redis away, slow, forgetful, too old or with another password: go on without a burst, or a clear error."""

from __future__ import annotations

import asyncio
import logging
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio as redis_asyncio
import trio

from bingx_async import Governor, StoreUnavailable
from bingx_async.core import events
from bingx_async.core.claims import Permit
from bingx_async.core.ledger import COLD_MARGIN
from bingx_async.core.verdict import Accepted
from bingx_async.redis import RedisStore, connection
from bingx_async.runtime.clock import monotonic_ms
from bingx_async.runtime.governor.admission import MAX_LIFETIME
from bingx_async.spot.cancels import CANCEL_ORDER
from tests.redis.desk import OCCUPANCY, Desk, warm
from tests.redis.proxy import proxy
from tests.redis.server import RedisServer, free_port

OK = Accepted(None, {})


async def call(governor: Governor, deadline: float = 30.0, max_lifetime_ms: float = MAX_LIFETIME) -> Permit:
    """A cancel that is answered at once."""
    now = governor.clock.monotonic()
    permit = await governor.acquire(
        governor.claims(CANCEL_ORDER, "1"), now + deadline * 1000.0, max_lifetime_ms=max_lifetime_ms
    )
    governor.settle(permit, OK, governor.clock.monotonic(), {})
    return permit


async def test_refuse(caplog: pytest.LogCaptureFixture) -> None:
    """Under `refuse` a store that is away lets nothing leave; it is said in one event and one log line."""
    seen: list[events.Event] = []
    store = RedisStore(f"redis://127.0.0.1:{free_port()}")
    async with Governor(store=store, on_store_failure="refuse", on_event=seen.append) as governor:
        for _ in range(3):
            with pytest.raises(StoreUnavailable, match="nothing was sent"):
                await call(governor)
    lost = [event for event in seen if isinstance(event, events.StoreLost)]
    assert [event.policy for event in lost] == ["refuse"]
    assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) == 1


async def test_local_share(start_redis: Callable[..., RedisServer], namespace: str) -> None:
    """While Redis is away account quotas pause until all others' calls are over, then run on the share alone. When it
    is back, its memory is not relied on for one occupancy. Events report both."""
    server, max_lifetime_ms = start_redis(), 2_500.0
    seen: list[events.Event] = []
    await warm(server.url, namespace, 0.0)
    async with Governor(store=RedisStore(server.url, namespace), fallback_share=0.4, on_event=seen.append) as governor:
        clock = governor.clock.monotonic
        await call(governor, max_lifetime_ms=max_lifetime_ms)
        server.stop()
        away = clock()
        alone = [(await call(governor, max_lifetime_ms=max_lifetime_ms)).granted_at for _ in range(4)]
        assert alone[0] - away == pytest.approx(OCCUPANCY + max_lifetime_ms + COLD_MARGIN, abs=400)
        assert alone[2] - alone[0] >= OCCUPANCY  # 0.4 of 5: two at a time
        server.start()
        began = clock()
        back = [(await call(governor, max_lifetime_ms=max_lifetime_ms)).granted_at for _ in range(3)]
        assert back[-1] - began >= OCCUPANCY + COLD_MARGIN
    reported = [type(event) for event in seen if isinstance(event, (events.StoreLost, events.StoreFound))]
    assert reported == [events.StoreLost, events.StoreFound]


async def test_slow(redis_server: RedisServer, namespace: str) -> None:
    """A Redis that takes 200 ms to answer costs 200 ms a call, and no call goes astray."""
    await warm(redis_server.url, namespace, 0.0)
    seen: list[events.Event] = []
    async with (
        proxy(redis_server, 0.2) as (url, *_),
        Governor(store=RedisStore(url, namespace), on_event=seen.append) as governor,
    ):
        await call(governor)
        began = governor.clock.monotonic()
        await asyncio.gather(*(call(governor) for _ in range(4)))
        took = governor.clock.monotonic() - began
        assert took >= 200
        await call(governor)
        assert governor.clock.monotonic() - began >= OCCUPANCY
    assert [event for event in seen if isinstance(event, events.StoreLost)] == []


async def test_connections_reset(redis_server: RedisServer, namespace: str) -> None:
    """A reset loses neither a token nor a call: the next request goes over a new connection."""
    await warm(redis_server.url, namespace, 0.0)
    async with proxy(redis_server) as (url, reset, _), Governor(store=RedisStore(url, namespace)) as governor:
        for _ in range(4):
            await call(governor)
            await governor.flush()
            reset()
            await asyncio.sleep(0.02)
        await call(governor)
        snapshot = governor.snapshot().find("/openApi/spot/v1/trade/cancel")
        assert snapshot is not None
        assert snapshot.in_flight == 0


@pytest.mark.parametrize("how", ["flushall", "restart"])
async def test_forgotten(start_redis: Callable[..., RedisServer], namespace: str, how: str) -> None:
    """However Redis forgets (FLUSHALL, a restart, an empty replica), no call leaves for one occupancy after it."""
    server = start_redis()
    await warm(server.url, namespace, 0.0)
    async with Governor(store=RedisStore(server.url, namespace)) as governor:
        for _ in range(5):
            await call(governor)
        await governor.flush()
        forgotten_at = governor.clock.monotonic()
        if how == "restart":
            server.stop()
            server.start()
        else:
            async with redis_asyncio.Redis.from_url(server.url) as client:
                await client.flushall()
        other = Governor(store=RedisStore(server.url, namespace))  # knows nothing of the five
        async with other:
            await call(other)
            assert other.clock.monotonic() - forgotten_at >= OCCUPANCY + COLD_MARGIN


async def test_an_old_copy(start_redis: Callable[..., RedisServer], namespace: str, tmp_path: Path) -> None:
    """A server that comes up with data of a while ago is not believed: its latest calls may be missing."""
    server = start_redis()
    await warm(server.url, namespace, 0.0)
    async with redis_asyncio.Redis.from_url(server.url) as client:
        await client.save()
    desk = Desk(RedisStore(server.url, namespace))
    for _ in range(5):
        await desk.grant()
    server.stop()
    server.start()
    async with redis_asyncio.Redis.from_url(server.url) as client:
        assert await client.exists(desk.store.names.of("history")) == 1  # type: ignore[attr-defined]
    other = Desk(RedisStore(server.url, namespace))
    asked_at = monotonic_ms()
    answer: Any = await other.ask()
    # The wait is shorter by the round trip, which had to connect first.
    assert OCCUPANCY + COLD_MARGIN - (monotonic_ms() - asked_at) <= answer.wait <= OCCUPANCY + COLD_MARGIN
    await desk.store.aclose()
    await other.store.aclose()


async def test_script_flush(start_redis: Callable[..., RedisServer], namespace: str) -> None:
    """Scripts that were forgotten are sent again, alone and in a pipeline."""
    server = start_redis()
    await warm(server.url, namespace, 0.0)
    desk = Desk(RedisStore(server.url, namespace))
    async with redis_asyncio.Redis.from_url(server.url) as client:
        for _ in range(2):
            await client.script_flush()
            granted = await desk.grant()
            await client.script_flush()
            desk.now = granted[0].max_lifetime_ms and desk.store._monotonic()  # type: ignore[attr-defined]
            await desk.settle(granted)
        assert await client.zcard(desk.store.names.of("in_flight", granted[0].claims.endpoint_gate)) == 0  # type: ignore[attr-defined]
    await desk.store.aclose()


async def test_wrong_password(start_redis: Callable[..., RedisServer]) -> None:
    """A password that is not accepted is an error at the first call, whatever is to happen while Redis is away."""
    server = start_redis("--requirepass", "right")
    for url in (server.url, server.url.replace("redis://", "redis://:wrong@")):
        async with Governor(store=RedisStore(url)) as governor:
            for _ in range(2):
                with pytest.raises(StoreUnavailable, match=r"Redis refuses us|is away") as caught:
                    await call(governor)
                assert "wrong" not in str(caught.value)
    async with Governor(store=RedisStore(server.url.replace("redis://", "redis://:right@"))) as governor:
        await call(governor)


async def test_old_version(redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that cannot run the scripts is named with its version."""
    monkeypatch.setattr(connection, "OLDEST_VERSION", (99, 0))
    async with Governor(store=RedisStore(redis_server.url)) as governor:
        with pytest.raises(StoreUnavailable, match=r"Redis \d+\.\d+\.\d+ is too old") as caught:
            await call(governor)
    assert caught.value.is_lasting


def make_certificate(openssl: str, key: Path, certificate: Path) -> None:
    """For localhost, signed by itself."""
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(certificate)]
    command += ["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(command, check=True, capture_output=True)


async def test_tls(start_redis: Callable[..., RedisServer], tmp_path: Path, namespace: str) -> None:
    """A `rediss://` URL speaks TLS; against a server without TLS the store is away, and says why."""
    plain = start_redis()
    with pytest.raises(StoreUnavailable, match="does not answer"):
        await Desk(RedisStore(plain.url.replace("redis://", "rediss://"), timeout=0.5)).ask()
    openssl = shutil.which("openssl")
    assert openssl is not None, "this test makes a certificate with openssl"
    key, certificate, port = tmp_path / "key.pem", tmp_path / "certificate.pem", free_port()
    make_certificate(openssl, key, certificate)
    start_redis(
        *("--tls-port", str(port), "--tls-cert-file", str(certificate), "--tls-key-file", str(key)),
        *("--tls-ca-cert-file", str(certificate), "--tls-auth-clients", "no"),
    )
    desk = Desk(RedisStore(f"rediss://localhost:{port}/0?ssl_ca_certs={certificate}", namespace))
    assert (await desk.ask()) is not None
    await desk.store.aclose()


def test_two_event_loops(redis_server: RedisServer, namespace: str) -> None:
    """A store made from a URL serves one event loop after the other; a client that was passed in stays in its first."""
    own = redis_asyncio.Redis.from_url(redis_server.url)
    store, borrowed = RedisStore(redis_server.url, namespace), RedisStore(own, namespace)

    async def first() -> None:
        assert await Desk(store).ask() is not None
        assert await Desk(borrowed).ask() is not None
        await store.aclose()
        await borrowed.aclose()
        await own.aclose()

    async def second() -> None:
        assert await Desk(store).ask() is not None
        await store.aclose()
        with pytest.raises(StoreUnavailable, match="event loop") as caught:
            await Desk(borrowed).ask()
        assert caught.value.is_lasting

    asyncio.run(first())
    asyncio.run(second())


def test_trio() -> None:
    """Under trio it says at once that it cannot."""

    async def main() -> None:
        async with Governor(store=RedisStore("redis://127.0.0.1:1")) as governor:
            with pytest.raises(StoreUnavailable, match="asyncio only"):
                await call(governor)

    trio.run(main)
