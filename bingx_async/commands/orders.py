"""`bingx-async orders`, `place` and `cancel`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import click

from bingx_async import (
    BingXClient,
    CancelOutcome,
    CancelStatus,
    OcoLeg,
    OcoOrder,
    Order,
    OrderType,
    OutcomeUnknown,
    Resolution,
    ResolutionStatus,
    Side,
    TimeInForce,
    to_dict,
)
from bingx_async.commands.exchange import LOOK
from bingx_async.commands.output import Columns, show, show_json
from bingx_async.commands.session import UNKNOWN, check_keys, end, explained, seconds, with_client
from bingx_async.settings import LIVE_HOST

AGAIN = "Look at `bingx-async orders` and `bingx-async balances` before you place it again."
SYMBOL = "Only this pair, such as BTC-USDT; else every pair."

ORDER_COLUMNS: Columns[Order] = {
    "symbol": lambda order: order.symbol,
    "order id": lambda order: str(order.order_id or ""),
    "client order id": lambda order: order.client_order_id,
    "side": lambda order: order.side,
    "type": lambda order: order.type,
    "quantity": lambda order: order.original_quantity,
    "filled": lambda order: order.executed_quantity,
    "price": lambda order: order.price,
    "stop price": lambda order: order.stop_price or None,
    "status": lambda order: order.status,
}
LEG_COLUMNS: Columns[OcoLeg] = {
    "symbol": lambda leg: leg.symbol,
    "order id": lambda leg: leg.order_id,
    "client order id": lambda leg: leg.client_order_id,
    "side": lambda leg: leg.side,
    "leg": lambda leg: leg.order_type,
    "quantity": lambda leg: leg.quantity,
    "price": lambda leg: leg.price,
    "trigger price": lambda leg: leg.trigger_price,
    "status": lambda leg: leg.status,
}
OUTCOME_COLUMNS: Columns[CancelOutcome] = {
    "id": lambda outcome: str(outcome.id),
    "outcome": lambda outcome: outcome.status,
    "code": lambda outcome: outcome.code,
    "error": lambda outcome: outcome.error,
}


@click.command()
@click.option("--symbol", help=SYMBOL)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def orders(symbol: str | None, as_json: bool) -> None:
    """List the open orders of the account, plain and OCO."""

    async def main(client: BingXClient) -> tuple[list[Order], list[OcoOrder]]:
        plain, pairs = await client.spot.list_open_orders(symbol), await client.spot.list_open_oco_orders()
        return plain, [pair for pair in pairs if symbol in (None, *(leg.symbol for leg in pair.legs))]

    plain, pairs = with_client(main)
    if as_json:
        show_json({"orders": [to_dict(order) for order in plain], "oco_orders": [to_dict(pair) for pair in pairs]})
        return
    show(plain, ORDER_COLUMNS, as_json=False, nothing="no open orders")
    show([leg for pair in pairs for leg in pair.legs], LEG_COLUMNS, as_json=False, nothing="no open OCO orders")


def amount(text: str) -> str:
    """A number above 0, as the text that it is, so that no digit is lost."""
    try:
        is_amount = Decimal(text).is_finite() and Decimal(text) > 0 and "_" not in text
    except InvalidOperation:
        is_amount = False
    if not is_amount:
        raise click.BadParameter(f"{text!r} is not a number such as 0.001")
    return text


@click.command()
@click.argument("symbol")
@click.argument("side", type=click.Choice([each.value for each in Side], case_sensitive=False))
@click.argument("kind", metavar="TYPE", type=click.Choice([each.value for each in OrderType], case_sensitive=False))
@click.option("--quantity", type=amount, metavar="NUMBER", help="In the base asset.")
@click.option("--quote-quantity", type=amount, metavar="NUMBER", help="In the quote asset, as to buy at the market.")
@click.option("--price", type=amount, metavar="NUMBER", help="For the limit types.")
@click.option("--stop-price", type=amount, metavar="NUMBER", help="For the conditional types.")
@click.option("--time-in-force", type=click.Choice([each.value for each in TimeInForce], case_sensitive=False))
@click.option("--client-order-id", help="An id of your own; one is made otherwise.")
@click.option("--check/--no-check", default=True, help="By the symbol's rules, before it is sent.")
@click.option(
    "--deadline",
    type=seconds,
    default=30.0,
    metavar="SECONDS",
    show_default=True,
    help="To look for the order if no answer comes.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def place(
    symbol: str, side: str, kind: str, check: bool, deadline: float, yes: bool, as_json: bool, **given: Any
) -> None:
    """Place one order, such as: place BTC-USDT BUY LIMIT --quantity 0.001 --price 50000.

    Exits with 1 if it was not placed, and with 3 if it is not known.
    """
    check_keys()
    if not yes:
        wanted = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in given.items() if value is not None)
        host = os.environ.get("BINGX_BASE_URL") or LIVE_HOST
        click.confirm(f"Place {side} {kind} {symbol}{wanted and ': '}{wanted}, at {host}?", abort=True, err=True)

    async def main(client: BingXClient) -> Order:
        try:
            return await client.spot.place_order(symbol, side, kind, check=check, **given)
        except OutcomeUnknown as error:
            click.echo(f"{explained(error)} Looking for it, {deadline:g} s at most.", err=True)
            return _placed(await error.resolve(deadline=deadline), error)

    order = with_client(main, advice=AGAIN)
    if as_json:
        show_json(to_dict(order))
    else:
        show([order], ORDER_COLUMNS, as_json=False, nothing="")


def _placed(found: Resolution, error: OutcomeUnknown) -> Order:
    """The order of a call without an answer, once it is known; raises where it did not run, or that stays unknown."""
    if found.status is ResolutionStatus.EXECUTED and found.order is not None:
        return found.order
    if found.status is ResolutionStatus.NOT_EXECUTED:
        raise click.ClickException("no answer came, and the order was not placed: no list of the exchange's has it")
    raise error


@click.command()
@click.argument("symbol")
@click.argument("ids", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def cancel(symbol: str, ids: Sequence[str], as_json: bool) -> None:
    """Cancel orders of one symbol by their ids: digits are order ids, anything else is a client order id.

    Exits with 1 if an order was not cancelled, and with 3 if that is not known of one.
    """
    numbers = [each for each in ids if each.isascii() and each.isdigit()]
    names = [each for each in ids if each not in numbers]

    async def main(client: BingXClient) -> list[CancelOutcome]:
        return await client.spot.cancel_many(symbol, numbers, client_order_ids=names)

    outcomes = with_client(main, advice=LOOK)
    show(outcomes, OUTCOME_COLUMNS, as_json=as_json, nothing="")
    statuses = {outcome.status for outcome in outcomes}
    if CancelStatus.UNKNOWN in statuses:
        end(f"not every outcome is known. {LOOK}", UNKNOWN)
    sys.exit(int(statuses != {CancelStatus.CANCELLED}))
