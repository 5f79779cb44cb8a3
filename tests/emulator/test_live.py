"""`market="live"`: an emulator whose prices are those of another exchange, here of a second emulator that walks."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest

from bingx_async import BingXClient, Governor, OrderRefused
from bingx_async.core.recording import frames_of
from bingx_async.emulator import Emulator, Live, Market
from bingx_async.emulator.following import _keyless
from bingx_async.emulator.market.quotes import quotes_in
from bingx_async.errors import ApiError
from bingx_async.models import Trade
from bingx_async.testing import simulated_clock
from tests.client.exchange import Backend, backends, run
from tests.emulator.explained import Judge
from tests.sizes import mostly_asyncio

KEYS: dict[str, Any] = {"api_key": "emulator-key-1001", "secret_key": "emulator-secret-1001", "account": "1001"}
SYMBOL = "BTC-USDT"


class Paper:
    """`outside` is the exchange that is followed, `emulator` follows it, `client` trades there."""

    def __init__(self, record: Path | None = None, **live: Any) -> None:
        market = Market(seed=5, volatility=0.05, depth=Decimal(2000))
        self.outside = Emulator(market=market, clock=simulated_clock().wall)
        self.record = record
        followed = Live(**{"client": self.follower, **live})
        self.emulator = Emulator(market=followed, clock=simulated_clock().wall)
        governor = Governor(clock=simulated_clock())
        self.client = BingXClient(**KEYS, governor=governor, transport=self.emulator.transport())

    def follower(self) -> BingXClient:
        """A client that follows the outside."""
        governor = Governor(clock=simulated_clock())
        transport = self.outside.transport()
        return BingXClient.without_keys(governor=governor, transport=transport, record=self.record)


@asynccontextmanager
async def paper(**options: Any) -> AsyncGenerator[Paper]:
    """One of them, closed at the end."""
    one = Paper(**options)
    async with one.emulator, one.client:
        yield one
    assert one.outside.stats().streams.open == 0


@backends
def test_market_data_is_that_of_the_exchange(backend: Backend) -> None:
    """Best prices, book, trades, candles, the last 24 hours and trading rules come from there."""

    async def main() -> None:
        async with paper() as one, one.follower() as direct:
            await one.client.spot.get_book_ticker(SYMBOL)
            await anyio.sleep(20)
            for spot in (one.client.spot, direct.spot):
                now = await spot.get_depth(SYMBOL)
                best = await spot.get_book_ticker(SYMBOL)
                assert (now.bids[0].price, now.asks[0].price) == (best.bid_price, best.ask_price)
                assert len(now.bids) == 20
            ours, theirs = [await spot.get_book_ticker(SYMBOL) for spot in (one.client.spot, direct.spot)]
            assert (ours.bid_price, ours.ask_price) == (theirs.bid_price, theirs.ask_price)
            first = [await spot.list_klines(SYMBOL, "1m", limit=100) for spot in (one.client.spot, direct.spot)]
            assert [row.open for row in first[0]] == [row.open for row in first[1]]
            assert len(first[0]) == 100
            rules = [await spot.get_symbol("ODD-USDT") for spot in (one.client.spot, direct.spot)]
            assert rules[0].tick_size == rules[1].tick_size == Decimal("0.00003")
            trades = await one.client.spot.list_trades(SYMBOL)
            told = {(trade.price, trade.quantity) for trade in await direct.spot.list_trades(SYMBOL)}
            assert len(trades) >= 15
            assert {(trade.price, trade.quantity) for trade in trades} <= told

    run(backend, main)


@backends
def test_a_program_runs_unchanged(backend: Backend) -> None:
    """Orders, their events on the stream, and streams of the market: at prices of the exchange, without a request in
    between."""

    async def main() -> None:
        async with paper() as one, one.client.spot.streams.trades(SYMBOL) as trades:
            streams, spot = one.client.spot.streams, one.client.spot
            async with streams.book_ticker(SYMBOL) as prices, streams.depth(SYMBOL) as depths:
                now: Any = await anext(prices)
                book: Any = await anext(depths)
                deal: Any = await anext(trades)
            assert now.bid_price < now.ask_price
            assert book.bids[0].price < book.asks[0].price
            assert abs(deal.price / now.bid_price - 1) < Decimal("0.01")
            bought = await spot.place_order(SYMBOL, "BUY", "MARKET", quote_quantity=100)
            (fill,) = one.emulator.fills("1001")
            assert bought.status == "FILLED"
            assert fill.price == (await spot.get_book_ticker(SYMBOL)).ask_price
            limit = fill.price - Decimal("0.5")
            resting = await spot.place_order(SYMBOL, "BUY", "LIMIT", quantity="0.01", price=limit)
            for _ in range(720):
                await anyio.sleep(5)
                if (await spot.get_order(SYMBOL, order_id=resting.order_id)).status == "FILLED":
                    break
            assert {each.price for each in one.emulator.fills("1001")[1:]} == {limit}

    run(backend, main)


@mostly_asyncio
def test_fills_are_explained_by_what_the_exchange_sent(backend: Backend, tmp_path: Path) -> None:
    """The judge that knows only the recorded messages of the follower explains every fill of ten minutes."""
    path = tmp_path / "outside.jsonl"

    async def main() -> Any:
        async with paper(record=path) as one:
            spot = one.client.spot
            for number in range(120):
                best = await spot.get_book_ticker(SYMBOL)
                assert best.bid_price is not None
                side, away = ("BUY", -number % 3) if number % 2 else ("SELL", number % 3)
                price = best.bid_price + Decimal(away) / 4
                await spot.place_order(SYMBOL, side, "LIMIT", quantity="0.05", price=price)
                if number % 5 == 0:
                    await spot.place_order(SYMBOL, "SELL", "MARKET", quantity="0.002")
                await anyio.sleep(5)
            return one.emulator.fills("1001")

    fills = run(backend, main)
    with path.open() as file:
        epoch = float(file.readline().rpartition(":")[2].strip("}\n"))
        file.seek(0)
        frames = [frame for frame in frames_of(file, "") if quotes_in(frame.text)]
    kinds = Judge(frames, epoch).explain(fills)
    assert sum(kinds.values()) == len(fills)
    assert len(fills) >= 100
    assert kinds["crossed"] >= 20
    assert kinds["taken"] >= 20


@backends
def test_a_lost_connection_fills_nothing_and_is_told(backend: Backend, caplog: pytest.LogCaptureFixture) -> None:
    """A market order is refused with the reason, the state names it, the log warns; afterwards everything goes on."""
    caplog.set_level("INFO", "bingx_async.emulator")

    async def main() -> None:
        async with paper() as one:
            spot = one.client.spot
            await spot.place_order(SYMBOL, "BUY", "MARKET", quote_quantity=100)
            assert one.emulator.why_stale(SYMBOL) == ""
            one.outside.drop_streams("reset")
            await anyio.sleep(0.001)
            with pytest.raises(OrderRefused, match=r"no current prices of BTC-USDT: .* s old; the connection was"):
                await spot.place_order(SYMBOL, "BUY", "MARKET", quote_quantity=100)
            await anyio.sleep(30)
            assert one.emulator.why_stale(SYMBOL) == ""
            await spot.place_order(SYMBOL, "BUY", "MARKET", quote_quantity=100)

    run(backend, main)
    assert "the prices of BTC-USDT are stale, nothing is filled" in caplog.text
    assert "the prices of BTC-USDT are fresh" in caplog.text


class Unreachable(httpx.AsyncBaseTransport):
    """An exchange that never answers."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Nothing comes."""
        await anyio.sleep_forever()
        raise AssertionError


