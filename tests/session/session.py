"""A whole session: it is played, what is in doubt is found out, and everything is held against the emulator's book."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import anyio
from attrs import frozen

from bingx_async.models import ResolutionStatus
from bingx_async.spot.targets import targets_of
from bingx_async.testing import run_simulated
from tests.session.acts_cancelling import CANCELLING
from tests.session.acts_looking import LOOKING
from tests.session.acts_placing import PLACING
from tests.session.checks import CHECKS
from tests.session.judging import judge
from tests.session.trader import Act, Trader
from tests.session.world import SYMBOLS, World

ACTS: tuple[tuple[Act, float], ...] = (*PLACING, *CANCELLING, *LOOKING)
ACCOUNTS, WORKERS = 20, 2  # the tasks of one account at a time
LATER = (0, 60, 500)  # seconds after which what is in doubt is asked for


@frozen
class Played:
    """The figures of a session. `refused`: for their pace; `told_closed`: by endpoints that were closed on purpose."""

    seed: int
    calls: int
    requests: int
    orders: int
    fills: int
    closings: int
    told_closed: int
    refused: int
    in_doubt: int
    executed: int
    not_executed: int
    partly: int
    untraceable: int
    left_unknown: int
    counts: Counter[str]
    asked: Counter[str]
    trace: Sequence[str]


async def _play(world: World, minutes: float, pause: float) -> None:
    rules = {symbol: await world.clients["1001"].spot.get_symbol(symbol) for symbol in SYMBOLS}
    traders = [Trader(world, each.account, rules, worker) for each in world.accounts for worker in range(WORKERS)]
    world.spoil_network()
    async with anyio.create_task_group() as group:
        group.start_soon(world.close_endpoints)
        async with anyio.create_task_group() as trading:
            for trader in traders:
                trading.start_soon(trader.trade, ACTS, minutes * 60, pause)
        group.cancel_scope.cancel()


async def _find_out(world: World) -> Counter[str]:
    """Ask for everything in doubt, while the network is still bad; then again for what is left, once it is good, and
    once an error budget that is spent has come back."""
    found = Counter[str]()
    for later in LATER:
        await anyio.sleep(later)
        async with anyio.create_task_group() as group:
            for uid in world.clients:
                group.start_soon(_find_out_of, world, uid, found, later == LATER[-1])
        world.emulator.clear_faults()
    return found


async def _find_out_of(world: World, uid: str, found: Counter[str], is_last: bool) -> None:
    for error in world.clients[uid].in_doubt:
        resolution = await error.resolve(deadline=60.0)
        judge(world, uid, error, resolution)
        world.note(f"{uid} {error.endpoint} resolved: {resolution.status}")
        if resolution.is_known:
            found[resolution.status] += 1
        elif is_last:
            is_traceable = bool(targets_of(error))
            found["unknown" if is_traceable else "untraceable"] += 1
            if is_traceable:
                raise AssertionError(f"seed {world.seed}: {uid} {error!r} stays unknown: {resolution.evidence}")


async def _session(seed: int, minutes: float, accounts: int, pause: float) -> Played:
    world = World(seed, accounts)
    async with world.clients["1001"]:
        await _play(world, minutes, pause)
        found = await _find_out(world)
        for check in CHECKS:
            await check(world)
    return _played(world, found)


def _played(world: World, found: Counter[str]) -> Played:
    stats, books = world.emulator.stats(), [world.book(uid) for uid in world.clients]
    for key, number in world.counts.items():
        if key.startswith("resolved at once: "):
            status = key.removeprefix("resolved at once: ")
            found[status] += number if status != ResolutionStatus.UNKNOWN else 0
    return Played(
        seed=world.seed,
        calls=sum(number for key, number in world.counts.items() if not key.startswith(("resolved", "kill switch"))),
        requests=world.emulator.asked.total(),
        orders=sum(len(book.all_orders) + 2 * len(book.all_pairs) for book in books),
        fills=sum(len(book.fills) for book in books),
        closings=len(world.closings),
        told_closed=sum(each.closed for each in stats.endpoints.values()),
        refused=sum(each.refused for each in (*stats.endpoints.values(), *stats.addresses.values())),
        in_doubt=found.total(),
        executed=found[ResolutionStatus.EXECUTED],
        not_executed=found[ResolutionStatus.NOT_EXECUTED],
        partly=found[ResolutionStatus.PARTLY],
        untraceable=found["untraceable"],
        left_unknown=found["unknown"],
        counts=world.counts,
        asked=world.emulator.asked,
        trace=world.trace,
    )


def play(seed: int, minutes: float, accounts: int = ACCOUNTS, pause: float = 1.0) -> Played:
    """Play a session of that many simulated minutes; `pause`: seconds between the calls of a task, on average.

    Raises `AssertionError`, with the seed and the call, where a promise is broken. The same arguments play the same.
    """
    try:
        return run_simulated(_session, seed, minutes, accounts, pause)
    except BaseExceptionGroup as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        raise error from None
