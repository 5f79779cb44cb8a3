"""The emulator as a user makes it: its arguments, and the two ways to reach it.

Rules: the transport works in process, without a socket, in any event loop and in simulated time: its delays are
`anyio.sleep`. A connection closed before the request ran is `httpx.ConnectError`, one closed after it
`httpx.ReadError`; a reply later than the request's read timeout is `httpx.ReadTimeout`, and the request has run all
the same.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Self

import anyio.lowlevel
import httpx

from bingx_async.core.catalogue import Profile
from bingx_async.core.quota import Quotas
from bingx_async.emulator.controls import Controls
from bingx_async.emulator.limits import Model
from bingx_async.emulator.market.live import Live
from bingx_async.emulator.market.market import Market, MarketKind
from bingx_async.emulator.market.recording import Recording
from bingx_async.emulator.settings import Account, Carrier, EmulatorSettings, PenaltyStyle, RateHeaders, profile_of
from bingx_async.emulator.traffic import ConnectionClosed, Request, Respond
from bingx_async.emulator.variants import Variants

if TYPE_CHECKING:
    from anyio.abc import ByteStream

    from bingx_async.emulator.server import EmulatorServer
    from bingx_async.emulator.streams.streams import Streams


class Emulator(Controls):
    """BingX spot for tests, demos and benchmarks: it checks signatures and enforces every quota.

    `profile` and `quotas` as for the governor · `model`: how arrivals are counted (see `emulator.limits`) ·
    `penalty_ms`, `penalty_style`: how long a breach closes an endpoint, and whether the answer names the moment ·
    `latency`, `jitter`: seconds each way · `seed`: of the randomness in jitter and faults · `carriers`: where
    parameters are read · `rate_headers`: the form of X-RateLimit-Requests-Expire, None for no such headers ·
    `clock_offset_ms`: how far the server's clock is ahead of `clock`, which returns epoch ms · `symbols`: the pairs
    traded, None for all that are well-formed · `error_limit`: business errors of one code per 480 s that are
    forgiven, None for all · `market`: "walk" or a `Market` whose prices move; None, a quiet one, where they stay and
    limit orders rest; "live" or a `Recording`, the prices of the public market · `variants`: the choices where the
    exchange's behaviour is not known. Raises `InvalidRequest`. One whose market is live is used with `async with`, or
    closed with `aclose()`, unless it is served.
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
        carriers: Collection[Carrier] = ("json", "query", "form"),
        rate_headers: RateHeaders | None = "epoch-ms",
        clock_offset_ms: float = 0,
        clock: Callable[[], float] | None = None,
        symbols: Collection[str] | None = None,
        error_limit: int | None = 20,
        market: Market | MarketKind | Recording | Live | None = None,
        variants: Variants = Variants(),  # noqa: B008 - frozen
    ) -> None:
        settings = EmulatorSettings(
            accounts=accounts,
            profile=profile_of(profile, quotas or {}),
            model=model,
            penalty_ms=penalty_ms,
            penalty_style=penalty_style,
            latency=latency,
            jitter=jitter,
            seed=seed,
            carriers=carriers,
            rate_headers=rate_headers,
            clock_offset_ms=clock_offset_ms,
            clock=clock,
            symbols=symbols,
            error_limit=error_limit,
            market=Market(seed=seed) if market == "walk" else market,
            variants=variants,
        )
        super().__init__(settings)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        uids = ", ".join(dict.fromkeys(account.account for account in self.accounts))
        return f"<Emulator {self.settings.profile.name}, {self.settings.model}, accounts {uids}>"

    def transport(self, *, address: str = "127.0.0.1") -> EmulatorTransport:
        """An httpx transport that ends here, for any host; `address` is the IP its requests come from."""
        return EmulatorTransport(self._respond, address, self._open_streams, self._catch_up)

    def serve(self, port: int = 0, *, host: str = "127.0.0.1") -> AbstractAsyncContextManager[EmulatorServer]:
        """Serve over a real socket while the context is open; `port=0` takes a free one. Loopback only."""
        try:
            from bingx_async.emulator.server import serve
        except ModuleNotFoundError as error:
            message = (
                'the emulator\'s server needs starlette, uvicorn and websockets: pip install "bingx_async[emulator]"'
            )
            raise ModuleNotFoundError(message, name=error.name) from error
        return serve(self._respond, self._open_streams(), host, port, self._catch_up, self.aclose)


class EmulatorTransport(httpx.AsyncBaseTransport):
    """Carries requests from `address` to an emulator in the same process."""

    def __init__(
        self,
        respond: Respond,
        address: str,
        streams: Callable[[], Streams],
        caught_up: Callable[[], Awaitable[None]],
    ) -> None:
        self._respond, self._address, self._streams, self._caught_up = respond, address, streams, caught_up

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The emulator's reply, or the httpx error a network would raise."""
        await anyio.lowlevel.checkpoint()
        arriving = await self._read(request)
        try:
            with anyio.fail_after(request.extensions.get("timeout", {}).get("read")):
                reply = await self._respond(arriving, anyio.sleep)
        except TimeoutError:
            raise httpx.ReadTimeout("the emulator's reply is late", request=request) from None
        except ConnectionClosed as closed:
            kind = httpx.ReadError if closed.was_executed else httpx.ConnectError
            raise kind("the emulator closed the connection", request=request) from None
        return httpx.Response(reply.status, headers=reply.headers, content=reply.body, request=request)

    async def connect_stream(self, host: str, port: int) -> ByteStream:  # noqa: ARG002 - every host leads here
        """A connection to the streams, whatever the host: bytes of the WebSocket protocol, without TLS."""
        await anyio.lowlevel.checkpoint()
        streams = self._streams()  # says what is missing, if websockets is
        from bingx_async.emulator.streams.memory import MemoryStream

        return MemoryStream(streams, self._address, self._caught_up)

    async def _read(self, request: httpx.Request) -> Request:
        url, headers = request.url, {name.lower(): value for name, value in request.headers.items()}
        body = await request.aread()
        return Request(request.method, url.path, url.query.decode("ascii"), headers, body, self._address)
