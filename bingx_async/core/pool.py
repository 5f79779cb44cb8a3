"""Many items, few calls: which items a call takes is decided when it may leave, not when it starts to wait.

A lane is a way to get items done: an endpoint that takes up to `size` of them. Whoever has a permit takes what is
left at that moment, so no item waits for one lane while another is free, and items of a call that was refused
unexecuted go back to the front.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
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
