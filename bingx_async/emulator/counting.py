"""Counting requests in the quotas of addresses and accounts.

Rules: a request is counted for its address at the endpoint and in each quota of the endpoint's group, or in none of
them. A request that finds no room is not counted in the quota that has none.
"""

from __future__ import annotations

from collections.abc import Iterable

from bingx_async.core.catalogue import Profile
from bingx_async.core.quota import UNLIMITED, Quota
from bingx_async.emulator.limits import Limit, Model, build_limit
from bingx_async.emulator.refusals import AddressRefusal
from bingx_async.emulator.stats import Tally
from bingx_async.emulator.visit import Visit


class Counting:
    """A counter for each quota of each address and account, made when it is first needed."""

    def __init__(self, profile: Profile, model: Model, tally: Tally) -> None:
        self._profile = profile
        self._model: Model = model
        self._tally = tally
        self._limits: dict[tuple[object, ...], Limit | None] = {}

    def count_address(self, visit: Visit) -> None:
        """Count a request for its address, or refuse it with HTTP 429."""
        buckets, address = list(self._address_buckets(visit)), visit.request.address
        for name, limit in buckets:
            if limit.remaining(visit.at) < 1:
                self._tally.addresses[address, name].refused += 1
                raise AddressRefusal(limit.expires_at(visit.at) - visit.at)
        for _, limit in buckets:
            limit.count(visit.at)
        for name in {name for name, _ in buckets}:  # a group may have two quotas
            self._tally.addresses[address, name].accepted += 1

    def count_account(self, visit: Visit) -> bool:
        """Count a request for its account and note the counter; False if the quota has no room."""
        tally = self._tally.endpoints[visit.key]
        quota = self._profile.uid.get(visit.route.endpoint.route, UNLIMITED)
        visit.limit = limit = self._limit(visit, visit.key, quota)
        if limit is not None and limit.remaining(visit.at) < 1:
            tally.refused += 1
            return False
        if limit is not None:
            limit.count(visit.at)
        tally.accepted += 1
        return True

    def _address_buckets(self, visit: Visit) -> Iterable[tuple[str | int, Limit]]:
        endpoint, address = visit.route.endpoint, visit.request.address
        owned: list[tuple[str | int, Quota]] = [(endpoint.route, self._profile.interface[endpoint.group])]
        owned += [(int(endpoint.group), quota) for quota in self._profile.groups[endpoint.group]]
        for name, quota in owned:
            limit = self._limit(visit, (address, name, quota.window), quota)
            if limit is not None:
                yield name, limit

    def _limit(self, visit: Visit, key: tuple[object, ...], quota: Quota) -> Limit | None:
        if key not in self._limits:
            is_counted = quota.limit < UNLIMITED.limit
            window = quota.window * 1000
            self._limits[key] = build_limit(self._model, quota.limit, window, visit.offset) if is_counted else None
        return self._limits[key]
