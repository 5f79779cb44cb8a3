"""The emulator in process: as an httpx transport, in any event loop and in simulated time."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import anyio
import httpx
import pytest
import trio
import trio.testing

from bingx_async import InvalidRequest
from bingx_async.account.listen_key import CREATE_LISTEN_KEY, EXTEND_LISTEN_KEY
from bingx_async.account.permissions import GET_PERMISSIONS
from bingx_async.catalogue import CATALOGUE
from bingx_async.core.catalogue import Profile
from bingx_async.core.quota import IpGroup, Quota
from bingx_async.emulator import (
    Account,
    Alter,
    Answer,
    CloseAfter,
    CloseBefore,
    Delay,
    Emulator,
    EndpointStats,
    Fault,
    Html,
    Truncate,
)
from bingx_async.spot.cancels import CANCEL_OPEN_ORDERS, CANCEL_ORDER
from bingx_async.spot.market import SERVER_TIME
from tests.emulator.calls import HEADERS, NOW, SECRET, SYMBOL, UID, query


def at_now() -> float:
    """A clock that stands still."""
    return NOW


def trio_clock() -> float:
    """Simulated time, epoch ms."""
    return NOW + trio.current_time() * 1000


def post(path: str = CANCEL_OPEN_ORDERS.path, now: float = NOW, **params: Any) -> httpx.Request:
    """A signed request by query string."""
    return httpx.Request("POST", f"https://any.host{path}?{query(params, now)}", headers=HEADERS)


async def send(emulator: Emulator, request: httpx.Request | None = None) -> Any:
    """The JSON of the reply."""
    response = await emulator.transport().handle_async_request(request or post())
    return json.loads(await response.aread())


async def test_a_client_of_httpx() -> None:
    """An `httpx.AsyncClient` on the transport talks to the exchange, by query, JSON or form."""
    emulator = Emulator(clock=at_now)
    signed = query({"symbol": SYMBOL})
    body = json.dumps(dict(part.split("=") for part in signed.split("&")))
    async with httpx.AsyncClient(base_url="http://emulator", transport=emulator.transport(), headers=HEADERS) as client:
        replies = [
            await client.post(f"{CANCEL_OPEN_ORDERS.path}?{signed}"),
            await client.post(CANCEL_OPEN_ORDERS.path, content=body),
        ]
        time = await client.get(SERVER_TIME.path)
    assert [reply.json()["data"] for reply in replies] == [{"orders": []}, {"orders": []}]
    assert (time.json()["data"], replies[0].headers["X-RateLimit-Requests-Remain"]) == ({"serverTime": int(NOW)}, "1")


def test_simulated_time() -> None:
    """Under trio's simulated clock the network takes its time exactly, and no real time passes."""
    emulator = Emulator(latency=40.0, clock=trio_clock, clock_offset_ms=1000)

    async def main() -> tuple[float, Any]:
        reply = await send(emulator, httpx.Request("GET", f"http://x{SERVER_TIME.path}"))
        return trio.current_time(), reply["data"]["serverTime"]

    ended_at, server_time = trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    assert (ended_at, server_time) == (80.0, int(NOW) + 41_000)


def test_jitter_is_drawn_anew_each_way_and_can_be_repeated() -> None:
    """Each way takes latency plus or minus jitter; the same start of the random numbers gives the same network."""

    async def main() -> list[float]:
        emulator = Emulator(latency=1.0, jitter=0.5, seed=3, clock=trio_clock)
        moments = [trio.current_time()]
        for _ in range(50):
            await send(emulator, httpx.Request("GET", f"http://x{SERVER_TIME.path}"))
            moments.append(trio.current_time())
        return [after - before for before, after in pairwise(moments)]

    first, second = (trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0)) for _ in range(2))
    assert first == second
    assert all(1.0 <= trip <= 3.0 for trip in first)
    assert len(set(first)) == 50


