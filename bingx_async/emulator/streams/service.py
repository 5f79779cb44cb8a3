"""Everything that is done for sockets, put together: handshakes, subscriptions, feeds, the events of accounts."""

from __future__ import annotations

from collections.abc import Callable

from bingx_async.emulator.faults import FaultPlan
from bingx_async.emulator.floor import Floor
from bingx_async.emulator.settings import EmulatorSettings
from bingx_async.emulator.streams.accounts import AccountEvents
from bingx_async.emulator.streams.channels import Channels
from bingx_async.emulator.streams.delivery import Delivery
from bingx_async.emulator.streams.faults import StreamFault
from bingx_async.emulator.streams.feeds import Feed, Feeds
from bingx_async.emulator.streams.handshake import Handshake
from bingx_async.emulator.streams.keys import ListenKeys
from bingx_async.emulator.streams.session import Session
from bingx_async.emulator.streams.subscriptions import Subscriptions
from bingx_async.emulator.streams.tally import StreamTally
from bingx_async.emulator.streams.topics import Topic

WHOLE_BOOK_MS = 200  # after its subscription


class Service:
    """See the module. `count_sockets` tells how many sockets an address has."""

    def __init__(
        self,
        floor: Floor,
        settings: EmulatorSettings,
        plan: FaultPlan[StreamFault],
        count_sockets: Callable[[str], int],
    ) -> None:
        variants = settings.variants
        self.tally = StreamTally()
        self.channels = Channels(floor, variants, settings.seed)
        self._delivery = Delivery(plan, is_packed=variants.frames == "gzip")
        self.feeds = Feeds(floor.agenda, self.channels.start, self._publish)
        self.keys = ListenKeys(floor.listen_keys, self._delivery, variants)
        self._events = AccountEvents(floor.engine, self.feeds, self._delivery, self.keys)
        self._subscriptions = Subscriptions(
            variants, self._delivery, self.feeds, self.tally, floor.listings.has, self._greet
        )
        self._handshake = Handshake(variants, self._delivery, self.keys, self.tally, settings.seed, count_sockets)
        self.admit, self.hear = self._handshake.admit, self._subscriptions.hear
        floor.engine.on_change = self._events.change

    def leave(self, session: Session) -> None:
        """A socket is gone."""
        self.feeds.leave(session)
        self.tally.messages += session.sent

    def _greet(self, session: Session, topic: Topic) -> None:
        """Send what comes with a subscription: balances, a whole book."""
        self._events.greet(session, topic)
        if topic.channel == "incrDepth":
            session.later(WHOLE_BOOK_MS, lambda: self._tell_book(session, topic))

    def _tell_book(self, session: Session, topic: Topic) -> None:
        if topic.name in session.feeds:
            text = self.channels.whole_book(topic, int(session.agenda.time))
            self._delivery.push(session, topic.name, self._delivery.payload(text))

    def _publish(self, feed: Feed, text: str) -> None:
        payload = self._delivery.payload(text)
        for session in list(feed.subscribers.values()):
            self._delivery.push(session, feed.topic.name, payload)
