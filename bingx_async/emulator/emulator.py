"""The emulator as a user makes it: its arguments, and the two ways to reach it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from bingx_async.core.catalogue import Profile
from bingx_async.emulator.controls import Controls
from bingx_async.emulator.limits import Model
from bingx_async.emulator.network import EmulatorTransport
from bingx_async.emulator.settings import (
    CARRIERS,
    Account,
    Carrier,
    EmulatorSettings,
    PenaltyStyle,
    Quotas,
    RateHeaders,
    default_accounts,
    profile_of,
    read_clock,
)

if TYPE_CHECKING:
    from bingx_async.emulator.server import EmulatorServer

EXTRA = 'the emulator\'s server needs starlette and uvicorn: pip install "bingx_async[emulator]"'


class Emulator(Controls):
    """BingX spot for tests, demos and benchmarks: it checks signatures and enforces every quota.

    `profile` and `quotas` as for the governor · `model`: how arrivals are counted (see `emulator.limits`) ·
    `penalty_ms`, `penalty_style`: how long a breach closes an endpoint, and whether the answer names the moment ·
    `latency`, `jitter`: seconds each way · `seed`: of the randomness in jitter and faults · `carriers`: where
    parameters are read · `rate_headers`: the form of X-RateLimit-Requests-Expire, None for no such headers ·
    `clock_offset_ms`: how far the server's clock is ahead of `clock`, which returns epoch ms · `symbols`: the pairs
    traded, None for all that are well-formed · `error_limit`: business errors of one code per 480 s that are
    forgiven, None for all. Raises `InvalidRequest`.
    """

    def __init__(
        self,
        accounts: Iterable[Account] | None = None,
        *,
        profile: str | Profile = "documented",
        quotas: Quotas | None = None,
        model: Model = "sliding",
        penalty_ms: int = 5000,
        penalty_style: PenaltyStyle = "closed",
        latency: float = 0.0,
        jitter: float = 0.0,
        seed: int = 0,
        carriers: Collection[Carrier] = CARRIERS,
        rate_headers: RateHeaders | None = "epoch-ms",
        clock_offset_ms: float = 0,
        clock: Callable[[], float] | None = None,
        symbols: Collection[str] | None = None,
        error_limit: int | None = 20,
    ) -> None:
        settings = EmulatorSettings(
            accounts=default_accounts() if accounts is None else accounts,
            profile=profile_of(profile, quotas),
            model=model,
            penalty_ms=penalty_ms,
            penalty_style=penalty_style,
            latency=latency,
            jitter=jitter,
            seed=seed,
            carriers=carriers,
            rate_headers=rate_headers,
            clock_offset_ms=clock_offset_ms,
            clock=clock or read_clock,
            symbols=symbols,
            error_limit=error_limit,
        )
        super().__init__(settings)

    def __repr__(self) -> str:
        uids = ", ".join(dict.fromkeys(account.account for account in self.accounts))
        return f"<Emulator {self.settings.profile.name}, {self.settings.model}, accounts {uids}>"

    def transport(self, *, address: str = "127.0.0.1") -> EmulatorTransport:
        """An httpx transport that ends here, for any host; `address` is the IP its requests come from."""
        return EmulatorTransport(self._network.respond, address)

    def serve(self, port: int = 0, *, host: str = "127.0.0.1") -> AbstractAsyncContextManager[EmulatorServer]:
        """Serve over a real socket while the context is open; `port=0` takes a free one. Loopback only."""
        try:
            from bingx_async.emulator.server import serve
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(EXTRA, name=error.name) from error
        return serve(self._network.respond, host, port)
