"""Processes take turns, in simulated time: each has its share, no quota is left unused, the dead are not waited for."""

from __future__ import annotations

import heapq
from collections import Counter
from random import Random
from uuid import uuid4

import pytest

from bingx_async.runtime.governor.store import Granted, Later, Spent
from tests.redis.desk import BEGIN, CANCEL, GROUP, OCCUPANCY, open_desk
from tests.redis.server import RedisServer

LIMIT, SECONDS = 5, 30
REQUEST = 0.5  # ms


async def saturate(url: str, processes: int, round_trip: float, lateness: float, dies: bool) -> list[Counter[int]]:
    """The calls of each process in each 10 s, where all want to call all the time; the last may die after 5 s."""
    desk = await open_desk("redis", url, uuid4().hex)
    random, death = Random(processes), BEGIN + (5_000 if dies else 1e9)
    events: list[tuple[float, int, object]] = [(BEGIN + number, number, None) for number in range(processes)]
    heapq.heapify(events)
    found = [Counter[int]() for _ in range(SECONDS // 10)]
    while events[0][0] < BEGIN + 1000 * SECONDS:
        desk.now, number, granted = heapq.heappop(events)
        if granted is not None:
            await desk.settle(granted)  # type: ignore[arg-type]
            continue
        if number == processes - 1 and desk.now > death:
            continue
        answer = await desk.ask(process=f"p{number}", more=frozenset([CANCEL.key]))
        assert not isinstance(answer, Spent)
        again = desk.now + REQUEST
        if isinstance(answer, Granted):
            found[int((desk.now - BEGIN) // 10_000)][number] += 1
            heapq.heappush(events, (desk.now + round_trip, -len(events), desk.last))
            wait = answer.waits[0]
        else:
            wait = answer.wait
        again += wait + random.uniform(0.0, lateness) if wait else 0.0
        heapq.heappush(events, (again, number, None))
    await desk.store.aclose()
    return found


def used(found: list[Counter[int]], round_trip: float) -> float:
    """The part of the calls that rule R allows, to the last whole round of them."""
    rounds = int(1000 * SECONDS / (OCCUPANCY + round_trip))
    return sum(sum(each.values()) for each in found) / (LIMIT * rounds)


async def test_turn_by_turn(namespace: str, redis_server: RedisServer) -> None:
    """Processes that wait are sent 5 ms after each other, in the order in which they came; until 30 ms after that a
    token is kept for them. One that has not come after 0.1 s has lost its place."""
    desk = await open_desk("redis", redis_server.url, namespace)

    async def turn(process: str) -> float:
        answer = await desk.ask(process=process)
        assert isinstance(answer, Later)
        return round(answer.wait - max(0.0, back - desk.now), 1)

    for granted in [await desk.grant() for _ in range(5)]:
        await desk.settle(granted)
    back = desk.now + OCCUPANCY
    desk.now += 10
    assert [await turn(each) for each in "abacb"] == [0, 5, 0, 10, 5]  # asking again keeps the place
    desk.now = back
    for each in "axa":  # five are free, two or three of them kept for the processes in line
        await desk.grant(process=each)
    assert [await turn(each) for each in "xa"] == [30, OCCUPANCY]
    await desk.grant(process="b")
    await desk.grant(process="c")
    back = desk.now + OCCUPANCY  # the soonest that a reply can give a token back
    assert [await turn(each) for each in "ac"] == [5, 10]
    desk.now += 131  # x has not come in its turn
    back = desk.now + OCCUPANCY
    assert [await turn(each) for each in "ac"] == [0, 5]
    await desk.store.aclose()


async def test_a_kill_switch_waits_behind_no_other_process(namespace: str, redis_server: RedisServer) -> None:
    """An urgent call takes a token that is kept for a process in line, its own or another, and moves no place."""
    desk = await open_desk("redis", redis_server.url, namespace)
    for granted in [await desk.grant() for _ in range(5)]:
        await desk.settle(granted)
    assert [type(await desk.ask(process=each)) for each in "abcde"] == [Later] * 5
    assert isinstance(await desk.ask(process="x", is_urgent=True), Later)
    desk.now += OCCUPANCY
    assert isinstance(await desk.ask(process="y"), Later)
    assert isinstance(await desk.ask(process="x", is_urgent=True), Granted)
    assert isinstance(await desk.ask(process="b", is_urgent=True), Granted)
    assert [type(await desk.ask(process=each)) for each in "abcd"] == [Granted, Granted, Granted, Later]
    await desk.store.aclose()


async def test_a_token_for_each(namespace: str, redis_server: RedisServer) -> None:
    """Each of many processes is sent to a token of its own, the sixth to one that comes back a second time; those that
    would have to wait for long come again after 2.5 to 5 s more, not all at once."""
    desk = await open_desk("redis", redis_server.url, namespace)
    for _ in range(5):
        await desk.settle(await desk.grant())
    answers = [await desk.ask(process=f"p{number}") for number in range(100)]
    waits = [answer.wait - OCCUPANCY for answer in answers if isinstance(answer, Later)]
    assert waits[:5] == pytest.approx([0, 5, 10, 15, 20], abs=0.002)
    assert waits[5:10] == pytest.approx([OCCUPANCY + 25] * 5, abs=0.002)
    assert min(waits[30:]) >= 2_500
    assert max(waits) <= 5_000
    again = [await desk.ask(process=f"p{number}") for number in range(100)]
    far = {round(answer.wait) for answer in again[20:] if isinstance(answer, Later)}
    assert len(far) == 80
    await desk.store.aclose()


async def test_the_grant_names_the_next_token(namespace: str, redis_server: RedisServer) -> None:
    """A process with more calls is granted a token and a place at the end of the line at once: at the moment named to
    it the next token is its own, whoever asks before."""
    desk = await open_desk("redis", redis_server.url, namespace)
    more = frozenset([GROUP.key])
    for _ in range(5):
        await desk.grant(GROUP, process="one")
    _, granted = await desk.grant(GROUP, process="one")
    assert granted.waits == (pytest.approx(90, abs=0.002),)  # less than half are free: 0.9 of a tenth of a second
    assert isinstance(await desk.ask(GROUP, process="two", more=more), Later)
    desk.now += 90
    assert isinstance(await desk.ask(GROUP, process="one", more=more), Later)  # this one is kept for the other
    _, granted = await desk.grant(GROUP, process="two", more=more)
    assert granted.waits[0] > 180
    desk.now += granted.waits[0]
    assert isinstance(await desk.ask(GROUP, process="three"), Later)
    await desk.grant(GROUP, process="two")
    await desk.store.aclose()


@pytest.mark.parametrize("processes", [2, 3, 4, 7])
@pytest.mark.parametrize("round_trip", [1.0, 48.0, 330.0])
@pytest.mark.parametrize("lateness", [0.0, 4.0])
async def test_each_process_has_its_share(
    redis_server: RedisServer, processes: int, round_trip: float, lateness: float
) -> None:
    """In 10 s no process has less than 0.7 of its fair share, and what rule R allows is used."""
    found = await saturate(redis_server.url, processes, round_trip, lateness, dies=False)
    for calls in found:
        fair = sum(calls.values()) / processes
        assert min(calls[number] for number in range(processes)) >= 0.7 * fair
    assert used(found, round_trip) >= 0.98


@pytest.mark.parametrize("round_trip", [1.0, 48.0])
async def test_dead_processes_are_not_waited_for(redis_server: RedisServer, round_trip: float) -> None:
    """A process that dies while it waits costs the others next to nothing."""
    found = await saturate(redis_server.url, 4, round_trip, 1.0, dies=True)
    later = found[-1]
    assert later[3] == 0
    assert min(later[number] for number in range(3)) >= 0.7 * sum(later.values()) / 3
    assert used(found, round_trip) >= 0.98
