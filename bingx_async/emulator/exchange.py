"""The exchange: a request and a moment in, a reply out. No clock, no network, no randomness.

Each request passes these doors, in this order; the first that refuses answers:

    method and path known · quotas of the address · API key · parameters readable · signature there · timestamp fresh
    · signature fits · endpoint open for the account · quota of the account · the endpoint itself

A public endpoint needs no key and is counted for the address alone; an endpoint that needs only the key has no
signature to check.

Rules: `now_ms` is the moment of arrival, which the quotas count; the server's own time is `clock_offset_ms` ahead
of it. Every request counts for its address, also one that a later door refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import localcontext
from typing import Any

from bingx_async.catalogue import CATALOGUE
from bingx_async.core.catalogue import Catalogue
from bingx_async.emulator.authentication import Authentication
from bingx_async.emulator.behaviours import BEHAVIOURS
from bingx_async.emulator.endpoints.desk import Behaviour
from bingx_async.emulator.floor import EXACT, Floor
from bingx_async.emulator.mixing import mixed
from bingx_async.emulator.penalties import Enforcement
from bingx_async.emulator.samples import sample_data
from bingx_async.emulator.settings import EmulatorSettings
from bingx_async.emulator.stats import Tally
from bingx_async.emulator.traffic import BusinessRefusal, Refusal, Reply, Request, Visit, accept, refuse


def _family_of(path: str) -> str:
    """The family of a path of market data; "both" for any other path."""
    if "/quote/" in path:
        return "quote"
    return "v1" if "/market/" in path or "/ticker/" in path else "both"


class Exchange:
    """The whole exchange; see the module's rules. An endpoint of `catalogue` without a behaviour answers its sample."""

    def __init__(
        self,
        settings: EmulatorSettings,
        catalogue: Catalogue = CATALOGUE,
        behaviours: Mapping[str, Behaviour] = BEHAVIOURS,
    ) -> None:
        self.settings = settings
        self.clock_offset_ms = settings.clock_offset_ms
        self.tally = Tally()
        self.enforcement = Enforcement(settings, self.tally)
        self.floor = Floor(settings)
        self._catalogue = catalogue
        self._behaviours = behaviours
        self._authentication = Authentication(settings)

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

    def _pass(self, visit: Visit) -> Any:
        found = self._catalogue.get(f"{visit.request.method} {visit.request.path}")
        if not found:
            raise Refusal(
                100400, "this api is not exist, please refer to the API docs https://bingx-api.github.io/docs"
            )
        visit.endpoint = found[0]
        if {self.settings.variants.market_family, _family_of(visit.request.path)} == {"v1", "quote"}:
            raise Refusal(100404, "this path does not exist any more")
        self.enforcement.count_address(visit)
        self._authentication.admit(visit)
        if visit.endpoint.is_public:
            return self._run(visit)
        self.enforcement.check_open(visit)
        self.enforcement.count_account(visit)
        try:
            return self._run(visit)
        except BusinessRefusal as refusal:
            self.enforcement.count_error(visit, refusal.code)
            raise

    def _run(self, visit: Visit) -> Any:
        if isinstance(visit.request.answer, Refusal):
            raise visit.request.answer
        if visit.request.answer is not None:
            return visit.request.answer
        behaviour = self._behaviours.get(visit.endpoint.name)
        if behaviour is None:
            return sample_data(visit.endpoint.name)
        account = None if visit.endpoint.is_public else visit.account
        with localcontext(prec=EXACT):
            desk = self.floor.desk(visit.time, visit.request.path, account)
            data = behaviour(desk, dict(visit.pairs))
        if self.settings.variants.numbers == "mixed":
            return mixed(data, f"{self.settings.seed}/{visit.endpoint.name}")
        return data
