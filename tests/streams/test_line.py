"""A socket that comes back by itself, in simulated time."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from bingx_async.core.channel import Push
from bingx_async.core.frames import Ack, Ping
from bingx_async.core.topic import SocketFull
from bingx_async.errors import StreamUnavailable, TopicRefused
from bingx_async.runtime.stream.dialing import Door
from bingx_async.runtime.stream.websocket import HandshakeRefused
from bingx_async.testing import simulated_monotonic
from tests.client.exchange import Backend, backends, run
from tests.streams.exchange import URL, StreamExchange
from tests.streams.listening import TICKER, TRADES, Setting


@backends
@pytest.mark.parametrize("pings", ["json", "text"])
def test_an_hour(backend: Backend, pings: str) -> None:
    """For an hour every ping is answered in its kind and at once, and the socket stays."""

    async def main() -> None:
        setting = Setting(StreamExchange(pings=pings))
        async with setting.running(TRADES):
            await anyio.sleep(3600.1)
        socket = setting.exchange.socket
        pong = "Pong" if pings == "text" else '{"pong": "%032x", "time": "2026-01-01T00:00:00+0800"}'
        expected = [pong if pings == "text" else pong % number for number in range(1, 721)]
        assert [text for _, text in socket.pongs] == expected
        assert [at for at, _ in socket.pongs] == [5000.0 * number for number in range(1, 721)]
        assert (len(setting.exchange.sockets), setting.notes.reasons) == (1, [])

    run(backend, main)


@backends
def test_messages(backend: Backend) -> None:
    """Messages of subscribed topics are delivered with their moment, packed or plain, whole or in fragments; those of
    other topics and unknown ones are not."""

    async def main() -> None:
        setting = Setting()
        async with setting.running(TRADES):
            await anyio.sleep(1)
            socket = setting.exchange.socket
            socket.push(TRADES, 1, timestamp=1_700_000_000_000)
            socket.push(TICKER, 2)
            socket.say_text('{"code":0,"dataType":"BTC-USDT@trade","data":3}')
            socket.say({"news": 4})
            fragmented = b'{"code":0,"dataType":"BTC-USDT@trade","data":5}'
            socket.protocol.send_text(fragmented[:9], fin=False)
            socket.protocol.send_continuation(fragmented[9:20], fin=False)
            socket.protocol.send_ping(b"in between")
            socket.protocol.send_continuation(fragmented[20:], fin=True)
            socket.push(TRADES, 6)
            await anyio.sleep(1)
        assert setting.notes.data == [1, 3, 5, 6]
        assert setting.notes.of("pushed")[0] == Push(TRADES, 1, 1_700_000_000_000, setting.notes.began + 1000.0)

    run(backend, main)


@backends
def test_data_before_the_answer(backend: Backend) -> None:
    """What comes before a subscription is confirmed is delivered right behind its confirmation."""

    async def main() -> None:
        setting = Setting(StreamExchange(ack_delay=0.5))
        async with setting.running(TRADES):
            await anyio.sleep(0.1)
            setting.exchange.push(TRADES, 1)
            setting.exchange.push(TRADES, 2)
            await anyio.sleep(0.1)
            assert setting.notes.of("pushed") == []
            await anyio.sleep(1)
            setting.exchange.push(TRADES, 3)
            await anyio.sleep(0.1)
        assert [kind for kind, *_ in setting.notes.all] == ["up", "subscribed", "pushed", "pushed", "pushed"]
        assert (setting.notes.data, setting.notes.moments("pushed")) == ([1, 2, 3], [500.0, 500.0, 1200.0])

    run(backend, main)


@backends
def test_wanted_later(backend: Backend) -> None:
    """A topic that is wanted while the socket is there is subscribed at once; a dropped one is unsubscribed, and
    nothing of it is delivered from then on."""

    async def main() -> None:
        setting = Setting()
        async with setting.running():
            await anyio.sleep(1)
            setting.line.want(TRADES)
            await anyio.sleep(1)
            setting.exchange.push(TRADES, 1)
            await anyio.sleep(1)
            setting.line.drop(TRADES)
            setting.exchange.push(TRADES, 2)
            await anyio.sleep(1)
            assert setting.line.topics == ()
        assert setting.exchange.socket.asked == [(1000.0, "sub", TRADES), (3000.0, "unsub", TRADES)]
        assert setting.notes.data == [1]
        assert setting.notes.moments("subscribed") == [1020.0]

    run(backend, main)


@backends
def test_200_topics(backend: Backend) -> None:
    """200 topics are subscribed on one socket in 40 s, five a second, while pings are answered at once; and again
    after a reconnect."""

    async def main() -> None:
        setting = Setting()
        names = [f"S{number}-USDT@trade" for number in range(200)]
        async with setting.running(*names):
            await anyio.sleep(41)
            first = setting.exchange.socket
            first.end()
            await anyio.sleep(42)
        for socket in setting.exchange.sockets:
            moments = [at for at, _, _ in socket.asked]
            assert (list(socket.topics), round(moments[-1] - moments[0])) == (names, 199 * 200)
            assert [at % 5000 for at, _ in socket.pongs] == [moments[0] % 5000] * 8
        assert len(setting.notes.of("subscribed")) == 400

    run(backend, main)


@backends
def test_answers_to_subscriptions(backend: Backend) -> None:
    """Refused for good, no room on the socket, no answer at all: each is told apart, and the rest goes on."""

    async def main() -> None:
        setting = Setting()
        setting.exchange.answers = {"A@trade": [80015], "B@trade": [80403], "C@trade": [None], "D@trade": [None, 0]}
        async with setting.running("A@trade", "B@trade", "C@trade", "D@trade", TRADES):
            await anyio.sleep(30)
            assert set(setting.line.topics) == {"D@trade", TRADES}
        errors = {topic: type(error) for topic, error in setting.notes.of("refused")}
        assert errors == {"A@trade": TopicRefused, "B@trade": SocketFull, "C@trade": StreamUnavailable}
        assert setting.notes.of("subscribed") == [TRADES, "D@trade"]

    run(backend, main)


@backends
@pytest.mark.parametrize("message", [{"e": "listenKeyExpired", "listenKey": "k"}, {"code": 100401, "msg": "expired"}])
def test_expired(backend: Backend, message: dict[str, Any]) -> None:
    """The death of a listen key is told, whichever way the exchange says it."""

    async def main() -> None:
        setting = Setting()
        async with setting.running(TRADES):
            await anyio.sleep(1)
            setting.exchange.socket.say(message)
            await anyio.sleep(1)
        assert setting.notes.moments("expired") == [1000.0]

    run(backend, main)


@backends
def test_silent_topic(backend: Backend) -> None:
    """A topic that goes silent while the socket lives is subscribed again; one without a cadence is left alone."""

    async def main() -> None:
        setting = Setting()
        setting.line.want(TICKER, 1.0)
        async with setting.running(TRADES):
            await anyio.sleep(1)
            setting.exchange.push(TICKER, 1)
            await anyio.sleep(31)
            setting.exchange.push(TICKER, 2)
            await anyio.sleep(1)
        asked = setting.exchange.socket.asked
        assert asked[2:] == [(31_000.0, "unsub", TICKER), (31_200.0, "sub", TICKER)]
        ((topic, since, _),) = setting.notes.of("silent")
        assert (topic, since - setting.notes.began) == (TICKER, 1000.0)
        assert (setting.notes.data, setting.notes.moments("subscribed")) == ([1, 2], [20.0, 220.0, 31_220.0])

    run(backend, main)


@backends
def test_restart(backend: Backend) -> None:
    """A restarted topic is given up and subscribed to again on the same socket."""

    async def main() -> None:
        setting = Setting()
        async with setting.running(TRADES):
            await anyio.sleep(1)
            setting.line.restart(TRADES)
            await anyio.sleep(1)
        asked = [(kind, topic) for _, kind, topic in setting.exchange.socket.asked]
        assert asked == [("sub", TRADES), ("unsub", TRADES), ("sub", TRADES)]
        assert (setting.notes.of("subscribed"), len(setting.exchange.sockets)) == ([TRADES, TRADES], 1)

    run(backend, main)


@backends
def test_attempts(backend: Backend) -> None:
    """Attempts are 0.5, 1, 2 ... 30 s apart at most, each told; HTTP 403 and 429 are given a minute more."""

    async def main() -> None:
        setting = Setting()
        setting.exchange.handshakes = [503, OSError("down"), 302, b"HTTP/1.1 200", b"no HTTP at all\r\n\r\n", 403, 429]
        async with setting.running(TRADES):
            await anyio.sleep(600)
            assert setting.line.is_up
        assert setting.exchange.attempts == [0, 500, 1500, 3500, 7500, 15_500, 135_500, 255_500]
        failed = setting.notes.of("failed")
        statuses = [getattr(error, "status", None) for error in failed]
        assert statuses == [503, None, 302, 200, None, 403, 429]
        assert "redirects are not followed" in str(failed[2])
        assert all(isinstance(error, StreamUnavailable) for error in failed)
        assert isinstance(failed[5], HandshakeRefused)

    run(backend, main)


@backends
def test_attempts_after_a_good_connection(backend: Backend) -> None:
    """After a connection of a minute the waits begin small again."""

    async def main() -> None:
        setting = Setting()
        setting.exchange.handshakes = [503] * 5
        async with setting.running(TRADES):
            await anyio.sleep(100)
            setting.exchange.socket.reset()
            await anyio.sleep(1)
        assert setting.exchange.attempts == [0, 500, 1500, 3500, 7500, 15_500, 100_500]

    run(backend, main)


@backends
def test_all_attempts_are_jittered(backend: Backend) -> None:
    """The wait is drawn from zero to its bound."""

    async def main() -> None:
        setting = Setting()
        setting.exchange.handshakes = [503, 503]
        setting.line = setting.line_to(Door(URL, connect=setting.exchange.connect_stream), draw=lambda: 0.1)
        async with setting.running():
            await anyio.sleep(10)
        assert setting.exchange.attempts == [0, 50, 150]

    run(backend, main)


@backends
def test_tap(backend: Backend) -> None:
    """The tap gets the text of each message with its value and moment; an error of it or of the listener ends
    nothing."""

    async def main() -> None:
        setting, taken = Setting(), list[Any]()

        def tap(text: str, message: object, at: float) -> None:
            taken.append((text, message, at - setting.notes.began))
            raise OSError("the disk is full")

        setting.line = setting.line_to(Door(URL, connect=setting.exchange.connect_stream), tap=tap)
        async with setting.running(TRADES):
            await anyio.sleep(1)
            setting.exchange.socket.say_text('{"dataType":"BTC-USDT@trade","data":1}')
            setting.exchange.socket.say("Ping")
            await anyio.sleep(1)
        assert [type(message) for _, message, _ in taken] == [Ack, Push, Ping]
        assert (taken[1][0], taken[1][2]) == ('{"dataType":"BTC-USDT@trade","data":1}', 1000.0)
        assert (setting.notes.data, len(setting.exchange.sockets)) == ([1], 1)

    run(backend, main)


@backends
def test_cancelled(backend: Backend) -> None:
    """A cancelled line says goodbye, closes its socket at once and tells nothing more."""

    async def main() -> None:
        setting = Setting()
        async with setting.running(TRADES):
            await anyio.sleep(1)
        assert (setting.exchange.socket.received[-1], setting.exchange.socket.is_closed) == ((1000.0, "close"), True)
        assert (setting.notes.of("lost"), simulated_monotonic() - setting.notes.began) == ([], 1000.0)
        assert setting.line.is_up is False

    run(backend, main)


@backends
def test_cut(backend: Backend) -> None:
    """A socket that is cut is closed with a goodbye, lost for the reason given, and another one follows; without a
    socket there is nothing to cut."""

    async def main() -> None:
        setting = Setting()
        setting.line.cut("too early")
        async with setting.running(TRADES):
            await anyio.sleep(1)
            setting.line.cut("the key is to change")
            await anyio.sleep(1)
        assert setting.notes.reasons == ["the key is to change"]
        assert setting.notes.moments("subscribed") == [20.0, 1520.0]
        first = setting.exchange.sockets[0]
        assert (first.received[-1], first.is_closed) == ((1000.0, "close"), True)

    run(backend, main)
