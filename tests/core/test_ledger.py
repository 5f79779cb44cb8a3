"""All buckets and gates together: all or none, exact moments, penalties that only extend, one probe at a time."""

from math import inf, nextafter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bingx_async.core.budget import ErrorKey
from bingx_async.core.catalogue import Profile
from bingx_async.core.claims import Claims, Key, NotUntil, Permit
from bingx_async.core.endpoint import Auth
from bingx_async.core.gates import BucketState, Penalty, backoff
from bingx_async.core.ledger import MOST_DRAWN, SWEEP_FROM, Ledger, Settings
from bingx_async.core.quota import UNLIMITED, Quota
from tests.core.made_up import claims_under, closed_until_of, profile_of

OCCUPANCY = 1002.5  # of a window of one second
HOUR = 3_600_000.0
OWN = {"/a": Quota(2, 1), "/b": Quota(3, 1)}
PROFILE = profile_of(OWN, Quota(4, 2), (Quota(5, 3),))
ACCOUNT_ONLY = profile_of(OWN)


def claims(path: str = "/a", account: str = "7", profile: Profile = ACCOUNT_ONLY, egress: str = "e") -> Claims:
    """What a call draws on."""
    return claims_under(profile, path, account, egress)


A, B = claims(), claims("/b")
ENDPOINT, EGRESS = A.endpoint_gate, A.egress_gate
CLOSABLE = [ENDPOINT, B.endpoint_gate, EGRESS]


def granted(answer: Permit | NotUntil) -> Permit:
    """The permit, which there must be."""
    assert isinstance(answer, Permit)
    return answer


def refused(answer: Permit | NotUntil) -> tuple[float, Key]:
    """When and where it will be possible, since now it must not."""
    assert isinstance(answer, NotUntil)
    return answer.ready_at, answer.key


def state(ledger: Ledger, now: float) -> list[BucketState]:
    """Everything visible."""
    return list(ledger.states(now))


class World:
    """A ledger with a history of calls and closures, drawn by hypothesis."""

    steps = st.lists(
        st.tuples(
            st.sampled_from(["reserve"] * 5 + ["settle"] * 3 + ["open"] * 2 + ["release", "penalise", "back off"]),
            st.integers(0, 10_000),
            st.one_of(st.just(0.0), st.floats(0, 700), st.floats(0, 5_000)),
            st.floats(0, 1, exclude_max=True),
        ),
        max_size=50,
    )

    def __init__(self, ledger: Ledger, kinds: list[Claims]) -> None:
        self.ledger = ledger
        self.kinds = kinds
        self.in_flight: list[Permit] = []
        self.answers: list[object] = []
        self.now = 0.0

    def play(self, history: list[tuple[str, int, float, float]]) -> None:
        """Let it all happen; `answers` keeps what the ledger said."""
        for what, number, pause, draw in history:
            self.now += pause
            self.answers.append(self.step(what, number, draw))

    def step(self, what: str, number: int, draw: float) -> object:
        """One thing happens."""
        if what == "reserve":
            answer = self.ledger.reserve(self.kinds[number % len(self.kinds)], self.now)
            if isinstance(answer, Permit):
                self.in_flight.append(answer)
                return [str(key) for key in answer.probes]
            return answer
        if what == "penalise":
            return self.ledger.gates.close(CLOSABLE[number % 3], self.now + 4_000 * draw - 500, self.now, "closed")
        if not self.in_flight:
            return None
        permit = self.in_flight.pop(number % len(self.in_flight))
        if what == "release":
            return self.ledger.release(permit)
        if what == "back off":
            self.ledger.settle(permit, self.now)
            return self.ledger.gates.back_off(
                permit, permit.claims.gates[number % 2], 1000.0, draw, self.now, "rate limited"
            )
        return self.ledger.settle(permit, max(permit.granted_at, self.now - 500 * draw), opens=what == "open")


def test_permit_and_refusal() -> None:
    """A call gets a permit; one too many is told which bucket has no room."""
    ledger = Ledger()
    first, _ = granted(ledger.reserve(A, 0.0)), granted(ledger.reserve(A, 0.0))
    assert refused(ledger.reserve(A, 1.0)) == (inf, ENDPOINT)
    ledger.settle(first, 40.0)
    assert refused(ledger.reserve(A, 50.0)) == (40.0 + OCCUPANCY, ENDPOINT)
    assert granted(ledger.reserve(A, 40.0 + OCCUPANCY)).granted_at == 40.0 + OCCUPANCY


