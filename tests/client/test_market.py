"""Market data: without a key, by either family of paths, tolerant of spellings, and clear about what is not there."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from bingx_async import ApiError, BingXClient, Facts, InvalidRequest, ServerBusy
from bingx_async.spot.market import (
    GET_AGGREGATED_DEPTH,
    GET_DEPTH,
    LIST_BOOK_TICKERS,
    LIST_PRICES,
    LIST_TICKERS,
    QUOTE_DEPTH,
    SERVER_TIME,
    SERVER_TIME_OLD,
)
from bingx_async.spot.symbols import LIST_SYMBOLS
from bingx_async.spot.trades import LIST_TRADES
from tests.client.exchange import OK, Backend, Hall, backends, raising, refused, run

Act = Callable[[BingXClient], Awaitable[Any]]
BOOK = '{"code":0,"data":{"bids":[["1","2"]],"asks":[["3","4"],["2","1"]]}}'
GONE = [
    refused(100404, "path not found"),
    refused(100400, "this api is not exist, please refer to the API docs"),
    (404, "<html>not found</html>"),
]


def ok(data: Any) -> str:
    """A reply with these data."""
    return json.dumps({"code": 0, "data": data}, ensure_ascii=False)


@backends
@pytest.mark.parametrize("gone", GONE)
def test_the_other_family(gone: Any, backend: Backend) -> None:
    """Where a path does not exist any more, the other family is asked, and from then on at once."""

    async def main() -> list[str]:
        hall = Hall({GET_DEPTH.path: [gone], QUOTE_DEPTH.path: [BOOK]})
        client = hall.client(None, None)
        for _ in range(2):
            assert (await client.spot.get_depth("BTC-USDT")).bids[0].price == 1
        return [sent.path for sent in hall.exchange.calls()]

    assert run(backend, main) == [GET_DEPTH.path, QUOTE_DEPTH.path, QUOTE_DEPTH.path]


@backends
def test_the_family_that_is_set(backend: Backend) -> None:
    """`Facts(market_family="quote")` asks that family first, and the documented one where it is not there."""

    async def main() -> list[str]:
        hall = Hall({QUOTE_DEPTH.path: [GONE[0]], GET_DEPTH.path: [BOOK]})
        client = hall.client(None, None, facts=Facts(market_family="quote"))
        for _ in range(2):
            await client.spot.get_depth("BTC-USDT")
        return [sent.path for sent in hall.exchange.calls()]

    assert run(backend, main) == [QUOTE_DEPTH.path, GET_DEPTH.path, GET_DEPTH.path]


@backends
def test_neither_family(backend: Backend) -> None:
    """If neither has the path, the error is that of the first; another error of the second is told."""

    async def main() -> list[tuple[int | None, str]]:
        found = []
        for second in (GONE[1], refused(100400, "invalid symbol")):
            hall = Hall({GET_DEPTH.path: [GONE[0]], QUOTE_DEPTH.path: [second]})
            with raising(ApiError) as caught:
                await hall.client(None, None).spot.get_depth("BTC-USDT")
            found.append((caught[0].code, caught[0].message))
        return found

    assert run(backend, main) == [(100404, "path not found"), (100400, "invalid symbol")]


@backends
def test_a_refusal_is_no_missing_path(backend: Backend) -> None:
    """Any other error is raised as it is; the other family is not asked."""

    async def main() -> list[str]:
        hall = Hall({GET_DEPTH.path: [refused(100500, "internal error")]})
        with raising(ServerBusy):
            await hall.client(None, None).spot.get_depth("BTC-USDT")
        return [sent.path for sent in hall.exchange.calls()]

    assert run(backend, main) == [GET_DEPTH.path]


SPELLINGS = [
    ("underscore", "BTC_USDT", "BTC-USDT"),
    ("hyphen", "BTC-USDT", "BTC_USDT"),
]


@backends
@pytest.mark.parametrize(("setting", "first", "second"), SPELLINGS)
@pytest.mark.parametrize("code", [100204, 100400])
def test_either_spelling(setting: str, first: str, second: str, code: int, backend: Backend) -> None:
    """The aggregated book is asked for in the spelling that is set, once more in the other if refused, and then so."""

    async def main() -> list[str]:
        hall = Hall({GET_AGGREGATED_DEPTH.path: [refused(code, "unknown symbol"), BOOK]})
        client = hall.client(None, None, facts=Facts(aggregated_symbol=setting))
        for _ in range(2):
            assert len((await client.spot.get_aggregated_depth("BTC-USDT", step=1)).asks) == 2
        return [sent.params["symbol"] for sent in hall.exchange.calls()]

    assert run(backend, main) == [first, second, second]


@backends
def test_a_spelling_that_works_stays(backend: Backend) -> None:
    """Once it has been understood, a refusal is about the symbol, and is told."""

    async def main() -> list[str]:
        hall = Hall({GET_AGGREGATED_DEPTH.path: [BOOK, refused(100400, "invalid symbol")]})
        client = hall.client(None, None)
        await client.spot.get_aggregated_depth("BTC-USDT")
        with raising(ApiError):
            await client.spot.get_aggregated_depth("NONE-USDT")
        return [sent.params["symbol"] for sent in hall.exchange.calls()]

    assert run(backend, main) == ["BTC_USDT", "NONE_USDT"]


@backends
def test_neither_spelling(backend: Backend) -> None:
    """If neither is understood, the first refusal is raised and nothing is kept."""

    async def main() -> tuple[str, list[str]]:
        hall = Hall({GET_AGGREGATED_DEPTH.path: [refused(100400, "first"), refused(100400, "second")]})
        client = hall.client(None, None)
        with raising(ApiError) as caught:
            await client.spot.get_aggregated_depth("BTC-USDT")
        with raising(ApiError):
            await client.spot.get_aggregated_depth("BTC-USDT")
        return caught[0].message, [sent.params["symbol"] for sent in hall.exchange.calls()]

    assert run(backend, main) == ("first", ["BTC_USDT", "BTC-USDT", "BTC_USDT", "BTC-USDT"])


LISTS: list[tuple[Any, Act]] = [
    (LIST_TRADES, lambda client: client.spot.list_trades("BTC-USDT")),
    (LIST_TICKERS, lambda client: client.spot.list_tickers()),
    (LIST_PRICES, lambda client: client.spot.list_prices()),
    (LIST_BOOK_TICKERS, lambda client: client.spot.list_book_tickers()),
]


@backends
@pytest.mark.parametrize(("endpoint", "act"), LISTS)
def test_no_data(endpoint: Any, act: Act, backend: Backend) -> None:
    """Code 100204 with "no data" is an empty list; with another text, such as an unknown symbol, it is an error."""

    async def main() -> tuple[Any, int | None]:
        hall = Hall({endpoint.path: [refused(100204, "No data"), refused(100204, "symbol not exist")]})
        client = hall.client(None, None)
        empty = await act(client)
        with raising(ApiError) as caught:
            await act(client)
        return empty, caught[0].code

    assert run(backend, main) == ([], 100204)


SINGLE: list[tuple[Any, Act]] = [
    (LIST_TICKERS, lambda client: client.spot.get_ticker("BTC-USDT")),
    (LIST_PRICES, lambda client: client.spot.get_price("BTC-USDT")),
    (LIST_BOOK_TICKERS, lambda client: client.spot.get_book_ticker("BTC-USDT")),
]


@backends
@pytest.mark.parametrize(("endpoint", "act"), SINGLE)
@pytest.mark.parametrize(
    "data",
    [
        [{"symbol": "ETH-USDT"}, {"symbol": "BTC-USDT"}],
        [{"symbol": "BTC_USDT"}],
        [{}, {"symbol": "BTC-USDT"}],
        {"symbol": "BTC-USDT"},
        [{"volume": "1"}],
    ],
)
def test_one_of_a_list(endpoint: Any, act: Act, data: Any, backend: Backend) -> None:
    """The item of the symbol, however it is spelt, in a list or alone; the symbol is asked for with a hyphen."""

    async def main() -> tuple[str, str]:
        hall = Hall({endpoint.path: [ok(data)]})
        found = await act(hall.client(None, None))
        return found.symbol.replace("_", "-"), hall.exchange.calls()[0].params["symbol"]

    assert run(backend, main) == ("" if data == [{"volume": "1"}] else "BTC-USDT", "BTC-USDT")


@backends
@pytest.mark.parametrize(("endpoint", "act"), SINGLE)
@pytest.mark.parametrize("answer", [ok([]), ok(None), ok([{"symbol": "ETH-USDT"}]), refused(100204, "no data")])
def test_unknown_symbol(endpoint: Any, act: Act, answer: str, backend: Backend) -> None:
    """A symbol on which the reply has nothing is an `ApiError` that names it."""

    async def main() -> str:
        with raising(ApiError) as caught:
            await act(Hall({endpoint.path: [answer]}).client(None, None))
        return str(caught[0])

    wanted = f"{endpoint.path}: HTTP 200: the exchange has nothing on 'BTC-USDT'; list_symbols has all symbols"
    assert run(backend, main) == wanted


@backends
def test_get_symbol(backend: Backend) -> None:
    """The rules of one symbol; `ApiError` where the exchange lists none of that name."""

    async def main() -> tuple[Decimal | None, str]:
        rules = ok({"symbols": [{"symbol": "ETH-USDT"}, {"symbol": "BTC-USDT", "tickSize": "0.00003"}]})
        hall = Hall({LIST_SYMBOLS.path: [rules, ok({"symbols": []})]})
        client = hall.client(None, None)
        found = await client.spot.get_symbol("BTC-USDT")
        with raising(ApiError) as caught:
            await client.spot.get_symbol("NONE-USDT")
        return found.tick_size, caught[0].message

    assert run(backend, main) == (Decimal("0.00003"), "the exchange lists no symbol 'NONE-USDT'")


def test_change_is_computed() -> None:
    """The change is last less open, whatever the reply's own fields say."""
    data = {"symbol": "A-B", "openPrice": "100", "lastPrice": "90", "priceChange": 30, "priceChangePercent": "33%"}
    (ticker,) = LIST_TICKERS.read([data])
    assert (ticker.change, ticker.change_percent) == (Decimal(-10), Decimal(-10))


