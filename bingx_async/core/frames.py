"""The messages of a stream's socket: unpacked within a bound, and read into values.

Pings are recognised before anything is parsed as JSON: one of their two kinds is the bare text `Ping`, which is none.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from bingx_async.core.channel import Push
from bingx_async.core.wire import CUT_OFF, integer, items, mapping, millis, parse, text

GZIP = b"\x1f\x8b"  # no text in UTF-8 begins with these bytes
LONGEST_PING = 250  # characters
EVENT_TOPICS = {"ACCOUNT_UPDATE": "ACCOUNT_UPDATE", "executionReport": "spot.executionReport"}
NAMELESS = {  # messages that came without a topic: of a pair, by the kind of event
    "24hTicker": "ticker",
    "24hrTicker": "ticker",
    "trade": "trade",
    "bookTicker": "bookTicker",
    "lastPriceUpdate": "lastPrice",
}
KEY_EXPIRED = "listenKeyExpired"

_BARE_PING = re.compile(r'\s*"?(ping)"?\s*', re.IGNORECASE).fullmatch
_JSON_PING = re.compile(r'\s*\{\s*(?:"time"\s*:\s*(?:"[^"]*"|\d+)\s*,\s*)?"(ping)"\s*:', re.IGNORECASE).match
_PONG = str.maketrans("iI", "oO")


class BrokenFrame(ValueError):
    """A message that cannot be read: after it nothing on this socket can be relied on."""


class Ping(NamedTuple):
    """The exchange asks whether we are there; `pong` is the answer, in the kind of the question."""

    pong: str


class Ack(NamedTuple):
    """The answer to the message that had this id. An error may come without id, and with the topic instead."""

    id: str
    code: int
    message: str
    topic: str = ""


class KeyExpired(NamedTuple):
    """The listen key has died: nothing of the account comes any more."""


Message = Ping | Ack | Push | KeyExpired


def unpack(frame: bytes | bytearray, largest: int) -> str:
    """The text of a frame, packed with gzip or plain, of at most `largest` bytes. Raises `BrokenFrame`."""
    if frame[:2] != GZIP:
        return _decoded(frame)
    unpacking = zlib.decompressobj(31)
    try:
        found = unpacking.decompress(frame, largest + 1)
    except zlib.error as error:
        raise BrokenFrame("a message could not be unpacked") from error
    if len(found) > largest:
        raise BrokenFrame(f"a message has more than {largest} bytes")
    if not unpacking.eof or unpacking.unused_data:
        raise BrokenFrame("a message was not packed as a whole")
    return _decoded(found)


def read(message: str, received_at: float) -> Message | None:
    """The value of a message that came at `received_at` (ms, monotonic); None for one that says nothing known. Raises
    `BrokenFrame`."""
    if len(message) < LONGEST_PING and (pong := _pong_to(message)) is not None:
        return Ping(pong)
    found = parse(message)
    if found is None or found is CUT_OFF:
        raise BrokenFrame("a message is not a JSON object")
    topic, data = found.get("dataType"), found.get("data")
    if _is_payload(data, found):
        if topic:
            return Push(text(topic), data, _stamp(found.get("timestamp")), received_at)
        return _event(found, next(map(mapping, items(data)), mapping(data)), received_at)
    return _event(found, found, received_at) if "e" in found else _ack(found)


def _pong_to(message: str) -> str | None:
    """The answer to a ping: the same text with an o."""
    ping = _BARE_PING(message)
    if ping is not None:
        return ping[1].translate(_PONG)
    ping = _JSON_PING(message)
    if ping is None:
        return None
    return message[: ping.start(1)] + ping[1].translate(_PONG) + message[ping.end(1) :]


def _is_payload(data: object, found: Mapping[str, Any]) -> bool:
    """Whether this is the data of a topic; an answer may have some as well, such as an empty object."""
    if isinstance(data, (dict, list)) and data:
        return True
    return data is not None and not (found.get("id") or integer(found.get("code")))


def _ack(found: Mapping[str, Any]) -> Ack | None:
    code, asked = integer(found.get("code")), text(found.get("id"))
    if code is None or not (asked or code):
        return None
    return Ack(asked, code, text(found.get("msg")), text(found.get("dataType")))


def _event(found: Mapping[str, Any], data: Mapping[str, Any], received_at: float) -> Push | KeyExpired | None:
    """A message without a topic: an event of the account, or of a pair where its kind and symbol tell the topic."""
    kind = text(data.get("e"))
    if kind == KEY_EXPIRED:
        return KeyExpired()
    topic = EVENT_TOPICS.get(kind)
    if topic is None and kind in NAMELESS:
        topic = f"{text(data.get('s'))}@{NAMELESS[kind]}"
    return Push(topic, data, _stamp(found.get("timestamp", data.get("E"))), received_at) if topic else None


def _stamp(value: object) -> int | None:
    at = millis(integer(value))
    return None if at is None else int(at)


def _decoded(found: bytes | bytearray) -> str:
    try:
        return found.decode()
    except UnicodeDecodeError as error:
        raise BrokenFrame("a message is no text in UTF-8") from error
