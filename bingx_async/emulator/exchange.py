"""The exchange: a request and a moment in, a reply out. No clock, no network, no randomness.

Each request passes these doors, in this order; the first that refuses answers:

    path known · quotas of the address · API key · parameters readable · signature there · timestamp fresh ·
    signature fits · endpoint open for the account · quota of the account · the endpoint itself

Rules: `now_ms` is the moment of arrival, which the quotas count; the server's own time is `clock_offset_ms` ahead
of it. Whatever arrives counts for its address, also what a later door refuses; a refused request is not counted in
the quota that refused it. A breach of the account's quota closes the endpoint for `penalty_ms`.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from typing import Any, Literal, get_args

from attrs import define, field
from attrs.validators import deep_iterable, in_

from bingx_async.core.catalogue import Profile
from bingx_async.core.endpoint import Auth
from bingx_async.core.quota import UNLIMITED, Quota
from bingx_async.emulator import endpoints, jsontext, parameters, refusals
from bingx_async.emulator.accounts import Account
from bingx_async.emulator.book import Book
from bingx_async.emulator.limits import Limit, Model, build_limit
from bingx_async.emulator.parameters import CARRIERS, Carrier, Pairs
from bingx_async.emulator.penalties import Closure, Closures, ErrorBudget
from bingx_async.emulator.refusals import AddressRefusal, BusinessRefusal, Refusal
from bingx_async.emulator.stats import AddressTally, Tally
from bingx_async.emulator.traffic import Reply, Request

RateHeaders = Literal["epoch-ms", "epoch-s", "remaining-ms"]
PenaltyStyle = Literal["closed", "plain"]

MAX_RECV_WINDOW = 5000  # ms; also the default
MAX_AHEAD = 1000  # ms a timestamp may be ahead of the server's clock

_JSON = ("content-type", "application/json; charset=utf-8")
_HTML = ("content-type", "text/html")


@define
class _Visit:
    """One request on its way through the doors."""

    request: Request
    at: float
    time: int
    route: endpoints.Route = field(init=False)
    account: Account = field(init=False)
    pairs: Pairs = field(init=False, factory=Pairs)
    limit: Limit | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.account.account, self.route.endpoint.route


@define(eq=False)
class Exchange:
    """The whole exchange; see the module's rules. All spans are milliseconds."""

    accounts: Collection[Account]
    profile: Profile
    model: Model = "sliding"
    penalty_ms: int = 5000
    penalty_style: PenaltyStyle = field(default="closed", validator=in_(get_args(PenaltyStyle)))
    carriers: Collection[Carrier] = field(default=CARRIERS, validator=deep_iterable(in_(CARRIERS)))
    rate_headers: RateHeaders | None = field(default="epoch-ms", validator=in_((*get_args(RateHeaders), None)))
    clock_offset_ms: float = 0
    symbols: Collection[str] | None = None
    budget: ErrorBudget = field(factory=ErrorBudget)
    closures: Closures = field(factory=Closures, init=False)
    tally: Tally = field(factory=Tally, init=False)
    _limits: dict[tuple[object, ...], Limit | None] = field(factory=dict[tuple[object, ...], Limit | None], init=False)
    _ids: Any = field(factory=endpoints.order_ids, init=False)
    _by_key: dict[str, Account] = field(init=False)
    books: dict[str, Book] = field(init=False)

    def __attrs_post_init__(self) -> None:
        build_limit(self.model, 1, 1.0)
        self._by_key = {account.api_key: account for account in self.accounts}
        self.books = {account.account: Book(account.balance) for account in reversed([*self.accounts])}

    def handle(self, request: Request, now_ms: float) -> Reply:
        """The reply to a request that arrives at `now_ms`."""
        visit = _Visit(request, now_ms, math.floor(now_ms + self.clock_offset_ms))
        try:
            data = self._pass(visit)
        except Refusal as refusal:
            return self._refuse(visit, refusal)
        self.tally.codes[0] += 1
        return Reply(200, self._headers(visit), b'{"code":0,"msg":"","debugMsg":"","data":%b}' % data.encode())

    def next_order_id(self) -> int:
        """An order id nobody has had."""
        return int(next(self._ids))

    def close(self, key: tuple[str, str], until: int) -> Closure:
        """Close an endpoint for an account until the server moment `until`; the closure in force."""
        return self.closures.close(key, Closure(until, refusals.closed(until)))

    def _pass(self, visit: _Visit) -> str:
        self._find_route(visit)
        self._count_address(visit)
        if visit.route.endpoint.auth is Auth.PUBLIC:
            return jsontext.encode(self._answer(visit))
        self._identify(visit)
        if visit.route.endpoint.auth is Auth.SIGNED:
            self._authenticate(visit)
        self._check_open(visit)
        self._count_account(visit)
        return jsontext.encode(self._run(visit))

    def _answer(self, visit: _Visit) -> Any:
        """A public endpoint knows no account: its book is empty."""
        visit.pairs = parameters.read_parameters(visit.request.query, visit.request.body, self.carriers)
        return visit.route.run(endpoints.Desk(Book(), self._ids, self.symbols, visit.time), dict(visit.pairs))

    def _find_route(self, visit: _Visit) -> None:
        route = endpoints.ROUTES.get(f"{visit.request.method} {visit.request.path}")
        if route is None:
            raise refusals.unknown_path()
        visit.route = route

    def _count_address(self, visit: _Visit) -> None:
        buckets = list(self._address_buckets(visit))
        for limit, tally in buckets:
            if limit.remaining(visit.at) < 1:
                tally.refused += 1
                raise AddressRefusal(limit.expires_at(visit.at) - visit.at)
        for limit, tally in buckets:
            limit.count(visit.at)
            tally.accepted += 1

    def _address_buckets(self, visit: _Visit) -> Iterable[tuple[Limit, AddressTally]]:
        endpoint, address = visit.route.endpoint, visit.request.address
        group = endpoint.group
        quotas = self.profile.groups[group]
        owned: list[tuple[str | int, Quota]] = [(endpoint.route, self.profile.interface[group])]
        owned += [(int(group), quota) for quota in quotas]
        for name, quota in owned:
            limit = self._limit((address, name, quota.window), quota)
            if limit is not None:
                yield limit, self.tally.addresses[address, name]

    def _identify(self, visit: _Visit) -> None:
        account = self._by_key.get(visit.request.headers.get("x-bx-apikey", ""))
        if account is None:
            raise refusals.incorrect_key()
        visit.account = account

    def _authenticate(self, visit: _Visit) -> None:
        request = visit.request
        visit.pairs = parameters.read_parameters(request.query, request.body, self.carriers)
        params = dict(visit.pairs)
        signature = params.get("signature")
        if not signature:
            raise refusals.missing_signature()
        _check_timestamp(params, visit.time)
        if not parameters.is_signed_by(visit.account.secret_key, visit.pairs, signature):
            raise refusals.wrong_signature()

    def _check_open(self, visit: _Visit) -> None:
        tally = self.tally.endpoints[visit.key]
        tally.arrivals.append(visit.at)
        closure = self.closures.at(visit.key, visit.time)
        if closure is not None:
            tally.closed += 1
            raise closure.refusal

    def _count_account(self, visit: _Visit) -> None:
        tally = self.tally.endpoints[visit.key]
        visit.limit = limit = self._limit(visit.key, self.profile.uid.get(visit.route.endpoint.route, UNLIMITED))
        if limit is not None and limit.remaining(visit.at) < 1:
            tally.refused += 1
            raise self._close_for_breach(visit).refusal
        if limit is not None:
            limit.count(visit.at)
        tally.accepted += 1

    def _close_for_breach(self, visit: _Visit) -> Closure:
        until = visit.time + self.penalty_ms
        refusal = refusals.closed(until) if self.penalty_style == "closed" else refusals.rate_limited()
        return self.closures.close(visit.key, Closure(until, refusal))

    def _run(self, visit: _Visit) -> Any:
        desk = endpoints.Desk(self.books[visit.account.account], self._ids, self.symbols, visit.time)
        try:
            return visit.route.run(desk, dict(visit.pairs))
        except BusinessRefusal as refusal:
            self._count_error(visit, refusal.code)
            raise

    def _count_error(self, visit: _Visit, code: int) -> None:
        self.tally.endpoints[visit.key].errors += 1
        if self.budget.is_spent_by(visit.key, code, visit.at) and self.budget.limit is not None:
            until = visit.time + self.penalty_ms
            refusal = refusals.over_budget(code, self.budget.limit, self.budget.window_ms, until)
            self.closures.close(visit.key, Closure(until, refusal))

    def _limit(self, key: tuple[object, ...], quota: Quota) -> Limit | None:
        if key not in self._limits:
            is_counted = quota.limit < UNLIMITED.limit
            window = quota.window * 1000
            self._limits[key] = (
                build_limit(self.model, quota.limit, window, self.clock_offset_ms) if is_counted else None
            )
        return self._limits[key]

    def _refuse(self, visit: _Visit, refusal: Refusal) -> Reply:
        self.tally.codes[refusal.code] += 1
        if isinstance(refusal, AddressRefusal):
            seconds = math.ceil(refusal.retry_after / 1000)
            html = f"<html><body><h1>{refusal.status} {refusal.message}</h1></body></html>"
            return Reply(refusal.status, (_HTML, ("retry-after", str(seconds))), html.encode())
        error = {"code": refusal.code, "msg": refusal.message, "timestamp": visit.time}
        return Reply(refusal.status, self._headers(visit), jsontext.encode(error).encode())

    def _headers(self, visit: _Visit) -> tuple[tuple[str, str], ...]:
        if visit.limit is None or self.rate_headers is None:
            return (_JSON,)
        expires_in = visit.limit.expires_at(visit.at) - visit.at
        expire = {
            "epoch-ms": visit.time + expires_in,
            "epoch-s": (visit.time + expires_in) / 1000,
            "remaining-ms": expires_in,
        }[self.rate_headers]
        return (
            _JSON,
            ("x-ratelimit-requests-remain", str(visit.limit.remaining(visit.at))),
            ("x-ratelimit-requests-expire", str(math.ceil(expire))),
        )


def _check_timestamp(params: endpoints.Params, time: int) -> None:
    if not params.get("timestamp"):
        raise refusals.wrong_timestamp()
    timestamp, window = _number(params["timestamp"]), _number(params.get("recvWindow") or "0")
    window = min(window, MAX_RECV_WINDOW) if window > 0 else MAX_RECV_WINDOW
    if timestamp < time - window or timestamp > time + MAX_AHEAD:
        raise refusals.wrong_timestamp()


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise refusals.invalid_timestamp() from None
    if not math.isfinite(number):
        raise refusals.invalid_timestamp()
    return number
