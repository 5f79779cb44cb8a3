"""The one visible loop of a call: quota, stamp and sign, send, read, settle; again only where nothing ran."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from math import inf
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, TypeVar

import anyio
from attrs import define, evolve, field, frozen

from bingx_async.core import events
from bingx_async.core.endpoint import Call, Endpoint
from bingx_async.core.ledger import Claims, Penalty, Permit
from bingx_async.core.signing import Carrier, Signer, check_value, encode
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
    BingXError,
    ClientClosed,
    ConnectFailed,
    OutcomeUnknown,
    QuotaWait,
    RateLimited,
    ServerBusy,
    TransportError,
    UnreadableReply,
)
from bingx_async.models import Priority
from bingx_async.runtime.clock import ROUND_TRIPS, STEP, ServerClock
from bingx_async.runtime.governor import Governor
from bingx_async.runtime.message import Reply, Request, Unanswered

if TYPE_CHECKING:
    from bingx_async.runtime.transport import Transport

T = TypeVar("T")
Sample = tuple[float, float, float]
TIME_PATIENCE = 5.0  # seconds for one look at the exchange's clock
log = logging.getLogger("bingx_async")


@frozen
class Options:
    """What every call takes: seconds it may queue, who goes first, seconds on the network, validity in ms."""

    max_wait: float
    timeout: float
    recv_window: int
    priority: Priority | None = None


class Closable(Protocol):
    """What a call belongs to."""

    is_closed: bool


@frozen
class Credentials:
    """A key and the signer of its secret; the repr shows neither."""

    headers: Mapping[str, list[tuple[bytes, bytes]]] = field(repr=False)  # by content type
    signer: Signer = field(repr=False)

    @classmethod
    def of(cls, api_key: str, secret_key: str, public: list[tuple[bytes, bytes]]) -> Credentials:
        """Lay the headers out once, so that no key is ever a local of a frame that can fail."""
        types = ("", "application/json", "application/x-www-form-urlencoded")
        return cls(
            {
                kind: [
                    *public,
                    (b"X-BX-APIKEY", api_key.encode()),
                    *([(b"Content-Type", kind.encode())] if kind else []),
                ]
                for kind in types
            },
            Signer(secret_key),
        )


@define
class CarrierChoice:
    """Which carrier is used; under `auto` the first signed replies decide, for the life of the client."""

    current: Carrier
    is_settled: bool

    @classmethod
    def of(cls, name: str) -> CarrierChoice:
        """From `auto` or a carrier's name."""
        return cls(Carrier.JSON, False) if name == "auto" else cls(Carrier(name), True)

    def forget(self) -> None:
        """Neither carrier was understood, so nothing has been learnt."""
        if not self.is_settled:
            self.current = Carrier.JSON


