"""The loop of a call: wait for quota, sign, send, read, settle; again only where nothing can have run."""

from __future__ import annotations

from typing import Any, TypeVar
from weakref import WeakSet

from attrs import define, field

from bingx_async.core.claims import Claims
from bingx_async.core.endpoint import Call, Endpoint
from bingx_async.core.options import CallSettings
from bingx_async.core.signing import Carrier, check_value
from bingx_async.core.verdict import Accepted, Meaning, Refused
from bingx_async.errors import ClientClosed, ConnectFailed, InvalidRequest, QuotaWait, ReadFailed
from bingx_async.runtime.call.doubts import Doubts
from bingx_async.runtime.call.recovery import Recovery
from bingx_async.runtime.call.sender import Sender
from bingx_async.runtime.call.timekeeper import PATIENCE, Sample, Timekeeper, patience_of, waits_for_clock
from bingx_async.runtime.call.turn import Turn
from bingx_async.runtime.clock import Stamp
from bingx_async.runtime.governor.governor import Governor
from bingx_async.runtime.http.message import Unanswered

T = TypeVar("T")
SAMPLING = CallSettings(PATIENCE, PATIENCE)


@define(eq=False)
class Caller:
    """Carries out the calls of one client. Once closed it makes none, and the callers made from it end with it."""

    governor: Governor
    sender: Sender
    time_endpoints: tuple[Endpoint[float | None], ...] = field(repr=False)
    account: str
    egress: str
    doubts: Doubts = field(repr=False)
    is_closed: bool = False
    made_from_it: WeakSet[Caller] = field(init=False, factory=WeakSet["Caller"], repr=False)
    _claims: dict[str, Claims] = field(init=False, factory=dict[str, Claims], repr=False)  # by route
    time: Timekeeper = field(init=False, repr=False)
    recovery: Recovery = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self.time = Timekeeper(self.governor, self.time_endpoints, self._sample)
        self.recovery = Recovery(self.governor, self.sender.carrier, self.time, self.doubts)

    def close(self) -> set[Caller]:
        """Make no more calls; returns every caller that has ended."""
        self.is_closed = True
        return {self}.union(*(caller.close() for caller in self.made_from_it))

    def check(self, endpoint: Endpoint[Any]) -> None:
        """Raise the reason why no call of `endpoint` can be made, if there is one."""
        if self.is_closed:
            raise ClientClosed("the client is closed; nothing was sent")
        if not endpoint.is_public and self.sender.credentials.signer is None:
            raise InvalidRequest(
                "no API key: pass api_key and secret_key, or set BINGX_API_KEY and BINGX_SECRET_KEY; nothing was sent"
            )

    def check_params(self, call: Call[Any]) -> None:
        """Refuse parameters that the carrier of `call` would have to escape."""
        endpoint, carrier = call.endpoint, call.endpoint.carrier or Carrier.QUERY
        if endpoint.method != "GET" and endpoint.is_signed and endpoint.carrier is None:
            carrier = self.sender.carrier.current
        for name, value in call.params.items():
            check_value(name, value, carrier)

    async def call(self, call: Call[T], settings: CallSettings) -> T:
        """Run `call`; see `bingx_async.errors` for the errors it raises."""
        self.check_params(call)
        return await self.run(call, await self.acquire(call.endpoint, settings))

    async def acquire(self, endpoint: Endpoint[Any], settings: CallSettings, waits_again: bool = True) -> Turn:
        """Wait for quota. The turn is to be passed on to `run` at once, or its permit released."""
        clock = self.governor.clock
        if clock.synced_at is None and waits_for_clock(endpoint) and not await self.governor.borrow_clock():
            await self.time.sync(patience_of(endpoint, settings.timeout))
        deadline = clock.monotonic() + settings.max_wait * 1000.0
        turn = Turn(settings, deadline, waits_again, settings.timeout, Stamp(clock.now))
        await self._wait(endpoint, turn)
        return turn

    async def run(self, call: Call[T], turn: Turn) -> T:
        """Run `call`, for whose endpoint `turn` was acquired."""
        while True:
            try:
                verdict, _ = await self.sender.attempt(call, turn)
            except Unanswered as failed:
                await self.recovery.after(failed, call, turn)
            except ConnectFailed as late:
                if not turn.used:
                    raise
                raise self.recovery.out_of_time(0.0, call, turn) from late  # an earlier attempt was sent
            except BaseException as cut:
                self.doubts.abandon(call, turn, cut)
                raise
            else:
                if isinstance(verdict, Accepted):
                    self.sender.carrier.settle(turn.carrier, "accepted")
                    return call.endpoint.read(verdict.data)
                if isinstance(verdict, Refused) and verdict.meaning is Meaning.NO_DATA and call.endpoint.is_list:
                    return call.endpoint.read(None)
                await self.recovery.after(verdict, call, turn)
            try:
                await self._wait(call.endpoint, turn)
            except QuotaWait as late:
                raise self.recovery.out_of_time(late.retry_after, call, turn) from late

    def claims_of(self, endpoint: Endpoint[Any]) -> Claims:
        """What a call of `endpoint` draws on."""
        claims = self._claims.get(endpoint.route)
        if claims is None:
            claims = self._claims[endpoint.route] = self.governor.claims(
                endpoint, self.account, self.egress, self.sender.transport.connections
            )
        return claims

    async def _wait(self, endpoint: Endpoint[Any], turn: Turn) -> None:
        """Wait for the permit of the turn's next attempt."""
        if self.is_closed:
            raise ClientClosed("the client is closed; nothing was sent")
        claims, settings = self.claims_of(endpoint), turn.settings
        priority = endpoint.priority if settings.priority is None else settings.priority
        max_lifetime_ms = settings.timeout * 1000.0 + self.sender.transport.linger
        turn.place = turn.place or self.governor.new_place(claims, priority)
        permit = await self.governor.acquire(claims, turn.deadline, priority, turn.place, self, max_lifetime_ms)
        if self.is_closed:  # in the instant of the grant
            self.governor.release(permit)
            raise ClientClosed("the client was closed while the call waited; it was not sent")
        turn.permit, turn.stamp.at = permit, None

    async def _sample(self, endpoint: Endpoint[float | None]) -> Sample | None:
        """One reading of the exchange's clock, or none if the reply does not tell the time."""
        turn = await self.acquire(endpoint, SAMPLING)
        sent_at = self.governor.clock.monotonic()
        try:
            verdict, reply = await self.sender.attempt(Call(endpoint, {}), turn)
        except Unanswered as error:
            raise ReadFailed(str(error), endpoint.path) from error
        return self.time.read(endpoint.read(verdict.data), sent_at, reply) if isinstance(verdict, Accepted) else None
