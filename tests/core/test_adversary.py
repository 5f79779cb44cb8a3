"""An adversary against the real ledger: it chooses every delay and order, and tries to get more calls counted in one
window than the quota allows.

Within the assumptions of `bingx_async.core` it may do anything: let time pass, send whenever the ledger grants, let
calls arrive, be answered and be given up in any order, let a call given up arrive until its linger ends, take back
what was not sent, end a call twice, read a reply late, run the client's clock at any rate up to 5e-4 fast. It never
wins. With any one assumption removed it does, and the tests below show how.
"""

from __future__ import annotations

import os
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from bingx_async.core.bucket import STRETCH
from bingx_async.core.claims import Claim
from bingx_async.core.ledger import Ledger, Settings
from bingx_async.core.quota import Quota
from tests.core.game import LINGER, Game

EXAMPLES = 250 if os.environ.get("CI") == "true" else 100
STEPS, MOVES = 50, 40  # moves a step; those of one example share a ledger
RATES = (1.0, 1.0 + STRETCH, 1.0 - STRETCH, 1.0 + STRETCH / 3)
PAUSES = (0.0, 0.4, 2.5, 40.0, 333.3, 999.0, 1000.0, 1001.0, 2600.0, 10_001.0)  # ms


class Adversary(RuleBasedStateMachine):
    """Plays moves as bytes say; `total` counts them over all examples, `counted` the arrivals they led to."""

    total = 0
    counted = 0

    @initialize(
        limits=st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 5)),
        windows=st.tuples(*[st.sampled_from((0.2, 1.0, 10.0))] * 3),
    )
    def begin(self, limits: tuple[int, ...], windows: tuple[float, ...]) -> None:
        self.game = Game(tuple(map(Quota, limits, windows)))

    @rule(moves=st.binary(min_size=2 * MOVES, max_size=2 * MOVES))
    def play(self, moves: bytes) -> None:
        for move, choice in zip(moves[::2], moves[1::2], strict=True):
            PLAYS[move % len(PLAYS)](self.game, choice)
            Adversary.total += 1

    def teardown(self) -> None:
        Adversary.counted += len(self.game.exchange.arrivals.get(self.game.claims[0].egress_claims[0].key, ()))


def wait(game: Game, choice: int) -> None:
    game.wait(PAUSES[choice % len(PAUSES)])


def wait_until_granted(game: Game, choice: int) -> None:
    game.wait_until_granted(choice % 2)


def change_rate(game: Game, choice: int) -> None:
    game.rate = RATES[choice % len(RATES)]


def send(game: Game, choice: int) -> None:
    game.send(choice % 2)


def arrive(game: Game, choice: int) -> None:
    """A call that was sent is counted; this is where the adversary would win."""
    if game.sent:
        game.arrive(game.sent[choice % len(game.sent)])
        assert game.most() <= 0


def call(game: Game, choice: int) -> None:
    """The quickest call: granted, counted and answered at once."""
    if game.call(choice % 2) is not None:
        assert game.most() <= 0


def reply(game: Game, choice: int) -> None:
    """A call that was counted is answered; the reply may be noticed later than it came."""
    if game.counted:
        permit, counted_at = game.counted.pop(choice % len(game.counted))
        read_at = counted_at if choice > 200 else game.clock
        game.ledger.settle(permit, read_at)
        game.ended.append(permit)


def give_up_uncounted(game: Game, choice: int) -> None:
    if game.sent:
        permit = game.sent.pop(choice % len(game.sent))
        game.ledger.settle(permit, game.clock, LINGER)
        game.lingering.append((permit, game.clock + LINGER))


def give_up_counted(game: Game, choice: int) -> None:
    if game.counted:
        permit, _ = game.counted.pop(choice % len(game.counted))
        game.ledger.settle(permit, game.clock, LINGER)
        game.ended.append(permit)


def arrive_late(game: Game, choice: int) -> None:
    """A call given up is counted after all, within its linger."""
    game.lingering = [(permit, until) for permit, until in game.lingering if until >= game.clock]
    if game.lingering:
        permit, _ = game.lingering.pop(choice % len(game.lingering))
        game.exchange.arrive(permit.claims, game.now)
        assert game.most() <= 0
        game.ended.append(permit)


def arrive_at_the_last_moment(game: Game, choice: int) -> None:
    """Wait until the linger of a call given up is over but for an instant."""
    if game.lingering:
        until = game.lingering[choice % len(game.lingering)][1]
        game.wait(max(0.0, until - game.clock))
        arrive_late(game, choice)


def take_back(game: Game, choice: int) -> None:
    if game.sent:
        permit = game.sent.pop(choice % len(game.sent))
        game.ledger.release(permit)
        game.ended.append(permit)


def end_twice(game: Game, choice: int) -> None:
    if game.ended:
        permit = game.ended[choice % len(game.ended)]
        if choice % 2:
            game.ledger.release(permit)
        else:
            game.ledger.settle(permit, game.clock - 500.0)


PLAYS = (
    wait, wait, wait_until_granted, wait_until_granted, change_rate, send, send, arrive, arrive, call, call, call,
    reply, reply, give_up_uncounted, give_up_counted, arrive_late, arrive_at_the_last_moment, take_back, end_twice,
)  # fmt: skip


def play(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Adversary, "total", 0)
    monkeypatch.setattr(Adversary, "counted", 0)
    run_state_machine_as_test(
        Adversary,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            report_multiple_bugs=False,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example],
        ),
    )