@given(World.steps)
def test_all_or_none(history: list[tuple[str, int, float, float]]) -> None:
    """A refusal leaves every bucket and gate as it was; so does looking."""
    kinds = [claims(profile=PROFILE), claims("/b", profile=PROFILE)]
    world = World(Ledger(), kinds)
    world.play(history)
    for kind in kinds:
        world.ledger.look(kind, world.now)  # opens its buckets
    for kind in kinds:
        before = state(world.ledger, world.now)
        seen = world.ledger.look(kind, world.now)
        assert state(world.ledger, world.now) == before
        answer = world.ledger.reserve(kind, world.now)
        if isinstance(answer, NotUntil):
            assert answer == seen
            assert state(world.ledger, world.now) == before
        else:
            assert seen is None
            taken = {one.key: one.in_flight for one in state(world.ledger, world.now)}
            claimed = [claim.key for claim in kind.all]
            assert taken == {one.key: one.in_flight + (one.key in claimed) for one in before}


@given(World.steps)
@settings(max_examples=200)
def test_ready_at_is_exact(history: list[tuple[str, int, float, float]]) -> None:
    """Refused just before the named moment, granted at it, nothing else happening; infinite if only a reply helps."""
    kinds = [claims(profile=PROFILE), claims("/b", profile=PROFILE)]
    world = World(Ledger(), kinds)
    world.play(history)
    for permit in world.in_flight:  # a probe in flight is a reply that other calls wait for
        if permit.probes:
            world.ledger.settle(permit, world.now)
    for kind in kinds:
        answer = world.ledger.look(kind, world.now)
        if answer is None:
            continue
        if answer.ready_at == inf:
            assert world.ledger.look(kind, world.now + 1e9) is not None
            continue
        just_before = world.ledger.look(kind, nextafter(answer.ready_at, -inf))
        assert just_before is not None
        assert just_before.ready_at == answer.ready_at
        assert world.ledger.look(kind, answer.ready_at) is None
        assert granted(world.ledger.reserve(kind, answer.ready_at)).granted_at == answer.ready_at
        return


settlements = st.lists(
    st.tuples(
        st.sampled_from(["settle", "settle", "again", "release", "pass", "pass"]),
        st.integers(0, 100),
        st.floats(0, 900),
        st.floats(0, 1500),
    ),
    max_size=60,
)


@given(settlements)
def test_no_token_is_free_early(history: list[tuple[str, int, float, float]]) -> None:
    """Settled in any order, late or twice, a call stays live until one occupancy after its reply, and no longer."""
    ledger, now = Ledger(), 0.0
    in_flight: list[Permit] = []
    over: list[Permit] = []
    live_until: list[float] = []
    for what, number, pause, lateness in history:
        now += pause
        live = len(in_flight) + sum(until > now for until in live_until)
        answer = ledger.reserve(A, now)
        assert isinstance(answer, Permit) == (live < 2)
        if isinstance(answer, Permit):
            in_flight.append(answer)
        if what == "again" and over:
            permit = over[number % len(over)]
            assert (ledger.settle(permit, 0.0), ledger.release(permit)) == ((), None)
        elif what in ("settle", "release") and in_flight:
            permit = in_flight.pop(number % len(in_flight))
            over.append(permit)
            if what == "release":
                ledger.release(permit)
            else:
                at = max(permit.granted_at, now - lateness)
                ledger.settle(permit, at)
                live_until.append(at + OCCUPANCY)


def test_release_frees_at_once() -> None:
    """A call that was never sent leaves all its buckets as it found them."""
    ledger, kind = Ledger(), claims(profile=PROFILE)
    ledger.look(kind, 0.0)
    before = state(ledger, 0.0)
    ledger.release(granted(ledger.reserve(kind, 0.0)))
    assert state(ledger, 0.0) == before


def test_linger_and_credit() -> None:
    """A call given up lives longer by its linger, one under a credit shorter by that."""
    ledger = Ledger()
    one, other = granted(ledger.reserve(A, 0.0)), granted(ledger.reserve(A, 0.0))
    ledger.settle(one, 100.0, 10_000.0)
    assert refused(ledger.reserve(A, 100.0)) == (100.0 + OCCUPANCY + 10_000.0, ENDPOINT)
    ledger.settle(other, 100.0, -20.0)
    assert refused(ledger.reserve(A, 100.0)) == (100.0 + OCCUPANCY - 20.0, ENDPOINT)


