"""The doors of the exchange: the requests that pass, the codes of the refused, and the counts meanwhile."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from bingx_async.catalogue import CATALOGUE
from bingx_async.core.catalogue import Profile
from bingx_async.core.endpoint import Endpoint
from bingx_async.core.quota import IpGroup, Quota
from bingx_async.emulator import Account, Request
from bingx_async.emulator.exchange import Exchange
from bingx_async.emulator.stats import AddressStats, EndpointStats
from bingx_async.spot.cancels import CANCEL_OPEN_ORDERS, CANCEL_ORDER, CANCEL_ORDERS
from bingx_async.spot.market import SERVER_TIME, SERVER_TIME_OLD
from bingx_async.spot.oco import CANCEL_OCO_ORDER, PLACE_OCO_ORDER
from bingx_async.spot.placing import PLACE_ORDER
from tests.emulator.calls import HEADERS, NOW, SYMBOL, UID, account, call, code, exchange, query, read, rest

PRIVATE = [endpoint for endpoint in CATALOGUE if not endpoint.is_public]
CLOSED = "code:100410:The endpoint trigger frequency limit rule is currently in the disabled period"


def ask(each: Exchange, path: str = CANCEL_OPEN_ORDERS.path, at: float = NOW, **params: Any) -> Any:
    """The JSON of the reply to a signed request."""
    return read(each.handle(call(path, at, **params), at))


@pytest.mark.parametrize("path", [SERVER_TIME.path, SERVER_TIME_OLD.path])
def test_server_time(path: str) -> None:
    """The time endpoints need no key and tell the server's clock in whole milliseconds."""
    reply = exchange(clock_offset_ms=250).handle(Request("GET", path), NOW + 0.9)
    assert (reply.status, read(reply)["code"], read(reply)["data"]) == (200, 0, {"serverTime": int(NOW) + 250})


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/nowhere"), ("GET", CANCEL_ORDER.path), ("POST", SERVER_TIME.path)]
)
def test_unknown_path(method: str, path: str) -> None:
    """A path that does not exist, or not with this method, is 100400 and counts nowhere."""
    each = exchange(profile="documented")
    reply = each.handle(call(path, method=method), NOW)
    assert (reply.status, code(reply), dict(each.tally.freeze().addresses)) == (200, 100400, {})
    assert read(reply)["msg"].startswith("this api is not exist")


@pytest.mark.parametrize("headers", [{}, {"x-bx-apikey": "unknown"}])
def test_incorrect_key(headers: dict[str, str]) -> None:
    """Without a known key the request is 100413, before its parameters are looked at."""
    reply = exchange().handle(Request("POST", CANCEL_ORDER.path, "", headers, b"{"), NOW)
    assert (reply.status, read(reply)) == (
        200,
        {"code": 100413, "msg": "Incorrect apiKey", "timestamp": int(NOW)},
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("symbol=BTC-USDT", 100412),
        ("signature=", 100412),
        ("signature=x", 100421),
        ("timestamp=&signature=x", 100421),
        ("timestamp=soon&signature=x", 80014),
        ("timestamp=nan&signature=x", 80014),
        (f"timestamp={int(NOW)}&recvWindow=long&signature=x", 80014),
        (f"timestamp={int(NOW)}&signature=x", 100001),
    ],
)
def test_doors_in_order(text: str, expected: int) -> None:
    """Signature there, timestamp there and a number, signature fits: the first that fails answers."""
    assert code(exchange().handle(Request("POST", CANCEL_ORDER.path, text, HEADERS), NOW)) == expected


def test_unreadable_body() -> None:
    """A body that cannot be read is refused by the gateway and counts for no account."""
    each = exchange()
    reply = each.handle(Request("POST", CANCEL_ORDER.path, "", HEADERS, b"{"), NOW)
    assert (code(reply), dict(each.tally.freeze().endpoints)) == (100400, {})


