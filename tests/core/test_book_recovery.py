"""When a book is trusted, and when it is asked for again."""

from __future__ import annotations

import pytest

from bingx_async.core.book_recovery import AWAITED, LATE, MISSING, Recovery
from bingx_async.core.order_book import Book, Took
from bingx_async.models import BookPolicy
from tests.core.test_order_book import update, whole

STRICT, TOLERANT = BookPolicy.STRICT, BookPolicy.TOLERANT


class Topic:
    """A recovery, and how often the topic was subscribed again."""

    def __init__(self) -> None:
        self.book = Book()
        self.recovery = Recovery(self.book)
        self.restarted_at: list[float] = []
        self.number = 0
        self.recovery.back(0.0)

    def take(self, message: object, now: float) -> None:
        self.recovery.judge(self.book.take(message), now)
        self.turn(now)

    def turn(self, now: float) -> None:
        if self.recovery.restarts(now):
            self.restarted_at.append(now)

    def whole(self, now: float) -> None:
        self.number += 10
        self.take(whole(self.number), now)

    def resubscribe(self, now: float) -> None:
        self.recovery.back(now)
        self.whole(now)

    def gap(self, now: float) -> None:
        """An update is missing, and four others come."""
        for number in range(self.number + 2, self.number + 6):
            self.take(update(number), now)
        self.number += 5


@pytest.fixture
def topic() -> Topic:
    found = Topic()
    found.whole(0.0)
    return found


def test_a_book_is_awaited_at_first() -> None:
    """It is not trusted before the whole book is there; if none comes within 10 s the topic is subscribed again."""
    topic = Topic()
    assert (topic.recovery.reason, topic.recovery.due_at) == (AWAITED, 10_000.0)
    topic.turn(9_999.0)
    assert topic.restarted_at == []
    topic.turn(10_000.0)
    assert (topic.restarted_at, topic.recovery.reason, topic.recovery.due_at) == ([10_000.0], LATE, None)


def test_updates_without_a_whole_book() -> None:
    """Another stream has had it, perhaps: it is asked for after one and a half seconds then."""
    topic = Topic()
    topic.take(update(7), 100.0)
    topic.take(update(8), 700.0)
    assert topic.recovery.due_at == 1_600.0
    topic.turn(1_600.0)
    assert (topic.restarted_at, topic.recovery.gaps) == ([1_600.0], 0)
    topic.take(update(9), 1_700.0)
    assert topic.recovery.due_at is None


def test_the_whole_book_is_trusted(topic: Topic) -> None:
    """There is nothing to wait for then, and updates in their order change nothing about it."""
    assert (topic.recovery.reason, topic.recovery.due_at) == ("", None)
    topic.take(update(11), 100.0)
    assert (topic.recovery.reason, topic.recovery.due_at, topic.recovery.policy) == ("", None, STRICT)


def test_the_whole_book_may_come_before_the_answer() -> None:
    """It is trusted once the topic is known to be subscribed."""
    topic = Topic()
    topic.recovery.lost("reset")
    topic.whole(5.0)
    assert topic.recovery.reason == AWAITED
    topic.recovery.back(6.0)
    assert (topic.recovery.reason, topic.recovery.due_at) == ("", None)


def test_an_update_that_waits_makes_it_stale(topic: Topic) -> None:
    """It is trusted again once the missing one came in time."""
    topic.take(update(12), 100.0)
    assert (topic.recovery.reason, topic.recovery.due_at, len(topic.book.bids)) == (MISSING, 1600.0, 2)
    topic.take(update(13), 900.0)
    topic.take(update(11), 1599.0)
    assert (topic.recovery.reason, topic.recovery.due_at, topic.recovery.gaps) == ("", None, 0)


def test_after_one_and_a_half_seconds_it_is_asked_for_again(topic: Topic) -> None:
    """The book is empty until the whole one is there."""
    topic.take(update(12), 100.0)
    topic.turn(1600.0)
    assert (topic.restarted_at, topic.recovery.gaps, topic.recovery.reason) == ([1600.0], 1, MISSING)
    assert (len(topic.book.bids), topic.book.last) == (0, None)
    topic.recovery.lost("given up to be subscribed again")
    topic.resubscribe(1900.0)
    assert (topic.recovery.reason, topic.recovery.policy) == ("", STRICT)


def test_more_than_three_updates_do_not_wait(topic: Topic) -> None:
    """With the fourth the book is asked for again at once."""
    topic.gap(100.0)
    assert (topic.restarted_at, topic.recovery.gaps) == ([100.0], 1)


