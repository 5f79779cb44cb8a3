"""Many accounts behind one address, over real sockets at long round trips: what a user of many accounts meets.

The exchange runs in a process of its own. It holds every request back for one way, counts it in sliding windows (per
account and endpoint, per address and endpoint, per address and group), and answers one way later. Every account keeps
each of five endpoints saturated; a kill switch is pulled now and then. Shown for each cell: calls refused for their
pace, calls accepted over the most that rule R and the address' quota allow, failed connections, the age of timestamps
on arrival beyond one way, and how long a kill switch took to reach the wire.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import sys
import time
from collections import Counter, defaultdict, deque
from multiprocessing.connection import Connection as Pipe
from typing import Any

from benchmarks import report
from bingx_async import BingXClient, BingXError, ConnectFailed, Governor, Priority, RateLimited
from bingx_async.catalogue import PROFILES
from bingx_async.core.bucket import occupancy_of
from bingx_async.core.endpoint import Call, Endpoint
from bingx_async.core.options import CallSettings
from bingx_async.core.quota import GROUP_QUOTAS, INTERFACE_QUOTAS, Quota
from bingx_async.spot.cancels import CANCEL_OPEN_ORDERS, CANCEL_ORDER, CANCEL_ORDERS
from bingx_async.spot.oco import CANCEL_OCO_ORDER, PLACE_OCO_ORDER

SECONDS = 20.0
ACCOUNTS, ROUND_TRIPS = (1, 20, 100, 500), (0.005, 0.05, 0.19, 0.3)
ENDPOINTS = (CANCEL_ORDER, CANCEL_ORDERS, CANCEL_OPEN_ORDERS, PLACE_OCO_ORDER, CANCEL_OCO_ORDER)
BY_PATH = {endpoint.path: endpoint for endpoint in ENDPOINTS}
KILL_EVERY = 3.5  # seconds; an address keeps three calls of an endpoint for it in ten seconds
KEPT = {CANCEL_OPEN_ORDERS.name: 1}  # of each account
QUOTAS = PROFILES["documented"]


class Exchange:
    """Counts calls in sliding windows and remembers how old their timestamps were."""

    def __init__(self, one_way: float) -> None:
        self.one_way = one_way
        self.windows: dict[object, deque[float]] = defaultdict(deque)
        self.accepted: Counter[str] = Counter()
        self.refused = 0
        self.ages: list[float] = []

    def count(self, account: str, path: str, timestamp: float) -> bool:
        """Whether the call is within every quota."""
        now, endpoint = time.time(), BY_PATH[path]
        self.ages.append((now - timestamp / 1000.0 - self.one_way) * 1000.0)
        quotas: list[tuple[object, Quota]] = [((account, path), QUOTAS.quota_of(endpoint))]
        quotas.append((path, INTERFACE_QUOTAS[endpoint.group]))
        quotas += [((endpoint.group, quota), quota) for quota in GROUP_QUOTAS[endpoint.group]]
        for key, quota in quotas:
            seen = self.windows[key]
            while seen and seen[0] <= now - quota.window:
                seen.popleft()
            if len(seen) >= quota.limit:
                self.refused += 1
                return False
        for key, _ in quotas:
            self.windows[key].append(now)
        self.accepted[path] += 1
        return True


class Served(asyncio.Protocol):
    """One connection of the exchange."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange, self.buffer = exchange, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, body = self.buffer.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0] or 0)
        if found and len(body) >= length:
            self.buffer = b""
            asyncio.get_running_loop().call_later(self.exchange.one_way, self.arrive, head, body)

    def arrive(self, head: bytes, body: bytes) -> None:
        """The request has come all the way."""
        path = head.split(b" ", 2)[1].decode()
        if path in BY_PATH:
            account = head.partition(b"X-BX-APIKEY: ")[2].partition(b"\r")[0].decode()
            is_fine = self.exchange.count(account, path, json.loads(body)["timestamp"])
            answer = b'{"code":0,"data":{}}' if is_fine else b'{"code":100410,"msg":"rate limited"}'
        else:
            answer = b'{"code":0,"data":{"serverTime":%d}}' % (time.time() * 1000)
        reply = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(answer), answer)
        asyncio.get_running_loop().call_later(self.exchange.one_way, self.transport.write, reply)  # type: ignore[attr-defined]


