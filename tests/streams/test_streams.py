"""`client.spot.streams`: its methods, its settings, and how it is told that it was used wrongly."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from typing import Any

import anyio
import pytest

from bingx_async import BingXClient, InvalidRequest
from bingx_async.core.stream_limits import StreamLimits
from bingx_async.runtime.loops import WrongLoop
from bingx_async.settings import LIVE_STREAMS, ClientSettings, Keys
from tests.client.exchange import Backend, backends, run
from tests.streams.test_readers import BOOK_TICKER, DEPTH, KLINE, LAST_PRICE, TICKER
from tests.streams.world import World, next_trade, trade

METHODS: list[tuple[str, tuple[Any, ...], str, Any]] = [
    ("trades", ("BTC-USDT",), "BTC-USDT@trade", trade(1)),
    ("klines", ("BTC-USDT", "1h"), "BTC-USDT@kline_60min", KLINE),
    ("ticker", ("BTC-USDT",), "BTC-USDT@ticker", TICKER),
    ("book_ticker", ("BTC-USDT",), "BTC-USDT@bookTicker", BOOK_TICKER),
    ("last_price", ("BTC-USDT",), "BTC-USDT@lastPrice", LAST_PRICE),
    ("depth", ("BTC-USDT",), "BTC-USDT@depth20", DEPTH),
    ("depth", ("BTC-USDT", 5), "BTC-USDT@depth5", DEPTH),
]


@backends
@pytest.mark.parametrize(("method", "arguments", "topic", "data"), METHODS, ids=lambda each: str(each)[:12])
def test_methods(backend: Backend, method: str, arguments: tuple[Any, ...], topic: str, data: Any) -> None:
    """Each method subscribes to its topic and gives its items."""

    async def main() -> None:
        world = World()
        async with world.client(None) as client, getattr(client.spot.streams, method)(*arguments) as stream:
            assert list(world.streams.socket.topics) == [topic]
            world.streams.push(topic, data)
            item = await anext(stream)
            assert getattr(item, "symbol", "BTC-USDT") == "BTC-USDT"
            assert stream.unreadable == 0
            world.streams.push(topic, {"e": "nonsense"})
            await anyio.sleep(1)
            assert stream.unreadable == 1

    run(backend, main)


@pytest.mark.parametrize(
    ("method", "arguments", "told"),
    [
        ("trades", (), "name the symbols"),
        ("trades", ("BTCUSDT",), "not a trading pair"),
        ("ticker", ("btc-usdt",), "not a trading pair"),
        ("klines", ("BTC-USDT", "3d"), "must be one of 1m, 3m"),
        ("klines", ("BTC-USDT", ["1m"]), "must be one of 1m, 3m"),
        ("depth", ("BTC-USDT", 7), "must be one of 5, 10"),
        ("depth", ("BTC-USDT", True), "must be one of 5, 10"),
        ("depth", ("BTC-USDT", [20]), "must be one of 5, 10"),
    ],
)
def test_arguments(method: str, arguments: tuple[Any, ...], told: str) -> None:
    """A wrong argument is told at once, with what to write."""
    with pytest.raises(InvalidRequest, match=told):
        getattr(BingXClient().spot.streams, method)(*arguments)


@backends
def test_used_wrongly(backend: Backend) -> None:
    """A stream is iterated within its context, which is entered once."""

    async def main() -> None:
        async with World().client(None) as client:
            trades = client.spot.streams.trades("BTC-USDT")
            with pytest.raises(InvalidRequest, match="async with"):
                async for _ in trades:
                    pass
            async with trades:
                pass
            with pytest.raises(InvalidRequest, match="entered once"):
                async with trades:
                    pass

    run(backend, main)


def test_two_loops() -> None:
    """While streams are open in one event loop they cannot be opened in another, which is told; afterwards they can."""

    async def first() -> Any:
        world = World()
        client = world.client(None)
        async with client.spot.streams.trades("BTC-USDT"):
            with pytest.raises(WrongLoop, match="another event loop"):
                await anyio.to_thread.run_sync(lambda: run("asyncio", lambda: second(client, world)))
        return client, world

    async def second(client: BingXClient, world: World) -> int:
        async with client.spot.streams.trades("BTC-USDT"):
            return len(world.streams.sockets)

    client, world = anyio.run(first)
    assert run("asyncio", lambda: second(client, world)) == 2


def test_left_open_in_a_loop_that_has_ended() -> None:
    """Streams that were open when their event loop ended do not keep another loop from using the client."""

    async def leave() -> Any:
        world = World()
        client = world.client(None)
        await client.spot.streams.trades("BTC-USDT").__aenter__()
        return client, world

    async def again(client: BingXClient, world: World) -> str:
        async with client.spot.streams.trades("BTC-USDT") as trades:
            world.streams.socket.push("BTC-USDT@trade", trade(1))
            return (await next_trade(trades)).trade_id

    client, world = run("asyncio", leave)
    assert run("asyncio", lambda: again(client, world)) == "1"


def test_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package `websockets` the extra is named, before anything is opened."""
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        "bingx_async.runtime.stream.dialing.find_spec",
        lambda name: None if name == "websockets" else find_spec(name),
    )

    async def main() -> None:
        world = World()
        async with world.client(None) as client:
            with pytest.raises(InvalidRequest, match=r'pip install "bingx-async\[streams\]"'):
                async with client.spot.streams.trades("BTC-USDT"):
                    pass
        assert world.streams.attempts == []

    run("asyncio", main)