async def test_faults_in_process() -> None:
    """Each fault shows as httpx would show it, and the request has run or not as it promises."""
    emulator = Emulator(profile="unlimited", clock=at_now)
    outcomes: list[Any] = []
    for effect in (CloseBefore(), CloseAfter(), Html(502), Truncate(), Answer(b"", 403), Alter(null=["orders"])):
        emulator.inject(Fault(effect, endpoint="cancel_open_orders", times=1))
        try:
            response = await emulator.transport().handle_async_request(post())
            outcomes.append((response.status_code, response.content[:15]))
        except httpx.TransportError as error:
            outcomes.append((type(error), error.request.url.path))
    assert outcomes == [
        (httpx.ConnectError, CANCEL_OPEN_ORDERS.path),
        (httpx.ReadError, CANCEL_OPEN_ORDERS.path),
        (502, b"<html><head><ti"),
        (200, b'{"code":0,"msg"'),
        (403, b""),
        (200, b'{"code":0,"msg"'),
    ]
    assert emulator.stats().of(UID, CANCEL_OPEN_ORDERS.path).accepted == 3


async def test_two_faults_at_once() -> None:
    """Faults are nested in the order they were injected; cleared ones strike no more."""
    emulator = Emulator(clock=at_now)
    emulator.inject(Fault(Alter(add={"x": 2})))
    emulator.inject(Fault(Alter(add={"x": 1, "y": 1})))
    both = await send(emulator)
    emulator.clear_faults()
    assert [both["data"], (await send(emulator))["data"]] == [{"orders": [], "x": 2, "y": 1}, {"orders": []}]


async def test_a_predicate_may_look_at_the_emulator() -> None:
    """A fault's predicate can ask for the stats without a deadlock."""
    emulator = Emulator(clock=at_now)
    emulator.inject(Fault(Html(), when=lambda _: emulator.stats().accepted == 1))
    responses = [await emulator.transport().handle_async_request(post()) for _ in range(2)]
    assert [response.status_code for response in responses] == [200, 502]


def test_a_late_reply_is_a_read_timeout() -> None:
    """A reply later than the read timeout is `ReadTimeout` at that moment, and the request has run once."""
    emulator = Emulator(clock=trio_clock)
    emulator.inject(Fault(Delay(down=10.0), times=1))
    emulator.inject(Fault(Delay(up=10.0), every=2))
    moments: list[float] = []

    async def main() -> None:
        for _ in range(2):
            request = post(now=trio_clock())
            request.extensions = {"timeout": {"read": 3.0}}
            with pytest.raises(httpx.ReadTimeout):
                await emulator.transport().handle_async_request(request)
            moments.append(trio.current_time())

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    assert moments == [3.0, 6.0]
    assert emulator.stats().of(UID, CANCEL_OPEN_ORDERS.path) == EndpointStats(2, arrivals=(NOW, NOW + 6000))


def test_a_cancelled_request_arrives_all_the_same() -> None:
    """A caller that gives up after its request has left does not call it back, even if it meets a fault."""
    emulator = Emulator(latency=5.0, clock=trio_clock)
    emulator.inject(Fault(CloseAfter(), every=2))

    async def main() -> None:
        for _ in range(2):
            with anyio.move_on_after(1):
                await send(emulator, post(now=trio_clock()))

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    assert emulator.stats().of(UID, CANCEL_OPEN_ORDERS.path).arrivals == (NOW + 1000, NOW + 2000)


async def test_a_request_cancelled_before_it_leaves_never_arrives() -> None:
    """The transport's first step can be cancelled, and then nothing was sent."""
    emulator = Emulator(clock=at_now)
    task = asyncio.create_task(send(emulator))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert emulator.stats().accepted == 0


async def test_rest_orders() -> None:
    """Orders put on the book can be cancelled; ids are those of the orders, client ids go to the first ones."""
    emulator = Emulator(clock=at_now)
    ids = emulator.rest_orders(1001, SYMBOL, 3, price="1.5", quantity="2", client_order_ids=["a"])
    gone = await send(emulator, post(CANCEL_ORDER.path, symbol=SYMBOL, clientOrderID="a"))
    assert (gone["data"]["orderId"], gone["data"]["price"], gone["data"]["origQty"]) == (ids[0], "1.5", "2")
    assert [order.order_id for order in emulator.open_orders(UID)] == ids[1:]
    assert emulator.open_orders("1002") == emulator.open_oco_orders("1001") == []


