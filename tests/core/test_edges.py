"""The edges of the ledger's arithmetic: equal moments, the last of a count, what is shown of nothing."""

from time import perf_counter

import pytest

from bingx_async.core.bucket import LISTENING_CALLS, AccountBucket
from bingx_async.core.budget import ErrorBudget
from bingx_async.core.claims import Claims, NotUntil, Permit
from bingx_async.core.counting import Counting, CountingModel
from bingx_async.core.gates import BucketState, backoff
from bingx_async.core.ledger import Ledger, Settings
from bingx_async.core.quota import UNLIMITED, Quota
from tests.core.made_up import claims_under, profile_of

OCCUPANCY = 1002.5  # of a window of one second
FIVE = Quota(5, 1)


def claims(own: Quota = FIVE, interface: Quota = UNLIMITED, account: str = "7", path: str = "/a") -> Claims:
    """What a call draws on under these quotas."""
    return claims_under(profile_of({path: own}, interface), path, account)


CALL = claims()
ENDPOINT, EGRESS = CALL.endpoint_gate, CALL.egress_gate


def granted(answer: Permit | NotUntil) -> Permit:
    """The permit, which there must be."""
    assert isinstance(answer, Permit)
    return answer


def bucket_of(permit: Permit) -> AccountBucket:
    """The account's bucket, which there must be."""
    assert permit.account_bucket is not None
    return permit.account_bucket


def test_a_token_that_returns_at_the_grant_is_no_call_of_ours() -> None:
    """A call whose token comes back at the very moment of a grant is not counted among those the exchange may see."""
    ledger, pair = Ledger(), claims(Quota(2, 1))
    ledger.settle(granted(ledger.reserve(pair, 0.0)), 0.0)
    permit = granted(ledger.reserve(pair, OCCUPANCY))
    assert bucket_of(permit).observe(permit.baseline, 0, OCCUPANCY) == 1


def test_the_next_moment_is_exact_with_nothing_in_flight() -> None:
    """When only a call that was given up stands in the way, the next call is promised the moment of its token."""
    ledger, single = Ledger(), claims(Quota(1, 1))
    ledger.settle(granted(ledger.reserve(single, 0.0)), 0.0, 10_000.0)
    assert ledger.nth_ready_at(single, 0, 5.0) == NotUntil(OCCUPANCY + 10_000.0, ENDPOINT)


def test_the_next_moment_knows_the_pace() -> None:
    """With calls in flight and tokens to spare, the next call is promised what the pace lets it have."""
    ledger, paced = Ledger(), claims(interface=Quota(4, 2))
    for _ in range(3):
        granted(ledger.reserve(paced, 0.0))
    (at_address,) = paced.egress_claims
    assert ledger.nth_ready_at(paced, 0, 5.0) == NotUntil(450.0, at_address.key)


def test_what_opens_now_delays_no_call() -> None:
    """A closed period or a store's moment that ends now is no reason to wait."""
    ledger = Ledger()
    ledger.gates.close(EGRESS, 500.0, 0.0, "address banned")
    assert ledger.nth_ready_at(CALL, 0, 500.0) == NotUntil(500.0, ENDPOINT)
    shared = Ledger()
    shared.store_refusals.record(EGRESS, 500.0)
    assert shared.nth_ready_at(CALL, 0, 500.0) == NotUntil(500.0, ENDPOINT)


def test_looking_fears_the_past_too() -> None:
    """Looking and asking for a later place open a bucket as spent after a cold start, as reserving does."""
    expected = NotUntil(OCCUPANCY + 250.0, ENDPOINT)
    assert Ledger(Settings(cold_start=0.0)).look(CALL, 0.0) == expected
    assert Ledger(Settings(cold_start=0.0)).nth_ready_at(CALL, 0, 0.0) == expected


@pytest.mark.parametrize("now", [OCCUPANCY - 250.0, OCCUPANCY, OCCUPANCY + 249.0])
def test_a_late_first_look_fears_the_past_as_long(now: float) -> None:
    """A bucket first used shortly before the cold start is over waits for the same moment as one used earlier."""
    assert Ledger(Settings(cold_start=0.0)).look(CALL, now) == NotUntil(OCCUPANCY + 250.0, ENDPOINT)


def test_a_ledger_has_an_error_budget_of_its_own() -> None:
    """Each ledger counts its own errors."""
    one, other = Ledger().budget, Ledger().budget
    assert (type(one), type(other), one is other) == (ErrorBudget, ErrorBudget, False)


def test_the_reason_of_a_period_that_is_over() -> None:
    """A moment in the past closes the scope for one probe; of equal moments the later reason is shown."""
    ledger, told = Ledger(), []
    for reason in ("closed", "rate limited"):
        ledger.gates.close(ENDPOINT, 0.0, 1_000.0, reason)
        told += [(state.closed_until, state.reason) for state in ledger.states(1_000.0)]
    assert told == [(1_000.0, "closed"), (1_000.0, "rate limited")]


