"""The client: settings and lifecycle. The only place that wires the layers together."""

# Not every caller is typed, so arguments are checked at run time too.
# pyright: reportUnnecessaryIsInstance=false

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Callable, Hashable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar, cast
from urllib.parse import SplitResult, urlsplit
from weakref import WeakSet

import anyio
from attrs import define, field, frozen

from bingx_async import __version__
from bingx_async.core.endpoint import Call, Endpoint
from bingx_async.core.options import shown
from bingx_async.core.pool import Batch, BatchRoute, Pool
from bingx_async.errors import BingXError, ClientClosed, InvalidRequest
from bingx_async.governor import Governor
from bingx_async.models import Priority
from bingx_async.runtime.bulk.coalescer import Coalescer
from bingx_async.runtime.bulk.drain import Drain
from bingx_async.runtime.call.caller import Caller, CallSettings
from bingx_async.runtime.call.carriers import CarrierChoice, Credentials
from bingx_async.runtime.clock import ServerClock
from bingx_async.spot import CallOptions, SpotApi
from bingx_async.spot.market import TIME_ENDPOINTS

if TYPE_CHECKING:
    import httpx

    from bingx_async.runtime.http.transport import Transport

T = TypeVar("T")
R = TypeVar("R")
LIVE_HOST = "https://open-api.bingx.com"  # WIRE.md, "Hosts"
FALLBACK_HOST = "https://open-api.bingx.pro"  # only for failures before the request was written
LONGEST_RECV_WINDOW = 5000  # ms (WIRE.md, "Signing")


@define(eq=False)
class _ClientState:
    """Whether a client is closed; its waiting calls belong to it."""

    is_closed: bool = False


@define
class _Shared:
    """What `for_account` clients share with the first, which ends all their `lives`."""

    transport: Transport
    clock: ServerClock
    carrier: CarrierChoice
    is_over: bool = False
    lives: WeakSet[_ClientState] = field(factory=WeakSet["_ClientState"])


@frozen
class _Keys:
    """What opens an account, out of sight: frames that hold it may be printed."""

    api: str | None = field(repr=False)
    secret: str | None = field(repr=False)


