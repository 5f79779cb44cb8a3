"""Independent calls that queue for the same thing, done together where one request can carry several.

Each caller waits for its own call and for a batch at once, whichever may leave first; a batch takes everybody who
still waits. No task outlives its caller. A batch in flight carries other callers' items, so it is shielded from
the cancellation of the one whose task sends it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

import anyio
from attrs import define, field

from bingx_async.core.endpoint import Call
from bingx_async.core.pool import BatchRoute
from bingx_async.errors import BingXError, LocalError, RateLimited, ServerBusy
from bingx_async.runtime.bulk.drain import LateCaller
from bingx_async.runtime.bulk.groups import one_error

T = TypeVar("T")
R = TypeVar("R")


@define(eq=False)
class Entry(Generic[T, R]):
    """One caller's item, and through how many lanes it may still go."""

    item: T
    result: R | None = None
    error: BingXError | None = None
    is_taken: bool = False
    routes: int = 2
    done: anyio.Event = field(factory=anyio.Event)

    def finish(self, result: R | None, error: BingXError | None = None) -> None:
        """Let the caller go on."""
        self.result, self.error = result, error
        self.done.set()


class Coalescer(Generic[T, R]):
    """Calls of one kind (one symbol's cancels), alone or together."""

    def __init__(self, caller: LateCaller, together: BatchRoute[T, R], alone: BatchRoute[T, R]) -> None:
        self._caller = caller
        self._together = together
        self._alone = alone
        self._waiting: dict[int, Entry[T, R]] = {}
        self._changed = anyio.Event()

    @property
    def is_idle(self) -> bool:
        """Whether nobody waits."""
        return not self._waiting

    async def run(self, item: T, options: Any) -> R:
        """The result of `item`, whichever call brought it; raises what that call raised."""
        entry = Entry[T, R](item)
        self._waiting[id(entry)] = entry
        self._tell()
        try:
            with one_error():
                async with anyio.create_task_group() as group:
                    group.start_soon(self._go_alone, entry, options)
                    group.start_soon(self._go_together, entry, options)
                    await entry.done.wait()
                    group.cancel_scope.cancel()
        finally:
            del self._waiting[id(entry)]
        if entry.error is not None:
            raise entry.error
        assert entry.result is not None
        return entry.result

    async def _go_alone(self, entry: Entry[T, R], options: Any) -> None:
        try:
            while not entry.done.is_set():
                if not await self._send(self._alone, lambda: [] if entry.is_taken else [entry], options):
                    return  # a batch carries it
        except LocalError as error:
            self._lose(entry, error)

    async def _go_together(self, entry: Entry[T, R], options: Any) -> None:
        with anyio.CancelScope() as scope:

            def choose() -> list[Entry[T, R]]:
                chosen = self._choose()
                scope.shield = any(each is not entry for each in chosen)
                return chosen

            try:
                while not entry.done.is_set():
                    if not await self._send(self._together, choose, options):
                        await self._changed.wait()
                    scope.shield = False
            except LocalError as error:
                self._lose(entry, error)

    def _choose(self) -> list[Entry[T, R]]:
        """Whom a batch takes: several, or one that has no other way left."""
        free = [each for each in self._waiting.values() if not each.is_taken and not each.done.is_set()]
        return free[: self._together.size] if len(free) > 1 or any(each.routes < 2 for each in free) else []

    async def _send(self, route: BatchRoute[T, R], choose: Callable[[], list[Entry[T, R]]], options: Any) -> bool:
        """One call; whether it carried anything. A call refused for pace gives its items back."""
        taken: list[Entry[T, R]] = []

        def take() -> Call[Any] | None:
            taken.extend(choose())
            for each in taken:
                each.is_taken = True
            return route.call([each.item for each in taken]) if taken else None

        try:
            reply = await self._caller.call_late(route.endpoint, take, options)
        except (RateLimited, ServerBusy) as error:
            self._give_back(taken, error)
        except LocalError as error:
            self._give_back(taken, error)
            raise
        except BingXError as error:
            for each in taken:
                each.finish(None, error)
        else:
            results: Mapping[T, R] = route.read([each.item for each in taken], reply) if taken else {}
            for each in taken:
                each.finish(results[each.item])
        return bool(taken)

    def _give_back(self, taken: list[Entry[T, R]], error: BingXError) -> None:
        """They were not done; those that have no other way left end with the error."""
        for each in taken:
            each.is_taken = False
            if not each.routes:
                each.finish(None, error)
        self._tell()

    def _lose(self, entry: Entry[T, R], error: LocalError) -> None:
        """One of the two ways is barred; without the other the caller gets the error."""
        entry.routes -= 1
        if not entry.routes and not entry.is_taken:
            entry.finish(None, error)
        self._tell()

    def _tell(self) -> None:
        changed, self._changed = self._changed, anyio.Event()
        changed.set()
