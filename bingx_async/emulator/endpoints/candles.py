"""Candles: newest first, the unfinished one included. From a day on they open at 16:00 UTC unless `timeZone` is 0."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from bingx_async.emulator.endpoints.desk import Desk, Params, invalid, whole
from bingx_async.emulator.market.listings import OPENED_AT, Listing
from bingx_async.emulator.market.tape import Candle, Tape

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
MONDAY = 4 * DAY  # the first Monday after the epoch
LENGTHS = {
    **{f"{minutes}m": minutes * MINUTE for minutes in (1, 3, 5, 15, 30)},
    **{f"{hours}h": hours * HOUR for hours in (1, 2, 4, 6, 8, 12)},
    "1d": DAY,
    "3d": 3 * DAY,
    "1w": 7 * DAY,
    "1M": 0,
}


def list_klines(desk: Desk, params: Params) -> Any:
    """The latest candles, or those of a window, at most 1440."""
    return _rows(desk, params, 1440, params.get("timeZone") or "8")


def list_historical_klines(desk: Desk, params: Params) -> Any:
    """The same, at most 500; whether the time zone works is open."""
    is_honoured = desk.variants.historical_time_zone == "honoured"
    return _rows(desk, params, 500, (is_honoured and params.get("timeZone")) or "8")


def candle_of(tape: Tape, listing: Listing, interval: str, now: int) -> Candle:
    """The candle of this moment."""
    shift = 8 * HOUR if LENGTHS[interval] >= DAY or interval == "1M" else 0
    previous = _months(shift) if interval == "1M" else _even(LENGTHS[interval], shift, interval == "1w")
    opens = previous(now)
    return tape.candle(listing, opens, _length(interval, opens, shift), now)


def _rows(desk: Desk, params: Params, most: int, zone: str) -> list[list[Any]]:
    interval = params.get("interval", "")
    if interval not in LENGTHS:
        raise invalid(f"interval:{interval} must be one of {', '.join(LENGTHS)}")
    listing, limit = desk.listings.get(desk.symbol(params)), whole(params, "limit", 500, most)
    shift = (8 * HOUR if zone != "0" else 0) if LENGTHS[interval] >= DAY or interval == "1M" else 0
    now, start = desk.engine.time, whole(params, "startTime", 0)
    if desk.variants.kline_start == "exclusive" and params.get("startTime"):
        start += 1
    previous = _months(shift) if interval == "1M" else _even(LENGTHS[interval], shift, interval == "1w")
    opens, tape = previous(min(whole(params, "endTime", now), now)), Tape(desk.engine.prices)
    rows: list[list[Any]] = []
    while opens >= max(start, OPENED_AT) and len(rows) < limit:
        length = _length(interval, opens, shift)
        rows.append(_row(tape.candle(listing, opens, length, now)))
        opens = previous(opens - 1)
    return rows


def _row(candle: Candle) -> list[Any]:
    prices = [candle.open, candle.high, candle.low, candle.close]
    return [candle.open_time, *prices, candle.volume, candle.close_time, candle.quote_volume]


def _even(length: int, shift: int, is_week: bool) -> Callable[[int], int]:
    """The start of the interval in which a moment lies."""
    offset = (MONDAY if is_week else 0) - shift
    return lambda time: (time - offset) // length * length + offset


def _months(shift: int) -> Callable[[int], int]:
    def start(time: int) -> int:
        local = datetime.fromtimestamp((time + shift) / 1000, UTC)
        first = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        return int(first.timestamp() * 1000) - shift

    return start


def _length(interval: str, opens: int, shift: int) -> int:
    if interval != "1M":
        return LENGTHS[interval]
    return _months(shift)(opens + 32 * DAY) - opens