@backends
def test_an_exchange_that_cannot_be_reached(backend: Backend) -> None:
    """The first request waits for `patience`, the next one does not; each is refused with the reason."""

    async def main() -> None:
        governor = Governor(clock=simulated_clock())
        async with paper(
            client=lambda: BingXClient.without_keys(governor=governor, transport=Unreachable()), patience=3.0
        ) as one:
            for least in (3.0, 0.0):
                began = anyio.current_time()
                why = "no current prices of BTC-USDT: no price has come yet. the exchange did not answer within 3 s"
                with pytest.raises(ApiError, match=why):
                    await one.client.spot.get_book_ticker(SYMBOL)
                assert least <= anyio.current_time() - began < least + 1

    run(backend, main)


async def test_live_over_loopback() -> None:
    """The same over real sockets: one emulator follows another, a client trades on it and hears its own order."""
    outside = Emulator(market=Market(seed=5, step_ms=100))
    async with outside.serve() as there:
        live = Live(client=lambda: BingXClient.without_keys(base_url=there.url))
        async with (
            Emulator(market=live).serve() as here,
            BingXClient(**KEYS, base_url=here.url) as client,
            client.spot.streams.trades(SYMBOL) as trades,
        ):
            with anyio.fail_after(20):
                assert isinstance(await anext(trades), Trade)
                order = await client.spot.place_order(SYMBOL, "BUY", "MARKET", quote_quantity=50)
            assert order.status == "FILLED"
        await anyio.sleep(0.5)
        assert outside.stats().streams.open == 0


async def test_the_follower_has_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment may have keys, and addresses that lead to the emulator itself: the follower takes neither."""
    for name, value in (("API_KEY", "a-key"), ("SECRET_KEY", "a-secret"), ("BASE_URL", "http://127.0.0.1:8080")):
        monkeypatch.setenv(f"BINGX_{name}", value)
    monkeypatch.setenv("BINGX_STREAM_URL", "ws://127.0.0.1:8080/market")
    client = _keyless()
    assert (client._settings.keys.api, client._settings.keys.secret) == (None, None)
    assert client.host == "https://open-api.bingx.com"
    assert client._settings.streams_at == "wss://open-api-ws.bingx.com/market"
    await client.aclose()
