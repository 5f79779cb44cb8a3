"""The emulator over real sockets."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
import threading
import time

import httpx
import pytest
import trio

from bingx_async.emulator import Answer, CloseAfter, CloseBefore, Delay, Emulator, Fault, Html, Request, Truncate
from bingx_async.spot.cancels import CANCEL_OPEN_ORDERS, CANCEL_ORDER
from bingx_async.spot.market import SERVER_TIME
from tests.emulator.calls import HEADERS, SYMBOL, UID, query


def epoch() -> float:
    return time.time() * 1000


def server_threads() -> list[str]:
    """The names of the emulator's threads that are alive."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("bingx-async")]


async def ask_time(url: str) -> int:
    """The status of a request for the server's time."""
    async with httpx.AsyncClient() as client:
        return (await client.get(url + SERVER_TIME.path)).status_code


async def test_signed_call() -> None:
    """A signed cancel over a socket is answered as in process, headers and all."""
    emulator = Emulator()
    (order_id,) = emulator.rest_orders(UID, SYMBOL, 1)
    async with emulator.serve() as server, httpx.AsyncClient(base_url=server.url, headers=HEADERS) as client:
        reply = await client.post(f"{CANCEL_ORDER.path}?{query({'symbol': SYMBOL, 'orderId': order_id}, epoch())}")
    assert (reply.status_code, reply.json()["code"], reply.json()["data"]["orderId"]) == (200, 0, order_id)
    assert reply.headers["content-type"] == "application/json; charset=utf-8"
    assert reply.headers["x-ratelimit-requests-remain"] == "4"
    assert "server" not in reply.headers


async def test_body_and_unknown_paths() -> None:
    """Bodies of any kind, any method and any path reach the exchange."""
    signed = query({}, epoch())
    async with Emulator().serve() as server, httpx.AsyncClient(base_url=server.url, headers=HEADERS) as client:
        form = await client.post(CANCEL_OPEN_ORDERS.path, content=signed)
        nowhere = await client.request("DELETE", "/no/where")
        root = await client.get("/")
    assert [reply.json()["code"] for reply in (form, nowhere, root)] == [0, 100400, 100400]


async def test_a_quota_breach_over_sockets() -> None:
    """Saturated callers on several connections are counted exactly: two pass, one breaches, the rest come too late."""
    emulator = Emulator()
    async with emulator.serve() as server, httpx.AsyncClient(base_url=server.url, headers=HEADERS) as client:
        url = f"{CANCEL_OPEN_ORDERS.path}?{query({}, epoch())}"
        replies = await asyncio.gather(*(client.post(url) for _ in range(10)))
    stats = emulator.stats().of(UID, CANCEL_OPEN_ORDERS.path)
    assert sorted(reply.json()["code"] for reply in replies) == [0] * 2 + [100410] * 8
    assert (stats.accepted, stats.refused, stats.closed, len(stats.arrivals)) == (2, 1, 7, 10)


@pytest.mark.parametrize(("effect", "accepted"), [(CloseBefore(), 0), (CloseAfter(), 1)])
async def test_the_connection_really_closes(effect: CloseBefore | CloseAfter, accepted: int) -> None:
    """The peer sees the end of the connection and not a byte of a reply; the next connection works."""
    emulator = Emulator()
    emulator.inject(Fault(effect, times=1))
    path = f"{CANCEL_OPEN_ORDERS.path}?{query({}, epoch())}"
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\nx-bx-apikey: {HEADERS['x-bx-apikey']}\r\ncontent-length: 0\r\n\r\n"
    async with emulator.serve() as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(head.encode())
        received = await reader.read()
        writer.close()
        assert (received, emulator.stats().accepted, await ask_time(server.url)) == (b"", accepted, 200)


async def test_faulty_replies() -> None:
    """Pages of a gateway, truncated JSON and raw replies come through as whole HTTP replies."""
    emulator = Emulator()
    replies: list[httpx.Response] = []
    async with emulator.serve() as server, httpx.AsyncClient(base_url=server.url) as client:
        for effect in (Html(504), Truncate(0.2), Answer(b"banned", 418, {"Retry-After": "60"})):
            emulator.inject(Fault(effect, times=1))
            replies.append(await client.get(SERVER_TIME.path))
    assert [reply.status_code for reply in replies] == [504, 200, 418]
    assert (replies[1].text, replies[2].text, replies[2].headers["retry-after"]) == (
        '{"code":0,"tim',
        "banned",
        "60",
    )


async def test_latency() -> None:
    """A reply takes at least both ways of the network and the delay of a fault."""
    emulator = Emulator(latency=0.03)
    emulator.inject(Fault(Delay(up=0.02, down=0.02)))
    async with emulator.serve() as server, httpx.AsyncClient() as client:
        started_at = time.perf_counter()
        await client.get(server.url + SERVER_TIME.path)
        assert time.perf_counter() - started_at >= 0.1


