"""Symbols and their trading rules."""

from __future__ import annotations

from typing import Unpack

from bingx_async.core.endpoint import Call
from bingx_async.core.options import CallOptions
from bingx_async.core.wire import many
from bingx_async.errors import ApiError
from bingx_async.models import SymbolRules
from bingx_async.spot import arguments
from bingx_async.spot.base import Group
from bingx_async.spot.families import public

LIST_SYMBOLS = public("list_symbols", "/openApi/spot/v1/common/symbols", many(SymbolRules, "symbols"))


class Symbols(Group):
    """Methods on symbols."""

    async def list_symbols(self, **options: Unpack[CallOptions]) -> list[SymbolRules]:
        """Every symbol with its trading rules, also those that are offline or delisted (see `SymbolRules.status`)."""
        return await self._calls.call(Call(LIST_SYMBOLS, {}), options)

    async def get_symbol(self, symbol: str, **options: Unpack[CallOptions]) -> SymbolRules:
        """The trading rules of `symbol`, as the exchange has them now. Raises `ApiError` if it does not know it."""
        pair = arguments.symbol(symbol)
        found = await self._calls.call(Call(LIST_SYMBOLS, {"symbol": pair}), options)
        rules = next((each for each in found if each.symbol == pair), None)
        if rules is None:
            raise ApiError(None, f"the exchange lists no symbol {pair!r}", LIST_SYMBOLS.path, 200)
        return rules
