"""What goes wrong on a socket, in simulated time: it ends and comes back, and nothing is left behind."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any

import anyio
import anyio.abc
import anyio.lowlevel
import pytest

from bingx_async.runtime.stream.dialing import Door
from bingx_async.testing import simulated_monotonic
from tests.client.exchange import Backend, backends, run
from tests.streams.exchange import URL, Peer, StreamExchange, packed
from tests.streams.listening import TRADES, Setting


def say_half(peer: Peer) -> None:
    """Half a frame, then the end."""
    peer.say_bytes(b"\x82\x7e\x01")
    peer.end()


def say_in_pieces(peer: Peer) -> None:
    """A message of 2997 bytes in three frames."""
    peer.protocol.send_binary(bytes(999), fin=False)
    peer.protocol.send_continuation(bytes(999), fin=False)
    peer.protocol.send_continuation(bytes(999), fin=True)
    peer.say_bytes(b"".join(peer.protocol.data_to_send()))


FAULTS: dict[str, tuple[Callable[[Peer], None], str]] = {
    "reset": (Peer.reset, "the connection was reset"),
    "end": (Peer.end, "the exchange ended the connection"),
    "close": (Peer.close, "the exchange closed the socket (code 1001)"),
    "half a frame": (say_half, "the exchange ended the connection"),
    "reserved bits": (lambda peer: peer.say_bytes(b"\xf2\x01x"), "broke the protocol (ProtocolError)"),
    "masked": (lambda peer: peer.say_bytes(b"\x82\x81abcdx"), "broke the protocol (ProtocolError)"),
    "huge": (lambda peer: peer.say_frame(bytes(2001)), "broke the protocol (PayloadTooBig)"),
    "huge in pieces": (say_in_pieces, "broke the protocol (PayloadTooBig)"),
    "announced huge": (
        lambda peer: peer.say_bytes(b"\x82\x7f\x7f" + b"\xff" * 7),
        "broke the protocol (PayloadTooBig)",
    ),
    "bomb": (lambda peer: peer.say_frame(gzip.compress(bytes(10**6))), "a message has more than 2000 bytes"),
    "half a member": (lambda peer: peer.say_frame(packed("Ping")[:-1]), "a message was not packed as a whole"),
    "no member": (lambda peer: peer.say_frame(b"\x1f\x8b??"), "a message could not be unpacked"),
    "no JSON": (lambda peer: peer.say("{nonsense"), "a message is not a JSON object"),
    "no text": (lambda peer: peer.say_frame(b"\xff\xff"), "a message is no text in UTF-8"),
}


@backends
@pytest.mark.parametrize("fault", FAULTS)
def test_faults(fault: str, backend: Backend) -> None:
    """A connection that ends or says nonsense is lost, with its reason, since the last that was heard; what came before
    is delivered, and it comes back with its topics after 0.5 s."""
    break_it, reason = FAULTS[fault]

    async def main() -> None:
        setting = Setting(largest_message=2000)
        async with setting.running(TRADES):
            await anyio.sleep(1)
            setting.exchange.push(TRADES, 1)
            if fault != "reset":
                setting.exchange.push(TRADES, 2)
            break_it(setting.exchange.socket)
            await anyio.sleep(1)
            setting.exchange.push(TRADES, 3)
            await anyio.sleep(1)
        assert setting.notes.data == [3] if fault == "reset" else [1, 2, 3]
        (told,) = setting.notes.reasons
        assert reason in told
        assert setting.notes.moments("subscribed") == [20.0, 1520.0]
        assert [socket.is_closed for socket in setting.exchange.sockets] == [True, True]

    run(backend, main)


@backends
@pytest.mark.parametrize(("pings", "dies"), [(None, 40_020.0), ("json", 20_000.0)])
def test_silent_peer(pings: str | None, dies: float, backend: Backend) -> None:
    """A peer that says nothing any more is dead after 40 s before its first ping, after 15 s once it has pinged."""

    async def main() -> None:
        setting = Setting(StreamExchange(pings=pings))
        async with setting.running(TRADES):
            await anyio.sleep(5.5 if pings else 1)
            setting.exchange.socket.is_mute = True
            await anyio.sleep(60)
        (at,) = setting.notes.moments("lost")
        assert at == dies
        assert setting.notes.of("lost")[0][0] - setting.notes.began == (5000.0 if pings else 20.0)

    run(backend, main)


@backends
def test_deaf_peer(backend: Backend) -> None:
    """A peer that goes on talking but reads nothing is given up when a text cannot be written for 15 s; what it says
    until then is delivered."""

    async def main() -> None:
        setting = Setting(StreamExchange(every=1.0), messages_per_second=1000.0)
        async with setting.running(TRADES):
            await anyio.sleep(1.5)
            socket = setting.exchange.socket
            socket.is_deaf = True
            for number in range(2000):
                setting.line.want(f"A-RATHER-LONG-NAME-{number:04}-USDT@trade")
            await anyio.sleep(3)
            setting.exchange.push(TRADES, 1)
            await anyio.sleep(20)
            assert setting.exchange.socket is not socket
            setting.exchange.socket.is_deaf = True
            await anyio.sleep(2)
            setting.line.cut("it is cut at once all the same")
            await anyio.sleep(0.1)
        assert setting.notes.reasons == ["the exchange read nothing for 15 s", "it is cut at once all the same"]
        assert setting.notes.data == [1]
        assert 15_000.0 < setting.notes.moments("lost")[0] < 20_000.0
        assert "close" not in [text for _, text in socket.received]

    run(backend, main)


@backends
@pytest.mark.parametrize("kind", ["json", "frames"])
def test_more_pings_than_it_reads(kind: str, backend: Backend) -> None:
    """A peer that pings without end and reads no answer is given up before the answers fill the memory."""

    async def main() -> None:
        setting = Setting(StreamExchange(pings=None))
        async with setting.running():
            await anyio.sleep(1)
            socket = setting.exchange.socket
            socket.is_deaf = True
            socket.protocol.send_ping(bytes(125))
            ping = b"".join(socket.protocol.data_to_send())
            for _ in range(30):
                for _ in range(1000):
                    socket.say({"ping": "7" * 100}) if kind == "json" else socket.say_bytes(ping)
                await anyio.sleep(0.01)
            await anyio.sleep(0.1)
        assert setting.notes.reasons == ["the exchange does not read our answers"]
        assert socket.is_closed

    run(backend, main)


@backends
def test_a_burst_of_pings(backend: Backend) -> None:
    """Many pings at once are answered all, ahead of subscriptions that wait."""

    async def main() -> None:
        setting = Setting(StreamExchange(pings=None))
        async with setting.running(*(f"S{number}@trade" for number in range(50))):
            await anyio.sleep(1.1)
            for number in range(500):
                setting.exchange.socket.say({"ping": str(number)})
            await anyio.sleep(0.01)
            pongs = [text for _, text in setting.exchange.socket.pongs]
            assert pongs == [f'{{"pong": "{number}"}}' for number in range(500)]
            assert len(setting.exchange.socket.asked) == 6

    run(backend, main)


@backends
def test_every_address_refuses(backend: Backend) -> None:
    """Where a host has several addresses the reason of the first one is told."""

    async def main() -> None:
        setting = Setting()
        refusal = OSError("All connection attempts failed")
        refusal.__cause__ = ExceptionGroup("several", [ConnectionRefusedError(), TimeoutError()])
        setting.exchange.handshakes = [refusal]
        async with setting.running():
            await anyio.sleep(0.1)
        (error,) = setting.notes.of("failed")
        assert str(error) == "no connection to exchange.test: it refuses connections"

    run(backend, main)


@backends
def test_connecting_hangs(backend: Backend) -> None:
    """A connection that does not come about, and a handshake that is not answered, are given up after 10 s."""

    async def main() -> None:
        setting = Setting()
        exchange = setting.exchange

        async def connect(host: str, port: int) -> anyio.abc.ByteStream:
            if not exchange.attempts:
                exchange.attempts.append(0.0)
                await anyio.sleep_forever()
            return await exchange.connect_stream(host, port)

        exchange.handshakes = [b"HTTP/1.1 101 Switching Protocols\r\n", b"HTTP/1.", 101]
        setting.line = setting.line_to(Door(URL, connect=connect))
        async with setting.running(TRADES):
            await anyio.sleep(60)
        assert setting.notes.moments("failed") == [10_000.0, 20_500.0, 31_500.0]
        assert {str(error) for error in setting.notes.of("failed")} == {"exchange.test did not answer within 10 s"}
        assert setting.notes.moments("up") == [33_500.0]
        assert [socket.is_closed for socket in exchange.sockets] == [True, True, True]

    run(backend, main)


class Counted(anyio.abc.ByteStream):
    """A stream that counts the awaits on it, and cancels a scope in the one that is due."""

    def __init__(self, inner: anyio.abc.ByteStream, turn: Callable[[], None]) -> None:
        self.inner, self.turn = inner, turn

    async def receive(self, max_bytes: int = 65536) -> bytes:
        """As the stream."""
        self.turn()
        return await self.inner.receive(max_bytes)

    async def send(self, item: bytes) -> None:
        """As the stream."""
        self.turn()
        await self.inner.send(item)

    async def send_eof(self) -> None:
        """As the stream."""

    async def aclose(self) -> None:
        """As the stream."""
        self.turn()
        await self.inner.aclose()


@backends
@pytest.mark.parametrize("is_after", [False, True])
def test_cancelled_at_every_await(backend: Backend, is_after: bool) -> None:
    """Cancelled in each await of a story with a refused handshake, a reset and a message that cannot be read, it ends
    at once, with every stream closed."""

    async def story(due: int) -> int:
        setting, turns = Setting(), 0
        exchange = setting.exchange
        exchange.handshakes = [503, 101]

        def turn() -> None:
            nonlocal turns
            turns += 1
            if turns == due:
                group.cancel_scope.cancel()

        async def connect(host: str, port: int) -> anyio.abc.ByteStream:
            turn()
            stream = await exchange.connect_stream(host, port)
            if is_after:
                turn()
            return Counted(stream, turn)

        setting.line = setting.line_to(Door(URL, connect=connect))
        setting.line.want(TRADES)
        async with anyio.create_task_group() as group:
            group.start_soon(setting.line.run)
            await anyio.sleep(6)
            exchange.socket.reset()
            await anyio.sleep(2)
            exchange.socket.say("{nonsense")
            await anyio.sleep(4)
            group.cancel_scope.cancel()
        ended = simulated_monotonic()
        await anyio.lowlevel.checkpoint()
        assert [socket.is_closed for socket in exchange.sockets] == [True] * len(exchange.sockets)
        assert (setting.line.is_up, simulated_monotonic()) == (False, ended)
        return turns

    async def main() -> None:
        whole = await story(0)
        assert whole > 20
        for due in range(1, whole + 1):
            await story(due)

    run(backend, main)


@backends
def test_secret_of_a_redirect(backend: Backend) -> None:
    """A redirect that repeats the listen key is refused, and its error does not have the key."""
    key = "k" * 64

    async def main() -> None:
        setting = Setting()
        setting.exchange.handshakes = [
            f"HTTP/1.1 302 Found\r\nLocation: wss://b.test/?listenKey={key}\r\n\r\n".encode()
        ]
        setting.line = setting.line_to(Door(URL, key, connect=setting.exchange.connect_stream))
        async with setting.running():
            await anyio.sleep(0.1)
        (error,) = setting.notes.of("failed")
        assert key in setting.exchange.socket.path
        shown: list[Any] = [error, setting.line._door, vars(error)]
        link = error.__traceback__
        while link is not None:
            shown += link.tb_frame.f_locals.values()
            link = link.tb_next
        assert [value for value in shown if key in repr(value)] == []

    run(backend, main)
