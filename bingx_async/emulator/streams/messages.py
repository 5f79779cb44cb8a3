"""Messages as the exchange writes them: JSON in one gzip member, answers to subscriptions, pings."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from bingx_async.emulator.traffic import encode
from bingx_async.emulator.variants import Variants

GZIP = 31  # window bits: with the header of gzip, which has no time in it
BEIJING = timezone(timedelta(hours=8))


def pack(text: str) -> bytes:
    """The text as one gzip member."""
    packer = zlib.compressobj(1, zlib.DEFLATED, GZIP)
    return packer.compress(text.encode()) + packer.flush()


def bomb(size: int) -> bytes:
    """A gzip member of `size` bytes that is a thousandth as long."""
    packer = zlib.compressobj(9, zlib.DEFLATED, GZIP)
    blanks = b" " * 2**16
    parts = [packer.compress(blanks) for _ in range(size // len(blanks))]
    return b"".join(parts) + packer.compress(b" " * (size % len(blanks))) + packer.flush()


def envelope(topic: str, data: Any, time: int, variants: Variants) -> str:
    """A message of a topic."""
    form = {"code": 0, "dataType": topic, "data": [data] if variants.data_form == "list" else data}
    if topic.endswith("@ticker") and variants.ticker_topic == "absent":
        del form["dataType"]
    return encode({**form, "timestamp": time, "success": True})


def acknowledged(message_id: str, time: int, variants: Variants) -> str:
    """The answer to a subscription that was taken."""
    forms: Mapping[str, dict[str, Any]] = {
        "timestamp": {"code": 0, "id": message_id, "msg": "SUCCESS", "timestamp": time},
        "short": {"id": message_id, "code": 0, "msg": ""},
        "data": {"id": message_id, "code": 0, "msg": "", "dataType": "", "data": None},
    }
    return encode(forms[variants.ack_form])


def refused(message_id: str | None, code: int, text: str, time: int) -> str:
    """The answer to a subscription that was not taken, or word that something is wrong."""
    named = {} if message_id is None else {"id": message_id}
    return encode({**named, "code": code, "msg": text, "timestamp": time})


def ping(number: int, time: float, variants: Variants) -> tuple[str, str]:
    """A ping, and the text by which its answer is known."""
    if variants.ping == "text":
        return "Ping", "Pong"
    name = f"{number:032x}"
    stamp = datetime.fromtimestamp(time / 1000, UTC).astimezone(BEIJING)
    return encode({"ping": name, "time": f"{stamp:%Y-%m-%dT%H:%M:%S}.{int(time) % 1000:03d}+0800"}), name
