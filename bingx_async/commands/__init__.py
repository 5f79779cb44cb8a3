"""The commands of `bingx-async`. None ever prints a key or a secret of the user's."""

from __future__ import annotations

import logging
from typing import Any

import click

from bingx_async import __version__
from bingx_async.commands.doctor import doctor
from bingx_async.commands.emulated import demo, emulator
from bingx_async.commands.exchange import cancel_all, clock
from bingx_async.commands.market import balances, klines
from bingx_async.commands.orders import cancel, orders, place
from bingx_async.commands.quotas import quotas
from bingx_async.commands.session import INTERRUPTED
from bingx_async.commands.watch import watch

__all__ = ["bingx_async"]


class Commands(click.Group):
    """A group whose commands end by Ctrl-C with one line and the exit code of shells."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            ctx.exit(INTERRUPTED)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="bingx-async")
def bingx_async() -> None:
    """An asyncio client for BingX spot that is never refused for a quota and leaves none unused."""
    # The commands print their own messages; log lines of the library would only repeat them.
    logging.getLogger("bingx_async").addHandler(logging.NullHandler())


for command in (demo, emulator, doctor, quotas, clock, klines, balances, orders, place, cancel, cancel_all, watch):
    bingx_async.add_command(command)
