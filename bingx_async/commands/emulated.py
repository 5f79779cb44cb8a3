"""`bingx-async demo` and `bingx-async emulator`, which need neither the exchange nor keys.

`demo` watches the governor work; `emulator` is an exchange to develop against, for any program that speaks HTTP.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import signal
import sys
from pathlib import Path

import anyio
import click

from bingx_async import PROFILES
from bingx_async.commands.initial import rest_orders, with_balances
from bingx_async.demo.run import run
from bingx_async.demo.scenario import LEAST_SECONDS, Settings
from bingx_async.emulator import MODELS, Account, Emulator, MarketKind, Model, default_accounts

INTERRUPTED = 130
SECONDS = click.FloatRange(LEAST_SECONDS, 3600)


@click.command(context_settings={"show_default": True})
@click.option("--seconds", type=SECONDS, default=Settings().seconds, help="How long to drive at full load.")
@click.option("--svg", type=click.Path(dir_okay=False, path_type=Path), help="Save the last frame as a picture.")
@click.option("--model", type=click.Choice(MODELS), default=Settings().model, help="How the emulated exchange counts.")
def demo(seconds: float, svg: Path | None, model: Model) -> None:
    """Drive three accounts at full load against an emulated exchange and watch.

    Needs no keys and no network. Exits with 1 if a call was refused beyond the one that is provoked, or if a quota
    was not used to 90 %.
    """
    if svg is not None and not (svg.absolute().parent.is_dir() and os.access(svg.absolute().parent, os.W_OK)):
        raise click.BadParameter(f"cannot write to the directory {str(svg.parent)!r}", param_hint="--svg")
    try:
        report = anyio.run(run, Settings(seconds, model), svg)
    except KeyboardInterrupt:
        click.echo("interrupted: everything is closed", err=True)
        sys.exit(INTERRUPTED)
    except BaseExceptionGroup as failures:
        raise _broken_pipe_of(failures) from None
    if svg is not None:
        click.echo(f"the last frame is in {svg}")
    sys.exit(0 if report.is_kept else 1)


def _broken_pipe_of(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """The failures as they are, or as one `BrokenPipeError` if the reader of the output has gone: click ends it."""
    _, others = failures.split(BrokenPipeError)
    return failures if others is not None else BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


@click.command(context_settings={"show_default": True})
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0 takes a free one.")
@click.option("--model", type=click.Choice(MODELS), default="sliding", help="How it counts.")
@click.option("--penalty-ms", type=click.IntRange(min=0), default=5000, help="Closed for so long.")
@click.option("--latency-ms", type=click.FloatRange(min=0), default=0.0, help="Each way.")
@click.option("--jitter-ms", type=click.FloatRange(min=0), default=0.0, help="More or less, each way.")
@click.option("--profile", type=click.Choice(list(PROFILES)), default="documented", help="The quotas.")
@click.option("--market", type=click.Choice(["walk", "quiet"]), default="walk", help="Whether prices move.")
@click.option("--seed", type=click.IntRange(min=0), default=0, help="Of prices, jitter and faults.")
@click.option("--balance", "balances", multiple=True, metavar="ASSET=AMOUNT", help="Of every account; else no bounds.")
@click.option("--orders", multiple=True, metavar="N|UID:SYMBOL:N", help="Orders that rest at the start.")
def emulator(
    port: int,
    model: Model,
    penalty_ms: int,
    latency_ms: float,
    jitter_ms: float,
    profile: str,
    market: MarketKind,
    seed: int,
    balances: tuple[str, ...],
    orders: tuple[str, ...],
) -> None:
    """Serve the emulated exchange on a loopback port until Ctrl-C.

    `--balance USDT=10000 --balance BTC=0.5` gives each account these assets and no others. `--orders 25` rests so many
    for the first account at BTC-USDT, `--orders 1002:ETH-USDT:3` for another; they stand well below the market.

    The first line of output is JSON: `url`, `stream_url`, `accounts`, and the first account's `api_key` and
    `secret_key`. With BINGX_API_KEY and BINGX_SECRET_KEY set these are the only keys it takes, and they are not
    printed.
    """
    own, latency, jitter = _own_account(), latency_ms / 1000.0, jitter_ms / 1000.0
    served = Emulator(
        with_balances(own or default_accounts(), balances),
        model=model,
        penalty_ms=penalty_ms,
        latency=latency,
        jitter=jitter,
        profile=profile,
        market=market,
        seed=seed,
    )
    rest_orders(served, orders)
    try:
        anyio.run(_serve, served, port, own is None)
    except OSError as error:
        raise click.ClickException(f"port {port} cannot be used: {os.strerror(error.errno or 0)}") from None
    except KeyboardInterrupt:
        pass


def _own_account() -> list[Account] | None:
    api_key, secret_key = os.environ.get("BINGX_API_KEY"), os.environ.get("BINGX_SECRET_KEY")
    if bool(api_key) != bool(secret_key):
        missing = "BINGX_SECRET_KEY" if api_key else "BINGX_API_KEY"
        raise click.ClickException(f"{missing} is missing; set both BINGX_API_KEY and BINGX_SECRET_KEY or neither")
    return [Account("1001", api_key, secret_key)] if api_key and secret_key else None


async def _serve(emulator: Emulator, port: int, shows_keys: bool) -> None:
    stop = asyncio.Event()
    with contextlib.suppress(NotImplementedError):  # Windows: there Ctrl-C comes as KeyboardInterrupt
        for each in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(each, stop.set)
    names = ("account", "api_key", "secret_key") if shows_keys else ("account",)
    accounts = [{name: getattr(each, name) for name in names} for each in emulator.accounts]
    first = {name: accounts[0].get(name) for name in ("api_key", "secret_key")}
    async with emulator.serve(port=port) as server:
        click.echo(json.dumps({"url": server.url, "stream_url": server.stream_url, "accounts": accounts, **first}))
        await stop.wait()