def serve(pipe: Pipe, one_way: float) -> None:
    """Serve on a free port, told through the pipe, until told to stop; then tell the figures."""

    async def main() -> None:
        exchange, loop = Exchange(one_way), asyncio.get_running_loop()
        server = await loop.create_server(lambda: Served(exchange), "127.0.0.1", 0, backlog=1024)
        pipe.send(server.sockets[0].getsockname()[1])
        await loop.run_in_executor(None, pipe.recv)
        pipe.send((exchange.accepted, exchange.refused, sorted(exchange.ages)))

    asyncio.run(main())


def most(accounts: int, rtt: float, seconds: float) -> int:
    """Calls that rule R and the address' quotas allow to arrive within this time, from a cold start."""

    def rounds(quota: Quota, kept: int = 0) -> int:
        return (quota.limit - kept) * (1 + int((seconds - rtt / 2 - 0.05) // (occupancy_of(quota) / 1000.0 + rtt)))

    def of_accounts(endpoint: Endpoint[Any]) -> int:
        return accounts * rounds(QUOTAS.quota_of(endpoint), KEPT.get(endpoint.name, 0))

    total = 0
    for group in {endpoint.group for endpoint in ENDPOINTS}:
        own = [each for each in ENDPOINTS if each.group is group]
        allowed = sum(min(of_accounts(each), rounds(INTERFACE_QUOTAS[group])) for each in own)
        total += min(allowed, *(rounds(quota) for quota in GROUP_QUOTAS[group]))
    return total


async def drive(port: int, accounts: int, rtt: float, seconds: float) -> dict[str, Any]:
    """Saturate every endpoint of every account; the failures, and how long kill switches took to reach the wire."""
    found: dict[str, Any] = {"connect failed": 0, "refused": 0, "other": Counter(), "kills": []}
    settings = CallSettings(max_wait=3600.0)
    governor = Governor(reserve=KEPT)
    async with BingXClient("k0", "s", base_url=f"http://127.0.0.1:{port}", governor=governor, carrier="json") as first:
        others = [first.for_account(api_key=f"k{number}", secret_key="s") for number in range(1, accounts)]
        clients = [first, *others]

        async def work(client: BingXClient, endpoint: Endpoint[Any]) -> None:
            while True:
                try:
                    await client._caller.call(Call(endpoint, {}), settings)
                except ConnectFailed:
                    found["connect failed"] += 1
                except RateLimited:
                    found["refused"] += 1
                except BingXError as error:
                    found["other"][type(error).__name__] += 1

        async def kill() -> None:
            urgent = CallSettings(max_wait=3600.0, priority=Priority.KILL_SWITCH)
            number = 0
            while True:
                await asyncio.sleep(KILL_EVERY)
                number += 7
                began = time.perf_counter()
                await clients[number % accounts]._caller.call(Call(CANCEL_OPEN_ORDERS, {}), urgent)
                found["kills"].append((time.perf_counter() - began - rtt) * 1000.0)

        tasks = [
            asyncio.create_task(work(client, endpoint))
            for client in clients
            for endpoint in ENDPOINTS
            for _ in range(QUOTAS.quota_of(endpoint).limit + 1)
        ]
        tasks.append(asyncio.create_task(kill()))
        await asyncio.sleep(seconds)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return found


def p99(values: list[float]) -> float:
    """The 99th percentile."""
    return sorted(values)[min(len(values) - 1, int(len(values) * 0.99))] if values else 0.0


def cell(accounts: int, rtt: float, seconds: float = SECONDS) -> list[str]:
    """One row of the table."""
    here, there = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(there, rtt / 2), daemon=True)
    process.start()
    found = asyncio.run(drive(here.recv(), accounts, rtt, seconds))
    here.send("stop")
    accepted, refused, ages = here.recv()
    process.join()
    share = sum(accepted.values()) / most(accounts, rtt, seconds)
    row = [f"{accounts}", f"{rtt * 1000:g} ms", f"{refused}", f"{share:.1%}", f"{found['connect failed']}"]
    return [*row, f"{p99(ages):.0f} ms", f"{p99(found['kills']):.0f} ms", f"{dict(found['other']) or ''}"]


def main() -> None:
    """Measure and print."""
    only = [float(each) for each in sys.argv[1:3]]
    cells = [(int(only[0]), only[1])] if only else [(a, r) for a in ACCOUNTS for r in ROUND_TRIPS]
    heads = ["accounts", "round trip", "refused", "used", "ConnectFailed", "age p99", "kill switch p99", "other"]
    report.heading(f"Crowds over real sockets, {SECONDS:g} s each, sliding windows, five endpoints saturated")
    report.table(heads, [cell(*each) for each in cells])


if __name__ == "__main__":
    main()
