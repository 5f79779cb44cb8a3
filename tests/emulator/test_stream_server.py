"""The emulator's streams over real sockets, on the port of HTTP, against the client of the `websockets` library."""

from __future__ import annotations

import asyncio
import json
import socket
import zlib
from contextlib import suppress
from typing import Any

import anyio
import httpx
import pytest
import websockets
from websockets.asyncio.client import ClientConnection, connect

from bingx_async import BingXClient
from bingx_async.emulator import Cut, Emulator, Market, RefuseHandshake, StreamFault, Variants
from bingx_async.spot.market import SERVER_TIME
from tests.client.exchange import Backend, backends
from tests.emulator.calls import SYMBOL
from tests.emulator.test_stream_transport import KEYS, ORDERS, TRADES, Socket

FAST = Market(step_ms=50)


async def subscribe(ws: ClientConnection, *topics: str) -> None:
    """Ask for topics."""
    for topic in topics:
        await ws.send(json.dumps({"id": topic, "reqType": "sub", "dataType": topic}))


async def hear(ws: ClientConnection) -> Any:
    """The next message, unpacked."""
    data = await asyncio.wait_for(ws.recv(), 10)
    return json.loads(zlib.decompress(data, 31) if isinstance(data, bytes) else data)


async def test_one_port_for_both() -> None:
    """HTTP and streams are served side by side; an order over the one is heard over the other."""
    async with Emulator(market=FAST).serve() as server, BingXClient(**KEYS, base_url=server.url) as client:
        assert server.stream_url == f"ws://127.0.0.1:{server.port}/market"
        key = await client.account.create_listen_key()
        async with connect(f"{server.stream_url}?listenKey={key}") as ws:
            await subscribe(ws, ORDERS, TRADES)
            assert [(await hear(ws))["id"] for _ in range(2)] == [ORDERS, TRADES]
            order = await client.spot.place_order(SYMBOL, "BUY", "LIMIT", quantity="0.01", price="50000")
            heard = [await hear(ws) for _ in range(8)]
    events = [each["data"] for each in heard if each["dataType"] == ORDERS]
    trades = [int(each["data"]["t"]) for each in heard if each["dataType"] == TRADES]
    assert [each["i"] for each in events] == [order.order_id]
    assert trades == list(range(trades[0], trades[0] + 7))


@pytest.mark.parametrize(
    ("path", "status"), [("/", 404), ("/market/x", 404), ("/market?listenKey=none", 401), ("/market", 503)]
)
async def test_refused_handshakes(path: str, status: int) -> None:
    """The peer is given the status, and HTTP goes on."""
    emulator = Emulator(variants=Variants(unknown_listen_key="401"))
    if status == 503:
        emulator.inject(StreamFault(RefuseHandshake(503)))
    async with emulator.serve() as server:
        with pytest.raises(websockets.InvalidStatus) as caught:
            await connect(f"ws://127.0.0.1:{server.port}{path}")
        async with httpx.AsyncClient() as client:
            assert (await client.get(server.url + SERVER_TIME.path)).status_code == 200
    assert caught.value.response.status_code == status
    assert emulator.stats().streams.refused_handshakes == {status: 1}


async def test_ends() -> None:
    """A close frame, a reset of TCP, the end of the server: the peer sees each as what it is."""
    emulator = Emulator()
    async with emulator.serve() as server:
        async with connect(server.stream_url) as ws:
            emulator.drop_streams("clean")
            with pytest.raises(websockets.ConnectionClosedOK):
                await hear(ws)
            assert ws.close_code == 1001
        async with connect(server.stream_url) as ws:
            emulator.drop_streams("reset")
            with pytest.raises(websockets.ConnectionClosedError) as caught:
                await hear(ws)
            assert isinstance(caught.value.__cause__, ConnectionResetError)
        async with connect(server.stream_url) as ws:
            assert await asyncio.wait_for(ws.close(), 5) is None
            assert ws.close_code == 1000
        last = await connect(server.stream_url)
    with pytest.raises(websockets.ConnectionClosedError):
        await hear(last)
    assert emulator.stats().streams.open == 0


async def test_silence() -> None:
    """Nothing comes, pings neither, and the connection stays."""
    emulator = Emulator(market=FAST, variants=Variants(ping_ms=50))
    emulator.inject(StreamFault(Cut("silent", after=0.3, is_random=False), times=1))
    async with emulator.serve() as server, connect(server.stream_url, close_timeout=0.1) as ws:
        await subscribe(ws, TRADES)
        heard = list[Any]()
        with suppress(TimeoutError):
            while True:
                heard.append(await asyncio.wait_for(ws.recv(), 1))
        assert 3 < len(heard) < 20
        assert ws.close_code is None


async def test_many_sockets() -> None:
    """Fifty sockets have the same trades; they are counted while they are there."""
    emulator = Emulator(market=FAST)
    async with emulator.serve() as server:
        sockets = [await connect(server.stream_url) for _ in range(50)]
        for ws in sockets:
            await subscribe(ws, TRADES)
            assert (await hear(ws))["code"] == 0
        assert (emulator.stats().streams.open, emulator.stats().streams.topics) == (50, {TRADES: 50})
        first = [(await hear(ws))["data"]["e"] for ws in sockets]
        for ws in sockets:
            await ws.close()
    assert first == ["trade"] * 50
    assert emulator.stats().streams.topics == {}


async def test_a_peer_that_does_not_read() -> None:
    """It is not written to without end; others have their messages meanwhile, and it is closed for want of pongs."""
    emulator = Emulator(market=Market(step_ms=5, levels=1000, volatility=0.5))
    async with emulator.serve() as server:
        idle = await connect(server.stream_url, max_queue=1)
        await subscribe(idle, f"{SYMBOL}@incrDepth", f"{SYMBOL}@depth100")
        async with connect(server.stream_url) as ws:
            await subscribe(ws, TRADES)
            assert [(await hear(ws)).get("dataType") for _ in range(20)][1:] == [TRADES] * 19
        idle.transport.abort()


@backends
def test_a_client_of_either_loop(backend: Backend) -> None:
    """The server has a thread of its own, so a program under trio is served too."""

    async def main() -> str:
        emulator = Emulator(market=FAST)
        async with emulator.serve() as server, await anyio.connect_tcp("127.0.0.1", server.port) as stream:
            socket = await Socket(stream).open(TRADES)
            assert (await socket.hear())["id"] == TRADES
            return str((await socket.hear())["dataType"])

    assert anyio.run(main, backend=backend) == TRADES


async def test_half_a_request() -> None:
    """Bytes that are no WebSocket end that connection alone."""
    async with Emulator().serve() as server:
        with socket.create_connection(("127.0.0.1", server.port)) as peer:
            head = "GET /market HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
            peer.sendall(head.encode())
            answer = await asyncio.to_thread(peer.recv, 4096)
        async with connect(server.stream_url) as ws:
            await subscribe(ws, TRADES)
            assert (await hear(ws))["code"] == 0
    assert answer.startswith(b"HTTP/1.1 4")