async def test_an_unforeseen_failure_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """A failure inside is an HTTP 500, and the log says where."""
    emulator = Emulator()
    emulator.inject(Fault(Html(), when=lambda request: 1 // 0 == 0))
    async with emulator.serve() as server:
        assert await ask_time(server.url) == 500
    assert [(each.levelname, each.message) for each in caplog.records if each.name == "bingx_async.emulator"] == [
        ("ERROR", f"GET '{SERVER_TIME.path}' failed")
    ]


async def test_uvicorn_logs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Neither start nor requests nor an aborted connection write to uvicorn's logs, where a query would show."""
    emulator = Emulator()
    emulator.inject(Fault(CloseAfter(), times=1))
    with caplog.at_level(logging.DEBUG):
        async with emulator.serve() as server, httpx.AsyncClient(base_url=server.url) as client:
            with pytest.raises(httpx.RemoteProtocolError):
                await client.get(f"{SERVER_TIME.path}?signature=deadbeef")
            await client.get(f"{SERVER_TIME.path}?signature=deadbeef")
    assert [each.message for each in caplog.records if each.name.startswith(("uvicorn", "asyncio.uvicorn"))] == []
    ours = [each.message for each in caplog.records if each.name.startswith("bingx_async")]
    assert [("deadbeef" in line, "signature=***" in line) for line in ours] == [(False, True)] * 2


@pytest.mark.parametrize("run", [asyncio.run, lambda main: trio.run(lambda: main)], ids=["asyncio", "trio"])
def test_twice_in_a_row_and_no_thread_left(run: object) -> None:
    """Under asyncio and trio a second server works after the first, on its own port, and no thread stays."""
    emulator = Emulator()

    async def main() -> list[int]:
        statuses: list[int] = []
        for _ in range(2):
            async with emulator.serve() as server:
                statuses.append(await ask_time(server.url))
                assert server_threads() == ["bingx-async-emulator"]
        return statuses

    assert run(main()) == [200, 200]  # type: ignore[operator]
    assert server_threads() == []


async def test_two_servers_at_once() -> None:
    """Two servers over one emulator share its quotas and end apart."""
    emulator = Emulator()
    async with emulator.serve() as first:
        async with emulator.serve() as second:
            assert first.port != second.port
            assert [await ask_time(each.url) for each in (first, second)] == [200, 200]
        assert await ask_time(first.url) == 200
    assert emulator.stats().codes == {0: 3}


async def test_the_port_is_free_again() -> None:
    """A port that was served is bound again at once; while it is served it is an OSError."""
    async with Emulator().serve() as server:
        port = server.port
        await ask_time(server.url)
        with pytest.raises(OSError, match="in use"):
            async with Emulator().serve(port):
                pass
    async with Emulator().serve(port) as server:
        assert (server.url, await ask_time(server.url)) == (f"http://127.0.0.1:{port}", 200)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


async def test_cancelled_server_leaves_nothing() -> None:
    """Cancelling the task that serves ends the thread, with a request still under way and its connection open."""
    emulator = Emulator()
    requests: list[Request] = []
    emulator.inject(Fault(Delay(up=60.0), when=lambda request: requests.append(request) is None))

    async def main() -> None:
        async with emulator.serve() as server:
            _, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(f"GET {SERVER_TIME.path} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
            await writer.drain()
            try:
                await asyncio.sleep(60)
            finally:
                writer.transport.abort()

    task = asyncio.create_task(main())
    while not requests:  # noqa: ASYNC110 - set from the thread of the server
        await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert server_threads() == []


@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.1", "::", "localhost"])
async def test_loopback_only(host: str) -> None:
    """Any other address than a loopback one is refused, and so is a name, which could become one."""
    with pytest.raises(ValueError, match="on loopback only"):
        async with Emulator().serve(host=host):
            pass
    assert server_threads() == []


def test_url_of_ipv6() -> None:
    """An IPv6 address stands in brackets in the URLs."""
    from bingx_async.emulator.server import EmulatorServer

    server = EmulatorServer("::1", 80)
    assert (server.url, server.stream_url) == ("http://[::1]:80", "ws://[::1]:80/market")


def forget(monkeypatch: pytest.MonkeyPatch, *modules: str) -> None:
    """Let these modules be imported anew."""
    for name in [name for name in sys.modules if name.startswith(modules)]:
        monkeypatch.delitem(sys.modules, name)


@pytest.mark.parametrize("missing", ["uvicorn", "starlette.requests", "websockets.server"])
def test_without_the_extra(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without starlette, uvicorn or websockets the error names the extra, and the transport works all the same."""
    parts = ("sockets", "streams", "service", "session")
    forget(monkeypatch, "bingx_async.emulator.server", "bingx_async.emulator.gateway")
    forget(monkeypatch, *(f"bingx_async.emulator.streams.{part}" for part in parts))
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "bingx_async\[emulator\]"'):
        Emulator().serve()
    request = httpx.Request("GET", f"http://x{SERVER_TIME.path}")
    assert asyncio.run(Emulator().transport().handle_async_request(request)).status_code == 200
    if missing == "websockets.server":
        with pytest.raises(ModuleNotFoundError, match=r'pip install "bingx_async\[emulator\]"'):
            asyncio.run(Emulator().transport().connect_stream("x", 1))