def test_back_off_after_a_named_moment() -> None:
    """The first refusal without a moment is the first of its row, also where a named one came before."""
    ledger = Ledger()
    ledger.gates.close(ENDPOINT, 1_000.0, 0.0, "closed")
    probe = granted(ledger.reserve(CALL, 1_000.0))
    penalty = ledger.gates.back_off(probe, ENDPOINT, 1000.0, 0.5, 1_020.0, "rate limited")
    assert penalty.until == 1_020.0 + backoff(0, 1000.0, 0.5)


def test_back_off_of_a_call_granted_at_the_closure() -> None:
    """A probe that leaves at the very moment of the closure was not on its way before: its refusal counts."""
    ledger = Ledger()
    ledger.gates.close(ENDPOINT, 0.0, 1_000.0, "closed")
    probe = granted(ledger.reserve(CALL, 1_000.0))
    penalty = ledger.gates.back_off(probe, ENDPOINT, 1000.0, 0.5, 1_020.0, "rate limited")
    assert (penalty.until, penalty.reason) == (1_020.0 + backoff(0, 1000.0, 0.5), "rate limited")


@pytest.mark.parametrize(("after", "is_kept"), [(-1.0, True), (0.0, False)])
def test_a_closed_period_is_forgotten_an_hour_after_its_end(after: float, is_kept: bool) -> None:
    """A gate into which no call has gone is dropped by the first sweep from that moment on."""
    gates = Ledger().gates
    gates.close(ENDPOINT, 1_000.0, 0.0, "closed")
    gates.sweep(1_000.0 + 3_600_000.0 + after)
    assert (ENDPOINT in gates) is is_kept


def asked(ledger: Ledger, now: float) -> float:
    """When a call may leave: it asks the store now if that is `now`."""
    answer = ledger.reserve(CALL, now)
    return answer.ready_at if isinstance(answer, NotUntil) else now


def test_a_store_that_refused_is_asked_by_one_at_a_time() -> None:
    """From the named moment on one call asks, and the others wait for its answer, for two seconds at most."""
    ledger = Ledger()
    ledger.store_refusals.record(ENDPOINT, 500.0)
    assert [asked(ledger, 500.0) for _ in range(2)] == [500.0, 2_500.0]
    assert ledger.store_refusals.granted(CALL.keys, {ENDPOINT: 600.0}) is True  # granted, and the next token named
    assert [asked(ledger, 600.0) for _ in range(2)] == [600.0, 2_600.0]
    assert ledger.store_refusals.granted(CALL.keys, {}) is True
    assert [asked(ledger, 700.0) for _ in range(3)] == [700.0] * 3
    assert ledger.store_refusals.granted(CALL.keys, {}) is False


def test_a_call_that_asked_and_was_not_sent_lets_the_next_ask() -> None:
    """A permit that is released has its answer: no call waits for it any longer."""
    ledger = Ledger()
    ledger.store_refusals.record(ENDPOINT, 500.0)
    ledger.release(granted(ledger.reserve(CALL, 500.0)))
    assert asked(ledger, 510.0) == 510.0


@pytest.mark.parametrize(("now", "is_held"), [(499.0, True), (500.0, False)])
def test_a_sweep_forgets_what_the_store_said(now: float, is_held: bool) -> None:
    """A moment named by the store is forgotten with the idle buckets once it is over, not before."""
    ledger = Ledger()
    ledger.store_refusals.record(ENDPOINT, 500.0)
    ledger._sweep(now)
    assert ledger.store_refusals.granted(CALL.keys, {}) is is_held


def test_a_sweep_comes_with_twice_as_many() -> None:
    """The first sweep comes with 64 buckets; after one that found nothing idle the next comes with twice as many."""
    ledger = Ledger()
    for number in range(128):
        permit = granted(ledger.reserve(claims(account=str(number)), 0.0))
        if number >= 64:
            ledger.release(permit)
    assert len(list(ledger.states(0.0))) == 128
    ledger.reserve(claims(account="another"), 0.0)
    assert len(list(ledger.states(0.0))) == 65


def test_a_sweep_counts_the_buckets_of_addresses_too() -> None:
    """63 buckets of accounts and one of an address are 64: the second sweep comes with 128 of both kinds."""
    ledger, roomy = Ledger(), Quota(10_000, 10)
    for number in range(127):
        permit = granted(ledger.reserve(claims(interface=roomy, account=str(number)), 0.0))
        if number >= 63:
            ledger.release(permit)
    assert len(list(ledger.states(0.0))) == 128
    ledger.reserve(claims(interface=roomy, account="another"), 0.0)
    assert len(list(ledger.states(0.0))) == 65


