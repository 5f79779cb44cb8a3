"""The loop of a call: wait for quota, sign, send, read, settle; again only where nothing can have run."""

from __future__ import annotations

from math import inf
from typing import Any, Protocol, TypeVar

from attrs import define, field

from bingx_async.core.claims import Claims
from bingx_async.core.endpoint import Call, Endpoint
from bingx_async.core.options import CallSettings
from bingx_async.core.verdict import Accepted
from bingx_async.errors import ClientClosed, InvalidRequest, QuotaWait, ReadFailed
from bingx_async.runtime.call.recovery import Recovery
from bingx_async.runtime.call.sender import Sender
from bingx_async.runtime.call.timekeeper import PATIENCE, Sample, Timekeeper, patience_of
from bingx_async.runtime.call.turn import Turn
from bingx_async.runtime.governor.governor import Governor
from bingx_async.runtime.http.message import Unanswered

T = TypeVar("T")
SAMPLING = CallSettings(PATIENCE, PATIENCE)


class Closable(Protocol):
    """The client to which calls belong."""

    is_closed: bool


@define(eq=False)
class Caller:
    """Carries out the calls of one account."""

    governor: Governor
    sender: Sender
    time_endpoints: tuple[Endpoint[float | None], ...] = field(repr=False)
    account: str
    egress: str
    owner: Closable
    _claims: dict[str, Claims] = field(factory=dict[str, Claims], repr=False)  # by route
    time: Timekeeper = field(init=False, repr=False)
    recovery: Recovery = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self.time = Timekeeper(self.governor, self.governor.clock, self.time_endpoints, self._sample)
        self.recovery = Recovery(self.governor, self.sender.requests.carrier, self.time)

    def check(self, endpoint: Endpoint[Any]) -> None:
        """Raise the reason why no call of `endpoint` can be made, if there is one."""
        if self.owner.is_closed:
            raise ClientClosed("the client is closed; nothing was sent")
        if not self.sender.requests.can_call(endpoint):
            raise InvalidRequest(
                "no API key: pass api_key and secret_key, or set BINGX_API_KEY and BINGX_SECRET_KEY; nothing was sent"
            )

    async def call(self, call: Call[T], settings: CallSettings) -> T:
        """Run `call`; see `bingx_async.errors` for the errors it raises."""
        self.sender.requests.check(call)
        return await self.run(call, await self.acquire(call.endpoint, settings))

    async def acquire(self, endpoint: Endpoint[Any], settings: CallSettings, waits_again: bool = True) -> Turn:
        """Wait for quota. The turn is to be passed on to `run` or `release` at once.

        Without `waits_again` a call that the exchange tells to wait raises, so that its items can go another way.
        """
        clock = self.governor.clock
        if endpoint.is_signed and clock.synced_at is None and not await self.governor.borrow_clock():
            await self.time.sync(patience_of(endpoint, settings.timeout))
        deadline = clock.monotonic() + settings.max_wait * 1000.0
        turn = Turn(settings, deadline, deadline if waits_again else -inf, settings.timeout)
        await self._wait(endpoint, turn)
        return turn

    async def run(self, call: Call[T], turn: Turn) -> T:
        """Run `call`, for whose endpoint `turn` was acquired."""
        while True:
            try:
                verdict, penalty, reply = await self.sender.attempt(call, turn)
            except Unanswered as error:
                await self.recovery.after_silence(call, error, turn)
            else:
                if verdict.server_time is not None:  # a free sample
                    self.time.hint(verdict.server_time, turn.permit.granted_at, reply.received_at)
                if isinstance(verdict, Accepted):
                    self.recovery.accepted(turn)
                    return call.endpoint.read(verdict.data)
                await self.recovery.after_reply(call, verdict, penalty, turn)
            try:
                await self._wait(call.endpoint, turn)
            except QuotaWait as error:
                raise self.recovery.out_of_time(call, error, turn) from error

    def release(self, turn: Turn) -> None:
        """There is nothing to call for: the quota is free again."""
        self.governor.release(turn.permit)

    def eta(self, endpoint: Endpoint[Any]) -> float:
        """Seconds until a call could leave."""
        return self.governor.eta(endpoint, account=self.account, egress=self.egress)

    def limit(self, endpoint: Endpoint[Any]) -> int:
        """How many calls of this account may be live at once."""
        claim = self._claims_of(endpoint).account_claim
        return claim.quota.limit if claim is not None else endpoint.quota.limit

    def may_fail(self, endpoint: Endpoint[Any]) -> bool:
        """Whether one more business error would leave the endpoint open."""
        return self.governor.may_fail(self._claims_of(endpoint))

    def _claims_of(self, endpoint: Endpoint[Any]) -> Claims:
        claims = self._claims.get(endpoint.route)
        if claims is None:
            claims = self._claims[endpoint.route] = self.governor.claims(endpoint, self.account, self.egress)
        return claims

    async def _wait(self, endpoint: Endpoint[Any], turn: Turn) -> None:
        """Wait for the permit of the turn's next attempt."""
        if self.owner.is_closed:
            raise ClientClosed("the client is closed; nothing was sent")
        claims, settings = self._claims_of(endpoint), turn.settings
        priority = endpoint.priority if settings.priority is None else settings.priority
        max_lifetime_ms = settings.timeout * 1000.0 + self.sender.transport.linger
        turn.place = turn.place or self.governor.new_place(priority)
        permit = await self.governor.acquire(claims, turn.deadline, priority, turn.place, self.owner, max_lifetime_ms)
        if self.owner.is_closed:  # in the instant of the grant
            self.governor.release(permit)
            raise ClientClosed("the client was closed while the call waited; it was not sent")
        turn.permit = permit

    async def _sample(self, endpoint: Endpoint[float | None]) -> Sample | None:
        """One reading of the exchange's clock."""
        turn = await self.acquire(endpoint, SAMPLING)
        sent_at = self.governor.clock.monotonic()
        try:
            verdict, _, reply = await self.sender.attempt(Call(endpoint, {}), turn)
        except Unanswered as error:
            raise ReadFailed(str(error), endpoint.path) from error
        millis = endpoint.read(verdict.data) if isinstance(verdict, Accepted) else None
        return (millis, sent_at, reply.received_at) if millis is not None else None