def test_not_loaded_before_used() -> None:
    """A client that opens no stream loads neither `websockets` nor what stands on it."""
    program = """
import json, sys
from bingx_async import BingXClient
BingXClient().spot.streams.trades("BTC-USDT")
print(json.dumps([name for name in sys.modules if "websocket" in name or name == "bingx_async.runtime.stream.hub"]))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
    assert json.loads(done.stdout) == []


def settings(**given: Any) -> ClientSettings:
    """The settings of a client without keys."""
    return ClientSettings(Keys(None, None), **given)


@pytest.mark.parametrize(
    ("given", "environment", "url"),
    [
        ({}, None, LIVE_STREAMS),
        ({"base_url": "http://127.0.0.1:8080"}, None, "ws://127.0.0.1:8080/market"),
        ({"base_url": "https://localhost:8443/"}, None, "wss://localhost:8443/market"),
        ({"base_url": "https://gateway.example"}, None, LIVE_STREAMS),
        ({}, "wss://mirror.example/market", "wss://mirror.example/market"),
        ({"stream_url": "ws://[::1]:9/x"}, "wss://mirror.example/market", "ws://[::1]:9/x"),
        ({"base_url": "http://127.0.0.1:8080", "stream_url": "wss://a.example/b"}, None, "wss://a.example/b"),
    ],
)
def test_url(given: Any, environment: str | None, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The URL as given, else from the environment, else that of an emulator on this machine, else the live one."""
    monkeypatch.delenv("BINGX_STREAM_URL", raising=False)
    if environment is not None:
        monkeypatch.setenv("BINGX_STREAM_URL", environment)
    assert settings(**given).streams_at == url


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"stream_url": "ws://open-api-ws.bingx.com/market"}, "only for a loopback address; write wss"),
        ({"stream_url": "https://open-api-ws.bingx.com/market"}, "must be like 'wss://"),
        ({"stream_url": "wss://open-api-ws.bingx.com/market?listenKey=SECRET"}, "must be like 'wss://"),
        ({"stream_url": "wss://user:SECRET@a.example/market"}, "must be like 'wss://"),
        ({"stream_url": "wss:///market"}, "must be like 'wss://"),
        ({"stream_url": 7}, "must be like 'wss://"),
        ({"stream_limits": {"queue": 5}}, r"StreamLimits\(queue=5000\)"),
    ],
)
def test_wrong_settings(given: Any, told: str) -> None:
    """A wrong setting is told with what to write; what may be a secret is not shown."""
    with pytest.raises(InvalidRequest, match=told) as caught:
        BingXClient(**given)
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("given", [{"queue": 0}, {"sockets": 1.5}, {"ack_timeout": 0}, {"messages_per_second": "5"}])
def test_wrong_limits(given: Any) -> None:
    """A limit that cannot be kept is refused."""
    with pytest.raises(InvalidRequest):
        StreamLimits(**given)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_ctrl_c(backend: str) -> None:
    """Ctrl-C while streams are open ends the program with `KeyboardInterrupt` alone, after its contexts were left."""
    program = f"""
import os, signal, anyio
from tests.streams.exchange import StreamExchange
from bingx_async import BingXClient
import httpx

class Transport(httpx.MockTransport):
    pass

async def main():
    exchange = StreamExchange()
    transport = Transport(lambda request: httpx.Response(200, json={{"code": 0}}))
    transport.connect_stream = exchange.connect_stream
    try:
        async with BingXClient(transport=transport) as client, client.spot.streams.trades("BTC-USDT") as trades:
            os.kill(os.getpid(), signal.SIGINT)
            await anext(trades)
    finally:
        print("closed", exchange.socket.is_closed)

anyio.run(main, backend={backend!r})
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "closed True\n"
    assert done.stderr.rstrip().endswith("KeyboardInterrupt")
    assert "never" not in done.stderr
    assert "ExceptionGroup" not in done.stderr
