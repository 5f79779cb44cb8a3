"""How the methods of the spot product reach whatever carries out calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypedDict, TypeVar

from bingx_async.core.endpoint import Call
from bingx_async.core.pool import BatchRoute
from bingx_async.errors import BingXError
from bingx_async.models import Priority

T = TypeVar("T")
R = TypeVar("R")


class CallOptions(TypedDict, total=False):
    """What every call takes besides its own arguments.

    `max_wait`: seconds it may queue for quota (0: now or never); `priority`: who goes first; `timeout`: seconds on
    the network; `recv_window`: milliseconds for which the exchange may accept it, at most 5000.
    """

    max_wait: float
    priority: Priority
    timeout: float
    recv_window: int


class Caller(Protocol):
    """Whatever carries out calls."""

    async def __call__(self, call: Call[T], options: CallOptions) -> T:
        """Run the call and return its model."""
        ...


class Drainer(Protocol):
    """Whatever gets many items done through several lanes."""

    async def __call__(
        self,
        items: Sequence[T],
        routes: Sequence[BatchRoute[T, R]],
        fail: Callable[[T, BingXError], R],
        options: CallOptions,
        *,
        everything_at_once: bool,
    ) -> Mapping[T, R]:
        """The result of every item."""
        ...


class Joiner(Protocol):
    """Whatever does independent items of one kind together while they queue."""

    async def __call__(self, kind: str, item: T, routes: Sequence[BatchRoute[T, R]], options: CallOptions) -> R | None:
        """The item's result, or None if joining is switched off."""
        ...


class Group:
    """Methods over one caller."""

    def __init__(self, call: Caller, drain: Drainer, join: Joiner, ids_per_batch: int = 10) -> None:
        self._call = call
        self._drain = drain
        self._join = join
        self._ids_per_batch = ids_per_batch
