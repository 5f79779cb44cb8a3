"""Replies of the exchange: the body around data or an error, and the rate headers."""

from __future__ import annotations

import math
from typing import Any

from bingx_async.emulator.jsontext import encode
from bingx_async.emulator.refusals import AddressRefusal, Refusal
from bingx_async.emulator.settings import RateHeaders
from bingx_async.emulator.traffic import Reply
from bingx_async.emulator.visit import Visit

JSON = ("content-type", "application/json; charset=utf-8")
HTML = ("content-type", "text/html")


def accept(data: Any, visit: Visit, form: RateHeaders | None) -> Reply:
    """Code 0 with `data`; `form` is that of the rate headers."""
    body = b'{"code":0,"msg":"","debugMsg":"","data":%b}' % encode(data).encode()
    return Reply(200, _headers(visit, form), body)


def refuse(refusal: Refusal, visit: Visit, form: RateHeaders | None) -> Reply:
    """The refusal's code and text with the server's time, or the page of a gateway for a whole address."""
    if isinstance(refusal, AddressRefusal):
        seconds = math.ceil(refusal.retry_after / 1000)
        html = f"<html><body><h1>{refusal.status} {refusal.message}</h1></body></html>"
        return Reply(refusal.status, (HTML, ("retry-after", str(seconds))), html.encode())
    error = {"code": refusal.code, "msg": refusal.message, "timestamp": visit.time}
    return Reply(refusal.status, _headers(visit, form), encode(error).encode())


def _headers(visit: Visit, form: RateHeaders | None) -> tuple[tuple[str, str], ...]:
    if visit.limit is None or form is None:
        return (JSON,)
    expires_in = visit.limit.expires_at(visit.at) - visit.at
    expire = {
        "epoch-ms": visit.time + expires_in,
        "epoch-s": (visit.time + expires_in) / 1000,
        "remaining-ms": expires_in,
    }[form]
    return (
        JSON,
        ("x-ratelimit-requests-remain", str(visit.limit.remaining(visit.at))),
        ("x-ratelimit-requests-expire", str(math.ceil(expire))),
    )
