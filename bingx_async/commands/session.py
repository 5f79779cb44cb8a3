"""One client for one command: its keys come from the environment, its errors become one line and an exit code."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn, TypeVar

import anyio
import click

from bingx_async import BingXClient, BingXError, OutcomeUnknown, RulesUnavailable
from bingx_async.commands.output import clean

T = TypeVar("T")
UNKNOWN = 3  # exit code: it may have happened
LONGEST = 3600  # seconds
INTERRUPTED = 130  # the exit code that shells use for Ctrl-C
ARGUMENTS = "quantity|quote_quantity|price|stop_price|time_in_force|client_order_id|limit|start|end"
ARGUMENT = re.compile(rf"\b({ARGUMENTS})=")


def seconds(value: str | float) -> float:
    """A span that can be waited for; an argument is refused before anything is sent, and never after."""
    try:
        if 0 < (span := float(value)) <= LONGEST:
            return span
    except ValueError:
        pass
    raise click.BadParameter(f"{value!r} is no number of seconds from 0.001 to {LONGEST}")


def check_keys() -> None:
    """Ends the program with 1 if the environment has no keys."""
    if not (os.environ.get("BINGX_API_KEY") and os.environ.get("BINGX_SECRET_KEY")):
        raise click.ClickException("set BINGX_API_KEY and BINGX_SECRET_KEY; nothing was sent")


def with_client(
    main: Callable[[BingXClient], Awaitable[T]], *, needs_key: bool = True, advice: str = "", **settings: Any
) -> T:
    """The result of `main` with a client of these settings. Ends the program with 1 where the exchange or this machine
    said no, and with 3 and the `advice` where it is not known what happened. Without `advice` nothing can have."""
    if needs_key:
        check_keys()
    doubts: list[OutcomeUnknown] = []
    try:
        return anyio.run(_run, main, settings, doubts)
    except OutcomeUnknown as error:
        end(f"{explained(error)} {advice}", UNKNOWN)
    except BingXError as error:
        raise click.ClickException(explained(error)) from None
    except KeyboardInterrupt:
        if not advice:
            raise
        names = ", ".join(name for error in doubts for name in error.client_order_ids)
        end(f"interrupted: the request may have been sent{f' as {names}' if names else ''}. {advice}", UNKNOWN)


def end(text: str, code: int) -> NoReturn:
    """End the program with one line and this exit code."""
    click.echo(clean(f"Error: {text}"), err=True)
    sys.exit(code)


def explained(error: BingXError) -> str:
    """The error's text, which speaks of Python arguments, in words of the command line."""
    if isinstance(error, OutcomeUnknown):
        names = f" as {', '.join(error.client_order_ids)}" if error.client_order_ids else ""
        return clean(f"{error.endpoint}: {error.message}. The request was sent{names} and may have run.")
    text = ARGUMENT.sub(lambda found: f"--{found[1].replace('_', '-')} ", str(error)).replace("Decimal('...')", "N")
    if isinstance(error, RulesUnavailable):
        text = f"{text.partition(', or pass')[0]}, or add --no-check to send it unchecked"
    return clean(text.replace("check=False", "--no-check"))


async def _run(
    main: Callable[[BingXClient], Awaitable[T]], settings: dict[str, Any], doubts: list[OutcomeUnknown]
) -> T:
    async with BingXClient(**settings) as client:
        try:
            return await main(client)
        finally:
            doubts += client.in_doubt
