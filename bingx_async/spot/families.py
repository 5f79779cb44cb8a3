"""Market data has two families of paths, and the exchange may close one of them: then the other is asked, and kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from attrs import evolve

from bingx_async.core.endpoint import Auth, Call, Endpoint
from bingx_async.core.options import CallOptions
from bingx_async.core.quota import IpGroup
from bingx_async.errors import ApiError
from bingx_async.spot.base import Group

T = TypeVar("T")
QUOTE = "/openApi/spot/v2/quote/"
NO_DATA = 100204  # also said of an unknown symbol: the text decides
PATH_MISSING = 100404


def public(name: str, path: str, read: Callable[[Any], T]) -> Endpoint[T]:
    """An endpoint of market data."""
    return Endpoint(name, "GET", path, IpGroup.MARKET, read, auth=Auth.PUBLIC)


def quote(endpoint: Endpoint[T], path: str) -> Endpoint[T]:
    """The same in the other family."""
    return evolve(endpoint, path=QUOTE + path)


def is_gone(error: ApiError) -> bool:
    """Whether the exchange says that the path does not exist."""
    return error.code == PATH_MISSING or "api is not exist" in error.message or error.http_status == 404


class MarketGroup(Group):
    """Methods on market data."""

    async def _ask(self, documented: Call[T], quoted: Call[T], options: CallOptions) -> T:
        """The answer of the family that is chosen, or of the other one where its path is gone."""
        key, families = documented.endpoint.path, {"v1": documented, "quote": quoted}
        chosen = self._kept.get(key, self._facts.market_family)
        other = "quote" if chosen == "v1" else "v1"
        try:
            return await self._calls.call(families[chosen], options)
        except ApiError as error:
            if not is_gone(error):
                raise
            gone = error
        try:
            found = await self._calls.call(families[other], options)
        except ApiError as error:
            raise (gone if is_gone(error) else error) from None
        self._kept[key] = other
        return found

    async def _ask_many(self, documented: Call[list[T]], quoted: Call[list[T]], options: CallOptions) -> list[T]:
        """The same for a list, which is empty where the exchange says that there are no data."""
        try:
            return await self._ask(documented, quoted, options)
        except ApiError as error:
            if error.code == NO_DATA and "no data" in error.message.lower():
                return []
            raise
