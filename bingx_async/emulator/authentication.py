"""Keys, parameters, timestamps and signatures: as much of them as an endpoint asks for.

Rules: a carrier is where parameters travel: the query string, a JSON object or a form as the body. All that are
read are joined. A value is its raw token: the text between `=` and `&`, a JSON number as it was written, a JSON
string without its quotes. Percent-encoding is undone in queries alone, and in signed ones only where a value has to be
escaped: the text that was signed is then the decoded one. A timestamp may be as old as `recvWindow`, at most and by
default 5000 ms, and 1000 ms ahead of the server's clock. The signed text is `name=value` joined by `&`, sorted by name,
without `signature`; the signature is its HMAC-SHA256 in lower-case hex.
"""

from __future__ import annotations

import hmac
import json
import math
import re
from collections.abc import Callable, Collection, Mapping
from urllib.parse import unquote

from bingx_async.emulator.settings import Carrier, EmulatorSettings
from bingx_async.emulator.traffic import Pairs, Refusal, Visit

MAX_RECV_WINDOW = 5000  # ms; also the default
MAX_AHEAD = 1000  # ms
EXAMPLE = "https://bingx-api.github.io/docs/#/en-us/spot/account-api.html#Query%20Assets"
WRONG_TIMESTAMP = 100421, f"Null timestamp or timestamp mismatch, try to run our sample code from the link {EXAMPLE}"

MISMATCH = 100001, "Signature verification failed due to signature mismatch"
UNSAFE = re.compile(r"[^A-Za-z0-9._,~-]", re.ASCII).search


class Authentication:
    """Knows the accounts by their API keys."""

    def __init__(self, settings: EmulatorSettings) -> None:
        self._by_key = {account.api_key: account for account in settings.accounts}
        self._carriers = settings.carriers
        self._takes_any_body = settings.variants.unsafe_in_body == "accepted"

    def admit(self, visit: Visit) -> None:
        """Note the account and the parameters of a request, or refuse it."""
        endpoint, request = visit.endpoint, visit.request
        if not endpoint.is_public:
            account = self._by_key.get(request.headers.get("x-bx-apikey", ""))
            if account is None:
                raise Refusal(100413, "Incorrect apiKey")
            visit.account = account
        visit.pairs = read_parameters(request.query, request.body, self._carriers)
        if endpoint.is_signed:
            if request.body and not self._takes_any_body and has_unsafe(visit.pairs):
                raise Refusal(*MISMATCH)
            _check_signature(visit)
        else:
            visit.pairs = decoded(visit.pairs)


def read_parameters(query: str, body: bytes, carriers: Collection[Carrier]) -> Pairs:
    """Every parameter of the carriers that are read; a carrier left out is not seen at all."""
    pairs = _read_pairs(query) if "query" in carriers else []
    try:
        text = body.decode().strip()
        is_json = text.startswith(("{", "["))
        if text and ("json" if is_json else "form") in carriers:
            pairs += _read_object(text) if is_json else _read_pairs(text)
    except (ValueError, RecursionError):
        raise Refusal(100400, "Invalid parameters, the request can not be read") from None
    return pairs


def decoded(pairs: Pairs) -> Pairs:
    """The pairs with their percent-encoding undone."""
    return [(unquote(name), unquote(value)) for name, value in pairs]


def has_unsafe(pairs: Pairs) -> bool:
    """Whether a value has characters that must be escaped in a query."""
    return any(UNSAFE(value) for _, value in pairs)


def sign(secret_key: str, pairs: Pairs) -> str:
    """HMAC-SHA256 over the sorted parameters without `signature`, lower-case hex."""
    text = "&".join(f"{name}={value}" for name, value in sorted(pairs) if name != "signature")
    return hmac.digest(secret_key.encode(), text.encode(), "sha256").hex()


def is_signed_by(secret_key: str, pairs: Pairs, signature: str) -> bool:
    """Whether `signature` fits, compared in constant time."""
    return hmac.compare_digest(sign(secret_key, pairs).encode(), signature.encode())


def _check_signature(visit: Visit) -> None:
    params = dict(visit.pairs)
    signature = params.get("signature")
    if not signature:
        raise Refusal(100412, "Null signature")
    _check_timestamp(params, visit.time)
    readings = [visit.pairs]
    if "%" in visit.request.query and has_unsafe(plain := decoded(visit.pairs)):
        readings.append(plain)
    fitting = [pairs for pairs in readings if is_signed_by(visit.account.secret_key, pairs, signature)]
    if not fitting:
        raise Refusal(*MISMATCH)
    visit.pairs = fitting[-1]


def _check_timestamp(params: Mapping[str, str], time: int) -> None:
    if not params.get("timestamp"):
        raise Refusal(*WRONG_TIMESTAMP)
    timestamp, window = _number(params["timestamp"]), _number(params.get("recvWindow") or "0")
    window = min(window, MAX_RECV_WINDOW) if window > 0 else MAX_RECV_WINDOW
    if timestamp < time - window or timestamp > time + MAX_AHEAD:
        raise Refusal(*WRONG_TIMESTAMP)


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise Refusal(80014, "timestamp is invalid")
    return number


def _read_pairs(text: str) -> Pairs:
    tokens = [token.partition("=") for token in text.split("&")] if text else []
    return [(name, value) for name, _, value in tokens]


def _read_object(text: str) -> Pairs:
    if not text.startswith("{"):
        raise ValueError("the parameters are not an object")
    return _decode_object(text)


def _read_members(members: list[tuple[str, object]]) -> Pairs:
    return [(name, _read_token(value)) for name, value in members]


def _read_token(value: object) -> str:
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    raise ValueError("a parameter is not flat")


_decode_object: Callable[[str], Pairs] = json.JSONDecoder(
    object_pairs_hook=_read_members, parse_int=str, parse_float=str, parse_constant=str
).decode
