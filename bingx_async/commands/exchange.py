"""`bingx-async clock` and `bingx-async cancel-all`: commands that call the exchange."""

from __future__ import annotations

import os
import sys

import anyio
import click

from bingx_async import BingXClient, BingXError, Governor, InvalidRequest, Order, OutcomeUnknown
from bingx_async.core import events

TELLING = 0.5  # seconds; a signed call more than a recvWindow away is refused, and a drifting clock gets there
UNKNOWN = 3  # exit code: it may have happened


@click.command()
@click.option("--base-url", help="Whose clock; else BINGX_BASE_URL, else the live exchange.")
def clock(base_url: str | None) -> None:
    """Read the exchange's clock: offset of this machine's and the round trip."""
    try:
        offset, round_trips = anyio.run(_read, base_url)
    except InvalidRequest as error:
        raise click.ClickException(str(error)) from None
    except BingXError as error:
        raise click.ClickException(f"the exchange's clock could not be read ({error})") from None
    click.echo(_sentence(offset))
    click.echo(f"round trip {min(round_trips) * 1000:.1f} ms, the best of {len(round_trips)}")


async def _read(base_url: str | None) -> tuple[float, list[float]]:
    """The offset, and the round trips that were answered, in seconds."""
    round_trips: list[float] = []

    def observe(event: events.Event) -> None:
        if isinstance(event, events.Settled) and event.outcome == "accepted":
            round_trips.append(event.took)

    client = BingXClient(base_url=base_url, governor=Governor(on_event=observe))
    try:
        return await client.sync_clock(), round_trips
    finally:
        await client.aclose()


def _sentence(offset: float) -> str:
    way = "behind" if offset >= 0 else "ahead of"
    text = f"this machine's clock is {abs(offset) * 1000:.1f} ms {way} the exchange's"
    return text if abs(offset) < TELLING else f"{text}; the client corrects for that, other programs may not"


@click.command()
@click.option("--symbol", help="Only this pair, such as BTC-USDT; else every pair.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def cancel_all(symbol: str | None, yes: bool) -> None:
    """Cancel every open order of the account in BINGX_API_KEY and BINGX_SECRET_KEY.

    Exits with 1 if the orders still stand, and with 3 if it is not known.
    """
    if not (os.environ.get("BINGX_API_KEY") and os.environ.get("BINGX_SECRET_KEY")):
        raise click.ClickException("set BINGX_API_KEY and BINGX_SECRET_KEY; nothing was sent")
    scope = f"every open order on {symbol}" if symbol else "every open order on every symbol"
    if not yes:
        click.confirm(f"Cancel {scope}?", abort=True)
    try:
        orders = anyio.run(_cancel, symbol)
    except OutcomeUnknown as error:
        click.echo(f"Error: {error} Look at the open orders: if any stand, run this again; it does no harm.", err=True)
        sys.exit(UNKNOWN)
    except BingXError as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        click.echo("interrupted: the request may have been sent; look at the open orders", err=True)
        sys.exit(UNKNOWN)
    for order in orders:
        click.echo(_line(order))
    click.echo(f"cancelled {scope}: {len(orders)} order{'' if len(orders) == 1 else 's'}")


async def _cancel(symbol: str | None) -> list[Order]:
    async with BingXClient() as client:
        if symbol is not None:
            return await client.spot.cancel_open_orders(symbol)
        return await client.spot.cancel_all_open_orders()


def _line(order: Order) -> str:
    return f"{order.symbol:<14}{order.order_id!s:<22}{order.side:<6}{order.original_quantity} at {order.price}"
