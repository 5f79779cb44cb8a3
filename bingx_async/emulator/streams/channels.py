"""The channels of the market: how often each has a message, and how it is made."""

from __future__ import annotations

from collections.abc import Iterator

from bingx_async.emulator.endpoints.desk import plain
from bingx_async.emulator.floor import Floor
from bingx_async.emulator.market.listings import Listing
from bingx_async.emulator.market.tape import Tape, Trade
from bingx_async.emulator.streams.feeds import Make
from bingx_async.emulator.streams.messages import envelope
from bingx_async.emulator.streams.topics import USER_TOPICS, Topic
from bingx_async.emulator.variants import Variants


class Channels:
    """Makes the messages of topics."""

    def __init__(self, floor: Floor, variants: Variants) -> None:
        self._floor, self._variants = floor, variants
        self._tape = Tape(floor.engine.prices)

    def start(self, topic: Topic) -> tuple[int, Make]:
        """The cadence of a topic in ms, 0 if nothing comes by itself, and how its messages are made."""
        step = self._floor.engine.prices.market.step_ms
        if topic.name in USER_TOPICS:
            return step, lambda _: ()  # orders are filled in time
        if topic.channel == "trade":
            return step, lambda time: self._trades(topic, self._floor.listings.get(topic.symbol), time // step)
        return 0, lambda _: ()

    def _trades(self, topic: Topic, listing: Listing, number: int) -> Iterator[str]:
        trade: Trade = self._tape.trade(listing, number)
        data = {
            "e": "trade",
            "E": trade.time,
            "s": listing.symbol,
            "t": str(trade.number),
            "T": trade.time,
            "p": plain(trade.price),
            "q": plain(trade.quantity),
            "m": trade.is_buyer_maker,
        }
        yield envelope(topic.name, data, trade.time, self._variants)