def test_after_three_gaps_within_a_minute_gaps_are_tolerated(topic: Topic) -> None:
    """What came is applied, and the book is not trusted until a whole one has come; that is asked for 20 s after the
    last time."""
    for now in (1_000.0, 2_000.0, 3_000.0):
        assert topic.recovery.policy is STRICT
        topic.gap(now)
        topic.resubscribe(now + 300.0)
    assert (topic.recovery.policy, topic.recovery.reason) == (TOLERANT, "")
    topic.gap(4_000.0)
    assert (topic.book.last, len(topic.book.bids), topic.recovery.reason) == (topic.number, 2, MISSING)
    assert (topic.restarted_at, topic.recovery.due_at) == ([1_000.0, 2_000.0, 3_000.0], 23_000.0)
    topic.gap(5_000.0)
    topic.turn(23_000.0)
    assert (topic.restarted_at[3:], topic.recovery.gaps, topic.book.last) == ([23_000.0], 5, None)
    topic.resubscribe(23_300.0)
    assert (topic.recovery.reason, topic.recovery.policy) == ("", TOLERANT)


def test_a_whole_book_by_itself_ends_the_doubt(topic: Topic) -> None:
    """It need not be asked for any more then."""
    for now in (1_000.0, 2_000.0, 3_000.0):
        topic.gap(now)
        topic.resubscribe(now)
    topic.gap(4_000.0)
    topic.whole(5_000.0)
    assert (topic.recovery.reason, topic.recovery.due_at) == ("", None)


def test_with_gaps_further_apart_it_is_strict_again(topic: Topic) -> None:
    """Less than three within a minute: the next one empties the book."""
    for now in (1_000.0, 2_000.0, 3_000.0):
        topic.gap(now)
        topic.resubscribe(now)
    topic.gap(90_000.0)
    assert (topic.recovery.policy, topic.restarted_at[3:], topic.book.last) == (STRICT, [90_000.0], None)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("text", Took.UNREADABLE.value),
        (whole(3), Took.BACKWARDS.value),
        (update(11, bids={"105": "1"}), Took.CROSSED.value),
    ],
)
def test_a_book_that_cannot_be_right_is_emptied(topic: Topic, message: object, reason: str) -> None:
    """It is asked for again at once, three times within a minute, and every 20 s from then on."""
    topic.take(message, 100.0)
    assert (topic.restarted_at, topic.recovery.reason, len(topic.book.bids)) == ([100.0], reason, 0)
    for now in (200.0, 300.0, 400.0):
        topic.resubscribe(now)
        topic.take("text", now)
    assert (topic.restarted_at, topic.recovery.due_at) == ([100.0, 200.0, 300.0], 20_300.0)
    assert topic.recovery.gaps == 0
    topic.turn(20_300.0)
    assert topic.restarted_at[3:] == [20_300.0]


def test_a_gap_that_cannot_be_tolerated(topic: Topic) -> None:
    """If what waits would cross the book, the book is emptied."""
    for now in (1_000.0, 2_000.0, 3_000.0):
        topic.gap(now)
        topic.resubscribe(now)
    topic.take(update(topic.number + 2, bids={"105": "1"}), 4_000.0)
    topic.turn(5_500.0)
    assert (topic.recovery.reason, len(topic.book.bids)) == (Took.CROSSED.value, 0)


def test_behind_another_connection_ids_may_begin_anew(topic: Topic) -> None:
    """On the same one a whole book that is older than what came is not believed."""
    topic.recovery.lost("the connection was reset")
    topic.recovery.back(100.0)
    topic.take(whole(1), 200.0)
    assert topic.recovery.reason == ""
    topic.take(update(3), 300.0)
    topic.turn(1_800.0)
    topic.recovery.lost("given up to be subscribed again")
    topic.recovery.back(2_000.0)
    topic.take(whole(2), 2_100.0)
    assert topic.recovery.reason == Took.BACKWARDS.value


def test_ids_that_begin_anew_on_the_same_connection(topic: Topic) -> None:
    """The updates of another count are all older than the book, which would stay as it is: after five of them it is
    emptied and asked for again, and ids may be small. Fewer are late ones, also where others come in between."""
    for number in (1, 2, 3, 4):
        topic.take(update(number), 100.0)
    topic.take(update(11), 200.0)
    for number in (1, 2, 3, 4):
        topic.take(update(number), 300.0)
    topic.take(whole(12), 350.0)
    for number in (1, 2, 3, 4):
        topic.take(update(number), 400.0)
    assert (topic.restarted_at, topic.recovery.reason, topic.book.last) == ([], "", 12)
    topic.take(update(5), 500.0)
    assert (topic.restarted_at, topic.recovery.reason, topic.book.last) == ([500.0], Took.ANEW.value, None)
    topic.recovery.back(600.0)
    topic.take(whole(6), 700.0)
    assert (topic.recovery.reason, topic.book.last) == ("", 6)


def test_nothing_is_asked_for_while_the_connection_is_lost(topic: Topic) -> None:
    """The line subscribes again by itself; the book is empty, and says why it is stale."""
    topic.recovery.lost("the connection was reset")
    assert (topic.recovery.reason, topic.book.last) == ("the connection was reset", None)
    topic.take("text", 100.0)
    assert (topic.restarted_at, topic.recovery.due_at) == ([], None)
    topic.recovery.back(200.0)
    assert topic.recovery.due_at == 10_200.0
