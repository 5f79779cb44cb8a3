"""Learning how the exchange counts: never wrong about what it does, and safe to rest on where it says so."""

import heapq
from collections.abc import Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bingx_async.core.bucket import AccountBucket
from bingx_async.core.claims import Claims, NotUntil, Permit
from bingx_async.core.counting import Counting, CountingModel, RateHeaders, read_headers
from bingx_async.core.ledger import Ledger, Settings
from bingx_async.core.quota import Quota
from bingx_async.emulator.limits import MODELS, Model, build_limit
from tests.core.made_up import claims_under, profile_of

PATH = "/path"
QUOTA = Quota(5, 1.0)
WINDOW = 1_000.0
Trip = tuple[float, float, float]  # pause before it, way there, way back

models = st.sampled_from(MODELS)
ways = st.one_of(st.floats(0, 60), st.floats(0, 800))
trips = st.tuples(st.one_of(st.just(0.0), st.floats(0, 700)), ways, ways)


NEVER_AWAY = (0.0, 0.0, 0.0)
# One call of a window is answered after calls of the next, whose tokens are capped already.
SLOW_REPLY = [*[NEVER_AWAY] * 3, (0.0, 0.0, 443.0), (700.0, 60.0, 60.0), *[NEVER_AWAY] * 5, (0.0, 0.0, 37.0)]
SLOW_REPLY += [NEVER_AWAY] * 6


def claims() -> Claims:
    """One account's quota and nothing else."""
    return claims_under(profile_of({PATH: QUOTA}), PATH)


def bucket_of(permit: Permit) -> AccountBucket:
    """The account's bucket, which there must be."""
    assert permit.account_bucket is not None
    return permit.account_bucket


class Exchange:
    """Counts one quota with headers, and plays trips through a ledger as fast as it lets them."""

    def __init__(self, model: Model, ledger: Ledger, epoch: float = 0.0) -> None:
        self.limit = build_limit(model, QUOTA.limit, WINDOW, epoch)
        self.ledger = ledger
        self.epoch = epoch
        self.refused = 0
        self.granted = 0
        self.finished_at = 0.0
        self._events: list[tuple[float, int, str, Permit, float, tuple[int, float]]] = []

    def play(self, waiting: Sequence[Trip], foreign: Sequence[float] = ()) -> None:
        """Every trip in order; `foreign` are moments at which a foreign call arrives."""
        others = sorted(foreign, reverse=True)
        todo, now, wanted = claims(), 0.0, list(reversed(waiting))
        while wanted or self._events:
            asks_at = now + wanted[-1][0] if wanted else float("inf")
            if wanted and (not self._events or asks_at <= self._events[0][0]):
                answer = self.ledger.reserve(todo, asks_at)
                if isinstance(answer, Permit):
                    now = asks_at
                    self._leave(answer, now, wanted.pop())
                    continue
                wanted[-1] = (0.0, *wanted[-1][1:])
                if not self._events or answer.ready_at <= self._events[0][0]:
                    now = answer.ready_at
                    continue
            now = max(now, self._events[0][0])
            while others and others[-1] <= now:
                self._count(others.pop())
            self._happen()
        self.finished_at = now

    def _leave(self, permit: Permit, now: float, trip: Trip) -> None:
        self.granted += 1
        heapq.heappush(self._events, (now + trip[1], self.granted, "arrive", permit, trip[2], (0, 0.0)))

    def _count(self, at: float) -> None:
        if self.limit.remaining(at) > 0:
            self.limit.count(at)

    def _happen(self) -> None:
        at, number, what, permit, back, told = heapq.heappop(self._events)
        if what == "arrive":
            if self.limit.remaining(at) <= 0:
                self.refused += 1
            else:
                self.limit.count(at)
            told = (self.limit.remaining(at), self.limit.expires_at(at))
            heapq.heappush(self._events, (at + back, number, "reply", permit, 0.0, told))
            return
        self.ledger.settle(permit, at, opens=True)
        remaining, end = told
        bucket_of(permit).learn(permit.granted_at, at, remaining, (end, end), self.epoch)

    @property
    def counting(self) -> Counting:
        """What the ledger believes."""
        (bucket,) = self.ledger._accounts.values()
        assert bucket.counting is not None
        return bucket.counting


