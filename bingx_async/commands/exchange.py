"""`bingx-async clock` and `bingx-async cancel-all`: commands that call the exchange."""

from __future__ import annotations

import anyio
import click

from bingx_async import BingXClient, BingXError, Governor, InvalidRequest, KillReport, Order, OutcomeUnknown, events
from bingx_async.commands.output import clean, tell
from bingx_async.commands.session import UNKNOWN, check_keys, end, seconds, with_client

TELLING = 0.5  # seconds; a signed call more than a recvWindow away is refused, and a drifting clock gets there
LOOK = "Look at the open orders: if any stand, run this again; it does no harm."
WITHOUT = "OCO orders are cancelled without --symbol only."


@click.command()
@click.option("--base-url", help="Whose clock; else BINGX_BASE_URL, else the live exchange.")
def clock(base_url: str | None) -> None:
    """Read the exchange's clock: offset of this machine's and the round trip."""
    try:
        offset, round_trips = anyio.run(_read, base_url)
    except InvalidRequest as error:
        raise click.ClickException(clean(str(error))) from None
    except BingXError as error:
        raise click.ClickException(clean(f"the exchange's clock could not be read ({error})")) from None
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
@click.option(
    "--deadline",
    type=seconds,
    default=30.0,
    metavar="SECONDS",
    show_default=True,
    help="After that it ends in any case.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
def cancel_all(symbol: str | None, deadline: float, yes: bool) -> None:
    """Cancel every open order of the account in BINGX_API_KEY and BINGX_SECRET_KEY, and look that none is left.

    OCO orders go too; with --symbol those that stay are only reported. Exits with 1 if orders still stand, and with 3
    if it is not known.
    """
    check_keys()
    scope = f"every open order on {symbol}" if symbol else "every open order on every symbol"
    if not yes:
        click.confirm(f"Cancel {scope}?", abort=True)

    async def main(client: BingXClient) -> tuple[KillReport, str]:
        where = f"account {client.account.owner} at {client.host}"
        if symbol is None:
            return await client.spot.kill_switch(deadline=deadline), where
        return await _clear(client, symbol, deadline), f"{symbol}, {where}"

    report, where = with_client(main, advice=LOOK)
    for text in (*map(_line, report.cancelled), *(f"OCO order {each.order_id}" for each in report.oco_cancelled)):
        tell(text)
    if not report.is_clear:
        is_oco_left = symbol is not None and report.left_oco and not report.left
        end(f"{where}: {report}. {WITHOUT if is_oco_left else LOOK}", _code_of(report))
    tell(f"{where}: {report}")


def _code_of(report: KillReport) -> int:
    """Unknown only if a cancel may have run, and no look has shown what is left."""
    has_changed = report.cancelled or any(isinstance(error, OutcomeUnknown) for error in report.errors)
    return UNKNOWN if report.looked_at is None and has_changed else 1


async def _clear(client: BingXClient, symbol: str, deadline: float) -> KillReport:
    """The orders of one symbol, cancelled; and what is left."""
    cancelled: list[Order] = []
    with anyio.move_on_after(deadline):
        await client.spot.get_symbol(symbol)  # raises for one that does not exist
        cancelled += await client.spot.cancel_open_orders(symbol)
        looked_at = client.clock.moment(client.clock.monotonic())
        left = tuple(await client.spot.list_open_orders(symbol))
        legs = [leg for pair in await client.spot.list_open_oco_orders() for leg in pair.legs if leg.symbol == symbol]
        return KillReport(tuple(cancelled), left=left, left_oco=tuple(legs), looked_at=looked_at)
    return KillReport(tuple(cancelled), errors=client.in_doubt)


def _line(order: Order) -> str:
    return f"{order.symbol:<14}{order.order_id!s:<22}{order.side:<6}{order.original_quantity} at {order.price}"
