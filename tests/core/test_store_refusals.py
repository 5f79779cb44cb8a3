"""What a shared store has refused is asked for again at the moment it named, by one call at a time."""

from __future__ import annotations

from bingx_async.core.claims import Key
from bingx_async.core.gates import ASKING, StoreRefusals

A, B, C = (Key("account", "1", name) for name in "abc")


def test_one_at_a_time() -> None:
    """While one asks, the others wait for its answer, and not for long where it never comes."""
    held = StoreRefusals()
    assert not held
    held.record(A, 100.0)
    held.ask([A, B], 100.0)
    assert held
    assert (held.named(A), held.until(A), held.until(B)) == (100.0, 100.0 + ASKING, float("-inf"))
    held.answered([A, B])
    assert held.until(A) == 100.0


def test_granted() -> None:
    """Where the store has more, calls need not wait for each other; else the next asks alone at the moment named."""
    held = StoreRefusals()
    held.record(A, 100.0)
    held.record(B, 100.0)
    held.ask([A, B], 100.0)
    assert held.granted([A, B, C], {B: 200.0}) is True
    assert [held.until(key) for key in (A, B, C)] == [float("-inf"), 200.0, float("-inf")]
    held.ask([A, B, C], 200.0)
    assert [held.until(key) for key in (A, B, C)] == [float("-inf"), 200.0 + ASKING, float("-inf")]


def test_allow_now() -> None:
    """Something came free: a moment that was named counts no longer, but still one asks at a time."""
    held = StoreRefusals()
    held.record(A, 100.0)
    held.allow_now()
    assert held.until(A) == float("-inf")
    held.ask([A], 50.0)
    assert held.until(A) == 50.0 + ASKING


def test_allow_some() -> None:
    """Something came free for some keys: the moments of the others stay, and what was never refused stays unknown."""
    held = StoreRefusals()
    held.record(A, 100.0)
    held.record(B, 100.0)
    held.allow_now([B, C])
    assert [held.until(key) for key in (A, B)] == [100.0, float("-inf")]
    assert C not in held


def test_sweep() -> None:
    """What is over is forgotten."""
    held = StoreRefusals()
    held.record(A, 100.0)
    held.record(B, 300.0)
    held.record(C, 100.0)
    held.ask([C], 100.0)
    held.sweep(200.0)
    assert [held.until(key) for key in (A, B, C)] == [float("-inf"), 300.0, 100.0 + ASKING]
    held.sweep(1e9)
    assert not held