@given(models, st.lists(trips, min_size=1, max_size=40), st.floats(0, 5_000), st.booleans())
@settings(max_examples=300)
def test_the_truth_is_never_excluded(model: Model, waiting: list[Trip], epoch: float, anchor: bool) -> None:
    """However calls and delays fall, the way in which the exchange counts stays among the suspects."""
    exchange = Exchange(model, Ledger(Settings(anchor=anchor)), epoch)
    exchange.play(waiting)
    fixed = {CountingModel.FIXED_FIRST, CountingModel.FIXED_CLOCK}
    truth = fixed if CountingModel(model) in fixed else {CountingModel(model)}
    assert exchange.counting.contradictions == 0
    assert exchange.counting.candidates & truth


@given(st.sampled_from(["fixed-first", "fixed-clock"]), st.lists(trips, max_size=60), st.floats(0, 5_000))
@example("fixed-clock", SLOW_REPLY, 1_700.0)
@settings(max_examples=300)
def test_the_anchor_is_never_refused(model: Model, waiting: list[Trip], epoch: float) -> None:
    """Tokens that return when a fixed window ends never make more calls arrive than a window allows."""
    exchange = Exchange(model, Ledger(Settings(anchor=True)), epoch)
    exchange.play(waiting)
    assert exchange.refused == 0


@pytest.mark.parametrize(
    ("model", "anchor", "least", "most"),
    [
        ("fixed-first", False, 0.94, 0.956),
        ("fixed-first", True, 0.97, 0.98),
        ("fixed-clock", True, 0.97, 1.01),
        ("sliding", True, 0.94, 0.956),
        ("token", True, 0.94, 0.956),
    ],
)
def test_the_share_of_the_quota(model: Model, anchor: bool, least: float, most: float) -> None:
    """At 50 ms the anchor uses 97 % of a fixed window where the reply gives 95 %; elsewhere it changes nothing."""
    exchange = Exchange(model, Ledger(Settings(anchor=anchor)))
    exchange.play([(0.0, 25.0, 25.0)] * 3_000)
    share = exchange.granted / QUOTA.limit / (exchange.finished_at / WINDOW)
    assert least <= share <= most
    assert exchange.refused == 0


@pytest.mark.parametrize("model", MODELS)
def test_the_way_of_counting_is_found_out(model: Model) -> None:
    """Calls that are held apart soon tell the ways of counting apart; a window fixed to the clock needs more."""
    exchange = Exchange(model, Ledger(Settings(anchor=True)))
    exchange.play([(0.0, 15.0, 10.0)] * (300 if model == "fixed-clock" else 30))
    assert str(exchange.counting) == model
    assert exchange.counting.is_fixed == model.startswith("fixed")


def test_another_user_of_the_account_is_a_contradiction() -> None:
    """Where the calls left fit no way of counting, the suspicion starts anew."""
    exchange = Exchange("sliding", Ledger())
    exchange.play([(900.0, 20.0, 20.0)] * 6, foreign=[1_100.0, 1_110.0, 1_120.0])
    assert exchange.counting.contradictions == 1
    assert not exchange.counting.is_fixed


def test_a_refusal_ends_the_trust() -> None:
    """After a call was refused for its pace nothing rests on the way of counting any more."""
    ledger = Ledger(Settings(anchor=True))
    exchange = Exchange("fixed-first", ledger)
    exchange.play([(0.0, 25.0, 25.0)] * 24)
    assert exchange.counting.is_fixed
    permit = ledger.reserve(claims(), 60_000.0)
    assert isinstance(permit, Permit)
    bucket_of(permit).invalidate_counting()
    assert (exchange.counting.is_fixed, exchange.counting.is_decided) == (False, True)
    ledger.settle(permit, 60_050.0)
    bucket = bucket_of(permit)
    bucket.learn(60_000.0, 60_050.0, 4, (60_100.0, 60_100.0), 0.0)
    assert bucket.expiries[-1] == 60_050.0 + bucket.occupancy


def test_nothing_to_distrust() -> None:
    """A refusal before any header was seen changes nothing."""
    ledger = Ledger()
    permit = ledger.reserve(claims(), 0.0)
    assert isinstance(permit, Permit)
    bucket_of(permit).invalidate_counting()
    assert [state.counting for state in ledger.states(0.0)] == [""]


def test_calls_are_held_apart_for_a_while_only() -> None:
    """Where the headers never tell, the calls that are held apart come to an end."""
    ledger = Ledger(Settings(anchor=True))
    for number in range(70):
        permit = ledger.reserve(claims(), number * 5_000.0)
        assert isinstance(permit, Permit)
        ledger.settle(permit, number * 5_000.0 + 50.0)
        bucket_of(permit).learn(permit.granted_at, number * 5_000.0 + 50.0, 4, None, 0.0)
    (bucket,) = ledger._accounts.values()
    assert (str(bucket.counting), bucket.spacing) == ("unknown", 0.0)


