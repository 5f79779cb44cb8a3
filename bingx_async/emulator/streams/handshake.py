"""The opening of sockets: what is refused, whose listen key it is, the pings, and the faults of connections.

Rules: a handshake asks for the path `/market`, perhaps with a listen key. A ping that stays unanswered for `PONG_MS`
ends the connection without a close frame.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from http import HTTPStatus
from random import Random
from urllib.parse import parse_qsl, urlsplit

from attrs import Factory, field, frozen

from bingx_async.emulator.streams.delivery import Delivery
from bingx_async.emulator.streams.faults import Cut, EndKey, Moment, RefuseHandshake
from bingx_async.emulator.streams.keys import ListenKeys
from bingx_async.emulator.streams.messages import ping, refused
from bingx_async.emulator.streams.session import Session
from bingx_async.emulator.streams.tally import StreamTally
from bingx_async.emulator.traffic import logger
from bingx_async.emulator.variants import Variants

PATH = "/market"
PONG_MS = 30_000
INVALID_KEY = 100403


@frozen(eq=False, repr=False)
class Handshake:
    """Opens sockets. `count_sockets` tells how many an address has."""

    variants: Variants
    delivery: Delivery
    keys: ListenKeys
    tally: StreamTally
    seed: int
    count_sockets: Callable[[str], int]
    random: Random = field(init=False, default=Factory(lambda self: Random(f"{self.seed}/streams"), takes_self=True))

    def admit(self, session: Session, target: str) -> int:
        """The HTTP status of the answer to a handshake; 101 opens the socket."""
        parts = urlsplit(target)
        session.listen_key = dict(parse_qsl(parts.query)).get("listenKey", "")
        session.account = self.keys.owner(session.listen_key, session.agenda.time)
        struck = self.delivery.plan.strike(Moment("handshake", is_user=bool(session.listen_key)))
        status = self._status(session, parts.path)
        for fault in struck:
            status = fault.effect.status if isinstance(fault.effect, RefuseHandshake) else status
        if status != HTTPStatus.SWITCHING_PROTOCOLS:
            self.tally.refused_handshakes[status] += 1
            logger.debug("stream %d from %s refused with HTTP %d", session.number, session.address, status)
            return status
        self.tally.opened += 1
        logger.debug("stream %d from %s opened, account=%s", session.number, session.address, session.account or "-")
        session.later(0, lambda: self._greet(session))
        for fault in struck:
            self._arm(session, fault.effect)
        return status

    def _status(self, session: Session, path: str) -> int:
        if path != PATH:
            return int(HTTPStatus.NOT_FOUND)
        if self.count_sockets(session.address) > self.variants.sockets:
            return HTTPStatus.FORBIDDEN
        is_unknown = bool(session.listen_key) and not session.account
        if is_unknown and self.variants.unknown_listen_key == "401":
            return HTTPStatus.UNAUTHORIZED
        return HTTPStatus.SWITCHING_PROTOCOLS

    def _greet(self, session: Session) -> None:
        """Begin the pings, or send word that the listen key is not valid."""
        is_unknown = bool(session.listen_key) and not session.account
        if is_unknown and self.variants.unknown_listen_key == "100403":
            self.delivery.tell(session, refused(None, INVALID_KEY, "listenKey is invalid", int(session.agenda.time)))
            session.end("clean")
            return
        cadence = self.variants.ping_ms
        session.entries.append(session.agenda.every(cadence, lambda: self._ping(session), after=session.agenda.time))

    def _ping(self, session: Session) -> None:
        time = session.agenda.time
        if session.awaited_since < time - PONG_MS:
            self.tally.unanswered += 1
            session.end("clean", None)
            return
        self.keys.check(session, time)
        text, answer = ping(self.random.getrandbits(128), time, self.variants)
        session.pongs.add(answer)
        session.awaited_since = min(session.awaited_since, time)
        self.delivery.tell(session, text)

    def _arm(self, session: Session, effect: object) -> None:
        if isinstance(effect, Cut):
            seconds = self.random.expovariate(1 / effect.after) if effect.is_random else effect.after
            session.later(math.ceil(seconds * 1000), lambda: session.end(effect.kind))
        elif isinstance(effect, EndKey):
            session.later(effect.after * 1000, lambda: self._end_key(session))

    def _end_key(self, session: Session) -> None:
        self.keys.expire(None, session.listen_key, session.agenda.time)
        self.keys.check(session, session.agenda.time)