async def test_close_endpoint() -> None:
    """A closed period that was provoked names its moment, and the endpoint opens at it."""
    moment = [NOW]
    emulator = Emulator(clock=lambda: moment[0], clock_offset_ms=500)
    until = emulator.close_endpoint(1001, "cancel_open_orders", 2000)
    refused = await send(emulator)
    moment[0] = until - 500.0
    opened = await send(emulator, post(now=moment[0]))
    assert (until, refused["code"], opened["code"]) == (int(NOW) + 2500, 100410, 0)
    assert refused["msg"].endswith(f"and will be unblocked after {until}")
    assert emulator.close_endpoint(UID, CANCEL_ORDER.path, 100) == emulator.server_time + 100


NO_ENDPOINT = "no endpoint '/nowhere'; write the name of its method or its path. There are cancel_all_after, .*"
NO_ACCOUNT = "no account '9'; the accounts are 1001, 1002, 1003"


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda emulator: emulator.close_endpoint(UID, "/nowhere", 1), NO_ENDPOINT),
        (lambda emulator: emulator.stats().of(UID, "/nowhere"), NO_ENDPOINT),
        (lambda emulator: Emulator(quotas={"/nowhere": Quota(1, 1.0)}), NO_ENDPOINT),
        (lambda emulator: emulator.close_endpoint("9", "cancel_order", 1), NO_ACCOUNT),
        (lambda emulator: emulator.rest_orders("9", SYMBOL, 1), NO_ACCOUNT),
        (lambda emulator: emulator.open_orders(9), NO_ACCOUNT),
        (lambda emulator: emulator.open_oco_orders("9"), NO_ACCOUNT),
    ],
)
def test_an_unknown_endpoint_or_account(attempt: Callable[[Emulator], Any], message: str) -> None:
    """An endpoint or account that does not exist is refused with the ones that do."""
    with pytest.raises(InvalidRequest, match=message):
        attempt(Emulator())


@pytest.mark.parametrize("name", ["cancel_open_orders", CANCEL_OPEN_ORDERS.path, CANCEL_OPEN_ORDERS.route])
async def test_an_endpoint_has_three_names(name: str) -> None:
    """Its quota, its closed period and its counts are found by method name, path, or method and path."""
    emulator = Emulator(profile="unlimited", quotas={name: Quota(1, 1.0)}, clock=at_now)
    codes = [(await send(emulator))["code"] for _ in range(2)]
    until = emulator.close_endpoint(UID, name, 60_000)
    stats = emulator.stats()
    assert (codes, until) == ([0, 100410], int(NOW) + 60_000)
    assert stats.of(1001, name) == EndpointStats(1, refused=1, arrivals=(NOW, NOW))
    assert list(stats.endpoints) == [(UID, CANCEL_OPEN_ORDERS.route)]
    assert emulator.stats().of("1002", name) == EndpointStats()


async def test_the_server_clock_may_step() -> None:
    """The offset is set at any time; it moves the server's time and no quota."""
    emulator = Emulator(clock=at_now)
    codes = [(await send(emulator))["code"] for _ in range(2)]
    emulator.clock_offset_ms = -8000
    late = await send(emulator)
    stepped = [(await send(emulator, post(now=NOW - 8000)))["code"], late["code"], emulator.server_time]
    assert (codes, stepped) == ([0, 0], [100410, 100421, int(NOW) - 8000])


async def test_addresses_are_apart() -> None:
    """Each transport has an address of its own with quotas of its own."""
    emulator = Emulator(quotas={IpGroup.MARKET: Quota(1, 10.0)}, clock=at_now)
    request = httpx.Request("GET", f"http://x{SERVER_TIME.path}")
    transports = [emulator.transport(address=address) for address in ("10.0.0.1", "10.0.0.1", "10.0.0.2")]
    replies = [await transport.handle_async_request(request) for transport in transports]
    assert [reply.status_code for reply in replies] == [200, 429, 200]


