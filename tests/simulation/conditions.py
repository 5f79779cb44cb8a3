"""What is simulated: the conditions, each one value, and the made-up endpoints they call.

`WITHIN` are the conditions under which the governor promises that nothing is ever rejected; each of `OUTSIDE`
breaks one stated assumption on purpose.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from attrs import evolve, frozen

from bingx_async.core.endpoint import Endpoint
from bingx_async.core.quota import IpGroup, Quota

ENDPOINTS: tuple[Endpoint[Any], ...] = tuple(
    Endpoint(
        f"made_up_{number}", "POST", f"/openApi/spot/v1/made/up{number}", group, lambda data: data, quota=Quota(5, 1.0)
    )
    for number, group in enumerate([IpGroup.TRADE] * 7 + [IpGroup.ACCOUNT] * 3)
)
# A call always waits on every quota · `depth` calls at once every 5 s · one call every 10 s on average ·
# `depth` callers on every quota who each call again when they have their reply.
STEADY, BURSTS, SPARSE, CLOSED = "saturated", "bursty", "sparse", "closed loop"


@frozen
class Faults:
    """What goes wrong with a call, as shares of the calls; spans in ms."""

    lost_requests: float = 0.0
    lost_replies: float = 0.0
    late: float = 0.0  # given up, and counted within the linger
    cancelled: float = 0.0  # by the caller: while it waits or while it is under way
    timeout: float = 1500.0
    stalls_before: float = 0.0  # the server hesitates before it counts
    stalls_after: float = 0.0  # and after
    loop_stalls_every: float = 0.0  # ms between stalls of the client, on average; 0 for none
    late_timers: float = 0.0  # ms by which a timer fires late, on average
    chunks: float = 0.0  # ms of other work at a time on the client's loop, 40 % of the time
    gateways: float = 0.0  # answered with 504 in front of the exchange, and counted up to 1 s later
    closed_every: float = 0.0  # ms between closed periods, on average; 0 for none
    resent: float = 0.0  # sent a second time by a transport that does not tell
    clocks_apart: float = 0.0  # ms between the clocks of two servers that stamp replies
    stamped_first: float = 0.0  # the server stamps, hesitates, and counts
    too_late: float = 0.0  # given up, and counted up to 2 s after the linger


@frozen
class Condition:
    """One condition. `gauge` says whose share is measured: the accounts' (uid) or the address'."""

    name: str
    network: str = "ordinary"
    demand: str = STEADY
    limit: int = 5
    window: float = 1.0
    accounts: int = 1
    endpoints: int = 1
    gauge: str = "uid"
    depth: int = 2  # callers waiting on each quota under saturated demand; calls in a burst
    drift: float = 0.0
    steps_wall_clock: bool = False
    faults: Faults = Faults()
    connections: int = 0  # of the client; 0 for as many as it likes
    processes: int = 1  # on the same accounts, unknown to each other
    restart_every: float = 0.0  # ms
    is_paced: bool = True
    mixes_priorities: bool = True
    options: Mapping[str, Any] = {}
    model: str = ""  # if given, the exchange counts in this way only, and its headers tell
    tells_spans: bool = False  # whether its headers tell the end of a window as a span instead of a moment
    stamped: float = 0.0  # share of the replies that hold the exchange's time
    weight: float = 1.0  # its part of the hours
    has_bound: bool = True  # whether a call always waits, so that the share has a bound to reach

    @property
    def quotas(self) -> dict[str | IpGroup, Quota]:
        """The quotas of the made-up endpoints in use."""
        return {endpoint.path: Quota(self.limit, self.window) for endpoint in ENDPOINTS[: self.endpoints]}

    @property
    def calls_per_second(self) -> float:
        """What the gauged buckets allow in all."""
        if self.gauge == "address":  # 300 per 10 s for each endpoint, 2000 for the seven of one group
            return min(200.0, 30.0 * min(7, self.endpoints)) + 30.0 * max(0, self.endpoints - 7)
        return self.accounts * self.endpoints * self.limit / self.window


LOSSES = Faults(lost_requests=0.01, lost_replies=0.01, late=0.01)
STALLS = Faults(stalls_before=0.03, stalls_after=0.03)
EVERYTHING = Faults(
    lost_requests=0.005,
    lost_replies=0.005,
    late=0.005,
    cancelled=0.02,
    stalls_before=0.01,
    stalls_after=0.01,
    loop_stalls_every=60_000.0,
    closed_every=120_000.0,
)

_networks = tuple(
    Condition(name, name, limit=2)
    for name in ("heavy tails", "spikes", "queueing", "cold connections", "route changes", "flapping routes")
)
WITHIN: tuple[Condition, ...] = (
    Condition("no delay", "none"),
    Condition("near (5 ms)", "near"),
    Condition("ordinary (50 ms)"),
    Condition("far (190 ms)", "far"),
    *_networks,
    Condition("slow up", "slow up", limit=2),
    Condition("slow down", "slow down", limit=2),
    Condition("losses", limit=2, faults=LOSSES),
    Condition("server stalls", limit=2, faults=STALLS),
    Condition("loop stalls", limit=2, faults=Faults(loop_stalls_every=10_000.0), has_bound=False),
    Condition("gateways", limit=2, faults=Faults(gateways=0.01), has_bound=False),
    Condition("late timers", limit=2, faults=Faults(late_timers=5.0)),
    Condition("an interface full, busy loop", accounts=8, gauge="address", faults=Faults(chunks=40.0), weight=0.1),
    Condition("20 accounts, a pool of 8", "far", accounts=20, connections=8, has_bound=False, weight=0.1),
    Condition("client clock fast", limit=2, drift=2e-4),
    Condition("client clock slow", "queueing", limit=2, drift=-2e-4),
    Condition("cancelled callers", limit=2, faults=Faults(cancelled=0.1), has_bound=False),
    Condition("closed periods", limit=2, faults=Faults(closed_every=60_000.0), steps_wall_clock=True, has_bound=False),
    Condition("bursts of 20", "spikes", BURSTS, depth=20, weight=4, has_bound=False),
    Condition("sparse", "heavy tails", SPARSE, weight=20, has_bound=False),
    Condition("two accounts", "flapping routes", SPARSE, accounts=2, endpoints=5, weight=4, has_bound=False),
    Condition("an interface full", accounts=8, gauge="address", weight=0.15),
    Condition("an interface full, far", "far", accounts=8, gauge="address", weight=0.15),
    Condition("a group full, 200 accounts", accounts=200, endpoints=10, gauge="address", depth=1, weight=0.02),
    Condition("everything", "route changes", faults=EVERYTHING, drift=2e-4, steps_wall_clock=True, has_bound=False),
)

STAMPS = {"stamped": [ENDPOINTS[0].name]}
OUTSIDE: tuple[Condition, ...] = (
    Condition("second process, not shared", processes=2),
    Condition("second process, share=0.5 each", processes=2, options={"share": 0.5}, limit=10),
    Condition('restart every 20 s, cold_start="free"', restart_every=20_000.0),
    Condition('restart every 20 s, cold_start="spent"', restart_every=20_000.0, options={"cold_start": "spent"}),
    Condition("1 % silently sent twice", faults=Faults(resent=0.01)),
    Condition("1 % given up, counted after the linger", faults=Faults(too_late=0.01)),
    Condition("client clock 1000 ppm fast", "none", limit=20, window=10.0, drift=1e-3),
    *(
        Condition(f"credit=0.5, {network}", network, options={"credit": 0.5})
        for network in ("ordinary", "heavy tails", "route changes", "flapping routes")
    ),
    Condition("credit=0.5, slow up", "slow up", options={"credit": 0.5}),
    Condition("credit=0.5, slow down", "slow down", options={"credit": 0.5}),
    *(
        Condition(name, network, options=STAMPS, stamped=1.0, faults=faults)
        for name, network, faults in (
            ("stamped, two servers' clocks 20 ms apart", "route changes", Faults(clocks_apart=20.0)),
            ("stamped, 3 % of the calls before they are counted", "far", Faults(stamped_first=0.03)),
        )
    ),
)

# With anchor="headers": an honest exchange refuses nothing, whichever way it counts and tells.
ANCHORED: tuple[Condition, ...] = tuple(
    Condition(
        f"anchor, {model}, {'spans' if tells_spans else 'moments'}, {name}",
        network,
        drift=drift,
        faults=faults,
        options={"anchor": "headers"},
        model=model,
        tells_spans=tells_spans,
        stamped=0.02,
        has_bound=False,
    )
    for model in ("fixed-first", "fixed-clock", "sliding", "token")
    for tells_spans in (False, True)
    for name, network, drift, faults in (
        ("ordinary", "ordinary", 5e-5, Faults()),
        ("heavy tails", "heavy tails", -2e-4, Faults()),
        ("route changes", "route changes", 2e-4, Faults()),
        ("slow down", "slow down", 0.0, Faults()),
        ("losses", "spikes", 1e-4, evolve(LOSSES, stalls_before=0.01, stalls_after=0.01)),
    )
)

# Rule R, replies that are stamped, and clocks that are kept by UTC besides: an honest exchange refuses nothing.
STAMPED: tuple[Condition, ...] = tuple(
    Condition(
        f"{name}, {network}",
        network,
        drift=drift,
        faults=evolve(LOSSES, stalls_after=0.01) if network == "spikes" else Faults(),
        options=options,
        stamped=1.0,
        has_bound=False,
    )
    for name, options in (
        ("replies", {}),
        ("stamps", STAMPS),
        ("stamps and UTC", STAMPS | {"utc_error": 1.0}),
    )
    for network, drift in (
        ("ordinary", 5e-5),
        ("far", -2e-4),
        ("heavy tails", 2e-4),
        ("spikes", 1e-4),
        ("slow up", 2e-4),
        ("slow down", -5e-5),
        ("route changes", 2e-4),
    )
)

PACED = Condition(
    "400 callers, one group",
    demand=CLOSED,
    accounts=80,
    endpoints=5,
    depth=1,
    gauge="address",
    has_bound=False,
    mixes_priorities=False,
)
PACING = (PACED, evolve(PACED, name="400 callers, one group, unpaced", is_paced=False))


def drawn(seed: int) -> Condition:
    """The condition `mixed`: whatever the seed makes of it, within the assumptions."""
    rng = Random(seed)
    network = rng.choice(["none", "near", "ordinary", "far", *(each.network for each in _networks)])
    limit, window = rng.choice([(1, 1.0), (2, 1.0), (3, 0.5), (5, 1.0), (7, 2.0), (5, 2.5), (20, 10.0), (1, 0.2)])
    mixed = Faults(**{name: value * rng.choice([0, 0, 1, 2]) for name, value in _shares(EVERYTHING).items()})
    demand = rng.choice([STEADY, STEADY, BURSTS, SPARSE])
    wide: dict[str, Any] = {"accounts": rng.randint(1, 3), "endpoints": rng.randint(1, 2)} if limit < 3 else {}
    options = {"cold_start": rng.choice(["free", "spent"])}
    return Condition(
        "mixed", network, demand, limit, window, depth=rng.randint(1, 20), drift=rng.uniform(-2e-4, 2e-4),
        faults=mixed, steps_wall_clock=True, options=options, has_bound=False, **wide,
    )  # fmt: skip


def _shares(faults: Faults) -> dict[str, float]:
    others = ("timeout", "resent", "too_late", "clocks_apart", "stamped_first")
    return {name: getattr(faults, name) for name in Faults.__annotations__ if name not in others}


def find(name: str, seed: int) -> Condition:
    """The condition called `name`; `mixed` is drawn from the seed, ` (tasks)` and ` (client)` are ways of driving."""
    name = name.removesuffix(" (tasks)").removesuffix(" (client)")
    if name == "mixed":
        return drawn(seed)
    return next(condition for condition in (*WITHIN, *OUTSIDE, *ANCHORED, *STAMPED, *PACING) if condition.name == name)
