"""Listen keys: one for each socket, extended in time, replaced as soon as they show a sign of death."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from bingx_async import InvalidRequest
from bingx_async.spot.streaming.channels import BALANCES as BALANCES_CHANNEL
from bingx_async.spot.streaming.channels import ORDERS as ORDERS_CHANNEL
from tests.client.exchange import HANG, Backend, backends, in_turn, refused, run
from tests.streams.world import BALANCES, ORDERS, Heard, World

MINUTE = 60_000
TOPICS: Any = {ORDERS: ORDERS_CHANNEL, BALANCES: BALANCES_CHANNEL}


@asynccontextmanager
async def listening(world: World, heard: Heard) -> AsyncIterator[None]:
    """Both topics of an account."""
    async with world.client() as client, client.spot._calls.streams.listen(TOPICS, heard):
        yield


def event(number: int, **more: Any) -> dict[str, Any]:
    """An event of an order."""
    return {"e": "executionReport", "i": number, "x": "NEW", **more}


@backends
def test_extended(backend: Backend) -> None:
    """A key is extended every half hour, and one socket lives on it for hours."""

    async def main() -> None:
        world, heard = World(), Heard()
        async with listening(world, heard):
            await anyio.sleep(4 * 3600)
            world.streams.push(ORDERS, event(1))
            await anyio.sleep(1)
        assert heard.data == [event(1)]
        assert heard.signs == []
        assert len(world.streams.sockets) == len(world.keys) == 1
        assert [round(at / MINUTE) for at, _ in world.extended] == [30, 60, 90, 120, 150, 180, 210, 240][
            : len(world.extended)
        ]
        assert len(world.extended) >= 7

    run(backend, main)


@backends
@pytest.mark.parametrize("answer", [404, (200, refused(100401, "listenKey expired")), (401, refused(100403, "gone"))])
def test_unknown_key(backend: Backend, answer: Any) -> None:
    """A key that the exchange does not know any more is replaced, with its socket; the gap is told."""

    async def main() -> None:
        world, heard = World(), Heard()
        world.extends = [200, answer]
        async with listening(world, heard):
            await anyio.sleep(3600 + 60)
            world.streams.push(ORDERS, event(1))
            await anyio.sleep(1)
        assert heard.data == [event(1)]
        assert [sign[:2] for sign in heard.signs] == [
            ("lost", (ORDERS, BALANCES)),
            ("back", (ORDERS,)),
            ("back", (BALANCES,)),
        ]
        assert heard.signs[0][3] == "the listen key has ended"
        assert len(set(world.paths())) == len(world.keys) == 2

    run(backend, main)


@backends
def test_silent_death(backend: Backend) -> None:
    """A key that dies at minute 60 since nothing extended it, with a socket that goes on pinging, is replaced within
    its hour: PUT fails for 25 minutes, then a new key is made."""

    async def main() -> None:
        world, heard = World(), Heard()
        world.extends = [(502, "bad gateway")] * 1000
        async with listening(world, heard):
            await anyio.sleep(54.5 * 60)
            assert len(world.keys) == 1
            await anyio.sleep(2 * 60)
            assert len(world.keys) == 2
        first, last = world.extended[0][0], world.extended[-1][0]
        assert round(first / MINUTE) == 30
        assert last / MINUTE == pytest.approx(55, abs=1.1)
        assert 25 <= len(world.extended) <= 40
        assert heard.signs[0][3] == "the listen key could not be extended"

    run(backend, main)


@backends
def test_put_recovers(backend: Backend) -> None:
    """PUT that fails for a while and then works keeps the key and the socket."""

    async def main() -> None:
        world, heard = World(), Heard()
        world.extends = [(502, "bad gateway")] * 10 + [HANG]
        async with listening(world, heard):
            await anyio.sleep(3600)
        assert len(world.streams.sockets) == len(world.keys) == 1
        assert heard.signs == []

    run(backend, main)


@backends
def test_two_deaths(backend: Backend) -> None:
    """Two keys that die one after the other: each gap is told, and the third key brings the events."""

    async def main() -> None:
        world, heard = World(), Heard()
        async with listening(world, heard):
            for _ in range(2):
                world.streams.socket.say({"e": "listenKeyExpired", "E": 1, "listenKey": world.keys[-1]})
                await anyio.sleep(5)
            world.streams.push(ORDERS, event(1))
            await anyio.sleep(1)
        assert heard.data == [event(1)]
        assert [sign[0] for sign in heard.signs] == ["lost", "back", "back"] * 2
        assert len(world.keys) == 3
        assert world.deleted == [world.keys[-1]]

    run(backend, main)


@backends
def test_keys_that_die_at_once(backend: Backend) -> None:
    """Keys that die as soon as they are used are not made faster than the backoff allows."""

    async def main() -> None:
        world, heard = World(), Heard()
        async with listening(world, heard):
            world.streams.hello = lambda peer: peer.say({"e": "listenKeyExpired", "E": 1})
            world.streams.socket.say({"e": "listenKeyExpired", "E": 1})
            await anyio.sleep(3600)
        assert len(world.keys) < 500

    run(backend, main)


@backends
@pytest.mark.parametrize("how", ["reset", "refused"])
def test_new_key_for_each_socket(backend: Backend, how: str) -> None:
    """Each socket has a key of its own: after a lost connection, and after a handshake that was refused."""

    async def main() -> None:
        world, heard = World(), Heard()
        async with listening(world, heard):
            if how == "refused":
                world.streams.handshakes = [401]
            world.streams.socket.reset()
            await anyio.sleep(60)
            world.streams.push(BALANCES, None)
            world.streams.socket.say({"e": "ACCOUNT_UPDATE", "E": 5, "a": {"m": "ORDER", "B": []}})
            await anyio.sleep(1)
        assert heard.data == [{"e": "ACCOUNT_UPDATE", "E": 5, "a": {"m": "ORDER", "B": []}}]
        assert len(set(world.paths())) == len(world.paths()) == (3 if how == "refused" else 2)

    run(backend, main)


@backends
def test_no_key_to_have(backend: Backend) -> None:
    """A key that cannot be made is told as the reason, without the answer's secrets."""

    async def main() -> None:
        world = World()
        world.exchange.answers = {path: [refused(100413, "Incorrect apiKey")] for path in world.exchange.answers}
        async with world.client() as client:
            with pytest.raises(Exception, match=r"no listen key: .*Incorrect apiKey") as caught:
                async with client.spot._calls.streams.listen(TOPICS, Heard()):
                    pass
            assert type(caught.value).__name__ == "StreamUnavailable"
        assert world.streams.sockets == []

    run(backend, main)


@backends
def test_no_keys(backend: Backend) -> None:
    """A client without API keys says so before anything is opened."""

    async def main() -> None:
        world = World()
        async with world.client(None) as client:
            with pytest.raises(InvalidRequest, match="no API key"):
                async with client.spot._calls.streams.listen(TOPICS, Heard()):
                    pass
            with pytest.raises(InvalidRequest, match="no API key"):
                await client.spot.streams.rotate()
        assert world.streams.sockets == []

    run(backend, main)


@backends
def test_closed_and_opened_again(backend: Backend) -> None:
    """A stream that is opened while the one before is being closed does not get the key that is being deleted."""

    async def main() -> None:
        world, heard = World(), Heard()
        async with world.client() as client:
            streaming = client.spot._calls.streams
            world.gives = ["same", "same"]
            first = streaming.listen(TOPICS, Heard())
            await first.__aenter__()
            async with anyio.create_task_group() as group:
                group.start_soon(first.__aexit__, None, None, None)
                await in_turn()
                async with streaming.listen(TOPICS, heard):
                    assert world.deleted == world.keys[:1]
                    world.streams.push(ORDERS, event(1))
                    await anyio.sleep(1)
        assert heard.data == [event(1)]
        assert world.deleted == world.keys

    run(backend, main)
