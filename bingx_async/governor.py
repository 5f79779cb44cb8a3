"""The governor as programs make it: with the name of a profile instead of its quotas."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping
from typing import Any, Literal, NoReturn, Self

from bingx_async.catalogue import PROFILES
from bingx_async.core.catalogue import DOCUMENTED, Profile
from bingx_async.core.events import Event
from bingx_async.core.quota import IpGroup, Quota, Quotas
from bingx_async.errors import InvalidRequest
from bingx_async.runtime.clock import ServerClock
from bingx_async.runtime.governor.governor import Governor as RuntimeGovernor
from bingx_async.runtime.governor.settings import GovernorSettings
from bingx_async.runtime.governor.store import QuotaStore


class Governor(RuntimeGovernor):
    """Keeps every call within the exchange's quotas, and no call waiting longer than it must.

    `profile` names the quotas (`PROFILES`), `quotas` replaces some of them (a method's name, a path, or an
    `IpGroup`); `share` is the part of every quota that is this process' own; `cold_start="spent"` waits one window
    before the first calls, as if a predecessor had just spent everything; `credit` gives tokens back earlier by
    this part of the shortest round trip (0.5 at most is sensible; a gamble, see docs/governor); `on_event` is
    called with every value of `bingx_async.core.events`. `anchor="headers"`: once the exchange's headers have shown
    that it counts in fixed windows, tokens return when it says that the window ends. `reserve` keeps tokens of an
    account for the kill switch (`cancel_all_open_orders`), by effect or method: `{"cancel": 1}`; of every address'
    quota 1 % is kept for it anyway. `stamped` names endpoints whose replies hold the exchange's time (`timestamp`)
    to the millisecond, read after the call was counted: their tokens return by the latest moment which that can
    have been. `utc_error` promises that this machine's clock and the exchange's are each within so many
    milliseconds of UTC. With a `store` several processes share their quotas; `on_store_failure` says what happens
    while it is away: `local` goes on with `fallback_share` of every quota, `refuse` raises `StoreUnavailable`. One
    governor may serve many clients, in one event loop at a time.
    """

    def __init__(
        self,
        profile: str = DOCUMENTED,
        *,
        quotas: Quotas | None = None,
        share: float = 1.0,
        credit: float = 0.0,
        cold_start: Literal["free", "spent"] = "free",
        on_event: Callable[[Event], None] | None = None,
        anchor: Literal["reply", "headers"] = "reply",
        store: QuotaStore | None = None,
        on_store_failure: Literal["local", "refuse"] = "local",
        fallback_share: float = 0.5,
        reserve: Mapping[str, int] | None = None,
        stamped: Collection[str] = (),
        utc_error: float | None = None,
        clock: ServerClock | None = None,
        draw: Callable[[], float] = random.random,
    ) -> None:
        named, clock = _profile(profile, quotas), clock or ServerClock()
        settings = GovernorSettings(
            named,
            share,
            credit,
            cold_start,
            on_event,
            store,
            anchor,
            on_store_failure,
            fallback_share,
            clock,
            draw,
            {} if reserve is None else reserve,
            stamped,
            utc_error,
        )
        super().__init__(settings)

    async def aclose(self) -> None:
        """Flush, and close the connections of the shared store. Needed only with a store."""
        if self._shared is not None:
            await self._shared.store.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        raise InvalidRequest(
            "a Governor cannot be copied or pickled: a second one would spend the same quotas again. Share the object "
            "itself among clients; several processes share quotas by a store, such as bingx_async.redis.RedisStore"
        )

    def __repr__(self) -> str:
        snapshot = self.snapshot()
        closed = sum(bucket.closed_until is not None for bucket in snapshot)
        return (
            f"<Governor {self.profile.name}: {len(snapshot.buckets)} buckets, "
            f"{snapshot.waiting} waiting, {closed} closed>"
        )


def _profile(name: Any, quotas: Any) -> Profile:
    if not isinstance(name, str) or name not in PROFILES:
        raise InvalidRequest(f"no profile {name!r}; there are {', '.join(PROFILES)}")
    if quotas is None:
        return PROFILES[name]
    if not isinstance(quotas, Mapping):
        raise InvalidRequest(f"quotas must be a dict such as {{IpGroup.TRADE: Quota(1000, 10.0)}}, not {quotas!r}")
    given: Mapping[Any, Any] = quotas  # pyright: ignore[reportUnknownVariableType]
    for key, quota in given.items():
        is_group = isinstance(key, int) and not isinstance(key, bool) and key in tuple(IpGroup)
        if not is_group and not isinstance(key, str):
            groups = ", ".join(f"IpGroup.{group.name}" for group in IpGroup)
            raise InvalidRequest(f"quotas has no place for {key!r}; there are {groups}, and the names of methods")
        if not isinstance(quota, Quota):
            raise InvalidRequest(f"quotas[{key!r}] must be a Quota such as Quota(10, 1.0), not {quota!r}")
    return PROFILES[name].override(given)  # finds out whether there are such endpoints
