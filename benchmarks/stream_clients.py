"""The contenders of `benchmarks.streams`: each follows a channel until a message with the last id has come.

The bare loop and aiohttp unpack each message and parse it as JSON with Decimal, and do nothing else. ccxt parses with
orjson where that is installed, and makes floats. It follows no increments: its order book of this exchange comes from
whole books of 100 levels.
"""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import aiohttp
import ccxt.pro
from websockets.client import ClientProtocol
from websockets.frames import Frame
from websockets.uri import parse_uri

from benchmarks.ccxt_market import MARKET
from benchmarks.stream_server import DEPTH, INCREMENTS, NOW, SYMBOL, TRADES, last_id
from bingx_async import BingXClient, Depth, Trade

OURS, CCXT, AIOHTTP, BARE = "bingx_async", "ccxt.pro", "aiohttp", "bare websockets"
Seen = Callable[[str], object]
Follow = Callable[[str, str], Awaitable[None]]
UNIFIED = "BTC/USDT"


def parsed(frame: bytes) -> Any:
    """The value of a frame."""
    return json.loads(gzip.decompress(frame), parse_float=Decimal)


def asked(channel: str) -> str:
    """A subscription."""
    return json.dumps({"id": "1", "reqType": "sub", "dataType": f"{SYMBOL}@{channel}"})


def id_of(found: Any) -> int:
    """The id of a message."""
    data = found.get("data") or {}
    return int(data.get("t") or data.get("lastUpdateId") or 0)


async def ours(url: str, channel: str) -> None:
    """This library: models of trades and books, a book that is kept."""
    async with BingXClient(stream_url=url) as client:
        streams = client.spot.streams
        if channel == INCREMENTS:
            end = NOW + last_id(channel)
            async with streams.order_book(SYMBOL) as book:
                async for _ in book:
                    if book.time is not None and book.time.timestamp() * 1000 >= end:
                        assert not book.is_stale
                        assert book.gaps == 0
                        return
        elif channel == DEPTH:
            async with streams.depth(SYMBOL, levels=100) as depths:
                async for depth in depths:
                    if isinstance(depth, Depth) and depth.raw["lastUpdateId"] == last_id(channel):
                        return
        else:
            await our_trades(url, lambda trade_id: trade_id == str(last_id(channel)), client)


async def our_trades(url: str, is_last: Seen, client: BingXClient | None = None) -> None:
    """Trades of this library."""
    if client is None:
        async with BingXClient(stream_url=url) as own:
            return await our_trades(url, is_last, own)
    async with client.spot.streams.trades(SYMBOL) as trades:
        async for trade in trades:
            if isinstance(trade, Trade) and is_last(trade.trade_id):
                return None
    return None


@asynccontextmanager
async def ccxt_at(url: str) -> Any:
    """ccxt's exchange with one market."""
    exchange: Any = ccxt.pro.bingx({"enableRateLimit": False})
    exchange.urls["api"]["ws"] = {"spot": url}
    exchange.set_markets([exchange.safe_market_structure(MARKET)])
    try:
        yield exchange
    finally:
        await exchange.close()


async def by_ccxt(url: str, channel: str) -> None:
    """ccxt.pro."""
    last = last_id(channel)
    if channel == TRADES:
        await ccxt_trades(url, lambda trade_id: trade_id == str(last))
        return
    async with ccxt_at(url) as exchange:
        while (await exchange.watch_order_book(UNIFIED))["nonce"] != last:
            pass


async def ccxt_trades(url: str, is_last: Seen) -> None:
    """Trades of ccxt.pro."""
    async with ccxt_at(url) as exchange:
        while not any(is_last(trade["id"]) for trade in await exchange.watch_trades(UNIFIED)):
            pass


async def by_aiohttp(url: str, channel: str, seen: Seen | None = None) -> None:
    """aiohttp."""
    async with aiohttp.ClientSession() as session, session.ws_connect(url, max_msg_size=0) as socket:
        await socket.send_str(asked(channel))
        async for frame in socket:
            found = parsed(frame.data)
            if seen(str(id_of(found))) if seen is not None else id_of(found) == last_id(channel):
                return


async def bare(url: str, channel: str, seen: Seen | None = None) -> None:
    """The protocol of `websockets` over asyncio's streams."""
    uri = parse_uri(url)
    reader, writer = await asyncio.open_connection(uri.host, uri.port)
    protocol = ClientProtocol(uri, max_size=None)
    protocol.send_request(protocol.connect())
    writer.writelines(protocol.data_to_send())
    is_open = False
    try:
        while data := await reader.read(65536):
            protocol.receive_data(data)
            for event in protocol.events_received():
                if not is_open:
                    is_open = True
                    protocol.send_text(asked(channel).encode())
                    writer.writelines(protocol.data_to_send())
                elif isinstance(event, Frame):
                    found = parsed(event.data)
                    if seen(str(id_of(found))) if seen is not None else id_of(found) == last_id(channel):
                        return
    finally:
        writer.close()


CONTENDERS: dict[str, Follow] = {OURS: ours, CCXT: by_ccxt, AIOHTTP: by_aiohttp, BARE: bare}
