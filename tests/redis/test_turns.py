"""Processes take turns, in simulated time: each has its share, nothing is left unused, nobody waits for the dead."""

from __future__ import annotations

import heapq
from collections import Counter
from random import Random
from uuid import uuid4

import pytest

from bingx_async.runtime.governor.store import Granted
from tests.redis.desk import BEGIN, OCCUPANCY, open_desk
from tests.redis.server import RedisServer

LIMIT, SECONDS, ASKING = 5, 30, 0.5  # ms for a question


async def saturate(url: str, processes: int, round_trip: float, lateness: float, dies: bool) -> list[Counter[int]]:
    """The calls of each process in each 10 s, where all want to call all the time; the last may die after 5 s."""
    desk = await open_desk("redis", url, uuid4().hex)
    random, death = Random(processes), BEGIN + (5_000 if dies else 1e9)
    events: list[tuple[float, int, object]] = [(BEGIN + number, number, None) for number in range(processes)]
    heapq.heapify(events)
    found = [Counter[int]() for _ in range(SECONDS // 10)]
    while events[0][0] < BEGIN + 1000 * SECONDS:
        desk.now, number, held = heapq.heappop(events)
        if held is not None:
            await desk.settle(held)  # type: ignore[arg-type]
            continue
        if number == processes - 1 and desk.now > death:
            continue
        answer = await desk.ask(process=f"p{number}")
        again = desk.now + ASKING
        if isinstance(answer, Granted):
            found[int((desk.now - BEGIN) // 10_000)][number] += 1
            heapq.heappush(events, (desk.now + round_trip, -len(events), desk.last))
        else:
            again += answer.wait + random.uniform(0.0, lateness)
        heapq.heappush(events, (again, number, None))
    await desk.store.aclose()
    return found


def used(found: list[Counter[int]], round_trip: float) -> float:
    """The part of the calls that rule R allows, to the last whole round of them."""
    rounds = int(1000 * SECONDS / (OCCUPANCY + round_trip))
    return sum(sum(each.values()) for each in found) / (LIMIT * rounds)


@pytest.mark.parametrize("processes", [2, 3, 4, 7])
@pytest.mark.parametrize("round_trip", [1.0, 48.0, 330.0])
@pytest.mark.parametrize("lateness", [0.0, 4.0])
async def test_everybody_has_a_share(
    redis_server: RedisServer, processes: int, round_trip: float, lateness: float
) -> None:
    """In 10 s no process has less than 0.7 of its fair share, and what rule R allows is used."""
    found = await saturate(redis_server.url, processes, round_trip, lateness, dies=False)
    for calls in found:
        fair = sum(calls.values()) / processes
        assert min(calls[number] for number in range(processes)) >= 0.7 * fair
    assert used(found, round_trip) >= 0.98


@pytest.mark.parametrize("round_trip", [1.0, 48.0])
async def test_nobody_waits_for_the_dead(redis_server: RedisServer, round_trip: float) -> None:
    """A process that dies while it waits costs the others next to nothing."""
    found = await saturate(redis_server.url, 4, round_trip, 1.0, dies=True)
    later = found[-1]
    assert later[3] == 0
    assert min(later[number] for number in range(3)) >= 0.7 * sum(later.values()) / 3
    assert used(found, round_trip) >= 0.98