@pytest.mark.parametrize(
    ("age", "window", "expected"),
    [
        (5000, None, 0),
        (5001, None, 100421),
        (-1000, None, 0),
        (-1001, None, 100421),
        (300, 300, 0),
        (301, 300, 100421),
        (301, "300.5", 100421),
        (5001, 60000, 100421),
        (4000, 0, 0),
    ],
)
def test_receive_window(age: int, window: Any, expected: int) -> None:
    """A timestamp may be as old as recvWindow, 5000 ms at most and by default, and one second ahead."""
    params = {} if window is None else {"recvWindow": window}
    reply = exchange().handle(call(CANCEL_OPEN_ORDERS.path, NOW - age, **params), NOW)
    assert code(reply) == expected


def test_timestamp_text() -> None:
    """The refusal speaks of the timestamp, in the words of the documentation."""
    message = read(exchange().handle(call(CANCEL_ORDER.path, NOW - 6000), NOW))["msg"]
    assert message.startswith("Null timestamp or timestamp mismatch, try to run our sample code from the link https://")


def test_server_clock_judges_the_timestamp() -> None:
    """The server's clock is `clock_offset_ms` ahead: only stamps near it pass."""
    each = exchange(clock_offset_ms=60_000)
    codes = [code(each.handle(call(CANCEL_OPEN_ORDERS.path, NOW + ahead), NOW)) for ahead in (0, 60_000)]
    assert codes == [100421, 0]


@pytest.mark.parametrize("carrier", ["query", "json", "form"])
def test_every_carrier_is_read(carrier: str) -> None:
    """The same signed parameters pass in each carrier."""
    assert code(exchange().handle(call(CANCEL_OPEN_ORDERS.path, carrier=carrier, symbol=SYMBOL), NOW)) == 0


@pytest.mark.parametrize("carrier", ["query", "json", "form"])
def test_carrier_left_out(carrier: str) -> None:
    """In a carrier that is not read, the gateway finds no signature; the other two pass."""
    others = {"query", "json", "form"} - {carrier}
    each = exchange(carriers=others)
    codes = {name: code(each.handle(call(CANCEL_OPEN_ORDERS.path, carrier=name), NOW)) for name in (carrier, *others)}
    assert codes == {carrier: 100412, **dict.fromkeys(others, 0)}


def test_signature_over_json_numbers_as_written() -> None:
    """A JSON number is signed as its own text: 0.10 is not 0.1."""
    pairs = dict(part.split("=") for part in query({"quantity": "0.10"}).split("&"))
    body = b'{"quantity":%s,"timestamp":%s,"signature":"%s"}'
    bodies = [body % (number, pairs["timestamp"].encode(), pairs["signature"].encode()) for number in (b"0.10", b"0.1")]
    codes = [
        code(exchange().handle(Request("POST", CANCEL_OPEN_ORDERS.path, "", HEADERS, each), NOW)) for each in bodies
    ]
    assert codes == [0, 100001]


def test_re_encoded_values_do_not_fit() -> None:
    """A comma that was signed raw and sent as %2C is a mismatch, as at the exchange."""
    signed = query({"symbol": SYMBOL, "orderIds": "1,2", "process": 1})
    each = exchange()
    codes = [
        code(each.handle(Request("POST", CANCEL_ORDERS.path, text, HEADERS), NOW))
        for text in (signed, signed.replace(",", "%2C"))
    ]
    assert codes == [0, 100001]


def test_quota_of_the_account() -> None:
    """Five pass, the sixth closes the endpoint until a server moment, and all before it hear of the same moment."""
    each = exchange(profile="documented", clock_offset_ms=70, penalty_ms=3000)
    ids = rest(each, 8)
    until = int(NOW) + 70 + 3000
    at = [NOW] * 7 + [until - 71.0, until - 70.0]
    replies = [
        each.handle(call(CANCEL_ORDER.path, t, symbol=SYMBOL, orderId=i), t)
        for t, i in zip(at, [*ids, ids[5]], strict=True)
    ]
    refusal = {"code": 100410, "msg": f"{CLOSED} and will be unblocked after {until}"}
    assert [code(reply) for reply in replies] == [0] * 5 + [100410] * 3 + [0]
    assert [reply.status for reply in replies] == [200] * 9
    assert [{name: read(reply)[name] for name in refusal} for reply in replies[5:8]] == [refusal] * 3
    stats = each.tally.freeze().of(UID, CANCEL_ORDER.path)
    assert stats == EndpointStats(accepted=6, refused=1, closed=2, arrivals=tuple(at))


