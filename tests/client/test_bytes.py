"""The exact bytes of every endpoint by every carrier, and the replies read into models.

The signatures were computed by openssl over the text in the comment, under the secret of `exchange.SECRET`:
`printf '%s' TEXT | openssl dgst -sha256 -hmac the-secret-key-BBBB`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import httpx
import pytest
import respx
from attrs import frozen

from bingx_async import BingXClient, Governor, OcoOrderType, OrderStatus, OrderType, Side, __version__
from bingx_async.testing import simulated_clock
from tests.client.exchange import KEY, SECRET, TIME, TIME_OLD, Backend, Hall, backends, run

HOST = "https://open-api.bingx.com"


@frozen
class Sample:
    """A call, the text that is signed, its signature, and the JSON object without the signature."""

    path: str
    call: Callable[[BingXClient], Awaitable[Any]]
    text: str
    signature: str
    json: str


SAMPLES = {
    "cancel_order": Sample(
        "/openApi/spot/v1/trade/cancel",
        lambda client: client.spot.cancel_order("BTC-USDT", 1736012449498123456, only_if="PENDING"),
        "cancelRestrictions=PENDING&orderId=1736012449498123456&recvWindow=5000&symbol=BTC-USDT&timestamp=1790000000000",
        "630bece0160b2e0a8831dffdcdaa36a1c777cc31a7ac6bb58462b268f2a51ec7",
        '"cancelRestrictions":"PENDING","orderId":1736012449498123456,"recvWindow":5000,"symbol":"BTC-USDT",'
        '"timestamp":1790000000000',
    ),
    "cancel_order by client id": Sample(
        "/openApi/spot/v1/trade/cancel",
        lambda client: client.spot.cancel_order("BTC-USDT", client_order_id="My_order-1.a"),
        "clientOrderID=My_order-1.a&recvWindow=5000&symbol=BTC-USDT&timestamp=1790000000000",
        "5641e3061e7128b19b0df6cf32597fa3f06bee1f08cf4c8cf354e51c842b0baa",
        '"clientOrderID":"My_order-1.a","recvWindow":5000,"symbol":"BTC-USDT","timestamp":1790000000000',
    ),
    "cancel_orders": Sample(
        "/openApi/spot/v1/trade/cancelOrders",
        lambda client: client.spot.cancel_orders("BTC-USDT", [11, "12"], ["a", "b"], partial=True, recv_window=700),
        "clientOrderIDs=a,b&orderIds=11,12&process=1&recvWindow=700&symbol=BTC-USDT&timestamp=1790000000000",
        "c0d206d54e180bfee351800503e8f9eaac9462fe51fe2fd5a4768c515d465781",
        '"clientOrderIDs":"a,b","orderIds":"11,12","process":1,"recvWindow":700,"symbol":"BTC-USDT",'
        '"timestamp":1790000000000',
    ),
    "cancel_open_orders": Sample(
        "/openApi/spot/v1/trade/cancelOpenOrders",
        lambda client: client.spot.cancel_open_orders("BTC-USDT"),
        "recvWindow=5000&symbol=BTC-USDT&timestamp=1790000000000",
        "d877b9e4d927af755064cb9cf68b3e9aee20ce7bd3f0432b13c18497557af739",
        '"recvWindow":5000,"symbol":"BTC-USDT","timestamp":1790000000000',
    ),
    "cancel_all_open_orders": Sample(
        "/openApi/spot/v1/trade/cancelOpenOrders",
        lambda client: client.spot.cancel_all_open_orders(),
        "recvWindow=5000&timestamp=1790000000000",
        "deb15379d787368309a5b253b73b1942931bee52bf5f28460d99e4645a24bc09",
        '"recvWindow":5000,"timestamp":1790000000000',
    ),
    "place_oco_order": Sample(
        "/openApi/spot/v1/oco/order",
        lambda client: client.spot.place_oco_order(
            "BTC-USDT",
            "SELL",
            quantity=Decimal("1E-7"),
            limit_price=70000,
            order_price="49900.50",
            trigger_price=Decimal(50000),
            list_client_order_id="123",
            above_client_order_id=124,
            below_client_order_id="0125",
            check=False,
        ),
        "aboveClientOrderId=124&belowClientOrderId=0125&limitPrice=70000&listClientOrderId=123&orderPrice=49900.50"
        "&quantity=0.0000001&recvWindow=5000&side=SELL&symbol=BTC-USDT&timestamp=1790000000000&triggerPrice=50000",
        "7bb8d5372f3699b4f9cfb93670321695fd0cc4ce6030dcc7ba183e42e8e71422",
        '"aboveClientOrderId":"124","belowClientOrderId":"0125","limitPrice":"70000","listClientOrderId":"123",'
        '"orderPrice":"49900.50","quantity":"0.0000001","recvWindow":5000,"side":"SELL","symbol":"BTC-USDT",'
        '"timestamp":1790000000000,"triggerPrice":"50000"',
    ),
    "cancel_oco_order": Sample(
        "/openApi/spot/v1/oco/cancel",
        lambda client: client.spot.cancel_oco_order("1736012449498123457"),
        "orderId=1736012449498123457&recvWindow=5000&timestamp=1790000000000",
        "4b49456b9f596be46e6d055120fbc962eaa41e18698cb2cbc0be77a845c1f4f9",
        '"orderId":"1736012449498123457","recvWindow":5000,"timestamp":1790000000000',
    ),
    "cancel_oco_order by client id": Sample(
        "/openApi/spot/v1/oco/cancel",
        lambda client: client.spot.cancel_oco_order(client_order_id=123),
        "clientOrderId=123&recvWindow=5000&timestamp=1790000000000",
        "1d45a290e6fefe92a10adc68ffff8c772b8b2441b1522fcb7a5adab438732bbd",
        '"clientOrderId":"123","recvWindow":5000,"timestamp":1790000000000',
    ),
}
PUBLIC = [(b"Host", b"open-api.bingx.com"), (b"User-Agent", f"bingx-async/{__version__}".encode())]


def capture(backend: Backend, carrier: Any, call: Callable[[BingXClient], Awaitable[Any]]) -> list[httpx.Request]:
    """The requests of `call`, as respx saw them."""

    async def main() -> list[httpx.Request]:
        router = respx.MockRouter(assert_all_called=False)
        router.get(path=TIME).respond(json={"code": 0, "data": {"serverTime": 1790000000000}})
        router.route().respond(json={"code": 0, "data": {}})
        governor = Governor(clock=simulated_clock())
        transport = httpx.MockTransport(router.async_handler)
        async with BingXClient(KEY, SECRET, governor=governor, transport=transport, carrier=carrier) as client:
            await call(client)
        sent = [found.request for found in router.calls]
        return [each for each in sent if each.method == "POST" or each.url.path == TIME]

    return run(backend, main)


@backends
@pytest.mark.parametrize("carrier", ["json", "query", "form"])
@pytest.mark.parametrize("name", SAMPLES)
def test_bytes(name: str, carrier: str, backend: Backend) -> None:
    """Method, URL, headers and body are exactly these, and what is signed is what travels."""
    sample = SAMPLES[name]
    signed = f"{sample.text}&signature={sample.signature}"
    query, body, content_type = {
        "json": ("", f'{{{sample.json},"signature":"{sample.signature}"}}', [b"application/json"]),
        "query": (f"?{signed}", "", []),
        "form": ("", signed, [b"application/x-www-form-urlencoded"]),
    }[carrier]

    request = capture(backend, carrier, sample.call)[-1]

    assert request.method == "POST"
    assert str(request.url) == f"{HOST}{sample.path}{query}"
    assert request.content == body.encode()
    assert sorted(request.headers.raw) == sorted(
        [
            *PUBLIC,
            (b"X-BX-APIKEY", KEY.encode()),
            *((b"Content-Type", kind) for kind in content_type),
            (b"Content-Length", str(len(body)).encode()),
        ]
    )


@backends
def test_time_bytes(backend: Backend) -> None:
    """The clock is read with three bare GETs: no key, no parameters, no body."""
    requests = capture(backend, "json", lambda client: client.spot.cancel_open_orders("BTC-USDT"))[:-1]
    assert [(request.method, str(request.url), request.content) for request in requests] == [
        ("GET", f"{HOST}{TIME}", b"")
    ] * 3
    assert [request.headers.raw for request in requests] == [PUBLIC] * 3


ORDER = """{"symbol":"BTC-USDT","orderId":1736012449498123456,"price":"50000.10","StopPrice":"0","origQty":"0.010",
"executedQty":"0.002","cummulativeQuoteQty":"100.0002","status":"CANCELED","type":"LIMIT","side":"BUY",
"clientOrderID":"mine","extra":{"deep":[1]}}"""


def reply(backend: Backend, path: str, data: str, call: Callable[[BingXClient], Awaitable[Any]]) -> Any:
    """What `call` returns when the exchange answers with `data`."""

    async def main() -> Any:
        hall = Hall({path: [f'{{"code":0,"msg":"","debugMsg":"","data":{data}}}']})
        return await call(hall.client())

    return run(backend, main)


@backends
def test_read_order(backend: Backend) -> None:
    """Every documented field is read, all digits kept; what is not named stays in `raw`."""
    order = reply(backend, SAMPLES["cancel_order"].path, ORDER, SAMPLES["cancel_order"].call)
    assert (order.symbol, order.order_id, order.client_order_id) == ("BTC-USDT", 1736012449498123456, "mine")
    assert (order.price, order.stop_price) == (Decimal("50000.10"), Decimal(0))
    assert (order.original_quantity, order.executed_quantity) == (Decimal("0.010"), Decimal("0.002"))
    assert order.cumulative_quote_quantity == Decimal("100.0002")
    assert (order.status, order.type, order.side) == (OrderStatus.CANCELED, OrderType.LIMIT, Side.BUY)
    assert order.raw["extra"] == {"deep": [1]}


@backends
def test_read_cancel_orders(backend: Backend) -> None:
    """A batch returns the cancelled orders and, with the exchange's words, those it could not cancel."""
    data = f'{{"orders":[{ORDER}],"fails":[{{"orderId":12,"error":"order not exist"}}]}}'
    done = reply(backend, SAMPLES["cancel_orders"].path, data, SAMPLES["cancel_orders"].call)
    assert [order.order_id for order in done.orders] == [1736012449498123456]
    assert [(fail.order_id, fail.error) for fail in done.fails] == [(12, "order not exist")]


