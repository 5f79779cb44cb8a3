"""Market data: order books, trades, tickers.

Rules: asks come worst first, trades newest first. A ticker's change is the difference of high and low, as the exchange
has been seen to send it. The newer family of paths spells the quantities of book tickers differently.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import islice
from typing import Any

from bingx_async.emulator.endpoints.desk import Desk, Params, invalid, plain, whole
from bingx_async.emulator.market.ladder import BUY, SELL, Level
from bingx_async.emulator.market.listings import ONLINE, Listing, down_to
from bingx_async.emulator.market.tape import Candle, Trade
from bingx_async.emulator.traffic import BusinessRefusal

DAY = 86_400_000
STEPS = {f"step{power}": Decimal(10) ** power for power in range(6)}
TID = 10**9  # the ids of historical trades begin with the time


def server_time(desk: Desk, _params: Params) -> Any:
    """The server's clock."""
    return {"serverTime": desk.time}


def get_depth(desk: Desk, params: Params) -> Any:
    """The order book."""
    listing, limit = desk.listings.get(desk.symbol(params)), whole(params, "limit", 20, 1024)
    ladder, now = desk.engine.ladder, desk.engine.time
    return _book(desk, listing, ladder.levels(listing, SELL, now)[:limit], ladder.levels(listing, BUY, now)[:limit])


def get_aggregated_depth(desk: Desk, params: Params) -> Any:
    """The order book in steps of 1 to 100000 ticks."""
    given, wanted = params.get("symbol", ""), desk.variants.aggregated_symbol
    if wanted != "both" and ("_" in given) is not (wanted == "underscore"):
        raise BusinessRefusal(100204, f"no data for the symbol {given}")
    listing = desk.listings.get(desk.symbol({"symbol": given.replace("_", "-")}))
    kind = params.get("type") or "step0"
    if kind not in STEPS:
        raise invalid(f"type:{kind} must be one of {', '.join(STEPS)}")
    limit = whole({"limit": params.get("depth") or params.get("limit") or ""}, "limit", 20, 1000)
    grid, now = listing.tick * STEPS[kind], desk.engine.time
    bids = _merged(desk.engine.ladder.levels(listing, SELL, now), grid, Decimal(0))
    asks = _merged(desk.engine.ladder.levels(listing, BUY, now), grid, grid)
    return _book(desk, listing, bids[:limit], asks[:limit])


def list_trades(desk: Desk, params: Params) -> Any:
    """The latest trades."""
    listing, limit = desk.listings.get(desk.symbol(params)), whole(params, "limit", 100, 500)
    return [
        {
            "id": trade.number,
            "price": trade.price,
            "qty": trade.quantity,
            "time": trade.time,
            "buyerMaker": trade.is_buyer_maker,
        }
        for trade in islice(desk.engine.tape.trades(listing, desk.engine.time), limit)
    ]


def iter_historical_trades(desk: Desk, params: Params) -> Any:
    """Trades from an id on, in one direction; without an id the latest."""
    listing, limit = desk.listings.get(desk.symbol(params)), whole(params, "limit", 100, 500)
    tape, kept = desk.engine.tape, desk.engine.tape.numbers(listing, desk.engine.time)
    newest = kept.stop - 1
    start = int(params["fromId"]) % TID if params.get("fromId", "").isdigit() else None
    high = newest // TID * TID
    if start is None:
        first, last = newest - limit + 1, newest
    elif desk.variants.trades_from_id == "older":
        first, last = high + start - limit, high + start - 1
    else:
        first, last = high + start + 1, min(high + start + limit, newest)
    numbers = range(last, max(first, kept.start) - 1, -1)
    return [_historical(desk, listing, tape.trade(listing, number)) for number in numbers]


def list_tickers(desk: Desk, params: Params) -> Any:
    """The last 24 hours of a symbol, or of every one that is traded."""
    return [_ticker(desk, listing) for listing in _asked(desk, params)]


def list_prices(desk: Desk, params: Params) -> Any:
    """The latest trade of a symbol, or of every one that is traded; the symbol is written as it was asked for."""
    is_underscore = "_" in params.get("symbol", "")
    asked = {**params, "symbol": params.get("symbol", "").replace("_", "-")}
    found: list[dict[str, Any]] = []
    for listing in _asked(desk, asked):
        latest = islice(desk.engine.tape.trades(listing, desk.engine.time), 1)
        name = listing.symbol.replace("-", "_") if is_underscore else listing.symbol
        found.append({"symbol": name, "trades": [_latest(trade) for trade in latest]})
    return found


