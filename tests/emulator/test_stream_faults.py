"""Faults of the emulator's streams, each by itself, and the controls that do the same by hand."""

from __future__ import annotations

import zlib
from typing import Any

import pytest

from bingx_async import InvalidRequest
from bingx_async.emulator import (
    Bomb,
    BrokenGzip,
    CloseAfter,
    Cut,
    CutHere,
    Drop,
    Duplicate,
    EndKey,
    Late,
    RefuseHandshake,
    Reorder,
    SilentTopic,
    StreamFault,
    SwallowAck,
    Variants,
)
from bingx_async.emulator.streams.messages import GZIP
from tests.emulator.calls import SYMBOL
from tests.emulator.peer import Peer, key_of, trader
from tests.emulator.trading import LIMIT, Trading

TRADES = f"{SYMBOL}@trade"


def struck(*faults: StreamFault, **options: Any) -> tuple[Trading, Peer]:
    """An emulator with these faults and a socket with trades."""
    trading = Trading(**options)
    for fault in faults:
        trading.emulator.inject(fault)
    peer = Peer(trading)
    if not peer.is_over:
        peer.ask(TRADES)
    return trading, peer


def numbers(peer: Peer, ms: int) -> list[int]:
    """Which trades are heard, by their seconds."""
    return [int(each["t"]) % 1000 for each in peer.data(ms, TRADES)]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (StreamFault(Drop(), every=2), [1, 3]),
        (StreamFault(Duplicate(), times=1), [1, 1, 2, 3, 4]),
        (StreamFault(Reorder(), times=1), [2, 1, 3, 4]),
        (StreamFault(Late(1.5), times=1), [2, 1, 3, 4]),
        (StreamFault(Late(0.5), times=1), [1, 2, 3, 4]),
        (StreamFault(Drop(), topic="trade", times=3), [4]),
        (StreamFault(Drop(), topic=TRADES), []),
        (StreamFault(Drop(), topic="ticker"), [1, 2, 3, 4]),
        (StreamFault(Drop(), is_user=True), [1, 2, 3, 4]),
        (StreamFault(Drop(), probability=0), [1, 2, 3, 4]),
    ],
)
def test_messages(fault: StreamFault, expected: list[int]) -> None:
    """They are lost, doubled, late or out of order: those that the fault means."""
    _, peer = struck(fault)
    assert numbers(peer, 4800) == expected


def test_a_message_that_waits_for_the_next() -> None:
    """A ping is a next one, so what is out of order is not lost."""
    _, peer = struck(StreamFault(Reorder(), every=4), variants=Variants(ping_ms=700))
    assert numbers(peer, 4199) == [1, 2, 3]
    assert numbers(peer, 1) == [4]


def test_probability_and_seed() -> None:
    """A fault strikes by chance, the same messages each time for one seed."""
    runs = [numbers(struck(StreamFault(Drop(), probability=0.3), seed=seed)[1], 100_000) for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]
    assert 55 <= len(runs[0]) <= 85


@pytest.mark.parametrize("kind", ["clean", "reset", "silent"])
def test_cuts(kind: Any) -> None:
    """A connection ends after so many seconds: with a close frame, by a reset, or it stays and nothing comes."""
    trading, peer = struck(StreamFault(Cut(kind, after=3, is_random=False)))
    assert numbers(peer, 2999) == [1, 2]
    assert (peer.is_over or peer.is_reset, trading.emulator.stats().streams.open) == (False, 1)
    assert numbers(peer, 60_000) == []
    code = getattr(peer.protocol.close_rcvd, "code", None)
    assert (code, peer.is_reset, trading.emulator.stats().streams.open) == (
        1001 if kind == "clean" else None,
        kind == "reset",
        0,
    )
    assert len(peer.pings) == 0


def test_cuts_by_chance() -> None:
    """The connections last so long on average."""
    trading = Trading()
    trading.emulator.inject(StreamFault(Cut("reset", after=20)))
    lasted = list[float]()
    for _ in range(200):  # a socket that was reset is not counted among the 60
        peer, since = Peer(trading), trading.now
        while not peer.is_reset:
            peer.take(1000)
        lasted.append(trading.now - since)
    assert 17_000 < sum(lasted) / 200 < 24_000


