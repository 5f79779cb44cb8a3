"""The topics of one socket."""

from __future__ import annotations

import json
from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bingx_async.core.channel import Channel, Push
from bingx_async.core.frames import Ack, KeyExpired
from bingx_async.core.stream_limits import StreamLimits
from bingx_async.core.topic import Refused, Silent, SocketFull, Subscribed
from bingx_async.core.topics import MOST_EARLY, Topics
from bingx_async.errors import StreamUnavailable, TopicRefused

A, B = "A-USDT@trade", "B-USDT@trade"


def test_the_topic_of_a_channel() -> None:
    """Symbol and arguments stand in the topic; the topics of an account have neither."""
    assert Channel("klines", "{symbol}@kline_{interval}", list).topic_of("A-B", interval="1min") == "A-B@kline_1min"
    assert Channel("balances", "ACCOUNT_UPDATE", list).topic_of() == "ACCOUNT_UPDATE"


def push(topic: str, at: float) -> Push:
    return Push(topic, {}, None, at)


class Desk:
    """Topics, and what is sent for them."""

    def __init__(self, *names: str, every: float | None = None, **limits: Any) -> None:
        self.topics = Topics(StreamLimits(**limits))
        for name in names:
            self.topics.want(name, every)
        self.sent: list[tuple[float, str, str]] = []
        self.ids: list[str] = []

    def until(self, end: float, now: float = 0.0) -> None:
        """Let time pass as a socket's writer does."""
        while now <= end:
            self.topics.look(now)
            while (text := self.topics.next_message(now)) is not None:
                message = json.loads(text)
                self.sent.append((now, message["reqType"], message["dataType"]))
                self.ids.append(message["id"])
            now = max(now, self.topics.wakes_at)

    def answer(self, code: int, at: float, id: str | None = None, topic: str = "") -> None:
        """The exchange answers the last message, or that with `id`."""
        self.topics.answered(Ack(self.ids[-1] if id is None else id, code, "words", topic), at)

    def changes(self) -> list[Any]:
        """What has become of topics since the last time."""
        found, self.topics.changes = self.topics.changes, []
        return found

    def subscribe(self, at: float = 0.0) -> None:
        """Connect, send everything and confirm it."""
        self.topics.connected(at)
        for _ in self.topics.names:
            self.until(self.topics.wakes_at, self.topics.wakes_at)
            self.answer(0, at)
        assert {change.topic for change in self.changes()} == set(self.topics.names)


def test_paced() -> None:
    """200 topics are asked for one after the other, 200 ms apart, each once and with an id of its own."""
    names = [f"S{number}@trade" for number in range(200)]
    desk = Desk(*names)
    desk.topics.connected(1000.0)
    desk.until(1000.0 + 9_999.0, 1000.0)
    assert desk.sent == [(1000.0 + 200.0 * place, "sub", name) for place, name in enumerate(names[:50])]
    assert len(set(desk.ids)) == 50


def test_confirmed_by_id() -> None:
    """An answer belongs to the message with its id, whatever the order of answers; a repeated topic is subscribed."""
    desk = Desk(A, B)
    desk.topics.connected(0.0)
    desk.until(200.0)
    desk.answer(100205, 210.0, desk.ids[1])
    desk.answer(0, 220.0, desk.ids[0])
    desk.answer(100205, 230.0, "", topic=A)
    assert desk.changes() == [Subscribed(B, []), Subscribed(A, [])]
    desk.until(60_000.0, 300.0)
    assert (len(desk.sent), desk.topics.wakes_at) == (2, inf)


def test_data_before_the_answer() -> None:
    """What comes before the answer is kept and delivered with it; what comes unasked is not."""
    desk = Desk(A)
    assert desk.topics.takes(push(A, 0.0)) is False
    desk.topics.connected(0.0)
    assert desk.topics.takes(push(A, 0.0)) is False
    desk.until(0.0)
    early = push(A, 1.0)
    assert (desk.topics.takes(early), desk.topics.takes(push(B, 1.0))) == (False, False)
    desk.answer(0, 2.0)
    assert desk.changes() == [Subscribed(A, [early])]
    assert desk.topics.takes(push(A, 3.0)) is True


def test_refused_after_data() -> None:
    """A refused topic that leaks a message delivers none of it."""
    desk = Desk(A)
    desk.topics.connected(0.0)
    desk.until(0.0)
    desk.topics.takes(push(A, 1.0))
    desk.answer(80015, 2.0)
    (change,) = desk.changes()
    assert (type(change), change.topic, type(change.error)) == (Refused, A, TopicRefused)
    assert (desk.topics.takes(push(A, 3.0)), desk.topics.names) == (False, ())


