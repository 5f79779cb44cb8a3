"""Every endpoint of the catalogue beside its sample: the bytes of the request by every carrier, the reply, the model.

The expected bytes are put together here from the sample's parameters, by an arithmetic of this file's own.
"""

from __future__ import annotations

import hashlib
import hmac
import inspect
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from urllib.parse import quote

import attrs
import httpx
import pytest
import respx

from bingx_async import ApiError, BingXClient, Facts, Governor, OrderNotFound, __version__
from bingx_async.account import AccountApi
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
CALLED = [endpoint for endpoint in ENDPOINTS if hasattr(SpotApi, endpoint.name) or hasattr(AccountApi, endpoint.name)]
MOST_ITEMS = 600
CARRIERS = ["json", "query", "form"]
every_endpoint = pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.route)
every_method = pytest.mark.parametrize("endpoint", CALLED, ids=lambda endpoint: endpoint.route)


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
    reply = load_sample(endpoint.name)["reply"]
    return "" if reply is None else encode(reply)


def result_of(endpoint: Endpoint[Any]) -> Any:
    """What the sample's call returns."""
    sample = load_sample(endpoint.name)
    return plain(sample.get("result", sample["model"]))


def line_of(params: dict[str, Any]) -> str:
    """The text that is signed: lists, mappings and booleans as compact JSON, anything else as it is."""
    tokens = {name: value if isinstance(value, str) else compact(value) for name, value in params.items()}
    return "&".join(f"{name}={tokens[name]}" for name in sorted(tokens))


def compact(value: Any) -> str:
    """JSON without blanks."""
    return json.dumps(value, separators=(",", ":"))


def encoded(line: str) -> str:
    """The same as it travels in a query string, its last parameter included."""
    if line.isascii() and not set("[{#") & set(line):
        return line
    return "&".join(
        f"{name}={quote(value, safe='')}" for name, value in (pair.split("=", 1) for pair in line.split("&"))
    )


def signed(params: dict[str, Any]) -> str:
    """The signed text and its signature."""
    text = line_of(params)
    return f"{text}&signature={hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()}"


def expected(endpoint: Endpoint[Any], chosen: str) -> tuple[str, str, dict[str, str]]:
    """Query, body and headers of the sample's request, by the `chosen` carrier if the endpoint forces none."""
    business: dict[str, Any] = load_sample(endpoint.name)["sent"]
    headers = {"user-agent": f"bingx-async/{__version__}"}
    if endpoint.auth is not Auth.PUBLIC:
        headers["x-bx-apikey"] = KEY
    if endpoint.auth is not Auth.SIGNED:
        return encoded(line_of({**business, **({"timestamp": NOW} if endpoint.is_stamped else {})})), "", headers
    params = {**business, "recvWindow": 5000, "timestamp": NOW}
    line, carrier = signed(params), endpoint.carrier or chosen
    if endpoint.method == "GET" or carrier == "query":
        return encoded(line), "", headers
    if carrier == "form":
        return "", line, {**headers, "content-type": "application/x-www-form-urlencoded"}
    tokens = {name: params[name] for name in sorted(params)} | {"signature": line.rpartition("=")[2]}
    return "", compact(tokens), {**headers, "content-type": "application/json"}


async def answer_of(client: BingXClient, endpoint: Endpoint[Any]) -> Any:
    """What the method returns to the sample's call; an iterator's first items, as the emulator's market is endless."""
    group = client.spot if hasattr(client.spot, endpoint.name) else client.account
    found = getattr(group, endpoint.name)(**load_sample(endpoint.name)["call"])
    if not isinstance(found, AsyncGenerator):
        return await found
    items: list[Any] = []
    async with aclosing(found):
        async for each in found:
            items.append(each)
            if len(items) == MOST_ITEMS:
                break
    return items


def perform(backend: Backend, endpoint: Endpoint[Any], carrier: Any) -> tuple[httpx.Request, Any]:
    """The first request of the sample's call, and the model that it returned."""

    async def main() -> tuple[httpx.Request, Any]:
        router = respx.MockRouter(assert_all_called=False)
        for time in TIME_ENDPOINTS:
            router.get(path=time.path).respond(json={"code": 0, "data": {"serverTime": NOW}})
        route = router.request(endpoint.method, path=endpoint.path).respond(text=reply_of(endpoint))
        transport = httpx.MockTransport(router.async_handler)
        governor = Governor(clock=simulated_clock())
        facts = Facts(market_family="quote" if "/quote/" in endpoint.path else "v1")
        settings: Any = {"governor": governor, "transport": transport, "carrier": carrier, "facts": facts}
        async with BingXClient(KEY, SECRET, **settings) as client:
            model = await answer_of(client, endpoint)
        return route.calls[0].request, model

    return run(backend, main)


@every_endpoint
def test_reply_becomes_the_model(endpoint: Endpoint[Any]) -> None:
    """Every field that the sample's reply fills has exactly the sample's value, all digits kept."""
    raw = parse(reply_of(endpoint) or "{}")
    assert raw is not None
    assert plain(endpoint.read(raw["data"] if "code" in raw else raw)) == plain(load_sample(endpoint.name)["model"])


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
    assert plain(model) == result_of(endpoint)


@every_method
def test_method_has_a_signature_of_its_own(endpoint: Endpoint[Any]) -> None:
    """The method names all of its arguments, takes the options of every call, and is documented."""
    method = getattr(SpotApi if hasattr(SpotApi, endpoint.name) else AccountApi, endpoint.name)
    kinds = [parameter.kind for parameter in inspect.signature(method).parameters.values()]
    assert kinds.count(inspect.Parameter.VAR_KEYWORD) == 1
    assert inspect.Parameter.VAR_POSITIONAL not in kinds
    assert set(load_sample(endpoint.name)["call"]) <= set(inspect.signature(method).parameters)
    assert (method.__doc__ or "").strip().endswith(".")


@backends
@every_method
def test_the_emulator_answers_it(endpoint: Endpoint[Any], backend: Backend) -> None:
    """The emulator understands the sample's call: the same model, or it has no such order or key."""

    async def main() -> Any:
        first = default_accounts()[0]
        clock = simulated_clock()
        transport, governor = Emulator(clock=clock.wall).transport(), Governor(clock=clock)
        settings: Any = {"transport": transport, "governor": governor}
        async with BingXClient(first.api_key, first.secret_key, **settings) as client:
            try:
                return await answer_of(client, endpoint)
            except ApiError as error:
                if not isinstance(error, OrderNotFound) and "listen_key" not in endpoint.name:
                    raise
                return error

    answer = run(backend, main)
    assert isinstance(answer, (ApiError, type(endpoint.read(sample_data(endpoint.name)))))
    if endpoint.name not in BEHAVIOURS:
        assert plain(answer) == result_of(endpoint)


@every_endpoint
def test_the_emulator_has_a_route(endpoint: Endpoint[Any]) -> None:
    """Every endpoint of the catalogue is a route of the emulator."""
    reply = Emulator().handle(Request(endpoint.method, endpoint.path))
    assert b"this api is not exist" not in reply.body
