"""Client CPU per signed cancel over loopback: `time.process_time` of this process over the calls made.

Every contender signs, sends and reads the same cancel. The contenders take turns within each round; ratios are taken
within a round and the median of the rounds is shown, so that a noisy machine is noisy for all. "By hand" is the least
a caller can do: sign, send, find the reply's end, parse the JSON.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import hmac
import json
import os
import ssl
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Any, Literal

import aiohttp
import httpx
from bingx_py.asyncio import BingXAsyncClient
from bingx_py.models.spot.trades import SpotCancelOrderResponse

from benchmarks import report
from benchmarks.ccxt_market import exchange_at
from benchmarks.server import KEY, ORDER, SECRET, running
from bingx_async import BingXClient, Governor
from bingx_async.runtime.http import sockets
from bingx_async.spot.cancels import CANCEL_ORDER
from tests.certificate import make_certificate

PATH = CANCEL_ORDER.path
ORDER_ID = ORDER["orderId"]
LEVELS = (1, 10, 50)
ROUNDS = 21
WALL = 0  # in the place of a level: the time of one call
CALLS = 100  # per contender, level and round
BUDGET = 45.0  # seconds; after that no further round begins
HEADERS = {"X-BX-APIKEY": KEY, "Content-Type": "application/json"}
TIMEOUTS = {"connect": 5.0, "pool": 5.0, "read": 10.0, "write": 10.0}

Cancel = Callable[[], Awaitable[object]]

AIOHTTP = "aiohttp.ClientSession"
BINGX_PY = "bingx-py, async_post"
CCXT = "ccxt, cancel_order"
OURS = "bingx_async"
OURS_QUERY = "bingx_async, query"
OURS_HTTPX = "bingx_async on httpx"
BY_HAND = "asyncio streams by hand"
BY_HAND_HTTPX = "AsyncHTTPTransport by hand"


def signed() -> bytes:
    """The JSON body of a cancel, signed by hand."""
    tokens: dict[str, Any] = {
        "orderId": ORDER_ID,
        "recvWindow": 5000,
        "symbol": "BTC-USDT",
        "timestamp": int(time.time() * 1000),
    }
    text = "&".join(f"{name}={tokens[name]}" for name in sorted(tokens))
    tokens["signature"] = hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
    return json.dumps(tokens).encode()


def checked(text: str | bytes) -> dict[str, Any]:
    """The reply, which must be an accepted cancel."""
    reply: dict[str, Any] = json.loads(text)
    assert reply["code"] == 0, reply
    return reply


@asynccontextmanager
async def httpx_client(url: str) -> AsyncIterator[Cancel]:
    """httpx.AsyncClient as it comes."""
    async with httpx.AsyncClient(base_url=url) as client:

        async def cancel() -> object:
            return checked((await client.post(PATH, content=signed(), headers=HEADERS)).text)

        yield cancel


@asynccontextmanager
async def aiohttp_client(url: str) -> AsyncIterator[Cancel]:
    """aiohttp.ClientSession as it comes; the context of its own was made at its import, before there was our key."""
    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context())
    async with aiohttp.ClientSession(connector=connector) as session:

        async def cancel() -> object:
            async with session.post(url + PATH, data=signed(), headers=HEADERS) as response:
                return checked(await response.text())

        yield cancel


@asynccontextmanager
async def bingx_py_client(url: str) -> AsyncIterator[Cancel]:
    """The published bingx-py by its `async_post`: its `cancel_order` blocks the event loop."""
    client = BingXAsyncClient(KEY, SECRET)
    client.base_url = url
    async with client:

        async def cancel() -> object:
            reply = await client.async_post(PATH, {"symbol": "BTC-USDT", "orderId": ORDER_ID})
            return client.save_convert(reply, SpotCancelOrderResponse)

        yield cancel


@asynccontextmanager
async def ccxt_client(url: str) -> AsyncIterator[Cancel]:
    """The unified cancel_order of the published ccxt."""
    async with exchange_at(url) as exchange:

        async def cancel() -> object:
            return await exchange.cancel_order(str(ORDER_ID), "BTC/USDT")

        yield cancel


@asynccontextmanager
async def streams(url: str) -> AsyncIterator[Cancel]:
    """asyncio streams, the reply cut out by hand: the least that Python can do."""
    scheme, _, rest = url.partition("://")
    host, _, port = rest.partition(":")
    context = ssl.create_default_context() if scheme == "https" else None
    free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
    head = b"POST %b HTTP/1.1\r\nHost: %b\r\nX-BX-APIKEY: %b\r\nContent-Type: application/json\r\n"
    head %= PATH.encode(), host.encode(), KEY.encode()

    async def cancel() -> object:
        reader, writer = free.pop() if free else await asyncio.open_connection(host, int(port), ssl=context)
        body = signed()
        writer.write(head + b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        answer = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(answer.partition(b"content-length: ")[2].partition(b"\r")[0])
        reply = checked(await reader.readexactly(length))
        free.append((reader, writer))
        return reply

    yield cancel
    for _, writer in free:
        writer.close()


@asynccontextmanager
async def by_hand(url: str, transport: httpx.AsyncBaseTransport) -> AsyncIterator[Cancel]:
    """An httpx transport without a client on top."""
    target = httpx.URL(url + PATH)

    async def cancel() -> object:
        request = httpx.Request("POST", target, headers=HEADERS, content=signed(), extensions={"timeout": TIMEOUTS})
        response = await transport.handle_async_request(request)
        try:
            return checked(await response.aread())
        finally:
            await response.aclose()

    async with transport:
        yield cancel


@asynccontextmanager
async def ours(
    url: str, transport: httpx.AsyncBaseTransport, carrier: Literal["json", "query"] = "json"
) -> AsyncIterator[Cancel]:
    """This library, everything on, with quotas that never make a call wait."""
    governor = Governor(profile="unlimited")
    async with (
        transport,
        BingXClient(KEY, SECRET, base_url=url, governor=governor, transport=transport, carrier=carrier) as client,
    ):

        async def cancel() -> object:
            return await client.spot.cancel_order("BTC-USDT", ORDER_ID)

        yield cancel


def contenders(url: str) -> dict[str, Any]:
    """The contenders, in the order of the table."""
    limits = httpx.Limits(max_connections=sockets.CONNECTIONS)
    return {
        "httpx.AsyncClient": httpx_client(url),
        BY_HAND_HTTPX: by_hand(url, httpx.AsyncHTTPTransport(limits=limits)),
        OURS_HTTPX: ours(url, sockets.httpcore_transport()),
        CCXT: ccxt_client(url),
        BINGX_PY: bingx_py_client(url),
        AIOHTTP: aiohttp_client(url),
        BY_HAND: streams(url),
        OURS: ours(url, sockets.default_transport()),
        OURS_QUERY: ours(url, sockets.default_transport(), "query"),
    }


async def cost(cancel: Cancel, in_flight: int, calls: int = CALLS) -> float:
    """Microseconds of CPU per call."""

    async def worker() -> None:
        for _ in range(calls // in_flight):
            await cancel()

    began = time.process_time()
    if in_flight == 1:
        await worker()
    else:
        await asyncio.gather(*(worker() for _ in range(in_flight)))
    return (time.process_time() - began) / (calls // in_flight * in_flight) * 1e6


async def wall(cancel: Cancel, calls: int = 300) -> float:
    """The median of the time that one call takes, in µs."""
    took: list[float] = []
    for _ in range(calls):
        began = time.perf_counter()
        await cancel()
        took.append((time.perf_counter() - began) * 1e6)
    return median(took)


async def measure(
    url: str, rounds: int = ROUNDS, only: tuple[str, ...] = (), budget: float = BUDGET
) -> dict[str, dict[int, list[float]]]:
    """Microseconds by contender and level, one figure per round."""
    found: dict[str, dict[int, list[float]]] = {}
    async with AsyncExitStack() as stack:
        cancels = {
            name: await stack.enter_async_context(each)
            for name, each in contenders(url).items()
            if not only or name in only
        }
        for cancel in cancels.values():
            await cost(cancel, max(LEVELS))
        gc.collect()
        gc.freeze()  # the modules imported so far must not cost any contender time in the collector
        began = time.monotonic()
        for done in range(rounds):
            if done >= 3 and time.monotonic() - began > budget:
                break
            for level in LEVELS:
                for name, cancel in cancels.items():
                    found.setdefault(name, {}).setdefault(level, []).append(await cost(cancel, level))
        for _ in range(5):
            for name, cancel in cancels.items():
                found[name].setdefault(WALL, []).append(await wall(cancel))
    return found


def main() -> None:
    """Measure and print."""
    with running() as url:
        micros = asyncio.run(measure(url))
    with tempfile.TemporaryDirectory() as folder:
        key, certificate = Path(folder, "key.pem"), Path(folder, "certificate.pem")
        make_certificate(key, certificate)
        os.environ["SSL_CERT_FILE"] = str(certificate)
        with running(str(key), str(certificate)) as url:
            over_tls = asyncio.run(measure(url, only=(OURS, CCXT, AIOHTTP, BY_HAND), budget=20.0))

    def ratio(name: str, base: str, level: int, found: dict[str, dict[int, list[float]]] = micros) -> float:
        return median(a / b for a, b in zip(found[name][level], found[base][level], strict=True))

    def ratios(name: str, base: str) -> list[str]:
        return [f"{name} / {base}", *(f"{ratio(name, base, level):.2f}" for level in LEVELS)]

    heads = [f"{level} in flight" for level in LEVELS]
    report.heading("Client CPU per signed cancel: ratios (below 1: less than the other)")
    pairs = [(OURS, CCXT), (OURS_QUERY, CCXT), (OURS_HTTPX, CCXT), (OURS, BY_HAND), (OURS_HTTPX, BY_HAND_HTTPX)]
    table = [ratios(*pair) for pair in [*pairs, (OURS, AIOHTTP), (OURS, "httpx.AsyncClient")]]
    report.table(["", *heads], table)
    print()
    for level in LEVELS:
        print(report.target(f"{level} in flight, / ccxt", ratio(OURS, CCXT, level), 0.6))
        print(report.target(f"{level} in flight, / bingx-py", ratio(OURS, BINGX_PY, level), 1.0))
        print(report.target(f"{level} in flight, / aiohttp", ratio(OURS, AIOHTTP, level), 1.0))
        print(report.target(f"{level} in flight, / streams by hand", ratio(OURS, BY_HAND, level), 2.0))
    for level in LEVELS:
        print(report.target(f"TLS, {level} in flight, / ccxt", ratio(OURS, CCXT, level, over_tls), 0.6))
        print(report.target(f"TLS, {level} in flight, / aiohttp", ratio(OURS, AIOHTTP, level, over_tls), 1.0))
        print(report.target(f"TLS, {level} in flight, / streams by hand", ratio(OURS, BY_HAND, level, over_tls), 2.0))
    print(report.target("TLS, time of one call, median, / ccxt", ratio(OURS, CCXT, WALL, over_tls), 0.65))
    print(report.target("time of one call, median, / ccxt", ratio(OURS, CCXT, WALL), 0.65))
    report.heading("Client CPU per signed cancel: µs; and the time of one call")
    report.table(
        ["", *heads, "one call"],
        [[name, *(f"{median(levels[each]):.0f}" for each in (*LEVELS, WALL))] for name, levels in micros.items()],
    )


if __name__ == "__main__":
    main()
