"""Stamped replies: a token returns by the latest moment at which the exchange can have read its clock."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve, frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from bingx_async import Governor, InvalidRequest, Quota
from bingx_async.core.bucket import MARGIN
from bingx_async.core.claims import Permit
from bingx_async.core.interval_clock import DRIFT
from bingx_async.core.verdict import Meaning, Refused, Scope, Throttled, Unclear, Verdict
from bingx_async.runtime.clock import DISTRUST, ServerClock
from bingx_async.testing import EPOCH
from tests.runtime.hall import CANCEL_ORDER, OCCUPANCY, OK

ROUNDING = 0.01  # ms; what is left of a float at the size of an epoch


class Desk:
    """A governor whose clocks are set by hand, and the exchange's clock, `offset` ahead of ours."""

    def __init__(self, **settings: Any) -> None:
        self.now, self.wall_error, self.offset, self.drift = 10_000.0, 0.0, EPOCH, 0.0
        clock = ServerClock(monotonic=lambda: self.now, wall=lambda: self.shown(self.now) + self.wall_error)
        settings = {"stamped": ["cancel_order"], "quotas": {"cancel_order": Quota(1000, 1.0)}} | settings
        self.governor = Governor(clock=clock, draw=lambda: 0.0, **settings)
        self.claims = self.governor.claims(CANCEL_ORDER, "1")

    def shown(self, at: float) -> float:
        """The exchange's clock; it runs faster and slower than ours in turn, for ten minutes each."""
        phase = at / 600_000.0 % 2.0
        return at + self.offset + self.drift * 600_000.0 * min(phase, 2.0 - phase)

    def grant(self) -> Permit:
        """A call leaves now."""
        permit = self.governor._ledger.reserve(self.claims, self.now)
        assert isinstance(permit, Permit)
        return permit

    def settle(self, permit: Permit, verdict: Verdict) -> float:
        """Its reply is here; the moment at which the account's token returns."""
        bucket = permit.account_bucket
        assert bucket is not None
        before = list(bucket.expiries)
        self.governor.settle(permit, verdict, self.now, {})
        (added,) = [at for at in bucket.expiries if at not in before or before.remove(at)]
        return added

    def call(self, up: float, down: float, step: float = 0.0, verdict: Verdict = OK) -> float:
        """A call that is counted and stamped after `up`; how long after its counting its token returns, beyond the
        occupancy. `step`: the stamp's error."""
        permit, counted_at = self.grant(), self.now + up
        stamp = float(int(self.shown(counted_at) + step))
        self.now = counted_at + down
        return self.settle(permit, evolve(verdict, server_time=stamp)) - counted_at - OCCUPANCY


@frozen
class Trip:
    """A call: when it leaves, its way there, from its counting to its stamp, and its way back; the wall clock's error
    when it is heard, as a part of what is promised."""

    leaves: float
    up: float
    serving: float
    down: float
    wall: float


def spans(least: int, most: int) -> st.SearchStrategy[float]:
    """Milliseconds with a fraction, which floats drawn by themselves seldom have."""
    return st.integers(least * 100, most * 100).map(lambda n: n / 100.0)


delays = st.one_of(st.just(0.0), spans(0, 5), spans(0, 300), spans(0, 3_000))
errors = st.sampled_from([-1.0, -0.3, 0.0, 1.0])
trips = st.builds(Trip, spans(10_000, 2_000_000), delays, delays, delays, errors)
near_trips = st.builds(Trip, spans(10_000, 14_000), delays, delays, delays, errors)


@given(
    st.one_of(st.lists(trips, max_size=30), st.lists(near_trips, max_size=30)),
    st.sampled_from([int, round, float]),
    st.sampled_from([-DRIFT, -5e-5, 0.0, DRIFT]),
    st.sampled_from([None, 0.0, 1.0, 20.0]),
)
@settings(max_examples=600, deadline=None)
def test_never_too_early_never_later(journeys: list[Trip], cut: type, drift: float, utc_error: float | None) -> None:
    """Whatever the delays, the drift and the promised error of the clocks: by the exchange's clock a token returns one
    window and the margin after the counting or later; by ours one occupancy after the reply at the latest."""
    desk = Desk(utc_error=utc_error)
    desk.drift = drift
    moments = [(trip.leaves, n) for n, trip in enumerate(journeys)]
    moments += [(t.leaves + t.up + t.serving + t.down, n) for n, t in enumerate(journeys)]
    permits: dict[int, Permit] = {}
    for at, number in sorted(moments):
        trip, desk.now = journeys[number], at
        if number not in permits:
            permits[number] = desk.grant()
            continue
        desk.wall_error = trip.wall * 2.0 * (utc_error or 0.0)
        counted_at = trip.leaves + trip.up
        stamp = float(cut(desk.shown(counted_at + trip.serving)))
        returns_at = desk.settle(permits[number], evolve(OK, server_time=stamp))
        assert returns_at <= desk.now + OCCUPANCY + ROUNDING
        assert desk.shown(returns_at) - desk.shown(counted_at) >= 1000.0 + MARGIN - ROUNDING