@pytest.mark.parametrize(
    ("code", "error"),
    [(80015, TopicRefused), (100204, TopicRefused), (100400, TopicRefused), (80403, SocketFull)],
)
def test_codes_that_end_it(code: int, error: type[Exception]) -> None:
    """A topic that does not exist is refused for good; a socket without room is told apart. Nothing more is sent."""
    desk = Desk(A)
    desk.topics.connected(0.0)
    desk.until(0.0)
    desk.answer(code, 1.0)
    (change,) = desk.changes()
    assert type(change.error) is error
    desk.until(100_000.0, 200.0)
    assert desk.sent == [(0.0, "sub", A)]


def test_no_answer() -> None:
    """Without an answer a topic is asked for once more after 10 s, then given up after as long, and unsubscribed in
    case it was heard."""
    desk = Desk(A)
    desk.topics.connected(0.0)
    desk.until(30_000.0)
    assert desk.sent == [(0.0, "sub", A), (10_000.0, "sub", A), (20_000.0, "unsub", A)]
    (change,) = desk.changes()
    assert (change.topic, type(change.error)) == (A, StreamUnavailable)


def test_data_is_an_answer() -> None:
    """A topic whose answer is lost but whose data comes is subscribed when the answer is late."""
    desk = Desk(A)
    desk.topics.connected(0.0)
    desk.until(0.0)
    early = push(A, 1.0)
    desk.topics.takes(early)
    desk.until(60_000.0, 200.0)
    assert desk.changes() == [Subscribed(A, [early])]
    assert desk.sent == [(0.0, "sub", A)]


def test_many_early_messages() -> None:
    """So much data without an answer is an answer too: no more than that is ever kept."""
    desk = Desk(A)
    desk.topics.connected(0.0)
    desk.until(0.0)
    pushes = [push(A, float(at)) for at in range(MOST_EARLY + 1)]
    assert [desk.topics.takes(each) for each in pushes] == [False] * MOST_EARLY + [True]
    assert desk.changes() == [Subscribed(A, pushes[:-1])]
    desk.answer(0, 2000.0)
    assert desk.changes() == []


def test_a_topic_that_was_there_is_not_given_up() -> None:
    """After a reconnect a topic is asked for until it is answered: the exchange has shown that it exists."""
    desk = Desk(A)
    desk.subscribe()
    desk.topics.disconnected()
    desk.topics.connected(100_000.0)
    desk.until(200_000.0, 100_000.0)
    assert [round(at) for at, _, _ in desk.sent[1:]] == [100_000 + 10_000 * time for time in range(11)]
    desk.answer(0, 200_001.0)
    assert desk.changes() == [Subscribed(A, [])]


@pytest.mark.parametrize(("code", "tries"), [(100410, 5), (100500, 5), (100503, 5), (99999, 2)])
def test_passing_refusals(code: int, tries: int) -> None:
    """Where the exchange is busy a topic is asked for again, ever later; an unknown code is tried once more."""
    desk, at = Desk(A), 0.0
    desk.topics.connected(at)
    moments: list[float] = []
    while A in desk.topics.names and len(moments) < 9:
        desk.until(at, at)
        desk.answer(code, at)
        moments.append(at)
        at = max(at, desk.topics.wakes_at)
        desk.topics.look(at)
        at = max(at, min(desk.topics.wakes_at, at + 1000))
    assert moments == [0.0, 1000.0, 3000.0, 7000.0, 15_000.0][:tries]
    (change,) = desk.changes()
    assert type(change.error) is StreamUnavailable
    assert f"code {code}: words" in str(change.error)


def test_too_many_messages() -> None:
    """Where the exchange says that messages come too fast, all of them pause for a second."""
    desk = Desk(A, B)
    desk.topics.connected(0.0)
    desk.until(0.0)
    desk.answer(100410, 50.0)
    desk.until(2000.0, 50.0)
    assert desk.sent == [(0.0, "sub", A), (1050.0, "sub", B), (1250.0, "sub", A)]


@pytest.mark.parametrize("code", [100401, 100403])
def test_dead_key(code: int) -> None:
    """A listen key that has expired is told as such; the topic stays wanted."""
    desk = Desk(A)
    desk.topics.connected(0.0)
    desk.until(0.0)
    desk.answer(code, 1.0)
    assert (desk.changes(), desk.topics.names) == ([KeyExpired()], (A,))


def test_answers_without_id() -> None:
    """An error without id is about the topic that it names, or the only one that waits; else it is left aside."""
    desk = Desk(A, B)
    desk.topics.connected(0.0)
    desk.until(200.0)
    desk.answer(80015, 300.0, "")
    assert desk.changes() == []
    desk.answer(80015, 300.0, "", topic=A)
    assert [change.topic for change in desk.changes()] == [A]
    desk.answer(80015, 300.0, "")
    assert [change.topic for change in desk.changes()] == [B]
    desk.answer(80015, 300.0, "")
    desk.answer(80015, 300.0, "unknown")
    assert desk.changes() == []


