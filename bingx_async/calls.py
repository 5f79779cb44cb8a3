"""The calls of a client (alone, together with others that queue, or many items at a time), and the parts they need."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping, Sequence
from datetime import datetime
from typing import Any, TypeVar, cast

from attrs import evolve, frozen

from bingx_async.account.listen_key import CREATE_LISTEN_KEY, ListenKeys
from bingx_async.core.endpoint import BatchRoute, Call, Endpoint, Pool
from bingx_async.core.events import BookPolicyChanged, SwitchChanged
from bingx_async.core.options import CallOptions, CallSettings
from bingx_async.errors import BingXError, OutcomeUnknown
from bingx_async.runtime.bulk.coalescer import Coalescing
from bingx_async.runtime.bulk.drain import Drain
from bingx_async.runtime.call.caller import Caller
from bingx_async.runtime.call.doubts import Doubts
from bingx_async.runtime.call.sender import CarrierChoice, Credentials, Sender
from bingx_async.runtime.logs import inform, warn
from bingx_async.runtime.stream.streaming import ClientStreaming, Family
from bingx_async.settings import ClientSettings
from bingx_async.spot.base import Streaming
from bingx_async.spot.market import TIME_ENDPOINTS

T = TypeVar("T")
R = TypeVar("R")


@frozen(eq=False)
class ClientCalls:
    """The calls of one client, with its defaults; without `coalescing` each call travels alone."""

    caller: Caller
    defaults: CallSettings
    coalescing: Coalescing | None
    family: Family

    @property
    def streams(self) -> Streaming:
        """Its streams, which open a socket at their first use."""
        caller = self.caller

        def check(is_user: bool) -> None:
            caller.check(CREATE_LISTEN_KEY if is_user else TIME_ENDPOINTS[0])

        return ClientStreaming(self.family, caller, caller.account, check, self._key_calls, self._report_book)

    def _key_calls(self) -> ListenKeys:
        """Calls on listen keys, which go on until the streams are closed; one in doubt is of no interest."""
        own = self.caller
        doubts = Doubts(own.governor, own.account)
        caller = Caller(own.governor, own.sender, TIME_ENDPOINTS, own.account, own.egress, doubts)
        return ListenKeys(ClientCalls(caller, self.defaults, None, self.family))

    @property
    def owner(self) -> str:
        """The account: the UID as given to the client, or a one-way fingerprint of the API key."""
        return self.caller.account

    @property
    def in_doubt(self) -> Sequence[OutcomeUnknown]:
        """The calls of the account that may have run, oldest first."""
        return self.caller.doubts.kept

    def warn(self, text: str) -> None:
        """Log a problem that no call raises."""
        warn("%s", text)

    def _report_book(self, symbol: str, policy: str, gaps: int) -> None:
        reporter = self.caller.governor.reporter
        warn("the order book of %s is kept by the %s policy now. Updates were missing %d times", symbol, policy, gaps)
        reporter.emit(BookPolicyChanged(reporter.now(), symbol, policy, gaps))

    def now(self) -> float:
        """The exchange's clock, epoch ms."""
        return self.caller.governor.clock.now()

    def may_fail(self, endpoint: Endpoint[Any]) -> bool:
        """Whether one more business error on the endpoint would leave it open."""
        return self.caller.governor.may_fail(self.caller.claims_of(endpoint))

    def report_switch(self, state: str, trigger_time: datetime, why: str) -> None:
        """Log the state of a dead man's switch (`why`: the problem, if there is one), and make an event of it."""
        reporter = self.caller.governor.reporter
        tell = warn if why else inform
        tell("the dead man's switch is %s and fires at %s. %s", state, trigger_time.isoformat(), why)
        reporter.emit(SwitchChanged(reporter.now(), state, trigger_time, why))

    async def call(self, call: Call[T], options: CallOptions) -> T:
        """Run the call and return its model."""
        self.caller.check(call.endpoint)
        settings = self.defaults.updated(options) if options else self.defaults
        if self.coalescing is not None and call.batch is not None:
            self.caller.check_params(call)
            try:
                return cast(T, await self.coalescing.run(call.batch(), settings))
            except OutcomeUnknown as error:  # of a request with the calls of others
                raise self.caller.doubts.narrowed(error, call) from error
        return await self.caller.call(call, settings)

    def check(self, endpoint: Endpoint[Any]) -> None:
        """Raise the reason why no call of `endpoint` can be made, if there is one."""
        self.caller.check(endpoint)

    def keep(self, error: OutcomeUnknown) -> OutcomeUnknown:
        """Keep a call in doubt until it is known what became of it."""
        return self.caller.doubts.keep(error)

    def forget(self, error: OutcomeUnknown) -> None:
        """What became of a call in doubt is known."""
        self.caller.doubts.drop(error)

    async def drain(
        self,
        items: Sequence[T],
        routes: Sequence[BatchRoute[T, R]],
        fail: Callable[[T, BingXError], R],
        options: CallOptions,
        *,
        everything_at_once: bool,
        deadline: float,
        results: MutableMapping[T, R],
    ) -> None:
        """Get many items done within `deadline` seconds; `results` is filled as they become known."""
        self.caller.check(routes[0].endpoint)
        if items:
            self.caller.check_params(routes[0].call(items[:1]))
        job = Drain(self.caller, Pool[T, R](items, results), routes, self.defaults.updated(options), fail)
        await job.run(everything_at_once, deadline)


def family_of(settings: ClientSettings) -> Family:
    """What the streams of a client share with those of the clients made from it."""
    connect = getattr(settings.transport, "connect_stream", None)
    return Family(settings.streams_at, settings.stream_limits, settings.governor.clock, settings.proxy, connect)


def calls_of(settings: ClientSettings, user_agent: str, parent: Caller | None, family: Family) -> ClientCalls:
    """The calls of a client. With a `parent` they travel over its connections and end with it."""
    credentials = Credentials.of(settings.keys.api, settings.keys.secret, user_agent)
    governor = settings.governor
    if parent is not None:
        sender = evolve(parent.sender, credentials=credentials)
    else:
        from bingx_async.runtime.http.transport import Transport  # httpx is loaded with the first client

        measures, way = governor.credit > 0, (settings.connections, settings.proxy)
        transport = Transport(settings.transport, settings.hosts, governor.clock.monotonic, measures, *way)
        sender = Sender(governor, transport, credentials, CarrierChoice(settings.carrier, governor.reporter))
    is_same = parent is not None and parent.account == settings.owner
    doubts = parent.doubts if parent is not None and is_same else Doubts(governor, settings.owner)
    caller = Caller(governor, sender, TIME_ENDPOINTS, settings.owner, settings.egress, doubts)
    if parent is not None:
        parent.made_from_it.add(caller)
        caller.is_closed = parent.is_closed
    return ClientCalls(caller, settings.calls, Coalescing(caller) if settings.coalesce_cancels else None, family)
