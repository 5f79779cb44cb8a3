"""The client: it wires the layers together, and opens and closes them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, Unpack

import anyio
from attrs import evolve

from bingx_async.account import AccountApi
from bingx_async.calls import calls_of, family_of
from bingx_async.core.options import LONGEST_RECV_WINDOW, CallOptions, CallSettings, Hidden
from bingx_async.core.quota import IpGroup, Quota
from bingx_async.core.requested import Spec, remember, requested_call
from bingx_async.core.stream_limits import STREAM_LIMITS, StreamLimits
from bingx_async.errors import ClientClosed, OutcomeUnknown
from bingx_async.governor import Governor
from bingx_async.runtime.call.caller import Caller
from bingx_async.runtime.call.timekeeper import PATIENCE
from bingx_async.runtime.clock import ServerClock
from bingx_async.runtime.stream.streaming import Family
from bingx_async.settings import ClientSettings, Keys
from bingx_async.spot import SpotApi
from bingx_async.spot.base import FACTS
from bingx_async.spot.facts import Facts
from bingx_async.version import __version__

if TYPE_CHECKING:
    import httpx


class BingXClient:
    """The asyncio (and trio) client of BingX spot.

    `api_key` and `secret_key` come from `BINGX_API_KEY` and `BINGX_SECRET_KEY` if not given, `base_url` from
    `BINGX_BASE_URL`, else it is the live host; plain http only for a loopback address. `account` is the UID that
    owns the quotas (several keys of one UID need the same); by default a fingerprint of the API key. `governor` is
    shared among clients to share quotas. `carrier` says where parameters travel. `recv_window` in milliseconds,
    `max_wait` and `timeout` in seconds, are the defaults of every call. `egress` names the outgoing address.
    `ids_per_batch` is how many ids travel in one batch cancel. `proxy` is the URL of a CONNECT or SOCKS proxy (extra
    `[proxy]`; the environment's is not used), `connections` how many there may be at a time: calls queue for them as
    for quota, so a few may not hold up a kill switch. `facts` are choices of what the exchange's
    pages leave open. `stream_url` comes from `BINGX_STREAM_URL` if not given, else it is that of a loopback
    `base_url` or the live one; `stream_limits` are those of `client.spot.streams`. `record` is the path of a file into
    which every message of its streams is written, without secrets. Without keys it serves market data only. Use it
    with `async with`, which sets the clock and opens connections before they are needed, or call `aclose()`.
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
        proxy: str | None = None,
        connections: int = 128,
        strategy: str | None = None,
        facts: Facts = FACTS,
        check_orders: bool = True,
        stream_url: str | None = None,
        stream_limits: StreamLimits = STREAM_LIMITS,
        record: str | Path | None = None,
    ) -> None:
        keys = Keys.given(api_key, secret_key)
        proxy = Hidden(proxy) if isinstance(proxy, str) else proxy  # it may hold a password
        del api_key, secret_key  # a traceback may print the locals of this frame
        governor, calls = Governor() if governor is None else governor, CallSettings(max_wait, timeout, recv_window)
        settings = ClientSettings(
            keys,
            account,
            base_url,
            governor,
            transport,
            carrier,
            egress,
            ids_per_batch,
            coalesce_cancels,
            proxy,
            connections,
            calls,
            strategy,
            facts,
            check_orders,
            stream_url,
            stream_limits,
            record,
        )
        self._wire(settings, None, family_of(settings))

    @classmethod
    def without_keys(cls, **settings: Any) -> Self:
        """A client for market data alone, also where the environment has keys. Takes what the constructor takes."""
        client, given = object.__new__(cls), ClientSettings(Keys(None, None), **settings)
        client._wire(given, None, family_of(given))
        return client

    def for_account(self, *, api_key: str, secret_key: str, account: str | int | None = None) -> BingXClient:
        """A client for another account that shares governor, transport and clock.

        It ends with the first client; closing it leaves all others open.
        """
        keys = Keys(api_key or "", secret_key or "")  # none at all would make a client for market data
        del api_key, secret_key
        return self._other(evolve(self._settings, keys=keys, account=account), self._first)

    def with_options(self, **options: Unpack[CallOptions]) -> BingXClient:
        """The same client with other defaults for its calls: `max_wait`, `timeout`, `priority`, `recv_window`.

        It shares everything else, so it need not be entered or closed: it ends with this client. Closing it ends
        only the calls made through it.
        """
        return self._other(evolve(self._settings, calls=self._settings.calls.updated(options)), self._caller)

    @property
    def governor(self) -> Governor:
        """The governor of its calls, which may serve other clients too."""
        return self._settings.governor

    @property
    def host(self) -> str:
        """The address of the exchange that it calls first."""
        return self._settings.hosts[0]

    @property
    def in_doubt(self) -> tuple[OutcomeUnknown, ...]:
        """The calls of this account that may have run, oldest first: those that raised `OutcomeUnknown`, and those that
        were cancelled while their reply was awaited. `await error.resolve()` finds out about one, and once that is
        known it leaves this list. At most 1000 are kept."""
        return tuple(self._caller.doubts.kept)

    @property
    def clock(self) -> ServerClock:
        """The exchange's clock as far as it is known."""
        return self.governor.clock

    async def sync_clock(self) -> float:
        """Read the exchange's clock now; returns how far it is ahead of this machine's, in seconds.

        Raises the error that kept it from being read.
        """
        error = await self._caller.time.sync()
        if error is not None:
            raise error
        return (self.clock.now() - self.clock.wall()) / 1000.0

    async def request(
        self,
        method: str,
        path: str,
        params: Mapping[str, object] | None = None,
        *,
        quota: Quota | None,
        effect: Literal["read", "cancel", "create", "change"] | None = None,
        group: IpGroup = IpGroup.ACCOUNT,
        auth: Literal["signed", "key", "public"] = "signed",
        has_code: bool = True,
        **options: Unpack[CallOptions],
    ) -> Any:
        """Call any other endpoint of the exchange, governed like the rest; returns the reply's own mapping.

        `quota` is what an account may call there, None for `auth="public"`, where the address' quota for `group` is all
        that counts. `effect`: a GET is taken for a read; of anything else say whether it is a "read", which is simply
        repeated after a loss, or whether it may "cancel", "create" or "change" something: such a call raises
        `OutcomeUnknown` if its answer is lost. `params` are texts, whole numbers, True or False, `Decimal`s, aware
        datetimes (sent as epoch ms), or lists and mappings of these (sent as JSON). Numbers in the reply are `int` or
        `Decimal`. `has_code=False` is for an endpoint whose replies have no code: their HTTP status tells.
        """
        governor, spec = self.governor, Spec(method, path, effect, group, auth, quota, has_code)
        call = requested_call(spec, {} if params is None else params, governor.profile)
        self._caller.check(call.endpoint)
        remember(call.endpoint, self.account.owner, governor.profile, governor.requested)
        return await self._calls.call(call, options)

    async def aclose(self) -> None:
        """Close the connections; calls that wait or come later raise `ClientClosed`. Twice is harmless.

        A client from `for_account` or `with_options` leaves the connections and the other clients open.
        """
        ended = self._caller.close()
        try:
            self.governor.evict(ended, ClientClosed("the client was closed while the call waited; it was not sent"))
            await self._calls.family.end(ended, ClientClosed("the client was closed"))
        finally:
            if self._caller is self._first:
                self._calls.family.close()
                await self._caller.sender.transport.aclose()
        await self.governor.flush()

    async def __aenter__(self) -> Self:
        if self._caller.is_closed:
            raise ClientClosed("the client is closed; make a new one")
        self._entered += 1
        self._caller.sender.transport.warm()
        if self.clock.synced_at is None:
            try:
                if not await self.governor.borrow_clock():
                    await self._caller.time.sync(min(PATIENCE, self._settings.calls.timeout))
            except BaseException:
                with anyio.CancelScope(shield=True):
                    await self.aclose()
                raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._entered -= 1
        if not self._entered:  # an inner block leaves the client to the outer one
            await self.aclose()

    def __repr__(self) -> str:
        if not hasattr(self, "_caller"):  # a traceback with locals shows a client that could not be made
            return "<BingXClient, not made>"
        state = "closed" if self._caller.is_closed else "open"
        return f"<BingXClient {self.host} account {self.account.owner}, {state}>"

    def _other(self, settings: ClientSettings, ends_with: Caller) -> BingXClient:
        """Another client on the same transport."""
        client = object.__new__(BingXClient)
        client._wire(settings, ends_with, self._calls.family)
        client._first = self._first
        return client

    def _wire(self, settings: ClientSettings, ends_with: Caller | None, family: Family) -> None:
        calls = calls_of(settings, f"bingx-async/{__version__}", ends_with, family)
        self._settings, self._entered = settings, 0
        self._caller = self._first = calls.caller
        self._calls = calls
        self.spot = SpotApi(calls, settings.ids_per_batch, settings.facts, settings.ids, settings.rules)
        calls.caller.doubts.resolver = calls.caller.doubts.resolver or self.spot.resolve
        self.account = AccountApi(calls, calls.caller.account)
