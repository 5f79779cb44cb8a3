"""`bingx-async cancel-all`: the kill switch."""

from __future__ import annotations

import os
import sys

import anyio
import click

from bingx_async import BingXClient, BingXError, Order, OutcomeUnknown

UNKNOWN = 3  # exit code: it may have happened


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