class BingXClient:
    """The asyncio (and trio) client of BingX spot.

    `api_key` and `secret_key` come from `BINGX_API_KEY` and `BINGX_SECRET_KEY` if not given, `base_url` from
    `BINGX_BASE_URL`, else it is the live host; plain http only for a loopback address. `account` is the UID that
    owns the quotas (several keys of one UID need the same); by default a fingerprint of the API key. `governor` is
    shared among clients to share quotas. `carrier` says where parameters travel. `recv_window` in milliseconds,
    `max_wait` and `timeout` in seconds, are the defaults of every call. `egress` names the outgoing address.
    `ids_per_batch` is how many ids travel in one batch cancel. Use it with `async with`, which sets the clock and
    warms a connection, or call `aclose()`.
    """

    def __init__(
        self,
        api_key: str | None = None,
        secret_key: str | None = None,
        *,
        account: str | int | None = None,
        base_url: str | None = None,
        governor: Governor | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        carrier: Literal["auto", "json", "query", "form"] = "auto",
        recv_window: int = LONGEST_RECV_WINDOW,
        max_wait: float = 30.0,
        timeout: float = 10.0,
        egress: str = "default",
        ids_per_batch: int = 10,
        coalesce_cancels: bool = False,
    ) -> None:
        keys = _Keys(
            api_key if _is_given(api_key) else os.environ.get("BINGX_API_KEY"),
            secret_key if _is_given(secret_key) else os.environ.get("BINGX_SECRET_KEY"),
        )
        del api_key, secret_key
        _check_wiring(governor, transport, egress)
        if carrier not in ("auto", "json", "query", "form"):
            raise InvalidRequest(f"carrier={carrier!r} must be 'auto', 'json', 'query' or 'form'")
        if isinstance(ids_per_batch, bool) or not isinstance(ids_per_batch, int) or ids_per_batch < 1:
            raise InvalidRequest(f"ids_per_batch={ids_per_batch!r} must be a whole number above 0")
        self._defaults = _options(recv_window, max_wait, timeout, None)
        self.governor = governor or Governor()
        self._base_url = _base_url(_url_given(base_url) or os.environ.get("BINGX_BASE_URL") or LIVE_HOST)
        self._egress = egress
        self._ids_per_batch = ids_per_batch
        self._coalesces = coalesce_cancels
        from bingx_async.runtime.http.transport import Transport  # httpx is loaded with the first client

        clock = self.governor.clock
        hosts = (self._base_url, FALLBACK_HOST) if self._base_url == LIVE_HOST else (self._base_url,)
        measures = self.governor.credit > 0
        made = Transport(transport, hosts, clock.monotonic, measures)
        self._shared = _Shared(made, clock, CarrierChoice.of(carrier))
        self._is_first = True
        self._wire(keys, account)

    def for_account(self, *, api_key: str, secret_key: str, account: str | int | None = None) -> BingXClient:
        """A client for another account that shares governor, transport and clock.

        It ends with this one; closing it leaves this one open.
        """
        keys = _Keys(api_key, secret_key)
        del api_key, secret_key
        other = object.__new__(BingXClient)
        other._defaults, other.governor, other._shared = self._defaults, self.governor, self._shared
        other._coalesces, other._is_first = self._coalesces, False
        other._base_url, other._egress, other._ids_per_batch = (
            self._base_url,
            self._egress,
            self._ids_per_batch,
        )
        other._wire(keys, account)
        return other

    @property
    def account(self) -> str:
        """Who owns the quotas: the UID as given, or a one-way fingerprint of the API key."""
        return self._caller.account

    @property
    def clock(self) -> ServerClock:
        """The exchange's clock as far as it is known."""
        return self._shared.clock

    async def sync_clock(self) -> float:
        """Read the exchange's clock now; returns how far it is ahead of this machine's, in seconds.

        Raises what kept it from being read.
        """
        error = await self._caller.time.sync()
        if error is not None:
            raise error
        return (self.clock.now() - self.clock.wall()) / 1000.0

    async def aclose(self) -> None:
        """Close the connections; calls that wait or come later raise `ClientClosed`. Twice is harmless.

        A client from `for_account` closes only itself.
        """
        ended = set(self._shared.lives) if self._is_first else {self._life}
        for life in ended:
            life.is_closed = True
        try:
            self.governor.evict(ended, ClientClosed("the client was closed while the call waited; it was not sent"))
        finally:
            if self._is_first:
                self._shared.is_over = True
                await self._shared.transport.aclose()
        await self.governor.flush()

    async def __aenter__(self) -> Self:
        if self._life.is_closed:
            raise ClientClosed("the client is closed; make a new one")
        if self.clock.synced_at is None:
            try:
                if not await self.governor.borrow_clock():
                    await self._caller.time.sync()
            except BaseException:
                with anyio.CancelScope(shield=True):
                    await self.aclose()
                raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        if not hasattr(self, "_caller"):  # a traceback with locals shows a client that could not be made
            return "<BingXClient, not made>"
        state = "closed" if self._life.is_closed else "open"
        return f"<BingXClient {self._base_url} account {self.account}, {state}>"

    def _wire(self, keys: _Keys, account: str | int | None) -> None:
        public = [(b"User-Agent", f"bingx-async/{__version__}".encode())]
        _check_keys(keys)
        credentials = Credentials.of(keys.api, keys.secret, public) if keys.api and keys.secret else None
        self._life = _ClientState(is_closed=self._shared.is_over)
        self._shared.lives.add(self._life)
        owner = _owner(account) if account is not None else _fingerprint(keys.api)
        self._caller = Caller(
            governor=self.governor,
            clock=self._shared.clock,
            transport=self._shared.transport,
            credentials=credentials,
            carrier=self._shared.carrier,
            time_endpoints=TIME_ENDPOINTS,
            account=owner,
            egress=self._egress,
            public_headers=public,
            owner=self._life,
        )
        self._coalescers: dict[Hashable, Coalescer[Any, Any]] = {}
        self.spot = SpotApi(self, self._ids_per_batch)

    async def call(self, call: Call[T], options: CallOptions) -> T:
        """Run the call and return its model."""
        self._check_ready(call.endpoint)
        if self._coalesces and call.batch is not None:
            return cast(T, await self._coalesce(call.batch(), options))
        return await self._caller.call(call, self._options(options) if options else self._defaults)

    def _check_ready(self, endpoint: Endpoint[Any]) -> None:
        if self._life.is_closed:
            raise ClientClosed("the client is closed; nothing was sent")
        if endpoint.is_signed and self._caller.credentials is None:
            raise InvalidRequest(
                "no API key: pass api_key and secret_key, or set BINGX_API_KEY and BINGX_SECRET_KEY; nothing was sent"
            )

    async def drain(
        self,
        items: Sequence[T],
        routes: Sequence[BatchRoute[T, R]],
        fail: Callable[[T, BingXError], R],
        options: CallOptions,
        *,
        everything_at_once: bool,
    ) -> Mapping[T, R]:
        """Get many items done through several routes."""
        self._check_ready(routes[0].endpoint)
        job = Drain(self._caller, Pool[T, R](items), routes, self._options(options), fail)
        return await job.run(everything_at_once)

    async def _coalesce(self, batch: Batch[Any, Any], options: CallOptions) -> Any:
        together, alone = batch.routes
        joined: Coalescer[Any, Any] = self._coalescers.setdefault(batch.key, Coalescer(self._caller, together, alone))
        try:
            return batch.unwrap(await joined.run(batch.item, self._options(options)))
        finally:
            if joined.is_idle:
                self._coalescers.pop(batch.key, None)

    def _options(self, given: CallOptions) -> CallSettings:
        unknown = sorted(given.keys() - CallOptions.__annotations__.keys())
        if unknown:
            raise TypeError(
                f"unexpected argument {', '.join(unknown)}; every call takes {', '.join(CallOptions.__annotations__)}"
            )
        return _options(
            given.get("recv_window", self._defaults.recv_window),
            given.get("max_wait", self._defaults.max_wait),
            given.get("timeout", self._defaults.timeout),
            given.get("priority"),
        )


