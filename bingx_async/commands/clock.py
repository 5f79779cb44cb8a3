"""`bingx-async clock`."""

from __future__ import annotations

import anyio
import click

from bingx_async import BingXClient, BingXError, Governor, InvalidRequest
from bingx_async.core import events

TELLING = 0.5  # seconds; a signed call more than a recvWindow away is refused, and a drifting clock gets there


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
