"""Signing: one canonical text, one HMAC, three carriers.

The text is every parameter as `name=value`, sorted by name and joined with `&`, values raw; the signature is the
lower-case hex HMAC-SHA256 of it under the secret. The same tokens that are signed are the bytes that travel, so
they cannot differ: values are limited to characters that no carrier escapes.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from enum import StrEnum

from attrs import frozen

from bingx_async.errors import InvalidRequest

_SAFE = re.compile(r"[A-Za-z0-9._,-]+").fullmatch
_compact = json.JSONEncoder(separators=(",", ":")).encode  # json.dumps would make an encoder for every call


class Carrier(StrEnum):
    """Where the parameters of a POST travel."""

    JSON = "json"  # a JSON object as body: what the seeds say
    QUERY = "query"  # query string and empty body: what clients in production do
    FORM = "form"  # urlencoded body


@frozen
class Payload:
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


def check_value(name: str, value: str | int) -> None:
    """Refuse a value that a carrier would have to escape: it is an injection or a sure signature mismatch."""
    if isinstance(value, bool) or (isinstance(value, str) and not _SAFE(value)):
        raise InvalidRequest(
            f"{name}={value!r} is a boolean, empty, or holds characters outside A-Z a-z 0-9 . _ - and comma; "
            "the exchange cannot verify a signature over it. Write it as an integer or with those characters only"
        )


def canonical(params: Mapping[str, str | int]) -> str:
    """The text that is signed: sorted by name, raw values."""
    return "&".join([f"{name}={params[name]}" for name in sorted(params)])


def encode(params: Mapping[str, str | int], signer: Signer, carrier: Carrier) -> Payload:
    """Sign `params` and lay them out for `carrier`; the signature comes last and is not signed."""
    text = canonical(params)
    signature = signer.sign(text)
    if carrier is Carrier.JSON:
        tokens: dict[str, str | int] = {name: params[name] for name in sorted(params)}
        tokens["signature"] = signature
        return Payload("", _compact(tokens).encode(), "application/json")
    signed = f"{text}&signature={signature}"
    if carrier is Carrier.FORM:
        return Payload("", signed.encode(), "application/x-www-form-urlencoded")
    return Payload(signed, b"", "")