@pytest.mark.parametrize(
    ("until", "closed_until", "was_clamped"),
    [
        (5_000.0, 5_000.0, False),
        (1_000.0, 1_000.0, False),
        (999.0, 1_000.0, True),
        (-inf, 1_000.0, True),
        (1_000.0 + HOUR, 1_000.0 + HOUR, False),
        (1_001.0 + HOUR, 1_000.0 + HOUR, True),
        (inf, 1_000.0 + HOUR, True),
    ],
)
def test_penalties_are_clamped(until: float, closed_until: float, was_clamped: bool) -> None:
    """A moment in the past or more than an hour away is clamped, and it says so."""
    ledger = Ledger()
    assert ledger.gates.close(ENDPOINT, until, 1_000.0, "closed") == Penalty(
        ENDPOINT, closed_until, "closed", was_clamped
    )
    assert closed_until_of(ledger, ENDPOINT) == closed_until


@given(st.lists(st.tuples(st.floats(0, 2_000), st.floats(-1e6, 1e7)), min_size=1, max_size=20))
def test_penalties_only_extend(history: list[tuple[float, float]]) -> None:
    """Several moments merge to the latest, in whatever order they come."""
    ledger, now, latest = Ledger(), 0.0, 0.0
    for pause, until in history:
        now += pause
        latest = max(latest, min(max(until, now), now + HOUR))
        assert ledger.gates.close(ENDPOINT, until, now, "closed").until == latest
        assert closed_until_of(ledger, ENDPOINT) == latest


def test_the_reason_is_that_of_the_latest_moment() -> None:
    """A shorter penalty changes neither moment nor reason."""
    ledger = Ledger()
    ledger.gates.close(ENDPOINT, 5_000.0, 0.0, "error budget")
    ledger.gates.close(ENDPOINT, 3_000.0, 0.0, "closed")
    assert [(one.closed_until, one.reason) for one in ledger.states(0.0)] == [(5_000.0, "error budget")]


@pytest.mark.parametrize(
    ("key", "closed", "open_"),
    [
        (ENDPOINT, [A], [B, claims(account="8"), claims("/b", "8")]),
        (EGRESS, [A, B, claims(account="8")], [claims(egress="other")]),
    ],
)
def test_a_scope_is_closed_alone(key: Key, closed: list[Claims], open_: list[Claims]) -> None:
    """A closed endpoint stops itself, a closed address everything from it; everything else goes on."""
    ledger = Ledger()
    ledger.gates.close(key, 5_000.0, 0.0, "closed")
    assert [refused(ledger.reserve(kind, 4_999.0)) for kind in closed] == [(5_000.0, key)] * len(closed)
    assert [type(ledger.reserve(kind, 1.0)) for kind in open_] == [Permit] * len(open_)


@pytest.fixture
def reopening() -> Ledger:
    """A ledger whose endpoint /a is closed until 5000."""
    ledger = Ledger()
    ledger.gates.close(ENDPOINT, 5_000.0, 0.0, "closed")
    return ledger


def test_one_probe_goes_first(reopening: Ledger) -> None:
    """At the moment exactly one call leaves; its success opens the scope for all."""
    probe = granted(reopening.reserve(A, 5_000.0))
    assert probe.probes == (ENDPOINT,)
    assert refused(reopening.reserve(A, 5_010.0)) == (inf, ENDPOINT)
    assert reopening.settle(probe, 5_020.0, opens=True) == (ENDPOINT,)
    assert closed_until_of(reopening, ENDPOINT) is None
    assert granted(reopening.reserve(A, 5_020.0)).probes == ()


def test_a_refused_probe_closes_again(reopening: Ledger) -> None:
    """Another refusal closes the scope until the new moment, and then again one probe goes."""
    probe = granted(reopening.reserve(A, 5_000.0))
    reopening.gates.close(ENDPOINT, 9_000.0, 5_020.0, "closed")
    assert reopening.settle(probe, 5_020.0) == ()
    assert refused(reopening.reserve(A, 8_999.0)) == (9_000.0, ENDPOINT)
    assert granted(reopening.reserve(A, 9_000.0)).probes == (ENDPOINT,)
    assert refused(reopening.reserve(A, 9_000.0)) == (inf, ENDPOINT)


@pytest.mark.parametrize("how", ["unclear", "given up", "unsent"])
def test_an_unclear_probe_lets_another_go(reopening: Ledger, how: str) -> None:
    """A probe that proves nothing is followed by another."""
    probe = granted(reopening.reserve(A, 5_000.0))
    if how == "unsent":
        reopening.release(probe)
    else:
        reopening.settle(probe, 5_020.0, 10_000.0 if how == "given up" else 0.0)
    assert granted(reopening.reserve(A, 5_020.0)).probes == (ENDPOINT,)


