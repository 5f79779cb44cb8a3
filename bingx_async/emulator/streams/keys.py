"""Listen keys as sockets know them: whose they are, when they end, and what then becomes of the socket."""

from __future__ import annotations

import math

from bingx_async.emulator.streams.delivery import Delivery
from bingx_async.emulator.streams.session import Session
from bingx_async.emulator.traffic import encode
from bingx_async.emulator.variants import Variants

Keys = dict[str, tuple[str, int]]  # key -> account, valid until


class ListenKeys:
    """The listen keys of an exchange; `keys` is shared with the endpoints."""

    def __init__(self, keys: Keys, delivery: Delivery, variants: Variants) -> None:
        self._keys, self._delivery = keys, delivery
        self._end = variants.listen_key_end

    def owner(self, key: str, time: float) -> str:
        """The account of a key that is valid; empty if it is not."""
        account, until = self._keys.get(key, ("", 0))
        return account if until > time else ""

    def expire(self, account: str | None, key: str | None, time: float) -> int:
        """End the keys of an account, or of all, or this one; how many were valid."""
        found = [
            each
            for each, (owner, until) in self._keys.items()
            if account in (None, owner) and key in (None, each) and until > time
        ]
        for each in found:
            self._keys[each] = self._keys[each][0], math.floor(time)
        return len(found)

    def check(self, session: Session, time: float) -> None:
        """Let a socket whose key has ended hear of it, if it ever does."""
        if not session.account or self.owner(session.listen_key, time):
            return
        session.account = ""
        if self._end == "event":
            event = {"e": "listenKeyExpired", "E": int(time), "listenKey": session.listen_key}
            self._delivery.tell(session, encode(event))
        elif self._end == "closed":
            session.end("clean")