@backends
@pytest.mark.parametrize("name", ["cancel_open_orders", "cancel_all_open_orders"])
def test_read_open_orders(name: str, backend: Backend) -> None:
    """Cancelling everything returns the orders that were open."""
    other = ORDER.replace("123456,", "123457,")
    orders = reply(backend, SAMPLES[name].path, f'{{"orders":[{ORDER},{other}]}}', SAMPLES[name].call)
    assert [order.client_order_id for order in orders] == ["mine", "mine"]


@backends
def test_read_oco(backend: Backend) -> None:
    """Placing an OCO order returns its two legs, numbers by their text; cancelling one returns its ids."""
    legs = (
        '[{"orderId":"1736012449498123457","clientOrderId":"124","orderType":"ocoLimit","symbol":"BTC-USDT",'
        '"price":70000,"triggerPrice":0,"quantity":0.1,"status":"NEW","side":"SELL"},'
        '{"orderId":"1736012449498123458","clientOrderId":"125","orderType":"ocoTps","symbol":"BTC-USDT",'
        '"price":49900.5,"triggerPrice":50000,"quantity":0.1,"status":"PENDING","side":"SELL","orderListId":"99"}]'
    )
    placed = reply(backend, SAMPLES["place_oco_order"].path, legs, SAMPLES["place_oco_order"].call)
    assert (placed.limit_leg, placed.stop_leg) == placed.legs
    assert placed.order_list_id == "99"
    assert [leg.order_type for leg in placed.legs] == [OcoOrderType.LIMIT, OcoOrderType.STOP_LIMIT]
    assert [leg.price for leg in placed.legs] == [Decimal(70000), Decimal("49900.5")]
    assert [leg.trigger_price for leg in placed.legs] == [Decimal(0), Decimal(50000)]
    assert [leg.quantity for leg in placed.legs] == [Decimal("0.1")] * 2
    assert [(leg.order_id, leg.client_order_id) for leg in placed.legs] == [
        ("1736012449498123457", "124"),
        ("1736012449498123458", "125"),
    ]
    assert [(leg.status, leg.side, leg.symbol) for leg in placed.legs] == [
        (OrderStatus.NEW, Side.SELL, "BTC-USDT"),
        (OrderStatus.PENDING, Side.SELL, "BTC-USDT"),
    ]

    data = '{"orderId":"1736012449498123457","clientOrderId":"124"}'
    gone = reply(backend, SAMPLES["cancel_oco_order"].path, data, SAMPLES["cancel_oco_order"].call)
    assert (gone.order_id, gone.client_order_id) == ("1736012449498123457", "124")


@backends
@pytest.mark.parametrize("data", ["null", "[]", "{}", "7", '"x"', '{"orders":null}', '{"orders":5,"fails":[null]}'])
@pytest.mark.parametrize("name", SAMPLES)
def test_after_code_0_nothing_raises(name: str, data: str, backend: Backend) -> None:
    """Once the exchange has said code 0 a model comes back, whatever else is in the reply."""
    assert reply(backend, SAMPLES[name].path, data, SAMPLES[name].call) is not None


@backends
def test_old_time_endpoint(backend: Backend) -> None:
    """Where the newer time endpoint says nothing, the older one is asked."""

    async def main() -> None:
        hall = Hall({TIME: [(404, "<html>")]}, skew=5000)
        async with hall.client() as client:
            assert [sent.path for sent in hall.exchange.sent] == [TIME] * 3 + [TIME_OLD] * 3
            assert abs(client.clock.now() - hall.exchange.server_ms()) < 1

    run(backend, main)
