"""Independent calls that queue for the same quota, done together where one request can carry several."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, Generic, TypeVar

import anyio
from attrs import define, field, frozen

from bingx_async.core.endpoint import Batch, BatchRoute
from bingx_async.core.options import CallSettings
from bingx_async.errors import BingXError, LocalError, RateLimited, ServerBusy
from bingx_async.runtime.call.caller import Caller
from bingx_async.runtime.call.turn import Turn
from bingx_async.runtime.loops import Changes, one_error

T = TypeVar("T")
R = TypeVar("R")


@frozen(eq=False)
class Coalescing:
    """The coalescers of one account, by what its calls have in common."""

    caller: Caller
    coalescers: dict[Hashable, Coalescer[Any, Any]] = field(factory=dict["Hashable", "Coalescer[Any, Any]"])

    async def run(self, batch: Batch[Any, Any], settings: CallSettings) -> Any:
        """The result of one call, which may travel with others of the same key."""
        coalescer = self.coalescers.get(batch.key) or Coalescer(self.caller, *batch.routes)
        self.coalescers[batch.key] = coalescer
        try:
            return batch.unwrap(await coalescer.run(batch.item, settings))
        finally:
            if not coalescer.waiting:
                self.coalescers.pop(batch.key, None)


@define(eq=False)
class Entry(Generic[T, R]):
    """The item of one call; `routes_left` of its two routes can still bring it its result."""

    item: T
    result: R | None = None
    error: BingXError | None = None
    is_taken: bool = False  # by a request that is under way
    routes_left: int = 2
    done: anyio.Event = field(factory=anyio.Event)

    def finish(self, result: R | None, error: BingXError | None = None) -> None:
        """End the call."""
        self.result, self.error = result, error
        self.done.set()


@frozen(eq=False)
class Coalescer(Generic[T, R]):
    """Calls of one kind, such as one symbol's cancels.

    Each waits for quota of its own and for that of a batch at once, and takes whichever may leave first; a batch
    carries every call that still waits.
    """

    caller: Caller
    together: BatchRoute[T, R]
    alone: BatchRoute[T, R]
    waiting: dict[int, Entry[T, R]] = field(init=False, factory=dict[int, "Entry[T, R]"])
    _changes: Changes = field(init=False, factory=Changes)

    async def run(self, item: T, settings: CallSettings) -> R:
        """The result of `item`, by whichever request brought it; raises the error of that request."""
        entry = Entry[T, R](item)
        self.waiting[id(entry)] = entry
        self._changes.notify()
        try:
            with one_error():
                async with anyio.create_task_group() as group:
                    group.start_soon(self._go_alone, entry, settings)
                    group.start_soon(self._go_together, entry, settings)
                    await entry.done.wait()
                    group.cancel_scope.cancel()
        finally:
            del self.waiting[id(entry)]
        if entry.error is not None:
            raise entry.error
        assert entry.result is not None
        return entry.result

    async def _go_alone(self, entry: Entry[T, R], settings: CallSettings) -> None:
        try:
            while not entry.done.is_set():
                turn = await self.caller.acquire(self.alone.endpoint, settings, waits_again=False)
                if entry.is_taken:
                    self.caller.governor.release(turn.permit)
                    return
                await self._send(self.alone, [entry], turn)
        except LocalError as error:
            self._lose_route(entry, error)

    async def _go_together(self, entry: Entry[T, R], settings: CallSettings) -> None:
        try:
            while not entry.done.is_set():
                turn = await self.caller.acquire(self.together.endpoint, settings, waits_again=False)
                entries = self._choose()
                if not entries:
                    self.caller.governor.release(turn.permit)
                    await self._changes.wait()
                    continue
                with anyio.CancelScope(shield=entries != [entry]):  # others' calls must not be cancelled
                    await self._send(self.together, entries, turn)
        except LocalError as error:
            self._lose_route(entry, error)

    def _choose(self) -> list[Entry[T, R]]:
        """The entries of a batch: several, or one that has no other route left."""
        free = [entry for entry in self.waiting.values() if not entry.is_taken and not entry.done.is_set()]
        is_worth_it = len(free) > 1 or any(entry.routes_left < 2 for entry in free)
        return free[: self.together.size] if is_worth_it else []

    async def _send(self, route: BatchRoute[T, R], entries: Sequence[Entry[T, R]], turn: Turn) -> None:
        """One request for `entries`. If it was refused for pace, they wait again."""
        items = [entry.item for entry in entries]
        for entry in entries:
            entry.is_taken = True
        try:
            reply = await self.caller.run(route.call(items), turn)
        except (RateLimited, ServerBusy, LocalError) as error:
            for entry in entries:  # those that have no route left end with the error
                entry.is_taken = False
                if not entry.routes_left:
                    entry.finish(None, error)
            self._changes.notify()
            if isinstance(error, LocalError):
                raise
        except BingXError as error:
            for entry in entries:
                entry.finish(None, error)
        else:
            results = route.read(items, reply)
            for entry in entries:
                entry.finish(results[entry.item])

    def _lose_route(self, entry: Entry[T, R], error: LocalError) -> None:
        """One of the two routes is barred. Without the other the call ends with the error."""
        entry.routes_left -= 1
        if not entry.routes_left and not entry.is_taken:
            entry.finish(None, error)
        self._changes.notify()
