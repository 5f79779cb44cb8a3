"""`bingx-async klines` and `bingx-async balances`."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from bingx_async import Balance, BingXClient, Kline
from bingx_async.commands.output import Columns, show
from bingx_async.commands.session import with_client

ONE_REPLY = 1440  # candles
KLINE_COLUMNS: Columns[Kline] = {
    "open time (UTC)": lambda kline: kline.open_time,
    "open": lambda kline: kline.open,
    "high": lambda kline: kline.high,
    "low": lambda kline: kline.low,
    "close": lambda kline: kline.close,
    "volume": lambda kline: kline.volume,
    "state": lambda kline: "closed" if kline.is_closed else "open",
}
BALANCE_COLUMNS: Columns[Balance] = {
    "asset": lambda balance: balance.asset,
    "free": lambda balance: balance.free,
    "locked": lambda balance: balance.locked,
    "total": lambda balance: balance.total,
}


@click.command()
@click.argument("symbol")
@click.argument("interval", default="1h")
@click.option("--start", type=click.DateTime(), help="UTC; the first candles from here on, else the latest.")
@click.option("--end", type=click.DateTime(), help="UTC; only candles that open before.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="At most so many.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def klines(symbol: str, interval: str, start: datetime | None, end: datetime | None, limit: int, as_json: bool) -> None:
    """List candles, oldest first, such as: klines BTC-USDT 1h --start 2026-11-01. Needs no key."""
    since, until = _utc(start), _utc(end)
    if since is None and limit > ONE_REPLY:
        raise click.UsageError(f"for more than {ONE_REPLY} candles say where they begin: --start")
    if since is not None and since >= (until or datetime.now(UTC)):
        raise click.UsageError(f"--start must be before {'--end' if until else 'now'}")

    async def main(client: BingXClient) -> list[Kline]:
        if since is None:
            return await client.spot.list_klines(symbol, interval, end=until, limit=limit)
        found: list[Kline] = []
        async for kline in client.spot.iter_klines(symbol, interval, start=since, end=until):
            found.append(kline)
            if len(found) == limit:
                break
        return found

    show(with_client(main, needs_key=False), KLINE_COLUMNS, as_json=as_json, nothing="no candles")


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def balances(as_json: bool) -> None:
    """List the spot balances of the account in BINGX_API_KEY and BINGX_SECRET_KEY."""

    async def main(client: BingXClient) -> list[Balance]:
        return await client.account.list_balances()

    show(with_client(main), BALANCE_COLUMNS, as_json=as_json, nothing="no balances")
