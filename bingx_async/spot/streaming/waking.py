"""Readers of a value that changes: each learns that it has changed since it looked last, not how often."""

from __future__ import annotations

from typing import Generic, Self, TypeVar

import anyio

from bingx_async.errors import BingXError

T = TypeVar("T")


class Changing:
    """Counts the changes, and wakes those that wait for one; that costs nothing while none waits."""

    def __init__(self) -> None:
        self.version, self.is_over = 0, False
        self._next: anyio.Event | None = None
        self._error: BingXError | None = None

    def notify(self) -> None:
        """It has changed."""
        self.version += 1
        if self._next is not None:
            changed, self._next = self._next, None
            changed.set()

    def fail(self, error: BingXError) -> None:
        """It has changed for the last time; those that wait for more get the error."""
        self._error = self._error or error
        self.notify()

    def end(self, error: BingXError) -> None:
        """As `fail`, and those that iterate come to the end instead."""
        self.is_over = True
        self.fail(error)

    async def after(self, version: int) -> int:
        """The version now, once it is another than this. Raises the error of `fail` and `end`."""
        while self.version == version:
            if self._error is not None:
                raise self._error
            self._next = self._next or anyio.Event()
            await self._next.wait()
        return self.version


class Reader(Generic[T]):
    """Gives the value at each change; those that happen while the program does something else count as one."""

    def __init__(self, changing: Changing, value: T) -> None:
        self._changing, self._value, self._seen = changing, value, 0

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        if not self._changing.is_over:
            self._seen = await self._changing.after(self._seen)
        if self._changing.is_over:
            raise StopAsyncIteration
        return self._value