def test_only_the_probe_opens() -> None:
    """Calls granted before the closure say nothing about it, however they end."""
    ledger = Ledger()
    early = granted(ledger.reserve(A, 0.0))
    ledger.gates.close(ENDPOINT, 5_000.0, 10.0, "closed")
    assert ledger.settle(early, 20.0, opens=True) == ()
    assert closed_until_of(ledger, ENDPOINT) == 5_000.0


def test_a_probe_opens_only_what_was_closed_before_it(reopening: Ledger) -> None:
    """A refusal that comes in while the probe is in flight is not undone by the probe's success."""
    probe = granted(reopening.reserve(A, 5_000.0))
    reopening.gates.close(ENDPOINT, 9_000.0, 5_010.0, "closed")
    assert reopening.settle(probe, 5_020.0, opens=True) == ()
    assert refused(reopening.reserve(A, 5_020.0)) == (9_000.0, ENDPOINT)
    assert granted(reopening.reserve(A, 9_000.0)).probes == (ENDPOINT,)


def test_one_probe_for_endpoint_and_address(reopening: Ledger) -> None:
    """A call into two closed scopes probes both, and its success opens both."""
    reopening.gates.close(EGRESS, 6_000.0, 0.0, "address banned")
    assert refused(reopening.reserve(A, 5_500.0)) == (6_000.0, EGRESS)
    probe = granted(reopening.reserve(A, 6_000.0))
    assert refused(reopening.reserve(B, 6_000.0)) == (inf, EGRESS)
    assert reopening.settle(probe, 6_020.0, opens=True) == (ENDPOINT, EGRESS)
    assert type(reopening.reserve(B, 6_020.0)) is Permit


@given(World.steps)
def test_never_two_probes(history: list[tuple[str, int, float, float]]) -> None:
    """Whatever happens, at most one unanswered call is a scope's probe, and nothing is granted into a closed period."""
    world = World(Ledger(), [A, B])
    for what, number, pause, draw in history:
        world.now += pause
        closed_until = {key: closed_until_of(world.ledger, key) or 0.0 for key in CLOSABLE}
        answer = world.step(what, number, draw)
        if isinstance(answer, list):  # it was granted
            assert [key for key in world.in_flight[-1].claims.gates if closed_until[key] > world.now] == []
        probed = [key for permit in world.in_flight for key in permit.probes]
        assert len(probed) == len(set(probed))


def test_back_off_grows_with_each_probe() -> None:
    """Refusals without a moment close the scope for 1, 2, 4 … windows' jitter; a success starts over."""
    ledger, now = Ledger(), 0.0
    for streak in range(4):
        permit = granted(ledger.reserve(A, now))
        penalty = ledger.gates.back_off(permit, ENDPOINT, 1000.0, 0.5, now + 20.0, "rate limited")
        assert penalty == Penalty(ENDPOINT, now + 20.0 + backoff(streak, 1000.0, 0.5), "rate limited")
        ledger.settle(permit, now + 20.0)
        now = penalty.until
    ledger.settle(granted(ledger.reserve(A, now)), now, opens=True)
    permit = granted(ledger.reserve(A, now + 2 * OCCUPANCY))
    again = ledger.gates.back_off(permit, ENDPOINT, 1000.0, 0.5, now + 2 * OCCUPANCY, "rate limited")
    assert again.until == now + 2 * OCCUPANCY + backoff(0, 1000.0, 0.5)


def test_back_off_counts_one_cause_once() -> None:
    """Calls that were on their way when the scope was closed neither lengthen the closure nor make it grow."""
    ledger = Ledger()
    permits = [granted(ledger.reserve(B, 0.0)) for _ in range(3)]
    first, *others = [
        ledger.gates.back_off(permit, B.endpoint_gate, 1000.0, 0.5, 30.0 + n, "x") for n, permit in enumerate(permits)
    ]
    assert others == [first, first]
    for permit in permits:
        ledger.settle(permit, 40.0)
    probe = granted(ledger.reserve(B, first.until))
    assert ledger.gates.back_off(probe, B.endpoint_gate, 1000.0, 0.5, first.until, "x").until == first.until + backoff(
        1, 1000.0, 0.5
    )


def test_moments_that_only_lead_to_the_next_refusal() -> None:
    """Three named moments in a row are believed; from the fourth on the time grows until a call is let through."""
    ledger, now, spans = Ledger(), 0.0, list[float]()
    for _ in range(6):
        permit = granted(ledger.reserve(B, now))
        late = ledger.gates.close_again(permit, B.endpoint_gate, now + 25.0, 1000.0, 0.5, now + 20.0, "closed")
        ledger.settle(permit, now + 20.0)
        spans.append(late.until - now - 20.0)
        now = late.until + OCCUPANCY
    assert spans == [5.0, 5.0, 5.0, *(backoff(number, 1000.0, 0.5) for number in range(3))]
    ledger.settle(granted(ledger.reserve(B, now)), now, opens=True)
    permit = granted(ledger.reserve(B, now + OCCUPANCY))
    now = permit.granted_at
    assert ledger.gates.close_again(permit, B.endpoint_gate, now + 5.0, 1000.0, 0.5, now, "x").until == now + 5.0


