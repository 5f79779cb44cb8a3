"""The exchange: a request and a moment in, a reply out. No clock, no network, no randomness.

Each request passes these doors, in this order; the first that refuses answers:

    method and path known · quotas of the address · API key · parameters readable · signature there · timestamp fresh
    · signature fits · endpoint open for the account · quota of the account · the endpoint itself

A public endpoint needs no key and is counted for the address alone; an endpoint that needs only the key has no
signature to check.

Rules: `now_ms` is the moment of arrival, which the quotas count; the server's own time is `clock_offset_ms` ahead
of it. Every request counts for its address, also one that a later door refuses; a refused request is not counted in
the quota that refused it. A breach of the account's quota closes the endpoint for `penalty_ms`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bingx_async.emulator.authentication import Authentication
from bingx_async.emulator.behaviours.desk import Desk, order_ids
from bingx_async.emulator.book import Book, Books
from bingx_async.emulator.counting import Counting
from bingx_async.emulator.endpoints import ROUTES, Route
from bingx_async.emulator.penalties import Penalties
from bingx_async.emulator.refusals import BusinessRefusal, Refusal, unknown_path
from bingx_async.emulator.replies import accept, refuse
from bingx_async.emulator.settings import EmulatorSettings
from bingx_async.emulator.stats import Tally
from bingx_async.emulator.traffic import Reply, Request
from bingx_async.emulator.visit import Visit


class Exchange:
    """The whole exchange; see the module's rules. `routes`: every endpoint by method and path."""

    def __init__(self, settings: EmulatorSettings, routes: Mapping[str, Route] = ROUTES) -> None:
        self.settings = settings
        self.clock_offset_ms = settings.clock_offset_ms
        self.tally = Tally()
        self.penalties = Penalties(settings, self.tally)
        self.books = Books((each.account, Book(each.account, each.balance)) for each in reversed(settings.accounts))
        self._routes = routes
        self._ids = order_ids()
        self._authentication = Authentication(settings.accounts, settings.carriers)
        self._counting = Counting(settings.profile, settings.model, self.tally)

    def handle(self, request: Request, now_ms: float) -> Reply:
        """The reply to a request that arrives at `now_ms`."""
        visit, form = Visit(request, now_ms, self.clock_offset_ms), self.settings.rate_headers
        try:
            data = self._pass(visit)
        except Refusal as refusal:
            self.tally.codes[refusal.code] += 1
            return refuse(refusal, visit, form)
        self.tally.codes[0] += 1
        return accept(data, visit, form)

    def next_order_id(self) -> int:
        """An order id that was never given out before."""
        return next(self._ids)

    def _pass(self, visit: Visit) -> Any:
        self._find_route(visit)
        self._counting.count_address(visit)
        self._authentication.admit(visit)
        if visit.route.endpoint.is_public:
            return self._run(visit, Book())
        self.penalties.check_open(visit)
        if not self._counting.count_account(visit):
            raise self.penalties.close_for_breach(visit).refusal
        try:
            return self._run(visit, self.books[visit.account.account])
        except BusinessRefusal as refusal:
            self.penalties.count_error(visit, refusal.code)
            raise

    def _find_route(self, visit: Visit) -> None:
        route = self._routes.get(f"{visit.request.method} {visit.request.path}")
        if route is None:
            raise unknown_path()
        visit.route = route

    def _run(self, visit: Visit, book: Book) -> Any:
        return visit.route.run(Desk(book, self._ids, self.settings.symbols, visit.time), dict(visit.pairs))