def _options(recv_window: int, max_wait: float, timeout: float, priority: Priority | None) -> CallSettings:
    if isinstance(recv_window, bool) or not isinstance(recv_window, int) or not 0 < recv_window <= LONGEST_RECV_WINDOW:
        raise InvalidRequest(
            f"recv_window={shown(recv_window)} must be whole milliseconds from 1 to {LONGEST_RECV_WINDOW}"
        )
    if isinstance(max_wait, bool) or not isinstance(max_wait, (int, float)) or not max_wait >= 0:
        raise InvalidRequest(f"max_wait={max_wait!r} must be seconds, 0 (now or never) or more")
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or not 0 < timeout < math.inf:
        raise InvalidRequest(f"timeout={timeout!r} must be seconds above 0")
    if priority is not None and priority not in tuple(Priority):
        raise InvalidRequest(f"priority={priority!r} must be a Priority")
    return CallSettings(max_wait, timeout, recv_window, priority)


def _check_wiring(governor: object, transport: object, egress: object) -> None:
    """What the client is to work with can do that."""
    if governor is not None and not isinstance(governor, Governor):
        raise InvalidRequest(f"governor must be a Governor, such as Governor('trader'), not {_kind(governor)}")
    if transport is not None and (isinstance(transport, type) or not hasattr(transport, "handle_async_request")):
        cure = "an httpx.AsyncBaseTransport, such as httpx.AsyncHTTPTransport()"
        if not isinstance(transport, type) and callable(getattr(transport, "transport", None)):
            cure = "what its method gives: write emulator.transport()"
        raise InvalidRequest(f"transport must be {cure}, not {_kind(transport)}")
    if not isinstance(egress, str) or not egress.strip():
        raise InvalidRequest("egress must be a str that names the outgoing address, such as 'default'")


