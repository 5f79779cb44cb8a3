"""Items go to the route that may leave first, each once, and none is lost."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bingx_async.core.endpoint import BatchRoute, Call, Endpoint, Pool
from bingx_async.core.quota import IpGroup, Quota


def test_in_order_and_once() -> None:
    """Items leave in the order they were given, an item given twice once."""
    pool: Pool[int, str] = Pool([3, 1, 3, 2], {})
    assert (pool.take(2), pool.take(5), pool.take(1)) == ([3, 1], [2], [])


def test_put_back_goes_first() -> None:
    """Items of a call that did not run are next, in their order."""
    pool: Pool[int, str] = Pool([1, 2, 3, 4], {})
    pool.put_back(pool.take(3))
    assert pool.take(4) == [1, 2, 3, 4]


def test_first_result_stays() -> None:
    """A result that is there is not replaced by a later one."""
    pool: Pool[int, str] = Pool([1, 2], {})
    pool.finish({1: "cancelled"})
    assert pool.is_done is False
    pool.finish({1: "not found", 2: "refused"})
    assert (pool.results, pool.is_done) == ({1: "cancelled", 2: "refused"}, True)


def test_nothing_to_do() -> None:
    """A pool without items is done."""
    assert Pool([], {}).is_done is True


@given(
    st.lists(st.integers(0, 30), max_size=40),
    st.lists(st.tuples(st.integers(0, 10), st.booleans()), max_size=60),
)
def test_no_item_is_lost(items: list[int], calls: list[tuple[int, bool]]) -> None:
    """Whatever runs and whatever goes back, every item is either pending or has its result."""
    pool: Pool[int, int] = Pool(items, {})
    for most, has_run in calls:
        taken = pool.take(most)
        assert len(taken) <= most
        if has_run:
            pool.finish(dict.fromkeys(taken, most))
        else:
            pool.put_back(taken)
        assert sorted([*pool.pending, *pool.results]) == sorted(set(items))
        assert list(pool.pending) == [item for item in dict.fromkeys(items) if item not in pool.results]
        assert pool.is_done == (not pool.pending)


def test_a_route_is_how_items_are_done() -> None:
    """A route makes the call for some items and reads its reply as their results."""
    endpoint: Endpoint[int] = Endpoint("name", "POST", "/a", IpGroup.TRADE, lambda data: data, quota=Quota(5, 1.0))
    route: BatchRoute[int, Any] = BatchRoute(
        endpoint,
        10,
        lambda some: Call(endpoint, {"orderIds": ",".join(map(str, some))}),
        lambda some, reply: dict.fromkeys(some, reply),
    )
    assert route.call([1, 2]).params == {"orderIds": "1,2"}
    assert route.read([1, 2], 7) == {1: 7, 2: 7}
