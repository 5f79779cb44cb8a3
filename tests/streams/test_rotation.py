"""Rotations: the moment is chosen, and no event is lost or comes twice."""

from __future__ import annotations

import logging
import traceback
from itertools import count

import anyio
import pytest

from bingx_async import StreamUnavailable
from tests.client.exchange import Backend, backends, refused, run
from tests.sizes import mostly_asyncio
from tests.streams.test_listen_keys import TOPICS, event
from tests.streams.world import BALANCES, ORDERS, Heard, World


@mostly_asyncio
def test_fifty(backend: Backend) -> None:
    """50 rotations while events come every 10 ms: each event arrives once and in order, no gap is told, and every old
    socket and key is ended."""

    async def main() -> None:
        world, heard, sent = World(ack_delay=0.05), Heard(), count()
        numbers: list[int] = []

        async def events() -> None:
            while True:
                numbers.append(next(sent))
                world.streams.push(ORDERS, event(numbers[-1], ws=numbers[-1]))
                await anyio.sleep(0.01)

        async with world.client() as client, client.spot._calls.streams.listen(TOPICS, heard):
            async with anyio.create_task_group() as group:
                group.start_soon(events)
                for _ in range(50):
                    await client.spot.streams.rotate()
                    assert world.open() == 1
                await anyio.sleep(1)
                group.cancel_scope.cancel()
            await anyio.sleep(1)
        assert [data["i"] for data in heard.data] == numbers
        assert heard.signs == []
        assert len(world.keys) == len(set(world.paths())) == 51
        assert sorted(world.deleted) == sorted(world.keys)

    run(backend, main)


@backends
def test_two_copies(backend: Backend) -> None:
    """While both sockets are open an event comes over both, the later one with another moment of sending: it is handed
    on once. Events that differ in anything else are all handed on."""

    async def main() -> None:
        world, heard = World(), Heard()
        async with world.client() as client, client.spot._calls.streams.listen(TOPICS, heard):
            async with anyio.create_task_group() as group:
                group.start_soon(client.spot.streams.rotate)
                await anyio.sleep(2.0)
                old, new = world.streams.sockets
                for peer, at in ((new, 1), (old, 2), (new, 3)):
                    peer.push(ORDERS, event(1, ws=at))
                    await anyio.sleep(0.01)
                old.push(ORDERS, event(1, z="0.5"))
            world.streams.socket.push(ORDERS, event(1, z="0.5"))  # late
            await anyio.sleep(11)
            world.streams.socket.push(ORDERS, event(1, z="0.5"))
            await anyio.sleep(1)
        assert heard.data == [event(1, ws=1), event(1, z="0.5"), event(1, z="0.5")]

    run(backend, main)


@backends
def test_same_key(backend: Backend) -> None:
    """Where the exchange gives the same key again, a key may have one socket: there is a gap, and it is told."""

    async def main() -> None:
        world, heard = World(), Heard()
        world.gives = ["same"] * 10
        async with world.client() as client, client.spot._calls.streams.listen(TOPICS, heard):
            for _ in range(3):
                await client.spot.streams.rotate()
                assert world.open() == 1
            world.streams.push(ORDERS, event(1))
            await anyio.sleep(1)
            assert world.deleted == []
        assert heard.data == [event(1)]
        assert [sign[0] for sign in heard.signs] == ["lost", "back", "back"] * 3
        assert len(world.streams.sockets) == 4
        assert world.deleted == ["same"]
        assert world.extended, "a key that is given again may be old, so it is extended at once"

    run(backend, main)


@backends
@pytest.mark.parametrize("fault", ["no key", "no socket", "no topic"])
def test_fails(backend: Backend, fault: str) -> None:
    """A rotation that fails says why and leaves everything as it was."""

    async def main() -> None:
        world, heard = World(), Heard()
        async with world.client() as client, client.spot._calls.streams.listen(TOPICS, heard):
            answers = dict(world.exchange.answers)
            if fault == "no key":
                world.exchange.answers = {path: [refused(100410, "busy")] for path in answers}
            elif fault == "no socket":
                world.streams.handshakes = [OSError("no route")] * 1000
            else:
                world.streams.answers = {BALANCES: [80015]}
            with pytest.raises(Exception) as caught:  # noqa: PT011
                await client.spot.streams.rotate()
            assert type(caught.value).__name__ in ("RateLimited", "StreamUnavailable", "TopicRefused")
            world.exchange.answers, world.streams.handshakes, world.streams.answers = answers, [], {}
            assert world.open() == 1
            world.streams.sockets[0].push(ORDERS, event(1))
            await anyio.sleep(1)
            await client.spot.streams.rotate()
        assert heard.data == [event(1)]
        assert heard.signs == []
        assert sorted(world.deleted) == sorted(world.keys)

    run(backend, main)


