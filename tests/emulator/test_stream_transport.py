"""The emulator's streams in process: a byte stream in simulated time, under asyncio and trio, and between threads."""

from __future__ import annotations

import json
import threading
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import anyio
import anyio.abc
import pytest
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.uri import parse_uri

from bingx_async import BingXClient, Governor
from bingx_async.emulator import Cut, Duplicate, Emulator, Late, Market, Reorder, StreamFault
from bingx_async.testing import simulated_clock
from tests.client.exchange import Backend, backends, run
from tests.emulator.calls import SYMBOL

KEYS: dict[str, Any] = {"api_key": "emulator-key-1001", "secret_key": "emulator-secret-1001", "account": "1001"}
TRADES, ORDERS, BALANCES = f"{SYMBOL}@trade", "spot.executionReport", "ACCOUNT_UPDATE"


class Socket:
    """A WebSocket client over a byte stream; pings are answered."""

    def __init__(self, stream: anyio.abc.ByteStream, key: str = "") -> None:
        self.stream = stream
        self.protocol = ClientProtocol(parse_uri("ws://exchange/market" + (f"?listenKey={key}" if key else "")))
        self.raw: list[bytes] = []
        self._heard: list[Any] = []

    async def open(self, *topics: str) -> Socket:
        """Shake hands and subscribe."""
        self.protocol.send_request(self.protocol.connect())
        await self._flush()
        while self.protocol.state.name == "CONNECTING":
            await self._read()
        for topic in topics:
            self.protocol.send_text(json.dumps({"id": topic, "reqType": "sub", "dataType": topic}).encode())
            await self._flush()
        return self

    async def hear(self) -> Any:
        """The next message."""
        while not self._heard:
            await self._read()
        return self._heard.pop(0)

    async def _read(self) -> None:
        self.protocol.receive_data(await self.stream.receive())
        for event in self.protocol.events_received():
            if isinstance(event, Frame) and event.opcode is Opcode.BINARY:
                self.raw.append(bytes(event.data))
                message = json.loads(zlib.decompress(event.data, 31))
                if "ping" in message:
                    self.protocol.send_text(json.dumps({"pong": message["ping"]}).encode())
                else:
                    self._heard.append(message)
        await self._flush()

    async def _flush(self) -> None:
        for data in self.protocol.data_to_send():
            await (self.stream.send(data) if data else self.stream.send_eof())


@asynccontextmanager
async def trading(**options: Any) -> AsyncIterator[tuple[Emulator, BingXClient, Socket]]:
    """An emulator in simulated time, a client, and a socket with its orders, balances and trades."""
    clock = simulated_clock()
    emulator = Emulator(clock=clock.wall, **options)
    transport = emulator.transport()
    async with BingXClient(**KEYS, governor=Governor(clock=clock), transport=transport) as client:
        key = await client.account.create_listen_key()
        socket = Socket(await transport.connect_stream("anywhere", 443), key)
        yield emulator, client, await socket.open(ORDERS, BALANCES, TRADES)
        await socket.stream.aclose()


@backends
def test_a_session(backend: Backend) -> None:
    """Acks, trades and the events of an order come over a byte stream, in the time that the network takes."""

    async def main() -> tuple[list[Any], float]:
        async with trading(market="walk", latency=0.02) as (_, client, socket):
            began = anyio.current_time()
            order = await client.spot.place_order(SYMBOL, "BUY", "LIMIT", quantity="0.01", price="50000")
            heard = [await socket.hear() for _ in range(6)]
            assert heard[3]["data"]["i"] == order.order_id
            return [each.get("id") or each.get("dataType") or each["e"] for each in heard], anyio.current_time() - began

    names, seconds = run(backend, main)
    assert names == [ORDERS, BALANCES, TRADES, ORDERS, BALANCES, TRADES]
    assert 0.1 < seconds < 1.2


@backends
def test_a_reader_that_waits_is_woken(backend: Backend) -> None:
    """A price that is set while a task waits for a message reaches it in the same instant."""

    async def main() -> tuple[float, str]:
        async with trading(market=Market(moves=False, step_ms=3_600_000)) as (emulator, client, socket):
            await client.spot.place_order(SYMBOL, "BUY", "LIMIT", quantity="0.01", price="60000")
            for _ in range(5):
                await socket.hear()
            at, found = anyio.current_time() + 1.5, list[Any]()

            async def wait() -> None:
                found.append((await socket.hear())["data"]["X"])
                found.append(anyio.current_time())

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(wait)
                await anyio.sleep(1.5)
                emulator.set_price(SYMBOL, "59000")
            return found[1] - at, found[0]

    assert run(backend, main) == (0.0, "FILLED")


