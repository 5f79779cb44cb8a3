"""Placing one order: checked before it is sent, always known by its id, and never refused in words after a yes."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any, cast

import anyio
import httpx
import pytest

from bingx_async import (
    BingXClient,
    InsufficientBalance,
    InvalidRequest,
    Order,
    OrderRefused,
    OutcomeUnknown,
    ResolutionStatus,
    RulesUnavailable,
)
from bingx_async.spot.placing import PLACE_ORDER
from bingx_async.spot.queries import GET_ORDER
from bingx_async.spot.symbols import LIST_SYMBOLS
from tests.client.exchange import HANG, OK, Backend, Exchange, Hall, Sent, backends, refused, run

PLACE, QUERY, SYMBOLS = PLACE_ORDER.path, GET_ORDER.path, LIST_SYMBOLS.path
BUY: dict[str, Any] = {"quantity": "0.003", "price": "61250.5"}


def symbols(**fields: Any) -> str:
    """The reply with the rules of BTC-USDT."""
    rules = {"symbol": "BTC-USDT", "tickSize": "0.1", "stepSize": 0.00003, "minNotional": 5, "maxNotional": 100000}
    return json.dumps({"code": 0, "data": {"symbols": [{**rules, "status": 1, **fields}]}})


def accepted(sent: Sent, **more: Any) -> str:
    """An order as the exchange answers it."""
    told = {"symbol": "BTC-USDT", "orderId": 1853127830044418071, "clientOrderID": sent.params["newClientOrderId"]}
    return json.dumps({"code": 0, "data": {**told, "status": "PENDING", **more}})


def found(**fields: Any) -> str:
    """An order as a query answers it."""
    return json.dumps({"code": 0, "data": {"symbol": "BTC-USDT", "orderId": 7, "status": "PENDING", **fields}})


async def place(client: BingXClient, **fields: Any) -> Order:
    return await client.spot.place_order("BTC-USDT", "BUY", "LIMIT", **{**BUY, **fields})


def hall(**answers: Any) -> Hall:
    """An exchange with the rules of BTC-USDT that accepts orders; `answers` by the names PLACE, QUERY, SYMBOLS."""
    paths = {"PLACE": PLACE, "QUERY": QUERY, "SYMBOLS": SYMBOLS}
    scripts: dict[str, list[Any]] = {PLACE: [accepted], SYMBOLS: [symbols()]}
    return Hall({**scripts, **{paths[name]: script for name, script in answers.items()}})


def paths_of(exchange: Exchange) -> list[str]:
    return [sent.path for sent in exchange.calls()]


@backends
def test_the_id_is_always_there(backend: Backend) -> None:
    """The order has a client order id that was made for it, sent with it and is returned with it, even if the reply
    lacks it, breaks off after code 0, or is empty."""

    async def main() -> None:
        cut = '{"code":0,"data":{"orderId":18531278300'
        bare = [
            '{"code":0,"data":{"orderId":7}}',
            '{"code":0,"data":null}',
            '{"code":0}',
            '{"code":"0","data":[]}',
            cut,
        ]
        room = hall(PLACE=[accepted, *bare])
        client = room.client()
        for _ in range(6):
            order = await place(client)
            name = room.exchange.calls(PLACE)[-1].params["newClientOrderId"]
            assert (order.client_order_id, order.symbol, len(name)) == (name, "BTC-USDT", 27)
        assert (await place(client, client_order_id="mine_1")).client_order_id == "mine_1"
        names = [sent.params["newClientOrderId"] for sent in room.exchange.calls(PLACE)]
        assert len(set(names)) == 7

    run(backend, main)


@backends
def test_convenience(backend: Backend) -> None:
    """A limit and a market order in a line: the parameters are those of `place_order`."""

    async def main() -> None:
        room = hall()
        client = room.client(strategy="grid7")
        await client.spot.place_limit_order("BTC-USDT", "SELL", "0.003", Decimal("61250.5"), time_in_force="PostOnly")
        await client.spot.place_market_order("BTC-USDT", "BUY", quote_quantity=20)
        await client.spot.place_market_order("BTC-USDT", "SELL", quantity="0.003", max_wait=1)
        sent = [call.params for call in room.exchange.calls(PLACE)]
        for params in sent:
            assert params.pop("newClientOrderId").startswith("bx_grid7_")
            for name in ("timestamp", "recvWindow", "signature"):
                params.pop(name)
        limit = {"type": "LIMIT", "quantity": "0.003", "price": "61250.5", "timeInForce": "PostOnly"}
        assert sent == [
            {"symbol": "BTC-USDT", "side": "SELL", **limit},
            {"symbol": "BTC-USDT", "side": "BUY", "type": "MARKET", "quoteOrderQty": "20"},
            {"symbol": "BTC-USDT", "side": "SELL", "type": "MARKET", "quantity": "0.003"},
        ]

    run(backend, main)


@backends
def test_checked_by_the_rules(backend: Backend) -> None:
    """The rules are read once; an order that breaks them is not sent, and the message has the nearest numbers.
    `check=False` sends it, for one call or for all of a client."""

    async def main() -> None:
        room = hall()
        client = room.client()
        for _ in range(3):
            await place(client)
        assert paths_of(room.exchange) == [SYMBOLS, PLACE, PLACE, PLACE]
        assert room.exchange.calls(SYMBOLS)[0].params["symbol"] == "BTC-USDT"
        with pytest.raises(InvalidRequest, match=r"price=61250\.55 is not .*: write 61250\.5 or 61250\.6"):
            await place(client, price="61250.55")
        assert len(room.exchange.calls(PLACE)) == 3
        await place(client, price="61250.55", check=False)
        await place(room.client(check_orders=False), price="61250.55")
        with pytest.raises(InvalidRequest, match=r"price=61250\.55 is not"):
            await place(room.client(check_orders=False), price="61250.55", check=True)
        with pytest.raises(InvalidRequest, match="check='no' must be True or False"):
            await place(client, check="no")
        assert len(room.exchange.calls(PLACE)) == 5

    run(backend, main)


@backends
def test_rules_are_shared(backend: Backend) -> None:
    """The clients made from one client read the rules of a symbol once together."""

    async def main() -> None:
        room = hall()
        client = room.client()
        await place(client)
        await place(client.with_options(timeout=1))
        await place(client.for_account(api_key="other", secret_key="key", account=2))
        assert len(room.exchange.calls(SYMBOLS)) == 1

    run(backend, main)


@backends
def test_a_refusal_by_old_rules(backend: Backend) -> None:
    """Rules of more than 10 s ago refuse nothing before they were read again: trading may have begun meanwhile."""

    async def main() -> None:
        room = hall(SYMBOLS=[symbols(status=5), symbols()])
        client = room.client()
        with pytest.raises(InvalidRequest, match="BTC-USDT is not open yet"):
            await place(client)
        with pytest.raises(InvalidRequest, match="BTC-USDT is not open yet"):
            await place(client)
        assert paths_of(room.exchange) == [SYMBOLS]
        await anyio.sleep(10.0)
        assert (await place(client)).status == "PENDING"
        assert paths_of(room.exchange) == [SYMBOLS, SYMBOLS, PLACE]

    run(backend, main)


UNREADABLE = {
    "lost": httpx.ReadError("lost"),
    "refused": refused(100204, "symbol not exist"),
    "no code": "<html>",
    "not listed": '{"code":0,"data":{"symbols":[]}}',
    "another one": symbols(symbol="ETH-USDT"),
    "empty": OK,
}


@backends
@pytest.mark.parametrize("kind", UNREADABLE)
def test_no_rules(kind: str, backend: Backend) -> None:
    """Without rules no order is sent unchecked; the error says so, and how to send it all the same."""

    async def main() -> None:
        room = hall(SYMBOLS=[UNREADABLE[kind]])
        client = room.client()
        with pytest.raises(RulesUnavailable, match=r"the trading rules of BTC-USDT could not be read: .*check=False"):
            await place(client)
        assert room.exchange.calls(PLACE) == []
        assert (await place(client, check=False)).order_id == 1853127830044418071

    run(backend, main)


@backends
def test_old_rules_serve(backend: Backend) -> None:
    """Old rules serve while new ones cannot be read, after 2 s at the latest."""

    async def main() -> None:
        room = hall(SYMBOLS=[symbols(), HANG])
        client = room.client()
        await place(client)
        await anyio.sleep(600.0)
        before = room.exchange.now()
        await place(client)
        assert 2000 <= room.exchange.now() - before < 2500
        with pytest.raises(InvalidRequest, match="is not a multiple"):
            await place(client, quantity="0.00001")

    run(backend, main)


@backends
def test_the_exchange_says_that_the_rules_changed(backend: Backend) -> None:
    """After such a refusal the next order is checked by new rules."""

    async def main() -> None:
        room = hall(
            PLACE=[refused(100400, "the minimum amount is 20 USDT"), accepted],
            SYMBOLS=[symbols(), symbols(minNotional=20)],
        )
        client = room.client()
        with pytest.raises(OrderRefused):
            await place(client, quantity="0.0003")
        with pytest.raises(InvalidRequest, match=r"less than the 20 that BTC-USDT allows: write quantity=0\.00033 or"):
            await place(client, quantity="0.0003")
        assert paths_of(room.exchange) == [SYMBOLS, PLACE, SYMBOLS]

    run(backend, main)


@backends
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (refused(100202, "Insufficient balance"), InsufficientBalance),
        (refused(100440, "price deviates too far"), OrderRefused),
        (HANG, OutcomeUnknown),
        ((504, ""), OutcomeUnknown),
    ],
)
def test_errors(answer: Any, kind: type[Exception], backend: Backend) -> None:
    """A refusal is an ApiError; without a readable answer the error names the id to ask for; nothing is repeated."""

    async def main() -> None:
        room = hall(PLACE=[answer])
        with pytest.raises(kind) as caught:
            await place(room.client(), client_order_id="mine_1")
        assert getattr(caught.value, "client_order_ids", ("mine_1",)) == ("mine_1",)
        assert paths_of(room.exchange) == [SYMBOLS, PLACE]

    run(backend, main)


SENT_BEFORE = [
    refused(100205, "repeat request"),
    refused(101481, "clientOrderId already used"),
    refused(100400, "The same order can only be submitted once per second"),
    refused(100400, "client order id is already in use"),
]


@backends
@pytest.mark.parametrize("answer", SENT_BEFORE)
def test_sent_before(answer: str, backend: Backend) -> None:
    """An answer that says that the order came before is no refusal: the order is looked up by its id. One that is like
    it is it; another one has the id, so this one was refused; where none is found, it is in doubt."""

    async def main() -> None:
        like = found(price="61250.50", origQty="0.003", side="BUY", type="LIMIT", clientOrderID="mine_1")
        room = hall(PLACE=[answer], QUERY=[like, found(price="1", orderId=8), refused(100404, "order not exist"), HANG])
        client = room.client()
        assert (await place(client, client_order_id="mine_1")).order_id == 7
        assert room.exchange.calls(QUERY)[0].params["clientOrderID"] == "mine_1"
        with pytest.raises(OrderRefused):
            await place(client, client_order_id="mine_1")
        for words in ("not found right afterwards", "could not be looked up"):
            with pytest.raises(OutcomeUnknown, match=words) as caught:
                await place(client, client_order_id="mine_1")
            assert caught.value.client_order_ids == ("mine_1",)
            assert client.in_doubt[-1] is caught.value
        room.exchange.answers[QUERY] = [like]
        for error in client.in_doubt:
            assert (await error.resolve()).status is ResolutionStatus.EXECUTED
        assert client.in_doubt == ()

    run(backend, main)


BAD: list[tuple[Callable[[BingXClient], Awaitable[Any]], str]] = [
    (lambda it: it.spot.place_order("BTC-USDT", "BUY", "LIMIT", quantity=1), "a LIMIT order needs price"),
    (lambda it: it.spot.place_market_order("BTC-USDT", "BUY", quantity=1), "needs quote_quantity"),
    (lambda it: it.spot.place_limit_order("BTC-USDT", "BUY", cast(Any, 0.1), 1), r"write quantity=Decimal\('0.1'\)"),
    (lambda it: it.spot.place_orders([{"symbol": "BTC-USDT"}]), "is no NewOrder"),
    (lambda it: it.spot.place_orders(cast(Any, "BTC")), "orders must be a list"),
]


@backends
@pytest.mark.parametrize(("act", "message"), BAD, ids=[message for _, message in BAD])
def test_nothing_is_sent(act: Callable[[BingXClient], Awaitable[Any]], message: str, backend: Backend) -> None:
    """What the exchange could only refuse is refused here, before even the rules are asked for."""

    async def main() -> None:
        room = hall()
        with pytest.raises(InvalidRequest, match=message):
            await act(room.client())
        assert room.exchange.sent == []

    run(backend, main)