def test_drop() -> None:
    """A topic that was sent is unsubscribed, one that was not is forgotten; the answer to neither matters."""
    desk = Desk(A, B)
    desk.topics.connected(0.0)
    desk.until(0.0)
    desk.topics.drop(A)
    desk.topics.drop(B)
    desk.topics.drop("unknown")
    desk.answer(0, 1.0)
    desk.until(1000.0, 1.0)
    assert desk.sent == [(0.0, "sub", A), (200.0, "unsub", A)]
    assert (desk.changes(), desk.topics.takes(push(A, 1.0))) == ([], False)


def test_wanted_again() -> None:
    """Dropped and wanted again, in whatever haste, a topic ends subscribed, and at most two messages are sent."""
    desk = Desk(A)
    desk.subscribe()
    desk.topics.want(A, None)
    for _ in range(100):
        desk.topics.drop(A)
        desk.topics.want(A, None)
    desk.until(1000.0, 200.0)
    assert [(kind, topic) for _, kind, topic in desk.sent] == [("sub", A), ("unsub", A), ("sub", A)]


def test_restart() -> None:
    """A restart unsubscribes and subscribes; data in between is not delivered. One that was never sent only waits."""
    desk = Desk(A)
    desk.topics.restart(A)
    desk.topics.restart("unknown")
    desk.subscribe()
    desk.topics.restart(A)
    assert desk.topics.takes(push(A, 100.0)) is False
    desk.until(1000.0, 200.0)
    assert [(kind, topic) for _, kind, topic in desk.sent] == [("sub", A), ("unsub", A), ("sub", A)]
    desk.answer(0, 1001.0)
    assert desk.changes() == [Subscribed(A, [])]


def test_silent_topic() -> None:
    """A topic from which nothing comes for 30 s is subscribed again; with each time in vain it is given twice as long.
    Once something came it is 30 s again."""
    desk = Desk(A, every=1.0)
    desk.subscribe()
    at, moments = 0.0, list[float]()
    for _ in range(3):
        while not desk.topics.changes:
            at = desk.topics.wakes_at
            desk.topics.look(at)
        desk.until(at + 200.0, at)
        assert [type(change) for change in desk.changes()] == [Silent]
        desk.answer(0, at := at + 200.0)
        assert desk.changes() == [Subscribed(A, [])]
        moments.append(at)
    assert moments == [30_200.0, 90_400.0, 210_600.0]
    assert desk.topics.takes(push(A, 220_000.0)) is True
    desk.until(249_999.0, 220_000.0)
    assert desk.changes() == []
    desk.until(250_200.0, 250_000.0)
    assert desk.changes() == [Silent(A, 220_000.0, "nothing came from this topic while others went on")]


@pytest.mark.parametrize(("every", "silence"), [(0.3, 30_000.0), (5.0, 50_000.0), (None, inf)])
def test_silence_by_cadence(every: float | None, silence: float) -> None:
    """A topic may be silent for ten times its cadence, and for ever if it has none."""
    desk = Desk(A, every=every)
    desk.subscribe()
    at = desk.topics.wakes_at
    while not desk.topics.changes and at < inf:
        desk.topics.look(at)
        at = at if desk.topics.changes else desk.topics.wakes_at
    assert (at, len(desk.changes())) == (silence, int(silence < inf))


actions = st.sampled_from(["want", "drop", "restart", "lose", "connect", "wait", "answer", "refuse", "push"])


@given(st.lists(st.tuples(actions, st.sampled_from([A, B]), st.integers(0, 40_000)), max_size=40))
def test_any_story(story: list[tuple[str, str, int]]) -> None:
    """Whatever happens, once the exchange answers every message the topics subscribed are those wanted, and messages
    were never less than 200 ms apart."""
    desk, now = Desk(), 0.0
    there: set[str] = set()
    for action, topic, span in [*story, ("connect", A, 0)]:
        if action in ("want", "drop", "restart"):
            getattr(desk.topics, action)(topic, *([1.0] if action == "want" else []))
        elif action == "wait":
            desk.until(now + span, now)
            now += span
        elif action in ("answer", "refuse") and desk.ids:
            desk.answer(0 if action == "answer" else 100500, now)
        elif action == "push":
            desk.topics.takes(push(topic, now))
        elif action == "lose":
            desk.topics.disconnected()
        elif action == "connect":
            desk.topics.connected(now)
            now += 200.0
    desk.sent.clear()
    for _ in range(10):
        begin = len(desk.sent)
        desk.until(now := now + 200.0, now)
        for _, kind, topic in desk.sent[begin:]:
            there = there | {topic} if kind == "sub" else there - {topic}
            desk.answer(0, now)
    assert there == set(desk.topics.names)
    assert all(later[0] - sooner[0] >= 200.0 for sooner, later in zip(desk.sent, desk.sent[1:], strict=False))