def _kind(value: object) -> str:
    """What kind of thing was given; the thing itself may hold what must not be shown."""
    return f"the class {value.__name__}" if isinstance(value, type) else f"of type {type(value).__name__}"


def _owner(account: object) -> str:
    """The UID as text."""
    if isinstance(account, str) and account.strip():
        return account
    if isinstance(account, int) and not isinstance(account, bool) and 0 <= account < 2**63:
        return str(account)
    found = f"{account!r}" if isinstance(account, (str, bool)) else _kind(account)
    raise InvalidRequest(f"account must be the UID, a str or an int such as '1001', not {found}")


def _url_given(url: object) -> str | None:
    if url is None or isinstance(url, str):
        return url
    raise InvalidRequest(f"base_url must be a str like {LIVE_HOST!r}, not {_kind(url)}")


def _base_url(url: str) -> str:
    """The scheme and host to call. Keys travel in headers, so plain http only goes to this machine itself."""
    if "@" in url:
        raise InvalidRequest(f"base_url holds a user name or password; it must be like {LIVE_HOST!r}")
    if " " in url or not url.isprintable():
        raise InvalidRequest(f"base_url={url!r} holds blanks; it must be like {LIVE_HOST!r}")
    parts = _parts(url)
    if parts is None:
        raise InvalidRequest(f"base_url={url!r} must be like {LIVE_HOST!r}")
    if parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise InvalidRequest(f"base_url={url!r}: plain http is only for a loopback address; write https")
    if parts.scheme not in ("http", "https") or not _has_host(parts) or parts.query or parts.fragment:
        raise InvalidRequest(f"base_url={url!r} must be like {LIVE_HOST!r}")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _parts(url: str) -> SplitResult | None:
    """The parts of a URL that the standard library and httpx can both read."""
    import httpx  # loaded with the first client

    try:
        httpx.URL(url)
        return urlsplit(url)
    except (ValueError, httpx.InvalidURL):
        return None


def _has_host(parts: SplitResult) -> bool:
    try:
        return bool(parts.hostname) and parts.port != 0
    except ValueError:  # the port is not a number
        return False


def _check_keys(keys: _Keys) -> None:
    for name, is_text in (("api_key", _is_text(keys.api)), ("secret_key", _is_text(keys.secret))):
        if not is_text:
            raise InvalidRequest(
                f"{name} must be a str, the text that the exchange showed; of bytes or a wrapper pass what is inside"
            )
    if bool(keys.api) != bool(keys.secret):
        raise InvalidRequest(f"the {'secret_key' if keys.api else 'api_key'} is missing; give both or neither")
    for name, is_whole in (("api_key", _is_key(keys.api)), ("secret_key", _is_key(keys.secret))):
        if not is_whole:
            raise InvalidRequest(f"the {name} holds blanks or characters that no key has; was it copied whole?")


def _is_given(key: object) -> bool:
    """Whether there is something to use or to complain about: `b""` is no key, but no missing one either."""
    return key is not None and not (isinstance(key, str) and not key)


def _is_text(key: object) -> bool:
    return key is None or isinstance(key, str)


def _is_key(key: str | None) -> bool:
    return not key or (key.isascii() and key.isprintable() and " " not in key)


def _fingerprint(api_key: str | None) -> str:
    """A one-way name for the owner of a key: 16 hex digits of a SHA-256, from which the key cannot be found."""
    return "key-" + hashlib.sha256(b"bingx_async account " + (api_key or "").encode()).hexdigest()[:16]
