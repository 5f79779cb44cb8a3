"""Every endpoint of the catalogue beside its sample: the bytes of the request by every carrier, the reply, the model.

The expected bytes are put together here from the sample's parameters, by an arithmetic of this file's own.
"""

from __future__ import annotations

import hashlib
import hmac
import inspect
import json
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import attrs
import httpx
import pytest
import respx

from bingx_async import BingXClient, Governor, OrderNotFound, __version__
from bingx_async.catalogue import CATALOGUE
from bingx_async.core.endpoint import Auth, Endpoint
from bingx_async.core.wire import parse
from bingx_async.emulator import Emulator, Request, default_accounts
from bingx_async.emulator.behaviours import BEHAVIOURS
from bingx_async.emulator.samples import load_sample, sample_data
from bingx_async.emulator.traffic import encode
from bingx_async.spot import SpotApi
from bingx_async.spot.market import TIME_ENDPOINTS
from bingx_async.testing import simulated_clock
from tests.client.exchange import KEY, SECRET, Backend, backends, run

HOST = "https://open-api.bingx.com"
NOW = 1790000000000
ENDPOINTS = list(CATALOGUE)
CALLED = [endpoint for endpoint in ENDPOINTS if hasattr(SpotApi, endpoint.name)]
CARRIERS = ["json", "query", "form"]
every_endpoint = pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.path)
every_method = pytest.mark.parametrize("endpoint", CALLED, ids=lambda endpoint: endpoint.name)


def plain(value: Any) -> Any:
    """A model as JSON would have it, without the fields that are at their defaults."""
    if attrs.has(type(value)):
        fields = {field.name: field.default for field in attrs.fields(type(value)) if field.eq}
        return {
            name: plain(getattr(value, name)) for name, default in fields.items() if getattr(value, name) != default
        }
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, (Decimal, Enum)) else value


def reply_of(endpoint: Endpoint[Any]) -> str:
    """The text of the sample's reply."""
    return encode(load_sample(endpoint.name)["reply"])


def signed(params: dict[str, Any]) -> str:
    """The signed text and its signature."""
    text = "&".join(f"{name}={params[name]}" for name in sorted(params))
    return f"{text}&signature={hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()}"


def expected(endpoint: Endpoint[Any], carrier: str) -> tuple[str, str, dict[str, str]]:
    """Query, body and headers of the sample's request."""
    business: dict[str, Any] = load_sample(endpoint.name)["sent"]
    agent = {"user-agent": f"bingx-async/{__version__}"}
    if endpoint.auth is Auth.PUBLIC:
        params = {**business, "timestamp": NOW}
        return "&".join(f"{name}={params[name]}" for name in sorted(params)), "", agent
    params = {**business, "recvWindow": 5000, "timestamp": NOW}
    line, headers = signed(params), {**agent, "x-bx-apikey": KEY}
    if endpoint.method == "GET" or carrier == "query":
        return line, "", headers
    if carrier == "form":
        return "", line, {**headers, "content-type": "application/x-www-form-urlencoded"}
    tokens = {name: params[name] for name in sorted(params)} | {"signature": line.rpartition("=")[2]}
    return "", json.dumps(tokens, separators=(",", ":")), {**headers, "content-type": "application/json"}


def perform(backend: Backend, endpoint: Endpoint[Any], carrier: Any) -> tuple[httpx.Request, Any]:
    """The last request of the sample's call, and the model that it returned."""

    async def main() -> tuple[httpx.Request, Any]:
        router = respx.MockRouter(assert_all_called=False)
        for time in TIME_ENDPOINTS:
            router.get(path=time.path).respond(json={"code": 0, "data": {"serverTime": NOW}})
        router.request(endpoint.method, path=endpoint.path).respond(text=reply_of(endpoint))
        transport = httpx.MockTransport(router.async_handler)
        governor = Governor(clock=simulated_clock())
        async with BingXClient(KEY, SECRET, governor=governor, transport=transport, carrier=carrier) as client:
            model = await getattr(client.spot, endpoint.name)(**load_sample(endpoint.name)["call"])
        return router.calls[-1].request, model

    return run(backend, main)


@every_endpoint
def test_reply_becomes_the_model(endpoint: Endpoint[Any]) -> None:
    """Every field that the sample's reply fills has exactly the sample's value, all digits kept."""
    raw = parse(reply_of(endpoint))
    assert raw is not None
    assert plain(endpoint.read(raw["data"])) == plain(load_sample(endpoint.name)["model"])


@backends
@pytest.mark.parametrize("carrier", CARRIERS)
@every_method
def test_call_becomes_the_bytes(endpoint: Endpoint[Any], carrier: str, backend: Backend) -> None:
    """Method, URL, headers and body are exactly the sample's, and the model is the method's result."""
    request, model = perform(backend, endpoint, carrier)
    query, body, headers = expected(endpoint, carrier)
    assert (request.method, str(request.url)) == (
        endpoint.method,
        f"{HOST}{endpoint.path}{'?' if query else ''}{query}",
    )
    assert request.content.decode() == body
    length = {} if endpoint.method == "GET" else {"content-length": str(len(body))}
    assert dict(request.headers) == {"host": "open-api.bingx.com", **headers, **length}
    assert plain(model) == plain(load_sample(endpoint.name)["model"])


@every_method
def test_method_has_a_signature_of_its_own(endpoint: Endpoint[Any]) -> None:
    """The method names all of its arguments, takes the options of every call, and is documented."""
    method = getattr(SpotApi, endpoint.name)
    kinds = [parameter.kind for parameter in inspect.signature(method).parameters.values()]
    assert kinds.count(inspect.Parameter.VAR_KEYWORD) == 1
    assert inspect.Parameter.VAR_POSITIONAL not in kinds
    assert set(load_sample(endpoint.name)["call"]) <= set(inspect.signature(method).parameters)
    assert (method.__doc__ or "").strip().endswith(".")


@backends
@every_method
def test_the_emulator_answers_it(endpoint: Endpoint[Any], backend: Backend) -> None:
    """The emulator understands the sample's call: its reply is of the same model, or the order is not on its book."""

    async def main() -> Any:
        first = default_accounts()[0]
        async with BingXClient(first.api_key, first.secret_key, transport=Emulator().transport()) as client:
            try:
                return await getattr(client.spot, endpoint.name)(**load_sample(endpoint.name)["call"])
            except OrderNotFound as error:
                return error

    answer = run(backend, main)
    assert isinstance(answer, (OrderNotFound, type(endpoint.read(sample_data(endpoint.name)))))
    if endpoint.name not in BEHAVIOURS:
        assert plain(answer) == plain(load_sample(endpoint.name)["model"])


@every_endpoint
def test_the_emulator_has_a_route(endpoint: Endpoint[Any]) -> None:
    """Every endpoint of the catalogue is a route of the emulator."""
    reply = Emulator().handle(Request(endpoint.method, endpoint.path))
    assert b"this api is not exist" not in reply.body