def test_the_adversary_cannot_win(monkeypatch: pytest.MonkeyPatch) -> None:
    """In 100 000 moves and more, no window of any alignment holds more arrivals than a quota allows."""
    play(monkeypatch)
    assert (Adversary.total >= 100_000, Adversary.counted >= 10_000) == (True, True)


@pytest.mark.parametrize("occupancy", [1.0, 0.999])
def test_the_adversary_can_play(monkeypatch: pytest.MonkeyPatch, occupancy: float) -> None:
    """Against a ledger whose tokens return one bare window after the reply, or sooner, the same adversary wins."""
    monkeypatch.setattr("bingx_async.core.bucket.occupancy_of", lambda quota: occupancy * quota.window * 1000.0)
    with pytest.raises(AssertionError):
        play(monkeypatch)


def test_a_second_ledger_on_the_same_quota_is_enough_to_win() -> None:
    """Assumption: every call on this account and address is in this ledger."""
    game = Game()
    for _ in range(2):
        game.call()
    game.ledger = Ledger()  # another process, which knows nothing of the first
    for _ in range(2):
        game.call()
    assert game.exchange.in_window(game.own, game.now) == 4


def test_half_of_the_quota_for_each_of_two_ledgers_is_safe() -> None:
    """A share of 0.5 each holds the assumption for two processes."""
    game = Game()
    for _ in range(2):
        game.ledger = Ledger(Settings(share=0.5))
        assert [game.call() is not None for _ in range(2)] == [True, False]
    assert game.exchange.in_window(game.own, game.now) == 2


def test_a_restart_within_the_window_is_enough_to_win() -> None:
    """Assumption: nothing ran just before the start."""
    game = Game()
    for _ in range(2):
        game.call()
    game.wait(300.0)
    game.ledger = Ledger(Settings(cold_start=None))
    for _ in range(2):
        game.call()
    assert game.exchange.in_window(game.own, game.now) == 4


def test_a_restart_that_counts_as_spent_is_safe() -> None:
    """With a cold start the first grant comes when the window of the process before is over."""
    game = Game()
    for _ in range(2):
        game.call()
    game.wait(300.0)
    game.ledger = Ledger(Settings(cold_start=game.clock))
    assert game.call() is None
    game.wait_until_granted()
    assert game.call() is not None
    assert (game.clock, game.most()) == (pytest.approx(300.0 + 1002.5 + 250.0), -1)


@pytest.mark.parametrize(("excess", "counted"), [(0.0, 2), (1.0, 2), (3.0, 3)])
def test_a_call_counted_after_its_linger_is_enough_to_win(excess: float, counted: int) -> None:
    """Assumption: a call given up is counted within its linger, if ever. The 2 ms of margin forgive as much."""
    game = Game((Quota(2, 1.0),), rate=1.0 + STRETCH)
    lost = game.send()
    assert lost is not None
    game.ledger.settle(lost, game.clock, LINGER)
    game.wait(LINGER + excess)
    game.exchange.arrive(lost.claims, game.now)
    game.wait(1002.5 - excess)  # until its token is back
    assert [game.call() is not None for _ in range(3)] == [True, True, False]
    assert game.exchange.in_window(game.own, game.now) == counted


def test_a_call_sent_twice_in_silence_is_enough_to_win() -> None:
    """Assumption: nothing between us and the exchange sends a call twice."""
    game = Game()
    for _ in range(2):
        permit = game.call()
        assert permit is not None
        game.exchange.arrive(permit.claims, game.now)
    assert game.exchange.in_window(game.own, game.now) == 4


@pytest.mark.parametrize(("fast", "counted"), [(STRETCH, 20), (1e-3, 40)])
def test_a_clock_faster_than_the_stretch_is_enough_to_win(fast: float, counted: int) -> None:
    """Assumption: our clock runs at most 5e-4 fast beside the exchange's."""
    game = Game((Quota(20, 10.0),), rate=1.0 + fast)
    for _ in range(20):
        game.call()
    game.wait_until_granted()
    for _ in range(20):
        game.call()
    assert game.exchange.in_window(game.own, game.now) == counted


def test_a_reply_before_the_counting_is_enough_to_win() -> None:
    """Assumption: the exchange counts a call before it replies."""
    game = Game()
    early = [game.send(), game.send()]
    for permit in early:
        assert permit is not None
        game.reply(permit)
    game.wait(500.0)
    for permit in early:
        assert permit is not None
        game.arrive(permit)  # half a second after its reply
    game.wait_until_granted()
    game.call()
    assert game.exchange.in_window(game.own, game.now) == 3


def test_a_quota_lower_than_it_is_said_to_be_is_enough_to_win() -> None:
    """Assumption: the quota is what it is said to be."""
    game = Game((Quota(2, 1.0),))
    for _ in range(2):
        game.call()
    assert game.exchange.in_window(Claim(game.own.key, Quota(1, 1.0), False), game.now) == 2


def test_grants_of_a_paced_bucket_keep_their_distance_while_it_is_more_than_half_used() -> None:
    """Pacing only ever delays: 0.9 of window / limit between grants once fewer than half of the tokens are free."""
    game = Game((Quota(20, 1.0), Quota(20, 1.0), Quota(10, 1.0)))
    moments = []
    for _ in range(10):
        game.wait_until_granted()
        assert game.call() is not None
        moments.append(game.clock)
    gaps = [round(after - before, 6) for before, after in pairwise(moments)]
    assert gaps == [0.0] * 5 + [90.0] * 4
