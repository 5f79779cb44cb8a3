"""One attempt of a call: signed, sent, read and settled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

from bingx_async.core.endpoint import Call
from bingx_async.core.gates import Penalty
from bingx_async.core.verdict import Unclear, Verdict, judge
from bingx_async.errors import ConnectFailed
from bingx_async.runtime.call.requests import RequestBuilder
from bingx_async.runtime.call.turn import Turn
from bingx_async.runtime.governor.governor import Governor
from bingx_async.runtime.http.message import Reply, Unanswered

if TYPE_CHECKING:
    from bingx_async.runtime.http.transport import Transport


@frozen(eq=False)
class Sender:
    """Makes the attempts of one account's calls."""

    governor: Governor
    transport: Transport
    requests: RequestBuilder

    async def attempt(self, call: Call[Any], turn: Turn) -> tuple[Verdict, Penalty | None, Reply]:
        """Send the call once and settle its permit by the reply; raises `Unanswered` where no whole reply came."""
        try:
            turn.carrier = self.requests.chosen_carrier(call.endpoint)
            request = self.requests.build(call, turn.settings.recv_window, turn.carrier)
            reply = await self.transport.send(request, turn.seconds_left)
        except BaseException as error:
            reply = self._after_failure(error, turn)
        verdict = judge(reply.status, reply.headers, reply.text, self.requests.clock.now())
        penalty = self.governor.settle(turn.permit, verdict, reply.received_at, reply.headers, reply.min_rtt)
        return verdict, penalty, reply

    def _after_failure(self, error: BaseException, turn: Turn) -> Reply:
        """The reply, if its meaning is known though it broke off; else settle the permit by what may have been sent."""
        if isinstance(error, ConnectFailed):
            self.governor.release(turn.permit)
            raise error
        if isinstance(error, Unanswered):
            if error.reply is not None and not isinstance(_judged(error.reply), Unclear):
                return error.reply
            turn.seconds_left -= (self.requests.clock.monotonic() - turn.permit.granted_at) / 1000.0
        self.governor.give_up(turn.permit, self.transport.linger)
        raise error


def _judged(reply: Reply) -> Verdict:
    return judge(reply.status, reply.headers, reply.text, 0.0)
