"""The whole client in simulated time, on a simulated network that looks like an httpx transport."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from math import inf

import anyio
import httpx
from attrs import define, field

from bingx_async import BingXClient
from bingx_async.core.claims import Permit
from bingx_async.core.endpoint import Call
from bingx_async.core.verdict import Meaning, Throttled, Verdict
from bingx_async.errors import BingXError
from bingx_async.governor import Governor
from bingx_async.runtime.http.transport import LINGER
from bingx_async.spot.market import SERVER_TIME
from tests.simulation.conditions import ENDPOINTS
from tests.simulation.driving import PRIORITIES, build_governor
from tests.simulation.world import Flight, World

CALLS = {endpoint.path: Call(endpoint, {"symbol": "BTC-USDT"}) for endpoint in ENDPOINTS}


@define(eq=False)
class Wire(httpx.AsyncBaseTransport):
    """Carries requests to the world's exchange. A request that has left arrives even if its caller gives up."""

    world: World
    governor: Governor
    _endpoints: dict[str, object] = field(init=False, factory=lambda: {each.path: each for each in ENDPOINTS})

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The exchange's reply, when the network has brought it."""
        if request.url.path == SERVER_TIME.path:
            return await self._tell_time(request)
        world = self.world
        claims = self.governor.claims(self._endpoints[request.url.path], request.headers["X-BX-APIKEY"])  # type: ignore[arg-type]
        permit = Permit(0, world.exchange.known(claims), (), None, world.timeline.now, (), 0)
        flight = Flight(self.governor, permit, LINGER)
        journey = world.journey()
        future: asyncio.Future[Verdict] = asyncio.get_running_loop().create_future()
        if journey.arrives_at < inf:
            world.timeline.at(journey.arrives_at, world.arrive, flight, journey, partial(_deliver, future))
        try:
            verdict = await future
        except BaseException:
            flight.given_up_at = world.timeline.now
            world.end(flight.permit, flight.given_up_at + LINGER)
            raise
        world.end(flight.permit, world.timeline.now)
        if isinstance(verdict, Throttled):
            world.exchange.tell(flight.permit.claims, verdict, world.timeline.now)
        return self._reply(verdict, request)

    async def _tell_time(self, request: httpx.Request) -> httpx.Response:
        timeline = self.world.timeline
        await anyio.sleep(self.world.up(timeline.now) / 1000.0)
        millis = int(self.world.exchange.server_ms(timeline.now))
        await anyio.sleep(self.world.down(timeline.now) / 1000.0)
        return httpx.Response(200, json={"code": 0, "data": {"serverTime": millis}}, request=request)

    def _reply(self, verdict: Verdict, request: httpx.Request) -> httpx.Response:
        if not isinstance(verdict, Throttled):
            return httpx.Response(200, content=b'{"code":0,"msg":"","data":{}}', request=request)
        if verdict.meaning is Meaning.BANNED:
            seconds = str(int((verdict.after or 0.0) / 1000.0) + 1)
            return httpx.Response(429, headers={"Retry-After": seconds}, content=b"<html>", request=request)
        text = "rate limited"
        if verdict.until is not None:
            text = f"in the disabled period and will be unblocked after {int(verdict.until) + 1}"
        body = {"code": 100410, "msg": text, "timestamp": int(self.world.exchange.server_ms(self.world.timeline.now))}
        return httpx.Response(200, content=json.dumps(body).encode(), request=request)


def _deliver(future: asyncio.Future[Verdict], flight: Flight) -> None:
    if not future.done() and flight.verdict is not None:
        future.set_result(flight.verdict)


async def drive_by_clients(world: World, until: float) -> None:
    """The condition's accounts, each a client of one governor, and the callers that use them."""
    governor, condition = build_governor(world), world.condition
    first = _client(world, governor)
    world.start()
    async with first, asyncio.TaskGroup() as group:
        for account in range(condition.accounts):
            name = str(account)
            client = first.for_account(api_key=name, secret_key="secret", account=name)
            for endpoint in ENDPOINTS[: condition.endpoints]:
                for _ in range(condition.depth):
                    group.create_task(_work(world, client, CALLS[endpoint.path], until))


def _client(world: World, governor: Governor) -> BingXClient:
    return BingXClient(
        "key",
        "secret",
        base_url="https://exchange.invalid",
        governor=governor,
        transport=Wire(world, governor),
        carrier="query",
        timeout=world.condition.faults.timeout / 1000.0,
    )


async def _work(world: World, client: BingXClient, call: Call[object], until: float) -> None:
    rng, timeline = world.rng, world.timeline
    while timeline.now < until:
        since = timeline.now
        patience = rng.expovariate(5.0) if rng.random() < world.condition.faults.cancelled else None
        with anyio.move_on_after(patience):
            try:
                await client.spot._calls.call(call, {"priority": rng.choice(PRIORITIES)})
            except BingXError:
                await anyio.sleep(0.01)
            world.waited(since)