@pytest.mark.parametrize("remaining", [-1, 5, 6])
def test_nonsense_teaches_nothing(remaining: int) -> None:
    """After a call fewer than all calls are left; anything else is not listened to."""
    ledger = Ledger()
    permit = ledger.reserve(claims(), 0.0)
    assert isinstance(permit, Permit)
    assert bucket_of(permit).learn(0.0, 50.0, remaining, None, 0.0) is None
    assert [state.counting for state in ledger.states(0.0)] == [""]


def test_learning_is_told_once() -> None:
    """Only the reply that changes the suspicion is reported."""
    ledger = Ledger()
    told = []
    for number, end in enumerate((1_500.0, 2_100.0, 2_700.0)):
        permit = ledger.reserve(claims(), number * 600.0)
        assert isinstance(permit, Permit)
        ledger.settle(permit, number * 600.0 + 10.0)
        learnt = bucket_of(permit).learn(number * 600.0, number * 600.0 + 10.0, 3 if number else 4, (end, end), 0.0)
        told.append(str(learnt))
    assert told == ["fixed-first or sliding or token", "sliding or token", "None"]


@pytest.mark.parametrize(
    ("headers", "read"),
    [
        ({}, None),
        ({"x-ratelimit-requests-remain": "-1"}, None),
        ({"x-ratelimit-requests-remain": "many"}, None),
        ({"x-ratelimit-requests-remain": "99999999999"}, None),
        ({"x-ratelimit-requests-remain": "3"}, RateHeaders(3)),
        ({"x-ratelimit-requests-remain": "3", "x-ratelimit-requests-expire": "soon"}, RateHeaders(3)),
        (
            {"x-ratelimit-requests-remain": "0", "x-ratelimit-requests-expire": "1727193814249"},
            RateHeaders(0, at=1727193814249.0),
        ),
        ({"x-ratelimit-requests-remain": "3", "x-ratelimit-requests-expire": "1727193814"}, RateHeaders(3)),
        ({"x-ratelimit-requests-remain": "3", "x-ratelimit-requests-expire": "250"}, RateHeaders(3, after=250.0)),
    ],
)
def test_read_headers(headers: dict[str, str], read: RateHeaders | None) -> None:
    """Epoch milliseconds, milliseconds that remain; whole seconds and nonsense say nothing about the end."""
    assert read_headers(headers) == read


def test_cap() -> None:
    """A cap moves later returns to itself; it leaves earlier ones, and those after the last that it is about."""
    bucket = AccountBucket(QUOTA, 1.0, is_anchored=False)
    bucket.expiries = [10.0, 20.0, 30.0, 40.0, 50.0]
    bucket.cap(20.0, 40.0)
    assert bucket.expiries == [10.0, 20.0, 20.0, 20.0, 50.0]
    assert isinstance(Ledger().look(claims(), 0.0), NotUntil | None)


def test_a_call_without_headers_may_have_been_counted() -> None:
    """A call that no header tells of excludes nothing, whether the exchange has counted it or not."""
    for is_counted in (True, False):
        counting = Counting(5, WINDOW)
        counting.observe(0.0, 50.0, 4, 0, None, 0.0)
        counting.miss(60.0, 160.0)
        counting.observe(200.0, 250.0, 2 if is_counted else 3, 0, None, 0.0)
        counting.observe(2_500.0, 2_550.0, 4, 0, None, 0.0)
        counting.observe(2_600.0, 2_650.0, 3, 0, None, 0.0)
        assert counting.contradictions == 0
        assert counting.candidates == set(CountingModel)


def test_missed_calls_are_forgotten() -> None:
    """Three windows after they were counted they no longer matter."""
    unheard, bucket = (AccountBucket(QUOTA, 1.0, is_anchored=False) for _ in range(2))
    unheard.miss(0.0, 100.0)
    assert unheard.counting is None  # without headers there is nothing to learn
    for number in range(100):
        bucket.miss(number * 1_000.0, number * 1_000.0 + 100.0, begins=True)
    assert bucket.counting is not None
    assert [granted for granted, _ in bucket.counting._missed] == [96_000.0, 97_000.0, 98_000.0, 99_000.0]
