"""The exchange: counts every arrival in the four ways at once, and closes scopes for reasons of its own.

Nothing here knows the governor's arithmetic: the counters are the emulator's, the quotas and owners are the facts
that `Claims` names. Arrivals must come in order of time. What is refused by one way of counting is not counted
there; the other ways do not notice.
"""

from __future__ import annotations

from random import Random

from bingx_async.core.claims import Claims, Key
from bingx_async.core.quota import UNLIMITED
from bingx_async.core.verdict import Accepted, Meaning, Scope, Throttled, Verdict
from bingx_async.emulator.limits import MODELS, Limit, Model, build_limit
from bingx_async.testing import EPOCH

OK = Accepted({}, {})


class Exchange:
    """Counters of every owner, and the scopes it has closed."""

    def __init__(self, rng: Random, drift: float = 0.0, model: str = "") -> None:
        self._rate = 1.0 / (1.0 + drift)  # the client's clock runs `drift` fast
        self._models: list[Model] = [each for each in MODELS if model in ("", each)]
        self._phase = EPOCH if model else rng.uniform(0.0, 1e6)  # fixed windows of one model end on round moments
        self._counters: list[dict[Key, Limit]] = [{} for _ in self._models]
        self._drawn_on: dict[Claims, tuple[tuple[int, list[Limit]], ...]] = {}
        self._known: dict[Key, Claims] = {}
        self._seen_at = 0.0
        self._closed: dict[Key, tuple[float, Throttled]] = {}
        self._told: dict[Key, tuple[float, float]] = {}  # when the client learnt it, and until when
        self.refused = [0] * len(self._models)
        self.first_refusals: list[str] = []
        self.arrivals = 0
        self.accepted = 0
        self.into_closed = 0

    def server_ms(self, at: float) -> float:
        """The exchange's clock (epoch ms) at a moment on the client's axis."""
        return EPOCH + at * self._rate

    def close(self, key: Key, at: float, span: float, meaning: Meaning) -> None:
        """Close a scope for `span`; whether the moment is named depends on `meaning`."""
        until = self.server_ms(at) + span
        scope = Scope.EGRESS if key.name == "" else Scope.ENDPOINT
        named = until if meaning is Meaning.CLOSED else None
        after = span if meaning is Meaning.BANNED else None
        self._closed[key] = (until, Throttled(meaning, scope, 100410, meaning.value, 200, {}, named, after))

    def arrive(self, claims: Claims, at: float, granted_at: float = 0.0) -> Verdict:
        """Count an arrival and answer it."""
        at *= self._rate
        assert at >= self._seen_at, "arrivals must come in order"
        self._seen_at = at
        self.arrivals += 1
        closed = self._is_closed(claims, at, granted_at) if self._closed else None
        for number, limits in self._drawn_on.get(claims) or self._prepare(claims):
            for limit in limits:
                if limit.remaining(at) < 1:
                    self._refuse(number, claims, at)
                    break
            else:
                for limit in limits:
                    limit.count(at)
        if closed is not None:
            return closed
        self.accepted += 1
        return OK

    def headers(self, claims: Claims, at: float, tells_spans: bool) -> dict[str, str]:
        """What a reply to a call that has just been counted says of its account's quota."""
        at *= self._rate
        limit = self._drawn_on[claims][0][1][0]
        end = limit.expires_at(at)
        expire = end - at if tells_spans else EPOCH + end
        return {
            "x-ratelimit-requests-remain": str(limit.remaining(at)),
            "x-ratelimit-requests-expire": str(int(expire)),
        }

    def known(self, claims: Claims) -> Claims:
        """The first claims that named the same owner and path; one value for each keeps the counting quick."""
        return self._known.setdefault(claims.endpoint_gate, claims)

    def tell(self, claims: Claims, verdict: Throttled, at: float) -> None:
        """The client has read that a scope is closed."""
        key = claims.endpoint_gate if verdict.scope is Scope.ENDPOINT else claims.egress_gate
        until, latest = self._closed[key]
        if latest is verdict:  # else it has been closed anew since that reply left
            self._told[key] = (at, until)

    def _is_closed(self, claims: Claims, at: float, granted_at: float) -> Throttled | None:
        for key in claims.gates:
            until, verdict = self._closed.get(key, (0.0, None))
            if verdict is not None and EPOCH + at < until:
                told_at, told_until = self._told.get(key, (0.0, 0.0))
                if verdict.meaning is not Meaning.RATE_LIMITED and told_until == until and granted_at > told_at:
                    self.into_closed += 1
                return verdict
        return None

    def _refuse(self, number: int, claims: Claims, at: float) -> None:
        self.refused[number] += 1
        if len(self.first_refusals) < 3:
            self.first_refusals.append(f"{self._models[number]} at {at:.3f} ms: {claims.account} {claims.path}")

    def _prepare(self, claims: Claims) -> tuple[tuple[int, list[Limit]], ...]:
        """The counters of every bucket of `claims`, once for each way of counting."""
        quotas = [(claim.key, claim.quota) for claim in claims.all if claim.quota.limit < UNLIMITED.limit]
        for counters, model in zip(self._counters, self._models, strict=True):
            for key, quota in quotas:
                if key not in counters:
                    counters[key] = build_limit(model, quota.limit, quota.window * 1000.0, self._phase)
        found = tuple((number, [counters[key] for key, _ in quotas]) for number, counters in enumerate(self._counters))
        self._drawn_on[claims] = found
        return found