def test_back_off_never_shortens() -> None:
    """A refusal without a moment does not shorten a closed period that has one."""
    ledger = Ledger()
    ledger.gates.close(ENDPOINT, 60_000.0, 0.0, "closed")
    early = granted(ledger.reserve(B, 0.0))
    assert ledger.gates.back_off(early, ENDPOINT, 1000.0, 0.5, 0.0, "rate limited").until == 60_000.0
    assert closed_until_of(ledger, ENDPOINT) == 60_000.0


class Eager(Ledger):
    """A ledger that sweeps whenever it can."""

    def reserve(self, claims: Claims, now: float, is_urgent: bool = False) -> Permit | NotUntil:
        """Sweep first."""
        self._sweep(now)
        return super().reserve(claims, now, is_urgent)


@given(World.steps)
@settings(max_examples=150)
def test_sweeping_changes_no_answer(history: list[tuple[str, int, float, float]]) -> None:
    """A ledger that forgets every idle bucket answers as one that forgets none."""
    kinds = [claims(profile=PROFILE), claims("/b", profile=PROFILE), claims(account="8", profile=PROFILE)]
    kinds += [claims("/b", egress="other", profile=PROFILE)]
    lazy, eager = World(Ledger(), kinds), World(Eager(), kinds)
    lazy.play(history)
    eager.play(history)
    assert eager.answers == lazy.answers


def test_a_sweep_keeps_what_is_not_back() -> None:
    """A bucket whose calls are all answered is kept until its tokens have returned."""
    ledger = Eager()
    for _ in range(2):
        ledger.settle(granted(ledger.reserve(A, 0.0)), 0.0)
    assert refused(ledger.reserve(A, 1.0)) == (OCCUPANCY, ENDPOINT)
    assert type(ledger.reserve(A, OCCUPANCY)) is Permit


def test_idle_buckets_are_dropped() -> None:
    """The ledger of ten thousand accounts that call once each stays small."""
    ledger, most = Ledger(), 0
    for number in range(10_000):
        now = number * 100.0
        ledger.settle(granted(ledger.reserve(claims(account=str(number)), now)), now + 50.0)
        most = max(most, len(state(ledger, now)))
    assert most <= 2 * SWEEP_FROM


def test_what_is_long_over_is_forgotten() -> None:
    """Errors and closed periods of a thousand accounts that call no more are dropped; what may matter stays."""
    ledger, day = Ledger(), 86_400_000.0
    for number in range(1_000):
        name = str(number)
        ledger.budget.record(ErrorKey(name, "/a", 1), 0.0)
        ledger.gates.close(claims(account=name).endpoint_gate, 1_000.0, 0.0, "closed")
    probe = granted(ledger.reserve(claims(account="0"), 2_000.0))
    ledger.gates.close(claims(account="1").endpoint_gate, day, day - 1_000.0, "closed again")
    for number in range(SWEEP_FROM + 1):
        ledger.reserve(claims(account=f"x{number}"), day)
    assert ledger.budget._errors == {}
    closed = [claims(account=str(number)).endpoint_gate for number in range(1_000)]
    assert [key.owner for key in closed if closed_until_of(ledger, key) is not None] == ["0", "1"]
    ledger.settle(probe, day, opens=True)
    assert closed_until_of(ledger, closed[0]) is None


def test_claims_that_are_made_anew_for_each_call() -> None:
    """They are the same buckets: their history stays, however idle they are, and the ledger stays small."""
    ledger, most = Ledger(), 0
    for number in range(3 * SWEEP_FROM):
        ledger.settle(granted(ledger.reserve(claims(), number * 5_000.0)), number * 5_000.0)
        most = max(most, len(ledger._drawn))
    bucket = granted(ledger.reserve(claims(), 1e9)).account_bucket
    assert bucket is not None
    assert bucket.grants == 3 * SWEEP_FROM + 1
    assert most == SWEEP_FROM


def test_many_accounts_cost_little_memory() -> None:
    """Of however many claims in use, the buckets of 4096 at most are kept looked up."""
    ledger, most = Ledger(), 0
    for number in range(3 * MOST_DRAWN):
        granted(ledger.reserve(claims(account=str(number)), 0.0))
        most = max(most, len(ledger._drawn))
    assert most == MOST_DRAWN == 4_096