def test_profiles() -> None:
    """A profile is chosen by name or given, a quota is overridden by path; an unknown name is refused."""
    emulators = [
        Emulator(profile="trader"),
        Emulator(profile=Profile("mine", CATALOGUE, {})),
        Emulator([], model="token"),
    ]
    assert [repr(emulator) for emulator in emulators] == [
        "<Emulator trader, sliding, accounts 1001, 1002, 1003>",
        "<Emulator mine, sliding, accounts 1001, 1002, 1003>",
        "<Emulator documented, token, accounts >",
    ]
    with pytest.raises(ValueError, match="documented, 2025-10, trader, unlimited, not 'fast'"):
        Emulator(profile="fast")


@pytest.mark.parametrize("carrier", ["query", "json", "form"])
async def test_the_log_shows_no_secret(carrier: str, caplog: pytest.LogCaptureFixture) -> None:
    """One line a request names endpoint, account and outcome, but no key, no secret and no signature."""
    emulator = Emulator([Account(UID, HEADERS["x-bx-apikey"], SECRET)], clock=at_now)
    signed = dict(
        part.split("=") for part in query({"symbol": SYMBOL, "apiKey": "abc", "clientOrderID": SECRET}).split("&")
    )
    text = "&".join(f"{name}={value}" for name, value in signed.items())
    body = {"query": "", "json": json.dumps(signed), "form": text}[carrier]
    url = f"http://x{CANCEL_ORDER.path}?{text if carrier == 'query' else ''}"
    with caplog.at_level(logging.DEBUG, "bingx_async.emulator"):
        await send(emulator, httpx.Request("POST", url, headers=HEADERS, content=body))
    (line,) = caplog.messages
    assert [secret in line for secret in (signed["signature"], SECRET, HEADERS["x-bx-apikey"], "abc")] == [False] * 4
    assert [part in line for part in (f"POST '{CANCEL_ORDER.path}", f"account={UID}", SYMBOL, "100404")] == [True] * 4


async def test_the_log_shows_no_key_of_a_reply(caplog: pytest.LogCaptureFixture) -> None:
    """Replies hold keys too: the API key where its rights are asked for, and a listen key, which is sent back later."""
    emulator = Emulator([Account(UID, HEADERS["x-bx-apikey"], SECRET)], clock=at_now)
    signed = query({})
    with caplog.at_level(logging.DEBUG, "bingx_async.emulator"):
        await send(emulator, httpx.Request("GET", f"http://x{GET_PERMISSIONS.path}?{signed}", headers=HEADERS))
        reply = await send(emulator, httpx.Request("POST", f"http://x{CREATE_LISTEN_KEY.path}", headers=HEADERS))
        key = reply["listenKey"]
        url = f"http://x{EXTEND_LISTEN_KEY.path}?listenKey={key}"
        await emulator.transport().handle_async_request(httpx.Request("PUT", url, headers=HEADERS))
    assert len(caplog.messages) == 3
    assert [HEADERS["x-bx-apikey"] in line or key[-20:] in line for line in caplog.messages] == [False] * 3
    assert '{"listenKey":"***' in caplog.messages[1]


async def test_the_log_stays_on_one_line(caplog: pytest.LogCaptureFixture) -> None:
    """A line break or a control character in a request cannot forge a line; an unknown key has no account."""
    request = httpx.Request("POST", f"http://x{CANCEL_ORDER.path}", content=b"a\nPOST forged\x1b[0m\xff" + b"y" * 5000)
    with caplog.at_level(logging.DEBUG, "bingx_async.emulator"):
        await send(Emulator(), request)
    (line,) = caplog.messages
    assert ("\n" in line, "\x1b" in line, "account=-" in line, len(line) < 700) == (False, False, True, True)
