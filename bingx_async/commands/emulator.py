"""`bingx-async emulator`: an exchange to develop against, for any program that speaks HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Sequence
from typing import Any

import anyio
import click

from bingx_async import PROFILES
from bingx_async.emulator import MODELS, Account, Emulator, Model


@click.command(context_settings={"show_default": True})
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0 takes a free one.")
@click.option("--model", type=click.Choice(MODELS), default="sliding", help="How it counts.")
@click.option("--penalty-ms", type=click.IntRange(min=0), default=5000, help="Closed for so long.")
@click.option("--latency-ms", type=click.FloatRange(min=0), default=0.0, help="Each way.")
@click.option("--jitter-ms", type=click.FloatRange(min=0), default=0.0, help="More or less, each way.")
@click.option("--profile", type=click.Choice(list(PROFILES)), default="documented", help="The quotas.")
def emulator(port: int, model: Model, penalty_ms: int, latency_ms: float, jitter_ms: float, profile: str) -> None:
    """Serve the emulated exchange on a loopback port until Ctrl-C.

    The first line of output is JSON: `url`, `accounts`, and the first account's `api_key` and `secret_key`. With
    BINGX_API_KEY and BINGX_SECRET_KEY set these are the only keys it takes, and they are not printed.
    """
    own, latency, jitter = _own_account(), latency_ms / 1000.0, jitter_ms / 1000.0
    served = Emulator(own, model=model, penalty_ms=penalty_ms, latency=latency, jitter=jitter, profile=profile)
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
    async with emulator.serve(port=port) as server:
        click.echo(json.dumps(_greeting(server.url, emulator.accounts, shows_keys)))
        await stop.wait()


def _greeting(url: str, accounts: Sequence[Account], shows_keys: bool) -> dict[str, Any]:
    names = ("account", "api_key", "secret_key") if shows_keys else ("account",)
    shown = [{name: getattr(each, name) for name in names} for each in accounts]
    return {"url": url, "accounts": shown, "api_key": shown[0].get("api_key"), "secret_key": shown[0].get("secret_key")}
