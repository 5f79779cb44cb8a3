"""Endpoints of every kind: public ones, those that need only a key, and several methods on one path."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from bingx_async.catalogue import CATALOGUE
from bingx_async.core.catalogue import Catalogue, profiles_of
from bingx_async.core.endpoint import Auth, Endpoint
from bingx_async.core.quota import IpGroup, Quota
from bingx_async.emulator import AddressStats, Emulator, EndpointStats, Request
from bingx_async.emulator.exchange import Exchange
from bingx_async.emulator.samples import sample_data
from bingx_async.emulator.traffic import encode
from bingx_async.spot.cancels import CANCEL_ORDER
from bingx_async.spot.market import SERVER_TIME
from tests.emulator.calls import HEADERS, NOW, UID, call, code, exchange, read

KEY_PATH = "/openApi/user/auth/userDataStream"
LISTEN_KEY = [
    Endpoint(name, method, KEY_PATH, IpGroup.ACCOUNT, lambda data: data, auth=Auth.KEY, quota=Quota(limit, 1.0))
    for name, method, limit in (("create", "POST", 2), ("extend", "PUT", 3), ("close", "DELETE", 4))
]
DEPTH = Endpoint("depth", "GET", "/openApi/depth", IpGroup.MARKET, lambda data: data, auth=Auth.PUBLIC)
MINE = Catalogue((*LISTEN_KEY, DEPTH))


def sampled(endpoint: Endpoint[Any]) -> bool:
    """Whether the endpoint has a sample."""
    return (files("bingx_async.emulator.samples") / f"{endpoint.name}.json").is_file()


def my_exchange() -> Exchange:
    """An exchange of these endpoints alone; each answers its name, its parameters and the size of the book."""

    def behaviour(name: str) -> Any:
        return lambda desk, params: {"name": name, "params": dict(params), "orders": len(desk.book.orders)}

    behaviours = {endpoint.name: behaviour(endpoint.name) for endpoint in MINE}
    return Exchange(Emulator(profile=profiles_of(MINE)["documented"]).settings, MINE, behaviours)


def key_only(method: str, query: str = "", headers: dict[str, str] = HEADERS) -> Request:
    """A request with the key's header and nothing else."""
    return Request(method, KEY_PATH, query, headers)


def test_methods_of_one_path_are_endpoints_of_their_own() -> None:
    """Each method has its own behaviour, quota and counts; one that no endpoint has is an unknown path."""
    each = my_exchange()
    answers = {method: read(each.handle(key_only(method), NOW)) for method in ("POST", "PUT", "DELETE", "GET")}
    assert {method: answer.get("data", {}).get("name") for method, answer in answers.items()} == {
        "POST": "create",
        "PUT": "extend",
        "DELETE": "close",
        "GET": None,
    }
    assert answers["GET"]["code"] == code(each.handle(call("/nowhere"), NOW)) == 100400
    accepted = {method: [code(each.handle(key_only(method), NOW + 5)) for _ in range(5)].count(0) for method in answers}
    assert accepted == {"POST": 1, "PUT": 2, "DELETE": 3, "GET": 0}
    assert each.tally.freeze().endpoints[UID, LISTEN_KEY[0].route] == EndpointStats(
        2, refused=1, closed=3, arrivals=(NOW, *[NOW + 5] * 5)
    )


def test_a_key_is_enough() -> None:
    """Without timestamp and signature an endpoint that needs only the key answers; without a known key it does not."""
    each = my_exchange()
    answer = read(each.handle(key_only("PUT", "listenKey=abc"), NOW))
    assert answer["data"] == {"name": "extend", "params": {"listenKey": "abc"}, "orders": 0}
    refused = [each.handle(key_only("PUT", headers=headers), NOW) for headers in ({}, {"x-bx-apikey": "other"})]
    assert [code(reply) for reply in refused] == [100413, 100413]


def test_public_endpoints_need_no_key() -> None:
    """They read their parameters, know no account, and are counted for the address alone, whatever key is shown."""
    each = my_exchange()
    headers: list[dict[str, str]] = [{}, HEADERS, {"x-bx-apikey": "other"}]
    replies = [each.handle(Request("GET", DEPTH.path, "symbol=BTC-USDT&limit=5", head), NOW) for head in headers]
    data = {"name": "depth", "params": {"symbol": "BTC-USDT", "limit": "5"}, "orders": 0}
    assert [read(reply)["data"] for reply in replies] == [data] * 3
    assert [name for name, _ in replies[1].headers] == ["content-type"]
    stats = each.tally.freeze()
    assert (dict(stats.endpoints), dict(stats.addresses)) == ({}, {("127.0.0.1", 1): AddressStats(3)})


def test_a_saturated_account_still_reads_market_data() -> None:
    """A public endpoint is open while everything of the account is closed."""
    each = exchange(profile="documented")
    for endpoint in CATALOGUE:
        each.enforcement.close((UID, endpoint.route), int(NOW) + 1000)
    replies = [
        each.handle(call(CANCEL_ORDER.path), NOW),
        each.handle(Request("GET", SERVER_TIME.path, "", HEADERS), NOW),
    ]
    assert [code(reply) for reply in replies] == [100410, 0]


def test_an_endpoint_without_behaviour_answers_its_sample() -> None:
    """Whatever the parameters are, the data is the sample's, every digit of it."""
    each = Exchange(Emulator(profile="unlimited").settings, behaviours={})
    found = [endpoint for endpoint in CATALOGUE if endpoint.has_code and not endpoint.is_public and sampled(endpoint)]
    replies = {endpoint.name: each.handle(call(endpoint.path, method=endpoint.method), NOW).body for endpoint in found}
    data = b'{"code":0,"msg":"","debugMsg":"","data":%b}'
    assert len(replies) >= 7
    assert replies == {name: data % encode(sample_data(name)).encode() for name in replies}
