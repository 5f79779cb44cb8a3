"""One client for one command: its keys come from the environment, its errors become one line and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio
import click

from bingx_async import BingXClient, BingXError, OutcomeUnknown

T = TypeVar("T")
UNKNOWN = 3  # exit code: it may have happened


def with_client(main: Callable[[BingXClient], Awaitable[T]], *, needs_key: bool = True, advice: str = "") -> T:
    """The result of `main`. Ends the program with 1 where the exchange or this machine said no, and with 3 and the
    `advice` where it is not known what happened."""
    if needs_key and not (os.environ.get("BINGX_API_KEY") and os.environ.get("BINGX_SECRET_KEY")):
        raise click.ClickException("set BINGX_API_KEY and BINGX_SECRET_KEY; nothing was sent")
    try:
        return anyio.run(_run, main)
    except OutcomeUnknown as error:
        click.echo(f"Error: {error} {advice}".rstrip(), err=True)
        sys.exit(UNKNOWN)
    except BingXError as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        if not advice:
            raise
        click.echo(f"interrupted: the request may have been sent. {advice}", err=True)
        sys.exit(UNKNOWN)


async def _run(main: Callable[[BingXClient], Awaitable[T]]) -> T:
    async with BingXClient() as client:
        return await main(client)
