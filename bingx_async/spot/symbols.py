"""Symbols and their trading rules."""

from __future__ import annotations

from bingx_async.core.endpoint import Auth, Endpoint
from bingx_async.core.quota import IpGroup
from bingx_async.core.wire import many
from bingx_async.models import SymbolRules
from bingx_async.spot.base import Group

LIST_SYMBOLS = Endpoint(
    "list_symbols",
    "GET",
    "/openApi/spot/v1/common/symbols",
    IpGroup.MARKET,
    many(SymbolRules, "symbols"),
    auth=Auth.PUBLIC,
)


class Symbols(Group):
    """Methods on symbols."""
