"""The engine: places and cancels orders and fills them from the market.

Rules: `time`, ms of the server's clock, is set from outside. A limit order that meets the market takes from its levels
first; the rest of it rests, unless it may not. A resting order is filled at its own price: whole when the market goes
through it, and as far as the quantity there reaches when the market only touches it. Orders of accounts never meet each
other. In a market that is not live, limit orders rest whatever their price.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from bingx_async.emulator.market.ladder import Level
from bingx_async.emulator.market.listings import Listing
from bingx_async.emulator.trading.book import Books
from bingx_async.emulator.trading.ledger import Ledger
from bingx_async.emulator.trading.matching import fills_whole, firing_side, is_triggered, locks_at_once, takes
from bingx_async.emulator.trading.open_orders import OpenOrders
from bingx_async.emulator.trading.orders import Fill, OcoPair, Order
from bingx_async.emulator.trading.settlement import Settlement
from bingx_async.emulator.trading.venue import Venue
from bingx_async.emulator.traffic import BusinessRefusal
from bingx_async.emulator.variants import Variants

POST_ONLY = frozenset(("PostOnly", "POC"))
AT_ONCE = frozenset(("IOC", "FOK"))
STATES = {"canceled": "CANCELED", "failed": "FAILED"}  # by variant
REFUSALS = {
    "101215": (101215, "the post-only order would be filled immediately"),
    "refused": (100400, "the FOK order can not be filled completely"),
}
OnChange = Callable[[str, Order, Fill | None], None]


def _unobserved(_kind: str, _order: Order, _fill: Fill | None) -> None:
    """No stream is open: a change is told to nothing."""


class Engine:
    """See the module. `listing` knows the symbols; a refusal changes nothing.

    `on_change` is called after each change of an order with its kind: NEW when it was accepted or triggered, TRADE with
    its fill, CANCELED, or EXPIRED where the exchange ended it.
    """

    def __init__(
        self,
        listing: Callable[[str], Listing],
        venue: Venue,
        books: Books,
        ledger: Ledger,
        variants: Variants,
        ids: Iterator[int],
    ) -> None:
        self.time = 0
        self.listing, self.books, self.ledger = listing, books, ledger
        self.venue = venue
        self.prices, self.ladder, self.tape = venue.prices, venue.ladder, venue.tape
        self.variants = variants
        self.ids = ids
        self.open = OpenOrders()
        self.on_change: OnChange = _unobserved
        self._settlement = Settlement(venue.prices.market, books, ledger)

    def place(self, order: Order) -> None:
        """Place an order; raises `BusinessRefusal`."""
        found = [] if order.is_conditional else self._takes(order)
        ending = "" if order.is_conditional else self._ending(order, found)
        if ending in REFUSALS:
            raise BusinessRefusal(*REFUSALS[ending])
        if locks_at_once(order, self.variants.conditional_lock):
            self.ledger.lock([order])
        order.order_id = next(self.ids)
        order.placed_at = order.updated_at = self.time
        self.books[order.account].add(order)
        self.open.add(order)
        if order.is_conditional:
            self.on_change("NEW", order, None)
            self.wait(order)
        else:
            self._start(order, found)

    def place_pair(self, pair: OcoPair) -> None:
        """Place both legs of a pair; raises `BusinessRefusal`."""
        limit, stop = pair.legs
        self.ledger.lock([limit, stop])
        self.books[limit.account].add_pair(pair)
        for leg in pair.legs:
            self.open.add(leg)
        limit.status = "PENDING"
        for leg in pair.legs:
            self.on_change("NEW", leg, None)
        self.wait(stop)

    def rest(self, order: Order) -> None:
        """Put an order on the book as it is, whatever it costs."""
        self.ledger.lock([order], forced=True)
        order.placed_at = order.updated_at = order.placed_at or self.time
        self.books[order.account].add(order)
        self.open.add(order)
        self.on_change("NEW", order, None)

    def cancel(self, order: Order, status: str = "CANCELED") -> None:
        """End an order, and the other leg of its pair."""
        legs = order.pair.legs if order.pair is not None else (order,)
        for each in legs:
            if each.is_open:
                self._finish(each, status)

    def wait(self, order: Order) -> None:
        """Let a conditional order wait for its price, or trigger it if the price is there."""
        price = self.prices.last(self.listing(order.symbol), self.time)
        order.fires = firing_side(order, price, self.variants.conditional_side)
        self.open.changed(order.symbol)
        if self.prices.is_live(order.symbol, self.time) and is_triggered(order, price):
            self._trigger(order)

    def match(self, symbol: str) -> None:
        """Trigger and fill every order of a symbol that is due at this moment."""
        listing = self.listing(symbol)
        price, is_live = self.prices.last(listing, self.time), self.prices.is_live(symbol, self.time)
        for order in self.venue.in_turn(self.open.of(symbol)):
            if order.is_open and order.fires:
                if is_live and is_triggered(order, price):
                    self._trigger(order)
            elif order.is_open:
                self._meet(order, listing)

    def _takes(self, order: Order) -> list[Level]:
        """The levels that the order would take now."""
        if order.has_limit and order.time_in_force not in AT_ONCE and not self.prices.is_live(order.symbol, self.time):
            return []
        listing = self.listing(order.symbol)
        return takes(order, self.ladder.for_taker(listing, order.side, self.time), listing)

    def _ending(self, order: Order, found: list[Level]) -> str:
        """The variant by which an order ends that may not be filled like this; empty if it may."""
        if found and order.time_in_force in POST_ONLY:
            return self.variants.post_only
        is_whole = fills_whole(order, found, self.listing(order.symbol))
        return self.variants.fill_or_kill if order.time_in_force == "FOK" and not is_whole else ""

    def _start(self, order: Order, found: list[Level]) -> None:
        """Take, then rest or end."""
        listing, ending = self.listing(order.symbol), self._ending(order, found)
        order.status = "PENDING"
        self.on_change("NEW", order, None)
        if ending:
            self._finish(order, STATES.get(ending, "FAILED"), "EXPIRED")
            return
        last = len(found) if fills_whole(order, found, listing) else 0
        for number, (price, quantity) in enumerate(found, 1):
            self.ladder.take(listing, price, quantity, self.time)
            self._fill(order, price, quantity, is_maker=False, is_last=number == last)
        if order.is_open and (not order.has_limit or order.time_in_force in AT_ONCE):
            self._finish(order, "CANCELED", "EXPIRED")
        elif order.is_open:
            self.venue.queue(order)

    def _trigger(self, order: Order) -> None:
        """Let a waiting order become an ordinary one."""
        order.fires = ""
        self.open.changed(order.symbol)
        try:
            if order.hold is None:
                self.ledger.lock([order])
        except BusinessRefusal:
            self._finish(order, "FAILED", "EXPIRED")
            return
        if self.variants.triggered_id == "new" and order.pair is None:
            self.books[order.account].rename(order, next(self.ids))
        self._start(order, self._takes(order))

    def _meet(self, order: Order, listing: Listing) -> None:
        """Fill a resting order as far as the market goes."""
        quantity = self.venue.gives(order, listing, self.time)
        if quantity:
            self._fill(order, Decimal(order.price), quantity, is_maker=True)

    def _fill(self, order: Order, price: Decimal, quantity: Decimal, *, is_maker: bool, is_last: bool = False) -> None:
        for leg in order.pair.legs if order.pair is not None else ():
            if leg is not order and leg.is_open:
                self._finish(leg, "CANCELED")
        fill = self._settlement.settle(order, price, quantity, self.time, is_maker=is_maker)
        order.status = "PARTIALLY_FILLED"
        self.ledger.release(order)
        if is_last or (not order.is_by_amount and order.remaining == 0):
            self._finish(order, "FILLED", "")
        self.on_change("TRADE", order, fill)

    def _finish(self, order: Order, status: str, kind: str = "CANCELED") -> None:
        """End an order; `kind` is that of the change, empty if the caller tells it."""
        order.status, order.fires, order.updated_at = status, "", self.time
        self.open.remove(order)
        self.books[order.account].close(order)
        self.ledger.release(order)
        if kind:
            self.on_change(kind, order, None)
