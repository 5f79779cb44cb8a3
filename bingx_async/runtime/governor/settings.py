"""What a governor is made with is checked here, with a message that says what to write instead."""

# Not every caller is typed, so settings are checked at run time too.
# pyright: reportUnnecessaryIsInstance=false

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import cast

from bingx_async.core.quota import IpGroup, Quota

RESERVING = "a store shares quotas among processes: write store=RedisStore('redis://...')"


def check_numbers(**settings: object) -> None:
    """Each is an int or a float."""
    for name, value in settings.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ValueError(f"{name} must be a number such as 0.5, not {value!r}")


def check_quotas(quotas: object) -> None:
    """A quota for each path or group; a path that nothing has would be a limit that nothing keeps."""
    if not isinstance(quotas, Mapping):
        raise ValueError(f"quotas must be a dict such as {{IpGroup.TRADE: Quota(1000, 10.0)}}, not {quotas!r}")
    for key, quota in cast(Mapping[object, object], quotas).items():
        is_group = isinstance(key, int) and not isinstance(key, bool) and key in tuple(IpGroup)
        if not is_group and not isinstance(key, str):
            raise ValueError(f"quotas has no place for {key!r}; there are names of methods and {', '.join(_groups())}")
        if not isinstance(quota, Quota):
            raise ValueError(f"quotas[{key!r}] must be a Quota such as Quota(10, 1.0), not {quota!r}")


def check_store(store: object) -> None:
    """It is a store. What was given is not shown: the URL of a Redis may hold a password."""
    if store is not None and (isinstance(store, type) or not callable(getattr(store, "reserve", None))):
        kind = f"the class {store.__name__}" if isinstance(store, type) else f"of type {type(store).__name__}"
        raise ValueError(f"{RESERVING}, not {kind}")


def check_hook(on_event: object) -> None:
    """It can be called, and what it does is done when it returns."""
    if on_event is None:
        return
    if not callable(on_event):
        raise ValueError(f"on_event must be a function of one event, not {on_event!r}")
    if inspect.iscoroutinefunction(on_event) or inspect.iscoroutinefunction(on_event.__call__):
        raise ValueError("on_event must be a plain function, not a coroutine function: nobody would await it")


def _groups() -> list[str]:
    return [f"IpGroup.{group.name}" for group in IpGroup]
