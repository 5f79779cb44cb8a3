"""The network: how long a request is under way, and its reply. Both ways are drawn apart.

A path is a function of the moment; whatever it remembers (queues, routes) is its own. Spans are milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import exp
from random import Random

Path = Callable[[float], float]


def steady(base: float, spread: float = 0.0) -> Callable[[Random], Path]:
    """`base` plus or minus up to `spread` of it."""

    def build(rng: Random) -> Path:
        draw, low, width = rng.random, base * (1 - spread), 2 * base * spread
        return lambda _now: low + width * draw()

    return build


def heavy_tailed(base: float) -> Callable[[Random], Path]:
    """Mostly near `base`, now and then ten times as long: base * (0.7 + a Pareto tail), at most 2 s."""

    def build(rng: Random) -> Path:
        return lambda _now: min(2000.0, base * (0.7 + 0.2 * (rng.paretovariate(1.6) - 1.0)))

    return build


def spiky(base: float, share: float = 0.02) -> Callable[[Random], Path]:
    """`share` of the packets take 300 to 800 ms more."""

    def build(rng: Random) -> Path:
        usual = steady(base, 0.2)(rng)
        return lambda now: usual(now) + (rng.uniform(300.0, 800.0) if rng.random() < share else 0.0)

    return build


def queueing(base: float, load: float = 0.75) -> Callable[[Random], Path]:
    """A queue on the way that fills and drains: neighbours in time wait alike, and none overtakes."""

    def build(rng: Random) -> Path:
        backlog, seen_at = 0.0, 0.0

        def draw(now: float) -> float:
            nonlocal backlog, seen_at
            passed, seen_at = now - seen_at, now
            bursts = rng.expovariate(1.0) * load * passed if passed < 2000.0 else 0.0
            backlog = min(600.0, max(0.0, backlog + bursts - passed))
            return base + backlog

        return draw

    return build


def rerouted(bases: tuple[float, ...], every: float) -> Callable[[Random], Path]:
    """The route changes, on average `every` ms, to another of `bases`, up or down, all at once."""

    def build(rng: Random) -> Path:
        base, changes_at = rng.choice(bases), 0.0

        def draw(now: float) -> float:
            nonlocal base, changes_at
            if now >= changes_at:
                base, changes_at = rng.choice(bases), now + rng.expovariate(1.0 / every)
            return base * (0.95 + 0.1 * rng.random())

        return draw

    return build


def cold(base: float, idle: float = 400.0, share: float = 0.05) -> Callable[[Random], Path]:
    """After `idle` ms without a call, and for `share` of the others, TCP and TLS come first: four more ways."""

    def build(rng: Random) -> Path:
        usual, seen_at = steady(base, 0.2)(rng), -1e9

        def draw(now: float) -> float:
            nonlocal seen_at
            is_cold = now - seen_at > idle or rng.random() < share
            seen_at = now
            return usual(now) + (sum(usual(now) for _ in range(4)) if is_cold else 0.0)

        return draw

    return build


def flapping(fast: float, slow: float) -> Callable[[Random], Path]:
    """Two routes that take turns, faster than a window; one call in seven goes the other way."""

    def build(rng: Random) -> Path:
        def draw(now: float) -> float:
            is_slow = (now // 430.0) % 2 < 1
            return slow if is_slow != (rng.random() < 1 / 7) else fast * (1.0 + 0.1 * exp(-rng.random()))

        return draw

    return build


ONE_WAY = 25.0  # ms: the ordinary way

# name -> (up, down)
NETWORKS: Mapping[str, tuple[Callable[[Random], Path], Callable[[Random], Path]]] = {
    "none": (steady(0.0), steady(0.0)),
    "near": (steady(2.5, 0.2), steady(2.5, 0.2)),
    "ordinary": (steady(ONE_WAY, 0.2), steady(ONE_WAY, 0.2)),
    "far": (steady(95.0, 0.1), steady(95.0, 0.1)),
    "heavy tails": (heavy_tailed(ONE_WAY), heavy_tailed(ONE_WAY)),
    "spikes": (spiky(ONE_WAY), spiky(ONE_WAY)),
    "queueing": (queueing(ONE_WAY), queueing(ONE_WAY, 0.6)),
    "cold connections": (cold(ONE_WAY), steady(ONE_WAY, 0.2)),
    "route changes": (rerouted((10.0, 25.0, 90.0), 30_000.0), rerouted((10.0, 25.0, 90.0), 30_000.0)),
    "flapping routes": (flapping(12.0, 120.0), flapping(15.0, 60.0)),
    "slow up": (heavy_tailed(90.0), steady(5.0, 0.2)),
    "slow down": (steady(5.0, 0.2), heavy_tailed(90.0)),
}


def build_network(name: str, rng: Random) -> tuple[Path, Path]:
    """Both ways of the network `name`; `round trip N` is one of N ms with a fifth of jitter."""
    if name.startswith("round trip "):
        half = steady(float(name.removeprefix("round trip ")) / 2.0, 0.2)
        return half(rng), half(rng)
    up, down = NETWORKS[name]
    return up(rng), down(rng)