@pytest.mark.parametrize(
    ("item", "price"),
    [
        ({"trades": [{"price": "2", "timestamp": 1}, {"price": "1", "timestamp": 0}], "price": "9"}, Decimal(2)),
        ({"price": "3", "timestamp": 1}, Decimal(3)),
        ({"trades": [], "price": "4"}, Decimal(4)),
        ({"trades": None}, None),
        ({"trades": [7]}, None),
        ({}, None),
    ],
)
def test_last_price(item: dict[str, Any], price: Decimal | None) -> None:
    """The price is that of the first trade, or the item's own; the raw item stays as it came."""
    item = {"symbol": "BTC-USDT", **item}
    (found,) = LIST_PRICES.read([item])
    assert (found.symbol, found.price, found.raw) == ("BTC-USDT", price, item)


@backends
def test_server_time(backend: Backend) -> None:
    """The exchange's clock is an aware datetime, read at the second endpoint where the first fails or tells none."""

    async def main() -> list[datetime]:
        found = []
        for first in (ok({"serverTime": 1790000000123}), OK, refused(100404, "gone")):
            hall = Hall({SERVER_TIME.path: [first], SERVER_TIME_OLD.path: [ok({"serverTime": 1790000001000})]})
            found.append(await hall.client(None, None).spot.get_server_time())
        hall = Hall({SERVER_TIME.path: [OK], SERVER_TIME_OLD.path: [OK]})
        with raising(ApiError):
            await hall.client(None, None).spot.get_server_time()
        return found

    second = datetime(2026, 9, 21, 14, 13, 21, tzinfo=UTC)
    assert run(backend, main) == [datetime(2026, 9, 21, 14, 13, 20, 123000, tzinfo=UTC), second, second]