def test_refusal_bears_the_server_time() -> None:
    """Each error carries the server's time as `timestamp`, in ms."""
    assert ask(exchange(clock_offset_ms=40), CANCEL_ORDER.path, NOW)["timestamp"] == int(NOW) + 40


def test_plain_penalty() -> None:
    """With the plain style the text names no moment, but the endpoint is closed all the same."""
    each = exchange({CANCEL_OPEN_ORDERS.path: Quota(1, 1.0)}, penalty_style="plain", penalty_ms=3000)
    messages = [ask(each, at=NOW + ms).get("msg") for ms in (0, 1, 2999, 3001)]
    assert messages == ["", "rate limited", "rate limited", ""]


def test_a_closed_endpoint_is_closed_alone() -> None:
    """Neither another endpoint of the account nor another account at the endpoint is closed."""
    each = exchange(profile="documented")
    each.enforcement.close((UID, CANCEL_OPEN_ORDERS.route), int(NOW) + 1000)
    other = evolve(call(CANCEL_OPEN_ORDERS.path), headers={"x-bx-apikey": "emulator-key-1002"})
    other = evolve(other, query=query({}, secret="emulator-secret-1002"))
    assert [ask(each)["code"], ask(each, CANCEL_ORDER.path)["code"], code(each.handle(other, NOW))] == [
        100410,
        100400,
        0,
    ]


def test_keys_of_one_account_share_its_quota_and_book() -> None:
    """Two keys of one account draw on one quota and see one book."""
    second = account(api_key="second", secret_key="other")
    each = exchange({CANCEL_OPEN_ORDERS.path: Quota(1, 1.0)}, accounts=[account(), second])
    rest(each, 3)
    by_second = Request("POST", CANCEL_OPEN_ORDERS.path, query({}, secret="other"), {"x-bx-apikey": "second"})
    assert len(read(each.handle(by_second, NOW))["data"]["orders"]) == 3
    assert ask(each)["code"] == 100410


def test_a_path_without_a_quota_is_not_counted() -> None:
    """A profile that names no quota for an endpoint allows any number of calls."""
    each = exchange(profile=Profile("mine", CATALOGUE, {}))
    assert [ask(each)["code"] for _ in range(20)] == [0] * 20


@pytest.mark.parametrize("endpoint", PRIVATE, ids=lambda endpoint: endpoint.route)
def test_quota_of_the_interface(endpoint: Endpoint[Any]) -> None:
    """300 requests per address and endpoint in 10 s; the next is HTTP 429 with the wait, another address passes."""
    each = exchange(profile="documented")
    addresses = ["10.0.0.1"] * 301 + ["10.0.0.2"]
    requests = [Request(endpoint.method, endpoint.path, address=address) for address in addresses]
    replies = [each.handle(request, NOW + index) for index, request in enumerate(requests)]
    assert [reply.status for reply in replies] == [200] * 300 + [429, 200]
    assert dict(replies[300].headers) == {"content-type": "text/html", "retry-after": "10"}
    assert each.tally.freeze().addresses["10.0.0.1", endpoint.route] == AddressStats(300, 1)


