"""How the methods of `client.spot` reach the part of the client that carries out calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from bingx_async.core.endpoint import BatchRoute, Call
from bingx_async.core.options import CallOptions
from bingx_async.errors import BingXError

T = TypeVar("T")
R = TypeVar("R")


class Calls(Protocol):
    """Carries out the calls of one account."""

    async def call(self, call: Call[T], options: CallOptions) -> T:
        """Run the call and return its model."""
        ...

    async def drain(
        self,
        items: Sequence[T],
        routes: Sequence[BatchRoute[T, R]],
        fail: Callable[[T, BingXError], R],
        options: CallOptions,
        *,
        everything_at_once: bool,
    ) -> Mapping[T, R]:
        """Get many items done through several routes; the result of every item."""
        ...


class Group:
    """Methods over the calls of one account; at most `ids_per_batch` ids travel in one batch cancel."""

    def __init__(self, calls: Calls, ids_per_batch: int = 10) -> None:
        self._calls = calls
        self._ids_per_batch = ids_per_batch
