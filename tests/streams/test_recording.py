"""A client's streams written to a file and played again: every item comes back, and no secret is in the file."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import anyio
import pytest

from bingx_async import BingXClient, Governor, InvalidRequest
from bingx_async.core.recording import frames_of
from bingx_async.replay import Replay
from bingx_async.runtime.clock import ServerClock
from bingx_async.runtime.stream.recording import Recorder
from bingx_async.spot.streaming.channels import ORDERS as ORDERS_CHANNEL
from bingx_async.testing import simulated_clock
from tests.client.exchange import Backend, backends, run
from tests.streams.world import ORDERS, Heard, World, trade

SYMBOLS = ("BTC-USDT", "ETH-USDT")


def quote(number: int) -> dict[str, Any]:
    """Best prices."""
    return {"e": "bookTicker", "E": number, "s": SYMBOLS[0], "b": f"{number}.5", "B": "1", "a": f"{number}.7", "A": "2"}


async def listen(client: BingXClient, seconds: float) -> dict[str, str]:
    """The items of two streams, as text, one a line."""
    items: dict[str, str] = {"trades": "", "prices": ""}

    async def follow(name: str, stream: Any) -> None:
        async for item in stream:
            items[name] += f"{item!r}\n"

    async with (
        client.spot.streams.trades(*SYMBOLS) as trades,
        client.spot.streams.book_ticker(SYMBOLS[0]) as prices,
        anyio.create_task_group() as group,
    ):
        group.start_soon(follow, "trades", trades)
        group.start_soon(follow, "prices", prices)
        await anyio.sleep(seconds)
        group.cancel_scope.cancel()
    return items


async def say(world: World) -> None:
    """A minute of messages, with a lost connection in the middle."""
    await anyio.sleep(2)
    for number in range(1, 120):
        await anyio.sleep(0.5)
        if number == 60:
            world.streams.socket.reset()
        world.streams.push(f"{SYMBOLS[number % 2]}@trade", trade(number))
        world.streams.push(f"{SYMBOLS[0]}@bookTicker", quote(number))


async def recorded(path: Path) -> dict[str, str]:
    """The items of a client that records them."""
    world, items = World(), dict[str, str]()
    async with world.client(None, record=path) as client, anyio.create_task_group() as group:
        group.start_soon(say, world)
        items |= await listen(client, 70)
    return items


async def replayed(path: Path) -> dict[str, str]:
    """The items of a client to which the recording is played."""
    governor, transport = Governor(clock=simulated_clock()), Replay(path)
    async with BingXClient(governor=governor, transport=transport) as client:
        items = await listen(client, 70)
    assert transport.is_over
    return items


@backends
def test_what_was_recorded_comes_again(backend: Backend, tmp_path: Path) -> None:
    """Played twice, a recording gives the same items to the byte: those of the first client, and the loss of its
    connection."""
    path = tmp_path / "streams.jsonl"
    first = run(backend, lambda: recorded(path))
    again, twice = (run(backend, lambda: replayed(path)) for _ in range(2))

    def without_gaps(found: dict[str, str]) -> dict[str, list[str]]:
        return {name: [line for line in text.splitlines() if "Reconnected" not in line] for name, text in found.items()}

    assert again == twice
    assert without_gaps(again) == without_gaps(first)
    assert len(without_gaps(again)["trades"]) >= 110
    for found in (first, again):
        assert {name: text.count("Reconnected") for name, text in found.items()} == {"trades": 2, "prices": 1}
        assert "reset" in found["prices"]


@backends
def test_a_recording_has_no_secret(backend: Backend, tmp_path: Path) -> None:
    """Events of the account are recorded without its listen key and its id; the key is in no line."""
    path = tmp_path / "streams.jsonl"

    async def main() -> list[str]:
        world = World()
        async with (
            world.client(record=path) as client,
            client.spot._calls.streams.listen({ORDERS: ORDERS_CHANNEL}, Heard()),
        ):
            world.streams.push(ORDERS, {"i": 17, "u": 88123456, "C": "mine"})
            world.streams.socket.say({"e": "listenKeyExpired", "E": 1, "listenKey": world.keys[0]})
            await anyio.sleep(70)
        return world.keys

    keys = run(backend, main)
    text = path.read_text()
    assert keys
    assert not [secret for secret in (*keys, "88123456", "the-api-key", "the-secret-key") if secret in text]
    assert '\\"C\\": \\"mine\\"' in text
    assert '\\"listenKey\\": \\"***\\"' in text


@backends
def test_a_file_is_written_while_streams_run_and_can_be_continued(backend: Backend, tmp_path: Path) -> None:
    """After at most a second and a message everything is in the file; another client goes on with it."""
    path = tmp_path / "streams.jsonl"

    async def main() -> None:
        for begin in (10, 20):
            world = World(pings=None)
            async with (
                world.client(None, record=str(path)) as client,
                client.spot.streams.trades(SYMBOLS[0]),
            ):
                for number in (begin, begin + 1, begin + 2):
                    await anyio.sleep(1.1)
                    world.streams.push(f"{SYMBOLS[0]}@trade", trade(number))
                await anyio.sleep(1)
                assert f'\\"t\\": \\"{begin + 2}\\"' in path.read_text()
            with path.open("a") as file:
                file.write('{"at":5')  # a line that broke off

    run(backend, main)
    with path.open() as file:
        texts = [frame.text for frame in frames_of(file, "")]
    numbers = [json.loads(text)["data"]["t"] for text in texts if "dataType" in text]
    assert numbers == ["10", "11", "12", "20", "21", "22"]


def test_a_path_that_cannot_be(tmp_path: Path) -> None:
    """It is refused when the client is made, with the reason."""
    (tmp_path / "other.txt").write_text("my notes\n")
    with pytest.raises(InvalidRequest, match="is another file; give the path of a new one"):
        BingXClient(record=tmp_path / "other.txt")
    assert (tmp_path / "other.txt").read_text() == "my notes\n"
    with pytest.raises(InvalidRequest, match="cannot be written: No such file or directory"):
        BingXClient(record=tmp_path / "missing" / "file.jsonl")
    with pytest.raises(InvalidRequest, match=r"record must be the path of a file, such as 'prices\.jsonl'"):
        BingXClient(record=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_a_disk_that_is_full_ends_the_recording_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is told once; what comes afterwards is not gathered."""
    caplog.set_level(logging.WARNING, logger="bingx_async")
    recorder = Recorder(tmp_path / "streams.jsonl", ServerClock(monotonic=lambda: 0.0, wall=lambda: 0.0))
    tap = recorder.tap()
    assert recorder._file is not None
    recorder._file.close()
    recorder._file = Path("/dev/full").open("w")  # noqa: SIM115 - the recorder closes it
    for number in range(2000):
        tap(f'{{"number":{number}}}' * 10, None, float(number))
    recorder.close()
    assert [record.getMessage() for record in caplog.records] == [
        "the recording ends here, its file cannot be written any more: [Errno 28] No space left on device"
    ]
    assert recorder._lines == []