@backends
def test_ends_as_a_socket_has_them(backend: Backend) -> None:
    """A clean end, a reset, silence, and the end from one's own side: each raises what a real byte stream would."""

    async def main() -> None:
        async with trading() as (emulator, _, socket):
            streams = [await emulator.transport().connect_stream("x", 1) for _ in range(3)]
            closed, reset, silent = [await Socket(stream).open() for stream in streams]
            emulator.drop_streams("silent", 1001)
            with anyio.move_on_after(100) as scope:
                while True:
                    await socket.hear()
            assert scope.cancelled_caught
            emulator.drop_streams("reset")
            with pytest.raises(anyio.BrokenResourceError):
                await reset.hear()
            with pytest.raises(anyio.BrokenResourceError):
                await reset.stream.send(b"x")
            again = await Socket(await emulator.transport().connect_stream("x", 1)).open()
            emulator.drop_streams("clean")
            with pytest.raises(anyio.EndOfStream):
                await again.hear()
            assert again.protocol.close_rcvd is not None
            for each in (closed, silent):
                await each.stream.aclose()
                await each.stream.aclose()
            with pytest.raises(anyio.ClosedResourceError):
                await closed.stream.receive()

    run(backend, main)


@backends
def test_one_reader_at_a_time(backend: Backend) -> None:
    """A second one is refused; closing ends the wait of the first."""

    async def main() -> None:
        async with trading(market=Market(moves=False, step_ms=3_600_000)) as (emulator, _, _):
            stream = await emulator.transport().connect_stream("x", 1)

            async def read() -> None:
                with pytest.raises(anyio.ClosedResourceError):
                    await stream.receive()

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(read)
                await anyio.sleep(1)
                with pytest.raises(anyio.BusyResourceError):
                    await stream.receive()
                await stream.aclose()

    run(backend, main)


async def take(stream: anyio.abc.ByteStream, pieces: list[bytes]) -> None:
    """Read seven bytes at a time until nothing comes any more."""
    while True:
        pieces.append(await stream.receive(7))


@backends
def test_few_bytes_at_a_time(backend: Backend) -> None:
    """No more than asked for, and nothing is lost."""

    async def main() -> bytes:
        async with trading() as (emulator, _, _):
            stream = await emulator.transport().connect_stream("x", 1)
            await stream.send(b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n")
            await stream.send(b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
            pieces = list[bytes]()
            with pytest.raises(anyio.EndOfStream):
                await take(stream, pieces)
            assert {len(piece) for piece in pieces[:-1]} == {7}
            return b"".join(pieces)

    head, _, body = run(backend, main).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 404 Not Found\r\n")
    assert (head[-35:], body) == (b"Date: Mon, 21 Sep 2026 14:13:20 GMT", b"refused with 404")


def test_a_run_can_be_repeated() -> None:
    """With one seed every byte comes at the same moment, faults and delays included."""

    async def main(seed: int) -> list[tuple[float, bytes]]:
        heard = list[tuple[float, bytes]]()
        async with trading(market="walk", seed=seed, latency=0.03, jitter=0.02) as (emulator, client, _):
            for effect in (Late(0.7), Duplicate(), Reorder()):
                emulator.inject(StreamFault(effect, probability=0.2))
            emulator.inject(StreamFault(Cut("reset", after=40)))
            for number in range(3):
                key = await client.account.create_listen_key()
                socket = Socket(await emulator.transport().connect_stream("x", 1), key)
                await socket.open(TRADES, ORDERS, BALANCES, f"{SYMBOL}@incrDepth")
                await client.spot.place_order(
                    SYMBOL, "BUY", "MARKET", quote_quantity="9", client_order_id=f"a_{number}"
                )
                with anyio.move_on_after(60), suppress(anyio.BrokenResourceError):
                    while True:
                        await socket.hear()
                        heard += [(anyio.current_time(), raw) for raw in socket.raw]
                        socket.raw.clear()
                await socket.stream.aclose()
        return heard

    first, second, other = (run("asyncio", lambda seed=seed: main(seed)) for seed in (3, 3, 4))  # type: ignore[misc]
    assert len(first) > 100
    assert first == second != other


async def test_from_another_thread() -> None:
    """What another thread does to the exchange wakes a reader here."""
    emulator = Emulator(market=Market(moves=False, step_ms=3_600_000))
    transport = emulator.transport()
    async with BingXClient(**KEYS, transport=transport) as client:
        key = await client.account.create_listen_key()
    socket = await Socket(await transport.connect_stream("x", 1), key).open(ORDERS)
    await socket.hear()
    threads = [threading.Thread(target=emulator.rest_orders, args=("1001", SYMBOL, 50)) for _ in range(4)]
    timer = threading.Timer(0.05, lambda: [thread.start() for thread in threads])
    timer.start()
    with anyio.fail_after(10):
        ids = {(await socket.hear())["data"]["i"] for _ in range(200)}
    assert len(ids) == 200
    await socket.stream.aclose()
    for thread in (timer, *threads):
        thread.join()
