"""The file format of a recording: what the sockets of streams received, line by line, without secrets.

Rules: each line is one JSON object. The first names the format, its version and the exchange's clock (epoch ms) at the
moment from which the `at` of the lines below it are counted, in ms. Each of these is a message, in the exchange's own
text, or the loss of a connection. A program that goes on with a file writes another such first line into it. A line
that broke off when a program died is left out. Listen keys, signatures, keys and the ids of accounts are replaced
before a line is made.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, cast

from attrs import frozen

from bingx_async.errors import InvalidRequest

VERSION = 1
NAME = "bingx_async"
HIDDEN = "***"
_NAMES = r"listen_?key|signature|api_?key|secret\w*|uid|user_?id|account_?id"
_VALUE = r'("(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*)'  # a text, or a number
_NAMED = re.compile(rf'(?i)("(?:{_NAMES})"\s*:\s*){_VALUE}')
_KEY = re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{64}(?![0-9A-Za-z])")  # the form of a listen key and of a signature
_USER = re.compile(rf'("u"\s*:\s*){_VALUE}')  # the user's id, in events of orders


@frozen
class Frame:
    """A message of a socket, or the loss of its connection (`lost` says why), `at` ms after the recording began."""

    at: float
    socket: int
    text: str = ""
    lost: str = ""


def without_secrets(text: str) -> str:
    """The message with everything hidden that is a key, a signature or the id of an account."""
    text = _KEY.sub(HIDDEN, _NAMED.sub(rf'\1"{HIDDEN}"', text))
    return _USER.sub(r"\g<1>0", text) if "executionReport" in text else text


def first_line(epoch: float) -> str:
    """The line with which a recording begins; `epoch` is the exchange's clock at its moment 0."""
    return _line({"recording": NAME, "version": VERSION, "epoch": round(epoch, 3)})


def line_of(frame: Frame, is_public: bool = False) -> str:
    """The line of a frame; a message of a public topic has no secrets to look for, which would take long."""
    name, text = ("lost", frame.lost) if frame.lost else ("text", frame.text)
    told = text if is_public else without_secrets(text)
    return _line({"at": round(frame.at, 3), "socket": frame.socket, name: told})


def epoch_of(line: str, name: str) -> float:
    """The clock in the first line of the file `name`. Raises `InvalidRequest` if it is no recording."""
    head = _object(line)
    if head is None or head.get("recording") != NAME or not _is_number(head.get("epoch")):
        raise InvalidRequest(f"{name} is no recording of streams: make one with BingXClient(record={name!r})")
    if head.get("version") != VERSION:
        raise InvalidRequest(f"{name} is a recording of version {head.get('version')!r}; this one reads {VERSION}")
    return float(head["epoch"])


def frames_of(lines: Iterable[str], name: str) -> Iterator[Frame]:
    """The frames of a file's lines, in time. Raises `InvalidRequest` for anything that is no recording."""
    begun: float | None = None
    epoch, latest, broken = 0.0, 0.0, ""
    for number, line in enumerate(lines, 1):
        found = _object(line)
        if begun is None or (found is not None and "recording" in found):
            epoch, broken = epoch_of(line, name), ""
            begun = epoch if begun is None else begun
            continue
        if broken:
            raise InvalidRequest(broken)
        frame = _frame(found, epoch - begun)
        if frame is None:  # fine where a program died: at the end, or before it goes on
            broken = f"line {number} of {name} is no line of a recording: delete it, or take another file"
            continue
        latest = max(latest, frame.at)
        yield Frame(latest, frame.socket, frame.text, frame.lost)
    if begun is None:
        epoch_of("", name)


def _frame(found: dict[str, Any] | None, shift: float) -> Frame | None:
    if found is None or not _is_number(found.get("at")) or not isinstance(found.get("socket"), int):
        return None
    text, lost = found.get("text", ""), found.get("lost", "")
    if not isinstance(text, str) or not isinstance(lost, str) or not (text or lost):
        return None
    return Frame(found["at"] + shift, found["socket"], text, lost)


def _object(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":")) + "\n"
