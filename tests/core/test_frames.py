"""The messages of a stream's socket."""

from __future__ import annotations

import gzip
import json
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bingx_async.core.channel import Push
from bingx_async.core.frames import Ack, BrokenFrame, KeyExpired, Ping, read, unpack

LARGEST = 1000


@pytest.mark.parametrize("text", ["Ping", "x" * LARGEST, ""])
def test_unpack(text: str) -> None:
    """Packed or plain, and just as large as is allowed: the text comes out."""
    assert unpack(gzip.compress(text.encode()), LARGEST) == text
    assert unpack(bytearray(text.encode()), LARGEST) == text


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        (gzip.compress(b"x" * (LARGEST + 1), mtime=0), "more than 1000 bytes"),
        (gzip.compress(bytes(10**8), 9, mtime=0), "more than 1000 bytes"),
        (gzip.compress(b"whole", mtime=0)[:-1], "not packed as a whole"),
        (gzip.compress(b"one", mtime=0) + gzip.compress(b"two", mtime=0), "not packed as a whole"),
        (gzip.compress(b"one", mtime=0) + b"\0", "not packed as a whole"),
        (b"\x1f\x8bnonsense", "could not be unpacked"),
        (gzip.compress(b"\xff\xfe", mtime=0), "no text in UTF-8"),
        (b"\xff\xfe", "no text in UTF-8"),
    ],
)
def test_broken_frames(frame: bytes, why: str) -> None:
    """A bomb, half a message, two in one and bytes that are no text are told apart, and never raise anything else."""
    with pytest.raises(BrokenFrame, match=why):
        unpack(frame, LARGEST)


@pytest.mark.parametrize(
    ("ping", "pong"),
    [
        ("Ping", "Pong"),
        ("ping", "pong"),
        ("PING", "PONG"),
        (' "Ping"\n', "Pong"),
        (
            '{"ping":"2177c68e","time":"2022-06-07T16:27:36.323+0800"}',
            '{"pong":"2177c68e","time":"2022-06-07T16:27:36.323+0800"}',
        ),
        ('{ "time": "2022" , "Ping" : 7}', '{ "time": "2022" , "Pong" : 7}'),
        ('{"time":1654590456,"ping":"a ping"}', '{"time":1654590456,"pong":"a ping"}'),
    ],
)
def test_pings(ping: str, pong: str) -> None:
    """Both kinds, in any case, are answered in their own kind, with the same values."""
    assert read(ping, 1.0) == Ping(pong)


@pytest.mark.parametrize(
    ("message", "found"),
    [
        ('{"code":0,"id":"7","msg":"SUCCESS","timestamp":1}', Ack("7", 0, "SUCCESS")),
        ('{"id":"7","code":0,"msg":"","dataType":"","data":null}', Ack("7", 0, "")),
        ('{"id":7,"code":"80015","msg":"bad"}', Ack("7", 80015, "bad")),
        ('{"code":80015,"msg":"bad","dataType":"X@trade","data":null}', Ack("", 80015, "bad", "X@trade")),
        ('{"code":100410,"msg":"slow"}', Ack("", 100410, "slow")),
        ('{"code":0,"id":"7","msg":"","dataType":"X@trade","data":{}}', Ack("7", 0, "", "X@trade")),
        ('{"code":0,"id":"7","msg":"","data":""}', Ack("7", 0, "")),
        ('{"code":0,"id":"7","msg":"","dataType":"X@trade","data":"subscribed"}', Ack("7", 0, "", "X@trade")),
        ('{"code":80015,"msg":"bad","dataType":"X@trade","data":[]}', Ack("", 80015, "bad", "X@trade")),
    ],
)
def test_answers(message: str, found: Ack) -> None:
    """An answer is what has an id, or a code other than 0, and no data, or none in which there is something."""
    assert read(message, 1.0) == found


@pytest.mark.parametrize(
    "message", ['{"code":0,"msg":""}', '{"id":"7"}', '{"e":"new kind"}', '{"data":{"e":"trade2"}}']
)
def test_unknown_messages(message: str) -> None:
    """A message that says nothing known is none."""
    assert read(message, 1.0) is None


