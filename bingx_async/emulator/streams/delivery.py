"""Messages on their way to the sockets, and the faults that strike them there."""

from __future__ import annotations

from bingx_async.emulator.faults import FaultPlan
from bingx_async.emulator.streams.faults import (
    Bomb,
    BrokenGzip,
    CutHere,
    Drop,
    Duplicate,
    Late,
    Moment,
    Reorder,
    StreamEffect,
    StreamFault,
)
from bingx_async.emulator.streams.messages import bomb, pack
from bingx_async.emulator.streams.session import Payload, Session

MAGIC = b"\x1f\x8b"


class Delivery:
    """Sends texts to sockets, packed or not."""

    def __init__(self, plan: FaultPlan[StreamFault], *, is_packed: bool) -> None:
        self.plan = plan
        self._is_packed = is_packed

    def payload(self, text: str) -> Payload:
        """A text as it travels."""
        return pack(text) if self._is_packed else text

    def tell(self, session: Session, text: str) -> None:
        """Send a message that is no topic's: faults leave it alone."""
        session.write(self.payload(text))

    def push(self, session: Session, topic: str, payload: Payload) -> None:
        """Send a message of a topic."""
        if not session.is_open:
            return
        struck = self.plan.strike(Moment("message", topic, bool(session.listen_key)))
        effects: list[StreamEffect] = [fault.effect for fault in struck]
        extra = sum(effect.seconds * 1000 for effect in effects if isinstance(effect, Late))
        copies = 1 + sum(isinstance(effect, Duplicate) for effect in effects)
        for effect in effects:
            if isinstance(effect, Drop):
                return
            if isinstance(effect, CutHere):
                session.end(effect.kind)
                return
            payload = self._altered(payload, effect)
        if any(isinstance(effect, Reorder) for effect in effects):
            session.kept += [payload] * copies
            return
        for _ in range(copies):
            session.write(payload, extra)

    def _altered(self, payload: Payload, effect: StreamEffect) -> Payload:
        if isinstance(effect, Bomb):
            return bomb(effect.size)
        if isinstance(effect, BrokenGzip):
            packed = payload if isinstance(payload, bytes) else pack(payload)
            return MAGIC + packed[2 : len(packed) // 2] + b"\xff" * 8
        return payload