def test_long_over_is_looked_for_once_a_minute() -> None:
    """Sweeps may come often; closed periods that can be forgotten are looked for a minute after the last look."""
    ledger, hour, kept = Ledger(), 3_600_000.0, []
    ledger.gates.close(ENDPOINT, 0.0, 0.0, "closed")
    for now in (hour - 10_000.0, hour + 49_999.0, hour + 50_000.0):
        ledger._sweep(now)
        kept.append(ENDPOINT in ledger.gates)
    assert kept == [True, True, False]


def test_states_pass_over_what_has_no_limit() -> None:
    """A bucket without a limit hides none of those after it; what is neither closed nor learnt about says nothing."""
    ledger = Ledger()
    ledger.reserve(claims(UNLIMITED, path="/free"), 0.0)
    ledger.reserve(CALL, 0.0)
    assert list(ledger.states(0.0)) == [BucketState(ENDPOINT, FIVE, 4, 1, 0.0, None, "", "")]


def learning(settings: Settings) -> tuple[Ledger, Permit]:
    """A ledger that suspects windows from the first request alone, and a call granted at 950, answered at 1000."""
    ledger = Ledger(settings)
    permit = granted(ledger.reserve(CALL, 950.0))
    counting = bucket_of(permit).counting = Counting(5, 1000.0)
    counting.candidates = {CountingModel.FIXED_FIRST}
    ledger.settle(permit, 1_000.0)
    return ledger, permit


@pytest.mark.parametrize(
    ("end", "expiries"),
    [(1_500.0, 1_502.0), (1_003.0, 1_005.0), (1_002.9, 1_000.0 + OCCUPANCY), (999.0, 1_000.0 + OCCUPANCY)],
)
def test_tokens_return_two_milliseconds_after_the_window(end: float, expiries: float) -> None:
    """With the anchor a token is back 2 ms after the window its reply still saw; one that was over says nothing."""
    _, permit = learning(Settings(anchor=True))
    bucket_of(permit).learn(permit.granted_at, 1_000.0, 4, (end, end), 0.0)
    assert bucket_of(permit).expiries == [expiries]


def test_states_show_the_way_of_counting() -> None:
    """What is suspected of a bucket's counting is shown with it."""
    ledger, _ = learning(Settings())
    assert list(ledger.states(1_000.0)) == [BucketState(ENDPOINT, FIVE, 4, 0, 1_000.0, None, "", "fixed-first")]


def test_calls_are_held_apart_up_to_a_number() -> None:
    """Under the anchor calls are a quarter of a window apart until so many have been granted without telling."""
    ledger, gaps = Ledger(Settings(anchor=True)), []
    for number in range(LISTENING_CALLS + 2):
        permit = granted(ledger.reserve(CALL, number * 5_000.0))
        ledger.settle(permit, number * 5_000.0 + 50.0)
        bucket_of(permit).learn(permit.granted_at, number * 5_000.0 + 50.0, 4, None, 0.0)
        gaps.append(bucket_of(permit).spacing)
    assert gaps == [250.0] * 63 + [0.0] * 3


def test_distrust_ends_the_distance() -> None:
    """Once a call was refused for its pace, the calls that were held apart to listen are so no longer."""
    ledger = Ledger(Settings(anchor=True))
    permit = granted(ledger.reserve(CALL, 0.0))
    bucket_of(permit).learn(0.0, 50.0, 4, None, 0.0)
    before = bucket_of(permit).spacing
    bucket_of(permit).invalidate_counting()
    assert (before, bucket_of(permit).spacing) == (250.0, 0.0)


def test_nothing_is_learnt_where_nothing_is_limited() -> None:
    """A bucket without a limit has no way of counting."""
    ledger = Ledger(Settings(anchor=True))
    permit = granted(ledger.reserve(claims(UNLIMITED), 0.0))
    assert bucket_of(permit).learn(0.0, 50.0, 4, None, 0.0) is None
    assert (bucket_of(permit).counting, bucket_of(permit).spacing) == (None, 0.0)


def test_a_nonsense_header_costs_no_time() -> None:
    """Calls that are not ours are blocked all at once: a million of them take milliseconds, not a fifth of a second."""
    ledger = Ledger()
    permit = granted(ledger.reserve(claims(Quota(1_000_000, 1.0)), 0.0))
    bucket, took = bucket_of(permit), []
    for _ in range(3):
        bucket.expiries.clear()
        began = perf_counter()
        assert bucket.observe(permit.baseline, 0, 50.0) == 999_999
        took.append(perf_counter() - began)
    assert len(bucket.expiries) == 999_999
    assert min(took) < 0.04
