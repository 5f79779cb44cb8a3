"""An independent look at fills: each has to be explained by the frames of the recording alone.

Rules: it knows the frames, the fills and when they were, and nothing of the emulator's books. A taker's fill needs a
level of the other side, in the book as it was told last, with that quantity on it besides all own fills of that level
since it appeared. A maker's fill happens at the moment of a frame: of a trade at its price or beyond, or of a book
whose other side reaches it; all fills of one frame together are within what it told.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from bingx_async.core.recording import Frame
from bingx_async.emulator.trading.orders import Fill

Side = dict[Decimal, Decimal]


class Judge:
    """The frames of one symbol, played beside the fills."""

    def __init__(self, frames: Sequence[Frame], start: float) -> None:
        self.moments = [(int(start + frame.at), json.loads(frame.text, parse_float=Decimal)) for frame in frames]
        self.sides: dict[str, Side] = {"BUY": {}, "SELL": {}}  # by the side of the order that meets them
        self.taken: defaultdict[Decimal, Decimal] = defaultdict(Decimal)
        self.traded: tuple[Decimal, Decimal] | None = None  # the price and the rest of the trade of this moment
        self.explained: defaultdict[str, int] = defaultdict(int)

    def explain(self, fills: Sequence[Fill]) -> dict[str, int]:
        """How many fills are explained by what. Raises `AssertionError` for one that is not."""
        waiting = list(fills)
        for index, (moment, message) in enumerate(self.moments):
            self._tell(message)
            following = self.moments[index + 1][0] if index + 1 < len(self.moments) else 2**63
            while waiting and waiting[0].time < max(following, moment + 1):
                kind = self._kind_of(waiting[0], moment)
                if not kind and following == moment:
                    break  # another frame of this moment may explain it
                assert kind, waiting[0]
                self.explained[kind] += 1
                del waiting[0]
        assert not waiting
        return dict(self.explained)

    def _kind_of(self, fill: Fill, moment: int) -> str:
        """What explains a fill now; empty if nothing does."""
        if fill.is_maker and fill.time != moment:
            return ""
        if fill.is_maker and self.traded is not None:
            price, rest = self.traded
            is_reached = price <= fill.price if fill.order.side == "BUY" else price >= fill.price
            if not is_reached or fill.quantity > rest:
                return ""
            self.traded = price, rest - fill.quantity
            return "beyond" if price != fill.price else "queue"
        return ("crossed" if fill.is_maker else "taken") if self._offered(fill) else ""

    def _offered(self, fill: Fill) -> bool:
        """Whether the other side of the book offers so much: at the price, or for a maker's fill up to it."""
        side, left, taken = fill.order.side, fill.quantity, self.taken.copy()
        for price in sorted(self.sides[side], reverse=side == "SELL"):
            is_within = price <= fill.price if side == "BUY" else price >= fill.price
            if price == fill.price or (fill.is_maker and is_within):
                part = max(min(left, self.sides[side][price] - taken[price]), Decimal(0))
                taken[price] += part
                left -= part
        if left == 0:
            self.taken = taken
        return left == 0

    def _tell(self, message: dict[str, Any]) -> None:
        data, channel = message["data"], message["dataType"].partition("@")[2]
        self.traded = None
        if channel == "trade":
            self.traded = Decimal(data["p"]), Decimal(data["q"])
            return
        if channel == "bookTicker":
            bid, ask = Decimal(data["b"]), Decimal(data["a"])
            asks = {price: size for price, size in self.sides["BUY"].items() if price > ask}
            bids = {price: size for price, size in self.sides["SELL"].items() if price < bid}
            self.sides = {"BUY": {ask: Decimal(data["A"]), **asks}, "SELL": {bid: Decimal(data["B"]), **bids}}
        else:
            pairs = {"BUY": data["asks"], "SELL": data["bids"]}
            self.sides = {side: {Decimal(p): Decimal(q) for p, q in found} for side, found in pairs.items()}
        there = {price for side in self.sides.values() for price in side}
        for price in set(self.taken) - there:
            del self.taken[price]