@pytest.mark.parametrize("others", range(SWEEP_FROM - 3, SWEEP_FROM + 3))
def test_a_sweep_loses_no_call(others: int) -> None:
    """However many buckets there are, the calls of one account never exceed its quota."""
    ledger = Ledger()
    ledger.release(granted(ledger.reserve(claims(account="7", profile=PROFILE, egress="old"), 0.0)))
    for number in range(others // 3):
        ledger.reserve(claims(account=str(100 + number), profile=PROFILE, egress=str(number)), 0.0)
    for number in range(others % 3):
        ledger.reserve(claims(account=f"x{number}"), 0.0)
    answers = [ledger.reserve(claims(account="7", profile=PROFILE, egress=egress), 0.0) for egress in "pqrst"]
    assert [type(answer) for answer in answers] == [Permit, Permit, NotUntil, NotUntil, NotUntil]


@pytest.mark.parametrize("share", [1.0, 0.5])
def test_cold_start(share: float) -> None:
    """A ledger whose past is to be feared grants nothing until one occupancy and 250 ms after it began."""
    ledger = Ledger(Settings(share, cold_start=1_000.0))
    opens_at = 1_000.0 + OCCUPANCY + 250.0
    assert refused(ledger.reserve(B, 1_500.0)) == (opens_at, B.endpoint_gate)
    assert refused(ledger.reserve(B, nextafter(opens_at, 0.0))) == (opens_at, B.endpoint_gate)
    answers = [type(ledger.reserve(B, opens_at)) for _ in range(4)]
    assert answers == [Permit] * int(3 * share) + [NotUntil] * (4 - int(3 * share))


def test_cold_start_of_an_address() -> None:
    """The address' quotas count as spent as well, each for a window of its own."""
    ledger, kind = Ledger(Settings(cold_start=1_000.0)), claims(profile=PROFILE)
    opens_at = 1_000.0 + 3 * (1 + 5e-4) * 1000 + 2 + 250.0
    assert ledger.look(kind, 1_500.0) == NotUntil(opens_at, kind.egress_claims[-1].key)
    assert ledger.look(kind, opens_at) is None


def test_cold_start_is_over() -> None:
    """A bucket first used later, and one without a limit, does not wait."""
    ledger = Ledger(Settings(cold_start=0.0))
    unlimited = claims(profile=profile_of({"/a": UNLIMITED}))
    assert type(ledger.reserve(unlimited, 1.0)) is Permit
    assert type(ledger.reserve(B, OCCUPANCY + 250.0)) is Permit


@pytest.mark.parametrize(("share", "limits"), [(1.0, [2, 4, 5]), (0.5, [1, 2, 2]), (0.1, [0, 0, 0])])
def test_share(share: float, limits: list[int]) -> None:
    """A share applies to every bucket, in whole calls."""
    ledger = Ledger(Settings(share))
    ledger.look(claims(profile=PROFILE), 0.0)
    assert [one.available for one in ledger.states(0.0)] == limits


def observed(permit: Permit, remaining: int, now: float) -> int:
    """How many calls are not ours, by the number that a reply says is left."""
    assert permit.account_bucket is not None
    return permit.account_bucket.observe(permit.baseline, remaining, now)


def called(ledger: Ledger, times: int, now: float = 0.0) -> list[Permit]:
    """Calls of the account with 3 per second, answered at once."""
    permits = [granted(ledger.reserve(B, now)) for _ in range(times)]
    for permit in permits:
        ledger.settle(permit, now)
    return permits


@pytest.mark.parametrize(
    ("calls", "remaining", "foreign"),
    [(1, 2, 0), (1, 1, 1), (1, 0, 2), (2, 1, 0), (2, 0, 1), (3, 0, 0), (1, 3, 0), (2, 3, 0)],
)
def test_foreign_use_tightens(calls: int, remaining: int, foreign: int) -> None:
    """Calls that the exchange counts beyond ours hold tokens of ours for one occupancy, and are reported once."""
    ledger = Ledger()
    permit = called(ledger, calls)[-1]
    assert observed(permit, remaining, 10.0) == foreign
    assert next(ledger.states(10.0)).available == 3 - calls - foreign
    assert observed(permit, remaining, 10.0) == 0
    assert next(ledger.states(10.0 + OCCUPANCY)).available == 3


@pytest.mark.parametrize("remaining", [-1, 4, 10**9, -(10**12)])
def test_nonsense_is_ignored(remaining: int) -> None:
    """A count that the quota cannot have changes nothing."""
    ledger = Ledger()
    permit = called(ledger, 1)[0]
    before = state(ledger, 10.0)
    assert observed(permit, remaining, 10.0) == 0
    assert state(ledger, 10.0) == before


def test_no_count_is_read_where_nothing_is_limited() -> None:
    """Under the unlimited profile the exchange's count says nothing about others."""
    ledger = Ledger()
    permit = granted(ledger.reserve(claims("/x", profile=profile_of({"/x": UNLIMITED})), 0.0))
    assert observed(permit, UNLIMITED.limit - 4, 10.0) == 0


@pytest.mark.parametrize(("remaining", "foreign"), [(3, 0), (1, 0), (0, 0)])
def test_others_may_use_the_rest_of_a_share(remaining: int, foreign: int) -> None:
    """Under a share of one third, two calls of others are expected."""
    ledger = Ledger(Settings(0.34))
    assert observed(called(ledger, 1)[0], remaining, 10.0) == foreign


def test_others_beyond_the_rest_of_a_share() -> None:
    """Under a share others' calls beyond the rest hold tokens of ours."""
    ledger = Ledger(Settings(0.67))
    assert observed(called(ledger, 1)[0], 0, 10.0) == 1
    assert next(ledger.states(10.0)).available == 0


@given(st.lists(st.tuples(st.floats(0, 700), st.integers(-2, 6)), max_size=30))
def test_observing_only_tightens(history: list[tuple[float, int]]) -> None:
    """Whatever the exchange claims, a ledger that listens never grants sooner than one that does not."""
    heeding, deaf, now = Ledger(), Ledger(), 0.0
    for pause, remaining in history:
        now += pause
        answer, other = heeding.reserve(B, now), deaf.look(B, now)
        if isinstance(answer, NotUntil):
            assert other is None or answer.ready_at >= other.ready_at
            continue
        assert other is None
        deaf.settle(granted(deaf.reserve(B, now)), now)
        heeding.settle(answer, now)
        observed(answer, remaining, now)


def test_refused_by_the_store() -> None:
    """What a shared store has refused waits for its moment, without a probe, and delays only calls that draw on it."""
    ledger = Ledger()
    ledger.store_refusals.record(ENDPOINT, 500.0)
    ledger.store_refusals.record(ENDPOINT, 300.0)
    assert refused(ledger.reserve(A, 100.0)) == refused(ledger.reserve(A, 499.0)) == (500.0, ENDPOINT)
    assert ledger.nth_ready_at(A, 0, 100.0) == NotUntil(500.0, ENDPOINT)
    assert ledger.nth_ready_at(B, 0, 100.0) == NotUntil(100.0, B.endpoint_gate)
    assert type(ledger.reserve(B, 100.0)) is Permit
    assert granted(ledger.reserve(A, 500.0)).probes == ()
    assert ledger.nth_ready_at(A, 0, 500.0) == NotUntil(500.0, ENDPOINT)


def test_allowed_by_the_store() -> None:
    """Once something has come free in the store, it may be asked at once."""
    ledger = Ledger()
    ledger.store_refusals.record(ENDPOINT, 500.0)
    ledger.store_refusals.record(EGRESS, 900.0)
    assert refused(ledger.reserve(A, 0.0)) == (900.0, EGRESS)
    ledger.store_refusals.allow_now()
    assert type(ledger.reserve(A, 0.0)) is Permit


def test_nth_ready_at() -> None:
    """A call behind others is promised a moment by the slowest of its buckets and gates, taking nothing."""
    ledger, kind = Ledger(), claims(profile=PROFILE)
    _, group = kind.egress_claims
    assert ledger.nth_ready_at(kind, 0, 0.0) == NotUntil(0.0, kind.endpoint_gate)
    assert ledger.nth_ready_at(kind, 2, 0.0) == NotUntil(OCCUPANCY, kind.endpoint_gate)
    assert ledger.nth_ready_at(kind, 5, 0.0).ready_at == 3 * (1 + 5e-4) * 1000 + 2
    assert ledger.nth_ready_at(kind, 5, 0.0).key == group.key
    ledger.gates.close(kind.egress_gate, 9_000.0, 0.0, "address banned")
    assert ledger.nth_ready_at(kind, 2, 0.0) == NotUntil(9_000.0, kind.egress_gate)
    assert [one.in_flight for one in ledger.states(0.0) if one.quota != UNLIMITED] == [0, 0, 0]


@given(World.steps, st.integers(0, 5))
def test_nth_ready_at_is_a_lower_bound(history: list[tuple[str, int, float, float]], ahead: int) -> None:
    """No call is granted sooner than the moment promised, unless a call in flight turns out never to have been sent."""
    world = World(Ledger(), [A, B])
    world.play(history)
    ledger, now = world.ledger, world.now
    promised = ledger.nth_ready_at(A, ahead, now).ready_at
    for permit in world.in_flight:
        ledger.settle(permit, now, opens=True)
    for _ in range(ahead + 1):
        answer = ledger.reserve(A, now)
        if isinstance(answer, NotUntil):
            now = answer.ready_at
            answer = ledger.reserve(A, now)
        ledger.settle(granted(answer), now, opens=True)
    assert now >= promised - 1e-6


def test_states() -> None:
    """Every bucket in use and every closed scope is visible, with what is free and when."""
    ledger = Ledger()
    first = granted(ledger.reserve(A, 0.0))
    ledger.reserve(A, 0.0)
    ledger.gates.close(ENDPOINT, 5_000.0, 10.0, "closed")
    ledger.gates.close(EGRESS, 6_000.0, 10.0, "address banned")
    ledger.settle(first, 20.0)
    assert state(ledger, 20.0) == [
        BucketState(ENDPOINT, Quota(2, 1), 0, 1, 20.0 + OCCUPANCY, 5_000.0, "closed"),
        BucketState(EGRESS, UNLIMITED, 0, 0, 6_000.0, 6_000.0, "address banned"),
    ]


def test_states_without_limits() -> None:
    """A bucket without a limit is not worth showing unless its endpoint is closed."""
    ledger = Ledger()
    unlimited = claims(profile=profile_of({"/a": UNLIMITED}))
    ledger.reserve(unlimited, 0.0)
    assert state(ledger, 0.0) == []
    ledger.gates.close(ENDPOINT, 5_000.0, 10.0, "closed")
    assert [(one.key, one.closed_until, one.reason) for one in ledger.states(10.0)] == [(ENDPOINT, 5_000.0, "closed")]


def test_buckets_stand_in_the_order_of_their_claims() -> None:
    """Each bucket of a permit has the quota of the claim in its place, however often it was looked up."""
    ledger, kind = Ledger(), claims(profile=PROFILE)
    permits = [granted(ledger.reserve(kind, 0.0)) for _ in range(2)]
    for permit in permits:
        assert [bucket.quota for bucket in permit.buckets] == [claim.quota for claim in kind.all]
    first, second = (permit.buckets for permit in permits)
    assert first is second


def test_permits_of_one_moment_are_told_apart() -> None:
    """Two calls granted at once are two permits: ending one of them twice does not end the other."""
    ledger = Ledger()
    one, other = granted(ledger.reserve(A, 0.0)), granted(ledger.reserve(A, 0.0))
    assert one != other
    ledger.release(one)
    ledger.release(one)
    assert [(found.available, found.in_flight) for found in ledger.states(0.0)] == [(1, 1)]
    assert repr(other) == "Permit(2, POST /a, granted at 0)"


def test_a_public_call_draws_on_no_account() -> None:
    """Its permit has the address' buckets alone, and probes the endpoint for the whole address."""
    ledger, kind = Ledger(), claims_under(PROFILE, "/a", auth=Auth.PUBLIC)
    ledger.gates.close(kind.endpoint_gate, 500.0, 0.0, "closed")
    assert refused(ledger.reserve(kind, 0.0)) == (500.0, Key("egress", "e", "POST /a"))
    permit = granted(ledger.reserve(kind, 500.0))
    assert (permit.account_bucket, permit.baseline, len(permit.buckets)) == (None, 0, 2)
    assert ledger.settle(permit, 510.0, opens=True) == (kind.endpoint_gate,)


def test_a_call_that_nothing_limits() -> None:
    """It leaves at once and can still be stopped with its address."""
    ledger, kind = Ledger(), claims_under(profile_of({}), "/a", auth=Auth.PUBLIC)
    assert granted(ledger.reserve(kind, 0.0)).buckets == ()
    assert ledger.nth_ready_at(kind, 7, 0.0) == NotUntil(0.0, kind.endpoint_gate)
    ledger.gates.close(EGRESS, 500.0, 0.0, "address banned")
    assert refused(ledger.reserve(kind, 0.0)) == (500.0, EGRESS)


FROZEN = [NotUntil(1.0, ENDPOINT), Penalty(ENDPOINT, 1.0, "x"), Settings(), A, granted(Ledger().reserve(A, 0.0))]


@pytest.mark.parametrize("value", FROZEN)
def test_values_are_frozen(value: Any) -> None:
    """What the ledger hands out cannot be changed."""
    with pytest.raises(AttributeError):
        value.claims = None
