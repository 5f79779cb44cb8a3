"""`bingx-async watch`: a market, or one's own orders, as it happens."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import datetime

import click
from rich.console import Console

from bingx_async import BingXClient
from bingx_async.commands.session import seconds as span
from bingx_async.commands.session import with_client
from bingx_async.commands.watch_feeds import CHANNELS, market_feeds, own_feed, watch_all
from bingx_async.commands.watch_lines import Lines
from bingx_async.commands.watch_market import MarketBoard
from bingx_async.commands.watch_own import OwnBoard
from bingx_async.commands.watch_screen import Board, Screen


@click.command()
@click.argument("symbols", nargs=-1)
@click.option("--book", "channels", flag_value="book", multiple=True, help="The top of the order book.")
@click.option("--trades", "channels", flag_value="trades", multiple=True, help="Every trade.")
@click.option("--ticker", "channels", flag_value="ticker", multiple=True, help="The last 24 hours.")
@click.option("--orders", "is_own", is_flag=True, help="Your own orders, fills and balances instead.")
@click.option("--strategy", metavar="NAME", help="With --orders: only those of this strategy.")
@click.option("--seconds", type=span, metavar="SECONDS", help="End after so long; else at Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="For programs: a line for each item.")
@click.option("--base-url", help="Else BINGX_BASE_URL, else the live exchange.")
def watch(
    symbols: Sequence[str],
    channels: Sequence[str],
    is_own: bool,
    strategy: str | None,
    seconds: float | None,
    as_json: bool,
    base_url: str | None,
) -> None:
    """Watch markets live, such as: watch BTC-USDT ETH-USDT. Shows book, trades and ticker, or those that you choose.

    With --orders it shows your own orders, fills and balances, of these symbols or of all. In a terminal it is one
    picture, elsewhere a line for each item. Interruptions are always shown. It changes nothing.
    """
    symbols, channels = tuple(dict.fromkeys(symbols)), tuple(dict.fromkeys(channels)) or CHANNELS
    _check(symbols, channels, is_own, strategy)
    board: Board = OwnBoard() if is_own else MarketBoard(symbols, channels)

    async def main(client: BingXClient) -> int:
        await client.sync_clock()  # a host that is not there is told at once
        with _view(client, board, as_json) as view:
            own = [own_feed(client, symbols, strategy, view)] if is_own else []
            return await watch_all(own or market_feeds(client, symbols, channels, view), view, seconds)

    sys.exit(with_client(main, needs_key=is_own, base_url=base_url))


def _check(symbols: Sequence[str], channels: Sequence[str], is_own: bool, strategy: str | None) -> None:
    if is_own and channels != CHANNELS:
        raise click.UsageError("--orders has no book, trades or ticker: watch them in another terminal")
    if not is_own and strategy is not None:
        raise click.UsageError("--strategy is for --orders: write watch --orders --strategy NAME")
    if not is_own and not symbols:
        raise click.UsageError("name the pairs to watch, such as BTC-USDT, or write --orders")


def _view(client: BingXClient, board: Board, as_json: bool) -> Screen | nullcontext[Lines]:
    def now() -> datetime:
        return client.clock.moment(client.clock.monotonic())

    console = Console()
    if as_json or not console.is_terminal:
        return nullcontext(Lines(as_json, now))
    return Screen(
        board, now, f"bingx-async watch · {client.host} · Ctrl-C ends", console, isinstance(board, MarketBoard)
    )