@pytest.mark.parametrize(
    "given",
    [
        {"market_family": "v2"},
        {"aggregated_symbol": "both"},
        {"klines_per_page": 0},
        {"fills_per_page": "500"},
        {"oco_id": None},
        {"quote_places": -1},
        {"history_days": 0},
    ],
)
def test_a_fact_that_cannot_be(given: dict[str, Any]) -> None:
    """A choice that does not exist is refused when it is made, and a client takes no other object for its facts."""
    (name,) = given
    with pytest.raises(InvalidRequest, match=f"^{name} must be "):
        Facts(**given)
    with pytest.raises(InvalidRequest, match="facts must be a Facts"):
        BingXClient(facts=given)  # type: ignore[arg-type]


ODD = ["OTHR#99961-USDT", "MØTH-USDT", "龙虾-USDT"]
ODD_SENT = ["OTHR%2399961-USDT", "M%C3%98TH-USDT", "%E9%BE%99%E8%99%BE-USDT"]


@backends
@pytest.mark.parametrize(("symbol", "sent"), list(zip(ODD, ODD_SENT, strict=True)))
def test_symbols_beyond_ascii(symbol: str, sent: str, backend: Backend) -> None:
    """They are asked for in the query string, percent-encoded, so that `#` does not cut it."""

    async def main() -> str:
        hall = Hall({GET_DEPTH.path: [BOOK]})
        await hall.client(None, None).spot.get_depth(symbol, limit=5)
        return hall.exchange.calls()[0].query

    assert run(backend, main) == f"limit=5&symbol={sent}&timestamp=1790000000000"


