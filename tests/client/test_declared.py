"""A request leaves as its endpoint is declared: key, timestamp, carrier, and the errors of its refusals."""

from __future__ import annotations

from typing import Any

import pytest

from bingx_async import ApiError, InvalidRequest, OrderNotFound, OrderRefused, Quota
from bingx_async.core.endpoint import Auth, Call, Effect, Endpoint, Refusals
from bingx_async.core.quota import IpGroup
from bingx_async.core.signing import Carrier
from bingx_async.testing import EPOCH
from tests.client.exchange import KEY, Backend, Hall, Sent, backends, raising, refused, run

PATH = "/openApi/made/up"
PARAMS: dict[str, Any] = {"symbol": "BTC-USDT", "limit": 20, "isFull": True}


def endpoint(method: str = "GET", **declared: Any) -> Endpoint[Any]:
    """A made-up endpoint."""
    return Endpoint("made_up", method, PATH, IpGroup.MARKET, lambda data: data, **{"quota": Quota(5, 1.0), **declared})


def sent(backend: Backend, made_up: Endpoint[Any], key: str | None = KEY, **settings: Any) -> Sent:
    """The request of one call."""

    async def main() -> Sent:
        hall = Hall()
        client = hall.client(key, None if key is None else "secret", **settings)
        await client.sync_clock()
        await client.spot._calls.call(Call(made_up, PARAMS), {})
        (call,) = hall.exchange.calls()
        return call

    return run(backend, main)


@backends
def test_public(backend: Backend) -> None:
    """A public call carries its parameters and the time, and neither key nor signature; it needs no key."""
    call = sent(backend, endpoint(auth=Auth.PUBLIC), key=None)
    assert call.query == f"isFull=true&limit=20&symbol=BTC-USDT&timestamp={int(EPOCH + call.at)}"
    assert (call.body, "X-BX-APIKEY" in call.headers) == (b"", False)


@backends
def test_public_with_a_key(backend: Backend) -> None:
    """The key does not travel where it is not needed."""
    assert "X-BX-APIKEY" not in sent(backend, endpoint(auth=Auth.PUBLIC)).headers


@backends
def test_unstamped(backend: Backend) -> None:
    """Where the exchange wants no timestamp, none is sent."""
    assert sent(backend, endpoint(auth=Auth.PUBLIC, is_stamped=False)).query == "isFull=true&limit=20&symbol=BTC-USDT"


@backends
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_key_only(method: str, backend: Backend) -> None:
    """Where only the key is needed, it travels without a signature, and the parameters in the query string."""
    call = sent(backend, endpoint(method, auth=Auth.KEY, effect=Effect.CHANGE, is_stamped=False))
    assert (call.method, call.query, call.body) == (method, "isFull=true&limit=20&symbol=BTC-USDT", b"")
    assert call.headers["X-BX-APIKEY"] == KEY
    assert (call.headers["Content-Length"], "Content-Type" in call.headers) == ("0", False)


@backends
@pytest.mark.parametrize("auth", [Auth.KEY, Auth.SIGNED])
def test_without_a_key(auth: Auth, backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a key, a call that needs one says so, and nothing is sent."""
    for name in ("BINGX_API_KEY", "BINGX_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)

    async def main() -> None:
        hall = Hall()
        with raising(InvalidRequest) as caught:
            await hall.client(None, None).spot._calls.call(Call(endpoint(auth=auth), {}), {})
        assert "no API key" in str(caught[0])
        assert hall.exchange.sent == []

    run(backend, main)


@backends
@pytest.mark.parametrize("carrier", ["json", "form", "auto"])
def test_forced_carrier(carrier: str, backend: Backend) -> None:
    """A declared carrier is used whatever the client's choice is, and teaches nothing about that choice."""
    call = sent(backend, endpoint("POST", effect=Effect.CREATE, carrier=Carrier.QUERY), carrier=carrier)
    assert (call.carrier, call.params["symbol"], "signature" in call.params) == ("query", "BTC-USDT", True)


@backends
def test_a_signed_get_travels_by_query(backend: Backend) -> None:
    """A GET has no body."""
    call = sent(backend, endpoint(), carrier="json")
    assert (call.carrier, call.body, "signature" in call.params) == ("query", b"", True)


@backends
@pytest.mark.parametrize(
    ("refusals", "reply", "kind"),
    [
        (Refusals(), refused(100404, "not exist"), ApiError),
        (Refusals(), refused(100400, "invalid"), ApiError),
        (Refusals(OrderNotFound, OrderRefused), refused(100404, "not exist"), OrderNotFound),
        (Refusals(OrderNotFound, OrderRefused), refused(100400, "invalid"), OrderRefused),
    ],
)
def test_refusals(refusals: Refusals, reply: str, kind: type[ApiError], backend: Backend) -> None:
    """An endpoint declares the errors of its refusals: not every one is an order's."""

    async def main() -> None:
        hall = Hall({PATH: [reply]})
        with raising(kind):
            await hall.client().spot._calls.call(Call(endpoint(refusals=refusals), {}), {})

    run(backend, main)