@pytest.mark.parametrize(
    ("group", "endpoints", "limit"),
    [
        (IpGroup.TRADE, [CANCEL_ORDER, CANCEL_ORDERS, CANCEL_OPEN_ORDERS, PLACE_ORDER], 2000),
        (IpGroup.ACCOUNT, [PLACE_OCO_ORDER, CANCEL_OCO_ORDER], 2000),
        (IpGroup.MARKET, [SERVER_TIME, SERVER_TIME_OLD], 500),
    ],
)
def test_quota_of_the_group(group: IpGroup, endpoints: list[Endpoint[Any]], limit: int) -> None:
    """The endpoints of a group share its quota; another group's endpoint still passes."""
    each = exchange({group: Quota(limit, 10.0)})
    requests = [Request(endpoint.method, endpoint.path) for endpoint in endpoints]
    statuses = [each.handle(requests[n % len(requests)], NOW).status for n in range(limit + 1)]
    stranger = CANCEL_OCO_ORDER.path if group is IpGroup.TRADE else CANCEL_ORDER.path
    assert statuses == [200] * limit + [429]
    assert each.handle(Request("POST", stranger), NOW).status == 200
    assert each.tally.freeze().addresses["127.0.0.1", int(group)] == AddressStats(limit, 1)


def test_market_group_is_counted_twice() -> None:
    """500 per 10 s and 1000 per minute: the third batch of 10 s finds the minute full."""
    each = exchange(profile="documented")
    passed = [
        sum(each.handle(Request("GET", SERVER_TIME.path), NOW + at).status == 200 for _ in range(600))
        for at in (0, 10_000, 20_000, 60_000)
    ]
    assert passed == [500, 500, 0, 500]


def test_a_refused_request_takes_no_place_in_the_group() -> None:
    """A request that one bucket of the address refuses is not counted in its others."""
    each = exchange(profile="documented")
    for _ in range(302):
        each.handle(Request("POST", CANCEL_ORDER.path), NOW)
    addresses = each.tally.freeze().addresses
    assert addresses["127.0.0.1", int(IpGroup.TRADE)] == AddressStats(300, 0)
    assert addresses["127.0.0.1", CANCEL_ORDER.route] == AddressStats(300, 2)


@pytest.mark.parametrize(
    ("form", "expire"),
    [("epoch-ms", int(NOW) + 1070), ("epoch-s", int(NOW) // 1000 + 2), ("remaining-ms", 700)],
)
def test_rate_headers(form: Any, expire: int) -> None:
    """Remain is what is left after this call, expire when the next place comes free, in the form chosen."""
    each = exchange(profile="documented", rate_headers=form, clock_offset_ms=70)
    each.handle(call(CANCEL_ORDER.path), NOW)
    headers = dict(each.handle(call(CANCEL_ORDER.path), NOW + 300).headers)
    assert headers["x-ratelimit-requests-remain"] == "3"
    assert headers["x-ratelimit-requests-expire"] == str(expire)


def test_no_rate_headers() -> None:
    """None leaves them out, and so does a quota that is not counted."""
    replies = [
        exchange(profile="documented", rate_headers=None).handle(call(CANCEL_ORDER.path), NOW),
        exchange().handle(call(CANCEL_ORDER.path), NOW),
    ]
    assert [[name for name, _ in reply.headers] for reply in replies] == [["content-type"]] * 2


@pytest.mark.parametrize(("model", "accepted"), [("sliding", 5), ("fixed-first", 5), ("fixed-clock", 10), ("token", 9)])
def test_models_count_differently(model: Any, accepted: int) -> None:
    """A saturated second across the turn of the clock shows which way the exchange counts."""
    each = exchange({CANCEL_ORDER.path: Quota(5, 1.0)}, model=model, penalty_ms=0)
    start = NOW - 500
    replies = [each.handle(call(CANCEL_ORDER.path, start + ms), start + ms) for ms in range(0, 1000, 10)]
    assert sum(code(reply) == 100400 for reply in replies) == accepted


def test_codes_are_counted() -> None:
    """Every reply is counted under its code, those of the gateway too."""
    each = exchange()
    ask(each)
    each.handle(Request("POST", CANCEL_ORDER.path), NOW)
    stats = each.tally.freeze()
    assert (dict(stats.codes), stats.accepted, stats.refused) == ({0: 1, 100413: 1}, 1, 0)


def test_account_shows_no_secret() -> None:
    """The repr of an account names neither key nor secret."""
    assert repr(Account("7", "key", "secret")) == "Account(account='7', balance=None)"
