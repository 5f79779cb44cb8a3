"""The error budget: errors of one code in a sliding window, and the calls that are refused before the last."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bingx_async.core.budget import BudgetState, ErrorBudget, ErrorKey

PATH = "/openApi/spot/v1/oco/order"
ROUTE = f"POST {PATH}"
KEY = ErrorKey("7", ROUTE, 100202)
LASTS = 480_000 * 1.0005 + 2.0  # ms for which an error counts


def budget_with(count: int, limit: int = 20) -> ErrorBudget:
    """A budget with one error per millisecond from 0."""
    budget = ErrorBudget(limit)
    for at in range(count):
        budget.record(KEY, float(at))
    return budget


def test_warns_at_half_and_four_fifths() -> None:
    """The 10th and the 16th of 20 errors are worth a warning, and no other."""
    budget = ErrorBudget()
    warnings = [budget.record(KEY, float(at)) for at in range(20)]
    assert [state.used for state in warnings if state is not None] == [10, 16]
    assert warnings[9] == BudgetState(KEY, 10, 20, 480_000.0, LASTS)


@pytest.mark.parametrize(("count", "frees_at"), [(0, None), (18, None), (19, LASTS), (20, LASTS + 1), (23, LASTS + 4)])
def test_last_error_is_kept(count: int, frees_at: float | None) -> None:
    """With one error left nothing more may fail, until the oldest has left the window."""
    spent = budget_with(count).spent("7", ROUTE, 0, 100.0)
    assert (spent and spent.frees_at) == frees_at
    assert (spent and (spent.key, spent.used)) == (frees_at and (KEY, count))


def test_moment_is_exact() -> None:
    """Just before the named moment the budget is spent, at it no longer."""
    budget = budget_with(21)
    spent = budget.spent("7", ROUTE, 0, 100.0)
    assert spent is not None
    assert budget.spent("7", ROUTE, 0, spent.frees_at - 0.01) is not None
    assert budget.spent("7", ROUTE, 0, spent.frees_at) is None


@pytest.mark.parametrize(
    ("count", "in_flight", "is_spent"), [(15, 4, False), (15, 5, True), (18, 2, True), (0, 50, False)]
)
def test_calls_in_flight_may_fail_too(count: int, in_flight: int, is_spent: bool) -> None:
    """Calls in flight count as if they would fail, once there has been an error at all; only replies tell."""
    spent = budget_with(count).spent("7", ROUTE, in_flight, 100.0)
    assert (spent is not None) == is_spent
    assert (spent and spent.frees_at) == (100.0 if is_spent else None)


def test_counts_are_apart() -> None:
    """Other codes, endpoints and accounts do not count."""
    budget = budget_with(15)
    others = [ErrorKey("7", ROUTE, 80016), ErrorKey("7", "/other", 100202), ErrorKey("8", ROUTE, 100202)]
    for key in others:
        for at in range(10):
            budget.record(key, float(at))
    assert budget.spent("7", ROUTE, 0, 10.0) is None
    assert {state.key: state.used for state in budget.states(10.0)} == {KEY: 15, **dict.fromkeys(others, 10)}


def test_learns() -> None:
    """The numbers in the exchange's own message are the rule from then on."""
    budget = budget_with(3)
    budget.learn(4, 1_000.0)
    spent = budget.spent("7", ROUTE, 0, 10.0)
    assert spent == BudgetState(KEY, 3, 4, 1_000.0, 1_000 * 1.0005 + 2.0)
    assert budget.spent("7", ROUTE, 0, 1_100.0) is None


@pytest.mark.parametrize("limit", [1, 2])
def test_smallest_limits(limit: int) -> None:
    """Even under the smallest rule there is an answer, before, during and after the errors."""
    budget = budget_with(2, limit)
    spent = budget.spent("7", ROUTE, 0, 10.0)
    assert (spent and spent.frees_at) == LASTS + 1
    assert budget.spent("7", ROUTE, 0, LASTS + 1) is None


def test_states_forget_what_is_over() -> None:
    """Counts that are empty vanish; the others are listed with the moment the oldest leaves."""
    budget = budget_with(2)
    later = ErrorKey("7", ROUTE, 80016)
    budget.record(later, 1_000.0)
    assert budget.states(500.0)[0] == BudgetState(KEY, 2, 20, 480_000.0, LASTS)
    assert budget.states(LASTS + 500.0) == [BudgetState(later, 1, 20, 480_000.0, LASTS + 1_000.0)]
    assert (budget.states(LASTS + 1_000.0), budget.states(0.0)) == ([], [])


@given(st.integers(1, 25), st.lists(st.floats(0, 300_000), max_size=60), st.floats(0, 10_000_000))
def test_sliding_window(limit: int, gaps: list[float], later: float) -> None:
    """Whenever asked, exactly the errors of one window count, and the last of the budget is kept."""
    budget, at, errors = ErrorBudget(limit), 0.0, list[float]()
    for spacing in gaps:
        at += spacing
        errors.append(at)
        budget.record(KEY, at)
        counted = [error for error in errors if error + LASTS > at]
        assert [state.used for state in budget.states(at)] == [len(counted)]
        assert (budget.spent("7", ROUTE, 0, at) is not None) == (len(counted) >= max(1, limit - 1))
    counted = [error for error in errors if error + LASTS > at + later]
    assert sum(state.used for state in budget.states(at + later)) == len(counted)


def test_a_count_belongs_to_a_method_and_its_path() -> None:
    """Errors of one path under another method are another count; the path alone can still be shown."""
    budget = budget_with(19)
    assert budget.spent("7", f"DELETE {PATH}", 0, 20.0) is None
    assert KEY.path == PATH