@backends
@pytest.mark.parametrize("symbol", ODD)
def test_such_symbols_in_orders(symbol: str, backend: Backend) -> None:
    """A call that travels in a body refuses them with the cure, alone or among many; by query they go."""

    async def main() -> None:
        hall = Hall()
        for carrier in ("json", "form", "auto"):
            for act in (
                lambda spot: spot.cancel_order(symbol, 7),
                lambda spot: spot.cancel_many(symbol, [7]),
                lambda spot: spot.cancel_open_orders(symbol),
            ):
                with raising(InvalidRequest) as caught:
                    await act(hall.client(carrier=carrier).spot)
                assert "make the client with carrier='query'" in str(caught[0])
        assert hall.exchange.sent == []
        await hall.client(carrier="query").spot.cancel_open_orders(symbol)
        assert hall.exchange.calls()[0].params["symbol"] == symbol

    run(backend, main)


NO_PAIRS: list[Any] = ["moth-USDT", "møth-USDT", "A#&b-USDT", "A B-USDT", "A-B-USDT", "#", "A_B-USDT", "%23-USDT", None]
BAD: list[tuple[Act, str]] = [
    *((lambda client, bad=bad: client.spot.get_depth("BTC-USDT", bad), "from 1 to 1000") for bad in (0, 1001, True)),
    (lambda client: client.spot.get_aggregated_depth("BTC-USDT", 6), "step=6 must be a whole number from 0 to 5"),
    (lambda client: client.spot.list_trades("BTC-USDT", 501), "limit=501 must be a whole number from 1 to 500"),
    *((lambda client, bad=bad: client.spot.get_ticker(bad), "is not a trading pair") for bad in NO_PAIRS),
]


@backends
@pytest.mark.parametrize(("act", "message"), BAD)
def test_refused_here(act: Act, message: str, backend: Backend) -> None:
    """`InvalidRequest` with the cure in its text; nothing is sent."""

    async def main() -> None:
        hall = Hall()
        with pytest.raises(InvalidRequest) as caught:
            await act(hall.client(None, None))
        assert message in str(caught.value)
        assert hall.exchange.sent == []

    run(backend, main)
