"""Client order ids: of the shape that the exchange takes, never twice, and each known by the mark of its strategy."""

from __future__ import annotations

import multiprocessing
import os
import random
import re
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bingx_async import BingXClient, InvalidRequest
from bingx_async.spot.client_ids import ClientIds

NOW = 1_790_000_000_000.7
LETTERS = string.ascii_letters + string.digits
names = st.text(LETTERS, min_size=1, max_size=11)
marks = st.none() | names
moments = st.integers(0, 10**14)


@given(marks, moments)
def test_shape(name: str | None, now: int) -> None:
    """An id of an order is letters, digits and underscores, 40 at most; one of an OCO order is 40 digits."""
    ids = ClientIds(name)
    begins = "bx_" if name is None else f"bx_{name.lower()}_"
    assert re.fullmatch(begins + "[0-9a-z]{24}", ids.new_order_id(now))
    assert len(ids.new_order_id(now)) <= 40
    assert re.fullmatch("[1-9][0-9]{39}", ids.new_oco_id(now))
    assert ids.new_oco_id(now)[:12] == ids.new_oco_id(0)[:12]


@given(marks, marks)
def test_marks(one: str | None, other: str | None) -> None:
    """A strategy knows its own ids and no one else's, whatever the case of their letters; upper case is no other
    name."""
    first, second = ClientIds(one), ClientIds(other)
    is_same = (one and one.lower()) == (other and other.lower())
    for made in (second.new_order_id(NOW), second.new_oco_id(NOW)):
        assert first.is_mine(made) is is_same
        assert first.is_mine(made.upper()) is is_same


def test_no_prefix_is_confused() -> None:
    """`grid` and `grid7` begin alike, and so do a name and an id without one: none takes the other's for its own."""
    owners = [ClientIds(name) for name in (None, "grid", "grid7", "g", "7", "bx", "0", "00000000000")]
    for owner in owners:
        for made in (owner.new_order_id(NOW), owner.new_oco_id(NOW)):
            assert [each.strategy for each in owners if each.is_mine(made)] == [owner.strategy]


@given(st.text(LETTERS + "_.-", max_size=40))
def test_manual_ids(name: str) -> None:
    """An id that does not begin with the mark is not the strategy's; neither is an empty one."""
    assert ClientIds("grid7").is_mine(name) is name.lower().startswith("bx_grid7_")
    assert ClientIds("grid7").is_mine("") is False
    assert ClientIds().is_mine("ladder-7_04") is False


def test_a_million() -> None:
    """A million ids (100 000 outside CI) of several generators in one millisecond: no two are the same."""
    makers = [ClientIds("grid7") for _ in range(4)]
    each = 250_000 if os.environ.get("CI") == "true" else 25_000
    assert len({maker.new_order_id(NOW) for maker in makers for _ in range(each)}) == 4 * each
    assert len({maker.new_oco_id(NOW) for maker in makers for _ in range(10_000)}) == 40_000


def test_time() -> None:
    """Ids of one strategy sort by the time at which they were made."""
    ids = ClientIds("grid7")
    made = [ids.new_order_id(NOW + step) for step in range(100)]
    assert made == sorted(made)
    oco = [ids.new_oco_id(NOW + step) for step in range(100)]
    assert oco == sorted(oco)


def test_seeded_random_is_not_used() -> None:
    """A program that seeds `random` gets no id twice."""
    random.seed(7)
    first = ClientIds().new_order_id(NOW)
    random.seed(7)
    assert ClientIds().new_order_id(NOW) != first


def test_injected_chance() -> None:
    """A test may bring chance of its own: then the same ids come again."""
    made = ClientIds("a", bytes).new_order_id(NOW)
    assert (made[:5], int(made[5:14], 36), made[14:]) == ("bx_a_", 1_790_000_000_000, "0" * 15)
    one, two = (ClientIds("a", random.Random(3).randbytes).new_oco_id(NOW) for _ in range(2))
    assert one == two


def _make(ids: ClientIds, count: int, out: Any) -> None:
    out.put([ids.new_order_id(NOW) for _ in range(count)])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.allow_skip("a system without fork has no forked children")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_repeats_none() -> None:
    """Children of one process, made from the same generator, make no id of the parent's or of each other's."""
    ids, fork = ClientIds("grid7"), multiprocessing.get_context("fork")
    ids.new_order_id(NOW)
    out = fork.SimpleQueue()
    children = [fork.Process(target=_make, args=(ids, 1000, out)) for _ in range(3)]
    for child in children:
        child.start()
    made = [name for _ in children for name in out.get()] + [ids.new_order_id(NOW) for _ in range(1000)]
    for child in children:
        child.join()
    assert len(set(made)) == 4000


@pytest.mark.parametrize("name", ["", "grid-7", "grid_7", "twelveletter", "grïd", "a b", 7, True, b"grid"])
def test_wrong_names(name: object) -> None:
    """A name that no mark can hold is refused, by the client too; the message says which ones there are."""
    with pytest.raises(InvalidRequest, match="must be 1 to 11 letters and digits, such as 'grid7'"):
        ClientIds(name)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with pytest.raises(InvalidRequest, match="1 to 11 letters"):
        BingXClient("key", "secret", strategy=name)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_own_ids() -> None:
    """An id of the caller's own is taken as it is; within a strategy it has to carry the mark."""
    assert ClientIds().accept("ladder-7") == "ladder-7"
    assert ClientIds("grid7").accept("bx_grid7_level4") == "bx_grid7_level4"
    with pytest.raises(InvalidRequest, match="leave it out, or begin it with 'bx_grid7_'"):
        ClientIds("grid7").accept("bx_grid_level4")
