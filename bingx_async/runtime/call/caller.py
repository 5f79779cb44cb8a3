"""The one visible loop of a call: quota, stamp and sign, send, read, settle; again only where nothing ran."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, TypeVar

from attrs import define, evolve, field, frozen

from bingx_async.core import events
from bingx_async.core.endpoint import Call, Endpoint
from bingx_async.core.ledger import Claims, Penalty, Permit
from bingx_async.core.signing import Carrier, check_value, encode, query_of
from bingx_async.core.verdict import (
    ERRORS,
    Accepted,
    Meaning,
    Refused,
    Scope,
    Throttled,
    Unclear,
    Verdict,
    judge,
)
from bingx_async.errors import (
    ApiError,
    ClientClosed,
    ConnectFailed,
    OutcomeUnknown,
    QuotaWait,
    RateLimited,
    ServerBusy,
    UnreadableReply,
)
from bingx_async.models import Priority
from bingx_async.runtime.call.carriers import CarrierChoice, Credentials
from bingx_async.runtime.call.timekeeper import PATIENCE, Sample, Timekeeper
from bingx_async.runtime.clock import ServerClock
from bingx_async.runtime.governor.governor import Governor
from bingx_async.runtime.http.message import Reply, Request, Unanswered
from bingx_async.runtime.logs import inform

if TYPE_CHECKING:
    from bingx_async.runtime.http.transport import Transport

T = TypeVar("T")
CANCEL_PATIENCE = 1.0  # seconds


@frozen
class CallSettings:
    """What every call takes: seconds it may queue, who goes first, seconds on the network, validity in ms."""

    max_wait: float
    timeout: float
    recv_window: int
    priority: Priority | None = None


class Closable(Protocol):
    """What a call belongs to."""

    is_closed: bool


@define
class _Attempts:
    """What one call has used up."""

    has_synced: bool = False
    has_switched: bool = False
    carrier: Carrier | None = None
    place: tuple[int, int] | None = None
    throttled: tuple[Throttled, Penalty] | None = None


class Nothing:
    """There was nothing left to call for."""


@define(eq=False)
class Caller:
    """Carries out the calls of one account."""

    governor: Governor
    clock: ServerClock
    transport: Transport
    credentials: Credentials | None
    carrier: CarrierChoice
    time_endpoints: tuple[Endpoint[float | None], ...]
    account: str
    egress: str
    public_headers: list[tuple[bytes, bytes]] = field(repr=False)
    owner: Closable
    _claims: dict[str, Claims] = field(init=False, factory=dict[str, Claims])  # by route
    time: Timekeeper = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.time = Timekeeper(self.governor, self.clock, self.time_endpoints, self._sample)

    async def call(self, call: Call[T], options: CallSettings) -> T:
        """Run `call`; see `bingx_async.errors` for what it raises."""
        _check(call)
        model = await self._run(call.endpoint, lambda: call, options)
        assert not isinstance(model, Nothing)
        return model

    async def call_late(
        self, endpoint: Endpoint[T], take: Callable[[], Call[T] | None], options: CallSettings
    ) -> T | None:
        """Wait for quota, then run what `take` makes up; None, and nothing sent, if that is None.

        A refusal for pace is raised at once: what was taken may be done another way meanwhile.
        """
        model = await self._run(endpoint, take, options, is_late=True)
        return None if isinstance(model, Nothing) else model

    async def _run(
        self, endpoint: Endpoint[T], take: Callable[[], Call[T] | None], options: CallSettings, is_late: bool = False
    ) -> T | Nothing:
        attempts = _Attempts()
        if endpoint.is_signed and self.clock.synced_at is None and not await self.governor.borrow_clock():
            await self.time.sync(_patience(endpoint, options))
        deadline = self.clock.monotonic() + options.max_wait * 1000.0
        call: Call[T] | None = None
        while True:
            permit = await self._acquire_again(endpoint, deadline, options, attempts, call)
            call = call or take()
            if call is None:
                self.governor.release(permit)
                return Nothing()
            reply = await self._send(call, permit, options, attempts)
            verdict = judge(reply.status, reply.headers, reply.text, self.clock.now())
            penalty = self.governor.settle(permit, verdict, reply.received_at, reply.headers, reply.min_rtt)
            if verdict.server_time is not None:  # a free sample
                self.time.tell(self.clock.hint(verdict.server_time, permit.granted_at, reply.received_at))
            if isinstance(verdict, Accepted):
                self._settle_carrier(endpoint, attempts, "accepted")
                return endpoint.read(verdict.data)
            await self._recover(call, verdict, penalty, -inf if is_late else deadline, options, attempts)

    def credentials_headers(self) -> list[tuple[bytes, bytes]]:
        """The key's header."""
        assert self.credentials is not None
        return self.credentials.headers[""]

    def eta(self, endpoint: Endpoint[Any]) -> float:
        """Seconds until a call could leave."""
        return self.governor.eta(endpoint, account=self.account, egress=self.egress)

    def limit(self, endpoint: Endpoint[Any]) -> int:
        """How many calls of this account may be live at once."""
        return self._claims_of(endpoint).items[0].quota.limit

    def may_fail(self, endpoint: Endpoint[Any]) -> bool:
        """Whether one more business error would leave the endpoint open."""
        return self.governor.may_fail(self._claims_of(endpoint))

    def _claims_of(self, endpoint: Endpoint[Any]) -> Claims:
        claims = self._claims.get(endpoint.route)
        if claims is None:
            claims = self._claims[endpoint.route] = self.governor.claims(endpoint, self.account, self.egress)
        return claims

    async def _acquire_again(
        self, endpoint: Endpoint[Any], deadline: float, options: CallSettings, used: _Attempts, call: Call[Any] | None
    ) -> Permit:
        """A permit; where the exchange's refusal is why the wait does not fit any more, that is what is raised."""
        try:
            return await self._acquire(endpoint, deadline, options, used)
        except QuotaWait as error:
            if call is None or used.throttled is None:
                raise
            verdict, penalty = used.throttled
            ready_at = self.clock.monotonic() + error.retry_after * 1000.0  # it may have been closed for longer since
            self._raise_throttled(call, verdict, evolve(penalty, until=max(penalty.until, ready_at)))

    async def _acquire(
        self, endpoint: Endpoint[Any], deadline: float, options: CallSettings, used: _Attempts
    ) -> Permit:
        if self.owner.is_closed:
            raise ClientClosed("the client is closed; nothing was sent")
        claims = self._claims_of(endpoint)
        priority = endpoint.priority if options.priority is None else options.priority
        max_lifetime_ms = options.timeout * 1000.0 + self.transport.linger
        permit = await self.governor.acquire(claims, deadline, priority, used.place, self.owner, max_lifetime_ms)
        if self.owner.is_closed:  # in the instant of the grant
            self.governor.release(permit)
            raise ClientClosed("the client was closed while the call waited; it was not sent")
        used.place = permit.place
        return permit

    async def _send(self, call: Call[Any], permit: Permit, options: CallSettings, used: _Attempts) -> Reply:
        """The reply; on any failure the permit is settled by what is known to have been sent."""
        try:
            request = self._prepare(call, options, used)
            return await self.transport.send(request, options.timeout)
        except ConnectFailed:
            self.governor.release(permit)
            raise
        except Unanswered as error:
            if error.reply is not None and not isinstance(_judged(error.reply), Unclear):
                return error.reply  # it broke off, but what it means is known
            self.governor.give_up(permit, self.transport.linger)
            raise _unknown(str(error), call) from error
        except BaseException:
            self.governor.give_up(permit, self.transport.linger)
            raise

    def _prepare(self, call: Call[Any], options: CallSettings, used: _Attempts) -> Request:
        """Stamp and sign: the last thing before the bytes leave."""
        endpoint = call.endpoint
        if not endpoint.is_signed or self.credentials is None:
            headers = self.public_headers if endpoint.is_public else self.credentials_headers()
            params = {**call.params, "timestamp": int(self.clock.now())} if endpoint.is_stamped else call.params
            return Request(endpoint.method, endpoint.path, query_of(params), headers=headers)
        used.carrier = endpoint.carrier or (Carrier.QUERY if endpoint.method == "GET" else self.carrier.current)
        stamped = {**call.params, "recvWindow": options.recv_window, "timestamp": int(self.clock.now())}
        payload = encode(stamped, self.credentials.signer, used.carrier)
        return Request(
            endpoint.method,
            endpoint.path,
            payload.query,
            payload.body,
            self.credentials.headers[payload.content_type],
        )

    async def _recover(
        self,
        call: Call[Any],
        verdict: Verdict,
        penalty: Penalty | None,
        deadline: float,
        options: CallSettings,
        used: _Attempts,
    ) -> None:
        """Return where the call may be tried again, raise where not."""
        if isinstance(verdict, Unclear):
            kind = OutcomeUnknown if verdict.is_readable else UnreadableReply
            raise _unknown(verdict.message, call, kind)
        if isinstance(verdict, Throttled):
            assert penalty is not None
            penalty = await self._sharpen(verdict, penalty, _patience(call.endpoint, options))
            if penalty.until > deadline:
                self._raise_throttled(call, verdict, penalty)
            used.throttled = (verdict, penalty)
            return
        assert isinstance(verdict, Refused)
        if await self._may_repeat(call.endpoint, verdict, options, used):
            return
        if verdict.meaning in (Meaning.CLOCK, Meaning.SIGNATURE):
            self.carrier.forget()
        elif verdict.meaning is not Meaning.AUTHENTICATION:
            self._settle_carrier(call.endpoint, used, "understood")
        raise _error_class(call.endpoint, verdict.meaning)(
            verdict.code, verdict.message, call.endpoint.path, verdict.http_status, verdict.raw
        )

    async def _may_repeat(
        self, endpoint: Endpoint[Any], verdict: Refused, options: CallSettings, used: _Attempts
    ) -> bool:
        """A timestamp or signature that was not found or did not match was not executed: one more try each."""
        if verdict.meaning not in (Meaning.CLOCK, Meaning.SIGNATURE):
            return False
        is_open = not self.carrier.is_settled or self.carrier.current is not used.carrier
        can_switch = is_open and not used.has_switched and endpoint.method == "POST"
        can_sync = verdict.meaning is Meaning.CLOCK and not used.has_synced and not used.has_switched
        if can_sync:
            used.has_synced = True
            await self.time.sync(_patience(endpoint, options))
        if can_switch:
            used.has_switched = True
            if not self.carrier.is_settled:  # else another call has found out meanwhile
                self.carrier.current = Carrier.QUERY
        return can_switch or can_sync

    def _settle_carrier(self, endpoint: Endpoint[Any], used: _Attempts, how: str) -> None:
        """Under `auto`, keep the carrier with which a signed call was understood."""
        if used.carrier is None or endpoint.method == "GET" or not self.carrier.settle(used.carrier):
            return
        reason = f"the first signed call was {how}"
        inform("parameters travel by %s: %s", used.carrier.value, reason)
        self.governor.reporter.emit(events.CarrierChosen(self.governor.reporter.now(), used.carrier.value, reason))

    async def _sharpen(self, verdict: Throttled, penalty: Penalty, patience: float) -> Penalty:
        """A moment is in the exchange's time: look at its clock again if the last look was long ago."""
        if verdict.until is None or verdict.scope is Scope.EGRESS or not self.clock.is_stale():
            return penalty
        await self.time.sync(patience)
        return self.governor.extend(penalty, verdict.until)

    def _raise_throttled(self, call: Call[Any], verdict: Throttled, penalty: Penalty) -> NoReturn:
        about = (verdict.code, verdict.message, call.endpoint.path, verdict.http_status, verdict.raw)
        if verdict.meaning is Meaning.BUSY:
            raise ServerBusy(*about)
        left = max(0.0, penalty.until - self.clock.monotonic()) / 1000.0
        raise RateLimited(
            *about,
            retry_at=self.clock.moment(penalty.until),
            retry_after=left,
            scope=str(penalty.key),
            reason=penalty.reason,
        )

    async def _sample(self, endpoint: Endpoint[float | None]) -> Sample | None:
        options, used = CallSettings(PATIENCE, PATIENCE, 0), _Attempts()
        deadline = self.clock.monotonic() + PATIENCE * 1000.0
        permit = await self._acquire(endpoint, deadline, options, used)
        sent_at = self.clock.monotonic()
        reply = await self._send(Call(endpoint, {}), permit, options, used)
        verdict = judge(reply.status, reply.headers, reply.text, self.clock.now())
        self.governor.settle(permit, verdict, reply.received_at, reply.headers)
        millis = endpoint.read(verdict.data) if isinstance(verdict, Accepted) else None
        return (millis, sent_at, reply.received_at) if millis is not None else None


def _patience(endpoint: Endpoint[Any], options: CallSettings) -> float:
    """Seconds for which a call waits for the exchange's clock; the machine's own is a fair guess for a cancel."""
    return min(CANCEL_PATIENCE if endpoint.priority <= Priority.CANCEL else PATIENCE, options.timeout)


def _error_class(endpoint: Endpoint[Any], meaning: Meaning) -> type[ApiError]:
    refusals = {Meaning.NOT_FOUND: endpoint.refusals.not_found, Meaning.REFUSED: endpoint.refusals.refused}
    return refusals.get(meaning) or ERRORS[meaning]


def _check(call: Call[Any]) -> None:
    for name, value in call.params.items():
        check_value(name, value)


def _judged(reply: Reply) -> Verdict:
    return judge(reply.status, reply.headers, reply.text, 0.0)


def _unknown(message: str, call: Call[Any], kind: type[OutcomeUnknown] = OutcomeUnknown) -> OutcomeUnknown:
    params = call.params
    return kind(message, call.endpoint.path, params, call.client_order_ids)
