"""Sockets of the emulator's streams: handshakes, subscriptions, pings, limits, counts."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from bingx_async.emulator import StreamStats, Variants
from tests.emulator.calls import SYMBOL
from tests.emulator.peer import Peer, key_of, trader
from tests.emulator.trading import LIMIT, Trading

TRADES = f"{SYMBOL}@trade"


def test_an_answer_to_each_subscription() -> None:
    """It bears the id of its question."""
    trading = Trading()
    peer = Peer(trading)
    for kind in ("sub", "unsub"):
        (answer,) = peer.say({"id": f"my-{kind}", "reqType": kind, "dataType": TRADES})
        assert answer == {"code": 0, "id": f"my-{kind}", "msg": "SUCCESS", "timestamp": trading.now}
    assert peer.say({"id": "7", "dataType": TRADES})[0]["code"] == 0


@pytest.mark.parametrize(
    ("message", "codes"),
    [
        ({"id": "1", "reqType": "sub", "dataType": "NONE@trade"}, [80015]),
        ({"id": "1", "reqType": "sub", "dataType": f"{SYMBOL}@kline_7min"}, [80015]),
        ({"id": "1", "reqType": "sub", "dataType": f"{SYMBOL}@depth5@500ms"}, [80015]),
        ({"id": "1", "reqType": "sub", "dataType": ""}, [80015]),
        ({"id": "1", "reqType": "sub"}, [100400]),
        ({"id": "1", "reqType": "ask", "dataType": TRADES}, [100400]),
        ({"id": "1", "reqType": "sub", "dataType": "spot.executionReport"}, [100403]),
        ({"reqType": "sub", "dataType": "NONE@trade"}, [80015]),
        ([{"id": "1", "reqType": "sub", "dataType": TRADES}], []),
        ("Pong", []),
        (7, []),
    ],
)
def test_what_is_not_taken(message: Any, codes: list[int]) -> None:
    """It is answered with a code, or not at all; the socket goes on."""
    peer = Peer(Trading())
    assert [answer["code"] for answer in peer.say(message)] == codes
    assert peer.ask(TRADES)[0]["code"] == 0


def test_no_more_topics_than_allowed() -> None:
    """One more than 200 is refused with 80403; after another has gone there is room again."""
    trading = Trading()
    peer = Peer(trading)
    codes = list[int]()
    for number in range(201):
        trading.now += 200
        codes += [each["code"] for each in peer.ask(f"A{number}-USDT@ticker") if "id" in each]
    assert codes == [0] * 200 + [80403]
    peer.ask("A0-USDT@ticker", "unsub")
    assert peer.ask("A200-USDT@ticker")[0]["code"] == 0


def test_no_more_messages_than_allowed() -> None:
    """Of eleven in one second the last is refused and counted, a second later there is room again."""
    trading = Trading()
    peer = Peer(trading)
    codes = [peer.ask(f"A{number}-USDT@ticker")[0]["code"] for number in range(11)]
    assert codes == [0] * 10 + [100410]
    peer.take(1000)
    assert [each["code"] for each in peer.ask(TRADES) if each.get("id") == TRADES] == [0]
    assert trading.emulator.stats().streams.breaches == 1


def test_no_more_sockets_than_allowed() -> None:
    """One more than 60 of an address is refused with HTTP 403; of another address it is not."""
    trading = Trading()
    peers = [Peer(trading) for _ in range(61)]
    assert [peer.status for peer in peers] == [101] * 60 + [403]
    assert (peers[-1].is_over, Peer(trading, address="10.0.0.2").status) == (True, 101)
    trading.emulator._open_streams().close(peers[0].session)
    assert Peer(trading).status == 101


@pytest.mark.parametrize("kind", ["json", "text"])
def test_pings(kind: str) -> None:
    """They come each five seconds; a socket that answers lives on, one that does not ends without a close frame."""
    trading = Trading(variants=Variants(ping=kind))
    answering, silent = Peer(trading), Peer(trading)
    silent.answers_pings = False
    assert answering.take(40_000) == silent.take(0) == []
    assert (len(answering.pings), answering.is_over) == (8, False)
    assert (silent.is_over, silent.protocol.close_rcvd, len(silent.pings)) == (True, None, 7)
    assert trading.emulator.stats().streams.unanswered == 1


def test_each_ping_has_a_value_of_its_own() -> None:
    """Its time is that of Beijing."""
    trading = Trading(variants=Variants(ping_ms=1000))
    peer = Peer(trading)
    peer.take(3000)
    assert len(set(peer.pings)) == 3
    assert peer.pings[0].endswith('"time":"2023-11-15T06:13:21.000+0800"}')


def test_a_clean_close() -> None:
    """A peer that says goodbye is answered, and then the connection ends."""
    peer = Peer(Trading())
    peer.protocol.send_close(1000)
    peer.exchange()
    assert (peer.protocol.close_rcvd.code, peer.is_over) == (1000, True)  # type: ignore[union-attr]


def test_a_clock_that_is_set() -> None:
    """Everything that is due stays as far away, whatever the server's clock shows: no ping comes early or is missed."""
    trading = Trading(variants=Variants(listen_key_end="event"))
    peer = trader(trading)
    peer.take(4000)
    for offset in (3_000_000, -3_000_000):
        trading.emulator.clock_offset_ms = offset
        peer.take(5000)
    assert (len(peer.pings), peer.is_over) == (2, False)


def test_counts() -> None:
    """Sockets, topics, messages and refusals are counted."""
    trading = Trading()
    one, two = Peer(trading), Peer(trading)
    for peer in (one, two):
        peer.ask(TRADES)
    one.ask("NONE@trade")
    one.take(1000)
    two.take()
    assert Peer(trading, "0" * 64).take(1)[0]["code"] == 100403
    assert trading.emulator.stats().streams == StreamStats(
        open=2, topics={TRADES: 2}, opened=3, messages=6, refused_topics={80015: 1}
    )
    trading.emulator._open_streams().close(two.session)
    assert trading.emulator.stats().streams.topics == {TRADES: 1}


def test_no_streams_no_counts() -> None:
    """Where none was opened there is nothing to drop, and nothing is counted."""
    trading = Trading()
    assert (trading.emulator.drop_streams(), trading.emulator.stats().streams) == (0, StreamStats())


def test_no_key_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """At the finest level the log has neither a listen key nor a topic's data, also of a handshake that fails."""
    caplog.set_level(logging.DEBUG)
    trading = Trading(variants=Variants(listen_key_end="event"))
    peer = trader(trading)
    trading.place(**LIMIT)
    trading.emulator.expire_listen_keys()
    peer.take(6000)
    Peer(trading, "0123456789abcdef" * 4).take(1)
    assert "stream 1 from 10.0.0.1 opened, account=1001" in caplog.text
    assert peer.key not in caplog.text + repr(peer.session) + repr(peer.session.feeds)
    assert "0123456789abcdef" not in caplog.text


def test_listen_keys_of_the_endpoints() -> None:
    """A key that was extended lives on; one that was not ends after an hour, one that was deleted at once."""
    trading = Trading()
    peer = trader(trading)
    for _ in range(2):
        peer.take(1_800_000)
        trading.reply("extend_listen_key", listenKey=peer.key)
    peer.take(3_599_999)
    trading.place(**LIMIT)
    assert len(peer.take(0)) == 2
    peer.take(1)
    trading.place(**LIMIT)
    assert peer.take(20_000) == []
    other = Peer(trading, key_of(trading))
    other.ask("spot.executionReport")
    trading.reply("delete_listen_key", listenKey=other.key)
    trading.place(**LIMIT)
    assert other.take(20_000) == []
