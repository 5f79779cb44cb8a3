"""Event loops, of asyncio or trio, told apart; tasks of one job, which wake each other and end with one error."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Generator

import anyio.lowlevel
from attrs import field, frozen

from bingx_async.errors import LocalError


class WrongLoop(LocalError, RuntimeError):
    """An object that lives in one event loop was used in another; nothing was sent."""


@frozen
class Loop:
    """The event loop in which this value was made."""

    token: anyio.lowlevel.EventLoopToken = field(factory=anyio.lowlevel.current_token)

    def is_current(self) -> bool:
        """Whether this loop runs here."""
        try:  # under trio nothing of asyncio runs; where it does this is quick
            if asyncio.get_running_loop() is self.token.native_token:
                return True
        except RuntimeError:
            pass
        return self.token == anyio.lowlevel.current_token()

    def has_ended(self) -> bool:
        """Whether this loop will never run again."""
        loop = self.token.native_token
        schedule = getattr(loop, "call_soon_threadsafe", None) or loop.run_sync_soon  # type: ignore[attr-defined]
        try:
            schedule(lambda: None)
        except RuntimeError:
            return True
        return False


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


@contextlib.contextmanager
def one_error() -> Generator[None]:
    """Around a task group: the first error comes out, not a group of errors."""
    try:
        yield
    except BaseExceptionGroup as group:
        error: BaseException = group
        while inner := getattr(error, "exceptions", ()):
            error = inner[0]
        raise error from None