@backends
def test_cancelled(backend: Backend) -> None:
    """Wherever a rotation is cancelled, one socket with every topic is left, and the other key is deleted."""

    async def main() -> None:
        world, heard = World(rtt=0.0, ack_delay=0.3), Heard()
        async with world.client() as client, client.spot._calls.streams.listen(TOPICS, heard):
            for tenth in range(1, 40):
                with anyio.move_on_after(tenth * 0.1):
                    await client.spot.streams.rotate()
                assert world.open() == 1
                world.streams.push(ORDERS, event(tenth))
                await anyio.sleep(1)
        assert [data["i"] for data in heard.data] == list(range(1, 40))
        assert heard.signs == []
        assert sorted(world.deleted) == sorted(world.keys)

    run(backend, main)


@backends
def test_nothing_to_rotate(backend: Backend) -> None:
    """Without a stream of the account a rotation does nothing."""

    async def main() -> None:
        world = World()
        async with world.client() as client:
            await client.spot.streams.rotate()
            async with client.spot.streams.trades("BTC-USDT"):
                await client.spot.streams.rotate()
        assert world.keys == []

    run(backend, main)


@backends
@pytest.mark.parametrize("moment", [0.01, 0.1, 0.6, 1.5])
def test_ends_meanwhile(backend: Backend, moment: float) -> None:
    """Streams and clients that are closed during a rotation are closed with both sockets and keys, and the rotation
    ends."""

    async def main() -> None:
        world, heard = World(rtt=0.0, ack_delay=0.3), Heard()
        client = world.client()
        async with anyio.create_task_group() as group, client.spot._calls.streams.listen(TOPICS, heard):
            group.start_soon(client.spot.streams.rotate)
            await anyio.sleep(moment)
            with anyio.fail_after(5):
                await client.aclose()
            assert world.open() == 0
        assert sorted(world.deleted) == sorted(world.keys)
        assert [type(error).__name__ for error in heard.errors] == ["ClientClosed"]

    run(backend, main)


@backends
def test_secrets(backend: Backend, caplog: pytest.LogCaptureFixture) -> None:
    """No listen key is in any log, nor in the text, the locals and the causes of an error, nor in a repr."""
    caplog.set_level(0)
    for name in ("bingx_async", "websockets.client", "anyio", "asyncio"):
        caplog.set_level(logging.DEBUG, name)
    seen: list[str] = []

    async def main() -> list[str]:
        world, heard = World(), Heard()
        async with world.client() as client, client.spot._calls.streams.listen(TOPICS, heard):
            await client.spot.streams.rotate()
            world.streams.socket.say({"e": "listenKeyExpired", "listenKey": world.keys[-1]})
            await anyio.sleep(10)
            world.extends = [(502, "bad gateway"), 404]
            await anyio.sleep(3600)
            world.streams.handshakes = [403, 302, b"HTTP/1.1 200 OK\r\n\r\n", *[OSError("no route")] * 1000]
            try:
                await client.spot.streams.rotate()
            except StreamUnavailable as error:
                told = traceback.TracebackException.from_exception(error, capture_locals=True)
                seen.extend(told.format())
            account = client._calls.family.hub()._accounts["1"]
            seen.extend(map(repr, (account.lines[0].door, account.lines[0].line, client._calls.family, heard.signs)))
        return world.keys

    keys = run(backend, main)
    assert len(keys) > 4
    logged = "".join(each.getMessage() for each in caplog.records if each.name != "websockets.server")  # the exchange's
    assert len("".join(seen)) > 1000
    for key in keys:
        assert key not in logged
        assert key not in "".join(seen)