def test_the_shortest_way_back_is_enough() -> None:
    """Once a reply was quick on its way back, one that is slow returns its token as soon; alone its stamp proves
    nothing, and a day later nothing either: the clocks may have drifted apart."""
    desk = Desk()
    assert desk.call(40.0, 30.0) == 30.0
    assert desk.call(40.0, 5.0) == 5.0
    assert desk.call(40.0, 300.0) == pytest.approx(5.0 + 2.0, abs=1.0)
    desk.now += 86_400_000.0
    assert desk.call(40.0, 300.0) == 300.0


def test_clocks_by_utc() -> None:
    """With both clocks within 1 ms of UTC the way back costs nothing, only what is unsure of the clocks and stamps."""
    desk = Desk(utc_error=1.0)
    for wall_error, over in ((-2.0, 5.0), (2.0, 1.0)):
        desk.wall_error = wall_error
        assert desk.call(40.0, 300.0) == pytest.approx(over, abs=0.2)


def test_a_wall_clock_that_breaks_the_promise() -> None:
    """A wall clock that the stamps contradict is not followed, and no stamp is relied on for a while."""
    desk = Desk(utc_error=1.0)
    desk.wall_error = 500.0
    assert [desk.call(40.0, down) for down in (5.0, 300.0)] == [5.0, 300.0]
    low, high = desk.governor.clock.interval.bounds(desk.now)
    assert low <= desk.shown(desk.now) - desk.now <= high


def test_a_stamp_that_cannot_be_relied_on() -> None:
    """A stamp outside of what is proven, as when the exchange's clock was set back, tells nothing for five minutes."""
    desk = Desk()
    desk.call(40.0, 5.0)
    assert desk.call(40.0, 300.0, step=-60.0) == 300.0
    desk.offset -= 60.0
    assert [desk.call(40.0, down) for down in (5.0, 300.0)] == [5.0, 300.0]
    desk.now += DISTRUST
    assert [desk.call(40.0, down) for down in (5.0, 300.0)] == pytest.approx([5.0, 7.0], abs=1.0)


def test_whole_seconds() -> None:
    """A stamp on a whole second may have been cut to seconds: it tells nothing."""
    desk = Desk()
    desk.call(40.0, 5.0)
    stamp = desk.shown(desk.now + 40.0) // 1000.0 * 1000.0
    permit, desk.now = desk.grant(), desk.now + 340.0
    assert desk.settle(permit, evolve(OK, server_time=stamp)) == desk.now + OCCUPANCY


def test_after_a_refusal() -> None:
    """A refusal for pace says that an assumption is wrong: for five minutes no stamp is relied on."""
    desk = Desk()
    desk.call(40.0, 5.0)
    refused = Throttled(Meaning.RATE_LIMITED, Scope.ENDPOINT, 100410, "", 200, {})
    assert desk.call(40.0, 300.0, verdict=refused) == 300.0
    desk.now += 60_000.0
    assert desk.call(40.0, 300.0) == 300.0


@pytest.mark.parametrize(
    ("verdict", "over"),
    [(Refused(Meaning.NOT_FOUND, 100404, "", 200, {}), 7.0), (Unclear(504, "", is_readable=True), 2300.0)],
)
def test_other_replies(verdict: Verdict, over: float) -> None:
    """A call refused for another reason was counted before its stamp too; one that a gateway answered perhaps later."""
    desk = Desk()
    desk.call(40.0, 5.0)
    assert desk.call(40.0, 300.0, verdict=verdict) == pytest.approx(over, abs=1.0)


@pytest.mark.parametrize("stamped", [[], ["place_order"]])
def test_only_endpoints_that_are_named(stamped: list[str]) -> None:
    """Other endpoints' stamps are no evidence for when their calls were counted."""
    desk = Desk(stamped=stamped)
    assert [desk.call(40.0, down) for down in (5.0, 300.0)] == [5.0, 300.0]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"stamped": "cancel_order"}, "stamped must be a list of methods such as .*, not 'cancel_order'"),
        ({"stamped": 5}, "stamped must be a list of methods such as .*, not 5"),
        ({"stamped": ["cancel"]}, "no endpoint 'cancel'; write the name of its method or its path"),
        ({"utc_error": -1}, "utc_error must be at least 0, not -1"),
        ({"utc_error": "1 ms"}, "utc_error must be a number such as 0.5, not '1 ms'"),
    ],
)
def test_settings(settings: dict[str, Any], message: str) -> None:
    """Settings that mean nothing are refused when the governor is made."""
    with pytest.raises(InvalidRequest, match=message):
        Governor(**settings)
