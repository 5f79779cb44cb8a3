"""One attempt of a call: stamped and signed as the last step before its bytes leave, sent, read and settled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import evolve, field, frozen

from bingx_async.core.endpoint import Call
from bingx_async.core.events import CarrierChosen
from bingx_async.core.signing import Carrier, Signer
from bingx_async.core.verdict import Accepted, Unclear, Verdict, judge
from bingx_async.errors import ConnectFailed
from bingx_async.runtime.call.turn import Turn
from bingx_async.runtime.governor.governor import Governor
from bingx_async.runtime.governor.reports import Reporter
from bingx_async.runtime.http.message import Draft, Headers, Reply, Unanswered
from bingx_async.runtime.logs import inform

if TYPE_CHECKING:
    from bingx_async.runtime.http.transport import Transport

CONTENT_TYPES = ("", "application/json", "application/x-www-form-urlencoded")


@frozen
class Credentials:
    """The headers of an account's requests and the signer of its secret; the repr shows none of them."""

    public: Headers = field(repr=False)
    with_key: dict[str, Headers] = field(repr=False)  # by content type; empty without a key
    signer: Signer | None = field(repr=False)

    @classmethod
    def of(cls, api_key: str | None, secret_key: str | None, user_agent: str) -> Credentials:
        """Lay the headers out once, so that no key is ever a local of a frame that can fail."""
        agent = (b"User-Agent", user_agent.encode())
        if not api_key or not secret_key:
            return cls(Headers(agent), {}, None)
        key = (b"X-BX-APIKEY", api_key.encode())
        typed = {
            kind: Headers(agent, key, *([(b"Content-Type", kind.encode())] if kind else [])) for kind in CONTENT_TYPES
        }
        return cls(Headers(agent), typed, Signer(secret_key))


class CarrierChoice:
    """The carrier by which parameters travel; under `auto` the first signed replies decide, for a client's life."""

    def __init__(self, name: str, reporter: Reporter) -> None:
        self.is_settled = name != "auto"
        self.current = Carrier(name) if self.is_settled else Carrier.JSON
        self._reporter = reporter

    def switch_from(self, carrier: Carrier) -> bool:
        """`carrier` was not understood: turn to another one. Whether there is another one to try."""
        if self.is_settled:
            return self.current is not carrier  # another call has settled it meanwhile
        self.current = Carrier.QUERY
        return True

    def forget(self) -> None:
        """No carrier was understood, so nothing has been learnt."""
        if not self.is_settled:
            self.current = Carrier.JSON

    def settle(self, carrier: Carrier | None, how: str) -> None:
        """A signed call was understood by `carrier`: keep it for good. None: the call had no choice."""
        if self.is_settled or carrier is None:
            return
        self.current, self.is_settled = carrier, True
        reason = f"the first signed call was {how}"
        inform("parameters travel by %s: %s", carrier.value, reason)
        self._reporter.emit(CarrierChosen(self._reporter.now(), carrier.value, reason))


@frozen(eq=False)
class Sender:
    """Makes the attempts of one account's calls."""

    governor: Governor
    transport: Transport
    credentials: Credentials
    carrier: CarrierChoice

    async def attempt(self, call: Call[Any], turn: Turn) -> tuple[Verdict, Reply]:
        """Send the call once and settle its permit by the reply; raises `Unanswered` where no whole reply came."""
        try:
            reply = await self.transport.send(self._draft(call, turn), turn.seconds_left)
        except BaseException as error:
            reply = self._after_failure(error, call, turn)
        verdict = _judge(reply, call, reply.received_at + self.governor.clock.offset)
        turn.penalty = self.governor.settle(turn.permit, verdict, reply.received_at, reply.headers, reply.min_rtt)
        return verdict, reply

    def _draft(self, call: Call[Any], turn: Turn) -> Draft:
        """The request, to be stamped and signed as it leaves; the turn keeps the carrier if there was a choice."""
        endpoint, keys, now = call.endpoint, self.credentials, turn.stamp
        if keys.signer is None or not endpoint.is_signed:
            headers = keys.public if endpoint.is_public else keys.with_key[""]
            stamp = now if endpoint.is_stamped else None
            return Draft(endpoint.method, endpoint.path, call.params, {"": headers}, stamp)
        if endpoint.method != "GET" and endpoint.carrier is None:
            turn.carrier = self.carrier.current
        carrier, window = turn.carrier or endpoint.carrier or Carrier.QUERY, turn.settings.recv_window
        return Draft(endpoint.method, endpoint.path, call.params, keys.with_key, now, keys.signer, carrier, window)

    def _after_failure(self, error: BaseException, call: Call[Any], turn: Turn) -> Reply:
        """The reply, if its meaning is known though it broke off; else settle the permit by what may have been sent."""
        if isinstance(error, ConnectFailed):
            self.governor.release(turn.permit)
            raise error
        if isinstance(error, Unanswered):
            reply = error.reply
            if reply is not None and not isinstance(_judge(reply, call, 0.0), Unclear):
                return reply
            turn.seconds_left -= (self.governor.clock.monotonic() - turn.permit.granted_at) / 1000.0
        self.governor.give_up(turn.permit, self.transport.linger)
        raise error


def _judge(reply: Reply, call: Call[Any], wall_ms: float) -> Verdict:
    """The meaning of `reply` to `call`: it must be about the same order, and whole if it answers a question."""
    verdict = judge(reply.status, reply.headers, reply.text, wall_ms, call.endpoint.has_code)
    if not isinstance(verdict, Accepted):
        return verdict
    if call.endpoint.is_repeatable and not verdict.is_whole:
        return Unclear(reply.status, "the reply broke off", is_readable=False, server_time=verdict.server_time)
    if call.endpoint.echoed and call.is_contradicted(verdict.data):
        return Unclear(reply.status, "the reply is about another order", is_readable=True)
    if call.endpoint.reads_all:
        return evolve(verdict, data=verdict.raw)
    return verdict
