"""A task outside of any task group, under asyncio and trio."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import anyio
import sniffio

from bingx_async.runtime.logs import warn


class Background:
    """Runs `main` from the moment it is made until it ends, or `stop` is called. An error of `main` is logged and given
    to `failed`; it never goes further."""

    def __init__(
        self, name: str, main: Callable[[], Awaitable[None]], failed: Callable[[Exception], None] | None = None
    ) -> None:
        self._name, self._main, self._failed = name, main, failed
        self._scope, self._ended = anyio.CancelScope(), anyio.Event()
        self._task: asyncio.Task[None] | None = None  # the event loop keeps no reference of its own
        if sniffio.current_async_library() == "asyncio":
            self._task = asyncio.create_task(self._run(), name=name)
            self._task.add_done_callback(lambda _: self._ended.set())
        else:
            import trio

            trio.lowlevel.spawn_system_task(self._run, name=name)

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return not self._ended.is_set()

    def cancel(self) -> None:
        """Let it end soon."""
        self._scope.cancel()

    async def stop(self) -> None:
        """Cancel it, and return once it has ended. Called by itself it is only cancelled."""
        self.cancel()
        if self._task is None or self._task is not asyncio.current_task():
            await self._ended.wait()

    async def _run(self) -> None:
        try:
            with self._scope:
                await self._main()
        except Exception as error:
            warn("%s has ended with an error", self._name, with_traceback=True)
            self._report(error)
        finally:
            self._ended.set()

    def _report(self, error: Exception) -> None:
        if self._failed is not None:
            try:
                self._failed(error)
            except Exception:  # trio does not survive an error of such a task
                warn("the error of %s could not be reported", self._name, with_traceback=True)
