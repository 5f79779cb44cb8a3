"""Everything around the governor in one run: time, network, exchange, misfortune, and what came of it.

A `Flight` is a call that has been granted. Its journey is drawn when it leaves: when the exchange counts it, when
its reply is read, when it is given up. Within the assumptions nothing is counted later than the linger allows.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import inf, sin
from random import Random

from attrs import define, evolve, field

from bingx_async.core.claims import Key, Permit
from bingx_async.core.verdict import Meaning, Throttled, Unclear, Verdict
from bingx_async.governor import Governor
from bingx_async.runtime.clock import ServerClock
from bingx_async.testing import EPOCH
from tests.simulation.conditions import ENDPOINTS, Condition
from tests.simulation.exchange import Exchange
from tests.simulation.network import Path, build_network
from tests.simulation.timeline import Timeline

WARM_UP = 30_000.0  # ms that do not count for the share: what was saved up is spent there
LINGER = 1000.0  # ms; what the caller is told about its transport


@define(eq=False)
class Flight:
    """A granted call on its way."""

    governor: Governor
    permit: Permit
    linger: float = LINGER
    given_up_at: float = inf
    verdict: Verdict | None = None
    headers: dict[str, str] = field(factory=dict[str, str])
    stamp: float | None = None  # the exchange's time in the reply
    after: Callable[[], None] | None = None
    is_over: bool = False


@define(eq=False)
class Journey:
    """When a call is counted, and when its reply is read; infinity for never."""

    arrives_at: float
    replied_at: float
    stamped_at: float = inf
    is_too_late: bool = False
    is_answered_before: bool = False  # by a gateway


@define(eq=False)
class World:
    """One run's surroundings."""

    condition: Condition
    rng: Random
    timeline: Timeline
    exchange: Exchange = field(init=False)
    up: Path = field(init=False)
    down: Path = field(init=False)
    busy: float = field(init=False, default=0.0)  # ms that tokens were held beyond their windows
    ended: int = field(init=False, default=0)
    left: int = field(init=False, default=0)  # calls that were sent
    warm: int = field(init=False, default=0)  # calls accepted during the warm-up
    waits: list[float] = field(init=False, factory=list[float])
    _wall_step: float = field(init=False, default=0.0)

    def __attrs_post_init__(self) -> None:
        self.exchange = Exchange(self.rng, self.condition.drift, self.condition.model)
        self.up, self.down = build_network(self.condition.network, self.rng)

    def clock(self) -> ServerClock:
        """A new governor's clock."""
        timeline, utc_error = self.timeline, self.condition.options.get("utc_error")
        clock = ServerClock(monotonic=lambda: timeline.now, wall=lambda: EPOCH + timeline.now + self._wall_step)
        if utc_error is not None:  # both clocks are off by as much as is promised, now this way and now that
            clock.wall = lambda: self.exchange.server_ms(timeline.now) + 2.0 * utc_error * sin(timeline.now / 60_000.0)
        if self.condition.stamped:
            self._look(clock)
        return clock

    def _look(self, clock: ServerClock) -> None:
        """Set the clock by a round trip that has just ended, as a client does that begins."""
        now, down = self.timeline.now, self.down(self.timeline.now)
        clock.set_from(float(int(self.exchange.server_ms(now - down))), now - down - self.up(now), now)

    def start(self) -> None:
        """Let the misfortunes begin that strike by time."""
        faults = self.condition.faults
        self.timeline.at(WARM_UP, self._warm)
        if faults.loop_stalls_every:
            self._every(faults.loop_stalls_every, self._stall)
        if faults.late_timers:
            self.timeline.lateness = lambda: self.rng.expovariate(1.0 / faults.late_timers)
        if faults.chunks:
            self._work()
        if faults.closed_every:
            self._every(faults.closed_every, self._close)
        if self.condition.steps_wall_clock:
            self._every(30_000.0, self._step)

    def journey(self) -> Journey:
        """What will become of a call that leaves now."""
        rng, faults, now = self.rng, self.condition.faults, self.timeline.now
        self.left += 1
        arrives_at = now + self.up(now)
        if faults.stalls_before and rng.random() < faults.stalls_before:
            arrives_at += rng.uniform(50.0, 3000.0)
        stamped_at = arrives_at
        if faults.stamped_first and rng.random() < faults.stamped_first:
            arrives_at += rng.uniform(50.0, 3000.0)
        replied_at = arrives_at + self.down(arrives_at)
        if faults.stalls_after and rng.random() < faults.stalls_after:
            replied_at += rng.uniform(50.0, 3000.0)
        fate = rng.random()
        for share, lost in (
            (faults.lost_requests, Journey(inf, inf)),
            (faults.lost_replies, Journey(arrives_at, inf)),
            (faults.late, Journey(now + faults.timeout + LINGER * rng.random(), inf)),
            (faults.too_late, Journey(now + faults.timeout + LINGER + 2000.0 * rng.random(), inf, inf, True)),
        ):
            if fate < share:
                return lost
            fate -= share
        if faults.gateways and fate < faults.gateways:
            return Journey(replied_at + rng.uniform(0.0, 1000.0), replied_at, is_answered_before=True)
        return Journey(arrives_at, replied_at, stamped_at)

    def launch(self, governor: Governor, permit: Permit, after: Callable[[], None] | None = None) -> None:
        """The call leaves; everything that becomes of it is on the timeline. `after` is run when it has ended."""
        flight, journey, at = Flight(governor, permit, after=after), self.journey(), self.timeline.at
        gives_up_at = self._gives_up_at()
        if journey.replied_at > gives_up_at:
            journey.replied_at = inf
            at(gives_up_at, self.give_up, flight)
        if journey.is_answered_before and journey.replied_at < inf:
            flight.verdict = Unclear(504, "gateway", is_readable=True)
            at(journey.replied_at, self._reply, flight)
            journey.replied_at = inf
        if journey.arrives_at < inf:
            at(journey.arrives_at, self.arrive, flight, journey, self._reply)

    def arrive(self, flight: Flight, journey: Journey, read: Callable[[Flight], object]) -> None:
        """The exchange counts the call, unless it was given up so long ago that its packets are dead."""
        is_dead = journey.arrives_at > flight.given_up_at + flight.linger
        if is_dead and not journey.is_too_late and not journey.is_answered_before:
            return
        claims = flight.permit.claims
        counted = self.exchange.arrive(claims, journey.arrives_at, flight.permit.granted_at)
        flight.verdict = flight.verdict or counted
        if self.condition.model:
            flight.headers = self.exchange.headers(claims, journey.arrives_at, self.condition.tells_spans)
        if journey.stamped_at < inf and self.condition.stamped and self.rng.random() < self.condition.stamped:
            apart = self.rng.choice([0.0, self.condition.faults.clocks_apart])
            flight.stamp = float(int(self.exchange.server_ms(journey.stamped_at) + apart))
        resent = self.condition.faults.resent
        if resent and self.rng.random() < resent:
            at = journey.arrives_at + self.rng.uniform(1.0, 30.0)
            self.timeline.at(at, partial(self.exchange.arrive, claims, at))
        if journey.replied_at < inf:
            self.timeline.at(journey.replied_at, read, flight)

    def give_up(self, flight: Flight) -> None:
        """No reply came in time, or the caller does not want it any more."""
        if flight.is_over:
            return
        flight.is_over, flight.given_up_at = True, self.timeline.now
        self.end(flight.permit, flight.given_up_at + flight.linger)
        flight.governor.give_up(flight.permit, flight.linger)
        if flight.after is not None:
            flight.after()

    def waited(self, since: float) -> None:
        """A call that came at `since` has left. What came while the first tokens were spent does not count."""
        if since > WARM_UP:
            self.waits.append(self.timeline.now - since)

    def end(self, permit: Permit, at: float) -> None:
        """Count what a call has cost beyond its window."""
        self.busy += at - permit.granted_at
        self.ended += 1

    def _gives_up_at(self) -> float:
        faults, now = self.condition.faults, self.timeline.now
        if faults.cancelled and self.rng.random() < faults.cancelled / 2:
            return now + self.rng.expovariate(1.0 / 40.0)
        return now + faults.timeout

    def _reply(self, flight: Flight) -> None:
        if flight.is_over:
            return
        flight.is_over = True
        now, governor = self.timeline.now, flight.governor
        verdict = flight.verdict
        assert verdict is not None
        if isinstance(verdict, Throttled):
            server_ms = self.exchange.server_ms(now)
            governor.clock.set_from(server_ms, now, now)
            self.exchange.tell(flight.permit.claims, verdict, now)
        self.end(flight.permit, now)
        if flight.stamp is not None:
            verdict = evolve(verdict, server_time=flight.stamp)
        governor.settle(flight.permit, verdict, now, flight.headers, now - flight.permit.granted_at)
        if flight.after is not None:
            flight.after()

    def _warm(self) -> None:
        self.warm = self.exchange.accepted

    def _every(self, mean: float, act: Callable[[], None]) -> None:
        def again() -> None:
            act()
            self._every(mean, act)

        self.timeline.at(self.timeline.now + self.rng.expovariate(1.0 / mean), again)

    def _stall(self) -> None:
        self.timeline.stall(self.rng.choice([20.0, 200.0, 1500.0]) * (0.5 + self.rng.random()))

    def _work(self) -> None:
        """Other work on the loop: a chunk, and as long again and half as much idle."""
        chunk = self.condition.faults.chunks
        self.timeline.stall(chunk)
        self.timeline.at(self.timeline.now + 1.5 * chunk, self._work)

    def _step(self) -> None:
        self._wall_step = self.rng.uniform(-8000.0, 8000.0)

    def _close(self) -> None:
        """Close an endpoint of an account, or everything from the address."""
        rng, condition = self.rng, self.condition
        route = ENDPOINTS[rng.randrange(condition.endpoints)].route
        key = Key("account", str(rng.randrange(condition.accounts)), route)
        meaning = rng.choice([Meaning.CLOSED, Meaning.CLOSED, Meaning.RATE_LIMITED, Meaning.BANNED])
        if meaning is Meaning.BANNED:
            key = Key("egress", "default", "")
        self.exchange.close(key, self.timeline.now, rng.uniform(500.0, 6000.0), meaning)