def list_book_tickers(desk: Desk, params: Params) -> Any:
    """The best prices of a symbol, or of every one that is traded."""
    size = "Qty" if "/quote/" in desk.path else "Volume"
    asked = {**params, "symbol": params.get("symbol", "").replace("_", "-")}
    found: list[dict[str, Any]] = []
    for listing in _asked(desk, asked):
        (bid, wanted), (ask, offered) = _best(desk, listing)
        form = {"eventType": "bookTicker", "time": desk.time, "symbol": listing.symbol}
        prices = {"bidPrice": plain(bid), f"bid{size}": plain(wanted), "askPrice": plain(ask)}
        found.append({**form, **prices, f"ask{size}": plain(offered)})
    return found


def _asked(desk: Desk, params: Params) -> list[Listing]:
    if params.get("symbol"):
        return [desk.listings.get(desk.symbol(params))]
    known = desk.engine.prices.is_known
    return [listing for listing in desk.listings.all() if listing.status == ONLINE and known(listing.symbol)]


def _best(desk: Desk, listing: Listing) -> tuple[Level, Level]:
    ladder, now = desk.engine.ladder, desk.engine.time
    bid, ask = desk.engine.prices.best(listing, now)
    return (bid, ladder.at_best(listing, SELL, now)), (ask, ladder.at_best(listing, BUY, now))


def _book(desk: Desk, listing: Listing, bids: list[Level], asks: list[Level]) -> Any:
    update_id = desk.engine.ladder.update_id(listing, desk.engine.time)
    if desk.variants.depth_order == "worst first":
        asks = asks[::-1]
    sides = {"bids": [[plain(part) for part in level] for level in bids]}
    sides["asks"] = [[plain(part) for part in level] for level in asks]
    return {**sides, "ts": desk.time, "lastUpdateId": update_id}


def _merged(levels: list[Level], grid: Decimal, lift: Decimal) -> list[Level]:
    """The levels with their prices on a coarser grid, asks lifted to its next line."""
    merged: dict[Decimal, Decimal] = {}
    for price, quantity in levels:
        line = down_to(price, grid)
        line += lift if line != price else 0
        merged[line] = merged.get(line, Decimal(0)) + quantity
    return [level for level in merged.items() if level[0] > 0]


def _historical(desk: Desk, listing: Listing, trade: Trade) -> dict[str, Any]:
    is_maker = {True: 1, False: 2}[trade.is_buyer_maker]
    return {
        "tid": f"{trade.time // 1000:012d}{trade.number % TID:09d}",
        "t": trade.time,
        "ms": is_maker if desk.variants.trade_ms == "maker" else trade.time % 1000,
        "s": listing.symbol,
        "p": trade.price,
        "v": trade.quantity,
    }


def _latest(trade: Trade) -> dict[str, Any]:
    form = {"timestamp": trade.time, "tradeId": str(trade.number), "price": plain(trade.price), "amount": ""}
    return {**form, "type": 2 if trade.is_buyer_maker else 1, "volume": plain(trade.quantity)}


def _ticker(desk: Desk, listing: Listing) -> dict[str, Any]:
    now = desk.engine.time
    start, tape, prices = now - DAY + 1, desk.engine.tape, desk.engine.prices
    candle = tape.candle(listing, start, DAY, now) or Candle.still(start, DAY, prices.mid(listing, now))
    (bid, wanted), (ask, offered) = _best(desk, listing)
    change = candle.high - candle.low
    return {
        "symbol": listing.symbol,
        "openPrice": candle.open,
        "highPrice": candle.high,
        "lowPrice": candle.low,
        "lastPrice": candle.close,
        "priceChange": change,
        "priceChangePercent": f"{change / candle.open * 100:.2f}%",
        "volume": candle.volume,
        "quoteVolume": candle.quote_volume,
        "openTime": now - DAY,
        "closeTime": now,
        "askPrice": ask,
        "askQty": offered,
        "bidPrice": bid,
        "bidQty": wanted,
    }