def test_push() -> None:
    """A message of a topic has its data with exact numbers, and its moments."""
    text = '{"code":0,"dataType":"BTC-USDT@trade","data":{"p":0.1,"T":1},"success":true,"timestamp":1700000000000}'
    assert read(text, 5.0) == Push("BTC-USDT@trade", {"p": Decimal("0.1"), "T": 1}, 1700000000000, 5.0)


@pytest.mark.parametrize("data", ["?", {}, []])
def test_a_push_without_content(data: object) -> None:
    """What names a topic, and is no answer, is given to its reader, who says that it cannot be read."""
    assert read(json.dumps({"dataType": "X@trade", "data": data}), 5.0) == Push("X@trade", data, None, 5.0)


@pytest.mark.parametrize(
    ("message", "topic", "time"),
    [
        ({"data": {"e": "24hTicker", "E": 1700000000000, "s": "BTC-USDT"}}, "BTC-USDT@ticker", 1700000000000),
        ({"data": {"e": "bookTicker", "s": "A-B"}, "timestamp": 1700000000001}, "A-B@bookTicker", 1700000000001),
        ({"dataType": "", "data": {"e": "executionReport", "i": 7}}, "spot.executionReport", None),
        ({"data": [{"e": "24hTicker", "E": 1700000000000, "s": "A-B"}]}, "A-B@ticker", 1700000000000),
    ],
)
def test_without_a_topic(message: dict[str, Any], topic: str, time: int | None) -> None:
    """Where the topic is missing, the kind of event and the symbol tell it."""
    (data,) = [message["data"]] if isinstance(message["data"], dict) else message["data"]
    assert read(json.dumps(message), 5.0) == Push(topic, data, time, 5.0)


def test_balances() -> None:
    """A message about balances has neither topic nor data: the whole of it is the data."""
    message = {"e": "ACCOUNT_UPDATE", "E": 1700000000000, "a": {"m": "INIT", "B": []}}
    assert read(json.dumps(message), 5.0) == Push("ACCOUNT_UPDATE", message, 1700000000000, 5.0)
    assert read(json.dumps({"dataType": "ACCOUNT_UPDATE", **message}), 5.0) is not None


@pytest.mark.parametrize(
    "message",
    ['{"e":"listenKeyExpired","E":1,"listenKey":"k"}', '{"dataType":"","data":{"e":"listenKeyExpired"}}'],
)
def test_expired(message: str) -> None:
    """The end of a listen key is recognised, and the key is not passed on."""
    assert read(message, 1.0) == KeyExpired()


@pytest.mark.parametrize(
    "message", ["", "hello", "[1]", "7", '{"a":', '{"code":0,"dataType":"X@trade","data":{', "{" * 9999]
)
def test_broken_messages(message: str) -> None:
    """A message that is no JSON object cannot be read, nor one that breaks off behind its code 0."""
    with pytest.raises(BrokenFrame, match="not a JSON object"):
        read(message, 1.0)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
names = st.sampled_from(["id", "code", "msg", "dataType", "data", "e", "E", "s", "timestamp", "ping", "time"])


@given(st.dictionaries(names, values | st.dictionaries(names, values)))
def test_any_message(message: dict[str, Any]) -> None:
    """Whatever an object holds, it is read into a value or into none."""
    assert isinstance(read(json.dumps(message), 1.0), Ack | Push | Ping | KeyExpired | None)


@given(st.binary(max_size=200))
def test_any_bytes(frame: bytes) -> None:
    """Whatever bytes come, in a packed frame or not, the only error is that the frame is broken."""
    for each in (frame, gzip.compress(frame, mtime=0), gzip.compress(frame, mtime=0)[:-3], b"\x1f\x8b" + frame):
        with suppress(BrokenFrame):
            assert isinstance(read(unpack(each, LARGEST), 1.0), Ack | Push | Ping | KeyExpired | None)