def test_a_cut_at_a_message() -> None:
    """It strikes the second trade, which does not come."""
    _, peer = struck(StreamFault(CutHere("clean"), every=2, times=1))
    assert numbers(peer, 5000) == [1]
    assert peer.protocol.close_rcvd is not None


def test_swallowed_acks() -> None:
    """The topic is subscribed, but the answer never comes."""
    trading = Trading()
    trading.emulator.inject(StreamFault(SwallowAck(), topic=TRADES, times=1))
    peer = Peer(trading)
    assert peer.ask(TRADES) == []
    assert numbers(peer, 1000) == [1]
    assert peer.ask(TRADES)[0]["code"] == 0


def test_silent_topics() -> None:
    """The answer comes and nothing after it, but pings, until the topic is subscribed anew."""
    _, peer = struck(StreamFault(SilentTopic(), times=1))
    assert (numbers(peer, 10_000), len(peer.pings)) == ([], 2)
    peer.ask(TRADES, "unsub")
    peer.ask(TRADES)
    assert numbers(peer, 1000) == [11]


def test_refused_handshakes() -> None:
    """They have the status; the next one is open."""
    trading, peer = struck(StreamFault(RefuseHandshake(503), times=1))
    assert (peer.status, peer.is_over, Peer(trading).status) == (503, True, 101)
    assert trading.emulator.stats().streams.refused_handshakes == {503: 1}


def test_bombs() -> None:
    """A short message becomes 20 MiB."""
    trading = Trading()
    trading.emulator.inject(StreamFault(Bomb(20 * 2**20), times=1))
    peer, found = Peer(trading), list[bytes]()
    peer._hear = lambda frame: found.append(frame.data)  # type: ignore[assignment,method-assign]
    peer.ask(TRADES)
    peer.take(1000)
    assert len(found[-1]) < 2**16
    assert len(zlib.decompress(found[-1], GZIP)) == 20 * 2**20


def test_broken_gzip() -> None:
    """A message cannot be unpacked."""
    _, peer = struck(StreamFault(BrokenGzip(), times=1))
    with pytest.raises(zlib.error):
        peer.take(1000)


def test_keys_that_end_early() -> None:
    """Events stop after so many seconds, pings go on, and a query for the key finds nothing."""
    trading = Trading()
    trading.emulator.inject(StreamFault(EndKey(after=30), times=1))
    peer = trader(trading)
    peer.take(29_999)
    trading.place(**LIMIT)
    assert len(peer.take()) == 2
    peer.take(1)
    trading.place(**LIMIT)
    assert (peer.take(10_000), len(peer.pings)) == ([], 8)
    assert trading.reply("extend_listen_key", listenKey=peer.key).status == 404


def test_dropping_by_hand() -> None:
    """Those of an account, or all; a socket that is gone is not counted."""
    trading = Trading()
    user, market = trader(trading), Peer(trading)
    assert trading.emulator.drop_streams("reset", account=1001) == 1
    assert (user.take(), user.is_reset, market.take(), market.is_reset) == ([], True, [], False)
    assert [trading.emulator.drop_streams("silent"), trading.emulator.drop_streams()] == [1, 0]


def test_ending_keys_by_hand() -> None:
    """Every key that is valid ends, and a new one is another."""
    trading = Trading()
    key = key_of(trading)
    assert [trading.emulator.expire_listen_keys(account) for account in ("1002", None, None)] == [0, 1, 0]
    assert key_of(trading) != key


def test_forgetting() -> None:
    """Faults of streams are forgotten with the others."""
    trading, peer = struck(StreamFault(Drop()))
    trading.emulator.clear_faults()
    assert numbers(peer, 2000) == [1, 2]


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda: Cut("slow"), "kind must be 'clean', 'reset' or 'silent'"),  # type: ignore[arg-type]
        (lambda: Cut(after=0), "after must be"),
        (lambda: Late(-1), "seconds must be"),
        (lambda: RefuseHandshake(200), "status must be"),
        (lambda: StreamFault(CloseAfter()), "effect must be"),  # type: ignore[arg-type]
        (lambda: StreamFault(Drop(), every=0), "every must be"),
        (lambda: StreamFault(Drop(), probability=2), "probability must be"),
    ],
)
def test_faults_that_cannot_be(attempt: Any, message: str) -> None:
    """They are refused with what can be."""
    with pytest.raises(InvalidRequest, match=message):
        attempt()
