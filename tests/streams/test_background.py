"""Tasks outside of any task group."""

from __future__ import annotations

import logging

import anyio
import pytest

from bingx_async.errors import InvalidRequest
from bingx_async.runtime.stream import dialing
from bingx_async.runtime.stream.background import Background
from bingx_async.runtime.stream.dialing import Door
from bingx_async.testing import simulated_monotonic
from tests.client.exchange import Backend, backends, run
from tests.streams.listening import Setting


@backends
def test_stop(backend: Backend) -> None:
    """It runs until it is stopped; `stop` returns when it has cleaned up, and may be called again."""

    async def main() -> None:
        done = list[float]()

        async def work() -> None:
            try:
                await anyio.sleep_forever()
            finally:
                with anyio.CancelScope(shield=True):
                    await anyio.sleep(2)
                done.append(simulated_monotonic() - began)

        began = simulated_monotonic()
        task = Background("work", work)
        await anyio.sleep(1)
        assert task.is_running
        await task.stop()
        await task.stop()
        assert (task.is_running, done) == (False, [3000.0])

    run(backend, main)


@backends
def test_stopped_before_it_began(backend: Backend) -> None:
    """Stopped at once it ends at its first await."""

    async def main() -> None:
        task = Background("work", anyio.sleep_forever)
        await task.stop()
        assert task.is_running is False

    run(backend, main)


@backends
def test_stops_itself(backend: Backend) -> None:
    """Stopped from inside it ends, and does not wait for itself."""

    async def main() -> None:
        async def work() -> None:
            await tasks[0].stop()
            await anyio.sleep_forever()

        tasks: list[Background] = []
        tasks.append(Background("work", work))
        await anyio.sleep(1)
        assert tasks[0].is_running is False

    run(backend, main)


@backends
@pytest.mark.parametrize("is_raising", [False, True])
def test_error(is_raising: bool, backend: Backend, caplog: pytest.LogCaptureFixture) -> None:
    """An error is logged and handed over, and goes no further, not even where that raises too."""
    told = list[Exception]()

    def failed(error: Exception) -> None:
        told.append(error)
        if is_raising:
            raise ValueError("worse")

    async def work() -> None:
        raise OSError("bad")

    async def main() -> None:
        task = Background("the work", work, failed)
        await anyio.sleep(1)
        assert task.is_running is False
        await Background("the work", work).stop()

    with caplog.at_level(logging.ERROR, "bingx_async"):
        run(backend, main)
    assert [str(error) for error in told] == ["bad"]
    assert caplog.messages[0] == "the work has ended with an error"


@backends
def test_outlives_its_maker(backend: Backend) -> None:
    """It goes on when the scope in which it was made is cancelled."""

    async def main() -> None:
        tasks: list[Background] = []
        with anyio.CancelScope() as scope:
            tasks.append(Background("work", anyio.sleep_forever))
            scope.cancel()
            await anyio.sleep(1)
        await anyio.sleep(1)
        assert tasks[0].is_running
        await tasks[0].stop()

    run(backend, main)


@backends
def test_left_running(backend: Backend) -> None:
    """One that was never stopped ends with its event loop, without an error."""
    ended = list[bool]()

    async def work() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            ended.append(True)

    async def main() -> None:
        task = Background("work", work)
        await anyio.sleep(1)
        assert task.is_running

    run(backend, main)
    assert ended == [True]


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `websockets` a line says what to install."""
    monkeypatch.setattr(dialing, "find_spec", lambda _: None)

    async def main() -> None:
        with pytest.raises(InvalidRequest, match=r'pip install "bingx-async\[streams\]"'):
            Setting()

    run("asyncio", main)


@pytest.mark.parametrize("url", ["https://a.test", "ws://", "ws://u:p@a.test", "wss://a.test/?listenKey=k", "a.test"])
def test_wrong_url(url: str) -> None:
    """A URL that is not one of a stream is refused."""
    with pytest.raises(InvalidRequest, match=r"must be like 'wss://open-api-ws.bingx.com/market'"):
        Door(url)
