"""Parameters as they arrived, and the signature over them.

Rules: a carrier is where parameters travel: the query string, a JSON object or a form as the body. All that are
read are joined. A value is its raw token: the text between `=` and `&`, a JSON number as it was written, a JSON
string without its quotes; nothing is percent-decoded. The signed text is `name=value` joined by `&`, sorted by
name, without `signature`; the signature is its HMAC-SHA256 in lower-case hex.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Collection
from typing import Literal, get_args

from bingx_async.emulator.refusals import unreadable_parameters

Carrier = Literal["json", "query", "form"]
CARRIERS: frozenset[Carrier] = frozenset(get_args(Carrier))
Pairs = list[tuple[str, str]]

_LITERALS = {True: "true", False: "false", None: "null"}


def read_parameters(query: str, body: bytes, carriers: Collection[Carrier]) -> Pairs:
    """Every parameter of the carriers that are read; a carrier left out is not seen at all."""
    pairs = _read_pairs(query) if "query" in carriers else []
    if not body:
        return pairs
    text = _decode(body).strip()
    carrier: Carrier = "json" if text.startswith(("{", "[")) else "form"
    if carrier in carriers:
        pairs += _read_object(text) if carrier == "json" else _read_pairs(text)
    return pairs


def sign(secret_key: str, pairs: Pairs) -> str:
    """HMAC-SHA256 over the sorted parameters without `signature`, lower-case hex."""
    text = "&".join(f"{name}={value}" for name, value in sorted(pairs) if name != "signature")
    return hmac.digest(secret_key.encode(), text.encode(), "sha256").hex()


def is_signed_by(secret_key: str, pairs: Pairs, signature: str) -> bool:
    """Whether `signature` fits, compared in constant time."""
    return hmac.compare_digest(sign(secret_key, pairs).encode(), signature.encode())


def _decode(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise unreadable_parameters() from None


def _read_pairs(text: str) -> Pairs:
    pairs: Pairs = []
    for token in text.split("&") if text else ():
        name, _, value = token.partition("=")
        pairs.append((name, value))
    return pairs


def _read_object(text: str) -> Pairs:
    try:
        pairs = _decode_object(text)
    except (ValueError, RecursionError):
        raise unreadable_parameters() from None
    if not isinstance(pairs, _Object):
        raise unreadable_parameters()
    return list(pairs)


class _Object(list[tuple[str, str]]):
    """The members of one JSON object, in order, each value as its token."""


def _read_members(members: list[tuple[str, object]]) -> _Object:
    return _Object((name, _read_token(value)) for name, value in members)


def _read_token(value: object) -> str:
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool):
        return _LITERALS[value]
    raise ValueError("a parameter is not flat")


_decode_object = json.JSONDecoder(
    object_pairs_hook=_read_members, parse_int=str, parse_float=str, parse_constant=str
).decode
