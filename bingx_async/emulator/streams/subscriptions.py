"""The messages of sockets that are open: subscriptions, and answers to pings.

Rules: a subscription names one topic; a list is not answered. More than `MESSAGES` of them in a second are a breach.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any, cast

from attrs import frozen

from bingx_async.emulator.streams.delivery import Delivery
from bingx_async.emulator.streams.faults import Moment, SilentTopic, SwallowAck
from bingx_async.emulator.streams.feeds import Feeds
from bingx_async.emulator.streams.handshake import INVALID_KEY
from bingx_async.emulator.streams.messages import acknowledged, refused
from bingx_async.emulator.streams.session import Session
from bingx_async.emulator.streams.tally import StreamTally
from bingx_async.emulator.streams.topics import UNKNOWN, USER_TOPICS, Topic, read_topic
from bingx_async.emulator.variants import Variants

MESSAGES, SECOND = 10, 1000
TOO_FAST, FULL, REPEATED, MALFORMED = 100410, 80403, 100205, 100400


@frozen(eq=False, repr=False)
class Subscriptions:
    """Takes the messages of sockets. `greet` is called once a topic was subscribed."""

    variants: Variants
    delivery: Delivery
    feeds: Feeds
    tally: StreamTally
    has_symbol: Callable[[str], bool]
    greet: Callable[[Session, Topic], object]

    def hear(self, session: Session, text: str) -> None:
        """Take a message."""
        try:
            message: Any = json.loads(text)
        except ValueError:
            message = text
        pong = cast("dict[str, Any]", message).get("pong") if isinstance(message, dict) else message
        if isinstance(pong, str):
            if pong in session.pongs:
                session.pongs.clear()
                session.awaited_since = math.inf
        elif isinstance(message, dict):
            self._ask(session, cast("dict[str, Any]", message))

    def _ask(self, session: Session, message: dict[str, Any]) -> None:
        message_id, topic_name = message.get("id"), message.get("dataType")
        message_id = message_id if isinstance(message_id, str) else None
        if self._is_too_fast(session):
            self.tally.breaches += 1
            if self.variants.too_many_messages == "closed":
                session.end("clean")
                return
            self._refuse(session, message_id, TOO_FAST, "too many messages")
        elif message.get("reqType") == "unsub" and isinstance(topic_name, str):
            self.feeds.unsubscribe(session, topic_name)
            self._acknowledge(session, message_id)
        elif message.get("reqType", "sub") == "sub" and isinstance(topic_name, str):
            self._subscribe(session, message_id, topic_name)
        else:
            self._refuse(session, message_id, MALFORMED, "reqType or dataType is wrong")

    def _subscribe(self, session: Session, message_id: str | None, name: str) -> None:
        topic = read_topic(name, self.has_symbol, self.variants)
        if topic is None:
            self._refuse(session, message_id, UNKNOWN, f"dataType {name} is not supported")
        elif name in USER_TOPICS and not session.listen_key:
            self._refuse(session, message_id, INVALID_KEY, "listenKey is required")
        elif name in session.feeds:
            is_refused = self.variants.repeated_topic == "100205"
            if is_refused:
                self._refuse(session, message_id, REPEATED, "repeat request")
            else:
                self._acknowledge(session, message_id)
        elif len(session.feeds) >= self.variants.topics_per_socket:
            self._refuse(session, message_id, FULL, "too many subscriptions on one connection")
        else:
            self._take(session, message_id, topic)

    def _take(self, session: Session, message_id: str | None, topic: Topic) -> None:
        moment = Moment("subscription", topic.name, bool(session.listen_key))
        effects = [fault.effect for fault in self.delivery.plan.strike(moment)]
        if not any(isinstance(effect, SwallowAck) for effect in effects):
            self._acknowledge(session, message_id)
        if not any(isinstance(effect, SilentTopic) for effect in effects):
            self.feeds.subscribe(session, topic)
            self.greet(session, topic)

    def _acknowledge(self, session: Session, message_id: str | None) -> None:
        self.delivery.tell(session, acknowledged(message_id or "", int(session.agenda.time), self.variants))

    def _refuse(self, session: Session, message_id: str | None, code: int, text: str) -> None:
        self.tally.refused_topics[code] += 1
        self.delivery.tell(session, refused(message_id, code, text, int(session.agenda.time)))

    def _is_too_fast(self, session: Session) -> bool:
        asked, now = session.asked_at, session.agenda.time
        while asked and asked[0] <= now - SECOND:
            asked.popleft()
        asked.append(now)
        return len(asked) > MESSAGES
