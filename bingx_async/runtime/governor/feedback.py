"""How a call ended: its tokens go back, and the reply's verdict and headers are taken into account."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from bingx_async.core.account_bucket import AccountBucket
from bingx_async.core.budget import ErrorKey
from bingx_async.core.counting import RateHeaders, read_headers
from bingx_async.core.gates import Penalty
from bingx_async.core.min_rtt import MinRtt
from bingx_async.core.permit import Permit
from bingx_async.core.verdict import Accepted, Refused, Throttled, Verdict
from bingx_async.runtime.governor.parts import Parts
from bingx_async.runtime.governor.penalties import Penalties
from bingx_async.runtime.governor.reporter import outcome_of
from bingx_async.runtime.governor.settings import GovernorSettings


@frozen(eq=False)
class Feedback:
    """`credit` is the part of the shortest round trip by which tokens come back earlier."""

    parts: Parts
    penalties: Penalties
    credit: float
    _min_rtt: MinRtt = field(init=False, factory=MinRtt)

    @classmethod
    def of(cls, parts: Parts, settings: GovernorSettings) -> Feedback:
        """As the settings say."""
        return cls(parts, Penalties(parts, settings.draw), settings.credit)

    def credit_ms(self, now: float) -> float:
        """The credit in milliseconds, as far as enough round trips are known."""
        return self._min_rtt.credit(self.credit, now)

    def settle(
        self, permit: Permit, verdict: Verdict, replied_at: float, headers: Mapping[str, str], min_rtt: float | None
    ) -> Penalty | None:
        """See `Governor.settle`."""
        parts = self.parts
        penalty = self.penalties.penalise(permit, verdict) if isinstance(verdict, Throttled) else None
        code = verdict.code if isinstance(verdict, Refused) else None
        if code is not None:
            self._count_error(permit, code, replied_at)
        if self.credit and min_rtt is not None:
            self._min_rtt.add(min(min_rtt, replied_at - permit.granted_at), replied_at)
        opens = isinstance(verdict, (Accepted, Refused))
        extra = -self.credit_ms(replied_at)
        reopened = parts.ledger.settle(permit, replied_at, extra, opens=opens)
        rate = read_headers(headers)
        if parts.shared is not None:
            parts.shared.settle(permit, replied_at, extra, opens, code, rate.remaining if rate is not None else None)
        elif rate is not None and permit.account_bucket is not None:
            self._hear(permit, permit.account_bucket, rate, replied_at)
        parts.changed(permit.claims)
        parts.reporter.settled(permit, outcome_of(verdict), replied_at, reopened)
        return penalty

    def give_up(self, permit: Permit, linger: float) -> None:
        """See `Governor.give_up`."""
        parts = self.parts
        now = parts.clock.monotonic()
        parts.ledger.settle(permit, now, linger)
        if parts.shared is not None:
            parts.shared.settle(permit, now, linger, opens=False, code=None, left=None)
        parts.changed(permit.claims)
        parts.reporter.settled(permit, "failed", now)

    def _hear(self, permit: Permit, bucket: AccountBucket, rate: RateHeaders, now: float) -> None:
        """Take the rate headers of a reply that came at `now`."""
        clock, reporter, key = self.parts.clock, self.parts.reporter, permit.claims.endpoint_gate
        foreign = bucket.observe(permit.baseline, rate.remaining, now)
        if foreign:
            reporter.foreign(key, foreign)
        end = clock.from_server(rate.at) if rate.at is not None else None
        if rate.after is not None:
            end = now + rate.after  # said before the reply came, so this is a little late
        learnt = bucket.learn(permit.granted_at, now, rate.remaining, end, clock.offset)
        if learnt is not None:
            reporter.counting(key, str(learnt))

    def _count_error(self, permit: Permit, code: int, at: float) -> None:
        claims = permit.claims
        low = self.parts.ledger.budget.record(ErrorKey(claims.account, claims.route, code), at)
        if low is not None:
            self.parts.reporter.budget_low(low)
