"""Signed requests for the emulator's tests, signed by an arithmetic of their own."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

from bingx_async.core.catalogue import Profile
from bingx_async.core.quota import IpGroup, Quota
from bingx_async.emulator import Account, Emulator, Reply, Request
from bingx_async.emulator.exchange import Exchange
from bingx_async.emulator.trading.orders import Order

NOW = 1_700_000_000_000.0
UID = "1001"
HEADERS = {"x-bx-apikey": f"emulator-key-{UID}"}
SECRET = f"emulator-secret-{UID}"
SYMBOL = "BTC-USDT"


def exchange(
    quotas: dict[str | IpGroup, Quota] | None = None, profile: str | Profile = "unlimited", **options: Any
) -> Exchange:
    """An exchange with the settings of an emulator; no quotas unless named."""
    return Exchange(Emulator(profile=profile, quotas=quotas, **options).settings)


def account(**fields: Any) -> Account:
    """The first default account, altered."""
    return Account(**{"account": UID, "api_key": HEADERS["x-bx-apikey"], "secret_key": SECRET, **fields})


def tokens(params: dict[str, Any], now: float = NOW, secret: str = SECRET) -> list[tuple[str, str]]:
    """The parameters with timestamp and signature, as texts, in the order they were given."""
    stamped = [(name, str(value)) for name, value in {"timestamp": int(now), **params}.items()]
    text = "&".join(f"{name}={value}" for name, value in sorted(stamped))
    signature = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return [*stamped, ("signature", signature)]


def query(params: dict[str, Any], now: float = NOW, secret: str = SECRET) -> str:
    """The signed parameters as a query string."""
    return "&".join(f"{name}={value}" for name, value in tokens(params, now, secret))


def call(path: str, now: float = NOW, carrier: str = "query", method: str = "POST", **params: Any) -> Request:
    """A signed request."""
    if carrier == "json":
        return Request(method, path, "", HEADERS, json.dumps(dict(tokens(params, now))).encode())
    if carrier == "form":
        return Request(method, path, "", HEADERS, query(params, now).encode())
    return Request(method, path, query(params, now), HEADERS)


def read(reply: Reply) -> Any:
    """The reply's JSON."""
    return json.loads(reply.body)


def code(reply: Reply) -> int:
    """The reply's code."""
    return int(read(reply)["code"])


def rest(exchange: Exchange, n: int = 1, uid: str = UID, **fields: Any) -> list[int]:
    """Put orders on an account's book; their ids."""
    exchange.floor.timeline.advance(int(NOW))
    engine = exchange.floor.engine
    ids = [next(engine.ids) for _ in range(n)]
    for order_id in ids:
        order = Order(order_id, **{"symbol": SYMBOL, "side": "BUY", "price": "50000", "quantity": "0.1", **fields})
        order.account = uid
        engine.rest(order)
    return ids