@define
class _Attempts:
    """What one call has used up."""

    has_synced: bool = False
    has_switched: bool = False
    carrier: Carrier | None = None
    order: tuple[int, int] | None = None
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
    _claims: dict[str, Claims] = field(init=False, factory=dict[str, Claims])
    _sync_lock: anyio.Lock = field(init=False, factory=anyio.Lock)

    async def call(self, call: Call[T], options: Options) -> T:
        """Run `call`; see `bingx_async.errors` for what it raises."""
        _check(call)
        model = await self._run(call.endpoint, lambda: call, options)
        assert not isinstance(model, Nothing)
        return model

    async def call_late(self, endpoint: Endpoint[T], take: Callable[[], Call[T] | None], options: Options) -> T | None:
        """Wait for quota, then run what `take` makes up; None, and nothing sent, if that is None.

        A refusal for pace is raised at once: what was taken may be done another way meanwhile.
        """
        model = await self._run(endpoint, take, options, is_late=True)
        return None if isinstance(model, Nothing) else model

    async def _run(
        self, endpoint: Endpoint[T], take: Callable[[], Call[T] | None], options: Options, is_late: bool = False
    ) -> T | Nothing:
        attempts = _Attempts()
        if endpoint.is_signed and self.clock.synced_at is None and not await self.governor.borrow_clock():
            await self.sync()
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
            penalty = self.governor.settle(permit, verdict, reply.received_at, reply.headers, reply.tcp_floor)
            self._take_time(verdict, permit, reply)
            if isinstance(verdict, Accepted):
                self._settle_carrier(endpoint, attempts, "accepted")
                return endpoint.read(verdict.data)
            await self._recover(call, verdict, penalty, -inf if is_late else deadline, attempts)

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
        claims = self._claims.get(endpoint.path)
        if claims is None:
            claims = self._claims[endpoint.path] = self.governor.claims(endpoint, self.account, self.egress)
        return claims

    async def _acquire_again(
        self, endpoint: Endpoint[Any], deadline: float, options: Options, used: _Attempts, call: Call[Any] | None
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

    async def _acquire(self, endpoint: Endpoint[Any], deadline: float, options: Options, used: _Attempts) -> Permit:
        if self.owner.is_closed:
            raise ClientClosed("the client is closed; nothing was sent")
        claims = self._claims_of(endpoint)
        priority = endpoint.priority if options.priority is None else options.priority
        life = options.timeout * 1000.0 + self.transport.linger
        permit = await self.governor.acquire(claims, deadline, priority, used.order, self.owner, life)
        if self.owner.is_closed:  # in the instant of the grant
            self.governor.release(permit)
            raise ClientClosed("the client was closed while the call waited; it was not sent")
        used.order = permit.order
        return permit

    async def _send(self, call: Call[Any], permit: Permit, options: Options, used: _Attempts) -> Reply:
        """The reply; on any failure the permit is settled by what is known to have been sent."""
        try:
            request = self._prepare(call, options, used)
            with anyio.move_on_after(options.timeout):
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
        self.governor.give_up(permit, self.transport.linger)
        raise _unknown(f"no reply within {options.timeout:g} s", call)

    def _prepare(self, call: Call[Any], options: Options, used: _Attempts) -> Request:
        """Stamp and sign: the last thing before the bytes leave."""
        endpoint = call.endpoint
        if not endpoint.is_signed or self.credentials is None:
            return Request(endpoint.method, endpoint.path, headers=self.public_headers)
        used.carrier = Carrier.QUERY if endpoint.method == "GET" else self.carrier.current
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
        self, call: Call[Any], verdict: Verdict, penalty: Penalty | None, deadline: float, used: _Attempts
    ) -> None:
        """Return where the call may be tried again, raise where not."""
        if isinstance(verdict, Unclear):
            kind = OutcomeUnknown if verdict.is_readable else UnreadableReply
            raise _unknown(verdict.message, call, kind)
        if isinstance(verdict, Throttled):
            assert penalty is not None
            penalty = await self._sharpen(verdict, penalty)
            if penalty.until > deadline:
                self._raise_throttled(call, verdict, penalty)
            used.throttled = (verdict, penalty)
            return
        assert isinstance(verdict, Refused)
        if await self._may_repeat(call.endpoint, verdict, used):
            return
        if verdict.meaning in (Meaning.CLOCK, Meaning.SIGNATURE):
            self.carrier.forget()
        elif verdict.meaning is not Meaning.AUTHENTICATION:
            self._settle_carrier(call.endpoint, used, "understood")
        raise ERRORS[verdict.meaning](
            verdict.code, verdict.message, call.endpoint.path, verdict.http_status, verdict.raw
        )

    async def _may_repeat(self, endpoint: Endpoint[Any], verdict: Refused, used: _Attempts) -> bool:
        """A timestamp or signature that was not found or did not match was not executed: one more try each."""
        if verdict.meaning not in (Meaning.CLOCK, Meaning.SIGNATURE):
            return False
        is_open = not self.carrier.is_settled or self.carrier.current is not used.carrier
        can_switch = is_open and not used.has_switched and endpoint.method == "POST"
        can_sync = verdict.meaning is Meaning.CLOCK and not used.has_synced and not used.has_switched
        if can_sync:
            used.has_synced = True
            await self.sync()
        if can_switch:
            used.has_switched = True
            if not self.carrier.is_settled:  # else another call has found out meanwhile
                self.carrier.current = Carrier.QUERY
        return can_switch or can_sync

    def _settle_carrier(self, endpoint: Endpoint[Any], used: _Attempts, how: str) -> None:
        """Under `auto`, keep the carrier with which a signed call was understood."""
        if self.carrier.is_settled or not endpoint.is_signed or used.carrier is None or endpoint.method == "GET":
            return
        self.carrier.current, self.carrier.is_settled = used.carrier, True
        reason = f"the first signed call was {how}"
        log.info("parameters travel by %s: %s", used.carrier.value, reason)
        self.governor.reporter.emit(
            events.CarrierChosen(self.clock.moment(self.clock.monotonic()), used.carrier.value, reason)
        )

    async def _sharpen(self, verdict: Throttled, penalty: Penalty) -> Penalty:
        """A moment is in the exchange's time: look at its clock again if the last look was long ago."""
        if verdict.until is None or verdict.scope is Scope.EGRESS or not self.clock.is_stale():
            return penalty
        await self.sync()
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

    def _take_time(self, verdict: Verdict, permit: Permit, reply: Reply) -> None:
        """Replies that carry the exchange's time are free samples."""
        if verdict.server_time is not None:
            self._tell_step(self.clock.hint(verdict.server_time, permit.granted_at, reply.received_at))

    async def sync(self) -> BingXError | None:
        """Set the clock by the time endpoint: the best of a few round trips. A failure is logged and returned."""
        started = self.clock.monotonic()
        async with self._sync_lock:
            if self.clock.synced_at is not None and self.clock.synced_at >= started:
                return None
            try:
                self._tell_step(self.clock.set_from(*await self._best_sample()))
                self.governor.lend_clock()
            except (QuotaWait, TransportError, ApiError) as error:
                log.warning("the exchange's clock could not be read (%s)", error)
                self.clock.synced_at = self.clock.monotonic()
                return error
        return None

    async def _best_sample(self) -> Sample:
        """(server time, sent at, received at) of the shortest round trip, from the first endpoint that answers."""
        for endpoint in self.time_endpoints:
            samples = await self._samples(endpoint)
            if samples:
                return min(samples, key=lambda sample: sample[2] - sample[1])
        raise ApiError(None, "the reply holds no time", self.time_endpoints[0].path, 200)

    async def _samples(self, endpoint: Endpoint[float | None]) -> list[Sample]:
        """What a few round trips have brought; a failure counts only if there was nothing before it."""
        samples: list[Sample] = []
        try:
            for _ in range(ROUND_TRIPS):
                sample = await self._sample(endpoint)
                if sample is not None:
                    samples.append(sample)
        except (QuotaWait, ConnectFailed, OutcomeUnknown):
            if not samples:
                raise
        return samples

    async def _sample(self, endpoint: Endpoint[float | None]) -> Sample | None:
        options, used = Options(TIME_PATIENCE, TIME_PATIENCE, 0), _Attempts()
        deadline = self.clock.monotonic() + TIME_PATIENCE * 1000.0
        permit = await self._acquire(endpoint, deadline, options, used)
        sent_at = self.clock.monotonic()
        reply = await self._send(Call(endpoint, {}), permit, options, used)
        verdict = judge(reply.status, reply.headers, reply.text, self.clock.now())
        self.governor.settle(permit, verdict, reply.received_at, reply.headers)
        millis = endpoint.read(verdict.data) if isinstance(verdict, Accepted) else None
        return (millis, sent_at, reply.received_at) if millis is not None else None

    def _tell_step(self, step: float) -> None:
        if abs(step) >= STEP:
            log.warning("the exchange's clock is %.3f s from where it was believed to be", step / 1000.0)
            self.governor.reporter.emit(events.ClockStepped(self.clock.moment(self.clock.monotonic()), step / 1000.0))


def _check(call: Call[Any]) -> None:
    for name, value in call.params.items():
        check_value(name, value)


def _judged(reply: Reply) -> Verdict:
    return judge(reply.status, reply.headers, reply.text, 0.0)


def _unknown(message: str, call: Call[Any], kind: type[OutcomeUnknown] = OutcomeUnknown) -> OutcomeUnknown:
    params: Mapping[str, str | int] = call.params
    return kind(message, call.endpoint.path, params, call.client_order_ids)
