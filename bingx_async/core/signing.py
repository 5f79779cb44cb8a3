"""Signing: one canonical text, one HMAC, three carriers.

The tokens that are signed are the bytes that travel, so they cannot differ: texts are limited to characters that no
carrier escapes. Lists and mappings are compact JSON, and a few symbols hold `#` or letters outside ASCII: these are
signed raw, and in the query string every value is then percent-encoded.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from json.encoder import encode_basestring_ascii as in_quotes
from typing import Any, NamedTuple
from urllib.parse import quote

from bingx_async.errors import InvalidRequest

Param = str | int | bool | Sequence[Any] | Mapping[str, Any]

_SAFE = re.compile(r"[A-Za-z0-9._,-]+").fullmatch
_SAFE_IN_QUERY = re.compile(r"[\w.,#-]+").fullmatch  # with letters and digits of any script
_compact = json.JSONEncoder(separators=(",", ":")).encode  # json.dumps would make an encoder for every call


class Carrier(StrEnum):
    """Where the parameters of a POST travel."""

    JSON = "json"  # a JSON object as body: what the exchange's pages say
    QUERY = "query"  # query string and empty body: what clients in production do
    FORM = "form"  # urlencoded body


class Payload(NamedTuple):
    """The signed parameters, ready to travel. The repr leaves the signature out."""

    query: str
    body: bytes
    content_type: str

    def __repr__(self) -> str:
        return f"Payload({self.content_type or 'query'})"


class Signer:
    """Signs texts under one secret, which can not be read back from it."""

    __slots__ = ("_keyed",)

    def __init__(self, secret_key: str) -> None:
        self._keyed = hmac.new(secret_key.encode(), digestmod=hashlib.sha256)

    def sign(self, text: str) -> str:
        """The lower-case hex HMAC-SHA256 of `text`."""
        keyed = self._keyed.copy()
        keyed.update(text.encode())
        return keyed.hexdigest()

    def __repr__(self) -> str:
        return "Signer(***)"


def check_value(name: str, value: object, carrier: Carrier = Carrier.JSON) -> None:
    """Refuse a text that `carrier` would have to escape: it is an injection or a sure signature mismatch."""
    if isinstance(value, (int, list, tuple, dict)) or (isinstance(value, str) and _SAFE(value)):
        return
    if isinstance(value, str) and _SAFE_IN_QUERY(value):
        if carrier is Carrier.QUERY:
            return
        raise InvalidRequest(
            f"{name}={value!r} holds characters that can only be signed in the query string: make the client with "
            "carrier='query'"
        )
    raise InvalidRequest(
        f"{name}={value!r} is empty, or holds characters outside A-Z a-z 0-9 . _ - and comma; the exchange cannot "
        "verify a signature over it. Write it as an integer or with those characters only"
    )


def canonical(params: Mapping[str, Param]) -> str:
    """The text that is signed: sorted by name, raw values."""
    return "&".join([f"{name}={_token(params[name])}" for name in sorted(params)])


def query_of(params: Mapping[str, Param]) -> str:
    """The same as a query string: percent-encoded if a value needs it, else the very same text."""
    return _escaped(canonical(params), params)


def encode(params: Mapping[str, Param], signer: Signer, carrier: Carrier) -> Payload:
    """Sign `params` and lay them out for `carrier`; the signature comes last and is not signed."""
    tokens: list[str] = []
    members: list[str] = []
    for name in sorted(params):  # one loop: a comprehension for each list takes as long again
        value = params[name]
        token = str(value) if type(value) is int else _token(value)
        tokens.append(f"{name}={token}")
        members.append(f'"{name}":{in_quotes(token) if token is value else token}')
    text = "&".join(tokens)
    signature = signer.sign(text)
    if carrier is Carrier.JSON:
        members.append(f'"signature":"{signature}"')
        return Payload("", f"{{{','.join(members)}}}".encode(), "application/json")
    if carrier is Carrier.FORM:
        return Payload("", f"{text}&signature={signature}".encode(), "application/x-www-form-urlencoded")
    return Payload(f"{_escaped(text, params)}&signature={signature}", b"", "")


def _escaped(text: str, params: Mapping[str, Param]) -> str:
    if "[" not in text and "{" not in text and "#" not in text and text.isascii():
        return text
    return "&".join([f"{name}={quote(_token(params[name]), safe='')}" for name in sorted(params)])


def _token(value: Param) -> str:
    """A text itself, anything else as JSON writes it."""
    return value if isinstance(value, str) else _compact(value)
