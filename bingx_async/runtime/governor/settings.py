"""The settings of a governor, checked when it is made; each message says what to write instead."""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable, Collection, Mapping
from typing import Any, Literal

from attrs import Attribute, field, frozen
from attrs.validators import optional

from bingx_async.core.catalogue import Profile
from bingx_async.core.endpoint import Effect
from bingx_async.core.events import Event
from bingx_async.core.options import has, is_whole, number, one_of, shown
from bingx_async.errors import InvalidRequest
from bingx_async.runtime.clock import ServerClock
from bingx_async.runtime.governor.store import QuotaStore


def _is_hook(_instance: object, _setting: Attribute[Any], on_event: Any) -> None:
    if not callable(on_event):
        raise InvalidRequest(f"on_event must be a function of one event, not {on_event!r}")
    if inspect.iscoroutinefunction(on_event) or inspect.iscoroutinefunction(on_event.__call__):
        raise InvalidRequest("on_event must be a plain function, not a coroutine function: it would never be awaited")


def _is_possible(settings: GovernorSettings, _setting: object, anchor: str) -> None:
    if anchor == "headers" and settings.store is not None:
        raise InvalidRequest("anchor must be 'reply' with a store, not 'headers': other processes see other headers")


def _is_reserve(settings: GovernorSettings, _setting: object, reserve: Any) -> None:
    for name, tokens in reserve.items() if hasattr(reserve, "items") else [("", -1)]:
        if not is_whole(tokens) or tokens < 0:
            raise InvalidRequest(f"reserve must be a dict such as {{'cancel': 1}}, not {shown(reserve)}")
        if name not in [effect.value for effect in Effect]:
            settings.profile.catalogue.find_all(name)  # raises if there is no such endpoint


def _are_endpoints(settings: GovernorSettings, _setting: object, stamped: Any) -> None:
    if isinstance(stamped, str) or not isinstance(stamped, Collection):
        raise InvalidRequest(f"stamped must be a list of methods such as ['cancel_order'], not {shown(stamped)}")
    names: Collection[Any] = stamped  # pyright: ignore[reportUnknownVariableType]
    for name in names:
        settings.profile.catalogue.find_all(name)  # raises if there is no such endpoint


@frozen
class GovernorSettings:
    """See `bingx_async.Governor`, whose arguments these are; `profile` holds the quotas themselves."""

    profile: Profile
    share: float = field(default=1.0, validator=number(above=0, at_most=1))
    credit: float = field(default=0.0, validator=number(at_least=0, at_most=1))
    cold_start: Literal["free", "spent"] = field(default="free", validator=one_of("free", "spent"))
    on_event: Callable[[Event], None] | None = field(default=None, validator=optional(_is_hook))
    store: QuotaStore | None = field(
        default=None, validator=optional(has("reserve", "a quota store: write store=RedisStore('redis://...')"))
    )
    anchor: Literal["reply", "headers"] = field(default="reply", validator=[one_of("reply", "headers"), _is_possible])
    on_store_failure: Literal["local", "refuse"] = field(default="local", validator=one_of("local", "refuse"))
    fallback_share: float = field(default=0.5, validator=number(above=0, at_most=1))
    clock: ServerClock = field(factory=ServerClock)
    draw: Callable[[], float] = random.random
    reserve: Mapping[str, int] = field(factory=dict[str, int], validator=_is_reserve)
    stamped: Collection[str] = field(default=(), validator=_are_endpoints)
    utc_error: float | None = field(default=None, validator=optional(number(at_least=0)))
