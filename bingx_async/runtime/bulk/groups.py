"""Tasks of one job: their errors come out one by one, and they wake each other."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import anyio


class Changes:
    """Wakes the tasks that wait for the next change of what they share."""

    def __init__(self) -> None:
        self._next = anyio.Event()

    async def wait(self) -> None:
        """Return at the next change."""
        await self._next.wait()

    def notify(self) -> None:
        """Something has changed."""
        changed, self._next = self._next, anyio.Event()
        changed.set()


@contextmanager
def one_error() -> Generator[None]:
    """Around a task group: the first error comes out, not a group of errors."""
    try:
        yield
    except BaseExceptionGroup as group:
        error: BaseException = group
        while inner := getattr(error, "exceptions", ()):
            error = inner[0]
        raise error from None
