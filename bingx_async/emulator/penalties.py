"""Enforcing the quotas: requests are counted for addresses and accounts, and endpoints are closed.

Rules: a request is counted for its address at the endpoint and in each quota of the endpoint's group, or in none of
them. A request that finds no room is not counted in the quota that has none. An endpoint is closed for an account
after a breach of its quota or of its error budget: more than `error_limit` business errors of one code within 480 s;
the counting then starts anew. A closure ends at a server moment (epoch ms); the request that arrives at that very
millisecond passes. A request that arrives earlier is refused with the closure's own text and does not move the moment.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from operator import attrgetter

from bingx_async.core.quota import UNLIMITED, Quota
from bingx_async.emulator.limits import Limit, build_limit
from bingx_async.emulator.settings import EmulatorSettings
from bingx_async.emulator.stats import Tally
from bingx_async.emulator.traffic import AddressRefusal, Refusal, Visit

Key = tuple[str, str]  # account, route
ERROR_WINDOW = 480_000  # ms
DISABLED = "code:100410:The endpoint trigger frequency limit rule is currently in the disabled period"


class Closed(Refusal):
    """An endpoint is closed for an account until `until` (server time, epoch ms)."""

    def __init__(self, until: int, message: str) -> None:
        super().__init__(100410, message)
        self.until = until


class Enforcement:
    """Counts requests and turns them away; a counter of a quota is made when it is first needed."""

    def __init__(self, settings: EmulatorSettings, tally: Tally) -> None:
        self._settings, self._tally = settings, tally
        self._limits: dict[tuple[object, ...], Limit | None] = {}
        self._closures: dict[Key, Closed] = {}
        self._errors: defaultdict[tuple[Key, int], deque[float]] = defaultdict(deque)

    def count_address(self, visit: Visit) -> None:
        """Count a request for its address, or refuse it with HTTP 429."""
        buckets, address = list(self._address_buckets(visit)), visit.request.address
        for name, limit in buckets:
            if limit.remaining(visit.at) < 1:
                self._tally.refused[address, name] += 1
                raise AddressRefusal(limit.expires_at(visit.at) - visit.at)
        for _, limit in buckets:
            limit.count(visit.at)
        self._tally.accepted.update({(address, name) for name, _ in buckets})  # a group may have two quotas

    def count_account(self, visit: Visit) -> None:
        """Count a request for its account and note the counter; if the quota has no room, close the endpoint."""
        tally = self._tally.endpoints[visit.key]
        quota = self._settings.profile.uid.get(visit.endpoint.route, UNLIMITED)
        visit.limit = limit = self._limit(visit, visit.key, quota)
        if limit is not None:
            if limit.remaining(visit.at) < 1:
                tally.refused += 1
                message = "rate limited" if self._settings.penalty_style == "plain" else ""
                raise self.close(visit.key, visit.time + self._settings.penalty_ms, message)
            limit.count(visit.at)
        tally.accepted += 1

    def close(self, key: Key, until: int, message: str = "") -> Closed:
        """Close an endpoint until the server moment `until`, unless it is for longer already; the closure in force."""
        closure = Closed(until, message or f"{DISABLED} and will be unblocked after {until}")
        self._closures[key] = max(self._closures.get(key, closure), closure, key=attrgetter("until"))
        return self._closures[key]

    def check_open(self, visit: Visit) -> None:
        """Refuse a request whose endpoint is closed for its account."""
        tally = self._tally.endpoints[visit.key]
        tally.arrivals.append(visit.at)
        closure = self._closures.get(visit.key)
        if closure is not None and visit.time < closure.until:
            tally.closed += 1
            raise closure

    def count_error(self, visit: Visit, code: int) -> None:
        """Count a business error; one too many closes the endpoint."""
        self._tally.endpoints[visit.key].errors += 1
        limit, errors = self._settings.error_limit, self._errors[visit.key, code]
        errors.append(visit.at)
        while errors[0] <= visit.at - ERROR_WINDOW:
            errors.popleft()
        if limit is not None and len(errors) > limit:
            del self._errors[visit.key, code]
            until = visit.time + self._settings.penalty_ms
            text = f"over {limit} error code:{code} requests within {ERROR_WINDOW} ms for this api"
            self.close(visit.key, until, f"{text}, please verify and fix it ,can retry after time: {until}")

    def _address_buckets(self, visit: Visit) -> Iterable[tuple[str | int, Limit]]:
        endpoint, address = visit.endpoint, visit.request.address
        owned: list[tuple[str | int, Quota]] = [(endpoint.route, self._settings.profile.interface[endpoint.group])]
        owned += [(int(endpoint.group), quota) for quota in self._settings.profile.groups[endpoint.group]]
        for name, quota in owned:
            limit = self._limit(visit, (address, name, quota.window), quota)
            if limit is not None:
                yield name, limit

    def _limit(self, visit: Visit, key: tuple[object, ...], quota: Quota) -> Limit | None:
        if key not in self._limits:
            limit = build_limit(self._settings.model, quota.limit, quota.window * 1000, visit.offset)
            self._limits[key] = limit if quota.limit < UNLIMITED.limit else None
        return self._limits[key]
