"""Many items, few calls: which items a call takes is decided when it may leave, not when it starts to wait.

A route is a way to get items done: an endpoint that takes up to `size` of them. A worker with a permit takes the items
left at that moment, so no item waits for one route while another is free, and items of a call that was refused
unexecuted go back to the front.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from attrs import frozen

from bingx_async.core.endpoint import Call, Endpoint

T = TypeVar("T")  # an item
R = TypeVar("R")  # its result


@frozen(eq=False)
class BatchRoute(Generic[T, R]):
    """How `endpoint` does items: the call for some of them, its reply as results, an error as a result."""

    endpoint: Endpoint[Any]
    size: int
    call: Callable[[Sequence[T]], Call[Any]]
    read: Callable[[Sequence[T], Any], Mapping[T, R]]


@frozen(eq=False)
class Batch(Generic[T, R]):
    """How one call may travel with others of the same `key` that wait: its item, the routes (several items at once,
    then one alone), and `unwrap`, which turns the item's result into the call's own, or raises its error."""

    key: Hashable
    item: T
    routes: Sequence[BatchRoute[T, R]]
    unwrap: Callable[[R], Any]


class Pool(Generic[T, R]):
    """The items of one job and their results."""

    def __init__(self, items: Iterable[T]) -> None:
        self.pending: deque[T] = deque(dict.fromkeys(items))
        self._size = len(self.pending)
        self.results: dict[T, R] = {}

    @property
    def is_done(self) -> bool:
        """Whether every item has its result."""
        return len(self.results) == self._size

    def take(self, most: int) -> list[T]:
        """The next items, at most that many."""
        return [self.pending.popleft() for _ in range(min(most, len(self.pending)))]

    def put_back(self, items: Sequence[T]) -> None:
        """They were not done: they are next again."""
        self.pending.extendleft(reversed(items))

    def finish(self, results: Mapping[T, R]) -> None:
        """They are done; a result that is there already stays."""
        self.results = {**results, **self.results}
